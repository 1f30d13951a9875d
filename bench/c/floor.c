/* The floor: what sockets and frames alone cost. Frames are encoded beforehand, all that a window admits goes out in one
 * write for each connection, answers are read in bulk and looked at only for their length and code. There is no
 * thread, no lock, no table of requests: a broker that answers in order needs none.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"
#include "loop.h"

#define READ_BYTES (256 << 10)
/* A run of frames that still fits into a cache. */
#define RUN_BYTES (1 << 20)

struct connection {
    int fd;
    struct frames frames; /* of the phase */
    struct frames fence;  /* one, which asks for an answer */
    long queued;          /* frames to be written, from the first */
    uint64_t *cookies;    /* of sends that wait for answers, in order: a ring */
    uint64_t asked, answered;
    unsigned char *input;
    size_t held; /* bytes in it */
};

static struct connection *connections;
static struct pollfd *polled;
static long connection_count, turn, queues;
static uint64_t number, ring_mask;
static int has_window;
static long failed_answers;
static const struct settings *settings;

static const char *name(void)
{
    static char text[64];
    snprintf(text, sizeof text, "floor, %s header, connections %ld", settings->binary ? "binary" : "JSON",
             connection_count);
    return text;
}

/* ----------------------------------------------------------------------------------------------------- the route */

