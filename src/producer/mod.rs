//! The producer: what an application creates, starts, sends with and shuts down.
//!
//! [`send`] is the one pipeline of every send, [`batch`] what goes into it as one, [`accumulator`] has sends wait for one
//! another, [`flight`] is one accepted send through its attempts, [`attempt`] what an outcome leads to, [`budget`] the
//! limits, [`completion_queue`] what an application polls, [`lifecycle`] start and shutdown, [`stats`] what is counted.

mod accumulator;
mod attempt;
mod batch;
mod budget;
mod completion_queue;
mod config;
mod detector;
mod fault;
mod flight;
mod ids;
mod lifecycle;
mod limits;
mod live;
mod message;
mod namespace;
mod notice;
mod options;
mod packers;
mod recall;
mod result;
mod select;
mod send;
mod stats;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use protocol::message::id::UniqueId;

pub use batch::Cargo;
pub use completion_queue::{CompletionQueue, Event, Line, What};
pub use config::{Config, Key, keys};
pub use ids::Ids;
pub use lifecycle::State;
pub use message::Message;
pub use options::{Selector, SendOptions, Timeout};
pub use result::{Callback, Context, End, QueueList, SendResult, SendStatus};
pub use send::Begun;
pub use tokio::time::Instant;

use crate::client::broker::{Cut, Owner};
use crate::client::instance::Instance;
use crate::client::routes::{RouteError, RouteWaiter, TopicRoute};
use crate::client::world::{self, Clock, Dispatcher, World};
use crate::error::{Error, ErrorKind};
pub use crate::text::ShortText;
use crate::text::Text;
use accumulator::Accumulator;
use budget::{Budget, Limits};
use config::Settings;
use fault::Faults;
use flight::Spare;
use lifecycle::Lifecycle;
use packers::Packers;
use stats::Stats;

/// A caller's call may take this much longer than its deadline: by then the library itself has ended it.
const GRACE: Duration = Duration::from_millis(40);

/// A producer.
pub struct Producer {
    settings: Settings,
    /// Tells its requests from those of others that share the instance. Never 0.
    number: u64,
    budget: Arc<Budget<Spare>>,
    /// With fault avoidance.
    faults: Option<Arc<Faults>>,
    /// With automatic batches.
    accumulator: Option<Accumulator>,
    /// Purges so far: each send remembers how many there were before it.
    cuts: AtomicU32,
    /// The last purge of everything: sends accepted before it make no further attempt.
    purged: AtomicU32,
    lifecycle: Lifecycle,
    stats: Stats,
    packers: Packers,
    /// Given at creation; otherwise each start takes the system's, and the shutdown lets it go.
    given: Option<World>,
    clock: OnceLock<Arc<dyn Clock>>,
    /// Since the start.
    ids: OnceLock<Ids>,
}

impl Producer {
    /// Checks the whole configuration. No I/O, no thread.
    pub fn new(config: &Config) -> Result<Arc<Self>, Error> {
        Self::make(config, None)
    }

    /// As [`Self::new`], above other seams than the system's.
    pub fn with_world(config: &Config, world: World) -> Result<Arc<Self>, Error> {
        Self::make(config, Some(world))
    }

