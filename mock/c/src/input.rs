//! Text, buffers and numbers from the caller: the only place that reads through a pointer of C which is not a mock, and
//! where numbers that mean nothing are refused.

use std::ffi::{CStr, c_char, c_void};
use std::time::Duration;

use mock_cluster::{Fault, Node, Place, Rule};

use crate::boundary::Failure;
use crate::mock::Mock;
use crate::types::{rocketmq_mock_request, rocketmq_mock_where};

const ANY_BROKER: i32 = rocketmq_mock_where::ROCKETMQ_MOCK_ANY_BROKER as i32;
const NAMESRV: i32 = rocketmq_mock_where::ROCKETMQ_MOCK_NAMESRV as i32;
const ANY_REQUEST: i32 = rocketmq_mock_request::ROCKETMQ_MOCK_ANY_REQUEST as i32;
const ANY_SEND: i32 = rocketmq_mock_request::ROCKETMQ_MOCK_ANY_SEND as i32;
/// Of a count: until it is taken back. Of a delay: for ever.
const NO_LIMIT: i32 = -1;

/// Text that must be there.
///
/// # Safety
///
/// `text` is NULL or NUL-terminated, and stays unchanged while the result is in use.
#[expect(clippy::disallowed_methods, reason = "the one place where text of C is read")]
pub(crate) unsafe fn text<'a>(name: &str, text: *const c_char) -> Result<&'a str, Failure> {
    if text.is_null() {
        return Err(is_null(name));
    }
    // SAFETY: not NULL, and so NUL-terminated by the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|error| {
        Failure::new(format!("`{name}` is not UTF-8: the byte at index {} is wrong", error.valid_up_to()))
    })
}

/// A buffer. With length 0 the pointer does not matter.
///
/// # Safety
///
/// `data` is NULL or has `len` readable bytes that stay unchanged while the result is in use.
#[expect(clippy::disallowed_methods, reason = "the one place where buffers of C are read")]
pub(crate) unsafe fn bytes<'a>(name: &str, data: *const c_void, len: usize) -> Result<&'a [u8], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(is_null(name));
    }
    if isize::try_from(len).is_err() || data.addr().checked_add(len).is_none() {
        return Err(Failure::new(format!("`{name}` cannot have {len} bytes")));
    }
    // SAFETY: not NULL, neither longer than a slice may be nor past the end of the address space, and readable by the
    // caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), len) })
}

/// A switch: 0 or 1.
pub(crate) fn truth(name: &str, value: i32) -> Result<bool, Failure> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Failure::new(format!("`{name}` is {value}: it must be 0 or 1"))),
    }
}

/// A number with both ends.
pub(crate) fn within(name: &str, value: i32, min: i32, max: i32) -> Result<i32, Failure> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(Failure::new(format!("`{name}` is {value}: it must be from {min} to {max}")))
    }
}

/// A time that ends.
pub(crate) fn milliseconds(name: &str, value: i64) -> Result<Duration, Failure> {
    let ms = u64::try_from(value);
    ms.map(Duration::from_millis)
        .map_err(|_| Failure::new(format!("`{name}` is {value}: it must not be negative")))
}

/// A time that is -1 for ever, which is `None`.
pub(crate) fn delay(name: &str, value: i64) -> Result<Option<Duration>, Failure> {
    if value == i64::from(NO_LIMIT) { Ok(None) } else { milliseconds(name, value).map(Some) }
}

/// Where something happens.
pub(crate) fn place(mock: &Mock, broker: i32) -> Result<Place, Failure> {
    match broker {
        ANY_BROKER => Ok(Place::AnyBroker),
        NAMESRV => Ok(Node::NameServer.into()),
        _ => usize::try_from(broker)
            .ok()
            .filter(|broker| *broker < mock.broker_count())
            .map(Place::from)
            .ok_or_else(|| {
                let count = mock.broker_count();
                Failure::new(format!("there is no broker {broker}: there are {count}, counted from 0"))
            }),
    }
}

/// The servers there.
pub(crate) fn nodes(mock: &Mock, broker: i32) -> Result<Vec<Node>, Failure> {
    Ok(match place(mock, broker)? {
        Place::Node(node) => vec![node],
        Place::AnyBroker => (0..mock.broker_count()).map(Node::Broker).collect(),
    })
}

/// A fault and the requests it happens to.
pub(crate) fn rule(fault: Fault, request_code: i32, count: i32) -> Result<Rule, Failure> {
    let rule = Rule::always(fault);
    let rule = match request_code {
        ANY_REQUEST => rule,
        ANY_SEND => rule.sends(),
        code if code >= 0 => rule.code(code),
        _ => return Err(Failure::new(format!("`request_code` is {request_code}: there is no such request"))),
    };
    match u32::try_from(count) {
        Ok(count) if count > 0 => Ok(rule.times(count)),
        _ if count == NO_LIMIT => Ok(rule),
        _ => Err(Failure::new(format!("`count` is {count}: it must be positive, or -1 for all"))),
    }
}

fn is_null(name: &str) -> Failure {
    Failure::new(format!("`{name}` is NULL"))
}
