//! Who has contributed to accumulators, so that what is shown of one mixes what enough accounts gave: the count that
//! [`Environment::contributions`] asks for.
//!
//! What counts is the difference between two values that may have been seen. Runs show values before they are over, to everyone
//! and so to a member that breaks the run off. So a run that was started and did not take effect is taken to have shown its accumulators as
//! they were: the same value may be shown again, but once somebody has added to it, contributions count from 0. No entry shows an
//! accumulator and adds to it ([`VerifyError::ShownAndAdded`]).
//!
//! [`Environment::contributions`]: enigma_bytecode::plan::Environment::contributions
//! [`VerifyError::ShownAndAdded`]: enigma_bytecode::verify::VerifyError::ShownAndAdded

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use enigma_bytecode::model::Contract;
use enigma_wire::id::Address;

/// A number of an accumulator: slot and column.
type Number = (u16, u16);

/// The contributions to all accumulators of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Contributions {
    /// Who has contributed since the number was shown last: as many accounts as are ever asked for, further ones are not kept.
    accounts: BTreeMap<Number, BTreeSet<Address>>,
    /// Slots whose present value a run may have shown that did not take effect.
    seen: BTreeSet<u16>,
}

/// What a run has done that took effect.
pub(super) struct Ran<'a> {
    pub(super) entry: usize,
    pub(super) caller: Address,
    /// To which numbers its caller has contributed.
    pub(super) contributed: &'a BTreeSet<Number>,
    /// Which slots it has changed.
    pub(super) changed: &'a BTreeSet<u16>,
}

impl Contributions {
    /// Takes in a run that was started after those counted here, and did not take effect.
    pub(super) fn broken_off(&mut self, contract: &Contract, entry: usize) {
        self.seen.extend(shown(contract, entry));
    }

    /// How many contributions are behind each number.
    pub(super) fn found(&self) -> BTreeMap<Number, u32> {
        let count =
            |accounts: &BTreeSet<Address>| u32::try_from(accounts.len()).unwrap_or(u32::MAX);
        let all = self.accounts.iter();
        all.map(|(number, accounts)| (*number, count(accounts)))
            .collect()
    }

    /// Takes in a run that took effect.
    pub(super) fn ran(&mut self, contract: &Contract, run: &Ran<'_>) {
        for slot in run.changed {
            if self.seen.contains(slot) {
                self.begin_anew(*slot);
            }
        }
        let slots: BTreeSet<u16> = run.contributed.iter().map(|(slot, _)| *slot).collect();
        let most = slots.into_iter().map(|slot| (slot, asked(contract, slot)));
        let most: BTreeMap<u16, usize> = most.collect();
        for number in run.contributed {
            let accounts = self.accounts.entry(*number).or_default();
            if accounts.len() < most.get(&number.0).copied().unwrap_or(0) {
                accounts.insert(run.caller);
            }
        }
        for slot in shown(contract, run.entry) {
            self.begin_anew(slot);
        }
    }

    fn begin_anew(&mut self, slot: u16) {
        self.accounts.retain(|(of, _), _| *of != slot);
        self.seen.remove(&slot);
    }
}

/// The accumulators that an entry shows.
pub(super) fn shown(contract: &Contract, entry: usize) -> impl Iterator<Item = u16> {
    let slots = (0..).take(contract.slots.len());
    slots.filter(move |slot| contract.minimum_contributions(entry, usize::from(*slot)) > 0)
}

/// How many contributions to an accumulator any entry asks for, at most.
fn asked(contract: &Contract, slot: u16) -> usize {
    let entries = 0..contract.entries.len();
    let all = entries.map(|entry| contract.minimum_contributions(entry, slot.into()));
    all.max().unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADD: usize = 0;
    const SHOW: usize = 1;
    const OTHER: usize = 2;
    const TALLY: Number = (0, 0);

    fn contract() -> Contract {
        let source = "
contract C version 1 {
  group people min 3 max 50;
  collect pay: private u64 from each people range 0..=9 allow aggregate(3) to caller;
  state MPC {
    tally: private u64 accumulator = 0 allow aggregate(3) to public;
    other: private u64 accumulator = 0 allow aggregate(4) to public;
  }
  entry add(x: private u64 from caller range 0..=9) { MPC.tally += x; }
  entry show() { reveal total = MPC.tally to public; }
  entry other(x: private u64 from caller range 0..=9) { MPC.other += x; }
  entry show_other() { reveal all_others = MPC.other to public; }
  entry pays() { reveal sum_of_pay = pay.sum() to caller; }
}";
        let compiled = enigma_lang::compile(source);
        let contract = compiled.contract;
        contract.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
    }

    fn add(contributions: &mut Contributions, entry: usize, account: u8) {
        let slot = if entry == OTHER { 1 } else { 0 };
        let run = Ran {
            entry,
            caller: Address([account; 20]),
            contributed: &BTreeSet::from([(slot, 0)]),
            changed: &BTreeSet::from([slot]),
        };
        contributions.ran(&contract(), &run);
    }

    fn show(contributions: &mut Contributions) {
        let run = Ran {
            entry: SHOW,
            caller: Address([9; 20]),
            contributed: &BTreeSet::new(),
            changed: &BTreeSet::new(),
        };
        contributions.ran(&contract(), &run);
    }

    fn found(contributions: &Contributions) -> u32 {
        contributions.found().get(&TALLY).copied().unwrap_or(0)
    }

    #[test]
    fn accounts_count_once_and_from_the_last_show() {
        let mut tally = Contributions::default();
        for account in [1, 1, 2, 1] {
            add(&mut tally, ADD, account);
        }
        assert_eq!(found(&tally), 2);
        // More than are asked for are not kept; what other slots get is not counted here.
        for account in [3, 4, 5, 6, 7] {
            add(&mut tally, ADD, account);
            add(&mut tally, OTHER, account);
        }
        assert_eq!(found(&tally), 3);
        assert_eq!(tally.accounts[&(1, 0)].len(), 4);
        show(&mut tally);
        assert_eq!(found(&tally), 0);
        add(&mut tally, ADD, 1);
        assert_eq!(found(&tally), 1);
    }

    /// Two values that differ by less than three accounts' contributions are never both shown.
    #[test]
    fn a_run_that_was_broken_off_has_shown_what_there_was() {
        let mut tally = Contributions::default();
        for account in [1, 2, 3] {
            add(&mut tally, ADD, account);
        }
        tally.broken_off(&contract(), SHOW);
        // The same again says no more.
        assert_eq!(found(&tally), 3);
        add(&mut tally, OTHER, 4);
        assert_eq!(found(&tally), 3);
        add(&mut tally, ADD, 4);
        assert_eq!(found(&tally), 1);
        for account in [5, 6] {
            add(&mut tally, ADD, account);
        }
        assert_eq!(found(&tally), 3);
    }
}
