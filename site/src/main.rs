//! Writes the documentation: `rocketmq-site [ROOT [FOLDER]]`, the repository's root and the folder for the site.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> io::Result<ExitCode> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let root = arguments.next().unwrap_or_else(|| ".".into());
    let folder = arguments.next().unwrap_or_else(|| root.join("target/docs"));
    let (site, complaints) = rocketmq_site::make(&root)?;
    for complaint in &complaints {
        writeln!(io::stderr(), "{complaint}")?;
    }
    if !complaints.is_empty() {
        writeln!(io::stderr(), "{} mistakes; nothing was written", complaints.len())?;
        return Ok(ExitCode::FAILURE);
    }
    rocketmq_site::write(&site, &folder)?;
    writeln!(io::stdout(), "{} files, beginning with {}", site.len(), folder.join("index.html").display())?;
    Ok(ExitCode::SUCCESS)
}
