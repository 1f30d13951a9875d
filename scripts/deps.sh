#!/usr/bin/env bash
# Installs what building and testing need and this machine lacks, if run by root on Debian; elsewhere it says what to
# install. Does nothing, quickly, when everything is there. `scripts/deps.sh bindings` also looks for the languages of the
# bindings.
set -euo pipefail
cd "$(dirname "$0")/.."

what_for=${1-}
channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)

has() {
    local command
    for command in "$@"; do command -v "$command" >/dev/null || return 1; done
}

has_header() {
    [[ -e /usr/include/$1 || -e /usr/local/include/$1 ]]
}

has_java() {
    local version
    has java javac && version=$(javac -version 2>&1) && version=${version#javac } && ((${version%%.*} >= 17))
}

# at_least LEAST VERSION: of two or three numbers.
at_least() {
    printf '%s\n%s\n' "$1" "$2" | sort -CV
}

has_go() {
    local version
    has go && version=$(go env GOVERSION) && at_least 1.24 "${version#go}"
}

has_node() {
    local version
    has node npm && version=$(node --version) && at_least 18.18 "${version#v}" && [[ -e $(node_headers) ]]
}

node_headers() {
    node -p 'require("node:path").resolve(process.execPath, "../../include/node/node_api.h")'
}

has_python() {
    local check='import sys, sysconfig, os, venv, ensurepip
assert sys.version_info >= (3, 9) and os.path.exists(sysconfig.get_path("include") + "/Python.h")'
    has python3 && python3 -c "$check" 2>/dev/null
}

has_rust() {
    if has rustup; then
        [[ $(rustup toolchain list) == *"$channel-"* ]]
    else
        has cargo && [[ $(cargo --version) == "cargo $channel "* ]]
    fi
}

# One line each: what it is called | how to see that it is there | Debian's packages.
wanted() {
    cat <<'END'
A C compiler|has cc|gcc libc6-dev
A C++ compiler|has c++|g++
make|has make|make
git|has git|git
A Java development kit, version 17 or later,|has_java|default-jdk-headless
Maven|has mvn|maven
CMake|has cmake|cmake
pkg-config|has pkg-config|pkg-config
libuv (for the example of a loop)|has_header uv.h|libuv1-dev
valgrind|has valgrind|valgrind libc6-dbg
strace|has strace|strace
binutils (nm, readelf, objcopy)|has nm readelf objcopy|binutils
What makes Debian packages (dpkg-deb, dpkg-shlibdeps)|has dpkg-deb dpkg-shlibdeps|dpkg-dev
abidiff, which compares the interface with the one promised|has abidiff|abigail-tools
END
    [[ $what_for == bindings ]] || return 0
    cat <<'END'
Go, version 1.24 or later,|has_go|golang-go
Node.js with its headers, version 18.18 or later,|has_node|nodejs npm libnode-dev
Python with venv and headers, version 3.9 or later,|has_python|python3-venv python3-dev
END
}

missing() {
    local what check packages
    while IFS='|' read -r what check packages; do
        $check || echo "$what|$packages"
    done < <(wanted)
}

lacking=$(missing)
if [[ $lacking && $EUID == 0 && -e /etc/debian_version ]]; then
    read -ra packages <<<"$(cut -d'|' -f2 <<<"$lacking" | tr '\n' ' ')"
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    echo "Installing ${packages[*]} (may take some minutes)"
    export DEBIAN_FRONTEND=noninteractive
    if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
    fi
    lacking=$(missing)
fi

if ! has_rust && has rustup; then
    echo "Installing Rust $channel"
    rustup toolchain install "$channel" --profile minimal --component clippy --component rustfmt || true
fi

status=0
while IFS='|' read -r what packages; do
    [[ $what ]] || continue
    echo "$what is missing: install it with \`apt-get install $packages\`." >&2
    status=1
done <<<"$lacking"
if ! has_rust; then
    echo "Rust $channel is missing: install rustup, then run \`rustup toolchain install $channel\`." >&2
    status=1
fi
exit "$status"
