//! Messages.

use std::ptr;

use ::rocketmq_producer::ffi::*;

use crate::support::*;

fn body(message: &Owned<rocketmq_message>) -> Vec<u8> {
    let mut len = usize::MAX;
    let body = unsafe { rocketmq_message_body(message.object, &raw mut len) };
    if len == 0 { Vec::new() } else { unsafe { std::slice::from_raw_parts(body.cast(), len) }.to_vec() }
}

fn properties(message: &Owned<rocketmq_message>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    loop {
        let (mut name, mut value) = (ptr::dangling(), ptr::dangling());
        let index = found.len();
        let status =
            unsafe { rocketmq_message_property_at(message.object, index, &raw mut name, &raw mut value) };
        if status != OK {
            assert_eq!(status, NOT_FOUND);
            assert!(name.is_null() && value.is_null());
            return found;
        }
        found.push((text(name).to_owned(), text(value).to_owned()));
    }
}

#[test]
fn what_is_set_is_read() {
    let message = message("TopicTest", b"hello");
    let m = message.object;
    unsafe {
        assert_eq!(text(rocketmq_message_topic(m)), "TopicTest");
        assert_eq!((text(rocketmq_message_tags(m)), text(rocketmq_message_keys(m))), ("", ""));
        assert_eq!(rocketmq_message_set_topic(m, c"Other".as_ptr()), OK);
        assert_eq!(rocketmq_message_set_tags(m, c"TagA".as_ptr()), OK);
        assert_eq!(rocketmq_message_set_keys(m, c"k1".as_ptr()), OK);
        assert_eq!(rocketmq_message_add_key(m, c"k2".as_ptr()), OK);
        assert_eq!(rocketmq_message_set_property(m, c"city".as_ptr(), c"杭州".as_ptr()), OK);
        assert_eq!(rocketmq_message_append_body(m, b" \0world".as_ptr().cast(), 7), OK);
        assert_eq!(text(rocketmq_message_topic(m)), "Other");
        assert_eq!(text(rocketmq_message_tags(m)), "TagA");
        assert_eq!(text(rocketmq_message_keys(m)), "k1 k2");
        assert_eq!(text(rocketmq_message_property(m, c"city".as_ptr())), "杭州");
        assert!(rocketmq_message_property(m, c"none".as_ptr()).is_null());
    }
    assert_eq!(body(&message), b"hello \0world");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(properties(&message), [pair("TAGS", "TagA"), pair("KEYS", "k1 k2"), pair("city", "杭州")]);
    unsafe {
        assert_eq!(rocketmq_message_set_tags(m, ptr::null()), OK);
        assert_eq!(rocketmq_message_set_keys(m, ptr::null()), OK);
        assert_eq!(rocketmq_message_set_property(m, c"city".as_ptr(), ptr::null()), OK);
    }
    assert_eq!(properties(&message), []);
}

#[test]
fn a_message_has_nothing_of_one_that_was_destroyed() {
    for (topic, large) in [(c"TopicTest", false), (c"Other", false), (c"TopicTest", true)] {
        let before = message("TopicTest", &vec![7; if large { 1 << 20 } else { 100 }]);
        unsafe {
            assert_eq!(rocketmq_message_set_tags(before.object, c"TagA".as_ptr()), OK);
            assert_eq!(rocketmq_message_set_property(before.object, c"city".as_ptr(), c"杭州".as_ptr()), OK);
        }
        drop(before);
        let mut object = ptr::null_mut();
        assert_eq!(unsafe { rocketmq_message_create(topic.as_ptr(), &raw mut object) }, OK);
        let fresh = owned(object, rocketmq_message_destroy);
        assert_eq!(text(unsafe { rocketmq_message_topic(object) }), topic.to_str().unwrap());
        assert_eq!((body(&fresh), properties(&fresh)), (Vec::new(), Vec::new()));
        // Without memory of its own, and then with some of the other's.
        assert_eq!(unsafe { rocketmq_message_set_body(object, b"new".as_ptr().cast(), 3) }, OK);
        assert_eq!(body(&fresh), b"new");
    }
}

#[test]
fn a_clone_goes_its_own_way() {
    let message = message("T", b"shared");
    let clone = owned(unsafe { rocketmq_message_clone(message.object) }, rocketmq_message_destroy);
    unsafe {
        assert_eq!(rocketmq_message_append_body(clone.object, b"!".as_ptr().cast(), 1), OK);
        assert_eq!(rocketmq_message_set_tags(clone.object, c"t".as_ptr()), OK);
    }
    assert_eq!((body(&message), body(&clone)), (b"shared".to_vec(), b"shared!".to_vec()));
    assert_eq!(text(unsafe { rocketmq_message_tags(message.object) }), "");
}

#[test]
fn bad_characters_are_refused_and_change_nothing() {
    let message = message("T", b"x");
    let m = message.object;
    unsafe {
        for topic in [c"", c" ", c"a b", c"a\x01", c"杭州"] {
            assert_eq!(rocketmq_message_set_topic(m, topic.as_ptr()), INVALID_TOPIC, "{topic:?}");
        }
        for value in [c"", c"a\x01b", c"a\x02"] {
            assert_eq!(rocketmq_message_set_tags(m, value.as_ptr()), INVALID_PROPERTY, "{value:?}");
            assert_eq!(rocketmq_message_set_keys(m, value.as_ptr()), INVALID_PROPERTY, "{value:?}");
            assert_eq!(rocketmq_message_add_key(m, value.as_ptr()), INVALID_PROPERTY, "{value:?}");
            assert_eq!(rocketmq_message_set_property(m, value.as_ptr(), c"v".as_ptr()), INVALID_PROPERTY);
            assert_eq!(rocketmq_message_set_property(m, c"n".as_ptr(), value.as_ptr()), INVALID_PROPERTY);
        }
        assert_eq!(rocketmq_message_set_property(m, c"TAGS".as_ptr(), c"v".as_ptr()), INVALID_PROPERTY);
        assert_eq!(text(rocketmq_message_topic(m)), "T");
    }
    assert_eq!(properties(&message), []);
}
