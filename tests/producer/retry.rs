//! Sends that fail at first, or for good: attempts, deadlines, outcomes.

use std::time::Duration;

use rocketmq_mock::{Fault, Rule};
use rocketmq_producer::error::{ErrorKind, Outcome};
use rocketmq_producer::producer::{Instant, SendOptions, SendStatus, Timeout};
use rocketmq_producer::text::Text;

use crate::world::{Told, begin, message, send, simulate_one, simulate_two, within};

#[test]
fn retries_on_another_broker_with_the_same_id_and_body() {
    for code in [1, 2, 14, 16, 17, 204, 205] {
        simulate_two(|sim| async move {
            sim.core.add_topic("T", 4);
            let p = sim.start(&[]).await;
            for broker in 0..2 {
                sim.core.fault(broker, Rule::once(Fault::respond(code)).sends());
            }
            let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            let attempts = sim.core.attempts("T");
            assert_eq!((attempts.len(), result.attempts), (3, 3), "code {code}");
            assert_ne!(attempts[0].broker, attempts[1].broker);
            assert_ne!(attempts[1].broker, attempts[2].broker);
            assert!(attempts.iter().all(|a| a.unique_id == result.message_id_str() && a.body_bytes == 4));
        });
    }
}

#[test]
fn a_refusal_that_is_not_in_the_set_ends_at_once_with_the_brokers_words() {
    simulate_two(|sim| async move {
        let p = sim.start(&[]).await;
        for broker in 0..2 {
            sim.core.fault(broker, Rule::always(Fault::respond(13)).sends());
        }
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.broker_code(), error.attempts()), (ErrorKind::Broker, Some(13), 1));
        assert_eq!(
            (error.outcome(), error.broker_remark().as_str()),
            (Outcome::Rejected, "scripted answer 13")
        );
        assert!(error.broker().as_str().starts_with("broker-"), "{:?}", error.broker());
        assert_eq!((sim.core.attempts("T").len(), error.message_id().as_str().len()), (1, 32));
    });
}

#[test]
fn a_silent_broker_costs_one_attempt_and_not_the_send() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.set_frozen(0, true);
        for _ in 0..8 {
            let begun = Instant::now();
            let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            assert_eq!(result.broker.as_str(), "broker-b");
            assert!(begun.elapsed() <= Duration::from_millis(1001), "{:?}", begun.elapsed());
        }
    });
}

#[test]
fn deadlines_are_exact_however_the_send_is_made() {
    simulate_one(|sim| async move {
        let p = sim.start(&[]).await;
        p.prepare_topic("TBW102", None).await.unwrap();
        sim.core.set_frozen(0, true);
        for ms in [1, 7, 500, 3000] {
            let begun = Instant::now();
            let error = send(&p, &message("T"), &within(ms)).await.unwrap_err();
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
            assert_eq!(begun.elapsed().as_millis(), u128::from(ms));
            let told = Told::default();
            let begun = Instant::now();
            p.send_async(&message("T"), &within(ms), p.deadline(within(ms).timeout), told.callback())
                .await
                .unwrap();
            while told.len() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(told.kinds(), [Some(ErrorKind::Timeout)]);
            assert!(begun.elapsed() <= Duration::from_millis(ms + 1), "{:?}", begun.elapsed());
        }
    });
}

#[test]
fn an_unanswered_send_may_be_stored_and_says_so() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[("send.retry.unknown", "false")]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.fault(0, Rule::once(Fault::Cut { store: true }).sends());
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::ConnectionLost, Outcome::Unknown));
        assert_eq!((error.attempts(), sim.core.message_count("T")), (1, 1));
        assert!(error.is_retriable() && error.to_string().contains("127.0.0.1:10911"), "{error}");
    });
}

#[test]
fn a_refusal_after_an_unanswered_attempt_does_not_deny_that_one() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        for broker in 0..2 {
            sim.core.fault(broker, Rule::once(Fault::Cut { store: true }).sends());
            sim.core.fault(broker, Rule::always(Fault::respond(13)).sends());
        }
        // Both cut the connection after storing; then the first refuses.
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!((error.broker_code(), error.outcome()), (Some(13), Outcome::Unknown), "{error}");
        assert!(error.attempts() > 1 && sim.core.message_count("T") > 0);
    });
}

#[test]
fn a_cut_connection_is_made_anew_and_the_send_succeeds() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        sim.core.fault(0, Rule::once(Fault::Cut { store: false }).sends());
        let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        assert_eq!((result.attempts, sim.core.accepted(0)), (2, 2));
    });
}

