//! The routes in use: immutable, swapped whole, looked up once however many senders wait for one.

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use protocol::header::send::Prepared;
use protocol::route::RouteData;
use rustc_hash::FxBuildHasher;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::client::broker::{Broker, Cut, Done, Owner};
use crate::client::instance::Instance;
use crate::client::layout::{Layout, Layouts};
use crate::client::missing::Missing;
use crate::client::name_servers::NoNameServer;
use crate::client::route_map::RouteMap;
use crate::client::shrunk::{Shrunk, WATCHED};
use crate::client::world::Clock;
use crate::latency::millis;
use crate::runtime::lock;
use crate::text::{ShortText, Text};

/// How long a route without a writable queue counts: a broker that comes back is found within that.
const UNUSABLE_LIMIT: Duration = Duration::from_secs(1);

/// Rounds in which those who wait for a route are served before the others. Were senders quicker than that for good, some
/// would overtake others in the end.
const ROUNDS_MAX: usize = 1000;

/// Where a topic's messages may go. What a send needs stands first and together: of thousands of topics the cache holds
/// few.
#[repr(C)]
pub struct TopicRoute {
    /// The topic, with the namespace if there is one.
    pub(crate) topic: ShortText,
    layout: Arc<Layout>,
    /// Position of the round robin. It has 32 bits, whose rest is found in a third of the time of 64.
    pub turn: AtomicU32,
    /// Nobody waits for it any more.
    open: AtomicBool,
    /// The topic, as sends say it.
    pub(crate) wire_topic: Prepared,
    /// When a name server said so first.
    known: Instant,
    /// When one said so last, in milliseconds since [`Routes::begun`].
    confirmed_ms: AtomicU64,
    /// What was known before brokers were lost, until it counts no more: keys keep to it.
    held: Option<(Arc<Layout>, Instant)>,
}

impl TopicRoute {
    /// The queues that keys are shared out over. While a broker is lost it is the list with its queues: were they
    /// counted anew, nearly every key would move to another queue, and its order would be lost.
    pub(crate) fn order(&self, now: Instant) -> &Arc<Layout> {
        match &self.held {
            Some((layout, until)) if now < *until => layout,
            _ => &self.layout,
        }
    }

    /// What keys keep to when `next` takes its place.
    fn held_against(&self, next: &Layout, now: Instant) -> Option<(Arc<Layout>, Instant)> {
        let (order, until) = match &self.held {
            Some((layout, until)) if now < *until => (layout, *until),
            _ => (&self.layout, now + WATCHED),
        };
        let has = |name: &Text| next.brokers.iter().any(|known| known.name == *name);
        let mut used = order.queues.iter().filter_map(|queue| order.brokers.get(queue.broker));
        used.any(|broker| !has(&broker.name)).then(|| (Arc::clone(order), until))
    }
}

impl Deref for TopicRoute {
    type Target = Layout;

    fn deref(&self) -> &Layout {
        &self.layout
    }
}

/// Why there is no route.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RouteError {
    /// The name servers know neither the topic nor a pattern to create it from.
    #[error("no name server knows a route")]
    NotFound,
    /// No name server answered.
    #[error("no name server answered: {0}")]
    NoNameServer(Arc<str>),
    /// The waiter's deadline passed.
    #[error("no name server answered in time")]
    Timeout,
    /// The waiter was cut off: its owner ends.
    #[error("shut down")]
    Closed,
    /// The waiter was cut off on request.
    #[error("cancelled")]
    Cancelled,
}

impl RouteError {
    /// What `cut` ends a waiter with.
    pub(crate) const fn of(cut: Cut) -> Self {
        if cut.cancelled { Self::Cancelled } else { Self::Closed }
    }
}

