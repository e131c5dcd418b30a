#!/usr/bin/env bash
# Prints the line coverage of each folder of proxy/, from a build folder whose tests ran with --coverage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$(realpath "${1:-build-coverage}")

# gcov prints for each source file its name, and then `Lines executed:P% of N`. A header appears once per object that
# includes it: the best of them counts, because gcov does not add them up.
find "$folder" -name '*.gcda' -print0 | xargs -0 -n 50 gcov -n -s "$PWD" -r 2>/dev/null | awk -v FS="'" '
    /^File / { file = $2 }
    /^Lines executed:/ && file ~ /^proxy\// {
        split($0, part, /[:% ]+/)
        covered = part[3] * part[5] / 100
        if (covered >= best[file]) { best[file] = covered; lines[file] = part[5] }
        file = ""
    }
    END {
        for (f in lines) {
            split(f, p, "/")
            of = p[3] == "" ? "proxy" : p[2]
            hit[of] += best[f]; all[of] += lines[f]; hits += best[f]; total += lines[f]
        }
        for (of in all) printf "%-12s %6.1f %% of %5d lines\n", of, 100 * hit[of] / all[of], all[of] | "sort"
        close("sort")
        if (total == 0) { print "no coverage data in the folder" > "/dev/stderr"; exit 1 }
        printf "%-12s %6.1f %% of %5d lines\n", "all", 100 * hits / total, total
    }'
