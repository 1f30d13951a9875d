//! Threads of the exploration.

use std::cell::RefCell;

use loom::thread::{self, JoinHandle};

use crate::error::Error;

/// A group of threads.
#[derive(Default)]
pub(crate) struct Threads(RefCell<Vec<JoinHandle<()>>>);

impl Threads {
    #[expect(clippy::unnecessary_wraps, reason = "the library's may fail")]
    pub(crate) fn spawn(&self, _: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        self.0.borrow_mut().push(thread::spawn(run));
        Ok(())
    }

    pub(crate) fn join(self) {
        self.0.into_inner().into_iter().for_each(|thread| thread.join().unwrap());
    }
}
