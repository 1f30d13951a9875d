//! Sends, their results, and their callbacks.

use std::ffi::{CStr, c_void};
use std::fs;
use std::process::Command;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use ::rocketmq_producer::ffi::*;
use rocketmq_mock::{Fault, Node, Rule};

use crate::support::*;

type SendResult = Owned<rocketmq_send_result>;

pub(crate) fn send(
    producer: &Owned<rocketmq_producer>,
    message: &Owned<rocketmq_message>,
    options: Option<&Owned<rocketmq_send_options>>,
) -> Result<SendResult, Failure> {
    let options = options.map_or(ptr::null(), |options| options.object.cast_const());
    let mut result = ptr::dangling_mut();
    call(|error| unsafe {
        rocketmq_producer_send(producer.object, message.object, options, &raw mut result, error)
    })
    .inspect_err(|_| assert!(result.is_null()))?;
    Ok(owned(result, rocketmq_send_result_destroy))
}

pub(crate) fn send_async(
    producer: &Owned<rocketmq_producer>,
    message: &Owned<rocketmq_message>,
    ends: &Ends,
) -> Result<(), Failure> {
    call(|error| unsafe {
        rocketmq_producer_send_async(
            producer.object,
            message.object,
            ptr::null(),
            Some(report),
            ends.user_data(),
            error,
        )
    })
}

#[test]
fn a_result_says_where_the_message_is() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let message = message("TopicTest", b"hello");
    unsafe { rocketmq_message_set_tags(message.object, c"TagA".as_ptr()) };
    let result = send(&producer, &message, None).unwrap();
    let clone = owned(unsafe { rocketmq_send_result_clone(result.object) }, rocketmq_send_result_destroy);
    drop(result);
    let stored = cluster.message("TopicTest", 0).unwrap();
    assert_eq!((&stored.body[..], stored.tags.as_str()), (&b"hello"[..], "TagA"));
    let r = clone.object;
    unsafe {
        assert_eq!(rocketmq_send_result_status(r), 0);
        assert_eq!(text(rocketmq_send_result_message_id(r)), stored.unique_id);
        assert_eq!(rocketmq_send_result_count(r), 1);
        assert_eq!(text(rocketmq_send_result_message_id_at(r, 0)), stored.unique_id);
        assert_eq!(text(rocketmq_send_result_message_id_at(r, 1)), "");
        assert_eq!(text(rocketmq_send_result_offset_id(r)), stored.offset_id);
        assert_eq!(text(rocketmq_send_result_topic(r)), "TopicTest");
        assert_eq!(text(rocketmq_send_result_broker(r)), stored.broker_name);
        assert_eq!(rocketmq_send_result_queue_id(r), stored.queue_id);
        assert_eq!(rocketmq_send_result_queue_offset(r), stored.queue_offset);
        assert!(!rocketmq_send_result_transaction_id(r).is_null());
        assert_eq!(rocketmq_send_result_attempts(r), 1);
        let latency = rocketmq_send_result_latency_us(r);
        assert!((1..5_000_000).contains(&latency), "{latency}");
    }
    assert_eq!(shutdown(&producer), OK);
}

#[test]
fn a_stored_message_with_another_status_is_a_result() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    for (code, expected) in [(10, 1), (12, 2), (11, 3)] {
        cluster.fault(Node::Broker(0), Rule::once(Fault::respond(code)).sends());
        let result = send(&producer, &message("TopicTest", b"x"), None).unwrap();
        assert_eq!(unsafe { rocketmq_send_result_status(result.object) }, expected, "code {code}");
    }
    assert_eq!(shutdown(&producer), OK);
}

#[test]
fn options_choose_the_queue_and_the_number_of_tries() {
    let _others = with_others();
    let cluster = cluster();
    cluster.add_topic("Chosen", 4);
    let producer = running(&cluster);
    let options = owned(rocketmq_send_options_create(), rocketmq_send_options_destroy);
    let broker = c(&cluster.broker_name(0));
    unsafe {
        assert_eq!(rocketmq_send_options_set_queue(options.object, broker.as_ptr(), 2), OK);
        assert_eq!(rocketmq_send_options_set_flags(options.object, 2), OK);
    }
    for _ in 0..3 {
        let result = send(&producer, &message("Chosen", b"x"), Some(&options)).unwrap();
        assert_eq!(unsafe { rocketmq_send_result_queue_id(result.object) }, 2);
    }
    cluster.fault(Node::Broker(0), Rule::always(Fault::respond(2)).sends());
    let failure = send(&producer, &message("Chosen", b"x"), Some(&options)).err().unwrap();
    assert_eq!(failure.attempts, 1, "{failure:?}");
    assert_eq!(shutdown(&producer), OK);
}

