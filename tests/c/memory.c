/* Far more sends are offered than can be taken, and what memory grows by. `frozen`: the test stops the broker.
 * `untaken`: the first callback does not return before all were offered. Then the limits on bytes and messages in
 * flight and on completions, the bytes of a body, and how many sends are offered. */
#include "program.h"
#include <semaphore.h>

static int ended, untaken, held;
static sem_t release;

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    (void)user_data;
    CHECK((result == NULL) != (error == NULL));
    if (untaken && add(&held, 1) == 1)
        while (sem_wait(&release) != 0) {
        }
    add(&ended, 1);
}

static long long status_kib(const char *name)
{
    char line[128];
    long long value = -1;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, name, strlen(name)) == 0) value = atoll(line + strlen(name) + 1);
    fclose(status);
    CHECK(value >= 0);
    return value;
}

/* The resident size from now on. */
static void forget_peak(void)
{
    FILE *clear = fopen("/proc/self/clear_refs", "w");
    CHECK(clear != NULL && fputs("5", clear) >= 0);
    CHECK(fclose(clear) == 0);
}

static rocketmq_producer *limited(const char *name_server, char **limits)
{
    rocketmq_config *config = new_config(name_server);
    rocketmq_producer *producer = NULL;
    rocketmq_error *error = NULL;
    must("bytes", rocketmq_config_set(config, "inflight.max.bytes", limits[0], &error), error);
    must("messages", rocketmq_config_set(config, "inflight.max.messages", limits[1], &error), error);
    must("completions", rocketmq_config_set(config, "completion.max", limits[2], &error), error);
    /* Bodies stay as large as they are. */
    must("compression", rocketmq_config_set(config, "compress.type", "none", &error), error);
    must("create", rocketmq_producer_create(config, &producer, &error), error);
    rocketmq_config_destroy(config);
    must("start", rocketmq_producer_start(producer, 10000, &error), error);
    return producer;
}

static rocketmq_status offer(rocketmq_producer *producer, const rocketmq_send_options *options, const char *body)
{
    rocketmq_message *message = new_message("Memory", body);
    rocketmq_status status = rocketmq_producer_send_async(producer, message, options, on_sent, NULL, NULL);
    rocketmq_message_destroy(message);
    return status;
}

int main(int argc, char **argv)
{
    rocketmq_send_options *options = rocketmq_send_options_create();
    rocketmq_producer *producer;
    char *body;
    int bytes, offered, offers, accepted = 0, queue_full = 0, completion_full = 0;
    long long before, peak;
    CHECK(argc == 8);
    untaken = strcmp(argv[2], "untaken") == 0, bytes = atoi(argv[6]), offers = atoi(argv[7]);
    body = (char *)calloc(1, (size_t)bytes + 1);
    CHECK(body != NULL);
    CHECK(sem_init(&release, 0, 0) == 0);
    memset(body, 'x', (size_t)bytes);
    must("timeout", rocketmq_send_options_set_timeout_ms(options, 120000), NULL);
    producer = limited(argv[1], argv + 3);
    CHECK(send_sync(producer, "Memory", body) == ROCKETMQ_OK);
    pause_here("ready");

    forget_peak();
    before = status_kib("VmRSS:");
    for (offered = 0; offered < offers; offered++) {
        rocketmq_status status = offer(producer, options, body);
        /* Until its callbacks are too many, the broker shall have its time. */
        while (untaken && completion_full == 0 && status == ROCKETMQ_ERR_QUEUE_FULL) {
            sleep_ms(1);
            status = offer(producer, options, body);
        }
        accepted += status == ROCKETMQ_OK;
        queue_full += status == ROCKETMQ_ERR_QUEUE_FULL;
        completion_full += status == ROCKETMQ_ERR_COMPLETION_FULL;
    }
    CHECK(accepted + queue_full + completion_full == offers);
    peak = status_kib("VmHWM:");
    say("accepted", accepted);
    say("queue_full", queue_full);
    say("completion_full", completion_full);
    say("before_kib", before);
    say("growth_kib", peak - before);
    CHECK(sem_post(&release) == 0);
    if (untaken) shut_down(producer);
    else while (rocketmq_producer_shutdown(producer, 0, NULL) == ROCKETMQ_ERR_TIMEOUT) sleep_ms(10);
    CHECK(get(&ended) == accepted);
    rocketmq_producer_destroy(producer);
    rocketmq_send_options_destroy(options);
    free(body);
    return 0;
}
