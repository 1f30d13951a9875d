//! Writes the C header, tells the library how it was built, names it by its version, and links it for a host that may
//! unload it.

#[path = "build/header.rs"]
mod header;
#[path = "build/link.rs"]
mod link;
#[path = "build/producer.rs"]
mod producer;

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    println!("cargo:rerun-if-changed=build.rs");
    producer::header()?.write(Path::new(&root))?;
    describe_build(Path::new(&root))?;
    link::link("librocketmq_producer.so")
}

/// What `rocketmq_build_info()` says.
fn describe_build(root: &Path) -> Result<(), Box<dyn Error>> {
    let rustc = env::var("RUSTC")?;
    let compiler =
        output(Command::new(rustc).arg("--version")).unwrap_or_else(|| String::from("rustc unknown"));
    println!("cargo:rustc-env=ROCKETMQ_BUILD_COMMIT={}", commit(root).as_deref().unwrap_or("unknown"));
    println!("cargo:rustc-env=ROCKETMQ_BUILD_TARGET={}", env::var("TARGET")?);
    println!("cargo:rustc-env=ROCKETMQ_BUILD_RUSTC={compiler}");
    Ok(())
}

/// The commit that is built; `None` outside of the project's own repository, as in a source archive that lies
/// inside somebody else's.
fn commit(root: &Path) -> Option<String> {
    let git = |arguments: &[&str]| output(Command::new("git").arg("-C").arg(root).args(arguments));
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if fs::canonicalize(top).ok()? != fs::canonicalize(root).ok()? {
        return None;
    }
    // Grows with every commit and checkout. A file that is missing would run this script each time.
    let moves = root.join(".git/logs/HEAD");
    if moves.exists() {
        println!("cargo:rerun-if-changed={}", moves.display());
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
