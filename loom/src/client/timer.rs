//! A timer that never rings: a task that misses its wake-up is not saved by chance.

use std::task::{Context, Poll};

use tokio::time::Instant;

#[derive(Default)]
pub(crate) struct Timer(());

#[expect(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "as the library's")]
impl Timer {
    pub(crate) const fn arm(&mut self, _: Option<Instant>) {}

    pub(crate) const fn poll(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
