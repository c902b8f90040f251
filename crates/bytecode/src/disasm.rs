//! A compiled contract as text, for people who want to see what runs.

use std::fmt::{self, Write};

use crate::interface::{recipient, shape};
use crate::model::{Contract, Kind, Op, Order, PublicOp, Relation};

/// One line per declaration and operation.
#[must_use]
pub fn disassemble(contract: &Contract) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let written = listing(contract, &mut out);
    debug_assert!(written.is_ok());
    out
}

fn listing(contract: &Contract, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "contract {} version {}",
        contract.name, contract.version
    )?;
    for (i, group) in contract.groups.iter().enumerate() {
        writeln!(
            out,
            "group {i} {} min {} max {}",
            group.name, group.min, group.max
        )?;
    }
    for (i, party) in contract.parties.iter().enumerate() {
        writeln!(out, "party {i} {party}")?;
    }
    for (i, collection) in contract.collections.iter().enumerate() {
        let values = match collection.kind {
            Kind::Bool => "bool".to_owned(),
            Kind::Integer | Kind::MemberOf(_) => {
                format!("range {}..={}", collection.low, collection.high)
            }
        };
        writeln!(
            out,
            "collection {i} {} group {} {values}",
            collection.name, collection.group
        )?;
        for allow in &collection.allows {
            let to: Vec<String> = allow
                .recipients
                .iter()
                .map(|&r| recipient(contract, r))
                .collect();
            writeln!(out, "  allow {} to {}", shape(allow.shape), to.join(", "))?;
        }
    }
    for entry in &contract.entries {
        writeln!(out, "entry {}", entry.name)?;
        entry
            .code
            .iter()
            .try_for_each(|op| operation(contract, op, out))?;
    }
    Ok(())
}

fn operation(contract: &Contract, op: &Op, out: &mut String) -> fmt::Result {
    let collection = |index: u16| {
        contract
            .collections
            .get(usize::from(index))
            .map_or("?", |collection| &collection.name)
    };
    match *op {
        Op::Const { dst, value } => writeln!(out, "  c{} = {value}", dst.0),
        Op::Rows { dst, collection: c } => writeln!(out, "  c{} = rows {}", dst.0, collection(c)),
        Op::Public { dst, op, a, b } => {
            let sign = match op {
                PublicOp::Add => '+',
                PublicOp::Sub => '-',
                PublicOp::Mul => '*',
                PublicOp::Div => '/',
            };
            writeln!(out, "  c{} = c{} {sign} c{}", dst.0, a.0, b.0)
        }
        Op::Input { dst, collection: c } => writeln!(out, "  s{} = input {}", dst.0, collection(c)),
        Op::Add { dst, a, b } => writeln!(out, "  s{} = s{} + s{}", dst.0, a.0, b.0),
        Op::Sub { dst, a, b } => writeln!(out, "  s{} = s{} - s{}", dst.0, a.0, b.0),
        Op::AddPublic { dst, a, b } => writeln!(out, "  s{} = s{} + c{}", dst.0, a.0, b.0),
        Op::MulPublic { dst, a, b } => writeln!(out, "  s{} = s{} * c{}", dst.0, a.0, b.0),
        Op::Mul { dst, a, b } => writeln!(out, "  s{} = s{} * s{}", dst.0, a.0, b.0),
        Op::Sum { dst, a } => writeln!(out, "  s{} = sum s{}", dst.0, a.0),
        Op::DivPublic { dst, a, b } => writeln!(out, "  s{} = s{} / c{}", dst.0, a.0, b.0),
        Op::Div { dst, a, b } => writeln!(out, "  s{} = s{} / s{}", dst.0, a.0, b.0),
        Op::SquareRoot { dst, a } => writeln!(out, "  s{} = sqrt s{}", dst.0, a.0),
        Op::Select {
            dst,
            bit,
            then,
            otherwise,
        } => {
            let (bit, then, otherwise) = (bit.0, then.0, otherwise.0);
            writeln!(out, "  s{} = s{bit} ? s{then} : s{otherwise}", dst.0)
        }
        Op::Quantile { dst, a, place } => {
            writeln!(out, "  s{} = place c{} of sorted s{}", dst.0, place.0, a.0)
        }
        Op::Rank { dst, a, order } => {
            let name = by_order(order, "rank", "rank_desc");
            writeln!(out, "  s{} = {name} s{}", dst.0, a.0)
        }
        Op::Compare {
            dst,
            relation,
            a,
            b,
        } => writeln!(out, "  s{} = s{} {} s{}", dst.0, a.0, sign(relation), b.0),
        Op::ComparePublic {
            dst,
            relation,
            a,
            b,
        } => writeln!(out, "  s{} = s{} {} c{}", dst.0, a.0, sign(relation), b.0),
        Op::First { dst, a, order } => {
            let name = by_order(order, "min", "max");
            writeln!(out, "  s{} = {name} s{}", dst.0, a.0)
        }
        Op::FirstMember { dst, a, order } => {
            let name = by_order(order, "member of min", "member of max");
            writeln!(out, "  s{} = {name} s{}", dst.0, a.0)
        }
        Op::Out { reveal, src } => {
            let line = contract.manifest.get(usize::from(reveal));
            let (name, to) = line.map_or(("?", String::new()), |r| {
                (&r.name, recipient(contract, r.recipient))
            });
            write!(out, "  out s{} as {name} to {to}", src.0)?;
            for &(guarded, rows) in line.map_or(&[][..], |r| &r.min_groups) {
                write!(out, " with min_group({}, {rows})", collection(guarded))?;
            }
            writeln!(out)
        }
    }
}

fn by_order(order: Order, ascending: &'static str, descending: &'static str) -> &'static str {
    match order {
        Order::Ascending => ascending,
        Order::Descending => descending,
    }
}

fn sign(relation: Relation) -> &'static str {
    match relation {
        Relation::Less => "<",
        Relation::Equal => "==",
        Relation::Greater => ">",
    }
}