/// What a selector of C is lent: its choice, how often it was asked, and how often it was given back.
#[derive(Default)]
struct Choice {
    index: AtomicI32,
    asked: AtomicI32,
    released: AtomicI32,
}

unsafe extern "C-unwind" fn choose(
    queues: *const rocketmq_queue_list,
    message: *const rocketmq_message,
    user_data: *mut c_void,
) -> i32 {
    let choice = unsafe { &*user_data.cast::<Choice>() };
    choice.asked.fetch_add(1, Ordering::Relaxed);
    assert_eq!(unsafe { rocketmq_queue_list_size(queues) }, 4);
    assert_eq!(unsafe { CStr::from_ptr(rocketmq_message_topic(message)) }, c"Chosen");
    choice.index.load(Ordering::Relaxed)
}

unsafe extern "C-unwind" fn take_back(user_data: *mut c_void) {
    let choice = unsafe { &*user_data.cast::<Choice>() };
    choice.released.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn a_selector_of_c_is_asked_once_for_each_send_and_goes_back_once() {
    let _others = with_others();
    let cluster = cluster();
    cluster.add_topic("Chosen", 4);
    let producer = running(&cluster);
    let choice = Choice::default();
    let lent = (&raw const choice).cast_mut().cast::<c_void>();
    let options = owned(rocketmq_send_options_create(), rocketmq_send_options_destroy);
    let set =
        |select| unsafe { rocketmq_send_options_set_selector(options.object, select, lent, Some(take_back)) };
    assert_eq!(set(Some(choose)), OK);
    for index in [3, 0, 2] {
        choice.index.store(index, Ordering::Relaxed);
        let result = send(&producer, &message("Chosen", b"x"), Some(&options)).unwrap();
        assert_eq!(unsafe { rocketmq_send_result_queue_id(result.object) }, index);
    }
    for index in [-1, 4, 99, i32::MIN] {
        choice.index.store(index, Ordering::Relaxed);
        let failure = send(&producer, &message("Chosen", b"x"), Some(&options)).err().unwrap();
        assert_eq!((failure.status, failure.outcome), (-12, 1), "CALLBACK, NOT_SENT: {failure:?}");
    }
    let counts = || (choice.asked.load(Ordering::Relaxed), choice.released.load(Ordering::Relaxed));
    assert_eq!(counts(), (7, 0));
    assert_eq!((set(Some(choose)), counts()), (OK, (7, 1)), "replaced");
    assert_eq!((set(None), counts()), (OK, (7, 3)), "removed, and what nobody would use");
    assert_eq!(set(Some(choose)), OK);
    assert_eq!(shutdown(&producer), OK);
    drop(options);
    assert_eq!(counts(), (7, 4));
}

#[test]
fn a_refusal_tells_what_the_broker_said() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    cluster.fault(Node::Broker(0), Rule::always(Fault::respond(13)).sends());
    let failure = send(&producer, &message("TopicTest", b"x"), None).err().unwrap();
    assert_eq!(failure.broker_code, 13);
    assert_eq!(failure.remark, "scripted answer 13");
    assert_eq!(failure.outcome, 2, "REJECTED");
    assert_eq!(failure.attempts, 1);
    assert_eq!(failure.message_id.len(), 32);
    let broker = format!("{}@{}", cluster.broker_name(0), cluster.broker_address(0));
    assert_eq!(failure.broker, broker);
    assert_eq!(shutdown(&producer), OK);
}

#[test]
fn a_message_without_body_is_refused_in_every_form() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let empty = message("TopicTest", b"");
    let ends = Ends::new();
    assert_eq!(send(&producer, &empty, None).err().unwrap().status, EMPTY_BODY);
    assert_eq!(send_async(&producer, &empty, &ends).unwrap_err().status, EMPTY_BODY);
    let oneway = status(|error| unsafe {
        rocketmq_producer_send_oneway(producer.object, empty.object, ptr::null(), error)
    });
    assert_eq!(oneway, EMPTY_BODY);
    assert_eq!(shutdown(&producer), OK);
    assert!(ends.is_empty(), "a refused send has no callback");
}

