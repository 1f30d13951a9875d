//! `docs/ERRORS.md` describes every status. What the library itself says of each stands below its name and is made from
//! the library: `WRITE_DOCS=1 cargo test --test ffi errors_page` writes it.

use std::fs;

use ::rocketmq_producer::error::ErrorKind;
use ::rocketmq_producer::ffi::*;

use crate::support::{root, text};

struct Status {
    name: &'static str,
    /// Number, sentence, and whether it may pass.
    line: String,
}

/// Every status, as the library lists them.
fn statuses() -> Vec<Status> {
    let codes = (0..).map(|index| rocketmq_status_at(index)).take_while(|code| *code <= 0);
    let status = |code| {
        let (name, sentence) = (text(rocketmq_status_name(code)), text(rocketmq_status_str(code)));
        let kind = ErrorKind::ALL.iter().find(|kind| kind.to_string() == sentence);
        let passing = match kind {
            None => "",
            Some(kind) if kind.is_passing() => " · retriable",
            Some(_) => " · not retriable",
        };
        Status { name, line: format!("`{code}` · {sentence}{passing}") }
    };
    codes.map(status).collect()
}

/// The page with the lines that are made, each below the heading that it belongs to.
fn with_lines(page: &str, statuses: &[Status]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in page.lines() {
        let is_made = line.starts_with('`') && line.contains("` · ");
        if is_made {
            // With the empty line before it.
            lines.pop();
            continue;
        }
        lines.push(line.to_owned());
        let name = line.strip_prefix("### ");
        if let Some(status) = statuses.iter().find(|status| Some(status.name) == name) {
            lines.extend([String::new(), status.line.clone()]);
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_page_about_errors_has_every_status_and_what_the_library_says_of_it() {
    let statuses = statuses();
    let path = root().join("docs/ERRORS.md");
    let page = fs::read_to_string(&path).unwrap();
    let made = with_lines(&page, &statuses);
    if std::env::var_os("WRITE_DOCS").is_some() {
        fs::write(&path, &made).unwrap();
    } else {
        assert!(page == made, "docs/ERRORS.md is not what the library says: WRITE_DOCS=1 writes it");
    }
    let headings: Vec<_> = made.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let names: Vec<_> = statuses.iter().map(|status| status.name).collect();
    assert_eq!(headings, names, "each status once, in the order of their numbers, and nothing else");
}

#[test]
fn each_failure_on_the_page_says_what_happened_what_to_do_and_whether_the_message_was_sent() {
    let page = fs::read_to_string(root().join("docs/ERRORS.md")).unwrap();
    let sections: Vec<_> =
        page.split("\n### ").skip(1).filter(|section| !section.starts_with("ROCKETMQ_OK\n")).collect();
    assert!(sections.len() > 30, "only {} sections", sections.len());
    for section in sections {
        for part in ["\n**What happened:** ", "\n**What to do:** ", "\n**Outcome:** "] {
            let text = section.split_once(part).map(|(_, text)| text.split("\n\n").next().unwrap().trim());
            assert!(text.is_some_and(|text| text.ends_with('.')), "{part} in {section}");
        }
    }
}
