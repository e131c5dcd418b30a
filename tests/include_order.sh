#!/usr/bin/env bash
# Checks the dependencies between the folders of proxy/, and inside each folder. A folder includes only itself and the
# folders that it links in CMakeLists.txt, directly or through others. It links only folders that are named before it there.
# The includes between a folder's own files form no cycle. A subfolder includes no file of its parent that includes the
# subfolder, directly or through others.
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
done < <(sed -n 's/^scopegate_folder(\([a-z0-9]* .*\))$/\1/p' CMakeLists.txt)
[[ ${#reach[@]} -ge 2 ]] || { echo "CMakeLists.txt: no scopegate_folder(...) lines found" && exit 1; }

while IFS=: read -r file line included; do
    folder=${file#proxy/} folder=${folder%%/*}
    [[ -n ${reach[$included]:-} ]] || continue # not one of our folders
    [[ "${reach[$folder]:-} " == *" $included "* ]] ||
        { echo "$file:$line: $folder/ may not use $included/" && wrong=yes; }
done < <(grep -rnoE --include='*.[ch]pp' '^ *# *include *"[a-z_0-9]+/' proxy/*/ | sed -E 's/: *# *include *"([a-z_0-9]+)\/$/:\1/')

# Lines "FILE INCLUDED", both relative to proxy/, of includes within one folder.
own_includes=$(grep -rnoE --include='*.[ch]pp' '^ *# *include *"[a-z_/0-9.]+"' proxy/*/ |
    sed -E 's/^proxy\/([^:]+):[0-9]+: *# *include *"(.*)"$/\1 \2/' |
    awk '{ split($1, from, "/"); split($2, to, "/") } from[1] == to[1]')
[[ -n $own_includes ]] || { echo "no includes found" && exit 1; }
if ! cycles=$(tsort <<<"$own_includes" 2>&1 >/dev/null); then
    echo "these files include each other:" && echo "$cycles" && wrong=yes
fi
awk '
    function subfolder(file, parts) { return split(file, parts, "/") > 2 ? parts[1] "/" parts[2] : "" }
    { from[NR] = $1; to[NR] = $2 }
    END {
        for (changed = 1; changed;) { # reaches[FILE, SUBFOLDER]: the file includes the subfolder, which is not its own
            changed = 0
            for (i = 1; i <= NR; ++i) {
                own = subfolder(from[i]); other = subfolder(to[i])
                if (other != "" && other != own && !((from[i], other) in reaches)) {
                    reaches[from[i], other] = changed = 1
                    subfolders[other] = 1
                }
                for (s in subfolders)
                    if (s != own && (to[i], s) in reaches && !((from[i], s) in reaches))
                        reaches[from[i], s] = changed = 1
            }
        }
        for (i = 1; i <= NR; ++i) {
            own = subfolder(from[i])
            if (own != "" && subfolder(to[i]) != own && (to[i], own) in reaches) {
                print "proxy/" from[i] " may not include " to[i] ", which includes " own "/"
                wrong = 1
            }
        }
        exit wrong
    }' <<<"$own_includes" || wrong=yes
[[ ${wrong:-no} == no ]]
