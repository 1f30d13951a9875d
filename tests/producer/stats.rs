//! What a producer counts: each number moves for its reason and for no other, and the numbers agree with one another.

mod page;
mod schema;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use protocol::command::Command;
use rocketmq_mock::{Fault, Node, Rule};
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{Cargo, CompletionQueue, Message, Producer, SendOptions, Timeout};
use serde_json::Value;

use crate::world::{Sim, Told, begin, message, ms, send, simulate_one, simulate_two, within};

/// Statuses as the sources call them: their names in C are `ffi`'s.
fn name(kind: ErrorKind) -> &'static str {
    Box::leak(format!("{kind:?}").into_boxed_str())
}

pub(crate) fn snapshot(p: &Producer) -> Value {
    let text = p.stats_json(name);
    let stats: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    agree(&stats);
    stats
}

/// Every number by its path; an element of a list goes by its first member.
fn numbers(stats: &Value) -> BTreeMap<String, i64> {
    fn walk(path: &str, value: &Value, found: &mut BTreeMap<String, i64>) {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            Value::Number(number) => drop(found.insert(path.to_owned(), number.as_i64().unwrap())),
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| walk(&below(name), value, found))
            }
            Value::Array(elements) => {
                for element in elements {
                    let name =
                        ["status", "code", "address", "topic"].iter().find_map(|key| element.get(*key));
                    let name = name.map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned));
                    walk(&below(&name.unwrap()), element, found);
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    walk("", stats, &mut found);
    found
}

fn number(stats: &Value, path: &str) -> u64 {
    let found = path.split('.').try_fold(stats, |value, name| value.get(name));
    found.and_then(Value::as_u64).unwrap_or_else(|| panic!("no number {path} in {stats}"))
}

fn elements<'a>(stats: &'a Value, path: &str) -> &'a [Value] {
    let found = path.split('.').try_fold(stats, |value, name| value.get(name));
    found.and_then(Value::as_array).unwrap_or_else(|| panic!("no list {path} in {stats}"))
}

fn sum(elements: &[Value], member: &str) -> u64 {
    elements.iter().map(|element| number(element, member)).sum()
}

/// What holds of the numbers of every snapshot, whatever happens meanwhile.
fn agree(stats: &Value) {
    let n = |path: &str| number(stats, path);
    let all = |path: &str, names: &[&str]| names.iter().map(|name| n(&format!("{path}.{name}"))).sum::<u64>();
    let (stored, written, failed) =
        (n("sends.stored.sends"), n("sends.written.sends"), n("sends.failed.sends"));
    assert_eq!(n("sends.ended"), stored + written + failed, "{stats}");
    let statuses = ["ok", "flush_disk_timeout", "flush_slave_timeout", "slave_not_available"];
    assert_eq!(stored, all("sends.stored", &statuses), "{stats}");
    assert_eq!(stored, n("sends.stored.latency_us.count"), "{stats}");
    assert_eq!(failed, all("sends.failed", &["not_sent", "rejected", "unknown"]), "{stats}");
    assert_eq!(failed, sum(elements(stats, "sends.failed.by_status"), "count"), "{stats}");
    let by_code = sum(elements(stats, "sends.failed.by_broker_code"), "sends");
    assert!(by_code + n("sends.failed.other_broker_codes") <= failed, "{stats}");
    assert!(n("sends.failed.oneway") <= failed && n("sends.retries") <= n("sends.attempts"), "{stats}");
    assert_eq!(n("refused.calls"), sum(elements(stats, "refused.by_status"), "count"), "{stats}");
    for limit in ["in_flight.sends", "in_flight.bytes", "completions.held"] {
        assert!(n(limit) <= n(&format!("{limit}_max")), "{limit}: {stats}");
    }
    let peers = elements(stats, "brokers").iter().chain(elements(stats, "name_servers"));
    for times in peers.map(|peer| &peer["round_trip_us"]).chain([&stats["sends"]["stored"]["latency_us"]]) {
        let steps: Vec<_> =
            ["min", "p50", "p90", "p99", "p999", "max"].iter().map(|step| number(times, step)).collect();
        assert!(steps.is_sorted() && (steps[0]..=steps[5]).contains(&number(times, "mean")), "{times}");
    }
}

type Act = for<'a> fn(&'a Sim, &'a Arc<Producer>) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// What is done, and every number of sends and refused calls that is not zero after it.
struct Case {
    name: &'static str,
    values: &'static [(&'static str, &'static str)],
    play: fn(&Sim),
    act: Act,
    counts: &'static [(&'static str, i64)],
    /// Of all brokers: connections lost, throttled answers, timeouts.
    peers: [u64; 3],
}

