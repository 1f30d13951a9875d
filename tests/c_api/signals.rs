//! Signals: SIGPIPE does not end the host, and the library's threads take none that are the host's.

use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

use rocketmq_mock::{Fault, Rule};

use crate::program::{Program, cluster};

#[test]
fn brokers_that_die_under_load_do_not_end_a_program_with_sigpipe_at_its_default() {
    let cluster = cluster();
    let program = Program::new("signals");
    // Library threads block signals, and writes raise none. Without the two, the program dies; the second is enough.
    let broken_pipes = |way| {
        let mut live = program.start(&[&cluster.namesrv(), way]);
        live.wait_for("ready");
        live.go_on();
        live.end()
    };
    assert_eq!(broken_pipes("careless").status.signal(), Some(13));
    let unmasked = broken_pipes("unmasked").well();
    println!("signals not blocked:\n{}", unmasked.shown());
    assert!(unmasked.number("broken_pipes") >= 20);

    let mut live = program.start(&[&cluster.namesrv(), "brokers"]);
    live.wait_for("ready");
    // Each way when the load is there again.
    let more = || {
        let began = Instant::now();
        let count = cluster.message_count("Signals") + 20;
        assert!(cluster.wait_for_messages("Signals", count, Duration::from_secs(20)), "no more sends came");
        began.elapsed()
    };
    let mut back = Duration::ZERO;
    for round in 0..18 {
        back = back.max(more());
        match round % 3 {
            0 => cluster.fault(0, Rule::once(Fault::Cut { store: false }).sends()),
            1 => drop(cluster.cut_connections(0)),
            _ => {
                cluster.set_broker(0, false).unwrap();
                thread::sleep(Duration::from_millis(100));
                cluster.set_broker(0, true).unwrap();
            }
        }
    }
    back = back.max(more());
    live.go_on();
    let ended = live.end().well();
    println!(
        "{} connections, twenty sends came after {back:?} at most\n{}",
        cluster.accepted(0),
        ended.shown()
    );
    assert!(cluster.accepted(0) >= 18);
    assert!(ended.number("broken_pipes") >= 20);
    assert!(ended.number("succeeded") >= 200);
}

#[test]
fn library_threads_block_every_signal_and_the_caller_s_mask_is_as_before() {
    let cluster = cluster();
    // By name, so that the thread that asks the resolver may be seen too.
    let by_name = cluster.namesrv().replace("127.0.0.1", "localhost");
    let ended = Program::new("signals").run(&[&by_name, "masks"]).well();
    println!("{}", ended.shown());
    assert!(ended.number("library_threads") >= 2);
    assert_eq!(ended.number("wrong_masks"), 0);
}

#[test]
fn a_storm_of_handled_signals_disturbs_no_call() {
    let cluster = cluster();
    let ended = Program::new("signals").run(&[&cluster.namesrv(), "storm"]).well();
    println!("{}", ended.shown());
    assert!(ended.number("signals") > 500 && ended.number("sync") > 20);
    assert_eq!((ended.number("failed"), ended.number("signals_on_library_threads")), (0, 0));
}
