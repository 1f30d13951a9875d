//! Frames that wait for the next answer while many requests are open, and wake nobody: not for long, and not in vain.

use std::sync::Arc;

use rocketmq_mock::{Fault, Rule};
use rocketmq_producer::producer::{Producer, SendOptions};

use crate::world::{Sim, Told, begin, message, ms, send, simulate_one};

/// From so many open requests on the next answer is waited for.
const BUSY: usize = 16;

/// A producer with so many sends open whose answers are late by a second, and one that was answered just now.
async fn busy(sim: &Sim, open: usize) -> (Arc<Producer>, Told) {
    sim.core.add_topic("T", 1);
    let p = sim.start(&[]).await;
    send(&p, &message("T"), &SendOptions::default()).await.unwrap();
    sim.core.fault(0, Rule::always(Fault::Delay(ms(1000))).sends());
    let told = Told::default();
    for _ in 0..open {
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
    }
    tokio::time::sleep(ms(100)).await;
    sim.core.clear_faults(0);
    send(&p, &message("T"), &SendOptions::default()).await.unwrap();
    assert_eq!((sim.core.attempts("T").len(), told.len()), (open + 2, 0));
    (p, told)
}

/// Lets every task run until none has anything to do, without time.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn what_waits_for_the_next_answer_goes_without_it_after_a_moment() {
    simulate_one(|sim| async move {
        let (p, told) = busy(&sim, BUSY).await;
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
        settle().await;
        assert_eq!(sim.core.attempts("T").len(), BUSY + 2, "it waits for nothing");
        // A millisecond, and the one to which timers are exact.
        tokio::time::sleep(ms(3)).await;
        assert_eq!(
            (sim.core.attempts("T").len(), told.len()),
            (BUSY + 3, 1),
            "it waits for the answers of others"
        );
        // Its own answer has come just now, so that the next one waits again. After a silence none does.
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
        tokio::time::sleep(ms(50)).await;
        assert_eq!(told.len(), 2);
        sim.core.fault(0, Rule::once(Fault::Delay(ms(1000))).sends());
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
        settle().await;
        assert_eq!(sim.core.attempts("T").len(), BUSY + 5, "it waits although no answer has come for long");
        p.shutdown(None).await.unwrap();
        assert_eq!(told.kinds(), [None; BUSY + 3]);
    });
}

#[test]
fn with_few_requests_open_nothing_waits() {
    simulate_one(|sim| async move {
        let (p, told) = busy(&sim, BUSY - 1).await;
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
        settle().await;
        assert_eq!(told.len(), 1);
        p.shutdown(None).await.unwrap();
    });
}

#[test]
fn what_makes_a_write_of_its_own_waits_no_longer() {
    simulate_one(|sim| async move {
        let (p, told) = busy(&sim, BUSY).await;
        let mut chance = fastrand::Rng::with_seed(1);
        let noise: Vec<u8> = (0..64 * 1024).map(|_| chance.u8(..)).collect();
        // Headers are beside them.
        for (sent, bytes) in [3000, 3000, 50_000, 9000].into_iter().enumerate() {
            assert_eq!(sim.core.attempts("T").len(), BUSY + 2, "after {sent}");
            let mut large = message("T");
            large.set_body(&noise[..bytes]).unwrap();
            begin(&p, &large, &SendOptions::default(), &told).await;
            settle().await;
        }
        assert_eq!((sim.core.attempts("T").len(), told.len()), (BUSY + 6, 4));
        p.shutdown(None).await.unwrap();
    });
}

#[test]
fn who_is_asked_to_end_first_writes_what_waits() {
    simulate_one(|sim| async move {
        let (p, told) = busy(&sim, BUSY).await;
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
        p.shutdown(None).await.unwrap();
        assert_eq!(told.kinds(), [None; BUSY + 1]);
        assert_eq!(sim.core.message_count("T"), BUSY + 3);
    });
}
