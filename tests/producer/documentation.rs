//! `docs/CONFIGURATION.md` is made from the table of keys. `WRITE_DOCS=1 cargo test --test producer documentation` writes it.

use std::fmt::Write;
use std::path::Path;

use rocketmq_producer::producer::keys;

fn page() -> String {
    let mut page = String::from(
        "# Configuration\n\nMade from the library's table of keys, which a program can read with `rocketmq_config_key_name()` and its \
         sisters: do not edit.\n\nValues are text, set with `rocketmq_config_set()` and copied at `rocketmq_producer_create()`. An unknown \
         key or a bad value is an error that names it. Durations are whole milliseconds. Keys marked *live* may change while a producer runs, for all \
         producers that share its client (`instance.name`): `rocketmq_producer_update()`.\n\n| key | type | default | what for |\n|---|---|---|---|\n",
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
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
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
