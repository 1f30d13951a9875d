//! A producer's completion queue, and whoever polls it: at once when it wakes, or now and then.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{CompletionQueue, Event, Instant, Producer, What};
use rocketmq_producer::runtime::Patience;
use tokio::sync::oneshot;

use crate::book::{TICK, note};
use crate::dice::Dice;
use crate::member::Member;
use crate::world::{Run, lock};

/// Tags of calls that are no sends begin here; a send's is its number.
const CALLS: u64 = 1 << 40;

/// How a call that was waited for has ended.
pub(crate) type Told = Result<(), ErrorKind>;

pub(crate) struct Polled {
    queue: Mutex<Arc<CompletionQueue>>,
    /// Of a hundred asynchronous sends so many end by an event.
    pub(crate) share: u32,
    /// Polled as soon as it wakes.
    prompt: bool,
    tells: Mutex<BTreeMap<u64, oneshot::Sender<Told>>>,
    calls: AtomicU64,
    /// Queues that were destroyed.
    destroyed: Mutex<Vec<Arc<CompletionQueue>>>,
    /// Nobody polls any more.
    over: AtomicBool,
}

impl Polled {
    pub(crate) fn draw(dice: &Dice) -> Self {
        Self {
            queue: Mutex::new(CompletionQueue::new()),
            share: dice.pick(&[0, 30, 100]),
            prompt: dice.percent(50),
            tells: Mutex::default(),
            calls: AtomicU64::new(CALLS),
            destroyed: Mutex::default(),
            over: AtomicBool::new(false),
        }
    }

    pub(crate) fn queue(&self) -> Arc<CompletionQueue> {
        Arc::clone(&lock(&self.queue))
    }

    /// Who wants to know when the event of `tag` is polled.
    pub(crate) fn expect(&self, tag: u64) -> oneshot::Receiver<Told> {
        let (tell, told) = oneshot::channel();
        lock(&self.tells).insert(tag, tell);
        told
    }

    /// A tag for a call that is no send, and who is told of its end.
    fn call(&self) -> (u64, oneshot::Receiver<Told>) {
        let tag = self.calls.fetch_add(1, Ordering::Relaxed);
        (tag, self.expect(tag))
    }

    /// Events that nobody was told.
    pub(crate) fn dropped(&self) -> u64 {
        lock(&self.destroyed).iter().map(|queue| queue.dropped()).sum()
    }

    pub(crate) fn is_over(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Has the queue polled, one way or the other.
pub(crate) fn watch(run: &Arc<Run>, member: &Arc<Member>, dice: &Dice) {
    if member.polled.prompt {
        return wake(run, member);
    }
    let (run, member, dice) = (Arc::clone(run), Arc::clone(member), dice.fork());
    let pace = dice.pick(&[100, 1000, 5000]);
    tokio::task::spawn_local(async move {
        while !member.polled.over.load(Ordering::Relaxed) {
            tokio::time::sleep(dice.ms(1, pace)).await;
            let max = usize::try_from(dice.between(1, 40)).unwrap();
            take(&run, &member, max, None);
        }
    });
}

/// Polls whenever the queue wakes, which it does on a callback thread.
fn wake(run: &Arc<Run>, member: &Arc<Member>) {
    let (run, of) = (Arc::downgrade(run), Arc::downgrade(member));
    member.polled.queue().set_wakeup(Some(Arc::new(move || {
        let (Some(run), Some(member)) = (run.upgrade(), of.upgrade()) else { return };
        let handed = *lock(&run.lanes.handed());
        run.book.check(handed.is_some(), || "a queue wakes its user outside a callback thread".to_owned());
        run.book.count("queue: woken");
        take(&run, &member, usize::MAX, handed);
    })));
}

/// Polls all that there is.
pub(crate) fn drain(run: &Run, member: &Member) {
    take(run, member, usize::MAX, None);
}

/// Polls. `handed` is when the library let go of the events, if that is known.
fn take(run: &Run, member: &Member, max: usize, handed: Option<Instant>) {
    let queue = member.polled.queue();
    let polled = queue.poll(max, Patience::None, |event| tell(run, member, event, handed));
    run.book.check(polled.is_ok(), || format!("a poll failed: {polled:?}"));
}

fn tell(run: &Run, member: &Member, Event { tag, what }: Event<'_>, handed: Option<Instant>) {
    let told = match what {
        What::Sent(outcome) => {
            let number = usize::try_from(tag).unwrap();
            run.book.count(if outcome.is_ok() { "queue: stored" } else { "queue: failed" });
            // It may have lain there for long.
            let limit = run.book.with(number, |sent| sent.deadline.into_iter().chain(sent.purged).min());
            let now = Instant::now();
            let at = handed.unwrap_or_else(|| limit.map_or(now, |limit| limit.min(now)));
            run.book.ended(number, outcome.as_deref(), at);
            Ok(())
        }
        What::Flushed(end) | What::Closed(end) => end.map_err(|error| error.kind()),
        What::Line(line) => return run.book.broken(format!("nobody asked for {}", line.text)),
    };
    if let Some(waiting) = lock(&member.polled.tells).remove(&tag) {
        // Mostly nobody waits.
        let _ = waiting.send(told);
    }
}

/// Destroys the queue, and all that it would have told.
pub(crate) fn destroy(run: &Arc<Run>, member: &Arc<Member>) {
    let before = std::mem::replace(&mut *lock(&member.polled.queue), CompletionQueue::new());
    before.close();
    lock(&member.polled.destroyed).push(before);
    lock(&member.polled.tells).clear();
    let mut open = Vec::new();
    run.book.each(|number, sent| {
        if sent.member == member.index && sent.event && sent.ends.is_empty() {
            open.push(number);
        }
    });
    note!(run.book, "the queue of producer {} is destroyed, and {open:?} with it", member.index);
    run.book.count("queue: destroyed");
    for number in open {
        run.book.with(number, |sent| sent.given_up = true);
    }
    if member.polled.prompt {
        wake(run, member);
    }
}

/// Makes a call that ends by an event, and waits for that. `None`: the queue was destroyed meanwhile.
async fn ended(
    run: &Run,
    member: &Member,
    pause: Duration,
    call: impl FnOnce(&Arc<Producer>, (&Arc<CompletionQueue>, u64)) -> Told,
) -> Option<Told> {
    let (tag, mut told) = member.polled.call();
    if let Err(kind) = call(&member.producer, (&member.polled.queue(), tag)) {
        return Some(Err(kind));
    }
    loop {
        drain(run, member);
        match told.try_recv() {
            Ok(told) => return Some(told),
            Err(oneshot::error::TryRecvError::Closed) => return None,
            Err(oneshot::error::TryRecvError::Empty) => tokio::time::sleep(pause).await,
        }
    }
}

/// A flush whose end is an event.
pub(crate) async fn flush(run: &Run, member: &Member, deadline: Instant) -> Option<Told> {
    ended(run, member, TICK, |producer, to| {
        producer.flush_to(Some(deadline), to).map_err(|error| error.kind())
    })
    .await
}

/// A shutdown whose end is an event.
pub(crate) async fn shutdown(run: &Run, member: &Member, deadline: Option<Instant>) -> Option<Told> {
    let pause = if deadline.is_some() { TICK } else { 20 * TICK };
    ended(run, member, pause, |producer, to| {
        producer.shutdown_to(deadline, to);
        Ok(())
    })
    .await
}
