//! Tables of the report: a line for each client, a cell for each figure with its median, least and greatest.

use std::fmt::Write;

use super::plan::languages::language;
use super::plan::{AXES_BASE, CLIENTS, FLOOR, OURS, Phase, Role, Row, Section, axes, key};
use super::report::{CALLS, NEARLY_IDLE};
use super::results::Results;
use crate::table::Spread;

/// Which end of a column is the good one.
#[derive(Clone, Copy, PartialEq)]
enum Best {
    Least,
    Greatest,
}

/// One column: its title, the figure, by what it is divided, which end is good.
struct Column {
    title: &'static str,
    figure: &'static str,
    unit: f64,
    best: Best,
    shown: fn(f64) -> String,
}

const fn column(title: &'static str, figure: &'static str, unit: f64, best: Best) -> Column {
    Column { title, figure, unit, best, shown: rounded }
}

const CPU: Column = column("CPU µs/msg", "cpu_us", 1.0, Best::Least);
const RATE: Column = column("k msgs/s", "rate", 1e3, Best::Greatest);
const SWITCHES: Column = column("switches/msg", "switches", 1.0, Best::Least);
const P50: Column = column("p50 µs", "p50", 1.0, Best::Least);
const P99: Column = column("p99 µs", "p99", 1.0, Best::Least);
const P999: Column = column("p99.9 µs", "p99.9", 1.0, Best::Least);
const CALL50: Column = column("call p50 µs", "call_p50", 1.0, Best::Least);
const CALL99: Column = column("call p99 µs", "call_p99", 1.0, Best::Least);
const RSS: Column = column("RSS MiB", "rss_kib", 1024.0, Best::Least);
const THREADS: Column =
    Column { shown: |count| format!("{count:.0}"), ..column("threads", "threads", 1.0, Best::Least) };
/// Of an event loop.
const STALL: Column = column("longest stall ms", "stall_ms", 1.0, Best::Least);
/// The figures of these are ratios.
const TIMES_FLOOR: &str = "× floor";
const TIMES_OURS: &str = "× ours";

fn columns(row: &Row) -> Vec<Column> {
    if matches!(row.section, Section::Languages | Section::Proxy) {
        return vec![CPU, RATE, RSS, THREADS, STALL];
    }
    match row.work.phase {
        Phase::Async => vec![CPU, RATE, SWITCHES, CALL50, CALL99, RSS, THREADS],
        Phase::Oneway => vec![CPU, RATE, SWITCHES, CALL50, CALL99],
        Phase::Sync => vec![P50, P99, P999, CPU, RATE],
        Phase::Open => vec![P50, P99, P999, CPU, RATE, CALL50],
    }
}

/// Two or three digits that matter.
pub(crate) fn rounded(value: f64) -> String {
    match value.abs() {
        10_000.0.. => thousands(value),
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        0.1.. => format!("{value:.2}"),
        0.0 => "0".to_owned(),
        _ => format!("{value:.3}"),
    }
}

