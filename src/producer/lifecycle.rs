//! A producer's states: CREATED, STARTING, RUNNING, CLOSING, CLOSED, and FAILED for a running one whose
//! client broke.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::client::broker::Cut;
use crate::client::instance::Instance;
use crate::client::world::World;
use crate::error::{Error, ErrorKind};
use crate::producer::accumulator::Accumulator;
use crate::producer::{Producer, detector};
use crate::runtime::lock;
use crate::text::Text;

/// What state a producer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not started, or the start failed.
    Created = 0,
    /// A start is under way.
    Starting = 1,
    /// Sends are accepted.
    Running = 2,
    /// A shutdown is under way.
    Closing = 3,
    /// Shut down.
    Closed = 4,
    /// An internal error: only shutdown and destroy work.
    Failed = 5,
}

/// How long after its limit a shutdown waits for the callbacks of what it cut off.
const AFTER_CUT: Duration = Duration::from_millis(35);
/// How long brokers may take to answer an UNREGISTER_CLIENT.
const UNREGISTER_LIMIT: Duration = Duration::from_secs(3);
/// One round of questions to the name servers at the start, and the pause until the next.
const ROUND_LIMIT: Duration = Duration::from_secs(3);
const ROUND_PAUSE: Duration = Duration::from_millis(100);
/// What is left for closing connections when the limit has passed.
const CLOSE_MIN: Duration = Duration::from_millis(10);

/// The state and what belongs to it.
#[derive(Default)]
pub(crate) struct Lifecycle {
    state: AtomicU8,
    /// Serialises changes of state.
    change: Mutex<Change>,
    /// From the start until the shutdown has ended: with it go the last descriptors.
    instance: RwLock<Option<Arc<Instance>>>,
    /// Of the instance, once running: for the state without a lock.
    broken: OnceLock<Arc<AtomicBool>>,
    /// Once running.
    client_id: OnceLock<Text>,
    /// The shutdown's limit has passed: nothing goes on.
    cut: AtomicBool,
    /// Notified when a shutdown meets a start.
    stopped: Notify,
    /// The detector of fault avoidance, while the producer runs.
    detector: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Change {
    closing: Option<Arc<Closing>>,
}

/// A shutdown under way.
pub(super) struct Closing {
    /// The earliest limit of those who wait; `None` is no limit.
    limit: watch::Sender<Option<Instant>>,
    /// Whether it has ended.
    ended: watch::Sender<bool>,
}

impl Lifecycle {
    fn load(&self) -> State {
        match self.state.load(Ordering::SeqCst) {
            0 => State::Created,
            1 => State::Starting,
            2 => State::Running,
            3 => State::Closing,
            4 => State::Closed,
            _ => State::Failed,
        }
    }

    fn store(&self, state: State) {
        self.state.store(state as u8, Ordering::SeqCst);
    }

    pub(crate) fn instance(&self) -> Option<Arc<Instance>> {
        self.instance.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_instance(&self, instance: Option<Arc<Instance>>) {
        let mut slot = self.instance.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *slot, instance);
        drop(slot);
        drop(before);
    }

    pub(crate) fn client_id(&self) -> Text {
        self.client_id.get().cloned().unwrap_or_default()
    }

    fn is_broken(&self) -> bool {
        self.broken.get().is_some_and(|broken| broken.load(Ordering::Acquire))
    }
}

impl Producer {
    /// The state.
    pub fn state(&self) -> State {
        match self.lifecycle.load() {
            State::Running if self.lifecycle.is_broken() => State::Failed,
            state => state,
        }
    }

    /// Refuses a call that needs a running producer.
    pub(crate) fn check_running(&self) -> Result<(), Error> {
        if self.state() == State::Running { Ok(()) } else { Err(self.wrong_state()) }
    }

    pub(crate) fn wrong_state(&self) -> Error {
        match self.state() {
            State::Created => Error::new(ErrorKind::InvalidState, "the producer is not started"),
            State::Starting => Error::new(ErrorKind::InvalidState, "the producer is still starting"),
            State::Closing => Error::new(ErrorKind::Closed, "the producer is shutting down"),
            State::Closed => Error::new(ErrorKind::Closed, "the producer is shut down"),
            State::Running | State::Failed => {
                Error::new(ErrorKind::Internal, "the producer broke by an internal error; shut it down")
            }
        }
    }

    /// Whether a send may make another attempt.
    pub(crate) fn may_go_on(&self) -> bool {
        !self.lifecycle.cut.load(Ordering::SeqCst) && self.state() != State::Failed
    }

    /// What a send ends with that is dropped or cut off.
    pub(crate) fn kind_when_dropped(&self) -> ErrorKind {
        match self.lifecycle.load() {
            State::Closing | State::Closed => ErrorKind::Closed,
            State::Created | State::Starting | State::Running | State::Failed => ErrorKind::Internal,
        }
    }

