//! A Rust host that has a logger of its own keeps it, and its level. A process of its own, since there is one logger.

#![cfg(test)]

use log::{LevelFilter, Log, Metadata, Record};
use rocketmq_producer::client::world::World;
use rocketmq_producer::runtime;

struct Host;

impl Log for Host {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &Record<'_>) {}

    fn flush(&self) {}
}

#[test]
fn a_rust_host_keeps_its_logger_and_its_level() {
    log::set_logger(&Host).unwrap();
    log::set_max_level(LevelFilter::Debug);
    runtime::set_log_sink(LevelFilter::Trace, None);
    World::system().unwrap();
    runtime::set_log_sink(LevelFilter::Off, None);
    assert_eq!(log::max_level(), LevelFilter::Debug);
}
