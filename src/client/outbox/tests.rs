use std::sync::Arc;
use std::task::Wake;
use std::time::Duration;

use protocol::EncodeError;

use super::*;
use crate::client::body::Body;
use crate::client::broker::{Done, Owner, Reply};

/// A request whose frame is `bytes` long, or cannot be made.
pub(super) struct Fake {
    pub(super) number: u64,
    pub(super) deadline: Option<Instant>,
    pub(super) patient: bool,
    pub(super) version_min: i32,
    pub(super) bytes: Result<usize, EncodeError>,
}

impl Request for Fake {
    fn owner(&self) -> Owner {
        Owner { number: self.number, cuts: 0 }
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn is_oneway(&self) -> bool {
        false
    }

    fn is_patient(&self) -> bool {
        self.patient
    }

    fn version_min(&self) -> i32 {
        self.version_min
    }

    fn encode(&self, _: i32, _: HeaderFormat, out: &mut WriteBuf) -> Result<(), EncodeError> {
        let bytes = self.bytes?;
        out.frame(&Body::EMPTY, |head| {
            head.resize(head.len() + bytes, 0);
            Ok(())
        })
    }

    fn finish(self: Box<Self>, _: Reply<'_>, _: &mut Done<'_>) {}
}

pub(super) fn fake(number: u64) -> Fake {
    Fake { number, deadline: None, patient: false, version_min: 0, bytes: Ok(10) }
}

fn numbers(requests: &[Box<dyn Request>]) -> Vec<u64> {
    requests.iter().map(|request| request.owner().number).collect()
}

/// A task that can be told from others.
struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

/// An outbox, with the task that sleeps beside it.
pub(super) struct Beside {
    pub(super) outbox: Outbox,
    pub(super) task: Waker,
}

impl Beside {
    pub(super) fn new(phase: Phase) -> Self {
        let mut outbox = Outbox::new(HeaderFormat::Json);
        outbox.set_phase(phase);
        Self { outbox, task: Arc::new(Task).into() }
    }

    pub(super) fn sleep(&mut self) -> bool {
        self.outbox.sleep(&self.task, false)
    }

    fn hold(&mut self) -> bool {
        self.outbox.hold(&self.task)
    }

    /// Puts one in; whether the task is woken.
    pub(super) fn put(&mut self, request: Fake) -> bool {
        let waker = self.outbox.submit(Box::new(request), None).map_err(|(_, error)| error).unwrap();
        waker.is_some_and(|waker| waker.will_wake(&self.task))
    }

    /// Everything there is, as the task takes it: numbers, with their opaques.
    fn take(&mut self) -> Vec<(u64, i32)> {
        let (mut buffer, mut entries) = (WriteBuf::default(), Vec::new());
        assert!(self.outbox.take(&mut buffer, &mut entries).is_empty());
        entries.iter().map(|entry| (entry.request.owner().number, entry.opaque)).collect()
    }

