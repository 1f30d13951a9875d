//! What goes to one queue keeps its order, whatever waits for others and whatever cannot.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use protocol::message::sharding;
use rocketmq_producer::producer::SendOptions;

use super::{LINGER, bodies, frames, started, to_queue, with_body, with_key};
use crate::world::{Told, begin, message, ms, simulate_one, simulate_two, within};

/// Everything that may come between sends of one key or queue without changing their order: bodies count up.
#[test]
fn what_goes_to_one_queue_is_never_overtaken() {
    for explicit in [false, true] {
        simulate_two(|sim| async move {
            let p = started(&sim, &[("batch.max.bytes", "1000"), ("compress.type", "none")]).await;
            let (told, mut count) = (Told::default(), 0);
            for round in 0..60 {
                let mut m = if explicit { with_body("T", "") } else { with_key("key", "") };
                let mut options = if explicit { to_queue("broker-b", 2) } else { SendOptions::default() };
                let large = if round % 7 == 3 { 1500 } else { 0 };
                m.set_body(format!("{count:03}{}", "x".repeat(large)).as_bytes()).unwrap();
                match round % 5 {
                    1 => m.set_wait_store(false),
                    2 => options.no_retry = true,
                    3 => options.timeout = within(60_000).timeout,
                    _ => {}
                }
                if round % 11 == 5 {
                    m.set_delay_level(1).unwrap();
                }
                count += 1;
                if round % 19 == 9 {
                    let mut other = m.clone();
                    other.set_body(format!("{count:03}").as_bytes()).unwrap();
                    count += 1;
                    let deadline = p.deadline(options.timeout);
                    p.send_batch_async(&[&m, &other], &options, deadline, told.callback()).await.unwrap();
                } else if round % 13 == 6 {
                    p.send_oneway(&m, &options, None).await.unwrap();
                } else {
                    begin(&p, &m, &options, &told).await;
                }
                if round % 17 == 4 {
                    tokio::time::sleep(ms(LINGER / 2)).await;
                }
                // Others with the same queue, and in other batches.
                begin(&p, &message("T"), &SendOptions::default(), &told).await;
            }
            p.flush(None).await.unwrap();
            tokio::time::sleep(ms(1)).await;
            assert!(told.kinds().iter().all(Option::is_none));
            let mut stored = sim.core.messages("T");
            stored.retain(|stored| stored.body[0] != b'b');
            let order: Vec<_> =
                bodies(&stored).iter().map(|body| body[..3].parse::<i32>().unwrap()).collect();
            assert_eq!(order, (0..63).collect::<Vec<_>>());
            let places: BTreeSet<_> = stored.iter().map(|stored| (stored.broker, stored.queue_id)).collect();
            assert_eq!(places.len(), 1);
            assert!(frames(&sim).iter().any(|size| *size > 1), "some waited for others");
        });
    }
}

#[test]
fn keys_keep_their_order_while_their_queues_are_found_and_change() {
    simulate_two(|sim| async move {
        let p = started(
            &sim,
            &[("route.poll.ms", "10000"), ("batch.linger.ms", "3000"), ("send.timeout.ms", "60000")],
        )
        .await;
        sim.core.add_topic("U", 4);
        let told = Told::default();
        let keys: Vec<_> = (0..20).map(|number| format!("key-{number}")).collect();
        for round in 0..40 {
            for key in &keys {
                let mut m = with_key(key, &round.to_string());
                m.set_topic("U").unwrap();
                begin(&p, &m, &SendOptions::default(), &told).await;
            }
            match round {
                // The route is known from here on; the number of queues changes while sends wait.
                2 => p.prepare_topic("U", None).await.unwrap(),
                10 => sim.core.add_topic("U", 5),
                22 => sim.core.add_topic("U", 7),
                _ => {}
            }
            tokio::time::sleep(ms(700)).await;
        }
        p.flush(None).await.unwrap();
        assert!(told.kinds().iter().all(Option::is_none) && told.len() == 800);
        let stored = sim.core.messages("U");
        assert!(stored.iter().filter(|stored| stored.batch_index.is_some()).count() > 400);
        for key in &keys {
            let mut of_key = stored.clone();
            of_key.retain(|stored| stored.property("__SHARDINGKEY") == Some(key));
            let rounds: Vec<_> = bodies(&of_key).iter().map(|body| body.parse::<i32>().unwrap()).collect();
            assert_eq!(rounds, (0..40).collect::<Vec<_>>(), "{key}");
        }
    });
}

#[test]
fn keys_whose_queues_changed_while_they_waited_go_to_the_queues_that_they_have_now() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[]).await;
        let told = Told::default();
        let keys: Vec<_> = (0..20).map(|number| format!("key-{number}")).collect();
        for key in &keys {
            begin(&p, &with_key(key, key), &SendOptions::default(), &told).await;
        }
        sim.core.add_topic("T", 7);
        p.fetch_queues("T", None).await.unwrap();
        p.flush(None).await.unwrap();
        assert!(told.kinds().iter().all(Option::is_none) && told.len() == 20);
        for stored in sim.core.messages("T") {
            let key = stored.property("__SHARDINGKEY").unwrap();
            let queue = sharding::queue_index(sharding::java_hash(key), NonZeroUsize::new(7).unwrap());
            assert_eq!((stored.queue_id, &stored.body[..]), (i32::try_from(queue).unwrap(), key.as_bytes()));
        }
    });
}
