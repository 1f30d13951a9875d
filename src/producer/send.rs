//! The pipeline that every send goes through: state, limits, room, id, compression, and off it flies.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::client::broker::Broker;
use crate::client::instance::Instance;
use crate::client::listener::Listening;
use crate::error::{Error, ErrorKind};
use crate::producer::attempt::Plan;
use crate::producer::batch::Cargo;
use crate::producer::budget::{Full, Permit};
use crate::producer::completion_queue::CompletionQueue;
use crate::producer::flight::{Flight, Parcel, Place, Spare};
use crate::producer::limits;
use crate::producer::message::Message;
use crate::producer::options::SendOptions;
use crate::producer::result::{Callback, Completion, SendResult};
use crate::producer::{Moment, Producer, select};
use crate::runtime::catch;
use crate::text::ShortText;

/// How long a sender that may wait does so because it is quicker than the connection.
const AHEAD_LIMIT: Duration = Duration::from_millis(10);

/// A send that was not refused at once.
pub struct Begun(State);

enum State {
    /// Accepted.
    UnderWay,
    /// Accepted, and its sender is quicker than the connection.
    Ahead(Arc<Broker>),
    /// It wants to wait for room in flight.
    NoRoom(Completion),
}

impl Begun {
    /// Whether there is nothing to wait for.
    pub const fn is_under_way(&self) -> bool {
        matches!(self.0, State::UnderWay)
    }
}

/// What a send that was accepted tells its sender in the end.
pub struct Awaited {
    told: oneshot::Receiver<Result<SendResult, Error>>,
    /// How the sender reads the answer, if nobody else does.
    listening: Option<Box<Listening>>,
}

impl Awaited {
    /// Blocks as long as nobody else reads the answer: until there is one, or at most until the attempt's time is over.
    pub fn listen(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.listen();
        }
    }

    /// The outcome, once it is there.
    pub async fn outcome(self) -> Result<SendResult, Error> {
        self.told.await.unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the send was lost")))
    }
}

impl Producer {
    /// Sends and waits for the broker's answer, and for room in flight before.
    pub async fn send(
        self: &Arc<Self>,
        message: &Message,
        options: &SendOptions,
        deadline: Option<Instant>,
    ) -> Result<SendResult, Error> {
        self.send_cargo(Cargo::One(message), options, deadline).await
    }

    /// Sends; `callback` runs once on a callback thread if this returns `Ok`, and never otherwise. Ready at
    /// the first poll unless the options ask to wait for room.
    pub async fn send_async(
        self: &Arc<Self>,
        message: &Message,
        options: &SendOptions,
        deadline: Option<Instant>,
        callback: Callback,
    ) -> Result<(), Error> {
        let completion = Completion::Callback(callback);
        self.submit(Cargo::One(message), options, (deadline, options.block), completion).await.map(drop)
    }

    /// Sends without asking for an answer. Ready at the first poll unless the options ask to wait for room.
    pub async fn send_oneway(
        self: &Arc<Self>,
        message: &Message,
        options: &SendOptions,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        self.submit(Cargo::One(message), options, (deadline, options.block), Completion::None).await.map(drop)
    }

    /// As [`Self::send`], of whatever there is to send.
    pub async fn send_cargo(
        self: &Arc<Self>,
        cargo: Cargo<'_>,
        options: &SendOptions,
        deadline: Option<Instant>,
    ) -> Result<SendResult, Error> {
        let (tell, told) = oneshot::channel();
        self.submit(cargo, options, (deadline, true), Completion::Wait(tell)).await?;
        Awaited { told, listening: None }.outcome().await
    }

    /// Sends on behalf of a thread that waits for the broker's answer and does nothing else.
    pub async fn begin_awaited(
        self: &Arc<Self>,
        cargo: Cargo<'_>,
        options: &SendOptions,
        deadline: Option<Instant>,
    ) -> Result<Awaited, Error> {
        let (tell, told) = oneshot::channel();
        let listening = self.submit(cargo, options, (deadline, true), Completion::Listen(tell)).await?;
        Ok(Awaited { told, listening })
    }

    /// As [`Self::send_async`], without a future: for the many sends that find room.
    pub fn begin_async(
        self: &Arc<Self>,
        cargo: Cargo<'_>,
        options: &SendOptions,
        callback: Callback,
    ) -> Result<Begun, Error> {
        self.begin(cargo, options, Completion::Callback(callback))
    }

