//! Send options.

use std::ptr;

use ::rocketmq_producer::ffi::*;

use crate::support::*;

#[test]
fn timeouts_are_a_limit_or_a_special_value() {
    let options = owned(rocketmq_send_options_create(), rocketmq_send_options_destroy);
    let set = |timeout_ms| unsafe { rocketmq_send_options_set_timeout_ms(options.object, timeout_ms) };
    for good in [1, 3000, i64::MAX, -1, -2] {
        assert_eq!(set(good), OK, "{good}");
    }
    for bad in [0, -3, i64::MIN] {
        assert_eq!(set(bad), INVALID_ARGUMENT, "{bad}");
    }
}

#[test]
fn unknown_flags_are_refused() {
    let options = owned(rocketmq_send_options_create(), rocketmq_send_options_destroy);
    let set = |flags| unsafe { rocketmq_send_options_set_flags(options.object, flags) };
    for good in [0, 1, 2, 3] {
        assert_eq!(set(good), OK, "{good}");
    }
    for bad in [4, 7, u32::MAX] {
        assert_eq!(set(bad), INVALID_ARGUMENT, "{bad}");
    }
}

#[test]
fn a_queue_has_a_broker_and_a_number_and_null_removes_it() {
    let options = owned(rocketmq_send_options_create(), rocketmq_send_options_destroy);
    let set = |broker, id| unsafe { rocketmq_send_options_set_queue(options.object, broker, id) };
    assert_eq!(set(c"broker-a".as_ptr(), 0), OK);
    assert_eq!(set(c"broker-a".as_ptr(), -1), INVALID_ARGUMENT);
    assert_eq!(set(c"".as_ptr(), 0), INVALID_ARGUMENT);
    assert_eq!(set(ptr::null(), -1), OK);
}

#[test]
fn a_call_refuses_timeouts_that_mean_nothing() {
    let producer = producer(&[]);
    let p = producer.object;
    let mut list = ptr::null_mut();
    for bad in [-3, i64::MIN] {
        unsafe {
            assert_eq!(status(|error| rocketmq_producer_start(p, bad, error)), INVALID_ARGUMENT);
            assert_eq!(status(|error| rocketmq_producer_shutdown(p, bad, error)), INVALID_ARGUMENT);
            let t = c"T".as_ptr();
            assert_eq!(status(|error| rocketmq_producer_prepare_topic(p, t, bad, error)), INVALID_ARGUMENT);
            assert_eq!(
                status(|error| rocketmq_producer_fetch_queues(p, t, bad, &raw mut list, error)),
                INVALID_ARGUMENT
            );
            assert_eq!(status(|error| rocketmq_global_shutdown(bad, error)), INVALID_ARGUMENT);
        }
    }
    assert_eq!(unsafe { rocketmq_producer_state(p) }, 0, "still CREATED");
}
