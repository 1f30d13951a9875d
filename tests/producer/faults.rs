//! Fault avoidance and its detector, and answers that ask to slow down.

use std::time::Duration;

use protocol::codes::request::GET_MAX_OFFSET;
use rocketmq_mock::{Fault, Rule};
use rocketmq_producer::error::{ErrorKind, Outcome};
use rocketmq_producer::producer::{Instant, Producer, SendOptions};

use crate::world::{Sim, message, ms, send, simulate, simulate_one, simulate_two, within};

/// How many of `count` sends went to the first broker at once.
async fn to_first(sim: &Sim, p: &std::sync::Arc<Producer>, count: usize) -> usize {
    let before = sim.core.attempts("T").len();
    for _ in 0..count {
        send(p, &message("T"), &SendOptions::default()).await.unwrap();
    }
    sim.core.attempts("T")[before..].iter().filter(|attempt| attempt.broker == 0).count()
}

async fn started(sim: &Sim, values: &[(&str, &str)]) -> std::sync::Arc<Producer> {
    sim.core.add_topic("T", 4);
    let p = sim.start(values).await;
    p.prepare_topic("T", None).await.unwrap();
    p
}

#[test]
fn a_broker_that_failed_is_left_alone_for_ten_seconds() {
    simulate_two(|sim| async move {
        let p = started(&sim, &[("fault.avoidance", "true")]).await;
        sim.core.fault(0, Rule::once(Fault::respond(14)).sends());
        assert_eq!(to_first(&sim, &p, 8).await, 1);
        tokio::time::sleep(ms(9900)).await;
        assert_eq!(to_first(&sim, &p, 8).await, 0, "not before ten seconds are over");
        tokio::time::sleep(ms(200)).await;
        assert_eq!(to_first(&sim, &p, 8).await, 4, "in turn again, without the detector too");
    });
}

#[test]
fn without_fault_avoidance_a_refusal_does_not_change_the_turn() {
    simulate_two(|sim| async move {
        let p = started(&sim, &[]).await;
        sim.core.fault(0, Rule::once(Fault::respond(14)).sends());
        to_first(&sim, &p, 8).await;
        assert_eq!(to_first(&sim, &p, 8).await, 4);
    });
}

#[test]
fn a_slow_broker_is_left_alone_as_long_as_the_tables_say() {
    simulate_two(|sim| async move {
        let tables = [
            ("fault.avoidance", "true"),
            ("fault.latency.ms", "100,200"),
            ("fault.isolation.ms", "1000,5000"),
        ];
        let p = started(&sim, &tables).await;
        for (latency, isolation) in [(99, 0), (100, 1000), (200, 5000)] {
            sim.core.fault(0, Rule::once(Fault::Delay(ms(latency))).sends());
            to_first(&sim, &p, 8).await;
            if isolation > 0 {
                tokio::time::sleep(ms(isolation - 50)).await;
                assert_eq!(to_first(&sim, &p, 8).await, 0, "{latency}");
            }
            tokio::time::sleep(ms(100)).await;
            assert_eq!(to_first(&sim, &p, 8).await, 4, "{latency}");
        }
    });
}

#[test]
fn a_retry_does_not_insist_on_the_broker_that_failed() {
    // 4.7.0's first defect: with avoidance on, all attempts of a fresh producer hit the dead broker.
    for seed in 0..16 {
        simulate_two(|sim| async move {
            let p = started(&sim, &[("fault.avoidance", "true")]).await;
            sim.core.fault(0, Rule::always(Fault::respond(1)).sends());
            for _ in 0..seed % 4 {
                send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            }
            let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            assert!(result.attempts <= 2);
        });
    }
}

#[test]
fn avoiding_a_broker_never_changes_the_route() {
    // 4.7.0's third defect: it wrote the other broker's name into the shared queue list.
    simulate_two(|sim| async move {
        let p = started(&sim, &[("fault.avoidance", "true")]).await;
        sim.core.fault(0, Rule::once(Fault::respond(1)).sends());
        to_first(&sim, &p, 40).await;
        tokio::time::sleep(Duration::from_secs(30)).await;
        let before = sim.core.attempts("T").len();
        to_first(&sim, &p, 8).await;
        let mut queues: Vec<_> =
            sim.core.attempts("T")[before..].iter().map(|a| (a.broker, a.queue_id)).collect();
        queues.sort_unstable();
        queues.dedup();
        assert_eq!(queues.len(), 8, "every queue once: {queues:?}");
    });
}

