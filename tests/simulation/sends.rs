//! What the users of a producer do: sends of every kind, one line each in [`ACTIONS`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rocketmq_mock::Node;
use rocketmq_producer::error::{Error, ErrorKind};
use rocketmq_producer::producer::{Callback, Cargo, Instant, Message, SendOptions, State, Timeout};
use rocketmq_producer::text::Text;
use tokio::sync::oneshot;
use tokio::task::spawn_local;

use crate::book::{End, Mode, Sent, TICK, note};
use crate::dice::Dice;
use crate::member::Member;
use crate::polled::{self, Told};
use crate::world::{Run, lock};

/// Larger than what an outbox encodes ahead.
const LARGE_BYTES: (u64, u64) = (250 << 10, 400 << 10);
/// Messages of one batch.
const BATCH_MAX: u64 = 12;
/// What a record of a batch takes beside its body, about.
const RECORD_BYTES: usize = 150;
/// Sends of one actor.
const QUOTA: (u64, u64) = (2, 16);

type Done<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
type Action = for<'a> fn(&'a User) -> Done<'a>;

/// What a user does next, and how often.
static ACTIONS: &[(u32, Action)] = &[
    (30, |user| Box::pin(user.send(Mode::Sync, None))),
    (40, |user| Box::pin(user.send(Mode::Async, None))),
    (12, |user| Box::pin(user.send(Mode::OneWay, None))),
    (5, |user| Box::pin(user.give_up())),
    (6, |user| Box::pin(user.burst())),
    (6, |user| Box::pin(user.sequence())),
    (3, |user| Box::pin(user.flush())),
    (1, |user| Box::pin(async { polled::destroy(&user.run, &user.member) })),
    (2, |user| Box::pin(async { user.purge() })),
    (3, |user| Box::pin(user.prepare_topic())),
    (3, |user| Box::pin(user.fetch_queues())),
];

/// One user of a producer.
pub(crate) struct User {
    run: Arc<Run>,
    member: Arc<Member>,
    dice: Dice,
}

/// Does this and that until the run calms down or the producer ends.
pub(crate) async fn act(run: Arc<Run>, member: Arc<Member>, dice: Dice) {
    let user = User { run, member, dice };
    let pace = user.dice.pick(&[20, 400, 1500]);
    tokio::time::sleep(user.dice.ms(0, 3000)).await;
    for _ in 0..user.dice.between(QUOTA.0, QUOTA.1) {
        tokio::time::sleep(user.dice.ms(0, pace)).await;
        if user.run.is_calm() {
            return;
        }
        user.dice.weighted(ACTIONS)(&user).await;
        if user.member.producer.state() == State::Closed {
            return;
        }
    }
}

/// When all is well again every running producer must be able to send.
pub(crate) async fn probe(run: &Arc<Run>, member: &Arc<Member>) {
    let p = &member.producer;
    if run.book.has_exploded(member.group) {
        return;
    }
    run.book.check(p.state() == State::Running, || format!("producer {} is {:?}", member.index, p.state()));
    let mut message = Message::new(&run.topics[0].name).unwrap();
    message.set_body(b"all is well").unwrap();
    let options = SendOptions { timeout: Timeout::After(Duration::from_secs(3)), ..SendOptions::default() };
    for _ in 0..3 {
        let result = p.send(&message, &options, p.deadline(options.timeout)).await;
        member.probes.fetch_add(u64::from(result.is_ok()), Ordering::Relaxed);
        run.book.check(result.is_ok(), || format!("after the troubles a send fails: {result:?}"));
        run.book.check(result.is_err() || result.is_ok_and(|result| result.attempts == 1), || {
            "after the troubles a send needs more than one attempt".to_owned()
        });
        run.book.count("probe");
    }
}

/// What may still be under way when a producer is shut down.
pub(crate) async fn part(run: &Arc<Run>, member: &Arc<Member>, dice: &Dice) {
    if !run.troubled || dice.percent(50) {
        return;
    }
    for node in (0..run.brokers).map(Node::Broker).chain([Node::NameServer]) {
        if dice.percent(40) {
            run.core.set_frozen(node, true);
        } else if dice.percent(20) {
            run.core.set_latency(node, dice.ms(1, 1000));
        }
    }
    let user = User { run: Arc::clone(run), member: Arc::clone(member), dice: dice.fork() };
    user.burst().await;
    let waits = user.dice.between(0, 3);
    for _ in 0..waits {
        let user = User { run: Arc::clone(run), member: Arc::clone(member), dice: dice.fork() };
        spawn_local(async move { user.send(Mode::Sync, None).await });
    }
    tokio::time::sleep(dice.ms(0, 20)).await;
}

