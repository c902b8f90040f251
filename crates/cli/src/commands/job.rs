//! `enigma quote`, `run`, `cancel` and `jobs`: what a job costs, having it done, calling it off.

use std::time::Duration;

use clap::Args;
use enigma_bytecode::model::{Role, RowCount};
use enigma_chain::ChainError;
use enigma_client::{Ended, Network, Quote, collect_public};
use enigma_wire::controller::Amount;
use enigma_wire::id::{Address, JobId};
use enigma_wire::ledger::{JobRecord, JobState};
use serde_json::{Value, json};

use super::lookup::{self, Found};
use super::result;
use crate::context::Context;
use crate::keys::KeyOption;
use crate::report::{self, Problem};
use crate::runtime;

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma quote 1")]
pub(crate) struct QuoteOptions {
    #[command(flatten)]
    what: What,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma run 1
  enigma run 1 --entry compute --max-fee 0.01

The exact price goes into escrow; the bill equals the quote. A job that fails is refunded.")]
pub(crate) struct RunOptions {
    #[command(flatten)]
    what: What,
    /// Most to pay, in coins: a dearer job is not requested.
    #[arg(long, value_name = "COINS", value_parser = report::parse_amount)]
    max_fee: Option<Amount>,
    /// How long the job may take before it is refunded.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = lookup::duration)]
    deadline: Duration,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma cancel 4

A job can be cancelled until its committee has started it, and after its deadline.")]
pub(crate) struct CancelOptions {
    /// The job's number.
    #[arg(value_name = "JOB")]
    job: u64,
    #[command(flatten)]
    key: KeyOption,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma jobs
  enigma jobs --collection 1 --open")]
pub(crate) struct JobsOptions {
    /// Only jobs of this collection.
    #[arg(long, value_name = "COLLECTION")]
    collection: Option<u64>,
    /// Only jobs that have not ended.
    #[arg(long)]
    open: bool,
}

/// Which entry on which data, by whom.
#[derive(Debug, Args)]
struct What {
    /// The collection's number.
    #[arg(value_name = "COLLECTION")]
    collection: u64,
    /// The contract's entry, when it has several.
    #[arg(long, value_name = "NAME")]
    entry: Option<String>,
    #[command(flatten)]
    key: KeyOption,
}

/// Shows what a job would cost.
pub(crate) fn quote(context: &Context, options: &QuoteOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (selected, network) = context.connect().await?;
        let key = options.what.key.open(context, &selected)?;
        let records = context.records(&selected.file)?;
        let found = lookup::collection(&network, &records, options.what.collection).await?;
        let entry = lookup::entry(&found.program, options.what.entry.as_deref())?;
        let (rows, quote) = price(&network, &found, entry, key.account())?;
        if context.json {
            report::data(&quote_json(&found, entry, rows, &quote).to_string());
        } else {
            report::data(&format!("price            {}", report::amount(quote.price)));
            report::data(&format!("rows             {rows}"));
            report::data(&format!("multiplications  {}", quote.cost.multiplications));
            report::data(&format!("rounds           {}", quote.cost.rounds));
            report::data(&format!("bytes, all nodes {}", quote.cost.bytes_total));
        }
        Ok(())
    })
}

fn quote_json(found: &Found, entry: usize, rows: u32, quote: &Quote) -> Value {
    json!({
        "collection": found.id, "entry": found.program.contract().entries[entry].name, "rows": rows,
        "price": quote.price.to_string(), "price_formatted": report::amount(quote.price),
        "multiplications": quote.cost.multiplications, "rounds": quote.cost.rounds,
        "bytes": quote.cost.bytes_total,
    })
}

/// The rows that this requester may use now, and the price for them. Refuses what every node would refuse.
fn price(
    network: &Network,
    found: &Found,
    entry: usize,
    requester: Address,
) -> Result<(u32, Quote), Problem> {
    let ledger = network.ledger();
    let given = found.record.contributions.len();
    if found.record.sealed.is_none() {
        return Err(
            Problem::new(format!("collection {} is still open", found.id)).hint(format!(
                "jobs run on closed collections: enigma collect close {}",
                found.id
            )),
        );
    }
    let question = network.right_question(found.id, &found.program, entry, requester);
    let eligible = ledger.eligible_members(&question);
    let members = eligible.len() as u32;
    let rows = eligible
        .iter()
        .filter_map(|member| found.record.contributions.get(member));
    let rows = rows.map(|given| given.rows).fold(0, u32::saturating_add);
    let slot = usize::from(found.record.terms.slot);
    check_collection(found, entry)?;
    let contract = found.program.contract();
    let needed = contract.minimum_rows(entry, slot).max(1);
    let givers = contract.minimum_givers(entry, slot);
    if rows < needed || members < givers {
        let name = &contract.entries[entry].name;
        let collection = contract.collections.get(slot);
        let takes_several = collection.is_some_and(|of| of.rows != RowCount::One);
        let (have, of) = match takes_several {
            true => (
                format!(", with {rows} rows"),
                format!(" of {givers} members"),
            ),
            false => Default::default(),
        };
        return Err(Problem::new(format!(
            "{members} of {given} owners let {requester} run {name} now{have}; it needs at least {needed} rows{of}"
        ))
        .hint(why_not(network, found, entry, requester, members)));
    }
    let mut members = eligible.iter();
    let gives = members.any(|member| {
        let given = found.record.contributions.get(member);
        given.is_some_and(|given| given.owner == requester)
    });
    check_caller(network, found, entry, (requester, gives))?;
    let quote = network.quote(found.program.contract(), found.id, entry, rows)?;
    Ok((rows, quote))
}

/// Whether the entry computes from this collection and no other.
fn check_collection(found: &Found, entry: usize) -> Result<(), Problem> {
    let contract = found.program.contract();
    let used = contract.collections_used(entry);
    if used.iter().eq([&found.record.terms.slot]) {
        return Ok(());
    }
    let name = |slot: &u16| {
        let collection = contract.collections.get(usize::from(*slot));
        collection.map_or("?", |collection| collection.name.as_str())
    };
    let names: Vec<&str> = used.iter().map(name).collect();
    Err(Problem::new(format!(
        "collection {} has rows of {}, and {} computes from {}",
        found.id,
        name(&found.record.terms.slot),
        contract.entries[entry].name,
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(" and ")
        }
    ))
    .hint("`enigma collect status` and `enigma manifest` show what belongs together"))
}

