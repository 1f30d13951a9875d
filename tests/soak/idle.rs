//! Producers that do nothing cost nothing, and many take no more threads than one.

use std::collections::BTreeSet;

use rocketmq_mock::{Cluster, Options};

use crate::program::{Ended, Live, Program};
use crate::table::Table;

/// What happens to the peers once the producer is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peers {
    Stay,
    GoAfterStart,
    GoAfterSends,
}

/// All three at once: they do nothing but wait.
pub(crate) fn idle(table: &mut Table, seconds: u64) {
    let program = Program::new("idle");
    let ms = (seconds * 1000).to_string();
    let running: Vec<_> = [Peers::Stay, Peers::GoAfterStart, Peers::GoAfterSends]
        .into_iter()
        .map(|peers| {
            let cluster = Cluster::start(Options { brokers: 2, ..Options::default() }).unwrap();
            let sends = if peers == Peers::GoAfterStart { "no" } else { "sends" };
            let mut live = program.start(&[&cluster.namesrv(), "1", &ms, sends]);
            live.wait_for("ready");
            if peers != Peers::Stay {
                cluster.set_namesrv(false).unwrap();
                cluster.set_broker(0, false).unwrap();
                cluster.set_broker(1, false).unwrap();
            }
            live.go_on();
            (peers, cluster, live)
        })
        .collect();
    for (peers, _cluster, live) in running {
        let ended: Ended = Live::end(live).well();
        let seconds = ended.number("us") as f64 / 1e6;
        let name = match peers {
            Peers::Stay => "all is well",
            Peers::GoAfterStart => "no peer since the start",
            Peers::GoAfterSends => "no peer since the last send",
        };
        table.at_most(&format!("{name}: wake-ups a second"), ended.number("switches") as f64 / seconds, 5.0);
        let cpu = ended.number("cpu_us") as f64 / 1e4 / seconds;
        table.at_most(&format!("{name}: percent of a core"), cpu, 0.1);
    }
}

pub(crate) fn threads(table: &mut Table) {
    let program = Program::new("idle");
    let cluster = Cluster::start(Options { brokers: 2, ..Options::default() }).unwrap();
    // A name server by its name takes the resolver's thread, as long as it looks.
    let by_name = cluster.namesrv().replace("127.0.0.1", "localhost");
    for producers in ["1", "100"] {
        let ended = run(&program, &[&by_name, producers, "100", "sends"]).well();
        let names: BTreeSet<_> = ended.all("thread").into_iter().collect();
        let names = names.into_iter().collect::<Vec<_>>().join(" ");
        let name = format!("library threads, {producers} producers: {names}");
        table.at_most(&name, ended.number("threads_at_the_end") as f64, 4.0);
    }
}

/// To its end, without a pause.
fn run(program: &Program, arguments: &[&str]) -> Ended {
    let mut live = program.start(arguments);
    live.wait_for("ready");
    live.go_on();
    live.end()
}