#[test]
fn when_every_broker_is_to_be_left_alone_sends_go_on() {
    simulate_two(|sim| async move {
        let p = started(&sim, &[("fault.avoidance", "true"), ("send.retries", "1")]).await;
        for broker in 0..2 {
            sim.core.fault(broker, Rule::once(Fault::respond(1)).sends());
        }
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Broker, 2));
        assert_eq!(to_first(&sim, &p, 8).await, 4, "all alike: in turn");
    });
}

#[test]
fn the_detector_finds_out_that_a_broker_answers_again() {
    simulate_two(|sim| async move {
        let p = started(
            &sim,
            &[
                ("fault.avoidance", "true"),
                ("fault.detector", "true"),
                ("fault.detector.interval.ms", "500"),
                ("fault.detector.timeout.ms", "100"),
                ("fault.isolation.ms", "60000,60000,60000,60000,60000,60000,60000"),
            ],
        )
        .await;
        // Both are left alone for long: what answers at all comes first.
        sim.core.set_frozen(0, true);
        sim.core.set_frozen(1, true);
        send(&p, &message("T"), &within(300)).await.unwrap_err();
        sim.core.set_frozen(1, false);
        tokio::time::sleep(ms(1200)).await;
        assert_eq!(to_first(&sim, &p, 8).await, 0, "the second broker answers probes");
        assert!(sim.core.requests(1, GET_MAX_OFFSET) >= 1);
        let asked = sim.core.requests(1, GET_MAX_OFFSET);
        sim.core.set_frozen(0, false);
        tokio::time::sleep(ms(1200)).await;
        assert_eq!(to_first(&sim, &p, 8).await, 4, "the first one answers again: in turn");
        assert_eq!(sim.core.requests(1, GET_MAX_OFFSET), asked, "a broker that answers is not asked again");
        p.shutdown(None).await.unwrap();
        let asked = sim.core.requests(0, GET_MAX_OFFSET);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(sim.core.requests(0, GET_MAX_OFFSET), asked, "it ends with the producer");
    });
}

#[test]
fn busy_answers_are_followed_by_growing_pauses_within_the_deadline() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[("send.retries", "6"), ("send.retry.codes", "2,215")]).await;
        for code in [2, 215] {
            sim.core.fault(0, Rule::once(Fault::respond(code)).sends().times(5));
            let before = sim.core.events().len();
            assert_eq!(send(&p, &message("T"), &within(10_000)).await.unwrap().attempts, 6);
            let at: Vec<_> = sim.core.events()[before..]
                .iter()
                .filter(|event| matches!(event.what, rocketmq_mock::What::Send(_)))
                .map(|event| event.at)
                .collect();
            let pauses: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
            for (pause, whole) in pauses.iter().zip([50, 100, 200, 400, 800]) {
                assert!(*pause >= ms(whole / 2) && *pause <= ms(whole + 2), "code {code}: {pauses:?}");
            }
        }
    });
}

#[test]
fn a_busy_answer_is_told_when_no_time_is_left_for_a_pause() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[("send.retries", "32")]).await;
        sim.core.fault(0, Rule::always(Fault::respond(2)).sends());
        let begun = Instant::now();
        let error = send(&p, &message("T"), &within(500)).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::BrokerBusy, Outcome::Rejected));
        assert!(begun.elapsed() <= ms(500) && error.attempts() >= 3, "{:?}", begun.elapsed());
    });
}

#[test]
fn producers_that_are_told_to_slow_down_do_not_come_back_together() {
    let mut pauses = Vec::new();
    for seed in 0..20 {
        let options = rocketmq_mock::Options::default();
        let (tell, told) = std::sync::mpsc::channel();
        simulate(options, move |sim| async move {
            let p = started(&sim, &[]).await;
            // Each has drawn another number before.
            for _ in 0..seed {
                sim.core.fault(0, Rule::once(Fault::respond(2)).sends());
                send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            }
            sim.core.fault(0, Rule::once(Fault::respond(2)).sends());
            let begun = Instant::now();
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            tell.send(begun.elapsed()).unwrap();
        });
        pauses.push(told.recv().unwrap());
    }
    pauses.sort_unstable();
    pauses.dedup();
    assert!(pauses.len() > 10, "{pauses:?}");
}