/// Whether the requester may call the entry. `gives`: whether a row that is used is the requester's.
fn check_caller(
    network: &Network,
    found: &Found,
    entry: usize,
    (requester, gives): (Address, bool),
) -> Result<(), Problem> {
    let contract = found.program.contract();
    let (may, who) = match contract.entries[entry].by {
        None => return Ok(()),
        Some(Role::Party(party)) => {
            let at = usize::from(party);
            let instance = network.ledger().instances.get(&found.record.terms.instance);
            let bound = instance.and_then(|instance| instance.parties.get(at));
            let name = contract.parties.get(at).map_or("?", |name| name);
            let who = bound.map_or_else(String::new, |party| format!(" ({})", party.account));
            (
                bound.is_some_and(|party| party.account == requester),
                format!("the party {name}{who}"),
            )
        }
        Some(Role::Member(group)) => {
            let at = usize::from(group);
            let name = contract.groups.get(at).map_or("?", |group| &group.name);
            (gives, format!("members of {name} whose rows are used"))
        }
    };
    if may {
        return Ok(());
    }
    Err(Problem::new(format!(
        "{requester} may not call {}: it is for {who}",
        contract.entries[entry].name
    ))
    .hint("act with the right key: --key"))
}

/// What most of the missing consents lack.
fn why_not(
    network: &Network,
    found: &Found,
    entry: usize,
    requester: Address,
    members: u32,
) -> String {
    let ledger = network.ledger();
    let contract = found.program.hash();
    let uses = ledger
        .uses
        .get(&(found.id, contract, entry as u16))
        .copied()
        .unwrap_or(0);
    let rights = ledger.rights.iter().filter(|(key, _)| {
        key.collection == found.id
            && key.contract == contract
            && usize::from(key.entry) == entry
            && key.requester == requester
    });
    let (mut revoked, mut expired, mut used_up, mut in_force) = (0u32, 0u32, 0u32, 0u32);
    for grant in rights.filter_map(|(_, right)| right.grant.as_ref()) {
        if grant.until.is_some() {
            revoked += 1;
        } else if grant.consent.expiry <= ledger.head.time {
            expired += 1;
        } else if grant.consent.uses <= uses {
            used_up += 1;
        } else {
            in_force += 1;
        }
    }
    let mut parts = Vec::new();
    let counts = [
        (revoked, "revoked"),
        (expired, "expired"),
        (used_up, "used up"),
        (in_force - members, "for larger groups only"),
    ];
    for (count, what) in counts {
        match count {
            0 => {}
            1 => parts.push(format!("1 consent is {what}")),
            more => parts.push(format!("{more} consents are {what}")),
        }
    }
    if parts.is_empty() {
        format!(
            "owners consent with: enigma grant {} --to {requester}",
            found.id
        )
    } else {
        format!(
            "{}; owners consent anew with: enigma grant {} --to {requester}",
            parts.join(", "),
            found.id
        )
    }
}

