//! `rocketmq-mock`: the cluster as a program, see `--help`.

mod program;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::main(std::env::args_os().skip(1))
}
