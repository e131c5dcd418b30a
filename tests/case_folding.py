#!/usr/bin/env python3
"""case_folding.py [CaseFolding.txt]: prints proxy/http/case_folding.hpp, the table of letters beyond ASCII that differ by case.

    tests/case_folding.py > proxy/http/case_folding.hpp

The input is Unicode's file, by default that of Debian's package `unicode-data`. The statuses C and S count: one letter folds
to one letter. Neighbors that fold by the same distance share a row. A test compares the table with the file.
"""

import sys

DOTTED_AND_DOTLESS = {0x130: ord("i"), 0x131: ord("i")}  # no C or S row: case depends on the language


def read_folds(lines):
    """Returns the folding of each letter beyond ASCII."""
    folds = dict(DOTTED_AND_DOTLESS)
    for line in lines:
        columns = [column.strip() for column in line.split("#")[0].split(";")]
        if len(columns) > 2 and columns[1] in ("C", "S") and int(columns[0], 16) >= 0x80:
            folds[int(columns[0], 16)] = int(columns[2], 16)
    return folds


def ranges_of(folds):
    """Returns rows of first, last, step, distance: every `step`th letter from first to last folds by the
    distance."""
    rows = []
    for letter, fold in sorted(folds.items()):
        distance = fold - letter
        if rows and rows[-1][3] == distance:
            first, last, step, _ = rows[-1]
            if letter - last in ((1, 2) if first == last else (step,)):
                rows[-1] = (first, letter, letter - last, distance)
                continue
        rows.append((letter, letter, 1, distance))
    return rows


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode/CaseFolding.txt"
    with open(name, encoding="utf-8") as file:
        lines = file.read().splitlines()
    version = lines[0].removeprefix("# CaseFolding-").removesuffix(".txt")
    rows = ranges_of(read_folds(lines))
    print(f"""// Letters beyond ASCII that differ by case only, and what they fold to: the statuses C and S of Unicode {version}'s
// CaseFolding.txt, and U+0130 and U+0131, which fold to `i`. Made by tests/case_folding.py; do not edit.
#pragma once

#include <cstdint>

namespace scopegate::http::detail {{

// Every `step`th code point from `first` to `last` folds to the one that lies `distance` further.
struct fold_range {{
    char32_t first, last;
    std::uint32_t step;
    std::int32_t distance;
}};

// clang-format off
inline constexpr fold_range fold_ranges[] = {{""")
    for first, last, step, distance in rows:
        print(f"    {{0x{first:04X}, 0x{last:04X}, {step}, {distance}}},")
    print("""};
// clang-format on

} // namespace scopegate::http::detail""")


if __name__ == "__main__":
    main()
