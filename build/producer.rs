//! The producer's header: what cbindgen does not find in `src/ffi`.

use std::env;
use std::error::Error;
use std::fmt::Write;

use crate::header::Header;

/// Title and file of `src/ffi`.
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
    ("statistics", "stats"),
];

pub(crate) fn header() -> Result<Header<'static>, Box<dyn Error>> {
    Ok(Header {
        name: "rocketmq_producer.h",
        folder: "src/ffi",
        rules: "mod.rs",
        sections: SECTIONS,
        prefix: "ROCKETMQ_API",
        macros: macros()?,
    })
}

fn macros() -> Result<String, Box<dyn Error>> {
    let mut text = String::from(GUARD);
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