    /// The same, whose end is an event of `queue`.
    pub fn begin_to(
        self: &Arc<Self>,
        cargo: Cargo<'_>,
        options: &SendOptions,
        (queue, tag): (&Arc<CompletionQueue>, u64),
    ) -> Result<Begun, Error> {
        self.begin(cargo, options, Completion::Queue(Arc::clone(queue), tag))
    }

    /// The same for [`Self::send_oneway`].
    pub fn begin_oneway(self: &Arc<Self>, message: &Message, options: &SendOptions) -> Result<Begun, Error> {
        self.begin(Cargo::One(message), options, Completion::None)
    }

    /// Goes on with a send that found no room, or that may wait a moment.
    pub async fn go_on(
        self: &Arc<Self>,
        cargo: Cargo<'_>,
        options: &SendOptions,
        deadline: Option<Instant>,
        begun: Begun,
    ) -> Result<(), Error> {
        match begun.0 {
            State::UnderWay => Ok(()),
            State::Ahead(broker) => {
                self.let_catch_up(&broker, deadline).await;
                Ok(())
            }
            State::NoRoom(completion) => {
                self.submit(cargo, options, (deadline, options.block), completion).await.map(drop)
            }
        }
    }

    pub(super) async fn submit(
        self: &Arc<Self>,
        cargo: Cargo<'_>,
        options: &SendOptions,
        (deadline, patient): (Option<Instant>, bool),
        completion: Completion,
    ) -> Result<Option<Box<Listening>>, Error> {
        let refused = |error: Error| self.refused(error);
        self.check(cargo).map_err(refused)?;
        if options.asks_selector() && completion.is_awaited() {
            self.route(cargo.first().topic().as_str(), deadline).await.map_err(refused)?;
        }
        let (bytes, tracked) = (cargo.body_bytes(), completion.is_told_later());
        let taken = if patient {
            self.room(bytes, tracked, deadline).await
        } else {
            self.budget.take(bytes, tracked).map_err(|full| self.no_room(full))
        };
        let permit = taken.map_err(refused)?;
        let moment = self.moment();
        let launched =
            self.accept((cargo, options), (deadline, moment), permit, completion).map_err(refused)?;
        if let (Some(broker), true) = (launched.crowded, options.block) {
            self.let_catch_up(&broker, deadline).await;
        }
        Ok(launched.listening)
    }

    /// Counts a call that is refused.
    #[cold]
    #[inline(never)]
    pub(super) fn refused(&self, error: Error) -> Error {
        self.stats.add_refused(error.kind());
        error
    }

    /// Takes room in flight, as soon as there is some.
    pub(super) async fn room(
        self: &Arc<Self>,
        bytes: usize,
        tracked: bool,
        deadline: Option<Instant>,
    ) -> Result<Permit<Spare>, Error> {
        let taken = match self.budget.take(bytes, tracked) {
            Err(Full::InFlight) => {
                // What waits for company holds room: it comes back sooner so.
                self.send_waiting();
                let room = self.budget.wait(bytes, tracked);
                self.before(deadline, room).await.ok_or_else(|| {
                    Error::new(ErrorKind::Timeout, "the time limit passed before there was room in flight")
                })?
            }
            taken => taken,
        };
        taken.map_err(|full| self.no_room(full))
    }

    /// Waits a moment while the connection's task is slower than its senders, although the socket takes what it writes:
    /// by turns both work on memory that is still in the cache.
    async fn let_catch_up(&self, broker: &Broker, deadline: Option<Instant>) {
        let moment = self.now() + AHEAD_LIMIT;
        let until = deadline.map_or(moment, |deadline| deadline.min(moment));
        // What becomes of it does not matter: the send is under way.
        let _ = self.before(Some(until), broker.relieved()).await;
    }

    fn begin(
        self: &Arc<Self>,
        cargo: Cargo<'_>,
        options: &SendOptions,
        completion: Completion,
    ) -> Result<Begun, Error> {
        let begun = self.try_begin(cargo, options, completion);
        begun.map_err(|error| self.refused(error))
    }

