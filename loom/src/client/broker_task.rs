//! The outbox and the task that sleeps over it: the library's own task, over a stream that is always ready and
//! without a timer that could make up for a lost wake-up.

use std::sync::Arc;
use std::time::Duration;

use loom::thread::{self, JoinHandle};
use protocol::command::Command;
use protocol::{EncodeError, HeaderFormat};
use tokio::time::Instant;

use crate::client::address::Address;
use crate::client::broker::{Broker, Cut, Done, Owner, PeerLimits, Reply, Request, Role, encode_command};
use crate::client::call_error::CallError;
use crate::client::peer::Peer;
use crate::client::reconnect;
use crate::client::world::{World, now};
use crate::client::write_buf::WriteBuf;
use crate::explore::explore;
use crate::runtime::wait;
use crate::sync::oneshot;

/// Some code of a request.
const CODE: i32 = 310;
const OWNER: u64 = 7;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// Waits while the peer cannot be reached.
    Patient,
    /// Ends when it is written.
    Oneway,
    /// May be written by the thread that submits it.
    Awaited,
    /// Also, and its answer may be read by it.
    Heard,
}

/// A request that tells how it ended. Dropped without an end, it tells that nobody did.
struct Probe {
    kind: Kind,
    tell: oneshot::Sender<Result<(), CallError>>,
}

impl Request for Probe {
    fn owner(&self) -> Owner {
        Owner { number: OWNER, cuts: 0 }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(now() + Duration::from_secs(3))
    }

    fn is_oneway(&self) -> bool {
        self.kind == Kind::Oneway
    }

    fn is_awaited(&self) -> bool {
        matches!(self.kind, Kind::Awaited | Kind::Heard)
    }

    fn is_patient(&self) -> bool {
        self.kind == Kind::Patient
    }

    fn encode(&self, opaque: i32, format: HeaderFormat, out: &mut WriteBuf) -> Result<(), EncodeError> {
        encode_command(&Command::request(CODE), opaque, format, out)
    }

    fn finish(self: Box<Self>, reply: Reply<'_>, _: &mut Done<'_>) {
        let result = match reply {
            Reply::Answer(_) | Reply::Written => Ok(()),
            Reply::Failed(error) => Err(error),
        };
        let _ = self.tell.send(result);
    }
}

type Told = oneshot::Receiver<Result<(), CallError>>;

fn broker(peer: Peer) -> (Arc<Broker>, JoinHandle<()>) {
    broker_left_after(u32::MAX, peer)
}

/// The socket is left to senders after so many sends, each alone.
fn broker_left_after(alone: u32, peer: Peer) -> (Arc<Broker>, JoinHandle<()>) {
    let address = Address::parse("peer:10911").unwrap();
    let limits = PeerLimits { connect: Duration::from_secs(3), idle: Duration::from_secs(120), alone };
    let world = World::new(peer);
    let broker = Broker::new(&address, &world, HeaderFormat::Json, limits, Role::default());
    let of_task = Arc::clone(&broker);
    let task = thread::spawn(move || wait(None, reconnect::run(of_task, || ())).unwrap());
    (broker, task)
}

fn submit(broker: &Arc<Broker>, kind: Kind) -> Told {
    let (tell, told) = oneshot::channel();
    let mut done = reconnect::done_for(broker);
    done.listens = kind == Kind::Heard;
    broker.submit(Box::new(Probe { kind, tell }), &mut done);
    if let Some(listening) = done.listening.take() {
        listening.listen();
    }
    told
}

/// How a request ended; that it did not is a deadlock.
fn end(told: Told) -> Result<(), CallError> {
    wait(None, told).unwrap().unwrap()
}

/// Two threads submit, then the task is stopped.
pub fn two_submit() {
    explore(2, || {
        let (broker, task) = broker(Peer::Answers);
        let other = thread::spawn({
            let broker = Arc::clone(&broker);
            move || end(submit(&broker, Kind::Plain)).unwrap()
        });
        end(submit(&broker, Kind::Plain)).unwrap();
        other.join().unwrap();
        broker.stop();
        task.join().unwrap();
    });
}

/// One thread submits twice without waiting in between. No answer comes whose wake-up could make up for a lost one.
pub fn one_submits_twice() {
    explore(4, || {
        let (broker, task) = broker(Peer::Silent);
        let (first, second) = (submit(&broker, Kind::Oneway), submit(&broker, Kind::Oneway));
        end(first).unwrap();
        end(second).unwrap();
        broker.stop();
        task.join().unwrap();
    });
}

