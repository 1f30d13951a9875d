//! What goes wrong, where and how often.

use mock_cluster::Fault;

use crate::types::{rocketmq_mock, rocketmq_mock_response};
use crate::{boundary, handle, input};

const SUCCESS: i32 = rocketmq_mock_response::ROCKETMQ_MOCK_SUCCESS as i32;

/// The next `count` requests with this code at this broker are answered `response_code`, after `delay_ms`.
///
/// `broker`: a number, `ROCKETMQ_MOCK_ANY_BROKER` or `ROCKETMQ_MOCK_NAMESRV`. `request_code`: RocketMQ's,
/// `ROCKETMQ_MOCK_ANY_SEND` or `ROCKETMQ_MOCK_ANY_REQUEST`. `response_code`: RocketMQ's; it decides whether the
/// message is stored, also if the answer is late or never comes. `delay_ms`: 0 at once, -1 never. `count`: -1 all,
/// until rocketmq_mock_clear_faults(). Of several faults that fit a request the oldest happens.
///
/// # Safety
///
/// `mock` is NULL or a live mock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_push_response(
    mock: *mut rocketmq_mock,
    broker: i32,
    request_code: i32,
    response_code: i32,
    delay_ms: i64,
    count: i32,
) -> i32 {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::done(mock, |mock| {
        let place = input::place(mock, broker)?;
        let fault = match input::delay("delay_ms", delay_ms)? {
            None => Fault::Freeze { store: Fault::respond(response_code).performs() },
            Some(delay) if response_code == SUCCESS => Fault::Delay(delay),
            Some(delay) => Fault::respond_after(response_code, delay),
        };
        mock.fault(place, input::rule(fault, request_code, count)?);
        Ok(())
    })
}

/// The next `count` such requests have their connection cut instead of an answer, after the message was stored if
/// `store` is 1, before that if it is 0: the sender cannot know. The other numbers as for
/// rocketmq_mock_push_response().
///
/// # Safety
///
/// `mock` is NULL or a live mock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_push_disconnect(
    mock: *mut rocketmq_mock,
    broker: i32,
    request_code: i32,
    store: i32,
    count: i32,
) -> i32 {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::done(mock, |mock| {
        let place = input::place(mock, broker)?;
        let fault = Fault::Cut { store: input::truth("store", store)? };
        mock.fault(place, input::rule(fault, request_code, count)?);
        Ok(())
    })
}

/// Takes back all faults that have not happened, at every broker and the name server. Answers under way still come.
///
/// # Safety
///
/// `mock` is NULL or a live mock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_clear_faults(mock: *mut rocketmq_mock) -> i32 {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::done(mock, |mock| {
        mock.clear_all_faults();
        Ok(())
    })
}

/// Switches a server off (0: its connections cut, new ones refused, a broker gone from the routes) or on again at the
/// same port (1); done when this returns. `broker` as for rocketmq_mock_push_response(). What was stored stays.
///
/// # Safety
///
/// `mock` is NULL or a live mock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_set_broker(mock: *mut rocketmq_mock, broker: i32, up: i32) -> i32 {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::done(mock, |mock| {
        let up = input::truth("up", up)?;
        input::nodes(mock, broker)?.into_iter().try_for_each(|node| mock.switch(node, up))
    })
}

/// Every answer of this broker waits for so long from now on, beside what a fault says; requests are carried out at
/// once all the same. `broker` as for rocketmq_mock_push_response().
///
/// # Safety
///
/// `mock` is NULL or a live mock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_set_latency_ms(mock: *mut rocketmq_mock, broker: i32, ms: i64) -> i32 {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::done(mock, |mock| {
        let latency = input::milliseconds("ms", ms)?;
        input::nodes(mock, broker)?.into_iter().for_each(|node| mock.set_latency(node, latency));
        Ok(())
    })
}
