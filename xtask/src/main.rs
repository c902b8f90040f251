//! Automation that belongs to the repository: `cargo xtask layers | tidy | artifacts [--write] | bench | instructions [--require |
//! --update] | campaign [--every K] [NAME...] | fuzz [--seconds N] [TARGET...] | rules [NAME...]`.
#![allow(clippy::print_stdout)] // A command-line tool: its findings go to standard output.

mod artifacts;
mod bench;
mod campaign;
mod formats;
mod fuzz;
mod instructions;
mod layers;
mod rules;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::instructions::Mode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["layers"] => layers::run(),
        ["tidy"] => tidy::run(),
        ["bench"] => bench::run(),
        ["campaign", ref options @ ..] => campaign::run(options),
        ["instructions"] => instructions::run(Mode::Compare),
        ["instructions", "--require"] => instructions::run(Mode::Require),
        ["instructions", "--update"] => instructions::run(Mode::Update),
        ["fuzz", ref options @ ..] => fuzz::run(options),
        ["rules", ref wanted @ ..] => rules::run(wanted),
        ["artifacts"] => artifacts::run(false),
        ["artifacts", "--write"] => artifacts::run(true),
        _ => Err(anyhow::anyhow!(
            "usage: cargo xtask layers | tidy | artifacts [--write] | bench | instructions [--require | --update] | campaign [--every K] [NAME...] | fuzz [--seconds N] [TARGET...] | rules [NAME...]"
        )),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
