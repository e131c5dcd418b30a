#!/usr/bin/env bash
# Runs all tests on a bare Debian 12: installs missing packages, builds everything and runs it. The last line
# is `N passed, N failed`, counted in ctest's tests. A step of this script that fails counts as one.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

usage() {
    cat <<'END'
tests/run.sh [--sanitize] [--clang] [--image] [--fuzz] [--e2e] [--peers] [--differential] [--tidy] [--coverage]

Builds build/ (Release), runs every test in it and checks the style (tests/style.sh). Besides:
  --sanitize  again under AddressSanitizer and UBSan (build-asan/), then under ThreadSanitizer (build-tsan/)
  --clang     compiles everything with clang 14 as well (build-clang/)
  --image     builds the container image and runs it (tests/image.sh; needs root)
  --fuzz      runs the fuzzers for a while (tests/fuzz/run.sh)
  --e2e       the whole story with a real authorization server and a browser (tests/e2e/run.sh); npm fetches its packages
  --peers     real WebSocket peers and curl through the program (tests/peers/run.sh)
  --differential  spellings of paths against nginx, Apache, Express and Python (tests/differential/run.sh); npm fetches Express
  --tidy      runs clang-tidy on every file; without it on those of the last commit
  --coverage  prints the line coverage of each folder (build-coverage/)
Packages are installed with apt, as root or through sudo; when all are there nothing is touched.
END
}

sanitize=no clang=no image=no fuzz=no e2e=no peers=no differential=no tidy=no coverage=no
for option; do
    case $option in
    --sanitize) sanitize=yes ;;
    --clang) clang=yes ;;
    --image) image=yes ;;
    --fuzz) fuzz=yes ;;
    --e2e) e2e=yes ;;
    --peers) peers=yes ;;
    --differential) differential=yes ;;
    --tidy) tidy=yes ;;
    --coverage) coverage=yes ;;
    -h | --help) usage && exit ;;
    *) echo "tests/run.sh: unknown option $option" >&2 && usage >&2 && exit 2 ;;
    esac
done

passed=0 failed=0
finish() {
    echo "$passed passed, $failed failed"
    [[ $failed == 0 && $passed != 0 ]]
    exit
}
# step WHAT COMMAND...: runs it; a failure counts, and is reported where the reader looks for it.
step() {
    local what=$1
    shift
    echo "== $what"
    "$@" </dev/null && return 0
    echo "== failed: $what"
    failed=$((failed + 1))
    return 1
}

# build FOLDER CMAKE-OPTION...
build() {
    local folder=$1
    shift
    step "$folder: configure" cmake -B "$folder" -G Ninja "$@" -Wno-dev --log-level=WARNING &&
        step "$folder: build" cmake --build "$folder" --parallel "$(nproc)"
}
# run_tests FOLDER: runs ctest and adds its result to the count.
run_tests() {
    local folder=$1 report=$PWD/$1/tests.xml
    rm -f "$report"
    echo "== $folder: test"
    ctest --test-dir "$folder" --parallel 2 --output-on-failure --no-tests=error --output-junit "$report" </dev/null
    local tests failures
    tests=$(sed -n 's/^[[:space:]]*tests="\([0-9]*\)".*/\1/p' "$report" | head -1)
    failures=$(sed -n 's/^[[:space:]]*failures="\([0-9]*\)".*/\1/p' "$report" | head -1)
    passed=$((passed + ${tests:-0} - ${failures:-0}))
    failed=$((failed + ${failures:-1}))
}

. deploy/packages.sh
packages=("${build_packages[@]}" "${test_packages[@]}")
[[ $clang == yes || $fuzz == yes ]] && packages+=("${clang_packages[@]}")
[[ $image == yes ]] && packages+=("${image_packages[@]}")
[[ $e2e == yes ]] && packages+=("${e2e_packages[@]}")
[[ $peers == yes ]] && packages+=("${peer_packages[@]}")
step "packages" need_packages "${packages[@]}" || finish

build build -DCMAKE_BUILD_TYPE=Release -DSCOPEGATE_TESTS=ON && run_tests build

style=(tests/style.sh)
if [[ $tidy == yes ]]; then
    style+=(--tidy)
elif git rev-parse -q --verify HEAD~1 >/dev/null; then
    style+=(--tidy-since HEAD~1)
fi
step "style" "${style[@]}" && passed=$((passed + 1))
if [[ $coverage == yes ]]; then
    build build-coverage -DCMAKE_BUILD_TYPE=Debug -DSCOPEGATE_TESTS=ON -DCMAKE_CXX_FLAGS="--coverage -O1" && run_tests build-coverage
    step "coverage" tests/coverage.sh build-coverage
fi
if [[ $clang == yes ]]; then
    build build-clang -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=clang++ -DSCOPEGATE_TESTS=ON && run_tests build-clang
fi
if [[ $sanitize == yes ]]; then
    checked=(-DCMAKE_BUILD_TYPE=Debug -DSCOPEGATE_TESTS=ON -DCMAKE_CXX_FLAGS=-D_GLIBCXX_ASSERTIONS)
    export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
    build build-asan "${checked[@]}" -DSCOPEGATE_SANITIZE=address,undefined && run_tests build-asan
    build build-tsan "${checked[@]}" -DSCOPEGATE_SANITIZE=thread && run_tests build-tsan
fi
[[ $fuzz == yes ]] && step "fuzzers" tests/fuzz/run.sh && passed=$((passed + 1))
[[ $peers == yes ]] && step "real peers" tests/peers/run.sh build/scopegate && passed=$((passed + 1))
[[ $image == yes ]] && step "container image" tests/image.sh && passed=$((passed + 1))
[[ $differential == yes ]] && step "real servers" tests/differential/run.sh build/scopegate && passed=$((passed + 1))
[[ $e2e == yes ]] && step "the story in a browser" tests/e2e/run.sh build/scopegate && passed=$((passed + 1))
finish
