//! A producer's life, and its handle after that.

use std::ptr;
use std::time::{Duration, Instant};

use ::rocketmq_producer::ffi::*;
use rocketmq_mock::{Fault, Node, Rule};

use crate::support::*;

const CREATED: i32 = 0;
const RUNNING: i32 = 2;
const CLOSED_STATE: i32 = 4;

fn state(producer: &Owned<rocketmq_producer>) -> i32 {
    unsafe { rocketmq_producer_state(producer.object) }
}

/// The statuses of all calls that need a running producer.
fn calls(p: *mut rocketmq_producer) -> Vec<i32> {
    let message = message("TopicTest", b"x");
    let (m, topic, options) = (message.object, c"TopicTest".as_ptr(), ptr::null());
    let ends = Ends::new();
    let (mut list, mut result) = (ptr::dangling_mut(), ptr::dangling_mut());
    let found = unsafe {
        vec![
            status(|error| rocketmq_producer_send(p, m, options, &raw mut result, error)),
            status(|error| rocketmq_producer_send_oneway(p, m, options, error)),
            status(|error| {
                rocketmq_producer_send_async(p, m, options, Some(report), ends.user_data(), error)
            }),
            status(|error| {
                rocketmq_producer_update(p, c"namesrv.addr".as_ptr(), c"127.0.0.1:1".as_ptr(), error)
            }),
            status(|error| rocketmq_producer_prepare_topic(p, topic, 1000, error)),
            status(|error| rocketmq_producer_fetch_queues(p, topic, 1000, &raw mut list, error)),
            status(|error| rocketmq_producer_flush(p, 1000, error)),
            rocketmq_producer_purge(p, 3),
        ]
    };
    assert!(list.is_null() && result.is_null());
    assert!(ends.is_empty(), "a refused send has no callback");
    found
}

#[test]
fn a_producer_that_is_not_started_refuses_to_send() {
    let producer = producer(&[]);
    assert_eq!(state(&producer), CREATED);
    assert_eq!(text(unsafe { rocketmq_producer_client_id(producer.object) }), "");
    assert_eq!(unsafe { rocketmq_producer_in_flight(producer.object) }, 0);
    assert_eq!(unsafe { rocketmq_producer_connected(producer.object) }, 0);
    assert_eq!(calls(producer.object), [INVALID_STATE; 8]);
    assert_eq!(shutdown(&producer), OK, "before start it closes at once");
    assert_eq!(state(&producer), CLOSED_STATE);
}

#[test]
fn start_is_once_and_shutdown_is_for_good() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    assert_eq!(state(&producer), RUNNING);
    let start = || status(|error| unsafe { rocketmq_producer_start(producer.object, 1000, error) });
    assert_eq!(start(), INVALID_STATE);
    let id = unsafe { rocketmq_producer_client_id(producer.object) };
    assert!(!text(id).is_empty());
    assert_eq!(shutdown(&producer), OK);
    assert_eq!(state(&producer), CLOSED_STATE);
    assert_eq!(shutdown(&producer), OK, "again at once");
    assert_eq!(calls(producer.object), [CLOSED; 8]);
    assert_eq!(start(), CLOSED);
    assert_eq!(unsafe { rocketmq_producer_client_id(producer.object) }, id, "the same text");
}

#[test]
fn start_without_waiting_needs_no_name_server() {
    let _others = with_others();
    let producer = producer(&[]);
    let before = Instant::now();
    assert_eq!(status(|error| unsafe { rocketmq_producer_start(producer.object, 0, error) }), OK);
    assert!(before.elapsed() < Duration::from_millis(2000));
    assert_eq!(state(&producer), RUNNING);
    assert_eq!(shutdown(&producer), OK);
}

#[test]
fn a_failed_start_can_be_repeated() {
    let _others = with_others();
    let cluster = cluster();
    cluster.set_namesrv(false).unwrap();
    let producer = producer(&[("namesrv.addr", &cluster.namesrv())]);
    let start = |limit| call(|error| unsafe { rocketmq_producer_start(producer.object, limit, error) });
    let failure = start(300).unwrap_err();
    assert!([-60, -26, -61].contains(&failure.status), "{failure:?}");
    assert_eq!(state(&producer), CREATED);
    cluster.set_namesrv(true).unwrap();
    start(5000).unwrap();
    assert_eq!(state(&producer), RUNNING);
    assert_eq!(shutdown(&producer), OK);
}

#[test]
fn a_destroyed_producer_is_noticed() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let id = unsafe { rocketmq_producer_client_id(producer.object) };
    let name = text(id).to_owned();
    unsafe { rocketmq_producer_destroy(producer.object) };
    assert_eq!(calls(producer.object), [INVALID_HANDLE; 8]);
    assert_eq!(shutdown(&producer), INVALID_HANDLE);
    unsafe {
        assert_eq!(status(|error| rocketmq_producer_start(producer.object, 0, error)), INVALID_HANDLE);
        assert_eq!(rocketmq_producer_state(producer.object), -1);
        assert_eq!(rocketmq_producer_in_flight(producer.object), 0);
        assert_eq!(rocketmq_producer_connected(producer.object), -1);
        assert_eq!(text(rocketmq_producer_client_id(producer.object)), "");
        rocketmq_producer_destroy(producer.object);
    }
    assert_eq!(text(id), name, "text that was given out stays good");
}