fn both(sim: &Sim, rule: fn() -> Rule) {
    (0..2).for_each(|broker| sim.core.fault(broker, rule().sends()));
}

const SEND: Act = |_, p| {
    Box::pin(async move {
        let _ = send(p, &message("T"), &SendOptions::default()).await;
    })
};
const ONEWAY: Act = |_, p| {
    Box::pin(async move {
        let deadline = p.deadline(within(3000).timeout);
        p.send_oneway(&message("T"), &SendOptions::default(), deadline).await.unwrap();
        p.flush(None).await.unwrap();
    })
};
const STORED: &[(&str, i64)] = &[
    ("sends.ended", 1),
    ("sends.attempts", 1),
    ("sends.stored.sends", 1),
    ("sends.stored.messages", 1),
    ("sends.stored.bytes", 4),
    ("sends.stored.ok", 1),
];
const RETRIED: &[(&str, i64)] = &[
    ("sends.ended", 1),
    ("sends.attempts", 3),
    ("sends.retries", 2),
    ("sends.stored.sends", 1),
    ("sends.stored.messages", 1),
    ("sends.stored.bytes", 4),
    ("sends.stored.ok", 1),
];
const CALM: Case =
    Case { name: "calm", values: &[], play: |_| {}, act: SEND, counts: STORED, peers: [0, 0, 0] };