#[test]
fn each_accepted_send_has_one_callback_and_the_message_may_go() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let ends = Ends::new();
    for number in 0..100 {
        let message = message("Async", format!("body {number}").as_bytes());
        send_async(&producer, &message, &ends).unwrap();
    }
    let mut ids: Vec<_> = (0..100).map(|_| ends.next().unwrap()).collect();
    assert_eq!(shutdown(&producer), OK);
    assert!(ends.is_empty());
    let mut stored: Vec<_> =
        cluster.messages("Async").iter().map(|message| message.unique_id.clone()).collect();
    ids.sort();
    stored.sort();
    assert_eq!(ids, stored);
}

#[test]
fn a_oneway_message_arrives() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let message = message("Oneway", b"x");
    let sent = call(|error| unsafe {
        rocketmq_producer_send_oneway(producer.object, message.object, ptr::null(), error)
    });
    assert_eq!(sent, Ok(()));
    assert!(cluster.wait_for_messages("Oneway", 1, PATIENCE));
    assert!(cluster.message("Oneway", 0).unwrap().oneway);
    assert_eq!(shutdown(&producer), OK);
}

#[test]
fn destroy_does_not_wait_and_open_sends_end() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    cluster.fault(Node::Broker(0), Rule::always(Fault::Freeze { store: false }).sends());
    let ends = Ends::new();
    for _ in 0..10 {
        send_async(&producer, &message("Frozen", b"x"), &ends).unwrap();
    }
    let before = std::time::Instant::now();
    unsafe { rocketmq_producer_destroy(producer.object) };
    assert!(before.elapsed() < Duration::from_millis(2000), "destroy waited");
    for _ in 0..10 {
        assert_eq!(ends.next().unwrap_err().status, CLOSED);
    }
    assert!(ends.is_empty());
}

#[test]
fn shutdown_cuts_off_at_its_limit_and_callbacks_are_over_then() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    cluster.fault(Node::Broker(0), Rule::always(Fault::Freeze { store: false }).sends());
    let ends = Ends::new();
    for _ in 0..10 {
        send_async(&producer, &message("Frozen", b"x"), &ends).unwrap();
    }
    let shutdown =
        |limit| status(|error| unsafe { rocketmq_producer_shutdown(producer.object, limit, error) });
    let before = std::time::Instant::now();
    let end = shutdown(200);
    assert!(before.elapsed() < Duration::from_millis(2000), "the limit does not hold");
    // On a busy machine the callbacks may need longer than the moment that the first call leaves them.
    match end {
        TIMEOUT => assert!([OK, CLOSED].contains(&shutdown(5000))),
        end => assert_eq!(end, CLOSED, "some were cut off"),
    }
    for _ in 0..10 {
        assert_eq!(ends.try_next().expect("a callback is missing").unwrap_err().status, CLOSED);
    }
    assert!(ends.is_empty());
    assert_eq!(unsafe { rocketmq_producer_in_flight(producer.object) }, 0);
}

#[test]
fn flush_waits_for_callbacks_and_purge_ends_what_is_under_way() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let p = producer.object;
    let flush = |limit| status(|error| unsafe { rocketmq_producer_flush(p, limit, error) });
    let ends = Ends::new();
    let message = message("TopicTest", b"x");
    for _ in 0..100 {
        send_async(&producer, &message, &ends).unwrap();
    }
    assert_eq!(flush(10_000), OK);
    for _ in 0..100 {
        assert!(ends.try_next().is_some_and(|end| end.is_ok()), "its callback has returned");
    }
    assert_eq!(unsafe { rocketmq_producer_connected(p) }, 1);
    cluster.fault(0, Rule::always(Fault::Freeze { store: false }).sends());
    send_async(&producer, &message, &ends).unwrap();
    assert_eq!((flush(0), flush(50), flush(-3)), (TIMEOUT, TIMEOUT, INVALID_ARGUMENT));
    for what in [0, 4, 7, u32::MAX] {
        assert_eq!(unsafe { rocketmq_producer_purge(p, what) }, INVALID_ARGUMENT);
    }
    assert_eq!(unsafe { rocketmq_producer_purge(p, 1) }, OK, "nothing waits");
    assert!(ends.is_empty());
    assert_eq!(unsafe { rocketmq_producer_purge(p, 2) }, OK);
    assert_eq!(flush(10_000), OK);
    let failure = ends.next().unwrap_err();
    assert_eq!((failure.status, failure.outcome), (CANCELLED, 0));
    assert_eq!(shutdown(&producer), OK);
}

/// What a callback that calls back in saw.
struct Inside {
    producer: *mut rocketmq_producer,
    seen: Sender<[i32; 5]>,
}

