#!/usr/bin/env bash
# tests/differential/run.sh SCOPEGATE [OPTION...]: runs differential.py with the servers that it needs, and
# installs those that are missing: Debian's nginx, Apache, Caddy, Rails, PHP, Flask, Django, Go and node, and
# with npm Express and Fastify in the versions of package-lock.json.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "$1")
shift

. "$here/../../deploy/packages.sh"
need_packages "${differential_packages[@]}"

modules=$(dirname "$program")/differential
if ! cmp -s "$here/package-lock.json" "$modules/installed"; then
    mkdir -p "$modules"
    cp "$here"/package{,-lock}.json "$modules"
    (cd "$modules" && alive npm.log "npm ci" npm ci --no-audit --no-fund --ignore-scripts --loglevel=error) ||
        { cat "$modules/npm.log" >&2 && exit 1; }
    cp "$here/package-lock.json" "$modules/installed"
fi
export NODE_PATH=$modules/node_modules PYTHONDONTWRITEBYTECODE=1
exec python3 "$here/differential.py" "$program" "$@"
