//! Keeps the operations that effects and what is shown depend on, and numbers their registers in order.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::model::{C, Op, Register, S};

/// The operations that are needed, in their order.
pub(super) fn needed(mut code: Vec<Op>) -> Vec<Op> {
    let mut wanted = Wanted::default();
    let mut kept = Vec::new();
    while let Some(mut op) = code.pop() {
        if wanted.keeps(&mut op) {
            wanted.reads(&mut op);
            kept.push(op);
        }
    }
    kept.reverse();
    renumbered(without_empty_sides(kept))
}

#[derive(Default)]
struct Wanted {
    public: BTreeSet<C>,
    secret: BTreeSet<S>,
}

impl Wanted {
    /// What defines nothing has an effect, and what defines several registers is needed for any of them.
    fn keeps(&self, op: &mut Op) -> bool {
        if matches!(op, Op::Out { .. } | Op::EachMember { .. }) {
            return true;
        }
        let (_, secrets) = op.defines();
        match op.destination() {
            None => true,
            Some(Register::Public(dst)) => self.public.contains(dst),
            Some(Register::Secret(dst)) => {
                let all = (0..secrets).map(|k| S(dst.0.saturating_add(k as u16)));
                all.into_iter().any(|s| self.secret.contains(&s))
            }
        }
    }

    fn reads(&mut self, op: &mut Op) {
        op.each_register(|register, defined| match register {
            _ if defined => {}
            Register::Public(c) => {
                self.public.insert(*c);
            }
            Register::Secret(s) => {
                self.secret.insert(*s);
            }
        });
    }
}

/// `If`, `Else`, `End` with nothing between them do nothing.
fn without_empty_sides(code: Vec<Op>) -> Vec<Op> {
    let mut kept: Vec<Op> = Vec::new();
    for op in code {
        if op == Op::End {
            if kept.last() == Some(&Op::Else) {
                kept.pop();
            }
            if matches!(kept.last(), Some(Op::If { .. } | Op::EachMember { .. })) {
                kept.pop();
                continue;
            }
        }
        kept.push(op);
    }
    kept
}

fn renumbered(mut code: Vec<Op>) -> Vec<Op> {
    let mut public: BTreeMap<C, C> = BTreeMap::new();
    let mut secret: BTreeMap<S, S> = BTreeMap::new();
    for op in &mut code {
        let defines = op.defines();
        match op.destination() {
            Some(Register::Public(dst)) => {
                for k in 0..defines.0 as u16 {
                    let next = C(public.len() as u16);
                    public.insert(C(dst.0.saturating_add(k)), next);
                }
            }
            Some(Register::Secret(dst)) => {
                for k in 0..defines.1 as u16 {
                    let next = S(secret.len() as u16);
                    secret.insert(S(dst.0.saturating_add(k)), next);
                }
            }
            None => {}
        }
        op.each_register(|register, _| match register {
            Register::Public(c) => *c = public.get(c).copied().unwrap_or(*c),
            Register::Secret(s) => *s = secret.get(s).copied().unwrap_or(*s),
        });
    }
    code
}
