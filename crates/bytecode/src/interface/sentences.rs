//! The manifest in plain sentences, for those who own the data.

use super::names::{Names, millionths, trillionths};
use crate::model::{
    Collection, Column, Contract, Kind, Op, Provider, Recipient, Reveal, Shape, Source, Store,
};

/// Who learns what, one sentence or two per reveal, that nobody learns anything else, and how much of what
/// each gave may be used up.
#[must_use]
pub fn sentences(contract: &Contract) -> Vec<String> {
    let lines = contract.manifest.iter().enumerate();
    let mut out: Vec<String> = lines
        .map(|(index, reveal)| disclosure(Names(contract), index, reveal))
        .collect();
    let checked = contract.collections.iter();
    out.extend(checked.filter(|one| one.check.is_some()).map(|one| {
        format!(
            "Of each row of `{}` it becomes known whether it fulfils a condition of this contract; those that do not are left out.",
            one.name
        )
    }));
    out.push(if out.is_empty() {
        "Nobody learns anything.".to_owned()
    } else {
        "Nobody learns anything else.".to_owned()
    });
    let admits = contract.groups.iter();
    out.extend(admits.filter(|group| group.admit.is_some()).map(|group| {
        format!(
            "Who belongs to `{}` is decided by a condition on what is public; what others give as its members is left out.",
            group.name
        )
    }));
    let kept = contract.slots.iter();
    out.extend(kept.filter(|slot| slot.store == Store::Dht).map(|slot| {
        format!(
            "What is in `{}` is public to the nodes of the committee; they give it to those who fulfil a condition of this contract.",
            slot.name
        )
    }));
    let budget = contract.budget.as_ref();
    if let Some(runs) = budget.and_then(|budget| budget.runs_per_input) {
        let runs = if runs == 1 {
            "1 computation".to_owned()
        } else {
            format!("{runs} computations")
        };
        out.push(format!("What is given is used in at most {runs}."));
    }
    if let Some(epsilon) = budget.and_then(|budget| budget.epsilon_total) {
        out.push(format!(
            "What all noisy results together tell about one giver stays within epsilon = {}: what \
             would go beyond is not computed.",
            millionths(epsilon)
        ));
    }
    if let Some(delta) = budget.and_then(|budget| budget.delta_total) {
        out.push(format!(
            "With a probability of at most {}, counted over all of them, they may tell more than that.",
            trillionths(delta)
        ));
    }
    out
}

fn disclosure(names: Names<'_>, index: usize, reveal: &Reveal) -> String {
    let sources: Vec<String> = reveal
        .sources
        .iter()
        .map(|&(from, shape)| source(names, reveal.entry, from, shape))
        .collect();
    let sources = if sources.is_empty() {
        "public values only".to_owned()
    } else {
        sources.join(", and from ")
    };
    format!(
        "{}{}. It is computed by `{}` from {sources}.",
        who_learns_what(names, reveal),
        conditions(names.0, index, reveal),
        names.entry(reveal.entry),
    )
}

fn who_learns_what(names: Names<'_>, reveal: &Reveal) -> String {
    let name = &reveal.name;
    match reveal.recipients[..] {
        [Recipient::EachOf(group)] => format!(
            "Each of `{}` learns `{name}`, {}",
            names.group(group),
            the_same(names, &reveal.columns)
        ),
        [Recipient::OwnerOf(collection)] => format!(
            "Each person who gives {} to `{}` learns their own `{name}`, and nobody else's",
            match row(names, collection) {
                "row" => "rows",
                _ => "a value",
            },
            names.collection(collection)
        ),
        [recipient] => format!(
            "{} learns `{name}`, {}",
            capitalised(&person(names, recipient)),
            whole(names, &reveal.columns)
        ),
        ref several => {
            let people = several.iter().map(|&r| person(names, r)).collect();
            format!(
                "{} learn `{name}`, {}",
                capitalised(&listed(people)),
                whole(names, &reveal.columns)
            )
        }
    }
}

fn person(names: Names<'_>, recipient: Recipient) -> String {
    match recipient {
        Recipient::EachOf(group) => format!("each of `{}`", names.group(group)),
        Recipient::OwnerOf(collection) => {
            format!("each who gives to `{}`", names.collection(collection))
        }
        Recipient::Party(party) => format!("the party `{}`", names.party(party)),
        Recipient::Caller => "the caller".to_owned(),
        Recipient::Public => "everyone".to_owned(),
    }
}

/// What all of a group get.
fn the_same(names: Names<'_>, columns: &[Column]) -> String {
    match columns {
        [column] if is_number(column.kind) => "the same number for all".to_owned(),
        [
            Column {
                kind: kind @ Kind::MemberOf(_),
                ..
            },
        ] => {
            format!("the same for all: {}", one(names, *kind))
        }
        _ => format!("the same for all, {}", whole(names, columns)),
    }
}

/// What the columns are together. Pieces of bytes are not told apart.
fn whole(names: Names<'_>, columns: &[Column]) -> String {
    let Some(first) = columns.first() else {
        return "nothing".to_owned();
    };
    let alike = columns.iter().all(|column| column.kind == first.kind);
    match (columns.len(), first.kind) {
        (1, kind) => one(names, kind),
        (_, Kind::Limb) if alike => "some bytes".to_owned(),
        (n, kind) if alike && is_number(kind) => format!("{n} numbers"),
        (n, kind) if alike => format!("{n} times {}", one(names, kind)),
        _ => {
            let mut parts: Vec<String> = Vec::new();
            for column in columns {
                let part = match column.kind {
                    Kind::Limb => "some bytes".to_owned(),
                    kind => format!("`{}` ({})", column.name, one(names, kind)),
                };
                if parts.last() != Some(&part) {
                    parts.push(part);
                }
            }
            listed(parts)
        }
    }
}

