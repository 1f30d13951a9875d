//! Text and buffers as only C can pass them.

use std::ffi::c_char;
use std::ptr;

use ::rocketmq_producer::ffi::*;

use crate::support::*;

const NTS: usize = usize::MAX;
/// Not UTF-8.
const BROKEN: *const c_char = c"caf\xe9".as_ptr();

#[test]
fn text_that_is_not_utf8_is_refused_everywhere() {
    let config = config(&[]);
    let message = message("T", b"x");
    let options = owned(rocketmq_send_options_create(), rocketmq_send_options_destroy);
    let producer = producer(&[]);
    let (mut out, mut list) = (ptr::dangling_mut(), ptr::dangling_mut());
    let mut value = ptr::dangling_mut();
    let good = c"good".as_ptr();
    let (conf, m) = (config.object, message.object);
    unsafe {
        assert_eq!(status(|error| rocketmq_config_set(conf, BROKEN, good, error)), INVALID_UTF8);
        assert_eq!(
            status(|error| rocketmq_config_set(conf, c"send.retries".as_ptr(), BROKEN, error)),
            INVALID_UTF8
        );
        assert_eq!(status(|error| rocketmq_config_get(conf, BROKEN, &raw mut value, error)), INVALID_UTF8);
        assert_eq!(status(|error| rocketmq_global_set(BROKEN, good, error)), INVALID_UTF8);
        assert_eq!(status(|error| rocketmq_global_set(good, BROKEN, error)), INVALID_UTF8);
        assert_eq!(rocketmq_message_create(BROKEN, &raw mut out), INVALID_UTF8);
        assert_eq!(rocketmq_message_set_topic(m, BROKEN), INVALID_UTF8);
        assert_eq!(rocketmq_message_set_tags(m, BROKEN), INVALID_UTF8);
        assert_eq!(rocketmq_message_set_keys(m, BROKEN), INVALID_UTF8);
        assert_eq!(rocketmq_message_add_key(m, BROKEN), INVALID_UTF8);
        assert_eq!(rocketmq_message_set_property(m, BROKEN, good), INVALID_UTF8);
        assert_eq!(rocketmq_message_set_property(m, good, BROKEN), INVALID_UTF8);
        assert!(rocketmq_message_property(m, BROKEN).is_null());
        assert_eq!(rocketmq_send_options_set_queue(options.object, BROKEN, 0), INVALID_UTF8);
        let p = producer.object;
        let addresses = c"namesrv.addr".as_ptr();
        assert_eq!(status(|error| rocketmq_producer_update(p, BROKEN, good, error)), INVALID_UTF8);
        assert_eq!(status(|error| rocketmq_producer_update(p, addresses, BROKEN, error)), INVALID_UTF8);
        assert_eq!(status(|error| rocketmq_producer_prepare_topic(p, BROKEN, 10, error)), INVALID_UTF8);
        assert_eq!(
            status(|error| rocketmq_producer_fetch_queues(p, BROKEN, 10, &raw mut list, error)),
            INVALID_UTF8
        );
    }
    assert!(out.is_null() && list.is_null() && value.is_null());
}

#[test]
fn the_error_says_which_text_and_where() {
    let mut out = ptr::null_mut();
    let end = call(|error| unsafe {
        rocketmq_message_build(
            c"T".as_ptr(),
            NTS,
            BROKEN,
            NTS,
            ptr::null(),
            0,
            ptr::null(),
            0,
            &raw mut out,
            error,
        )
    });
    let failure = end.unwrap_err();
    assert_eq!(failure.status, INVALID_UTF8);
    assert!(failure.message.contains("tags") && failure.message.contains('3'), "{failure:?}");
}

/// A message from `build`, or its failure.
fn build(
    topic: (&[u8], usize),
    tags: (&[u8], usize),
    body: (&[u8], usize),
) -> Result<Owned<rocketmq_message>, i32> {
    let mut out = ptr::dangling_mut();
    let end = call(|error| unsafe {
        rocketmq_message_build(
            topic.0.as_ptr().cast(),
            topic.1,
            tags.0.as_ptr().cast(),
            tags.1,
            ptr::null(),
            NTS,
            body.0.as_ptr().cast(),
            body.1,
            &raw mut out,
            error,
        )
    });
    match end {
        Ok(()) => Ok(owned(out, rocketmq_message_destroy)),
        Err(failure) => {
            assert!(out.is_null());
            Err(failure.status)
        }
    }
}

#[test]
fn text_with_a_length_needs_no_nul_and_may_have_one() {
    let tail = &b"TopicAndMore"[..];
    let built = build((tail, 5), (b"TagA\0", NTS), (b"abc", 2)).unwrap();
    unsafe {
        assert_eq!(text(rocketmq_message_topic(built.object)), "Topic");
        assert_eq!(text(rocketmq_message_tags(built.object)), "TagA");
        let mut len = 0;
        let body = rocketmq_message_body(built.object, &raw mut len);
        assert_eq!(std::slice::from_raw_parts(body.cast::<u8>(), len), b"ab");
    }
    assert_eq!(build((b"To\0ic", 5), (b"a", 1), (b"x", 1)).err(), Some(INVALID_TOPIC));
    assert_eq!(build((b"Topic", 5), (b"a\0b", 3), (b"x", 1)).err(), Some(INVALID_PROPERTY));
    assert_eq!(build((b"T\xff", 2), (b"a", 1), (b"x", 1)).err(), Some(INVALID_UTF8));
}

#[test]
fn lengths_that_no_buffer_has_are_refused_without_a_look_at_it() {
    let message = message("T", b"before");
    // Nothing may be read here.
    let nowhere = ptr::without_provenance(16);
    for len in [usize::MAX / 2, usize::MAX / 2 - 1, usize::MAX / 2 + 1, usize::MAX / 4, usize::MAX] {
        unsafe {
            assert_eq!(rocketmq_message_set_body(message.object, nowhere, len), SYSTEM, "{len:#x}");
            assert_eq!(rocketmq_message_append_body(message.object, nowhere, len), SYSTEM, "{len:#x}");
            assert_eq!(rocketmq_message_set_body(message.object, ptr::null(), len), INVALID_ARGUMENT);
        }
        assert_eq!(build((b"T", 1), (b"a", 1), (b"x", len)).err(), Some(SYSTEM));
        if len != NTS {
            assert_eq!(build((b"T", len), (b"a", 1), (b"x", 1)).err(), Some(SYSTEM));
        }
    }
    let mut len = 0;
    let body = unsafe { rocketmq_message_body(message.object, &raw mut len) };
    assert_eq!(unsafe { std::slice::from_raw_parts(body.cast::<u8>(), len) }, b"before");
}

#[test]
fn a_buffer_of_length_0_may_be_anywhere() {
    let message = message("T", b"x");
    for data in [ptr::null(), ptr::without_provenance(1)] {
        assert_eq!(unsafe { rocketmq_message_append_body(message.object, data, 0) }, OK);
        assert_eq!(unsafe { rocketmq_message_set_body(message.object, data, 0) }, OK);
    }
    let mut len = 7;
    assert!(unsafe { rocketmq_message_body(message.object, &raw mut len) }.is_null());
    assert_eq!(len, 0);
}
