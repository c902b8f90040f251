//! `enigma verify`: checks bytecode as a node does before it keeps it, and against its source.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use enigma_bytecode::interface;
use enigma_client::Program;
use serde_json::json;

use crate::context::Context;
use crate::contract;
use crate::report::{self, Problem};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma verify salaries.enb
  enigma verify salaries.enb --source salaries.enigma

Exit code 1: the source makes other bytecode; 2: these are no bytes that a node would take, or the source has errors.")]
pub(crate) struct VerifyOptions {
    /// The compiled contract.
    #[arg(value_name = "FILE.enb")]
    file: PathBuf,
    /// Compile this source, and compare.
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
}

/// Verifies, and says what the contract shows.
pub(crate) fn run(context: &Context, options: &VerifyOptions) -> Result<(), Problem> {
    let program = contract::bytecode(&options.file)?;
    if let Some(source) = &options.source {
        let compiled = contract::load(source)?;
        if compiled.hash() != program.hash() {
            return Err(differs(source, &compiled, &program));
        }
    }
    let contract = program.contract();
    let sentences = interface::sentences(contract);
    if context.json {
        let object = json!({
            "name": contract.name, "version": contract.version, "contract": program.hash(),
            "manifest": program.manifest(), "bytes": program.bytecode().len(),
            "sentences": sentences, "source": options.source,
        });
        report::data(&object.to_string());
        return Ok(());
    }
    report::data(&format!("{} version {}", contract.name, contract.version));
    report::data(&format!("contract  {}", program.hash()));
    report::data(&format!("manifest  {}", program.manifest()));
    report::data("verified  it keeps all rules that nodes check");
    if let Some(source) = &options.source {
        report::data(&format!("source    {} makes these bytes", source.display()));
    }
    sentences
        .iter()
        .for_each(|line| report::data(&format!("  {line}")));
    Ok(())
}

/// Says what two contracts have in common.
fn differs(source: &Path, compiled: &Program, program: &Program) -> Problem {
    let (a, b) = (compiled.contract(), program.contract());
    let hint = if (&a.name, a.version) != (&b.name, b.version) {
        format!(
            "the source is of {} version {}, the bytecode of {} version {}",
            a.name, a.version, b.name, b.version
        )
    } else if lines(compiled) == lines(program) {
        "both show the same things to the same people, but do not compute them alike; or another version of the compiler made the bytecode".to_owned()
    } else {
        let (ours, theirs) = (lines(compiled), lines(program));
        for line in theirs.difference(&ours) {
            report::progress(&format!("only the bytecode: {line}"));
        }
        for line in ours.difference(&theirs) {
            report::progress(&format!("only the source:   {line}"));
        }
        "they do not show the same; do not trust one for the other".to_owned()
    };
    Problem::failed(format!(
        "{} makes another contract: {}, not {}",
        source.display(),
        compiled.hash(),
        program.hash()
    ))
    .hint(hint)
}

/// Who learns what, in sentences.
fn lines(program: &Program) -> BTreeSet<String> {
    let sentences = interface::sentences(program.contract());
    sentences.into_iter().collect()
}
