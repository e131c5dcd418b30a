#!/usr/bin/env bash
# Checks that only the files listed in clock_readers.txt read a clock, that each of them does, and that each has a reason.
# How often a request reads the clocks is counted by bench/syscall_budget_test.cpp.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

reads='(clock|steady|system)::now\(|clock_gettime\(|gettimeofday\(|[^_a-z]time\((nullptr|NULL|0)\)|wall_now\(|coarse_now\('
declare -A reason # of a file that may
while read -r file why; do
    [[ -z $file || $file == \#* ]] && continue
    [[ -n $why ]] || { echo "tests/clock_readers.txt: $file has no reason" && wrong=yes; }
    reason[$file]=$why
done <tests/clock_readers.txt

declare -A reader # files that do
while IFS= read -r file; do
    reader[${file#proxy/}]=yes
done < <(find proxy -name '*.[ch]pp' -exec awk -v reads="$reads" '{ sub(/\/\/.*/, "") } $0 ~ reads { print FILENAME; nextfile }' {} +)
[[ ${#reader[@]} -ge 2 ]] || { echo "no file reads a clock: the pattern is wrong" && exit 1; }

for file in "${!reader[@]}"; do
    [[ -n ${reason[$file]:-} ]] ||
        { echo "proxy/$file reads a clock: pass the time as an argument, or give a reason in tests/clock_readers.txt" && wrong=yes; }
done
for file in "${!reason[@]}"; do
    [[ -n ${reader[$file]:-} ]] || { echo "tests/clock_readers.txt: proxy/$file reads no clock" && wrong=yes; }
done
[[ ${wrong:-no} == no ]]
