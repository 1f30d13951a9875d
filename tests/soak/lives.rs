//! What many lives of a producer, and a long time without peers, leave behind.

use std::time::Duration;

use rocketmq_mock::{Cluster, Options};

use crate::program::Program;
use crate::table::Table;

const ROUNDS: f64 = 1000.0;

pub(crate) fn rounds(table: &mut Table) {
    let cluster = Cluster::start(Options { keep: false, ..Options::default() }).unwrap();
    let program = Program::new("lifecycle").within(Duration::from_secs(1200));
    let ended = program.run(&[&cluster.namesrv(), "rounds", "1050"]).well();
    table.exactly("rounds of start, sends, shutdown", ended.number("rounds") as f64, ROUNDS);
    table.exactly("threads more", ended.number("threads_more") as f64, 0.0);
    table.exactly("descriptors more", ended.number("descriptors_more") as f64, 0.0);
    table.at_most("bytes held more, a round", ended.number("held_more") as f64 / ROUNDS, 1024.0);
    table.at_most("bytes resident more, a round", ended.number("resident_more") as f64 / ROUNDS, 1024.0);
}

/// One producer dials about once a second; a hundred make an hour's dials in less than a minute.
pub(crate) fn refused(table: &mut Table, seconds: u64) {
    let cluster = Cluster::start(Options { brokers: 2, ..Options::default() }).unwrap();
    let program = Program::new("refused_dials").within(Duration::from_secs(60 + 2 * seconds));
    let mut live = program.start(&[&cluster.namesrv(), "100", &seconds.to_string()]);
    live.wait_for("ready");
    cluster.set_namesrv(false).unwrap();
    cluster.set_broker(0, false).unwrap();
    cluster.set_broker(1, false).unwrap();
    live.go_on();
    let ended = live.end().well();
    table.figure("refused dials", ended.number("dials") as f64);
    table.at_most(
        "resident size, growth over the last eight tenths, KiB",
        ended.number("resident_more_kib") as f64,
        2048.0,
    );
    table.figure("bytes held more", ended.number("held_more") as f64);
    table.at_most("descriptors more", ended.number("descriptors_more") as f64, 0.0);
    table.exactly("sends that ended", ended.number("ended") as f64, ended.number("accepted") as f64);
    // A minute stands for the hour.
    assert!(ended.number("dials") >= i64::try_from(60 * seconds).unwrap());
}
