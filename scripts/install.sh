#!/usr/bin/env bash
# Installs the headers, both libraries and what pkg-config and CMake read of them, or removes just that again.
#
#   scripts/install.sh install|uninstall BUILT
#
# BUILT is the folder that holds the libraries: they are built before, so that who installs, often root, needs no Rust.
# PREFIX, LIBDIR, INCLUDEDIR and DOCDIR say where to; DESTDIR stands before all of them and is written nowhere.
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
library=librocketmq_producer
soname=$library.so.$series
# What `rustc --print native-static-libs` names for the archive.
needs="gcc_s util rt pthread m dl c"

pkgconfig=$LIBDIR/pkgconfig
cmake=$LIBDIR/cmake/rocketmq_producer

if [[ $action == install ]]; then
    for file in $library.so $library.a $soname; do
        if [[ ! -e $built/$file ]]; then
            echo "There is no $built/$file: run \`make build\` first." >&2
            exit 1
        fi
    done
    # The fifth byte of an ELF file is its class: 1 for 32 bits, 2 for 64.
    pointer=$((4 * $(od -An -tu1 -j4 -N1 "$built/$library.so")))
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

# filled TEMPLATE TARGET: paths in it lead from its own folder, so that the tree may be moved.
filled() {
    local text folder=${2%/*}
    text=$(<"$1")
    text=${text//@VERSION@/"$version"}
    text=${text//@SERIES@/"$series"}
    text=${text//@SONAME@/"$soname"}
    text=${text//@URL@/"$url"}
    text=${text//@POINTER_BYTES@/"${pointer-}"}
    text=${text//@PREFIX@/"$(realpath -ms --relative-to="$folder" "$PREFIX")"}
    text=${text//@INCLUDEDIR@/"$(realpath -ms --relative-to="$folder" "$INCLUDEDIR")"}
    text=${text//@NEEDS_AS_OPTIONS@/"-l${needs// / -l}"}
    text=${text//@NEEDS_AS_LIST@/"${needs// /;}"}
    file 644 <(printf '%s\n' "$text") "$2"
}

for header in include/rocketmq_producer.{h,hpp} include/rocketmq_producer/*.hpp; do
    file 644 "$header" "$INCLUDEDIR/${header#include/}"
done
file 755 "$built/$library.so" "$LIBDIR/$library.so.$version"
link "$library.so.$version" "$LIBDIR/$soname"
link "$soname" "$LIBDIR/$library.so"
file 644 "$built/$library.a" "$LIBDIR/$library.a"
for name in rocketmq_producer rocketmq_producer_static; do
    filled package/$name.pc.in "$pkgconfig/$name.pc"
done
for name in config config-version; do
    filled package/rocketmq_producer-$name.cmake.in "$cmake/rocketmq_producer-$name.cmake"
done
for document in LICENSE THIRD-PARTY.txt; do
    file 644 "$document" "$DOCDIR/$document"
done

# The folders that nobody else puts anything in; the others are everybody's.
if [[ $action == uninstall ]]; then
    for folder in "$cmake" "$DOCDIR" "$INCLUDEDIR/rocketmq_producer"; do
        [[ ! -d $DESTDIR$folder ]] || rmdir --ignore-fail-on-non-empty "$DESTDIR$folder"
    done
fi
