//! What those expect who come from RocketMQ's own client.

use std::time::Duration;

use protocol::codes::request::GET_ROUTEINFO_BY_TOPIC;
use rocketmq_mock::{Fault, Node, Rule};
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{Config, Instant, SendOptions, SendStatus};

use crate::world::{message, send, simulate_one, simulate_two, within};

#[test]
fn groups_are_checked_before_anything_is_opened() {
    let set = |group: &str| Config::new().set("producer.group", Some(group)).map_err(|error| error.kind());
    for good in ["ok%|-_9", &"g".repeat(255)] {
        assert_eq!(set(good), Ok(()), "{good}");
    }
    for bad in ["", "  ", "a b", "g#1", "DEFAULT_PRODUCER", &"g".repeat(256)] {
        assert_eq!(set(bad), Err(ErrorKind::InvalidValue), "{bad:?}");
    }
}

#[test]
fn a_known_route_is_not_asked_for_again_before_its_time() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        for _ in 0..100 {
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        assert_eq!(sim.core.requests(Node::NameServer, GET_ROUTEINFO_BY_TOPIC), 1);
    });
}

#[test]
fn with_one_broker_that_refuses_every_send_succeeds_and_none_asks_it_twice_in_a_row() {
    for code in [1, 2, 14, 16, 17, 204, 205] {
        simulate_two(|sim| async move {
            sim.core.add_topic("T", 4);
            let p = sim.start(&[]).await;
            sim.core.fault(0, Rule::always(Fault::respond(code)).sends());
            for _ in 0..20 {
                let before = sim.core.attempts("T").len();
                send(&p, &message("T"), &SendOptions::default()).await.unwrap();
                let brokers: Vec<_> = sim.core.attempts("T")[before..].iter().map(|a| a.broker).collect();
                assert!(brokers == [1] || brokers == [0, 1], "code {code}: {brokers:?}");
            }
        });
    }
}

#[test]
fn an_orderly_close_fails_over_at_once_and_not_after_the_timeout() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        for broker in 0..2 {
            sim.core.fault(broker, Rule::once(Fault::Cut { store: false }).sends());
        }
        let begun = Instant::now();
        let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        assert_eq!(result.attempts, 3);
        assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
    });
}

#[test]
fn the_last_of_several_stored_results_is_returned() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("send.retry.not.stored.ok", "true")]).await;
        for code in [12, 10, 11] {
            sim.core.fault(0, Rule::once(Fault::respond(code)).sends());
        }
        let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        assert_eq!((result.status, result.attempts), (SendStatus::SlaveNotAvailable, 3));
        assert_eq!(sim.core.attempts("T").len(), 3);
    });
}

#[test]
fn with_one_broker_a_retry_stays_there_and_without_queues_it_ends() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("route.poll.ms", "1000")]).await;
        sim.core.fault(0, Rule::once(Fault::respond(1)).sends());
        assert_eq!(send(&p, &message("T"), &SendOptions::default()).await.unwrap().attempts, 2);
        let queues: Vec<_> = sim.core.attempts("T").iter().map(|attempt| attempt.queue_id).collect();
        assert_ne!(queues[0], queues[1], "another queue may do better");
        // The route changes to one without queues while a send is on its way.
        sim.core.fault(0, Rule::once(Fault::Delay(Duration::from_secs(2))).sends());
        sim.core.set_perm(0, "T", 4);
        let limit = within(10_000);
        sim.core.fault(0, Rule::always(Fault::respond(1)).sends());
        assert!(send(&p, &message("T"), &limit).await.is_ok(), "it was answered");
        let error = send(&p, &message("T"), &limit).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::NoWritableQueue, 0));
        sim.core.set_perm(0, "T", 6);
        sim.core.clear_faults(0);
        tokio::time::sleep(Duration::from_millis(1100)).await;
        send(&p, &message("T"), &limit).await.unwrap();
    });
}
