// Callables that are refused, that throw, and that outlive their producer.
#include "program.hpp"

#include <future>
#include <vector>

using namespace rocketmq;
using namespace std::chrono_literals;

static int handled;

static void take(std::exception_ptr exception) noexcept
{
    try {
        std::rethrow_exception(exception);
    } catch (const std::logic_error &) {
        add(&handled, 1);
    } catch (...) {
        CHECK(!"another exception than was thrown");
    }
}

// A call that fails has let the callable go when it returns, and never calls it.
static void refused(const char *name_server)
{
    Producer producer(Config{{"namesrv.addr", name_server}, {"producer.group", "cpp_programs"}});
    const auto callback = [] { return [counted = Counted()](const Sent &) { CHECK(!"called"); }; };
    const Message message("Exceptions", "body");
    CHECK(status_of([&] { producer.send_async(message, callback()); }) == ROCKETMQ_ERR_INVALID_STATE);
    CHECK(alive() == 0);
    producer.start(10s);
    const auto empty = producer.try_send_async(Message("Exceptions"), {}, callback());
    CHECK(!empty && empty.error().status() == ROCKETMQ_ERR_EMPTY_BODY && alive() == 0);
    const std::vector<Message> none;
    CHECK(!producer.try_send_batch_async(none, {}, callback()));
    CHECK(alive() == 0);
    producer.shutdown(10s);
    CHECK(status_of([&] { producer.send_async(message, callback()); }) == ROCKETMQ_ERR_CLOSED);
    CHECK(status_of([&] { producer.send_future(message).get(); }) == ROCKETMQ_ERR_CLOSED);
    CHECK(status_of([] { set_log(99, [counted = Counted()](auto, auto, auto) {}); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(alive() == 0);
}

// What leaves a callback is told, and the next one is called.
static void in_callbacks(Producer &producer)
{
    const Message message("Exceptions", "callback");
    const SendOptions options = unhurried();
    producer.send_async(message, options, [counted = Counted()](const Sent &) {
        throw std::runtime_error("told by a callback");
    });
    producer.send_async(message, options, [counted = Counted()](const Sent &) { throw 7; });
    // An error that nobody asks about throws itself.
    producer.send_async(Message("Refused", "body"), options, [counted = Counted()](const Sent &sent) {
        static_cast<void>(sent->message_id());
    });
    producer.flush(20s);
    CHECK(alive() == 0);

    CHECK(set_exception_handler(take) != nullptr);
    for (int number = 0; number < 10; number++)
        producer.send_async(message, options, [counted = Counted()](const Sent &) {
            throw std::logic_error("handled");
        });
    producer.flush(20s);
    CHECK(get(&handled) == 10 && alive() == 0);
    CHECK(set_exception_handler(nullptr) == take);
    producer.send(message, options);
}

// What leaves a selector comes out of the send that asked it.
static void in_selectors(Producer &producer)
{
    producer.prepare_topic("Exceptions", 10s);
    const Message message("Exceptions", "selector");
    SendOptions options = unhurried();
    options.set_selector([](const QueueList &, const Message &) -> int { throw std::out_of_range("no queue"); });
    throws<std::out_of_range>([&] { producer.send(message, options); });
    throws<std::out_of_range>([&] { static_cast<void>(producer.try_send(message, options)); });
    throws<std::out_of_range>([&] { producer.send_oneway(message, options); });
    const auto never = [] { return [counted = Counted()](const Sent &) { CHECK(!"called"); }; };
    throws<std::out_of_range>([&] { producer.send_async(message, options, never()); });
    const auto batch = [] {
        std::vector<Message> messages;
        for (int number = 0; number < 2; number++) messages.emplace_back("Exceptions", "batch");
        return messages;
    }();
    throws<std::out_of_range>([&] { producer.send_batch(batch, options); });
    throws<std::out_of_range>([&] { producer.send_batch_async(batch, options, never()); });
    auto future = producer.send_future(message, options);
    throws<std::out_of_range>([&] { future.get(); });
    CHECK(alive() == 0 && producer.in_flight() == 0);

    // One that C's own call met is of no later send.
    CHECK(rocketmq_producer_send_oneway(producer.get(), message.get(), options.get(), nullptr) != ROCKETMQ_OK);
    SendOptions none = unhurried();
    none.set_selector([](const QueueList &, const Message &) { return -1; });
    CHECK(status_of([&] { producer.send(message, none); }) == ROCKETMQ_ERR_CALLBACK);
}

static void in_others(const char *name_server)
{
    set_log(ROCKETMQ_LOG_TRACE, [counted = Counted()](std::int32_t level, std::string_view, std::string_view text) {
        if (level > 0 && !text.empty()) throw std::logic_error("handled");
    });
    set_exception_handler(take);
    const int before = get(&handled);
    running(name_server).shutdown(20s);
    CHECK(reaches(&handled, before + 1));
    reset_log(ROCKETMQ_LOG_OFF);
    const long long until = now_us() + 10000000;
    while (alive() != 0 && now_us() < until) sleep_ms(1);
    CHECK(alive() == 0);
    const int lines = get(&handled);
    Message("Exceptions").set_body_borrowed("lent", [counted = Counted()] { throw std::logic_error("handled"); });
    CHECK(get(&handled) == lines + 1 && alive() == 0);
    set_exception_handler(nullptr);
    reset_log();
}

// Callables of sends that are open outlive their producer; futures are kept.
static void outlived(const char *name_server)
{
    int closed = 0;
    std::vector<std::future<SendResult>> futures;
    {
        Producer producer = running(name_server);
        for (int number = 0; number < 50; number++) {
            const Message message("Frozen", "body");
            producer.send_async(message, unhurried(), [counted = Counted(), &closed](const Sent &sent) {
                CHECK(!sent && sent.error().status() == ROCKETMQ_ERR_CLOSED);
                add(&closed, 1);
            });
            futures.push_back(producer.send_future(message, unhurried()));
        }
        CHECK(producer.in_flight() == 100 && alive() == 50);
    }
    for (auto &future : futures) CHECK(status_of([&] { future.get(); }) == ROCKETMQ_ERR_CLOSED);
    CHECK(reaches(&closed, 50));
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    refused(argv[1]);
    Producer producer = running(argv[1]);
    in_callbacks(producer);
    in_selectors(producer);
    in_others(argv[1]);
    producer.shutdown(20s);
    outlived(argv[1]);
    global_shutdown(20s);
    CHECK(alive() == 0);
}
