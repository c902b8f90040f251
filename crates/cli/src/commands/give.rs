//! `enigma give`: deals rows to a collection's committee, verifiably and sealed.

mod rows;

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;
use enigma_bytecode::interface;
use enigma_bytecode::model::RowCount;
use enigma_client::values::{self, Layout, ValueError};
use enigma_client::{GiveOutcome, GivenRows, GivenTo, Network, Owner};
use enigma_wire::id::{CollectionId, MemberIndex};
use serde_json::json;
use zeroize::Zeroizing;

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
  enigma give 1 --row dept=Eng --row income=50000 --key ada
  enigma give 1 '{\"dept\": \"Eng\", \"income\": 50000}' --key ada
  enigma give 1 --csv people.csv --keys people --password-file password.txt
  enigma give 1 --csv visits.csv --key clinic       (several rows, where the contract takes them)
  enigma give 1 '[{\"age\": 40, \"days\": 3}, {\"age\": 51, \"days\": 1}]' --key clinic

A value is a whole number, a decimal such as 12.5 (the nearest that the contract's type has), yes or no, a name
of an enumeration, a text, or bytes as 0x and hexadecimal digits. A row has the values that the contract names;
of lists they are called face.0, face.1 and so on. What is not on the command line is asked for, or read from what
is piped in: one line, or one value in JSON.

Where the contract takes several rows from each, they are a list in JSON, the lines of a file, or --row for each
value, of which a name that the row has already begins the next one. A file without --keys has the rows of the key
that acts, and no column for names.

Giving again before the collection is closed corrects the row, or all rows. A command that was interrupted goes on where it
stopped when it is repeated. The file has the column `name` and one for each value, in any order; a single value
has the collection's name. Each name is that of a key file in --keys. Where a value is called `name`, the names of
keys are in the column `key`.")]
pub(crate) struct GiveOptions {
    /// The collection's number.
    #[arg(value_name = "COLLECTION")]
    collection: u64,
    /// The value of the key that acts, or its row as a JSON object; asked for when it is missing, so that it is
    /// not in the shell's history.
    #[arg(
        value_name = "VALUE",
        allow_hyphen_values = true,
        conflicts_with_all = ["csv", "keys", "row"]
    )]
    value: Option<String>,
    /// A value of a row, by its name; once for each value of each row. Without any they are asked for, so that they are not in the
    /// shell's history.
    #[arg(
        long,
        value_name = "NAME=VALUE",
        value_parser = named,
        conflicts_with_all = ["csv", "keys"]
    )]
    row: Vec<(String, String)>,
    /// CSV file with the rows of each key of --keys, or of the key that acts.
    #[arg(long, value_name = "FILE.csv")]
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

fn named(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=');
    let parts = parts.map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
    parts.ok_or_else(|| "write the value's name and the value, like income=50000".to_owned())
}

/// Gives one row, or one for each key of a file.
pub(crate) fn run(context: &Context, options: &GiveOptions) -> Result<(), Problem> {
    // Negative numbers are values; a mistyped option must not become one, and be given away as somebody's text.
    if let Some(value) = &options.value
        && value.starts_with("--")
    {
        return Err(
            Problem::new(format!("{value:?} is no option, and not taken as a value")).hint(
                "`enigma give --help` shows the options; a text that begins with -- is given as --row NAME=TEXT",
            ),
        );
    }
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
    let (expected, takes_several) = expected(&found)?;
    let members = lookup::members(&network, &records, &found, options.members.as_deref())?;
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
                rows.push((key, person.rows));
            }
            rows
        }
        (Some(csv), None) if takes_several => {
            let rows = people::own_rows(csv, &expected.layout, expected.rows_each)?;
            vec![(options.key.open(context, &selected)?, rows)]
        }
        (Some(_), None) => {
            return Err(Problem::new("whose rows are in the file?")
                .hint("name the folder with the keys of those in it: --keys"));
        }
        _ => {
            let rows = if takes_several {
                rows::several(options, &expected.layout, expected.rows_each)?
            } else {
                vec![own_row(options, &expected.layout)?]
            };
            vec![(options.key.open(context, &selected)?, rows)]
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
    let given: Vec<GivenRows<'_>> = owners
        .iter()
        .map(|(member, owner, rows)| GivenRows {
            owner,
            member: *member,
            rows,
        })
        .collect();
    let what = if takes_several { "members" } else { "rows" };
    let progress = report::Progress::start(given.len(), what);
    let tree = enigma_client::records::member_tree(&members);
    let to = GivenTo {
        collection: found.id,
        members: &tree,
        profile: found.program.contract().profile,
    };
    let outcome = enigma_client::give(
        &mut network,
        &records,
        &to,
        &given,
        &payer.wallet(),
        |done| progress.set(done),
    )
    .await?;
    progress.finish();
    let rows = takes_several.then(|| given.iter().map(|given| given.rows.len()).sum());
    show(context, found.id, &outcome, rows);
    Ok(())
}

