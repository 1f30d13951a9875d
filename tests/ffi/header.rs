//! The header: current, complete, and good for every C and C++ in use.

use std::fs;
use std::process::Command;

use crate::declarations::{self, Declarations};
use crate::support::{folder, header, root, run};

#[test]
fn the_committed_header_is_what_the_sources_say() {
    let generated = fs::read_to_string(concat!(env!("OUT_DIR"), "/rocketmq_producer.h")).unwrap();
    assert!(generated == header(), "include/rocketmq_producer.h was edited; it is generated");
}

#[test]
fn every_public_type_and_function_of_the_border_is_in_the_header() {
    declares_what_the_sources_export("src/ffi", &declarations::read());
}

/// That a header and the files of a border name the same types and functions.
pub(crate) fn declares_what_the_sources_export(folder: &str, declared: &Declarations) {
    let functions: Vec<_> = declared.functions.iter().map(|function| function.name.as_str()).collect();
    let mut seen = 0;
    for file in fs::read_dir(root().join(folder)).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        for line in source.lines() {
            let word = |start| {
                let rest: &str = line.strip_prefix(start)?;
                rest.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next()
            };
            if let Some(name) = word("pub enum ") {
                assert!(declared.enums.iter().any(|(found, _)| found == name), "enum {name}");
                seen += 1;
            }
            if let Some(name) = word("pub struct ") {
                assert!(declared.handles.iter().any(|found| found == name), "struct {name}");
                seen += 1;
            }
            if let Some(name) = word("pub type ").filter(|name| name.ends_with("_fn")) {
                assert!(declared.callbacks.iter().any(|found| found == name), "function type {name}");
                seen += 1;
            }
            for start in ["pub unsafe extern \"C\" fn ", "pub extern \"C\" fn "] {
                if let Some(name) = word(start) {
                    assert!(functions.contains(&name), "function {name}");
                    seen += 1;
                }
            }
        }
    }
    let listed = functions.len() + declared.enums.len() + declared.handles.len() + declared.callbacks.len();
    assert_eq!(seen, listed, "the header declares what the sources do not");
}

#[test]
fn the_header_has_the_version_of_the_package() {
    let number = format!("#define ROCKETMQ_VERSION_STRING \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(header().contains(&number));
}

#[test]
fn comments_name_only_functions_that_exist() {
    assert!(names_only_functions_that_exist(&header(), &declarations::read()) > 10);
}

/// How often the comments of a header name one of its functions; that they name no others.
pub(crate) fn names_only_functions_that_exist(header: &str, declared: &Declarations) -> usize {
    let mut rest = header;
    let mut seen = 0;
    while let Some(start) = rest.find("rocketmq_") {
        rest = &rest[start..];
        let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap();
        if rest[end..].starts_with("()") {
            let name = &rest[..end];
            assert!(declared.functions.iter().any(|function| function.name == name), "{name}()");
            seen += 1;
        }
        rest = &rest[end..];
    }
    seen
}

#[test]
fn the_header_compiles_alone_in_every_mode() {
    // The macros in use.
    compiles_in_every_mode(
        "rocketmq_producer.h",
        "#if ROCKETMQ_VERSION_NUMBER < 0x000100\n#error version\n#endif\n\
         size_t nts(void);\nsize_t nts(void) { return ROCKETMQ_NTS; }\n",
    );
}

/// That a header compiles alone, with `uses` behind it.
pub(crate) fn compiles_in_every_mode(header: &str, uses: &str) {
    const STRICT: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c", "-o", "/dev/null"];
    let folder = folder(&format!("header-{header}"));
    let modes = [
        ("cc", "c89", "c"),
        ("cc", "c99", "c"),
        ("cc", "c11", "c"),
        ("cc", "c17", "c"),
        ("cc", "c2x", "c"),
        ("c++", "c++98", "cpp"),
        ("c++", "c++11", "cpp"),
        ("c++", "c++17", "cpp"),
        ("c++", "c++20", "cpp"),
    ];
    for (compiler, standard, extension) in modes {
        let source = folder.join(format!("{standard}.{extension}"));
        // Twice, for the guard.
        let text = format!("#include <{header}>\n#include <{header}>\n{uses}");
        fs::write(&source, text).unwrap();
        let mut command = Command::new(compiler);
        command.arg(format!("-std={standard}")).args(STRICT);
        // C++98 has no <stdint.h> of its own, as C89 has none; the compiler's serves both.
        command.arg("-I").arg(root().join("include")).arg(&source);
        run(&mut command).unwrap();
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_result_that_is_ignored_is_a_warning_that_can_be_switched_off() {
    let folder = folder("check");
    let source = folder.join("ignored.c");
    fs::write(
        &source,
        "#include <rocketmq_producer.h>\nvoid f(void);\nvoid f(void) { rocketmq_config_set(0, 0, 0, 0); }\n",
    )
    .unwrap();
    let compile = |options: &[&str]| {
        let mut command = Command::new("cc");
        command.args(["-Werror", "-S", "-o", "/dev/null"]).args(options);
        run(command.arg("-I").arg(root().join("include")).arg(&source))
    };
    assert!(compile(&[]).unwrap_err().contains("warn_unused_result"));
    compile(&["-DROCKETMQ_NO_CHECK"]).unwrap();
    fs::remove_dir_all(folder).unwrap();
}
