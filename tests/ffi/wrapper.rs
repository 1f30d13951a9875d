//! The C++ layer: it has every function of the C header, and adds no macro.

use std::collections::BTreeSet;
use std::fs;

use crate::declarations;
use crate::support::root;

/// What the layer does without.
const LEFT_OUT: &[(&str, &str)] = &[("rocketmq_message_create", "rocketmq_message_build() does that too")];

/// The layer's files without comments.
fn sources() -> Vec<(String, String)> {
    let include = root().join("include");
    let parts = fs::read_dir(include.join("rocketmq_producer")).unwrap().map(|part| part.unwrap().path());
    let files = parts.chain([include.join("rocketmq_producer.hpp")]);
    let code =
        |text: &str| text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
    files.map(|path| (path.display().to_string(), code(&fs::read_to_string(&path).unwrap()))).collect()
}

#[test]
fn the_cpp_layer_uses_every_function_of_the_header() {
    let sources = sources();
    let words = |code: &str| {
        let words = code.split(|c: char| c != '_' && !c.is_ascii_alphanumeric());
        words.filter(|word| word.starts_with("rocketmq_")).map(str::to_owned).collect::<Vec<_>>()
    };
    let used: BTreeSet<_> = sources.iter().flat_map(|(_, code)| words(code)).collect();
    assert!(used.len() > 50, "is the layer read at all?");
    for function in declarations::read().functions {
        let left_out = LEFT_OUT.iter().find(|(name, _)| *name == function.name);
        match (used.contains(&function.name), left_out) {
            (true, None) | (false, Some(_)) => {}
            (false, None) => panic!("no file of include/rocketmq_producer calls {}", function.name),
            (true, Some(_)) => panic!("{} is used: it is not left out", function.name),
        }
    }
}

#[test]
fn the_cpp_layer_defines_no_macro_and_each_of_its_files_is_part_of_it() {
    let sources = sources();
    for (path, code) in &sources {
        assert!(!code.contains("#define") && code.contains("#pragma once"), "{path}");
        let name = path.rsplit('/').next().unwrap();
        let includes =
            sources.iter().any(|(other, code)| other != path && code.contains(&format!("{name}\"")));
        assert!(includes || name == "rocketmq_producer.hpp", "nobody includes {path}");
    }
}