    #[inline(always)]
    fn try_begin(
        self: &Arc<Self>,
        cargo: Cargo<'_>,
        options: &SendOptions,
        completion: Completion,
    ) -> Result<Begun, Error> {
        self.check(cargo)?;
        let moment = self.moment();
        let permit = match self.budget.take(cargo.body_bytes(), completion.is_told_later()) {
            Err(Full::InFlight) if options.block => return Ok(Begun(State::NoRoom(completion))),
            taken => taken.map_err(|full| self.no_room(full))?,
        };
        let deadline = self.deadline_from(moment.now, options.timeout);
        let launched = self.accept((cargo, options), (deadline, moment), permit, completion)?;
        Ok(Begun(launched.crowded.filter(|_| options.block).map_or(State::UnderWay, State::Ahead)))
    }

    /// A batch was checked when it was made.
    fn check(&self, cargo: Cargo<'_>) -> Result<(), Error> {
        self.check_running()?;
        match cargo {
            Cargo::One(message) => limits::check(message, &self.settings),
            Cargo::Batch(_) => Ok(()),
        }
    }

    /// Why a send is refused. What waits for company goes out, so that there is room sooner.
    pub(super) fn no_room(self: &Arc<Self>, full: Full) -> Error {
        self.send_waiting();
        match full {
            Full::InFlight => Error::new(
                ErrorKind::QueueFull,
                format!(
                    "{} sends are in flight; inflight.max.messages allows {}, inflight.max.bytes {}",
                    self.budget.in_flight(),
                    self.settings.in_flight_messages_max,
                    self.settings.in_flight_bytes_max
                ),
            ),
            Full::Completions => Error::new(
                ErrorKind::CompletionFull,
                format!(
                    "of completion.max {} ends no callback has returned or no poll has taken the event",
                    self.settings.completions_max
                ),
            ),
        }
    }

