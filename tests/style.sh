#!/usr/bin/env bash
# Checks the style of all sources: clang-format for C++, shellcheck for scripts. clang-tidy runs on the C++ files that
# differ from a revision, or on all with --tidy: it takes a minute for ten files.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

usage() {
    cat <<'END'
tests/style.sh [--tidy | --tidy-since REVISION] [BUILD-FOLDER]

Without an option: clang-format and shellcheck. With one, clang-tidy as well; it reads compile_commands.json of
BUILD-FOLDER (default: build).
END
}

tidy=no since='' folder=build
while (($# > 0)); do
    case $1 in
    --tidy) tidy=all ;;
    --tidy-since) tidy=changed since=${2:?a revision} && shift ;;
    -h | --help) usage && exit ;;
    -*) echo "tests/style.sh: there is no option $1" >&2 && usage >&2 && exit 2 ;;
    *) folder=$1 ;;
    esac
    shift
done

failed=0
mapfile -t sources < <(git ls-files 'proxy/*.?pp' 'tests/*.?pp')
printf '%s\n' "${sources[@]}" | xargs clang-format --dry-run -Werror || failed=1

mapfile -t scripts < <(git ls-files | xargs grep -lE '^#!.*(bash|sh)$')
shellcheck -x -P SCRIPTDIR "${scripts[@]}" || failed=1

if [[ $tidy == changed ]]; then
    mapfile -t sources < <(git diff --name-only --diff-filter=d "$since" -- 'proxy/*.cpp' 'tests/*.cpp')
elif [[ $tidy == all ]]; then
    mapfile -t sources < <(git ls-files 'proxy/*.cpp' 'tests/*.cpp')
else
    sources=()
fi
if ((${#sources[@]} > 0)); then
    echo "clang-tidy: ${#sources[@]} files"
    # Its parser is clang's: warnings that only g++ knows are not its business.
    printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p "$folder" \
        --extra-arg=-Wno-unknown-warning-option --extra-arg=-w 2>/dev/null || failed=1
fi
exit "$failed"
