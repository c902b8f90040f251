//! `enigma collect`: opens a collection, shows how it stands, closes it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use enigma_bytecode::model::RowCount;
use enigma_client::Network;
use enigma_client::keystore::Listed;
use enigma_client::records::{Member, member_tree};
use enigma_wire::controller::CollectionTerms;
use enigma_wire::id::CollectionId;
use serde_json::json;

use super::lookup;
use crate::context::Context;
use crate::keys::{self, KeyOption};
use crate::report::{self, Problem};
use crate::runtime;

#[derive(Debug, Subcommand)]
pub(crate) enum CollectCommand {
    /// Open a collection for a list of members.
    Open(OpenOptions),
    /// Show how a collection stands: members, rows, committee, consents.
    Status(StatusOptions),
    /// Close a collection: nobody can give or correct any more, and jobs can run.
    Close(CloseOptions),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma collect open Salaries --keys people
  enigma collect open 0x5f3a --members members.csv

A member list is a CSV file with the columns name and account. With --keys, everybody whose key is in the
folder is a member. A collection that a party gives has no list: the party alone gives to it.")]
pub(crate) struct OpenOptions {
    /// The contract's name (its last instance deployed from here), or an instance's first digits.
    #[arg(value_name = "INSTANCE")]
    instance: String,
    /// Which `collect` of the contract, when it has several.
    #[arg(long, value_name = "NAME")]
    collection: Option<String>,
    /// CSV file with the columns `name` and `account`.
    #[arg(long, value_name = "FILE.csv", conflicts_with = "keys")]
    members: Option<PathBuf>,
    /// Folder of key files: their accounts are the members, in order of their names.
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    #[command(flatten)]
    key: KeyOption,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma collect status 1")]
pub(crate) struct StatusOptions {
    /// The collection's number.
    #[arg(value_name = "COLLECTION")]
    collection: u64,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma collect close 1")]
pub(crate) struct CloseOptions {
    /// The collection's number.
    #[arg(value_name = "COLLECTION")]
    collection: u64,
    #[command(flatten)]
    key: KeyOption,
}

/// Runs one of them.
pub(crate) fn run(context: &Context, command: &CollectCommand) -> Result<(), Problem> {
    let runtime = runtime()?;
    match command {
        CollectCommand::Open(options) => runtime.block_on(open(context, options)),
        CollectCommand::Status(options) => runtime.block_on(status(context, options)),
        CollectCommand::Close(options) => runtime.block_on(close(context, options)),
    }
}

async fn open(context: &Context, options: &OpenOptions) -> Result<(), Problem> {
    let listed = member_list(options)?;
    let (selected, mut network) = context.connect().await?;
    let records = context.records(&selected.file)?;
    let instance = lookup::instance(&network, &records, &options.instance)?;
    let contract = network.ledger().instances[&instance].contract;
    let program = records.program(contract).ok_or_else(|| {
        Problem::new("the contract of this instance is not known here")
            .hint("open the collection where it was deployed, or deploy it here")
    })?;
    let parties = network.ledger().instances[&instance].parties.iter();
    let mut unbound = parties
        .zip(&program.contract().parties)
        .filter(|(party, _)| party.key.is_none());
    if let Some((party, name)) = unbound.next() {
        return Err(Problem::new(format!(
            "party {name} ({}) has not published its key",
            party.account
        ))
        .hint(format!(
            "before a collection is opened it must run: enigma bind {} {name}",
            options.instance
        )));
    }
    let slot = slot(&program, options.collection.as_deref())?;
    let party = lookup::party_list(&network, program.contract(), instance, slot);
    let name = &program.contract().collections[slot].name;
    let members = match (party, listed) {
        (None, Some(members)) => members,
        (Some(party), None) => party,
        (Some(party), Some(_)) => {
            return Err(Problem::new(format!(
                "{name} is given by the party {} alone, and has no member list",
                party[0].name
            ))
            .hint("leave --members and --keys out"));
        }
        (None, None) => {
            return Err(Problem::new(format!("who gives {name}?"))
                .hint("name the members' list with --members FILE.csv, or a folder of their keys with --keys DIR"));
        }
    };
    let most = program.contract().maximum_givers(slot) as usize;
    if members.len() > most {
        return Err(Problem::new(format!(
            "{} members; the contract allows at most {most}",
            members.len()
        ))
        .hint("shorten the list, or raise the group's max in the contract"));
    }
    let entries = 0..program.contract().entries.len();
    let fewest = entries
        .map(|entry| program.contract().minimum_givers(entry, slot))
        .min()
        .unwrap_or(1);
    if members.len() < fewest as usize {
        return Err(Problem::new(format!(
            "{} members; the contract needs at least {fewest}",
            members.len()
        ))
        .hint("with fewer, a result would say too much about each"));
    }
    let key = options.key.open(context, &selected)?;
    let terms = CollectionTerms {
        instance,
        slot: slot as u16,
        member_root: member_tree(&members).root(),
        member_count: members.len() as u32,
        min_rows: fewest,
    };
    let deployer = network.ledger().instances[&instance].deployer;
    if deployer != key.account() {
        return Err(Problem::new(format!(
            "only {deployer}, who deployed the instance, opens collections of it"
        ))
        .hint("act with that account's key: --key"));
    }
    // Done by `enigma deploy`, unless it was interrupted.
    super::deploy::prepare_committee(&mut network, &key, instance, &program).await?;
    let chain = network.chain().clone();
    let id = chain.open_collection(&key.wallet(), &terms).await?;
    records.keep_members(id, &members)?;
    network.refresh().await?;
    let committee = lookup::committee(&network, id);
    if context.json {
        let object = json!({
            "collection": id, "instance": instance, "members": members.len(), "min_rows": fewest,
            "committee": committee,
        });
        report::data(&object.to_string());
    } else {
        report::data(&format!("collection  {id}"));
        report::data(&format!("committee   {}", report::nodes(committee)));
        let several = program.contract().collections[slot].rows != RowCount::One;
        report::progress(&match several {
            false => format!(
                "{} members may give now:  enigma give {id} VALUE --key NAME   (or --csv FILE --keys DIR)",
                members.len()
            ),
            true => format!(
                "{} members may give now, up to {} rows each:  enigma give {id} --csv FILE --key NAME   (or --keys DIR)",
                members.len(),
                program.contract().collections[slot].rows_each()
            ),
        });
    }
    Ok(())
}

/// Who is named on the command line, if anybody is.
fn member_list(options: &OpenOptions) -> Result<Option<Vec<Member>>, Problem> {
    if let Some(path) = &options.members {
        return crate::people::members(path).map(Some);
    }
    let Some(folder) = &options.keys else {
        return Ok(None);
    };
    let member = |key: Listed| {
        let account = key.account.ok_or_else(|| {
            Problem::new(format!(
                "{}: does not state its account",
                key.path.display()
            ))
            .hint("list the members in a file instead: --members")
        })?;
        Ok(Member {
            name: key.name,
            account,
        })
    };
    let members = keys::list_folder(folder)?.into_iter().map(member);
    members.collect::<Result<_, _>>().map(Some)
}

fn slot(program: &enigma_client::Program, name: Option<&str>) -> Result<usize, Problem> {
    match (name, &program.contract().collections[..]) {
        (Some(name), _) => Ok(program.collection(name)?),
        (None, [_]) => Ok(0),
        (None, all) => {
            let names: Vec<&str> = all.iter().map(|item| item.name.as_str()).collect();
            Err(Problem::new("which collection of the contract?")
                .hint(format!("name one with --collection: {}", names.join(", "))))
        }
    }
}

async fn status(context: &Context, options: &StatusOptions) -> Result<(), Problem> {
    let (selected, network) = context.connect().await?;
    let records = context.records(&selected.file)?;
    let id = CollectionId(options.collection);
    let record = lookup::record(&network, id)?;
    let rights = rights_in_force(&network, id);
    let (given, rows) = (record.contributions.len(), lookup::rows(record));
    let missing = records
        .members(id, record.terms.member_root)
        .map(|members| {
            let given = |at: &usize| {
                record
                    .contributions
                    .contains_key(&enigma_wire::id::MemberIndex(*at as u32))
            };
            let missing = (0..members.len()).filter(|at| !given(at));
            missing
                .map(|at| members[at].name.clone())
                .collect::<Vec<String>>()
        });
    if context.json {
        let object = json!({
            "collection": id, "instance": record.terms.instance, "opener": record.opener,
            "members": record.terms.member_count, "given": given, "rows": rows,
            "min_rows": record.terms.min_rows, "consents": rights,
            "sealed": record.sealed.is_some(), "committee": lookup::committee(&network, id), "missing": missing,
        });
        report::data(&object.to_string());
        return Ok(());
    }
    let state = if record.sealed.is_some() {
        "closed: jobs can run"
    } else {
        "open: members can give"
    };
    report::data(&format!("collection  {id} ({state})"));
    report::data(&format!("instance    {}", record.terms.instance));
    let committee = lookup::committee(&network, id);
    report::data(&format!("committee   {}", report::nodes(committee)));
    let (members, fewest) = (record.terms.member_count, record.terms.min_rows);
    report::data(&if rows == given as u64 {
        format!("rows        {rows} of {members} members (at least {fewest} to close)")
    } else {
        format!("rows        {rows} from {given} of {members} members (at least {fewest} to close)")
    });
    report::data(&format!("consents    {rights} in force"));
    if let Some(missing) = missing.filter(|missing| !missing.is_empty() && record.sealed.is_none())
    {
        let shown: Vec<&str> = missing.iter().take(10).map(String::as_str).collect();
        let more = missing.len().saturating_sub(shown.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        report::data(&format!("missing     {}{more}", shown.join(", ")));
    }
    Ok(())
}

/// Consents on a collection that have not ended.
fn rights_in_force(network: &Network, id: CollectionId) -> usize {
    let ledger = network.ledger();
    let rights = ledger.rights.iter();
    rights
        .filter(|(key, right)| {
            let grant = right.grant.as_ref();
            key.collection == id
                && grant
                    .is_some_and(|grant| grant.is_in_force(ledger.head.number, ledger.head.time))
        })
        .count()
}

async fn close(context: &Context, options: &CloseOptions) -> Result<(), Problem> {
    let (selected, mut network) = context.connect().await?;
    let key = options.key.open(context, &selected)?;
    let id = CollectionId(options.collection);
    lookup::record(&network, id)?;
    network
        .chain()
        .clone()
        .seal_collection(&key.wallet(), id)
        .await?;
    network.refresh().await?;
    let rows = lookup::rows(lookup::record(&network, id)?);
    if context.json {
        report::data(&json!({"collection": id, "rows": rows, "sealed": true}).to_string());
    } else {
        report::data(&format!("collection {id} is closed with {rows} rows"));
        report::progress(&format!("Next: enigma quote {id}, then enigma run {id}"));
    }
    Ok(())
}