/// Sends that were accepted and have not ended, except one-way ones, of which nothing is heard.
pub(crate) fn open(run: &Run, member: &Member) -> Vec<usize> {
    select(run, |sent| {
        let lost = sent.given_up || sent.mode == Mode::OneWay;
        sent.member == member.index && sent.accepted != Some(false) && !lost && sent.ends.is_empty()
    })
}

/// Those of them whose callback has not run, or whose event was not polled.
pub(crate) fn open_callbacks(run: &Run, member: &Member) -> Vec<usize> {
    select(run, |sent| {
        sent.member == member.index
            && sent.mode == Mode::Async
            && sent.accepted == Some(true)
            && !sent.given_up
            && sent.ends.is_empty()
    })
}

/// Sends that a shutdown ended.
pub(crate) fn cut_off(run: &Run, member: &Member) -> Vec<usize> {
    let closed = |end: &End| matches!(end, End::Failed { kind: ErrorKind::Closed, .. });
    select(run, |sent| {
        sent.member == member.index && sent.accepted == Some(true) && sent.ends.iter().any(closed)
    })
}

fn select(run: &Run, which: impl Fn(&Sent) -> bool) -> Vec<usize> {
    let mut selected = Vec::new();
    run.book.each(|number, sent| {
        if which(sent) {
            selected.push(number);
        }
    });
    selected
}

/// A send that is about to be made.
struct Letter {
    number: usize,
    /// One, or those of a batch.
    messages: Vec<Message>,
    /// Whether it goes as a batch, which may be of one.
    batch: bool,
    event: bool,
    options: SendOptions,
    deadline: Option<Instant>,
    before: State,
}

impl Letter {
    /// What counts towards limits, about.
    fn bytes(&self) -> usize {
        let bodies = self.messages.iter().map(|message| message.body().len()).sum::<usize>();
        bodies + if self.batch { self.messages.len() * RECORD_BYTES } else { 0 }
    }
}

impl User {
    /// Draws a message and options, and writes them into the book.
    fn letter(&self, mode: Mode, sequence: Option<(u64, (String, i32), String)>) -> Letter {
        let (dice, member) = (&self.dice, &self.member);
        let p = &member.producer;
        let mut topic = dice.pick(&self.run.topics).name;
        if dice.percent(6) {
            topic = dice.pick(&["new", "new", "other", "other", "TBW102"]).to_owned();
        }
        let mut queue = dice.percent(20).then(|| self.queue(&topic));
        let mut key = (queue.is_none() && dice.percent(25)).then(|| format!("key-{}", dice.below(12)));
        let mut order = None;
        if let Some((number, named, of)) = sequence {
            (order, queue, topic, key) = (Some(number), Some(named), of, None);
        }
        let timeout = *dice.weighted(&[
            (45, Timeout::Default),
            (4, Timeout::After(Duration::ZERO)),
            (10, Timeout::After(dice.ms(1, 40))),
            (35, Timeout::After(dice.ms(40, 6000))),
            (6, Timeout::Forever),
        ]);
        let options = SendOptions {
            timeout,
            block: dice.percent(35),
            no_retry: dice.percent(10),
            queue: queue.as_ref().map(|(broker, id)| (Text::new(broker), *id)),
            selector: None,
        };
        let batch = mode != Mode::OneWay && dice.percent(12);
        let count = if batch { dice.between(1, BATCH_MAX) } else { 1 };
        let bodies: Vec<_> = (0..count).map(|_| self.body()).collect();
        let deadline = p.deadline(timeout);
        let event = mode == Mode::Async && dice.percent(member.polled.share);
        let number = self.run.book.submitted(Sent {
            member: member.index,
            mode,
            topic: topic.clone(),
            queue,
            key: key.clone(),
            bodies: bodies.clone(),
            attempts_max: if options.no_retry { 1 } else { member.attempts_max },
            at_most_once: member.at_most_once,
            block: options.block,
            deadline,
            sequence: order,
            purged: None,
            event,
            given_up: false,
            accepted: None,
            ends: Vec::new(),
            id: None,
            ids: Vec::new(),
            attempts: None,
            seen: Vec::new(),
            go_aways: 0,
        });
        let message = |body: &Vec<u8>| {
            let mut message = Message::new(&topic).unwrap();
            message.set_body(body).unwrap();
            message.set_keys(Some(&format!("s{number}"))).unwrap();
            message.set_sharding_key(key.as_deref()).unwrap();
            if dice.percent(20) {
                message.set_property("colour", Some("hellgrün")).unwrap();
            }
            message
        };
        let messages = bodies.iter().map(message).collect();
        Letter { number, messages, batch, event, options, deadline, before: p.state() }
    }

