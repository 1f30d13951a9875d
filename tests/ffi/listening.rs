//! A thread that sends one message after the other, with nobody beside it: it reads its answers itself, and whatever
//! comes instead of them is dealt with as ever.

use std::fs;
use std::path::Path;
use std::ptr;
use std::sync::RwLockWriteGuard;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ::rocketmq_producer::ffi::*;
use protocol::codes::response;
use protocol::command::Command;
use rocketmq_mock::{Cluster, Fault, Rule};

use crate::send::{send, send_async};
use crate::support::*;

/// Sends after which it must have come to that, on a machine however busy.
const SENDS_MAX: usize = 100_000;

/// A producer whose one thread sends.
struct Lone {
    producer: Owned<rocketmq_producer>,
    message: Owned<rocketmq_message>,
    cluster: Cluster,
    /// Of the process, before there was any.
    ears_before: usize,
    /// Descriptors are counted: nobody else may open any.
    _alone: RwLockWriteGuard<'static, ()>,
}

impl Lone {
    fn new() -> Self {
        let alone = alone();
        let cluster = cluster();
        let producer = running(&cluster);
        let message = message("Lone", b"x");
        send(&producer, &message, None).unwrap();
        Self { producer, message, cluster, ears_before: ears(), _alone: alone }
    }

    fn send(&self) -> Result<i32, Failure> {
        self.send_within(3000)
    }

    /// How many attempts it took.
    fn send_within(&self, timeout_ms: i64) -> Result<i32, Failure> {
        let options = owned(rocketmq_send_options_create(), rocketmq_send_options_destroy);
        assert_eq!(unsafe { rocketmq_send_options_set_timeout_ms(options.object, timeout_ms) }, OK);
        let result = send(&self.producer, &self.message, Some(&options))?;
        Ok(unsafe { rocketmq_send_result_attempts(result.object) })
    }

    /// Sends until the socket is left to this thread.
    fn until_listening(&self) {
        for sent in 0..SENDS_MAX {
            self.send().unwrap();
            // To look takes time, in which nothing is sent.
            if sent % 32 == 31 && ears() > self.ears_before {
                return;
            }
        }
        panic!("after {SENDS_MAX} sends the answers are still read elsewhere");
    }

    /// Sends once more, when this befalls it.
    fn meets(&self, fault: Fault) -> Result<i32, Failure> {
        self.until_listening();
        self.cluster.fault(0, Rule::once(fault).sends());
        self.send()
    }
}

/// Two pointers that another thread may use as well.
struct Shared(*mut rocketmq_producer, *mut rocketmq_message);

unsafe impl Send for Shared {}

impl Lone {
    /// Has another thread send, which waits for its answer; its status, and how long it took.
    fn send_elsewhere(&self) -> JoinHandle<(i32, Duration)> {
        let shared = Shared(self.producer.object, self.message.object);
        let sender = thread::spawn(move || {
            let Shared(producer, message) = { shared };
            let before = Instant::now();
            let send = |error| unsafe {
                rocketmq_producer_send(producer, message, ptr::null(), ptr::null_mut(), error)
            };
            (status(send), before.elapsed())
        });
        while unsafe { rocketmq_producer_in_flight(self.producer.object) } == 0 {
            thread::yield_now();
        }
        sender
    }
}

/// What a thread that reads by itself is woken by besides, in the whole process.
fn ears() -> usize {
    let places = fs::read_dir("/proc/self/fd").unwrap();
    let targets = places.filter_map(|place| fs::read_link(place.unwrap().path()).ok());
    targets.filter(|target| target == Path::new("anon_inode:[eventfd]")).count()
}

/// How often the library's worker thread went to sleep.
fn sleeps_of_the_worker() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let worker = tasks.filter(|task| {
        fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim_end().ends_with("-rt"))
    });
    let status = worker.map(|task| fs::read_to_string(task.join("status")).unwrap()).collect::<String>();
    let counts = status.lines().filter_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    counts.map(|count| count.trim().parse::<u64>().unwrap()).sum()
}

