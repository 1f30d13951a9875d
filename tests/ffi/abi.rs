//! The promise to programs that were compiled before: within a series (below 1.0 the minor, then the major) functions,
//! constants and fields may be added, nothing may change or go. What was promised is committed in `abi`: the header's
//! declarations, and the names that the library exports. Both are made from the header; `make abi KEEP=yes` takes
//! additions in, so that a diff shows them.
//!
//! What counts as a change is abidiff's to say. It cannot say it of the library itself: where the linker folds functions
//! of the same code into one, a changed signature goes unseen. So each side is compiled into a stub that defines
//! whatever its header declares.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::declarations::statements;
use crate::support::{folder, header, root, run};

/// What versions that may stand in for each other share.
fn series() -> String {
    match (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR")) {
        ("0", minor) => format!("0.{minor}"),
        (major, _) => major.to_owned(),
    }
}

const INTENDED: &str = "If that is meant, raise the version in Cargo.toml to a new series (below 1.0 the minor, then \
    the major) and run `make abi KEEP=yes`. A series of which nothing was released may start anew: remove its file \
    in `abi` first.";

/// What a program relies on: the declarations of a header, one to a line, without comments and with the constants that
/// are macros. It is a header itself.
fn promise(header: &str) -> String {
    let mut text = String::from(
        "/* What programs compiled against this series rely on. Made from the header by `make abi KEEP=yes`. */\n\
         #include <stddef.h>\n#include <stdint.h>\n\n",
    );
    for (name, value) in constants(header) {
        writeln!(text, "#define {name} {value}").unwrap();
    }
    for statement in statements(header) {
        let words =
            statement.split_whitespace().filter(|word| !["ROCKETMQ_API", "ROCKETMQ_CHECK"].contains(word));
        let flat = words.collect::<Vec<_>>().join(" ");
        match flat.split_once('{') {
            // A constant or a field to a line.
            Some((head, rest)) => {
                let (body, tail) = rest.rsplit_once('}').unwrap();
                let body = body.trim().replace(", ", ",\n  ").replace("; ", ";\n  ");
                writeln!(text, "\n{head}{{\n  {body}\n}}{tail};").unwrap();
            }
            None => writeln!(text, "{flat};").unwrap(),
        }
    }
    text
}

/// The macros that are constants whatever the compiler: those defined below the include guard and no other condition.
/// The version's are not promised.
fn constants(header: &str) -> Vec<(&str, &str)> {
    let mut depth = 0;
    let mut found = Vec::new();
    for line in header.lines().map(str::trim) {
        if line.starts_with("#if") {
            depth += 1;
        } else if line.starts_with("#endif") {
            depth -= 1;
        } else if depth == 1
            && let Some(definition) = line.strip_prefix("#define ")
            && let Some((name, value)) = definition.split_once(' ')
            && !name.starts_with("ROCKETMQ_VERSION_")
        {
            assert!(!name.contains('('), "{name}: a macro to call is nothing that other languages can use");
            found.push((name, value));
        }
    }
    found
}

/// The functions that a promise declares.
fn functions(promise: &str) -> impl Iterator<Item = (&str, &str)> {
    promise
        .lines()
        .filter(|line| !line.starts_with([' ', '#', '/', '}']) && !line.starts_with("typedef"))
        .filter_map(|line| {
            let declaration = line.strip_suffix(';')?;
            let (head, _) = declaration.split_once('(')?;
            Some((declaration, head.rsplit([' ', '*']).next()?))
        })
}

/// The types that a promise names.
fn types(promise: &str) -> impl Iterator<Item = &str> {
    promise.lines().filter_map(|line| {
        if let Some((_, rest)) = line.strip_prefix("typedef ").and_then(|line| line.split_once("(*")) {
            return rest.split(')').next();
        }
        let line = if line.starts_with('}') || line.starts_with("typedef") { line } else { return None };
        line.strip_suffix(';')?.rsplit([' ', '*', '}']).next()
    })
}

