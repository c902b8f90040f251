//! `enigma grant` and `enigma revoke`: the owners' consents.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use enigma_bytecode::model::RowCount;
use enigma_client::{ConsentTerms, Network};
use enigma_wire::controller::RightKey;
use enigma_wire::id::{Address, MemberIndex};
use serde_json::json;

use super::lookup::{self, Found};
use crate::context::{Context, Selected};
use crate::keys::{self, KeyOption, Opened};
use crate::report::{self, Problem};
use crate::runtime;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma grant 1 --to dev-1 --key ada
  enigma grant 1 --entry compute --to 0x5fbd... --uses 3 --for 30d --min-group 10 --keys people

A consent names the collection, the contract and its entry, who may request it, how often it may run in all,
until when, and the smallest group. It ends by itself, or by `enigma revoke`.")]
pub(crate) struct GrantOptions {
    #[command(flatten)]
    what: What,
    /// Who may request it: a key's name or an account.
    #[arg(long, value_name = "WHO")]
    to: String,
    /// How often a run of the entry may be started on the collection in all; one that fails afterwards counts, too.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    uses: u32,
    /// How long from now.
    #[arg(long = "for", value_name = "TIME", default_value = "30d", value_parser = lookup::duration)]
    lasts: Duration,
    /// Fewest members of whom rows may be used [default: the contract's own].
    #[arg(long, value_name = "N")]
    min_group: Option<u32>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma revoke 1 --from dev-1 --key ada
  enigma revoke 1 --entry compute --from dev-1 --keys people

From the next block on no honest node uses the value for that request. A consent that was signed but not yet
posted is ended as well.")]
pub(crate) struct RevokeOptions {
    #[command(flatten)]
    what: What,
    /// Whose right ends: a key's name or an account.
    #[arg(long, value_name = "WHO")]
    from: String,
}

/// On which values, for what.
#[derive(Debug, Args)]
struct What {
    /// The collection's number.
    #[arg(value_name = "COLLECTION")]
    collection: u64,
    /// The contract's entry, when it has several.
    #[arg(long, value_name = "NAME")]
    entry: Option<String>,
    /// Act for every key of this folder instead of one.
    #[arg(long, value_name = "DIR", conflicts_with = "key")]
    keys: Option<PathBuf>,
    /// The key that pays for the transactions; owners need no coins [default: as for --key].
    #[arg(long, value_name = "NAME")]
    payer: Option<String>,
    #[command(flatten)]
    key: KeyOption,
}

/// What a command acts on, found.
struct Acting {
    selected: Selected,
    network: Network,
    found: Found,
    entry: usize,
    owners: Vec<(MemberIndex, Opened)>,
    payer: Opened,
}

impl Acting {
    fn right(&self, member: MemberIndex, requester: Address) -> RightKey {
        RightKey {
            collection: self.found.id,
            member,
            contract: self.found.program.hash(),
            entry: self.entry as u16,
            requester,
        }
    }

    /// Greater than every nonce of this right that the chain knows, and than those of statements that were
    /// signed before and not posted: they too are no less than the time of their signing.
    fn nonce(&self, right: &RightKey) -> u64 {
        let ledger = self.network.ledger();
        let last = ledger.rights.get(right).map_or(0, |known| known.nonce);
        ledger.head.time.max(last + 1)
    }

