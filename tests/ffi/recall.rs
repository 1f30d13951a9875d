//! Messages that are taken back.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::mpsc::{Sender, channel};

use ::rocketmq_producer::ffi::*;
use protocol::codes::request;
use rocketmq_mock::{Fault, Rule};

use crate::send::send;
use crate::support::*;

/// The id, or how it failed; a failure leaves NULL behind (R2).
fn recall(
    producer: *mut rocketmq_producer,
    topic: &str,
    handle: &str,
    timeout_ms: i64,
) -> Result<String, Failure> {
    let (topic, handle) = (c(topic), c(handle));
    let mut id: *mut c_char = ptr::dangling_mut();
    call(|error| unsafe {
        rocketmq_producer_recall(producer, topic.as_ptr(), handle.as_ptr(), timeout_ms, &raw mut id, error)
    })
    .inspect_err(|_| assert!(id.is_null()))?;
    let copy = text(id).to_owned();
    unsafe { rocketmq_string_free(id) };
    Ok(copy)
}

fn timer(topic: &str) -> Owned<rocketmq_message> {
    let message = message(topic, b"later");
    assert_eq!(unsafe { rocketmq_message_set_delay_ms(message.object, 60_000) }, OK);
    message
}

#[test]
fn a_result_of_a_timer_has_the_handle_that_takes_it_back() {
    let _others = with_others();
    let cluster = cluster_that_recalls();
    let producer = running(&cluster);
    let plain = send(&producer, &message("TopicTest", b"now"), None).unwrap();
    assert_eq!(text(unsafe { rocketmq_send_result_recall_handle(plain.object) }), "");
    let kept = send(&producer, &timer("TopicTest"), None).unwrap();
    // A clone has it too.
    let clone = owned(unsafe { rocketmq_send_result_clone(kept.object) }, rocketmq_send_result_destroy);
    drop(kept);
    let handle = text(unsafe { rocketmq_send_result_recall_handle(clone.object) });
    let id = text(unsafe { rocketmq_send_result_message_id(clone.object) });
    assert!(!cluster.message("TopicTest", 1).unwrap().is_recalled());
    for timeout_ms in [3000, -1, -2] {
        assert_eq!(recall(producer.object, "TopicTest", handle, timeout_ms).as_deref(), Ok(id));
    }
    assert!(cluster.message("TopicTest", 1).unwrap().is_recalled());
    // The id is not always wanted.
    let (topic, wanted) = (c("TopicTest"), c(handle));
    let status = unsafe {
        rocketmq_producer_recall(
            producer.object,
            topic.as_ptr(),
            wanted.as_ptr(),
            3000,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    assert_eq!(status, OK);

    for (topic, handle, timeout_ms, status) in [
        ("TopicTest", "garbage", 3000, INVALID_ARGUMENT),
        ("TopicTest", "", 3000, INVALID_ARGUMENT),
        ("Other", handle, 3000, INVALID_ARGUMENT),
        ("no topic", handle, 3000, INVALID_TOPIC),
        ("TopicTest", handle, -3, INVALID_ARGUMENT),
        ("TopicTest", handle, 0, TIMEOUT),
    ] {
        let failure = recall(producer.object, topic, handle, timeout_ms).unwrap_err();
        assert_eq!(failure.status, status, "{failure:?}");
    }
    cluster.fault(0, Rule::once(Fault::respond(604)).code(request::RECALL_MESSAGE));
    let failure = recall(producer.object, "TopicTest", handle, 3000).unwrap_err();
    assert_eq!((failure.status, failure.broker_code, failure.outcome), (-84, 604, 2), "{failure:?}");
    assert_eq!((failure.remark.as_str(), failure.message_id.as_str()), ("scripted answer 604", id));
    assert_eq!(shutdown(&producer), OK);
    assert_eq!(recall(producer.object, "TopicTest", handle, 3000).unwrap_err().status, CLOSED);
}

struct FromCallback {
    producer: *mut rocketmq_producer,
    outcome: Sender<Result<String, Failure>>,
}

unsafe extern "C-unwind" fn recall_it(
    result: *const rocketmq_send_result,
    _: *const rocketmq_error,
    user_data: *mut c_void,
) {
    let context = unsafe { &*user_data.cast::<FromCallback>() };
    let handle = text(unsafe { rocketmq_send_result_recall_handle(result) });
    context.outcome.send(recall(context.producer, "TopicTest", handle, 5000)).unwrap();
}

#[test]
fn a_callback_may_take_back_what_it_is_told_of() {
    let _others = with_others();
    let cluster = cluster_that_recalls();
    let producer = running(&cluster);
    let (outcome, outcomes) = channel();
    let context = FromCallback { producer: producer.object, outcome };
    let message = timer("TopicTest");
    call(|error| unsafe {
        rocketmq_producer_send_async(
            producer.object,
            message.object,
            ptr::null(),
            Some(recall_it),
            ptr::from_ref(&context).cast_mut().cast(),
            error,
        )
    })
    .unwrap();
    let id = outcomes.recv_timeout(PATIENCE).unwrap().unwrap();
    let stored = cluster.message("TopicTest", 0).unwrap();
    assert_eq!((id.as_str(), stored.is_recalled()), (stored.unique_id.as_str(), true));
    assert_eq!(shutdown(&producer), OK);
}
