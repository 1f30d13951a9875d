#!/usr/bin/env bash
# Makes Debian packages of libraries that were built with debug information: the library, named by its series, what
# programs are compiled with, and the debug symbols; and the mock cluster.
#
#   scripts/deb.sh BUILT OUT
#
# BUILT is the folder that holds the libraries, OUT gets the packages. DEBFULLNAME and DEBEMAIL name who makes them, as
# for Debian's own tools; COMPRESSION is dpkg-deb's. The same input gives the same bytes: times are those of the last
# commit, or SOURCE_DATE_EPOCH.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022

built=$1 out=$2
source=rocketmq-producer
maintainer="${DEBFULLNAME:-$source developers} <${DEBEMAIL:-$source@users.noreply.github.com}>"
field() {
    sed -n "/^$1 = /{s/^$1 = \"\(.*\)\"$/\1/p;q}" Cargo.toml
}
version=$(field version)
url=$(field repository)
IFS=. read -r major minor _ <<<"$version"
series=$major
((major > 0)) || series=0.$minor
# Debian's versions have a tilde before what comes before a release.
upstream=${version/-/\~}
revision=$upstream-1
architecture=$(dpkg --print-architecture)
multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
libdir=/usr/lib/$multiarch

library=librocketmq-producer$series
dev=librocketmq-producer-dev
symbols=$library-dbgsym
mock=librocketmq-mock-dev

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage"/{"$library","$dev","$symbols","$mock"}/DEBIAN "$stage/$library$libdir"

# installed LIBRARY PACKAGE: without documents, which are Debian's own.
installed() {
    LIBRARIES=$1 DESTDIR=$stage/$2 PREFIX=/usr LIBDIR=$libdir INCLUDEDIR=/usr/include \
        DOCDIR=/usr/share/doc/$2 scripts/install.sh install "$built"
    rm -r "$stage/$2/usr/share"
}

installed rocketmq_producer "$dev"
mv "$stage/$dev$libdir"/librocketmq_producer.so.* "$stage/$library$libdir"

# The symbols lie where debuggers look for the library's build id.
shared=$stage/$library$libdir/librocketmq_producer.so.$version
id=$(readelf -n "$shared" | sed -n 's/^ *Build ID: //p')
[[ $id ]] || { echo "$shared has no build id." >&2; exit 1; }
debug=$stage/$symbols/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
mkdir -p "${debug%/*}"
objcopy --only-keep-debug --compress-debug-sections "$shared" "$debug"
strip --strip-unneeded --remove-section=.comment "$shared"
objcopy --add-gnu-debuglink="$debug" "$shared"
chmod 644 "$shared" "$debug"
strip --strip-debug --remove-section=.comment --enable-deterministic-archives "$stage/$dev$libdir"/*.a

# Nothing that is packaged depends on a library for tests, so that this one lies beside what compiling takes.
installed rocketmq_mock "$mock"
shared_mock=$stage/$mock$libdir/librocketmq_mock.so.$version
strip --strip-unneeded --remove-section=.comment "$shared_mock"
chmod 644 "$shared_mock"
strip --strip-debug --remove-section=.comment --enable-deterministic-archives "$stage/$mock$libdir"/*.a

# documents FOLDER: what Debian asks each package for.
documents() {
    mkdir -p "$1"
    {
        printf 'This is %s, from %s.\n\n' "$source" "$url"
        printf 'Copyright: the contributors of %s\n' "$source"
        printf 'License: Apache License 2.0, see /usr/share/common-licenses/Apache-2.0\n\n'
        cat THIRD-PARTY.txt
    } >"$1/copyright"
    gzip -9n <CHANGELOG.md >"$1/changelog.gz"
    {
        printf '%s (%s) unstable; urgency=medium\n\n  * See changelog.gz.\n\n' "$source" "$revision"
        printf ' -- %s  %s\n' "$maintainer" "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
    } | gzip -9n >"$1/changelog.Debian.gz"
}

documents "$stage/$library/usr/share/doc/$library"
documents "$stage/$mock/usr/share/doc/$mock"
# Who has the development package has the library too, and finds the documents there.
for package in "$dev" "$symbols"; do
    mkdir -p "$stage/$package/usr/share/doc"
    ln -s "$library" "$stage/$package/usr/share/doc/$package"
done

# needs SHARED: what a library needs, by what Debian's packages say of their own libraries.
mkdir "$stage/debian"
printf 'Source: %s\n\nPackage: %s\nArchitecture: any\n' "$source" "$library" >"$stage/debian/control"
needs() {
    local found
    found=$(cd "$stage" && dpkg-shlibdeps -O "-e$1" | sed -n 's/^shlibs:Depends=//p')
    [[ $found ]] || { echo "What $1 depends on is not known." >&2; exit 1; }
    echo "$found"
}

# A program that is packaged depends on this version or a newer one: patches may add functions.
printf 'librocketmq_producer %s %s (>= %s)\n' "$series" "$library" "$upstream" >"$stage/$library/DEBIAN/shlibs"
for package in "$library" "$mock"; do
    echo activate-noawait ldconfig >"$stage/$package/DEBIAN/triggers"
done

# package NAME SECTION DEPENDS SUMMARY, then lines of control fields or of the description.
package() {
    local folder=$stage/$1 size
    size=$(du -sk --apparent-size --exclude=DEBIAN "$folder" | cut -f1)
    (cd "$folder" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$folder/DEBIAN/md5sums"
    printf '%s: %s\n' Package "$1" Source "$source" Version "$revision" Architecture "$architecture" \
        Multi-Arch same Maintainer "$maintainer" Installed-Size "$size" Depends "$3" Section "$2" \
        Priority optional Homepage "$url" >"$folder/DEBIAN/control"
    cat >>"$folder/DEBIAN/control"
    chmod 644 "$folder"/DEBIAN/*
    mkdir -p "$out"
    local file=$out/${1}_${revision}_$architecture.deb
    dpkg-deb --root-owner-group "-Z${COMPRESSION:-xz}" --build "$folder" "$file" >/dev/null
    echo "$file"
}

needed=$(needs "$shared")
package "$library" libs "$needed" <<END
Description: client library that sends messages to Apache RocketMQ
 For any program that can call C: synchronous, asynchronous and one-way sends,
 ordered messages, batches and timers, with retries inside one deadline and
 bounded memory. It needs nothing else at run time.
END
package "$dev" libdevel "$library (= $revision), libc6-dev" <<END
Description: client library that sends messages to Apache RocketMQ (development)
 The headers for C and C++17, the static library, and what pkg-config and CMake
 read, for programs that send messages to Apache RocketMQ.
END
package "$symbols" debug "$library (= $revision)" <<END
Auto-Built-Package: debug-symbols
Build-Ids: $id
Description: debug symbols for $library
 Debuggers and profilers find them by the library's build id.
END
needed=$(needs "$shared_mock")
package "$mock" libdevel "$needed, libc6-dev" <<END
Description: RocketMQ cluster inside a test program
 A name server and brokers that keep what they are sent and fail on demand, as
 a library for tests of programs that send messages to Apache RocketMQ: its
 header, the shared and the static library, and what pkg-config and CMake read.
END
