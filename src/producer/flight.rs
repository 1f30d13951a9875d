//! One accepted send on its way: from the route to the outcome, through all its attempts. It owns the
//! completion and the permits, so whatever happens to it, the send ends once and its room comes back.

mod end;
mod members;
mod question;
mod request;

use std::ops::Deref;
use std::sync::Arc;

use protocol::codes::{SendStatus, response};
use protocol::header::send::SendAnswer;
use protocol::message::id::UniqueId;
use tokio::time::Instant;

use crate::client::body::Body;
use crate::client::broker::{Answer, Broker, Done, NOBODY, Owner};
use crate::client::instance::Instance;
use crate::client::layout::RouteQueue;
use crate::client::routes::TopicRoute;
use crate::error::{Error, ErrorKind, Outcome};
use crate::latency::micros;
use crate::producer::attempt::{self, Failure, Plan};
use crate::producer::budget::{Permit, Room};
use crate::producer::fault::Verdict;
use crate::producer::result::{Completion, SendResult};
use crate::producer::stats::{How, Record};
use crate::producer::{Moment, Producer, batch, select};
use crate::text::{ShortText, Text};

pub(crate) use end::Landed;
pub(crate) use members::Members;

/// What every attempt of a send has in common, beside its topic and its id.
pub(crate) struct Parcel {
    /// Compressed if `sys_flag` says so; the same bytes in every attempt.
    pub(crate) body: Body,
    /// The message's own properties in wire form, if it has some.
    pub(crate) properties: Option<Arc<str>>,
    pub(crate) sys_flag: i32,
    /// The application's own number.
    pub(crate) flag: i32,
    /// Whether the broker answers only when the message is stored as configured.
    pub(crate) wait_store: bool,
    /// Whether it must not come to a broker that does not know timers.
    pub(crate) timed: bool,
    /// Whether the body is the records of a batch, each with its own id and properties.
    pub(crate) batch: bool,
    pub(crate) place: Place,
}

impl Parcel {
    const EMPTY: Self = Self {
        body: Body::EMPTY,
        properties: None,
        sys_flag: 0,
        flag: 0,
        wait_store: true,
        timed: false,
        batch: false,
        place: Place::Any,
    };
}

/// Where a send may go.
#[derive(Clone)]
pub(crate) enum Place {
    /// To any queue, and after a failure to another.
    Any,
    /// To the queue of this id on the broker of this name, and nowhere else.
    Queue(Text, i32),
    /// To the queue of the keys with this hash. With the first attempt that queue is fixed.
    Key(i32),
}

impl Place {
    /// Whether one queue alone will do.
    const fn is_fixed(&self) -> bool {
        !matches!(self, Self::Any)
    }
}

/// Whose a send is.
struct Held(Option<Arc<Producer>>);

impl Deref for Held {
    type Target = Arc<Producer>;

    fn deref(&self) -> &Arc<Producer> {
        #[expect(clippy::panic, reason = "`Spare` keeps what has none from being used")]
        self.0.as_ref().unwrap_or_else(|| panic!("an ended send goes on"))
    }
}

/// What is left of a send that has ended, for one that begins: its memory, and its references to the route and the
/// broker, which the next one most likely has too. So nobody counts them in vain.
pub(crate) struct Spare(Box<Flight>);

/// How a send has ended.
enum Ending {
    Open,
    /// As the result says.
    Stored,
    Failed(Error),
}

/// One accepted send. The order of the fields is that of the threads that write them: the one that sends, the
/// connection's task, the callback thread. What another core has written costs more to read than all else.
#[repr(C)]
pub(crate) struct Flight {
    producer: Held,
    accepted: Instant,
    attempts: u32,
    /// Busy answers so far.
    throttles: u32,
    /// Over all attempts so far.
    fate: Outcome,
    /// Whose it is.
    owner: Owner,
    /// Of this attempt, once there is one.
    target: Option<Target>,
    plan: Plan,
    /// With the namespace, if there is one.
    wrapped_topic: Option<Box<ShortText>>,
    /// Brokers of failed attempts, the last one last.
    tried: Vec<Text>,
    /// A message stored with a status other than OK that is sent again: a result if nothing better comes. So
    /// rare that every other send must not carry the space for it.
    stored: Option<Box<SendResult>>,
    /// Topic, ids and broker from the beginning; the rest is the answer's.
    result: SendResult,
    parcel: Parcel,
    room: Room,
    ending: Ending,
    /// Taken when the send has ended.
    completion: Completion,
}

struct Target {
    route: Arc<TopicRoute>,
    queue: RouteQueue,
    born_ms: i64,
    begun: Instant,
    deadline: Option<Instant>,
    /// The broker sent us away and was asked again over another connection.
    went_away: bool,
}

