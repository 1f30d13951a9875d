//! The clock that the C program reads too.

use std::thread;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// A time in microseconds, from some start on.
pub(crate) type Micros = i64;

pub(crate) const SECOND: Micros = 1_000_000;

pub(crate) fn now() -> Micros {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("there is a monotonic clock");
    now.tv_sec() * SECOND + now.tv_nsec() / 1000
}

/// Waits until `done`, at most for `seconds`; whether it came to it.
pub(crate) fn wait_for(seconds: Micros, mut done: impl FnMut() -> bool) -> bool {
    let limit = now() + seconds * SECOND;
    while !done() {
        if now() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(100));
    }
    true
}

/// As people write it.
pub(crate) fn seconds(time: Micros) -> String {
    let tenths = (time + SECOND / 20) / (SECOND / 10);
    format!("{}.{}", tenths / 10, tenths % 10)
}
