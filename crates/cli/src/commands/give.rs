//! `enigma give`: deals values to a collection's committee, verifiably and sealed.

use std::path::PathBuf;

use clap::Args;
use enigma_bytecode::interface;
use enigma_client::{GiveOutcome, GivenRow, Network, Owner};
use enigma_wire::id::{CollectionId, MemberIndex};
use serde_json::json;

use super::lookup::{self, Found};
use crate::context::Context;
use crate::keys::{self, KeyOption, Opened};
use crate::people::{self, Expected};
use crate::report::{self, Problem};
use crate::runtime;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma give 1 --key ada                 (asks for the value)
  enigma give 1 845000 --key ada
  enigma give 1 --csv people.csv --keys people --password-file password.txt

Giving again before the collection is closed corrects the value. A command that was interrupted goes on where
it stopped when it is repeated. The file has the columns `name` and the collection's name; each name is that
of a key file in --keys.")]
pub(crate) struct GiveOptions {
    /// The collection's number.
    #[arg(value_name = "COLLECTION")]
    collection: u64,
    /// The value of the key that acts; asked for when it is missing, so that it is not in the shell's
    /// history.
    #[arg(
        value_name = "VALUE",
        allow_hyphen_values = true,
        conflicts_with_all = ["csv", "keys"]
    )]
    value: Option<String>,
    /// CSV file with one value for each key.
    #[arg(long, value_name = "FILE.csv", requires = "keys")]
    csv: Option<PathBuf>,
    /// Folder with the key files that the names in the file mean.
    #[arg(long, value_name = "DIR", requires = "csv")]
    keys: Option<PathBuf>,
    /// The opener's member list, when it is not known here.
    #[arg(long, value_name = "FILE.csv")]
    members: Option<PathBuf>,
    /// The key that pays for the transactions; owners need no coins [default: as for --key].
    #[arg(long, value_name = "NAME")]
    payer: Option<String>,
    #[command(flatten)]
    key: KeyOption,
}

/// Gives one value, or one for each key of a file.
pub(crate) fn run(context: &Context, options: &GiveOptions) -> Result<(), Problem> {
    runtime()?.block_on(give(context, options))
}

async fn give(context: &Context, options: &GiveOptions) -> Result<(), Problem> {
    let (selected, mut network) = context.connect().await?;
    let records = context.records(&selected.file)?;
    let found = lookup::collection(&network, &records, options.collection).await?;
    if found.record.sealed.is_some() {
        return Err(Problem::new(format!("collection {} is closed", found.id))
            .hint("values can be given and corrected only while it is open"));
    }
    if found.record.committee.is_empty() {
        return Err(
            Problem::failed(format!("collection {} has no committee yet", found.id)).hint(
                "the committee is drawn when the collection is opened; try again in a moment",
            ),
        );
    }
    let expected = expected(&found);
    let members = lookup::members(&records, &found, options.members.as_deref())?;
    let values = match (&options.csv, &options.keys) {
        (Some(csv), Some(folder)) => {
            let people = people::read(csv, &expected)?;
            let mut opened = keys::open_folder(folder, &options.key.password)?;
            let mut rows = Vec::new();
            for person in people {
                let key = opened.remove(&person.name).ok_or_else(|| {
                    Problem::new(format!(
                        "{}: there is no key {:?} in {}",
                        csv.display(),
                        person.name,
                        folder.display()
                    ))
                    .hint(format!(
                        "`enigma keys new --csv {} --dir {}` makes the missing ones",
                        csv.display(),
                        folder.display()
                    ))
                })?;
                rows.push((key, person.value));
            }
            rows
        }
        _ => {
            let text = match &options.value {
                Some(text) => text.clone(),
                None => ask_value(&expected.column)?,
            };
            let value = people::value(text.trim(), &expected)
                .map_err(|(message, hint)| Problem::new(message).hint(hint))?;
            vec![(options.key.open(context, &selected)?, value)]
        }
    };
    let payer = match &options.payer {
        Some(name) => keys::open(context, Some(&selected), name, &options.key.password)?,
        None => options
            .key
            .payer(context, &selected, values.first().map(|(key, _)| key))?,
    };
    tell_who_learns(&network, &found);

    let owners = owners(&members, values, found.id)?;
    let rows: Vec<GivenRow<'_>> = owners
        .iter()
        .map(|(member, owner, value)| GivenRow {
            owner,
            member: *member,
            value: *value,
        })
        .collect();
    let progress = report::Progress::start(rows.len(), "rows");
    let tree = enigma_client::records::member_tree(&members);
    let outcome = enigma_client::give(
        &mut network,
        &records,
        (found.id, &tree),
        &rows,
        &payer.wallet(),
        |done| progress.set(done),
    )
    .await?;
    progress.finish();
    show(context, found.id, &outcome);
    Ok(())
}

/// A value that is typed, or piped in.
fn ask_value(column: &str) -> Result<String, Problem> {
    use std::io::IsTerminal as _;
    let read = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("{column}: "))
    } else {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    };
    read.map_err(|error| Problem::failed(format!("the value cannot be read: {error}")))
}

fn expected(found: &Found) -> Expected {
    let contract = found.program.contract();
    let slot = usize::from(found.record.terms.slot);
    // The slot exists: the controller's terms were checked against the program when it was opened, and a
    // collection that names another is refused by every node.
    let collection = contract.collections.get(slot);
    // Of several columns committees take none yet.
    let column = collection.and_then(|item| item.columns.first());
    Expected {
        column: collection.map_or(String::new(), |item| item.name.clone()),
        range: column.map_or((0, 0), |column| (column.low, column.high)),
        boolean: column.is_some_and(|column| column.kind == enigma_bytecode::model::Kind::Bool),
        people: (1, contract.maximum_rows(slot)),
    }
}

fn owners(
    members: &[enigma_client::records::Member],
    values: Vec<(Opened, i64)>,
    id: CollectionId,
) -> Result<Vec<(MemberIndex, Owner, i64)>, Problem> {
    let place = |(key, value): (Opened, i64)| {
        let member = lookup::place(members, key.account(), id)?;
        Ok((member, key.owner(), value))
    };
    values.into_iter().map(place).collect()
}

/// Before anything leaves the machine: what the data may be used for.
fn tell_who_learns(network: &Network, found: &Found) {
    report::progress(&format!("{} says:", found.program.contract().name));
    for sentence in interface::sentences(found.program.contract()) {
        report::progress(&format!("  {sentence}"));
    }
    let instance = network.ledger().instances.get(&found.record.terms.instance);
    let parties = instance.map_or(&[][..], |instance| &instance.parties);
    for (party, name) in parties.iter().zip(&found.program.contract().parties) {
        report::progress(&format!("  Party `{name}` is {}.", party.account));
    }
}

fn show(context: &Context, id: CollectionId, outcome: &GiveOutcome) {
    if context.json {
        let object = json!({
            "collection": id, "given": outcome.given, "corrected": outcome.corrected,
            "unchanged": outcome.unchanged, "uploaded_bytes": outcome.bytes,
        });
        report::data(&object.to_string());
        return;
    }
    let mut parts = vec![format!("{} given", outcome.given)];
    if outcome.corrected > 0 {
        parts.push(format!("{} corrected", outcome.corrected));
    }
    if outcome.unchanged > 0 {
        parts.push(format!("{} unchanged", outcome.unchanged));
    }
    report::data(&format!("collection {id}: {}", parts.join(", ")));
    report::progress(&format!(
        "Nobody can use a value without its owner's consent: enigma grant {id} --to REQUESTER"
    ));
}
