//! A mock's life, its addresses and topics.

use std::ffi::c_char;
use std::ptr;

use mock_cluster::{BROKERS_MAX, QUEUES_MAX, topic_objection};

use crate::boundary::{self, Failure};
use crate::mock::Mock;
use crate::types::rocketmq_mock;
use crate::{handle, input, texts};

/// Starts a name server and 1 to 64 brokers on free ports of 127.0.0.1; all take connections when this returns. Topics
/// appear when they are first sent to, unless `auto_create` is 0. NULL on failure: rocketmq_mock_error() of NULL says
/// why. To be destroyed.
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_mock_create(broker_count: i32, auto_create: i32) -> *mut rocketmq_mock {
    let created = boundary::catch(|| {
        let count =
            input::within("broker_count", broker_count, 1, i32::try_from(BROKERS_MAX).unwrap_or(i32::MAX))?;
        let mock = Mock::start(usize::try_from(count).unwrap_or(1), auto_create != 0);
        let mock = mock.map_err(|failure| Failure::new(format!("the cluster does not start: {failure}")))?;
        Ok(handle::give(mock))
    });
    created.and_then(|result| result).unwrap_or_else(|failure: Failure| {
        // Without memory for the sentence NULL alone has to do.
        let _ = boundary::catch(|| texts::note_uncreated(&failure.to_string()));
        ptr::null_mut()
    })
}

/// Why the last call of this mock that failed did so, "" if none did; for NULL why the last rocketmq_mock_create() did,
/// on whichever thread, and that text is good for ever. It is a sentence for whoever wrote the test.
///
/// # Safety
///
/// `mock` is NULL or a live mock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_error(mock: *const rocketmq_mock) -> *const c_char {
    if mock.is_null() {
        return texts::last_uncreated();
    }
    // SAFETY: a live mock.
    match unsafe { handle::read(mock) } {
        Some(mock) => mock.last_failure(),
        None => c"the mock belongs to the parent process".as_ptr(),
    }
}

/// The name server's address, for "namesrv.addr".
///
/// # Safety
///
/// `mock` is NULL or a live mock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_namesrv(mock: *const rocketmq_mock) -> *const c_char {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::value(mock, c"".as_ptr(), |mock| Ok(mock.keep(&mock.namesrv())))
}

/// Makes a topic with 1 to 1024 queues on every broker, or changes their number.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_add_topic(
    mock: *mut rocketmq_mock,
    topic: *const c_char,
    queues_per_broker: i32,
) -> i32 {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::done(mock, |mock| {
        // SAFETY: NULL or text.
        let topic = unsafe { input::text("topic", topic) }?;
        let queues = input::within("queues_per_broker", queues_per_broker, 1, QUEUES_MAX)?;
        if let Some(objection) = topic_objection(topic) {
            return Err(Failure::new(format!("topic {topic:?}: {objection}")));
        }
        mock.add_topic(topic, queues);
        Ok(())
    })
}

/// Ends the cluster and cuts its connections: its thread and descriptors are gone when this returns. NULL does nothing.
///
/// # Safety
///
/// `mock` is NULL or a live mock, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_destroy(mock: *mut rocketmq_mock) {
    // SAFETY: NULL, or given up by its owner.
    let mock = unsafe { handle::take_back(mock) };
    // There is nobody left to tell.
    let _ = boundary::catch(|| drop(mock));
}
