/* Sends on both sides of forks: in the parent, in its children, and in theirs, each through a producer of its own. */
#include "program.h"
#include <sys/wait.h>

enum { SENDS = 300 };

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    CHECK(result != NULL && error == NULL);
    add((int *)user_data, 1);
}

static void send_all(rocketmq_producer *producer)
{
    int number, ended = 0;
    for (number = 0; number < SENDS; number++)
        CHECK(send_async(producer, "Ids", "x", on_sent, &ended) == ROCKETMQ_OK);
    CHECK(reaches(&ended, SENDS));
}

/* Sends before, while and after a child does the same. */
static void life(const char *name_server, int forks)
{
    rocketmq_producer *producer = started(name_server);
    int status = -1;
    pid_t pid = 0;
    send_all(producer);
    if (forks > 0) {
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            alarm(120); /* should it hang */
            life(name_server, forks - 1);
            _exit(0);
        }
    }
    send_all(producer);
    if (pid > 0) CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    shut_down(producer);
    rocketmq_producer_destroy(producer);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    life(argv[1], 4);
    say("messages", 5 * 2 * SENDS);
    shut_down_all();
    return 0;
}