/// A library that defines each function of the promise, and one function more for each type and constant, so that these
/// are compared too where no function names them.
fn stub(folder: &Path, name: &str, promise: &str) -> PathBuf {
    let mut source = promise.to_owned();
    for (declaration, _) in functions(promise) {
        writeln!(source, "{declaration} {{ __builtin_trap(); }}").unwrap();
    }
    for name in types(promise) {
        writeln!(source, "void type_{name}({name} *value) {{ (void)value; }}").unwrap();
    }
    for (name, _) in constants(&format!("#ifndef GUARD\n{promise}")) {
        writeln!(source, "enum of_{name} {{ value_of_{name} = {name} }};").unwrap();
        writeln!(source, "void constant_{name}(enum of_{name} *value) {{ (void)value; }}").unwrap();
    }
    let (path, library) = (folder.join(name).with_extension("c"), folder.join(name).with_extension("so"));
    // One that is there is compared with many.
    if fs::read_to_string(&path).is_ok_and(|there| there == source) {
        return library;
    }
    fs::write(&path, source).unwrap();
    run(Command::new("cc").args(["-g", "-shared", "-fPIC", "-o"]).arg(&library).arg(&path)).unwrap();
    library
}

/// The new declarations, then the old ones again. What makes no difference to a compiled program, as a `const` or the name
/// of a field, may make one to its source: a function that is declared twice must be declared the same, and a field of
/// one name must be in one place.
fn again(old: &str, new: &str) -> String {
    let mut source =
        functions(old).fold(new.to_owned(), |source, (declaration, _)| source + declaration + ";\n");
    for structure in old.split("typedef struct {\n").skip(1) {
        let (fields, rest) = structure.split_once("\n} ").unwrap();
        let name = rest.split(';').next().unwrap();
        writeln!(source, "typedef struct {{\n{fields}\n}} old_{name};").unwrap();
        for field in fields.lines() {
            let field = field.split(['[', ';']).next().unwrap().rsplit([' ', '*']).next().unwrap();
            let place = |name: &str| format!("offsetof({name}, {field})");
            let (now, before) = (place(name), place(&format!("old_{name}")));
            writeln!(source, "_Static_assert({now} == {before}, \"{field} of {name} is elsewhere\");")
                .unwrap();
        }
    }
    source
}

/// What programs written or compiled against `old` would not find in `new`, in the words of abidiff or the compiler.
fn broken(folder: &Path, old: &str, new: &str) -> Option<String> {
    let stubs = [stub(folder, "old", old), stub(folder, "new", new)];
    let compiled = run(Command::new("abidiff").arg("--no-added-syms").args(stubs));
    let source = folder.join("again.c");
    fs::write(&source, again(old, new)).unwrap();
    let written = run(Command::new("cc").arg("-fsyntax-only").arg(source));
    compiled.and(written).err()
}

/// The committed files, each with what it must hold.
fn listings(promise: &str) -> [(PathBuf, String); 2] {
    let abi = root().join("abi");
    let names: BTreeSet<_> = functions(promise).map(|(_, name)| name).collect();
    let names = names.into_iter().fold(String::new(), |list, name| list + name + "\n");
    [(abi.join(series() + ".h"), promise.to_owned()), (abi.join("symbols.txt"), names)]
}

