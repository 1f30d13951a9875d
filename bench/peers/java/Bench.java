import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;

/**
 * Apache RocketMQ's Java producer under the load that all clients of the benchmark get.
 *
 * <p>Main only watches; the sending threads live as long as the process, so that their context switches can be
 * read at both ends of the timed part.
 */
public final class Bench {
    /** One call in so many is timed from the caller's side. */
    private static final int CALL_SAMPLING = 17;
    private static final long STALLED_SECONDS = 20;
    /** One-way sends in a row of a warm-up. */
    private static final long PORTION = 20_000;

    private final Settings settings;
    private final DefaultMQProducer producer;
    private final byte[] body;
    private final ExecutorService senders;
    private final LongAdder accepted = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder late = new LongAdder();
    private final AtomicReference<String> firstFailure = new AtomicReference<>();

    public static void main(String[] arguments) {
        int status = 1;
        try {
            Settings settings = new Settings(arguments);
            // Read once, when the class RemotingCommand is loaded.
            System.setProperty("rocketmq.serialize.type", settings.binary ? "ROCKETMQ" : "JSON");
            Figures figures = new Bench(settings).run();
            figures.print();
            status = 0;
        } catch (Failure failure) {
            System.err.println("bench java: " + failure.getMessage());
        } catch (Exception exception) {
            System.err.println("bench java: " + exception);
        }
        // Threads of the client, or a call that never returns, must not hold the process.
        Runtime.getRuntime().halt(status);
    }

    private Bench(Settings settings) {
        this.settings = settings;
        body = pseudoRandom(settings.body);
        senders = Executors.newFixedThreadPool(settings.threads);
        producer = new DefaultMQProducer("bench");
        producer.setNamesrvAddr(settings.nameServer);
        producer.setSendMsgTimeout(3000);
        producer.setVipChannelEnabled(false);
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
    }

    private Figures run() throws Exception {
        watch("start the producer", List.of(senders.submit(() -> {
            producer.start();
            return new Samples(0, 0);
        })));
        warmUp();
        late.reset();

        Usage before = Usage.now();
        long begin = System.nanoTime();
        List<Samples> samples = part(settings.messages, 0, true);
        long nanos = System.nanoTime() - begin;
        Usage after = Usage.now();
        Figures figures = new Figures();
        figures.text("client", "rocketmq-client-java " + version());
        figures.number("messages", settings.messages);
        figures.number("accepted", accepted.sum());
        figures.number("failed", failed.sum());
        figures.decimal("cpu_us", (after.cpuNanos - before.cpuNanos) / 1e3 / settings.messages);
        figures.decimal("seconds", nanos / 1e9);
        figures.decimal("rate", settings.messages * 1e9 / nanos);
        figures.decimal("switches", (double) (after.switches - before.switches) / settings.messages);
        figures.percentiles("", Samples.latencies(samples), true);
        figures.percentiles("call_", Samples.calls(samples), false);
        if (settings.phase == Phase.OPEN) {
            figures.number("late", late.sum());
        }
        figures.number("rss_kib", after.rssKib);
        figures.number("threads", after.threads);

        watch("shut the producer down", List.of(senders.submit(() -> {
            producer.shutdown();
            return new Samples(0, 0);
        })));
        if (failed.sum() > 0) {
            System.err.println("bench java: " + failed.sum() + " sends failed" + reason());
        }
        return figures;
    }

    /** One-way sends in portions, each closed by a sync one: too many in a row end 5.5.0, see {@link #part}. */
    private void warmUp() throws Exception {
        if (settings.phase != Phase.ONEWAY) {
            part(settings.warmup, settings.warmupSeconds, false);
            return;
        }
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(settings.warmupSeconds);
        for (long left = settings.warmup; left > 0 || System.nanoTime() < until; left -= PORTION) {
            part(left > 0 ? Math.min(left, PORTION) : PORTION, 0, false);
        }
    }

