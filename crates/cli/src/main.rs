//! The command `enigma`: networks, contracts, data, consent, jobs and the node daemon in one binary.

mod args;
mod bench;
mod commands;
mod context;
mod contract;
mod demo;
mod devnet;
mod keys;
mod library;
mod local;
mod node;
mod people;
mod rehearsal;
mod report;
mod simulate;
mod table;

use std::process::ExitCode;

use args::Command;
use clap::Parser as _;
use context::Context;
use report::Problem;

/// Vectors of millions of shares come and go. This allocator keeps their memory for a while, where the
/// system's gives it back and gets it again page by page, zeroed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = args::Arguments::parse();
    match run(&arguments.context, arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            report::error(&problem);
            ExitCode::from(problem.exit_code())
        }
    }
}

fn run(context: &Context, command: Command) -> Result<(), Problem> {
    match command {
        Command::Demo(options) => demo::run(context, &options),
        Command::Devnet(options) => devnet::run(context, &options),
        Command::New(options) => commands::new::new(context, &options),
        Command::Init(options) => commands::new::init(context, &options),
        Command::Check(options) => contract::check(context, &options),
        Command::Build(options) => contract::build(context, &options),
        Command::Test(options) => commands::test::run(context, &options),
        Command::Manifest(options) => commands::manifest::run(context, &options),
        Command::Cost(options) => commands::cost::run(context, &options),
        Command::Verify(options) => commands::verify::run(context, &options),
        Command::Fmt(options) => commands::fmt::run(context, &options),
        Command::Explain(options) => commands::explain::run(context, &options),
        Command::Lsp(options) => commands::lsp::run(&options),
        Command::Keys(command) => commands::keys::run(context, &command),
        Command::Deploy(options) => commands::deploy::run(context, &options),
        Command::Bind(options) => commands::deploy::bind(context, &options),
        Command::Collect(command) => commands::collect::run(context, &command),
        Command::Give(options) => commands::give::run(context, &options),
        Command::Grant(options) => commands::rights::grant(context, &options),
        Command::Revoke(options) => commands::rights::revoke(context, &options),
        Command::Quote(options) => commands::job::quote(context, &options),
        Command::Run(options) => commands::job::run(context, &options),
        Command::Cancel(options) => commands::job::cancel(context, &options),
        Command::Result(options) => commands::result::run(context, &options),
        Command::Jobs(options) => commands::job::jobs(context, &options),
        Command::State(options) => commands::money::state(context, &options),
        Command::Read(options) => commands::read::run(context, &options),
        Command::Money(command) => commands::money::run(context, &command),
        Command::Log(options) => commands::log::run(context, &options),
        Command::Status => commands::status::run(context),
        Command::Completions(options) => commands::completions::run(&options),
        Command::Node(command) => node::command(context, &command),
        Command::Bench(options) => bench::run(context, &options),
        Command::BenchParty(pace) => bench::party(&pace),
        Command::Simulate(options) => simulate::run(context, &options),
    }
}

/// The runtime that commands wait in.
fn runtime() -> Result<tokio::runtime::Runtime, Problem> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::failed(format!("cannot start: {error}")))
}
