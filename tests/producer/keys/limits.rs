//! Keys that limit time, sizes and numbers.

use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{Instant, SendOptions};

use crate::world::{Told, begin, message, ms, send, simulate_one, simulate_two};

pub(super) fn a_send_ends_in_time(key: &'static str) {
    for (value, ms) in [(None, 3000), (Some("700"), 700), (Some("10000"), 10_000)] {
        simulate_one(|sim| async move {
            let p = sim.start(&super::settings(&[], key, value)).await;
            sim.core.set_frozen(0, true);
            let begun = Instant::now();
            let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
            assert_eq!((error.kind(), begun.elapsed().as_millis()), (ErrorKind::Timeout, ms));
        });
    }
}

pub(super) fn an_attempt_ends_in_time(key: &'static str) {
    for (value, ms) in [(None, 1000), (Some("auto"), 1000), (Some("120"), 120)] {
        simulate_two(|sim| async move {
            sim.core.add_topic("T", 4);
            let p = sim.start(&super::settings(&[], key, value)).await;
            p.prepare_topic("T", None).await.unwrap();
            sim.core.set_frozen(0, true);
            let mut waited = Vec::new();
            for _ in 0..8 {
                let begun = Instant::now();
                send(&p, &message("T"), &SendOptions::default()).await.unwrap();
                waited.push(begun.elapsed().as_millis());
            }
            // Half of them begin with the frozen broker, the others never meet it.
            assert!(waited.iter().all(|waited| [0, ms].contains(waited)), "{waited:?}");
            assert!(waited.contains(&ms), "{waited:?}");
        });
    }
}

pub(super) fn no_larger_body_is_sent(key: &'static str) {
    simulate_one(|sim| async move {
        let mut large = message("T");
        large.set_body(&[7; 1001]).unwrap();
        let p = sim.start(&[(key, "1000")]).await;
        let error = send(&p, &large, &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MessageTooLarge);
        assert!(error.to_string().contains(key), "{error}");
        for p in [sim.start(&[]).await, sim.start(&[(key, "1001")]).await] {
            send(&p, &large, &SendOptions::default()).await.unwrap();
        }
    });
}

/// How many of ten async sends a broker that never answers lets in with the key, and how the others end.
fn accepted(key: &'static str, value: Option<&'static str>) -> (usize, Option<ErrorKind>) {
    let mut end = (0, None);
    let out = &mut end;
    simulate_one(|sim| async move {
        let p = sim.start(&super::settings(&[], key, value)).await;
        sim.core.set_frozen(0, true);
        let told = Told::default();
        for _ in 0..10 {
            let options = SendOptions::default();
            let deadline = p.deadline(options.timeout);
            match p.send_async(&message("T"), &options, deadline, told.callback()).await {
                Ok(()) => out.0 += 1,
                Err(error) => {
                    assert!(error.to_string().contains(key), "{error}");
                    out.1 = Some(error.kind());
                }
            }
        }
    });
    end
}

pub(super) fn so_many_sends_are_in_flight(key: &'static str) {
    assert_eq!(accepted(key, None), (10, None));
    assert_eq!(accepted(key, Some("3")), (3, Some(ErrorKind::QueueFull)));
}

pub(super) fn so_many_bytes_are_in_flight(key: &'static str) {
    assert_eq!(accepted(key, None), (10, None));
    // Each body has four.
    assert_eq!(accepted(key, Some("11")), (2, Some(ErrorKind::QueueFull)));
}

pub(super) fn so_many_callbacks_are_due(key: &'static str) {
    assert_eq!(accepted(key, None), (10, None));
    assert_eq!(accepted(key, Some("4")), (4, Some(ErrorKind::CompletionFull)));
}

/// How many messages each frame holds of ten asynchronous sends, ten milliseconds from one to the next.
fn batches(values: &[(&'static str, &'static str)]) -> Vec<usize> {
    let mut found = Vec::new();
    let out = &mut found;
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(values).await;
        p.prepare_topic("T", None).await.unwrap();
        let told = Told::default();
        for _ in 0..10 {
            begin(&p, &message("T"), &SendOptions::default(), &told).await;
            tokio::time::sleep(ms(10)).await;
        }
        sim.core.reach_messages("T", 10).await;
        let frames = sim.core.attempts("T");
        out.extend(frames.iter().map(|frame| frame.unique_id.split(',').count()));
    });
    found
}

pub(super) fn sends_go_out_together_or_not(key: &'static str) {
    for value in [None, Some("false")] {
        assert_eq!(batches(&super::settings(&[("batch.linger.ms", "200")], key, value)), [1; 10]);
    }
    assert_eq!(batches(&super::settings(&[("batch.linger.ms", "200")], key, Some("true"))), [10]);
}

pub(super) fn sends_wait_so_long_for_others(key: &'static str) {
    for (value, frames) in [(None, vec![2; 5]), (Some("25"), vec![3, 3, 3, 1]), (Some("30000"), vec![10])] {
        let common = [("batch.auto", "true"), ("send.timeout.ms", "70000")];
        assert_eq!(batches(&super::settings(&common, key, value)), frames, "{value:?}");
    }
}

pub(super) fn batches_are_so_large(key: &'static str) {
    let common = [("batch.auto", "true"), ("batch.linger.ms", "100")];
    // 150 bytes or so for each.
    for (value, frames) in [
        (None, vec![10]),
        (Some("2097152"), vec![10]),
        (Some("700"), vec![4, 4, 2]),
        (Some("1"), vec![1; 10]),
    ] {
        assert_eq!(batches(&super::settings(&common, key, value)), frames, "{value:?}");
    }
}

pub(super) fn so_many_bytes_wait(key: &'static str) {
    let common = [("batch.auto", "true"), ("batch.linger.ms", "100")];
    for (value, frames) in [(None, vec![10]), (Some("700"), vec![1, 1, 1, 1, 1, 5]), (Some("1"), vec![1; 10])]
    {
        assert_eq!(batches(&super::settings(&common, key, value)), frames, "{value:?}");
    }
}
