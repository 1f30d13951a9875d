// Ends that are polled.
#include "program.hpp"

#include <poll.h>

#include <set>
#include <thread>
#include <vector>

using namespace rocketmq;
using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<Events> && std::is_nothrow_move_constructible_v<CompletionQueue>);

static void sends(Producer &producer, CompletionQueue &queue)
{
    constexpr std::uint64_t count = 1000;
    for (std::uint64_t tag = 0; tag < count; tag++)
        producer.send_cq(Message("Queued", "body"), unhurried(), queue, tag);
    std::set<std::uint64_t> tags;
    std::set<std::string> ids;
    Events events(64);
    while (tags.size() < count && queue.poll(events, 20s) > 0) {
        CHECK(events.size() <= 64);
        for (const Event event : events) {
            CHECK(event.kind() == ROCKETMQ_EVENT_SEND && event.status() == ROCKETMQ_OK && !event.error());
            CHECK(event.code() == ROCKETMQ_SEND_OK && event.queue_id() >= 0 && event.queue_offset() >= 0);
            const auto result = event.result();
            CHECK(result && result->topic() == "Queued" && result->queue_offset() == event.queue_offset());
            tags.insert(event.tag());
            ids.emplace(result->message_id());
        }
    }
    CHECK(tags.size() == count && *tags.rbegin() == count - 1 && ids.size() == count);
    CHECK(queue.poll(events, 0s) == 0 && events.empty() && queue.length() == 0);
}

static void failures(Producer &producer, CompletionQueue &queue)
{
    producer.send_cq(Message("Refused", "body"), unhurried(), queue, 7);
    Events events;
    CHECK(queue.poll(events, 20s) == 1 && events[0].tag() == 7 && !events[0].result());
    const auto error = events[0].error();
    CHECK(error && error->broker_code() == 16 && error->status() == events[0].status() && events[0].text().empty());
    const auto refused = producer.try_send_cq(Message("Queued"), {}, queue, 8);
    CHECK(!refused && refused.error().status() == ROCKETMQ_ERR_EMPTY_BODY);
    SendOptions options = unhurried();
    options.set_selector([](const auto &, const auto &) -> int { throw std::out_of_range("no queue"); });
    producer.prepare_topic("Queued", 10s);
    throws<std::out_of_range>([&] { producer.send_cq(Message("Queued", "body"), options, queue, 9); });
    CHECK(status_of([&] { queue.poll(*std::make_unique<Events>(0)); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(queue.poll(events, 0s) == 0);
}

static void others(const char *name_server, Producer &producer, CompletionQueue &queue)
{
    std::vector<Message> messages;
    for (int number = 0; number < 3; number++) messages.emplace_back("Queued", "batch");
    producer.send_batch_cq(messages, unhurried(), queue, 1);
    producer.flush_cq(20s, queue, 2);
    Events events;
    std::set<std::uint64_t> tags;
    while (tags.size() < 2 && queue.poll(events, 20s) > 0)
        for (const Event event : events) {
            CHECK(event.status() == ROCKETMQ_OK && tags.insert(event.tag()).second);
            CHECK(event.tag() == 2 ? event.kind() == ROCKETMQ_EVENT_FLUSHED : event.result()->count() == 3);
        }
    CHECK(tags.size() == 2);

    CompletionQueue lines;
    set_log(ROCKETMQ_LOG_TRACE, lines, 3);
    running(name_server).shutdown(20s);
    CHECK(lines.poll(events, 20s) > 0);
    for (const Event line : events) {
        CHECK(line.kind() == ROCKETMQ_EVENT_LOG && line.tag() == 3 && !line.text().empty());
        CHECK(line.code() >= ROCKETMQ_LOG_ERROR && line.code() <= ROCKETMQ_LOG_TRACE && !line.result());
    }
    reset_log();
}

// A loop of the program's own, and one that sleeps in the poll.
static void waking(Producer &producer, CompletionQueue &queue)
{
    int woken = 0;
    queue.set_wakeup([counted = Counted(), &woken] {
        add(&woken, 1);
        throw std::runtime_error("told by a wake-up");
    });
    pollfd readable{queue.fd(), POLLIN, 0};
    CHECK(readable.fd >= 0 && ::poll(&readable, 1, 0) == 0);
    producer.send_cq(Message("Queued", "woken"), unhurried(), queue, 1);
    CHECK(::poll(&readable, 1, 20000) == 1 && reaches(&woken, 1) && queue.length() == 1);
    const int mine = queue.dup_fd();
    CHECK(mine >= 0 && mine != readable.fd && close(mine) == 0);
    queue.clear_wakeup();
    // It may still be in its last call.
    const auto until = now_us() + 10000000;
    while (alive() != 0 && now_us() < until) sleep_ms(1);
    CHECK(alive() == 0);
    Events events;
    CHECK(queue.poll(events, 0s) == 1);
    std::thread interrupts([&queue] { queue.interrupt(); });
    CHECK(queue.poll(events, wait_forever) == 0);
    interrupts.join();
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    CompletionQueue queue;
    Producer producer = running(argv[1]);
    sends(producer, queue);
    failures(producer, queue);
    others(argv[1], producer, queue);
    waking(producer, queue);
    producer.shutdown_cq(20s, queue, 99);
    Events events;
    CHECK(queue.poll(events, 20s) == 1 && events[0].kind() == ROCKETMQ_EVENT_CLOSED && events[0].tag() == 99);
    CHECK(events[0].status() == ROCKETMQ_OK && producer.state() == ROCKETMQ_STATE_CLOSED);
    CompletionQueue moved = std::move(queue);
    CHECK(status_of([&] { queue.poll(events, 0s); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(moved.poll(events, 0s) == 0);
    global_shutdown(20s);
}
