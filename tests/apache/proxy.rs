//! The proxy of 5.5.0 in CLUSTER mode, taken for a name server: it gives out routes that lead to itself.

use std::time::Duration;

use crate::apache::{Options, Version};
use crate::check::{Mode, exactly_once};
use crate::delays::take_back;
use crate::sender::{self, Sender};
use crate::together::all_together;
use crate::{start, tell, turn};

#[test]
#[ignore = "part of `make test-apache`"]
fn messages_through_the_proxy_are_read_back_as_they_were_sent() {
    let version = Version::V5_5_0;
    let apache = start(version, Options { proxy: true, ..Options::default() });
    let _turn = turn();
    for mode in Mode::ALL {
        let topic = format!("proxy-{}", mode.name());
        // The proxy would remember that there is no such topic.
        apache.create_topic(&topic, 4);
        let arguments = format!("mode={} count=200 outstanding=50 timeout=30000", mode.name());
        let run = sender::run_by(apache.proxy(), &topic, &arguments);
        exactly_once(&apache, &topic, mode, &run);
        tell(version, &topic, &format!("200 sent in {} ms", run.sending_ms));
    }
    // Its answers name its version, and so it gets timers; what is taken back does not come.
    apache.create_topic("proxy-timers", 4);
    let run = sender::run_by(apache.proxy(), "proxy-timers", "count=10 delay=3000 timeout=30000");
    assert!(run.messages.iter().all(sender::Told::is_ok), "{:?}", run.errors);
    let gone = &run.messages[4];
    assert_eq!(take_back(apache.proxy(), "proxy-timers", &gone.handle, ""), Ok(gone.id.clone()));
    let came = apache.read("proxy-timers", 10, Duration::from_secs(6));
    assert!(came.len() == 9 && came.iter().all(|message| message.msg_id != gone.id), "{}", came.len());
    for mode in [Mode::Sync, Mode::Async] {
        let topic = format!("proxy-batches-{}", mode.name());
        apache.create_topic(&topic, 4);
        let arguments = format!("mode={} count=2205 batch=100 outstanding=5 timeout=30000", mode.name());
        let run = sender::run_by(apache.proxy(), &topic, &arguments);
        all_together(&apache, &topic, mode, 100, &run);
        tell(version, &topic, &format!("2205 sent in {} ms", run.sending_ms));
    }
    // They do go through it: nothing is answered while it is frozen.
    apache.create_topic("frozen", 4);
    let sending = Sender::start_by(apache.proxy(), "frozen", "rate=100 count=300 timeout=30000");
    std::thread::sleep(Duration::from_secs(1));
    apache.freeze("proxy");
    std::thread::sleep(Duration::from_secs(1));
    apache.thaw("proxy");
    let run = sending.end();
    exactly_once(&apache, "frozen", Mode::Sync, &run);
    let longest = run.messages.iter().map(|told| told.latency_ms).max();
    assert!(longest >= Some(900), "{longest:?}");
}