#[test]
fn who_sends_alone_reads_by_itself_until_it_stops_sending() {
    let lone = Lone::new();
    lone.until_listening();
    let (before, sends) = (sleeps_of_the_worker(), 4_000);
    for _ in 0..sends {
        assert_eq!(lone.send(), Ok(1));
    }
    let slept = sleeps_of_the_worker() - before;
    assert!(slept < sends / 2, "{slept} wake-ups for {sends} sends");
    assert!(before > 0, "there is no such thread");

    lone.until_listening();
    let until = Instant::now() + PATIENCE;
    while ears() > lone.ears_before {
        assert!(Instant::now() < until, "nobody watches the socket");
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(lone.send(), Ok(1));
    assert_eq!(shutdown(&lone.producer), OK);
}

#[test]
fn what_comes_instead_of_the_answer_leads_to_what_it_always_does() {
    let lone = Lone::new();
    let long = || {
        let mut answer = Command::response(response::SUCCESS, 0).with_remark("long".repeat(1000));
        for (name, value) in
            [("msgId", "7F00000100002A9F0000000000000000"), ("queueId", "1"), ("queueOffset", "7")]
        {
            answer = answer.with(name, value);
        }
        Fault::Answer { command: answer, store: true }
    };
    for _ in 0..3 {
        assert_eq!(lone.meets(Fault::Delay(Duration::from_millis(20))), Ok(1));
        assert_eq!(lone.meets(Fault::AnswerTwice), Ok(1));
        assert_eq!(lone.send(), Ok(1), "the other answer came first");
        assert_eq!(lone.meets(Fault::UnknownOpaqueFirst), Ok(1));
        assert_eq!(lone.meets(long()), Ok(1));
        assert_eq!(lone.meets(Fault::respond(response::FLUSH_DISK_TIMEOUT)), Ok(1), "it is stored");
        assert_eq!(lone.meets(Fault::respond(response::SYSTEM_ERROR)), Ok(2));
        assert_eq!(lone.meets(Fault::respond(response::SYSTEM_BUSY)), Ok(2));
        assert_eq!(lone.meets(Fault::Cut { store: true }), Ok(2));
        assert_eq!(lone.meets(Fault::CutInAnswer { bytes: 30 }), Ok(2));
        assert_eq!(lone.meets(Fault::Garbage(vec![0xff; 64].into())), Ok(2));
        let refused = lone.meets(Fault::respond(response::MESSAGE_ILLEGAL)).unwrap_err();
        assert_eq!((refused.broker_code, refused.attempts), (response::MESSAGE_ILLEGAL, 1));
    }
    assert_eq!(shutdown(&lone.producer), OK);
}

#[test]
fn an_answer_that_does_not_come_ends_the_send_in_time() {
    let lone = Lone::new();
    for _ in 0..3 {
        lone.until_listening();
        lone.cluster.fault(0, Rule::always(Fault::Freeze { store: false }).sends());
        let before = Instant::now();
        let late = lone.send_within(100).unwrap_err();
        assert_eq!((late.status, late.outcome), (TIMEOUT, rocketmq_outcome::ROCKETMQ_OUTCOME_UNKNOWN as i32));
        assert!(before.elapsed() >= Duration::from_millis(100));
        assert!(before.elapsed() < PATIENCE);
        lone.cluster.clear_faults(0);
    }
    assert_eq!(lone.send(), Ok(1));
    assert_eq!(shutdown(&lone.producer), OK);
}

#[test]
fn who_waits_long_leaves_the_socket_to_those_who_watch_it() {
    let lone = Lone::new();
    lone.until_listening();
    lone.cluster.fault(0, Rule::once(Fault::Delay(Duration::from_secs(2))).sends());
    let sender = lone.send_elsewhere();
    while ears() > lone.ears_before && !sender.is_finished() {
        thread::sleep(Duration::from_millis(1));
    }
    assert!(!sender.is_finished(), "nobody watches the socket for as long as the answer takes");
    assert_eq!(sender.join().unwrap().0, OK);
    assert_eq!(shutdown(&lone.producer), OK);
}

#[test]
fn a_broker_that_goes_between_two_sends_is_missed_by_none() {
    let lone = Lone::new();
    for _ in 0..3 {
        lone.until_listening();
        lone.cluster.set_broker(0, false).unwrap();
        let gone = lone.send_within(500).unwrap_err();
        assert!(gone.attempts > 0, "{gone:?}");
        lone.cluster.set_broker(0, true).unwrap();
        let until = Instant::now() + PATIENCE;
        while lone.send().is_err() {
            assert!(Instant::now() < until, "it is not found again");
        }
    }
    assert_eq!(shutdown(&lone.producer), OK);
}

#[test]
fn who_comes_beside_one_who_waits_for_his_answer_is_not_held_up() {
    let lone = Lone::new();
    let ends = Ends::new();
    let slow = Duration::from_secs(2);
    lone.until_listening();
    lone.cluster.fault(0, Rule::once(Fault::Delay(slow)).sends());
    let stored = lone.cluster.message_count("Lone");
    let sender = lone.send_elsewhere();
    assert!(lone.cluster.wait_for_messages("Lone", stored + 1, PATIENCE), "the slow one does not come first");
    let before = Instant::now();
    for _ in 0..10 {
        send_async(&lone.producer, &lone.message, &ends).unwrap();
        ends.next().unwrap();
    }
    let quick = before.elapsed();
    let (status, waited) = sender.join().unwrap();
    assert_eq!(status, OK);
    assert!(waited >= slow && quick < waited, "{quick:?} beside one that takes {waited:?}");
    assert_eq!(shutdown(&lone.producer), OK);
}

#[test]
fn who_waits_for_his_answer_is_purged_and_cut_off() {
    let lone = Lone::new();
    for end in [CANCELLED, CLOSED] {
        lone.until_listening();
        lone.cluster.fault(0, Rule::always(Fault::Freeze { store: false }).sends());
        let sender = lone.send_elsewhere();
        // It is about to wait, or waits.
        thread::sleep(Duration::from_millis(1));
        if end == CANCELLED {
            let in_flight = rocketmq_purge::ROCKETMQ_PURGE_IN_FLIGHT as u32;
            assert_eq!(unsafe { rocketmq_producer_purge(lone.producer.object, in_flight) }, OK);
        } else {
            unsafe { rocketmq_producer_destroy(lone.producer.object) };
        }
        let (status, waited) = sender.join().unwrap();
        assert_eq!(status, end);
        assert!(waited < Duration::from_secs(2), "{waited:?}");
        lone.cluster.clear_faults(0);
    }
}