    /** Sends {@code messages}, and goes on until {@code seconds} have passed; at its end every answer is there. */
    private List<Samples> part(long messages, long seconds, boolean timed) throws Exception {
        long begin = System.nanoTime();
        List<Future<Samples>> running = new ArrayList<>();
        for (int thread = 0; thread < settings.threads; thread++) {
            long share = messages / settings.threads + (thread < messages % settings.threads ? 1 : 0);
            Sender sender = new Sender(thread, share, begin, seconds, timed);
            running.add(senders.submit(sender));
        }
        List<Samples> samples = watch("have " + settings.phase.name + " sends accepted", running);
        if (messages > 0 && accepted.sum() == 0) {
            throw new Failure("not one send was accepted" + reason());
        }
        if (settings.phase == Phase.ONEWAY) {
            // What was sent before it on the same connection has been read once this is answered; with several
            // brokers the last messages to the others may still be on their way. It waits for all of them, so that
            // the time-out of a send would be short. It does not end in 5.5.0 once over 65,535 are queued: there the
            // event loop itself waits for the permits that only it gives back, 3 seconds for each lost message.
            watch("have the sync send that closes the one-way sends answered", List.of(senders.submit(() -> {
                SendStatus status = producer.send(message(0), STALLED_SECONDS * 1000).getSendStatus();
                if (status != SendStatus.SEND_OK) {
                    throw new Failure("the status is " + status);
                }
                accepted.increment();
                return new Samples(0, 0);
            })));
        }
        return samples;
    }

    /** Waits for all, but not for longer than 20 seconds in which no send is accepted. */
    private <T> List<T> watch(String purpose, List<Future<T>> running) throws Exception {
        List<T> results = new ArrayList<>();
        long seen = accepted.sum();
        long since = System.nanoTime();
        while (results.size() < running.size()) {
            try {
                results.add(running.get(results.size()).get(1, TimeUnit.SECONDS));
            } catch (TimeoutException exception) {
                long now = System.nanoTime();
                if (accepted.sum() != seen) {
                    seen = accepted.sum();
                    since = now;
                } else if (now - since > TimeUnit.SECONDS.toNanos(STALLED_SECONDS)) {
                    throw new Failure("no progress for " + STALLED_SECONDS + " seconds, waiting to " + purpose
                        + "; failed sends so far: " + failed.sum() + reason());
                }
            } catch (ExecutionException exception) {
                throw new Failure("cannot " + purpose + ": " + exception.getCause().getMessage());
            }
        }
        return results;
    }

    private String reason() {
        return firstFailure.get() == null ? "" : ", the first one: " + firstFailure.get();
    }

    /** The client keeps a reference to the body and does not copy or change it. */
    private Message message(long number) {
        Message message = new Message();
        message.setTopic(settings.topics[(int) (number % settings.topics.length)]);
        message.setBody(body);
        return message;
    }

    private void settle(boolean ok, Object reason) {
        if (ok) {
            accepted.increment();
        } else {
            failed.increment();
            firstFailure.compareAndSet(null, String.valueOf(reason));
        }
    }

    private String version() throws IOException {
        Properties properties = new Properties();
        String entry = "/META-INF/maven/org.apache.rocketmq/rocketmq-client/pom.properties";
        try (InputStream stream = DefaultMQProducer.class.getResourceAsStream(entry)) {
            properties.load(stream);
        }
        return properties.getProperty("version");
    }

    private static byte[] pseudoRandom(int length) {
        byte[] bytes = new byte[length];
        long state = 0x9E3779B97F4A7C15L;
        for (int i = 0; i < length; i++) {
            state ^= state << 13;
            state ^= state >>> 7;
            state ^= state << 17;
            bytes[i] = (byte) (state >>> 32);
        }
        return bytes;
    }

    /** What one thread does in one part. */
    private final class Sender implements Callable<Samples> {
        private final int thread;
        private final long share;
        private final long begin;
        private final long seconds;
        private final int limit = Math.max(1, settings.window / settings.threads);
        private final Window window = new Window();
        private final Samples samples;

        Sender(int thread, long share, long begin, long seconds, boolean timed) {
            this.thread = thread;
            this.share = share;
            this.begin = begin;
            this.seconds = seconds;
            boolean latencies = settings.phase == Phase.SYNC || settings.phase == Phase.OPEN;
            samples = new Samples(timed && latencies ? (int) share : 0,
                timed && settings.phase != Phase.SYNC ? (int) (share / CALL_SAMPLING) + 1 : 0);
        }