/// Requests a job, waits for its end, and shows what the acting key learns.
pub(crate) fn run(context: &Context, options: &RunOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (selected, mut network) = context.connect().await?;
        let key = options.what.key.open(context, &selected)?;
        let records = context.records(&selected.file)?;
        let found = lookup::collection(&network, &records, options.what.collection).await?;
        let entry = lookup::entry(&found.program, options.what.entry.as_deref())?;
        let (rows, quote) = price(&network, &found, entry, key.account())?;
        if let Some(most) = options.max_fee.filter(|most| *most < quote.price) {
            return Err(Problem::new(format!(
                "the price is {}, more than --max-fee {}",
                report::amount(quote.price),
                report::amount(most)
            ))
            .hint("nothing was requested"));
        }
        let wallet = key.wallet();
        let deadline = network.ledger().head.time.saturating_add(options.deadline.as_secs());
        let chain = network.chain().clone();
        let job = chain.request_job(&wallet, found.id, entry as u16, deadline, quote.price).await?;
        report::progress(&format!("job {job} requested, {} in escrow", report::amount(quote.price)));
        let spinner = report::Progress::spinner("computing");
        let ended = network.await_job(job, options.deadline + Duration::from_secs(60)).await?;
        spinner.finish();
        let settled = match ended {
            Ended::Settled(certificate) => certificate,
            other => return Err(unfinished(&mut network, &wallet, &found, job, other).await),
        };
        let learned = result::learned(&network, &found, &settled, &key).await?;
        let public = collect_public(&network, found.program.contract(), &settled).await?;
        if context.json {
            let mut object = quote_json(&found, entry, rows, &quote);
            object["job"] = json!(job);
            object["rows"] = json!(settled.rows);
            object["dropped"] = json!(rows.saturating_sub(settled.rows));
            object["results"] = learned.as_ref().map_or(Value::Null, result::json);
            object["public"] = public.as_ref().map_or(Value::Null, result::json);
            report::data(&object.to_string());
            return Ok(());
        }
        report::data(&format!("job {job} is settled: {} rows, {}", settled.rows, report::amount(quote.price)));
        if rows > settled.rows {
            report::data(&format!("{} rows broke the declared range and were left out", rows - settled.rows));
        }
        if learned.is_none() && public.is_none() {
            report::progress(&format!(
                "The results are for others: each recipient reads theirs with `enigma result {job} --key NAME`"
            ));
        }
        learned.iter().chain(&public).for_each(result::show);
        Ok(())
    })
}

/// The job did not end well: says why, and takes the refund out.
async fn unfinished(
    network: &mut Network,
    wallet: &enigma_chain::Wallet,
    found: &Found,
    job: JobId,
    ended: Ended,
) -> Problem {
    let what = match ended {
        Ended::Failed(failure) => {
            let reasons = network.job_statuses(wallet.key(), found.id, job).await;
            let reason = reasons.iter().find_map(|(node, status)| {
                status
                    .reason
                    .as_ref()
                    .map(|reason| format!(" (node {node}: {reason})"))
            });
            let named = result::culprits(lookup::committee(network, found.id), &failure);
            format!("job {job} failed: {named}{}", reason.unwrap_or_default())
        }
        Ended::Cancelled => format!("job {job} was cancelled"),
        Ended::Expired => format!("job {job} passed its deadline"),
        Ended::Settled(_) => format!("job {job} is settled"),
        Ended::StillOpen => {
            return Problem::failed(format!("job {job} has not ended yet")).hint(format!(
                "`enigma jobs` shows how it stands; after its deadline `enigma cancel {job}` takes the fee back"
            ));
        }
    };
    Problem::failed(format!("{what}; {}", refund(network, wallet).await))
}

async fn refund(network: &Network, wallet: &enigma_chain::Wallet) -> String {
    match withdraw(network.chain(), wallet).await {
        Ok(Some(amount)) => format!("{} refunded", report::amount(amount)),
        Ok(None) => "the refund was already taken".to_owned(),
        Err(error) => format!(
            "the refund is credited at the controller and could not be paid out yet: {error}"
        ),
    }
}