const CASES: &[Case] = &[
    CALM,
    Case {
        name: "each broker refuses once",
        play: |sim| both(sim, || Rule::once(Fault::respond(1))),
        counts: RETRIED,
        ..CALM
    },
    Case {
        name: "each broker is busy once",
        play: |sim| both(sim, || Rule::once(Fault::respond(2))),
        counts: &[
            ("sends.ended", 1),
            ("sends.attempts", 3),
            ("sends.retries", 2),
            ("sends.throttled", 2),
            ("sends.stored.sends", 1),
            ("sends.stored.messages", 1),
            ("sends.stored.bytes", 4),
            ("sends.stored.ok", 1),
        ],
        peers: [0, 2, 0],
        ..CALM
    },
    Case {
        name: "both refuse for good",
        play: |sim| both(sim, || Rule::always(Fault::respond(14))),
        counts: &[
            ("sends.ended", 1),
            ("sends.attempts", 3),
            ("sends.retries", 2),
            ("sends.failed.sends", 1),
            ("sends.failed.messages", 1),
            ("sends.failed.bytes", 4),
            ("sends.failed.rejected", 1),
            ("sends.failed.by_status.Broker.count", 1),
            ("sends.failed.by_broker_code.14.sends", 1),
            ("sends.failed.by_broker_code.14.code", 14),
        ],
        ..CALM
    },
    Case {
        name: "the replica is late",
        play: |sim| both(sim, || Rule::always(Fault::respond(12))),
        counts: &[
            ("sends.ended", 1),
            ("sends.attempts", 1),
            ("sends.stored.sends", 1),
            ("sends.stored.messages", 1),
            ("sends.stored.bytes", 4),
            ("sends.stored.flush_slave_timeout", 1),
        ],
        ..CALM
    },
    Case {
        name: "each connection is cut once",
        play: |sim| both(sim, || Rule::once(Fault::Cut { store: false })),
        counts: RETRIED,
        peers: [2, 0, 0],
        ..CALM
    },
    Case {
        name: "silence",
        play: |sim| both(sim, || Rule::always(Fault::Freeze { store: false })),
        counts: &[
            ("sends.ended", 1),
            ("sends.attempts", 3),
            ("sends.retries", 2),
            ("sends.failed.sends", 1),
            ("sends.failed.messages", 1),
            ("sends.failed.bytes", 4),
            ("sends.failed.unknown", 1),
            ("sends.failed.by_status.Timeout.count", 1),
        ],
        peers: [0, 0, 3],
        ..CALM
    },
    Case {
        name: "a one-way send",
        act: ONEWAY,
        counts: &[
            ("sends.ended", 1),
            ("sends.attempts", 1),
            ("sends.written.sends", 1),
            ("sends.written.bytes", 4),
        ],
        ..CALM
    },
    Case {
        name: "a one-way send that cannot be written",
        values: &[("send.retries", "0")],
        play: |sim| (0..2).for_each(|broker| sim.kill(broker)),
        act: ONEWAY,
        counts: &[
            ("sends.ended", 1),
            ("sends.attempts", 1),
            ("sends.failed.sends", 1),
            ("sends.failed.messages", 1),
            ("sends.failed.bytes", 4),
            ("sends.failed.oneway", 1),
            ("sends.failed.not_sent", 1),
            ("sends.failed.by_status.Connect.count", 1),
        ],
        peers: [2, 0, 0],
    },
    Case {
        name: "a batch",
        act: |_, p| {
            Box::pin(async move {
                let message = message("T");
                let deadline = p.deadline(Timeout::Default);
                p.send_batch(&[&message, &message, &message], &SendOptions::default(), deadline)
                    .await
                    .unwrap();
            })
        },
        counts: &[
            ("sends.ended", 1),
            ("sends.attempts", 1),
            ("sends.stored.sends", 1),
            ("sends.stored.messages", 3),
            ("sends.stored.ok", 1),
            ("sends.stored.bytes", 234),
        ],
        ..CALM
    },
    Case {
        name: "an automatic batch",
        values: &[("batch.auto", "true")],
        act: |_, p| {
            Box::pin(async move {
                for _ in 0..3 {
                    begin(p, &message("T"), &SendOptions::default(), &Told::default()).await;
                }
                p.flush(None).await.unwrap();
            })
        },
        counts: &[
            ("sends.ended", 3),
            ("sends.attempts", 3),
            ("sends.stored.sends", 3),
            ("sends.stored.messages", 3),
            ("sends.stored.bytes", 12),
            ("sends.stored.ok", 3),
            ("batches.automatic", 1),
            ("batches.messages", 3),
        ],
        ..CALM
    },
    Case {
        name: "a message without a body",
        act: |_, p| {
            Box::pin(async move {
                let message = Message::new("T").unwrap();
                send(p, &message, &SendOptions::default()).await.unwrap_err();
                assert!(p.batch(&[], &SendOptions::default()).is_err());
            })
        },
        counts: &[
            ("refused.calls", 2),
            ("refused.by_status.EmptyBody.count", 1),
            ("refused.by_status.InvalidArgument.count", 1),
        ],
        ..CALM
    },
    Case {
        name: "no room",
        values: &[("inflight.max.messages", "1")],
        play: |sim| both(sim, || Rule::once(Fault::Delay(ms(50)))),
        act: |_, p| {
            Box::pin(async move {
                let (told, options) = (Told::default(), SendOptions::default());
                begin(p, &message("T"), &options, &told).await;
                let deadline = p.deadline(options.timeout);
                let refused = p.send_async(&message("T"), &options, deadline, told.callback()).await;
                assert_eq!(refused.unwrap_err().kind(), ErrorKind::QueueFull);
                p.flush(None).await.unwrap();
            })
        },
        counts: &[
            ("sends.ended", 1),
            ("sends.attempts", 1),
            ("sends.stored.sends", 1),
            ("sends.stored.messages", 1),
            ("sends.stored.bytes", 4),
            ("sends.stored.ok", 1),
            ("refused.calls", 1),
            ("refused.by_status.QueueFull.count", 1),
        ],
        ..CALM
    },
    Case {
        name: "purged",
        play: |sim| both(sim, || Rule::always(Fault::Freeze { store: false })),
        act: |_, p| {
            Box::pin(async move {
                begin(p, &message("T"), &SendOptions::default(), &Told::default()).await;
                tokio::time::sleep(ms(5)).await;
                p.purge(true, true).unwrap();
                p.flush(None).await.unwrap();
            })
        },
        counts: &[
            ("sends.ended", 1),
            ("sends.attempts", 1),
            ("sends.failed.sends", 1),
            ("sends.failed.messages", 1),
            ("sends.failed.bytes", 4),
            ("sends.failed.unknown", 1),
            ("sends.failed.by_status.Cancelled.count", 1),
        ],
        ..CALM
    },
    Case {
        name: "an event that nobody polls",
        act: |_, p| {
            Box::pin(async move {
                let queue = CompletionQueue::new();
                let message = message("T");
                p.begin_to(Cargo::One(&message), &SendOptions::default(), (&queue, 7)).unwrap();
                p.flush(None).await.unwrap();
                queue.close();
            })
        },
        counts: &[
            ("sends.ended", 1),
            ("sends.attempts", 1),
            ("sends.stored.sends", 1),
            ("sends.stored.messages", 1),
            ("sends.stored.bytes", 4),
            ("sends.stored.ok", 1),
            ("completions.events_dropped", 1),
        ],
        ..CALM
    },
];

