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
fn flag_and_delays_are_set_and_read_and_checked() {
    let message = message("T", b"x");
    let m = message.object;
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    unsafe {
        assert_eq!((rocketmq_message_flag(m), rocketmq_message_born_ms(m)), (0, 0));
        assert_eq!(text(rocketmq_message_id(m)), "");
        assert_eq!((rocketmq_message_flag(ptr::null()), rocketmq_message_born_ms(ptr::null())), (-1, -1));
        assert_eq!(rocketmq_message_set_flag(m, i32::MIN), OK);
        assert_eq!(rocketmq_message_flag(m), i32::MIN);
        for on in [0, 1] {
            assert_eq!(rocketmq_message_set_wait_store(m, on), OK);
        }
        for on in [-1, 2, i32::MAX] {
            assert_eq!(rocketmq_message_set_wait_store(m, on), INVALID_ARGUMENT);
        }
        assert_eq!(rocketmq_message_set_delay_level(m, 3), OK);
        assert_eq!(properties(&message), pair("DELAY", "3"));
        assert_eq!(rocketmq_message_set_delay_ms(m, 500), OK);
        assert_eq!(properties(&message), pair("TIMER_DELAY_MS", "500"));
        assert_eq!(rocketmq_message_set_deliver_at_ms(m, 1_700_800_000_000), OK);
        assert_eq!(rocketmq_message_set_delay_level(m, 19), INVALID_ARGUMENT);
        assert_eq!(rocketmq_message_set_delay_ms(m, 0), INVALID_ARGUMENT);
        assert_eq!(rocketmq_message_set_deliver_at_ms(m, -1), INVALID_ARGUMENT);
        assert_eq!(properties(&message), pair("TIMER_DELIVER_MS", "1700800000000"));
        assert_eq!(rocketmq_message_set_delay_level(m, 0), OK);
    }
    assert_eq!(properties(&message), []);
}

#[test]
fn packed_properties_are_set_all_or_none_and_the_error_names_the_wrong_one() {
    let message = message("T", b"x");
    let m = message.object;
    let set = |packed: &[u8], len| {
        call(|error| unsafe { rocketmq_message_set_properties_packed(m, packed.as_ptr().cast(), len, error) })
    };
    let packed = b"city\x01\xe6\x9d\xad\xe5\xb7\x9e\x02n\x011\x02and more";
    set(packed, 16).unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let all = [pair("city", "杭州"), pair("n", "1")];
    assert_eq!(properties(&message), all);
    set(b"n\x012\0", usize::MAX).unwrap();
    set(b"n\x011", 3).unwrap();
    for (bad, status, named) in [
        (&b"a\x01b\x02UNIQ_KEY\x01x"[..], INVALID_PROPERTY, "UNIQ_KEY"),
        (b"a\x01b\x02empty\x01", INVALID_PROPERTY, "empty"),
        (b"a\x01b\x02twice\x01c\x01d", INVALID_PROPERTY, "twice"),
        (b"a\x01b\x02nul\x01\0", INVALID_PROPERTY, "nul"),
        (b"a\x01\xff", INVALID_UTF8, "packed"),
    ] {
        let failure = set(bad, bad.len()).unwrap_err();
        assert_eq!(failure.status, status, "{failure:?}");
        assert!(failure.message.contains(named), "{failure:?}");
        assert_eq!(properties(&message), all);
    }
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
