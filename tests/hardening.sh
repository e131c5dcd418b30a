#!/usr/bin/env bash
# Checks how a program is hardened against memory errors: tests/hardening.sh PROGRAM [CONFIGURATION]. A Debug
# build is not optimized, so it lacks the C library's checks of buffer sizes (_FORTIFY_SOURCE).
set -euo pipefail
program=${1:?tests/hardening.sh PROGRAM [CONFIGURATION]}
header=$(readelf --wide --file-header "$program")
segments=$(readelf --wide --program-headers "$program")
dynamic=$(readelf --wide --dynamic "$program")
symbols=$(readelf --wide --dyn-syms "$program")

wrong=0
expect() { # expect WHAT PATTERN TEXT
    grep -qE -e "$2" <<<"$3" && return
    echo "$program: $1: nothing matches $2"
    wrong=$((wrong + 1))
}
refuse() { # refuse WHAT PATTERN TEXT
    grep -E -e "$2" <<<"$3" || return 0
    echo "$program: $1"
    wrong=$((wrong + 1))
}
expect "a position-independent program" 'Type: +DYN' "$header"
expect "a position-independent program" 'FLAGS_1.*\bPIE\b' "$dynamic"
expect "full RELRO: relocated data is read-only" '^ +GNU_RELRO' "$segments"
expect "full RELRO: all symbols are bound at the start" 'FLAGS.*BIND_NOW|FLAGS_1.*\bNOW\b' "$dynamic"
refuse "relocations in code" 'TEXTREL' "$dynamic"
refuse "a search path for libraries" 'R(UN)?PATH' "$dynamic"
expect "a stack that is not executable" '^ +GNU_STACK .* RW ' "$segments"
refuse "a segment that is writable and executable" '^ +[A-Z_]+ .* RWE ' "$segments"
expect "stack protector" ' __stack_chk_fail\b' "$symbols"
[[ ${2:-} == Debug ]] || expect "_FORTIFY_SOURCE" ' __[a-z]+_chk\b' "$symbols"

# Indirect calls may only reach a marked place: endbr64 on x86, paciasp or `bti c` on arm64, in each of our
# functions.
case $header in
*X86-64*) mark='\xf3\x0f\x1e\xfa' ;;
*AArch64*) mark='\x3f\x23\x03\xd5|\x5f\x24\x03\xd5' ;;
*) mark='' ;;
esac
marks=$(LC_ALL=C grep -aoP "${mark:-none}" "$program" | wc -l) || true
[[ -z $mark ]] || ((marks > 1000)) || {
    echo "$program: control-flow protection: only $marks places are marked"
    wrong=$((wrong + 1))
}
[[ $wrong == 0 ]]