#[test]
fn each_fault_moves_its_counters_and_no_other() {
    for case in CASES {
        simulate_two(|sim| async move {
            sim.core.add_topic("T", 4);
            let p = sim.start(case.values).await;
            p.prepare_topic("T", None).await.unwrap();
            (case.play)(&sim);
            tokio::time::sleep(ms(1)).await;
            (case.act)(&sim, &p).await;
            let stats = snapshot(&p);
            let mine = |path: &&String| {
                ["sends.", "refused.", "batches.", "completions.events"]
                    .iter()
                    .any(|start| path.starts_with(start))
                    && !path.contains("latency_us")
            };
            let moved = numbers(&stats);
            let moved: Vec<_> = moved.iter().filter(|(path, count)| **count != 0 && mine(path)).collect();
            let mut expected: Vec<_> =
                case.counts.iter().map(|(path, count)| (path.to_string(), *count)).collect();
            expected.sort();
            let expected: Vec<_> = expected.iter().map(|(path, count)| (path, count)).collect();
            assert_eq!(moved, expected, "{}: {stats}", case.name);
            let brokers = elements(&stats, "brokers");
            let peers = ["connections_lost", "throttled", "timeouts"].map(|member| sum(brokers, member));
            assert_eq!(peers, case.peers, "{}: {stats}", case.name);
            assert_eq!(
                number(&stats, "in_flight.sends") + number(&stats, "in_flight.bytes"),
                0,
                "{}",
                case.name
            );
        });
    }
}

#[test]
fn before_the_start_and_after_a_shutdown_the_counters_stand() {
    simulate_one(|sim| async move {
        let p = sim.create(&[]).unwrap();
        let moved = |stats: &Value| {
            let limits =
                |(path, count): &(String, i64)| *count != 0 && !path.ends_with("_max") && path != "schema";
            numbers(stats).into_iter().filter(limits).collect::<Vec<_>>()
        };
        let before = snapshot(&p);
        assert_eq!(
            (moved(&before), &before["state"], &before["client_id"]),
            (vec![], &"created".into(), &"".into())
        );
        send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        let refused =
            [("refused.by_status.InvalidState.count".to_owned(), 1), ("refused.calls".to_owned(), 1)];
        assert_eq!(moved(&snapshot(&p)), refused, "refused calls count from the creation on");

        p.start(None, true).await.unwrap();
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        tokio::time::sleep(ms(1000)).await;
        let running = snapshot(&p);
        assert_eq!(running["state"], "running");
        assert_eq!((number(&running, "uptime_ms"), number(&running, "brokers_total")), (1000, 1));
        p.shutdown(None).await.unwrap();
        let after = snapshot(&p);
        assert_eq!(after["sends"], running["sends"], "what was counted stays");
        for gone in ["brokers", "name_servers", "routes"] {
            assert_eq!(
                elements(&after, gone).len() as u64 + number(&after, &format!("{gone}_total")),
                0,
                "{gone}"
            );
        }
        assert_eq!((&after["state"], &after["client_id"]), (&"closed".into(), &running["client_id"]));
    });
}

#[test]
fn a_peer_tells_how_it_stands_and_since_when() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("route.poll.ms", "3600000"), ("connection.idle.ms", "60000")]).await;
        p.prepare_topic("T", None).await.unwrap();
        tokio::time::sleep(ms(700)).await;
        let broker = |index: usize| {
            let stats = snapshot(&p);
            let address = sim.core.broker_address(index);
            elements(&stats, "brokers")
                .iter()
                .find(|broker| broker["address"] == address.as_str())
                .unwrap()
                .clone()
        };
        let one = broker(0);
        assert_eq!((&one["name"], &one["state"]), (&sim.core.broker_name(0).into(), &"connected".into()));
        assert_eq!(
            (number(&one, "state_ms"), number(&one, "version"), number(&one, "connects")),
            (700, 353, 1)
        );
        assert_eq!(
            (number(&one, "frames_out"), number(&one, "frames_in")),
            (2, 2),
            "the heartbeat and the question whether it is ready: {one}"
        );
        assert_eq!(number(&one, "round_trip_us.count"), 2);
        assert!(number(&one, "bytes_out") > 100 && number(&one, "bytes_in") > 50, "{one}");

        sim.kill(0);
        let told = Told::default();
        let to_it = Some((sim.core.broker_name(0).as_str().into(), 0));
        begin(&p, &message("T"), &SendOptions { queue: to_it, ..within(10_000) }, &told).await;
        tokio::time::sleep(ms(5000)).await;
        let down = broker(0);
        assert_eq!((&down["state"], &down["version"]), (&"down".into(), &(-1).into()));
        assert!((4900..=5000).contains(&number(&down, "state_ms")), "{down}");
        assert_eq!((number(&down, "connections_lost"), number(&down, "connects")), (1, 1));
        assert!(number(&down, "connects_failed") > 3, "{down}");
        sim.core.set_up(0, true);
        tokio::time::sleep(ms(3000)).await;
        let back = broker(0);
        assert_eq!((&back["state"], number(&back, "connects"), told.len()), (&"connected".into(), 2, 1));
        assert!(number(&back, "state_ms") <= 3000 && back["version"] == 353, "{back}");

        tokio::time::sleep(ms(100_000)).await;
        let idle = broker(0);
        assert_eq!(
            (&idle["state"], number(&idle, "connections_lost")),
            (&"idle".into(), 1),
            "left, not lost: {idle}"
        );
    });
}