#[test]
fn a_destroyed_producer_is_noticed_while_a_call_still_uses_it() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    cluster.fault(Node::NameServer, Rule::always(Fault::Freeze { store: false }).topic("Asked"));
    let p = producer.object.expose_provenance();
    let asking = std::thread::spawn(move || {
        let mut list = ptr::null_mut();
        status(|error| unsafe {
            let p = ptr::with_exposed_provenance_mut(p);
            rocketmq_producer_fetch_queues(p, c"Asked".as_ptr(), 1000, &raw mut list, error)
        })
    });
    assert!(cluster.wait_for_events(PATIENCE, |events| {
        events.iter().any(|event| format!("{event:?}").contains("Asked"))
    }));
    unsafe { rocketmq_producer_destroy(producer.object) };
    assert_eq!(state(&producer), -1);
    assert_eq!(calls(producer.object), [INVALID_HANDLE; 8]);
    assert_ne!(asking.join().unwrap(), OK);
}

#[test]
fn another_object_is_not_taken_for_a_producer() {
    let stranger = Box::new([7_u64; 32]);
    let p = ptr::from_ref(&*stranger).cast_mut().cast();
    assert_eq!(status(|error| unsafe { rocketmq_producer_shutdown(p, 0, error) }), INVALID_HANDLE);
    unsafe { rocketmq_producer_destroy(p) };
}

#[test]
fn queues_are_listed_in_order() {
    let _others = with_others();
    let cluster = cluster();
    cluster.add_topic("Listed", 3);
    let producer = running(&cluster);
    let mut list = ptr::null_mut();
    call(|error| unsafe {
        rocketmq_producer_fetch_queues(producer.object, c"Listed".as_ptr(), 3000, &raw mut list, error)
    })
    .unwrap();
    let list = owned(list, rocketmq_queue_list_destroy);
    unsafe {
        assert_eq!(rocketmq_queue_list_size(list.object), 3);
        for index in 0..3 {
            assert_eq!(text(rocketmq_queue_list_broker(list.object, index)), cluster.broker_name(0));
            assert_eq!(rocketmq_queue_list_queue_id(list.object, index), i32::try_from(index).unwrap());
        }
        assert_eq!(text(rocketmq_queue_list_broker(list.object, 3)), "");
        assert_eq!(rocketmq_queue_list_queue_id(list.object, usize::MAX), -1);
    }
    assert_eq!(shutdown(&producer), OK);
}

#[test]
fn a_global_shutdown_ends_every_producer_and_the_library_starts_again() {
    let _alone = alone();
    let cluster = cluster();
    let (first, second) = (running(&cluster), running(&cluster));
    let created = producer(&[]);
    let worker_threads = || {
        status(|error| unsafe {
            rocketmq_global_set(c"runtime.worker.threads".as_ptr(), c"1".as_ptr(), error)
        })
    };
    assert_eq!(worker_threads(), INVALID_STATE, "too late while the runtime runs");
    assert_eq!(status(|error| unsafe { rocketmq_global_shutdown(5000, error) }), OK);
    for producer in [&first, &second, &created] {
        assert_eq!(state(producer), CLOSED_STATE);
        assert_eq!(calls(producer.object), [CLOSED; 8]);
    }
    assert_eq!(worker_threads(), OK, "as freshly loaded");
    assert_eq!(status(|error| unsafe { rocketmq_global_shutdown(0, error) }), OK, "nothing left");
    let third = running(&cluster);
    let message = message("TopicTest", b"x");
    let sent = status(|error| unsafe {
        rocketmq_producer_send(third.object, message.object, ptr::null(), ptr::null_mut(), error)
    });
    assert_eq!(sent, OK);
    assert_eq!(shutdown(&third), OK);
}

#[test]
fn a_global_shutdown_waits_for_what_destroyed_producers_still_owe() {
    let _alone = alone();
    let cluster = cluster();
    let producer = running(&cluster);
    cluster.fault(Node::Broker(0), Rule::always(Fault::Freeze { store: false }).sends());
    let ends = Ends::new();
    let message = message("Frozen", b"x");
    for _ in 0..10 {
        call(|error| unsafe {
            let (p, m) = (producer.object, message.object);
            rocketmq_producer_send_async(p, m, ptr::null(), Some(report), ends.user_data(), error)
        })
        .unwrap();
    }
    unsafe { rocketmq_producer_destroy(producer.object) };
    assert_eq!(status(|error| unsafe { rocketmq_global_shutdown(5000, error) }), OK);
    for _ in 0..10 {
        assert_eq!(ends.try_next().expect("a callback is missing").unwrap_err().status, CLOSED);
    }
    assert!(ends.is_empty());
}

#[test]
fn a_producer_may_be_destroyed_while_others_use_it() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let message = message("Raced", b"x");
    let (p, m) = (producer.object.expose_provenance(), message.object.expose_provenance());
    let users: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                let p = ptr::with_exposed_provenance_mut(p);
                let m = ptr::with_exposed_provenance(m);
                loop {
                    let sent = status(|error| unsafe {
                        rocketmq_producer_send(p, m, ptr::null(), ptr::null_mut(), error)
                    });
                    match sent {
                        OK | CLOSED => {}
                        end => return end,
                    }
                }
            })
        })
        .collect();
    assert!(cluster.wait_for_messages("Raced", 100, PATIENCE));
    unsafe { rocketmq_producer_destroy(producer.object) };
    for user in users {
        assert_eq!(user.join().unwrap(), INVALID_HANDLE);
    }
}
