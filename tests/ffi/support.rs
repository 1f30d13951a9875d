//! What the tests share: objects that destroy themselves, calls with their error object, and the C compiler.

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::ptr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use ::rocketmq_producer::ffi::*;
use rocketmq_mock::{Cluster, Options};

pub(crate) const OK: i32 = 0;
pub(crate) const INVALID_ARGUMENT: i32 = -1;
pub(crate) const INVALID_UTF8: i32 = -2;
pub(crate) const INVALID_HANDLE: i32 = -3;
pub(crate) const INVALID_STATE: i32 = -4;
pub(crate) const UNKNOWN_KEY: i32 = -5;
pub(crate) const INVALID_VALUE: i32 = -6;
pub(crate) const WOULD_DEADLOCK: i32 = -7;
pub(crate) const FORKED: i32 = -8;
pub(crate) const NOT_FOUND: i32 = -10;
pub(crate) const SYSTEM: i32 = -21;
pub(crate) const CLOSED: i32 = -24;
pub(crate) const CANCELLED: i32 = -25;
pub(crate) const TIMEOUT: i32 = -26;
pub(crate) const INVALID_TOPIC: i32 = -40;
pub(crate) const INVALID_PROPERTY: i32 = -42;
pub(crate) const EMPTY_BODY: i32 = -43;

/// Long enough for anything that is expected to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Held shared by every test with a running producer, and alone by those that end them all.
static PROCESS: RwLock<()> = RwLock::new(());

pub(crate) fn with_others() -> RwLockReadGuard<'static, ()> {
    PROCESS.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    PROCESS.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Text that the library returned.
pub(crate) fn text<'a>(text: *const c_char) -> &'a str {
    assert!(!text.is_null(), "NULL where text is promised");
    unsafe { CStr::from_ptr(text) }.to_str().unwrap()
}

pub(crate) fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// An object of the library, destroyed when it goes out of scope.
pub(crate) struct Owned<T> {
    pub(crate) object: *mut T,
    destroy: unsafe extern "C" fn(*mut T),
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        unsafe { (self.destroy)(self.object) };
    }
}

pub(crate) fn owned<T>(object: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Owned<T> {
    assert!(!object.is_null());
    Owned { object, destroy }
}

/// What an error object said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: i32,
    pub(crate) message: String,
    pub(crate) outcome: i32,
    pub(crate) retriable: i32,
    pub(crate) broker_code: i32,
    pub(crate) remark: String,
    pub(crate) broker: String,
    pub(crate) message_id: String,
    pub(crate) attempts: i32,
}

pub(crate) fn failure(error: *const rocketmq_error) -> Failure {
    unsafe {
        Failure {
            status: rocketmq_error_status(error),
            message: text(rocketmq_error_message(error)).into(),
            outcome: rocketmq_error_outcome(error),
            retriable: rocketmq_error_is_retriable(error),
            broker_code: rocketmq_error_broker_code(error),
            remark: text(rocketmq_error_broker_remark(error)).into(),
            broker: text(rocketmq_error_broker(error)).into(),
            message_id: text(rocketmq_error_message_id(error)).into(),
            attempts: rocketmq_error_attempts(error),
        }
    }
}

/// Makes a call with an error output and checks that status and error object agree (R2).
pub(crate) fn call(function: impl FnOnce(*mut *mut rocketmq_error) -> i32) -> Result<(), Failure> {
    let mut error = ptr::dangling_mut();
    let status = function(&raw mut error);
    if status == OK {
        assert!(error.is_null(), "an error object beside OK");
        return Ok(());
    }
    let error = owned(error, rocketmq_error_destroy);
    let failure = failure(error.object);
    assert_eq!(failure.status, status);
    assert!(!failure.message.is_empty());
    Err(failure)
}

/// The status of a call with an error output.
pub(crate) fn status(function: impl FnOnce(*mut *mut rocketmq_error) -> i32) -> i32 {
    call(function).map_or_else(|failure| failure.status, |()| OK)
}

pub(crate) fn config(values: &[(&str, &str)]) -> Owned<rocketmq_config> {
    let config = owned(rocketmq_config_create(), rocketmq_config_destroy);
    for (key, value) in values {
        let (key, value) = (c(key), c(value));
        call(|error| unsafe { rocketmq_config_set(config.object, key.as_ptr(), value.as_ptr(), error) })
            .unwrap();
    }
    config
}

