#!/usr/bin/env bash
# Measures Scopegate and its peers side by side. Installs missing packages, makes the Release build, and runs
# bench.py with the given options (see `tests/bench/run.sh --help`). Prints Markdown tables. A whole run takes
# a quarter of an hour.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
. deploy/packages.sh
need_packages "${build_packages[@]}" "${test_packages[@]}" "${bench_packages[@]}" >&2 || exit
cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -Wno-dev --log-level=WARNING >&2 &&
    cmake --build build --target scopegate bench_tokens >&2 &&
    exec python3 tests/bench/bench.py "$@"
