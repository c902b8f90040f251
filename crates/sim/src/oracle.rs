//! What no run may come to, whatever the network and at most t corrupt parties do.
//!
//! 1. *Right*: what honest parties hold of a result is a sharing of what the plaintext back end gives, what they
//!    show to everyone is that, and the rows they took for valid are those that are.
//! 2. *Just*: an honest party names corrupt ones only. (Not where the network loses or repeats frames.)
//! 3. *Live*: if nobody is corrupt, or only in ways that change no sum, and the network is reliable, all
//!    finish; else an honest party that waits, waits for somebody who is corrupt or stopped at a fault,
//!    directly or through others.
//! 4. *Blind*: another run with other values, and everything else the same, has the same traffic and
//!    ends in the same way; unless what everyone is shown leads it to other plans.
//! 5. *The same*: a case run again has the same trace. (Tried when the case's seed is divisible by 4.)
//! 6. *Calm*: nothing panics, and no honest party refuses to go on for a reason of its own.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use enigma_bytecode::model::Profile;
use enigma_bytecode::plan::Sink;
use enigma_field::interpolation::lagrange_at;
use enigma_field::{M61, M127, Party, PrimeField};

use crate::case::Case;
use crate::node::Ending;
use crate::program::Program;
use crate::run::{Run, Twin, run};
use crate::scene::{Scene, SceneError};

/// Cases whose seed is a multiple run once more, to see that nothing but the case decides.
const REPEATED: u64 = 4;

/// A run and the rules it broke.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The run with the case's own values; none after a panic.
    pub run: Option<Run>,
    /// The broken rules.
    pub violations: Vec<Violation>,
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// Honest parties hold another result.
    WrongResult {
        /// Which of them.
        sink: Sink,
        /// What it should show.
        expected: Vec<i64>,
        /// What they hold; none if their shares do not fit together.
        found: Option<Vec<i64>>,
    },
    /// An honest party shows everyone something else.
    WrongPublic {
        /// The party.
        party: Party,
    },
    /// An honest party took wrong rows for valid.
    WrongValidity {
        /// The party.
        party: Party,
    },
    /// An honest party named another.
    BlamedHonest {
        /// Who named.
        by: Party,
        /// Who was named.
        culprit: Party,
        /// For what.
        fault: String,
    },
    /// An honest party did not finish although nobody did harm and nothing was lost.
    NotFinished {
        /// The party.
        party: Party,
        /// How it ended.
        ending: String,
    },
    /// An honest party waits, and nobody else is to blame.
    Stalled {
        /// The party.
        party: Party,
    },
    /// The party ended otherwise with other values.
    DependsOnValues {
        /// The party.
        party: Party,
        /// How it ended in the first run.
        first: String,
        /// How it ended in the second.
        second: String,
    },
    /// What parties sent, when and how much, was different with other values.
    TrafficDependsOnValues,
    /// The case had another trace when it ran again.
    NotDeterministic,
    /// An honest party refused to go on.
    Refused {
        /// The party.
        party: Party,
        /// Why.
        why: String,
    },
    /// Something panicked.
    Panicked(String),
}

/// Runs a case as often as the rules need, and says which it broke.
///
/// # Errors
/// [`SceneError`] if there is no such run.
pub fn check(case: &Case, program: &Program) -> Result<Verdict, SceneError> {
    let scene = Scene::new(case, program)?;
    let runs = catch_unwind(AssertUnwindSafe(|| {
        let first = run(case, &scene, Twin::First)?;
        let again = case.seed.is_multiple_of(REPEATED);
        let again = again.then(|| run(case, &scene, Twin::First)).transpose()?;
        let second = run(case, &scene, Twin::Second)?;
        Ok::<_, SceneError>((first, again, second))
    }));
    let (first, again, second) = match runs {
        Ok(runs) => runs?,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            let text = text.unwrap_or("no message").to_owned();
            return Ok(Verdict {
                run: None,
                violations: vec![Violation::Panicked(text)],
            });
        }
    };
    let mut judge = Judge {
        case,
        scene: &scene,
        violations: Vec::new(),
    };
    judge.one_run(&first);
    judge.one_run(&second);
    judge.twins(&first, &second);
    if again.is_some_and(|again| first.trace != again.trace) {
        judge.violations.push(Violation::NotDeterministic);
    }
    Ok(Verdict {
        violations: judge.violations,
        run: Some(first),
    })
}

struct Judge<'a> {
    case: &'a Case,
    scene: &'a Scene,
    violations: Vec<Violation>,
}

