"""Measures this package and the incumbent in turns, against one sink: compare.py [ROUNDS] [MESSAGES]."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build"
RELEASE = Path(os.environ["TARGET"]) / "release"
OURS, THEIRS = BUILD / "venv" / "bin" / "python", BUILD / "incumbent" / "bin" / "python"
# How many times fewer messages the slow ones send, so that a round is short.
CLIENTS = {
    "async": (OURS, 1),
    "futures": (OURS, 1),
    "sync": (OURS, 5),
    "oneway": (OURS, 1),
    "ctypes": (OURS, 1),
    "ctypes-callbacks": (OURS, 1),
    "incumbent-sync": (THEIRS, 10),
    "incumbent-oneway": (THEIRS, 5),
}


def median(costs, member, places):
    values = sorted(cost[member] for cost in costs)
    return f"{statistics.median(values):,.{places}f} ({values[0]:,.{places}f}–{values[-1]:,.{places}f})"


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    messages = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    costs = {client: [] for client in CLIENTS}
    sink = subprocess.Popen([RELEASE / "rocketmq-bench-sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    name_server = sink.stdout.readline().split()[-1]
    environment = {**os.environ, "LIBRARY": str(RELEASE / "librocketmq_producer.so")}
    for _ in range(rounds):
        for client, (python, fewer) in CLIENTS.items():
            command = [python, HERE / "client.py", client, name_server, str(messages // fewer)]
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            costs[client].append(json.loads(done.stdout.splitlines()[-1]))
    sink.stdin.close()
    sink.wait()
    print(f"medians (least–most) of {rounds} rounds, {messages} messages of 1 KiB, load {os.getloadavg()[0]:.1f}")
    print("| client | CPU µs a message | messages/s | RSS MiB |\n|---|---|---|---|")
    for client, measured in costs.items():
        cells = (median(measured, "cpu_us", 1), median(measured, "per_second", 0), median(measured, "rss_mib", 1))
        print(f"| {client} | {' | '.join(cells)} |")


main()
