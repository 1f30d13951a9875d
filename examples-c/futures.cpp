/* C++17: sends ten messages without waiting. Every other one is told of by a future, the others by a lambda.
 *
 *   c++ -std=c++17 -Iinclude examples-c/futures.cpp -Ltarget/release -lrocketmq_producer -Wl,-rpath,target/release \
 *     -o futures
 *   ./futures 127.0.0.1:9876 my_group my_topic
 */
#include <rocketmq_producer.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// A callback may run until the shutdown has returned: what it uses must live as long.
static std::atomic<int> lost;

static void send_all(rocketmq::Producer &producer, const std::string &topic)
{
    std::vector<std::future<rocketmq::SendResult>> futures;

    for (int number = 1; number <= 10; number++) {
        const rocketmq::Message message(topic, "Hello futures " + std::to_string(number), "TagE");
        if (number % 2 == 0) {
            futures.push_back(producer.send_future(message));
        } else {
            // Runs once, on a library thread.
            producer.send_async(message, [number](const rocketmq::Sent &sent) {
                if (sent) return; // and `sent->message_id()` is there; `sent->clone()` would keep it all
                std::cerr << number << " was not sent: " << sent.error().what() << '\n';
                ++lost;
            });
        }
    }
    for (auto &future : futures) {
        const rocketmq::SendResult result = future.get(); // throws if the message was not sent
        std::cout << result.message_id() << " is in queue " << result.queue_id() << " of " << result.broker() << '\n';
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        std::cerr << "usage: " << argv[0] << " name-server group topic\n";
        return 2;
    }
    try {
        rocketmq::Producer producer(rocketmq::Config{{"namesrv.addr", argv[1]}, {"producer.group", argv[2]}});
        producer.start();
        send_all(producer, argv[3]);
        producer.shutdown(5s); // waits for the callbacks
        return lost != 0;
    } catch (const rocketmq::Error &error) {
        std::cerr << error.what() << " (" << error.status_name() << ")\n";
        return 1;
    }
}
