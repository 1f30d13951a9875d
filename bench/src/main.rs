//! Guards the shape of the hot path: how often the client writes, sleeps and allocates for each message, and
//! beside it what a message costs; and compares that cost with a bare socket's and with other clients'.
//!
//! | file | holds |
//! |---|---|
//! | `rounds` | the rounds, the table and the verdict |
//! | `client` | the process that is measured: one sender, a window, the phases |
//! | `api` | the C functions that it calls |
//! | `seam` | the same window above a byte stream that counts |
//! | `counted` | the counters below the client: allocator, write functions |
//! | `sink` | the process on the other side: the mock, which counts and answers |
//! | `table` | figures of several rounds |
//! | `packing` | what compressing a body costs |
//! | `machine`, `trace` | what the system and `strace` tell of processes |
//! | `compare` | the comparison, with programs in other languages and a sink that is cheaper than all of them |

mod api;
mod client;
mod compare;
mod counted;
mod machine;
mod packing;
mod rounds;
mod seam;
mod sink;
mod table;
mod trace;

use std::process::ExitCode;

const HELP: &str = "\
rocketmq-bench - what one message costs the client, against a mock broker that only counts

Usage: rocketmq-bench [--messages N] [--rounds N] [--quick]
       rocketmq-bench compare ...   beside other clients; `rocketmq-bench compare --help` tells how
       rocketmq-bench instructions [--keep]   instructions of a message, held against those kept; or keeps them
       rocketmq-bench compress   what compressing a body costs

  --messages N   messages of each phase, after a warm-up of a tenth (default: 200000)
  --rounds N     rounds; the table has their median, least and greatest (default: 3)
  --quick        20000 messages, JSON header only, the best of at most five rounds, no times and no strace: what a
                 busy machine can still tell

Exit status: 0 when the counts are within their limits, 1 when one is not or the measurement failed, 2 for wrong
arguments.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((role, rest)) if role == client::ROLE => client::main(rest).map(|()| true),
        Some((role, rest)) if role == sink::ROLE => sink::main(rest).map(|()| true),
        Some((role, [])) if role == packing::ROLE => packing::run(),
        Some((role, rest)) if role == compare::INSTRUCTIONS => compare::count_instructions(rest),
        Some((role, rest)) if role == compare::ROLE => {
            if rest.iter().any(|argument| argument == "--help") {
                return help(compare::HELP);
            }
            match compare::Wanted::parse(rest) {
                Ok(wanted) => compare::run(&wanted),
                Err(sentence) => return refused(&sentence),
            }
        }
        Some((argument, _)) if argument == "--help" => return help(HELP),
        _ => match rounds::Wanted::parse(&arguments) {
            Ok(wanted) => rounds::run(&wanted),
            Err(sentence) => return refused(&sentence),
        },
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(sentence) => {
            eprintln!("rocketmq-bench: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn help(text: &str) -> ExitCode {
    print!("{text}");
    ExitCode::SUCCESS
}

fn refused(sentence: &str) -> ExitCode {
    eprintln!("rocketmq-bench: {sentence}");
    ExitCode::from(2)
}
