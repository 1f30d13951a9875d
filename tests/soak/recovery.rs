//! Brokers that are killed, come back, and come back elsewhere, while sends go on at a steady rate.

use std::thread;
use std::time::Duration;

use rocketmq_mock::Options;

use crate::program::{Ended, Live, Program};
use crate::server::{Server, free_address};
use crate::table::Table;

const TOPIC: &str = "Recovery";
const RATE: &str = "2000";
/// Between two things that happen.
const PAUSE: Duration = Duration::from_secs(5);

/// What happens, in this order; each is a mark in the program.
const ONE_KILLED: usize = 0;
const ALL_KILLED: usize = 1;
const ALL_BACK: usize = 2;
const ALL_KILLED_AGAIN: usize = 3;
const ELSEWHERE: usize = 4;

pub(crate) fn recovery(table: &mut Table) {
    let cluster = rocketmq_mock::Cluster::start(Options { brokers: 2, ..Options::default() }).unwrap();
    cluster.add_topic(TOPIC, 4);
    let at = |broker: usize| {
        let server = Server::start(free_address(), TOPIC);
        cluster.set_address(broker, &server.address.to_string());
        server
    };
    let (first, second) = (at(0), at(1));
    let (first_address, second_address) = (first.address, second.address);
    let mut live = Program::new("recovery").start(&[&cluster.namesrv(), RATE]);
    live.wait_for("ready");
    let mark = |live: &mut Live| {
        thread::sleep(PAUSE);
        live.go_on();
    };
    // The name server lists a broker for a while after it died.
    mark(&mut live);
    second.kill();
    mark(&mut live);
    first.kill();
    thread::sleep(PAUSE);
    let (first, second) = (Server::start(first_address, TOPIC), Server::start(second_address, TOPIC));
    live.go_on();
    mark(&mut live);
    first.kill();
    second.kill();
    thread::sleep(PAUSE);
    // Elsewhere, and the name server is told.
    let moved = [at(0), at(1)];
    live.go_on();
    thread::sleep(PAUSE);
    let ended = live.end().well();
    drop(moved);
    println!("{}", ended.shown());
    tell(table, &ended);
}

fn tell(table: &mut Table, ended: &Ended) {
    table.figure("sends", ended.number("sends") as f64);
    let spans: Vec<Span> = ended.all("span").into_iter().map(Span::read).collect();
    let span = |mark, when| spans.iter().find(|span| span.mark == mark && span.when == when).unwrap();
    let at_once = span(ONE_KILLED, "first_second");
    table.figure("one of two killed: sends begun within a second", at_once.begun);
    table.exactly("  of which failed", at_once.failed, 0.0);
    table.figure("  p50, ms", at_once.p50_ms);
    table.at_most("  p99, ms", at_once.p99_ms, 1000.0);
    let then = span(ONE_KILLED, "then");
    table.exactly("  later ones that failed", then.failed, 0.0);
    table.at_most("  p99 of later ones, ms", then.p99_ms, 100.0);
    let first_ms = |mark: usize| ended.number(&format!("first_us_{mark}")) as f64 / 1000.0;
    table.at_most("all killed, all back: first success after, ms", first_ms(ALL_BACK), 3000.0);
    table.exactly("  sends that failed, from a second on", span(ALL_BACK, "then").failed, 0.0);
    table.at_most("all killed, back elsewhere: first success after, ms", first_ms(ELSEWHERE), 2000.0);
    table.figure("  sends that failed within the first second", span(ELSEWHERE, "first_second").failed);
    // There was nobody to send to, or nothing of it was shown.
    for mark in [ALL_KILLED, ALL_KILLED_AGAIN] {
        assert!(span(mark, "then").failed > 0.0);
    }
}

struct Span {
    mark: usize,
    when: String,
    begun: f64,
    failed: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Span {
    fn read(line: &str) -> Self {
        let words: Vec<_> = line.split(' ').collect();
        let number = |index: usize| words[index].parse::<f64>().unwrap();
        Self {
            mark: words[0].parse().unwrap(),
            when: words[1].into(),
            begun: number(2),
            failed: number(3),
            p50_ms: number(4) / 1000.0,
            p99_ms: number(5) / 1000.0,
        }
    }
}
