// Objects without a cluster: what goes in comes out, moves leave nothing behind, mistakes are thrown.
#include "program.hpp"

#include <type_traits>
#include <vector>

using namespace rocketmq;
using namespace std::chrono_literals;

template <class T>
constexpr bool moves_only = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                            !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(moves_only<Config> && moves_only<Message> && moves_only<SendOptions> && moves_only<Producer>);
static_assert(moves_only<SendResult> && moves_only<QueueList> && sizeof(Message) == sizeof(void *));
static_assert(std::is_nothrow_copy_constructible_v<Error>, "as every exception");

static_assert(Timeout(3s).ms() == 3000 && Timeout(1us).ms() == 1 && Timeout(1.5s).ms() == 1500);
static_assert(Timeout(0ms).ms() == 0 && Timeout(-1ms).ms() == 0 && Timeout(std::chrono::hours::min()).ms() == 0);
static_assert(Timeout(std::chrono::hours::max()).ms() == ROCKETMQ_WAIT_FOREVER);
static_assert(wait_forever.ms() == ROCKETMQ_WAIT_FOREVER && wait_default.ms() == ROCKETMQ_WAIT_DEFAULT);

static void settings()
{
    Config config{{"producer.group", "first"}, {"send.retries", "5"}};
    config.set("producer.group", std::string("second")).set("send.retries", std::nullopt);
    const Config copy = config.clone();
    config.set("producer.group", "third");
    CHECK(copy.value("producer.group") == "second" && copy.value("send.retries") == "2");
    CHECK(status_of([&] { config.set("no.such.key", "1"); }) == ROCKETMQ_ERR_UNKNOWN_KEY);
    CHECK(status_of([&] { config.set("send.retries", "many"); }) == ROCKETMQ_ERR_INVALID_VALUE);
    // What C would take for the text "5".
    CHECK(status_of([&] { config.set("send.retries", std::string_view("5\0", 2)); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(status_of([] { Config bad{{"no.such.key", "1"}}; }) == ROCKETMQ_ERR_UNKNOWN_KEY);
    const auto keys = config_keys();
    CHECK(keys.size() > 20);
    for (const ConfigKey &key : keys) CHECK(!key.name.empty() && !key.type.empty() && !key.doc.empty());
    CHECK(status_of([&] { Producer producer(config); }) == ROCKETMQ_ERR_INVALID_VALUE); // no name server
}

static void texts()
{
    Message message("Topic", "body", "TagA", "key-1");
    message.add_key("key-2").set_property("colour", "green");
    message.set_property("gone", "soon").set_property("gone", std::nullopt);
    message.set_sharding_key("shard").set_flag(7).set_wait_store(false).set_properties_packed("size\1large\2");
    CHECK(message.topic() == "Topic" && message.tags() == "TagA" && message.keys() == "key-1 key-2");
    CHECK(message.property("colour") == "green" && message.property("size") == "large" && !message.property("gone"));
    CHECK(message.properties().size() == 5 && message.flag() == 7 && message.id().empty());
    CHECK(message.born() == std::chrono::system_clock::time_point());
    message.set_topic("Other").set_tags(std::nullopt).set_keys(std::nullopt);
    CHECK(message.topic() == "Other" && message.tags().empty() && message.keys().empty());
    message.set_delay_level(3).set_delay(5s).set_deliver_at(std::chrono::system_clock::now() + 1h);
    CHECK(status_of([&] { message.set_delay(-1s); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(status_of([&] { message.set_property("KEYS", "x"); }) == ROCKETMQ_ERR_INVALID_PROPERTY);
    CHECK(status_of([] { Message bad(std::string_view("a\0b", 3)); }) == ROCKETMQ_ERR_INVALID_TOPIC);
    CHECK(status_of([] { Message bad("\xff"); }) == ROCKETMQ_ERR_INVALID_UTF8);
    CHECK(status_of([] { Message bad("Topic", {}, ""); }) == ROCKETMQ_ERR_INVALID_PROPERTY);
    const Message bare("Topic");
    CHECK(bare.tags().empty() && bare.keys().empty() && bare.body().empty());
}

static void bodies()
{
    Message message("Topic", std::string_view("\0\1", 2));
    message.append_body("more");
    CHECK(message.body() == std::string_view("\0\1more", 6));
    Message copy = message.clone();
    copy.set_body("another");
    CHECK(message.body().size() == 6 && copy.body() == "another");

    // The bytes of a short string move with it, and are to be found where it lies at last.
    copy.set_body_owner(std::string("short"));
    CHECK(copy.body() == "short");
    std::vector<std::uint32_t> words{1, 2};
    const auto *bytes = reinterpret_cast<const char *>(words.data());
    copy.set_body_owner(std::move(words));
    CHECK(copy.body().size() == 8 && copy.body().data() == bytes);

    struct Owned {
        Counted counted;
        std::string text;
        const char *data() const { return text.data(); }
        std::size_t size() const { return text.size(); }
    };
    copy.set_body_owner(Owned{{}, "lent"});
    CHECK(alive() == 1);
    message = copy.clone();
    copy.set_body_owner(Owned{{}, ""});
    CHECK(copy.body().empty() && message.body() == "lent" && alive() == 2);
    message.set_body({});
    CHECK(alive() == 1);
    copy.set_body({});
    CHECK(alive() == 0);
    Message nothing(static_cast<rocketmq_message *>(nullptr));
    CHECK(status_of([&] { nothing.set_body_owner(Owned{{}, "refused"}); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(alive() == 0);

    static const char lent[] = "static";
    int released = 0;
    message.set_body_borrowed(lent, [counted = Counted(), &released] { released++; });
    CHECK(message.body().data() == lent && released == 0 && alive() == 1);
    message.set_body_borrowed("again", [&released] { released += 10; });
    CHECK(released == 1 && alive() == 0);
    message = Message("Topic");
    CHECK(released == 11);
}

static void moves()
{
    Message first("Topic", "body");
    rocketmq_message *object = first.get();
    Message second = std::move(first);
    CHECK(second.get() == object && first.get() == nullptr && first.topic().empty() && first.properties().empty());
    CHECK(status_of([&] { first.set_flag(1); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    Message &same = second;
    second = std::move(same);
    CHECK(second.get() == object && second.topic() == "Topic");
    first = std::move(second);
    CHECK(first.get() == object);
    // From C, and back to it.
    rocketmq_message_destroy(first.release());
    Message taken(new_message("FromC", "body"));
    CHECK(taken.topic() == "FromC" && first.get() == nullptr);

    Config config{{"namesrv.addr", "127.0.0.1:1"}, {"producer.group", "cpp_programs"}};
    Producer producer(config);
    const Producer other = std::move(producer);
    CHECK(other.state() == ROCKETMQ_STATE_CREATED && other.in_flight() == 0 && other.connected() == 0);
    CHECK(other.client_id().empty() && producer.state() == -1);
    CHECK(other.stats_json().find("\"state\":\"created\"") != std::string::npos);
    CHECK(status_of([&] { producer.send(taken); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    std::vector<Config> many;
    for (int number = 0; number < 10; number++) many.push_back(config.clone());
    CHECK(many.front().value("producer.group") == "cpp_programs");
}

static void options()
{
    SendOptions options;
    CHECK(options.get() == nullptr);
    options.set_flags(ROCKETMQ_SEND_BLOCK | ROCKETMQ_SEND_NO_RETRY).set_timeout(wait_forever).set_queue("broker-a", 2);
    options.clear_queue();
    CHECK(status_of([&] { options.set_flags(1u << 20); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(status_of([&] { options.set_timeout(0s); }) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    options.set_selector([counted = Counted()](const QueueList &, const Message &) { return 0; });
    CHECK(alive() == 1);
    options.set_selector([counted = Counted()](const QueueList &, const Message &) { return 0; });
    CHECK(alive() == 1);
    SendOptions moved = std::move(options);
    CHECK(alive() == 1 && options.get() == nullptr);
    moved.clear_selector();
    CHECK(alive() == 0);
    moved.set_selector([counted = Counted()](const auto &, const auto &) { return 0; });
    moved = SendOptions();
    CHECK(alive() == 0);
}

static void failures()
{
    const Error plain(ROCKETMQ_ERR_TIMEOUT);
    CHECK(plain.status_name() == std::string("ROCKETMQ_ERR_TIMEOUT") && plain.what()[0] && !plain.get());
    CHECK(plain.outcome() == ROCKETMQ_OUTCOME_NOT_SENT && plain.attempts() == 0 && plain.broker_code() == -1);
    try {
        Producer(Config{{"namesrv.addr", "127.0.0.1:1"}, {"producer.group", "g"}}).start(100ms);
        CHECK(!"started");
    } catch (const std::exception &caught) {
        const auto &error = dynamic_cast<const Error &>(caught);
        const Error copy = error;
        CHECK(copy.status() == ROCKETMQ_ERR_NO_NAMESRV && copy.what() == std::string(error.what()));
        CHECK(copy.get() == error.get() && copy.broker_remark().empty() && copy.message_id().empty());
    }
    Result<std::string> made(std::string("text"));
    CHECK(made && *made == "text" && made->size() == 4 && made.has_value());
    throws<std::bad_variant_access>([&] { static_cast<void>(made.error()); });
    const Result<std::string> failed(plain);
    CHECK(!failed && failed.error().status() == ROCKETMQ_ERR_TIMEOUT);
    throws<Error>([&] { static_cast<void>(failed->size()); });
    CHECK(statuses().front() == ROCKETMQ_OK && statuses().size() > 30);
    CHECK(status_name(-26) == "ROCKETMQ_ERR_TIMEOUT" && !status_text(-26).empty());
    CHECK(version_number() == ROCKETMQ_VERSION_NUMBER && version() == ROCKETMQ_VERSION_STRING && !build_info().empty());
}

int main()
{
    settings();
    texts();
    bodies();
    moves();
    options();
    failures();
    global_shutdown(20s);
}
