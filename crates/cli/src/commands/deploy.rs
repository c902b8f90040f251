//! `enigma deploy`: puts a contract on the chain and makes an instance of it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use enigma_bytecode::interface;
use enigma_bytecode::model::unsupported;
use enigma_client::{Network, Program, Records};
use enigma_wire::id::{Address, Hash};
use enigma_wire::ledger::InstanceRecord;
use serde_json::json;

use crate::context::{Context, Selected};
use crate::keys::{self, KeyOption, Opened};
use crate::report::{self, Problem};
use crate::{contract, runtime};

/// How long a chain may take for the blocks of a draw.
const DRAW_PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma deploy examples/salaries/salaries.enigma
  enigma deploy examples/payroll_total/payroll_total.enigma --party auditor=ada --nodes 5

A party is named by a key (whose sealing key is then published at once, when it is yours) or by an account,
which publishes its own with `enigma bind`. Parties and nodes are fixed for ever: owners see them before they give.")]
pub(crate) struct DeployOptions {
    /// The contract's source (.enigma) or bytecode (.enb).
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Who a party of the contract is: a key's name or an account [default: the key that deploys].
    #[arg(long = "party", value_name = "PARTY=WHO", value_parser = assignment)]
    parties: Vec<(String, String)>,
    /// Committee size: n = 2t+1 nodes, drawn by lot, of which up to t may misbehave without learning anything.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = crate::args::committee_size)]
    nodes: u8,
    #[command(flatten)]
    key: KeyOption,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma bind PayrollTotal auditor --key ada
  enigma bind 0x5f3a 0 --key ada")]
pub(crate) struct BindOptions {
    /// The contract's name, or an instance's first digits.
    #[arg(value_name = "INSTANCE")]
    instance: String,
    /// The party's name in the contract, or its number, counted from 0.
    #[arg(value_name = "PARTY")]
    party: String,
    #[command(flatten)]
    key: KeyOption,
}

/// Deploys a contract.
pub(crate) fn run(context: &Context, options: &DeployOptions) -> Result<(), Problem> {
    let program = contract::load(&options.file)?;
    if let Some(unsupported) = unsupported(program.contract()) {
        return Err(
            Problem::new(format!("{}: {unsupported}", options.file.display())).hint(format!(
                "{}; `enigma check`, `enigma test` and `enigma build` take it all the same",
                unsupported.need.hint()
            )),
        );
    }
    runtime()?.block_on(deploy(context, options, &program))
}

async fn deploy(
    context: &Context,
    options: &DeployOptions,
    program: &Program,
) -> Result<(), Problem> {
    let (selected, mut network) = context.connect().await?;
    let key = options.key.open(context, &selected)?;
    let parties = parties(context, &selected, options, program, &key)?;
    // Known here before anything is paid: an interrupted deployment can be gone on with.
    let records = context.records(&selected.file)?;
    records.keep_program(program)?;
    let chain = network.chain().clone();
    if !network.ledger().contracts.contains_key(&program.hash()) {
        chain
            .publish(&key.wallet(), program.hash(), program.manifest())
            .await?;
    }
    let accounts: Vec<Address> = parties.iter().map(|party| party.account).collect();
    let instance = network
        .deploy_instance(&key.wallet(), program.hash(), options.nodes, &accounts)
        .await?;
    records.keep_instance(&program.contract().name, instance)?;
    let finished = finish(&mut network, &key, instance, program, &parties).await;
    finished.map_err(|problem| {
        problem.hint(format!(
            "instance {instance} is deployed: `enigma bind` publishes missing keys, `enigma collect open {}` does the rest",
            program.contract().name
        ))
    })?;
    let committee = &network.ledger().instances[&instance].committee;
    let unbound: Vec<&Assigned> = parties.iter().filter(|party| party.key.is_none()).collect();
    if context.json {
        let parties = parties.iter();
        let parties = parties.map(|party| json!({"name": party.name, "account": party.account, "bound": party.key.is_some()}));
        let object = json!({
            "instance": instance, "contract": program.hash(), "manifest": program.manifest(),
            "name": program.contract().name, "deployer": key.account(), "parties": parties.collect::<Vec<_>>(),
            "committee": committee,
        });
        report::data(&object.to_string());
        return Ok(());
    }
    report::data(&format!("instance   {instance}"));
    report::data(&format!("contract   {}", program.hash()));
    report::data(&format!("committee  {}", report::nodes(committee)));
    for party in &parties {
        let bound = if party.key.is_some() {
            ""
        } else {
            "  (not bound yet)"
        };
        report::data(&format!(
            "party      {} = {}{bound}",
            party.name, party.account
        ));
    }
    for sentence in interface::sentences(program.contract()) {
        report::progress(&format!("  {sentence}"));
    }
    for party in unbound {
        report::progress(&format!(
            "Before a collection is opened, {} must run: enigma bind {instance} {}",
            party.account, party.name
        ));
    }
    report::progress(&format!(
        "Next: enigma collect open {} --keys DIR (or --members FILE.csv)",
        program.contract().name
    ));
    Ok(())
}

/// What follows the deployment: keys of our parties, the draw, the contract for the committee.
async fn finish(
    network: &mut Network,
    key: &Opened,
    instance: Hash,
    program: &Program,
    parties: &[Assigned],
) -> Result<(), Problem> {
    let own = parties.iter().enumerate();
    for (number, own) in own.filter_map(|(number, party)| Some((number, party.key.as_ref()?))) {
        let (binding, signature) = own
            .owner()
            .binding(&network.domain(), instance, number as u16);
        let chain = network.chain();
        chain
            .bind_party(&key.wallet(), &binding, Some(&signature))
            .await?;
    }
    prepare_committee(network, key, instance, program).await
}

/// Has an instance's committee drawn, once, and brings it the contract, which nodes that have it take again.
pub(super) async fn prepare_committee(
    network: &mut Network,
    key: &Opened,
    instance: Hash,
    program: &Program,
) -> Result<(), Problem> {
    let spinner = report::Progress::spinner("the committee is drawn");
    network
        .draw_committee(&key.wallet(), instance, DRAW_PATIENCE)
        .await?;
    network
        .upload_contract(&key.secret, instance, program.bytecode())
        .await?;
    spinner.finish();
    Ok(())
}

/// A party of the contract and who it is.
struct Assigned {
    name: String,
    account: Address,
    /// Its key, when it is ours.
    key: Option<Opened>,
}

fn parties(
    context: &Context,
    selected: &Selected,
    options: &DeployOptions,
    program: &Program,
    deployer: &Opened,
) -> Result<Vec<Assigned>, Problem> {
    let names = &program.contract().parties;
    for (name, _) in &options.parties {
        if !names.contains(name) {
            let hint = match names.len() {
                0 => "the contract has no parties".to_owned(),
                _ => format!("the contract's parties are: {}", names.join(", ")),
            };
            return Err(Problem::new(format!("the contract has no party {name:?}")).hint(hint));
        }
    }
    names
        .iter()
        .map(|name| {
            let mut given = options.parties.iter().filter(|(party, _)| party == name);
            let (who, again) = (given.next(), given.next());
            if again.is_some() {
                return Err(Problem::new(format!("party {name} is given twice")));
            }
            let key = match who {
                None => Some(deployer.clone()),
                Some((_, who)) if who.parse::<Address>().is_ok() => None,
                Some((_, who)) => Some(keys::open(
                    context,
                    Some(selected),
                    who,
                    &options.key.password,
                )?),
            };
            let account = match (&key, who) {
                (Some(key), _) => key.account(),
                (None, Some((_, who))) => keys::account(context, Some(selected), who)?,
                (None, None) => deployer.account(),
            };
            Ok(Assigned {
                name: name.clone(),
                account,
                key,
            })
        })
        .collect()
}

/// Publishes a party's sealing key.
pub(crate) fn bind(context: &Context, options: &BindOptions) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (selected, network) = context.connect().await?;
        let key = options.key.open(context, &selected)?;
        let records = context.records(&selected.file)?;
        let instance = super::lookup::instance(&network, &records, &options.instance)?;
        let record = &network.ledger().instances[&instance];
        let number = party_number(&records, record, &options.party)?;
        let expected = record.parties.get(number).map(|party| party.account);
        if expected != Some(key.account()) {
            let expected = expected.map_or("nobody".to_owned(), |account| account.to_string());
            return Err(Problem::new(format!(
                "party {} is {expected}, not {}",
                options.party,
                key.account()
            ))
            .hint("act with the party's own key: --key"));
        }
        let (binding, signature) = key
            .owner()
            .binding(&network.domain(), instance, number as u16);
        network
            .chain()
            .bind_party(&key.wallet(), &binding, Some(&signature))
            .await?;
        if context.json {
            report::data(
                &json!({"instance": instance, "party": options.party, "account": key.account()})
                    .to_string(),
            );
        } else {
            report::data(&format!("party  {} = {}", options.party, key.account()));
        }
        Ok(())
    })
}

/// A party by its name, where the contract is known, or by its number.
fn party_number(records: &Records, record: &InstanceRecord, party: &str) -> Result<usize, Problem> {
    let program = records.program(record.contract);
    let names = program
        .map(|program| program.contract().parties.clone())
        .unwrap_or_default();
    let by_number = party
        .parse()
        .ok()
        .filter(|number| *number < record.parties.len());
    let number = names.iter().position(|name| name == party).or(by_number);
    number.ok_or_else(|| {
        let hint = match (record.parties.len(), names.len()) {
            (0, _) => "the instance has no parties".to_owned(),
            (count, 0) => format!(
                "the contract is not known here: give the party's number, 0 to {}",
                count - 1
            ),
            _ => format!("the instance's parties are: {}", names.join(", ")),
        };
        Problem::new(format!("the instance has no party {party:?}")).hint(hint)
    })
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((party, who)) if !party.is_empty() && !who.is_empty() => {
            Ok((party.trim().to_owned(), who.trim().to_owned()))
        }
        _ => Err("write PARTY=WHO, such as auditor=ada".to_owned()),
    }
}