unsafe extern "C-unwind" fn call_back_in(
    result: *const rocketmq_send_result,
    _error: *const rocketmq_error,
    user_data: *mut c_void,
) {
    assert!(!result.is_null());
    let inside = unsafe { Box::from_raw(user_data.cast::<Inside>()) };
    let message = message("Inside", b"x");
    let seen = unsafe {
        [
            status(|error| rocketmq_producer_shutdown(inside.producer, 1000, error)),
            status(|error| rocketmq_global_shutdown(1000, error)),
            status(|error| rocketmq_producer_flush(inside.producer, 1000, error)),
            rocketmq_producer_purge(inside.producer, 3),
            status(|error| {
                let p = inside.producer;
                rocketmq_producer_send(p, message.object, ptr::null(), ptr::null_mut(), error)
            }),
        ]
    };
    inside.seen.send(seen).unwrap();
}

#[test]
fn a_callback_may_send_but_not_wait_for_callbacks() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let (sender, seen) = channel();
    let inside = Box::into_raw(Box::new(Inside { producer: producer.object, seen: sender }));
    let message = message("TopicTest", b"x");
    call(|error| unsafe {
        let p = producer.object;
        rocketmq_producer_send_async(p, message.object, ptr::null(), Some(call_back_in), inside.cast(), error)
    })
    .unwrap();
    assert_eq!(seen.recv_timeout(PATIENCE), Ok([WOULD_DEADLOCK, WOULD_DEADLOCK, WOULD_DEADLOCK, OK, OK]));
    assert_eq!(shutdown(&producer), OK);
}

/// A C++ program whose callback throws.
const THROWING: &str = r#"
#include <rocketmq_producer.h>
#include <stdexcept>
#include <unistd.h>

static void throwing(const rocketmq_send_result *, const rocketmq_error *, void *) {
  throw std::runtime_error("out of a callback");
}

int main(int, char **argv) {
  rocketmq_config *config = rocketmq_config_create();
  rocketmq_producer *producer = 0;
  rocketmq_message *message = 0;
  if (rocketmq_config_set(config, "producer.group", "tests", 0)
      || rocketmq_config_set(config, "namesrv.addr", argv[1], 0)
      || rocketmq_producer_create(config, &producer, 0) || rocketmq_producer_start(producer, 5000, 0)
      || rocketmq_message_create("TopicTest", &message) || rocketmq_message_set_body(message, "x", 1)
      || rocketmq_producer_send_async(producer, message, 0, throwing, 0, 0))
    return 1;
  sleep(10);
  return 2;
}
"#;

#[test]
fn an_exception_out_of_a_callback_ends_the_process_with_a_word() {
    let cluster = cluster();
    let folder = folder("throwing");
    let (source, program) = (folder.join("throwing.cpp"), folder.join("throwing"));
    fs::write(&source, THROWING).unwrap();
    let library = library();
    let mut compiler = Command::new("c++");
    compiler.args(["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
    compiler.arg(root().join("include")).arg("-o").arg(&program).arg(&source).arg(&library);
    run(&mut compiler).unwrap();
    let mut command = Command::new(&program);
    command.arg(cluster.namesrv()).env("LD_LIBRARY_PATH", library.parent().unwrap());
    let said = run(&mut command).unwrap_err();
    assert!(said.contains("signal: 6"), "{said}");
    assert!(said.contains("rocketmq-producer: an exception left a callback"), "{said}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_client_id_is_known_to_the_broker() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    send(&producer, &message("TopicTest", b"x"), None).unwrap();
    let id = unsafe { CStr::from_ptr(rocketmq_producer_client_id(producer.object)) }.to_str().unwrap();
    assert!(
        cluster.wait_for_events(PATIENCE, |_| true)
            && cluster.heart_beats(Node::Broker(0)).iter().all(|beat| beat.client_id == id)
    );
    assert_eq!(shutdown(&producer), OK);
}

#[test]
fn sends_of_one_thread_keep_their_order_while_their_topic_is_looked_up() {
    const TOPICS: usize = 40;
    const EACH: usize = 400;
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let ends = Ends::new();
    for topic in (0..TOPICS).map(|topic| format!("Order{topic}")) {
        cluster.add_topic(&topic, 1);
        for number in 0..EACH {
            send_async(&producer, &message(&topic, number.to_string().as_bytes()), &ends).unwrap();
        }
        (0..EACH).for_each(|_| drop(ends.next().unwrap()));
        let stored: Vec<_> = cluster.messages(&topic).iter().map(|stored| stored.body.clone()).collect();
        let late = (0..EACH).find(|number| stored[*number] != number.to_string());
        assert_eq!(late, None, "{topic}: the message that was overtaken");
    }
    assert_eq!(shutdown(&producer), OK);
}
