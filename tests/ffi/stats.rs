//! Statistics at the border: in every state, from every thread, with the names that C has.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use ::rocketmq_producer::ffi::*;
use rocketmq_mock::{Fault, Rule};
use serde_json::Value;

use crate::support::*;

const BROKER: i32 = -84;

/// A snapshot, or the status of the refusal.
fn stats(p: *const rocketmq_producer) -> Result<Value, i32> {
    let mut json: *mut c_char = ptr::dangling_mut();
    let status = status(|error| unsafe { rocketmq_producer_stats_json(p, &raw mut json, error) });
    if status != OK {
        assert!(json.is_null(), "text beside {status}");
        return Err(status);
    }
    let read = serde_json::from_str(text(json)).unwrap();
    unsafe { rocketmq_string_free(json) };
    Ok(read)
}

fn send(p: *mut rocketmq_producer, m: *const rocketmq_message) -> i32 {
    status(|error| unsafe { rocketmq_producer_send(p, m, ptr::null(), ptr::null_mut(), error) })
}

#[test]
fn a_snapshot_is_there_in_every_state_until_destroy() {
    let _others = with_others();
    let cluster = cluster();
    let producer = producer(&[("namesrv.addr", &cluster.namesrv())]);
    let (p, message) = (producer.object, message("Counted", b"12345"));
    let count = |path: &str| stats(p).unwrap().pointer(path).unwrap().as_u64().unwrap();
    assert_eq!(stats(p).unwrap()["state"], "created");
    assert_eq!(send(p, message.object), INVALID_STATE);
    call(|error| unsafe { rocketmq_producer_start(p, 5000, error) }).unwrap();
    assert_eq!(send(p, message.object), OK);
    cluster.fault(0, Rule::always(Fault::respond(14)).sends());
    assert_eq!(send(p, message.object), BROKER);
    assert_eq!(unsafe { rocketmq_message_set_body(message.object, ptr::null(), 0) }, OK);
    assert_eq!(send(p, message.object), EMPTY_BODY);

    let now = stats(p).unwrap();
    let refused = r#"[{"count":1,"status":"ROCKETMQ_ERR_INVALID_STATE"},{"count":1,"status":"ROCKETMQ_ERR_EMPTY_BODY"}]"#;
    assert_eq!(now["refused"]["by_status"].to_string(), refused);
    assert_eq!(
        now["sends"]["failed"]["by_status"].to_string(),
        r#"[{"count":1,"status":"ROCKETMQ_ERR_BROKER"}]"#
    );
    assert_eq!((count("/sends/ended"), count("/sends/stored/bytes"), count("/brokers_total")), (2, 5, 1));
    assert_eq!(shutdown(&producer), OK);
    assert_eq!((count("/sends/ended"), count("/sends/stored/bytes"), count("/brokers_total")), (2, 5, 0));
    assert_eq!(stats(p).unwrap()["sends"], now["sends"]);
    unsafe { rocketmq_producer_destroy(p) };
    assert_eq!(stats(p), Err(INVALID_HANDLE));
    assert_eq!(stats(ptr::null()), Err(INVALID_ARGUMENT));
}

/// Takes a snapshot of the producer that it is given, in which its own send is counted, and says so.
unsafe extern "C-unwind" fn look(
    result: *const rocketmq_send_result,
    _: *const rocketmq_error,
    user_data: *mut c_void,
) {
    assert!(!result.is_null());
    let (p, seen) = unsafe { &*user_data.cast::<(*mut rocketmq_producer, AtomicBool)>() };
    let stats = stats(*p).unwrap();
    seen.store(stats["sends"]["ended"] == 1 && stats["in_flight"]["sends"] == 0, Ordering::Release);
}

#[test]
fn a_callback_may_look_and_finds_its_own_send_counted() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let message = message("Counted", b"x");
    let seen = (producer.object, AtomicBool::new(false));
    let user_data = ptr::from_ref(&seen).cast_mut().cast();
    call(|error| unsafe {
        rocketmq_producer_send_async(
            producer.object,
            message.object,
            ptr::null(),
            Some(look),
            user_data,
            error,
        )
    })
    .unwrap();
    call(|error| unsafe { rocketmq_producer_flush(producer.object, 5000, error) }).unwrap();
    assert!(seen.1.load(Ordering::Acquire));
    assert_eq!(shutdown(&producer), OK);
}

struct Shared(*mut rocketmq_producer);

// What C's contract says: any thread may use it.
unsafe impl Sync for Shared {}

#[test]
fn snapshots_under_load_agree_and_no_counter_goes_back() {
    const SENDERS: usize = 3;
    const SENDS: usize = 3000;
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let shared = &Shared(producer.object);
    let over = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let lookers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(move || {
                    let (mut last, mut snapshots) = ([0; 6], 0);
                    while !over.load(Ordering::Acquire) {
                        let stats = stats({ shared }.0).unwrap();
                        let n = |path: &str| stats.pointer(path).unwrap().as_u64().unwrap();
                        let sum =
                            n("/sends/stored/sends") + n("/sends/written/sends") + n("/sends/failed/sends");
                        assert_eq!(n("/sends/ended"), sum);
                        assert_eq!(n("/sends/stored/sends"), n("/sends/stored/latency_us/count"));
                        let peer = |name: &str| {
                            let brokers = stats["brokers"].as_array().unwrap();
                            brokers.iter().map(|broker| broker[name].as_u64().unwrap()).sum::<u64>()
                        };
                        let now = [
                            n("/sends/ended"),
                            // None is refused here, so that what is accepted does not go back either.
                            n("/sends/ended") + n("/in_flight/sends"),
                            n("/sends/attempts"),
                            peer("frames_in"),
                            peer("frames_out"),
                            peer("bytes_out"),
                        ];
                        assert!(last.iter().zip(now).all(|(last, now)| *last <= now), "{last:?} {now:?}");
                        (last, snapshots) = (now, snapshots + 1);
                    }
                    snapshots
                })
            })
            .collect();
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                scope.spawn(move || {
                    let message = message("Counted", b"some bytes");
                    for _ in 0..SENDS {
                        let ends = rocketmq_producer_send_oneway;
                        let sent =
                            call(|error| unsafe { ends({ shared }.0, message.object, ptr::null(), error) });
                        assert_eq!(sent, Ok(()));
                        while unsafe { rocketmq_producer_in_flight({ shared }.0) } > 500 {
                            std::thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        call(|error| unsafe { rocketmq_producer_flush({ shared }.0, 10_000, error) }).unwrap();
        over.store(true, Ordering::Release);
        for looker in lookers {
            assert!(looker.join().unwrap() > 10);
        }
    });
    let end = stats(producer.object).unwrap();
    assert_eq!(
        (&end["sends"]["written"]["sends"], &end["in_flight"]["sends"]),
        (&(SENDERS * SENDS).into(), &0.into())
    );
    assert_eq!(shutdown(&producer), OK);
}
