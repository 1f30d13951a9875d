import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Random;
import java.util.Set;

/**
 * Makes sharding_keys.tsv: {@code java ShardingKeys.java > sharding_keys.tsv}. The same keys each time: Random's sequence
 * is part of its definition. A key's place among n queues is its hash modulo n, then the absolute value.
 */
public class ShardingKeys {
    private static final int KEYS = 10_000;
    private static final int[] QUEUES = {3, 8, 17, 1000};
    private static final Random RANDOM = new Random(20_240_601);

    public static void main(String[] args) {
        Set<String> keys = new LinkedHashSet<>();
        // Those whose hash is the least integer: known ones, and found ones.
        keys.add("");
        keys.add("polygenelubricants");
        keys.add("GydZG_");
        keys.add("DESIGNING WORKHOUSES");
        while (keys.size() < 30) {
            addLeast(keys, ascii(6));
        }
        keys.add("k".repeat(5000));
        keys.add("杭州".repeat(300));
        keys.add("😀".repeat(150));
        for (int number = 0; keys.size() < 2000; number++) {
            keys.add(Integer.toString(number - 500));
            keys.add("order-" + number * 7919);
        }
        while (keys.size() < 6000) {
            keys.add(ascii(1 + RANDOM.nextInt(16)));
        }
        while (keys.size() < KEYS) {
            keys.add(unicode(1 + RANDOM.nextInt(5)));
        }
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        out.print("hash");
        for (int queues : QUEUES) {
            out.print("\t" + queues);
        }
        out.print("\tkey\n");
        for (String key : keys) {
            out.print(key.hashCode());
            for (int queues : QUEUES) {
                out.print("\t" + Math.abs(key.hashCode() % queues));
            }
            out.print("\t" + key + "\n");
        }
        out.flush();
    }

    /** Adds the prefix with two letters behind it that make the hash the least integer, if there are such. */
    private static void addLeast(Set<String> keys, String prefix) {
        int hash = prefix.hashCode() * 31 * 31;
        for (char letter = ' '; letter <= '~'; letter++) {
            int last = Integer.MIN_VALUE - (hash + letter * 31);
            if (last > ' ' && last <= '~') {
                keys.add(prefix + letter + (char) last);
            }
        }
    }

    private static String ascii(int length) {
        StringBuilder key = new StringBuilder();
        while (key.length() < length) {
            key.append((char) (' ' + RANDOM.nextInt('~' - ' ' + 1)));
        }
        return key.toString();
    }

    /** Characters of one to four bytes, but no control characters and no half pairs. */
    private static String unicode(int length) {
        int[] starts = {'!', 0xC0, 0x4E00, 0xFF01, 0x1F600, 0x20000};
        StringBuilder key = new StringBuilder();
        for (int at = 0; at < length; at++) {
            key.appendCodePoint(starts[RANDOM.nextInt(starts.length)] + RANDOM.nextInt(64));
        }
        return key.toString();
    }
}
