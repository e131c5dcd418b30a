#!/usr/bin/env bash
# deploy/image_root.sh PROGRAM ROUTES FOLDER: lays out the image's root file system.
set -euo pipefail
program=$1 routes=$2 root=$3

install -D --strip "$program" "$root/usr/bin/scopegate"
install -D -m 644 "$routes" "$root/etc/scopegate/routes.yaml"

# The libraries and the loader, where the loader looks for them. glibc resolves names by itself (files and dns are built in
# since 2.34): no plug-in is missing here.
ldd "$program" | grep -oE '/[^ ]+' | sort -u | while read -r library; do
    install -D "$library" "$root$library"
done
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
printf 'scopegate:x:28080:28080::/:/\n' >"$root/etc/passwd"
printf 'scopegate:x:28080:\n' >"$root/etc/group"

# What OpenSSL reads when no `ca` is named, where Debian's looks for it and where mounted bundles usually go.
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mkdir -p "$root/usr/lib/ssl"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
