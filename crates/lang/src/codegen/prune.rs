//! Keeps the operations that what is shown depends on, and numbers their registers anew.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::model::{C, Op, S};

/// The operations that outputs need, in their order.
pub(super) fn needed(code: &[Op]) -> Vec<Op> {
    let (mut public, mut secret) = (BTreeSet::new(), BTreeSet::new());
    let mut kept = Vec::new();
    for op in code.iter().rev() {
        let wanted = match registers(op) {
            (Some(Dst::Public(dst)), ..) => public.contains(&dst),
            (Some(Dst::Secret(dst)), ..) => secret.contains(&dst),
            (None, ..) => true,
        };
        if wanted {
            let (_, reads_public, reads_secret) = registers(op);
            public.extend(reads_public);
            secret.extend(reads_secret);
            kept.push(op.clone());
        }
    }
    kept.reverse();
    renumbered(kept)
}

fn renumbered(mut code: Vec<Op>) -> Vec<Op> {
    let (mut public, mut secret) = (BTreeMap::new(), BTreeMap::new());
    for op in &mut code {
        match registers(op).0 {
            Some(Dst::Public(dst)) => {
                let next = public.len() as u16;
                public.insert(dst, C(next));
            }
            Some(Dst::Secret(dst)) => {
                let next = secret.len() as u16;
                secret.insert(dst, S(next));
            }
            None => {}
        }
        let c = |register: &mut C| *register = public.get(register).copied().unwrap_or(*register);
        let s = |register: &mut S| *register = secret.get(register).copied().unwrap_or(*register);
        replace(op, c, s);
    }
    code
}

enum Dst {
    Public(C),
    Secret(S),
}

/// What an operation defines and what it reads.
fn registers(op: &Op) -> (Option<Dst>, Vec<C>, Vec<S>) {
    let (public, secret) = (
        |dst: C| Some(Dst::Public(dst)),
        |dst: S| Some(Dst::Secret(dst)),
    );
    match *op {
        Op::Const { dst, .. } | Op::Rows { dst, .. } => (public(dst), vec![], vec![]),
        Op::Public { dst, a, b, .. } => (public(dst), vec![a, b], vec![]),
        Op::Input { dst, .. } => (secret(dst), vec![], vec![]),
        Op::Add { dst, a, b }
        | Op::Sub { dst, a, b }
        | Op::Mul { dst, a, b }
        | Op::Div { dst, a, b }
        | Op::Compare { dst, a, b, .. } => (secret(dst), vec![], vec![a, b]),
        Op::AddPublic { dst, a, b }
        | Op::MulPublic { dst, a, b }
        | Op::DivPublic { dst, a, b }
        | Op::ComparePublic { dst, a, b, .. }
        | Op::Quantile { dst, a, place: b } => (secret(dst), vec![b], vec![a]),
        Op::Sum { dst, a }
        | Op::SquareRoot { dst, a }
        | Op::Rank { dst, a, .. }
        | Op::First { dst, a, .. }
        | Op::FirstMember { dst, a, .. } => (secret(dst), vec![], vec![a]),
        Op::Select {
            dst,
            bit,
            then,
            otherwise,
        } => (secret(dst), vec![], vec![bit, then, otherwise]),
        Op::Out { src, .. } => (None, vec![], vec![src]),
    }
}

fn replace(op: &mut Op, c: impl Fn(&mut C), s: impl Fn(&mut S)) {
    match op {
        Op::Const { dst, .. } | Op::Rows { dst, .. } => c(dst),
        Op::Public { dst, a, b, .. } => [dst, a, b].into_iter().for_each(c),
        Op::Input { dst, .. } => s(dst),
        Op::Add { dst, a, b }
        | Op::Sub { dst, a, b }
        | Op::Mul { dst, a, b }
        | Op::Div { dst, a, b }
        | Op::Compare { dst, a, b, .. } => [dst, a, b].into_iter().for_each(s),
        Op::AddPublic { dst, a, b }
        | Op::MulPublic { dst, a, b }
        | Op::DivPublic { dst, a, b }
        | Op::ComparePublic { dst, a, b, .. }
        | Op::Quantile { dst, a, place: b } => {
            [dst, a].into_iter().for_each(s);
            c(b);
        }
        Op::Sum { dst, a }
        | Op::SquareRoot { dst, a }
        | Op::Rank { dst, a, .. }
        | Op::First { dst, a, .. }
        | Op::FirstMember { dst, a, .. } => [dst, a].into_iter().for_each(s),
        Op::Select {
            dst,
            bit,
            then,
            otherwise,
        } => [dst, bit, then, otherwise].into_iter().for_each(s),
        Op::Out { src, .. } => s(src),
    }
}
