/* A mock beside the threads, descriptors, signals and forks of the program that it lives in. The argument names what is
 * tried. */
#include "mock_program.h"
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define TOPIC "Life"
#define SENDERS 4
#define SENDS 500
#define SHOWN 20

static int ended;

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    CHECK((result == NULL) != (error == NULL));
    add((int *)user_data, 1);
}

static void *send_many(void *producer)
{
    char body[32];
    int number;
    for (number = 0; number < SENDS; number++) {
        snprintf(body, sizeof body, "body %d", number);
        CHECK(send_sync((rocketmq_producer *)producer, TOPIC, body) == ROCKETMQ_OK);
    }
    return NULL;
}

static void start_senders(pthread_t *threads, rocketmq_producer *producer)
{
    int index;
    for (index = 0; index < SENDERS; index++) CHECK(pthread_create(&threads[index], NULL, send_many, producer) == 0);
}

static void join_all(pthread_t *threads, int count)
{
    while (count-- > 0) CHECK(pthread_join(threads[count], NULL) == 0);
}

/* What was shown stays where it is and as it is, while messages come in. */
static void texts(void)
{
    rocketmq_mock *mock = new_mock(2);
    rocketmq_producer *producer = started_with(mock, NULL, NULL);
    const char *ids[SHOWN], *waits[SHOWN], *bodies[SHOWN], *namesrv = rocketmq_mock_namesrv(mock);
    char copies[SHOWN][64], bodies_then[SHOWN][32], sentence[256];
    const char *failure;
    size_t lens[SHOWN], index;
    pthread_t threads[SENDERS];

    CHECK(rocketmq_mock_message_id(mock, TOPIC, SIZE_MAX)[0] == 0);
    failure = rocketmq_mock_error(mock);
    snprintf(sentence, sizeof sentence, "%s", failure);
    start_senders(threads, producer);
    HOLDS(mock, rocketmq_mock_wait_messages(mock, TOPIC, SHOWN, 20000) == 0);
    for (index = 0; index < SHOWN; index++) {
        ids[index] = rocketmq_mock_message_id(mock, TOPIC, index);
        waits[index] = rocketmq_mock_message_property(mock, TOPIC, index, "WAIT");
        bodies[index] = (const char *)rocketmq_mock_message_body(mock, TOPIC, index, &lens[index]);
        CHECK(strlen(ids[index]) >= 32 && waits[index] && lens[index] < sizeof bodies_then[index]);
        snprintf(copies[index], sizeof copies[index], "%s", ids[index]);
        memcpy(bodies_then[index], bodies[index], lens[index]);
    }
    while (rocketmq_mock_message_count(mock, TOPIC) < SENDERS * SENDS)
        for (index = 0; index < SHOWN; index++) CHECK(rocketmq_mock_message_id(mock, TOPIC, index) == ids[index]);
    join_all(threads, SENDERS);
    for (index = 0; index < SENDERS * SENDS; index++) CHECK(rocketmq_mock_message_id(mock, TOPIC, index)[0]);
    CHECK(rocketmq_mock_set_broker(mock, 7, 0) == -1);
    for (index = 0; index < SHOWN; index++) {
        CHECK(strcmp(ids[index], copies[index]) == 0 && strcmp(waits[index], "true") == 0);
        CHECK(memcmp(bodies[index], bodies_then[index], lens[index]) == 0);
    }
    CHECK(strcmp(failure, sentence) == 0 && strstr(sentence, "there is no message"));
    CHECK(rocketmq_mock_namesrv(mock) == namesrv);
    say("messages", (long long)rocketmq_mock_message_count(mock, TOPIC));
    end(producer);
    rocketmq_mock_destroy(mock);
    shut_down_all();
}

/* Everything at once from many threads. One alone switches a broker: two would undo each other's work before it is
 * done. */
static int stop, switchers;

