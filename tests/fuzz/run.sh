#!/usr/bin/env bash
# Runs the fuzzers one after the other: tests/fuzz/run.sh [SECONDS [TARGET...]]. The default is 60 s each and
# all targets.
# Inputs that reach new code are kept in tests/fuzz/corpus/TARGET. Crashing inputs are kept in
# tests/fuzz/crashes, and the exit status is 1. After a fix, move the crash to the corpus.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "usage: tests/fuzz/run.sh [SECONDS [TARGET...]]" >&2 && exit 2; }
shift || true
targets=("$@")
if [[ ${#targets[@]} == 0 ]]; then
    for source in tests/fuzz/*_fuzz.cpp; do
        targets+=("$(basename "$source" _fuzz.cpp)")
    done
fi

cmake -B build-fuzz -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=clang++ -DSCOPEGATE_FUZZ=ON \
    -DSCOPEGATE_SANITIZE=address,undefined -DCMAKE_CXX_FLAGS=-D_GLIBCXX_ASSERTIONS -Wno-dev --log-level=WARNING &&
    cmake --build build-fuzz --parallel "$(nproc)" -- "${targets[@]/#/fuzz_}" || exit

export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1
# Splits a file of tests/cases that a test reads row by row into one seed per row: rows NAME COLUMN FOLDER
rows() {
    mkdir -p "$3"
    grep -v '^\(#\|$\)' "tests/cases/$1" | cut -f "$2" | split -l 1 -a 4 - "$3/row-"
}
# Adds seeds besides the target's corpus: cases of other tests that can serve as inputs unchanged.
seeds_of() {
    case $1 in
    head | chunked | message | forward | request) echo tests/cases/smuggling ;;
    yaml) echo tests/cases/bad_yaml ;;
    target) rows targets.tsv 1 build-fuzz/rows/targets && echo build-fuzz/rows/targets ;;
    token) rows jose/headers.tsv 2 build-fuzz/rows/headers && echo build-fuzz/rows/headers ;;
    json | introspection) rows jose/claims.tsv 3 build-fuzz/rows/claims && echo build-fuzz/rows/claims ;;
    esac
}

broken=()
mkdir -p tests/fuzz/crashes build-fuzz/logs
. deploy/packages.sh
for target in "${targets[@]}"; do
    corpus=tests/fuzz/corpus/$target found=build-fuzz/found/$target log=build-fuzz/logs/$target.log
    mkdir -p "$corpus" "$found"
    # shellcheck disable=SC2046
    alive "$log" "$target" "build-fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=4096 -timeout=25 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="tests/fuzz/crashes/$target-" \
        "$found" "$corpus" $(seeds_of "$target")
    status=$?
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "$target: ${executed:-no} executions in $seconds s, exit $status"
    if [[ $status != 0 ]]; then
        broken+=("$target")
        grep -vE '^(INFO|#[0-9]+)' "$log" | tail -40
        continue
    fi
    # Keeps only those findings that reach code which no file of the corpus reaches.
    "build-fuzz/fuzz_$target" -merge=1 -use_counters=0 "$corpus" "$found" >>"$log" 2>&1
done
if [[ ${#broken[@]} != 0 ]]; then
    echo "broken: ${broken[*]}; the inputs are in tests/fuzz/crashes"
    exit 1
fi