    /// The kind of a failure as it looks from here: a client that broke fails for that reason alone, and
    /// what was cut off was so because of a shutdown.
    pub(crate) fn own_kind(&self, kind: ErrorKind) -> ErrorKind {
        match kind {
            ErrorKind::Closed => self.kind_when_dropped(),
            _ if self.state() == State::Failed => ErrorKind::Internal,
            kind => kind,
        }
    }

    /// Starts the runtime if need be and joins a client instance. With `wait_ready` it fails unless a name
    /// server answers before `deadline`; the producer is then as before and may be started again.
    pub async fn start(self: &Arc<Self>, deadline: Option<Instant>, wait_ready: bool) -> Result<(), Error> {
        let world = self.begin_start()?;
        let instance = world.instances.join(&self.settings.client, &world);
        self.lifecycle.set_instance(Some(Arc::clone(&instance)));
        let mut starting = Starting { producer: self, world: &world, instance: Some(Arc::clone(&instance)) };
        if wait_ready {
            self.reach_name_server(&instance, deadline).await?;
        }
        let _change = lock(&self.lifecycle.change);
        if self.lifecycle.load() != State::Starting {
            return Err(Error::new(ErrorKind::Closed, "the producer was shut down while it started"));
        }
        instance.join(&self.settings.group);
        starting.instance = None;
        // Set once: a producer starts once.
        let _ = self.lifecycle.broken.set(instance.failure());
        let _ = self.lifecycle.client_id.set(instance.client_id().clone());
        self.stats.started(self.now());
        self.lifecycle.store(State::Running);
        if let Some(settings) = self.settings.faults.as_ref().and_then(|faults| faults.detector) {
            let task = world.spawn(detector::run(Arc::downgrade(self), settings));
            *lock(&self.lifecycle.detector) = Some(task);
        }
        if let Some(accumulator) = &self.accumulator {
            accumulator.start(self, &instance);
        }
        Ok(())
    }

    /// Asks until a name server answers, the time is over, or a shutdown begins.
    async fn reach_name_server(&self, instance: &Instance, deadline: Option<Instant>) -> Result<(), Error> {
        loop {
            let stopped = self.lifecycle.stopped.notified();
            if self.lifecycle.load() != State::Starting {
                return Ok(());
            }
            let round = self.now() + ROUND_LIMIT;
            let asking = instance.reach_name_server(deadline.map_or(round, |deadline| deadline.min(round)));
            let Err(error) = (tokio::select! {
                biased;
                () = stopped => return Ok(()),
                answered = asking => answered,
            }) else {
                return Ok(());
            };
            if instance.has_failed() {
                return Err(Error::new(ErrorKind::Internal, format!("the client broke: {error}")));
            }
            let pause = self.now() + ROUND_PAUSE;
            if deadline.is_some_and(|deadline| deadline <= pause) {
                return Err(Error::new(ErrorKind::NoNamesrv, format!("no name server answered: {error}")));
            }
            let _ = self.before(Some(pause), self.lifecycle.stopped.notified()).await;
        }
    }

    fn begin_start(&self) -> Result<World, Error> {
        let _change = lock(&self.lifecycle.change);
        match self.lifecycle.load() {
            State::Created => {}
            State::Running => {
                return Err(Error::new(ErrorKind::InvalidState, "the producer was started before"));
            }
            _ => return Err(self.wrong_state()),
        }
        let world = match &self.given {
            Some(world) => world.clone(),
            None => World::system()?,
        };
        // The same clock at every start.
        let _ = self.clock.set(Arc::clone(&world.clock));
        self.lifecycle.store(State::Starting);
        Ok(world)
    }

    /// Refuses new sends, lets those in flight end, cuts off the rest at `deadline`. `Ok`: all ended by
    /// themselves. [`ErrorKind::Closed`]: some were cut off. After both no callback runs or will run.
    /// [`ErrorKind::Timeout`]: callbacks still run; call again.
    pub async fn shutdown(self: &Arc<Self>, deadline: Option<Instant>) -> Result<(), Error> {
        let closing = self.begin_close(deadline);
        self.closed(closing, deadline).await
    }

    /// Waits for the end of a shutdown that was begun.
    pub(super) async fn closed(
        &self,
        closing: Option<Arc<Closing>>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let Some(closing) = closing else { return Ok(()) };
        let mut ended = closing.ended.subscribe();
        let over = async { ended.wait_for(|ended| *ended).await.is_ok() };
        match self.before(deadline.map(|deadline| deadline + AFTER_CUT), over).await {
            None => Err(Error::new(ErrorKind::Timeout, "callbacks of the producer still run: call again")),
            Some(_) => self.closed_how(),
        }
    }

