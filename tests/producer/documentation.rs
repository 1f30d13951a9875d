//! The pages of `docs` that speak of the code. `docs/CONFIGURATION.md` is made from the table of keys:
//! `WRITE_DOCS=1 cargo test --test producer documentation` writes it.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use rocketmq_producer::producer::keys;

fn page() -> String {
    let mut page = String::from(
        "# Configuration\n\nMade from the library's table of keys, which a program can read with `rocketmq_config_key_name()` and its \
         sisters: do not edit.\n\nValues are text, set with `rocketmq_config_set()` and copied at `rocketmq_producer_create()`. An unknown \
         key or a bad value is an error that names it. Durations are whole milliseconds. Keys marked *live* may change while a producer runs, for all \
         producers that share its client (`instance.name`): `rocketmq_producer_update()`.\n\n```c\nif (rocketmq_config_set(config, \"send.timeout.ms\", \"5000\", \
         &error)) fprintf(stderr, \"%s\\n\", rocketmq_error_message(error));\n```\n\n| key | type | default | what for |\n|---|---|---|---|\n",
    );
    for key in keys() {
        let text = |text: &std::ffi::CStr| text.to_str().unwrap().replace('|', "\\|");
        let default = match text(key.default).as_str() {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let live = if key.live { " *live*" } else { "" };
        writeln!(page, "| `{}`{live} | {} | {default} | {} |", text(key.name), text(key.kind), text(key.doc))
            .unwrap();
    }
    page.push_str(
        "\n## Process-wide\n\nSet with `rocketmq_global_set()` before the first producer starts.\n\n| key | type | default | what for |\n|---|---|---|---|\n\
         | `runtime.worker.threads` | int | `1` | Threads that run connections. |\n\
         | `runtime.callback.threads` | int | `1` | Threads that run callbacks; callbacks of one broker address stay on one, in order. |\n\
         | `runtime.thread.prefix` | string | `rmq` | Begins the names of the library's threads, 8 characters at most. |\n",
    );
    page
}

#[test]
fn the_configuration_page_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/CONFIGURATION.md");
    if std::env::var_os("WRITE_DOCS").is_some() {
        fs::write(&path, page()).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/CONFIGURATION.md is not what the table of keys says: WRITE_DOCS=1 writes it"
    );
}

#[test]
fn every_key_has_a_sentence_and_a_unit() {
    for key in keys() {
        let (name, doc) = (key.name.to_str().unwrap(), key.doc.to_str().unwrap());
        assert!(doc.ends_with('.') && doc.len() > 20, "{name}: {doc}");
        match key.kind.to_str().unwrap() {
            "duration" => assert!(name.ends_with(".ms"), "{name}"),
            "bytes" => assert!(name.ends_with(".bytes"), "{name}"),
            _ => {}
        }
    }
}

/// Every `fn` of the tests, wherever they are.
fn test_names(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            test_names(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names_of = |line: &str| {
                let name = line.trim().trim_start_matches("async ").strip_prefix("fn ")?;
                Some(name.split(['(', '<']).next()?.to_owned())
            };
            names.extend(text.lines().filter_map(names_of));
        }
    }
}

#[test]
fn every_test_and_every_target_that_the_reliability_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/RELIABILITY.md")).unwrap();
    let makefile = fs::read_to_string(root.join("Makefile")).unwrap();
    let mut names = BTreeSet::new();
    for folder in ["src", "tests", "protocol", "mock", "fuzz", "loom"] {
        let folder = root.join(folder);
        assert!(folder.is_dir(), "{}", folder.display());
        test_names(&folder, &mut names);
    }
    let quoted: Vec<_> = page.split('`').skip(1).step_by(2).collect();
    assert!(quoted.len() > 100, "only {} names: is the page read at all?", quoted.len());
    let mut missing = Vec::new();
    for name in quoted {
        let found = if let Some(target) = name.strip_prefix("make ") {
            let target = target.split(' ').next().unwrap();
            makefile.contains(&format!("\n{target}:"))
        } else if name.contains('/') || ["fuzz", "loom"].contains(&name) {
            root.join(name).exists()
        } else {
            // Functions of the C API, system calls and keys of settings are not meant.
            let is_test = name.split('_').count() > 2 && !name.starts_with("rocketmq_");
            !is_test || names.contains(name)
        };
        if !found {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "not there: {missing:#?}");
}
