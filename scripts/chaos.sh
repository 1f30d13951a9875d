#!/usr/bin/env bash
# Runs tests/chaos where it can do no harm: in network, mount and process namespaces of its own. When the first process
# of these ends, however it ends, the kernel takes everything with it: servers, networks, mounts, files.
#
#   scripts/chaos.sh MINUTES SEED VERSION
#   scripts/chaos.sh check       only says whether it can run
#
# It calls itself with `inside` for what happens there.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1-} == inside ]]; then
    # This is process 1, which gets no signal that it does not ask for.
    trap 'exit 130' HUP INT TERM
    mount -t tmpfs none /run
    mkdir /run/netns /run/chaos
    # The stores of the brokers; a broker's death does not lose what it has written here.
    mount -t tmpfs -o size=8g none /run/chaos
    RUST_BACKTRACE=0 cargo test --quiet --offline --test chaos -- --ignored --nocapture --exact chaos &
    wait $!
    exit
fi

if [[ $EUID != 0 ]]; then
    echo "make chaos needs root: it makes networks of its own (ip netns). Nothing was done." >&2
    exit 1
fi
for command in ip unshare mount; do
    if ! command -v "$command" >/dev/null; then
        echo "make chaos needs \`$command\`: install it with \`apt-get install iproute2 util-linux mount\`." >&2
        exit 1
    fi
done
[[ ${1-} != check ]] || exit 0
export CHAOS_MINUTES=$1 CHAOS_SEED=$2 CHAOS_VERSION=$3
cargo test --test chaos --no-run
unshare --net --mount --pid --fork --kill-child=KILL --mount-proc "$0" inside &
inside=$!
# It would not end by a signal that asks.
trap 'kill -KILL $inside; exit 130' HUP INT TERM
wait $inside
