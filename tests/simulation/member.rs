//! One producer of a run: its settings, its start, the end of its life.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rocketmq_producer::client::world::World;
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{Config, Instant, Producer, State};
use tokio::task::spawn_local;

use crate::book::{TICK, note};
use crate::dice::Dice;
use crate::polled::{self, Polled};
use crate::sends;
use crate::world::Run;

/// What a shutdown may take beyond its limit.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(50);
/// How long everything that was accepted may take to end without a shutdown that waits.
const ENDS_WITHIN: Duration = Duration::from_secs(600);

/// One producer of a run.
pub(crate) struct Member {
    pub(crate) index: usize,
    /// Whose instance it shares.
    pub(crate) group: usize,
    pub(crate) producer: Arc<Producer>,
    pub(crate) attempts_max: u32,
    /// With these settings no message is stored twice.
    pub(crate) at_most_once: bool,
    /// Where some of its asynchronous sends end.
    pub(crate) polled: Polled,
    /// How long until it has forgotten every trouble.
    pub(crate) settles: Duration,
    /// Sends were purged.
    pub(crate) purged: AtomicBool,
    /// A shutdown or destroy has begun.
    pub(crate) ending: AtomicBool,
    /// Sends that found all well in the end. The book does not have them.
    pub(crate) probes: AtomicU64,
}

/// One or two producers, perhaps with a common instance.
pub(crate) fn draw(dice: &Dice, name_servers: &str, world: impl Fn(usize) -> World) -> Vec<Arc<Member>> {
    let count = dice.pick(&[1, 1, 2]);
    let shared = count > 1 && dice.percent(50);
    let mut common = Vec::new();
    let mut given = None;
    (0..count)
        .map(|index| {
            let group = if shared { 0 } else { index };
            if index == 0 || !shared {
                common = client_settings(dice, group);
                given = Some(world(group));
            }
            member(dice, (index, group), name_servers, &common, given.clone().unwrap())
        })
        .collect()
}

