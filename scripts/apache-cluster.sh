#!/usr/bin/env bash
# Runs a real Apache RocketMQ cluster on 127.0.0.1 for the tests and the demo: one name server, one or more masters,
# and when asked a proxy of 5.x before them, in CLUSTER mode.
#
#   scripts/apache-cluster.sh VERSION BROKERS [proxy] [BROKER_PROPERTY=VALUE]...
#
# Prints `name server 127.0.0.1:PORT` when messages can be sent, with a proxy also `proxy 127.0.0.1:PORT`, which a client
# takes for its name server. Then it obeys commands from stdin, one a line, and answers each with `ok` or `error: ...`.
# SERVER is namesrv, broker-a, broker-b, ..., proxy.
#   kill SERVER      SIGKILL              start SERVER    the same store and port again
#   freeze SERVER    SIGSTOP              thaw SERVER     SIGCONT
#   create TOPIC QUEUES                   on every running broker
# When stdin closes (so also when whoever started it dies) it kills all servers and removes their files.
set -euo pipefail
export LC_ALL=C # string lengths are bytes
unset ROCKETMQ_HOME NAMESRV_ADDR JAVA_TOOL_OPTIONS

version=$1 brokers=$2
shift 2
proxy=
if [[ ${1-} == proxy ]]; then
    proxy=yes
    shift
fi
properties=("$@")
ready_seconds=60
jars="$(cd "$(dirname "$0")/.." && pwd)/target/apache/$version"

die() {
    echo "error: $*"
    exit 1
}

[[ -e $jars/complete ]] || die "Apache RocketMQ $version is not in target/apache: run \`make apache\`"
command -v java >/dev/null || die "Java is missing: run \`make deps\`"

# Brokers store nothing on a disk above 90 %, which 5.x counts as df does and lets nobody raise.
temporary=${TMPDIR:-/tmp}
used=$(df --output=pcent "$temporary" | tr -dc 0-9)
((used < 90)) || die "brokers store nothing on a disk that is fuller than 90 %, and that of $temporary is at $used %:" \
    "make room or set TMPDIR"

work=$(mktemp -d "$temporary/rocketmq-apache.XXXXXX")
declare -A ports=() pids=()

