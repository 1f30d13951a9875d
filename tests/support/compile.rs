//! Compiles a C program of the tests and links it with the library of this build.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles `source`, a path below the repository, into the program `name`.
pub(crate) fn compile(source: &str, name: &str) -> PathBuf {
    let root = env!("CARGO_MANIFEST_DIR");
    // Cargo puts the library of this build beside the test program.
    let tests = std::env::current_exe().expect("the test program has a path");
    let folder = tests.parent().expect("a folder");
    assert!(folder.join("librocketmq_producer.so").exists(), "no library in {}", folder.display());
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let compiled = Command::new("cc")
        .args(["-std=c99", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(["-O1", "-g", "-pthread", &format!("-I{root}/include"), &format!("{root}/{source}")])
        .args([&format!("-L{}", folder.display()), "-lrocketmq_producer"])
        .arg(format!("-Wl,-rpath,{}", folder.display()))
        .arg("-o")
        .arg(&program)
        .status()
        .expect("a C compiler runs (`make deps` installs it)");
    assert!(compiled.success(), "{source} does not compile");
    program
}