/// What a header must not do to the one before: words of it, what they become, and what the report must name.
const BREAKS: &[(&str, &str, &str)] = &[
    ("int64_t timeout_ms,", "int32_t timeout_ms,", "parameter 2 of type"),
    ("const char *value,\n", "", "parameter 3 of type"),
    ("const rocketmq_message *message", "rocketmq_message *message", "conflicting types"),
    ("const char *rocketmq_version_string", "int32_t rocketmq_version_string", "return type changed"),
    ("ROCKETMQ_API uint32_t rocketmq_version_number(void);", "", "1 Removed"),
    (
        "ROCKETMQ_SEND_NO_RETRY = 2",
        "ROCKETMQ_SEND_NO_RETRY = 4",
        "'rocketmq_send_flag::ROCKETMQ_SEND_NO_RETRY'",
    ),
    ("  ROCKETMQ_ERR_TIMEOUT = -26,\n", "", "'rocketmq_status_code::ROCKETMQ_ERR_TIMEOUT'"),
    ("((size_t)-1)", "((size_t)-2)", "value_of_ROCKETMQ_NTS"),
    ("#define ROCKETMQ_NTS ((size_t)-1)", "", "constant_ROCKETMQ_NTS"),
    ("typedef int32_t rocketmq_status", "typedef int64_t rocketmq_status", "typedef rocketmq_status"),
    ("const char *text, void *user_data", "void *user_data", "rocketmq_log_fn"),
    ("rocketmq_release_fn", "rocketmq_drop_fn", "type_rocketmq_release_fn"),
    ("int32_t kind;", "int64_t kind;", "type of 'int32_t kind' changed"),
    ("int32_t kind;", "float kind;", "type of 'int32_t kind' changed"),
    ("int32_t kind;", "int32_t sort;", "has no member named"),
    ("  int64_t queue_offset;\n", "", "'int64_t queue_offset'"),
    ("uint64_t reserved[3];", "uint64_t reserved[4];", "size changed from 512 to 576"),
];

/// What it may do.
const ADDITIONS: &[(&str, &str)] = &[
    (
        "ROCKETMQ_API void rocketmq_config_destroy",
        "ROCKETMQ_API void rocketmq_more(void);\nROCKETMQ_API void rocketmq_config_destroy",
    ),
    ("  ROCKETMQ_ERR_TIMEOUT = -26,\n", "  ROCKETMQ_ERR_TIMEOUT = -26,\n  ROCKETMQ_ERR_PLANTED = -99,\n"),
    ("#define ROCKETMQ_NTS", "#define ROCKETMQ_PLANTED 1\n#define ROCKETMQ_NTS"),
];

#[test]
fn a_planted_break_of_each_kind_is_reported_and_an_addition_is_not() {
    let (folder, good) = (folder("abi-planted"), header());
    let promised = promise(&good);
    let plant = |from: &str, to: &str| {
        let changed = promise(&good.replace(from, to));
        assert_ne!(changed, promised, "{from:?} becomes {to:?} unseen");
        broken(&folder, &promised, &changed)
    };
    for (from, to, said) in BREAKS {
        let report = plant(from, to).unwrap_or_else(|| panic!("{from:?} becomes {to:?} and nobody minds"));
        println!("== {from:?} becomes {to:?}\n{report}");
        assert!(report.contains(said), "{from:?} becomes {to:?}, no {said:?} in\n{report}");
    }
    for (from, to) in ADDITIONS {
        assert_eq!(plant(from, to), None, "{from:?} becomes {to:?}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_series_keeps_what_it_promised_and_every_addition_is_listed() {
    let promise = promise(&header());
    let listings = listings(&promise);
    if let Ok(promised) = fs::read_to_string(&listings[0].0) {
        let folder = folder("abi-series");
        let broken = broken(&folder, &promised, &promise);
        fs::remove_dir_all(folder).unwrap();
        let report = broken.as_deref().unwrap_or_default();
        assert!(broken.is_none(), "Programs for {} would break:\n{report}\n{INTENDED}", series());
    }
    if std::env::var_os("KEEP_ABI").is_some() {
        keep(&listings);
    }
    for (path, text) in &listings {
        let listed = fs::read_to_string(path).unwrap_or_default();
        let new: Vec<_> = text.lines().filter(|line| !listed.lines().any(|known| known == *line)).collect();
        assert!(
            *text == listed,
            "{} is not current, `make abi KEEP=yes` writes it: {new:#?}",
            path.display()
        );
    }
    let files: BTreeSet<_> =
        fs::read_dir(root().join("abi")).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(
        files,
        listings.into_iter().map(|(path, _)| path).collect(),
        "`make abi KEEP=yes` removes others"
    );
}

/// Writes the listings, and removes those of another series.
fn keep(listings: &[(PathBuf, String)]) {
    let abi = root().join("abi");
    let _ = fs::remove_dir_all(&abi);
    fs::create_dir(&abi).unwrap();
    listings.iter().for_each(|(path, text)| fs::write(path, text).unwrap());
}
