//! Writes the C header, tells the library how it was built, names it by its version, and links it for a host that may
//! unload it.

#[path = "build/header.rs"]
mod header;

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

const HEADER: &str = "rocketmq_producer.h";
const LIBRARY: &str = "librocketmq_producer.so";

fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    write_header(Path::new(&root))?;
    describe_build(Path::new(&root))?;
    link()
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

/// Names the shared library, and links it for a host that may unload it.
fn link() -> Result<(), Box<dyn Error>> {
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return Ok(());
    }
    // The library's threads outlive a dlclose(); unmapping their code would kill the host.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // What versions that may stand in for each other share; scripts/install.sh names the installed files so.
    let (major, minor) = (env::var("CARGO_PKG_VERSION_MAJOR")?, env::var("CARGO_PKG_VERSION_MINOR")?);
    let series = if major == "0" { format!("0.{minor}") } else { major };
    let name = format!("{LIBRARY}.{series}");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{name}");
    // A program linked with `-L target/release` looks for that name too. Cargo makes the library twice: beside the
    // test programs, and, as the user's, one folder up.
    let out = env::var("OUT_DIR")?;
    let profile = Path::new(&out).ancestors().find(|folder| folder.ends_with("build")).and_then(Path::parent);
    for folder in profile.into_iter().flat_map(|profile| [profile.to_owned(), profile.join("deps")]) {
        if let Err(error) = point(&folder.join(&name)) {
            println!("cargo:warning={name} is not linked in {}: {error}", folder.display());
        }
    }
    Ok(())
}

/// Makes `path` a link to the library beside it, which need not be there yet.
fn point(path: &Path) -> io::Result<()> {
    if fs::read_link(path).is_ok_and(|to| to == Path::new(LIBRARY)) {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(LIBRARY, path)?;
    Ok(())
}