pub(crate) fn message(topic: &str, body: &[u8]) -> Owned<rocketmq_message> {
    let (topic, mut message) = (c(topic), ptr::null_mut());
    assert_eq!(unsafe { rocketmq_message_create(topic.as_ptr(), &raw mut message) }, OK);
    assert_eq!(unsafe { rocketmq_message_set_body(message, body.as_ptr().cast(), body.len()) }, OK);
    owned(message, rocketmq_message_destroy)
}

/// A producer that is not started.
pub(crate) fn producer(values: &[(&str, &str)]) -> Owned<rocketmq_producer> {
    let config = config(&[("producer.group", "tests"), ("namesrv.addr", "127.0.0.1:1")]);
    for (key, value) in values {
        let (key, value) = (c(key), c(value));
        call(|error| unsafe { rocketmq_config_set(config.object, key.as_ptr(), value.as_ptr(), error) })
            .unwrap();
    }
    let mut producer = ptr::null_mut();
    call(|error| unsafe { rocketmq_producer_create(config.object, &raw mut producer, error) }).unwrap();
    owned(producer, rocketmq_producer_destroy)
}

pub(crate) fn cluster() -> Cluster {
    Cluster::start(Options::default()).unwrap()
}

/// One whose broker keeps timers and takes them back.
pub(crate) fn cluster_that_recalls() -> Cluster {
    Cluster::start(Options { version: 513, recall: true, ..Options::default() }).unwrap()
}

/// A producer that runs against `cluster`.
pub(crate) fn running(cluster: &Cluster) -> Owned<rocketmq_producer> {
    let producer = producer(&[("namesrv.addr", &cluster.namesrv())]);
    call(|error| unsafe { rocketmq_producer_start(producer.object, 5000, error) }).unwrap();
    producer
}

pub(crate) fn shutdown(producer: &Owned<rocketmq_producer>) -> i32 {
    status(|error| unsafe { rocketmq_producer_shutdown(producer.object, 5000, error) })
}

/// How an async send ended: the result's message id, or the failure.
pub(crate) type End = Result<String, Failure>;

/// A place where callbacks report; the pointer goes in as `user_data`.
pub(crate) struct Ends {
    sender: Box<Sender<End>>,
    receiver: Receiver<End>,
}

impl Ends {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = channel();
        Self { sender: Box::new(sender), receiver }
    }

    pub(crate) fn user_data(&self) -> *mut c_void {
        ptr::from_ref(&*self.sender).cast_mut().cast()
    }

    pub(crate) fn next(&self) -> End {
        self.receiver.recv_timeout(PATIENCE).expect("no callback came")
    }

    pub(crate) fn try_next(&self) -> Option<End> {
        self.receiver.try_recv().ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.try_next().is_none()
    }
}

/// The `rocketmq_send_fn` of [`Ends`].
pub(crate) unsafe extern "C-unwind" fn report(
    result: *const rocketmq_send_result,
    error: *const rocketmq_error,
    user_data: *mut c_void,
) {
    let end = match (result.is_null(), error.is_null()) {
        (false, true) => Ok(text(unsafe { rocketmq_send_result_message_id(result) }).to_owned()),
        (true, false) => Err(failure(error)),
        both => panic!("exactly one of result and error is promised: {both:?}"),
    };
    let _gone = unsafe { &*user_data.cast::<Sender<End>>() }.send(end);
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The header as it is committed.
pub(crate) fn header() -> String {
    std::fs::read_to_string(root().join("include/rocketmq_producer.h")).unwrap()
}

/// The shared library of this build.
pub(crate) fn library() -> PathBuf {
    beside("librocketmq_producer.so")
}

/// A library of this build: Cargo puts it beside the test program.
pub(crate) fn beside(name: &str) -> PathBuf {
    let beside = std::env::current_exe().unwrap().with_file_name(name);
    assert!(beside.exists(), "{} is not there", beside.display());
    beside
}

/// A folder for the files of one test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a tool; its output if it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } =
        command.output().map_err(|error| format!("{command:?} does not start: {error}"))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    if status.success() { Ok(stdout.into()) } else { Err(format!("{command:?}: {status}\n{stdout}{stderr}")) }
}
