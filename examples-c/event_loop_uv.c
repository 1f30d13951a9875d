/* Sends 100,000 messages from a libuv loop, which takes the ends as events, and says how long it was kept from the rest.
 *
 *   cc -Iinclude examples-c/event_loop_uv.c -Ltarget/release -lrocketmq_producer -Wl,-rpath,target/release -luv -o event_loop_uv
 *   ./event_loop_uv 127.0.0.1:9876 my_group my_topic
 */
#include <rocketmq_producer.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { COUNT = 100000, WINDOW = 1024, TURN = 256 };
static rocketmq_producer *producer;
static rocketmq_cq *cq;
static rocketmq_message *message;
static int sent, ended, lost;
static uint64_t longest_ns;
static uv_poll_t watch;
static uv_idle_t idle;

static void check(rocketmq_status status, rocketmq_error *error)
{
    if (status == ROCKETMQ_OK) return;
    fprintf(stderr, "%s\n", error ? rocketmq_error_message(error) : rocketmq_status_str(status));
    exit(1);
}

/* Each turn of the loop sends some, as long as there is room. */
static void send_some(uv_idle_t *handle)
{
    rocketmq_status status = ROCKETMQ_OK;
    uint64_t begun = uv_hrtime();
    for (int turn = 0; turn < TURN && sent < COUNT && sent < ended + WINDOW && status == ROCKETMQ_OK; turn++) {
        rocketmq_error *error = NULL;
        status = rocketmq_producer_send_cq(producer, message, NULL, cq, (uint64_t)sent, &error);
        if (status != ROCKETMQ_ERR_QUEUE_FULL && status != ROCKETMQ_ERR_COMPLETION_FULL) check(status, error);
        rocketmq_error_destroy(error);
        sent += status == ROCKETMQ_OK;
    }
    /* Events come first. */
    if (sent == COUNT || sent >= ended + WINDOW || status != ROCKETMQ_OK) uv_idle_stop(handle);
    if (uv_hrtime() - begun > longest_ns) longest_ns = uv_hrtime() - begun;
}

static void on_events(uv_poll_t *handle, int status, int what)
{
    static rocketmq_event events[TURN];
    uint64_t begun = uv_hrtime();
    int count = rocketmq_cq_poll(cq, events, TURN, 0);
    (void)status, (void)what;
    for (rocketmq_event *event = events; event < events + count; event++)
        if (event->status && lost++ == 0) fprintf(stderr, "%s\n", rocketmq_error_message(rocketmq_event_error(event)));
    rocketmq_event_release(events, count);
    ended += count;
    if (uv_hrtime() - begun > longest_ns) longest_ns = uv_hrtime() - begun;
    if (ended == COUNT) uv_poll_stop(handle); else if (sent < COUNT) uv_idle_start(&idle, send_some);
}

int main(int argc, char **argv)
{
    rocketmq_config *config = rocketmq_config_create();
    rocketmq_error *error = NULL;
    if (argc != 4) return fprintf(stderr, "usage: %s name-server group topic\n", argv[0]), 2;
    check(rocketmq_config_set(config, "namesrv.addr", argv[1], &error), error);
    check(rocketmq_config_set(config, "producer.group", argv[2], &error), error);
    check(rocketmq_producer_create(config, &producer, &error), error);
    rocketmq_config_destroy(config);
    check(rocketmq_producer_start(producer, 3000, &error), error);
    check(rocketmq_cq_create(&cq, &error), error);
    check(rocketmq_message_build(argv[3], ROCKETMQ_NTS, "TagF", ROCKETMQ_NTS, NULL, 0, "Hello uv", 8, &message, &error), error);
    uv_idle_init(uv_default_loop(), &idle);
    uv_idle_start(&idle, send_some);
    uv_poll_init(uv_default_loop(), &watch, rocketmq_cq_fd(cq));
    uv_poll_start(&watch, UV_READABLE, on_events);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    printf("%d sent, %d lost, longest step %.3f ms\n", ended, lost, (double)longest_ns / 1e6);
    rocketmq_message_destroy(message);
    rocketmq_producer_destroy(producer);
    rocketmq_cq_destroy(cq);
    return lost != 0;
}
