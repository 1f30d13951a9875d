//! Peers that vanish, come back, move, or send the client away.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::codes::response::GO_AWAY;
use rocketmq_mock::{Fault, Node, Options, Rule, What};
use rocketmq_producer::error::{ErrorKind, Outcome};
use rocketmq_producer::producer::{Instant, SendOptions};

use crate::world::{Told, begin, message, ms, send, simulate, simulate_one, simulate_two, within};

#[test]
fn a_send_waits_for_the_only_broker_to_come_back_within_its_deadline() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        sim.kill(0);
        // Long enough for the back-off to have grown beyond three dials.
        assert_eq!(send(&p, &message("T"), &within(900)).await.unwrap_err().kind(), ErrorKind::Connect);
        tokio::time::sleep(ms(2000)).await;
        let begun = Instant::now();
        let back = async {
            tokio::time::sleep(ms(500)).await;
            sim.core.set_up(0, true);
        };
        let (message, options) = (message("T"), SendOptions::default());
        let (sent, ()) = tokio::join!(send(&p, &message, &options), back);
        sent.unwrap();
        assert!(begun.elapsed() < ms(500 + 1600), "by the next dial: {:?}", begun.elapsed());
    });
}

#[test]
fn while_the_only_broker_is_away_sends_end_by_their_deadline_as_not_sent() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("send.retries", "32")]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        sim.core.set_up(0, false);
        for limit in [5, 50, 700, 3000] {
            let begun = Instant::now();
            let error = send(&p, &message("T"), &within(limit)).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotSent), "{error}");
            assert!(begun.elapsed() <= ms(limit + 1), "{limit}: {:?}", begun.elapsed());
        }
    });
}

#[test]
fn a_broker_that_cannot_be_reached_is_passed_over_until_it_is_back() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        // The name server has not missed it yet, and is not asked in between.
        let p = sim.start(&[("route.poll.ms", "3600000")]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.kill(0);
        let begun = Instant::now();
        for _ in 0..8 {
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        assert!(
            begun.elapsed() < ms(10),
            "one has waited where it had elsewhere to go: {:?}",
            begun.elapsed()
        );
        for _ in 0..40 {
            let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            assert!(result.attempts <= 2);
            tokio::time::sleep(ms(100)).await;
        }
        let told = Told::default();
        for _ in 0..1000 {
            begin(&p, &message("T"), &within(1000), &told).await;
        }
        while told.len() < 1000 {
            tokio::time::sleep(ms(1)).await;
        }
        assert!(told.all().iter().all(|told| told.as_ref().unwrap().attempts == 1), "none went there first");
        for queue in 0..4 {
            let count = told.all().iter().filter(|told| told.as_ref().unwrap().queue_id == queue).count();
            assert_eq!(count, 250, "the other broker's queues are used evenly");
        }
        sim.core.set_up(0, true);
        tokio::time::sleep(ms(1600)).await;
        let mut brokers: Vec<_> = Vec::new();
        for _ in 0..8 {
            brokers.push(send(&p, &message("T"), &SendOptions::default()).await.unwrap().broker);
        }
        assert!(brokers.iter().any(|broker| broker.as_str() == "broker-a"), "back in turn: {brokers:?}");
    });
}

#[test]
fn who_waits_behind_a_full_socket_of_a_peer_that_goes_away_goes_elsewhere_at_once() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("route.poll.ms", "3600000"), ("compress.type", "none")]).await;
        p.prepare_topic("T", None).await.unwrap();
        // Takes connections and reads nothing.
        let held = Arc::new(Mutex::new(Vec::new()));
        let streams = Arc::clone(&held);
        sim.connector.listen(&sim.core.broker_address(0), move |stream| streams.lock().unwrap().push(stream));
        sim.core.cut_connections(0);
        tokio::time::sleep(ms(1)).await;
        let mut large = message("T");
        large.set_body(&[7; 100_000]).unwrap();
        let told = Told::default();
        for _ in 0..40 {
            begin(&p, &large, &SendOptions::default(), &told).await;
        }
        tokio::time::sleep(ms(5)).await;
        assert_eq!(told.len(), 20, "those of the other broker");
        held.lock().unwrap().clear();
        tokio::time::sleep(ms(5)).await;
        assert_eq!((told.len(), p.in_flight()), (40, 0));
        assert!(told.kinds().iter().all(Option::is_none), "{:?}", told.kinds());
    });
}

#[test]
fn a_broker_that_nobody_wants_is_not_dialled_for_ever() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("connection.idle.ms", "10000"), ("route.poll.ms", "3600000")]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        sim.kill(0);
        for _ in 0..8 {
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
        let dials = sim.dials();
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(sim.dials(), dials);
    });
}

