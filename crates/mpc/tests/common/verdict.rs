//! What must hold after a case, whatever the corrupt party did.

use enigma_field::shamir;

use super::*;

impl Case {
    /// What of a fault must be the same in both runs. What the cheat said before may come from what was opened
    /// under a mask, which is another uniform value in each run. Said again where elements are expected, it
    /// may be no element at another place; that it is none somewhere is the same.
    fn comparable(self, fault: &Option<Fault>) -> Option<Fault> {
        let again = matches!(self.mutation, Mutation::Replayed | Mutation::Exchanged);
        match fault {
            Some(Fault::NonCanonical { from, slot, .. }) if again => {
                let (from, slot, index) = (*from, *slot, 0);
                Some(Fault::NonCanonical { from, slot, index })
            }
            other => other.clone(),
        }
    }
}

/// A case and its run.
pub(super) struct Verdict<'a, F: PrimeField> {
    pub(super) case: Case,
    pub(super) run: &'a Run<F>,
}

impl<F: PrimeField> Verdict<'_, F> {
    pub(super) fn check(&self, spoiled: &BTreeSet<Party>) {
        self.check_outputs();
        self.check_accepted();
        self.check_blame();
        self.check_waiting();
        self.check_mutation(spoiled);
    }

    /// Whether parties go on, what they see, and what travels between whom in which order, does not
    /// depend on values that the corrupt party does not know.
    pub(super) fn check_twins(case: Case, first: &Run<F>, second: &Run<F>) {
        for party in first.network.committee().others(case.corrupt) {
            let [one, other] = [first, second].map(|run| &run.players[party.index()]);
            let [seen, as_well] = [one, other].map(|player| case.comparable(&player.fault));
            assert_eq!(seen, as_well, "{case:?}: {party}");
            assert_eq!(one.stage, other.stage, "{case:?}: {party}");
            assert!(
                one.results.keys().eq(other.results.keys()),
                "{case:?}: {party}"
            );
        }
        let [one, other] = [first, second].map(|run| run.transcript.borrow());
        assert!(*one == *other, "{case:?}: what is sent depends on values");
    }

    fn honest(&self) -> impl Iterator<Item = Party> + '_ {
        let committee = self.run.network.committee();
        committee.others(self.case.corrupt)
    }

    fn players(&self) -> impl Iterator<Item = (Party, &Player<F>)> + '_ {
        self.honest()
            .map(|party| (party, &self.run.players[party.index()]))
    }

    /// Nobody got a wrong value.
    fn check_outputs(&self) {
        let mut bits: Option<&[F]> = None;
        for party in self.honest() {
            let Some(output) = self.run.output(party) else {
                continue;
            };
            let expected = self.run.expected(party);
            let (values, made) = output.split_at(expected.len());
            let (shuffled, made) = made.split_at(2 * ROWS);
            self.check_shuffled(shuffled);
            let components = match self.case.n {
                3 => 6 * COMPARED,
                _ => 0,
            };
            let (compared, made) = made.split_at(components);
            self.check_compared(compared);
            assert_eq!(
                values, expected,
                "{:?}: party {party} got it wrong",
                self.case
            );
            assert!(made.iter().all(|bit| bit.to_u128() < 2), "{:?}", self.case);
            assert_eq!(*bits.get_or_insert(made), made, "{:?}", self.case);
        }
        // What was opened under masks is the same for all who got it.
        let opened: Vec<&[F]> = (self.players())
            .filter_map(|(_, player)| match player.results.get(&OPEN_MASKED)? {
                Finished::Opened(opened) => Some(&**opened),
                other => panic!("not opened: {other:?}"),
            })
            .collect();
        assert!(
            opened.windows(2).all(|two| two[0] == two[1]),
            "{:?}",
            self.case
        );
    }

    /// These are the rows, in some order.
    fn check_shuffled(&self, shuffled: &[F]) {
        let [x, y] = &self.run.plain;
        let sorted = |x: &[F], y: &[F]| {
            let rows = x.iter().zip(y).map(|(x, y)| [x.to_u128(), y.to_u128()]);
            let mut rows: Vec<_> = rows.collect();
            rows.sort_unstable();
            rows
        };
        let (left, right) = shuffled.split_at(ROWS);
        assert_eq!(
            sorted(left, right),
            sorted(&x[..ROWS], &y[..ROWS]),
            "{:?}",
            self.case
        );
    }

    /// These are the components of what comparisons tell, if there were any.
    fn check_compared(&self, components: &[F]) {
        let compared = &self.run.plain[0][..COMPARED];
        let less = compared.iter().map(|x| x.to_i128() < 0);
        let equal = compared.iter().map(|x| *x == F::ZERO);
        let tells: [Vec<bool>; 2] = [less.collect(), equal.collect()];
        for (blocks, tells) in components.chunks(3 * COMPARED).zip(tells) {
            for (k, expected) in tells.into_iter().enumerate() {
                let bits = [0, 1, 2].map(|block| blocks[block * COMPARED + k].to_u128());
                assert!(bits.iter().all(|bit| *bit < 2), "{:?}", self.case);
                assert_eq!(
                    bits.iter().sum::<u128>() % 2 == 1,
                    expected,
                    "{:?}",
                    self.case
                );
            }
        }
    }

    /// Who accepted a batch has right shares of right values in it.
    fn check_accepted(&self) {
        for party in self.honest() {
            if self.run.accepted(party, BITS) {
                let bits = self.reconstruct(MAKE_BITS);
                assert!(bits.iter().all(|bit| bit.to_u128() < 2), "{:?}", self.case);
            }
            if self.run.accepted(party, VALUES) {
                let ops = RIGHT;
                let values: Vec<F> = ops.iter().flat_map(|op| self.reconstruct(*op)).collect();
                assert_eq!(values, self.run.expected(party), "{:?}", self.case);
                self.check_shuffled(&self.reconstruct(SHUFFLE));
            }
            if self.run.accepted(party, GATES) {
                self.check_compared(&self.reconstruct(COMPARE));
            }
        }
    }

    /// The values of wires, from the honest parties' shares, the first and the last t + 1 of them.
    fn reconstruct(&self, op: u32) -> Vec<F> {
        let t = self.run.network.committee().degree();
        let all: Vec<(F, &Wires<F>)> = (self.players())
            .map(|(party, player)| (party.point(), &player.wires[&op]))
            .collect();
        let value = |some: &[(F, &Wires<F>)], k: usize| {
            let points: Vec<F> = some.iter().map(|(point, _)| *point).collect();
            let shares: Vec<F> = some.iter().map(|(_, wires)| wires[k]).collect();
            shamir::reconstruct(&points, &shares).expect("distinct points")
        };
        let both = |k: usize| {
            let first = value(&all[..t + 1], k);
            assert_eq!(
                first,
                value(&all[all.len() - t - 1..], k),
                "{:?}",
                self.case
            );
            first
        };
        (0..all[0].1.len()).map(both).collect()
    }

    /// No honest party is named.
    fn check_blame(&self) {
        for (party, player) in self.players() {
            let named = player.fault.iter().flat_map(Fault::culprits);
            for culprit in named {
                let fault = player.fault.as_ref();
                assert_eq!(
                    culprit, self.case.corrupt,
                    "{:?}: {party}: {fault:?}",
                    self.case
                );
            }
        }
    }

    /// Who is neither done nor stopped by a fault waits for somebody who does not send.
    fn check_waiting(&self) {
        let stuck = |party: &Party| {
            let player = &self.run.players[party.index()];
            player.stage < DONE && player.fault.is_none()
        };
        let faults = self.players().any(|(_, player)| player.fault.is_some());
        for party in self.honest().filter(stuck) {
            let mut reached = BTreeSet::from([party]);
            let mut todo = vec![party];
            while let Some(next) = todo.pop() {
                let waits_for = self.run.network.engines[next.index()].waiting_for_any();
                let fresh = waits_for.into_iter().filter(|other| reached.insert(*other));
                todo.extend(fresh);
            }
            let silent = |other: &Party| {
                *other == self.case.corrupt || (faults && self.run.fault(*other).is_some())
            };
            assert!(
                reached.len() > 1,
                "{:?}: {party} waits for nobody",
                self.case
            );
            assert!(reached.iter().any(silent), "{:?}: {reached:?}", self.case);
            let blamed = |other: &Party| silent(other) || stuck(other);
            assert!(reached.iter().all(blamed), "{:?}: {reached:?}", self.case);
        }
    }

    /// What holds for this mutation beside that.
    fn check_mutation(&self, spoiled: &BTreeSet<Party>) {
        let case = self.case;
        let faults: Vec<&Fault> = self
            .players()
            .filter_map(|(_, p)| p.fault.as_ref())
            .collect();
        match case.mutation {
            Mutation::AddToAll
            | Mutation::AddToOne
            | Mutation::AddDifferent
            | Mutation::SignedForAll
            | Mutation::SignedForOne
            | Mutation::Consistent => {
                assert!(!faults.is_empty(), "{case:?}");
                for party in self.honest() {
                    let refuses = match case.kind.batch() {
                        Some(batch) => !self.run.accepted(party, batch),
                        None if case.kind == Kind::Opening => self.run.output(party).is_none(),
                        None => !self.run.accepted(party, case.kind.place::<F>(case.n).0),
                    };
                    let told = case.kind.batch().is_some() || spoiled.contains(&party);
                    assert!(refuses || !told, "{case:?}: {party}");
                }
                if case.mutation == Mutation::Consistent {
                    // Nothing but the claim is wrong.
                    let rejected = Fault::Rejected { op: VALUES };
                    assert!(
                        faults.iter().all(|fault| **fault == rejected),
                        "{case:?}: {faults:?}"
                    );
                }
            }
            Mutation::NonCanonical | Mutation::Truncated | Mutation::Extended => {
                assert!(!faults.is_empty(), "{case:?}");
                let names = |fault: &&Fault| fault.culprits() == [case.corrupt];
                assert!(faults.iter().all(names), "{case:?}: {faults:?}");
            }
            Mutation::Duplicated => {
                assert!(!faults.is_empty(), "{case:?}");
                let copy =
                    |fault: &&Fault| matches!(fault, Fault::Duplicate { .. } | Fault::Stale { .. });
                assert!(faults.iter().all(copy), "{case:?}: {faults:?}");
            }
            Mutation::Dropped | Mutation::DroppedForOne => {
                assert!(faults.is_empty(), "{case:?}: {faults:?}");
                assert!(self.players().any(|(_, p)| p.stage < DONE), "{case:?}");
            }
            Mutation::Delayed => {
                assert!(faults.is_empty(), "{case:?}: {faults:?}");
                assert!(self.players().all(|(_, p)| p.stage == DONE), "{case:?}");
            }
            Mutation::Replayed | Mutation::Exchanged | Mutation::RandomBytes => {}
        }
    }
}
