//! The page: what was measured on, how, the tables, the promises, what is void, and the pictures beside it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::plan::languages::language;
use super::plan::{
    ASYNC_FREE, AXES_BASE, CLIENTS, FLOOR, OPEN, OURS, Phase, Row, Section, axes, clients, key, rows,
};
use super::plot::Chart;
use super::results::{Results, Void};
use super::{tables, verdict};

/// In the place of a group: what the guard of the hot path counts, the library's size, what strace counts, what is left
/// when hardly anything is sent.
pub(crate) const GUARD: &str = "counted in the process";
pub(crate) const SIZE: &str = "library";
pub(crate) const CALLS: &str = "system calls";
pub(crate) const NEARLY_IDLE: &str = "one send a second";

const METHOD: &str = "\
## How it is measured

- Every client is a process of its own, and sends to a sink in another one: a name server and brokers that answer at once and
  keep nothing. So the client is what limits, and **CPU per message is the result that can be carried to other machines**;
  messages a second follow from it, and no real broker would let them through.
- *floor* is a bare socket: frames that were made before, written and read in bulk. No client can be cheaper.
- *ours* is a C program above the C interface; the peers are as their registries deliver them. Everybody has the same loop:
  stop at `window` outstanding messages, go on at half of it; a message object is created, given a body of random bytes, sent
  and destroyed each time. Timeouts and retries are each client's defaults, bodies are not compressed.
- `sync`: each thread sends and waits. `one-way`: timed to the answer of a closing sync send, since else a queue filling up
  would be timed. `open loop`: sends are due at a fixed rate, and latency counts from when a send was due, not from when a
  client got round to it. *call* is the time of the caller inside an asynchronous or one-way send.
- Warm-up is a tenth of the messages, for JVMs ten seconds, for Node one. *pinned*: the client on one core, the sink on another; *free*: as
  the system likes.
- Clients take turns, A B C A B C …, each time with a fresh sink and a fresh process. A cell is the median over the rounds, and
  the least and the greatest in brackets. A ratio is taken within each round, and then its median. The best client of a column
  is bold.
- A round is **void** when the sink was not ready or counted other messages than the client, when the client failed or a send
  did, when the sink used over 0.8 of its core in its busiest stretch as long as the timed part (the floor, which costs no
  more than the sink, may fill it), or when other processes used more of the machine than is allowed. It is repeated up to three
  times. What stays void is told below.
- Packages of other languages have the same loop in theirs, which gives an event loop its turn after each hundred sends.
  *longest stall* is the longest time in a round for which a timer of 1 ms did not run in the event loop, whoever held it up:
  the client, the collector of garbage, or another process on its core. Beside the promise stands what the loop's own thread
  ran at most between two runs of that timer, which leaves the others out. Python has looked at what its start made for garbage
  before, which it does once in any case, and at a time of its own.
- System calls are counted by `strace`, allocations and socket writes by counters in the process, wake-ups by the system, once
  and in runs that nobody times.
";

const TO_GET_THEM: &str = "`make bench` measures all of this again, `make bench-axes` the growth alone, `make bench-languages` the \
                           packages of other languages.";

/// Where a section says on what it was measured.
pub(crate) fn about(section: Section) -> String {
    key(section, "about", "machine")
}

/// Writes the page, and its pictures into a folder beside it that has the page's name in small letters.
pub(crate) fn write(results: &Results, page: &Path) -> Result<(), String> {
    let stem = page.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    let stem = stem.ok_or_else(|| format!("{} is no file's name", page.display()))?;
    let folder = page.with_file_name(&stem);
    let failed = |error: std::io::Error| format!("{}: {error}", page.display());
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let mut drawn = BTreeMap::new();
    for (name, chart) in charts(results) {
        let path = folder.join(format!("{name}.svg"));
        if let Some(svg) = chart.svg() {
            std::fs::write(&path, svg).map_err(failed)?;
            drawn.insert(name, format!("![{}]({stem}/{name}.svg)\n\n", chart.title));
        } else if path.exists() {
            std::fs::remove_file(&path).map_err(failed)?;
        }
    }
    std::fs::write(page, text(results, &drawn)).map_err(failed)
}