impl Judge<'_> {
    fn one_run(&mut self, run: &Run) {
        self.results(run);
        let mut mutations = self.case.adversary.mutations.iter();
        let harmless = mutations.all(|mutation| mutation.action.is_harmless());
        let reliable = self.case.network.is_reliable();
        for party in self.honest() {
            let ending = &run.endings[party.index()];
            match ending {
                Ending::Finished { opened, ended, .. } => {
                    if *ended != run.expected.ended {
                        self.violations.push(Violation::WrongPublic { party });
                    }
                    let valid = opened.iter().all(|(_, bits)| *bits == self.scene.valid);
                    if !valid || opened.len() != self.scene.used.len() {
                        self.violations.push(Violation::WrongValidity { party });
                    }
                    continue;
                }
                Ending::Fault(fault) if reliable => {
                    let honest = self.honest();
                    let wronged = fault.culprits().into_iter();
                    for culprit in wronged.filter(|culprit| honest.contains(culprit)) {
                        let fault = fault.to_string();
                        let by = party;
                        self.violations
                            .push(Violation::BlamedHonest { by, culprit, fault });
                    }
                }
                Ending::Fault(_) => {}
                Ending::Refused(why) => {
                    let why = why.clone();
                    self.violations.push(Violation::Refused { party, why });
                }
                Ending::Waiting(_) if reliable && self.is_stalled(run, party) => {
                    self.violations.push(Violation::Stalled { party });
                }
                Ending::Waiting(_) => {}
            }
            if harmless && reliable {
                let ending = ending.to_string();
                self.violations
                    .push(Violation::NotFinished { party, ending });
            }
        }
    }

    /// The honest parties' shares of each result, if enough of them have theirs.
    fn results(&mut self, run: &Run) {
        let outputs = |party: Party| match &run.endings[party.index()] {
            Ending::Finished { outputs, .. } => Some((party, outputs)),
            _ => None,
        };
        let finished: Vec<_> = self.honest().into_iter().filter_map(outputs).collect();
        if finished.len() <= self.scene.committee.degree() {
            return;
        }
        for (place, (sink, expected)) in run.expected.shown.iter().enumerate() {
            let columns: Option<Vec<(Party, &Vec<u128>)>> = (finished.iter())
                .map(|(party, outputs)| {
                    let (held, shares) = outputs.get(place)?;
                    (held == sink).then_some((*party, shares))
                })
                .collect();
            let found = columns.and_then(|columns| match self.scene.profile() {
                Profile::ShamirM61V1 => self.reconstruct::<M61>(&columns),
                Profile::ShamirM127V1 => self.reconstruct::<M127>(&columns),
            });
            if found.as_ref() != Some(expected) {
                self.violations.push(Violation::WrongResult {
                    sink: *sink,
                    expected: expected.clone(),
                    found,
                });
            }
        }
    }

    /// The values behind shares of more than t parties; none if they lie on no polynomial of degree t.
    fn reconstruct<F: PrimeField>(&self, columns: &[(Party, &Vec<u128>)]) -> Option<Vec<i64>> {
        let needed = self.scene.committee.degree() + 1;
        let len = columns.first()?.1.len();
        if columns.iter().any(|(_, column)| column.len() != len) {
            return None;
        }
        let share = |column: &Vec<u128>, k: usize| Some(F::from_i128(column[k].try_into().ok()?));
        let (first, rest) = columns.split_at(needed);
        let points: Vec<F> = first.iter().map(|(party, _)| party.point()).collect();
        let at = |x: F, k: usize| -> Option<F> {
            let shares = first.iter().map(|(_, column)| share(column, k));
            let shares: Vec<F> = shares.collect::<Option<_>>()?;
            Some(F::dot(&lagrange_at(&points, x).ok()?, &shares))
        };
        let value = |k: usize| {
            let mut rest = rest.iter();
            let fits = rest.all(|(party, column)| {
                share(column, k).is_some_and(|share| at(party.point(), k) == Some(share))
            });
            let value = fits.then(|| at(F::ZERO, k)).flatten()?;
            i64::try_from(value.to_i128()).ok()
        };
        (0..len).map(value).collect()
    }

    /// Follows who waits for whom, to somebody who is corrupt or stopped.
    fn is_stalled(&self, run: &Run, party: Party) -> bool {
        let honest = self.honest();
        let mut reached = BTreeSet::new();
        let mut left = vec![party];
        while let Some(party) = left.pop() {
            if !honest.contains(&party) {
                return false;
            }
            match &run.endings[party.index()] {
                Ending::Fault(_) | Ending::Refused(_) => return false,
                Ending::Finished { .. } => {}
                Ending::Waiting(parties) if reached.insert(party) => left.extend(parties),
                Ending::Waiting(_) => {}
            }
        }
        true
    }

    fn twins(&mut self, first: &Run, second: &Run) {
        if first.route != second.route {
            return;
        }
        for party in self.honest() {
            let [one, two] = [first, second].map(|run| run.endings[party.index()].to_string());
            if one != two {
                self.violations.push(Violation::DependsOnValues {
                    party,
                    first: one,
                    second: two,
                });
            }
        }
        if first.traffic != second.traffic {
            self.violations.push(Violation::TrafficDependsOnValues);
        }
    }

    fn honest(&self) -> BTreeSet<Party> {
        let corrupt = self.case.adversary.parties();
        let parties = self.scene.committee.parties();
        parties
            .filter(|party| !corrupt.contains(&party.number()))
            .collect()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::WrongResult {
                sink,
                expected,
                found,
            } => match found {
                Some(found) => write!(f, "{sink:?} is {found:?}, not {expected:?}"),
                None => write!(f, "shares of {sink:?} do not fit together"),
            },
            Violation::WrongPublic { party } => {
                write!(f, "party {party} shows everyone something else")
            }
            Violation::WrongValidity { party } => {
                write!(f, "party {party} took wrong rows for valid")
            }
            Violation::BlamedHonest { by, culprit, fault } => {
                write!(f, "party {by} blames honest party {culprit}: {fault}")
            }
            Violation::NotFinished { party, ending } => {
                write!(
                    f,
                    "nobody does harm and party {party} does not finish: {ending}"
                )
            }
            Violation::Stalled { party } => {
                write!(f, "party {party} waits, and only for honest parties")
            }
            Violation::DependsOnValues {
                party,
                first,
                second,
            } => write!(
                f,
                "how party {party} ends depends on values: {first}; {second}"
            ),
            Violation::TrafficDependsOnValues => f.write_str("traffic depends on values"),
            Violation::NotDeterministic => f.write_str("the same case has two traces"),
            Violation::Refused { party, why } => write!(f, "party {party} refuses: {why}"),
            Violation::Panicked(text) => write!(f, "panic: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "contract Sum version 1 {
        group g min 2 max 9;
        collect a: private i64 from each g range -9..=9 allow aggregate(1) to each g;
        entry e() { reveal total = (a * a).sum() to each g; }
    }";

    /// A good run, spoiled, and what the judge says.
    fn judged(line: &str, spoil: impl Fn(&mut Run)) -> Vec<Violation> {
        let case: Case = line.parse().expect("is a case");
        let program = Program::compile("sum", SOURCE).expect("compiles").remove(0);
        let scene = Scene::new(&case, &program).expect("fits");
        let good = run(&case, &scene, Twin::First).expect("runs");
        let mut bad = good.clone();
        spoil(&mut bad);
        let mut judge = Judge {
            case: &case,
            scene: &scene,
            violations: Vec::new(),
        };
        judge.one_run(&bad);
        judge.twins(&good, &bad);
        judge.violations
    }

    const HONEST: &str =
        "program=sum parties=3 rows=2 invalid=1 seed=1 network=fair adversary=none";
    const CORRUPT: &str =
        "program=sum parties=3 rows=2 invalid=1 seed=1 network=fair adversary=2:coin:delay@0";

    #[test]
    fn a_good_run_breaks_no_rule() {
        assert_eq!(judged(HONEST, |_| {}), []);
        assert_eq!(judged(CORRUPT, |_| {}), []);
    }

    #[test]
    fn a_wrong_share_is_a_wrong_result() {
        let spoil = |run: &mut Run| {
            let Ending::Finished { outputs, .. } = &mut run.endings[0] else {
                panic!("the run is good");
            };
            outputs[0].1[0] ^= 1;
        };
        // With all three shares it is seen that one does not fit, with two the value is another.
        for (line, fits) in [(HONEST, false), (CORRUPT, true)] {
            match &judged(line, spoil)[..] {
                [Violation::WrongResult { found, .. }] => assert_eq!(found.is_some(), fits),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn wrong_rows_are_seen() {
        let spoil = |run: &mut Run| {
            let Ending::Finished { opened, .. } = &mut run.endings[2] else {
                panic!("the run is good");
            };
            opened[0].1[0] ^= true;
        };
        let party = Party::new(3).expect("a number");
        assert_eq!(judged(HONEST, spoil), [Violation::WrongValidity { party }]);
    }

    #[test]
    fn blame_and_waiting_are_judged_by_who_is_corrupt() {
        let [one, two, three] = [1, 2, 3].map(|number| Party::new(number).expect("a number"));
        let ends = |ending: Ending| {
            judged(CORRUPT, |run| run.endings[0] = ending.clone())
                .into_iter()
                .filter(|violation| {
                    !matches!(
                        violation,
                        Violation::DependsOnValues { .. } | Violation::NotFinished { .. }
                    )
                })
                .collect::<Vec<_>>()
        };
        let fault = |from| Ending::Fault(enigma_mpc::Fault::Coin { from, op: 1 });
        assert_eq!(ends(fault(two)), []);
        assert!(matches!(
            ends(fault(three))[..],
            [Violation::BlamedHonest { culprit, .. }] if culprit == three
        ));
        assert_eq!(ends(Ending::Waiting(vec![two])), []);
        let stalled = [Violation::Stalled { party: one }];
        assert_eq!(ends(Ending::Waiting(vec![three])), stalled);
        assert_eq!(ends(Ending::Waiting(Vec::new())), stalled);
        assert!(matches!(
            ends(Ending::Refused("why".to_owned()))[..],
            [Violation::Refused { .. }]
        ));
    }

    #[test]
    fn twins_must_end_alike_and_send_alike() {
        let two = Party::new(2).expect("a number");
        let other_end = judged(CORRUPT, |run| run.endings[0] = Ending::Waiting(vec![two]));
        assert!(matches!(
            other_end[..],
            [
                Violation::NotFinished { .. },
                Violation::DependsOnValues { .. }
            ]
        ));
        let other_traffic = judged(HONEST, |run| run.traffic[0] ^= 1);
        assert_eq!(other_traffic, [Violation::TrafficDependsOnValues]);
    }
}
