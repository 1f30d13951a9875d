//! Keys that say when a send is tried again.

use rocketmq_mock::{Fault, Rule};
use rocketmq_producer::producer::SendOptions;

use crate::world::{message, send, simulate_two};

/// Attempts of one send with each of these values, where both brokers have the fault.
fn attempts(key: &'static str, values: &[Option<&'static str>], fault: &Fault) -> Vec<usize> {
    let count = |value: &Option<&'static str>| {
        let mut attempts = 0;
        let counter = &mut attempts;
        simulate_two(|sim| async move {
            sim.core.add_topic("T", 4);
            let p = sim.start(&super::settings(&[], key, *value)).await;
            for broker in 0..2 {
                sim.core.fault(broker, Rule::always(fault.clone()).sends());
            }
            let end = send(&p, &message("T"), &SendOptions::default()).await;
            *counter = sim.core.attempts("T").len();
            let told = end.map_or_else(|error| error.attempts(), |result| result.attempts);
            assert_eq!(told as usize, *counter);
        });
        attempts
    };
    values.iter().map(count).collect()
}

pub(super) fn so_many_further_attempts_are_made(key: &'static str) {
    assert_eq!(attempts(key, &[None, Some("0"), Some("5")], &Fault::respond(1)), [3, 1, 6]);
}

pub(super) fn these_codes_are_tried_again(key: &'static str) {
    let values = [None, Some("13"), Some("1, 13"), Some("")];
    assert_eq!(attempts(key, &values, &Fault::respond(13)), [1, 3, 3, 1]);
    assert_eq!(attempts(key, &values, &Fault::respond(1)), [3, 1, 3, 1]);
}

pub(super) fn an_unknown_outcome_is_tried_again_or_not(key: &'static str) {
    let values = [None, Some("true"), Some("false")];
    assert_eq!(attempts(key, &values, &Fault::Cut { store: true }), [3, 3, 1]);
}

pub(super) fn a_message_not_stored_well_is_sent_again_or_not(key: &'static str) {
    let values = [None, Some("false"), Some("true")];
    assert_eq!(attempts(key, &values, &Fault::respond(10)), [1, 1, 3]);
}
