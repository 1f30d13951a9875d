//! Ordered sends: a key's queue, a selector's queue, and that nothing but that queue is ever used.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use protocol::message::sharding;
use rocketmq_mock::{Fault, Rule};
use rocketmq_producer::error::{ErrorKind, Outcome};
use rocketmq_producer::producer::{Producer, Selector, SendOptions};

use crate::world::{Sim, Told, begin, message, ms, send, simulate_two};

/// Java's order: broker name, then queue id.
fn queue_of(key: &str, brokers: &[&str], queues: i32) -> (String, i32) {
    let all: Vec<_> =
        brokers.iter().flat_map(|broker| (0..queues).map(|id| ((*broker).to_owned(), id))).collect();
    all[sharding::queue_index(sharding::java_hash(key), NonZeroUsize::new(all.len()).unwrap())].clone()
}

const BROKERS: [&str; 2] = ["broker-a", "broker-b"];

async fn send_key(p: &Arc<Producer>, key: &str) -> Result<(String, i32), (ErrorKind, Outcome)> {
    let mut m = message("T");
    m.set_sharding_key(Some(key)).unwrap();
    match send(p, &m, &SendOptions::default()).await {
        Ok(result) => Ok((result.broker.to_string(), result.queue_id)),
        Err(error) => Err((error.kind(), error.outcome())),
    }
}

#[test]
fn a_key_has_the_queue_that_java_gives_it_in_every_form_of_send() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        let told = Told::default();
        for number in 0..60 {
            let key = format!("order-{number} 订单");
            let mut m = message("T");
            m.set_sharding_key(Some(&key)).unwrap();
            m.set_body(key.as_bytes()).unwrap();
            send(&p, &m, &SendOptions::default()).await.unwrap();
            begin(&p, &m, &SendOptions::default(), &told).await;
            p.send_oneway(&m, &SendOptions::default(), None).await.unwrap();
        }
        p.flush(None).await.unwrap();
        assert!(told.kinds().iter().all(Option::is_none) && told.len() == 60);
        tokio::time::sleep(ms(10)).await;
        let stored = sim.core.messages("T");
        assert_eq!(stored.len(), 180);
        let mut used = BTreeSet::new();
        for message in stored {
            let key = message.property("__SHARDINGKEY").unwrap();
            assert_eq!(message.body, key.as_bytes());
            let queue = (BROKERS[message.broker].to_owned(), message.queue_id);
            assert_eq!(queue, queue_of(key, &BROKERS, 4), "{key}");
            used.insert(queue);
        }
        assert_eq!(used.len(), 8);
    });
}

#[test]
fn a_failed_attempt_of_a_key_is_followed_by_one_on_the_same_queue() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        for broker in [0, 1] {
            sim.core.fault(broker, Rule::once(Fault::respond(1)).sends());
        }
        for key in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            assert_eq!(send_key(&p, key).await, Ok(queue_of(key, &BROKERS, 4)));
        }
        let failed = sim.core.attempts("T").len() - sim.core.message_count("T");
        assert_eq!(failed, 2);
    });
}

/// Each key goes where Java would send it while both brokers are there.
async fn all_have_their_queues(p: &Arc<Producer>, keys: &[String]) {
    for key in keys {
        assert_eq!(send_key(p, key).await, Ok(queue_of(key, &BROKERS, 4)), "{key}");
    }
}

#[test]
fn keys_of_a_lost_broker_fail_and_all_others_keep_their_queues() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("route.poll.ms", "1000"), ("send.timeout.ms", "1000")]).await;
        let keys: Vec<String> = (0..40).map(|number| format!("key-{number}")).collect();
        all_have_their_queues(&p, &keys).await;
        sim.core.set_up(0, false);
        for _ in 0..5 {
            for key in &keys {
                let (broker, id) = queue_of(key, &BROKERS, 4);
                let sent = send_key(&p, key).await;
                if broker == "broker-a" {
                    let (kind, outcome) = sent.unwrap_err();
                    assert!(outcome == Outcome::NotSent, "{key}: {kind:?}");
                } else {
                    assert_eq!(sent, Ok((broker, id)), "{key}");
                }
            }
            tokio::time::sleep(ms(1500)).await;
        }
        sim.core.set_up(0, true);
        tokio::time::sleep(ms(2500)).await;
        all_have_their_queues(&p, &keys).await;
    });
}

#[test]
fn keys_keep_their_queues_also_when_the_answer_was_written_while_a_broker_was_taken_off_the_list() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("route.poll.ms", "20000"), ("send.timeout.ms", "100")]).await;
        let keys: Vec<String> = (0..40).map(|number| format!("key-{number}")).collect();
        all_have_their_queues(&p, &keys).await;
        sim.core.set_leaving(0, true);
        tokio::time::sleep(ms(40_000)).await;
        for key in &keys {
            let (broker, id) = queue_of(key, &BROKERS, 4);
            let sent = send_key(&p, key).await;
            assert!(if broker == "broker-a" { sent.is_err() } else { sent == Ok((broker, id)) }, "{key}");
        }
        // It is asked after as one that is lost, and not only with the next poll.
        sim.core.set_leaving(0, false);
        tokio::time::sleep(ms(1500)).await;
        all_have_their_queues(&p, &keys).await;
    });
}