    /// Mostly one that there is when nothing is wrong.
    fn queue(&self, topic: &str) -> (String, i32) {
        let named = self.run.topics.iter().find(|known| known.name == topic);
        let broker = self.dice.below(self.run.brokers);
        let queues = named.map_or(1, |topic| topic.queues[broker]).max(1);
        let id =
            if self.dice.percent(5) { 9 } else { self.dice.between(0, u64::from(queues.unsigned_abs()) - 1) };
        (self.run.core.broker_name(broker), i32::try_from(id).unwrap())
    }

    fn body(&self) -> Vec<u8> {
        let dice = &self.dice;
        let count = match dice.below(1000) {
            0..5 => 0,
            5..10 => dice.between(LARGE_BYTES.0, LARGE_BYTES.1),
            10..60 => dice.between(4000, 10_000),
            _ => dice.between(1, 300),
        };
        let count = usize::try_from(count).unwrap();
        let mut body = dice.bytes(count.min(200));
        while body.len() < count {
            body.extend_from_within(..body.len().min(count - body.len()));
        }
        body
    }

    async fn send(&self, mode: Mode, sequence: Option<(u64, (String, i32), String)>) {
        let letter = self.letter(mode, sequence);
        match mode {
            Mode::Sync => self.send_sync(letter).await,
            Mode::Async => drop(self.send_async(letter).await),
            Mode::OneWay => {
                let p = &self.member.producer;
                let sent = p.send_oneway(&letter.messages[0], &letter.options, letter.deadline).await;
                self.returned(&letter, sent);
            }
        }
    }

    async fn send_sync(&self, letter: Letter) {
        let p = &self.member.producer;
        let result = if letter.batch {
            let messages: Vec<_> = letter.messages.iter().collect();
            p.send_batch(&messages, &letter.options, letter.deadline).await
        } else {
            p.send(&letter.messages[0], &letter.options, letter.deadline).await
        };
        self.run.book.count(match (&result, letter.batch) {
            (Ok(_), false) => "sync: stored",
            (Err(_), false) => "sync: failed",
            (Ok(_), true) => "sync batch: stored",
            (Err(_), true) => "sync batch: failed",
        });
        let refused = result.as_ref().err().filter(|error| error.message_id().as_str().is_empty());
        if let Some(error) = refused {
            return self.returned(&letter, Err(error.clone()));
        }
        self.run.book.with(letter.number, |sent| sent.accepted = Some(true));
        self.run.book.ended(letter.number, result.as_ref(), Instant::now());
    }

    /// The receiver is told when the event was polled.
    async fn send_to_queue(&self, letter: Letter) -> Option<oneshot::Receiver<Told>> {
        let (p, polled) = (&self.member.producer, &self.member.polled);
        let (queue, tag) = (polled.queue(), letter.number as u64);
        let told = polled.expect(tag);
        let messages: Vec<_> = letter.messages.iter().collect();
        let cargo = if letter.batch {
            p.batch(&messages, &letter.options)
        } else {
            Ok(Cargo::One(&letter.messages[0]))
        };
        let begun = cargo.and_then(|cargo| Ok((cargo, p.begin_to(cargo, &letter.options, (&queue, tag))?)));
        let sent = match begun {
            Ok((cargo, begun)) => p.go_on(cargo, &letter.options, letter.deadline, begun).await,
            Err(error) => Err(error),
        };
        let accepted = sent.is_ok();
        self.returned(&letter, sent);
        accepted.then_some(told)
    }

