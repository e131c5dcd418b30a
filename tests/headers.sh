#!/usr/bin/env bash
# Checks that each header of proxy/ compiles by itself. The build already proves it for headers that are the
# first include of some .cpp. The others are compiled here, alone: tests/headers.sh [COMPILER].
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

proven=$(find proxy -name '*.cpp' -exec grep -hm1 '^#include' {} + | sed -n 's/^#include "\(.*\)"$/\1/p')
find proxy -name '*.hpp' -printf '%P\n' | sort | grep -vxF "$proven" |
    xargs -P 2 -I{} "${1:-c++}" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -Iproxy \
        -DBOOST_ASIO_NO_DEPRECATED -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_BEAST_SEPARATE_COMPILATION \
        '-DSCOPEGATE_VERSION="0"' -include {} -x c++ /dev/null
