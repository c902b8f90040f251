//! What leaves a run: reveals and transfers.

use super::Shown;
use super::machine::Machine;
use super::refusal::{Refusal, Run, internal};
use super::transcript::Event;
use super::world::Transfer;
use crate::hir::{Expr, Guard, Recipient, Reveal};
use crate::value::{Account, Value};

impl Machine<'_> {
    /// Shows a value, if its guards let it. Noise is what the real run adds: here there is none.
    pub(super) fn reveal(&mut self, reveal: &Reveal) -> Run<()> {
        let mut value = self.value(&reveal.value)?;
        let mut hidden = Vec::new();
        for guard in &reveal.guards {
            match guard {
                Guard::MinGroup { count, least, .. } => {
                    if let Some(enough) = self.min_group(reveal, count, least)? {
                        hidden.push(enough);
                    }
                }
                Guard::Noise { .. } => {}
            }
        }
        if !hidden.is_empty() {
            value = match suppress(&value, &hidden) {
                Some(value) => value,
                None => return internal(reveal.name_span, "counts and values differ in number"),
            };
        }
        let is_public = reveal
            .recipients
            .iter()
            .any(|(who, _)| *who == Recipient::Public);
        self.see(|| Event::Reveal {
            name: reveal.name.clone(),
            value: is_public.then(|| value.clone()),
        });
        if let Some(local) = reveal.local {
            self.bind(local, value.clone());
        }
        let owner = reveal.recipients.iter().find_map(|(who, _)| match who {
            Recipient::OwnerOf(collection) => Some(*collection),
            _ => None,
        });
        let shown = match owner.and_then(|collection| self.rows.get(&collection)) {
            Some(rows) => match rows.per_giver(&value) {
                Some(values) => Shown::PerOwner(values),
                None => return internal(reveal.name_span, "not one value per row"),
            },
            None => Shown::One(value),
        };
        self.results.insert(reveal.name.clone(), shown);
        Ok(())
    }

    /// A public count that is too small refuses the run. Of private ones: whether there are enough, of a list one by one.
    fn min_group(&mut self, reveal: &Reveal, count: &Expr, least: &Expr) -> Run<Option<Value>> {
        let counts = self.value(count)?;
        let least = self.whole(least)?;
        let enough = |count: &Value| count.number().map(|count| count >= least);
        if self.is_public(count.id) {
            let all = counts.elements().unwrap_or(std::slice::from_ref(&counts));
            let small = all.iter().find(|count| enough(count) == Some(false));
            return match small.and_then(Value::number) {
                Some(count) => Err(Box::new(Refusal::SmallGroup {
                    reveal: reveal.name.clone(),
                    count,
                    least,
                })),
                None => Ok(None),
            };
        }
        let truths = match &counts {
            Value::List(counts) => {
                let truths = counts.iter().map(|count| enough(count).map(Value::Truth));
                truths.collect::<Option<_>>().map(Value::list)
            }
            count => enough(count).map(Value::Truth),
        };
        match truths {
            Some(truths) => Ok(Some(truths)),
            None => internal(count.span, "not a count"),
        }
    }

    /// Moves what an account has deposited, or the contract's own funds.
    pub(super) fn transfer(&mut self, from: Option<&Expr>, to: &Expr, amount: &Expr) -> Run<()> {
        let from = from.map(|from| self.account(from)).transpose()?;
        let to = self.account(to)?;
        let amount = self.whole(amount)?;
        match &from {
            Some(account) => self.pay(account, amount)?,
            None => {
                let has = self.world.funds + self.earned;
                if amount < 0 {
                    return Err(Box::new(Refusal::Negative { amount }));
                }
                if amount > has {
                    return Err(Box::new(Refusal::Funds { has, amount }));
                }
                self.earned -= amount;
            }
        }
        let transfer = Transfer { from, to, amount };
        self.see(|| Event::Transfer(transfer.clone()));
        self.transfers.push(transfer);
        Ok(())
    }

    /// Takes an amount from what an account has deposited.
    pub(super) fn pay(&mut self, account: &Account, amount: i128) -> Run<()> {
        if amount < 0 {
            return Err(Box::new(Refusal::Negative { amount }));
        }
        let paid = self.paid.get(account).copied().unwrap_or(0);
        let has = self.world.deposit(account) - paid;
        if amount > has {
            let account = account.show(self.hir);
            return Err(Box::new(Refusal::Deposit {
                account,
                has,
                amount,
            }));
        }
        self.paid.insert(account.clone(), paid + amount);
        Ok(())
    }
}

/// The value where all conditions hold, else nothing; of lists of conditions element by element.
fn suppress(value: &Value, conditions: &[Value]) -> Option<Value> {
    let lists = conditions
        .iter()
        .any(|condition| condition.elements().is_some());
    if !lists {
        let mut truths = conditions.iter().map(Value::truth);
        let all = truths.try_fold(true, |all, truth| Some(all && truth?))?;
        return Some(if all {
            Value::some(value.clone())
        } else {
            Value::Maybe(None)
        });
    }
    let values = value.elements()?;
    let element = |(i, value): (usize, &Value)| {
        let here = |condition: &Value| match condition {
            Value::List(truths) => truths.get(i).cloned(),
            one => Some(one.clone()),
        };
        let here: Option<Vec<Value>> = conditions.iter().map(here).collect();
        suppress(value, &here?)
    };
    let shown: Option<Vec<Value>> = values.iter().enumerate().map(element).collect();
    let lengths = conditions
        .iter()
        .filter_map(Value::elements)
        .map(<[Value]>::len);
    let same = lengths.into_iter().all(|len| len == values.len());
    shown.filter(|_| same).map(Value::list)
}
