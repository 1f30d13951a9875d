//! What name servers may answer: nothing, nonsense, changes.

use std::time::Duration;

use bytes::Bytes;
use protocol::command::Command;
use rocketmq_mock::{Fault, Node, Options, Rule};
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::SendOptions;

use crate::world::{message, send, simulate, simulate_one, simulate_two, within};

const BROKER: &str = r#"{"brokerAddrs":{"0":"127.0.0.1:10911"},"brokerName":"broker-a","cluster":"C"}"#;

fn queues(perm: i64, count: i64) -> String {
    format!(r#"{{"brokerName":"broker-a","perm":{perm},"readQueueNums":{count},"writeQueueNums":{count}}}"#)
}

fn route(queues: &str, brokers: &str) -> String {
    format!(r#"{{"brokerDatas":[{brokers}],"queueDatas":[{queues}]}}"#)
}

fn answer(body: &str) -> Fault {
    let command = Command::response(0, 0).with_body(Bytes::copy_from_slice(body.as_bytes()));
    Fault::Answer { command, store: true }
}

/// An answer, what a first send makes of it, and what a producer that knows a good route then does.
fn answers() -> Vec<(String, Option<ErrorKind>, Option<ErrorKind>)> {
    use ErrorKind::{NoNamesrv, NoWritableQueue, TopicNotFound};
    let good = queues(6, 4);
    let broker_with = |addresses: &str| BROKER.replace(r#""0":"127.0.0.1:10911""#, addresses);
    vec![
        // Cannot be read: the good route stays.
        ("garbage".into(), Some(NoNamesrv), None),
        ("{".into(), Some(NoNamesrv), None),
        ("[]".into(), Some(NoNamesrv), None),
        ("\0\0\0".into(), Some(NoNamesrv), None),
        (route(&queues(6, i64::MAX), BROKER), Some(NoNamesrv), None),
        (route(&queues(6, 2_000_000_000), BROKER), Some(NoNamesrv), None),
        (route(&vec![queues(6, 65_536); 20].join(","), BROKER), Some(NoNamesrv), None),
        (route(r#"{"perm":6}"#, BROKER), Some(NoNamesrv), None),
        (route(&good, &broker_with(r#""x":"127.0.0.1:10911""#)), Some(NoNamesrv), None),
        // Says nothing: as if the topic were not known.
        (String::new(), Some(TopicNotFound), None),
        ("{}".into(), Some(TopicNotFound), None),
        (route("", ""), Some(TopicNotFound), None),
        (route(&good, ""), Some(TopicNotFound), None),
        (route("", BROKER), Some(TopicNotFound), None),
        ("{\"brokerDatas\":null,\"queueDatas\":null}".into(), Some(TopicNotFound), None),
        // Leads nowhere: the good route stays.
        (route(&good, &broker_with(r#""0":"nowhere""#)), Some(NoWritableQueue), None),
        (route(&good, &broker_with(r#""0":"""#)), Some(NoWritableQueue), None),
        (route(&good, &broker_with(r#""0":"127.0.0.1:99999""#)), Some(NoWritableQueue), None),
        // Says that there is nothing to write to.
        (route(&queues(4, 4), BROKER), Some(NoWritableQueue), Some(NoWritableQueue)),
        (route(&queues(0, 4), BROKER), Some(NoWritableQueue), Some(NoWritableQueue)),
        (route(&queues(6, 0), BROKER), Some(NoWritableQueue), Some(NoWritableQueue)),
        (route(&queues(6, -3), BROKER), Some(NoWritableQueue), Some(NoWritableQueue)),
        (route(&good, &broker_with("")), Some(NoWritableQueue), Some(NoWritableQueue)),
        (
            route(&good, &broker_with(r#""1":"127.0.0.1:10911""#)),
            Some(NoWritableQueue),
            Some(NoWritableQueue),
        ),
        // Odd, but it can be used.
        (route(&queues(0x7fff_fffe, 4), BROKER), None, None),
        (route(&queues(-1, 4), BROKER), None, None),
        (route(&[good.as_str(), good.as_str()].join(","), BROKER), None, None),
        (route(&good, &[BROKER, BROKER].join(",")), None, None),
        (route(&good, &broker_with(r#""-7":"x","0":"127.0.0.1:10911","0":"127.0.0.1:10911""#)), None, None),
        (route(&format!("null,{good}"), &format!("null,{BROKER}")), None, None),
    ]
}

#[test]
fn no_answer_of_a_name_server_hangs_a_send_or_spoils_a_good_route() {
    for (body, first, then) in answers() {
        simulate(Options { auto_create: false, ..Options::default() }, |sim| async move {
            sim.core.add_topic("T", 4);
            let known = sim.start(&[("route.poll.ms", "100")]).await;
            send(&known, &message("T"), &SendOptions::default()).await.unwrap();
            sim.core.fault(Node::NameServer, Rule::always(answer(&body)).topic("T"));
            let fresh = sim.start(&[]).await;
            let sent = send(&fresh, &message("T"), &SendOptions::default()).await;
            assert_eq!(sent.err().map(|error| error.kind()), first, "{body}");
            tokio::time::sleep(Duration::from_millis(350)).await;
            let sent = send(&known, &message("T"), &SendOptions::default()).await;
            assert_eq!(sent.err().map(|error| error.kind()), then, "{body}");
            sim.core.clear_faults(Node::NameServer);
            tokio::time::sleep(Duration::from_millis(1001)).await;
            for p in [&known, &fresh] {
                send(p, &message("T"), &SendOptions::default())
                    .await
                    .unwrap_or_else(|e| panic!("{body}: {e}"));
            }
        });
    }
}

#[test]
fn changes_of_permission_and_number_of_queues_hold_without_a_restart() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 2);
        let p = sim.start(&[("route.poll.ms", "1000")]).await;
        let used = async || {
            tokio::time::sleep(Duration::from_millis(1100)).await;
            let mut used = std::collections::BTreeSet::new();
            for _ in 0..12 {
                let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
                used.insert((result.broker.to_string(), result.queue_id));
            }
            used.into_iter().map(|(broker, id)| format!("{}{id}", &broker[7..])).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(used().await, "a0 a1 b0 b1");
        sim.core.set_perm(0, "T", 4);
        assert_eq!(used().await, "b0 b1");
        sim.core.set_perm(0, "T", 6);
        sim.core.add_topic_on(1, "T", 4);
        assert_eq!(used().await, "a0 a1 b0 b1 b2 b3");
        sim.core.add_topic_on(0, "T", 1);
        sim.core.set_perm(1, "T", 4);
        assert_eq!(used().await, "a0");
        sim.core.set_master(0, false);
        sim.core.set_perm(1, "T", 2);
        assert_eq!(used().await, "b0 b1 b2 b3");
    });
}

#[test]
fn a_topic_without_a_writable_queue_is_looked_up_once_a_second_until_it_has_one() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        sim.core.set_perm(0, "T", 4);
        let p = sim.start(&[]).await;
        for _ in 0..50 {
            let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NoWritableQueue);
        }
        assert_eq!(sim.core.look_ups("T"), 1);
        sim.core.set_perm(0, "T", 6);
        tokio::time::sleep(Duration::from_millis(1000)).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        assert_eq!(sim.core.look_ups("T"), 2);
    });
}

#[test]
fn a_missing_topic_is_looked_up_once_a_second_or_when_asked_for() {
    simulate(Options { auto_create: false, ..Options::default() }, |sim| async move {
        let p = sim.start(&[]).await;
        let missing = async || {
            let error = send(&p, &message("T"), &within(100)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TopicNotFound);
        };
        for round in 1..4 {
            for _ in 0..100 {
                missing().await;
            }
            assert_eq!((sim.core.look_ups("T"), sim.core.look_ups("TBW102")), (round, round));
            tokio::time::sleep(Duration::from_millis(1001)).await;
        }
        missing().await;
        assert_eq!(p.prepare_topic("T", None).await.unwrap_err().kind(), ErrorKind::TopicNotFound);
        assert_eq!(p.fetch_queues("T", None).await.unwrap_err().kind(), ErrorKind::TopicNotFound);
        assert_eq!(sim.core.look_ups("T"), 6, "both ask anew");
        sim.core.add_topic("T", 1);
        missing().await;
        assert_eq!(p.fetch_queues("T", None).await.unwrap().len(), 1);
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
    });
}

#[test]
fn a_thousand_cold_callers_make_one_look_up_and_one_connection_for_each_broker() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        let (tasks, mut callers) = (tokio::task::LocalSet::new(), tokio::task::JoinSet::new());
        for _ in 0..1000 {
            let p = p.clone();
            let call = async move { send(&p, &message("T"), &SendOptions::default()).await };
            callers.spawn_local_on(call, &tasks);
        }
        tasks.await;
        let mut sent = 0;
        while let Some(done) = callers.join_next().await {
            sent += usize::from(done.unwrap().is_ok());
        }
        assert_eq!((sent, sim.core.look_ups("T"), sim.core.accepted(Node::NameServer)), (1000, 1, 1));
        assert_eq!((sim.core.accepted(0), sim.core.accepted(1)), (1, 1));
    });
}
