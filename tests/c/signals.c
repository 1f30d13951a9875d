/* Signals: none ends the program, none is taken by the library's threads, none disturbs a call. */
#include "program.h"
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* The library's calls come here first: every so often the socket that it writes to is a broken pipe. */
static int breaking, noisy, unmasked, writes, broken_pipes;

static void may_break(int descriptor)
{
    int type;
    socklen_t size = sizeof type;
    if (!get(&breaking) || getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return;
    if (add(&writes, 1) % 20 == 0 && shutdown(descriptor, SHUT_WR) == 0) add(&broken_pipes, 1);
}

static int flags_of(int flags)
{
    return get(&noisy) ? flags & ~MSG_NOSIGNAL : flags;
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags)
{
    may_break(descriptor);
    return syscall(SYS_sendmsg, descriptor, message, flags_of(flags));
}

ssize_t send(int descriptor, const void *bytes, size_t count, int flags)
{
    may_break(descriptor);
    return syscall(SYS_sendto, descriptor, bytes, count, flags_of(flags), NULL, 0);
}

ssize_t write(int descriptor, const void *bytes, size_t count)
{
    may_break(descriptor);
    return syscall(SYS_write, descriptor, bytes, count);
}

ssize_t writev(int descriptor, const struct iovec *pieces, int count)
{
    may_break(descriptor);
    return syscall(SYS_writev, descriptor, pieces, count);
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
    if (get(&unmasked)) {
        if (before) sigemptyset(before);
        return 0;
    }
    return syscall(SYS_rt_sigprocmask, how, set, before, 8) == 0 ? 0 : errno;
}

static int stop, succeeded, failed, ended, accepted;
static rocketmq_producer *producer;

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    (void)user_data;
    CHECK((result == NULL) != (error == NULL));
    add(result ? &succeeded : &failed, 1);
    add(&ended, 1);
}

static void *send_and_wait(void *argument)
{
    (void)argument;
    while (!get(&stop)) add(send_sync(producer, "Signals", "sync") == ROCKETMQ_OK ? &succeeded : &failed, 1);
    return NULL;
}

static void *send_on(void *argument)
{
    rocketmq_message *message = new_message("Signals", "one-way");
    (void)argument;
    while (!get(&stop)) {
        if (send_async(producer, "Signals", "async", on_sent, NULL) == ROCKETMQ_OK) add(&accepted, 1);
        rocketmq_producer_send_oneway(producer, message, NULL, NULL);
        if (get(&accepted) - get(&ended) > 100) sleep_ms(1);
    }
    rocketmq_message_destroy(message);
    return NULL;
}

static void outlive_brokers(const char *name_server)
{
    pthread_t threads[2];
    struct sigaction before;
    producer = started(name_server);
    add(&breaking, 1);
    CHECK(pthread_create(&threads[0], NULL, send_and_wait, NULL) == 0);
    CHECK(pthread_create(&threads[1], NULL, send_on, NULL) == 0);
    CHECK(reaches(&broken_pipes, 20));
    pause_here("ready");
    add(&stop, 1);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    add(&breaking, -1);
    sleep_ms(1500); /* the longest pause before the next connection is a second */
    {
        rocketmq_message *message = new_message("Signals", "last");
        rocketmq_error *error = NULL;
        must("last", rocketmq_producer_send(producer, message, NULL, NULL, &error), error);
        rocketmq_message_destroy(message);
    }
    CHECK(sigaction(SIGPIPE, NULL, &before) == 0 && before.sa_handler == SIG_DFL);
    shut_down(producer);
    CHECK(get(&accepted) == get(&ended));
    say("succeeded", get(&succeeded));
    say("failed", get(&failed));
    say("broken_pipes", get(&broken_pipes));
}

/* The signals that a thread blocks, as the kernel prints them. */
static void blocked(long thread, char mask[32])
{
    char path[64], line[256];
    FILE *status;
    snprintf(path, sizeof path, "/proc/self/task/%ld/status", thread);
    status = fopen(path, "r");
    CHECK(status != NULL);
    mask[0] = 0;
    while (fgets(line, sizeof line, status)) sscanf(line, "SigBlk: %31s", mask);
    fclose(status);
    CHECK(mask[0] != 0);
}

