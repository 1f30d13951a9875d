//! How many instructions a message costs this library, counted by callgrind: a number that hardly differs from one run
//! to the next, however busy the machine is. It is held against the one that was kept, so that nothing gets slower
//! unseen. What the kernel does is not in it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::plan::{BASE, Format, OURS, Phase, Work};
use super::process::{self, Sink, number};
use super::round::Programs;

/// What is counted, at the base point.
const COUNTED: [(&str, Work); 4] = [
    ("async JSON", BASE),
    ("async binary", Work { format: Format::Binary, ..BASE }),
    ("one-way JSON", Work { phase: Phase::Oneway, ..BASE }),
    ("completion queue", Work { polled: true, ..BASE }),
];
/// The difference between a long and a short run leaves out how a client starts and ends.
const FEW: u64 = 3_000;
const MANY: u64 = 15_000;
/// So often each is counted: on a busy machine threads wait for one another more often, which costs instructions too,
/// so that the least is taken.
const RUNS: u32 = 3;
/// Of the kept number, up and down.
const TOLERANCE: f64 = 0.05;
/// Under callgrind all is some fifty times slower.
const LIMIT: Duration = Duration::from_secs(180);

/// Counts, and says what differs from the numbers kept in `kept`; whether nothing does. With `keep` the new ones are
/// kept.
pub(crate) fn check(programs: &Programs, kept: &Path, keep: bool) -> Result<bool, String> {
    let mut counted = Vec::new();
    for (name, work) in COUNTED {
        let mut least = f64::INFINITY;
        for _ in 0..RUNS {
            least = least.min(per_message(programs, work)?);
        }
        counted.push((name, least));
    }
    if keep {
        std::fs::write(kept, page(&counted)).map_err(|error| format!("{}: {error}", kept.display()))?;
    }
    let text = std::fs::read_to_string(kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    let (lines, fine) = compared(&counted, &read(&text));
    print!("{lines}");
    Ok(fine)
}

fn per_message(programs: &Programs, work: Work) -> Result<f64, String> {
    let run = |messages| instructions(programs, work, messages);
    let (few, many) = (run(FEW)?, run(MANY)?);
    Ok((many - few) / (MANY - FEW) as f64)
}

/// Instructions of a whole run.
fn instructions(programs: &Programs, work: Work, messages: u64) -> Result<f64, String> {
    let report = std::env::temp_dir().join(format!("rocketmq-bench-{}.callgrind", std::process::id()));
    let log = std::env::temp_dir().join(format!("rocketmq-bench-{}.valgrind", std::process::id()));
    let out = format!("--callgrind-out-file={}", report.display());
    let said = format!("--log-file={}", log.display());
    let sink = Sink::start(&programs.sink()?, &[], BASE.brokers)?;
    let mut command = programs.client(OURS, &["valgrind", "--tool=callgrind", &out, &said])?;
    command.arg(&sink.namesrv).args(work.arguments());
    command.args([format!("messages={messages}"), "warmup=1000".to_owned()]);
    let ended = process::client(&mut command, Some(&sink), LIMIT);
    let text = std::fs::read_to_string(&log);
    for file in [&report, &log] {
        // Not there when valgrind did not start.
        let _ = std::fs::remove_file(file);
    }
    let ended = ended.map_err(|error| format!("{error}: is valgrind there?"))?;
    if let Some(failure) = ended.failure {
        return Err(format!("under callgrind the client failed: {failure}"));
    }
    if number(&sink.end()?, "messages") != number(&ended.figures, "accepted") {
        return Err("under callgrind the sink's count differs from the client's".to_owned());
    }
    let text = text.map_err(|error| format!("the log of valgrind: {error}"))?;
    collected(&text).ok_or_else(|| "callgrind does not tell what it counted".to_owned())
}

/// From callgrind's `==42== Collected : 274792853`.
fn collected(log: &str) -> Option<f64> {
    let (_, number) = log.lines().rev().find_map(|line| line.split_once("Collected : "))?;
    number.trim().parse().ok()
}

fn page(counted: &[(&str, f64)]) -> String {
    let mut page = String::from(
        "# Instructions of one message of 1 KiB, 256 outstanding, as callgrind counts them: create, set_body, send and\n\
         # destroy, to the end of the callback or to the event's release. `make instructions` compares, `make instructions KEEP=yes` writes.\n",
    );
    for (name, instructions) in counted {
        // Into a string, which never fails.
        let _ = writeln!(page, "{name}\t{instructions:.0}");
    }
    page
}

fn read(page: &str) -> BTreeMap<&str, f64> {
    page.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<(&str, f64)> {
    let (name, number) = line.split_once('\t')?;
    Some((name, number.parse().ok()?))
}

/// A line for each, and whether all are as they were.
fn compared(counted: &[(&str, f64)], kept: &BTreeMap<&str, f64>) -> (String, bool) {
    let (mut lines, mut fine) = (String::new(), true);
    for (name, now) in counted {
        let change = kept.get(name).map(|kept| now / kept - 1.0);
        let verdict = match change {
            None => "FAILED: no number is kept",
            Some(change) if change > TOLERANCE => "FAILED: more than is kept",
            Some(change) if change < -TOLERANCE => "FAILED: fewer than are kept; keep the new number",
            Some(_) => "ok",
        };
        fine &= verdict == "ok";
        let change = change.map_or_else(String::new, |change| format!(", {:+.1} %", change * 100.0));
        // Into a string, which never fails.
        let _ = writeln!(lines, "instructions per message, {name}: {now:.0}{change}: {verdict}");
    }
    (lines, fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_compared_up_and_down() {
        let page = page(&[("a", 1000.4), ("b", 500.0)]);
        let kept = read(&page);
        assert_eq!(kept, BTreeMap::from([("a", 1000.0), ("b", 500.0)]));
        for (now, fine) in [(1000.0, true), (1049.0, true), (951.0, true), (1051.0, false), (949.0, false)] {
            let (lines, verdict) = compared(&[("a", now)], &kept);
            assert_eq!((verdict, lines.contains("FAILED")), (fine, !fine), "{lines}");
        }
        assert!(!compared(&[("c", 1.0)], &kept).1, "nothing is kept for it");
    }

    #[test]
    fn the_count_is_found_in_valgrind_s_log() {
        let log = "==1== \n==1== Events    : Ir\n==1== Collected : 274792853\n==1== \n==1== I   refs:      274,792,853\n";
        assert_eq!(collected(log), Some(274_792_853.0));
        assert_eq!(collected("==1== Killed\n"), None);
    }
}
