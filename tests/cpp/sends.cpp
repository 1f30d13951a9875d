// Sends of every kind to a cluster that answers.
#include "program.hpp"

#include <array>
#include <future>
#include <set>
#include <thread>
#include <vector>

using namespace rocketmq;
using namespace std::chrono_literals;

static void stored(const SendResult &result)
{
    CHECK(result.status() == ROCKETMQ_SEND_OK && result.count() == 1 && result.topic() == "Sends");
    CHECK(!result.message_id().empty() && result.message_id(0) == result.message_id() && result.message_id(1).empty());
    CHECK(!result.offset_id().empty() && !result.broker().empty());
    CHECK(result.queue_id() >= 0 && result.queue_offset() >= 0);
    CHECK(result.attempts() == 1 && result.latency() > 0us && result.latency() < 30s);
    static_cast<void>(result.transaction_id());
}

static void one_by_one(Producer &producer)
{
    const SendOptions options = unhurried();
    SendResult first = producer.send(Message("Sends", "sync"), options);
    stored(first);
    const SendResult copy = first.clone();
    first = producer.send(Message("Sends", "sync"), options);
    CHECK(copy.message_id() != first.message_id());
    const Sent second = producer.try_send(Message("Sends", "sync"), options);
    CHECK(second);
    stored(*second);
    producer.send_oneway(Message("Sends", "one-way"));
    CHECK(producer.try_send_oneway(Message("Sends", "one-way")));
    const auto refused = producer.try_send(Message("Sends"));
    CHECK(!refused && refused.error().status() == ROCKETMQ_ERR_EMPTY_BODY);
    CHECK(refused.error().outcome() == ROCKETMQ_OUTCOME_NOT_SENT && !refused.error().is_retriable());
}

static void later(Producer &producer)
{
    std::vector<std::future<SendResult>> futures;
    for (int number = 0; number < 100; number++)
        futures.push_back(producer.send_future(Message("Sends", "future " + std::to_string(number)), unhurried()));
    std::set<std::string> ids;
    for (auto &future : futures) {
        const SendResult result = future.get();
        stored(result);
        ids.emplace(result.message_id());
    }
    CHECK(ids.size() == 100);
    auto refused = producer.send_future(Message("Sends"));
    CHECK(status_of([&] { refused.get(); }) == ROCKETMQ_ERR_EMPTY_BODY);
    auto rejected = producer.send_future(Message("Refused", "body"), unhurried());
    try {
        rejected.get();
        CHECK(!"stored");
    } catch (const Error &error) {
        CHECK(error.broker_code() == 16 && error.outcome() == ROCKETMQ_OUTCOME_REJECTED && error.attempts() >= 1);
        CHECK(!error.broker().empty() && !error.message_id().empty());
    }
    // What a callback keeps outlives it.
    std::promise<SendResult> kept;
    producer.send_async(Message("Sends", "kept"), unhurried(), [&kept](const Sent &sent) {
        kept.set_value(sent->clone());
    });
    stored(kept.get_future().get());
}

static void batches(Producer &producer)
{
    std::vector<Message> messages;
    for (int number = 0; number < 10; number++) messages.emplace_back("Batch", "batch " + std::to_string(number));
    const SendResult result = producer.send_batch(messages, unhurried());
    CHECK(result.count() == 10 && result.message_id(0) == result.message_id() && !result.message_id(9).empty());
    CHECK(producer.send_batch_future(messages, unhurried()).get().count() == 10);
    std::promise<std::size_t> count;
    producer.send_batch_async(messages, unhurried(), [&count](const Sent &sent) { count.set_value(sent->count()); });
    CHECK(count.get_future().get() == 10);
    const std::array<Message, 2> unlike{Message("Batch", "one"), Message("Other", "two")};
    const auto refused = producer.try_send_batch(unlike);
    CHECK(!refused && refused.error().status() == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(status_of([&] { producer.send_batch(std::vector<Message>()); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
}

static void queues(Producer &producer)
{
    producer.prepare_topic("Queues", 10s);
    const QueueList list = producer.fetch_queues("Queues", 10s);
    CHECK(list.size() == 4 && list[3].id == 3 && !list[3].broker.empty() && list[4].id == -1 && list[4].broker.empty());
    SendOptions options = unhurried();
    options.set_queue(list[2].broker, list[2].id);
    CHECK(producer.send(Message("Queues", "named"), options).queue_id() == 2);
    options.clear_queue().set_selector([](const QueueList &shown, const Message &message) {
        return message.body() == "last" ? shown.size() - 1 : std::size_t{0};
    });
    CHECK(producer.send(Message("Queues", "last"), options).queue_id() == 3);
    CHECK(producer.send_future(Message("Queues", "first"), options).get().queue_id() == 0);

    const std::array<long long, 3> none{-1, 4, 1LL << 32}; // the last of them is 0 in C's type
    for (const long long index : none) {
        options.set_selector([index](const auto &, const auto &) { return index; });
        CHECK(status_of([&] { producer.send(Message("Queues", "none"), options); }) == ROCKETMQ_ERR_CALLBACK);
    }
}

static void timers(Producer &producer)
{
    Message message("Sends", "timer");
    message.set_delay(1h);
    const SendResult result = producer.send(message, unhurried());
    CHECK(!result.recall_handle().empty());
    CHECK(producer.recall("Sends", result.recall_handle(), 10s) == result.message_id());
    CHECK(status_of([&] { producer.recall("Sends", "no handle", 10s); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
}

static void bodies(Producer &producer)
{
    struct Owned {
        Counted counted;
        std::string text;
        const char *data() const { return text.data(); }
        std::size_t size() const { return text.size(); }
    };
    std::vector<std::future<SendResult>> futures;
    for (int number = 0; number < 20; number++) {
        Message message("Sends", {}, "Lent");
        message.set_body_owner(Owned{{}, std::string(100000, 'x')});
        futures.push_back(producer.send_future(message, unhurried()));
    }
    for (auto &future : futures) future.get();
    producer.flush(10s);
    CHECK(reaches(&Counted::alive, 0) && alive() == 0);
}

static void from_many_threads(Producer &producer)
{
    constexpr int count = 8, each = 250;
    int sum = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < count; thread++)
        threads.emplace_back([&producer, &sum] {
            SendOptions options = unhurried();
            options.set_flags(ROCKETMQ_SEND_BLOCK);
            for (int number = 1; number <= each; number++) {
                auto owned = std::make_unique<int>(number);
                producer.send_async(Message("Threads", "x"), options,
                                    [owned = std::move(owned), counted = Counted(), &sum](const Sent &sent) {
                                        CHECK(sent && on_library_thread());
                                        add(&sum, *owned);
                                    });
            }
        });
    for (auto &thread : threads) thread.join();
    producer.flush(20s);
    CHECK(get(&sum) == count * each * (each + 1) / 2 && alive() == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    Producer producer = running(argv[1]);
    CHECK(producer.state() == ROCKETMQ_STATE_RUNNING && !producer.client_id().empty());
    one_by_one(producer);
    later(producer);
    batches(producer);
    queues(producer);
    timers(producer);
    bodies(producer);
    from_many_threads(producer);
    producer.update("namesrv.addr", argv[1]);
    CHECK(producer.connected() == 1);
    producer.purge(ROCKETMQ_PURGE_WAITING | ROCKETMQ_PURGE_IN_FLIGHT);
    producer.shutdown(20s);
    CHECK(producer.in_flight() == 0);
    global_shutdown(20s);
}
