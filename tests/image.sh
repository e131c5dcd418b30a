#!/usr/bin/env bash
# Builds the container image with buildah from deploy/Dockerfile, inspects its contents, and runs it against a
# live upstream: from its own root file system, mounted read-only, as its own user. Needs root. Leaves only
# the cache behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ $(id -u) == 0 ]] || { echo "tests/image.sh needs root: it unpacks a base image and changes roots" >&2 && exit 1; }
. deploy/packages.sh
need_packages "${image_packages[@]}"

base=docker.io/library/debian:bookworm-slim
work=$(mktemp -d /tmp/scopegate-image-XXXXXX)
children=()
tidy_up() {
    for child in "${children[@]}" $(jobs -p); do kill "$child" 2>/dev/null && wait "$child" 2>/dev/null; done
    storage rm --all >/dev/null 2>&1
    rm -rf --one-file-system "$work"
}
trap 'status=$?; set +e; tidy_up; exit $status' EXIT
trap 'echo "tests/image.sh: line $LINENO failed" >&2' ERR
trap 'exit 130' INT TERM HUP

# Uses separate storage, so that the machine's own images are not touched.
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
storage() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }
fail() { echo "tests/image.sh: $*" >&2 && exit 1; }
ok() { echo "ok: $*"; }

# --- The base image is pulled. If no registry can be reached, debootstrap makes the same image from this
# machine's sources.
if ! timeout 30 buildah --root "$work/storage" --runroot "$work/run" pull --quiet "$base" >/dev/null 2>&1; then
    echo "No registry in reach: making $base with debootstrap"
    mirror=$(grep -hoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources 2>/dev/null |
        head -1 | tr -d ' ') || true
    alive "$work/log" "debootstrap" debootstrap --variant=minbase --include=ca-certificates bookworm "$work/base" \
        "${mirror:-http://deb.debian.org/debian}" || { tail "$work/log" >&2 && fail "debootstrap failed"; }
    for sources in sources.list sources.list.d/debian.sources; do
        rm -f "$work/base/etc/apt/$sources"
        if [[ -e /etc/apt/$sources ]]; then cp "/etc/apt/$sources" "$work/base/etc/apt/$sources"; fi
    done
    cp /etc/apt/apt.conf.d/* "$work/base/etc/apt/apt.conf.d/"
    container=$(storage from scratch)
    storage add --quiet "$container" "$work/base" / >/dev/null
    storage commit --quiet --rm "$container" "$base" >/dev/null
    rm -rf "$work/base"
fi

# --- The image and its metadata. It uses the docker format, because OCI's has no health check.
# The Dockerfile keeps the compiler's cache between builds (buildah: in /var/tmp): only the first one compiles
# everything.
alive "$work/log" "building the image" storage build --pull-never --format docker -f deploy/Dockerfile \
    --ignorefile deploy/Dockerfile.dockerignore -t scopegate . ||
    { tail -50 "$work/log" >&2 && fail "the image does not build"; }
describe() { storage inspect --type image --format "$1" scopegate; }
[[ $(describe '{{.Docker.Config.User}}') == 28080:28080 ]] || fail "the image runs as $(describe '{{.Docker.Config.User}}')"
[[ $(describe '{{.Docker.Config.Entrypoint}}') == "[/usr/bin/scopegate run]" ]] || fail "the entry point is wrong"
[[ $(describe '{{.Docker.Config.Healthcheck.Test}}') == *"/usr/bin/scopegate health --live"* ]] || fail "the health check is missing"
[[ $(describe '{{.Docker.Config.ExposedPorts}}') == *8080/tcp* ]] || fail "port 8080 is not exposed"

container=$(storage from --pull-never scopegate)
root=$work/root
cp -a "$(storage mount "$container")" "$root"
bytes=$(du -sb "$root" | cut -f1)
((bytes < 40 * 1024 * 1024)) || fail "the image has $bytes bytes, the limit is 40 MiB"
ok "$((bytes / 1024)) KiB in $(find "$root" -type f | wc -l) files"

programs=$(find "$root" -type f -perm /111 ! -name '*.so*' -printf '/%P\n')
[[ $programs == /usr/bin/scopegate ]] || fail "the image contains other programs: $programs"
ok "no shell and no other program"
tests/hardening.sh "$root/usr/bin/scopegate" || fail "the program is not hardened"
ok "the program is hardened"
loose=$(find "$root" ! -type l \( -perm /6022 -o ! -uid 0 \) -printf '/%P ')
[[ -z $loose ]] || fail "set-uid, writable or not owned by root: $loose"
ok "its user can write nowhere in it"

# --- The image runs. openssl makes a key, a key set and tokens, so that the program does not test itself with
# its own tokens.
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
openssl genrsa -out "$work/key.pem" 2048 2>/dev/null
modulus=$(openssl rsa -in "$work/key.pem" -noout -modulus | cut -d= -f2 | sed 's/../\\x&/g')
token() { # token SCOPE
    local now head claims
    now=$(date +%s)
    head=$(printf '{"alg":"RS256","typ":"at+jwt","kid":"1"}' | base64url)
    claims=$(printf '{"iss":"https://issuer.example.com/","aud":"https://calendar.example.com","sub":"ada","iat":%d,"exp":%d,"scope":"%s"}' \
        "$now" $((now + 600)) "$1" | base64url)
    printf '%s.%s.%s' "$head" "$claims" \
        "$(printf '%s.%s' "$head" "$claims" | openssl dgst -sha256 -sign "$work/key.pem" -binary | base64url)"
}

mkdir "$work/api" && echo '[{"id": 1}]' >"$work/api/appointments"
python3 -u -m http.server --bind 127.0.0.1 --directory "$work/api" 0 >"$work/api.log" 2>&1 &
children+=($!)
# The health check cannot discover its port, so the port must be known in advance.
admin=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
wait_for() { # wait_for FILE PATTERN: the first match, within 10 s
    for _ in {1..200}; do
        grep -oE -m1 "$2" "$1" 2>/dev/null && return
        sleep 0.05
    done
    cat "$1" >&2
    fail "waited 10 s for $2"
}
api=$(wait_for "$work/api.log" 'port [0-9]+' | cut -d' ' -f2)

mkdir "$root/etc/test"
printf '{"keys": [{"kty": "RSA", "kid": "1", "n": "%s", "e": "AQAB"}]}' "$(printf '%b' "$modulus" | base64url)" \
    >"$root/etc/test/keys.json"
cat >"$root/etc/test/routes.yaml" <<END
upstream: http://localhost:$api
issuers:
  - issuer: https://issuer.example.com/
    audience: https://calendar.example.com
    keys: file:keys.json
scopes:
  read:appointments: See appointments
  write:appointments: Change appointments
routes:
  /appointments: {GET: read:appointments, POST: write:appointments}
server: {listen: 127.0.0.1:0, admin: 127.0.0.1:$admin}
END
printf '127.0.0.1 localhost\n' >"$root/etc/hosts" # a container runtime puts it there

# As in a container: its own read-only root, its own user, no privileges, and nothing inherited.
inside() {
    # shellcheck disable=SC2016
    exec env -i unshare --mount bash -c '
        mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec chroot --userspec=28080:28080 --groups= "$0" "$@"' \
        "$root" /usr/bin/scopegate "$@"
}
version=$(inside --version) || fail "the program does not run"
ok "$version"
(inside check) >"$work/log" 2>&1 || { cat "$work/log" >&2 && fail "the sample routes.yaml is not valid"; }
ok "the sample routes.yaml is good"
inside run --config /etc/test/routes.yaml >"$work/gate.log" 2>&1 &
gate=$!
children+=("$gate")
address=$(wait_for "$work/gate.log" '.*"event":"listening".*"server".*' | grep -oE '127\.0\.0\.1:[0-9]+' | head -1)

expect() { # expect STATUS WHAT CURL-ARGUMENT...
    local status=$1 what=$2 got
    shift 2
    got=$(curl --silent --noproxy '*' --max-time 10 --output "$work/body" --write-out '%{http_code}' "$@") || true
    [[ $got == "$status" ]] || { cat "$work/gate.log" >&2 && fail "$what: $got instead of $status: $(cat "$work/body")"; }
    ok "$what: $status"
}
expect 200 "a token with the scope" -H "Authorization: Bearer $(token read:appointments)" "http://$address/appointments"
[[ $(cat "$work/body") == "$(cat "$work/api/appointments")" ]] || fail "the response is not the upstream's"
expect 403 "a token without the scope" -H "Authorization: Bearer $(token write:appointments)" "http://$address/appointments"
expect 401 "no token" "http://$address/appointments"
expect 404 "no route" "http://$address/other"
(inside health --config /etc/test/routes.yaml) || fail "scopegate health does not report that it is healthy"
(inside health --live --config /etc/test/routes.yaml) || fail "scopegate health --live does not report that it is alive"
ok "scopegate health"
kill -TERM "$gate"
wait "$gate" || fail "exit code $? after SIGTERM: $(cat "$work/gate.log")"
ok "SIGTERM ends it in order"
if (inside health --config /etc/test/routes.yaml) >/dev/null 2>&1; then fail "scopegate health reports a stopped gate as healthy"; fi
ok "scopegate health tells when it does not run"
