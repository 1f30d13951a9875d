#!/usr/bin/env bash
# Runs this package and rocketmq-client-go in turn, each on a sink of its own, and prints medians (least to most).
#
#   bench/run.sh SINK OURS PEER ROUNDS
set -euo pipefail
sink=$1 ours=$2 peer=$3 rounds=$4
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT

# one NAME PROGRAM PHASE MESSAGES [KEY=VALUE]...
one() {
    local name=$1 program=$2 phase=$3 messages=$4 address
    shift 4
    coproc SINK { "$sink"; }
    local input=${SINK[1]} output=${SINK[0]} pid=$SINK_PID
    read -r address <&"$output"
    "$program" "${address##*[!0-9.:]}" "$phase" "messages=$messages" "$@" |
        awk -v name="$name" -v phase="$phase $*" '{ print phase "|" name "|" $1 "|" $2 }' >>"$figures"
    exec {input}>&-
    cat <&"$output" >/dev/null
    wait "$pid"
}

for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    one ours "$ours" async 300000
    one peer "$peer" async 60000
    one ours "$ours" sync 20000
    one peer "$peer" sync 10000
    one ours "$ours" sync 200000 threads=64
    one peer "$peer" sync 60000 threads=64
done

printf '%-18s %-6s %-10s %s\n' load client figure 'median (least to most)'
sort -t'|' -k1,3 -k4,4n "$figures" | awk -F'|' '
    function tell() {
        if (count) printf "%-18s %-6s %-10s %.1f (%.1f to %.1f)\n", at[1], at[2], at[3], values[int((count + 1) / 2)], values[1], values[count]
    }
    $3 != "cpu_us" && $3 != "rate" && $3 != "rss_kib" && $3 != "failed" { next }
    { key = $1 "|" $2 "|" $3 }
    key != last { tell(); count = 0; last = key; split(key, at, "|") }
    { values[++count] = $4 }
    END { tell() }'