    /// How it ended, once it has.
    pub(super) fn closed_how(&self) -> Result<(), Error> {
        if self.lifecycle.cut.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Closed, "the limit passed: sends were cut off"));
        }
        Ok(())
    }

    /// Ends what is open and does not wait for it.
    pub fn abandon(self: &Arc<Self>) {
        let now = self.now();
        self.begin_close(Some(now));
    }

    /// Begins a shutdown or joins the one under way; `None` when there is nothing to wait for.
    pub(super) fn begin_close(self: &Arc<Self>, deadline: Option<Instant>) -> Option<Arc<Closing>> {
        let mut change = lock(&self.lifecycle.change);
        match self.lifecycle.load() {
            State::Closed => return None,
            State::Created | State::Starting => {
                // A start under way sees it and ends.
                self.lifecycle.store(State::Closed);
                self.lifecycle.stopped.notify_waiters();
                return None;
            }
            State::Running | State::Closing | State::Failed => {}
        }
        if let Some(closing) = &change.closing {
            closing.limit.send_if_modified(|limit| {
                let sooner = deadline.is_some_and(|new| limit.is_none_or(|old| new < old));
                if sooner {
                    *limit = deadline;
                }
                sooner
            });
            return Some(Arc::clone(closing));
        }
        let closing =
            Arc::new(Closing { limit: watch::Sender::new(deadline), ended: watch::Sender::new(false) });
        change.closing = Some(Arc::clone(&closing));
        self.lifecycle.store(State::Closing);
        let instance = self.lifecycle.instance()?;
        instance.world().spawn(close(Arc::clone(self), Arc::clone(&closing)));
        Some(closing)
    }
}

/// Takes a start back that fails, or whose future is dropped.
struct Starting<'a> {
    producer: &'a Producer,
    world: &'a World,
    instance: Option<Arc<Instance>>,
}

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        let Some(instance) = self.instance.take() else { return };
        self.producer.lifecycle.set_instance(None);
        let _change = lock(&self.producer.lifecycle.change);
        if self.producer.lifecycle.load() == State::Starting {
            self.producer.lifecycle.store(State::Created);
        }
        if self.world.instances.leave(&instance) {
            let until = self.world.clock.now() + CLOSE_MIN;
            self.world.spawn(async move { instance.close(until).await });
        }
    }
}

/// The shutdown itself.
async fn close(producer: Arc<Producer>, closing: Arc<Closing>) {
    let mut limit = closing.limit.subscribe();
    producer.close_batches();
    loop {
        let until = *limit.borrow_and_update();
        let limited = tokio::time::sleep_until(until.unwrap_or_else(|| producer.now()));
        tokio::select! {
            biased;
            () = producer.budget.idle() => break,
            _ = limit.changed() => {}
            () = limited, if until.is_some() => {
                producer.lifecycle.cut.store(true, Ordering::SeqCst);
                if let Some(instance) = producer.instance() {
                    instance.cut(Cut::all(producer.number));
                }
                producer.budget.idle().await;
                break;
            }
        }
    }
    let detector = lock(&producer.lifecycle.detector).take();
    let timer = producer.accumulator.as_ref().and_then(Accumulator::take_timer);
    for task in [detector, timer].into_iter().flatten() {
        task.abort();
        // Ends at its next step.
        let _ = task.await;
    }
    if let Some(instance) = producer.instance() {
        let soonest = producer.now() + CLOSE_MIN;
        let latest = producer.now() + UNREGISTER_LIMIT;
        let mut leaving = pin!(instance.leave(&producer.settings.group, latest));
        let until = loop {
            let until = limit.borrow_and_update().unwrap_or(latest).clamp(soonest, latest);
            tokio::select! {
                biased;
                () = &mut leaving => break until,
                // Somebody who has less time waits as well.
                Ok(()) = limit.changed() => {}
                () = tokio::time::sleep_until(until) => break until,
            }
        };
        if instance.world().instances.leave(&instance) {
            instance.close(until + CLOSE_MIN).await;
        }
    }
    producer.budget.told().await;
    // Ended sends remember routes, and so the client.
    producer.budget.clear();
    producer.packers.clear();
    producer.lifecycle.set_instance(None);
    producer.lifecycle.store(State::Closed);
    closing.ended.send_replace(true);
}

/// A producer that was dropped without a shutdown leaves its client.
impl Drop for Producer {
    fn drop(&mut self) {
        let Some(instance) = self.lifecycle.instance() else { return };
        let world = instance.world().clone();
        if self.lifecycle.load() == State::Running && world.instances.leave(&instance) {
            let until = world.clock.now() + CLOSE_MIN;
            world.spawn(async move { instance.close(until).await });
        }
    }
}
