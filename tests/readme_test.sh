#!/usr/bin/env bash
# Checks that README.md and the pages for developers are true: tests/readme_test.sh PROGRAM. The first line of a fenced
# block states its kind:
#   yaml NAME   a file of that name
#   sh          commands, run in a scratch copy of the tree with the program on the PATH
#   sh demo     the same beside a running demo, whose port replaces 8080
#   sh norun    commands that need apt, a network or much time: their scripts, options and files must exist
#   text        directly behind a block of sh: its output; `...` matches anything
# Keys of routes.yaml, reasons and files must agree with README.md too, and the folders with proxy/README.md.
set -uo pipefail
program=$(realpath "${1:?tests/readme_test.sh PROGRAM}")
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

scratch=$(mktemp -d "${TMPDIR:-/tmp}/scopegate-readme-XXXXXX")
demo='' wrong=0 page=README.md
pages=(README.md proxy/README.md tests/README.md .github/*.md)
tidy_up() {
    [[ -z $demo ]] || { kill -INT "$demo" && wait "$demo"; } 2>/dev/null
    rm -rf --one-file-system "$scratch"
}
trap tidy_up EXIT
fail() {
    echo "$page${number:+:$number}: $*"
    wrong=$((wrong + 1))
}

mkdir "$scratch/bin" "$scratch/tree"
ln -s "$program" "$scratch/bin/scopegate"
cp -a .ci .github deploy proxy tests CMakeLists.txt README.md routes.yaml "$scratch/tree"
export PATH=$scratch/bin:$PATH no_proxy='*'

# --- The blocks.
begin_demo() {
    [[ -n $demo ]] && return
    coproc DEMO { exec scopegate demo --port 0 2>/dev/null; }
    demo=$DEMO_PID
    local line
    while IFS= read -r -t 30 line <&"${DEMO[0]}"; do
        case $line in
        proxy*) demo_port=$(grep -oE '[0-9]+ ' <<<"$line") demo_port=${demo_port% } ;;
        [A-Z]*=\'*) demo_variables+=$line$'\n' ;;
        *"Ctrl-C ends"*) return ;;
        esac
    done
    fail "the demo does not start"
}
# run SCRIPT: runs it and leaves its output in `printed`.
run() {
    printed=$(cd "$scratch/tree" && bash -euo pipefail -c "$1" </dev/null 2>"$scratch/errors") && return
    fail "these commands fail: $1$printed"
    cat "$scratch/errors"
}
# compare EXPECTED: compares it with the output of the last block, which may have CRLF line ends.
compare() {
    local pattern=${1%$'\n'} actual=${printed//$'\r'/}
    pattern=$(sed 's/[][*?\\]/\\&/g; s/\.\.\./*/g' <<<"$pattern")
    # shellcheck disable=SC2053
    [[ $actual == $pattern ]] && return
    fail "the output differs from this block:"
    diff <(echo "$1") <(echo "$actual")
}
# offers COMMAND... -- OPTION...: checks that the command's help names the options.
offers() {
    local words=() help
    while [[ $1 != -- ]]; do words+=("$1") && shift; done
    help=$("${words[@]}" --help 2>&1 </dev/null) || fail "${words[*]} --help fails"
    for option in "${@:2}"; do
        [[ $option != --* ]] || grep -qe "$option\b" <<<"$help" || fail "${words[*]} has no option $option"
    done
}
# is_built NAME: whether CMake has this target.
is_built() {
    case $1 in
    unit_*) [[ -d tests/unit/${1#unit_} ]] ;;
    fuzz_*) [[ -e tests/fuzz/${1#fuzz_}_fuzz.cpp ]] ;;
    *) grep -qE "(scopegate_test|add_executable)\($1 " CMakeLists.txt tests/CMakeLists.txt ;;
    esac
}
look_at() {
    local line words
    while IFS= read -r line; do
        read -ra words <<<"${line%%#*}"
        [[ ${words[0]:-} != SCOPEGATE_*=* ]] || words=("${words[@]:1}")
        for word in "${!words[@]}"; do
            [[ ${words[word]} != --target ]] || is_built "${words[word + 1]}" || fail "no target ${words[word + 1]}"
        done
        case ${words[0]:-} in
        '') ;;
        build/scopegate) offers "$program" "${words[1]}" -- "${words[@]:2}" ;;
        build/*) is_built "${words[0]#build/}" || fail "no target ${words[0]#build/}" ;;
        deploy/* | tests/* | .ci/*) offers "${words[0]}" -- "${words[@]:1}" ;;
        docker | podman | buildah | cmake | ctest | curl) ;; # their files and -D options are checked below
        *) fail "no rule for running: $line" ;;
        esac
    done <<<"$1"
}

check_blocks() {
    local kind='' body='' after_run=no line ran
    number=0
    while IFS= read -r line; do
        number=$((number + 1))
        if [[ -n $kind && $line != '```' ]]; then
            body+=$line$'\n'
        elif [[ -n $kind ]]; then
            ran=no
            case $kind in
            'yaml '*) printf '%s' "$body" >"$scratch/tree/${kind#yaml }" ;;
            sh) run "$body" && ran=yes ;;
            'sh demo') begin_demo && run "$demo_variables${body//127.0.0.1:8080/127.0.0.1:$demo_port}" && ran=yes ;;
            'sh norun') look_at "$body" ;;
            text) [[ $after_run == no ]] || compare "$body" ;;
            *) fail "a block of an unknown kind: $kind" ;;
            esac
            after_run=$ran kind=''
        elif [[ $line == '```'* ]]; then
            kind=${line#'```'} body=''
        elif [[ -n $line ]]; then
            after_run=no
        fi
    done <"$page"
    [[ -z $kind ]] || fail "a block does not end"
    number=
}
for page in "${pages[@]}"; do
    check_blocks
done
page=README.md

# --- The names in the text.
# exists PATTERN...: whether one of them names a file or folder.
exists() {
    local pattern
    for pattern; do
        [[ -e $pattern ]] || { [[ $pattern == *\** ]] && compgen -G "$pattern" >/dev/null; } && return
    done
    return 1
}
# has_heading FILE ANCHOR: the anchor is that of a heading, as GitHub makes it.
has_heading() {
    sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g' | grep -qxe "$2"
}
check_links() {
    local target file
    while read -r target; do
        [[ $target != http* ]] || continue
        file=${target%%#*} file=${file:+$(dirname "$page")/$file}
        [[ -e ${file:=$page} ]] || fail "$target does not exist"
        [[ $target != *'#'* ]] || has_heading "$file" "${target#*#}" || fail "no heading for $target"
    done < <(grep -oE '\]\([^)]+\)' "$page" | sed 's/^](\(.*\))$/\1/')
}
# The paths of a page for developers, relative to the page or to the whole tree; NAME and FOLDER stand for any name.
check_paths() {
    local path here
    here=$(dirname "$page")
    # shellcheck disable=SC2016
    while read -r path; do
        [[ $path != build* && ! ($path == *NAME* && $path != */*) ]] || continue
        [[ $path == *.* || $path == */ || -d $here/${path%%/*} || -d ${path%%/*} ]] || continue
        path=${path//@(NAME|FOLDER)/*}
        exists "$here/$path" "$path" || fail "$path does not exist"
    done < <(grep -oE '`[A-Za-z0-9_.*-]+(/[A-Za-z0-9_.*-]*)+`|`[A-Za-z0-9_*-]+\.([ch]pp|sh|md|yaml|json|txt|tsv)`' "$page" | tr -d '`' | sort -u)
}
shopt -s extglob
for page in "${pages[@]}"; do
    while read -r path; do
        [[ -e $path ]] || fail "$path does not exist"
    done < <(grep -oE '\<(\.ci|deploy|proxy|tests)/[A-Za-z0-9_./-]*[A-Za-z0-9_]' "$page" | grep -v NAME | sort -u)
    check_links
    [[ $page == README.md ]] || check_paths
    while read -r variable; do
        grep -q "^[a-z]*($variable " CMakeLists.txt || fail "CMakeLists.txt has no $variable"
    done < <(grep -oE -- '-D[A-Z_]+' "$page" | sed 's/^-D//' | grep '^SCOPEGATE' | sort -u)
    while read -r option; do
        offers tests/run.sh -- "$option"
    done < <(grep -F 'tests/run.sh' "$page" | grep -oE -- '--[a-z0-9]+' | sort -u)
done
page=README.md
for example in deploy/examples/*.yaml; do
    "$program" check --config "$example" >/dev/null || fail "$example is not valid"
done

# The map has the folders of CMakeLists.txt, in the same order, and these are all there are.
page=proxy/README.md
folders=$(sed -n 's/^scopegate_folder(\([a-z0-9_]*\) .*/\1/p' CMakeLists.txt)
drawn=$(sed -n '/^## The map/,/^## /s/^\([a-z0-9_]*\)\/ .*/\1/p' "$page")
[[ -n $folders && $drawn == "$folders" ]] || fail "the map is not that of CMakeLists.txt: ${drawn//$'\n'/ }"
[[ $(sort <<<"$folders") == "$(printf '%s\n' proxy/*/ | cut -d/ -f2 | sort)" ]] || fail "CMakeLists.txt lacks a folder"
page=README.md

# The keys of the schema: those one level below a line `"properties": {`. The key `x` also stands for
# `x_file`.
keys=$("$program" schema | awk '
    { match($0, /^ */); indent = RLENGTH }
    /"properties": \{$/ { at[indent + 2] = 1; next }
    /^ *\}/ { delete at[indent + 2] }
    at[indent] && /": \{$/ { split($0, part, "\""); print part[2] }' | grep -v '_file$' | sort -u)
[[ $(wc -l <<<"$keys") -gt 30 ]] || fail "the schema's keys were not found: $keys"
for key in $keys; do
    grep -qE "(^|[ {])$key:" README.md || fail "the key $key is not explained"
done

# Reasons that no response has, because they are not denials.
unseen=' allowed client-gone '
reasons=$(sed -n 's/^ *X([a-z_]*, "\([a-z0-9-]*\)",.*/\1/p' proxy/base/reason.hpp)
[[ $(wc -l <<<"$reasons") -gt 30 ]] || fail "the reasons were not found: $reasons"
for reason in $reasons; do
    [[ $unseen == *" $reason "* ]] || grep -q "\`$reason\`" README.md || fail "the reason $reason is not explained"
done

causes=$(sed -n 's/^ *X([a-z0-9_]*, "\([a-z0-9-]\{1,\}\)").*/\1/p' proxy/base/cause.hpp)
[[ $(wc -l <<<"$causes") -gt 80 ]] || fail "the causes were not found: $causes"
# shellcheck disable=SC2016
told=$(sed -n '/^### Causes/,/^### Bounds/s/^\(| `[^|]*|\).*/\1/p' README.md | grep -oE '`[a-z0-9-]+`' | tr -d '`')
for cause in $causes; do
    grep -qx -- "$cause" <<<"$told" || fail "the cause $cause is not explained"
done
for cause in $told; do
    grep -qx -- "$cause" <<<"$causes" || fail "the cause $cause does not exist"
done

# The fields that only a proxy may send, and those that nobody may send; `x-family-*` stands for a family.
fields=$(sed -nE 's/^ *\{"([a-z0-9-]+)", (field_id::)?(x_forwarded|client_certificate|x_rewrite_url)\}.*/\1/p' proxy/http/fields.cpp)
[[ $(wc -l <<<"$fields") -gt 50 ]] || fail "the fields were not found: $fields"
for field in $fields; do
    grep -qi "\`$field\*\?\`" README.md || fail "the field $field is not listed"
done

warnings=$(sed -n 's/^ *X([a-z_]*, "\([a-z0-9-]*\)").*/\1/p' proxy/config/warnings.hpp)
[[ $(wc -l <<<"$warnings") -gt 10 ]] || fail "the warnings were not found: $warnings"
for warning in $warnings; do
    grep -q "^| \`$warning\`" README.md || fail "the warning $warning is not explained"
done

((wrong == 0)) && echo "${pages[*]}: true"