#[test]
fn a_peer_that_takes_connections_and_drops_them_is_not_hammered() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("route.poll.ms", "3600000")]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.fault(0, Rule::always(Fault::Cut { store: false }));
        sim.core.cut_connections(0);
        let dials = sim.dials();
        let told = Told::default();
        for _ in 0..200 {
            begin(&p, &message("T"), &SendOptions::default(), &told).await;
            tokio::time::sleep(ms(20)).await;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!((told.len(), p.in_flight()), (200, 0));
        assert!(sim.dials() - dials < 30, "{} dials in 9 s", sim.dials() - dials);
    });
}

#[test]
fn a_broker_that_comes_back_under_another_address_is_found_at_once() {
    simulate_two(|sim| async move {
        // One broker in two places: the second takes over the first one's name.
        sim.core.add_topic_on(0, "T", 4);
        let p = sim.start(&[]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        sim.core.set_up(0, false);
        let failed = send(&p, &message("T"), &within(200)).await.unwrap_err();
        assert_eq!(failed.outcome(), Outcome::NotSent);
        sim.core.add_topic_on(1, "T", 4);
        let begun = Instant::now();
        while send(&p, &message("T"), &within(200)).await.is_err() {
            assert!(begun.elapsed() < ms(2000), "the poll of 30 s is not waited for");
        }
        // What no route leads to any more holds nothing.
        tokio::time::sleep(ms(3000)).await;
        let dials = sim.dials();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(sim.dials(), dials, "the old address is not dialled any more");
    });
}

#[test]
fn a_broker_that_was_gone_gets_its_share_again_within_seconds() {
    simulate_two(|sim| async move {
        for topic in ["T", "U"] {
            sim.core.add_topic(topic, 4);
        }
        let p = sim.start(&[("route.poll.ms", "3600000")]).await;
        for topic in ["T", "U"] {
            send(&p, &message(topic), &SendOptions::default()).await.unwrap();
        }
        sim.core.set_up(0, false);
        for _ in 0..16 {
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        tokio::time::sleep(ms(100)).await;
        assert_eq!((sim.core.look_ups("T"), sim.core.look_ups("U")), (2, 2), "each route was lost at once");
        tokio::time::sleep(Duration::from_secs(30)).await;
        let asked = sim.core.look_ups("T") + sim.core.look_ups("U");
        assert!(asked <= 2 + 2 + 31, "one topic stands for both: {asked}");
        sim.core.set_up(0, true);
        tokio::time::sleep(ms(1100)).await;
        for topic in ["T", "U"] {
            for _ in 0..8 {
                send(&p, &message(topic), &SendOptions::default()).await.unwrap();
            }
            let again = sim.core.attempts(topic).iter().rev().take(8).filter(|a| a.broker == 0).count();
            assert_eq!(again, 4, "{topic}");
        }
        let (asked, looks) = (sim.core.look_ups("T") + sim.core.look_ups("U"), sim.looks());
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(sim.core.look_ups("T") + sim.core.look_ups("U"), asked, "all is as before");
        let looks = sim.looks() - looks;
        assert!(looks < 60, "the client wakes every second: {looks}");
    });
}

#[test]
fn an_idle_connection_is_closed_and_the_next_send_notices_nothing() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[("connection.idle.ms", "60000"), ("heartbeat.ms", "10000")]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(50)).await;
        assert_eq!(
            (p.connected(), sim.core.open_connections(0)),
            (2, 1),
            "a heartbeat is no use, nor an end"
        );
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!((p.connected(), sim.core.open_connections(0), sim.core.open_connections(1)), (0, 0, 0));
        let beats = sim.core.heart_beats(0).len();
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(sim.core.heart_beats(0).len(), beats, "who sends nothing is silent");
        for _ in 0..2 {
            assert_eq!(send(&p, &message("T"), &SendOptions::default()).await.unwrap().attempts, 1);
        }
        assert_eq!((p.connected(), sim.core.heart_beats(0).len()), (2, beats + 1));
    });
}

#[test]
fn a_connection_that_the_server_closed_is_made_anew_by_the_next_send() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        for _ in 0..5 {
            sim.core.cut_connections(0);
            tokio::time::sleep(ms(10)).await;
            assert_eq!(p.connected(), 0);
            assert_eq!(send(&p, &message("T"), &SendOptions::default()).await.unwrap().attempts, 1);
        }
    });
}

