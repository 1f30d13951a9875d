//! The comparison with programs that only pretend: shell scripts that print figures as a sink and clients do.

#![cfg(test)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Counts what the clients leave in a file beside it.
const SINK: &str = r#"#!/bin/sh
counted="$(dirname "$0")/counted"
rm -f "$counted"
printf 'namesrv\t127.0.0.1:9876\n'
cat >/dev/null
printf 'messages\t%s\noneway\t0\nreads\t10\nwrites\t10\ncpu_us\t100\n' "$(cat "$counted" 2>/dev/null || echo 0)"
"#;

/// Prints the figures of a client that sent 110 messages.
const CLIENT: &str = r#"#!/bin/sh
echo 110 >"${0%/bench/*}/release/counted"
printf 'client\t%s 1.2.3\nmessages\t100\naccepted\t110\nfailed\t0\ncpu_us\tCPU\nseconds\t0.01\nrate\t1000\n' "$(basename "$0")"
printf 'switches\t0.1\np50\t50\np99\t90\np99.9\t99\nmax\t100\ncall_p50\t0.5\ncall_p99\t0.9\ncall_p99.9\t1\n'
printf 'rss_kib\t5000\nthreads\t3\nend\tok\n'
"#;

const FAILS: &str = "#!/bin/sh\necho 'no route of this topic' >&2\nexit 1\n";

/// A folder like cargo's.
struct Fakes(PathBuf);

impl Fakes {
    /// The floor, this library and the Java client work; one client fails, one lies, the others are missing.
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("rocketmq-bench-{name}-{}", std::process::id()));
        let fakes = Self(folder);
        fakes.program("release/rocketmq-bench-sink", SINK);
        for (client, cpu) in [("floor", "0.5"), ("ours", "1.5"), ("peers/java-5.5.0", "12")] {
            fakes.program(&format!("bench/{client}"), &CLIENT.replace("CPU", cpu));
        }
        fakes.program("bench/peers/go", FAILS);
        fakes.program(
            "bench/peers/rust",
            &CLIENT.replace("CPU", "20").replace("accepted\\t110", "accepted\\t111"),
        );
        fakes
    }

    fn program(&self, path: &str, script: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// However busy the machine is.
    fn compare(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rocketmq-bench"));
        command.arg("compare").args(arguments).args(["--quick", "--others", "1000", "--target"]).arg(&self.0);
        command.output().unwrap()
    }

    fn page(&self) -> PathBuf {
        self.0.join("PAGE.md")
    }
}

impl Drop for Fakes {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_run_goes_on_without_those_who_fail_lie_or_are_missing() {
    let fakes = Fakes::new("compare");
    let page = fakes.page();
    let output =
        fakes.compare(&["--rounds", "2", "--only", "base", "axes", "--write", page.to_str().unwrap()]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    let page = text(&page);
    for part in [
        "| ours | **1.50** | 3.00 |",
        "| async, CPU per message, ours / best peer | 1/8.00 | ≤ 1/5 | ≤ 1/12 | met | the best peer: java-5.5.0 |",
        "| go | void: the client failed: exit status: 1: no route of this topic |",
        "| rust-task | void: the sink counted 110, the client 111 |",
        "| librocketmq | not available: there is no bench/librocketmq |",
        "| ours | ours 1.2.3 |",
        "worth nothing as figures",
    ] {
        assert!(page.contains(part), "{part}\n{page}\n{printed}");
    }
    // Who fails by own doing is not tried in each round again.
    let results = text(&fakes.0.join("bench/results-quick.tsv"));
    let tries = results.lines().filter(|line| line.starts_with("base/async 1024 B JSON free/go"));
    let rounds: Vec<&str> = tries.filter_map(|line| line.split('\t').nth(1)).collect();
    assert!(!rounds.is_empty() && rounds.iter().all(|round| *round == "1"), "{results}");

    let first = fs::read_to_string(fakes.page()).unwrap();
    let output = fakes.compare(&["--report-only", "--write", fakes.page().to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&fakes.page()), first, "the same figures make the same page");
}

#[test]
fn packages_are_compared_without_those_that_cannot_be_had() {
    let fakes = Fakes::new("languages");
    for (client, cpu) in [("packages/ours-go", "4"), ("packages/ours-node", "8"), ("peers/go", "60")] {
        fakes.program(
            &format!("bench/{client}"),
            &CLIENT.replace("CPU", cpu).replace("end\\t", "stall_ms\\t3\\nend\\t"),
        );
    }
    // Neither the floor nor the C program is needed.
    fs::remove_file(fakes.0.join("bench/floor")).unwrap();
    fs::remove_file(fakes.0.join("bench/ours")).unwrap();
    let page = fakes.page();
    let output = fakes.compare(&["--rounds", "1", "--only", "languages", "--write", page.to_str().unwrap()]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    let page = text(&page);
    for part in [
        "| callbacks, window 256 | ours-go | **4.00** | 1.00 | **1.00** |",
        "| callbacks, window 256 | go | 60.0 | 15.0 |",
        "| promises, window 256 | rocketmq-nodejs | not available: there is no packages/rocketmq-nodejs |",
        "| Go, async, CPU per message, ours / rocketmq-client-go | 1/15.0 | ≤ 1/5 |",
        "| Node, window 10,000, longest stall of the event loop | 3.00 ms | ≤ 10 ms | – | met |",
    ] {
        assert!(page.contains(part), "{part}\n{page}\n{printed}");
    }
}

#[test]
fn nothing_is_compared_without_this_library_or_the_sink() {
    for missing in ["bench/ours", "bench/floor", "release/rocketmq-bench-sink"] {
        let fakes = Fakes::new(&missing.replace('/', "-"));
        fs::remove_file(fakes.0.join(missing)).unwrap();
        let output = fakes.compare(&["--only", "base"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(&format!("there is no {missing}")), "{told}");
    }
}

#[test]
fn a_library_that_never_runs_fails_the_comparison() {
    let fakes = Fakes::new("failing");
    fakes.program("bench/ours", FAILS);
    let output = fakes.compare(&["--only", "base", "--rounds", "1", "--clients", "ours", "floor"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        told.contains("FAILED: ours: the client failed: exit status: 1: no route of this topic"),
        "{told}"
    );
}

#[test]
fn a_sink_that_does_not_get_ready_fails_the_comparison() {
    let fakes = Fakes::new("silent");
    fakes.program("release/rocketmq-bench-sink", "#!/bin/sh\nexit 0\n");
    let output = fakes.compare(&["--only", "base"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("the sink did not become ready"), "{output:?}");
}

#[test]
fn who_could_do_it_once_is_asked_again_in_each_round() {
    let fakes = Fakes::new("once");
    let once = r#"[ -e "$0.ran" ] && { echo 'not again' >&2; exit 1; }; : >"$0.ran"; echo 110"#;
    fakes.program("bench/peers/go", &CLIENT.replace("CPU", "40").replacen("echo 110", once, 1));
    let output = fakes.compare(&["--only", "base", "--rounds", "2", "--clients", "go"]);
    assert!(output.status.success(), "nobody whom it depends on has failed: {output:?}");
    let results = text(&fakes.0.join("bench/results-quick.tsv"));
    let figures = |round: &str, void: &str| {
        let lines = results.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let found = lines.filter(|line| line[0].contains("/async 1024 B JSON"));
        found.filter(|line| line[1] == round && line[5].contains(void)).count()
    };
    assert!(figures("1", "not again") > 0 && figures("2", "not again") > 0, "{results}");
    assert!(results.contains("\tcpu_us\t40\t\n"), "{results}");
}
