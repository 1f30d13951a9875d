#!/usr/bin/env bash
# Compiles the C examples, runs them against a cluster, and shows what arrived there; `make demo` builds what it needs.
#
#   scripts/demo.sh mock|apache [APACHE_VERSION]
set -euo pipefail
cd "$(dirname "$0")/.."

cluster=$1 version=${2-}
topic=demo
expected=40 # ten from each example
built=$(cd "${CARGO_TARGET_DIR:-target}/release" && pwd)
work=$(mktemp -d)
cluster_pid=

# Both clusters end when their standard input, held open by file descriptor 3, is closed: so also if this script dies.
stop_cluster() {
    exec 3>&-
    [[ -z $cluster_pid ]] || wait "$cluster_pid" || true
    cluster_pid=
}
trap 'stop_cluster; rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

start_cluster() {
    mkfifo "$work/commands"
    "$@" <"$work/commands" >"$work/cluster" &
    cluster_pid=$!
    exec 3>"$work/commands"
    until grep -q '^name server' "$work/cluster"; do
        if ! kill -0 "$cluster_pid" 2>/dev/null; then
            cat "$work/cluster" >&2
            exit 1
        fi
        sleep 0.1
    done
    name_server=$(sed -n 's/^name server //p' "$work/cluster")
}

case $cluster in
mock)
    echo "== Starting the mock cluster: a name server and two brokers"
    start_cluster "$built/rocketmq-mock" --brokers 2 --print
    ;;
apache)
    echo "== Starting Apache RocketMQ $version: a name server and a broker (some seconds)"
    start_cluster scripts/apache-cluster.sh "$version" 1
    ;;
*)
    echo "There is no cluster \"$cluster\": it is mock or apache." >&2
    exit 1
    ;;
esac
echo "   name server $name_server"

for example in sync async oneway batch; do
    echo "== examples-c/$example.c"
    compile=(cc -Iinclude "examples-c/$example.c" "-L$built" -lrocketmq_producer "-Wl,-rpath,$built" -o "$work/$example")
    echo "\$ ${compile[*]}"
    "${compile[@]}" 3>&-
    echo "\$ $example $name_server demo_group $topic"
    "$work/$example" "$name_server" demo_group "$topic" 3>&-
done

echo "== What arrived"
if [[ $cluster == mock ]]; then
    sleep 0.5 # a one-way message may still be on its way
    stop_cluster
else
    java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "target/apache/reader/*" tests/apache/ReadBack.java \
        read "$name_server" "$topic" "$expected" >"$work/cluster" 3>&-
fi

row() {
    printf '%-10s %-9s %5s %6s  %-32s  %-8s  %s\n' "$@"
}
# field LINE NAME: a text or a number of a line of JSON.
field() {
    [[ $1 =~ \"$2\":(\"(([^\"\\]|\\.)*)\"|-?[0-9]+) ]] || return 0
    if [[ ${BASH_REMATCH[1]} == \"* ]]; then printf %s "${BASH_REMATCH[2]}"; else printf %s "${BASH_REMATCH[1]}"; fi
}
count=0
while IFS= read -r line; do
    [[ $line == *'"queueOffset"'* ]] || continue
    ((count > 0)) || row topic broker queue offset id tags body
    row "$(field "$line" topic)" "$(field "$line" broker)" "$(field "$line" queueId)" \
        "$(field "$line" queueOffset)" "$(field "$line" msgId)" "$(field "$line" tags)" "$(field "$line" body)"
    count=$((count + 1))
done <"$work/cluster"
echo "$count messages"
((count >= expected))
