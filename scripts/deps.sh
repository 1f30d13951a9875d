#!/usr/bin/env bash
# Installs what building and testing need and this machine lacks, if run by root on Debian; elsewhere it says what to
# install. Does nothing, quickly, when everything is there.
set -euo pipefail
cd "$(dirname "$0")/.."

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