/// A number that was not measured has no noughts behind its point.
pub(crate) fn exact(number: &str) -> String {
    let (digits, unit) = number.split_once(' ').unwrap_or((number, ""));
    let digits =
        if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    format!("{digits} {unit}").trim_end().to_owned()
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `median (least–greatest)`, or the median alone if that is all there is.
pub(crate) fn in_words(spread: &Spread, number: impl Fn(f64) -> String) -> String {
    let [least, median, greatest] = [spread.least, spread.median, spread.greatest].map(number);
    if least == greatest { median } else { format!("{median} ({least}–{greatest})") }
}

/// A row in one round, for who watches.
pub(crate) fn in_a_line(results: &Results, row: &Row, round: u32) -> String {
    let figure = |column: &Column| {
        let value = results.rounds(&row.key(), column.figure)?.get(&round)?;
        Some(format!("{} {}", rounded(value / column.unit), column.title))
    };
    let shown: Vec<String> = columns(row).iter().take(3).filter_map(figure).collect();
    shown.join(", ")
}

/// The table of a group, and which clients have no figures, with why.
pub(crate) fn group(results: &Results, rows: &[Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let columns = columns(first);
    let floor = rows.iter().find(|row| row.client.role == Role::Floor).map(Row::key);
    let mut text = String::from("| client |");
    let titles = columns.iter().map(|column| column.title);
    let titles: Vec<&str> =
        titles.take(1).chain([TIMES_FLOOR]).chain(columns.iter().skip(1).map(|it| it.title)).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(text, " {} |\n|---|{}", titles.join(" | "), "---|".repeat(titles.len()));
    for row in rows {
        let cells = cells(results, rows, row, &columns, floor.as_deref());
        let _ = writeln!(text, "| {} | {cells}", row.client.name);
    }
    text
}

/// The rest of a line: a figure for each column, and behind the first one what it is of `other`'s. Without figures, why.
fn cells(results: &Results, rows: &[Row], row: &Row, columns: &[Column], other: Option<&str>) -> String {
    let leading = columns.first().map_or("", |column| column.figure);
    if results.spread(&row.key(), leading).is_none() {
        return format!("{} |{}", why(results, row), " |".repeat(columns.len()));
    }
    let ratio = other.and_then(|other| results.ratio(&row.key(), other, leading));
    let ratio = ratio.map_or_else(|| "–".to_owned(), |ratio| in_words(&ratio, rounded));
    let mut cells: Vec<String> = columns.iter().map(|column| cell(results, rows, row, column)).collect();
    cells.insert(1, ratio);
    format!("{} |", cells.join(" | "))
}

/// The table of a language: a line for each client of each group, and ours is the first of a group.
pub(crate) fn packages(results: &Results, rows: &[Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let has = |column: &Column| rows.iter().any(|row| results.spread(&row.key(), column.figure).is_some());
    let mut columns = columns(first);
    columns.retain(|column| column.figure != STALL.figure || has(column));
    let mut titles: Vec<&str> = columns.iter().map(|column| column.title).collect();
    titles.insert(1, TIMES_OURS);
    // Writing to a string cannot fail.
    let mut text =
        format!("| sends | client | {} |\n|---|---|{}\n", titles.join(" | "), "---|".repeat(titles.len()));
    for group in rows.chunk_by(|a, b| a.group == b.group) {
        let ours = group.first().map(Row::key);
        for row in group {
            let cells = cells(results, group, row, &columns, ours.as_deref());
            let (_, sends) = language(&row.group);
            let _ = writeln!(text, "| {sends} | {} | {cells}", row.client.name);
        }
    }
    text
}

/// Why a row has no figures.
fn why(results: &Results, row: &Row) -> String {
    let void = results.voids().into_iter().rfind(|void| void.key == row.key());
    match void {
        Some(void) if void.round == 0 => void.why,
        Some(void) => format!("void: {}", void.why),
        None => "not measured".to_owned(),
    }
}

/// The best client has its figure in bold; the floor is none.
fn cell(results: &Results, rows: &[Row], row: &Row, column: &Column) -> String {
    let Some(spread) = results.spread(&row.key(), column.figure) else { return "–".to_owned() };
    let clients = rows.iter().filter(|row| row.client.role != Role::Floor);
    let medians = clients.filter_map(|row| Some(results.spread(&row.key(), column.figure)?.median));
    let best = match column.best {
        Best::Least => medians.min_by(f64::total_cmp),
        Best::Greatest => medians.max_by(f64::total_cmp),
    };
    let words = in_words(&spread, |value| (column.shown)(value / column.unit));
    let alone = rows.len() == 1;
    if row.client.role != Role::Floor && best == Some(spread.median) && !alone {
        format!("**{words}**")
    } else {
        words
    }
}

/// The axes: the floor's cost and ours at each point, and how both grow.
pub(crate) fn growth(results: &Results) -> String {
    let mut text = String::from(
        "| point | floor CPU µs/msg | × its base | ours CPU µs/msg | × its base | ours / floor | ours k msgs/s | ours RSS MiB |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for (point, _) in axes() {
        let at = |client: &str| key(Section::Axes, &point, client);
        let base = |client: &str| key(Section::Axes, AXES_BASE, client);
        let words = |spread: Option<Spread>, unit: f64| {
            spread.map_or_else(|| "–".to_owned(), |it| in_words(&it, |value| rounded(value / unit)))
        };
        let (floor, ours) = (at(FLOOR.name), at(OURS.name));
        let cells = [
            words(results.spread(&floor, CPU.figure), 1.0),
            words(results.ratio(&floor, &base(FLOOR.name), CPU.figure), 1.0),
            words(results.spread(&ours, CPU.figure), 1.0),
            words(results.ratio(&ours, &base(OURS.name), CPU.figure), 1.0),
            words(results.ratio(&ours, &floor, CPU.figure), 1.0),
            words(results.spread(&ours, RATE.figure), RATE.unit),
            words(results.spread(&ours, RSS.figure), RSS.unit),
        ];
        let _ = writeln!(text, "| {point} | {} |", cells.join(" | "));
    }
    text
}

/// System calls per message.
pub(crate) fn calls(results: &Results) -> String {
    let columns = [("reads/msg", "reads"), ("writes/msg", "writes"), ("all calls/msg", "calls")];
    counted(results, CALLS, &columns)
}

/// What a client does that sends once a second.
pub(crate) fn nearly_idle(results: &Results) -> String {
    counted(results, NEARLY_IDLE, &[("wake-ups/s", "switches"), ("CPU µs/s", "cpu_us")])
}

/// A line for each client, with figures that are counted once.
fn counted(results: &Results, what: &str, columns: &[(&str, &str)]) -> String {
    let titles: Vec<&str> = columns.iter().map(|(title, _)| *title).collect();
    // Writing to a string cannot fail.
    let mut text = format!("| client | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(columns.len()));
    for client in &CLIENTS {
        let key = key(Section::Base, what, client.name);
        let figure = |(_, name): &(&str, &str)| Some(rounded(results.spread(&key, name)?.median));
        let figures: Option<Vec<String>> = columns.iter().map(figure).collect();
        let cells = figures.map_or_else(
            || {
                let void = results.voids().into_iter().rfind(|void| void.key == key);
                let why = void.map_or_else(|| "not measured".to_owned(), |void| void.why);
                format!("{why} {}", "| ".repeat(columns.len() - 1))
            },
            |figures| format!("{} ", figures.join(" | ")),
        );
        let _ = writeln!(text, "| {} | {cells}|", client.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        let shown = [1_910_123.0, 123_456.0, 1910.0, 54.32, 3.456, 0.323, 0.0312, 0.0].map(rounded);
        assert_eq!(shown, ["1,910,123", "123,456", "1910", "54.3", "3.46", "0.32", "0.031", "0"]);
    }

    #[test]
    fn a_cell_has_the_range_unless_it_is_none() {
        assert_eq!(in_words(&Spread { least: 1.0, median: 2.0, greatest: 3.0 }, rounded), "2.00 (1.00–3.00)");
        assert_eq!(in_words(&Spread { least: 2.0, median: 2.0, greatest: 2.0 }, rounded), "2.00");
    }
}
