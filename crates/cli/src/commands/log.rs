//! `enigma log`: the chain's record in plain words.

use std::time::Duration;

use clap::{Args, ValueEnum};
use enigma_client::Network;
use enigma_wire::controller::{BlockEvents, Event, FailureReason};
use enigma_wire::id::CollectionId;
use serde_json::json;

use crate::context::Context;
use crate::report::{self, Problem};
use crate::runtime;

/// Pause between looks at the chain.
const POLL: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma log
  enigma log --kind consent --collection 1
  enigma log --follow --json")]
pub(crate) struct LogOptions {
    /// Go on as blocks come, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// Only this kind; may be given several times.
    #[arg(long, value_enum)]
    kind: Vec<Kind>,
    /// Only what is about this collection.
    #[arg(long, value_name = "COLLECTION")]
    collection: Option<u64>,
    /// Only from this block on.
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    since: u64,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Nodes and their deposits.
    Node,
    /// Contracts, instances, parties.
    Contract,
    /// Collections, committees, contributions.
    Collection,
    /// Consents and revocations.
    Consent,
    /// Jobs.
    Job,
    /// Payments.
    Payment,
}

/// Prints the record, and follows it when asked.
pub(crate) fn run(context: &Context, options: &LogOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (_, mut network) = context.connect().await?;
        let mut from = network.first_block().max(options.since);
        loop {
            let head = network.ledger().head.number;
            if head >= from {
                for block in network.chain().events(from, head).await? {
                    print(context, options, &network, &block);
                }
                from = head + 1;
            }
            if !options.follow {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(POLL) => network.refresh().await?,
                _ = tokio::signal::ctrl_c() => return Ok(()),
            }
        }
    })
}

fn print(context: &Context, options: &LogOptions, network: &Network, block: &BlockEvents) {
    for event in &block.events {
        let (kind, collections, words) = describe(network, event);
        let words = report::plain(&words);
        let wanted = (options.kind.is_empty() || options.kind.contains(&kind))
            && options
                .collection
                .is_none_or(|only| collections.contains(&CollectionId(only)));
        if !wanted {
            continue;
        }
        if context.json {
            let kind = kind
                .to_possible_value()
                .map(|value| value.get_name().to_owned());
            let object = json!({
                "block": block.number, "time": block.time, "kind": kind, "collections": collections, "text": words,
            });
            report::data(&object.to_string());
        } else {
            report::data(&format!(
                "{:>6}  {}  {words}",
                block.number,
                report::moment(block.time)
            ));
        }
    }
}

