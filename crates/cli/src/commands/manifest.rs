//! `enigma manifest`: who learns what, for those whose data it is.

use std::path::PathBuf;

use clap::Args;
use enigma_lang::Manifest;
use enigma_lang::manifest::{Data, DataKind};
use serde_json::{Value, json};

use crate::context::Context;
use crate::contract;
use crate::report::{self, Problem};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma manifest auction.enigma
  enigma manifest auction.enigma --json

Everything a contract shows is in it, also when this version cannot compile the contract yet.")]
pub(crate) struct ManifestOptions {
    /// The contract's source.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Prints the manifest.
pub(crate) fn run(context: &Context, options: &ManifestOptions) -> Result<(), Problem> {
    let (sources, checked) = contract::checked(&options.file)?;
    let manifest = Manifest::of(&checked, &sources);
    if context.json {
        report::data(&object(&manifest).to_string());
    } else {
        show(&manifest);
    }
    Ok(())
}

fn show(manifest: &Manifest) {
    report::data(&format!(
        "{} version {}",
        manifest.contract, manifest.version
    ));
    for data in &manifest.data {
        report::data(&format!("\n{}  {}", data.name, data.what));
        let allowed = match (&data.kind, data.allows.is_empty()) {
            (DataKind::Parameter(_), _) => Vec::new(),
            (_, true) => vec!["allowed: nothing".to_owned()],
            _ => data
                .allows
                .iter()
                .map(|line| format!("allowed: {line}"))
                .collect(),
        };
        let learned: Vec<String> = data.learned.iter().map(|l| l.sentence.clone()).collect();
        let nothing = match (learned.is_empty(), data.kept.is_empty()) {
            (true, true) => vec!["Nobody learns anything of it.".to_owned()],
            (true, false) => vec!["Nobody learns anything of it directly.".to_owned()],
            _ => Vec::new(),
        };
        for line in allowed
            .iter()
            .chain(&learned)
            .chain(&nothing)
            .chain(&data.kept)
        {
            report::data(&format!("  {line}"));
        }
    }
    for entry in &manifest.entries {
        report::data(&format!("\nentry {}", entry.name));
        for line in &entry.lines {
            report::data(&format!("  {line}"));
        }
    }
    report::data("");
    manifest.general.iter().for_each(|line| report::data(line));
}

fn object(manifest: &Manifest) -> Value {
    let entries = manifest.entries.iter().map(|entry| {
        let reveals = entry.reveals.iter();
        let reveals = reveals.map(|(name, to)| json!({"name": name, "recipients": to}));
        json!({
            "name": entry.name, "callers": entry.callers, "pays": entry.pays,
            "reveals": reveals.collect::<Vec<_>>(), "sentences": entry.lines,
        })
    });
    json!({
        "contract": manifest.contract, "version": manifest.version,
        "data": manifest.data.iter().map(data).collect::<Vec<_>>(),
        "entries": entries.collect::<Vec<_>>(),
        "general": manifest.general,
    })
}

fn data(data: &Data) -> Value {
    let (kind, entry) = match &data.kind {
        DataKind::Collection => ("collection", None),
        DataKind::Slot => ("slot", None),
        DataKind::Parameter(entry) => ("parameter", Some(entry)),
    };
    let learned = data.learned.iter().map(|learned| {
        json!({
            "entry": learned.entry, "reveal": learned.reveal, "recipients": learned.recipients,
            "exposures": learned.exposures, "sentence": learned.sentence,
        })
    });
    json!({
        "name": data.name, "kind": kind, "entry": entry, "what": data.what, "allows": data.allows,
        "learned": learned.collect::<Vec<_>>(), "kept": data.kept,
    })
}
