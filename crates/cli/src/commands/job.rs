//! `enigma quote`, `run`, `cancel` and `jobs`: what a job costs, having it done, calling it off.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use enigma_chain::ChainError;
use enigma_client::values::{GivenArguments, read_arguments};
use enigma_client::{Ended, Network, Owner, collect_public, keep_parameters};
use enigma_wire::arguments::{self, Arguments};
use enigma_wire::controller::{Amount, JobRequest};
use enigma_wire::id::{CollectionId, JobId};
use enigma_wire::ledger::{JobRecord, JobState};
use enigma_wire::parameters::DealtParameters;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::asked::{self, Asked, Priced, What};
use super::{lookup, result};
use crate::context::Context;
use crate::keys::KeyOption;
use crate::report::{self, Problem};
use crate::runtime;

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma quote 1
  enigma quote 1 2 --entry compare")]
pub(crate) struct QuoteOptions {
    #[command(flatten)]
    what: What,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma run 1
  enigma run 1 --entry compute --max-fee 0.01
  enigma run 1 2 --entry above --arg limit=5000
  enigma run --instance Market --entry withdraw --key ada

  enigma run --instance Election --entry vote --args ballot.txt --key ada

Results for who calls are sealed to the key that asks. What the contract calls `private` is dealt to the nodes in shares; other
parameters are public: they are on the chain. `--args` keeps a secret out of the shell's history: a file of lines NAME=VALUE.
The exact price goes into escrow; the bill equals the quote. A job that fails is refunded.")]
pub(crate) struct RunOptions {
    #[command(flatten)]
    what: What,
    /// A parameter of the entry; for each one that it has.
    #[arg(long = "arg", value_name = "NAME=VALUE", value_parser = argument)]
    arguments: Vec<(String, String)>,
    /// A file of further parameters, a line NAME=VALUE each; - is the standard input.
    #[arg(long = "args", value_name = "FILE")]
    arguments_file: Option<PathBuf>,
    /// The most to pay to the contract, beside the fee, when its entry takes a payment; what it does not take comes back.
    #[arg(long, value_name = "COINS", default_value = "0", hide_default_value = true, value_parser = report::parse_amount)]
    pay: Amount,
    /// Most to pay for the run, in coins: a dearer job is not requested.
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

/// Shows what a job would cost.
pub(crate) fn quote(context: &Context, options: &QuoteOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (selected, network) = context.connect().await?;
        let key = options.what.key.open(context, &selected)?;
        let records = context.records(&selected.file)?;
        let asked = asked::find(&network, &records, &options.what).await?;
        let priced = asked.price(&network, key.account())?;
        let quote = &priced.quote;
        if context.json {
            report::data(&quote_json(&asked, &priced).to_string());
        } else {
            report::data(&format!("price            {}", report::amount(quote.price)));
            report::data(&format!("rows             {}", priced.all_rows()));
            report::data(&format!("multiplications  {}", quote.cost.multiplications));
            report::data(&format!("rounds           {}", quote.cost.rounds));
            report::data(&format!("bytes, all nodes {}", quote.cost.bytes_total));
        }
        Ok(())
    })
}

fn quote_json(asked: &Asked, priced: &Priced) -> Value {
    let quote = &priced.quote;
    let collections = asked.collections.iter().zip(&priced.rows);
    let collections = collections.map(|((id, _), rows)| json!({"collection": id, "rows": rows}));
    json!({
        "collections": collections.collect::<Vec<_>>(), "entry": asked.name(), "rows": priced.all_rows(),
        "price": quote.price.to_string(), "price_formatted": report::amount(quote.price),
        "multiplications": quote.cost.multiplications, "rounds": quote.cost.rounds,
        "bytes": quote.cost.bytes_total,
    })
}

