//! What the manifest says of entries, and of the contract as a whole.

use std::collections::BTreeSet;

use enigma_bytecode::interface::{millionths, trillionths};

use super::EntryLines;
use super::phrase::{Phrases, capital, listed, number};
use crate::hir::visit::{in_block, in_expr, statements};
use crate::hir::{Entry, Expr, ExprKind, Place, Provider, Root, StmtKind, Store};

impl Phrases<'_> {
    pub(super) fn entry(&self, index: usize) -> Option<EntryLines> {
        let entry = self.checked.hir.entries.get(index)?;
        let mut callers = format!("{} may call it", capital(&self.may_call(index)));
        if let Some(when) = &entry.when {
            callers.push_str(&format!(", when {}", self.code(when.span)));
        }
        let pays = entry.pays.as_ref().map(|pays| self.code(pays.span));
        let mut lines = vec![format!("{callers}.")];
        lines.extend(pays.iter().map(|pays| format!("The caller pays {pays}.")));
        lines.extend(self.given_in_public(entry));
        lines.extend(self.needs(index));
        let reveals = self.reveals(index);
        lines.extend(reveals.iter().map(|(name, recipients)| {
            let made = match self.keyed.contains(&(index, name.as_str())) {
                true => ", made with a signing key",
                false => "",
            };
            format!("It shows `{name}` to {}{made}.", listed(recipients))
        }));
        lines.extend(self.changes(entry));
        lines.extend(self.spends(index));
        let name = entry.name.clone();
        Some(EntryLines {
            name,
            callers,
            pays,
            reveals,
            lines,
        })
    }

    fn given_in_public(&self, entry: &Entry) -> Option<String> {
        let public = entry.params.iter().filter(|param| !param.private);
        let names =
            public.filter_map(|param| entry.locals.get(usize::try_from(param.local.0).ok()?));
        let names: Vec<String> = names.map(|local| format!("`{}`", local.name)).collect();
        (!names.is_empty())
            .then(|| format!("Everyone sees what the caller gives as {}.", listed(&names)))
    }

    /// How much must be given before anything is computed.
    fn needs(&self, index: usize) -> Vec<String> {
        let hir = &self.checked.hir;
        let facts = &self.checked.facts;
        let Some(entry) = facts.entries.get(index) else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        for collection in &entry.collections {
            let Some(declared) = hir.collections.get(*collection) else {
                continue;
            };
            let rows = facts.minimum_rows(hir, index, *collection);
            let members = match declared.provider {
                Provider::Each(group) => hir.groups.get(group).map_or(0, |group| group.min),
                Provider::Party(_) => 0,
            };
            let name = &declared.name;
            let mut least = Vec::new();
            if rows > 1 {
                least.push(format!("{} values of `{name}`", number(rows.into())));
            }
            if members > 1 && u64::from(members) != u64::from(rows) {
                let members = number(members.into());
                least.push(format!("{members} members who give to `{name}`"));
            }
            if !least.is_empty() {
                let least = listed(&least);
                lines.push(format!("Nothing is computed without at least {least}."));
            }
        }
        for (slot, least) in &entry.minimum_contributions {
            let name = hir.slots.get(*slot).map_or("?", |slot| &slot.name);
            let least = number((*least).into());
            lines.push(format!(
                "Nothing is computed before {least} calls have added to `{name}`."
            ));
        }
        lines
    }

    fn reveals(&self, index: usize) -> Vec<(String, Vec<String>)> {
        let entry = self.checked.facts.entries.get(index);
        let reveals = entry.into_iter().flat_map(|entry| &entry.reveals);
        let shown = reveals.map(|reveal| {
            let recipients = reveal.recipients.iter();
            let recipients = recipients.map(|recipient| self.recipient(*recipient, index));
            (reveal.name.clone(), recipients.collect())
        });
        shown.collect()
    }

    /// What it writes and moves.
    fn changes(&self, entry: &Entry) -> Vec<String> {
        let mut written: [BTreeSet<usize>; 3] = Default::default();
        let mut moved = Vec::new();
        statements(&entry.body, &mut |stmt| match &stmt.kind {
            StmtKind::Assign(place, _) | StmtKind::Accumulate(place, _) => {
                if let Place {
                    root: Root::Slot(slot, _),
                    ..
                } = place
                    && let Some(declared) = self.checked.hir.slots.get(*slot)
                {
                    written[store_place(declared.store)].insert(*slot);
                }
            }
            StmtKind::Transfer { .. } => moved.push(self.code(stmt.span)),
            _ => {}
        });
        let mut lines = Vec::new();
        let stores = [
            (Store::Ledger, "on the ledger, where everyone reads it"),
            (Store::Dht, "beside the chain, for those who may read it"),
            (Store::Mpc, "secret-shared"),
        ];
        for (store, what) in stores {
            let slots = written[store_place(store)].iter();
            let names = slots.filter_map(|slot| self.checked.hir.slots.get(*slot));
            let names: Vec<String> = names
                .map(|slot| format!("`{}.{}`", store.name(), slot.name))
                .collect();
            if !names.is_empty() {
                lines.push(format!("It changes {}, {what}.", listed(&names)));
            }
        }
        if !moved.is_empty() {
            lines.push(format!("It moves coins: {}.", listed(&moved)));
        }
        lines
    }

    /// What noise costs the givers.
    fn spends(&self, index: usize) -> Vec<String> {
        let entry = self.checked.facts.entries.get(index);
        let epsilon = entry.into_iter().flat_map(|entry| &entry.epsilon);
        let deltas = entry.map(|entry| &entry.delta);
        let spent = epsilon.filter(|(_, cost)| **cost > 0);
        let line = |(collection, cost): (&usize, &u64)| {
            let name = self.checked.hir.collections.get(*collection);
            let name = name.map_or("?", |collection| &collection.name);
            let cost = millionths(*cost);
            let delta = match deltas.and_then(|deltas| deltas.get(collection)) {
                None | Some(0) => String::new(),
                Some(delta) => format!(", and {} of the delta in it", trillionths(*delta)),
            };
            format!("One run costs each giver of `{name}` {cost} of their privacy budget{delta}.")
        };
        spent.map(line).collect()
    }

    /// What holds for the whole contract; whether anybody learns anything comes last.
    pub(super) fn general(&self) -> Vec<String> {
        let hir = &self.checked.hir;
        let mut lines = Vec::new();
        for group in &hir.groups {
            let name = &group.name;
            let max = number(group.max.into());
            let mut line = format!("`{name}` has at most {max} members");
            if group.min > 1 {
                let min = number(group.min.into());
                line += &format!(", and nothing is computed on what fewer than {min} of them give");
            }
            if let Some(admit) = &group.admit {
                let admit = self.code(admit.condition.span);
                line += &format!("; who belongs is decided by {admit}");
            }
            lines.push(format!("{line}."));
        }
        for slot in hir.slots.iter().filter(|slot| slot.store == Store::Dht) {
            let who = slot.access.as_ref().map_or_else(
                || "anyone".to_owned(),
                |access| format!("whoever fulfils {}", self.code(access.condition.span)),
            );
            lines.push(format!("`DHT.{}` is read by {who}.", slot.name));
        }
        if let Some(budget) = &hir.budget {
            if let Some(total) = budget.epsilon_total {
                let total = millionths(total);
                lines.push(format!(
                    "The noise of all runs costs each giver at most {total} of epsilon; then entries with noise refuse."
                ));
            }
            if let Some(total) = budget.delta_total {
                let total = trillionths(total);
                lines.push(format!(
                    "With a probability of at most {total}, the delta of all runs, it hides less of a giver than that; then entries with Gaussian noise refuse."
                ));
            }
            if let Some(runs) = budget.runs_per_input {
                let noun = if runs == 1 { "run" } else { "runs" };
                let runs = number(runs.into());
                lines.push(format!("A value takes part in at most {runs} {noun}."));
            }
        }
        if !hir.collections.is_empty() {
            lines.push(
                "A value outside of its range or for which its `check` does not hold is refused to its giver; everyone sees how many count."
                    .to_owned(),
            );
        }
        lines.push(
            "Everyone sees who gives to which collection, who calls which entry, when, and whether it was refused, and all that is in `L`."
                .to_owned(),
        );
        let entries = &self.checked.facts.entries;
        let nothing = entries.iter().all(|entry| entry.reveals.is_empty());
        lines.push(match nothing {
            true => "Nobody learns anything private.".to_owned(),
            false => "Nobody learns anything else.".to_owned(),
        });
        lines
    }

    /// Entries that read a slot.
    pub(super) fn users_of(&self, slot: usize) -> Vec<String> {
        let reads = |entry: &&Entry| {
            let mut found = false;
            let mut visit = |expr: &Expr| {
                found |= matches!(expr.kind, ExprKind::Load { slot: read, .. } if read == slot);
            };
            in_block(&entry.body, &mut visit);
            for expr in entry.when.iter().chain(&entry.pays) {
                in_expr(expr, &mut visit);
            }
            found
        };
        let entries = self.checked.hir.entries.iter().filter(reads);
        entries.map(|entry| format!("`{}`", entry.name)).collect()
    }
}

fn store_place(store: Store) -> usize {
    match store {
        Store::Ledger => 0,
        Store::Dht => 1,
        Store::Mpc => 2,
    }
}
