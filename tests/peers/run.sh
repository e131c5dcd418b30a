#!/usr/bin/env bash
# Real peers through the real program: Python's websockets and node's ws, each as client and as API, and curl
# with common uses of a proxy. Usage: tests/peers/run.sh PROGRAM [FOLDER-TO-WORK-IN]. The last line is
# `N passed, N failed`. tests/run.sh --peers installs the needed packages.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "$1")
work=$(realpath -m "${2:-build/peers}")
. "$here/../../deploy/packages.sh" # defines alive
python=/usr/bin/python3 # Debian's own Python, which has the package python3-websockets
mkdir -p "$work" && cd "$work" || exit

passed=0 failed=0 started=()
end() {
    for pid in "${started[@]}"; do kill -9 "$pid" 2>/dev/null; done
    wait 2>/dev/null
}
trap end EXIT

# check SENTENCE EXPECTED SEEN
check() {
    if [[ $3 == "$2" ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $1: expected '$2', saw '${3:0:300}'"
    fi
}

# start NAME COMMAND...: runs it with its output in NAME.out. Sets `pid`.
start() {
    local name=$1
    shift
    : >"$name.out"
    "$@" >"$name.out" 2>"$name.err" &
    pid=$!
    started+=("$pid")
}
# first_line NAME: prints the first line of its output, once it is there.
first_line() {
    for ((i = 0; i < 600; ++i)); do
        [[ -s $1.out ]] && head -1 "$1.out" && return
        sleep 0.05
    done
    echo "$1 does not come up: $(cat "$1.err")" >&2
    return 1
}

# gate NAME API-PORT: starts the program in front of the API, on a free port. Sets `port` and `pid`.
gate() {
    token 1h >/dev/null # makes the key
    cat >"$1.yaml" <<YAML
upstream: http://127.0.0.1:$2
issuers:
  - issuer: https://issuer.example.com/
    audience: https://calendar.example.com
    keys: file:scopegate-dev-keys.json
    clock_skew: 0s
tokens: {from: [header, "cookie:session", "query:access_token", websocket, "websocket:base64url.bearer.phx.",
                "websocket:v1.token.websocket.jupyter.org."]}
scopes: {read: See it, write: Change it}
server: {listen: "127.0.0.1:0", admin: off, workers: 2}
routes:
  /write: {GET: write}
  /{path...}: {GET: read, POST: read, PUT: read}
YAML
    start "$1" "$program" run --config "$1.yaml"
    for ((i = 0; i < 600; ++i)); do
        port=$(sed -n 's/.*"listening".*"address":"127.0.0.1:\([0-9]*\)".*/\1/p' "$1.out" | head -1)
        [[ -n $port ]] && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    echo "the gate does not come up: $(cat "$1.out" "$1.err")" >&2
    return 1
}
# token LIFE
token() {
    "$program" token --issuer https://issuer.example.com/ --audience https://calendar.example.com --scope read \
        --key scopegate-dev-key.pem --expires "$1" 2>>token.err
}
# told PID WHAT: prints a figure of the process's memory, in KiB.
told() { sed -n "s/^$2:[[:space:]]*\([0-9]*\) kB/\1/p" "/proc/$1/status"; }

# is_below MOST NUMBER: yes, or the number.
is_below() {
    if (($2 < $1)); then echo yes; else echo "$2"; fi
}

websockets() {
    cp "$here"/*.mjs "$here"/*.py "$here"/package*.json .
    [[ -d node_modules/ws ]] || alive npm.out "npm ci" npm ci --ignore-scripts --no-audit --no-fund ||
        { echo "npm ci: $(tail -3 npm.out)" && return 1; }
    local servers=("$python ws_server.py" "node ws_server.mjs") clients=("$python ws_client.py" "node ws_client.mjs")
    for server in "${servers[@]}"; do
        # shellcheck disable=SC2086 # a command and its argument
        start api $server
        local api=$pid at
        at=$(first_line api) || return 1
        gate gate "$at" || return 1
        local own=$pid
        for client in "${clients[@]}"; do
            echo "== $client to $server"
            $client "$port" "$(token 1h)" "$(token 20s)" >client.out 2>&1
            sed '/ passed, /d' client.out
            local line
            line=$(tail -1 client.out)
            if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
                passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
            else
                failed=$((failed + 1))
            fi
        done
        check "no token in the log" 0 "$(grep -c 'eyJ' gate.out)"
        check "memory stays flat (peak KiB)" yes "$(is_below 65536 "$(told "$own" VmHWM)")"
        kill "$own" && wait "$own"
        check "it drains" 0 $?
        kill "$api"
    done
}

curls() {
    start api "$python" "$here/http_server.py"
    local api=$pid at
    at=$(first_line api) || return 1
    gate gate "$at" || return 1
    local own=$pid url=http://127.0.0.1:$port good brief
    good=$(token 1h)
    auth=(-sS -m 300 -H "Authorization: Bearer $good")
    echo "== curl"
    check "HTTP/1.1" hello "$(curl "${auth[@]}" "$url/")"
    check "HTTP/1.0" hello "$(curl "${auth[@]}" -0 "$url/")"
    check "HTTP/1.0, chunks" 100 "$(curl "${auth[@]}" -0 "$url/chunks" | wc -l)"
    check "HTTP/1.0, kept" "2 1" "$(curl "${auth[@]}" -0 -H 'Connection: keep-alive' -o /dev/null -o /dev/null \
        -w '%{num_connects}\n' "$url/" "$url/" | awk '{n += $1} END {print NR, n}')"
    check "HTTP/1.1, kept" "2 1" "$(curl "${auth[@]}" -o /dev/null -o /dev/null -w '%{num_connects}\n' "$url/" "$url/" |
        awk '{n += $1} END {print NR, n}')"
    check "HEAD" "200 4096" "$(curl "${auth[@]}" -I -o head.txt -w '%{http_code}' "$url/file") $(
        tr -d '\r' <head.txt | sed -n 's/^Content-Length: //p')"
    check "a range" "206 100" "$(curl "${auth[@]}" -r 100-199 -o part -w '%{http_code} %{size_download}' "$url/file")"
    check "the range's bytes" 6465 "$(od -An -tx1 -N2 part | tr -d ' \n')"
    for status in 204 304; do
        check "$status" "$status 0" "$(curl "${auth[@]}" -o /dev/null -w '%{http_code} %{size_download}' "$url/status?$status")"
    done
    check "103" "103 200 hinted" "$(curl "${auth[@]}" -i "$url/hints" | tr -d '\r' |
        awk '/^HTTP/ {printf "%s ", $2} END {print}')"
    check "trailers" "X-Sum: 100" "$(curl "${auth[@]}" -H 'TE: trailers' -H 'Connection: TE' -D - -o /dev/null "$url/chunks" |
        tr -d '\r' | grep X-Sum | tail -1)"
    check "long polling" "at last" "$(curl "${auth[@]}" "$url/poll?2")"

    # Expect: 100-continue: a client whose request is denied sends no body.
    head -c 3000000 /dev/zero >big
    # shellcheck disable=SC2086 # a form is several arguments
    for form in "-T big" "--data-binary @big" "-X POST -T -"; do
        check "refused before the body ($form)" "401 0" "$(curl -sS -m 60 -H 'Expect: 100-continue' \
            --expect100-timeout 30 $form -o /dev/null -w '%{http_code} %{size_upload}' "$url/" <big)"
        check "asked for the body ($form)" 3000000 "$(curl "${auth[@]}" -H 'Expect: 100-continue' $form "$url/" <big)"
    done
    check "an early response" 413 "$(curl "${auth[@]}" -H 'Expect:' -T big -o /dev/null -w '%{http_code}' "$url/full")"

    # One GiB each way, and a client that reads slowly.
    check "1 GiB down" $((1 << 30)) "$(curl "${auth[@]}" -o /dev/null -w '%{size_download}' "$url/large?1024")"
    check "1 GiB up" $((1 << 30)) "$(head -c $((1 << 30)) /dev/zero | curl "${auth[@]}" -T - "$url/")"
    curl "${auth[@]}" -m 5 --limit-rate 1M -o /dev/null "$url/large?200" 2>/dev/null
    check "in under 32 MiB (peak KiB)" yes "$(is_below 32768 "$(told "$own" VmHWM)")"

    # Event streams end with their token.
    brief=$(token 10s)
    curl -sS -m 60 -N -H "Authorization: Bearer $brief" -o events "$url/events"
    check "an event stream ends with its token" "18 yes" "$? $( (($(wc -c <events) > 100)) && echo yes)"

    # The API is killed: 502, and recovery without help.
    echo "== the API is killed under load"
    local codes=codes.txt
    : >$codes
    for caller in 1 2 3 4; do
        (for ((i = 0; i < 150; ++i)); do curl "${auth[@]}" -o /dev/null -w '%{http_code}\n' "$url/"; done >>$codes 2>&1) &
        callers[caller]=$!
    done
    answered() { until (($(wc -l <$codes) >= $1)); do :; done; } # they stop after 600 requests in any case
    for killed_at in 50 200; do
        answered $killed_at
        kill -9 "$api" && wait "$api" 2>/dev/null
        answered $((killed_at + 50))
        start api "$python" "$here/http_server.py" "$at"
        api=$pid
        first_line api >/dev/null
    done
    wait "${callers[@]}"
    # A response that was in progress is truncated, and recognizable as truncated.
    check "only 200 and 502" "" "$(grep -vx -e 200 -e 502 -e 'curl: (18).*' $codes | sort | uniq -c | head -3)"
    check "and 200 again" 200 "$(curl "${auth[@]}" -o /dev/null -w '%{http_code}' "$url/")"
    kill "$own" && wait "$own"
    check "it drains" 0 $?
}

websockets || failed=$((failed + 1))
curls || failed=$((failed + 1))
echo "$passed passed, $failed failed"
[[ $failed == 0 && $passed != 0 ]]
