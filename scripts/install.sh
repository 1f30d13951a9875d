#!/usr/bin/env bash
# Installs the producer and the mock cluster, each as headers, shared library, archive and what pkg-config and CMake read of
# them, or removes just that again.
#
#   scripts/install.sh install|uninstall BUILT
#
# BUILT is the folder that holds the libraries: they are built before, so that who installs, often root, needs no Rust.
# PREFIX, LIBDIR, INCLUDEDIR and DOCDIR say where to; DESTDIR stands before all of them and is written nowhere. LIBRARIES
# may name one of the two.
set -euo pipefail
cd "$(dirname "$0")/.."

action=$1 built=$2
for variable in PREFIX LIBDIR INCLUDEDIR DOCDIR; do
    if [[ ${!variable} != /* ]]; then
        echo "$variable is \"${!variable}\": it must be a path from the root." >&2
        exit 1
    fi
done

version=$(sed -n '/^version = /{s/^version = "\(.*\)"$/\1/p;q}' Cargo.toml)
url=$(sed -n '/^repository = /{s/^repository = "\(.*\)"$/\1/p;q}' Cargo.toml)
IFS=. read -r major minor _ <<<"$version"
# What versions that may stand in for each other share; build.rs says the same to the linker.
series=$major
((major > 0)) || series=0.$minor
# Each a package of its own: a program needs the mock for its tests only.
read -ra libraries <<<"${LIBRARIES:-rocketmq_producer rocketmq_mock}"
declare -A description=(
    [rocketmq_producer]="Sends messages to Apache RocketMQ"
    [rocketmq_mock]="A RocketMQ cluster inside a test program"
)
# What `rustc --print native-static-libs` names for either archive.
needs="gcc_s util rt pthread m dl c"

pkgconfig=$LIBDIR/pkgconfig
cmake=$LIBDIR/cmake

if [[ $action == install ]]; then
    for name in "${libraries[@]}"; do
        for file in "lib$name.so" "lib$name.a" "lib$name.so.$series"; do
            if [[ ! -e $built/$file ]]; then
                echo "There is no $built/$file: run \`make build\` first." >&2
                exit 1
            fi
        done
    done
    # The fifth byte of an ELF file is its class: 1 for 32 bits, 2 for 64.
    pointer=$((4 * $(od -An -tu1 -j4 -N1 "$built/lib${libraries[0]}.so")))
fi

# Each of these puts one thing to its place, or takes it from there.
# file MODE SOURCE TARGET
file() {
    rm -f "$DESTDIR$3"
    [[ $action == uninstall ]] || install -D -m "$1" "$2" "$DESTDIR$3"
}

# link TEXT TARGET
link() {
    rm -f "$DESTDIR$2"
    [[ $action == uninstall ]] || ln -s "$1" "$DESTDIR$2"
}

# filled TEMPLATE NAME TARGET: paths in it lead from its own folder, so that the tree may be moved.
filled() {
    local text name=$2 folder=${3%/*}
    text=$(<"$1")
    text=${text//@NAME@/"$name"}
    text=${text//@DESCRIPTION@/"${description[$name]}"}
    text=${text//@VERSION@/"$version"}
    text=${text//@SERIES@/"$series"}
    text=${text//@SONAME@/"lib$name.so.$series"}
    text=${text//@URL@/"$url"}
    text=${text//@POINTER_BYTES@/"${pointer-}"}
    text=${text//@PREFIX@/"$(realpath -ms --relative-to="$folder" "$PREFIX")"}
    text=${text//@INCLUDEDIR@/"$(realpath -ms --relative-to="$folder" "$INCLUDEDIR")"}
    text=${text//@NEEDS_AS_OPTIONS@/"-l${needs// / -l}"}
    text=${text//@NEEDS_AS_LIST@/"${needs// /;}"}
    file 644 <(printf '%s\n' "$text") "$3"
}

for name in "${libraries[@]}"; do
    library=lib$name
    soname=$library.so.$series
    for header in include/"$name".{h,hpp} include/"$name"/*.hpp; do
        [[ ! -e $header ]] || file 644 "$header" "$INCLUDEDIR/${header#include/}"
    done
    file 755 "$built/$library.so" "$LIBDIR/$library.so.$version"
    link "$library.so.$version" "$LIBDIR/$soname"
    link "$soname" "$LIBDIR/$library.so"
    file 644 "$built/$library.a" "$LIBDIR/$library.a"
    filled package/shared.pc.in "$name" "$pkgconfig/$name.pc"
    filled package/static.pc.in "$name" "$pkgconfig/${name}_static.pc"
    for part in config config-version; do
        filled package/$part.cmake.in "$name" "$cmake/$name/$name-$part.cmake"
    done
done
for document in LICENSE THIRD-PARTY.txt; do
    file 644 "$document" "$DOCDIR/$document"
done

# The folders that nobody else puts anything in; the others are everybody's.
if [[ $action == uninstall ]]; then
    for folder in "${libraries[@]/#/$cmake/}" "${libraries[@]/#/$INCLUDEDIR/}" "$DOCDIR"; do
        [[ ! -d $DESTDIR$folder ]] || rmdir --ignore-fail-on-non-empty "$DESTDIR$folder"
    done
fi