/// Requests a job, waits for its end, and shows what the acting key learns.
pub(crate) fn run(context: &Context, options: &RunOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (selected, mut network) = context.connect().await?;
        let key = options.what.key.open(context, &selected)?;
        let records = context.records(&selected.file)?;
        let asked = asked::find(&network, &records, &options.what).await?;
        let given = given_arguments(&asked, options)?;
        let priced = asked.price(&network, key.account())?;
        let (rows, quote) = (priced.all_rows(), &priced.quote);
        if let Some(most) = options.max_fee.filter(|most| *most < quote.price) {
            return Err(Problem::new(format!(
                "the price is {}, more than --max-fee {}",
                report::amount(quote.price),
                report::amount(most)
            ))
            .hint("nothing was requested"));
        }
        let changes = asked.contract().changes_instance(asked.entry);
        if options.pay > 0 && !changes {
            return Err(Problem::new(format!("{} takes no payment", asked.name()))
                .hint("leave --pay out: the fee is paid by itself"));
        }
        let wallet = key.wallet();
        let arguments = Arguments {
            dealt: keep_private(&network, &asked, &given, &key.owner()).await?,
            values: given.public,
        };
        let deadline = network.ledger().head.time.saturating_add(options.deadline.as_secs());
        let chain = network.chain().clone();
        let request = JobRequest {
            instance: asked.instance,
            entry: asked.entry as u16,
            collections: asked.collections.iter().map(|(id, _)| *id).collect(),
            arguments: arguments::encode(&arguments),
            seal_key: Some(key.owner().seal_key()),
            changes,
            pays: options.pay,
            deadline,
        };
        let escrow = quote.price.saturating_add(options.pay);
        let job = chain.request_job(&wallet, &request, escrow).await?;
        report::progress(&format!("job {job} requested, {} in escrow", report::amount(escrow)));
        let spinner = report::Progress::spinner("computing");
        let ended = network.await_job(job, options.deadline + Duration::from_secs(60)).await?;
        spinner.finish();
        let settled = match ended {
            Ended::Settled(certificate) => certificate,
            other => return Err(unfinished(&mut network, &wallet, job, other).await),
        };
        let learned = result::learned(&network, asked.contract(), &settled, &key).await?;
        let public = collect_public(&network, asked.contract(), &settled).await?;
        if context.json {
            let mut object = quote_json(&asked, &priced);
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
        if options.pay > 0 {
            report::progress("What the contract did not take of --pay is paid out with `enigma money withdraw`");
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

/// What the options give the entry.
fn given_arguments(asked: &Asked, options: &RunOptions) -> Result<GivenArguments, Problem> {
    let mut texts = Zeroizing::new(options.arguments.clone());
    if let Some(path) = &options.arguments_file {
        texts.extend(arguments_of(path)?);
    }
    read_arguments(asked.contract(), asked.entry, &texts)
        .map_err(|error| Problem::new(error.message).hint(error.expected))
}

/// The parameters in a file.
fn arguments_of(path: &Path) -> Result<Vec<(String, String)>, Problem> {
    let read = match path.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(path),
    };
    let shown = path.display();
    let text = Zeroizing::new(read.map_err(|error| {
        Problem::new(format!("cannot read {shown}: {error}"))
            .hint("give --args a text file with a line NAME=VALUE for each parameter")
    })?);
    let lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(number, line)| {
        argument(line).map_err(|why| Problem::new(format!("{shown}, line {number}: {why}")))
    });
    read.collect()
}

/// Brings the private parameters to the committee; what the request says of them.
async fn keep_private(
    network: &Network,
    asked: &Asked,
    given: &GivenArguments,
    caller: &Owner,
) -> Result<Option<DealtParameters>, Problem> {
    if given.private.is_empty() {
        return Ok(None);
    }
    let call = (asked.instance, asked.entry as u16);
    let dealt = keep_parameters(network, caller, asked.contract(), call, &given.private).await?;
    report::progress("private parameters are with the committee, in shares");
    Ok(Some(dealt))
}

/// `NAME=VALUE`.
fn argument(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write NAME=VALUE, for example limit=5000")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// The job did not end well: says why, and takes the refund out.
async fn unfinished(
    network: &mut Network,
    wallet: &enigma_chain::Wallet,
    job: JobId,
    ended: Ended,
) -> Problem {
    let what = match ended {
        Ended::Failed(failure) => {
            let reasons = network.job_statuses(wallet.key(), job).await;
            let given = reasons.iter().filter_map(|(node, status)| {
                let reason = status.reason.as_ref()?;
                Some((reason.ends_with("gave the job up"), node, reason))
            });
            // Who gave it up first says more than who followed.
            let reason = given.min_by_key(|(follows, ..)| *follows);
            let reason = reason.map(|(_, node, reason)| format!(" (node {node}: {reason})"));
            let named = result::culprits(
                network.ledger().job_committee(job).unwrap_or_default(),
                &failure,
            );
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
pub(crate) async fn withdraw(
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
        let late = network.ledger().head.time > record.request.deadline;
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
            options.collection.is_none_or(|only| job.request.collections.contains(&CollectionId(only)))
                && (!options.open || job.state == JobState::Open)
        };
        let jobs: Vec<_> = ledger.jobs.iter().filter(|(_, job)| wanted(job)).collect();
        let entry = |job: &JobRecord| {
            let program = records.program(job.contract);
            let name = program.and_then(|program| {
                let entry = program.contract().entries.get(usize::from(job.request.entry))?;
                Some(entry.name.clone())
            });
            name.unwrap_or_else(|| format!("entry {}", job.request.entry))
        };
        if context.json {
            let jobs = jobs.iter().map(|(id, job)| {
                json!({
                    "job": id, "instance": job.request.instance, "collections": job.request.collections,
                    "arguments": hex::encode(&job.request.arguments), "pays": job.request.pays.to_string(), "entry": entry(job), "requester": job.requester,
                    "state": state(job), "fee": job.fee.to_string(), "requested_block": job.requested,
                    "deadline": job.request.deadline,
                })
            });
            report::data(&json!({ "jobs": jobs.collect::<Vec<_>>() }).to_string());
        } else if jobs.is_empty() {
            report::progress("There are no such jobs.");
        } else {
            let rows = jobs.iter().map(|(id, job)| {
                vec![
                    id.to_string(),
                    collections(&job.request.collections),
                    entry(job),
                    state(job).to_owned(),
                    report::amount(job.fee),
                    report::moment(job.requested_at),
                    job.requester.to_string(),
                ]
            });
            report::table(&["job", "collections", "entry", "state", "fee", "requested", "requester"], rows);
        }
        Ok(())
    })
}

/// Collections as text.
pub(crate) fn collections(ids: &[CollectionId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    match ids.is_empty() {
        true => "none".to_owned(),
        false => ids.join(" and "),
    }
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