    fn make(config: &Config, given: Option<World>) -> Result<Arc<Self>, Error> {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let settings = Settings::read(config)?;
        Ok(Arc::new(Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            budget: Budget::new(Limits {
                messages: settings.in_flight_messages_max,
                bytes: settings.in_flight_bytes_max,
                completions: settings.completions_max,
            }),
            faults: settings
                .faults
                .as_ref()
                .map(|faults| Arc::new(Faults::new(faults.table.clone(), faults.detector.is_some()))),
            accumulator: settings.batches.map(Accumulator::new),
            cuts: AtomicU32::new(0),
            purged: AtomicU32::new(0),
            lifecycle: Lifecycle::default(),
            stats: Stats::default(),
            packers: Packers::default(),
            clock: given.as_ref().map_or_else(OnceLock::new, |world| Arc::clone(&world.clock).into()),
            given,
            ids: OnceLock::new(),
            settings,
        }))
    }

    /// When a call that begins now ends. Fixed once, at the entry.
    pub fn deadline(&self, timeout: Timeout) -> Option<Instant> {
        self.deadline_from(self.now(), timeout)
    }

    fn deadline_from(&self, now: Instant, timeout: Timeout) -> Option<Instant> {
        match timeout {
            Timeout::Default => Some(now + self.settings.send_timeout),
            Timeout::Forever => None,
            Timeout::After(limit) => now.checked_add(limit),
        }
    }

    /// How long to wait for a call with this deadline: the call ends by itself at its deadline, with an
    /// error that says more.
    pub fn grace(deadline: Option<Instant>) -> Option<Instant> {
        deadline.map(|deadline| deadline + GRACE)
    }

    /// Name towards brokers, empty before the start.
    pub fn client_id(&self) -> Text {
        self.lifecycle.client_id()
    }

    /// Sends that hold room in flight.
    pub fn in_flight(&self) -> usize {
        self.budget.in_flight()
    }

    /// Brokers connected now.
    pub fn connected(&self) -> usize {
        self.instance().map_or(0, |instance| instance.connected())
    }

    /// Waits until every send accepted so far has ended and its callback has returned, one-way sends until they
    /// are written. What waits for others to go out with goes out at once.
    pub async fn flush(self: &Arc<Self>, deadline: Option<Instant>) -> Result<(), Error> {
        self.check_running()?;
        let epoch = self.begin_flush();
        self.flushed(deadline, epoch).await
    }

    /// Lets go out what waits for others, and says what to wait for.
    fn begin_flush(self: &Arc<Self>) -> Option<u64> {
        self.send_waiting();
        self.budget.end_epoch()
    }

    async fn flushed(&self, deadline: Option<Instant>, epoch: Option<u64>) -> Result<(), Error> {
        self.before(deadline, self.budget.flushed(epoch)).await.ok_or_else(|| {
            Error::new(ErrorKind::Timeout, "sends are still under way or their callbacks have not returned")
        })
    }

    /// Ends sends early with [`ErrorKind::Cancelled`]: those that `waiting` for a route, a connection, the end
    /// of a pause or others to go out with, and those `in_flight`.
    pub fn purge(&self, waiting: bool, in_flight: bool) -> Result<(), Error> {
        self.check_running()?;
        let Some(instance) = self.instance() else { return Err(self.wrong_state()) };
        let number = self.cuts.fetch_add(1, Ordering::Relaxed) + 1;
        if waiting && in_flight {
            // Also those that are on their way from one place to the next.
            self.purged.fetch_max(number, Ordering::Relaxed);
        }
        if waiting {
            self.cancel_waiting();
        }
        instance.cut(Cut { owner: self.number, number, waiting, in_flight, cancelled: true });
        Ok(())
    }

    /// Of what is accepted now.
    fn owner(&self) -> Owner {
        Owner { number: self.number, cuts: self.cuts.load(Ordering::Relaxed) }
    }

    /// Whether everything of `owner` was to end.
    fn has_purged(&self, owner: Owner) -> bool {
        owner.cuts < self.purged.load(Ordering::Relaxed)
    }

    /// Looks the topic up and connects to its brokers. Asks anew for a topic that nobody knew a moment ago.
    pub async fn prepare_topic(&self, topic: &str, deadline: Option<Instant>) -> Result<(), Error> {
        self.check_running()?;
        let route = self.route(topic, deadline).await?;
        let until = self.now() + self.settings.client.connect_timeout;
        let until = deadline.map_or(until, |deadline| deadline.min(until));
        let mut failure = None;
        for known in &route.brokers {
            match known.broker.ready(until).await {
                Ok(()) => {}
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            None => Ok(()),
            Some(error) => Err(Error::new(attempt::call_kind(&error), format!("preparing {topic}: {error}"))),
        }
    }

    /// The writable queues of `topic`, asked anew.
    pub async fn fetch_queues(&self, topic: &str, deadline: Option<Instant>) -> Result<QueueList, Error> {
        self.check_running()?;
        Message::new(topic)?;
        let instance = self.instance().ok_or_else(|| self.wrong_state())?;
        let asking = {
            let (instance, topic) =
                (Arc::clone(&instance), Arc::<str>::from(&*self.settings.on_the_wire(topic)));
            async move {
                let fetched = instance.fetch_known_route(&topic, true).await;
                if let Ok(Some(route)) = &fetched {
                    instance.routes().put(&instance, &topic, route, false);
                }
                fetched
            }
        };
        let failed = |kind, why: &str| Error::new(kind, format!("no route for the topic {topic}: {why}"));
        match self.before(deadline, asking).await {
            None => Err(failed(ErrorKind::Timeout, "no name server answered in time")),
            Some(Err(error)) => Err(failed(ErrorKind::NoNamesrv, &error.to_string())),
            Some(Ok(None)) => Err(failed(ErrorKind::TopicNotFound, "no name server knows it")),
            Some(Ok(Some(route))) => {
                let route = route.publish();
                let name = |broker: usize| route.brokers.get(broker).map(|known| Text::new(&known.name));
                let queue = |queue: &protocol::route::PublishQueue| Some((name(queue.broker)?, queue.id));
                Ok(QueueList(route.queues.iter().filter_map(queue).collect()))
            }
        }
    }

    /// The route of `topic`, looked up if need be.
    async fn route(&self, topic: &str, deadline: Option<Instant>) -> Result<Arc<TopicRoute>, Error> {
        Message::new(topic)?;
        let instance = self.instance().ok_or_else(|| self.wrong_state())?;
        let (tell, told) = tokio::sync::oneshot::channel();
        let waiter = Box::new(Asking { owner: self.owner(), deadline, tell });
        let known_as = self.settings.on_the_wire(topic);
        instance.routes().forget_missing(&known_as);
        instance.routes().join(&instance, &known_as, waiter, &mut instance.done());
        let route = told.await.unwrap_or(Err(RouteError::Closed));
        route.map_err(|error| {
            // Otherwise a shutdown would be told as the name servers that it leaves.
            if let Err(ended) = self.check_running() {
                return ended;
            }
            let kind = self.own_kind(attempt::route_kind(&error));
            Error::new(kind, format!("no route for the topic {topic}: {error}"))
        })
    }

    fn instance(&self) -> Option<Arc<Instance>> {
        self.lifecycle.instance()
    }

    /// Where its callbacks run, once it was started.
    fn dispatcher(&self) -> Option<Arc<dyn Dispatcher>> {
        let given = || self.given.as_ref().map(|world| Arc::clone(&world.dispatcher));
        self.instance().map(|instance| Arc::clone(&instance.world().dispatcher)).or_else(given)
    }

    fn now(&self) -> Instant {
        self.clock.get().map_or_else(world::system_now, |clock| clock.now())
    }

    /// Both times, read once for all that happens in one go.
    fn moment(&self) -> Moment {
        let wall_ms = self.clock.get().map_or(0, |clock| clock.wall_ms());
        Moment { now: self.now(), wall_ms }
    }

    /// `future`'s output unless `deadline` passes before.
    async fn before<F: Future>(&self, deadline: Option<Instant>, future: F) -> Option<F::Output> {
        let (Some(deadline), Some(instance)) = (deadline, self.instance()) else {
            return Some(future.await);
        };
        let sleep = {
            // The timer is the runtime's; the caller's thread knows of none.
            let _context = instance.world().tasks.enter();
            tokio::time::sleep_until(deadline)
        };
        tokio::select! {
            biased;
            output = future => Some(output),
            () = sleep => None,
        }
    }

    /// An id for a message.
    fn next_id(&self, instance: &Instance, wall_ms: i64) -> UniqueId {
        self.ids(instance).at(wall_ms, &*instance.world().clock)
    }

    fn ids(&self, instance: &Instance) -> &Ids {
        self.ids.get_or_init(|| Ids::new(instance.world()))
    }
}

/// A moment, as deadlines and as birth times have it.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    now: Instant,
    wall_ms: i64,
}

/// Somebody who awaits a route.
struct Asking {
    owner: Owner,
    deadline: Option<Instant>,
    tell: tokio::sync::oneshot::Sender<Result<Arc<TopicRoute>, RouteError>>,
}

impl RouteWaiter for Asking {
    fn owner(&self) -> Owner {
        self.owner
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn ready(
        self: Box<Self>,
        route: Result<Arc<TopicRoute>, RouteError>,
        _: &mut crate::client::broker::Done<'_>,
    ) {
        // Gone when the caller gave up.
        let _ = self.tell.send(route);
    }
}