fn one(names: Names<'_>, kind: Kind) -> String {
    match kind {
        Kind::Integer | Kind::Fixed(_) => "a number".to_owned(),
        Kind::Bool => "yes or no".to_owned(),
        Kind::Enum(index) => {
            let variants = names.0.enums.get(usize::from(index));
            let variants = variants.map_or(&[][..], |one| &one.variants[..]);
            let quoted = variants.iter().map(|name| format!("`{name}`")).collect();
            format!("which of {}", listed(quoted))
        }
        Kind::Bytes(_) | Kind::Limb => "some bytes".to_owned(),
        Kind::Account => "an account".to_owned(),
        Kind::MemberOf(collection) => {
            let values = rows(names, collection);
            format!(
                "who gave one of the {values} of `{}`",
                names.collection(collection)
            )
        }
    }
}

fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Integer | Kind::Fixed(_))
}

/// Under which conditions and how exactly it is shown.
fn conditions(contract: &Contract, index: usize, reveal: &Reveal) -> String {
    let mut out = String::new();
    if let Some(least) = reveal.hidden_below {
        let entry = contract.entries.get(usize::from(reveal.entry));
        let code = entry.map_or(&[][..], |entry| &entry.code[..]);
        let counts = code.iter().find_map(|op| match op {
            Op::Out { reveal, counts, .. } if usize::from(*reveal) == index => Some(counts.len()),
            _ => None,
        });
        let each = if counts.is_some_and(|counts| counts > 1) {
            "each "
        } else {
            ""
        };
        out += &format!(", {each}only if at least {least} match, else only that fewer do");
    }
    if let Some(noise) = &reveal.noise {
        let both = match noise.counts {
            Some(_) => ", as is how many match",
            None => "",
        };
        let cost = millionths(noise.cost());
        let delta = match noise.delta_cost() {
            0 => String::new(),
            delta => format!(", delta = {}", trillionths(delta)),
        };
        out += &format!(", blurred by random noise (epsilon = {cost}{delta}{both})");
    }
    out
}

fn source(names: Names<'_>, entry: u16, source: Source, shape: Shape) -> String {
    match source {
        Source::Collection(index) => collection(names, entry, index, shape),
        Source::Slot(index) => slot(names, entry, index, shape),
        Source::Param(index) => format!("the caller's own `{}`", names.param(entry, index)),
    }
}

fn collection(names: Names<'_>, entry: u16, index: u16, shape: Shape) -> String {
    let name = names.collection(index);
    let declared = names.0.collections.get(usize::from(index));
    let values = rows(names, index);
    let given = match declared.map(|collection| collection.provider) {
        Some(Provider::Party(party)) => {
            let party = names.party(party);
            if declared.is_some_and(Collection::is_single) {
                return match shape {
                    Shape::Bit => {
                        format!("a yes or no about the value `{name}` of the party `{party}`")
                    }
                    _ => format!("the value `{name}` of the party `{party}`"),
                };
            }
            format!(" of the party `{party}`")
        }
        Some(Provider::Each(_)) | None => String::new(),
    };
    let least = names.0.minimum_rows(usize::from(entry), usize::from(index));
    match shape {
        Shape::Aggregate(_) | Shape::Member => {
            format!("all {values} of `{name}`{given} together, at least {least} of them")
        }
        Shape::Bit => format!("a yes or no about {values} of `{name}`{given}"),
        Shape::PerOwner => {
            let own = row(names, index);
            format!(
                "their own {own} of `{name}` compared or combined with the others, at least {least} in all"
            )
        }
        Shape::Any => {
            format!("{values} of `{name}`{given}, which their owners allow to be shown in any form")
        }
    }
}

fn slot(names: Names<'_>, entry: u16, index: u16, shape: Shape) -> String {
    let name = names.slot(index);
    match shape {
        Shape::Aggregate(least) => {
            let asked = names
                .0
                .minimum_contributions(usize::from(entry), usize::from(index));
            let least = least.max(asked);
            format!("what is stored as `{name}`, at least {least} inputs mixed")
        }
        Shape::Member => format!("what is stored as `{name}`: who it is"),
        Shape::Bit => format!("a yes or no about what is stored as `{name}`"),
        Shape::PerOwner | Shape::Any => {
            format!("what is stored as `{name}`, which may be shown in any form")
        }
    }
}

/// `row` when the elements of a collection have several columns, else `value`: also of bytes.
fn row(names: Names<'_>, collection: u16) -> &'static str {
    match names.0.collections.get(usize::from(collection)) {
        Some(Collection { columns, .. })
            if columns.len() > 1 && columns.iter().any(|column| column.kind != Kind::Limb) =>
        {
            "row"
        }
        _ => "value",
    }
}

fn rows(names: Names<'_>, collection: u16) -> &'static str {
    match row(names, collection) {
        "row" => "rows",
        _ => "values",
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(mut parts: Vec<String>) -> String {
    match parts.pop() {
        None => "nobody".to_owned(),
        Some(last) if parts.is_empty() => last,
        Some(last) => format!("{} and {last}", parts.join(", ")),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
