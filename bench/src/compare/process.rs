//! The processes of a round: a sink that is ready, a client that runs to its end and is watched meanwhile. Every wait
//! has a limit.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::results::Printed;
use crate::machine::{now, running_ns};
use crate::sink::with_prefix;

/// A sink starts and ends within.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at the processes.
const STEP: Duration = Duration::from_millis(20);
/// Lines that are kept of what a process prints.
const LINES_MAX: usize = 500;

/// Lines that come out of a pipe, up to its end.
struct Lines(Receiver<String>);

impl Lines {
    /// What is over the limit is read, so that the process goes on, and dropped.
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(pipe).split(b'\n').map_while(Result::ok).enumerate();
            for (_, line) in lines.filter(|(index, _)| *index < LINES_MAX) {
                // If nobody listens any more, the process shall not be held up all the same.
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
        Self(receiver)
    }

    fn next(&self, until: Instant) -> Result<String, RecvTimeoutError> {
        self.0.recv_timeout(until.saturating_duration_since(now()))
    }

    /// The rest, or what came of it in time.
    fn rest(&self, until: Instant) -> Vec<String> {
        std::iter::from_fn(|| self.next(until).ok()).collect()
    }
}

/// Of lines `name<TAB>value`.
fn figures(lines: &[String]) -> Printed {
    let split =
        |line: &String| line.split_once('\t').map(|(name, value)| (name.to_owned(), value.to_owned()));
    lines.iter().filter_map(split).collect()
}

/// The value of a figure, if it is a number.
pub(crate) fn number(figures: &Printed, name: &str) -> Option<f64> {
    figures.iter().find(|(figure, _)| figure == name)?.1.parse().ok()
}

/// A child in a process group of its own, killed with all of it when dropped too early.
pub(crate) struct Group {
    child: Child,
    ended: bool,
}

