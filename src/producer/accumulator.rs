//! Automatic batches: sends that wait for others of their topic and go out with them, in one request. Each is accepted
//! like any send, with its room and its completion; only its body lies in the group's memory, as a record. What goes out is
//! a send that carries the group, so that attempts, faults and time limits are those of every send.
//!
//! Order: what is to go to one queue, by name, by a selector or by its key, goes there in the order in which it was
//! accepted. So one that cannot wait has those sent first that wait for its queue, and a group goes out under the lock.

mod group;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use protocol::message::batch::stored_bytes;
use protocol::message::name::RETRY_PREFIX;
use rustc_hash::FxBuildHasher;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::client::broker::Broker;
use crate::client::instance::Instance;
use crate::error::{Error, ErrorKind};
use crate::producer::batch::Cargo;
use crate::producer::config::BatchSettings;
use crate::producer::message::Message;
use crate::producer::result::Completion;
use crate::producer::send::Loaded;
use crate::producer::{Moment, Producer, batch};
use crate::runtime::lock;
use group::{Group, Kind, Lane, Out};

/// What waits for company.
pub(crate) struct Accumulator {
    settings: BatchSettings,
    state: Mutex<State>,
    /// Notified when a group is due before all others.
    sooner: Arc<Notify>,
    /// The timer, while the producer runs.
    timer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct State {
    /// By their topics' names on the wire. A topic without a group is forgotten when the timer comes by.
    topics: HashMap<Box<[u8]>, Vec<Group>, FxBuildHasher>,
    /// Of all groups, as brokers store them.
    bytes: usize,
    /// When the timer comes by next.
    armed: Option<Instant>,
    /// Nothing waits any more.
    closed: bool,
}

/// A send that is added to a group.
struct Joining<'a> {
    message: &'a Message,
    loaded: Loaded,
    lane: Lane,
    kind: Kind,
    /// What it takes there.
    bytes: usize,
}

impl Accumulator {
    pub(crate) fn new(settings: BatchSettings) -> Self {
        Self { settings, state: Mutex::default(), sooner: Arc::default(), timer: Mutex::default() }
    }

    /// Has the groups of `producer` go out when they are due.
    pub(crate) fn start(&self, producer: &Arc<Producer>, instance: &Instance) {
        let run = run(Arc::downgrade(producer), Arc::clone(&self.sooner));
        *lock(&self.timer) = Some(instance.world().spawn(run));
    }

    /// The timer, for its end to be awaited.
    pub(crate) fn take_timer(&self) -> Option<JoinHandle<()>> {
        lock(&self.timer).take()
    }

    /// Has a send wait, or begin; where to, if that is slower than its senders. Not among what every send does.
    #[inline(never)]
    pub(crate) fn take(
        &self,
        (producer, instance): (&Arc<Producer>, &Arc<Instance>),
        cargo: Cargo<'_>,
        loaded: Loaded,
        moment: Moment,
    ) -> Result<Option<Arc<Broker>>, Error> {
        let lane = Lane::of(&loaded.flight, instance, moment.now);
        let kind = Kind::of(&loaded, moment.now);
        let message = cargo.first();
        let bytes = match cargo {
            Cargo::One(message) => self.bytes_in_batch(producer, message, &loaded),
            Cargo::Batch(_) => None,
        };
        let mut out = Out { producer, instance, moment, crowded: None };
        {
            let mut state = lock(&self.state);
            let bytes = bytes.filter(|_| state.bytes < self.settings.total_bytes_max);
            let topic = loaded.flight.topic_on_the_wire().as_bytes();
            let joining = bytes.map(|bytes| (kind, bytes));
            state.make_way(topic, &lane, joining, self.settings.bytes_max, &mut out);
            if let Some(bytes) = bytes {
                let joining = Joining { message, loaded, lane, kind, bytes };
                self.add(&mut state, joining, &mut out)?;
                return Ok(out.crowded);
            }
        }
        out.launch(loaded.packed((producer, instance), cargo, moment)?);
        Ok(out.crowded)
    }

    /// What a message takes in a batch, if it may be in one.
    fn bytes_in_batch(&self, producer: &Producer, message: &Message, loaded: &Loaded) -> Option<usize> {
        let settings = &producer.settings;
        let (topic, body) = (loaded.flight.topic_on_the_wire().as_str(), message.body().len());
        let compressed = settings.compression.is_some_and(|compression| body >= compression.bytes_min);
        let oneway = matches!(loaded.completion, Completion::None);
        if oneway || compressed || message.goes_alone() || topic.starts_with(RETRY_PREFIX) {
            return None;
        }
        let id_bytes = loaded.flight.id().as_str().len();
        let properties = batch::property_bytes(message, id_bytes, settings.namespace.as_ref());
        Some(stored_bytes(topic.len(), body, properties)).filter(|bytes| *bytes <= self.settings.bytes_max)
    }

