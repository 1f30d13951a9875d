/* Producers that were used once and then left alone: wake-ups of the library's threads, CPU, threads. Arguments: name
 * server, producers, milliseconds, and whether they send before their peers may go. */
#include "program.h"
#include <sys/resource.h>

#define PRODUCERS_MAX 100

static long long switches_of(const char *thread)
{
    char path[64], line[128];
    long long switches = 0;
    FILE *status;
    snprintf(path, sizeof path, "/proc/self/task/%.16s/status", thread);
    status = fopen(path, "r");
    /* It has ended. */
    if (status == NULL) return 0;
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "Name:", 5) == 0 && strstr(line, "rmq-") == NULL) break;
        if (strncmp(line, "voluntary_ctxt_switches:", 24) == 0) switches = atoll(line + 24);
    }
    fclose(status);
    return switches;
}

/* Over all threads of the library. */
static long long switches(void)
{
    DIR *folder = opendir("/proc/self/task");
    struct dirent *entry;
    long long all = 0;
    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.') all += switches_of(entry->d_name);
    closedir(folder);
    return all;
}

static long long cpu_us(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* Threads beside this one; each must say whose it is. */
static int library_threads(void)
{
    DIR *folder = opendir("/proc/self/task");
    struct dirent *entry;
    char path[64], name[32];
    int count = 0;
    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        FILE *comm;
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid()) continue;
        snprintf(path, sizeof path, "/proc/self/task/%.16s/comm", entry->d_name);
        comm = fopen(path, "r");
        if (comm == NULL) continue;
        CHECK(fgets(name, sizeof name, comm) != NULL);
        fclose(comm);
        CHECK(strncmp(name, "rmq-", 4) == 0);
        printf("thread %s", name);
        count++;
    }
    closedir(folder);
    return count;
}

static void no_line(int32_t level, const char *target, const char *text, void *user_data)
{
    (void)level, (void)target, (void)text, (void)user_data;
}

int main(int argc, char **argv)
{
    static rocketmq_producer *producers[PRODUCERS_MAX];
    int count, index, pause_ms;
    long long before, cpu_before, began;
    CHECK(argc == 5);
    count = atoi(argv[2]), pause_ms = atoi(argv[3]);
    CHECK(count <= PRODUCERS_MAX);
    /* Every line, so that the log's thread is there and counted too. */
    must("log", rocketmq_log_set_callback(ROCKETMQ_LOG_TRACE, no_line, NULL, NULL), NULL);
    for (index = 0; index < count; index++) {
        producers[index] = started(argv[1]);
        if (strcmp(argv[4], "sends") == 0) CHECK(send_sync(producers[index], "Idle", "once") == ROCKETMQ_OK);
    }
    pause_here("ready");
    /* What follows from a change of the peers at once is not idleness. */
    sleep_ms(2000);
    say("threads", library_threads());
    before = switches(), cpu_before = cpu_us(), began = now_us();
    sleep_ms(pause_ms);
    say("switches", switches() - before);
    say("cpu_us", cpu_us() - cpu_before);
    say("us", now_us() - began);
    say("threads_at_the_end", library_threads());
    for (index = 0; index < count; index++) rocketmq_producer_destroy(producers[index]);
    shut_down_all();
    return 0;
}
