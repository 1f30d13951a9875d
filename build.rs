//! Writes the C header, tells the library how it was built, and links it for a host that may unload it.

#[path = "build/header.rs"]
mod header;

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

const HEADER: &str = "rocketmq_producer.h";

fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    write_header(Path::new(&root))?;
    describe_build(Path::new(&root))?;
    link();
    Ok(())
}

/// Writes `include/rocketmq_producer.h` if it would change, and a copy to `OUT_DIR`, which tests compare.
fn write_header(root: &Path) -> Result<(), Box<dyn Error>> {
    for path in ["src/ffi", "cbindgen.toml", "build.rs", "build"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let text = match header::generate(root) {
        Ok(text) => text,
        Err(error) => {
            // The sources do not parse: rustc says it better, and the header stays as it is until then.
            println!("cargo:warning=the header is not written: {error}");
            return Ok(());
        }
    };
    fs::write(Path::new(&env::var("OUT_DIR")?).join(HEADER), &text)?;
    let include = root.join("include");
    let header = include.join(HEADER);
    if fs::read_to_string(&header).ok().as_ref() != Some(&text) {
        fs::create_dir_all(&include)?;
        fs::write(&header, &text)?;
    }
    Ok(())
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

/// Linker settings of the shared library.
fn link() {
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    // The library's threads outlive a dlclose(); unmapping their code would kill the host.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // The plain name: a program linked with `-L target/release` looks for a file that is there, however the
    // library was given to the linker. An installed copy gets its versioned name from the installer, which
    // links it with a later `-soname` or rewrites this one.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,librocketmq_producer.so");
}