type Values = Vec<(&'static str, String)>;

/// What producers of one instance have in common.
fn client_settings(dice: &Dice, group: usize) -> Values {
    vec![
        ("instance.name", format!("i{group}")),
        ("route.poll.ms", dice.pick(&["200", "1000", "5000", "30000"]).to_owned()),
        ("heartbeat.ms", dice.pick(&["500", "3000", "30000"]).to_owned()),
        ("connect.timeout.ms", dice.pick(&["20", "300", "3000"]).to_owned()),
        ("connection.idle.ms", dice.pick(&["1000", "5000", "120000"]).to_owned()),
        ("vip.channel", dice.percent(20).to_string()),
        ("header.format", dice.pick(&["json", "rocketmq"]).to_owned()),
    ]
}

fn own_settings(dice: &Dice) -> Values {
    let flag = |percent| dice.percent(percent).to_string();
    vec![
        ("producer.group", "G".to_owned()),
        ("send.retries", dice.between(0, 4).to_string()),
        ("send.retry.unknown", flag(65)),
        ("send.retry.not.stored.ok", flag(25)),
        ("send.timeout.ms", dice.pick(&["30", "300", "3000", "3000"]).to_owned()),
        ("send.attempt.timeout.ms", dice.pick(&["auto", "auto", "auto", "1", "20", "700"]).to_owned()),
        ("fault.avoidance", flag(30)),
        ("fault.detector", flag(50)),
        ("fault.detector.interval.ms", dice.pick(&["100", "2000"]).to_owned()),
        ("compress.min.bytes", dice.pick(&["64", "4096"]).to_owned()),
        ("compress.type", dice.pick(&["zlib", "none", "none"]).to_owned()),
        ("compress.level", dice.pick(&["1", "5"]).to_owned()),
        ("batch.auto", flag(35)),
        ("batch.linger.ms", dice.pick(&["1", "10", "200", "5000"]).to_owned()),
        ("batch.max.bytes", dice.pick(&["500", "2000", "32768"]).to_owned()),
        ("batch.total.max.bytes", dice.pick(&["1000", "33554432", "33554432"]).to_owned()),
        ("inflight.max.messages", dice.pick(&["1", "4", "20", "10000", "10000", "10000"]).to_owned()),
        (
            "inflight.max.bytes",
            dice.pick(&["3000", "104857600", "500000", "104857600", "104857600"]).to_owned(),
        ),
        ("completion.max", dice.pick(&["2", "10", "100000", "100000", "100000"]).to_owned()),
    ]
}

fn member(
    dice: &Dice,
    (index, group): (usize, usize),
    name_servers: &str,
    common: &Values,
    world: World,
) -> Arc<Member> {
    let mut config = Config::new();
    config.set("namesrv.addr", Some(name_servers)).unwrap();
    for (key, value) in own_settings(dice).iter().chain(common) {
        config.set(key, Some(value)).unwrap();
    }
    let number = |key| config.get(key).unwrap().parse::<u64>().unwrap();
    let is_true = |key| config.get(key).unwrap() == "true";
    Arc::new(Member {
        index,
        group,
        producer: Producer::with_world(&config, world).unwrap(),
        attempts_max: u32::try_from(number("send.retries")).unwrap() + 1,
        polled: Polled::draw(dice),
        at_most_once: !is_true("send.retry.unknown") && !is_true("send.retry.not.stored.ok"),
        settles: Duration::from_millis(2 * number("route.poll.ms")) + Duration::from_secs(40),
        purged: AtomicBool::new(false),
        ending: AtomicBool::new(false),
        probes: AtomicU64::new(0),
    })
}

/// A producer's life from start to end.
pub(crate) async fn live(run: Arc<Run>, member: Arc<Member>, dice: Dice) {
    if dice.percent(30) {
        tokio::time::sleep(dice.ms(0, 4000)).await;
    }
    polled::watch(&run, &member, &dice);
    let early = dice.percent(40).then(|| dice.ms(0, 8000));
    let proven = AtomicBool::new(false);
    let lived = async {
        start(&run, &member, &dice).await;
        let actors: Vec<_> = (0..dice.between(1, 4))
            .map(|_| spawn_local(sends::act(Arc::clone(&run), Arc::clone(&member), dice.fork())))
            .collect();
        run.calm().await;
        for actor in actors {
            if let Err(error) = actor.await {
                run.book.broken(format!("an actor ended early: {error}"));
            }
        }
        tokio::time::sleep(member.settles).await;
        sends::probe(&run, &member).await;
        proven.store(true, Ordering::Relaxed);
        run.prove();
        run.proven().await;
        sends::part(&run, &member, &dice).await;
    };
    match early {
        // The actors and perhaps the start go on meanwhile.
        Some(after) => {
            let lived = tokio::select! {
                biased;
                () = tokio::time::sleep(after) => false,
                () = lived => true,
            };
            run.book.count(if lived { "life lived" } else { "life cut short" });
        }
        None => lived.await,
    }
    if !proven.load(Ordering::Relaxed) {
        run.prove();
    }
    end(&run, &member, &dice).await;
    member.polled.is_over();
}

/// Starts, again if need be.
async fn start(run: &Run, member: &Member, dice: &Dice) {
    let p = &member.producer;
    loop {
        let limit = dice.pick(&[None, Some(1), Some(100), Some(5000)]);
        let deadline = limit.map(|ms| Instant::now() + Duration::from_millis(ms));
        let ready = dice.percent(60);
        note!(run.book, "producer {} starts, limit {limit:?}, ready: {ready}", member.index);
        let result = p.start(deadline, ready).await;
        let kind = result.map_err(|error| error.kind());
        note!(run.book, "producer {} started: {kind:?}, {:?}", member.index, p.state());
        let late = deadline.is_some_and(|deadline| Instant::now() > deadline + TICK);
        run.book
            .check(!late, || format!("the start of producer {} took longer than its limit", member.index));
        match kind {
            Ok(()) => {
                run.book.count("start");
                return;
            }
            Err(kind)
                if kind == ErrorKind::NoNamesrv
                    || kind == ErrorKind::Internal && run.book.has_exploded(member.group) =>
            {
                run.book.count("start failed");
                run.book.check(p.state() == State::Created, || {
                    format!("producer {} is {:?} after a start that failed", member.index, p.state())
                });
                tokio::time::sleep(dice.ms(1, 1000)).await;
            }
            Err(kind) => return run.book.broken(format!("a start failed with {kind:?}")),
        }
    }
}

/// How a producer's life ends.
#[derive(Clone, Copy, Debug)]
enum Exit {
    Patient,
    /// Told by an event, within so many milliseconds or without a limit.
    ByEvent(Option<u64>),
    Within(u64),
    /// Several at once.
    Together,
    Abandon,
}

async fn end(run: &Arc<Run>, member: &Arc<Member>, dice: &Dice) {
    let exit = *dice.weighted(&[
        (20, Exit::Patient),
        (15, Exit::ByEvent(dice.pick(&[None, Some(0), Some(5), Some(500), Some(5000)]))),
        (35, Exit::Within(dice.pick(&[0, 1, 5, 50, 500, 5000]))),
        (15, Exit::Together),
        (15, Exit::Abandon),
    ]);
    note!(run.book, "the end of producer {}: {exit:?}, {:?}", member.index, member.producer.state());
    member.ending.store(true, Ordering::Relaxed);
    match exit {
        Exit::Patient => {
            let _ = shut_down(run, member, None).await;
        }
        Exit::ByEvent(ms) => shut_down_by_event(run, member, ms).await,
        Exit::Within(ms) => shut_down_within(run, member, ms).await,
        Exit::Together => {
            let calls: Vec<_> = (0..dice.between(2, 3))
                .map(|_| {
                    let limit = dice.pick(&[None, Some(20), Some(1000), Some(8000)]);
                    let (run, member, pause) = (Arc::clone(run), Arc::clone(member), dice.ms(0, 30));
                    spawn_local(async move {
                        tokio::time::sleep(pause).await;
                        shut_down_untold(&run, &member, limit).await
                    })
                })
                .collect();
            for call in calls {
                let told = call.await.unwrap();
                note!(run.book, "{}", told.1);
            }
            shut_down_within(run, member, 0).await;
        }
        Exit::Abandon => {
            run.book.count("abandoned");
            member.producer.abandon();
            let limit = Instant::now() + ENDS_WITHIN;
            while member.producer.state() != State::Closed && Instant::now() < limit {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    closed(run, member).await;
}

/// Shuts down and, as long as callbacks run, again.
async fn shut_down_within(run: &Run, member: &Member, ms: u64) {
    let mut limit = ms;
    while shut_down(run, member, Some(limit)).await == Err(ErrorKind::Timeout) {
        limit = 2 * limit + 100;
        if limit > 10_000_000 {
            return run.book.broken(format!("producer {} does not shut down", member.index));
        }
    }
}

/// The same where an event tells the end.
async fn shut_down_by_event(run: &Run, member: &Member, limit_ms: Option<u64>) {
    let limit = limit_ms.map(Duration::from_millis);
    let begun = Instant::now();
    let told = polled::shutdown(run, member, limit.map(|limit| begun + limit)).await;
    let (took, state) = (begun.elapsed(), member.producer.state());
    note!(run.book, "producer {} was shut down within {limit:?}: {told:?} after {took:?}", member.index);
    run.book.count("shutdown by an event");
    run.book.check(limit.is_none_or(|limit| took <= limit + SHUTDOWN_GRACE), || {
        format!("the event of a shutdown within {limit:?} came after {took:?}")
    });
    let fits = match told {
        Some(Ok(()) | Err(ErrorKind::Closed)) => state == State::Closed,
        // It may have closed between the event and the poll.
        Some(Err(ErrorKind::Timeout)) => matches!(state, State::Closing | State::Closed),
        // Destroyed with its queue.
        None => true,
        Some(Err(_)) => false,
    };
    run.book.check(fits, || format!("the event of a shutdown says {told:?}, the state is {state:?}"));
    shut_down_within(run, member, limit_ms.unwrap_or(1000)).await;
}

async fn shut_down(run: &Run, member: &Member, limit_ms: Option<u64>) -> Result<(), ErrorKind> {
    let (result, text) = shut_down_untold(run, member, limit_ms).await;
    note!(run.book, "{text}");
    result
}

/// The same without a line in the log: those who shut down together are woken in an order that tokio draws by itself.
async fn shut_down_untold(
    run: &Run,
    member: &Member,
    limit_ms: Option<u64>,
) -> (Result<(), ErrorKind>, String) {
    let p = &member.producer;
    let limit = limit_ms.map(Duration::from_millis);
    let begun = Instant::now();
    let before = p.state();
    let result = p.shutdown(limit.map(|limit| begun + limit)).await.map_err(|error| error.kind());
    let (took, state) = (begun.elapsed(), p.state());
    let text = format!("shutdown of producer {} within {limit:?}: {result:?} after {took:?}", member.index);
    run.book.count(match result {
        Ok(()) => "shutdown: ok",
        Err(ErrorKind::Closed) => "shutdown: cut off",
        Err(ErrorKind::Timeout) => "shutdown: callbacks still run",
        Err(_) => "shutdown: other",
    });
    let check = |holds: bool, why: &str| {
        run.book.check(holds, || format!("{}, it was {before:?}: {why}", text));
    };
    check(limit.is_none_or(|limit| took <= limit + SHUTDOWN_GRACE), "it took longer");
    check(before != State::Closed || (result.is_ok() && took.is_zero()), "it was closed before");
    match result {
        Ok(()) | Err(ErrorKind::Closed) => {
            check(state == State::Closed, "it is not closed");
            polled::drain(run, member);
            let open = sends::open_callbacks(run, member);
            check(open.is_empty(), &format!("callbacks of {open:?} have not run"));
            // What a panic drops while the producer closes is called closed, too.
            let panicked = run.book.has_exploded(member.group);
            let cut = sends::cut_off(run, member);
            check(
                result.is_err() || cut.is_empty() || before == State::Closed || panicked,
                &format!("{cut:?} were cut off"),
            );
        }
        Err(ErrorKind::Timeout) => {
            check(state == State::Closing, "it is not closing");
            check(p.in_flight() == 0, "sends that should be cut off are in flight");
        }
        Err(_) => check(false, "no such error"),
    }
    (result, text)
}

/// What holds of a producer that is closed.
async fn closed(run: &Run, member: &Member) {
    let p = &member.producer;
    run.book.check(p.state() == State::Closed, || format!("producer {} is {:?}", member.index, p.state()));
    if p.state() == State::Closed {
        let again = shut_down(run, member, None).await;
        run.book.check(again.is_ok(), || "a second shutdown fails".to_owned());
        let start = p.start(None, false).await.map_err(|error| error.kind());
        run.book.check(start == Err(ErrorKind::Closed), || format!("a closed producer starts: {start:?}"));
    }
    // Waiting calls have been told by now and return as soon as their tasks run.
    tokio::time::sleep(TICK).await;
    polled::drain(run, member);
    let open = sends::open(run, member);
    run.book.check(open.is_empty(), || format!("{open:?} never ended"));
    run.book.check(p.in_flight() == 0, || {
        format!("{} sends of producer {} hold room for ever", p.in_flight(), member.index)
    });
}
