//! Writes the C header, names the library by its version, and links it for a host that may unload it.

#[path = "../../build/header.rs"]
mod header;
#[path = "../../build/link.rs"]
mod link;

use std::env;
use std::error::Error;
use std::path::Path;

use header::Header;

/// Title and file of `src`.
const SECTIONS: &[(&str, &str)] = &[
    ("types", "types"),
    ("the cluster", "cluster"),
    ("faults", "fault"),
    ("what the cluster sends of its own accord", "push"),
    ("what was stored", "message"),
];

const MACROS: &str = r#"#ifndef ROCKETMQ_MOCK_H
#define ROCKETMQ_MOCK_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && !defined(ROCKETMQ_MOCK_STATIC)
#  define ROCKETMQ_MOCK_API __declspec(dllimport)
#elif defined(__GNUC__)
#  define ROCKETMQ_MOCK_API __attribute__((visibility("default")))
#else
#  define ROCKETMQ_MOCK_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

"#;

fn main() -> Result<(), Box<dyn Error>> {
    let package = env::var("CARGO_MANIFEST_DIR")?;
    let root = Path::new(&package).join("../..");
    println!("cargo:rerun-if-changed=build.rs");
    let header = Header {
        name: "rocketmq_mock.h",
        folder: "mock/c/src",
        rules: "lib.rs",
        sections: SECTIONS,
        prefix: "ROCKETMQ_MOCK_API",
        macros: MACROS.to_owned(),
    };
    header.write(&root)?;
    link::link("librocketmq_mock.so")
}
