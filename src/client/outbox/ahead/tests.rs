use std::io;
use std::sync::{Arc, Mutex};
use std::task::Waker;

use protocol::HeaderFormat;
use protocol::command::Command;

use super::super::tests::{Beside, Fake, fake, in_ms};
use super::*;
use crate::client::broker::Cut;
use crate::client::write_buf::WriteBuf;

/// A pen that writes as many bytes as it is told.
struct Nib(usize);

impl Pen for Nib {
    fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let offered = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        match self.0.min(offered) {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Beside {
    /// Has the task sleep until `until` at the latest, with a pen lent that writes so many bytes.
    fn lend(&mut self, bytes: usize, until: Option<Instant>) {
        self.lend_all(bytes, until, None);
    }

    /// The same with an ear, if there is one.
    fn lend_all(&mut self, bytes: usize, until: Option<Instant>, ear: Option<Arc<dyn Ear>>) {
        assert!(self.sleep());
        self.outbox.lend(Lent { pen: Box::new(Nib(bytes)), until, ear }, in_ms(0).unwrap());
    }

    /// Puts one in that somebody waits for; whether the task is woken.
    fn put_awaited(&mut self, request: Fake) -> bool {
        self.put_by(request, false)
    }

    /// The same; its sender reads the answer himself if he `listens`.
    fn put_by(&mut self, request: Fake, listens: bool) -> bool {
        let awaited = Some(Awaited { at: in_ms(1).unwrap(), listens, until: request.deadline });
        let waker = self.outbox.submit(Box::new(request), awaited).map_err(|(_, error)| error).unwrap();
        waker.is_some_and(|waker| waker.will_wake(&self.task))
    }

    /// What was written by a sender, and what is left to write.
    fn take_back(&mut self) -> (usize, bool) {
        let Back { pen, ahead, .. } = self.outbox.take_back();
        assert!(pen.is_some());
        let (mut buffer, mut entries) = (WriteBuf::default(), Vec::new());
        self.outbox.take_encoded(&mut buffer, &mut entries);
        (ahead.map_or(0, |ahead| ahead.bytes), !buffer.is_empty())
    }
}

#[test]
fn who_waits_writes_and_lets_a_task_sleep_that_wakes_in_time() {
    let later = |ms| Fake { deadline: in_ms(ms), ..fake(1) };
    // When the task wakes anyway, when the request ends, and whether the task must be woken.
    let cases = [
        (in_ms(500), in_ms(499), true),
        (in_ms(500), in_ms(500), false),
        (in_ms(500), None, false),
        (None, in_ms(500), true),
        (None, None, false),
    ];
    for (until, deadline, woken) in cases {
        let mut b = Beside::new(Phase::Open);
        b.lend(usize::MAX, until);
        assert_eq!(b.put_awaited(Fake { deadline, ..fake(1) }), woken, "{until:?}, {deadline:?}");
        assert!(b.outbox.is_ahead());
        assert_eq!(b.take_back(), (10, false));
        assert!(!b.outbox.is_ahead());
    }

    let mut b = Beside::new(Phase::Open);
    b.lend(usize::MAX, in_ms(500));
    assert!(!b.put_awaited(later(600)));
    assert!(b.put_awaited(later(600)), "the second is not written, and nobody is told");
    assert_eq!(b.take_back(), (10, true));
}

#[test]
fn what_a_socket_does_not_take_is_left_to_the_task() {
    for bytes in [0, 9] {
        let mut b = Beside::new(Phase::Open);
        b.lend(bytes, in_ms(500));
        assert!(b.put_awaited(fake(1)), "{bytes} of 10 bytes are written, and nobody is told");
        assert_eq!(b.take_back(), (bytes, true));
    }
}

#[test]
fn nobody_writes_what_is_large_or_what_nobody_waits_for() {
    let mut b = Beside::new(Phase::Open);
    b.lend(usize::MAX, in_ms(500));
    assert!(b.put(fake(1)));
    assert_eq!(b.take_back(), (0, true));
    for (bytes, written) in [(WRITTEN_AHEAD_MAX, true), (WRITTEN_AHEAD_MAX + 1, false)] {
        let mut b = Beside::new(Phase::Open);
        b.lend(usize::MAX, in_ms(500));
        let bytes = usize::try_from(bytes).unwrap();
        assert_eq!(b.put_awaited(Fake { bytes: Ok(bytes), ..fake(1) }), !written, "{bytes} bytes");
        assert_eq!(b.take_back(), (if written { bytes } else { 0 }, !written));
    }
}

/// An ear that hears these one after the other, then nothing.
#[derive(Default)]
struct Shell(Mutex<Vec<io::Result<Vec<u8>>>>);

impl Shell {
    fn with(said: io::Result<Vec<u8>>) -> Option<Arc<dyn Ear>> {
        Some(Arc::new(Self(Mutex::new(vec![said]))))
    }
}

impl Ear for Shell {
    fn wait(&self, _: Option<Instant>) -> bool {
        true
    }

    fn read(&self, room: &mut [u8]) -> io::Result<usize> {
        let said = self.0.lock().unwrap().pop().unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))?;
        room[..said.len()].copy_from_slice(&said);
        Ok(said.len())
    }