static void *meddle(void *given)
{
    rocketmq_mock *mock = (rocketmq_mock *)given;
    int round, switches = add(&switchers, 1) == 1;
    char topic[32];
    for (round = 0; !get(&stop); round++) {
        size_t count = rocketmq_mock_message_count(mock, TOPIC), len;
        snprintf(topic, sizeof topic, "Topic-%d", round % 100);
        HOLDS(mock, rocketmq_mock_add_topic(mock, topic, 1 + round % 8) == 0);
        HOLDS(mock, rocketmq_mock_push_response(mock, round % 2, ROCKETMQ_MOCK_ANY_SEND, 2, 0, 1) == 0);
        HOLDS(mock, rocketmq_mock_push_disconnect(mock, ROCKETMQ_MOCK_ANY_BROKER, ROCKETMQ_MOCK_HEART_BEAT, 0, 1) == 0);
        HOLDS(mock, rocketmq_mock_clear_faults(mock) == 0);
        HOLDS(mock, rocketmq_mock_set_latency_ms(mock, round % 2, 0) == 0);
        CHECK(rocketmq_mock_add_topic(mock, topic, -round) == -1 && rocketmq_mock_error(mock)[0]);
        CHECK(rocketmq_mock_ask_tx(mock, topic) == -1 && rocketmq_mock_reply(mock, topic, topic, 3) == -1);
        if (count > 0) {
            CHECK(rocketmq_mock_message_body(mock, TOPIC, count - 1, &len) && len > 4);
            CHECK(rocketmq_mock_message_property(mock, TOPIC, count / 2, "UNIQ_KEY"));
            HOLDS(mock, rocketmq_mock_wait_messages(mock, TOPIC, count, 0) == 0);
        }
        if (switches && round % 64 == 0) {
            HOLDS(mock, rocketmq_mock_set_broker(mock, 1, 0) == 0);
            HOLDS(mock, rocketmq_mock_set_broker(mock, 1, 1) == 0);
        }
    }
    add(&ended, round);
    return NULL;
}

static void together(void)
{
    rocketmq_mock *mock = new_mock(2);
    rocketmq_producer *producer = started_with(mock, "send.retries", "32");
    pthread_t senders[SENDERS], others[4];
    int index, threads;
    start_senders(senders, producer);
    for (index = 0; index < 4; index++) CHECK(pthread_create(&others[index], NULL, meddle, mock) == 0);
    join_all(senders, SENDERS);
    add(&stop, 1);
    join_all(others, 4);
    CHECK(rocketmq_mock_message_count(mock, TOPIC) >= SENDERS * SENDS);
    say("rounds", ended);
    end(producer);
    shut_down_all();
    threads = thread_count();
    rocketmq_mock_destroy(mock);
    CHECK(threads_left(threads - 1) == threads - 1);
}

/* Destroyed while producers are connected and sends are open. */
static void destroys(void)
{
    int threads = thread_count(), descriptors = descriptor_count(), round;
    for (round = 0; round < 20; round++) {
        rocketmq_mock *mock = new_mock(2);
        rocketmq_producer *producer = started_with(mock, "send.timeout.ms", "150");
        rocketmq_message *message = new_message(TOPIC, "open");
        int number, mine = 0;
        CHECK(send_sync(producer, TOPIC, "x") == ROCKETMQ_OK);
        HOLDS(mock, rocketmq_mock_push_response(mock, -1, ROCKETMQ_MOCK_ANY_SEND, 0, round % 2 ? -1 : 5, -1) == 0);
        for (number = 0; number < 20; number++)
            must("send", rocketmq_producer_send_async(producer, message, NULL, on_sent, &mine, NULL), NULL);
        rocketmq_mock_destroy(mock);
        CHECK(reaches(&mine, 20));
        rocketmq_message_destroy(message);
        end(producer);
    }
    shut_down_all();
    CHECK(threads_left(threads) == threads);
    CHECK(descriptor_count() == descriptors);
}

static int dialled(const char *address)
{
    struct sockaddr_in to;
    int client = socket(AF_INET, SOCK_STREAM, 0);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    CHECK(client >= 0 && connect(client, (struct sockaddr *)&to, sizeof to) == 0);
    return client;
}

/* What a mock leaves in memory, with a client that outlives it. */
static void lives(void)
{
    long long held = 0;
    int round;
    for (round = 0; round < 120; round++) {
        rocketmq_mock *mock = new_mock(2);
        int client = dialled(rocketmq_mock_namesrv(mock));
        char byte;
        HOLDS(mock, rocketmq_mock_add_topic(mock, TOPIC, 8) == 0);
        HOLDS(mock, rocketmq_mock_push_response(mock, 0, ROCKETMQ_MOCK_ANY_SEND, 2, 0, -1) == 0);
        CHECK(rocketmq_mock_message_id(mock, TOPIC, (size_t)round)[0] == 0 && rocketmq_mock_error(mock)[0]);
        rocketmq_mock_destroy(mock);
        CHECK(read(client, &byte, 1) <= 0); /* cut */
        close(client);
        if (round == 19) held = bytes_held();
    }
    say("held_more_each", (bytes_held() - held) / 100);
}