/// `pictures` are their lines in the page, by name.
fn text(results: &Results, pictures: &BTreeMap<&str, String>) -> String {
    let picture = |name: &str| pictures.get(name).map_or("", String::as_str);
    let mut text = format!(
        "# Performance\n\nWhat a message costs the program that sends it, beside the least that it can cost and beside other \
         clients. {TO_GET_THEM}\n\n## Measured on\n\n"
    );
    text.push_str(&machine(results));
    let _ = write!(text, "\n{METHOD}\n## What is promised\n\n{}", promises(results));
    let _ = write!(
        text,
        "\n## Base point\n\n1 KiB, window 256, one thread, one broker, one topic, JSON headers, unless a title says otherwise.\n\n"
    );
    let _ = write!(text, "{}{}", picture("cpu"), picture("open"));
    text.push_str(&groups(results, Section::Base));
    let _ = write!(text, "### System calls\n\n{}\n", tables::calls(results));
    let _ = write!(
        text,
        "### Nearly idle\n\nOne send a second for 20 seconds, of which the send itself and its answer are a part. A wake-up is a \
         voluntary switch of a thread.\n\n{}\n",
        tables::nearly_idle(results)
    );
    if has_section(results, Section::Axes) {
        let _ = write!(
            text,
            "## As the work grows\n\nOne thing differs from the base point in each line; *corner* is 64 brokers, 10,000 topics and \
             window 4,096 at once. The floor has as many connections as there are brokers. Free.\n\n{}{}\n",
            picture("growth"),
            tables::growth(results)
        );
    }
    if has_section(results, Section::Broker) {
        let _ = write!(
            text,
            "## Against Apache's broker\n\nThe broker shares the machine with the client, and limits both.\n\n{}",
            groups(results, Section::Broker)
        );
    }
    text.push_str(&packages(results));
    let _ = write!(text, "## Who was compared\n\n{}\n## Void\n\n{}", versions(results), voids(results));
    text
}

fn has_section(results: &Results, section: Section) -> bool {
    rows(section).iter().any(|row| results.has(&row.key()))
}

fn machine(results: &Results) -> String {
    let mut text = String::from(
        "| section | day | CPU | cores | kernel | rounds | void when others use |\n|---|---|---|---|---|---|---|\n",
    );
    for section in Section::ALL {
        let about = about(section);
        let fact = |name: &str| results.text(&about, name).unwrap_or("unknown").to_owned();
        if !results.has(&about) {
            continue;
        }
        let [day, cpu, cores] = ["date", "cpu", "cores"].map(fact);
        let [kind, kernel, rounds, others] = ["kind", "kernel", "rounds", "others"].map(fact);
        let name = section.name();
        let _ = writeln!(
            text,
            "| {name} | {day} | {cpu} ({kind}) | {cores} | {kernel} | {rounds} | over {others} cores |"
        );
        if fact("jvm warm-up") != "10" {
            let _ = writeln!(text, "| | a quick run: **worth nothing as figures** | | | | | |");
        }
    }
    text
}

fn promises(results: &Results) -> String {
    let mut text = String::from("| | measured | must | aim | | |\n|---|---|---|---|---|---|\n");
    for verdict in verdict::all(results) {
        let (measured, must, aim) = (verdict.measured(), verdict.must(), verdict.aim());
        let _ = writeln!(
            text,
            "| {} | {measured} | {must} | {aim} | {} | {} |",
            verdict.what,
            verdict.met(),
            verdict.remark
        );
    }
    text
}

/// A heading and a table for each group that was tried.
fn groups(results: &Results, section: Section) -> String {
    let mut text = String::new();
    let rows = rows(section);
    for group in rows.chunk_by(|a, b| a.group == b.group) {
        let Some(first) = group.first().filter(|_| group.iter().any(|row| results.has(&row.key()))) else {
            continue;
        };
        let _ = write!(text, "### {}\n\n{}", title(first), note(results, group));
        let _ = writeln!(text, "{}", tables::group(results, group));
    }
    text
}

/// The packages of other languages, a table for each.
fn packages(results: &Results) -> String {
    let mut text = String::new();
    if has_section(results, Section::Languages) {
        let _ = write!(
            text,
            "## Packages of other languages\n\n1 KiB, one broker, one topic, free, on the sink; CPU and memory are the whole process's. \
             *ours-koffi* and *ours-ctypes* are the same library without an extension, and show what one is worth.\n\n"
        );
        for rows in rows(Section::Languages).chunk_by(|a, b| language(&a.group).0 == language(&b.group).0) {
            let name = rows.first().map_or("", |row| language(&row.group).0);
            let _ = write!(text, "### {name}\n\n{}\n", tables::packages(results, rows));
        }
    }
    if has_section(results, Section::Proxy) {
        let _ = write!(
            text,
            "## Through Apache's proxy\n\nNode's other client speaks gRPC, which needs the proxy of 5.x. Broker and proxy share the \
             machine with the client, and limit all three.\n\n{}\n",
            tables::packages(results, &rows(Section::Proxy))
        );
    }
    text
}

