//! The detector of fault avoidance: asks brokers that did not answer whether they do again.

use std::sync::Weak;

use protocol::header;

use crate::producer::config::Detector;
use crate::producer::{Producer, State};

/// Probes until the producer no longer runs. Any answer will do: it shows that the broker is there.
pub(crate) async fn run(producer: Weak<Producer>, detector: Detector) {
    loop {
        tokio::time::sleep(detector.interval).await;
        let Some(running) = producer.upgrade().filter(|producer| producer.state() == State::Running) else {
            return;
        };
        let (Some(faults), Some(instance)) = (running.faults.clone(), running.instance()) else { return };
        drop(running);
        for name in faults.unreachable() {
            let Some((route, broker)) = instance.routes().find_broker(&name) else {
                faults.forget(&name);
                continue;
            };
            let until = instance.world().clock.now() + detector.timeout;
            let probe = header::max_offset::request(route.topic.as_str(), 0);
            match broker.call(probe, until, false).await {
                Ok(_) => {
                    log::info!("the broker {name} at {} answers again", broker.address());
                    faults.answered(&name);
                }
                Err(error) => log::debug!("the broker {name} does not answer yet: {error}"),
            }
        }
    }
}
