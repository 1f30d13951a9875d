//! What a `rocketmq_mock *` points to.

use std::ffi::c_char;
use std::ops::Deref;
use std::process;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use mock_cluster::{Cluster, Node, Options, Stored};

use crate::boundary::Failure;
use crate::texts::Texts;

/// A cluster and what C was shown of it.
pub(crate) struct Mock {
    cluster: Cluster,
    /// The process that made it, which alone has its thread.
    process: u32,
    texts: Texts,
    /// Why the last call that failed did so: one of `texts`, or "".
    last_failure: AtomicPtr<c_char>,
}

impl Mock {
    pub(crate) fn start(brokers: usize, auto_create: bool) -> Result<Self, Failure> {
        let cluster = Cluster::start(Options { brokers, auto_create, ..Options::default() })?;
        Ok(Self {
            cluster,
            process: process::id(),
            texts: Texts::default(),
            last_failure: AtomicPtr::new(ptr::null_mut()),
        })
    }

    /// Whether this process is the one that made it.
    pub(crate) fn is_ours(&self) -> bool {
        self.process == process::id()
    }

    pub(crate) fn note(&self, failure: &Failure) {
        self.last_failure.store(self.texts.keep(&failure.to_string()).cast_mut(), Ordering::Release);
    }

    pub(crate) fn last_failure(&self) -> *const c_char {
        let text = self.last_failure.load(Ordering::Acquire);
        if text.is_null() { c"".as_ptr() } else { text }
    }

    /// Text that lives as long as the mock.
    pub(crate) fn keep(&self, text: &str) -> *const c_char {
        self.texts.keep(text)
    }

    /// The message at this place of a topic. The cluster keeps it as long as itself.
    pub(crate) fn stored(&self, topic: &str, index: usize) -> Result<Arc<Stored>, Failure> {
        self.message(topic, index).ok_or_else(|| {
            let count = self.message_count(topic);
            Failure::new(format!("there is no message {index} of topic {topic:?}, which has {count}"))
        })
    }

    /// Switches a server on or off.
    pub(crate) fn switch(&self, node: Node, up: bool) -> Result<(), Failure> {
        match node {
            Node::NameServer => self.cluster.set_namesrv(up),
            Node::Broker(broker) => self.cluster.set_broker(broker, up),
        }
        .map_err(|error| Failure::new(format!("{node} cannot be switched: {error}")))
    }
}

impl Deref for Mock {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}
