//! How a shared library is linked: by the name that its versions share, and for a host that may unload it.

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;

/// Names the shared library, and links it for a host that may unload it.
pub(crate) fn link(library: &str) -> Result<(), Box<dyn Error>> {
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return Ok(());
    }
    // The library's threads outlive a dlclose(); unmapping their code would kill the host.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // What versions that may stand in for each other share; scripts/install.sh names the installed files so.
    let (major, minor) = (env::var("CARGO_PKG_VERSION_MAJOR")?, env::var("CARGO_PKG_VERSION_MINOR")?);
    let series = if major == "0" { format!("0.{minor}") } else { major };
    let name = format!("{library}.{series}");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{name}");
    // A program linked with `-L target/release` looks for that name too. Cargo makes the library twice: beside the
    // test programs, and, as the user's, one folder up.
    let out = env::var("OUT_DIR")?;
    let profile = Path::new(&out).ancestors().find(|folder| folder.ends_with("build")).and_then(Path::parent);
    for folder in profile.into_iter().flat_map(|profile| [profile.to_owned(), profile.join("deps")]) {
        if let Err(error) = point(&folder.join(&name), library) {
            println!("cargo:warning={name} is not linked in {}: {error}", folder.display());
        }
    }
    Ok(())
}

/// Makes `path` a link to the library beside it, which need not be there yet.
fn point(path: &Path, library: &str) -> io::Result<()> {
    if fs::read_link(path).is_ok_and(|to| to == Path::new(library)) {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(library, path)?;
    Ok(())
}
