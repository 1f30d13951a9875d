//! The program: reads its arguments, runs a cluster, prints what is stored.

mod args;
mod line;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;

use mock_cluster::{Cluster, Options, Stored};

use args::{Arguments, Wanted};

pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::parse(arguments) {
        Ok(Wanted::Run(arguments)) => arguments,
        Ok(Wanted::Help) => return print(args::HELP),
        Ok(Wanted::Version) => return print(concat!("rocketmq-mock ", env!("CARGO_PKG_VERSION"), "\n")),
        Err(sentence) => {
            let _ = writeln!(io::stderr(), "rocketmq-mock: {sentence}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has gone: nothing left to do.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "rocketmq-mock: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let cluster = Cluster::start(Options {
        brokers: arguments.brokers,
        auto_create: arguments.auto_create,
        namesrv_port: arguments.port,
        broker_port: arguments.broker_port,
        // A program that only prints runs for days and must not grow.
        keep: arguments.list_on_exit && !arguments.discard,
        ..Options::default()
    })?;
    for (topic, queues) in &arguments.topics {
        cluster.add_topic(topic, *queues);
    }
    let printer = arguments.print.then(|| {
        let messages = cluster.follow();
        thread::spawn(move || print_all(&messages))
    });
    let mut out = io::stdout();
    writeln!(out, "name server {}", cluster.namesrv())?;
    out.flush()?;
    match arguments.run_for {
        Some(duration) => thread::sleep(duration),
        None => drop(io::copy(&mut io::stdin(), &mut io::sink())),
    }
    cluster.end_following();
    if let Some(Ok(result)) = printer.map(thread::JoinHandle::join) {
        result?;
    }
    if arguments.list_on_exit {
        let mut out = io::BufWriter::new(out);
        for message in cluster.all_messages() {
            line::write(&message, &mut out)?;
        }
        writeln!(out, "{{\"count\":{}}}", cluster.total_count())?;
        out.flush()?;
    }
    Ok(())
}

/// Prints until the cluster has nothing more to tell. A reader that has gone ends it: what is stored is dropped then.
fn print_all(messages: &Receiver<Arc<Stored>>) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout());
    while let Ok(message) = messages.recv() {
        line::write(&message, &mut out)?;
        // Flush when nothing more is at hand.
        for message in messages.try_iter() {
            line::write(&message, &mut out)?;
        }
        out.flush()?;
    }
    Ok(())
}