impl Group {
    pub(crate) fn start(command: &mut Command, what: &str) -> Result<Self, String> {
        let started = std::os::unix::process::CommandExt::process_group(command, 0).spawn();
        let child = started.map_err(|error| format!("{what} does not start: {error}"))?;
        Ok(Self { child, ended: false })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for the end; `look` is called in between.
    pub(crate) fn wait(
        &mut self,
        until: Instant,
        mut look: impl FnMut(),
    ) -> Result<Option<ExitStatus>, String> {
        loop {
            let status = self.child.try_wait().map_err(|error| error.to_string())?;
            self.ended = status.is_some();
            if self.ended || now() >= until {
                return Ok(status);
            }
            look();
            std::thread::sleep(STEP);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let Ok(id) = i32::try_from(self.child.id()) {
            // Gone already: then there is nothing to end.
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}

/// A sink that is ready.
pub(crate) struct Sink {
    process: Group,
    /// Closed to end it.
    input: Option<ChildStdin>,
    output: Lines,
    /// Its name server.
    pub(crate) namesrv: String,
}

impl Sink {
    /// Starts `program`; `before` goes in front of it on the command line.
    pub(crate) fn start(program: &Path, before: &[&str], brokers: u32) -> Result<Self, String> {
        let mut command = with_prefix(before, program);
        command.args(["--brokers", &brokers.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Group::start(&mut command, "the sink")?;
        let (Some(input), Some(output)) = (process.child().stdin.take(), process.child().stdout.take())
        else {
            return Err("the sink has no pipes".to_owned());
        };
        let output = Lines::of(output);
        let line = output.next(now() + PATIENCE).map_err(|_| "the sink did not become ready".to_owned())?;
        let Some(("namesrv", namesrv)) = line.split_once('\t') else {
            return Err(format!("the sink is not ready but says {line:?}"));
        };
        Ok(Self { namesrv: namesrv.to_owned(), process, input: Some(input), output })
    }

    /// Where the system shows its threads.
    fn tasks(&self) -> String {
        format!("/proc/{}/task", self.process.id())
    }

    /// Ends it; what it counted.
    pub(crate) fn end(mut self) -> Result<Printed, String> {
        self.input = None;
        let until = now() + PATIENCE;
        let lines = self.output.rest(until);
        match self.process.wait(until, || {})? {
            Some(status) if status.success() => Ok(figures(&lines)),
            Some(status) => Err(format!("the sink ended with {status}")),
            None => Err("the sink did not end when its input was closed".to_owned()),
        }
    }
}

/// A client that has ended.
pub(crate) struct Ended {
    pub(crate) figures: Printed,
    /// Why its figures are none, if it failed.
    pub(crate) failure: Option<String>,
    /// Of the sink: seconds since the client's start, and nanoseconds that it has run.
    pub(crate) sink: Vec<(f64, u64)>,
}

/// Runs a client to its end.
pub(crate) fn client(command: &mut Command, sink: Option<&Sink>, limit: Duration) -> Result<Ended, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Group::start(command, "the client")?;
    let start = now();
    let (Some(output), Some(error)) = (process.child().stdout.take(), process.child().stderr.take()) else {
        return Err("the client has no pipes".to_owned());
    };
    let (output, error) = (Lines::of(output), Lines::of(error));
    let tasks = sink.map(Sink::tasks);
    let mut samples = Vec::new();
    let mut sample = || {
        let Some(tasks) = &tasks else { return };
        // A sink that died is noticed by its end.
        if let Ok(ns) = running_ns(tasks) {
            samples.push((start.elapsed().as_secs_f64(), ns));
        }
    };
    sample();
    let status = process.wait(start + limit, &mut sample)?;
    sample();
    if status.is_none() {
        let failure = Some(format!("it did not end within {} s", limit.as_secs()));
        return Ok(Ended { figures: Vec::new(), failure, sink: samples });
    }
    let until = now() + PATIENCE;
    let figures = figures(&output.rest(until));
    let failure = status.and_then(|status| failure(status, &figures, &error.rest(until)));
    Ok(Ended { figures, failure, sink: samples })
}

fn failure(status: ExitStatus, figures: &Printed, said: &[String]) -> Option<String> {
    let sentence = said.iter().rev().find(|line| !line.trim().is_empty());
    if !status.success() {
        let sentence = sentence.map_or("it says nothing", |line| line.trim());
        return Some(format!("{status}: {sentence}"));
    }
    let ended = figures.last().is_some_and(|(name, value)| (name.as_str(), value.as_str()) == ("end", "ok"));
    (!ended).then(|| "its last line is not `end ok`".to_owned())
}

/// The greatest share of a core that the sink used over any stretch as long as the timed part, which is one of them.
pub(crate) fn busiest(samples: &[(f64, u64)], stretch: f64) -> Option<f64> {
    /// Looks are that far apart that a shorter stretch would tell little.
    const LEAST: f64 = 0.1;
    let stretch = stretch.max(LEAST);
    let share =
        |from: &(f64, u64), to: &(f64, u64)| to.1.saturating_sub(from.1) as f64 / 1e9 / (to.0 - from.0);
    let from = |(index, from): (usize, &(f64, u64))| {
        let to = samples.get(index..)?.iter().find(|to| to.0 - from.0 >= stretch)?;
        Some(share(from, to))
    };
    let shares = samples.iter().enumerate().filter_map(from);
    let whole = || samples.first().zip(samples.last()).filter(|(a, b)| b.0 > a.0).map(|(a, b)| share(a, b));
    shares.max_by(f64::total_cmp).or_else(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_stretch_of_a_sink_is_found() {
        let second = 1_000_000_000;
        let samples = [(0.0, 0), (1.0, second / 10), (2.0, second), (3.0, second)];
        assert_eq!(busiest(&samples, 1.0), Some(0.9));
        assert_eq!(busiest(&samples, 2.0), Some(0.5));
        assert_eq!(busiest(&samples, 9.0), Some(second as f64 / 3e9));
        assert_eq!(busiest(&samples[..1], 1.0), None);
    }

    #[test]
    fn a_client_that_does_not_end_is_ended() {
        let start = now();
        let mut command = Command::new("sh");
        let ended = client(command.args(["-c", "sleep 100; true"]), None, Duration::from_millis(50)).unwrap();
        assert_eq!(ended.failure.as_deref(), Some("it did not end within 0 s"));
        assert!(start.elapsed() < Duration::from_secs(50));
    }

    #[test]
    fn a_client_without_its_last_line_has_failed() {
        let run = |script: &str| client(Command::new("sh").args(["-c", script]), None, PATIENCE).unwrap();
        assert_eq!(run(r"printf 'rate\t1\nend\tok\n'").failure, None);
        assert_eq!(run(r"printf 'rate\t1\n'").failure.as_deref(), Some("its last line is not `end ok`"));
        assert_eq!(run("echo no route >&2; exit 1").failure.as_deref(), Some("exit status: 1: no route"));
    }
}