#[test]
fn stored_but_not_ok_is_a_result_and_is_sent_again_only_when_asked() {
    for (code, status) in [
        (10, SendStatus::FlushDiskTimeout),
        (11, SendStatus::SlaveNotAvailable),
        (12, SendStatus::FlushSlaveTimeout),
    ] {
        simulate_one(|sim| async move {
            sim.core.add_topic("T", 1);
            let p = sim.start(&[]).await;
            sim.core.fault(0, Rule::once(Fault::respond(code)).sends());
            let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            assert_eq!((result.status, sim.core.attempts("T").len()), (status, 1));
            let again = sim.start(&[("send.retry.not.stored.ok", "true")]).await;
            sim.core.fault(0, Rule::once(Fault::respond(code)).sends());
            let result = send(&again, &message("T"), &SendOptions::default()).await.unwrap();
            assert_eq!((result.status, result.attempts), (SendStatus::Ok, 2));
            sim.core.fault(0, Rule::always(Fault::respond(code)).sends());
            let result = send(&again, &message("T"), &SendOptions::default()).await.unwrap();
            assert_eq!((result.status, result.attempts), (status, 3), "the last result, not an error");
            sim.core.clear_faults(0);
            sim.core.fault(0, Rule::once(Fault::respond(code)).sends());
            sim.core.fault(0, Rule::always(Fault::respond(13)).sends());
            let result = send(&again, &message("T"), &SendOptions::default()).await.unwrap();
            assert_eq!((result.status, result.attempts), (status, 2), "stored once is a result");
        });
    }
}

#[test]
fn an_explicit_queue_is_never_left_for_another() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 2);
        let p = sim.start(&[]).await;
        sim.core.fault(1, Rule::always(Fault::respond(1)).sends());
        let options = SendOptions { queue: Some((Text::new("broker-b"), 1)), ..SendOptions::default() };
        let error = send(&p, &message("T"), &options).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Broker, 3));
        assert!(sim.core.attempts("T").iter().all(|a| (a.broker, a.queue_id) == (1, 1)));
    });
}

#[test]
fn no_retry_makes_one_attempt() {
    simulate_two(|sim| async move {
        let p = sim.start(&[]).await;
        for broker in 0..2 {
            sim.core.fault(broker, Rule::always(Fault::respond(1)).sends());
        }
        let once = SendOptions { no_retry: true, ..SendOptions::default() };
        assert_eq!(send(&p, &message("T"), &once).await.unwrap_err().attempts(), 1);
        let none = sim.start(&[("send.retries", "0")]).await;
        assert_eq!(send(&none, &message("T"), &SendOptions::default()).await.unwrap_err().attempts(), 1);
    });
}

#[test]
fn the_retried_codes_are_the_callers() {
    simulate_one(|sim| async move {
        let p = sim.start(&[("send.retry.codes", "215"), ("send.retries", "4")]).await;
        sim.core.fault(0, Rule::always(Fault::respond(215)).sends().times(4));
        assert_eq!(send(&p, &message("T"), &SendOptions::default()).await.unwrap().attempts, 5);
        sim.core.clear_faults(0);
        sim.core.fault(0, Rule::always(Fault::respond(2)).sends());
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::BrokerBusy, 1));
    });
}

#[test]
fn an_attempt_has_the_limit_that_is_set() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[("send.attempt.timeout.ms", "100")]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.set_frozen(0, true);
        sim.core.set_frozen(1, true);
        let begun = Instant::now();
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 3));
        assert_eq!(begun.elapsed(), Duration::from_secs(3), "the last attempt gets what is left");
        let forever = SendOptions { timeout: Timeout::Forever, ..SendOptions::default() };
        let begun = Instant::now();
        assert_eq!(send(&p, &message("T"), &forever).await.unwrap_err().attempts(), 3);
        assert_eq!(begun.elapsed(), Duration::from_millis(300));
    });
}

#[test]
fn the_in_flight_limits_refuse_wait_or_give_room() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[("inflight.max.messages", "10"), ("completion.max", "22")]).await;
        sim.core.set_latency(0, Duration::from_millis(100));
        let told = Told::default();
        let options = SendOptions::default();
        let deadline = || p.deadline(Timeout::Default);
        for _ in 0..10 {
            p.send_async(&message("T"), &options, deadline(), told.callback()).await.unwrap();
        }
        assert_eq!(p.in_flight(), 10);
        let error = p.send_async(&message("T"), &options, deadline(), told.callback()).await.unwrap_err();
        assert_eq!((error.kind(), told.len()), (ErrorKind::QueueFull, 0));
        assert_eq!(
            p.send_oneway(&message("T"), &options, None).await.unwrap_err().kind(),
            ErrorKind::QueueFull
        );
        let patient = SendOptions { block: true, ..SendOptions::default() };
        p.send_async(&message("T"), &patient, deadline(), told.callback()).await.unwrap();
        send(&p, &message("T"), &options).await.unwrap();
        for _ in 0..10 {
            p.send_async(&message("T"), &patient, deadline(), told.callback()).await.unwrap();
        }
        let late = SendOptions { block: true, ..within(5) };
        let begun = Instant::now();
        let error =
            p.send_async(&message("T"), &late, p.deadline(late.timeout), told.callback()).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed().as_millis()), (ErrorKind::Timeout, 5));
        p.shutdown(None).await.unwrap();
        assert_eq!((told.len(), p.in_flight()), (21, 0));
    });
}

#[test]
fn completions_that_are_not_taken_refuse_further_sends() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[("completion.max", "3")]).await;
        sim.core.set_latency(0, Duration::from_millis(10));
        let told = Told::default();
        for _ in 0..3 {
            begin(&p, &message("T"), &within(900), &told).await;
        }
        let error = p.send_async(&message("T"), &within(900), None, told.callback()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CompletionFull);
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        p.shutdown(None).await.unwrap();
        assert_eq!(told.len(), 3);
    });
}
