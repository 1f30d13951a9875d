//! Statuses, error objects, versions.

use std::collections::HashSet;
use std::ptr;

use ::rocketmq_producer::ffi::*;

use crate::declarations;
use crate::support::*;

#[test]
fn the_status_table_is_complete_and_unique() {
    let declared = declarations::read();
    let declared = declared.constants("rocketmq_status_code");
    let mut names = HashSet::new();
    let mut sentences = HashSet::new();
    for (index, (name, value)) in declared.iter().enumerate() {
        let status = rocketmq_status_at(index);
        assert_eq!(i64::from(status), *value);
        assert_eq!(text(rocketmq_status_name(status)), name);
        assert!(names.insert(name));
        assert!(sentences.insert(text(rocketmq_status_str(status))));
        assert!(value < &0 || name == "ROCKETMQ_OK", "{name} is a failure and not negative");
    }
    assert_eq!(rocketmq_status_at(declared.len()), 1);
    assert_eq!(rocketmq_status_at(usize::MAX), 1);
}

#[test]
fn unknown_statuses_have_texts_too() {
    for status in [1, -9, -1000, i32::MIN, i32::MAX] {
        assert_eq!(text(rocketmq_status_name(status)), "ROCKETMQ_STATUS_UNKNOWN");
        assert_eq!(text(rocketmq_status_str(status)), "unknown status");
    }
}

#[test]
fn an_error_object_names_the_value_and_can_be_kept() {
    let config = config(&[]);
    let mut error = ptr::null_mut();
    let status =
        unsafe { rocketmq_config_set(config.object, c"no.such.key".as_ptr(), c"1".as_ptr(), &raw mut error) };
    assert_eq!(status, UNKNOWN_KEY);
    let clone = owned(unsafe { rocketmq_error_clone(error) }, rocketmq_error_destroy);
    let original = failure(error);
    unsafe { rocketmq_error_destroy(error) };
    assert_eq!(failure(clone.object), original);
    assert!(original.message.contains("no.such.key"), "{original:?}");
    assert_eq!((original.outcome, original.retriable, original.broker_code), (1, 0, -1));
    assert_eq!((original.attempts, original.message_id.as_str(), original.broker.as_str()), (0, "", ""));
}

#[test]
fn the_version_is_the_package_s() {
    let parts: Vec<u32> = env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse().unwrap()).collect();
    assert_eq!(rocketmq_version_number(), parts[0] << 16 | parts[1] << 8 | parts[2]);
    assert_eq!(text(rocketmq_version_string()), env!("CARGO_PKG_VERSION"));
    let info = text(rocketmq_build_info());
    for part in ["commit ", "target ", "rustc ", "TLS: no"] {
        assert!(info.contains(part), "{info}");
    }
}