/// Somebody who waits for a route. Ends by one call of `ready`; one that is dropped must report that itself.
pub trait RouteWaiter: Send {
    /// Whose it is: all waiters of an owner can be cut off.
    fn owner(&self) -> Owner;
    /// How long it waits.
    fn deadline(&self) -> Option<Instant>;
    /// Takes the outcome. Called without a lock; may submit.
    fn ready(self: Box<Self>, route: Result<Arc<TopicRoute>, RouteError>, done: &mut Done<'_>);
}

type Map<T> = HashMap<Arc<str>, T, FxBuildHasher>;

/// The routes of an instance.
pub struct Routes {
    clock: Arc<dyn Clock>,
    begun: Instant,
    known: RwLock<RouteMap>,
    /// Locked after `known`.
    layouts: Mutex<Layouts>,
    /// A route was replaced by another: brokers may be without one. Changed under the lock of `known`.
    replaced: AtomicBool,
    /// Topics being looked up. Locked before `known` and `missing`.
    looking: Mutex<Map<Looking>>,
    missing: Mutex<Missing>,
    shrunk: Mutex<Shrunk>,
    stop: AtomicBool,
    stopped: Arc<Notify>,
}

/// A look-up under way.
struct Looking {
    waiting: Vec<Box<dyn RouteWaiter>>,
    /// No waiter's deadline is earlier; none has one if this is `None`.
    earliest: Option<Instant>,
    /// Notified when it moves forward.
    poke: Arc<Notify>,
}

/// Some of those who waited, to be served.
struct Served {
    waiting: Vec<Box<dyn RouteWaiter>>,
    route: Option<Arc<TopicRoute>>,
    ended: bool,
}

impl Routes {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            begun: clock.now(),
            clock,
            known: RwLock::default(),
            layouts: Mutex::default(),
            replaced: AtomicBool::new(false),
            looking: Mutex::default(),
            missing: Mutex::default(),
            shrunk: Mutex::default(),
            stop: AtomicBool::new(false),
            stopped: Arc::default(),
        }
    }

    /// The route of `topic`, if it is known. One without a writable queue is known for a moment only.
    pub fn get(&self, topic: &[u8]) -> Option<Arc<TopicRoute>> {
        let present = self.known().get(topic).cloned()?;
        let usable = !present.queues.is_empty() || self.clock.now() < present.known + UNUSABLE_LIMIT;
        usable.then_some(present)
    }

    /// The same for a send, which must not overtake those of its thread that wait for the route: while there are any it
    /// joins them.
    pub fn get_open(&self, topic: &[u8]) -> Option<Arc<TopicRoute>> {
        self.get(topic).filter(|route| route.open.load(Ordering::Acquire))
    }

    /// Has the name servers asked again for `topic` although they did not know it a moment ago.
    pub fn forget_missing(&self, topic: &str) {
        lock(&self.missing).ask_again(topic, self.clock.now());
    }

    /// Gives `waiter` the route of `topic`, after the one look-up of it when it is not known. A topic that no
    /// name server knew a moment ago is not looked up.
    pub fn join(
        &self,
        instance: &Arc<Instance>,
        topic: &str,
        waiter: Box<dyn RouteWaiter>,
        done: &mut Done<'_>,
    ) {
        let mut looking = lock(&self.looking);
        if self.is_stopped() {
            drop(looking);
            return waiter.ready(Err(RouteError::Closed), done);
        }
        if let Some(present) = looking.get_mut(topic) {
            let sooner = waiter
                .deadline()
                .filter(|deadline| present.earliest.is_none_or(|earliest| *deadline < earliest));
            if sooner.is_some() {
                present.earliest = sooner;
                present.poke.notify_one();
            }
            present.waiting.push(waiter);
            return;
        }
        if let Some(route) = self.get(topic.as_bytes()) {
            route.open.store(true, Ordering::Release);
            drop(looking);
            return waiter.ready(Ok(route), done);
        }
        if lock(&self.missing).has(topic, self.clock.now()) {
            drop(looking);
            return waiter.ready(Err(RouteError::NotFound), done);
        }
        let name: Arc<str> = topic.into();
        let poke = Arc::new(Notify::new());
        let earliest = waiter.deadline();
        let first = Looking { waiting: vec![waiter], earliest, poke: Arc::clone(&poke) };
        looking.insert(Arc::clone(&name), first);
        drop(looking);
        instance.world().spawn(look_up(Arc::clone(instance), name, poke));
    }

    /// Makes `data` the route of `topic`; whether it differs. A route that does not stays the same object, and
    /// one that can be used stays rather than one whose addresses make no sense.
    pub(crate) fn put(&self, instance: &Instance, topic: &str, data: &RouteData, pattern: bool) -> bool {
        let now = self.clock.now();
        lock(&self.missing).ask_again(topic, now);
        let data = data.publish();
        let open = AtomicBool::new(!lock(&self.looking).contains_key(topic));
        // Held to the end: a broker must not be let go before its route is in.
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let present = known.get(topic.as_bytes());
        let same = present.is_some_and(|present| present.data == data);
        // One without a queue is made again: it counts from now on.
        let confirmed_ms = self.ms_at(now);
        if let Some(present) = present.filter(|present| same && !present.queues.is_empty()) {
            present.confirmed_ms.store(confirmed_ms, Ordering::Relaxed);
            return false;
        }
        let turn = present.map_or_else(
            || u32::try_from(instance.world().random.below(usize::MAX) & 0xffff_ffff).unwrap_or(0),
            |present| present.turn.load(Ordering::Relaxed),
        );
        let layout = lock(&self.layouts).get(data, topic, |address| instance.broker(address));
        let Layout { brokers, queues, data } = &*layout;
        let lost = queues.is_empty() && !data.queues.is_empty();
        if lost && present.is_some_and(|present| !present.queues.is_empty()) {
            log::warn!("{topic}: the new route has no broker that could be reached; the one before stays");
            return false;
        }
        log::debug!("{topic}: {} queues on {} brokers, by pattern: {pattern}", queues.len(), brokers.len());
        let names = |route: &TopicRoute| route.brokers.iter().map(|known| known.name.clone()).collect();
        let before: Vec<Text> = present.map_or_else(Vec::new, |present| names(present));
        let wire_topic = Prepared::topic(topic);
        let held = present.and_then(|present| present.held_against(&layout, now));
        let (topic, turn) = (ShortText::new(topic), AtomicU32::new(turn));
        let confirmed_ms = AtomicU64::new(confirmed_ms);
        let route = TopicRoute { topic, layout, turn, open, wire_topic, known: now, confirmed_ms, held };
        let after = names(&route).into_iter().collect();
        lock(&self.shrunk).changed(route.topic.as_str(), before.into_iter(), &after, now);
        if known.put(Arc::new(route)) {
            self.replaced.store(true, Ordering::Relaxed);
        }
        !same
    }

    /// Whether a route has lost a broker lately.
    pub(crate) fn has_shrunk(&self) -> bool {
        !lock(&self.shrunk).is_empty()
    }

    /// The topics whose routes have lost brokers lately, and which.
    pub(crate) fn shrunk(&self) -> Vec<(Arc<str>, BTreeSet<Text>)> {
        lock(&self.shrunk).all(self.clock.now())
    }

    /// No name server knows `topic`, nor a pattern to create it from.
    fn put_missing(&self, topic: &Arc<str>) {
        if lock(&self.missing).add(topic, self.clock.now()) {
            log::warn!("{topic}: no name server knows it, nor a topic that it could be created after");
        }
    }

    /// Shows every route to `look` if one was replaced since the last time; meanwhile none changes.
    pub(super) fn after_change(&self, look: impl FnOnce(&RouteMap)) {
        let known = self.known();
        if self.replaced.swap(false, Ordering::Relaxed) {
            look(&known);
        }
    }

    /// The broker of this name, with a topic whose route leads to it.
    pub(crate) fn find_broker(&self, name: &Text) -> Option<(Arc<TopicRoute>, Arc<Broker>)> {
        let known = self.known();
        let leads = known
            .iter()
            .filter_map(|route| Some((route, route.brokers.iter().find(|known| known.name == *name)?)));
        // The first by name: the map's order must not show.
        let (route, found) = leads.min_by_key(|(route, _)| route.topic.as_bytes())?;
        Some((Arc::clone(route), Arc::clone(&found.broker)))
    }

    /// Every route that is known, in the order of the topics.
    pub(crate) fn all(&self) -> Vec<Arc<TopicRoute>> {
        let mut all: Vec<_> = self.known().iter().map(Arc::clone).collect();
        // The map's order must not show.
        all.sort_unstable_by(|one, other| one.topic.as_bytes().cmp(other.topic.as_bytes()));
        all
    }

    /// How many there are, and those that were not confirmed for longest, at most `max`, with their ages in milliseconds.
    pub(crate) fn oldest(&self, max: usize) -> (usize, Vec<(u64, Arc<TopicRoute>)>) {
        let now_ms = self.ms_at(self.clock.now());
        let all = self.all();
        let total = all.len();
        let mut oldest = Vec::with_capacity(max + 1);
        // Of equal ages in the order of the topics, in which they come.
        for route in all {
            let age_ms = now_ms.saturating_sub(route.confirmed_ms.load(Ordering::Relaxed));
            let place = oldest.partition_point(|(older_ms, _)| *older_ms >= age_ms);
            if place < max {
                oldest.insert(place, (age_ms, route));
                oldest.truncate(max);
            }
        }
        (total, oldest)
    }

    fn ms_at(&self, now: Instant) -> u64 {
        millis(now.saturating_duration_since(self.begun))
    }

    /// Ends the waiters that are to be cut off.
    pub(crate) fn cut(&self, cut: Cut, done: &mut Done<'_>) {
        let mut ended = Vec::new();
        for topic in lock(&self.looking).values_mut() {
            ended.extend(topic.waiting.extract_if(.., |waiter| cut.means(waiter.owner())));
        }
        for waiter in ended {
            waiter.ready(Err(RouteError::of(cut)), done);
        }
    }

    /// Ends every waiter and takes no more; the tasks that wait for [`Self::stopped`] end.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.stopped.notify_waiters();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    pub(crate) fn stopped(&self) -> Arc<Notify> {
        Arc::clone(&self.stopped)
    }

    /// Ends those whose deadline has passed; `why` is what there is to say beside that.
    fn expire(&self, topic: &str, why: Option<&NoNameServer>, done: &mut Done<'_>) {
        let now = self.clock.now();
        let expired: Vec<_> = lock(&self.looking).get_mut(topic).map_or_else(Vec::new, |topic| {
            let over = |waiter: &mut Box<dyn RouteWaiter>| waiter.deadline().is_some_and(|at| at <= now);
            let expired = topic.waiting.extract_if(.., over).collect();
            topic.earliest = topic.waiting.iter().filter_map(|waiter| waiter.deadline()).min();
            expired
        });
        for waiter in expired {
            let error =
                why.map_or(RouteError::Timeout, |why| RouteError::NoNameServer(why.to_string().into()));
            waiter.ready(Err(error), done);
        }
    }

    fn is_awaited(&self, topic: &str) -> bool {
        lock(&self.looking).get(topic).is_some_and(|topic| !topic.waiting.is_empty())
    }

    fn next_deadline(&self, topic: &str) -> Option<Instant> {
        lock(&self.looking).get(topic)?.earliest
    }

    /// Those who wait for `topic`, and the route if there is one now. With nobody left, without a route, or if they are to be
    /// the `last`, the look-up has ended.
    fn take_waiting(&self, topic: &str, last: bool) -> Served {
        let mut looking = lock(&self.looking);
        let route = self.get(topic.as_bytes());
        let more = looking.get_mut(topic).filter(|present| !present.waiting.is_empty());
        if let (Some(present), Some(_), false) = (more, &route, last) {
            present.earliest = None;
            return Served { waiting: std::mem::take(&mut present.waiting), route, ended: false };
        }
        let waiting = looking.remove(topic).map(|ended| ended.waiting).unwrap_or_default();
        if let Some(route) = &route {
            route.open.store(true, Ordering::Release);
        }
        drop(looking);
        Served { waiting, route, ended: true }
    }

    fn known(&self) -> RwLockReadGuard<'_, RouteMap> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one look-up of a topic; those who wait give up at their own deadlines meanwhile.
