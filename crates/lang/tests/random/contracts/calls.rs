//! The test of a random contract: what everyone gives, what is stored, and calls of its entries.

use super::choices::Choices;
use super::draft::{Given, Param};
use super::frame::{Collection, Frame, Kind};

/// An entry, as calls need it.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) params: Vec<Param>,
    /// Who may call: a party, a group, or everyone.
    pub(crate) by: Option<&'static str>,
}

/// `test "t" { ... }`.
pub(crate) fn test(choices: &mut Choices, frame: &Frame, entries: &[Entry]) -> String {
    let mut text = "  test \"t\" {\n".to_owned();
    for collection in &frame.collections {
        let rows = rows(choices, collection);
        text.push_str(&format!("    given {} = {rows};\n", collection.name));
    }
    if frame.sets {
        for list in ["list", "other"] {
            let len = 3 + choices.pick(4);
            let values: Vec<String> = (0..len).map(|_| hash(choices)).collect();
            text.push_str(&format!("    given {list} = [{}];\n", values.join(", ")));
        }
    }
    if frame.price {
        text.push_str(&format!("    given price = {};\n", choices.secret(0, 99)));
    }
    text.push_str(&set(choices));
    let calls = 1 + choices.pick(entries.len() + 2);
    for _ in 0..calls {
        let entry = &entries[choices.pick(entries.len())];
        let args: Vec<String> = entry
            .params
            .iter()
            .map(|param| arg(choices, param))
            .collect();
        let caller = caller(choices, entry.by);
        text.push_str(&format!(
            "    run {}({}) as {caller};\n",
            entry.name,
            args.join(", ")
        ));
    }
    text + "  }\n"
}

/// One row for each member, or several. Rarely a row is out of range, and few are given.
fn rows(choices: &mut Choices, collection: &Collection) -> String {
    let members = if choices.chance(6) {
        1 + choices.pick(3)
    } else {
        4 + choices.pick(3)
    };
    let mut given = Vec::new();
    for _ in 0..members {
        if collection.each == 1 {
            given.push(row(choices, collection));
            continue;
        }
        let count = 1 + choices.pick(collection.each);
        let rows: Vec<String> = (0..count).map(|_| row(choices, collection)).collect();
        given.push(format!("[{}]", rows.join(", ")));
    }
    format!("[{}]", given.join(", "))
}

fn row(choices: &mut Choices, collection: &Collection) -> String {
    let outside = choices.chance(12);
    let values = collection.columns.iter().map(|column| {
        let value = match column.kind {
            Kind::Number(_, high) if outside => (high + 1).to_string(),
            kind => scalar(choices, kind),
        };
        match column.field {
            "" => value,
            field => format!("{field}: {value}"),
        }
    });
    let values: Vec<String> = values.collect();
    match collection.row {
        Some(row) => format!("{row}({})", values.join(", ")),
        None => values.join(""),
    }
}

/// What is stored before the first call.
fn set(choices: &mut Choices) -> String {
    let mut text = String::new();
    if choices.chance(2) {
        text.push_str(&format!("    set L.n = {};\n", choices.between(-9, 30)));
        text.push_str(&format!("    set MPC.own = {};\n", choices.secret(-50, 50)));
        let (x, y) = (choices.secret(-50, 50), choices.secret(-50, 50));
        let count = 2 + choices.pick(3);
        text.push_str(&format!("    set MPC.sum = [{x}, {y}] count {count};\n"));
    }
    if choices.chance(3) {
        text.push_str(&format!(
            "    set MPC.made = {};\n",
            choices.secret(-90, 90)
        ));
        text.push_str("    set L.open = false;\n");
    }
    text
}

fn scalar(choices: &mut Choices, kind: Kind) -> String {
    match kind {
        Kind::Number(low, high) => choices.secret(low, high).to_string(),
        Kind::Flag => (choices.secret(0, 1) == 1).to_string(),
        Kind::Name => ["Kind::A", "Kind::B", "Kind::C"][choices.secret(0, 2) as usize].to_owned(),
        Kind::Fixed(low, high) => {
            let quarters = choices.secret(4 * low, 4 * high);
            let sign = if quarters < 0 { "-" } else { "" };
            let quarters = quarters.abs();
            let part = ["0", "25", "5", "75"][(quarters % 4) as usize];
            format!("{sign}{}.{part}", quarters / 4)
        }
    }
}

fn hash(choices: &mut Choices) -> String {
    format!("digest_of(\"{}\")", choices.secret(0, 7))
}

/// Public arguments are no secrets: they are the same whatever the secrets are.
fn arg(choices: &mut Choices, param: &Param) -> String {
    let value = match &param.given {
        Given::Scalar(Kind::Number(low, high)) if !param.private => {
            choices.between(*low, *high).to_string()
        }
        Given::Scalar(Kind::Number(_, high)) if choices.chance(20) => (high + 1).to_string(),
        Given::Scalar(kind) => scalar(choices, *kind),
        Given::Hash => hash(choices),
        Given::Text => {
            let texts = ["ab", "abc", "xy", ""];
            format!("\"{}\"", texts[choices.secret(0, 3) as usize])
        }
        Given::List(len, low, high) => {
            let values = (0..*len).map(|_| choices.secret(*low, *high).to_string());
            format!("[{}]", values.collect::<Vec<_>>().join(", "))
        }
        Given::Point => {
            let (x, flag) = (choices.secret(-9, 9), choices.secret(0, 1) == 1);
            format!("Point(x: {x}, flag: {flag})")
        }
    };
    format!("{}: {value}", param.name)
}

/// Mostly somebody who may call.
fn caller(choices: &mut Choices, by: Option<&'static str>) -> String {
    match (choices.pick(8), by) {
        (7, _) => "stranger".to_owned(),
        (k, Some("g")) => format!("g[{}]", k % 4),
        (_, Some(party)) => party.to_owned(),
        (k, None) => ["p", "q", "g[0]", "h[1]", "g[2]", "somebody", "h[0]"][k].to_owned(),
    }
}