        @Override
        public Samples call() throws InterruptedException {
            long until = begin + TimeUnit.SECONDS.toNanos(seconds);
            for (long number = 0; number < share || seconds > 0 && System.nanoTime() < until; number++) {
                switch (settings.phase) {
                    case SYNC:
                        sendSync((int) number);
                        break;
                    case ONEWAY:
                        sendOneway((int) number);
                        break;
                    default:
                        long due = settings.phase == Phase.OPEN ? sleepUntilDue(number) : 0;
                        if (window.outstanding.get() >= limit) {
                            late.increment();
                            window.waitUntil(limit / 2);
                        }
                        sendAsync((int) number, due);
                }
            }
            window.waitUntil(0);
            return samples;
        }

        private long sleepUntilDue(long number) {
            long due = begin + (long) (number * 1e9 / settings.rate);
            for (long now = System.nanoTime(); now < due; now = System.nanoTime()) {
                LockSupport.parkNanos(due - now);
            }
            return due;
        }

        private void sendSync(int number) {
            long called = System.nanoTime();
            try {
                SendResult result = producer.send(message(thread + (long) number));
                settle(result.getSendStatus() == SendStatus.SEND_OK, result.getSendStatus());
            } catch (Exception exception) {
                settle(false, exception);
            }
            samples.latency(number, System.nanoTime() - called);
        }

        private void sendOneway(int number) {
            long called = number % CALL_SAMPLING == 0 ? System.nanoTime() : 0;
            try {
                producer.sendOneway(message(thread + (long) number));
                settle(true, null);
            } catch (Exception exception) {
                settle(false, exception);
            }
            if (called != 0) {
                samples.call(number / CALL_SAMPLING, System.nanoTime() - called);
            }
        }

        private void sendAsync(int number, long due) {
            window.outstanding.incrementAndGet();
            SendCallback callback = new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    answered(result.getSendStatus() == SendStatus.SEND_OK, result.getSendStatus());
                }

                @Override
                public void onException(Throwable exception) {
                    answered(false, exception);
                }