    fn entry_name(&self) -> &str {
        &self.found.program.contract().entries[self.entry].name
    }
}

/// Posts consents.
pub(crate) fn grant(context: &Context, options: &GrantOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let acting = act(context, &options.what).await?;
        let requester = keys::account(context, Some(&acting.selected), &options.to)?;
        let own_minimum = acting
            .found
            .program
            .contract()
            .minimum_givers(acting.entry, usize::from(acting.found.record.terms.slot));
        let min_group = options.min_group.unwrap_or(own_minimum).max(own_minimum);
        let slot = usize::from(acting.found.record.terms.slot);
        let collection = acting.found.program.contract().collections.get(slot);
        let takes_several = collection.is_some_and(|collection| collection.rows != RowCount::One);
        let head = acting.network.ledger().head;
        let expiry = head.time.saturating_add(options.lasts.as_secs());
        let domain = acting.network.domain();
        let consents: Vec<_> = acting
            .owners
            .iter()
            .map(|(member, key)| {
                let right = acting.right(*member, requester);
                let nonce = acting.nonce(&right);
                let instance = acting.found.record.terms.instance;
                let uses = options.uses;
                let terms = ConsentTerms { right, instance, uses, expiry, min_group, nonce };
                key.owner().consent(&domain, terms)
            })
            .collect();
        acting.network.chain().grant(&acting.payer.wallet(), &consents).await?;
        if context.json {
            let object = json!({
                "collection": acting.found.id, "entry": acting.entry_name(), "requester": requester,
                "consents": consents.len(), "uses": options.uses, "expiry": expiry, "min_group": min_group,
            });
            report::data(&object.to_string());
        } else {
            report::data(&format!(
                "{} consents: {requester} may run {} on collection {}, {} in all, until {}, over at least {min_group} {}",
                consents.len(),
                acting.entry_name(),
                acting.found.id,
                report::times(options.uses),
                report::moment(expiry),
                if takes_several { "members' rows" } else { "rows" },
            ));
        }
        Ok(())
    })
}

/// Ends consents.
pub(crate) fn revoke(context: &Context, options: &RevokeOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let acting = act(context, &options.what).await?;
        let requester = keys::account(context, Some(&acting.selected), &options.from)?;
        let domain = acting.network.domain();
        let progress = report::Progress::start(acting.owners.len(), "consents");
        for (done, (member, key)) in acting.owners.iter().enumerate() {
            let right = acting.right(*member, requester);
            let nonce = acting.nonce(&right);
            let (revocation, signature) = key.owner().revocation(&domain, right, nonce);
            let wallet = acting.payer.wallet();
            acting
                .network
                .chain()
                .revoke(&wallet, &revocation, Some(&signature))
                .await?;
            progress.set(done + 1);
        }
        progress.finish();
        if context.json {
            let object = json!({
                "collection": acting.found.id, "entry": acting.entry_name(), "requester": requester,
                "revoked": acting.owners.len(),
            });
            report::data(&object.to_string());
        } else {
            report::data(&format!(
                "{} consents ended: {requester} may no longer run {} on collection {}",
                acting.owners.len(),
                acting.entry_name(),
                acting.found.id
            ));
        }
        Ok(())
    })
}

async fn act(context: &Context, what: &What) -> Result<Acting, Problem> {
    let (selected, network) = context.connect().await?;
    let records = context.records(&selected.file)?;
    let found = lookup::collection(&network, &records, what.collection).await?;
    let entry = lookup::entry(&found.program, what.entry.as_deref())?;
    let keys = match &what.keys {
        Some(folder) => keys::open_folder(folder, &what.key.password)?
            .into_values()
            .collect(),
        None => vec![what.key.open(context, &selected)?],
    };
    let payer = match &what.payer {
        Some(name) => keys::open(context, Some(&selected), name, &what.key.password)?,
        None => what.key.payer(context, &selected, keys.first())?,
    };
    let owners: Result<Vec<(MemberIndex, Opened)>, Problem> = keys
        .into_iter()
        .map(|key| {
            let place = lookup::place_on_chain(&found.record, key.account()).ok_or_else(|| {
                Problem::new(format!(
                    "key {} has given nothing to collection {}",
                    key.name, found.id
                ))
                .hint("consent is about a value that was given: `enigma give` comes first")
            })?;
            Ok((place, key))
        })
        .collect();
    let mut owners = owners?;
    owners.sort_by_key(|(member, _)| *member);
    Ok(Acting {
        selected,
        network,
        found,
        entry,
        owners,
        payer,
    })
}
