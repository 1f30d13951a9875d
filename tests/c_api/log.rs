//! Log lines: text of the application and of brokers goes through as it is, and nothing is written but lines.

use rocketmq_mock::{Fault, Rule};
use std::time::Duration;

use crate::program::{Ended, Language, Program, cluster, shared};

const TOPIC: &str = "%s%n%d%%s";
const PERCENT: &str = "%s%n%d%%%s%1$s%";

/// A whole life in which every text looks like a format; lines go to `target`.
fn life(program: &Program, target: &str) -> Ended {
    let cluster = cluster();
    let mut live = program.start(&[&cluster.namesrv(), target]);
    live.wait_for("sent");
    let refusal = Fault::Respond { code: 1, remark: Some(PERCENT.into()), delay: Duration::ZERO };
    cluster.fault(0, Rule::always(refusal).sends());
    live.go_on();
    let ended = live.end().well();
    let stored = cluster.messages(TOPIC);
    assert_eq!(stored.len(), 1);
    let property =
        |name: &str| protocol::message::properties::get(&stored[0].properties, name).map(str::to_owned);
    assert_eq!(&stored[0].body[..], PERCENT.as_bytes());
    for name in ["TAGS", "KEYS", PERCENT] {
        assert_eq!(property(name).as_deref(), Some(PERCENT), "{name}");
    }
    ended
}

#[test]
fn what_looks_like_a_format_goes_through_every_text_and_every_line_as_it_is() {
    let program = Program::new("log");
    let (to_callback, to_stderr) = (life(&program, "callback"), life(&program, "stderr"));
    for lines in [to_callback.all("line"), to_stderr.errors.iter().map(String::as_str).collect()] {
        let of_route = lines.iter().any(|line| line.contains(&format!("{TOPIC}: ")));
        let of_remark = lines.iter().any(|line| line.contains(&format!("code 1: {PERCENT}")));
        assert!(of_route && of_remark, "{lines:#?}");
    }
    assert_eq!(to_callback.errors, Vec::<String>::new(), "stderr is the host's");
}

/// In the words of strace: every call that names a file.
#[test]
fn no_file_is_ever_opened_for_writing_made_or_changed() {
    let program = Program::linked(Language::C99, &["log"], &shared()).under(&[
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=%file",
    ]);
    let ended = life(&program, "callback");
    let calls: Vec<_> = ended.errors.iter().filter(|line| line.contains("(")).collect();
    assert!(calls.iter().any(|call| call.contains("openat(") && call.contains("librocketmq_producer.so")));
    let name = |call: &str| {
        call.rsplit_once("] ").map_or(call, |(_, call)| call).split('(').next().unwrap_or("").to_owned()
    };
    for call in &calls {
        let reads = match name(call).as_str() {
            "open" | "openat" | "openat2" => call.contains("O_RDONLY") && !call.contains("O_CREAT"),
            "execve" | "access" | "faccessat" | "faccessat2" | "stat" | "lstat" | "newfstatat" | "statx" => {
                true
            }
            "readlink" | "readlinkat" | "getcwd" | "statfs" => true,
            _ => false,
        };
        assert!(reads, "{call}");
    }
    println!("{} calls that name a file", calls.len());
}
