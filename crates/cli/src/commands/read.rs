//! `enigma read`: what an instance's committee keeps beside the chain, for those whom the contract lets read it.

use clap::Args;
use enigma_bytecode::model::{Contract, Kind};
use enigma_client::{Kept, Results};
use serde_json::json;

use super::{lookup, result};
use crate::context::Context;
use crate::keys::KeyOption;
use crate::report::{self, Problem};
use crate::runtime;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma read receipts --instance DataMarket --key ada
  enigma read receipts --at 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --instance DataMarket --key ada --json

What a node gives is compared with the hash that the chain has. Of a map whose keys are accounts your own is read if no other
is named.")]
pub(crate) struct ReadOptions {
    /// The slot of `state DHT`.
    #[arg(value_name = "SLOT")]
    slot: String,
    /// Of a map, at which key.
    #[arg(long, value_name = "VALUE")]
    at: Option<String>,
    /// The instance, the beginning of it, or its contract's name.
    #[arg(long, value_name = "INSTANCE")]
    instance: String,
    #[command(flatten)]
    key: KeyOption,
}

/// Reads a slot.
pub(crate) fn run(context: &Context, options: &ReadOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (selected, network) = context.connect().await?;
        let records = context.records(&selected.file)?;
        let instance = lookup::instance(&network, &records, &options.instance)?;
        let program = lookup::program_of(&network, &records, instance).await?;
        let reader = options.key.open(context, &selected)?;
        let slot = program.kept_slot(&options.slot)?;
        let own = || {
            let by_account = has_accounts(program.contract(), slot);
            by_account.then(|| reader.account().to_string())
        };
        let at = options.at.clone().or_else(own);
        let kept = Kept::at(&program, slot, at.as_deref());
        let kept = kept.map_err(|error| Problem::new(error.message).hint(error.expected))?;
        let value = kept
            .read(&network, &program, instance, &reader.secret)
            .await?;
        let values: Results = [(options.slot.clone(), value)].into_iter().collect();
        if context.json {
            let object = json!({
                "instance": instance, "slot": options.slot, "at": at,
                "value": result::json(&values)[&options.slot],
            });
            report::data(&object.to_string());
        } else {
            result::show(&values);
        }
        Ok(())
    })
}

/// Whether a slot is a map by account.
fn has_accounts(contract: &Contract, slot: u16) -> bool {
    let slot = contract.slots.get(usize::from(slot));
    let key = slot.and_then(|slot| slot.key.as_ref());
    key.is_some_and(|key| key.kind == Kind::Account)
}
