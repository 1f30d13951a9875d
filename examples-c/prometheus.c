/* Turns the statistics of a producer into what Prometheus reads. prometheus() is what to copy: it takes the text of
 * rocketmq_producer_stats_json(), which comes out of a pipe here.
 *
 *   cc -Iinclude examples-c/prometheus.c -Ltarget/release -lrocketmq_producer -Wl,-rpath,target/release -o prometheus
 *   ./stats 127.0.0.1:9876 my_group my_topic | ./prometheus
 */
#include <stdio.h>
#include <string.h>

static const struct { const char *name, *type, *path; } METRICS[] = {
    {"stored_total", "counter", "sends.stored.sends"}, {"written_total", "counter", "sends.written.sends"},
    {"failed_total", "counter", "sends.failed.by_status.count"}, {"retries_total", "counter", "sends.retries"},
    {"refused_total", "counter", "refused.by_status.count"}, {"in_flight", "gauge", "in_flight.sends"},
    {"latency_p99_us", "gauge", "sends.stored.latency_us.p99"}, {"route_age_ms", "gauge", "routes.age_ms"},
    {"broker_out_bytes_total", "counter", "brokers.bytes_out"},
    {"broker_throttled_total", "counter", "brokers.throttled"},
    {"broker_lost_total", "counter", "brokers.connections_lost"}, {"rtt_p99_us", "gauge", "brokers.round_trip_us.p99"},
};

static const char *value(const char *json, const char *path, const char *name, const char *label);

/* Who an object in a list is: its first member. Prometheus has no \u: its backslash becomes two. */
static const char *label_of(const char *object, char *label, size_t size)
{
    const char *key = object + 2, *from = strchr(key, '"') + 2, *end = value(from, NULL, "", "");
    char *to = label + snprintf(label, size, "{%.*s=\"", (int)(from - 2 - key), key);

    if (*from == '"') from++, end--;
    for (; from < end && to + 5 < label + size; from++) {
        *to++ = *from;
        if (*from == '\\') *to++ = from[1] == 'u' ? '\\' : *++from;
    }
    strcpy(to, "\"}");
    return label;
}

/* Prints the numbers at `path` of the value at `json`, and finds its end. The library writes no white space. */
static const char *value(const char *json, const char *path, const char *name, const char *label)
{
    char own[512];
    size_t length = strcspn(json, ",]}");

    if (*json == '"') {
        while (*++json != '"') json += *json == '\\';
        return json + 1;
    }
    if (*json == '[') {
        for (json++; *json != ']'; json += *json == ',')
            json = value(json, path, name, label_of(json, own, sizeof own));
        return json + 1;
    }
    if (*json == '{') {
        for (json++; *json != '}'; json += *json == ',') {
            const char *key = json + 1, *rest = NULL;
            length = strcspn(key, "\"");
            if (path && !strncmp(path, key, length) && (path[length] == '.' || path[length] == '\0'))
                rest = path + length + (path[length] == '.');
            json = value(key + length + 2, rest, name, label);
        }
        return json + 1;
    }
    if (path && !*path) printf("rocketmq_producer_%s%s %.*s\n", name, label, (int)length, json);
    return json + length;
}

static void prometheus(const char *json)
{
    for (size_t index = 0; index < sizeof METRICS / sizeof METRICS[0]; index++) {
        printf("# TYPE rocketmq_producer_%s %s\n", METRICS[index].name, METRICS[index].type);
        value(json, METRICS[index].path, METRICS[index].name, "");
    }
}

int main(void)
{
    static char json[1 << 20];
    if (fread(json, 1, sizeof json - 1, stdin) > 0) prometheus(json);
    return *json == '{' ? 0 : 1;
}
