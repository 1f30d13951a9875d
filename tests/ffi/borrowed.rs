//! Bodies that are lent, and when they come back.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use ::rocketmq_producer::ffi::*;
use rocketmq_mock::{Fault, Node, Rule};

use crate::send::{send, send_async};
use crate::support::*;

/// A body that was lent: how often it came back, and whether on the thread that sends.
struct Lent {
    bytes: Vec<u8>,
    released: AtomicUsize,
    sender: ThreadId,
    on_sender: AtomicUsize,
}

impl Lent {
    fn new(bytes: Vec<u8>) -> Box<Self> {
        let (released, on_sender) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Box::new(Self { bytes, released, sender: thread::current().id(), on_sender })
    }

    fn lend(&self, message: &Owned<rocketmq_message>) -> i32 {
        let (data, len) = (self.bytes.as_ptr().cast(), self.bytes.len());
        let this = ptr::from_ref(self).cast_mut().cast();
        unsafe { rocketmq_message_set_body_borrowed(message.object, data, len, Some(release), this) }
    }

    fn released(&self) -> usize {
        self.released.load(Ordering::SeqCst)
    }

    fn wait(&self) {
        let until = Instant::now() + PATIENCE;
        while self.released() == 0 && Instant::now() < until {
            thread::yield_now();
        }
        assert_eq!(self.released(), 1);
    }
}

unsafe extern "C-unwind" fn release(user_data: *mut c_void) {
    let lent = unsafe { &*user_data.cast::<Lent>() };
    if thread::current().id() == lent.sender {
        lent.on_sender.fetch_add(1, Ordering::SeqCst);
    }
    lent.released.fetch_add(1, Ordering::SeqCst);
}

fn body(message: &Owned<rocketmq_message>) -> (*const u8, usize) {
    let mut len = 0;
    let body = unsafe { rocketmq_message_body(message.object, &raw mut len) };
    (body.cast(), len)
}

#[test]
fn a_lent_body_is_not_copied_and_comes_back_once_after_its_last_holder() {
    for size in [1, 100, 100_000] {
        let (one, two, three) =
            (Lent::new(vec![1; size]), Lent::new(vec![2; size]), Lent::new(vec![3; size]));
        let message = message("T", b"before");
        assert_eq!(one.lend(&message), OK);
        assert_eq!(body(&message), (one.bytes.as_ptr(), size));
        let clone = owned(unsafe { rocketmq_message_clone(message.object) }, rocketmq_message_destroy);
        assert_eq!(body(&clone), (one.bytes.as_ptr(), size));
        // Replaced, but the clone has it still.
        assert_eq!(two.lend(&message), OK);
        assert_eq!((one.released(), two.released()), (0, 0));
        drop(clone);
        assert_eq!((one.released(), two.released()), (1, 0));
        assert_eq!(unsafe { rocketmq_message_set_body(message.object, b"x".as_ptr().cast(), 1) }, OK);
        assert_eq!(two.released(), 1);
        assert_eq!(three.lend(&message), OK);
        assert_eq!(unsafe { rocketmq_message_append_body(message.object, b"more".as_ptr().cast(), 4) }, OK);
        assert_eq!((body(&message).1, three.released()), (size + 4, 1));
        assert_ne!(body(&message).0, three.bytes.as_ptr());
        assert!(three.bytes.iter().all(|byte| *byte == 3));
        drop(message);
        assert_eq!([one.released(), two.released(), three.released()], [1, 1, 1]);
    }
}

#[test]
fn what_was_not_taken_does_not_come_back() {
    let lent = Lent::new(vec![1; 10]);
    let this = ptr::from_ref(&*lent).cast_mut().cast();
    let data = lent.bytes.as_ptr().cast();
    let message = message("T", b"before");
    let lend = |message, data, len| unsafe {
        rocketmq_message_set_body_borrowed(message, data, len, Some(release), this)
    };
    assert_eq!(lend(ptr::null_mut(), data, 10), INVALID_ARGUMENT);
    assert_eq!(lend(message.object, ptr::null(), 10), INVALID_ARGUMENT);
    assert_eq!(lend(message.object, data, usize::MAX), SYSTEM);
    assert_eq!((body(&message).1, lent.released()), (6, 0));
    // Nothing is lent too, and comes back.
    assert_eq!(lend(message.object, ptr::null(), 0), OK);
    assert_eq!((body(&message), lent.released()), ((ptr::null(), 0), 0));
    drop(message);
    assert_eq!(lent.released(), 1);
}

#[test]
fn a_static_body_is_sent_and_nothing_comes_back() {
    static BYTES: [u8; 100] = [7; 100];
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let message = message("Static", b"");
    let lent = unsafe {
        rocketmq_message_set_body_borrowed(
            message.object,
            BYTES.as_ptr().cast(),
            BYTES.len(),
            None,
            ptr::dangling_mut(),
        )
    };
    assert_eq!(lent, OK);
    send(&producer, &message, None).unwrap();
    drop(message);
    assert_eq!(shutdown(&producer), OK);
    assert_eq!(&cluster.message("Static", 0).unwrap().body[..], BYTES);
}

#[test]
fn a_lent_body_comes_back_after_the_send_and_never_inside_one() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let mut chance = fastrand::Rng::with_seed(1);
    let mut sent = 0;
    for size in [10, 100_000] {
        let lent = Lent::new((0..size).map(|_| chance.u8(..)).collect());
        let ends = Ends::new();
        cluster.clear_faults(Node::Broker(0));
        cluster.fault(Node::Broker(0), Rule::once(Fault::Delay(Duration::from_millis(200))).sends());
        let message = message("Lent", b"");
        assert_eq!(lent.lend(&message), OK);
        send_async(&producer, &message, &ends).unwrap();
        drop(message);
        assert_eq!(lent.released(), 0, "the send has it still");
        ends.next().unwrap();
        lent.wait();
        assert_eq!(lent.on_sender.load(Ordering::SeqCst), 0);
        // Synchronous, one-way, and refused.
        let lent = Lent::new(vec![9; size]);
        let message = crate::support::message("Lent", b"");
        assert_eq!(lent.lend(&message), OK);
        for _ in 0..3 {
            send(&producer, &message, None).unwrap();
            let oneway = |error| unsafe {
                rocketmq_producer_send_oneway(producer.object, message.object, ptr::null(), error)
            };
            call(oneway).unwrap();
        }
        assert_eq!(unsafe { rocketmq_producer_flush(producer.object, 5000, ptr::null_mut()) }, OK);
        assert_eq!(lent.released(), 0);
        drop(message);
        lent.wait();
        sent += 7;
        assert!(cluster.wait_for_messages("Lent", sent, PATIENCE));
        let stored = cluster.messages("Lent");
        let same = stored.iter().filter(|stored| stored.unpacked_body() == Some(&lent.bytes[..]));
        assert_eq!(same.count(), 6);
    }
    // One that is still open when the producer ends.
    let lent = Lent::new(vec![1; 100_000]);
    let ends = Ends::new();
    cluster.fault(Node::Broker(0), Rule::always(Fault::Freeze { store: false }));
    let message = message("Lent", b"");
    assert_eq!(lent.lend(&message), OK);
    send_async(&producer, &message, &ends).unwrap();
    drop(message);
    drop(producer);
    assert_eq!(ends.next().unwrap_err().status, CLOSED);
    lent.wait();
}
