#!/usr/bin/env bash
# Scopegate and its peers measured side by side: what needs installing is installed, the Release build made, and bench.py
# run with the options given (see `tests/bench/run.sh --help`). Prints Markdown tables; the whole takes a quarter of an hour.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
. deploy/packages.sh
need_packages "${build_packages[@]}" "${test_packages[@]}" "${bench_packages[@]}" >&2 || exit
cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -Wno-dev --log-level=WARNING >&2 &&
    cmake --build build --target scopegate bench_tokens >&2 &&
    exec python3 tests/bench/bench.py "$@"