    /// Lets a send begin that has its room.
    fn accept(
        self: &Arc<Self>,
        (cargo, options): (Cargo<'_>, &SendOptions),
        (deadline, moment): (Option<Instant>, Moment),
        mut permit: Permit<Spare>,
        completion: Completion,
    ) -> Result<Launched, Error> {
        // With the permit in hand: a shutdown that begins now waits for it.
        self.check_running()?;
        let Some(instance) = self.instance() else { return Err(self.wrong_state()) };
        let id = self.next_id(&instance, moment.wall_ms);
        let mut flight = Flight::unloaded(&mut permit, id, moment.now);
        self.load(&mut flight, cargo, options)?;
        let attempts_max = if options.no_retry { 1 } else { self.settings.retries.saturating_add(1) };
        let plan = Plan { deadline, attempts_max };
        if let Some(accumulator) = &self.accumulator {
            let loaded = Loaded { flight, plan, permit, completion };
            let crowded = accumulator.take((self, &instance), cargo, loaded, moment)?;
            return Ok(Launched { crowded, listening: None });
        }
        self.put_body(&mut flight, cargo, (&instance, moment))?;
        let listens = matches!(completion, Completion::Listen(_));
        flight.accept(self, plan, permit.into_room(), completion);
        Ok(launch(flight, &instance, moment, listens))
    }

    /// Fills in what all attempts have in common, but for the body. Nothing that is written here is moved afterwards: it
    /// would be read again before the copy of the body has left for the cache.
    fn load(&self, flight: &mut Flight, cargo: Cargo<'_>, options: &SendOptions) -> Result<(), Error> {
        let message = cargo.first();
        let namespace = self.settings.namespace.as_ref();
        match namespace {
            None => flight.set_topic(message.topic(), None),
            Some(space) => {
                let topic = message.topic().as_str();
                let wrapped = Box::new(ShortText::new(&space.wrap(topic)));
                flight.set_topic(&ShortText::new(&space.shown(topic)), Some(wrapped));
            }
        }
        let place = self.place(cargo, options)?;
        let parcel = flight.parcel();
        (parcel.place, parcel.wait_store) = (place, message.waits_for_store());
        if let Cargo::One(message) = cargo {
            (parcel.flag, parcel.timed, parcel.batch) = (message.flag(), message.is_timed(), false);
            parcel.properties = message.wire_properties().cloned();
        }
        Ok(())
    }

    /// Where messages go: to the queue that the options name, to the one that their selector chooses, to that of its
    /// key, or to any.
    fn place(&self, cargo: Cargo<'_>, options: &SendOptions) -> Result<Place, Error> {
        if let Some((broker, id)) = &options.queue {
            return Ok(Place::Queue(broker.clone(), *id));
        }
        let Some(selector) = &options.selector else {
            return Ok(cargo.key_hash().map_or(Place::Any, Place::Key));
        };
        let message = cargo.first();
        let topic = message.topic();
        let refused = |kind, why: &str| Err(Error::new(kind, format!("sending to {topic}: {why}")));
        let Some(instance) = self.instance() else { return Err(self.wrong_state()) };
        let Some(route) = instance.routes().get(self.settings.on_the_wire(topic.as_str()).as_bytes()) else {
            let why = "its route is not known yet, which a queue selector needs: prepare the topic first";
            return refused(ErrorKind::RouteNotReady, why);
        };
        let queues = select::list(&route);
        if queues.is_empty() {
            return refused(ErrorKind::NoWritableQueue, "the topic has no writable queue");
        }
        let index = selector.select(&queues, message);
        let chosen = usize::try_from(index).ok().and_then(|index| queues.get(index));
        match chosen {
            Some((broker, id)) => Ok(Place::Queue(broker.clone(), *id)),
            None if index == -1 => refused(ErrorKind::Callback, "the queue selector gave it up"),
            None => {
                let why = format!("the queue selector chose {index} of {} queues", queues.len());
                refused(ErrorKind::Callback, &why)
            }
        }
    }

    /// Puts what `cargo` carries into `flight`, once for all attempts.
    #[inline(always)]
    fn put_body(
        &self,
        flight: &mut Flight,
        cargo: Cargo<'_>,
        (instance, moment): (&Instance, Moment),
    ) -> Result<(), Error> {
        match cargo {
            Cargo::One(message) => self.pack(message, flight.parcel()),
            Cargo::Batch(batch) => self.load_batch(flight, &batch, instance, moment.wall_ms),
        }
    }

    /// Puts the body into `parcel` as it is sent, and the flags for that. One that does not shrink stays as it is.
    #[inline(always)]
    fn pack(&self, message: &Message, parcel: &mut Parcel) -> Result<(), Error> {
        let bytes = message.body();
        if let Some(compression) = self.settings.compression.filter(|c| bytes.len() >= c.bytes_min) {
            let codec = compression.codec;
            let packed = self.packers.pack(compression, bytes).map_err(|error| {
                Error::new(ErrorKind::System, format!("the body cannot be compressed: {error}"))
            })?;
            if packed.len() < bytes.len() {
                (parcel.body, parcel.sys_flag) = (packed.into(), codec.sys_flag());
                return Ok(());
            }
        }
        parcel.sys_flag = 0;
        parcel.body.take_over(message.body_to_send()).map_err(|_| {
            Error::new(ErrorKind::System, format!("no memory for the body's {} bytes", bytes.len()))
        })
    }
}

/// A send that lacks its body alone.
pub(crate) struct Loaded {
    pub(crate) flight: Box<Flight>,
    pub(crate) plan: Plan,
    pub(crate) completion: Completion,
    permit: Permit<Spare>,
}

impl Loaded {
    /// It is `producer`'s from now on, and ends once.
    pub(crate) fn accepted(self, producer: &Arc<Producer>) -> Box<Flight> {
        let Self { mut flight, plan, completion, permit } = self;
        flight.accept(producer, plan, permit.into_room(), completion);
        flight
    }

    /// The same, with its body.
    pub(crate) fn packed(
        mut self,
        (producer, instance): (&Arc<Producer>, &Arc<Instance>),
        cargo: Cargo<'_>,
        moment: Moment,
    ) -> Result<Box<Flight>, Error> {
        producer.put_body(&mut self.flight, cargo, (instance, moment))?;
        Ok(self.accepted(producer))
    }
}

/// What is left to its sender of a send that has begun.
pub(crate) struct Launched {
    /// Where to, if that is slower than its senders.
    pub(crate) crowded: Option<Arc<Broker>>,
    /// How he reads the answer, if nobody else does.
    listening: Option<Box<Listening>>,
}

/// Lets an accepted send begin on the caller's thread, who reads the answer if need be and if he `listens`. After a panic
/// on its way it has told whoever wants to know: the caller must not be told once more, by an error. Every send does it,
/// and packs its body: they are no calls.
#[inline(always)]
pub(crate) fn launch(
    flight: Box<Flight>,
    instance: &Arc<Instance>,
    moment: Moment,
    listens: bool,
) -> Launched {
    let mut done = instance.done();
    done.listens = listens;
    if let Err(text) = catch(|| flight.start(instance, moment, &mut done)) {
        log::error!("a send panicked as it began: {text}");
    }
    Launched { crowded: done.crowded.take(), listening: done.listening.take() }
}