#[test]
fn requests_that_wait_and_those_in_flight_are_told_apart() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.set_latency(0, ms(200));
        for _ in 0..5 {
            begin(&p, &message("T"), &SendOptions::default(), &Told::default()).await;
        }
        let now = |member: &str| number(&elements(&snapshot(&p), "brokers")[0], member);
        assert_eq!((now("waiting"), now("in_flight")), (5, 0), "the task has not run");
        tokio::time::sleep(ms(100)).await;
        assert_eq!((now("waiting"), now("in_flight")), (0, 5));
        let stats = snapshot(&p);
        assert_eq!((number(&stats, "in_flight.sends"), number(&stats, "in_flight.bytes")), (5, 20));
        assert_eq!((number(&stats, "completions.held"), number(&stats, "sends.ended")), (5, 0));
        p.flush(None).await.unwrap();
        let stats = snapshot(&p);
        assert_eq!((now("waiting"), now("in_flight"), number(&stats, "sends.ended")), (0, 0, 5));
        let times = &stats["sends"]["stored"]["latency_us"];
        assert_eq!((number(times, "min"), number(times, "max")), (200_000, 200_000), "{times}");
        let round_trips = &elements(&stats, "brokers")[0]["round_trip_us"];
        assert_eq!((number(round_trips, "count"), number(round_trips, "max")), (7, 200_000), "{round_trips}");
    });
}

#[test]
fn a_hundred_routes_are_told_of_those_first_that_nobody_confirms() {
    simulate_one(|sim| async move {
        let p = sim.start(&[("route.poll.ms", "1000")]).await;
        for topic in 0..250 {
            sim.core.add_topic(&format!("T{topic:03}"), 3);
        }
        for topic in 0..250 {
            p.prepare_topic(&format!("T{topic:03}"), None).await.unwrap();
        }
        sim.core.remove_topic(0, "T111");
        tokio::time::sleep(ms(60_000)).await;
        let stats = snapshot(&p);
        let routes = elements(&stats, "routes");
        assert_eq!((number(&stats, "routes_total"), routes.len()), (250, 100));
        let ages: Vec<_> = routes.iter().map(|route| number(route, "age_ms")).collect();
        assert!(
            ages.is_sorted_by(|one, next| one >= next) && ages[0] > 50_000 && ages[1] < 10_000,
            "{ages:?}"
        );
        assert_eq!(
            (&routes[0]["topic"], number(&routes[0], "queues")),
            (&"T111".into(), 3),
            "nobody knows it any more"
        );
        assert_eq!(number(&routes[0], "brokers"), 1);
        assert!(p.stats_json(name).len() < 20_000, "{} bytes", p.stats_json(name).len());
    });
}

#[test]
fn names_from_the_network_and_from_the_application_stand_as_they_are() {
    simulate_one(|sim| async move {
        let name = "a\"quoted\"\\\u{1}\t\u{2028} 组";
        let body = serde_json::json!({
            "brokerDatas": [{"brokerName": name, "cluster": "C", "brokerAddrs": {"0": sim.core.broker_address(0)}}],
            "queueDatas": [{"brokerName": name, "perm": 6, "readQueueNums": 1, "writeQueueNums": 1}],
        });
        let command = Command::response(0, 0).with_body(Bytes::from(body.to_string()));
        sim.core.fault(Node::NameServer, Rule::always(Fault::Answer { command, store: true }));
        let p = sim.start(&[("producer.group", "G-%|_1"), ("instance.name", "a\"quoted\"组")]).await;
        p.prepare_topic("T", None).await.unwrap();
        let stats = snapshot(&p);
        assert_eq!(elements(&stats, "brokers")[0]["name"], name);
        assert_eq!(
            (&stats["group"], stats["client_id"].as_str()),
            (&"G-%|_1".into(), Some(p.client_id().as_str()))
        );
        assert!(p.client_id().as_str().contains("\"quoted\"组"), "{}", p.client_id());
    });
}
