//! `THIRD-PARTY.txt`: what of others is inside the libraries, and the notices that its licences ask to be passed on. It
//! is made from `Cargo.lock`, the sources of the crates and the Rust toolchain; `make notices` writes it.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What is installed and so passed on. The same on every machine: what other platforms need in addition is not linked.
const LINKED: &[&str] =
    &["--package", "rocketmq-producer", "--package", "rocketmq-mock-c", "--target", PLATFORM];
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// Of what was built there is everything, of what other platforms need perhaps nothing.
const BUILT: &[&str] = &["--locked", "--offline"];

/// Words by which a licence's text is told from others: one that it has, and one that it has not.
const TEXTS: &[(&str, &str, &str)] = &[
    // Its file NOTICE, whatever that says.
    ("Apache-2.0", "", "\u{0}"),
    ("Zlib", "This software is provided 'as-is'", "\u{0}"),
    ("MIT", "Permission is hereby granted, free of charge", "\u{0}"),
    ("BSD-3-Clause", "Neither the name", "\u{0}"),
    ("BSD-2-Clause", "Redistribution and use in source and binary forms", "Neither the name"),
];

/// Rust's own libraries that may be linked, each with the licence that is taken. The toolchain has no other ones that
/// could be: the libraries of tests and of macros apart, whatever it ships is here.
const STANDARD: &[(&str, &str)] = &[
    ("std, core, alloc and what they consist of", "Apache-2.0"),
    ("addr2line", "Apache-2.0"),
    ("adler2", "Apache-2.0"),
    ("cfg_if", "Apache-2.0"),
    ("compiler_builtins", "Apache-2.0 WITH LLVM-exception, and MIT for its libm"),
    ("gimli", "Apache-2.0"),
    ("hashbrown", "Apache-2.0"),
    ("libc", "Apache-2.0"),
    ("memchr", "Unlicense"),
    ("miniz_oxide", "Apache-2.0"),
    ("object", "Apache-2.0"),
    ("rustc_demangle", "Apache-2.0"),
];

/// Its parts, which are of one repository and licence, and what is for tests and macros alone.
const STANDARD_ITSELF: &[&str] =
    &["std", "core", "alloc", "std_detect", "panic_unwind", "panic_abort", "unwind", "sysroot"];
const NEVER_LINKED: &[&str] =
    &["test", "getopts", "proc_macro", "profiler_builtins", "rustc_literal_escaper"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn output(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Something that is linked.
struct Part {
    /// With the version.
    name: String,
    licences: Vec<String>,
    folder: PathBuf,
    /// The C library whose code it compiles.
    native: Option<String>,
}

/// Of a choice the Apache License, which is this project's own, else the only one, or what somebody chose.
fn elect(expression: &str) -> Vec<String> {
    let elect = |part: &str| {
        let alternatives: Vec<_> = part.trim_matches(['(', ')']).split(" OR ").collect();
        match alternatives.as_slice() {
            [only] => (*only).to_owned(),
            ["Unlicense", "MIT"] => "MIT".to_owned(),
            several if several.contains(&"Apache-2.0") => "Apache-2.0".to_owned(),
            several => panic!("which of {several:?} is taken?"),
        }
    };
    expression.replace('/', " OR ").split(" AND ").map(elect).collect()
}

/// The crates inside the libraries, by name.
fn linked() -> Vec<Part> {
    let cargo = env!("CARGO");
    let tree = output(
        Command::new(cargo)
            .args(["tree", "--prefix", "none", "--edges", "normal,no-proc-macro", "--format", "{p}"])
            .args(LINKED)
            .args(BUILT),
    );
    let linked: BTreeSet<_> =
        tree.lines().filter_map(|line| line.split(" (").next()?.trim().split_once(" v")).collect();
    let all = output(
        Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--filter-platform", PLATFORM])
            .args(BUILT),
    );
    let all: Value = serde_json::from_str(&all).unwrap();
    let text = |package: &Value, key: &str| package[key].as_str().map(str::to_owned);
    let mut parts = Vec::new();
    for package in all["packages"].as_array().unwrap() {
        let (name, version) = (text(package, "name").unwrap(), text(package, "version").unwrap());
        // What has no source is the project's own.
        if package["source"].is_null() || !linked.contains(&(name.as_str(), version.as_str())) {
            continue;
        }
        let licence = text(package, "license").unwrap_or_else(|| panic!("{name} names no licence"));
        let manifest = PathBuf::from(text(package, "manifest_path").unwrap());
        parts.push(Part {
            name: format!("{name} {version}"),
            licences: elect(&licence),
            folder: manifest.parent().unwrap().to_owned(),
            native: text(package, "links"),
        });
    }
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    parts
}

/// The notices of a part, each with the name of its licence. The Apache License asks for no more than its own text and
/// a file NOTICE if there is one.
fn notices(part: &Part) -> Vec<(String, String)> {
    let files = fs::read_dir(&part.folder).unwrap().map(|file| file.unwrap().path());
    let mut texts: Vec<(String, String)> = files
        .filter(|path| path.is_file())
        .map(|path| (path.file_name().unwrap().to_string_lossy().to_uppercase(), path))
        .filter(|(name, _)| {
            ["LICENSE", "LICENCE", "COPYING", "NOTICE"].iter().any(|start| name.starts_with(start))
        })
        .map(|(name, path)| (name, tidy(&fs::read_to_string(path).unwrap())))
        .collect();
    texts.sort();
    let mut found = Vec::new();
    for licence in &part.licences {
        let before = found.len();
        let notice = licence == "Apache-2.0";
        let known = TEXTS.iter().find(|(name, ..)| name == licence);
        let (_, has, has_not) =
            known.unwrap_or_else(|| panic!("{}: what does {licence} ask for?", part.name));
        for (_, text) in texts.iter().filter(|(name, _)| name.starts_with("NOTICE") == notice) {
            if text.contains(has) && !text.contains(has_not) {
                found.push((licence.clone(), text.clone()));
            }
        }
        assert!(notice || found.len() > before, "{}: where is its text of {licence}?", part.name);
    }
    found
}

/// Without blanks at line ends and empty lines around.
fn tidy(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned() + "\n"
}

fn rust_version() -> String {
    let toolchain = fs::read_to_string(root().join("rust-toolchain.toml")).unwrap();
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = \"")?.strip_suffix('"'));
    channel.unwrap().to_owned()
}