impl Target {
    fn broker_name(&self) -> &Text {
        self.route.brokers.get(self.queue.broker).map_or(const { &Text::EMPTY }, |broker| &broker.name)
    }

    fn broker(&self) -> Option<Arc<Broker>> {
        self.route.brokers.get(self.queue.broker).map(|known| Arc::clone(&known.broker))
    }

    fn shown(&self) -> String {
        self.route
            .brokers
            .get(self.queue.broker)
            .map_or_else(String::new, |known| format!("{}@{}", known.name, known.broker.address()))
    }
}

impl Flight {
    /// Nobody's send yet, in the memory of an ended one where there is one.
    pub(crate) fn unloaded(permit: &mut Permit<Spare>, id: UniqueId, accepted: Instant) -> Box<Self> {
        if let Some(Spare(mut flight)) = permit.take_spare() {
            flight.accepted = accepted;
            (flight.attempts, flight.throttles) = (0, 0);
            flight.fate = Outcome::NotSent;
            flight.tried.clear();
            flight.stored = None;
            flight.result.id = id;
            flight.ending = Ending::Open;
            flight.parcel.body = permit.take_body().into();
            return flight;
        }
        Self::new(id, accepted)
    }

    /// The same, in new memory.
    fn new(id: UniqueId, accepted: Instant) -> Box<Self> {
        Box::new(Self {
            producer: Held(None),
            accepted,
            attempts: 0,
            throttles: 0,
            fate: Outcome::NotSent,
            owner: NOBODY,
            target: None,
            plan: Plan { deadline: None, attempts_max: 0 },
            wrapped_topic: None,
            tried: Vec::new(),
            stored: None,
            result: SendResult::begun(id),
            parcel: Parcel::EMPTY,
            room: Room::default(),
            ending: Ending::Open,
            completion: Completion::None,
        })
    }

    /// The topic as the application knows it, and with the namespace, if there is one.
    pub(crate) fn set_topic(&mut self, topic: &ShortText, wrapped: Option<Box<ShortText>>) {
        self.result.topic.set_to(topic);
        self.wrapped_topic = wrapped;
    }

    pub(crate) const fn id(&self) -> UniqueId {
        self.result.id
    }

    /// Makes it that of a batch: of these records, which have these ids.
    pub(crate) fn set_batch(&mut self, records: Body, ids: Vec<UniqueId>) {
        let parcel = &mut self.parcel;
        (parcel.batch, parcel.flag, parcel.sys_flag, parcel.timed) = (true, 0, 0, false);
        parcel.properties = None;
        parcel.body = records;
        self.result.ids = Some(Arc::new(ids));
    }

    /// What all attempts have in common, to be filled in.
    pub(crate) const fn parcel(&mut self) -> &mut Parcel {
        &mut self.parcel
    }

    /// Makes it a send of `producer`, which ends once from now on, whatever happens. Every send does it: it is no call.
    #[inline(always)]
    pub(crate) fn accept(
        &mut self,
        producer: &Arc<Producer>,
        plan: Plan,
        room: Room,
        completion: Completion,
    ) {
        self.owner = producer.owner();
        self.producer = Held(Some(Arc::clone(producer)));
        self.plan = plan;
        self.room = room;
        self.completion = completion;
    }

    /// Where it may go.
    pub(crate) const fn place(&self) -> &Place {
        &self.parcel.place
    }

    /// Whether the broker answers only when the message is stored as configured.
    pub(crate) const fn waits_for_store(&self) -> bool {
        self.parcel.wait_store
    }

    /// The topic as brokers and name servers know it.
    pub(crate) fn topic_on_the_wire(&self) -> &ShortText {
        self.wrapped_topic.as_deref().unwrap_or(&self.result.topic)
    }

    /// Whose send it is, until it has left.
    pub(crate) fn producer(&self) -> Option<&Producer> {
        self.producer.0.as_deref()
    }

    /// How it ended, to be counted as its room in flight comes back.
    #[inline]
    fn record(&self, oneway: bool) -> Record {
        let how = match &self.ending {
            Ending::Stored => How::Stored(self.result.status, micros(self.result.latency)),
            Ending::Failed(error) => How::Failed {
                kind: error.kind(),
                outcome: error.outcome(),
                code: error.broker_code(),
                oneway,
            },
            Ending::Open => How::Written,
        };
        Record {
            how,
            attempts: self.attempts,
            messages: self.result.count(),
            bytes: self.room.in_flight().unwrap_or(0),
        }
    }