    fn left(&mut self) -> Vec<u64> {
        numbers(&self.outbox.drain())
    }
}

pub(super) fn in_ms(ms: u64) -> Option<Instant> {
    static BEGUN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    Some(*BEGUN.get_or_init(Instant::now) + Duration::from_millis(ms))
}

fn closed() -> CallError {
    CallError::Closed { sent: false }
}

#[test]
fn an_open_outbox_encodes_at_once_and_wakes_the_task_for_the_first_only() {
    let mut b = Beside::new(Phase::Open);
    assert!(b.outbox.is_empty() && b.sleep());
    assert!(b.put(fake(1)), "the task sleeps on");
    assert!(!b.sleep(), "the task sleeps beside a frame");
    assert!(!b.put(fake(2)));
    assert!(b.outbox.has_encoded() && !b.outbox.is_empty());
    assert_eq!(b.outbox.buffer.total(), 20);
    let (mut buffer, mut entries) = (WriteBuf::default(), Vec::new());
    b.outbox.take_encoded(&mut buffer, &mut entries);
    let taken: Vec<_> =
        entries.iter().map(|entry| (entry.request.owner().number, entry.opaque, entry.end)).collect();
    assert_eq!(taken, [(1, 0, 10), (2, 1, 20)]);
    assert!(b.outbox.is_empty() && !b.outbox.has_encoded() && b.sleep());
    assert!(b.put(fake(3)), "the task sleeps on after it has taken all");
}

#[test]
fn a_task_that_comes_soon_is_woken_only_for_what_makes_a_write_of_its_own() {
    let mut b = Beside::new(Phase::Open);
    let sized = |number, bytes| Fake { bytes: Ok(bytes), ..fake(number) };
    assert!(b.hold());
    assert!(!b.put(fake(1)) && b.hold() && !b.put(sized(2, 64 * 1024 - 20)), "a small write wakes it");
    assert!(b.hold(), "it does not sleep beside a small write");
    assert!(b.put(fake(3)) && !b.put(fake(4)), "a large write does not wake it, or twice");
    assert!(!b.hold(), "it sleeps beside a large write");
    assert!(!b.sleep(), "it sleeps for long beside a write");
    assert_eq!(b.take().len(), 4);
    assert!(
        b.hold() && b.sleep() && b.put(fake(5)),
        "it is not woken although it does not come soon any more"
    );
}

#[test]
fn a_task_that_comes_soon_does_not_sleep_if_it_is_asked_for_anything() {
    let orders: [fn(&mut Control); 3] = [
        |control| control.stop = true,
        |control| control.retire = true,
        |control| control.cut.push(Cut::all(1)),
    ];
    for order in orders {
        let mut b = Beside::new(Phase::Open);
        assert!(b.hold() && b.outbox.take_waker().is_some());
        order(&mut b.outbox.control);
        assert!(!b.hold());
    }
    for phase in [Phase::Waiting, Phase::Down, Phase::Closed] {
        assert!(!Beside::new(phase).hold(), "{phase:?}");
    }
    // What cannot be encoded for others is a large write.
    let mut b = Beside::new(Phase::Waiting);
    b.put(fake(1));
    b.outbox.set_phase(Phase::Open);
    assert!(!b.hold());
}

#[test]
fn what_is_encoded_is_bounded_and_what_waits_is_not_overtaken() {
    let mut b = Beside::new(Phase::Open);
    let bytes = Ok(256 * 1024 - 1);
    b.put(Fake { bytes, ..fake(1) });
    assert!(!b.put(fake(2)), "one byte below the bound there is room for one frame");
    assert_eq!(b.outbox.buffer.total(), 256 * 1024 + 9);
    b.put(fake(3));
    assert_eq!(b.outbox.buffer.total(), 256 * 1024 + 9, "encoded beyond the bound");

    let (mut buffer, mut entries) = (WriteBuf::default(), Vec::new());
    b.outbox.take_encoded(&mut buffer, &mut entries);
    assert_eq!(entries.len(), 2);
    assert!(!b.outbox.is_empty() && !b.sleep(), "the task sleeps beside a request");
    b.put(fake(4));
    assert!(!b.outbox.has_encoded(), "the fourth overtakes the third");
    assert_eq!(b.take(), [(3, 2), (4, 3)]);

    let bytes = Ok(256 * 1024);
    b.put(Fake { bytes, ..fake(5) });
    b.put(fake(6));
    assert_eq!(b.outbox.buffer.total(), 256 * 1024, "encoded at the bound");
    assert_eq!(b.take(), [(5, 4)], "taken beyond the bound");
    assert_eq!(b.take(), [(6, 5)]);
}

#[test]
fn requests_wait_in_order_while_there_is_no_connection() {
    let mut b = Beside::new(Phase::Waiting);
    assert!(!b.outbox.wants_connection());
    assert!(b.sleep());
    assert!(b.put(fake(1)), "the task is not told that somebody waits");
    assert!(b.outbox.wants_connection() && !b.outbox.is_empty());
    assert!(b.sleep(), "what waits for a connection is no work yet");
    assert!(!b.put(fake(2)));
    assert!(!b.outbox.has_encoded());
    assert_eq!(b.take(), [(1, 0), (2, 1)]);
    assert!(b.outbox.is_empty() && !b.outbox.wants_connection());
    b.outbox.control.connect = true;
    assert!(b.outbox.wants_connection());
}

#[test]
fn the_task_is_woken_when_somebody_ends_sooner_than_all_who_wait() {
    let mut b = Beside::new(Phase::Waiting);
    let ending = |number, ms| Fake { deadline: in_ms(ms), ..fake(number) };
    b.put(fake(1));
    for (number, ms, sooner) in [(2, 50, true), (3, 50, false), (4, 60, false), (5, 40, true)] {
        assert!(b.sleep());
        assert_eq!(b.put(ending(number, ms)), sooner, "{number}");
    }
    assert!(b.sleep() && !b.put(fake(6)), "one that never ends is sooner than others");
    assert_eq!(b.outbox.waiting_deadline(), in_ms(40));

    assert!(b.outbox.expire(in_ms(39).unwrap()).is_empty());
    assert_eq!(numbers(&b.outbox.expire(in_ms(40).unwrap())), [5]);
    assert_eq!(b.outbox.waiting_deadline(), in_ms(50));
    assert_eq!(numbers(&b.outbox.expire(in_ms(55).unwrap())), [2, 3]);
    assert_eq!(numbers(&b.outbox.expire(in_ms(1000).unwrap())), [4]);
    assert_eq!(b.outbox.waiting_deadline(), None);
    assert!(b.outbox.expire(in_ms(2000).unwrap()).is_empty());

    assert!(b.sleep() && b.put(ending(7, 500)));
    assert_eq!(b.take(), [(1, 0), (6, 1), (7, 2)]);
    assert_eq!(b.outbox.waiting_deadline(), None, "nobody waits");
}

#[test]
fn an_outbox_that_is_down_refuses_with_the_reason_whoever_has_elsewhere_to_go() {
    let mut b = Beside::new(Phase::Waiting);
    b.put(fake(1));
    b.put(Fake { patient: true, deadline: in_ms(70), ..fake(2) });
    let reason = || CallError::Cancelled { sent: false };
    assert_eq!(numbers(&b.outbox.go_down(reason(), true)), [1]);
    assert_eq!(b.outbox.waiting_deadline(), in_ms(70));
    let (refused, error) = b.outbox.submit(Box::new(fake(3)), None).map(|_| ()).unwrap_err();
    assert_eq!((refused.owner().number, error.to_string()), (3, reason().to_string()));
    b.put(Fake { patient: true, ..fake(4) });
    assert!(!b.outbox.has_encoded() && b.outbox.phase() == Phase::Down);
    assert_eq!(numbers(&b.outbox.go_down(reason(), false)), [2, 4], "patience was over");

    b.outbox.set_phase(Phase::Open);
    b.put(fake(5));
    assert_eq!(numbers(&b.outbox.close(closed())), [5]);
    let patient = Fake { patient: true, ..fake(6) };
    let (refused, error) = b.outbox.submit(Box::new(patient), None).map(|_| ()).unwrap_err();
    assert_eq!((refused.owner().number, error.to_string()), (6, closed().to_string()));
    assert!(b.outbox.is_empty());
}

#[test]
fn what_was_encoded_for_a_connection_that_went_comes_first_on_the_next() {
    let mut b = Beside::new(Phase::Open);
    b.put(Fake { deadline: in_ms(80), ..fake(1) });
    b.put(Fake { bytes: Ok(256 * 1024), ..fake(2) });
    b.put(Fake { deadline: in_ms(90), ..fake(3) });
    assert_eq!(b.outbox.waiting_deadline(), in_ms(90));
    b.outbox.requeue();
    assert_eq!((b.outbox.phase(), b.outbox.waiting_deadline()), (Phase::Waiting, in_ms(80)));
    assert_eq!(b.outbox.buffer.total(), 0);
    assert_eq!(b.left(), [1, 2, 3]);
    assert!(b.outbox.is_empty());
}

#[test]
fn what_is_encoded_is_drained_apart_from_what_waits() {
    let mut b = Beside::new(Phase::Open);
    b.put(fake(1));
    b.outbox.set_phase(Phase::Waiting);
    b.put(Fake { deadline: in_ms(5), ..fake(2) });
    b.put(fake(3));
    assert_eq!(numbers(&b.outbox.drain_encoded()), [1]);
    assert_eq!(b.outbox.buffer.total(), 0);
    assert_eq!(numbers(&b.outbox.take_waiting(|request| request.owner().number == 2)), [2]);
    assert_eq!(b.outbox.waiting_deadline(), None);
    assert_eq!(b.left(), [3]);
    assert!(!b.outbox.wants_connection());
}

#[test]
fn what_makes_no_frame_is_given_back() {
    let mut b = Beside::new(Phase::Open);
    let bad = |number| Fake { bytes: Err(EncodeError::NameTooLong), ..fake(number) };
    let (refused, error) = b.outbox.submit(Box::new(bad(1)), None).map(|_| ()).unwrap_err();
    assert_eq!(refused.owner().number, 1);
    assert!(matches!(error, CallError::Encode(EncodeError::NameTooLong)), "{error}");
    assert!(b.outbox.is_empty());

    b.outbox.set_phase(Phase::Waiting);
    b.put(fake(2));
    b.put(bad(3));
    b.put(fake(4));
    let (mut buffer, mut entries) = (WriteBuf::default(), Vec::new());
    let refused = b.outbox.take(&mut buffer, &mut entries);
    assert_eq!(refused.iter().map(|(request, _)| request.owner().number).collect::<Vec<_>>(), [3]);
    assert_eq!(entries.len(), 2);
}

#[test]
fn what_needs_a_version_is_encoded_only_for_a_peer_that_has_it() {
    let mut b = Beside::new(Phase::Open);
    let needing = |number| Fake { version_min: 413, ..fake(number) };
    b.put(fake(1));
    let unknown = b.outbox.submit(Box::new(needing(2)), None).map(|_| ()).unwrap_err().1;
    assert!(matches!(unknown, CallError::VersionUnknown), "{unknown}");
    b.outbox.peer_version = Some(412);
    let old = b.outbox.submit(Box::new(needing(3)), None).map(|_| ()).unwrap_err().1;
    assert!(matches!(old, CallError::TooOld { version: 412 }), "{old}");
    b.outbox.peer_version = Some(413);
    b.put(needing(4));
    assert_eq!(numbers(&b.outbox.drain_encoded()), [1, 4]);

    b.outbox.set_phase(Phase::Waiting);
    b.put(needing(5));
    b.put(fake(6));
    b.outbox.peer_version = None;
    let (mut buffer, mut entries) = (WriteBuf::default(), Vec::new());
    let refused = b.outbox.take(&mut buffer, &mut entries);
    assert!(matches!(refused[..], [(_, CallError::VersionUnknown)]));
    assert_eq!(entries.len(), 1);
}

#[test]
fn an_order_wakes_the_task_and_one_to_stop_only_until_it_is_seen() {
    let mut b = Beside::new(Phase::Waiting);
    let waker = b.task.clone();
    assert!(b.outbox.sleep(&waker, false));
    assert!(b.outbox.take_waker().is_some_and(|taken| taken.will_wake(&waker)));
    assert!(b.outbox.take_waker().is_none(), "woken twice for one sleep");

    b.outbox.control.stop = true;
    assert!(!b.outbox.sleep(&waker, false));
    assert!(b.outbox.take_waker().is_none(), "nobody sleeps");
    assert!(b.outbox.sleep(&waker, true));
    b.outbox.control.cut.push(Cut::all(1));
    assert!(!b.outbox.sleep(&waker, true));
    b.outbox.control.cut.clear();

    let other = Waker::from(Arc::new(Task));
    assert!(b.outbox.sleep(&other, true));
    assert!(b.outbox.take_waker().is_some_and(|taken| taken.will_wake(&other)), "another task sleeps now");
}

#[test]
fn request_numbers_go_round_below_zero_never() {
    let mut b = Beside::new(Phase::Open);
    b.outbox.next_opaque = i32::MAX;
    assert_eq!([b.outbox.take_opaque(), b.outbox.take_opaque(), b.outbox.take_opaque()], [i32::MAX, 0, 1]);
}
