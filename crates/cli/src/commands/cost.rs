//! `enigma cost`: what entries cost at given sizes, without a network. `enigma quote` adds the price of one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::Cost;
use enigma_client::Program;
use enigma_lang::ide::Analysis;
use enigma_lang::{Compilation, Diagnostic};
use serde_json::{Value, json};

use super::lookup;
use crate::args::committee_size;
use crate::context::Context;
use crate::contract;
use crate::report::{self, Problem};

/// The committee that `enigma check` tells costs for.
pub(crate) const NODES: u8 = 3;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma cost salaries.enigma
  enigma cost salaries.enigma --n 1000 --latency 50ms
  enigma cost lists.enigma --rows left=100 --rows right=5000 --nodes 5

Products, rounds and bytes are exact; time is rounds times latency, and comes on top of computing and sending. Without sizes, the
smallest and the largest that an entry may have.")]
pub(crate) struct CostOptions {
    /// The contract: its source, or compiled (.enb).
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Rows of each collection.
    #[arg(long, value_name = "N")]
    n: Option<u32>,
    /// Rows of one collection.
    #[arg(long, value_name = "NAME=N", value_parser = rows)]
    rows: Vec<(String, u32)>,
    /// Committee size: n = 2t+1 nodes.
    #[arg(long, value_name = "N", default_value_t = NODES, value_parser = committee_size)]
    nodes: u8,
    /// How long a message is on its way from node to node.
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = lookup::duration)]
    latency: Duration,
}

fn rows(text: &str) -> Result<(String, u32), String> {
    let parts = text.split_once('=');
    let parsed = parts.and_then(|(name, rows)| Some((name.to_owned(), rows.parse().ok()?)));
    parsed.ok_or_else(|| "give the name of a collection and its rows, like salary=1000".to_owned())
}

/// An entry at some sizes.
pub(crate) struct Priced {
    entry: String,
    /// By the names of the collections that it uses.
    rows: BTreeMap<String, u32>,
    cost: Result<Cost, Problem>,
}

/// Sizes as a person asks for them.
enum Sizes<'a> {
    Smallest,
    Largest,
    /// Of each collection; of some by name, before all others.
    Stated(Option<u32>, &'a [(String, u32)]),
}

/// Prints the costs of all entries.
pub(crate) fn run(context: &Context, options: &CostOptions) -> Result<(), Problem> {
    let compiled = options
        .file
        .extension()
        .is_some_and(|ending| ending == "enb");
    let (program, missing) = if compiled {
        (Some(contract::load(&options.file)?), Vec::new())
    } else {
        let compilation = contract::compile(&options.file)?;
        if compilation.checked.is_none() {
            contract::show_findings(&options.file, &compilation);
            return Err(contract::refused(&options.file, &compilation));
        }
        let program = compilation.contract.as_ref().map(Program::of).transpose()?;
        let missing = match program {
            Some(_) => Vec::new(),
            None => not_compiled(&compilation),
        };
        (program, missing)
    };
    let priced = match &program {
        Some(program) => asked(program, options)?,
        None => Vec::new(),
    };
    if context.json {
        let missing = missing.iter().map(|missing| {
            json!({"entry": missing.entry, "message": missing.message, "file": missing.file, "line": missing.line})
        });
        let object = json!({
            "nodes": options.nodes, "latency_ms": milliseconds(options.latency),
            "entries": priced.iter().map(|one| object(one, Some(options.latency))).collect::<Vec<_>>(),
            "not_compiled": missing.collect::<Vec<_>>(),
        });
        report::data(&object.to_string());
        return Ok(());
    }
    if !priced.is_empty() {
        show(&priced, Some(options.latency));
    }
    for missing in &missing {
        let entry = missing.entry.as_ref();
        let entry = entry.map_or_else(|| "all entries".to_owned(), |name| format!("entry {name}"));
        let (message, line) = (&missing.message, missing.line);
        let of = match missing.file.as_str() {
            "" => String::new(),
            file => format!(" of {file}"),
        };
        report::data(&format!(
            "{entry}: no bytecode, so no cost: {message} (line {line}{of})"
        ));
    }
    Ok(())
}

/// The costs of all entries at their smallest and largest sizes.
pub(crate) fn of_ends(program: &Program) -> Vec<Priced> {
    let entries = 0..program.contract().entries.len();
    let ends = entries.flat_map(|entry| {
        let least = priced(program, entry, &Sizes::Smallest, NODES);
        let most = priced(program, entry, &Sizes::Largest, NODES);
        let same = least.rows == most.rows;
        std::iter::once(least).chain((!same).then_some(most))
    });
    ends.collect()
}

fn asked(program: &Program, options: &CostOptions) -> Result<Vec<Priced>, Problem> {
    for (name, _) in &options.rows {
        program.collection(name)?;
    }
    let stated = Sizes::Stated(options.n, &options.rows);
    let ends = [Sizes::Smallest, Sizes::Largest];
    let sizes = match (options.n, options.rows.is_empty()) {
        (None, true) => &ends[..],
        _ => std::slice::from_ref(&stated),
    };
    let entries = 0..program.contract().entries.len();
    let all = entries.flat_map(|entry| {
        sizes
            .iter()
            .map(move |sizes| priced(program, entry, sizes, options.nodes))
    });
    Ok(all.collect())
}