/// The connection is there and its timer armed, so that whoever waits for an answer writes its request itself and wakes
/// nobody; another submits at the same time.
pub fn one_writes_while_another_submits() {
    explore(2, || {
        let (broker, task) = broker(Peer::Answers);
        end(submit(&broker, Kind::Awaited)).unwrap();
        let other = thread::spawn({
            let broker = Arc::clone(&broker);
            move || end(submit(&broker, Kind::Plain)).unwrap()
        });
        end(submit(&broker, Kind::Awaited)).unwrap();
        other.join().unwrap();
        broker.stop();
        task.join().unwrap();
    });
}

/// The same, while all requests are cut off and the task is stopped.
pub fn one_writes_while_it_is_cut_off() {
    explore(2, || {
        let (broker, task) = broker(Peer::Answers);
        end(submit(&broker, Kind::Awaited)).unwrap();
        let other = thread::spawn({
            let broker = Arc::clone(&broker);
            move || {
                broker.cut(Cut::all(OWNER));
                broker.stop();
            }
        });
        assert!(matches!(end(submit(&broker, Kind::Awaited)), Ok(()) | Err(CallError::Closed { .. })));
        other.join().unwrap();
        task.join().unwrap();
    });
}

/// The task has left the socket, or is about to: whoever waits for an answer reads it himself; another submits at the
/// same time, one that waits as well or one that does not.
pub fn one_listens_while_another_submits() {
    for other in [Kind::Plain, Kind::Heard] {
        explore(2, move || {
            let (broker, task) = broker_left_after(0, Peer::Answers);
            end(submit(&broker, Kind::Heard)).unwrap();
            let sender = thread::spawn({
                let broker = Arc::clone(&broker);
                move || end(submit(&broker, other)).unwrap()
            });
            end(submit(&broker, Kind::Heard)).unwrap();
            sender.join().unwrap();
            broker.stop();
            task.join().unwrap();
        });
    }
}

/// The same, while all requests are cut off and the task is stopped; also where no answer comes.
pub fn one_listens_while_it_is_cut_off() {
    for peer in [Peer::Answers, Peer::AnswersOnce] {
        explore(2, move || {
            let (broker, task) = broker_left_after(0, peer);
            end(submit(&broker, Kind::Heard)).unwrap();
            let other = thread::spawn({
                let broker = Arc::clone(&broker);
                move || {
                    // That is no reason to come back.
                    broker.connect();
                    broker.cut(Cut::all(OWNER));
                    broker.stop();
                }
            });
            let ended = end(submit(&broker, Kind::Heard));
            assert!(matches!(ended, Ok(()) | Err(CallError::Closed { .. })));
            other.join().unwrap();
            task.join().unwrap();
        });
    }
}

/// A request to a silent peer is cut off wherever the task has it. The connection is wanted before, so that it may
/// wait, be encoded or be written by then.
pub fn cut_off() {
    explore(4, || {
        let (broker, task) = broker(Peer::Silent);
        broker.connect();
        let told = submit(&broker, Kind::Plain);
        broker.cut(Cut::all(OWNER));
        assert!(matches!(end(told), Err(CallError::Closed { .. })));
        broker.stop();
        task.join().unwrap();
    });
}

/// The task is stopped between any two of its steps.
pub fn stopped_while_it_connects() {
    explore(5, || {
        let (broker, task) = broker(Peer::Silent);
        broker.connect();
        broker.stop();
        task.join().unwrap();
    });
}

/// One submits while another stops: the request is answered or refused, and the task ends.
pub fn stopped_during_a_submit() {
    ended_during_a_submit(Broker::stop, |end| matches!(end, Ok(()) | Err(CallError::Closed { .. })));
}

/// One submits while the task is retired: the request is answered or refused, and the task ends.
pub fn retired_during_a_submit() {
    ended_during_a_submit(Broker::retire, |end| matches!(end, Ok(()) | Err(CallError::Connect { .. })));
}

fn ended_during_a_submit(order: fn(&Broker), fits: fn(&Result<(), CallError>) -> bool) {
    explore(3, move || {
        let (broker, task) = broker(Peer::Answers);
        broker.connect();
        let sender = thread::spawn({
            let broker = Arc::clone(&broker);
            move || assert!(fits(&end(submit(&broker, Kind::Plain))))
        });
        order(&broker);
        sender.join().unwrap();
        task.join().unwrap();
    });
}

/// The peer cannot be reached: one request is refused, a patient one waits until it is cut off, another until the
/// stop.
pub fn ended_while_the_task_keeps_away() {
    explore(3, || {
        let (broker, task) = broker(Peer::Unreachable);
        assert!(matches!(end(submit(&broker, Kind::Plain)), Err(CallError::Connect { .. })));
        let cut = submit(&broker, Kind::Patient);
        broker.cut(Cut::all(OWNER));
        assert!(matches!(end(cut), Err(CallError::Closed { .. } | CallError::Connect { .. })));
        let stopped = submit(&broker, Kind::Patient);
        broker.stop();
        assert!(end(stopped).is_err());
        task.join().unwrap();
    });
}
