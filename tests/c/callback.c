/* What a callback may call. */
#include "program.h"

#define CHAIN 100

struct chain {
    rocketmq_producer *producer;
    rocketmq_producer *other;
    const char *name_server;
    int calls;
    int refused;
    int done;
};

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data);

static void refuse(struct chain *chain, rocketmq_status status, rocketmq_error **error)
{
    CHECK(status == ROCKETMQ_ERR_WOULD_DEADLOCK && rocketmq_error_status(*error) == status);
    rocketmq_error_destroy(*error);
    add(&chain->refused, 1);
}

/* The calls that would wait for this thread are refused, whichever producer they name and whatever their limit. */
static void try_to_shut_down(struct chain *chain)
{
    static const int64_t limits[] = {0, 1000, ROCKETMQ_WAIT_FOREVER};
    rocketmq_error *error = NULL;
    size_t index;
    for (index = 0; index < 3; index++) {
        refuse(chain, rocketmq_producer_shutdown(chain->producer, limits[index], &error), &error);
        refuse(chain, rocketmq_producer_shutdown(chain->other, limits[index], &error), &error);
        refuse(chain, rocketmq_global_shutdown(limits[index], &error), &error);
    }
    CHECK(rocketmq_producer_state(chain->producer) == ROCKETMQ_STATE_RUNNING);
    CHECK(rocketmq_producer_state(chain->other) == ROCKETMQ_STATE_RUNNING);
}

/* Everything else works, also what waits. */
static void use_the_library(struct chain *chain)
{
    rocketmq_producer *mine = started(chain->name_server);
    rocketmq_message *message = new_message("Callback", "one-way");
    rocketmq_queue_list *list = NULL;
    CHECK(send_sync(mine, "Callback", "sync on a new producer") == ROCKETMQ_OK);
    CHECK(send_sync(chain->producer, "Callback", "sync") == ROCKETMQ_OK);
    CHECK(rocketmq_producer_send_oneway(chain->producer, message, NULL, NULL) == ROCKETMQ_OK);
    CHECK(rocketmq_producer_prepare_topic(chain->producer, "Callback", 10000, NULL) == ROCKETMQ_OK);
    must("queues", rocketmq_producer_fetch_queues(chain->producer, "Callback", 10000, &list, NULL), NULL);
    CHECK(rocketmq_queue_list_size(list) > 0);
    rocketmq_queue_list_destroy(list);
    rocketmq_message_destroy(message);
    rocketmq_producer_destroy(mine);
}

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    struct chain *chain = (struct chain *)user_data;
    int calls = add(&chain->calls, 1);
    CHECK(result != NULL && error == NULL);
    if (calls == 1) try_to_shut_down(chain);
    if (calls == 2) use_the_library(chain);
    if (calls < CHAIN) CHECK(send_async(chain->producer, "Callback", "chain", on_sent, chain) == ROCKETMQ_OK);
    if (calls == CHAIN) add(&chain->done, 1);
}

int main(int argc, char **argv)
{
    struct chain chain;
    CHECK(argc == 2);
    memset(&chain, 0, sizeof chain);
    chain.name_server = argv[1];
    chain.producer = started(argv[1]);
    chain.other = started(argv[1]);
    CHECK(send_async(chain.producer, "Callback", "chain", on_sent, &chain) == ROCKETMQ_OK);
    CHECK(reaches(&chain.done, 1));
    shut_down(chain.producer);
    say("callbacks", get(&chain.calls));
    say("refused", get(&chain.refused));
    rocketmq_producer_destroy(chain.producer);
    rocketmq_producer_destroy(chain.other);
    shut_down_all();
    return 0;
}