fn priced(program: &Program, entry: usize, sizes: &Sizes<'_>, nodes: u8) -> Priced {
    let contract = program.contract();
    let rows: Vec<u32> = (0..contract.collections.len())
        .map(|collection| size(contract, entry, collection, sizes))
        .collect();
    let used = contract.collections_used(entry).into_iter();
    let used = used.filter_map(|collection| {
        let collection = usize::from(collection);
        let name = contract.collections.get(collection)?.name.clone();
        Some((name, rows.get(collection).copied()?))
    });
    Priced {
        entry: contract.entries[entry].name.clone(),
        rows: used.collect(),
        cost: program
            .cost(entry, rows.clone(), nodes)
            .map_err(Problem::from),
    }
}

fn size(contract: &Contract, entry: usize, collection: usize, sizes: &Sizes<'_>) -> u32 {
    let smallest = contract.minimum_rows(entry, collection).max(1);
    match sizes {
        Sizes::Smallest => smallest,
        Sizes::Largest => contract.maximum_rows(collection),
        Sizes::Stated(all, some) => {
            let name = &contract.collections[collection].name;
            let named = some.iter().rev().find(|(known, _)| known == name);
            named.map(|(_, rows)| *rows).or(*all).unwrap_or(smallest)
        }
    }
}

/// Prints a table; with the time that messages take if a latency is given.
pub(crate) fn show(priced: &[Priced], latency: Option<Duration>) {
    let mut header = vec![
        "entry",
        "rows",
        "products",
        "bit products",
        "rounds",
        "per node",
    ];
    header.extend(latency.map(|_| "time"));
    let fit = priced
        .iter()
        .filter_map(|one| Some((one, one.cost.as_ref().ok()?)));
    let lines = fit.map(|(one, cost)| {
        let mut line = vec![
            one.entry.clone(),
            one.rows_text(),
            cost.multiplications.to_string(),
            cost.gates.to_string(),
            cost.rounds.to_string(),
            report::bytes(cost.bytes_per_party),
        ];
        line.extend(latency.map(|latency| {
            let time = Duration::from_millis(milliseconds(time(cost, latency)));
            humantime::format_duration(time).to_string()
        }));
        line
    });
    let lines: Vec<Vec<String>> = lines.collect();
    if !lines.is_empty() {
        report::table(&header, lines.into_iter());
    }
    for one in priced {
        if let Err(problem) = &one.cost {
            report::data(&format!(
                "{} with {} rows: {problem}",
                one.entry,
                one.rows_text()
            ));
        }
    }
}

/// For programs.
pub(crate) fn object(one: &Priced, latency: Option<Duration>) -> Value {
    let cost = one.cost.as_ref().ok().map(|cost| {
        let mut object = json!({
            "multiplications": cost.multiplications, "gates": cost.gates, "random_bits": cost.random_bits,
            "rounds": cost.rounds, "bytes_per_node": cost.bytes_per_party, "bytes": cost.bytes_total,
            "memory_bytes": cost.memory_bytes,
        });
        if let Some(latency) = latency {
            object["latency_total_ms"] = milliseconds(time(cost, latency)).into();
        }
        object
    });
    let refused = one.cost.as_ref().err().map(ToString::to_string);
    json!({"entry": one.entry, "rows": one.rows, "cost": cost, "refused": refused})
}

fn time(cost: &Cost, latency: Duration) -> Duration {
    latency.saturating_mul(u32::try_from(cost.rounds).unwrap_or(u32::MAX))
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Priced {
    fn rows_text(&self) -> String {
        let rows = self.rows.iter();
        let rows = rows.map(|(name, rows)| format!("{name}={rows}"));
        rows.collect::<Vec<_>>().join(" ")
    }
}

/// Why there is no bytecode.
struct Missing {
    /// The entry; all of them if none.
    entry: Option<String>,
    message: String,
    /// From the folder of the contract; empty for the contract's own.
    file: String,
    line: usize,
}

fn not_compiled(compilation: &Compilation) -> Vec<Missing> {
    let sources = &compilation.sources;
    let outline = Analysis::of(sources.file_text(0)).symbols();
    let members = outline.iter().flat_map(|contract| &contract.children);
    let entries: Vec<_> = members.filter(|member| member.detail == "entry").collect();
    let found = compilation.diagnostics.iter();
    let found = found.filter(|diagnostic| diagnostic.code.is_unbuilt());
    let missing = found.map(|diagnostic: &Diagnostic| {
        let place = sources.place(diagnostic.primary.span);
        let start = place.span.range().start;
        let mut inside = entries
            .iter()
            .filter(|entry| place.file == 0 && entry.span.range().contains(&start));
        Missing {
            entry: inside.next().map(|entry| entry.name.clone()),
            message: diagnostic.message.clone(),
            file: sources.path(place.file).to_owned(),
            line: sources.line(place),
        }
    });
    missing.collect()
}