/// Pays out what the controller owes an account: nothing, when another command was faster. That may
/// also happen between the question and the call.
async fn withdraw(
    chain: &enigma_chain::Chain,
    wallet: &enigma_chain::Wallet,
) -> Result<Option<Amount>, ChainError> {
    let owed = chain.credit_of(wallet.address()).await?;
    if owed == 0 {
        return Ok(None);
    }
    match chain.withdraw(wallet).await {
        Ok(amount) => Ok(Some(amount)),
        Err(error) if error.is_revert("NothingToWithdraw") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Calls a job off.
pub(crate) fn cancel(context: &Context, options: &CancelOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (selected, mut network) = context.connect().await?;
        let key = options.key.open(context, &selected)?;
        let job = JobId(options.job);
        let record = job_record(&network, job)?;
        if record.state != JobState::Open {
            return Err(
                Problem::new(format!("job {job} has ended: {}", state(record)))
                    .hint("only a job that has not ended can be cancelled"),
            );
        }
        let late = network.ledger().head.time > record.deadline;
        if !late && record.requester != key.account() {
            return Err(
                Problem::new(format!("job {job} was requested by {}", record.requester))
                    .hint("only its requester can cancel it: --key"),
            );
        }
        let (own, chain) = (record.requester == key.account(), network.chain().clone());
        if late {
            chain.expire_job(&key.wallet(), job).await?;
        } else {
            chain.cancel_job(&key.wallet(), job).await?;
        }
        network.refresh().await?;
        let refund = if own {
            Some(withdraw(&chain, &key.wallet()).await?)
        } else {
            None
        };
        if context.json {
            let refund = refund.flatten().map(|amount| amount.to_string());
            report::data(
                &json!({"job": job, "state": state(job_record(&network, job)?), "refund": refund})
                    .to_string(),
            );
        } else {
            let refund = match refund {
                Some(Some(amount)) => format!("; {} refunded", report::amount(amount)),
                Some(None) => "; the refund was already taken".to_owned(),
                None => String::new(),
            };
            report::data(&format!(
                "job {job} is {}{refund}",
                state(job_record(&network, job)?)
            ));
        }
        Ok(())
    })
}

/// Lists jobs.
pub(crate) fn jobs(context: &Context, options: &JobsOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (selected, network) = context.connect().await?;
        let records = context.records(&selected.file)?;
        let ledger = network.ledger();
        let wanted = |job: &JobRecord| {
            options.collection.is_none_or(|only| job.collection.0 == only)
                && (!options.open || job.state == JobState::Open)
        };
        let jobs: Vec<_> = ledger.jobs.iter().filter(|(_, job)| wanted(job)).collect();
        let entry = |job: &JobRecord| {
            let program = records.program(job.contract);
            let name = program.and_then(|program| {
                let entry = program.contract().entries.get(usize::from(job.entry))?;
                Some(entry.name.clone())
            });
            name.unwrap_or_else(|| format!("entry {}", job.entry))
        };
        if context.json {
            let jobs = jobs.iter().map(|(id, job)| {
                json!({
                    "job": id, "collection": job.collection, "entry": entry(job), "requester": job.requester,
                    "state": state(job), "fee": job.fee.to_string(), "requested_block": job.requested,
                    "deadline": job.deadline,
                })
            });
            report::data(&json!({ "jobs": jobs.collect::<Vec<_>>() }).to_string());
        } else if jobs.is_empty() {
            report::progress("There are no such jobs.");
        } else {
            let rows = jobs.iter().map(|(id, job)| {
                vec![
                    id.to_string(),
                    job.collection.to_string(),
                    entry(job),
                    state(job).to_owned(),
                    report::amount(job.fee),
                    report::moment(job.requested_at),
                    job.requester.to_string(),
                ]
            });
            report::table(&["job", "collection", "entry", "state", "fee", "requested", "requester"], rows);
        }
        Ok(())
    })
}

/// A job on the chain.
pub(crate) fn job_record(network: &Network, job: JobId) -> Result<&JobRecord, Problem> {
    network.ledger().jobs.get(&job).ok_or_else(|| {
        Problem::new(format!("there is no job {job}"))
            .hint("`enigma jobs` lists the jobs there are")
    })
}

/// How a job stands, in a word.
pub(crate) fn state(job: &JobRecord) -> &'static str {
    match (&job.state, job.started) {
        (JobState::Open, None) => "requested",
        (JobState::Open, Some(_)) => "started",
        (JobState::Settled(_), _) => "settled",
        (JobState::Failed(_), _) => "failed",
        (JobState::Cancelled, _) => "cancelled",
        (JobState::Expired, _) => "expired",
    }
}
