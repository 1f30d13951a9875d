//! The clients in C that need nothing from elsewhere: what they say was accepted is what the sink counted.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::program::{Sink, figures};

const PHASES: [&str; 4] = ["async", "sync", "oneway", "open"];
const MESSAGES: u64 = 2000;
const WARMUP: u64 = 200;
const TRIES: usize = 5;

/// The folder of the clients, which are built once.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build)
}

/// Builds the clients, linked with the library of this build, which Cargo puts beside the test program.
fn build() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients");
    let library = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let made = Command::new("make")
        .args(["--silent", "--directory"])
        .arg(here.join("../c"))
        .args([format!("OUT={}", out.display()), format!("LIBRARY={}", library.display())])
        .output()
        .expect("make runs (`make deps` installs it)");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    out
}

fn run(program: &Path, sink: &Sink, arguments: &[&str]) -> HashMap<String, String> {
    let counts = [format!("messages={MESSAGES}"), format!("warmup={WARMUP}")];
    let output = Command::new(program).arg(&sink.namesrv).args(arguments).args(counts).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    assert_eq!(stderr, "", "{arguments:?}");
    assert_eq!(stdout.lines().last(), Some("end\tok"));
    figures(&stdout).map(|(name, value)| (name, value.to_owned())).collect()
}

/// Compares the counts. Where the machine leaves a process without a turn for seconds, our client sends again what is not
/// answered and gives up one-way messages that are too old, as it should: then another run decides.
fn check(program: &Path, brokers: &str, arguments: &[&str]) {
    let equal = (0..TRIES).any(|_| counts_are_equal(program, brokers, arguments));
    assert!(
        equal,
        "{}, {brokers} brokers, {arguments:?}: the sink counts otherwise each time",
        program.display()
    );
}

fn counts_are_equal(program: &Path, brokers: &str, arguments: &[&str]) -> bool {
    let sink = Sink::start(&["--brokers", brokers]);
    let figures = run(program, &sink, arguments);
    let (counts, complaints) = sink.end();
    let shown = format!("{}, {brokers} brokers, {arguments:?}", program.display());
    assert_eq!((&*figures["failed"], &*complaints), ("0", ""), "{shown}");
    let is_oneway = arguments.first() == Some(&"oneway");
    let oneway = if is_oneway { MESSAGES + WARMUP } else { 0 };
    let equal = figures["accepted"] == counts["messages"].to_string() && counts["oneway"] == oneway;
    for name in ["cpu_us", "seconds", "rate", "switches", "rss_kib", "threads"] {
        assert!(figures[name].parse::<f64>().is_ok_and(|value| value >= 0.0), "{shown}: {name}");
    }
    let timed = matches!(arguments.first(), Some(&("sync" | "open")));
    for name in ["p50", "p99", "p99.9", "max"] {
        assert_eq!(figures.contains_key(name), timed, "{shown}: {name}");
    }
    equal
}

#[test]
fn what_the_clients_in_c_count_is_what_the_sink_counts() {
    let folder = built();
    for client in ["ours", "floor"] {
        let program = folder.join(client);
        for phase in PHASES {
            check(&program, "1", &[phase]);
            check(&program, "3", &[phase, "format=binary", "topics=7", "window=64"]);
        }
    }
    for phase in ["async", "sync", "oneway"] {
        check(&folder.join("ours"), "2", &[phase, "threads=8"]);
    }
}

#[test]
fn what_a_client_cannot_do_it_says() {
    let sink = Sink::start(&[]);
    let folder = built();
    for (arguments, sentence) in [
        (["async", "format=xml"], "format is json or binary, not xml"),
        (["async", "threads=2"], "this client has one thread"),
        (["open", "rate=0"], "rate takes 1 to"),
        (["sync", "colour=red"], "there is no key in colour=red"),
        (["later", "body=1"], "there is no phase later"),
    ] {
        let output = Command::new(folder.join("floor")).arg(&sink.namesrv).args(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty() && stderr.contains(sentence), "{stderr}");
    }
}