                private void answered(boolean ok, Object reason) {
                    if (due != 0) {
                        samples.latency(number, System.nanoTime() - due);
                    }
                    settle(ok, reason);
                    window.release();
                }
            };
            long called = number % CALL_SAMPLING == 0 ? System.nanoTime() : 0;
            try {
                producer.send(message(thread + (long) number), callback);
            } catch (Exception exception) {
                settle(false, exception);
                window.release();
            }
            if (called != 0) {
                samples.call(number / CALL_SAMPLING, System.nanoTime() - called);
            }
        }
    }

    /** The outstanding sends of one thread: it stops at the limit and is woken once, when they are down to half. */
    private static final class Window {
        final AtomicInteger outstanding = new AtomicInteger();
        /** What the thread waits for; -1 while it does not wait. */
        private volatile int awaited = -1;

        void release() {
            if (outstanding.decrementAndGet() == awaited) {
                synchronized (this) {
                    notify();
                }
            }
        }

        synchronized void waitUntil(int level) throws InterruptedException {
            awaited = level;
            while (outstanding.get() > level) {
                wait();
            }
            awaited = -1;
        }
    }

    /** Nanoseconds measured by one thread and, for open, by the callbacks of its sends. */
    private static final class Samples {
        private final long[] latencies;
        private final long[] calls;

        Samples(int latencies, int calls) {
            this.latencies = new long[latencies];
            this.calls = new long[calls];
        }

        void latency(int number, long nanos) {
            if (number < latencies.length) {
                latencies[number] = nanos;
            }
        }

        void call(int number, long nanos) {
            if (number < calls.length) {
                calls[number] = nanos;
            }
        }

        static long[] latencies(List<Samples> all) {
            return all.stream().flatMapToLong(samples -> Arrays.stream(samples.latencies)).sorted().toArray();
        }

        /** Without the place that stays empty when the last sampled call is not reached. */
        static long[] calls(List<Samples> all) {
            return all.stream().flatMapToLong(samples -> Arrays.stream(samples.calls)).filter(nanos -> nanos > 0)
                .sorted().toArray();
        }
    }

    private static final class Usage {
        long cpuNanos;
        long switches;
        long rssKib;
        long threads;

        static Usage now() throws IOException {
            Usage usage = new Usage();
            var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            usage.cpuNanos = system.getProcessCpuTime();
            usage.rssKib = number(Paths.get("/proc/self/status"), "VmRSS:");
            try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Paths.get("/proc/self/task"))) {
                for (Path task : tasks) {
                    usage.threads++;
                    usage.switches += number(task.resolve("status"), "voluntary_ctxt_switches:");
                }
            }
            return usage;
        }

        /** A thread that has ended since its name was read counts nothing. */
        private static long number(Path file, String name) throws IOException {
            try {
                for (String line : Files.readAllLines(file)) {
                    if (line.startsWith(name)) {
                        return Long.parseLong(line.substring(name.length()).replace("kB", "").trim());
                    }
                }
            } catch (IOException exception) {
                if (Files.exists(file)) {
                    throw exception;
                }
            }
            return 0;
        }
    }

    private static final class Figures {
        private final Map<String, String> lines = new LinkedHashMap<>();

        void text(String name, String value) {
            lines.put(name, value);
        }

        void number(String name, long value) {
            text(name, Long.toString(value));
        }

        void decimal(String name, double value) {
            text(name, String.format(Locale.ROOT, "%.6f", value));
        }

        void percentiles(String prefix, long[] sorted, boolean withMax) {
            if (sorted.length == 0) {
                return;
            }
            for (String percent : new String[] {"50", "99", "99.9"}) {
                int rank = (int) Math.ceil(sorted.length * Double.parseDouble(percent) / 100);
                decimal(prefix + "p" + percent, sorted[Math.max(rank, 1) - 1] / 1e3);
            }
            if (withMax) {
                decimal(prefix + "max", sorted[sorted.length - 1] / 1e3);
            }
        }

        void print() {
            StringBuilder text = new StringBuilder();
            lines.forEach((name, value) -> text.append(name).append('\t').append(value).append('\n'));
            System.out.print(text.append("end\tok\n"));
            System.out.flush();
        }
    }

    private enum Phase {
        ASYNC, SYNC, ONEWAY, OPEN;

        final String name = name().toLowerCase(Locale.ROOT);
    }

    private static final class Settings {
        private static final String USAGE = "wanted: NAMESRV async|sync|oneway|open [key=value]...";

        final String nameServer;
        final Phase phase;
        final int messages;
        final int warmup;
        final int warmupSeconds;
        final int body;
        final int window;
        final int threads;
        final int rate;
        final boolean binary;
        final String[] topics;

        Settings(String[] arguments) throws Failure {
            if (arguments.length < 2) {
                throw new Failure(USAGE);
            }
            nameServer = arguments[0];
            phase = Arrays.stream(Phase.values()).filter(one -> one.name.equals(arguments[1])).findFirst()
                .orElseThrow(() -> new Failure("no such phase: " + arguments[1] + "; " + USAGE));
            Map<String, String> given = new LinkedHashMap<>();
            for (String argument : Arrays.asList(arguments).subList(2, arguments.length)) {
                int equals = argument.indexOf('=');
                if (equals < 0) {
                    throw new Failure("not key=value: " + argument);
                }
                given.put(argument.substring(0, equals), argument.substring(equals + 1));
            }
            messages = take(given, "messages", 100_000, 1);
            warmup = take(given, "warmup", 10_000, 0);
            warmupSeconds = take(given, "warmup_seconds", 0, 0);
            body = take(given, "body", 1024, 1);
            window = take(given, "window", 256, 1);
            threads = take(given, "threads", 1, 1);
            topics = new String[take(given, "topics", 1, 1)];
            Arrays.setAll(topics, number -> "bench-" + number);
            rate = take(given, "rate", 20_000, 1);
            String format = given.getOrDefault("format", "json");
            given.remove("format");
            binary = format.equals("binary");
            if (!binary && !format.equals("json")) {
                throw new Failure("no such format: " + format);
            }
            if (!given.isEmpty()) {
                throw new Failure("no such key: " + given.keySet().iterator().next());
            }
            if (phase == Phase.OPEN && threads != 1) {
                throw new Failure("open sends from one thread: threads=1");
            }
        }

        private static int take(Map<String, String> given, String key, int absent, int least) throws Failure {
            String text = given.remove(key);
            try {
                int value = text == null ? absent : Integer.parseInt(text);
                if (value >= least) {
                    return value;
                }
            } catch (NumberFormatException exception) {
                // Said below, like a number that is too small.
            }
            throw new Failure(key + "=" + text + " is not a number of at least " + least);
        }
    }

    /** Its message is the sentence that the process ends with. */
    private static final class Failure extends Exception {
        private static final long serialVersionUID = 1;

        Failure(String sentence) {
            super(sentence);
        }
    }
}