async fn look_up(instance: Arc<Instance>, topic: Arc<str>, poke: Arc<Notify>) {
    let guard = LookUp { instance: &instance, topic: &topic };
    let mut fetching = std::pin::pin!(fetch(&instance, &topic));
    let fetched = loop {
        let deadline = instance.routes().next_deadline(&topic);
        let now = instance.world().clock.now();
        tokio::select! {
            biased;
            fetched = &mut fetching => break fetched,
            () = poke.notified() => {}
            () = sleep_until(deadline.unwrap_or(now)), if deadline.is_some() => {
                let trouble = instance.name_servers().trouble();
                instance.routes().expire(&topic, trouble.as_ref(), &mut instance.done());
            }
        }
    };
    let error = match fetched {
        Ok(Some((data, pattern))) => {
            instance.routes().put(&instance, &topic, &data, pattern);
            RouteError::NotFound
        }
        Ok(None) => {
            instance.routes().put_missing(&topic);
            RouteError::NotFound
        }
        Err(error) => RouteError::NoNameServer(error.to_string().into()),
    };
    let mut done = instance.done();
    for round in 1.. {
        let Served { waiting, route, ended } = instance.routes().take_waiting(&topic, round >= ROUNDS_MAX);
        for waiter in waiting {
            waiter.ready(route.clone().ok_or_else(|| error.clone()), &mut done);
        }
        done.hand_over();
        if ended {
            break;
        }
    }
    std::mem::forget(guard);
}

/// One look-up; goes on while there is no list of name servers and somebody still waits for one.
async fn fetch(instance: &Instance, topic: &str) -> Result<Option<(RouteData, bool)>, NoNameServer> {
    loop {
        let fetched = instance.fetch_route(topic).await;
        let later = fetched.is_err()
            && instance.name_servers().is_empty()
            && !instance.routes().is_stopped()
            && instance.routes().is_awaited(topic);
        if !later {
            return fetched;
        }
    }
}

/// Frees those who wait when the look-up panics.
struct LookUp<'a> {
    instance: &'a Instance,
    topic: &'a str,
}

impl Drop for LookUp<'_> {
    fn drop(&mut self) {
        self.instance.fail();
        // Dropped, which reports it.
        drop(self.instance.routes().take_waiting(self.topic, true));
    }
}
