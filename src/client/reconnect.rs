//! The task behind an address: waits for a reason to connect, dials, runs the connection, and after a failure
//! stays away for a while that grows.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use crate::client::broker::{Broker, Cut, Done, Reply, Request};
use crate::client::call_error::CallError;
use crate::client::connection::Connection;
use crate::client::dial::dial;
use crate::client::outbox::Phase;
use crate::client::timer::Timer;
use crate::client::traffic::PeerState;
use crate::client::world::Link;
use crate::runtime::lock;

const BACKOFF_FIRST: Duration = Duration::from_millis(20);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// Runs until the broker is told to stop. When it panics, `failed` is called first and then whatever is
/// open is dropped, which reports it.
pub(crate) async fn run(broker: Arc<Broker>, failed: impl Fn() + Send) {
    let _last = Last { broker: &broker, failed };
    let mut trouble = Trouble::default();
    while idle(&broker, &trouble).await {
        let (error, connected) = match connecting(&broker).await {
            None => continue,
            Some(Ok(link)) => {
                broker.set_down(false);
                let mut connection = Connection::new(&broker, link);
                let end = poll_fn(|context| connection.poll(context)).await;
                let answered = connection.has_answered();
                let reason = connection.end(end);
                if answered {
                    trouble = Trouble::default();
                }
                // One that ends before it answered anything is as bad as none.
                let Some(reason) = reason.filter(|_| !answered) else { continue };
                trouble.wanted = Some(broker.world.clock.now());
                (CallError::Connect { address: broker.address.clone(), reason }, true)
            }
            Some(Err(error)) => {
                broker.traffic.add_failed_connect();
                (error, false)
            }
        };
        log::info!("{error}");
        trouble.failures = trouble.failures.saturating_add(1);
        mark_down(&broker);
        // What waits was not tried where there was a connection: who has nowhere else to go waits for the next.
        let refused = lock(&broker.outbox).go_down(error.clone(), connected);
        if !refused.is_empty() {
            trouble.wanted = Some(broker.world.clock.now());
        }
        finish_all(&broker, refused, &error);
        back_off(&broker, trouble.failures).await;
    }
}

/// What went wrong since the last answer.
#[derive(Default)]
struct Trouble {
    failures: u32,
    /// When somebody last wanted the connection that could not be made.
    wanted: Option<Instant>,
}

impl Trouble {
    /// Whether to dial although nothing waits: as long as the broker is down its senders stay away, so that
    /// nobody else would find out that it is back.
    fn wants_connection(&self, broker: &Broker) -> bool {
        let wanted = self.wanted.filter(|_| self.failures > 0 && broker.role.troubled.is_some());
        wanted.is_some_and(|wanted| broker.world.clock.now() < wanted + broker.limits.idle)
    }
}

/// What happens when the task ends, also by a panic.
struct Last<'a, F: Fn()> {
    broker: &'a Broker,
    failed: F,
}

impl<F: Fn()> Drop for Last<'_, F> {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        if panicked {
            log::error!("the connection to {} panicked", self.broker.address);
            (self.failed)();
        }
        let mut outbox = lock(&self.broker.outbox);
        let error = if outbox.control.retire {
            let reason = "no route leads to it any more".into();
            CallError::Connect { address: self.broker.address.clone(), reason }
        } else {
            CallError::Closed { sent: false }
        };
        let open = outbox.close(error.clone());
        drop(outbox);
        if !panicked {
            finish_all(self.broker, open, &error);
        }
    }
}

/// For the completions of a broker.
pub(crate) fn done_for(broker: &Broker) -> Done<'_> {
    Done::new(&*broker.world.dispatcher, broker.lane)
}

/// Ends `requests`, none of which was sent.
pub(crate) fn finish_all(broker: &Broker, requests: Vec<Box<dyn Request>>, error: &CallError) {
    let mut done = done_for(broker);
    for request in requests {
        request.finish(Reply::Failed(error.clone()), &mut done);
    }
}

fn mark_down(broker: &Broker) {
    broker.set_down(true);
    broker.traffic.enter(PeerState::Down, broker.world.clock.now());
    if let Some(troubled) = &broker.role.troubled {
        troubled.notify_one();
    }
}