    /// Leaves its memory to another send, with the room that it still holds; counted if it was not before.
    fn leave(mut self: Box<Self>, record: Option<&Record>) {
        let Some(producer) = self.producer.0.take() else { return };
        let (room, body) = (std::mem::take(&mut self.room), self.unload());
        self.result.ids = None;
        let counts = record.map(|record| producer.stats.counted(record));
        producer.budget.end(room, Some(Spare(self)), body);
        drop(counts);
    }

    /// Lets go of what the message carries; the memory of its body.
    fn unload(&mut self) -> Vec<u8> {
        self.parcel.properties = None;
        self.parcel.body.empty()
    }

    /// Begins: with the route at hand, or after its look-up.
    pub(crate) fn start(self: Box<Self>, instance: &Arc<Instance>, moment: Moment, done: &mut Done<'_>) {
        match instance.routes().get_open(self.topic_on_the_wire().as_bytes()) {
            Some(route) => self.attempt(route, moment, done),
            None => {
                let topic = self.topic_on_the_wire().clone();
                instance.routes().join(instance, topic.as_str(), self, done);
            }
        }
    }

    /// The next attempt, over `route`.
    fn attempt(mut self: Box<Self>, route: Arc<TopicRoute>, moment: Moment, done: &mut Done<'_>) {
        if let Place::Key(hash) = self.parcel.place
            && let Some((broker, id)) = select::of_key(&route, hash, moment.now)
        {
            self.parcel.place = Place::Queue(broker, id);
        }
        let queue = match &self.parcel.place {
            Place::Queue(broker, id) => select::named(&route, broker, *id),
            Place::Any => select::next(&route, &self.known(moment.now)),
            // There is none.
            Place::Key(_) => None,
        };
        let known = queue.and_then(|queue| route.brokers.get(queue.broker).map(|known| (queue, known)));
        let Some((queue, known)) = known else {
            let text = match &self.parcel.place {
                Place::Queue(broker, id) => {
                    format!("the topic {} has no writable queue {id} on {broker}", self.result.topic)
                }
                Place::Any | Place::Key(_) => {
                    format!("the topic {} has no writable queue on a broker that is up", self.result.topic)
                }
            };
            return self.end_with(ErrorKind::NoWritableQueue, &text, done);
        };
        self.attempts += 1;
        let has_other = !self.parcel.place.is_fixed() && select::has_other(&route);
        let Moment { now: begun, wall_ms: born_ms } = moment;
        let settings = &self.producer.settings;
        let deadline = self.plan.attempt_deadline(begun, self.attempts, has_other, settings);
        let broker = Arc::clone(&known.broker);
        self.result.broker.become_one_with(&known.name);
        self.target = Some(Target { route, queue, born_ms, begun, deadline, went_away: false });
        if broker.submit(self, done) {
            done.crowded = Some(broker);
        }
    }