static void compare_masks(const char *name_server)
{
    char own[32], all[32], mask[32], path[300], name[32];
    sigset_t every, before;
    DIR *tasks;
    struct dirent *task;
    int library = 0, wrong = 0;

    sigfillset(&every);
    CHECK(pthread_sigmask(SIG_SETMASK, &every, &before) == 0);
    blocked(getpid(), all);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    blocked(getpid(), own);
    producer = started(name_server);
    CHECK(send_sync(producer, "Signals", "one") == ROCKETMQ_OK);
    tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    while ((task = readdir(tasks)) != NULL) {
        FILE *comm;
        if (task->d_name[0] == '.' || atol(task->d_name) == getpid()) continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        comm = fopen(path, "r");
        if (comm == NULL) continue; /* it has ended */
        CHECK(fscanf(comm, "%31s", name) == 1);
        fclose(comm);
        blocked(atol(task->d_name), mask);
        printf("thread %s %s\n", name, mask);
        library += strncmp(name, "rmq-", 4) == 0;
        wrong += strcmp(mask, all) != 0;
    }
    closedir(tasks);
    shut_down(producer);
    blocked(getpid(), mask);
    CHECK(strcmp(mask, own) == 0);
    say("library_threads", library);
    say("wrong_masks", wrong);
}

static int signals, on_library;

static void on_signal(int number)
{
    int saved = errno;
    (void)number;
    add(&signals, 1);
    if (on_library_thread()) add(&on_library, 1);
    errno = saved;
}

/* After this a signal to the process finds no other thread of the program than the library's. */
static void block_alarms(void)
{
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    CHECK(pthread_sigmask(SIG_BLOCK, &alarm_only, NULL) == 0);
}

static void *storm(void *target)
{
    block_alarms();
    while (!get(&stop)) {
        pthread_kill(*(pthread_t *)target, SIGUSR1);
        kill(getpid(), SIGALRM);
        usleep(100);
    }
    return NULL;
}

static void weather_a_storm(const char *name_server)
{
    pthread_t self = pthread_self(), other;
    struct sigaction action;
    long long until;
    rocketmq_error *error = NULL;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal; /* without SA_RESTART */
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(pthread_create(&other, NULL, storm, &self) == 0);
    producer = started(name_server);
    block_alarms();
    must("prepare", rocketmq_producer_prepare_topic(producer, "Signals", 10000, &error), error);
    for (until = now_us() + 2000000; now_us() < until;) {
        CHECK(send_sync(producer, "Signals", "sync") == ROCKETMQ_OK);
        CHECK(send_async(producer, "Signals", "async", on_sent, NULL) == ROCKETMQ_OK);
        add(&accepted, 1);
    }
    shut_down(producer);
    CHECK(get(&ended) == get(&accepted));
    rocketmq_producer_destroy(producer);
    shut_down_all();
    add(&stop, 1);
    pthread_join(other, NULL);
    say("sync", get(&accepted));
    say("failed", get(&failed));
    say("signals", get(&signals));
    say("signals_on_library_threads", get(&on_library));
}

int main(int argc, char **argv)
{
    sigset_t none;
    sigemptyset(&none);
    CHECK(argc == 3 && pthread_sigmask(SIG_SETMASK, &none, NULL) == 0);
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    if (strcmp(argv[2], "unmasked") == 0) add(&unmasked, 1), outlive_brokers(argv[1]);
    if (strcmp(argv[2], "careless") == 0) add(&unmasked, 1), add(&noisy, 1), outlive_brokers(argv[1]);
    if (strcmp(argv[2], "brokers") == 0) outlive_brokers(argv[1]);
    if (strcmp(argv[2], "masks") == 0) compare_masks(argv[1]);
    if (strcmp(argv[2], "storm") == 0) weather_a_storm(argv[1]);
    return 0;
}
