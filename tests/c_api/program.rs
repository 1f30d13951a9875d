//! Compiles C programs, runs them with a limit, and reads what they print.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rocketmq_mock::{Cluster, Options};

/// A program that runs longer is killed, which fails its test.
const LIMIT: Duration = Duration::from_secs(180);

/// What the linker needs beside the static archive, as rustc names it (`--print native-static-libs`).
pub(crate) const STATIC_NEEDS: &[&str] = &["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];

/// As strict as it gets; `language` is what follows.
const STRICT: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where Cargo put the libraries of this build: beside the test program.
pub(crate) fn libraries() -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    assert!(folder.join("librocketmq_producer.so").exists(), "no library in {}", folder.display());
    folder
}

pub(crate) fn cluster() -> Cluster {
    Cluster::start(Options::default()).unwrap()
}

/// A compiled program; its file goes with it.
pub(crate) struct Program {
    path: PathBuf,
    /// What runs it, if it does not run by itself.
    runner: Vec<String>,
    limit: Duration,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Which language the sources are compiled as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Language {
    C99,
    Cpp17,
}

impl Program {
    /// Where a new program may be written; nobody else uses the name.
    fn place(name: &str) -> PathBuf {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c_api");
        fs::create_dir_all(&folder).unwrap();
        folder.join(format!("{name}-{}-{number}", std::process::id()))
    }

    /// Compiles a source of `tests/c` as C99 and links it with the shared library.
    pub(crate) fn new(name: &str) -> Self {
        Self::linked(Language::C99, &[name], &shared())
    }

    /// Compiles sources of `tests/c` and links them with what `with` says.
    pub(crate) fn linked(language: Language, names: &[&str], with: &[String]) -> Self {
        let sources: Vec<_> = names.iter().map(|name| root().join(format!("tests/c/{name}.c"))).collect();
        Self::compiled(language, &sources, with)
    }

    /// Compiles a source of `tests/cpp` with these options and links it with the shared library.
    pub(crate) fn cpp(name: &str, options: &[&str]) -> Self {
        let path = Self::place(name);
        let mut command = Command::new("g++");
        command.args(STRICT).args(["-Wshadow", "-Wconversion", "-pthread"]).args(options);
        command.arg("-I").arg(root().join("include")).arg("-isystem").arg(root().join("tests/c"));
        command.arg(root().join(format!("tests/cpp/{name}.cpp"))).args(shared());
        compile(command.arg("-o").arg(&path));
        Self { path, runner: Vec::new(), limit: LIMIT }
    }

    /// Compiles the program in `text` and links it with what `with` says.
    pub(crate) fn of_text(language: Language, name: &str, text: &str, with: &[String]) -> Self {
        let source = Self::place(name).with_extension("c");
        fs::write(&source, text).unwrap();
        Self::compiled(language, &[source], with)
    }

    /// Compiles `text`, which is no program and may leave things unused.
    pub(crate) fn fragment(language: Language, text: &str) {
        let source = Self::place("fragment").with_extension("c");
        fs::write(&source, text).unwrap();
        let mut command = compiler(language);
        command.args(["-c", "-o", "/dev/null", "-Wno-unused-function"]);
        command.args(["-Wno-unused-parameter", "-Wno-unused-but-set-parameter"]);
        compile(command.arg(&source));
        let _ = fs::remove_file(source);
    }

    fn compiled(language: Language, sources: &[PathBuf], with: &[String]) -> Self {
        let path = Self::place(&sources[0].file_stem().unwrap().to_string_lossy());
        let mut command = compiler(language);
        command.args(sources);
        if matches!(language, Language::Cpp17) {
            // Libraries are no C++ sources.
            command.args(["-x", "none"]);
        }
        compile(command.args(with).arg("-pthread").arg("-o").arg(&path));
        Self { path, runner: Vec::new(), limit: LIMIT }
    }

    /// Compiles an example with the command in its opening comment, and gives that command too. Only the paths are
    /// adapted.
    pub(crate) fn example(file: &str) -> (Self, String) {
        let (name, compiler) = match file.strip_suffix(".cpp") {
            Some(name) => (name, "c++"),
            None => (file.strip_suffix(".c").unwrap(), "cc"),
        };
        let path = Self::place(name);
        // A command may go on in the next line.
        let source = fs::read_to_string(root().join("examples-c").join(file)).unwrap();
        let source = source.replace(" \\\n *    ", "");
        let mut lines = source.lines().map(|line| line.trim_start_matches([' ', '*']));
        let line = lines.find(|line| line.starts_with(&format!("{compiler} ")));
        let line = line.unwrap_or_else(|| panic!("{file} does not say how it is compiled"));
        let libraries = libraries();
        let adapted = line.replace("target/release", libraries.to_str().unwrap());
        let adapted = adapted.strip_suffix(&format!(" -o {name}")).unwrap().split(' ');
        let mut command = Command::new(compiler);
        compile(command.current_dir(root()).args(adapted.skip(1)).arg("-o").arg(&path));
        (Self { path, runner: Vec::new(), limit: LIMIT }, line.to_owned())
    }

