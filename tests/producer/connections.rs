//! Connections: heartbeats, hostile answers, partial frames.

use std::time::Duration;

use bytes::Bytes;
use rocketmq_mock::{Fault, Rule, What};
use rocketmq_producer::error::{ErrorKind, Outcome};
use rocketmq_producer::producer::{Instant, SendOptions};

use crate::world::{Told, begin, message, send, simulate_one, simulate_two, within};

#[test]
fn a_broker_hears_of_the_producer_first_and_then_regularly() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[("heartbeat.ms", "10000")]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        for broker in 0..2 {
            let beats = sim.core.heart_beats(broker);
            assert_eq!(beats.len(), 1, "broker {broker} hears when it is first learned");
            assert_eq!(
                (beats[0].client_id.as_str(), &beats[0].groups[..]),
                (p.client_id().as_str(), &["G".to_owned()][..])
            );
        }
        let events = sim.core.events();
        let first = events.iter().find(|e| e.node == 0.into() && !matches!(e.what, What::Connected)).unwrap();
        assert!(matches!(first.what, What::HeartBeat(_)), "on the connection that sends use, before them");
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(sim.core.heart_beats(0).len(), 4);
    });
}

#[test]
fn late_double_and_unknown_answers_are_dropped() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        sim.core.fault(0, Rule::once(Fault::Delay(Duration::from_millis(300))).sends());
        assert_eq!(send(&p, &message("T"), &within(100)).await.unwrap_err().kind(), ErrorKind::Timeout);
        for fault in [Fault::AnswerTwice, Fault::UnknownOpaqueFirst, Fault::AnswerTwice] {
            sim.core.fault(0, Rule::once(fault).sends());
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        assert_eq!((sim.core.accepted(0), sim.core.message_count("T")), (1, 4));
    });
}

#[test]
fn one_late_answer_does_not_touch_the_others() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        sim.core.fault(0, Rule::once(Fault::Freeze { store: true }).sends().after(500));
        let told = Told::default();
        for _ in 0..1000 {
            begin(&p, &message("T"), &within(1000), &told).await;
        }
        p.shutdown(None).await.unwrap();
        let kinds = told.kinds();
        assert_eq!(kinds.iter().filter(|kind| kind.is_none()).count(), 999);
        assert_eq!((kinds.len(), sim.core.accepted(0)), (1000, 1));
    });
}

#[test]
fn bytes_that_make_no_sense_end_the_connection_and_are_retried() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        for garbage in [
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            &[0, 0, 0, 1, 0, 0, 0, 0],
            &[0, 0, 0, 8, 0, 0, 0, 4, b'{', b'{', b'{', b'{'],
        ] {
            let p = sim.start(&[]).await;
            sim.core.fault(0, Rule::once(Fault::Garbage(Bytes::copy_from_slice(garbage))).sends());
            assert_eq!(send(&p, &message("T"), &SendOptions::default()).await.unwrap().attempts, 2);
            sim.core.fault(0, Rule::once(Fault::Garbage(Bytes::copy_from_slice(garbage))).sends());
            let once = SendOptions { no_retry: true, ..SendOptions::default() };
            let error = send(&p, &message("T"), &once).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Protocol, Outcome::Unknown));
        }
    });
}

#[test]
fn an_answer_cut_in_the_middle_is_a_lost_connection() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        for bytes in [0, 1, 4, 7, 8, 50] {
            sim.core.fault(0, Rule::once(Fault::CutInAnswer { bytes }).sends());
            assert_eq!(
                send(&p, &message("T"), &SendOptions::default()).await.unwrap().attempts,
                2,
                "{bytes}"
            );
        }
    });
}

#[test]
fn a_peer_that_stops_reading_holds_up_nobody_past_the_deadline() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.fault(0, Rule::once(Fault::Stall).sends());
        let told = Told::default();
        let mut large = message("T");
        let mut chance = fastrand::Rng::with_seed(1);
        let noise: Vec<u8> = (0..12_000).map(|_| chance.u8(..)).collect();
        large.set_body(&noise).unwrap();
        let begun = Instant::now();
        for index in 0..200 {
            if index == 100 {
                // The task finds the socket full: what comes now waits as requests.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            p.send_async(&large, &within(700), p.deadline(within(700).timeout), told.callback())
                .await
                .unwrap();
        }
        while told.len() < 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(begun.elapsed() <= Duration::from_millis(715), "{:?}", begun.elapsed());
        let outcomes: Vec<_> = told.all().into_iter().map(|r| r.unwrap_err()).collect();
        assert!(outcomes.iter().all(|e| e.kind() == ErrorKind::Timeout));
        assert!(outcomes.iter().any(|e| e.outcome() == Outcome::NotSent), "what waited was never written");
        assert!(
            outcomes.iter().any(|e| e.outcome() == Outcome::Unknown),
            "what was written may have arrived"
        );
        assert_eq!(p.in_flight(), 0);
    });
}

#[test]
fn what_timed_out_behind_a_full_socket_and_arrives_later_was_not_called_unsent() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[("compress.type", "none"), ("send.retry.unknown", "false")]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.set_frozen(0, true);
        let told = Told::default();
        let mut large = message("T");
        large.set_body(&[7; 100_000]).unwrap();
        for message in [&large, &large, &message("T")] {
            let deadline = p.deadline(within(100).timeout);
            p.send_async(message, &within(100), deadline, told.callback()).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        sim.core.set_frozen(0, false);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!((told.kinds(), sim.core.message_count("T")), (vec![Some(ErrorKind::Timeout); 3], 3));
        assert!(told.all().into_iter().all(|r| r.unwrap_err().outcome() == Outcome::Unknown));
    });
}

#[test]
fn commands_that_a_broker_starts_are_answered_or_ignored() {
    simulate_one(|sim| async move {
        let p = sim.start(&[]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        let mut asked = protocol::command::Command::request(307).with("consumerGroup", "C");
        asked.opaque = 4711;
        let mut told = protocol::command::Command::request(40).oneway();
        told.opaque = 4712;
        for command in [&told, &asked] {
            assert_eq!(sim.core.push(0, p.client_id().as_str(), command), 1);
        }
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        let answers: Vec<_> = sim
            .core
            .events()
            .into_iter()
            .filter_map(|e| {
                if let What::Answer(command) = e.what { Some((command.opaque, command.code)) } else { None }
            })
            .collect();
        assert_eq!(answers, [(4711, 3)]);
    });
}
