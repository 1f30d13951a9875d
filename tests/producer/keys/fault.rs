//! Keys of fault avoidance.

use std::time::Duration;

use protocol::codes::request;
use rocketmq_mock::{Fault, Rule};
use rocketmq_producer::producer::SendOptions;
use tokio::time::sleep;

use crate::world::{message, send, simulate_two};

const AVOIDING: &[(&str, &str)] = &[("fault.avoidance", "true")];
const DETECTING: &[(&str, &str)] = &[("fault.avoidance", "true"), ("fault.detector", "true")];

/// Of forty sends, a tenth of a second apart, those that begin with the broker that takes 60 ms to answer.
fn to_the_slow_one(
    common: &[(&'static str, &'static str)],
    key: &'static str,
    value: Option<&'static str>,
) -> usize {
    let mut count = 0;
    let out = &mut count;
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&super::settings(common, key, value)).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.set_latency(0, Duration::from_millis(60));
        for _ in 0..40 {
            let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            *out += usize::from(result.broker.as_str() == "broker-a");
            sleep(Duration::from_millis(100)).await;
        }
    });
    count
}

pub(super) fn slow_brokers_are_left_alone_or_not(key: &'static str) {
    // With both brokers well it changes nothing; 60 ms are no reason yet, 600 are.
    let fair = [None, Some("false"), Some("true")].map(|value| to_the_slow_one(&[], key, value));
    assert_eq!(fair, [20, 20, 20]);
    for (value, share) in [(None, 20), (Some("true"), 1)] {
        simulate_two(|sim| async move {
            sim.core.add_topic("T", 4);
            let p = sim.start(&super::settings(&[], key, value)).await;
            sim.core.set_latency(0, Duration::from_millis(600));
            let mut slow = 0;
            for _ in 0..40 {
                let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
                slow += usize::from(result.broker.as_str() == "broker-a");
            }
            assert_eq!(slow, share, "{value:?}");
        });
    }
}

pub(super) fn brokers_are_slow_from_this_latency_on(key: &'static str) {
    assert_eq!(to_the_slow_one(AVOIDING, key, None), 20);
    assert_eq!(
        to_the_slow_one(AVOIDING, key, Some("10,20,30,40,50,60,70")),
        1,
        "sixty stand for ten seconds now"
    );
}

pub(super) fn slow_brokers_are_left_alone_for_so_long(key: &'static str) {
    assert_eq!(to_the_slow_one(AVOIDING, key, None), 20);
    assert_eq!(to_the_slow_one(AVOIDING, key, Some("60000,0,2000,5000,6000,10000,30000")), 1);
    let some = to_the_slow_one(AVOIDING, key, Some("1000,0,2000,5000,6000,10000,30000"));
    assert!((3..=5).contains(&some), "once a second: {some}");
}

/// Probes in ten seconds after one broker froze for a send. It answers sends again, and probes late.
fn probes(common: &[(&'static str, &'static str)], key: &'static str, value: Option<&'static str>) -> u64 {
    let mut count = 0;
    let out = &mut count;
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&super::settings(common, key, value)).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.fault(0, Rule::once(Fault::Freeze { store: false }).sends());
        let late = Fault::Respond { code: 3, remark: None, delay: Duration::from_millis(300) };
        sim.core.fault(0, Rule::always(late).code(request::GET_MAX_OFFSET));
        for _ in 0..2 {
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        sleep(Duration::from_secs(9)).await;
        *out = sim.core.requests(0, request::GET_MAX_OFFSET);
    });
    count
}

pub(super) fn silent_brokers_are_probed_or_not(key: &'static str) {
    assert_eq!([None, Some("false")].map(|value| probes(AVOIDING, key, value)), [0, 0]);
    assert!((3..=5).contains(&probes(AVOIDING, key, Some("true"))));
}

pub(super) fn silent_brokers_are_probed_so_often(key: &'static str) {
    assert!((3..=5).contains(&probes(DETECTING, key, None)));
    let often = probes(DETECTING, key, Some("400"));
    assert!((13..=20).contains(&often), "{often}");
}

pub(super) fn a_probe_is_answered_in_time_or_not(key: &'static str) {
    assert!((3..=5).contains(&probes(DETECTING, key, None)), "300 ms are too long");
    assert_eq!(probes(DETECTING, key, Some("350")), 1, "the first one is answered");
}
