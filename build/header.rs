//! A C header, made from the doc comments and signatures of a border's Rust files: a preamble, then one cbindgen run
//! for each file, so that the header has sections in an order of our own.

use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use cbindgen::{Builder, Config};

/// What sets one header apart.
pub(crate) struct Header<'a> {
    /// Of the file, which is written into `include`.
    pub(crate) name: &'a str,
    /// Folder of the sources, from the root.
    pub(crate) folder: &'a str,
    /// The file there whose opening comment, the rules of the whole header, opens the header too.
    pub(crate) rules: &'a str,
    /// Title and file of each section. Types come before their first use.
    pub(crate) sections: &'a [(&'a str, &'a str)],
    /// What stands before each function.
    pub(crate) prefix: &'a str,
    /// From the guard to the opening of `extern "C"`.
    pub(crate) macros: String,
}

impl Header<'_> {
    /// Writes the header if it would change, and a copy to `OUT_DIR`, which tests compare. `root` is the repository's.
    pub(crate) fn write(&self, root: &Path) -> io::Result<()> {
        for path in [self.folder, "cbindgen.toml", "build"] {
            println!("cargo:rerun-if-changed={}", root.join(path).display());
        }
        let text = match self.generate(root) {
            Ok(text) => text,
            Err(error) => {
                // The sources do not parse: rustc says it better, and the header stays as it is until then.
                println!("cargo:warning=the header is not written: {error}");
                return Ok(());
            }
        };
        let out = env::var("OUT_DIR").map_err(io::Error::other)?;
        fs::write(Path::new(&out).join(self.name), &text)?;
        let include = root.join("include");
        let header = include.join(self.name);
        if fs::read_to_string(&header).ok().as_ref() != Some(&text) {
            fs::create_dir_all(&include)?;
            fs::write(&header, &text)?;
        }
        Ok(())
    }

    fn generate(&self, root: &Path) -> Result<String, Box<dyn Error>> {
        let folder = root.join(self.folder);
        let mut config = Config::from_file(root.join("cbindgen.toml"))?;
        config.function.prefix = Some(self.prefix.to_owned());
        let mut header = self.preamble(&fs::read_to_string(folder.join(self.rules))?)?;
        for (title, file) in self.sections {
            let path = folder.join(file).with_extension("rs");
            let mut config = config.clone();
            config.export.include = types(&fs::read_to_string(&path)?);
            let mut section = Vec::new();
            Builder::new().with_config(config).with_src(&path).generate()?.write(&mut section);
            let dashes = "-".repeat(72_usize.saturating_sub(title.len()));
            write!(header, "/* {dashes} {title} */\n\n{}\n", tidy(&String::from_utf8(section)?).trim())?;
            header.push('\n');
        }
        let guard = self.name.replace('.', "_").to_uppercase();
        write!(header, "#ifdef __cplusplus\n}}\n#endif\n\n#endif /* {guard} */\n")?;
        Ok(header)
    }

    /// The rules of the whole header, then the macros.
    fn preamble(&self, rules: &str) -> Result<String, Box<dyn Error>> {
        let mut text = format!("/* {} - ", self.name);
        for (number, line) in rules.lines().map_while(|line| line.strip_prefix("//!")).enumerate() {
            let line = plain(line.strip_prefix(' ').unwrap_or(line));
            match (number, line.as_str()) {
                (0, line) => text.push_str(line),
                (_, "") => text.push_str("\n *"),
                (_, line) => write!(text, "\n * {line}")?,
            }
            if number == 0 {
                text.push_str("\n *\n * Generated from the Rust sources; do not edit.");
            }
        }
        text.push_str("\n */\n");
        text.push_str(&self.macros);
        Ok(text)
    }
}

/// Names of the types of a file. cbindgen drops those that no function of the same file uses.
fn types(source: &str) -> Vec<String> {
    let named = |line: &str| {
        let rest =
            ["pub enum ", "pub struct ", "pub type "].iter().find_map(|start| line.strip_prefix(start))?;
        rest.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next().map(str::to_owned)
    };
    source.lines().filter_map(named).collect()
}

/// Markdown's escapes mean nothing in C.
fn plain(line: &str) -> String {
    line.replace("\\[", "[").replace("\\]", "]")
}

/// What cbindgen has no setting for: no comma before `}`, which C89 forbids; comments of one line on one
/// line; and no `# Safety` sections, which are for Rust.
fn tidy(section: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut in_safety = false;
    for line in section.lines().map(plain) {
        let bare = line.trim();
        in_safety = bare == "* # Safety" || (in_safety && bare != "*/");
        if in_safety || (bare.is_empty() && lines.last().is_some_and(String::is_empty)) {
            continue;
        }
        if bare == "*/" {
            while lines.last().is_some_and(|last| last.trim() == "*") {
                lines.pop();
            }
            if let [.., open, text] = lines.as_slice()
                && open.trim() == "/**"
            {
                let folded = format!("{} {} */", open, text.trim().trim_start_matches('*').trim());
                lines.truncate(lines.len().saturating_sub(2));
                lines.push(folded);
                continue;
            }
        }
        if bare.starts_with('}')
            && let Some(last) = lines.last_mut()
            && last.ends_with(',')
        {
            last.pop();
        }
        lines.push(line);
    }
    lines.join("\n")
}
