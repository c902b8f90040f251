//! `enigma result`: fetches, checks and opens what a job's recipients may read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use enigma_bytecode::model::Contract;
use enigma_client::{Network, Results, collect, collect_public};
use enigma_wire::controller::{Certificate, Failure};
use enigma_wire::id::{Address, JobId, NodeId};
use enigma_wire::ledger::{JobRecord, JobState};
use enigma_wire::output::Recipient;
use serde_json::json;

use super::job::{job_record, state};
use super::lookup;
use crate::context::{Context, Selected};
use crate::keys::{self, KeyOption, Opened};
use crate::report::{self, Problem};
use crate::runtime;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma result 1 --key ada
  enigma result 1 --keys people --json
  enigma result 1 --public

Every node's shares are fetched, checked against the chain and against each other, and combined here. What a job
shows to everyone needs no key: more than t of the committee's nodes must have committed to the same.")]
pub(crate) struct ResultOptions {
    /// The job's number.
    #[arg(value_name = "JOB")]
    job: u64,
    /// Read for every key of this folder instead of one.
    #[arg(long, value_name = "DIR", conflicts_with = "key")]
    keys: Option<PathBuf>,
    /// Read only what everyone may, without any key, whether one is named or not.
    #[arg(long, conflicts_with = "keys")]
    public: bool,
    #[command(flatten)]
    key: KeyOption,
}

/// Shows results.
pub(crate) fn run(context: &Context, options: &ResultOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (selected, network) = context.connect().await?;
        let records = context.records(&selected.file)?;
        let job = JobId(options.job);
        let record = job_record(&network, job)?;
        let JobState::Settled(certificate) = &record.state else {
            return Err(
                Problem::failed(format!("job {job} is {}, not settled", state(record)))
                    .hint("results exist once a job is settled; `enigma jobs` shows how it stands"),
            );
        };
        let program = lookup::program_of(&network, &records, record.request.instance).await?;
        let public = collect_public(&network, program.contract(), certificate).await?;
        let keys = readers(context, options, &selected, public.is_some())?;
        let progress = report::Progress::start(keys.len(), "recipients");
        let mut all: BTreeMap<String, Results> = BTreeMap::new();
        for (done, key) in keys.iter().enumerate() {
            if let Some(results) = learned(&network, program.contract(), certificate, key).await? {
                all.insert(key.name.clone(), results);
            } else if options.keys.is_none() && public.is_none() {
                return Err(
                    Problem::new(format!("job {job} has no result for key {}", key.name)).hint(
                        "its recipients are the members who gave, the contract's parties and who asked for it",
                    ),
                );
            }
            progress.set(done + 1);
        }
        progress.finish();
        if context.json {
            let people = all
                .iter()
                .map(|(name, results)| (name.clone(), json(results)));
            let people: serde_json::Map<String, serde_json::Value> = people.collect();
            let object = json!({
                "job": job, "rows": certificate.rows, "results": people,
                "public": public.as_ref().map(json),
            });
            report::data(&object.to_string());
            return Ok(());
        }
        match options.keys {
            Some(_) if !all.is_empty() => table(&all),
            _ => all.values().for_each(show),
        }
        public.iter().for_each(show);
        Ok(())
    })
}

/// For which keys results are read: for none when everyone's are asked for, or are all there is to read without one.
fn readers(
    context: &Context,
    options: &ResultOptions,
    selected: &Selected,
    has_public: bool,
) -> Result<Vec<Opened>, Problem> {
    if options.public && !has_public {
        return Err(
            Problem::new(format!("job {} shows nothing to everyone", options.job))
                .hint("each recipient reads theirs with --key"),
        );
    }
    if let Some(folder) = &options.keys {
        let keys = keys::open_folder(folder, &options.key.password)?;
        return Ok(keys.into_values().collect());
    }
    let named = options.key.key.is_some() || selected.file.development.is_some();
    if options.public || (has_public && !named) {
        return Ok(Vec::new());
    }
    Ok(vec![options.key.open(context, selected)?])
}

/// Results of several people as text.
fn table(all: &BTreeMap<String, Results>) {
    let mut names: Vec<&String> = all.values().flat_map(Results::keys).collect();
    names.sort();
    names.dedup();
    let header: Vec<&str> = std::iter::once("name")
        .chain(names.iter().map(|name| name.as_str()))
        .collect();
    let rows = all.iter().map(|(name, results)| {
        let values = names.iter().map(|name| {
            results
                .get(*name)
                .map_or(String::new(), ToString::to_string)
        });
        std::iter::once(name.clone()).chain(values).collect()
    });
    report::table(&header, rows);
}

/// What a key learns from a job: nothing when it is no recipient, or when its row was left out.
pub(crate) async fn learned(
    network: &Network,
    contract: &Contract,
    certificate: &Certificate,
    key: &Opened,
) -> Result<Option<Results>, Problem> {
    let mut learned: Option<Results> = None;
    let job = job_record(network, certificate.job)?;
    for recipient in recipients(network, job, key.account()) {
        let owner = key.owner();
        let results = collect(network, contract, certificate, &owner, recipient).await?;
        if let Some(results) = results {
            learned.get_or_insert_default().extend(results);
        }
    }
    Ok(learned)
}

/// As what an account may receive: as a member who gave, as parties of the instance, as who asked for the job.
fn recipients(network: &Network, job: &JobRecord, account: Address) -> Vec<Recipient> {
    let ledger = network.ledger();
    let collections = job.request.collections.iter();
    let members = collections.filter_map(|collection| {
        let record = ledger.collections.get(collection)?;
        Some(Recipient::Member {
            collection: *collection,
            member: lookup::place_on_chain(record, account)?,
        })
    });
    let instance = ledger.instances.get(&job.request.instance);
    let parties = instance.map_or(&[][..], |instance| &instance.parties);
    let parties = parties.iter().enumerate();
    let parties = parties.filter(|(_, party)| party.account == account);
    let parties = parties.map(|(number, _)| Recipient::Party(number as u16));
    let caller = (job.requester == account).then_some(Recipient::Caller);
    members.chain(parties).chain(caller).collect()
}

/// Results as JSON.
pub(crate) fn json(results: &Results) -> serde_json::Value {
    let values = results
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)));
    serde_json::Value::Object(values.collect())
}

/// Results as text.
pub(crate) fn show(results: &Results) {
    let width = results
        .keys()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, value) in results {
        let value = report::plain(&value.to_string());
        report::data(&format!("{name:width$}  {value}"));
    }
}

/// Whom a failure names.
pub(crate) fn culprits(committee: &[NodeId], failure: &Failure) -> String {
    let members = committee.iter().enumerate();
    let named: Vec<String> = members
        .filter(|(at, _)| failure.culprits & (1 << at) != 0)
        .map(|(_, node)| format!("node {node}"))
        .collect();
    if named.is_empty() {
        "the committee gave the job up and names nobody".to_owned()
    } else {
        format!("the committee names {}", named.join(" and "))
    }
}
