// Push consumers of Apache's own client: prints what was delivered to them, in which order, when and on which thread.
//
//   java -cp "target/apache/reader/*" tests/apache/PushConsume.java      (commands from stdin, one a line)
//
//   subscribe NAME_SERVER TOPIC orderly|concurrent tag|sql EXPRESSION    answers {"end":true,"id":N}
//   count ID                                                             answers {"end":true,"count":N}
//   arrived ID                                                           a JSON line each, then {"end":true,"count":N}
//   stop ID                                                              answers {"end":true}
//
// `subscribe` returns when the consumer has all queues of the topic, which must be there: a consumer that starts before
// its topic gets the queues late. Each consumer is a group of its own, from the first offset on. A message stands there
// once for each delivery, in the order of arrival; `turn` counts the deliveries on the thread `thread`. A failed command
// answers {"end":true,"error":"..."}.

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
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

@SuppressWarnings("deprecation") // nothing else tells which queues a consumer has
public class PushConsume {
    static final PrintStream OUT =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    static final List<PushConsume> CONSUMERS = new ArrayList<>();
    static final long START_MS = 30000;

    final DefaultMQPushConsumer consumer;
    final List<String> arrived = new ArrayList<>();
    final Map<String, Integer> turns = new HashMap<>();

    public static void main(String[] args) throws Exception {
        // Else the client writes log files into the home directory; and then it warns that it has no log.
        System.setProperty("rocketmq.client.logUseSlf4j", "true");
        // A consumer that missed its queues at the start, or the lock on them, tries again at once and not after 20 s.
        System.setProperty("rocketmq.client.rebalance.waitInterval", "500");
        System.setProperty("rocketmq.client.rebalance.lockInterval", "500");
        System.setErr(new PrintStream(OutputStream.nullOutputStream()));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            try {
                run(line);
            } catch (Exception e) {
                OUT.println("{\"end\":true,\"error\":" + json(why(e)) + "}");
            }
        }
        System.exit(0); // the client leaves threads behind
    }

    static void run(String line) throws Exception {
        String[] words = line.split(" ", 6);
        if (words[0].equals("subscribe") && words.length == 6) {
            CONSUMERS.add(new PushConsume(words[1], words[2], words[3].equals("orderly"),
                words[4].equals("sql") ? MessageSelector.bySql(words[5]) : MessageSelector.byTag(words[5])));
            OUT.println("{\"end\":true,\"id\":" + (CONSUMERS.size() - 1) + "}");
            return;
        }
        PushConsume consumer = CONSUMERS.get(Integer.parseInt(words[1]));
        if (words[0].equals("stop")) {
            consumer.consumer.shutdown();
            OUT.println("{\"end\":true}");
            return;
        }
        List<String> lines;
        synchronized (consumer.arrived) {
            lines = List.copyOf(consumer.arrived);
        }
        if (words[0].equals("arrived")) {
            lines.forEach(OUT::println);
        }
        OUT.println("{\"end\":true,\"count\":" + lines.size() + "}");
    }

    PushConsume(String nameServer, String topic, boolean orderly, MessageSelector selector) throws Exception {
        String name = "push_" + System.nanoTime();
        consumer = new DefaultMQPushConsumer(name);
        consumer.setInstanceName(name);
        consumer.setNamesrvAddr(nameServer);
        consumer.setVipChannelEnabled(false);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeThreadMin(4);
        consumer.setConsumeThreadMax(4);
        consumer.setPollNameServerInterval(500);
        consumer.subscribe(topic, selector);
        if (orderly) {
            consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
                arrive(messages);
                return ConsumeOrderlyStatus.SUCCESS;
            });
        } else {
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                arrive(messages);
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
        }
        consumer.start();
        long end = System.currentTimeMillis() + START_MS;
        while (!hasItsQueues(topic)) {
            if (System.currentTimeMillis() > end) {
                consumer.shutdown();
                throw new IllegalStateException("the consumer has no queues of " + topic);
            }
            Thread.sleep(20);
        }
    }

    boolean hasItsQueues(String topic) throws Exception {
        int queues = consumer.fetchSubscribeMessageQueues(topic).size();
        long mine = consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
            .filter(queue -> queue.getTopic().equals(topic)).count();
        return queues > 0 && mine == queues;
    }

    void arrive(List<MessageExt> messages) {
        long now = System.currentTimeMillis();
        String thread = Thread.currentThread().getName();
        synchronized (arrived) {
            for (MessageExt message : messages) {
                arrived.add(describe(message, now, thread, turns.merge(thread, 1, Integer::sum) - 1));
            }
        }
    }

    static String describe(MessageExt message, long arrivalMs, String thread, int turn) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("broker", message.getBrokerName());
        fields.put("queueId", message.getQueueId());
        fields.put("queueOffset", message.getQueueOffset());
        fields.put("msgId", message.getMsgId());
        fields.put("keys", message.getKeys());
        fields.put("tags", message.getTags());
        fields.put("properties", new TreeMap<>(message.getProperties()));
        fields.put("sysFlag", message.getSysFlag());
        fields.put("bornTimestamp", message.getBornTimestamp());
        fields.put("storeTimestamp", message.getStoreTimestamp());
        fields.put("reconsumeTimes", message.getReconsumeTimes());
        fields.put("arrivalMs", arrivalMs);
        fields.put("thread", thread);
        fields.put("turn", turn);
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