/// The row of the key that acts: named value by value, as one value or JSON object, or asked for.
fn own_row(options: &GiveOptions, layout: &Layout) -> Result<Vec<i64>, Problem> {
    let problem = |error: ValueError| Problem::new(error.message).hint(error.expected);
    if !options.row.is_empty() {
        return layout.read_named(&options.row).map_err(problem);
    }
    let text = match (&options.value, layout.fields()) {
        (Some(text), _) => Zeroizing::new(text.clone()),
        (None, [only]) => ask(&only.name)?,
        (None, fields) if std::io::stdin().is_terminal() => {
            let texts = fields.iter().map(|field| ask(&field.name));
            let texts: Vec<Zeroizing<String>> = texts.collect::<Result<_, _>>()?;
            return layout.read(&texts).map_err(problem);
        }
        (None, _) => ask("row")?,
    };
    let text = text.trim();
    if let [only] = layout.fields()
        && !text.starts_with('{')
    {
        return only.read(text).map_err(problem);
    }
    let row = values::parse_json(text).map_err(|error| {
        let names = layout.names().join(", ");
        Problem::new(format!("the row is no JSON object: {error}")).hint(format!(
            "a row has the values {names}: give each as --row NAME=VALUE, or all as one JSON object"
        ))
    })?;
    layout.read_json(&row).map_err(problem)
}

/// A value that is typed, or what is piped in.
fn ask(name: &str) -> Result<Zeroizing<String>, Problem> {
    let stdin = std::io::stdin();
    let is_typed = stdin.is_terminal();
    let read = match is_typed {
        true => rpassword::prompt_password(format!("{name}: ")),
        false => std::io::read_to_string(stdin),
    };
    let text = read
        .map(Zeroizing::new)
        .map_err(|error| Problem::failed(format!("{name} cannot be read: {error}")))?;
    let value = if is_typed { text.trim() } else { piped(&text)? };
    Ok(Zeroizing::new(value.to_owned()))
}

/// The one line or JSON value of what was piped in, to its end: nothing of it is left out silently.
fn piped(text: &str) -> Result<&str, Problem> {
    if text.is_empty() {
        return Err(Problem::new("nothing to give: the input is empty")
            .hint("pipe in one line or JSON value, or run the command in a terminal to be asked"));
    }
    let value = text.trim();
    // What comes after a value in JSON, its reader refuses.
    if !value.starts_with(['{', '[']) && value.lines().nth(1).is_some() {
        return Err(Problem::new("the input has more than one line")
            .hint("one row is given at a time; --csv and --keys give one for each key"));
    }
    Ok(value)
}

/// What the contract takes, and whether that is several rows from each.
fn expected(found: &Found) -> Result<(Expected, bool), Problem> {
    let contract = found.program.contract();
    let slot = usize::from(found.record.terms.slot);
    // The controller's terms were checked against the program when the collection was opened, and every node refuses
    // one that names no collection of the contract.
    let layout = Layout::of_rows(contract, slot).ok_or_else(|| {
        Problem::failed(format!("collection {} is none of its contract's", found.id))
    })?;
    let collection = contract.collections.get(slot);
    let expected = Expected {
        layout,
        people: (1, contract.maximum_givers(slot)),
        rows_each: collection.map_or(1, |collection| collection.rows_each()),
    };
    let takes_several = collection.is_some_and(|collection| collection.rows != RowCount::One);
    Ok((expected, takes_several))
}

/// A member with its keys and its rows.
type Giver = (MemberIndex, Owner, Vec<Vec<i64>>);

fn owners(
    members: &[enigma_client::records::Member],
    values: Vec<(Opened, Vec<Vec<i64>>)>,
    id: CollectionId,
) -> Result<Vec<Giver>, Problem> {
    let place = |(key, rows): (Opened, Vec<Vec<i64>>)| {
        let member = lookup::place(members, key.account(), id)?;
        Ok((member, key.owner(), rows))
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
    let committee = lookup::committee(network, found.id);
    report::progress(&format!("  Shares go to {}.", report::nodes(committee)));
}

/// `rows`: how many there are in all, where a member may give several.
fn show(context: &Context, id: CollectionId, outcome: &GiveOutcome, rows: Option<usize>) {
    if context.json {
        let object = json!({
            "collection": id, "given": outcome.given, "corrected": outcome.corrected,
            "unchanged": outcome.unchanged, "uploaded_bytes": outcome.bytes,
            "rows": rows.unwrap_or(outcome.given + outcome.corrected + outcome.unchanged),
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
    if let Some(rows) = rows {
        parts.push(format!("{rows} rows in all"));
    }
    report::data(&format!("collection {id}: {}", parts.join(", ")));
    report::progress(&format!(
        "Nobody can use a value without its owner's consent: enigma grant {id} --to REQUESTER"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_piped_in_is_one_value() {
        for (text, value) in [
            ("3000", "3000"),
            ("3000\r\n\n", "3000"),
            ("\n", ""),
            ("{\n\"income\": 3\n}\n", "{\n\"income\": 3\n}"),
            ("[1,\n2]", "[1,\n2]"),
        ] {
            assert_eq!(piped(text).expect("one value"), value);
        }
        for (text, what) in [
            ("", "nothing to give"),
            ("3000\n4000\n", "more than one line"),
            ("3000\n\n{}", "more than one line"),
        ] {
            let problem = piped(text).expect_err("refused").to_string();
            assert!(
                problem.contains(what) && problem.contains("\nhint: "),
                "{problem}"
            );
        }
    }
}