    /// A program that something else has built.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), runner: Vec::new(), limit: LIMIT }
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs below another command from now on.
    pub(crate) fn under(mut self, runner: &[&str]) -> Self {
        self.runner = runner.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// May run this long from now on.
    pub(crate) const fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Starts it. Its own thread sends the lines it prints.
    pub(crate) fn start(&self, arguments: &[&str]) -> Live {
        let mut words = self.runner.clone();
        words.push(self.path.to_str().unwrap().to_owned());
        let mut command = Command::new(&words[0]);
        // The test harness sets it, and it goes before the path in the program: to a library built earlier.
        command.env_remove("LD_LIBRARY_PATH");
        command.args(&words[1..]).args(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let (line, lines) = channel();
        let stdout = child.stdout.take().unwrap();
        let output = thread::spawn(move || read(stdout, &line));
        let (line, _) = channel();
        let stderr = child.stderr.take().unwrap();
        let errors = thread::spawn(move || read(stderr, &line));
        let (ended, end) = channel::<()>();
        let pid = Pid::from_raw(child.id().try_into().unwrap());
        let limit = self.limit;
        let guard = thread::spawn(move || {
            let late = end.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if late {
                let _ = kill(pid, Signal::SIGKILL);
            }
            late
        });
        Live {
            child,
            lines,
            output,
            errors,
            guard,
            ended,
            limit,
            name: format!("{:?} {arguments:?}", self.path),
        }
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end()
    }
}

/// The linker's words for the shared library of this build.
pub(crate) fn shared() -> Vec<String> {
    let folder = libraries();
    let folder = folder.to_str().unwrap();
    vec![format!("-L{folder}"), "-lrocketmq_producer".into(), format!("-Wl,-rpath,{folder}")]
}

/// As strict as it gets.
fn compiler(language: Language) -> Command {
    let mut command = match language {
        Language::C99 => Command::new("cc"),
        Language::Cpp17 => Command::new("g++"),
    };
    match language {
        Language::C99 => command.arg("-std=c99"),
        Language::Cpp17 => command.args(["-x", "c++", "-std=c++17"]),
    };
    command.args(STRICT).arg("-I").arg(root().join("include"));
    command
}

fn compile(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {}\n{said}", output.status);
}

fn read(from: impl std::io::Read, line: &Sender<String>) -> Vec<String> {
    let lines = BufReader::new(from).split(b'\n').map_while(Result::ok);
    let lines = lines.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    // Nobody may be listening any more.
    lines.inspect(|text| drop(line.send(text.clone()))).collect()
}

/// A program that runs.
pub(crate) struct Live {
    child: Child,
    lines: Receiver<String>,
    output: JoinHandle<Vec<String>>,
    errors: JoinHandle<Vec<String>>,
    guard: JoinHandle<bool>,
    ended: Sender<()>,
    limit: Duration,
    name: String,
}

impl Live {
    /// Waits until it prints a line that starts so.
    pub(crate) fn wait_for(&self, start: &str) {
        loop {
            match self.lines.recv_timeout(self.limit) {
                Ok(line) if line.starts_with(start) => return,
                Ok(_) => {}
                // Its end says why.
                Err(_) => return,
            }
        }
    }

    /// Lets it go on after a pause.
    pub(crate) fn go_on(&mut self) {
        // It may be dead, which its end tells.
        let _ = self.child.stdin.as_mut().unwrap().write_all(b"\n");
    }

    /// Gives it something to read.
    pub(crate) fn tell(&mut self, text: &str) {
        // It may be dead, which its end tells.
        let _ = self.child.stdin.as_mut().unwrap().write_all(text.as_bytes());
    }

    /// Its end, whatever it was.
    pub(crate) fn end(mut self) -> Ended {
        drop(self.child.stdin.take());
        let status = self.child.wait().unwrap();
        let at = Instant::now();
        drop(self.ended);
        let killed = self.guard.join().unwrap();
        let (lines, errors) = (self.output.join().unwrap(), self.errors.join().unwrap());
        assert!(
            !killed,
            "{} was killed after {:?}:\n{}\n{}",
            self.name,
            self.limit,
            lines.join("\n"),
            errors.join("\n")
        );
        Ended { status, at, lines, errors, name: self.name }
    }
}

/// A program that has ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) at: Instant,
    pub(crate) lines: Vec<String>,
    pub(crate) errors: Vec<String>,
    name: String,
}

impl Ended {
    /// It ended by itself, with this code.
    pub(crate) fn with_code(self, code: i32) -> Self {
        let told = || format!("{}: {}\n{}\n{}", self.name, self.status, self.shown(), self.errors.join("\n"));
        assert!(self.status.signal().is_none() && self.status.code() == Some(code), "{}", told());
        self
    }

    /// It ended well.
    pub(crate) fn well(self) -> Self {
        self.with_code(0)
    }

    /// The last number that it printed under this name.
    pub(crate) fn number(&self, name: &str) -> i64 {
        let value = self.lines.iter().rev().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value =
            value.unwrap_or_else(|| panic!("no {name} in:\n{}\n{}", self.shown(), self.errors.join("\n")));
        value.parse().unwrap()
    }

    /// The rest of every line that starts with this word.
    pub(crate) fn all(&self, word: &str) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' ')).collect()
    }

    /// What it printed, for people.
    pub(crate) fn shown(&self) -> String {
        self.lines.join("\n")
    }
}
