// Prints every stored message of a topic as one JSON line each, read by Apache's own client: what the tests hold
// against what the library says it sent.
//
//   java -cp "target/apache/reader/*" tests/apache/ReadBack.java read NAME_SERVER TOPIC [EXPECT [WAIT_MS]]
//   java -cp "target/apache/reader/*" tests/apache/ReadBack.java serve      (`read ...` commands from stdin, one a line)
//
// A plain pull of every queue from its first to its last offset, again and again until EXPECT messages are there or
// WAIT_MS (10000) are over: a broker answers a send a little before readers see the message.
// A body that is text stands there as body, any other as bodyHex. Each read ends with
// {"end":true,"count":N} or {"end":true,"error":"..."}.

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.common.message.MessageClientIDSetter;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

@SuppressWarnings("deprecation") // no other consumer of the client reads queues plainly
public class ReadBack {
    static final PrintStream OUT =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    static final Map<String, DefaultMQPullConsumer> CONSUMERS = new HashMap<>();

    public static void main(String[] args) throws Exception {
        // Else the client writes log files into the home directory; and then it warns that it has no log.
        System.setProperty("rocketmq.client.logUseSlf4j", "true");
        System.setErr(new PrintStream(OutputStream.nullOutputStream()));
        boolean ok = true;
        if (args.length == 1 && args[0].equals("serve")) {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line; (line = in.readLine()) != null; ) {
                run(line.trim().split("\\s+"));
            }
        } else {
            ok = run(args);
        }
        System.exit(ok ? 0 : 1); // the client leaves threads behind
    }

    static boolean run(String[] words) {
        try {
            if (words.length < 3 || !words[0].equals("read")) {
                throw new IllegalArgumentException("expected: read NAME_SERVER TOPIC [EXPECT [WAIT_MS]]");
            }
            int expect = words.length > 3 ? Integer.parseInt(words[3]) : 0;
            long waitMs = words.length > 4 ? Long.parseLong(words[4]) : 10000;
            List<String> lines = read(words[1], words[2], expect, waitMs);
            lines.forEach(OUT::println);
            OUT.println("{\"end\":true,\"count\":" + lines.size() + "}");
            return true;
        } catch (Exception e) {
            OUT.println("{\"end\":true,\"error\":" + json(why(e)) + "}");
            return false;
        }
    }

    static List<String> read(String nameServer, String topic, int expect, long waitMs) throws Exception {
        DefaultMQPullConsumer consumer = consumer(nameServer);
        long end = System.currentTimeMillis() + waitMs;
        while (true) {
            boolean last = System.currentTimeMillis() >= end;
            try {
                Map<MessageQueue, List<MessageExt>> found = new TreeMap<>();
                int count = 0;
                for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic)) {
                    List<MessageExt> messages = drain(consumer, queue);
                    found.put(queue, messages);
                    count += messages.size();
                }
                if (count >= expect || last) {
                    List<String> lines = new ArrayList<>();
                    found.forEach((queue, messages) -> messages.forEach(m -> lines.add(describe(queue, m))));
                    return lines;
                }
            } catch (Exception e) {
                if (last) {
                    throw e;
                }
            }
            Thread.sleep(100);
        }
    }

    static DefaultMQPullConsumer consumer(String nameServer) throws Exception {
        DefaultMQPullConsumer consumer = CONSUMERS.get(nameServer);
        if (consumer == null) {
            consumer = new DefaultMQPullConsumer("READBACK_GROUP");
            consumer.setNamesrvAddr(nameServer);
            consumer.setInstanceName("readback" + System.nanoTime());
            consumer.setVipChannelEnabled(false);
            consumer.setConsumerPullTimeoutMillis(5000);
            consumer.start();
            CONSUMERS.put(nameServer, consumer);
        }
        return consumer;
    }

    static List<MessageExt> drain(DefaultMQPullConsumer consumer, MessageQueue queue) throws Exception {
        List<MessageExt> all = new ArrayList<>();
        long at = consumer.minOffset(queue);
        long max = consumer.maxOffset(queue);
        while (at < max) {
            PullResult result = consumer.pull(queue, "*", at, 32);
            if (result.getPullStatus() == PullStatus.FOUND) {
                for (MessageExt message : result.getMsgFoundList()) {
                    if (message.getQueueOffset() < max) {
                        all.add(message);
                    }
                }
            }
            if (result.getNextBeginOffset() <= at) {
                break;
            }
            at = result.getNextBeginOffset();
        }
        return all;
    }

    static String describe(MessageQueue queue, MessageExt message) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("topic", message.getTopic());
        fields.put("broker", queue.getBrokerName());
        fields.put("queueId", message.getQueueId());
        fields.put("queueOffset", message.getQueueOffset());
        fields.put("msgId", message.getMsgId()); // the sender's UNIQ_KEY if there is one
        if (message.getProperties().containsKey("UNIQ_KEY")) { // what Java reads in it
            fields.put("idTimestamp", MessageClientIDSetter.getNearlyTimeFromID(message.getMsgId()).getTime());
            fields.put("idAddress", MessageClientIDSetter.getIPStrFromID(message.getMsgId()));
        }
        fields.put("offsetMsgId", message instanceof MessageClientExt m ? m.getOffsetMsgId() : null);
        fields.put("tags", message.getTags());
        fields.put("keys", message.getKeys());
        fields.put("flag", message.getFlag());
        fields.put("sysFlag", message.getSysFlag());
        fields.put("bornTimestamp", message.getBornTimestamp());
        fields.put("storeTimestamp", message.getStoreTimestamp());
        fields.put("reconsumeTimes", message.getReconsumeTimes());
        // The sender's, the broker's, and MIN_OFFSET and MAX_OFFSET, which reading adds.
        fields.put("properties", new TreeMap<>(message.getProperties()));
        byte[] body = message.getBody() == null ? new byte[0] : message.getBody(); // decompressed by the client
        try {
            fields.put("body", StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)));
        } catch (CharacterCodingException notText) {
            fields.put("bodyHex", HexFormat.of().formatHex(body));
        }
        return json(fields);
    }

    static String json(Object value) {
        if (value == null || value instanceof Number) {
            return String.valueOf(value);
        }
        if (value instanceof Map<?, ?> map) {
            List<String> members = new ArrayList<>();
            map.forEach((name, member) -> members.add(json(name) + ":" + json(member)));
            return "{" + String.join(",", members) + "}";
        }
        StringBuilder text = new StringBuilder("\"");
        for (char c : value.toString().toCharArray()) {
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < 0x20 || c > 0x7e) {
                text.append("\\u").append(HexFormat.of().toHexDigits(c));
            } else {
                text.append(c);
            }
        }
        return text.append('"').toString();
    }

    static String why(Throwable error) { // the client hides the broker's answer in the cause
        StringBuilder text = new StringBuilder(error.toString());
        for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
            text.append(", caused by ").append(cause);
        }
        return text.toString();
    }
}
