//! Batches through C: arrays of messages, one result, one callback.

use std::ptr;

use ::rocketmq_producer::ffi::*;
use rocketmq_mock::{Fault, Node, Rule};

use crate::support::*;

type Messages = Vec<Owned<rocketmq_message>>;

fn pointers(messages: &Messages) -> Vec<*mut rocketmq_message> {
    messages.iter().map(|message| message.object).collect()
}

fn numbered(count: usize) -> Messages {
    (0..count).map(|number| message("TopicTest", format!("body {number}").as_bytes())).collect()
}

fn send_batch(
    producer: &Owned<rocketmq_producer>,
    messages: &[*mut rocketmq_message],
) -> Result<Owned<rocketmq_send_result>, Failure> {
    let mut result = ptr::dangling_mut();
    call(|error| unsafe {
        let (messages, count) = (messages.as_ptr(), messages.len());
        rocketmq_producer_send_batch(producer.object, messages, count, ptr::null(), &raw mut result, error)
    })
    .inspect_err(|_| assert!(result.is_null()))?;
    Ok(owned(result, rocketmq_send_result_destroy))
}

fn send_batch_async(
    producer: &Owned<rocketmq_producer>,
    messages: &[*mut rocketmq_message],
    options: *const rocketmq_send_options,
    ends: &Ends,
) -> Result<(), Failure> {
    let (messages, count) = (messages.as_ptr(), messages.len());
    call(|error| unsafe {
        rocketmq_producer_send_batch_async(
            producer.object,
            messages,
            count,
            options,
            Some(report),
            ends.user_data(),
            error,
        )
    })
}

#[test]
fn a_result_knows_every_message_of_its_batch_and_so_does_its_clone() {
    let _others = with_others();
    let cluster = cluster();
    cluster.add_topic("TopicTest", 1);
    let producer = running(&cluster);
    for count in [1, 2, 300] {
        let before = cluster.message_count("TopicTest");
        let messages = numbered(count);
        let result = send_batch(&producer, &pointers(&messages)).unwrap();
        // They are only read.
        drop(messages);
        let clone = owned(unsafe { rocketmq_send_result_clone(result.object) }, rocketmq_send_result_destroy);
        drop(result);
        let stored = cluster.messages("TopicTest").split_off(before);
        assert_eq!(stored.len(), count);
        let r = clone.object;
        unsafe {
            assert_eq!(rocketmq_send_result_count(r), count);
            for (index, stored) in stored.iter().enumerate() {
                assert_eq!(text(rocketmq_send_result_message_id_at(r, index)), stored.unique_id);
                assert_eq!(stored.body, format!("body {index}").as_bytes());
            }
            for past in [count, count + 1, usize::MAX] {
                assert_eq!(text(rocketmq_send_result_message_id_at(r, past)), "");
            }
            assert_eq!(text(rocketmq_send_result_message_id(r)), stored[0].unique_id);
            assert_eq!(text(rocketmq_send_result_offset_id(r)), stored[0].offset_id);
            assert_eq!(rocketmq_send_result_queue_offset(r), stored[0].queue_offset);
        }
    }
    assert_eq!(shutdown(&producer), OK);
}

#[test]
fn one_callback_tells_the_end_of_all() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let (messages, ends) = (numbered(3), Ends::new());
    let all = pointers(&messages);
    send_batch_async(&producer, &all, ptr::null(), &ends).unwrap();
    assert_eq!(ends.next().unwrap(), cluster.message("TopicTest", 0).unwrap().unique_id);
    let options = owned(rocketmq_send_options_create(), rocketmq_send_options_destroy);
    assert_eq!(unsafe { rocketmq_send_options_set_flags(options.object, 3) }, OK);
    cluster.fault(Node::Broker(0), Rule::once(Fault::respond(1)).sends());
    send_batch_async(&producer, &all, options.object, &ends).unwrap();
    let failure = ends.next().unwrap_err();
    assert_eq!((failure.attempts, failure.broker_code), (1, 1), "{failure:?}");
    assert_eq!(failure.message_id.len(), 32);
    assert_eq!(shutdown(&producer), OK);
    assert!(ends.is_empty());
    assert_eq!(send_batch_async(&producer, &all, ptr::null(), &ends).unwrap_err().status, CLOSED);
    assert!(ends.is_empty());
    assert_eq!(cluster.message_count("TopicTest"), 3);
}

#[test]
fn arrays_that_are_none_and_null_among_messages_are_refused_by_number() {
    let _others = with_others();
    let cluster = cluster();
    let producer = running(&cluster);
    let (messages, ends) = (numbered(4), Ends::new());
    let mut all = pointers(&messages);
    all[2] = ptr::null_mut();
    let refused = |array: *const *mut rocketmq_message, count: usize| {
        let mut result = ptr::dangling_mut();
        let sync = call(|error| unsafe {
            rocketmq_producer_send_batch(producer.object, array, count, ptr::null(), &raw mut result, error)
        })
        .unwrap_err();
        assert!(result.is_null());
        let later = call(|error| unsafe {
            let user_data = ends.user_data();
            let callback: rocketmq_send_fn = Some(report);
            let producer = producer.object;
            rocketmq_producer_send_batch_async(
                producer,
                array,
                count,
                ptr::null(),
                callback,
                user_data,
                error,
            )
        });
        assert_eq!(later.unwrap_err(), sync);
        (sync.status, sync.message)
    };
    let (status, said) = refused(all.as_ptr(), 4);
    assert_eq!((status, said.as_str()), (INVALID_ARGUMENT, "message 2: it is NULL"));
    let (status, said) = refused(ptr::null(), 4);
    assert_eq!((status, said.as_str()), (INVALID_ARGUMENT, "`messages` is NULL"));
    for array in [ptr::null(), all.as_ptr()] {
        let (status, said) = refused(array, 0);
        assert_eq!(status, INVALID_ARGUMENT);
        assert!(said.contains("`count` is 0"), "{said}");
    }
    for count in [usize::MAX, usize::MAX / 8, isize::MAX.unsigned_abs() / 8 + 1] {
        let (status, said) = refused(all.as_ptr(), count);
        assert_eq!(status, SYSTEM, "{said}");
    }
    // What is not NULL is as good as before.
    assert!(send_batch(&producer, &all[..2]).is_ok());
    assert_eq!(shutdown(&producer), OK);
    assert!(ends.is_empty());
    assert_eq!(cluster.message_count("TopicTest"), 2);
}
