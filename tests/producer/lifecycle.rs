//! Start, shutdown, destroy.

use std::time::Duration;

use protocol::codes::request::UNREGISTER_CLIENT;
use rocketmq_mock::{Fault, Rule};
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{Instant, SendOptions, State};

use crate::world::{Told, message, send, simulate_one, within};

#[test]
fn calls_are_refused_by_state() {
    simulate_one(|sim| async move {
        let p = sim.create(&[]).unwrap();
        let told = Told::default();
        assert_eq!(p.state(), State::Created);
        assert_eq!(send(&p, &message("T"), &within(50)).await.unwrap_err().kind(), ErrorKind::InvalidState);
        let refused = p.send_async(&message("T"), &within(50), None, told.callback()).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidState);
        p.start(None, true).await.unwrap();
        assert_eq!(p.start(None, true).await.unwrap_err().kind(), ErrorKind::InvalidState);
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        p.shutdown(None).await.unwrap();
        p.shutdown(None).await.unwrap();
        assert_eq!(p.state(), State::Closed);
        assert_eq!(p.start(None, true).await.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(send(&p, &message("T"), &within(50)).await.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(p.prepare_topic("T", None).await.unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!((told.len(), sim.core.message_count("T")), (0, 1));
    });
}

#[test]
fn a_failed_start_may_be_tried_again() {
    simulate_one(|sim| async move {
        sim.core.set_up(rocketmq_mock::Node::NameServer, false);
        let p = sim.create(&[]).unwrap();
        let soon = || Some(Instant::now() + Duration::from_millis(300));
        assert_eq!(p.start(soon(), true).await.unwrap_err().kind(), ErrorKind::NoNamesrv);
        assert_eq!(p.state(), State::Created);
        sim.core.set_up(rocketmq_mock::Node::NameServer, true);
        p.start(soon(), true).await.unwrap();
        assert_eq!(p.state(), State::Running);
    });
}

#[test]
fn a_start_waits_for_a_name_server_that_comes_up() {
    simulate_one(|sim| async move {
        sim.core.set_up(rocketmq_mock::Node::NameServer, false);
        let p = sim.create(&[]).unwrap();
        let starting = tokio::spawn({
            let p = p.clone();
            async move { p.start(Some(Instant::now() + Duration::from_secs(20)), true).await }
        });
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(p.state(), State::Starting);
        sim.core.set_up(rocketmq_mock::Node::NameServer, true);
        starting.await.unwrap().unwrap();
    });
}

#[test]
fn a_shutdown_ends_a_start_that_waits() {
    simulate_one(|sim| async move {
        sim.core.set_frozen(rocketmq_mock::Node::NameServer, true);
        let p = sim.create(&[]).unwrap();
        let starting = tokio::spawn({
            let p = p.clone();
            async move { p.start(None, true).await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        let begun = Instant::now();
        p.shutdown(None).await.unwrap();
        assert_eq!(starting.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!((p.state(), begun.elapsed()), (State::Closed, Duration::ZERO));
    });
}

#[test]
fn a_shutdown_lets_sends_end_and_refuses_new_ones() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        sim.core.set_latency(0, Duration::from_millis(500));
        let told = Told::default();
        for _ in 0..10 {
            p.send_async(&message("T"), &within(3000), p.deadline(within(3000).timeout), told.callback())
                .await
                .unwrap();
        }
        let closing = tokio::spawn({
            let p = p.clone();
            async move { p.shutdown(None).await }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(p.state(), State::Closing);
        assert_eq!(send(&p, &message("T"), &within(50)).await.unwrap_err().kind(), ErrorKind::Closed);
        closing.await.unwrap().unwrap();
        assert!(told.len() == 10 && told.all().iter().all(Result::is_ok));
        assert_eq!(sim.core.open_connections(0), 0);
    });
}

#[test]
fn a_shutdown_cuts_off_at_its_limit_whatever_the_sends_wait_for() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.set_frozen(0, true);
        sim.core.set_frozen(rocketmq_mock::Node::NameServer, true);
        let told = Told::default();
        let long = within(60_000);
        for topic in ["T", "unknown", "T"] {
            p.send_async(&message(topic), &long, p.deadline(long.timeout), told.callback()).await.unwrap();
        }
        let begun = Instant::now();
        let error = p.shutdown(Some(begun + Duration::from_millis(400))).await.unwrap_err();
        assert_eq!((error.kind(), p.state()), (ErrorKind::Closed, State::Closed));
        assert!(begun.elapsed() <= Duration::from_millis(450), "{:?}", begun.elapsed());
        assert_eq!(told.kinds(), [Some(ErrorKind::Closed); 3]);
        p.shutdown(None).await.unwrap();
    });
}

#[test]
fn a_shutdown_reaches_what_is_open_on_a_broker_that_left_the_routes() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[("route.poll.ms", "100")]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.set_frozen(0, true);
        let told = Told::default();
        let long = within(60_000);
        p.send_async(&message("T"), &long, p.deadline(long.timeout), told.callback()).await.unwrap();
        sim.core.set_master(0, false);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let begun = Instant::now();
        let error = p.shutdown(Some(begun + Duration::from_millis(100))).await.unwrap_err();
        assert_eq!((error.kind(), p.state(), told.len()), (ErrorKind::Closed, State::Closed, 1));
        assert!(begun.elapsed() <= Duration::from_millis(150), "{:?}", begun.elapsed());
    });
}

#[test]
fn destroying_does_not_wait_and_every_send_still_ends_once() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.set_frozen(0, true);
        let told = Told::default();
        for _ in 0..5 {
            p.send_async(&message("T"), &within(60_000), p.deadline(within(60_000).timeout), told.callback())
                .await
                .unwrap();
        }
        p.abandon();
        drop(p);
        assert_eq!(told.len(), 0, "not on the caller's stack");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(told.kinds(), [Some(ErrorKind::Closed); 5]);
        sim.core.set_frozen(0, false);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(sim.core.open_connections(0), 0);
    });
}

#[test]
fn a_producer_that_is_dropped_closes_its_connections() {
    simulate_one(|sim| async move {
        let p = sim.start(&[]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        drop(p);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(
            (sim.core.open_connections(0), sim.core.open_connections(rocketmq_mock::Node::NameServer)),
            (0, 0)
        );
    });
}

#[test]
fn a_shutdown_that_joins_a_patient_one_ends_at_its_own_limit_though_no_broker_says_goodbye() {
    simulate_one(|sim| async move {
        let p = sim.start(&[]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        sim.core.fault(0, Rule::always(Fault::Freeze { store: false }).code(UNREGISTER_CLIENT));
        let begun = Instant::now();
        let patient = tokio::spawn({
            let p = p.clone();
            async move { p.shutdown(None).await }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(p.state(), State::Closing);
        p.shutdown(p.deadline(within(200).timeout)).await.unwrap();
        assert!(begun.elapsed() <= Duration::from_millis(300 + 35), "{:?}", begun.elapsed());
        patient.await.unwrap().unwrap();
        assert_eq!((p.state(), begun.elapsed() < Duration::from_millis(340)), (State::Closed, true));
    });
}