#[test]
fn a_broker_that_stays_away_gives_its_keys_up_and_a_topic_that_grows_shares_them_out_anew() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("route.poll.ms", "1000"), ("send.timeout.ms", "500")]).await;
        send_key(&p, "a").await.unwrap();
        sim.core.set_up(0, false);
        tokio::time::sleep(ms(100_000)).await;
        let lost = (0..8).map(|number| format!("{number}"));
        let lost: Vec<_> = lost.filter(|key| queue_of(key, &BROKERS, 4).0 == "broker-a").collect();
        assert!(send_key(&p, &lost[0]).await.is_err());
        tokio::time::sleep(ms(30_000)).await;
        for key in &lost {
            assert_eq!(send_key(&p, key).await, Ok(queue_of(key, &BROKERS[1..], 4)));
        }
        sim.core.set_up(0, true);
        tokio::time::sleep(ms(40_000)).await;
        for key in &lost {
            assert_eq!(send_key(&p, key).await, Ok(queue_of(key, &BROKERS, 4)));
        }
    });
}

fn choosing(select: impl Fn(usize) -> i32 + Send + Sync + 'static) -> SendOptions {
    let selector = Selector::new(move |queues, _| select(queues.len()));
    SendOptions { selector: Some(selector), ..SendOptions::default() }
}

async fn prepared(sim: &Sim) -> Arc<Producer> {
    sim.core.add_topic("T", 4);
    let p = sim.start(&[]).await;
    p.prepare_topic("T", None).await.unwrap();
    p
}

#[test]
fn a_selector_sees_the_queues_in_order_and_its_queue_is_kept() {
    simulate_two(|sim| async move {
        let p = prepared(&sim).await;
        let selector = Selector::new(|queues, message| {
            assert_eq!((queues.len(), message.topic().as_str()), (8, "T"));
            let all: Vec<_> =
                (0..8).map(|at| (queues.broker(at).unwrap().to_string(), queues.queue_id(at))).collect();
            assert!(all.is_sorted() && all[7] == ("broker-b".to_owned(), Some(3)), "{all:?}");
            i32::from(message.body()[0])
        });
        let options = SendOptions { selector: Some(selector), ..SendOptions::default() };
        let told = Told::default();
        for index in 0..8 {
            let mut m = message("T");
            m.set_body(&[index]).unwrap();
            // The selector comes before the key.
            m.set_sharding_key(Some("the same")).unwrap();
            sim.core.fault(usize::from(index / 4), Rule::once(Fault::respond(1)).sends());
            let result = send(&p, &m, &options).await.unwrap();
            let queue = (BROKERS[usize::from(index / 4)], i32::from(index % 4));
            assert_eq!((result.broker.as_str(), result.queue_id, result.attempts), (queue.0, queue.1, 2));
            begin(&p, &m, &options, &told).await;
            p.send_oneway(&m, &options, None).await.unwrap();
            // Else a one-way send meets the next fault.
            p.flush(None).await.unwrap();
            tokio::time::sleep(ms(10)).await;
        }
        let mut counts = BTreeMap::new();
        for message in sim.core.messages("T") {
            assert_eq!(
                (message.broker, message.queue_id),
                (usize::from(message.body[0] / 4), i32::from(message.body[0] % 4))
            );
            *counts.entry(message.body[0]).or_insert(0) += 1;
        }
        assert!(counts.len() == 8 && counts.values().all(|count| *count == 3), "{counts:?}");
        // A queue comes before the selector.
        let queue = Some(("broker-b".into(), 1));
        let both = SendOptions { queue, ..choosing(|_| panic!("nobody asks")) };
        assert_eq!(send(&p, &message("T"), &both).await.unwrap().queue_id, 1);
    });
}

#[test]
fn a_selector_that_gives_up_or_is_wrong_sends_nothing() {
    simulate_two(|sim| async move {
        let p = prepared(&sim).await;
        for (index, why) in
            [(-1, "gave it up"), (8, "chose 8 of 8"), (99, "chose 99"), (i32::MIN, "chose -2147")]
        {
            let (options, told) = (choosing(move |_| index), Told::default());
            let error = send(&p, &message("T"), &options).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Callback, Outcome::NotSent));
            assert!(error.to_string().contains(why), "{error}");
            let refused = p.send_async(&message("T"), &options, None, told.callback()).await.unwrap_err();
            assert_eq!((refused.kind(), told.len()), (ErrorKind::Callback, 0));
            let refused = p.send_oneway(&message("T"), &options, None).await.unwrap_err();
            assert_eq!((refused.kind(), p.in_flight()), (ErrorKind::Callback, 0));
        }
        assert!(sim.core.attempts("T").is_empty());
    });
}

#[test]
fn only_a_sync_send_looks_a_route_up_for_its_selector() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        let (options, told) = (choosing(|count| i32::try_from(count).unwrap() - 1), Told::default());
        let refused = p.send_async(&message("T"), &options, None, told.callback()).await.unwrap_err();
        assert_eq!((refused.kind(), told.len()), (ErrorKind::RouteNotReady, 0));
        let refused = p.send_oneway(&message("T"), &options, None).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::RouteNotReady);
        let result = send(&p, &message("T"), &options).await.unwrap();
        assert_eq!((result.broker.as_str(), result.queue_id), ("broker-b", 3));
    });
}
