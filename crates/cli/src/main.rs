//! The command `enigma`: demo, contract tools and the node daemon in one binary.

mod args;
mod bench;
mod contract;
mod demo;
mod node;
mod people;
mod report;

use std::process::ExitCode;

use args::Command;
use clap::Parser as _;
use report::Problem;

fn main() -> ExitCode {
    let arguments = args::Arguments::parse();
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            report::error(&problem);
            ExitCode::from(problem.exit_code())
        }
    }
}

fn run(command: Command) -> Result<(), Problem> {
    match command {
        Command::Demo(options) => demo::run(&options),
        Command::Check(options) => contract::check(&options),
        Command::Build(options) => contract::build(&options),
        Command::Node(command) => node::command(&command),
        Command::Bench(options) => bench::run(&options),
        Command::BenchParty => bench::party(),
    }
}