    /// The receiver is told when the callback has run.
    async fn send_async(&self, letter: Letter) -> Option<oneshot::Receiver<Told>> {
        if letter.event {
            return self.send_to_queue(letter).await;
        }
        let (book, handed) = (Arc::clone(&self.run.book), self.run.lanes.handed());
        let (tell, told) = oneshot::channel();
        let (number, batch) = (letter.number, letter.batch);
        let callback = Callback::new(move |outcome| {
            let at = lock(&handed).unwrap_or_else(|| {
                book.broken(format!("the callback of send {number} runs outside a callback thread"));
                Instant::now()
            });
            book.count(match (&outcome, batch) {
                (Ok(_), false) => "async: stored",
                (Err(_), false) => "async: failed",
                (Ok(_), true) => "async batch: stored",
                (Err(_), true) => "async batch: failed",
            });
            book.ended(number, outcome, at);
            // Mostly nobody waits.
            let _ = tell.send(Ok(()));
        });
        let p = &self.member.producer;
        let sent = if letter.batch {
            let messages: Vec<_> = letter.messages.iter().collect();
            p.send_batch_async(&messages, &letter.options, letter.deadline, callback).await
        } else {
            p.send_async(&letter.messages[0], &letter.options, letter.deadline, callback).await
        };
        let accepted = sent.is_ok();
        self.returned(&letter, sent);
        accepted.then_some(told)
    }

    /// A call has returned: accepted, or refused for a good reason.
    fn returned(&self, letter: &Letter, result: Result<(), Error>) {
        let (book, number, p) = (&self.run.book, letter.number, &self.member.producer);
        let kind = result.map_err(|error| error.kind());
        note!(book, "send {number} returned: {kind:?}");
        let now = Instant::now();
        let (mode, ends) = book.with(number, |sent| {
            sent.accepted = Some(kind.is_ok());
            (sent.mode, sent.ends.len())
        });
        let late = letter.deadline.is_some_and(|deadline| now > deadline + TICK);
        book.check(!late, || {
            format!("the call of send {number} returned {:?} late", now - letter.deadline.unwrap())
        });
        let Err(kind) = kind else {
            book.count(if mode == Mode::Async { "async: accepted" } else { "one-way: accepted" });
            return book.check(letter.before == State::Running, || {
                format!("send {number} is accepted by a producer that is {:?}", letter.before)
            });
        };
        book.check(ends == 0, || format!("send {number} is refused and called back"));
        let waits = mode == Mode::Sync || letter.options.block;
        let fair = match kind {
            ErrorKind::EmptyBody => letter.messages.iter().any(|message| message.body().is_empty()),
            ErrorKind::InvalidTopic => letter.messages[0].topic().as_str() == "TBW102",
            ErrorKind::MessageTooLarge => letter.bytes() > 3000,
            ErrorKind::QueueFull => !waits,
            ErrorKind::CompletionFull => mode == Mode::Async,
            ErrorKind::Timeout => waits,
            ErrorKind::InvalidState => matches!(letter.before, State::Created | State::Starting),
            ErrorKind::Closed => matches!(p.state(), State::Closing | State::Closed),
            ErrorKind::Internal => self.run.book.has_exploded(self.member.group),
            _ => false,
        };
        book.count(match kind {
            ErrorKind::QueueFull => "refused: queue full",
            ErrorKind::CompletionFull => "refused: completion full",
            ErrorKind::Timeout => "refused: no room in time",
            ErrorKind::Closed => "refused: closed",
            ErrorKind::Internal => "refused: internal",
            _ => "refused: the message",
        });
        book.check(fair, || {
            format!("send {number} is refused with {kind:?}, the producer was {:?}", letter.before)
        });
    }

    /// A caller that drops the call before it is over.
    async fn give_up(&self) {
        let mode = self.dice.pick(&[Mode::Sync, Mode::Async]);
        let letter = self.letter(mode, None);
        let number = letter.number;
        self.run.book.with(number, |sent| sent.given_up = true);
        let call = async {
            match mode {
                Mode::Sync => self.send_sync(letter).await,
                _ => drop(self.send_async(letter).await),
            }
        };
        let limit = self.dice.ms(0, 40);
        if tokio::time::timeout(limit, call).await.is_ok() {
            self.run.book.with(number, |sent| sent.given_up = false);
        } else {
            note!(self.run.book, "the caller of send {number} gives up");
            self.run.book.count("given up");
        }
    }