/// What an event is about, and says.
fn describe(network: &Network, event: &Event) -> (Kind, Vec<CollectionId>, String) {
    let of_job = |job| {
        let record = network.ledger().jobs.get(job);
        record.map_or_else(Vec::new, |record| record.request.collections.clone())
    };
    let coins = |amount: &u128| report::amount(*amount);
    match event {
        Event::Configured { min_deposit, .. } => (
            Kind::Node,
            Vec::new(),
            format!(
                "the controller began; a node's deposit is at least {}",
                coins(min_deposit)
            ),
        ),
        Event::NodeRegistered {
            node,
            operator,
            info,
            deposit,
        } => {
            let words = format!(
                "node {node} of {operator} joined with {} at {}",
                coins(deposit),
                info.api_address
            );
            (Kind::Node, Vec::new(), words)
        }
        Event::NodeRetired {
            node,
            releasable_at,
        } => {
            let words = format!(
                "node {node} retired; its deposit is free from {}",
                report::moment(*releasable_at)
            );
            (Kind::Node, Vec::new(), words)
        }
        Event::DepositReleased { node, amount } => (
            Kind::Payment,
            Vec::new(),
            format!("node {node} got its deposit of {} back", coins(amount)),
        ),
        Event::ContractPublished {
            contract,
            publisher,
            ..
        } => (
            Kind::Contract,
            Vec::new(),
            format!("{publisher} published contract {contract}"),
        ),
        Event::InstanceDeployed {
            instance,
            contract,
            deployer,
            committee_size,
            ..
        } => {
            let words = format!(
                "{deployer} deployed instance {instance} of contract {contract} for {committee_size} nodes"
            );
            (Kind::Contract, Vec::new(), words)
        }
        Event::PartyBound { binding } => (
            Kind::Contract,
            Vec::new(),
            format!(
                "party {} of instance {} published its key",
                binding.party, binding.instance
            ),
        ),
        Event::CollectionOpened {
            collection,
            opener,
            terms,
        } => {
            let words = format!(
                "{opener} opened collection {collection} for {} members of instance {}",
                terms.member_count, terms.instance
            );
            (Kind::Collection, vec![*collection], words)
        }
        Event::DrawPostponed {
            instance,
            draw_block,
        } => (
            Kind::Contract,
            Vec::new(),
            format!("instance {instance}: the draw waits for block {draw_block}"),
        ),
        Event::CommitteeDrawn {
            instance, nodes, ..
        } => {
            let names: Vec<String> = nodes.iter().map(ToString::to_string).collect();
            (
                Kind::Contract,
                Vec::new(),
                format!("instance {instance}: nodes {} were drawn", names.join(", ")),
            )
        }
        Event::Contributed { contribution } => {
            let what = if contribution.revision == 0 {
                "gave"
            } else {
                "corrected"
            };
            let rows = match contribution.rows {
                1 => "the row".to_owned(),
                rows => format!("the {rows} rows"),
            };
            let words = format!(
                "{} {what} {rows} of member {} of collection {}",
                contribution.owner, contribution.member, contribution.collection
            );
            (Kind::Collection, vec![contribution.collection], words)
        }
        Event::ConsentGranted { consent } => {
            let right = &consent.right;
            let words = format!(
                "{} lets {} run entry {} on collection {}, {} in all, until {}, over rows of at least {} members",
                consent.owner,
                right.requester,
                right.entry,
                right.collection,
                report::times(consent.uses),
                report::moment(consent.expiry),
                consent.min_group
            );
            (Kind::Consent, vec![right.collection], words)
        }
        Event::ConsentRevoked { revocation } => {
            let right = &revocation.right;
            let words = format!(
                "{} no longer lets {} run entry {} on collection {}",
                revocation.owner, right.requester, right.entry, right.collection
            );
            (Kind::Consent, vec![right.collection], words)
        }
        Event::CollectionSealed {
            collection, rows, ..
        } => (
            Kind::Collection,
            vec![*collection],
            format!("collection {collection} was closed with rows of {rows} members"),
        ),
        Event::JobRequested {
            job,
            requester,
            request,
            fee,
            ..
        } => {
            let words = format!(
                "{requester} requested job {job}: entry {} on collection {}, {} in escrow until {}",
                request.entry,
                super::job::collections(&request.collections),
                coins(&(*fee + request.pays)),
                report::moment(request.deadline)
            );
            (Kind::Job, request.collections.clone(), words)
        }
        Event::JobStarted { job } => (
            Kind::Job,
            of_job(job),
            format!("job {job} was started by its committee"),
        ),
        Event::JobCancelled { job, refund } => (
            Kind::Job,
            of_job(job),
            format!("job {job} was cancelled; {} refunded", coins(refund)),
        ),
        Event::JobSettled {
            certificate,
            effects,
            ..
        } => {
            let paid = match effects.paid {
                0 => String::new(),
                paid => format!("; {} paid to the instance", coins(&paid)),
            };
            let transfers = effects.transfers.iter();
            let moved = transfers.map(|of| format!("; {} to {}", coins(&of.amount), of.to));
            let words = format!(
                "job {} was settled over {} rows{paid}{}",
                certificate.job,
                certificate.rows,
                moved.collect::<String>()
            );
            (Kind::Job, of_job(&certificate.job), words)
        }
        Event::JobFailed { failure, refund } => {
            let why = match failure.reason {
                FailureReason::Unresponsive => "a node stopped answering",
                FailureReason::Misbehaved => "a node broke the protocol",
                FailureReason::Refused => "it could not be served",
            };
            let committee = network.ledger().job_committee(failure.job);
            let named = committee.map_or(String::new(), |committee| {
                format!(" ({})", super::result::culprits(committee, failure))
            });
            let words = format!(
                "job {} failed: {why}{named}; {} refunded",
                failure.job,
                coins(refund)
            );
            (Kind::Job, of_job(&failure.job), words)
        }
        Event::JobExpired { job, refund } => (
            Kind::Job,
            of_job(job),
            format!("job {job} passed its deadline; {} refunded", coins(refund)),
        ),
        Event::PutIn {
            instance,
            account,
            amount,
        } => (
            Kind::Payment,
            Vec::new(),
            format!("{account} put {} into instance {instance}", coins(amount)),
        ),
        Event::TakenOut {
            instance,
            account,
            amount,
        } => (
            Kind::Payment,
            Vec::new(),
            format!(
                "{account} took {} out of instance {instance}",
                coins(amount)
            ),
        ),
        Event::Withdrawn { account, amount } => (
            Kind::Payment,
            Vec::new(),
            format!("{account} was paid {}", coins(amount)),
        ),
    }
}