/// Waits for a reason to connect; `false` when told to end.
async fn idle(broker: &Broker, trouble: &Trouble) -> bool {
    poll_fn(|context| {
        let mut outbox = lock(&broker.outbox);
        if outbox.control.stop || (outbox.control.retire && outbox.is_empty()) {
            return Poll::Ready(false);
        }
        outbox.set_phase(Phase::Waiting);
        if outbox.wants_connection() || trouble.wants_connection(broker) {
            outbox.control.connect = false;
            return Poll::Ready(true);
        }
        // Nobody dials any more: the next sender finds out how things are.
        broker.set_down(false);
        broker.traffic.enter(PeerState::Idle, broker.world.clock.now());
        // Nothing waits that could be cut off.
        outbox.control.cut.clear();
        if outbox.sleep(context.waker(), false) { Poll::Pending } else { Poll::Ready(true) }
    })
    .await
}

/// Dials while requests wait, expire or are cut off; `None` when told to stop.
async fn connecting(broker: &Broker) -> Option<Result<Link, CallError>> {
    if !broker.is_down() {
        broker.traffic.enter(PeerState::Connecting, broker.world.clock.now());
    }
    let mut dialling = pin!(dial(broker));
    let mut timer = Timer::default();
    poll_fn(|context| {
        if let Poll::Ready(result) = dialling.as_mut().poll(context) {
            return Poll::Ready(Some(result));
        }
        // Whoever can goes elsewhere until it is known what comes of it.
        poll_waiting(broker, None, || mark_down(broker), &mut timer, context).map(|()| None)
    })
    .await
}

/// Keeps away for a while that doubles with every failure, plus up to half of it by chance. Those who have
/// nowhere else to go wait meanwhile.
async fn back_off(broker: &Broker, failures: u32) {
    let pause = BACKOFF_FIRST.saturating_mul(1 << failures.min(10).saturating_sub(1)).min(BACKOFF_MAX);
    let jitter = broker.world.random.below(usize::try_from(pause.as_micros() / 2).unwrap_or(0));
    let until = broker.world.clock.now() + pause + Duration::from_micros(jitter as u64);
    let mut timer = Timer::default();
    poll_fn(|context| poll_waiting(broker, Some(until), || {}, &mut timer, context)).await;
}

/// Serves those who wait while there is no connection: they expire, which is told by `expired`, and are cut off.
/// Ready when told to stop, or at `until`.
fn poll_waiting(
    broker: &Broker,
    until: Option<Instant>,
    expired: impl Fn(),
    timer: &mut Timer,
    context: &mut Context<'_>,
) -> Poll<()> {
    loop {
        let now = broker.world.clock.now();
        if expire_waiting(broker, now) {
            expired();
        }
        cut_waiting(broker);
        let mut outbox = lock(&broker.outbox);
        if outbox.control.stop || until.is_some_and(|until| now >= until) {
            return Poll::Ready(());
        }
        timer.arm(outbox.waiting_deadline().into_iter().chain(until).min());
        let asleep = outbox.sleep(context.waker(), false);
        drop(outbox);
        if asleep && timer.poll(context).is_pending() {
            return Poll::Pending;
        }
    }
}

/// Ends the waiting requests whose time is over; whether there were any.
pub(crate) fn expire_waiting(broker: &Broker, now: Instant) -> bool {
    let expired = lock(&broker.outbox).expire(now);
    if expired.is_empty() {
        return false;
    }
    broker.traffic.add_timeouts(expired.len());
    finish_all(broker, expired, &broker.timeout());
    true
}

/// Ends the waiting requests that are to be cut off; the orders, for those that do not wait. As long as something
/// is encoded that no connection has taken, neither of the two would find it: the orders stay until it is taken.
pub(crate) fn cut_waiting(broker: &Broker) -> Vec<Cut> {
    let mut outbox = lock(&broker.outbox);
    if outbox.control.cut.is_empty() || outbox.has_encoded() {
        return Vec::new();
    }
    let cuts = std::mem::take(&mut outbox.control.cut);
    let mut ended = Vec::new();
    for cut in cuts.iter().filter(|cut| cut.waiting) {
        let requests = outbox.take_waiting(|request| cut.means(request.owner()));
        ended.push((requests, cut.error(false)));
    }
    drop(outbox);
    for (requests, error) in ended {
        finish_all(broker, requests, &error);
    }
    cuts
}