/// The whole file.
fn page() -> String {
    let parts = linked();
    let mut page = String::from(
        "WHAT OF OTHERS IS IN librocketmq_producer AND librocketmq_mock\n\n\
         The libraries are under the Apache License, Version 2.0, whose text is in the file LICENSE. They hold code of others,\n\
         listed here with the licence under which it is passed on: of a choice the Apache License. What other licences ask to\n\
         be passed on follows below. Made by `make notices` from Cargo.lock and the sources of the crates: do not edit.\n\n\
         Crates\n\n",
    );
    let mut texts: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for part in &parts {
        write!(page, "    {}: {}", part.name, part.licences.join(" and ")).unwrap();
        match &part.native {
            Some(library) => writeln!(page, "; with the C code of {library}").unwrap(),
            None => page.push('\n'),
        }
        for notice in notices(part) {
            texts.entry(notice).or_default().push(&part.name);
        }
    }
    writeln!(page, "\nRust's standard library, of version {}, and the crates in it\n", rust_version())
        .unwrap();
    for (name, licence) in STANDARD {
        writeln!(page, "    {name}: {licence}").unwrap();
    }
    for ((licence, text), names) in &texts {
        section(&mut page, &format!("{licence}: {}", names.join(", ")), text);
    }
    for (title, file) in [
        ("Apache-2.0 WITH LLVM-exception: compiler_builtins", "LLVM-exception"),
        ("MIT: libm in compiler_builtins", "libm-MIT"),
        ("Unicode-3.0: tables in Rust's core", "Unicode-3.0"),
    ] {
        let path = root().join(format!("package/licenses/{file}.txt"));
        section(&mut page, title, &tidy(&fs::read_to_string(path).unwrap()));
    }
    page
}

fn section(page: &mut String, title: &str, text: &str) {
    write!(page, "\n{}\n{title}\n\n{text}", "-".repeat(80)).unwrap();
}

#[test]
fn the_notices_are_those_of_what_is_linked() {
    let (path, page) = (root().join("THIRD-PARTY.txt"), page());
    if std::env::var_os("WRITE_NOTICES").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let new: Vec<_> = page.lines().filter(|line| !committed.lines().any(|known| known == *line)).collect();
    assert!(page == committed, "THIRD-PARTY.txt is not current, `make notices` writes it: {new:#?}");
}

#[test]
fn every_library_of_the_toolchain_that_may_be_linked_is_named() {
    let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
    let folder = output(Command::new(rustc).args(["--print", "target-libdir"]));
    let names: BTreeSet<String> = fs::read_dir(folder.trim())
        .unwrap()
        .filter_map(|file| {
            let name = file.unwrap().file_name().to_string_lossy().into_owned();
            Some(name.strip_prefix("lib")?.strip_suffix(".rlib")?.rsplit_once('-')?.0.to_owned())
        })
        // They stand in for another crate, and hold nothing.
        .filter(|name| !name.starts_with("rustc_std_workspace_"))
        .collect();
    let named = STANDARD.iter().skip(1).map(|(name, _)| *name).chain(STANDARD_ITSELF.iter().copied());
    let known: BTreeSet<_> = named.chain(NEVER_LINKED.iter().copied()).map(str::to_owned).collect();
    assert_eq!(names, known, "which licence has what is new?");
}

#[test]
fn of_a_choice_the_apache_license_is_taken_and_nothing_is_guessed() {
    assert_eq!(elect("MIT OR Apache-2.0"), ["Apache-2.0"]);
    assert_eq!(elect("MIT/Apache-2.0"), ["Apache-2.0"]);
    assert_eq!(elect("(MIT OR Apache-2.0) AND Unicode-3.0"), ["Apache-2.0", "Unicode-3.0"]);
    assert_eq!(elect("MIT"), ["MIT"]);
    assert!(std::panic::catch_unwind(|| elect("0BSD OR MIT")).is_err());
    let part = |licence: &str| Part {
        name: "this".into(),
        licences: vec![licence.into()],
        folder: root().to_owned(),
        native: None,
    };
    assert!(std::panic::catch_unwind(|| notices(&part("MIT"))).is_err(), "here is no text of it");
    assert!(std::panic::catch_unwind(|| notices(&part("ISC"))).is_err(), "nobody has looked at it yet");
    assert!(notices(&part("Apache-2.0")).is_empty());
}