    fn close(&self) {}
}

const VERSION: i32 = 399;

fn answer(opaque: i32, code: i32, version: i32) -> Vec<u8> {
    let mut command = Command::response(code, opaque);
    command.version = version;
    let mut bytes = Vec::new();
    command.encode(HeaderFormat::Json, &mut bytes).unwrap();
    bytes
}

/// One who listens beside a task that has left the socket.
fn listening(said: io::Result<Vec<u8>>) -> Beside {
    let mut b = Beside::new(Phase::Open);
    b.outbox.peer_version = Some(VERSION);
    b.lend_all(usize::MAX, in_ms(5), Shell::with(said));
    assert!(!b.put_by(Fake { deadline: in_ms(500), ..fake(1) }, true), "nobody has to be woken");
    assert!(b.outbox.unheard().is_some_and(|(_, opaque)| opaque == 0));
    b
}

/// What he finds: his answer, nothing, or that it is over, and whether he wakes the task.
fn hear(b: &mut Beside, is_there: bool) -> (&'static str, bool) {
    let mut room = [0; 1024];
    match b.outbox.hear(0, is_there, &mut room) {
        Heard::Answer(own) => {
            assert_eq!((own.request.owner().number, own.head.opaque, own.ahead.bytes), (1, 0, 10));
            ("answer", false)
        }
        Heard::Nothing => ("nothing", false),
        Heard::Over(waker) => ("over", waker.is_some_and(|waker| waker.will_wake(&b.task))),
    }
}

#[test]
fn who_listens_takes_his_answer_and_leaves_everything_else_to_the_task() {
    let own = || answer(0, 0, VERSION);
    let two = [own(), answer(1, 0, VERSION)].concat();
    let part = own()[..own().len() - 1].to_vec();
    let cases = [
        (Ok(own()), "answer"),
        (Ok(answer(1, 0, VERSION)), "over"),
        (Ok(answer(0, 14, VERSION)), "over"),
        (Ok(answer(0, 0, VERSION + 1)), "over"),
        (Ok(two), "over"),
        (Ok(part), "over"),
        (Ok(vec![0xff; 8]), "over"),
        (Ok(Vec::new()), "over"),
        (Err(io::ErrorKind::ConnectionReset.into()), "over"),
        (Err(io::ErrorKind::WouldBlock.into()), "nothing"),
    ];
    for (said, found) in cases {
        let bytes = said.as_ref().map_or_else(|_| Vec::new(), Clone::clone);
        let mut b = listening(said);
        assert_eq!(hear(&mut b, true), (found, found == "over"), "{bytes:?}");
        let back = b.outbox.take_back();
        let is_own = found == "answer";
        assert_eq!(back.ahead.is_some(), !is_own);
        assert_eq!(b.outbox.is_empty(), is_own);
        assert_eq!((back.done.bytes, back.done.last), if is_own { (10, in_ms(1)) } else { (0, in_ms(0)) });
        assert_eq!(back.done.overheard, if is_own { Vec::new() } else { bytes });
        assert_eq!(back.ear.is_none(), found == "over", "an ear is used after it was given up");
    }
}