    /// Adds a send to its group, which goes out when it cannot wait or is full.
    fn add(&self, state: &mut State, joining: Joining<'_>, out: &mut Out<'_>) -> Result<(), Error> {
        let Joining { message, loaded, lane, kind, bytes } = joining;
        let due = self.due(out.moment.now, loaded.plan.deadline);
        let topic = loaded.flight.topic_on_the_wire().as_bytes();
        if !state.topics.contains_key(topic) {
            state.topics.insert(topic.into(), Vec::new());
        }
        // Not met: each was put there a moment ago.
        let lost = || Error::new(ErrorKind::Internal, "a batch that was begun is not there");
        let groups = state.topics.get_mut(topic).ok_or_else(lost)?;
        let index = groups.iter().position(|group| group.is_of(&lane, Some(kind))).unwrap_or_else(|| {
            groups.push(Group::new(lane.place.clone(), kind, due));
            groups.len() - 1
        });
        let group = groups.get_mut(index).ok_or_else(lost)?;
        let namespace = out.producer.settings.namespace.as_ref();
        if let Err(error) = batch::append_record(&mut group.records, message, &loaded.flight.id(), namespace)
        {
            groups.retain(|group| !group.members.0.is_empty());
            let text = format!("the message for {} makes no record of a batch: {error}", message.topic());
            return Err(Error::new(ErrorKind::System, text));
        }
        group.add(loaded, out.producer, (lane, due), bytes);
        state.bytes += bytes;
        if state.closed || group.due <= out.moment.now || group.bytes >= self.settings.bytes_max {
            state.bytes -= group.bytes;
            groups.swap_remove(index).go(out);
        } else if state.armed.is_none_or(|armed| due < armed) {
            state.armed = Some(due);
            self.sooner.notify_one();
        }
        Ok(())
    }

    /// Until when a send waits: at least as long again must be left to it then.
    fn due(&self, now: Instant, deadline: Option<Instant>) -> Instant {
        let due = now + self.settings.linger;
        let latest =
            deadline.map_or(due, |deadline| deadline.checked_sub(self.settings.linger).unwrap_or(now));
        due.min(latest).max(now)
    }
}

impl State {
    /// Sends what must go before a send to `lane`: groups of its queue that it does not join, and all those whose keys
    /// were shared out over other queues than they are now.
    fn make_way(
        &mut self,
        topic: &[u8],
        lane: &Lane,
        joining: Option<(Kind, usize)>,
        bytes_max: usize,
        out: &mut Out<'_>,
    ) {
        let Some(groups) = self.topics.get_mut(topic) else { return };
        if lane.keyed {
            for group in groups.extract_if(.., |group| group.has_other_order(lane)) {
                self.bytes -= group.bytes;
                group.go(out);
            }
        }
        let place = groups.iter().position(|group| group.is_of(lane, joining.map(|(kind, _)| kind)));
        let Some(index) = place else { return };
        let takes = |group: &Group| joining.is_some_and(|(kind, bytes)| group.takes(kind, bytes, bytes_max));
        if !groups.get(index).is_some_and(takes) {
            let group = groups.swap_remove(index);
            self.bytes -= group.bytes;
            group.go(out);
        }
    }

    /// Takes out the groups that are due by `until`, or all. Among groups there is no order to keep; that of the map is the
    /// same in every run.
    fn take(&mut self, until: Option<Instant>) -> Vec<Group> {
        let mut taken = Vec::new();
        for groups in self.topics.values_mut() {
            taken.extend(groups.extract_if(.., |group| until.is_none_or(|until| group.due <= until)));
        }
        self.topics.retain(|_, groups| !groups.is_empty());
        self.bytes -= taken.iter().map(|group| group.bytes).sum::<usize>();
        taken
    }
}

impl Producer {
    /// Sends what waits for company: now there is a reason not to.
    pub(crate) fn send_waiting(self: &Arc<Self>) {
        self.send_groups(None, false);
    }

    /// The same, and nothing waits from now on.
    pub(crate) fn close_batches(self: &Arc<Self>) {
        self.send_groups(None, true);
    }

    /// Sends the groups that are due by `until`, or all; when the timer is to come by next.
    fn send_groups(self: &Arc<Self>, until: Option<Instant>, close: bool) -> Option<Instant> {
        let accumulator = self.accumulator.as_ref()?;
        let instance = self.instance()?;
        let mut out = Out { producer: self, instance: &instance, moment: self.moment(), crowded: None };
        let mut state = lock(&accumulator.state);
        state.closed |= close;
        for group in state.take(until) {
            group.go(&mut out);
        }
        if until.is_some() {
            state.armed = state.topics.values().flatten().map(|group| group.due).min();
        }
        state.armed
    }

    /// Ends what waits for company.
    pub(crate) fn cancel_waiting(&self) {
        let (Some(accumulator), Some(instance)) = (&self.accumulator, self.instance()) else { return };
        let groups = lock(&accumulator.state).take(None);
        let mut done = instance.done();
        for member in groups.into_iter().flat_map(|group| group.members.0) {
            member.cancel(&mut done);
        }
    }
}

/// The timer of a producer's groups: sleeps until the first of them is due, and while there is none.
async fn run(producer: Weak<Producer>, sooner: Arc<Notify>) {
    let _last = Last(&producer);
    loop {
        let next = match producer.upgrade() {
            Some(producer) => producer.send_groups(Some(producer.now()), false),
            None => return,
        };
        match next {
            None => sooner.notified().await,
            Some(next) => {
                // Whichever comes first.
                let _ = timeout_at(next, sooner.notified()).await;
            }
        }
    }
}

/// Has nothing wait for a timer that panicked.
struct Last<'a>(&'a Weak<Producer>);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        if let (true, Some(producer)) = (std::thread::panicking(), self.0.upgrade()) {
            log::error!("the timer of automatic batches panicked: sends do not wait any more");
            producer.close_batches();
        }
    }
}

/// Of a producer that was dropped without a shutdown.
impl Drop for Accumulator {
    fn drop(&mut self) {
        if let Some(timer) = self.take_timer() {
            timer.abort();
        }
    }
}
