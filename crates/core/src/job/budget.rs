//! What `privacy` of a contract lets be used up, judged from the ledger as of the job's request: the same at every member,
//! whatever its ledger has seen since ([`Ledger::uses_before`]).
//!
//! A started run is a use, however it ended (decision 0011): what it has opened was drawn, and a run that is drawn anew is
//! charged anew. So noise is drawn as often as the budget allows, and no average over runs that were broken off is better
//! than that. The price of a run is what the bytecode says, which this node has verified
//! ([`Contract::epsilon`], [`Contract::delta`], `enigma_bytecode::privacy`).
//!
//! Each of a job's collections is judged by itself. `runs_per_input` counts the runs over it, of all entries. `epsilon_total` and
//! `delta_total` are of the people: runs over other collections that the instance has from the same givers count, too, but not those over
//! another opening of the same `collect`, whose values are other ones.

use enigma_bytecode::interface::{millionths, trillionths};
use enigma_bytecode::model::Contract;
use enigma_wire::id::{CollectionId, JobId};
use enigma_wire::ledger::{JobRecord, Ledger};

/// Whether the budget has room for a job.
///
/// # Errors
/// In plain words, with what is left.
pub(super) fn check(ledger: &Ledger, program: &Contract, id: JobId) -> Result<(), String> {
    let Some(budget) = program.budget else {
        return Ok(());
    };
    let record = ledger.jobs.get(&id).ok_or("the job is not on the ledger")?;
    let mut collections = record.request.collections.iter();
    collections.try_for_each(|collection| {
        let of = ledger.collections.get(collection);
        let slot = of.ok_or("the collection is not on the ledger")?.terms.slot;
        let asked = Asked {
            ledger,
            program,
            id,
            record,
            collection: *collection,
            slot: usize::from(slot),
        };
        asked.check_runs(budget.runs_per_input)?;
        asked.check_price(&EPSILON, budget.epsilon_total)?;
        asked.check_price(&DELTA, budget.delta_total)
    })
}

/// A part of what noise costs.
struct Price {
    /// The budget that pays for it, as the source calls it.
    budget: &'static str,
    /// Of a run of an entry, for those who gave to a collection.
    of: fn(&Contract, usize, usize) -> u64,
    /// In decimal digits.
    digits: fn(u64) -> String,
}

const EPSILON: Price = Price {
    budget: "epsilon_total",
    of: Contract::epsilon,
    digits: millionths,
};
const DELTA: Price = Price {
    budget: "delta_total",
    of: Contract::delta,
    digits: trillionths,
};

/// A job and one of its collections.
struct Asked<'a> {
    ledger: &'a Ledger,
    program: &'a Contract,
    id: JobId,
    record: &'a JobRecord,
    collection: CollectionId,
    /// Which of the contract's collections it is.
    slot: usize,
}

