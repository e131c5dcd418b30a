#!/usr/bin/env bash
# Checks the dependencies between the folders of proxy/. A folder includes only itself and the folders that it
# links in CMakeLists.txt, directly or through others. It links only folders that are named before it there.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

declare -A reach # folder -> itself and all folders that it may include
while read -r folder links; do
    allowed=" $folder"
    for link in $links; do
        [[ $link == scopegate_* ]] || continue
        if [[ -z ${reach[${link#scopegate_}]:-} ]]; then
            echo "CMakeLists.txt: $folder links $link, which does not come before it" && wrong=yes
        fi
        allowed+=" ${reach[${link#scopegate_}]:-}"
    done
    reach[$folder]=$allowed
done < <(sed -n 's/^scopegate_folder(\([a-z]* .*\))$/\1/p' CMakeLists.txt)
[[ ${#reach[@]} -ge 2 ]] || { echo "CMakeLists.txt: no scopegate_folder(...) lines found" && exit 1; }

while IFS=: read -r file line included; do
    folder=${file#proxy/} folder=${folder%%/*}
    [[ -n ${reach[$included]:-} ]] || continue # not one of our folders
    [[ "${reach[$folder]:-} " == *" $included "* ]] ||
        { echo "$file:$line: $folder/ may not use $included/" && wrong=yes; }
done < <(grep -rnoE --include='*.[ch]pp' '^ *# *include *"[a-z_]+/' proxy/*/ | sed -E 's/: *# *include *"([a-z_]+)\/$/:\1/')
[[ ${wrong:-no} == no ]]
