//! `enigma state` and `enigma money`: what an instance has on the chain, and what people put into it and take out.

use clap::{Args, Subcommand};
use enigma_client::values::read_state;
use enigma_wire::controller::Amount;
use serde_json::json;

use super::{job, lookup, result};
use crate::context::Context;
use crate::keys::KeyOption;
use crate::report::{self, Problem};
use crate::runtime;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma state Auction
  enigma state 0x3f2a --json

Public state is what settled runs wrote last, as the chain's log has it.")]
pub(crate) struct StateOptions {
    /// The instance, the beginning of it, or its contract's name.
    #[arg(value_name = "INSTANCE")]
    instance: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MoneyCommand {
    /// Put money into an instance under your account, for runs to transfer.
    Put(MoveOptions),
    /// Take back what you have in an instance.
    Take(MoveOptions),
    /// Pay out what the controller owes you: transfers, refunds, and what you took back.
    Withdraw(WithdrawOptions),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma money put Auction 0.5 --key ada
  enigma money take Auction 0.5 --key ada

Nothing can be taken while a run that may transfer it is not finished.")]
pub(crate) struct MoveOptions {
    /// The instance, the beginning of it, or its contract's name.
    #[arg(value_name = "INSTANCE")]
    instance: String,
    /// How much.
    #[arg(value_name = "COINS", value_parser = report::parse_amount)]
    amount: Amount,
    #[command(flatten)]
    key: KeyOption,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma money withdraw --key ada")]
pub(crate) struct WithdrawOptions {
    #[command(flatten)]
    key: KeyOption,
}

/// Shows an instance's public state and money.
pub(crate) fn state(context: &Context, options: &StateOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (selected, network) = context.connect().await?;
        let records = context.records(&selected.file)?;
        let instance = lookup::instance(&network, &records, &options.instance)?;
        let program = lookup::program_of(&network, &records, instance).await?;
        let record = network.ledger().instances.get(&instance);
        let state = record
            .map(|record| record.state.clone())
            .unwrap_or_default();
        let values = read_state(program.contract(), &state);
        let people = state
            .balances
            .iter()
            .filter_map(|(account, amount)| Some(((*account)?.to_string(), *amount)));
        let people: Vec<(String, Amount)> = people.collect();
        if context.json {
            let balances = people
                .iter()
                .map(|(account, amount)| (account.clone(), json!(amount.to_string())));
            let balances: serde_json::Map<String, serde_json::Value> = balances.collect();
            let object = json!({
                "instance": instance, "state": result::json(&values),
                "funds": state.balance(None).to_string(), "balances": balances,
            });
            report::data(&object.to_string());
            return Ok(());
        }
        result::show(&values);
        report::data(&format!(
            "funds of the instance: {}",
            report::amount(state.balance(None))
        ));
        for (account, amount) in &people {
            report::data(&format!("{account} has put in {}", report::amount(*amount)));
        }
        Ok(())
    })
}

/// Moves money.
pub(crate) fn run(context: &Context, command: &MoneyCommand) -> Result<(), Problem> {
    runtime()?.block_on(async {
        match command {
            MoneyCommand::Put(options) => shift(context, options, true).await,
            MoneyCommand::Take(options) => shift(context, options, false).await,
            MoneyCommand::Withdraw(options) => withdraw(context, options).await,
        }
    })
}

/// Into an instance, or out of it.
async fn shift(context: &Context, options: &MoveOptions, into: bool) -> Result<(), Problem> {
    let (selected, network) = context.connect().await?;
    let records = context.records(&selected.file)?;
    let instance = lookup::instance(&network, &records, &options.instance)?;
    let wallet = options.key.open(context, &selected)?.wallet();
    let chain = network.chain();
    let done = if into {
        chain.put_in(&wallet, instance, options.amount).await?;
        "put in"
    } else {
        chain.take_out(&wallet, instance, options.amount).await?;
        "taken back"
    };
    let left = chain.balance_in(instance, Some(wallet.address())).await?;
    if context.json {
        let object = json!({
            "instance": instance, "amount": options.amount.to_string(), "balance": left.to_string(),
        });
        report::data(&object.to_string());
        return Ok(());
    }
    report::data(&format!(
        "{} {done}; {} has {} in the instance",
        report::amount(options.amount),
        wallet.address(),
        report::amount(left)
    ));
    if !into {
        report::progress("What was taken back is paid out with `enigma money withdraw`");
    }
    Ok(())
}

async fn withdraw(context: &Context, options: &WithdrawOptions) -> Result<(), Problem> {
    let (selected, network) = context.connect().await?;
    let wallet = options.key.open(context, &selected)?.wallet();
    let paid = job::withdraw(network.chain(), &wallet).await?.unwrap_or(0);
    if context.json {
        report::data(&json!({ "paid": paid.to_string() }).to_string());
    } else if paid == 0 {
        report::data(&format!("nothing is owed to {}", wallet.address()));
    } else {
        report::data(&format!(
            "{} paid to {}",
            report::amount(paid),
            wallet.address()
        ));
    }
    Ok(())
}