impl Asked<'_> {
    fn check_runs(&self, most: Option<u32>) -> Result<(), String> {
        let Some(most) = most else { return Ok(()) };
        let before = self.ledger.uses_before(self.id);
        let runs = before.filter(|job| job.request.collections.contains(&self.collection));
        let used = runs.count();
        if (used as u64) < u64::from(most) {
            return Ok(());
        }
        Err(format!(
            "the budget runs_per_input is used up: what was given to {} may take part in {most} runs, and {used} \
             have been started or asked for; have it given again to a new collection",
            self.name()
        ))
    }

    /// Prices of all runs add up: basic composition, which holds for what is asked depending on what was shown, too.
    fn check_price(&self, price: &Price, total: Option<u64>) -> Result<(), String> {
        let of = |job: &JobRecord| {
            let entry = usize::from(job.request.entry);
            (price.of)(self.program, entry, self.slot)
        };
        let cost = of(self.record);
        let Some(total) = total.filter(|_| cost > 0) else {
            return Ok(());
        };
        let before = self.ledger.uses_before(self.id);
        let before = before.filter(|job| self.is_of_same_givers(job));
        let spent = before.map(of).fold(0, u64::saturating_add);
        if spent.saturating_add(cost) <= total {
            return Ok(());
        }
        let entry = self
            .program
            .entries
            .get(usize::from(self.record.request.entry));
        Err(format!(
            "the budget {} is used up: a run of {} costs who gave to {} {} of it, and of {} only {} is left",
            price.budget,
            entry.map_or("?", |entry| &entry.name),
            self.name(),
            (price.digits)(cost),
            (price.digits)(total),
            (price.digits)(total.saturating_sub(spent)),
        ))
    }

    /// Whether a run was over the collection, or over another `collect` of the same instance.
    fn is_of_same_givers(&self, job: &JobRecord) -> bool {
        let is_other = |other: &CollectionId| {
            let other = self.ledger.collections.get(other);
            other.is_some_and(|other| usize::from(other.terms.slot) != self.slot)
        };
        let collections = &job.request.collections;
        collections.contains(&self.collection)
            || (job.request.instance == self.record.request.instance
                && collections.iter().any(is_other))
    }

    fn name(&self) -> &str {
        let collection = self.program.collections.get(self.slot);
        collection.map_or("?", |collection| &collection.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use enigma_wire::controller::{CollectionTerms, Event, Failure, FailureReason, JobRequest};
    use enigma_wire::id::{Address, Hash};
    use enigma_wire::ledger::{CollectionRecord, InstanceRecord};

    use super::*;

    const INSTANCE: Hash = Hash([1; 32]);
    const OTHER_INSTANCE: Hash = Hash([2; 32]);
    /// Values of people, opened twice; their ages; the same in another instance; what a party gives.
    const VALUES: CollectionId = CollectionId(1);
    const LATER: CollectionId = CollectionId(2);
    const AGES: CollectionId = CollectionId(3);
    const ELSEWHERE: CollectionId = CollectionId(4);
    const RATES: CollectionId = CollectionId(5);
    const COUNT: u16 = 0;
    const TOTAL: u16 = 1;
    const EXACT: u16 = 2;
    const OF_AGES: u16 = 3;
    const ROUNDED: u16 = 4;
    const OF_RATES: u16 = 5;

    fn program(privacy: &str) -> Contract {
        let source = format!(
            "contract Budgets version 1 {{
  group staff min 3 max 9;
  party bank;
  privacy {{ delta_total: 0.00001; {privacy} }}
  collect values: private u64 from each staff range 0..=1_000 allow aggregate(3) to public;
  collect age: private u64 from each staff range 0..=100 allow aggregate(3) to public;
  collect rates: private [u64; max 9] from bank range 0..=9 allow aggregate(3) to public;
  entry count() {{ reveal n = values.map(|s| s > 9).count_true() to public with noise(laplace(epsilon: 0.5)); }}
  entry total() {{
    reveal sum = values.sum() to public with noise(laplace(epsilon: 0.3));
    reveal rich = values.map(|s| s > 99).count_true() to public with noise(laplace(epsilon: 0.4));
  }}
  entry exact() {{ reveal sum = values.sum() to public; }}
  entry of_ages() {{ reveal sum = age.sum() to public with noise(laplace(epsilon: 1.0)); }}
  entry rounded() {{ reveal n = values.map(|s| s > 9).count_true() to public with noise(gaussian(epsilon: 0.5, delta: 0.000004)); }}
  entry of_rates() {{ reveal sum = rates.sum() to public with noise(laplace(epsilon: 1.5)); }}
}}"
        );
        let compiled = enigma_lang::compile(&source);
        compiled.contract.expect("it compiles")
    }

    /// A ledger of blocks: events of jobs are applied as they come.
    struct Chain {
        ledger: Ledger,
        next: u64,
    }

    impl Chain {
        fn new() -> Chain {
            let mut ledger = Ledger::default();
            for instance in [INSTANCE, OTHER_INSTANCE] {
                let record = InstanceRecord {
                    contract: Hash([7; 32]),
                    deployer: Address::default(),
                    deployed: 1,
                    committee_size: 3,
                    draw_block: 1,
                    committee: Vec::new(),
                    parties: Vec::new(),
                    state: std::sync::Arc::default(),
                    past: Default::default(),
                };
                ledger.instances.insert(instance, record);
            }
            for (collection, instance, slot) in [
                (VALUES, INSTANCE, 0),
                (LATER, INSTANCE, 0),
                (AGES, INSTANCE, 1),
                (ELSEWHERE, OTHER_INSTANCE, 1),
                (RATES, INSTANCE, 2),
            ] {
                let record = CollectionRecord {
                    opener: Address::default(),
                    terms: CollectionTerms {
                        instance,
                        slot,
                        member_root: Hash::default(),
                        member_count: 9,
                        min_rows: 3,
                    },
                    opened: 1,
                    contributions: BTreeMap::new(),
                    sealed: Some(Hash::default()),
                };
                ledger.collections.insert(collection, record);
            }
            Chain { ledger, next: 1 }
        }

        fn apply(&mut self, event: &Event) {
            self.ledger.head.number += 1;
            self.ledger.apply(event).expect("it is known");
        }

        fn ask(&mut self, collection: CollectionId, entry: u16) -> JobId {
            let job = JobId(self.next);
            self.next += 1;
            let terms = &self.ledger.collections[&collection].terms;
            let request = JobRequest {
                instance: terms.instance,
                entry,
                collections: vec![collection],
                arguments: Vec::new(),
                seal_key: None,
                changes: false,
                pays: 0,
                deadline: 1_000,
            };
            self.apply(&Event::JobRequested {
                job,
                requester: Address::default(),
                request,
                fee: 0,
                use_indexes: vec![0],
            });
            job
        }

        fn start(&mut self, job: JobId) {
            self.apply(&Event::JobStarted { job });
        }

        fn fail(&mut self, job: JobId) {
            let failure = Failure {
                job,
                culprits: 0,
                reason: FailureReason::Refused,
            };
            self.apply(&Event::JobFailed { failure, refund: 0 });
        }

        /// A run that was started, and broken off.
        fn broken(&mut self, collection: CollectionId, entry: u16) {
            let job = self.ask(collection, entry);
            self.start(job);
            self.fail(job);
        }

        /// Whether one more would be admitted; it is refused, if only by the next, and uses nothing.
        fn admits(&mut self, program: &Contract, collection: CollectionId, entry: u16) -> bool {
            let job = self.ask(collection, entry);
            let judged = check(&self.ledger, program, job);
            self.apply(&Event::JobCancelled { job, refund: 0 });
            // Its end in a block of its own.
            self.ledger.head.number += 1;
            judged.is_ok()
        }
    }

    #[test]
    fn what_was_given_takes_part_in_so_many_runs() {
        let program = program("epsilon_total: 100.0; runs_per_input: 2;");
        let mut chain = Chain::new();
        assert!(chain.admits(&program, VALUES, COUNT));
        chain.broken(VALUES, COUNT);
        // All entries count, those without noise, too.
        assert!(chain.admits(&program, VALUES, TOTAL));
        chain.broken(VALUES, EXACT);
        assert!(!chain.admits(&program, VALUES, EXACT));
        let job = chain.ask(VALUES, COUNT);
        assert_eq!(
            check(&chain.ledger, &program, job),
            Err(
                "the budget runs_per_input is used up: what was given to values may take part in 2 runs, and 2 have \
                 been started or asked for; have it given again to a new collection"
                    .to_owned()
            )
        );
        // What is given anew may be used anew.
        assert!(chain.admits(&program, LATER, COUNT));
        assert!(chain.admits(&program, AGES, OF_AGES));
    }

    #[test]
    fn noise_is_paid_by_every_started_run() {
        let program = program("epsilon_total: 2.0;");
        let mut chain = Chain::new();
        chain.broken(VALUES, COUNT);
        chain.broken(VALUES, COUNT);
        // To the last millionth: 1.0 is spent.
        assert!(chain.admits(&program, AGES, OF_AGES));
        assert!(chain.admits(&program, VALUES, TOTAL));
        chain.broken(VALUES, TOTAL);
        assert!(!chain.admits(&program, VALUES, COUNT));
        let job = chain.ask(VALUES, TOTAL);
        assert_eq!(
            check(&chain.ledger, &program, job),
            Err(
                "the budget epsilon_total is used up: a run of total costs who gave to values 0.7 of it, and of 2 only \
                 0.3 is left"
                    .to_owned()
            )
        );
        // What costs nothing goes on; as do other values, other people and other instances.
        assert!(chain.admits(&program, VALUES, EXACT));
        assert!(chain.admits(&program, LATER, COUNT));
        assert!(chain.admits(&program, RATES, OF_RATES));
        assert!(chain.admits(&program, ELSEWHERE, OF_AGES));
        // The same people's ages do not.
        assert!(!chain.admits(&program, AGES, OF_AGES));
    }

    /// Gaussian noise is paid for twice: with epsilon, of which there is enough, and with delta.
    #[test]
    fn deltas_of_all_started_runs_add_up() {
        let program = program("epsilon_total: 100.0;");
        let mut chain = Chain::new();
        chain.broken(VALUES, ROUNDED);
        assert!(chain.admits(&program, VALUES, ROUNDED));
        chain.broken(VALUES, ROUNDED);
        let job = chain.ask(VALUES, ROUNDED);
        assert_eq!(
            check(&chain.ledger, &program, job),
            Err(
                "the budget delta_total is used up: a run of rounded costs who gave to values 0.000004 of it, and of \
                 0.00001 only 0.000002 is left"
                    .to_owned()
            )
        );
        // Noise without a delta, another opening.
        assert!(chain.admits(&program, VALUES, COUNT));
        assert!(chain.admits(&program, LATER, ROUNDED));
        // The other part of its price can be what is missing.
        let mut poor = program.clone();
        poor.budget.as_mut().expect("it has one").epsilon_total = Some(1_499_999);
        let refused = check(&chain.ledger, &poor, job).expect_err("of epsilon 0.499999 is left");
        assert!(
            refused.starts_with("the budget epsilon_total is used up"),
            "{refused}"
        );
    }

    /// Two runs that are asked for before either has started cannot both be admitted if there is room for one.
    #[test]
    fn what_may_still_start_counts() {
        let program = program("epsilon_total: 100.0; runs_per_input: 1;");
        let mut chain = Chain::new();
        let first = chain.ask(VALUES, EXACT);
        let second = chain.ask(VALUES, COUNT);
        let judged =
            |chain: &Chain| [first, second].map(|job| check(&chain.ledger, &program, job).is_ok());
        assert_eq!(judged(&chain), [true, false]);
        // Nor does what comes later change it, in whatever order members see it and are asked again.
        chain.start(first);
        assert_eq!(judged(&chain), [true, false]);
        chain.fail(second);
        assert_eq!(judged(&chain), [true, false]);
        chain.fail(first);
        assert_eq!(judged(&chain), [true, false]);
        assert!(!chain.admits(&program, VALUES, EXACT));
    }

    #[test]
    fn what_ended_before_its_start_uses_nothing() {
        let program = program("epsilon_total: 100.0; runs_per_input: 1;");
        let mut chain = Chain::new();
        let first = chain.ask(VALUES, EXACT);
        let second = chain.ask(VALUES, COUNT);
        chain.fail(first);
        // It was pending when the second was asked for.
        assert!(check(&chain.ledger, &program, second).is_err());
        chain.fail(second);
        assert!(chain.admits(&program, VALUES, COUNT));
        // In one block with the request it counts: whoever looks later must find the same.
        let third = chain.ask(VALUES, COUNT);
        chain.fail(third);
        chain.ledger.head.number -= 1;
        let fourth = chain.ask(VALUES, COUNT);
        assert!(check(&chain.ledger, &program, fourth).is_err());
    }

    #[test]
    fn without_a_budget_nothing_is_asked() {
        let mut program = program("epsilon_total: 100.0; runs_per_input: 1;");
        program.budget = None;
        let mut chain = Chain::new();
        chain.broken(VALUES, EXACT);
        assert!(chain.admits(&program, VALUES, EXACT));
    }
}
