# shellcheck shell=bash disable=SC2034
# Sourced by tests/run.sh, tests/image.sh, tests/bench/run.sh, deploy/quickstart.sh and the image's build: which Debian 12
# packages each of them needs, how the missing ones are installed, and how long steps show that they live.

build_packages=(
    g++ cmake ninja-build ccache ca-certificates
    libboost1.81-dev libboost-json1.81-dev libssl-dev
    libyaml-cpp-dev libspdlog-dev libcli11-dev prometheus-cpp-dev
)
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev curl procps unicode-data binutils git clang-format clang-tidy shellcheck)
clang_packages=(clang libclang-rt-14-dev llvm-14) # the latter two: sanitizers, libFuzzer, and names in their reports
peer_packages=(nodejs python3-websockets curl)
image_packages=(buildah debootstrap curl openssl python3 binutils)
e2e_packages=(nodejs chromium)
differential_packages=(
    nodejs nginx apache2-bin python3 caddy ruby ruby-actionpack ruby-webrick php-cli php-fpm python3-flask python3-django golang-go
)
bench_packages=(haproxy nginx-light libnginx-mod-http-lua lua-resty-core lua-cjson wrk openssl python3 libbenchmark-dev)
# Other packagings of node.js bring their own npm, which Debian's excludes.
command -v npm >/dev/null || { e2e_packages+=(npm) && peer_packages+=(npm) && differential_packages+=(npm); }

# need_packages NAME...: installs those that are missing, or says what to do and fails. Nothing that is installed is ever
# removed for it. SCOPEGATE_PACKAGES=present leaves the looking out, where the same things come under other names.
need_packages() {
    local missing=() package removed as_root=()
    [[ ${SCOPEGATE_PACKAGES:-} == present ]] && return 0
    for package; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [[ ${#missing[@]} == 0 ]] && return 0

    if ! (. /etc/os-release && [[ $ID == debian && $VERSION_ID == 12 ]]) 2>/dev/null; then
        echo "Packages are installed on Debian 12 only. Here, install what these are called in Debian, and set" >&2
        echo "SCOPEGATE_PACKAGES=present: ${missing[*]}" >&2
        return 1
    fi
    if [[ $(id -u) != 0 ]]; then
        if ! command -v sudo >/dev/null; then
            echo "Missing packages; as root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)

    echo "Installing with apt: ${missing[*]}"
    "${as_root[@]}" apt-get -qq update </dev/null || return 1
    removed=$(apt-get --simulate --no-install-recommends install "${missing[@]}" 2>/dev/null | awk '$1 == "Remv" { print $2 }')
    if [[ -n $removed ]]; then # libboost1.74-dev, above all: somebody works with it
        echo "Installing ${missing[*]} would remove these packages: $removed" >&2
        echo "Nothing was changed. Remove them yourself if you don't need them, or build in a container." >&2
        return 1
    fi
    local log
    log=$(mktemp)
    alive "$log" "installing" "${as_root[@]}" apt-get -q --yes --no-install-recommends --no-remove install "${missing[@]}" \
        </dev/null || { tail -20 "$log" >&2 && rm -f "$log" && return 1; }
    rm -f "$log"
}

# alive LOG WHAT COMMAND...: runs the command with its output in LOG. Every ten seconds prints how long WHAT has taken, and
# the last line of LOG.
alive() {
    local log=$1 what=$2 begun=$SECONDS job
    shift 2
    "$@" >"$log" 2>&1 &
    job=$!
    while kill -0 "$job" 2>/dev/null; do
        timeout 10 tail --pid="$job" -f /dev/null ||
            echo "  $what, $((SECONDS - begun)) s: $(tail -n 1 "$log" | tr -d '\r' | cut -c -100)"
    done
    wait "$job"
}
