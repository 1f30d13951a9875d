/* A program forks while a producer runs and sends are open. */
#include "program.h"
#include <sys/wait.h>

static int ended, in_the_wrong_process;
static pid_t parent;

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    CHECK((result == NULL) != (error == NULL));
    if (user_data == &parent && getpid() != parent) add(&in_the_wrong_process, 1);
    add(&ended, 1);
}

/* Each of these answers at once: nothing of the parent's is touched. */
static void use_what_was_inherited(rocketmq_producer *producer, const rocketmq_message *message)
{
    rocketmq_queue_list *list = NULL;
    rocketmq_send_result *result = NULL;
    rocketmq_error *error = NULL;
    long long began = now_us();

    CHECK(rocketmq_producer_send(producer, message, NULL, &result, &error) == ROCKETMQ_ERR_FORKED);
    CHECK(rocketmq_error_status(error) == ROCKETMQ_ERR_FORKED && rocketmq_error_message(error)[0] && !result);
    rocketmq_error_destroy(error);
    CHECK(rocketmq_producer_send_async(producer, message, NULL, on_sent, NULL, NULL) == ROCKETMQ_ERR_FORKED);
    CHECK(rocketmq_producer_send_oneway(producer, message, NULL, NULL) == ROCKETMQ_ERR_FORKED);
    CHECK(rocketmq_producer_start(producer, 10000, NULL) == ROCKETMQ_ERR_FORKED);
    CHECK(rocketmq_producer_shutdown(producer, 10000, NULL) == ROCKETMQ_ERR_FORKED);
    CHECK(rocketmq_producer_prepare_topic(producer, "Fork", 10000, NULL) == ROCKETMQ_ERR_FORKED);
    CHECK(rocketmq_producer_fetch_queues(producer, "Fork", 10000, &list, NULL) == ROCKETMQ_ERR_FORKED && !list);
    CHECK(rocketmq_producer_state(producer) == -1);
    CHECK(rocketmq_producer_client_id(producer)[0] == 0);
    CHECK(rocketmq_producer_in_flight(producer) == 0);
    rocketmq_producer_destroy(producer);
    CHECK(rocketmq_producer_send(producer, message, NULL, NULL, NULL) == ROCKETMQ_ERR_FORKED);
    say("inherited_us", now_us() - began);
}

static int child(rocketmq_producer *inherited, const rocketmq_message *message, const char *name_server)
{
    rocketmq_producer *producer;
    rocketmq_send_result *result = NULL;
    rocketmq_error *error = NULL;
    int others = ended;

    alarm(60); /* should it hang */
    use_what_was_inherited(inherited, message);
    producer = started(name_server);
    /* The message is plain memory. */
    must("send", rocketmq_producer_send(producer, message, NULL, &result, &error), error);
    printf("child_id %s\n", rocketmq_send_result_message_id(result));
    rocketmq_send_result_destroy(result);
    CHECK(send_async(producer, "Fork", "async of the child", on_sent, NULL) == ROCKETMQ_OK);
    shut_down(producer);
    CHECK(ended == others + 1);
    rocketmq_producer_destroy(producer);
    shut_down_all();
    CHECK(thread_count() == 1);
    say("callbacks_in_the_wrong_process", in_the_wrong_process);
    return 0;
}

int main(int argc, char **argv)
{
    rocketmq_producer *producer;
    rocketmq_message *message;
    rocketmq_send_result *result = NULL;
    int number, status = -1;
    pid_t pid;

    CHECK(argc == 2);
    parent = getpid();
    producer = started(argv[1]);
    message = new_message("Fork", "shared by both");
    must("send", rocketmq_producer_send(producer, message, NULL, &result, NULL), NULL);
    printf("parent_id %s\n", rocketmq_send_result_message_id(result));
    rocketmq_send_result_destroy(result);
    /* Open at the fork: the broker of this test answers late. */
    for (number = 0; number < 100; number++)
        CHECK(send_async(producer, "Fork", "async of the parent", on_sent, &parent) == ROCKETMQ_OK);
    fflush(stdout);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) exit(child(producer, message, argv[1]));
    CHECK(send_sync(producer, "Fork", "sync of the parent") == ROCKETMQ_OK);
    CHECK(waitpid(pid, &status, 0) == pid);
    say("child_status", status);
    CHECK(send_sync(producer, "Fork", "sync after the child") == ROCKETMQ_OK);
    shut_down(producer);
    say("callbacks", get(&ended));
    rocketmq_message_destroy(message);
    rocketmq_producer_destroy(producer);
    shut_down_all();
    return 0;
}
