//! The C header, made from the doc comments and signatures of `src/ffi`: a preamble, then one cbindgen run
//! for each file, so that the header has sections in an order of our own.

use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use cbindgen::{Builder, Config};

/// The sections: title and file of `src/ffi`. Types come before their first use.
const SECTIONS: &[(&str, &str)] = &[
    ("types", "types"),
    ("version", "version"),
    ("statuses and error objects", "error"),
    ("process-wide settings", "process"),
    ("log", "log"),
    ("config", "config"),
    ("messages", "message"),
    ("delays of messages", "delay"),
    ("events", "event"),
    ("completion queues", "completion_queue"),
    ("send options", "send_options"),
    ("producer", "producer"),
    ("batches", "batch"),
    ("calls that end by an event", "queued"),
    ("send results", "send_result"),
    ("recalls", "recall"),
    ("queue lists", "queue_list"),
];

/// The whole header.
pub(crate) fn generate(root: &Path) -> Result<String, Box<dyn Error>> {
    let folder = root.join("src/ffi");
    let config = Config::from_file(root.join("cbindgen.toml"))?;
    let mut header = preamble(&fs::read_to_string(folder.join("mod.rs"))?)?;
    for (title, file) in SECTIONS {
        let path = folder.join(file).with_extension("rs");
        let mut config = config.clone();
        config.export.include = types(&fs::read_to_string(&path)?);
        let mut section = Vec::new();
        Builder::new().with_config(config).with_src(&path).generate()?.write(&mut section);
        let dashes = "-".repeat(72_usize.saturating_sub(title.len()));
        write!(header, "/* {dashes} {title} */\n\n{}\n", tidy(&String::from_utf8(section)?).trim())?;
        header.push('\n');
    }
    header.push_str("#ifdef __cplusplus\n}\n#endif\n\n#endif /* ROCKETMQ_PRODUCER_H */\n");
    Ok(header)
}

/// Names of the types of a file. cbindgen drops those that no function of the same file uses.
fn types(source: &str) -> Vec<String> {
    let named = |line: &str| {
        let rest =
            ["pub enum ", "pub struct ", "pub type "].iter().find_map(|start| line.strip_prefix(start))?;
        rest.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next().map(str::to_owned)
    };
    source.lines().filter_map(named).collect()
}

/// The rules of the whole header, which open `src/ffi/mod.rs`, then the macros.
fn preamble(module: &str) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("/* rocketmq_producer.h - ");
    for (number, line) in module.lines().map_while(|line| line.strip_prefix("//!")).enumerate() {
        let line = plain(line.strip_prefix(' ').unwrap_or(line));
        match (number, line.as_str()) {
            (0, line) => text.push_str(line),
            (_, "") => text.push_str("\n *"),
            (_, line) => write!(text, "\n * {line}")?,
        }
        if number == 0 {
            text.push_str("\n *\n * Generated from the Rust sources; do not edit.");
        }
    }
    text.push_str("\n */\n");
    text.push_str(GUARD);
    text.push_str("/* The version of this header. */\n");
    for part in ["MAJOR", "MINOR", "PATCH"] {
        let value = env::var(format!("CARGO_PKG_VERSION_{part}"))?;
        writeln!(text, "#define ROCKETMQ_VERSION_{part} {value}")?;
    }
    writeln!(text, "#define ROCKETMQ_VERSION_STRING \"{}\"", env::var("CARGO_PKG_VERSION")?)?;
    text.push_str(MACROS);
    Ok(text)
}

const GUARD: &str = r#"#ifndef ROCKETMQ_PRODUCER_H
#define ROCKETMQ_PRODUCER_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && !defined(ROCKETMQ_STATIC)
#  define ROCKETMQ_API __declspec(dllimport)
#elif defined(__GNUC__)
#  define ROCKETMQ_API __attribute__((visibility("default")))
#else
#  define ROCKETMQ_API
#endif

/* Results not to be ignored; -DROCKETMQ_NO_CHECK silences it. */
#if defined(__GNUC__) && !defined(ROCKETMQ_NO_CHECK)
#  define ROCKETMQ_CHECK __attribute__((warn_unused_result))
#else
#  define ROCKETMQ_CHECK
#endif

/* Functions that have a better one; -DROCKETMQ_NO_DEPRECATED_WARNINGS silences it. */
#if defined(ROCKETMQ_NO_DEPRECATED_WARNINGS)
#  define ROCKETMQ_DEPRECATED(why)
#elif defined(__GNUC__)
#  define ROCKETMQ_DEPRECATED(why) __attribute__((deprecated(why)))
#elif defined(_MSC_VER)
#  define ROCKETMQ_DEPRECATED(why) __declspec(deprecated(why))
#else
#  define ROCKETMQ_DEPRECATED(why)
#endif

"#;

const MACROS: &str = r#"/* 0x00MMmmpp: usable in #if, and comparable with rocketmq_version_number(). */
#define ROCKETMQ_VERSION_NUMBER \
  ((ROCKETMQ_VERSION_MAJOR << 16) | (ROCKETMQ_VERSION_MINOR << 8) | ROCKETMQ_VERSION_PATCH)

/* Length value that means: this string ends at its NUL. */
#define ROCKETMQ_NTS ((size_t)-1)

#ifdef __cplusplus
extern "C" {
#endif

"#;

/// Markdown's escapes mean nothing in C.
fn plain(line: &str) -> String {
    line.replace("\\[", "[").replace("\\]", "]")
}

/// What cbindgen has no setting for: no comma before `}`, which C89 forbids; comments of one line on one
/// line; and no `# Safety` sections, which are for Rust.
fn tidy(section: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut in_safety = false;
    for line in section.lines().map(plain) {
        let bare = line.trim();
        in_safety = bare == "* # Safety" || (in_safety && bare != "*/");
        if in_safety || (bare.is_empty() && lines.last().is_some_and(String::is_empty)) {
            continue;
        }
        if bare == "*/" {
            while lines.last().is_some_and(|last| last.trim() == "*") {
                lines.pop();
            }
            if let [.., open, text] = lines.as_slice()
                && open.trim() == "/**"
            {
                let folded = format!("{} {} */", open, text.trim().trim_start_matches('*').trim());
                lines.truncate(lines.len().saturating_sub(2));
                lines.push(folded);
                continue;
            }
        }
        if bare.starts_with('}')
            && let Some(last) = lines.last_mut()
            && last.ends_with(',')
        {
            last.pop();
        }
        lines.push(line);
    }
    lines.join("\n")
}
