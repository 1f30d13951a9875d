//! The configuration and its table of keys.

use std::collections::HashSet;
use std::ffi::CStr;
use std::ptr;

use ::rocketmq_producer::ffi::*;

use crate::support::*;

fn get(config: &Owned<rocketmq_config>, key: &str) -> Result<String, Failure> {
    let (key, mut value) = (c(key), ptr::dangling_mut());
    call(|error| unsafe { rocketmq_config_get(config.object, key.as_ptr(), &raw mut value, error) })
        .inspect_err(|_| assert!(value.is_null(), "a pointer output stayed after a failure"))?;
    let found = text(value).to_owned();
    unsafe { rocketmq_string_free(value) };
    Ok(found)
}

fn set(config: &Owned<rocketmq_config>, key: &str, value: Option<&CStr>) -> i32 {
    let (key, value) = (c(key), value.map_or(ptr::null(), CStr::as_ptr));
    status(|error| unsafe { rocketmq_config_set(config.object, key.as_ptr(), value, error) })
}

/// Names of all keys.
fn names() -> Vec<&'static str> {
    (0..).map(|index| rocketmq_config_key_name(index)).take_while(|name| !name.is_null()).map(text).collect()
}

#[test]
fn the_table_of_keys_tells_all_and_agrees_with_get() {
    let config = config(&[]);
    let names = names();
    assert!(names.contains(&"namesrv.addr") && names.contains(&"producer.group"));
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    for (index, name) in names.iter().enumerate() {
        let kind = text(rocketmq_config_key_type(index));
        let known = ["int", "bool", "string", "duration", "bytes"];
        assert!(known.contains(&kind) || kind.starts_with("enum:"), "{name}: {kind}");
        assert!(!text(rocketmq_config_key_doc(index)).is_empty(), "{name}");
        assert!([0, 1].contains(&rocketmq_config_key_is_live(index)), "{name}");
        assert_eq!(get(&config, name).unwrap(), text(rocketmq_config_key_default(index)), "{name}");
    }
    let end = names.len();
    assert!(rocketmq_config_key_type(end).is_null());
    assert!(rocketmq_config_key_default(end).is_null());
    assert!(rocketmq_config_key_doc(end).is_null());
    assert_eq!(rocketmq_config_key_is_live(end), 0);
    assert!(rocketmq_config_key_name(usize::MAX).is_null());
}

#[test]
fn every_default_is_a_value_that_its_key_accepts() {
    let config = config(&[]);
    for (index, name) in names().iter().enumerate() {
        let default = text(rocketmq_config_key_default(index));
        if !default.is_empty() {
            assert_eq!(set(&config, name, Some(&c(default))), OK, "{name} = {default:?}");
            assert_eq!(get(&config, name).unwrap(), default);
        }
    }
}

#[test]
fn a_value_is_read_back_and_null_restores_the_default() {
    let config = config(&[("send.timeout.ms", "1234"), ("producer.group", "g")]);
    assert_eq!(get(&config, "send.timeout.ms").unwrap(), "1234");
    let clone = owned(unsafe { rocketmq_config_clone(config.object) }, rocketmq_config_destroy);
    assert_eq!(set(&config, "send.timeout.ms", None), OK);
    assert_eq!(get(&config, "send.timeout.ms").unwrap(), "3000");
    assert_eq!(get(&clone, "send.timeout.ms").unwrap(), "1234");
    assert_eq!(get(&clone, "producer.group").unwrap(), "g");
}

#[test]
fn unknown_keys_and_bad_values_are_refused_and_change_nothing() {
    let config = config(&[("send.retries", "7")]);
    assert_eq!(set(&config, "send.retries", Some(c"many")), INVALID_VALUE);
    assert_eq!(get(&config, "send.retries").unwrap(), "7");
    assert_eq!(set(&config, "sendTimeout", Some(c"1")), UNKNOWN_KEY);
    assert_eq!(set(&config, "sendTimeout", None), UNKNOWN_KEY);
    assert_eq!(get(&config, "sendTimeout").unwrap_err().status, UNKNOWN_KEY);
}

#[test]
fn a_producer_without_its_required_keys_is_not_made() {
    let config = config(&[("namesrv.addr", "127.0.0.1:9876")]);
    let mut producer = ptr::dangling_mut();
    let end = call(|error| unsafe { rocketmq_producer_create(config.object, &raw mut producer, error) });
    let failure = end.unwrap_err();
    assert_eq!(failure.status, INVALID_VALUE);
    assert!(failure.message.contains("producer.group"), "{failure:?}");
    assert!(producer.is_null());
}

#[test]
fn a_value_that_is_no_utf_8_is_refused_with_the_key_and_changes_nothing() {
    let config = config(&[]);
    for name in names() {
        let default = get(&config, name).unwrap();
        for bad in [c"\xff\xfe", c"1\x80", c"\xc3"] {
            let key = c(name);
            let failure = call(|error| unsafe {
                rocketmq_config_set(config.object, key.as_ptr(), bad.as_ptr(), error)
            })
            .unwrap_err();
            assert_eq!(failure.status, INVALID_UTF8);
            assert!(failure.message.contains(name), "{failure:?}");
            assert_eq!(get(&config, name).unwrap(), default);
        }
    }
}