static int dial(const char *address)
{
    char host[64];
    const char *colon = strrchr(address, ':');
    struct sockaddr_in to = { .sin_family = AF_INET };
    if (!colon || (size_t)(colon - address) >= sizeof host) fail("%s is no address", address);
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = 0;
    to.sin_port = htons((uint16_t)atoi(colon + 1));
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1) fail("%s is no address", address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        fail("no connection to %s: %s", address, strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static void read_all(int fd, unsigned char *out, size_t bytes)
{
    while (bytes > 0) {
        const ssize_t count = recv(fd, out, bytes, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("the name server does not answer");
        out += count;
        bytes -= (size_t)count;
    }
}

/* The name server's answer as text, to be freed. */
static char *ask_route(const char *namesrv)
{
    static const char header[] = "{\"code\":105,\"extFields\":{\"acceptStandardJsonOnly\":\"true\",\"topic\":\"bench-0\"},"
                                 "\"flag\":0,\"language\":\"OTHER\",\"opaque\":1,\"version\":479}";
    unsigned char frame[8 + sizeof header];
    const size_t len = sizeof header - 1;
    const int fd = dial(namesrv);
    write_prefix(frame, 0, len, 0);
    memcpy(frame + 8, header, len);
    if (send(fd, frame, 8 + len, MSG_NOSIGNAL) != (ssize_t)(8 + len)) fail("the name server takes no request");
    read_all(fd, frame, 4);
    const uint32_t bytes = read_u32(frame);
    if (bytes > 16 << 20) fail("the name server's answer is too long");
    char *text = malloc(bytes + 1);
    if (!text) fail("out of memory");
    read_all(fd, (unsigned char *)text, bytes);
    text[bytes] = 0;
    /* The format byte and the header's length would end the text. */
    for (uint32_t at = 0; at < 4 && at < bytes; at++) text[at] = ' ';
    close(fd);
    return text;
}

static void open_connections(const char *namesrv)
{
    char *text = ask_route(namesrv);
    const char *const address_key = "\"0\":\"", *const queues_key = "\"writeQueueNums\":";
    const char *at = strstr(text, queues_key);
    queues = at ? atol(at + strlen(queues_key)) : 0;
    for (at = strstr(text, address_key); at; at = strstr(at, address_key)) {
        char address[64] = { 0 };
        at += strlen(address_key);
        if (sscanf(at, "%63[^\"]", address) != 1) fail("the route has no address");
        connections = realloc(connections, (size_t)(connection_count + 1) * sizeof *connections);
        if (!connections) fail("out of memory");
        connections[connection_count++] = (struct connection){ .fd = dial(address) };
    }
    if (connection_count == 0 || queues <= 0) fail("the route makes no sense: %s", text);
    free(text);
}

/* ------------------------------------------------------------------------------------------------- start and stop */

static long run_of(size_t frame_bytes)
{
    long run = settings->window;
    if (settings->phase != PHASE_ONEWAY) run = (run + connection_count - 1) / connection_count;
    if (run > (long)(RUN_BYTES / frame_bytes)) run = (long)(RUN_BYTES / frame_bytes);
    if (settings->phase == PHASE_SYNC || run < 1) run = 1;
    return run;
}

static void prepare(struct connection *connection, long broker, const unsigned char *body)
{
    const size_t len = (size_t)settings->body;
    const long run = run_of(len + 400);
    char topic[32];
    struct send send = { .topic = topic, .broker = broker };
    topic_name(topic, 0);
    frames_create(&connection->fence, 1, len, settings->binary);
    frames_add(&connection->fence, &send, body, len);
    send.oneway = settings->phase == PHASE_ONEWAY;
    frames_create(&connection->frames, run, len, settings->binary);
    for (long index = 0; index < run; index++) {
        topic_name(topic, (index * connection_count + broker) % settings->topics);
        send.queue = index % queues;
        frames_add(&connection->frames, &send, body, len);
    }
    connection->cookies = malloc((ring_mask + 1) * sizeof *connection->cookies);
    connection->input = malloc(READ_BYTES);
    if (!connection->cookies || !connection->input) fail("out of memory");
}

static int start(const struct settings *with)
{
    settings = with;
    has_window = settings->phase == PHASE_ASYNC || settings->phase == PHASE_OPEN;
    while (ring_mask < (uint64_t)settings->window) ring_mask = ring_mask * 2 + 1;
    open_connections(settings->namesrv);
    polled = calloc((size_t)connection_count, sizeof *polled);
    unsigned char *body = malloc((size_t)settings->body);
    if (!polled || !body) fail("out of memory");
    fill_body(body, (size_t)settings->body);
    for (long index = 0; index < connection_count; index++) {
        prepare(&connections[index], index, body);
        polled[index] = (struct pollfd){ .fd = connections[index].fd, .events = POLLIN };
    }
    free(body);
    return 0;
}

static int stop(void)
{
    for (long index = 0; index < connection_count; index++) {
        struct connection *connection = &connections[index];
        close(connection->fd);
        frames_destroy(&connection->frames);
        frames_destroy(&connection->fence);
        free(connection->cookies);
        free(connection->input);
    }
    free(connections);
    free(polled);
    return 0;
}

/* -------------------------------------------------------------------------------------------- writing and reading */

static void take_answer(struct connection *connection, const unsigned char *frame)
{
    /* A broker writes the code first in either format. */
    static const char success[] = "{\"code\":0,";
    const int failed =
        frame[4] == 0 ? memcmp(frame + 8, success, sizeof success - 1) != 0 : frame[8] != 0 || frame[9] != 0;
    const uint64_t place = connection->answered++ & ring_mask;
    if (failed) {
        failed_answers++;
        note_failure("a broker refused a message");
    }
    if (has_window) loop_ended(connection->cookies[place], failed);
}

/* Takes in what is there, or waits for it; 1 if something came, be it half an answer, 0 if nothing. */
static int read_answers(struct connection *connection, int flags)
{
    const ssize_t bytes =
        recv(connection->fd, connection->input + connection->held, READ_BYTES - connection->held, flags);
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return 0;
    if (bytes <= 0) fail("a broker closed the connection: %s", bytes < 0 ? strerror(errno) : "end of stream");
    const unsigned char *at = connection->input, *const end = at + connection->held + bytes;
    while (end - at >= 4) {
        const size_t frame = (size_t)read_u32(at) + 4;
        if (frame < 20 || frame > READ_BYTES) fail("a broker sends no frames");
        if ((size_t)(end - at) < frame) break;
        take_answer(connection, at);
        at += frame;
    }
    connection->held = (size_t)(end - at);
    memmove(connection->input, at, connection->held);
    return 1;
}

/* Writes everything. While the system takes no more, answers are taken in: a broker that cannot get rid
 * of them reads nothing. */
static void write_all(struct connection *connection, const unsigned char *bytes, size_t len)
{
    size_t written = 0;
    while (written < len) {
        const ssize_t count = send(connection->fd, bytes + written, len - written, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) {
            written += (size_t)count;
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            fail("a broker takes no more messages: %s", strerror(errno));
        struct pollfd one = { .fd = connection->fd, .events = POLLIN | POLLOUT };
        if (poll(&one, 1, PATIENCE_SECONDS * 1000) == 0) fail("a broker takes nothing for %d seconds", PATIENCE_SECONDS);
        if (one.revents & POLLIN) read_answers(connection, MSG_DONTWAIT);
    }
}

static void flush(struct connection *connection)
{
    if (connection->queued == 0) return;
    write_all(connection, connection->frames.bytes, connection->frames.ends[connection->queued - 1]);
    connection->queued = 0;
}

static void flush_all(void)
{
    for (long index = 0; index < connection_count; index++) flush(&connections[index]);
}

static struct connection *queue_next(uint64_t cookie)
{
    struct connection *connection = &connections[turn];
    if (++turn == connection_count) turn = 0;
    if (connection->queued == connection->frames.count) flush(connection);
    frames_number(&connection->frames, connection->queued++, number++);
    connection->cookies[connection->asked & ring_mask] = cookie;
    return connection;
}

static int pump(int64_t wait_ns)
{
    int progress = 0;
    flush_all();
    if (connection_count == 1 && wait_ns >= PATIENCE_SECONDS * NS_PER_SECOND) return read_answers(connections, 0);
    const struct timespec wait = { .tv_sec = wait_ns / NS_PER_SECOND, .tv_nsec = wait_ns % NS_PER_SECOND };
    int ready = ppoll(polled, (nfds_t)connection_count, &wait, NULL);
    for (long index = 0; index < connection_count && ready > 0; index++) {
        if (!polled[index].revents) continue;
        ready--;
        progress |= read_answers(&connections[index], MSG_DONTWAIT);
    }
    return progress;
}

/* ---------------------------------------------------------------------------------------------------------- sends */

static int send_async(const char *topic, const void *body, size_t len, uint64_t cookie)
{
    (void)topic, (void)body, (void)len;
    queue_next(cookie)->asked++;
    return 0;
}

static int send_oneway(const char *topic, const void *body, size_t len)
{
    (void)topic, (void)body, (void)len;
    queue_next(0);
    return 0;
}

/* Waits for everything that was asked of a connection. */
static int wait_for_answers(struct connection *connection)
{
    const long failed_before = failed_answers;
    while (connection->answered < connection->asked) {
        if (!read_answers(connection, 0)) fail("no answer for %d seconds", PATIENCE_SECONDS);
    }
    return failed_answers == failed_before ? 0 : -1;
}

static int send_sync(const char *topic, const void *body, size_t len)
{
    (void)topic, (void)body, (void)len;
    struct connection *connection = queue_next(0);
    connection->asked++;
    flush(connection);
    return wait_for_answers(connection);
}

/* One on every connection. */
static int fence(const char *topic, const void *body, size_t len)
{
    (void)topic, (void)body, (void)len;
    int status = 0;
    flush_all();
    for (long index = 0; index < connection_count; index++) {
        struct connection *connection = &connections[index];
        frames_number(&connection->fence, 0, number++);
        connection->asked++;
        write_all(connection, connection->fence.bytes, connection->fence.ends[0]);
    }
    for (long index = 0; index < connection_count; index++) {
        if (wait_for_answers(&connections[index]) < 0) status = -1;
    }
    return status < 0 ? -1 : (int)connection_count;
}

int main(int argc, char **argv)
{
    static const struct client floor_client = { .name = name,
                                                .start = start,
                                                .send_sync = send_sync,
                                                .send_oneway = send_oneway,
                                                .send_async = send_async,
                                                .fence = fence,
                                                .pump = pump,
                                                .stop = stop };
    return loop_main(argc, argv, &floor_client);
}