    /// Many at once.
    async fn burst(&self) {
        self.run.book.count("burst");
        for _ in 0..self.dice.between(5, 30) {
            let mode = self.dice.pick(&[Mode::Async, Mode::Async, Mode::OneWay]);
            self.send(mode, None).await;
            if self.dice.percent(10) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// One after the other to one queue.
    async fn sequence(&self) {
        self.run.book.count("sequence");
        let topic = self.dice.pick(&self.run.topics).name;
        let (number, queue) = (self.dice.number(), self.queue(&topic));
        for _ in 0..self.dice.between(2, 6) {
            if self.member.ending.load(Ordering::Relaxed) {
                return;
            }
            let sequence = Some((number, queue.clone(), topic.clone()));
            if self.dice.percent(50) {
                self.send(Mode::Sync, sequence).await;
            } else if let Some(told) = self.send_async(self.letter(Mode::Async, sequence)).await {
                // Dropped unused when the callback is: that is found elsewhere.
                let _ = told.await;
            }
        }
    }

    /// Waits for the end of what was accepted before.
    async fn flush(&self) {
        let before = open_callbacks(&self.run, &self.member);
        let deadline = Instant::now() + self.dice.ms(0, 2000);
        let result = if self.dice.percent(50) {
            let told = polled::flush(&self.run, &self.member, deadline).await;
            // Otherwise it was destroyed with the queue.
            let Some(told) = told else { return };
            told
        } else {
            self.member.producer.flush(Some(deadline)).await.map_err(|error| error.kind())
        };
        note!(self.run.book, "flushed {before:?}: {result:?}");
        let late = Instant::now().saturating_duration_since(deadline);
        // An event is looked for once a tick.
        self.run.book.check(late <= 2 * TICK, || format!("flush returned {late:?} after its deadline"));
        if result.is_ok() {
            self.run.book.count("flushed");
            polled::drain(&self.run, &self.member);
            let mut open = open_callbacks(&self.run, &self.member);
            open.retain(|number| before.contains(number));
            self.run.book.check(open.is_empty(), || format!("{open:?} are open after a flush"));
        }
    }

    /// Ends sends early: with both kinds, all that were accepted before.
    fn purge(&self) {
        let (waiting, in_flight) = (self.dice.percent(75), self.dice.percent(75));
        let open = open_callbacks(&self.run, &self.member);
        self.member.purged.store(true, Ordering::Relaxed);
        let result = self.member.producer.purge(waiting, in_flight).map_err(|error| error.kind());
        note!(self.run.book, "purged {open:?}, waiting: {waiting}, in flight: {in_flight}: {result:?}");
        self.run.book.count("purge");
        if result.is_ok() && waiting && in_flight {
            for number in open {
                self.run.book.with(number, |sent| sent.purged = Some(Instant::now()));
            }
        }
    }

    async fn prepare_topic(&self) {
        let limit = self.dice.ms(0, 3000);
        let deadline = Instant::now() + limit;
        let topic = self.dice.pick(&self.run.topics).name;
        let result = self.member.producer.prepare_topic(&topic, Some(deadline)).await;
        note!(self.run.book, "{topic} prepared: {:?}", result.map_err(|error| error.kind()));
        self.in_time("prepare_topic", deadline);
    }

    async fn fetch_queues(&self) {
        let limit = self.dice.ms(0, 3000);
        let deadline = Instant::now() + limit;
        let topic = self.dice.pick(&self.run.topics).name;
        let result = self.member.producer.fetch_queues(&topic, Some(deadline)).await;
        note!(self.run.book, "queues of {topic}: {:?}", result.map_err(|error| error.kind()));
        self.in_time("fetch_queues", deadline);
    }

    fn in_time(&self, what: &str, deadline: Instant) {
        self.run.book.count("look-up by the user");
        let late = Instant::now().saturating_duration_since(deadline);
        self.run.book.check(late <= TICK, || format!("{what} returned {late:?} after its deadline"));
    }
}
