#!/usr/bin/env bash
# From a fresh clone to a running demo: installs what the build needs (Debian 12), builds, and runs `scopegate demo`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    cat <<'END'
deploy/quickstart.sh [--build-only] [arguments of `scopegate demo`...]

Installs the packages that the build needs (apt, as root or through sudo; skipped when all are there), builds
build/scopegate and runs its demo: the proxy, a small API behind it and an issuer of tokens, all on loopback.
END
}

build_only=no
case ${1:-} in
-h | --help) usage && exit ;;
--build-only) build_only=yes && shift ;;
esac

. deploy/packages.sh
need_packages "${build_packages[@]}"
echo "Building build/scopegate (a few minutes the first time)"
cmake -B build -G Ninja -DSCOPEGATE_TESTS=OFF >/dev/null
cmake --build build --target scopegate
[[ $build_only == yes ]] && echo "Built: build/scopegate" && exit
exec build/scopegate demo "$@"
