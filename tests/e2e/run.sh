#!/usr/bin/env bash
# tests/e2e/run.sh [PROGRAM]: runs the story in a browser, against build/scopegate or the named program.
# Pictures of the user's pages are kept in build/e2e/. npm packages are fetched once, and again when the lock
# file changes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

. deploy/packages.sh
need_packages "${e2e_packages[@]}"
program=$(realpath "${1:-build/scopegate}")
pictures=$PWD/build/e2e
mkdir -p "$pictures"
rm -f "$pictures"/*.png

cd tests/e2e
if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
    alive "$pictures/npm.log" "npm ci" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error ||
        { cat "$pictures/npm.log" >&2 && exit 1; }
    touch node_modules/.package-lock.json
fi
exec node story.mjs "$program" "$pictures"
