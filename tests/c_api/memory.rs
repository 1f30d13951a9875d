//! Memory has a bound whatever is offered, and no room is lost however sends end.

use std::time::Duration;

use crate::chaos::storm;
use crate::offer::{MIB, Offer};

#[test]
fn a_million_sends_offered_to_a_frozen_broker_take_no_more_memory_than_the_limits_allow() {
    // By default it is the number of messages that is reached.
    let (accepted, full, _, _) = Offer::default().made();
    assert_eq!((accepted, full), (10_000, 990_000));
    for bytes_max in [4 * MIB, 32 * MIB, 100 * MIB] {
        let many = Offer { messages_max: 1_000_000, completions_max: 1_000_000, ..Offer::default() };
        let offer = Offer { bytes_max, offers: 120_000, ..many };
        let room = bytes_max / offer.body_bytes;
        let (accepted, full, _, _) = offer.made();
        assert_eq!((accepted, full), (room, 120_000 - room));
    }
}

#[test]
fn a_callback_that_does_not_return_takes_no_more_memory_than_the_limits_allow() {
    let (accepted, _, refused, _) = Offer { way: "untaken", offers: 110_000, ..Offer::default() }.made();
    assert_eq!((accepted, refused), (100_000, 10_000));
    // Bodies alone would be four times of what is allowed: a send that waits for its callback does not hold its own.
    let large = Offer {
        way: "untaken",
        bytes_max: 4 * MIB,
        completions_max: 2500,
        body_bytes: 64 * 1024,
        offers: 5000,
        ..Offer::default()
    };
    let (accepted, _, refused, _) = large.made();
    assert_eq!((accepted, refused), (2500, 2500));
}

/// Many more in `make soak`.
#[test]
fn no_room_is_lost_in_a_storm_of_faults_and_each_send_ends_once() {
    storm(100_000, 1000, Duration::from_secs(180));
}