#[test]
fn a_broker_that_sends_the_client_away_gets_the_request_again_on_a_new_connection() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        let slow = Fault::Delay(ms(100));
        sim.core.fault(0, Rule::once(slow).sends());
        sim.core.fault(0, Rule::once(Fault::respond(GO_AWAY)).sends());
        let told = Told::default();
        for _ in 0..3 {
            begin(&p, &message("T"), &SendOptions::default(), &told).await;
        }
        p.flush(None).await.unwrap();
        let results: Vec<_> = told.all().into_iter().map(Result::unwrap).collect();
        assert!(results.iter().all(|result| result.attempts == 1), "the same attempt goes on");
        assert_eq!(sim.core.accepted(0), 2);
        let attempts = sim.core.attempts("T");
        assert_eq!(attempts.len(), 4);
        assert!(attempts[0].queue_offset.is_some(), "what the old connection had taken was answered there");
        assert_eq!(attempts[1].unique_id, attempts[3].unique_id);
        assert_ne!(attempts[1].opaque, attempts[3].opaque);
    });
}

#[test]
fn sent_away_twice_is_a_failed_attempt() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.fault(0, Rule::always(Fault::respond(GO_AWAY)).sends());
        for _ in 0..4 {
            let begun = sim.core.attempts("T").len();
            let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            let frames = &sim.core.attempts("T")[begun..];
            assert_eq!(result.broker.as_str(), "broker-b");
            assert!(frames.len() == 1 || (frames.len() == 3 && result.attempts == 2), "{}", frames.len());
        }
        sim.core.fault(1, Rule::always(Fault::respond(GO_AWAY)).sends());
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!((error.broker_code(), error.attempts()), (Some(GO_AWAY), 3));
        assert_eq!(error.outcome(), Outcome::Rejected);
    });
}

#[test]
fn a_broker_that_sends_everybody_away_is_left_alone_like_one_that_is_down() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        // As a 5.x broker does for many seconds while it shuts down, to heartbeats too.
        sim.core.fault(0, Rule::always(Fault::respond(GO_AWAY)).times(8));
        let mut stored_by_it = Vec::new();
        for _ in 0..800 {
            let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            stored_by_it.push(result.broker.as_str() == "broker-a");
            tokio::time::sleep(ms(10)).await;
        }
        let dialled = sim.connector.dialled();
        let dialled = dialled.iter().filter(|address| **address == sim.core.broker_address(0)).count();
        assert!((3..=9).contains(&dialled), "{dialled} connections to a broker that wants none");
        assert!(stored_by_it[..100].iter().all(|by_it| !by_it), "it sends everybody away");
        assert!(stored_by_it[700..].iter().any(|by_it| *by_it), "it is asked again, and takes its part");
    });
}

#[test]
fn what_is_open_when_the_peer_sends_us_away_has_half_a_second_to_be_answered() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("send.retries", "0")]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.fault(0, Rule::once(Fault::Freeze { store: false }).sends());
        sim.core.fault(0, Rule::once(Fault::respond(GO_AWAY)).sends());
        let told = Told::default();
        let begun = Instant::now();
        for _ in 0..2 {
            begin(&p, &message("T"), &SendOptions::default(), &told).await;
        }
        p.flush(None).await.unwrap();
        assert_eq!(told.kinds().iter().filter(|kind| kind.is_none()).count(), 1, "{:?}", told.kinds());
        assert!(told.kinds().contains(&Some(ErrorKind::ConnectionLost)));
        assert!(begun.elapsed() < ms(510), "{:?}", begun.elapsed());
    });
}

#[test]
fn with_a_vip_channel_sends_go_two_ports_below_and_heartbeats_do_not() {
    // The second broker listens two ports below the first: 10909 beside 10911.
    let options = Options { brokers: 1, ..Options::default() };
    simulate(options, |sim| async move {
        sim.core.add_topic("T", 2);
        sim.connector.alias("127.0.0.1:10909", &sim.core.broker_address(0));
        let p = sim.start(&[("vip.channel", "true"), ("heartbeat.ms", "10000")]).await;
        p.prepare_topic("T", None).await.unwrap();
        tokio::time::sleep(ms(10)).await;
        let before = sim.connector.dialled();
        assert!(before.iter().any(|address| address.ends_with(":10909")), "{before:?}");
        assert!(before.iter().any(|address| address.ends_with(":10911")), "{before:?}");
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(25)).await;
        let mut beats = Vec::new();
        let mut sends = Vec::new();
        for event in sim.core.events().iter().filter(|event| event.node == Node::Broker(0)) {
            match &event.what {
                What::HeartBeat(_) => beats.push(event.connection),
                What::Send(_) => sends.push(event.connection),
                _ => {}
            }
        }
        assert_eq!((beats.len(), sends.len()), (3, 1), "one for the connection, then every ten seconds");
        assert!(!beats.contains(&sends[0]) && beats.iter().all(|beat| *beat == beats[0]));
        tokio::time::sleep(Duration::from_secs(400)).await;
        assert_eq!((p.connected(), sim.core.open_connections(0)), (0, 0), "both are closed when idle");
    });
}
