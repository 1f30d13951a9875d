//! What `make install` writes, and the lines of the pages that tell how to build with it.

use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs `make install` or `make uninstall` with the libraries of this build, which cargo puts beside the test program, and
/// with `variables` alone.
pub(crate) fn make(target: &str, variables: &[String]) {
    let tests = std::env::current_exe().unwrap();
    let mut make = Command::new("make");
    for variable in ["MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "LIBDIR", "INCLUDEDIR", "DOCDIR", "DESTDIR"] {
        make.env_remove(variable);
    }
    make.current_dir(ROOT).args(["--no-print-directory", target]).args(variables);
    output(make.arg(format!("BUILT={}", tests.parent().unwrap().display())));
}

/// Runs a tool; what it says if it succeeds.
pub(crate) fn output(command: &mut Command) -> String {
    // Cargo sets it, and it would lead to the library of the build.
    command.env_remove("LD_LIBRARY_PATH");
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start (`make deps` installs it): {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}{errors}", output.status);
    said
}

/// The first block of a page's section in this language.
pub(crate) fn block_of(page: &str, section: &str, language: &str) -> String {
    let page = fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
    let section = page.split("\n## ").find(|text| text.starts_with(&format!("{section}\n"))).unwrap();
    section.split_once(&format!("```{language}\n")).unwrap().1.split_once("```").unwrap().0.to_owned()
}

/// A block of the README's section on installing.
pub(crate) fn block(language: &str) -> String {
    block_of("README.md", "Install", language)
}

/// The README's command for a package of pkg-config.
pub(crate) fn command(package: &str) -> String {
    let line =
        block("sh").lines().find(|line| line.contains(&format!("--libs {package})"))).map(str::to_owned);
    line.unwrap_or_else(|| panic!("the README does not say how to build with {package}"))
}