    /// What there is to know when a queue is chosen.
    fn known(&self, now: Instant) -> select::Known<'_> {
        let faults = self.producer.faults.as_deref().map(|faults| (faults, now));
        select::Known { tried: &self.tried, faults }
    }

    /// Remembers what this attempt says of its broker.
    fn judge(&self, verdict: Verdict, now: Instant) {
        if let (Some(faults), Some(target)) = (&self.producer.faults, &self.target) {
            let latency = now.saturating_duration_since(target.begun);
            faults.record(target.broker_name(), verdict, latency, now);
        }
    }

    /// Whether another attempt may begin: not after a purge, nor once a shutdown has cut off.
    fn may_go_on(&self) -> bool {
        self.producer.may_go_on()
            && !self.is_purged()
            && self.plan.allows_another(self.producer.now(), self.attempts)
    }

    fn is_purged(&self) -> bool {
        self.producer.has_purged(self.owner)
    }

    fn on_answer(self: Box<Self>, answer: &Answer<'_>, done: &mut Done<'_>) {
        let head = &answer.head;
        let Some(status) = SendStatus::from_code(head.code) else {
            if head.code == response::GO_AWAY && self.producer.may_go_on() && self.goes_on_elsewhere() {
                return self.over_another_connection(done);
            }
            let remark = head.remark.as_deref().unwrap_or_default().to_owned();
            return self.on_failure(&Failure::Refused { code: head.code, remark }, done);
        };
        match SendAnswer::read(head) {
            Ok(stored) => {
                self.judge(Verdict::Answered, answer.at);
                self.on_stored(status, answer.at, &stored, done);
            }
            Err(error) => self.on_failure(&Failure::Garbled(error.to_string()), done),
        }
    }

    /// Whether this attempt was not sent away before.
    fn goes_on_elsewhere(&self) -> bool {
        self.target.as_ref().is_some_and(|target| !target.went_away) && !self.is_purged()
    }

    /// The same attempt once more: the broker did not serve it, and takes new connections or its place is
    /// taken by another.
    fn over_another_connection(mut self: Box<Self>, done: &mut Done<'_>) {
        if let Some(target) = &mut self.target {
            target.went_away = true;
        }
        self.submit_again(done);
    }

    /// The same attempt, to the broker that it chose.
    fn submit_again(self: Box<Self>, done: &mut Done<'_>) {
        match self.target.as_ref().and_then(Target::broker) {
            Some(broker) => {
                broker.submit(self, done);
            }
            None => self.end_with(ErrorKind::Internal, "the send has no broker", done),
        }
    }

    fn on_stored(
        mut self: Box<Self>,
        status: SendStatus,
        at: Instant,
        answer: &SendAnswer<'_>,
        done: &mut Done<'_>,
    ) {
        let again =
            status != SendStatus::Ok && self.producer.settings.retry_not_stored_ok && self.may_go_on();
        let timed = self.parcel.timed;
        let result = &mut self.result;
        result.queue_id = answer.queue_id;
        result.status = status;
        result.attempts = self.attempts;
        result.queue_offset = answer.queue_offset;
        result.latency = at.saturating_duration_since(self.accepted);
        // Looked for among all fields of the answer: only where there may be one.
        result.recall_handle = if timed { Text::new(&answer.recall_handle()) } else { Text::EMPTY };
        let offset_ids = answer.offset_id_bytes();
        result.offset_id.set(if result.ids.is_some() { batch::first_id(&offset_ids) } else { &offset_ids });
        result.transaction_id.set(&answer.transaction_id_bytes());
        if again {
            self.stored = Some(Box::new(result.clone()));
            return self.again(done);
        }
        self.ending = Ending::Stored;
        self.tell(done);
    }

    fn on_failure(mut self: Box<Self>, failure: &Failure, done: &mut Done<'_>) {
        self.fate = attempt::worse(self.fate, failure.outcome());
        if failure.is_throttle() {
            self.producer.stats.add_throttled();
        }
        if let Some(verdict) = Verdict::of(failure) {
            self.judge(verdict, self.producer.now());
        }
        if failure.may_be_retried(&self.producer.settings) && self.may_go_on() {
            log::debug!("{}: attempt {}: {}", self.result.id, self.attempts, failure.reason());
            if !failure.is_throttle() {
                return self.again(done);
            }
            self.throttles += 1;
            if let Some(when) = self.after_throttle() {
                return self.again_at(when, done);
            }
        }
        self.fail(failure, done);
    }

    /// When to go on after a busy answer, if that is before the deadline.
    fn after_throttle(&self) -> Option<Instant> {
        let instance = self.producer.instance()?;
        let pause = attempt::throttle_pause(self.throttles, |end| instance.world().random.below(end));
        let when = self.producer.now() + pause;
        self.plan.deadline.is_none_or(|deadline| when < deadline).then_some(when)
    }

    /// Ends the send for this reason.
    fn fail(self: Box<Self>, failure: &Failure, done: &mut Done<'_>) {
        let kind = match failure {
            Failure::Call(_) if self.is_purged() => ErrorKind::Cancelled,
            Failure::Call(_) => self.producer.own_kind(failure.kind()),
            Failure::Refused { .. } | Failure::Garbled(_) => failure.kind(),
        };
        let target = self.target.as_ref().map(Target::shown).unwrap_or_default();
        let text = format!("sending to {} through {target} failed: {}", self.result.topic, failure.reason());
        let mut error = Error::new(kind, text).with_broker(target);
        if let Failure::Refused { code, remark } = failure {
            error = error.with_answer(*code, remark);
        }
        self.fail_with(error, done);
    }

    /// One more attempt, elsewhere if there is an elsewhere.
    fn again(mut self: Box<Self>, done: &mut Done<'_>) {
        self.leave_target();
        let Some(instance) = self.producer.instance() else {
            return self.end_with(ErrorKind::Internal, "the producer has no client", done);
        };
        let moment = self.producer.moment();
        self.start(&instance, moment, done);
    }

    /// The same, later.
    fn again_at(mut self: Box<Self>, when: Instant, done: &mut Done<'_>) {
        let Some(instance) = self.producer.instance() else { return self.again(done) };
        self.leave_target();
        instance.pauses().add(Text::new(self.topic_on_the_wire().as_str()), when, self, done);
    }

    fn leave_target(&mut self) {
        if let Some(target) = self.target.take() {
            self.tried.push(target.broker_name().clone());
        }
    }
}