clean_up() {
    exec 2>/dev/null # the shell reports each killed job
    ((${#pids[@]} == 0)) || kill -KILL "${pids[@]}" || true
    wait || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM PIPE

# A port P such that nothing listens on P-2 (a broker's VIP port) to P+1 (its replication port). It stays below the
# ports that the system hands to clients. A port lost to someone else meanwhile makes the server end, see start.
free_port() {
    local port offset
    while :; do
        port=$((20000 + RANDOM % 12000))
        for offset in -2 -1 0 1; do
            if (: <>"/dev/tcp/127.0.0.1/$((port + offset))") 2>/dev/null; then continue 2; fi
        done
        echo "$port"
        return
    done
}

int4() {
    printf '%b' "$(printf '\\x%02x' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)))"
}

# ask PORT CODE EXT_FIELDS BODY: sends one request and prints the answer's header and body, less their NUL bytes.
ask() {
    local header body=$4
    header="{\"code\":$2,\"language\":\"OTHER\",\"version\":399,\"opaque\":1,\"flag\":0,\"extFields\":{$3}}"
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1"
        { int4 $((4 + ${#header} + ${#body})) && int4 ${#header} && printf '%s' "$header$body"; } >&3
        length=$(timeout 5 head -c 4 <&3 | od -An -tu4 --endian=big)
        timeout 5 head -c "$((length))" <&3 | tr -d '\0'
    ) 2>/dev/null
}

write_configuration() {
    local name=$1 home=$work/$1
    mkdir -p "$home/conf"
    # 4.x servers end at once without these files.
    echo '<configuration><root level="OFF"/></configuration>' |
        tee "$home/conf/logback_namesrv.xml" >"$home/conf/logback_broker.xml"
    if [[ $name == namesrv ]]; then
        printf '%s\n' "listenPort=${ports[namesrv]}" "kvConfigPath=$home/kv.json" bindAddress=127.0.0.1 \
            >"$home/properties"
        return
    fi
    if [[ $name == proxy ]]; then
        # Without the last entry a topic must say of which kind its messages are before timers and transactions are taken.
        cat >"$home/proxy.json" <<END
{"rocketMQClusterName": "DefaultCluster", "proxyMode": "CLUSTER", "proxyName": "proxy",
 "namesrvAddr": "127.0.0.1:${ports[namesrv]}", "localServeAddr": "127.0.0.1", "remotingAccessAddr": "127.0.0.1",
 "remotingListenPort": ${ports[proxy]}, "grpcServerPort": $((ports[proxy] + 1)), "enableTopicMessageTypeCheck": false}
END
        return
    fi
    # One file serves all versions: keys that a version does not know are ignored. Small files keep start and store
    # cheap, but a commit log file must hold the largest message; the long waits keep a slow machine from SYSTEM_BUSY.
    cat >"$home/properties" <<END
brokerClusterName=DefaultCluster
brokerName=$name
brokerId=0
brokerIP1=127.0.0.1
brokerIP2=127.0.0.1
bindAddress=127.0.0.1
listenPort=${ports[$name]}
namesrvAddr=127.0.0.1:${ports[namesrv]}
storePathRootDir=$home/store
storePathCommitLog=$home/store/commitlog
mappedFileSizeCommitLog=8388608
mappedFileSizeConsumeQueue=6000
maxHashSlotNum=5000
maxIndexNum=20000
brokerRole=ASYNC_MASTER
flushDiskType=ASYNC_FLUSH
autoCreateTopicEnable=true
autoCreateSubscriptionGroup=true
defaultTopicQueueNums=4
transactionTimeOut=2000
transactionCheckInterval=1000
transactionOpBatchInterval=100
traceTopicEnable=true
enablePropertyFilter=true
diskMaxUsedSpaceRatio=95
osPageCacheBusyTimeOutMills=10000
waitTimeMillsInSendQueue=10000
registerNameServerPeriod=10000
timerWheelEnable=true
timerPrecisionMs=100
recallMessageEnable=true
END
    # The last one of equal keys wins.
    ((${#properties[@]} == 0)) || printf '%s\n' "${properties[@]}" >>"$home/properties"
}

launch() {
    local name=$1 home=$work/$1
    local -a program=(org.apache.rocketmq.broker.BrokerStartup -c "$home/properties")
    [[ $name != namesrv ]] || program[0]=org.apache.rocketmq.namesrv.NamesrvStartup
    [[ $name != proxy ]] || program=(org.apache.rocketmq.proxy.ProxyStartup -pc "$home/proxy.json")
    # 4.x needs the two --add options. Without tls.server.mode every start makes RSA keys, which takes seconds.
    RMQ_PROXY_HOME=$home java -Xms64m -Xmx256m -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        --add-opens=java.base/java.nio=ALL-UNNAMED --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED \
        -Dtls.server.mode=disabled -Duser.home="$home" -Drocketmq.home.dir="$home" -Djava.io.tmpdir="$home" \
        -cp "$jars/*" "${program[@]}" </dev/null >"$home/output" 2>&1 &
    pids[$name]=$!
}

# The name server knows this broker. Some brokers miss their first registration, and a new name server waits for
# the next one: a change of configuration makes a broker register at once.
registered() {
    local name=$1 answer
    answer=$(ask "${ports[namesrv]}" 106 '' '') || return 1
    [[ $answer != *"\"$name\""* ]] || return 0
    ask "${ports[$name]}" 25 '' $'brokerPermission=6\n' >/dev/null || true
    return 1
}

ready() {
    local name=$1 deadline=$((SECONDS + ready_seconds)) broker
    until grep -qsE 'boot success|proxy startup successfully' "$work/$name/output"; do
        kill -0 "${pids[$name]}" 2>/dev/null && ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
    [[ -n ${pids[namesrv]-} ]] || return 0
    for broker in "${!pids[@]}"; do
        [[ $broker != broker-* ]] || until registered "$broker"; do
            kill -0 "${pids[$name]}" 2>/dev/null && ((SECONDS < deadline)) || return 1
            sleep 0.1
        done
    done
}

stop() {
    local pid=${pids[$1]}
    unset "pids[$1]"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

# The first start takes another port if the one it chose was lost; later ones keep theirs.
start() {
    local name=$1 fresh=
    [[ -n ${ports[$name]-} ]] || fresh=yes
    for _ in 1 2 3; do
        if [[ $fresh ]]; then
            ports[$name]=$(free_port)
            write_configuration "$name"
        fi
        launch "$name"
        ! ready "$name" || return 0
        stop "$name"
    done
    tail -n 20 "$work/$name/output" >&2
    return 1
}

# Asks until the answer has the text, and says what it was instead when it never has. On a busy machine a server that
# is asked too early, or needs longer than an answer may take, is asked again: all that is asked may be.
ask_for() {
    local text=$1 answer deadline=$((SECONDS + ready_seconds))
    shift
    until answer=$(ask "$@"); [[ $answer == *"$text"* ]]; do
        ((SECONDS < deadline)) || { echo "not $text in the answer to $2: ${answer:-none}" >&2; return 1; }
        sleep 0.1
    done
}

create() {
    local topic=$1 queues=$2 name
    for name in "${!pids[@]}"; do
        [[ $name == broker-* ]] || continue
        ask_for '"code":0,' "${ports[$name]}" 17 "\"topic\":\"$topic\",\"defaultTopic\":\"TBW102\",\"readQueueNums\":\"$queues\",\
\"writeQueueNums\":\"$queues\",\"perm\":\"6\",\"topicFilterType\":\"SINGLE_TAG\",\"topicSysFlag\":\"0\",\"order\":\"false\"" '' || return
        ask_for "\"$name\"" "${ports[namesrv]}" 105 "\"topic\":\"$topic\"" '' || return
    done
}

obey() {
    local pid=${pids[$2]-}
    case $1 in
    create) create "$2" "$3" ;;
    start) [[ -z $pid && -n ${ports[$2]-} ]] && start "$2" ;;
    kill) [[ -n $pid ]] && stop "$2" ;;
    freeze) kill -STOP "$pid" ;;
    thaw) kill -CONT "$pid" ;;
    *) return 1 ;;
    esac
}

start namesrv || die "the name server $version did not start"
letters=abcdefghijklmnopqrstuvwxyz
for ((i = 0; i < brokers; i++)); do
    name=broker-${letters:i:1}
    start "$name" || die "$name $version did not start"
done
[[ -z $proxy ]] || start proxy || die "the proxy $version did not start"
echo "name server 127.0.0.1:${ports[namesrv]}"
[[ -z $proxy ]] || echo "proxy 127.0.0.1:${ports[proxy]}"

while read -r command subject rest; do
    if [[ -n $subject ]] && obey "$command" "$subject" "$rest"; then echo ok; else echo "error: $command $subject $rest"; fi
done
