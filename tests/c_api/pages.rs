//! The code on the pages: every block of C and C++ of the README and of `docs` compiles, whole programs run and print
//! what the page says, and the tour is walked as a newcomer walks it.
//!
//! What a block needs beside what readers see stands in a Markdown comment above it: `file: NAME`, a source that the
//! next commands use; `mock`, what the cluster prints; `stderr, exit N`, where and how the command before ended;
//! `not run: WHY`.

mod block;
mod tour;

use std::fs;

use block::{Block, all_blocks};

use crate::program::{Language, Program, cluster, root, shared};

/// What fragments may take for granted.
const AROUND: &str = "rocketmq_config *config, rocketmq_producer *producer, rocketmq_message *message, \
    rocketmq_send_options *options, rocketmq_send_result *result, rocketmq_error *error, rocketmq_status status";

/// Headers of ours for this language.
fn headers(language: Language) -> Vec<String> {
    let names = fs::read_dir(root().join("include")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| {
        name.ends_with(".h") || (matches!(language, Language::Cpp17) && name.ends_with(".hpp"))
    });
    assert!(!names.is_empty());
    names
}

fn language(block: &Block) -> Option<Language> {
    match block.language.as_str() {
        "c" => Some(Language::C99),
        "cpp" => Some(Language::Cpp17),
        _ => None,
    }
}

/// The block as a source of its own, after what stood `before` it on its page.
fn source(block: &Block, language: Language, before: &str) -> String {
    let place = format!("#line {} \"{}\"\n", block.line, block.page);
    let standard = ["stdio.h", "stdlib.h", "string.h"].map(str::to_owned);
    let include = |name: &String| format!("#include <{name}>\n");
    let head: String = standard.iter().chain(&headers(language)).map(include).collect();
    if block.is_at_file_scope() {
        return format!("{head}{before}{place}{}", block.text);
    }
    format!("{head}{before}void fragment({AROUND});\nvoid fragment({AROUND})\n{{\n{place}{}}}\n", block.text)
}

/// What a program is linked with: the library, and any other whose header it includes.
fn linked(block: &Block) -> Vec<String> {
    let mut words = shared();
    let stems = block.text.split("#include <").skip(1).filter_map(|rest| rest.split_once(".h>"));
    let others = stems
        .map(|(stem, _)| stem)
        .filter(|stem| stem.starts_with("rocketmq_") && *stem != "rocketmq_producer");
    words.extend(others.map(|stem| format!("-l{stem}")));
    words
}

#[test]
fn every_fragment_on_the_pages_compiles() {
    let mut before = String::new();
    let mut page = String::new();
    let mut count = 0;
    for block in all_blocks() {
        let Some(language) = language(&block).filter(|_| !block.is_program()) else { continue };
        if std::mem::replace(&mut page, block.page.clone()) != block.page {
            before.clear();
        }
        Program::fragment(language, &source(&block, language, &before));
        if block.is_at_file_scope() {
            before += &block.text;
        }
        count += 1;
    }
    println!("{count} fragments");
    assert!(count >= 6, "only {count} fragments: are the pages read at all?");
}

/// Those of the tour are compiled and run by its own commands.
#[test]
fn every_program_on_the_pages_runs_and_prints_what_its_page_says() {
    let blocks = all_blocks();
    let mut count = 0;
    for (block, next) in blocks.iter().zip(blocks.iter().skip(1).map(Some).chain([None])) {
        let Some(language) = language(block).filter(|_| block.is_program() && block.mark("file").is_none())
        else {
            continue;
        };
        let cluster = cluster();
        let text = block.text.replace("127.0.0.1:9876", &cluster.namesrv());
        let ended = Program::of_text(language, "page", &text, &linked(block)).run(&[]).well();
        assert!(ended.errors.is_empty(), "{}:{}: {:?}", block.page, block.line, ended.errors);
        let sends = text != block.text;
        assert_eq!(sends, !cluster.all_messages().is_empty(), "{}:{}", block.page, block.line);
        if let Some(shown) = next.filter(|next| next.language == "text") {
            assert_eq!(
                block::abstracted(&ended.shown()),
                block::abstracted(&shown.text),
                "{}:{}",
                block.page,
                block.line
            );
        }
        count += 1;
    }
    println!("{count} programs");
    assert!(count >= 4, "only {count} programs: are the pages read at all?");
}

#[test]
fn every_block_on_the_pages_is_of_a_kind_that_is_tried() {
    for block in all_blocks() {
        let place = format!("{}:{}", block.page, block.line);
        match block.language.as_str() {
            // Compiled, run, compared with what is printed.
            "c" | "cpp" | "sh" | "text" => {}
            "json" => drop(serde_json::from_str::<serde_json::Value>(&block.text).unwrap()),
            // `package` builds with it.
            "cmake" if ["README.md", "docs/MOCK.md"].contains(&block.page.as_str()) => {}
            other => panic!("{place}: nobody tries a block of {other:?}"),
        }
    }
}

#[test]
fn every_command_on_the_pages_names_what_exists() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let options = fs::read_to_string(root().join("mock/src/program/args.rs")).unwrap();
    let mut count = 0;
    for block in all_blocks().iter().filter(|block| block.language == "sh") {
        for line in block.text.lines() {
            let place = format!("{}:{}: {line}", block.page, block.line);
            let command = line.split(" # ").next().unwrap().trim_start_matches("sudo ");
            if let Some(targets) = command.strip_prefix("make ") {
                for target in targets.split_whitespace().filter(|word| !word.contains('=')) {
                    assert!(makefile.contains(&format!("\n{target}:")), "{place}: no target {target}");
                    count += 1;
                }
            }
            if command.contains("rocketmq-mock") {
                for option in command.split_whitespace().filter(|word| word.starts_with("--")) {
                    assert!(options.contains(&format!("  {option}")), "{place}: no option {option}");
                    count += 1;
                }
            }
            for script in command.split_whitespace().filter(|word| word.starts_with("scripts/")) {
                assert!(root().join(script).exists(), "{place}: no {script}");
            }
        }
    }
    assert!(count >= 6, "only {count} commands: are the pages read at all?");
}
