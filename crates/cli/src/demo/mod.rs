//! `enigma demo`: a whole survey on this machine, with every part real: a chain, node processes with
//! their own data, people with keys of their own, and results only their recipients can read.

mod network;
mod outcome;
mod survey;

use std::path::Path;
use std::time::Instant;

use enigma_bytecode::container;
use enigma_bytecode::model::Contract;
use enigma_client::values::Layout;
use enigma_wire::id::Hash;

use crate::args::{DemoOptions, Survey};
use crate::context::Context;
use crate::people::{self, Expected, Person};
use crate::report::Problem;

/// A survey that ships with the binary.
struct Sample {
    source: &'static str,
    people_path: &'static str,
    people: &'static [u8],
    entry: &'static str,
}

fn sample(survey: Survey) -> Sample {
    match survey {
        Survey::Salaries => Sample {
            source: include_str!("../../../../examples/salaries/salaries.enigma"),
            people_path: "examples/salaries/people.csv",
            people: include_bytes!("../../../../examples/salaries/people.csv"),
            entry: "compute",
        },
    }
}

/// A compiled contract as the demo uses it.
pub(crate) struct Program {
    pub(crate) contract: Contract,
    pub(crate) bytecode: Vec<u8>,
    pub(crate) hash: Hash,
    pub(crate) manifest: Hash,
    pub(crate) entry: usize,
}

/// Seconds each phase took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seconds {
    pub(crate) setup: f64,
    pub(crate) share: f64,
    pub(crate) compute: f64,
    pub(crate) collect: f64,
}

/// Runs a survey from its file to the printed results.
pub(crate) fn run(context: &Context, options: &DemoOptions) -> Result<(), Problem> {
    let sample = sample(options.survey);
    let program = compile(&sample)?;
    let people = read_people(options, &sample, &program)?;
    crate::runtime()?.block_on(run_survey(context, options, &program, &people))
}

async fn run_survey(
    context: &Context,
    options: &DemoOptions,
    program: &Program,
    people: &[Person],
) -> Result<(), Problem> {
    let mut seconds = Seconds::default();
    let start = Instant::now();
    let mut running = network::Running::start(options).await?;
    // Whatever happens: the nodes are stopped before the result or the error is shown.
    let outcome = tokio::select! {
        outcome = survey::run(&mut running, program, people, &mut seconds, start) => outcome,
        _ = tokio::signal::ctrl_c() => Err(Problem::failed("stopped by the user")),
    };
    running.stop().await;
    outcome::print(&outcome?, seconds, context.json);
    Ok(())
}

fn compile(sample: &Sample) -> Result<Program, Problem> {
    let compilation = enigma_lang::compile(sample.source);
    let contract = compilation
        .contract
        .ok_or_else(|| Problem::failed("the built-in contract does not compile"))?;
    let entry = contract
        .entries
        .iter()
        .position(|entry| entry.name == sample.entry);
    let bytecode = container::encode(&contract);
    Ok(Program {
        hash: container::contract_hash(&bytecode),
        manifest: container::manifest_hash(&contract),
        entry: entry.ok_or_else(|| Problem::failed("the built-in contract lacks its entry"))?,
        contract,
        bytecode,
    })
}

fn read_people(
    options: &DemoOptions,
    sample: &Sample,
    program: &Program,
) -> Result<Vec<Person>, Problem> {
    let layout = Layout::of_rows(&program.contract, 0)
        .ok_or_else(|| Problem::failed("the built-in contract collects nothing"))?;
    let expected = Expected {
        layout,
        people: (
            program.contract.minimum_rows(program.entry, 0),
            program.contract.maximum_rows(0),
        ),
        rows_each: 1,
    };
    match &options.input {
        Some(path) => people::read(path, &expected),
        None => people::parse(Path::new(sample.people_path), sample.people, &expected),
    }
}