fn title(row: &Row) -> String {
    let mut title = row.group.clone();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

/// Who could not keep up with an open loop, whose latencies tell that and nothing else.
fn note(results: &Results, group: &[Row]) -> String {
    /// Of the rate that was due.
    const KEPT_UP: f64 = 0.95;
    let due = f64::from(super::plan::RATE);
    let slow = group.iter().filter(|row| {
        let rate = results.spread(&row.key(), "rate");
        row.work.phase == Phase::Open && rate.is_some_and(|rate| rate.median < due * KEPT_UP)
    });
    let slow: Vec<&str> = slow.map(|row| row.client.name).collect();
    if slow.is_empty() {
        return String::new();
    }
    format!("Not able to send {due} messages a second: {}.\n\n", slow.join(", "))
}

fn versions(results: &Results) -> String {
    let mut text = String::from("| client | what it calls itself |\n|---|---|\n");
    let all: Vec<Row> = Section::ALL.into_iter().flat_map(rows).collect();
    for client in clients() {
        let keys: Vec<String> = all.iter().filter(|row| row.client == client).map(Row::key).collect();
        if !keys.iter().any(|key| results.has(key)) {
            continue;
        }
        let version = keys.iter().find_map(|key| results.text(key, "client"));
        let _ = writeln!(text, "| {} | {} |", client.name, version.unwrap_or("did not run"));
    }
    text
}

/// What was repeated, what stayed void, what was not available.
pub(crate) fn voids(results: &Results) -> String {
    let voids = results.voids();
    let stays = |void: &&Void| !results.is_valid(&void.key, void.round);
    // Of several attempts the last one tells.
    let last: BTreeMap<(&str, u32), &str> =
        voids.iter().filter(stays).map(|void| ((void.key.as_str(), void.round), void.why.as_str())).collect();
    let mut lines: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for ((key, round), why) in last {
        let (row, client) = key.rsplit_once('/').unwrap_or(("", key));
        let rows = lines.entry((client, why)).or_default();
        rows.push(if round == 0 { row.to_owned() } else { format!("{row} (round {round})") });
    }
    let mut text = String::new();
    for ((client, why), rows) in lines {
        let _ = writeln!(text, "- {client}: {why}. In {}", rows.join(", "));
    }
    if text.is_empty() {
        text.push_str("Nothing stayed void.\n");
    }
    let repeated = voids.iter().filter(|void| !stays(void)).count();
    let _ = writeln!(text, "\nAttempts that were void and repeated with success: {repeated}.");
    text
}

fn charts(results: &Results) -> [(&'static str, Chart); 3] {
    let median = |key: &str, figure: &str| Some(results.spread(key, figure)?.median);
    let base = |group: &str, client: &str| key(Section::Base, group, client);
    let cpu = |name: &str| vec![median(&base(ASYNC_FREE, name), "cpu_us")];
    let open = |name: &str| ["p50", "p99", "p99.9"].map(|figure| median(&base(OPEN, name), figure)).to_vec();
    let by_client = |values: &dyn Fn(&str) -> Vec<Option<f64>>| {
        CLIENTS.iter().map(|client| (client.name.to_owned(), values(client.name))).collect()
    };
    let point = |name: &str| {
        let of = |client: &str| median(&key(Section::Axes, name, client), "cpu_us");
        vec![of(OURS.name), of(FLOOR.name)]
    };
    let points = axes().into_iter().map(|(name, _)| (name.clone(), point(&name))).collect();
    [
        (
            "cpu",
            Chart {
                title: "CPU of the client per message: async, 1 KiB, window 256".to_owned(),
                unit: "µs",
                series: vec!["CPU"],
                groups: by_client(&cpu),
            },
        ),
        (
            "open",
            Chart {
                title: "Latency with 20,000 sends a second, from when each was due".to_owned(),
                unit: "µs",
                series: vec!["p50", "p99", "p99.9"],
                groups: by_client(&open),
            },
        ),
        (
            "growth",
            Chart {
                title: format!("CPU of the client per message as one thing leaves the {AXES_BASE}"),
                unit: "µs",
                series: vec!["ours", "floor"],
                groups: points,
            },
        ),
    ]
}

#[cfg(test)]
mod tests;
