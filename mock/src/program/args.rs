//! The program's arguments.

use std::ffi::OsString;
use std::time::Duration;

use mock_cluster::{BROKERS_MAX, QUEUES_MAX};

pub(crate) const HELP: &str = "\
rocketmq-mock - a RocketMQ name server and brokers on 127.0.0.1, for tests and a first try

Usage: rocketmq-mock [OPTION]...

It prints one line, \"name server 127.0.0.1:PORT\", when it is ready: give that address to the producer. It keeps
what it is sent in memory only, and runs until its standard input is closed, or until it is killed. Started in the
background, give it an input that stays open (`tail -f /dev/null | rocketmq-mock`) or --for.

  --port P              port of the name server (default: a free one)
  --broker-port P       port of the first broker, the others take the next ones (default: free ones)
  --brokers N           how many brokers, each a master with the same topics (default: 1; at most 64)
  --topic NAME:QUEUES   make this topic, with so many queues on every broker; may be given several times
  --no-auto-create      topics do not appear when they are first sent to
  --print               print every stored message as one line of JSON
  --list-on-exit        at the end print all stored messages as JSON, then a line {\"count\":N}
  --discard             count messages and do not keep them, for measurements; --list-on-exit prints the count alone
  --for SECONDS         run this long, whatever happens to the standard input
  --help                print this and exit
  --version             print the version and exit

A line of JSON has: topic, broker, queueId, queueOffset, msgId, offsetMsgId, tags, keys, group, flag, sysFlag,
bornTimestamp, properties, bodyLength and body, all as stored but the body unpacked; a body that is not UTF-8 stands
in hex as bodyHex instead.

Exit status: 0 at the end, 1 when it cannot run, 2 for wrong arguments.
";

/// What the arguments ask for.
#[derive(Debug, PartialEq)]
pub(crate) enum Wanted {
    Run(Arguments),
    Help,
    Version,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) port: u16,
    pub(crate) broker_port: u16,
    pub(crate) brokers: usize,
    pub(crate) topics: Vec<(String, i32)>,
    pub(crate) auto_create: bool,
    pub(crate) print: bool,
    pub(crate) list_on_exit: bool,
    pub(crate) discard: bool,
    pub(crate) run_for: Option<Duration>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            port: 0,
            broker_port: 0,
            brokers: 1,
            topics: Vec::new(),
            auto_create: true,
            print: false,
            list_on_exit: false,
            discard: false,
            run_for: None,
        }
    }
}

impl Arguments {
    /// The error is a sentence for the user.
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Wanted, String> {
        let mut parsed = Self::default();
        let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
        while let Some(argument) = arguments.next() {
            let (name, mut given) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (argument.as_str(), None),
            };
            let mut value = || given.take().or_else(|| arguments.next());
            match name {
                "--port" => parsed.port = number(name, value(), "a port from 0 to 65535")?,
                "--broker-port" => parsed.broker_port = number(name, value(), "a port from 0 to 65535")?,
                "--brokers" => parsed.brokers = brokers(value())?,
                "--topic" => parsed.topics.push(topic(value())?),
                "--for" => parsed.run_for = Some(seconds(value())?),
                "--no-auto-create" => parsed.auto_create = false,
                "--print" => parsed.print = true,
                "--list-on-exit" => parsed.list_on_exit = true,
                "--discard" => parsed.discard = true,
                "--help" | "-h" => return Ok(Wanted::Help),
                "--version" | "-V" => return Ok(Wanted::Version),
                _ => return Err(format!("I do not know {argument:?}; try --help.")),
            }
            if given.is_some() {
                return Err(format!("{name} takes no value."));
            }
        }
        if parsed.discard && parsed.print {
            return Err("--print needs the messages that --discard throws away; give one of them.".into());
        }
        Ok(Wanted::Run(parsed))
    }
}

fn number<T: std::str::FromStr>(name: &str, value: Option<String>, what: &str) -> Result<T, String> {
    let value = value.ok_or_else(|| format!("{name} needs {what}."))?;
    value.parse().map_err(|_| format!("{name} needs {what}, not {value:?}."))
}

fn brokers(value: Option<String>) -> Result<usize, String> {
    let what = format!("a number from 1 to {BROKERS_MAX}");
    let count = number("--brokers", value, &what)?;
    if (1..=BROKERS_MAX).contains(&count) {
        Ok(count)
    } else {
        Err(format!("--brokers needs {what}, not {count}."))
    }
}

fn seconds(value: Option<String>) -> Result<Duration, String> {
    let what = "a number of seconds, such as 30 or 0.5";
    let seconds: f64 = number("--for", value, what)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("--for needs {what}, not {seconds}."))
}

fn topic(value: Option<String>) -> Result<(String, i32), String> {
    let what = format!("NAME:QUEUES with 1 to {QUEUES_MAX} queues");
    let value = value.ok_or_else(|| format!("--topic needs {what}."))?;
    let parts = value.rsplit_once(':').filter(|(name, _)| !name.is_empty());
    let parsed = parts.and_then(|(name, queues)| Some((name.to_owned(), queues.parse().ok()?)));
    let parsed = parsed.filter(|(_, queues)| (1..=QUEUES_MAX).contains(queues));
    parsed.ok_or_else(|| format!("--topic needs {what}, not {value:?}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Wanted, String> {
        Arguments::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn everything_at_once_is_understood() {
        let line = "--port 9876 --broker-port 10911 --brokers=2 --topic a:4 --topic %RETRY%b:1 --no-auto-create --print --list-on-exit \
                    --for 1.5";
        let wanted = Wanted::Run(Arguments {
            port: 9876,
            broker_port: 10911,
            brokers: 2,
            topics: vec![("a".into(), 4), ("%RETRY%b".into(), 1)],
            auto_create: false,
            print: true,
            list_on_exit: true,
            discard: false,
            run_for: Some(Duration::from_millis(1500)),
        });
        assert_eq!(parse(line), Ok(wanted));
        assert_eq!(parse(""), Ok(Wanted::Run(Arguments::default())));
        assert_eq!(parse("--print --help"), Ok(Wanted::Help));
    }

    #[test]
    fn mistakes_are_answered_with_a_sentence() {
        let mistakes = [
            "--port",
            "--port 70000",
            "--broker-port 70000",
            "--brokers 0",
            "--brokers 65",
            "--brokers many",
            "--topic",
            "--topic a",
            "--topic :4",
            "--topic a:0",
            "--topic a:x",
            "--for -1",
            "--for soon",
            "--print=1",
            "--discard --print",
            "topic",
            "--nonsense",
        ];
        for line in mistakes {
            let sentence = parse(line).unwrap_err();
            assert!(sentence.ends_with('.'), "{line}: {sentence}");
        }
    }
}