/* The masks of the mock's threads, by their name. */
static void signals(void)
{
    rocketmq_mock *mock = new_mock(1);
    DIR *folder = opendir("/proc/self/task");
    struct dirent *entry;
    int found = 0;
    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        char path[300], line[256];
        unsigned long long blocked = 0;
        int ours = 0;
        FILE *status;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        status = fopen(path, "r");
        while (status && fgets(line, sizeof line, status)) {
            ours |= strcmp(line, "Name:\trocketmq-mock\n") == 0;
            sscanf(line, "SigBlk: %llx", &blocked);
        }
        if (status) fclose(status);
        if (!ours) continue;
        found++;
        CHECK(blocked >> (SIGALRM - 1) & 1 && blocked >> (SIGTERM - 1) & 1 && blocked >> (SIGUSR1 - 1) & 1);
        CHECK(blocked >> (SIGCHLD - 1) & 1 && blocked >> (SIGPIPE - 1) & 1);
    }
    closedir(folder);
    say("threads_of_the_mock", found);
    {
        sigset_t mask;
        CHECK(pthread_sigmask(SIG_BLOCK, NULL, &mask) == 0 && !sigismember(&mask, SIGALRM));
    }
    rocketmq_mock_destroy(mock);
}

/* Every function answers at once as to a NULL mock. */
static void use_what_was_inherited(rocketmq_mock *mock)
{
    size_t len = 7;
    CHECK(rocketmq_mock_namesrv(mock)[0] == 0);
    CHECK(strcmp(rocketmq_mock_error(mock), "the mock belongs to the parent process") == 0);
    CHECK(rocketmq_mock_add_topic(mock, TOPIC, 1) == -1 && rocketmq_mock_clear_faults(mock) == -1);
    CHECK(rocketmq_mock_push_response(mock, 0, 310, 1, 0, 1) == -1);
    CHECK(rocketmq_mock_push_disconnect(mock, 0, 310, 0, 1) == -1);
    CHECK(rocketmq_mock_set_broker(mock, 0, 0) == -1 && rocketmq_mock_set_latency_ms(mock, 0, 0) == -1);
    CHECK(rocketmq_mock_ask_tx(mock, "id") == -1 && rocketmq_mock_reply(mock, "id", "x", 1) == -1);
    CHECK(rocketmq_mock_message_count(mock, TOPIC) == 0 && rocketmq_mock_wait_messages(mock, TOPIC, 0, 60000) == -1);
    CHECK(rocketmq_mock_message_id(mock, TOPIC, 0)[0] == 0 && rocketmq_mock_message_broker(mock, TOPIC, 0) == -1);
    CHECK(rocketmq_mock_message_body(mock, TOPIC, 0, &len) == NULL && len == 0);
    CHECK(rocketmq_mock_message_property(mock, TOPIC, 0, "WAIT") == NULL);
    rocketmq_mock_destroy(mock);
}

static int child(rocketmq_mock *inherited, int works)
{
    alarm(60); /* should it hang */
    use_what_was_inherited(inherited);
    if (works) {
        rocketmq_mock *mock = new_mock(1);
        rocketmq_producer *producer = started_with(mock, NULL, NULL);
        CHECK(send_sync(producer, TOPIC, "of the child") == ROCKETMQ_OK);
        CHECK(rocketmq_mock_message_count(mock, TOPIC) == 1);
        CHECK(rocketmq_mock_create(0, 0) == NULL && rocketmq_mock_error(NULL)[0]);
        end(producer);
        rocketmq_mock_destroy(mock);
        shut_down_all();
        CHECK(threads_left(1) == 1);
    }
    return 0;
}

/* While other threads hold every lock of the mock now and then. */
static void forks(void)
{
    int threads = thread_count(), descriptors = descriptor_count(), round, status;
    rocketmq_mock *mock = new_mock(2);
    rocketmq_producer *producer = started_with(mock, "send.retries", "32");
    pthread_t senders[SENDERS], other;
    start_senders(senders, producer);
    CHECK(pthread_create(&other, NULL, meddle, mock) == 0);
    for (round = 0; round < 50; round++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) _exit(child(mock, round % 10 == 0));
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
    join_all(senders, SENDERS);
    add(&stop, 1);
    join_all(&other, 1);
    CHECK(rocketmq_mock_message_count(mock, TOPIC) >= SENDERS * SENDS);
    end(producer);
    rocketmq_mock_destroy(mock);
    shut_down_all();
    CHECK(threads_left(threads) == threads);
    CHECK(descriptor_count() == descriptors);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    if (strcmp(argv[1], "texts") == 0) texts();
    else if (strcmp(argv[1], "together") == 0) together();
    else if (strcmp(argv[1], "destroys") == 0) destroys();
    else if (strcmp(argv[1], "lives") == 0) lives();
    else if (strcmp(argv[1], "signals") == 0) signals();
    else if (strcmp(argv[1], "forks") == 0) forks();
    else CHECK(!"a name that is known");
    return 0;
}
