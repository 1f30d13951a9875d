//! The library against real Apache RocketMQ clusters: a C program sends, Apache's own Java client reads back.
//!
//! Plain runs show the core on every version and all of it on the newest; `ROCKETMQ_TEST_APACHE=full` shows
//! everything on every version. Figures go to stderr past the test harness, so that they are seen when all is well.

#![cfg(test)]

#[path = "../support/apache.rs"]
mod apache;
mod autobatch;
mod batches;
mod bodies;
mod check;
#[path = "../support/compile.rs"]
mod compile;
mod content;
mod delays;
mod faults;
mod filters;
#[path = "../support/install.rs"]
mod install;
mod installed;
mod matrix;
mod ordered;
mod page;
mod properties;
mod proxy;
mod raw;
mod sender;
mod statuses;
mod timers;
mod together;
mod versions;

use std::io::Write;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Instant;

use apache::{Apache, Options, Version};

/// Every test on every version?
fn full() -> bool {
    std::env::var("ROCKETMQ_TEST_APACHE").is_ok_and(|value| value == "full")
}

/// Where a test is wide: every version, or the newest.
fn versions() -> &'static [Version] {
    if full() { &Version::ALL } else { &[Version::V5_5_0] }
}

/// Held shared while a cluster starts, and alone while that would disturb.
static STARTS: RwLock<()> = RwLock::new(());

/// Starts a cluster, beside whatever else goes on, and compiles the program.
fn start(version: Version, options: Options) -> Apache {
    let _others = STARTS.read().unwrap_or_else(PoisonError::into_inner);
    sender::program();
    Apache::start(version, options)
}

/// A cluster of one broker that many tests share; each takes topics of its own, and it stays as it was. It ends with this
/// process.
fn shared(version: Version) -> &'static Apache {
    static CLUSTERS: [OnceLock<Apache>; 3] = [const { OnceLock::new() }; 3];
    CLUSTERS[version as usize].get_or_init(|| start(version, Options::default()))
}

/// Clusters start side by side; the tests themselves run one after the other, since they measure and share the
/// machine's few cores with the servers.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps clusters from starting, in a test whose sends have the usual time limits.
fn quiet() -> RwLockWriteGuard<'static, ()> {
    STARTS.write().unwrap_or_else(PoisonError::into_inner)
}

/// A line about a stage that is over.
fn tell(version: Version, stage: &str, figures: &str) {
    drop(writeln!(std::io::stderr(), "{} {stage}: {figures}", version.name()));
}

#[expect(clippy::disallowed_methods, reason = "tests with other processes run by the real clock")]
fn now() -> Instant {
    Instant::now()
}
