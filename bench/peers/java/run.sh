#!/bin/sh
# NAMESRV PHASE key=value...: the Java peer, with a heap of 1 GiB and the collector that the JVM chooses. What it needs
# lies in the folder beside this script. Each of the two versions has its own names for whether and where it logs.
logs="${TMPDIR:-/tmp}/rocketmq-bench-logs"
unset ROCKETMQ_HOME NAMESRV_ADDR JAVA_TOOL_OPTIONS
exec java -Xms1g -Xmx1g \
    -Drocketmq.client.logLevel=OFF -Drocketmq.client.logRoot="$logs" \
    -Drocketmq.log.level=off -Drocketmq.log.root="$logs" \
    -cp "$0.d:$0.d/jars/*" Bench "$@"