#[test]
fn who_waited_in_vain_or_is_not_alone_any_more_leaves_his_request_to_the_task() {
    let mut b = listening(Ok(answer(0, 0, VERSION)));
    assert_eq!(hear(&mut b, false), ("over", true));
    assert!(b.outbox.take_back().ahead.is_some());

    let mut b = listening(Ok(answer(0, 0, VERSION)));
    assert!(b.put_by(fake(2), true), "the task is told of the second");
    assert!(b.outbox.unheard().is_none(), "the second listens too");
    assert_eq!(hear(&mut b, true), ("over", false));
    assert!(b.outbox.take_back().ahead.is_some());

    let mut b = listening(Ok(answer(0, 0, VERSION)));
    assert_eq!(b.take_back(), (10, false));
    assert_eq!(hear(&mut b, true), ("over", false));
}

#[test]
fn nobody_writes_who_does_not_read_where_the_task_does_not() {
    let mut b = Beside::new(Phase::Open);
    b.lend_all(usize::MAX, in_ms(5), Shell::with(Ok(Vec::new())));
    assert!(b.put_by(fake(1), false));
    assert!(b.outbox.unheard().is_none());
    assert_eq!(b.take_back(), (0, true));

    let mut b = Beside::new(Phase::Open);
    b.lend_all(9, in_ms(5), Shell::with(Ok(Vec::new())));
    assert!(b.put_by(fake(1), true), "a part is written");
    assert!(b.outbox.unheard().is_none());
    assert_eq!(b.take_back(), (9, true));
}

#[test]
fn a_task_stays_away_until_there_is_something_for_it_to_do() {
    let quiet = Duration::from_millis(5);
    let left = |b: &mut Beside| {
        let task = Waker::clone(&b.task);
        b.outbox.left_until(&task, quiet)
    };
    let mut b = Beside::new(Phase::Open);
    b.lend_all(usize::MAX, in_ms(5), Shell::with(Ok(answer(0, 0, VERSION))));
    b.outbox.peer_version = Some(VERSION);
    assert_eq!(left(&mut b), in_ms(5), "nobody has sent yet");
    assert!(!b.put_by(Fake { deadline: in_ms(500), ..fake(1) }, true));
    assert_eq!(left(&mut b), in_ms(6), "somebody listens");
    assert_eq!(hear(&mut b, true), ("answer", false));
    assert_eq!(left(&mut b), in_ms(6), "nobody listens any more");
    b.outbox.control.connect = true;
    assert_eq!(left(&mut b), in_ms(6), "it is connected");
    assert!(b.outbox.take_waker().is_some_and(|waker| waker.will_wake(&b.task)), "nobody can wake it");

    let wanted: [fn(&mut Beside); 6] = [
        |b| b.outbox.control.stop = true,
        |b| b.outbox.control.retire = true,
        |b| b.outbox.control.cut.push(Cut::all(1)),
        |b| assert!(!b.put(fake(2)), "nobody sleeps"),
        |b| drop(b.outbox.take_back()),
        |b| b.outbox.set_phase(Phase::Waiting),
    ];
    for (number, want) in wanted.into_iter().enumerate() {
        let mut b = Beside::new(Phase::Open);
        b.lend_all(usize::MAX, in_ms(5), Shell::with(Ok(Vec::new())));
        b.outbox.take_waker();
        want(&mut b);
        assert_eq!(left(&mut b), None, "{number}");
    }

    let mut b = listening(Ok(answer(1, 0, VERSION)));
    assert_eq!(hear(&mut b, true), ("over", true));
    assert_eq!(left(&mut b), None, "nobody listens, and the answer is yet to come");

    let mut b = Beside::new(Phase::Open);
    b.lend_all(9, in_ms(5), Shell::with(Ok(Vec::new())));
    assert!(b.put_by(fake(1), true));
    assert_eq!(left(&mut b), None, "a part is to be written yet");
}
