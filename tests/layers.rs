//! The house's rules that no compiler checks: which layer may name which, where a socket may be opened, what would make
//! a simulation run differently twice, how long a file may be.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

/// What may not stand in the files below a folder, and where it may all the same.
struct Rule {
    below: &'static [&'static str],
    never: &'static [&'static str],
    but_in: &'static [&'static str],
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        below: &["protocol/src"],
        never: &[
            "tokio",
            "std::net::Tcp",
            "std::net::Udp",
            "std::thread",
            "Instant::now",
            "SystemTime",
            "log::",
            "crate::client",
        ],
        but_in: &[],
        why: "the codec is sans-IO",
    },
    Rule {
        below: &["src/client"],
        never: &["crate::producer", "crate::ffi", "rocketmq_mock"],
        but_in: &[],
        why: "arrows go down only: the client knows nothing of producers",
    },
    Rule {
        below: &["src/producer"],
        never: &["crate::ffi", "rocketmq_mock"],
        but_in: &[],
        why: "arrows go down only: the producer knows nothing of C",
    },
    Rule {
        below: &["src/runtime", "src/error.rs", "src/text", "src/latency.rs", "src/sync.rs"],
        never: &["crate::client", "crate::producer", "crate::ffi", "protocol::"],
        but_in: &[],
        why: "a leaf knows no layer",
    },
    Rule {
        below: &["src/ffi"],
        never: &["crate::client", "protocol::"],
        but_in: &[],
        why: "the C border calls the producer, nothing below it",
    },
    Rule {
        below: &["src/client", "src/producer"],
        never: &[
            "Instant::now",
            "SystemTime::now",
            "RandomState",
            "HashMap::new()",
            "HashSet::new()",
            "fastrand::",
            "getrandom::",
            "tokio::spawn",
            "thread::spawn",
        ],
        but_in: &["src/client/world.rs"],
        why: "a simulation must run the same twice: time, chance and tasks come through the seams",
    },
    Rule {
        below: &["src"],
        never: &["TcpStream", "UdpSocket", "ToSocketAddrs"],
        but_in: &["src/client/connector.rs", "src/client/tcp.rs"],
        why: "one file opens sockets, one resolves names",
    },
    Rule {
        below: &["src"],
        never: &[".poll_read(", ".poll_write_vectored("],
        but_in: &["src/client/connection.rs"],
        why: "one file reads and writes a stream",
    },
    Rule {
        below: &["src"],
        never: &["block_on("],
        but_in: &[],
        why: "runtime::wait is the one place that blocks",
    },
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder` with its path from the root and its text without tests and comments.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_name().unwrap() != "tests.rs"
        {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            found.push((shown(&path), code));
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no source in {folder}");
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

#[test]
fn every_layer_keeps_to_itself() {
    let mut broken = Vec::new();
    for rule in RULES {
        for file in rule.but_in {
            assert!(root().join(file).is_file(), "{file}, an exception, does not exist");
        }
        for (file, code) in rule.below.iter().flat_map(|below| sources(below)) {
            if rule.but_in.contains(&file.as_str()) {
                continue;
            }
            for word in rule.never {
                if let Some(line) = code.lines().find(|line| line.contains(word)) {
                    broken.push(format!("{file}: `{}` ({})", line.trim(), rule.why));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_select_takes_its_branches_in_order() {
    for (file, code) in sources("src") {
        for (at, _) in code.match_indices("select!") {
            let after = &code[at..];
            let body = after[after.find('{').unwrap() + 1..].trim_start();
            assert!(body.starts_with("biased;"), "{file}: a select! without `biased;` draws lots");
        }
    }
}

#[test]
fn unsafe_code_compiles_at_the_c_border_only() {
    const BORDERS: [&str; 2] = ["src/ffi/mod.rs", "mock/c/src/lib.rs"];
    let all = ["src", "protocol/src", "mock/src", "mock/c/src"];
    for (file, code) in all.into_iter().flat_map(sources) {
        let allows = code.contains("allow(unsafe_code)") || code.contains("expect(unsafe_code");
        assert!(!allows || BORDERS.contains(&file.as_str()), "{file} allows unsafe code");
        let exception = code.contains("#[allow(") || code.contains("#![allow(");
        assert!(!exception || file == "src/ffi/mod.rs", "{file}: an exception is `expect`ed with a reason");
    }
}

/// A lock that the model checker does not see is a step that no model takes.
#[test]
fn what_a_model_explores_meets_by_what_the_model_replaces() {
    const HIDDEN: &[&str] = &["Mutex", "RwLock", "Condvar", "Weak", "Once", "atomic", "mpsc", "tokio::sync"];
    let models = sources("loom/src");
    let paths = models.iter().flat_map(|(_, code)| code.lines());
    let paths = paths.filter_map(|line| line.trim().strip_prefix("#[path = \"../../")?.strip_suffix("\"]"));
    let explored: Vec<_> = paths.flat_map(sources).collect();
    assert!(explored.len() > 3, "the models explore none of the library's files");
    for (file, code) in explored {
        for line in code.lines().filter(|line| line.contains("std::sync::") || line.contains("tokio::sync")) {
            let hidden = HIDDEN.iter().find(|word| line.contains(**word));
            assert!(hidden.is_none(), "{file}: `{}` belongs to crate::sync", line.trim());
        }
    }
}

#[test]
fn no_file_is_longer_than_600_lines() {
    for folder in ["src", "protocol", "mock", "bench", "loom", "tests"] {
        for (file, _) in sources(folder) {
            let lines = fs::read_to_string(root().join(&file)).unwrap().lines().count();
            assert!(lines <= 600, "{file} has {lines} lines: split it by noun");
        }
    }
}
