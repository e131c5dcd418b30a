#!/usr/bin/env bash
# Checks where `cmake --install` puts files, and that the installed program runs: tests/install.sh BUILD-FOLDER.
set -euo pipefail
build=$(realpath "$1")
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

cmake --install "$build" --prefix "$prefix" >/dev/null
for file in bin/scopegate share/scopegate/routes.schema.json share/doc/scopegate/README.md share/doc/scopegate/routes.yaml; do
    [[ -f $prefix/$file ]] || { echo "not installed: $file" && exit 1; }
done
[[ $("$prefix/bin/scopegate" --version) == "$("$build/scopegate" --version)" ]]
"$prefix/bin/scopegate" schema | cmp - "$prefix/share/scopegate/routes.schema.json"
