//! More sends than can be taken, and the memory they take.
//!
//! `tests/c_api` and `tests/soak` compile this file.

use rocketmq_mock::{Cluster, Options};

use crate::program::Program;

pub(crate) const MIB: usize = 1024 * 1024;

/// What is offered to a producer with which limits.
pub(crate) struct Offer {
    pub(crate) way: &'static str,
    pub(crate) bytes_max: usize,
    pub(crate) messages_max: usize,
    pub(crate) completions_max: usize,
    pub(crate) body_bytes: usize,
    pub(crate) offers: usize,
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            way: "frozen",
            bytes_max: 100 * MIB,
            messages_max: 10_000,
            completions_max: 100_000,
            body_bytes: 1024,
            offers: 1_000_000,
        }
    }
}

impl Offer {
    /// How many were accepted, refused because of what is in flight, and because callbacks do not return; by how
    /// many KiB the resident size grew at most, which the bytes in flight bound.
    pub(crate) fn made(&self) -> (usize, usize, usize, usize) {
        let cluster = Cluster::start(Options { keep: false, ..Options::default() }).unwrap();
        cluster.add_topic("Memory", 4);
        let limits = [self.bytes_max, self.messages_max, self.completions_max, self.body_bytes, self.offers];
        let limits = limits.map(|limit| limit.to_string());
        let address = cluster.namesrv();
        let mut arguments = vec![address.as_str(), self.way];
        arguments.extend(limits.iter().map(String::as_str));
        let mut live = Program::new("memory").start(&arguments);
        live.wait_for("ready");
        if self.way == "frozen" {
            cluster.set_frozen(0, true);
        }
        live.go_on();
        let ended = live.end().well();
        let number = |name| usize::try_from(ended.number(name)).unwrap();
        let (growth, most) = (number("growth_kib"), (self.bytes_max * 3 / 2 + 32 * MIB) / 1024);
        println!("{arguments:?}: {growth} KiB more, {most} are allowed; {}", ended.lines.join(", "));
        assert!(growth <= most, "{growth} KiB more, where {most} are allowed");
        (number("accepted"), number("queue_full"), number("completion_full"), growth)
    }
}
