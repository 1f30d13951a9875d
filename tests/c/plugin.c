/* A plugin that carries the library inside it; plugin_host.c loads it. */
#include "program.h"

static rocketmq_producer *producer;

void plugin_start(const char *name_server);
void plugin_send(void);
void plugin_stop(void);

void plugin_start(const char *name_server)
{
    producer = started(name_server);
}

void plugin_send(void)
{
    CHECK(send_sync(producer, "my_topic", "from a plugin") == ROCKETMQ_OK);
}

void plugin_stop(void)
{
    shut_down(producer);
    rocketmq_producer_destroy(producer);
}
