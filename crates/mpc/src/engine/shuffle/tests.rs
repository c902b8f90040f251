//! What only the engine's inside shows: claims on the shares of all parties, and a party that permutes
//! in another way.

use enigma_field::{Committee, Field as _, M61, Party, Shares};
use zeroize::Zeroizing;

use super::*;
use crate::engine::batch::Claim;
use crate::engine::{Engine, Operation};
use crate::fault::{Error, Fault};
use crate::prg::Prg;
use crate::testing::{Network, bare, dealt_seeds, reconstruct, share, values};

const SHUFFLE: u32 = 1;
const BATCH: u32 = 9;
const ROWS: usize = 7;

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

/// Every party's two columns of rows.
fn columns(n: u8) -> Vec<Vec<Wires>> {
    let all = [1, 2].map(|seed| share(committee(n), &values(ROWS, seed), seed));
    let [left, right] = all;
    let pairs = left.into_iter().zip(right);
    pairs.map(|(x, y)| vec![x.into(), y.into()]).collect()
}

/// The claims of all parties for a shuffle of theirs, under weights from one seed.
fn claims(network: &mut Network) -> Vec<Claim<M61>> {
    let prg = Prg::new(&Zeroizing::new([3; 32]));
    let claim = |engine: &mut Engine| {
        let batch = engine.batches.remove(&BATCH).expect("the shuffle's batch");
        batch.claim(&prg, &mut engine.context.scratch)
    };
    network.engines.iter_mut().map(claim).collect()
}

/// The vectors and the value of a claim, from everybody's shares, which must be of degree t.
fn values_of(n: u8, claims: &[Claim<M61>]) -> [Vec<M61>; 3] {
    let values = |shares: &dyn Fn(&Claim<M61>) -> Vec<M61>| {
        let all: Vec<Shares> = claims.iter().map(|claim| shares(claim).into()).collect();
        reconstruct(committee(n), &all)
    };
    [
        values(&|claim| claim.x.to_vec()),
        values(&|claim| claim.y.to_vec()),
        values(&|claim| vec![claim.z]),
    ]
}

fn shuffled(n: u8) -> Network {
    let columns = columns(n);
    let mut network = Network::new(committee(n), 5);
    network.start(|engine, k| engine.start_shuffle(SHUFFLE, BATCH, columns[k].clone()));
    network
}

#[test]
fn shares_of_claims_are_consistent_and_true() {
    for (n, phases) in [(3, 3), (5, 10), (7, 35)] {
        let mut network = shuffled(n);
        network.run().expect("an honest run");
        let [x, y, z] = values_of(n, &claims(&mut network));
        assert_eq!(x.len(), phases * ROWS);
        assert_eq!(M61::dot(&x, &y), z[0]);
        // Each phase has the weights of its rows, in another order, and not those of another phase.
        let mut all: Vec<u64> = x.iter().map(|weight| weight.value()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), x.len());
    }
}

#[test]
fn an_error_in_any_element_of_any_phase_makes_the_claim_wrong() {
    for (n, phases) in [(3, 3u8), (5, 10)] {
        let t = committee(n).degree();
        for step in 0..phases {
            for place in 0..2 * ROWS {
                let mut network = shuffled(n);
                let cheat = network.engines[0].context.before[t - 1];
                let mut spoiled = false;
                network.tamper = Some(Box::new(move |mut frame| {
                    if frame.from == cheat && frame.slot.step == step && !spoiled {
                        spoiled = true;
                        frame.payload[8 * place] ^= 1;
                    }
                    vec![frame]
                }));
                network.run().expect("nobody notices yet");
                network.tamper = None;
                // Any t + 1 honest parties' shares are a sharing of what the error makes.
                let claims = claims(&mut network);
                let honest = |k: usize| network.engines[k].me() != cheat;
                let some: Vec<usize> = (0..usize::from(n)).filter(|k| honest(*k)).collect();
                let subset: Vec<M61> = some[..=t]
                    .iter()
                    .map(|k| network.engines[*k].me().point())
                    .collect();
                let value = |share: &dyn Fn(&Claim<M61>) -> M61| {
                    let shares: Vec<M61> = some[..=t].iter().map(|k| share(&claims[*k])).collect();
                    enigma_field::shamir::reconstruct(&subset, &shares).expect("distinct points")
                };
                let product: M61 = (0..claims[0].x.len())
                    .map(|k| value(&|claim| claim.x[k]) * value(&|claim| claim.y[k]))
                    .sum();
                let deals = subset_of_step(n, step).contains(cheat);
                let wrong = product != value(&|claim| claim.z);
                assert_eq!(wrong, deals, "{n} {step} {place}");
            }
        }
    }
}

fn subset_of_step(n: u8, step: u8) -> PartySet {
    let subsets = prss_subsets(&committee(n)).expect("small");
    subsets[subsets.len() - 1 - usize::from(step)]
}

#[test]
fn a_member_that_permutes_otherwise_is_found() {
    for n in [3, 5] {
        for cheat in committee(n).parties() {
            let count = prss_subsets(&committee(n)).expect("small").len();
            let subsets = count * (committee(n).degree() + 1) / usize::from(n);
            for place in 0..subsets {
                let columns = columns(n);
                let mut network = Network::new(committee(n), 5);
                network.start(|engine, k| {
                    let other = Prg::new(&Zeroizing::new([7; 32]));
                    let wrong = engine.me() == cheat;
                    let mut kept = None;
                    if wrong {
                        let seed = &mut engine.context.keys.subsets[place].0;
                        kept = Some(std::mem::replace(seed, other));
                    }
                    let started = engine.start_shuffle(SHUFFLE, BATCH, columns[k].clone());
                    if let Some(kept) = kept {
                        engine.context.keys.subsets[place].0 = kept;
                    }
                    started
                });
                network.run().expect("nobody notices yet");
                network.start(|engine, _| engine.start_verify(BATCH));
                let (_, fault) = network.run().expect_err("the batch is wrong");
                // Its claim is about its own permutation: its shares do not even fit the others'.
                let (rejected, op) = (Fault::Rejected { op: BATCH }, BATCH);
                let inconsistent =
                    matches!(fault, Fault::Inconsistent { op: seen, .. } if seen == op);
                assert!(inconsistent || fault == rejected, "{fault}");
                assert!(fault.culprits().is_empty());
            }
        }
    }
}

#[test]
fn phases_come_back_in_reverse_with_inverse_permutations() {
    let mut context = Engine::<M61>::new(
        committee(5),
        Party::new(1).expect("a party"),
        dealt_seeds(committee(5), 1).swap_remove(0),
    )
    .context;
    let forth = phases(&mut context, 4, Way::Forth, ROWS, ROWS);
    let back = phases(&mut context, 6, Way::Back { of: 4 }, ROWS, ROWS);
    assert_eq!(forth.len(), 10);
    for (one, other) in forth.iter().zip(back.iter().rev()) {
        assert_eq!(one.members, other.members);
        assert_eq!(one.mine.is_some(), one.members.contains(context.me()));
        let (Some(one), Some(other)) = (&one.mine, &other.mine) else {
            continue;
        };
        let other: Vec<usize> = other.known.permutation.rows().collect();
        let both = one.known.permutation.rows().map(|row| other[row]);
        assert!(both.eq(0..ROWS));
    }
    let again = phases(&mut context, 5, Way::Forth, ROWS, ROWS);
    let differ = forth.iter().zip(&again).filter_map(|(one, other)| {
        let (one, other) = (one.mine.as_ref()?, other.mine.as_ref()?);
        Some(
            !one.known
                .permutation
                .rows()
                .eq(other.known.permutation.rows()),
        )
    });
    assert!(differ.filter(|differ| *differ).count() > 3);
}

/// Party 2 of three shuffles `column` and adds to what it deals: in which phase, to which row, how much.
/// It fits its own shares, so that the honest parties' and its own are consistent sharings of what
/// comes out, which is given; and the honest parties refuse the batch, for that reason alone.
fn cheated(column: &[M61], seed: u64, errors: &[(u8, usize, M61)]) -> Vec<u64> {
    let cheat = 1;
    // A polynomial of degree 1 that is d at 0 and 0 at party 3, who is told nothing by message.
    let at = |party: u64, d: M61| {
        let three = M61::new(3).inverse().expect("not zero");
        d * (M61::ONE - M61::new(party) * three)
    };
    let shares = share(committee(3), column, seed);
    let mut network = Network::new(committee(3), seed);
    let sent = errors.to_vec();
    network.tamper = Some(Box::new(move |mut frame| {
        let mine = frame.from.index() == cheat && frame.slot.op == SHUFFLE;
        for (phase, row, d) in sent
            .iter()
            .filter(|error| mine && error.0 == frame.slot.step)
        {
            assert_eq!((frame.to.number(), *phase == 1), (1, false));
            let bytes = &mut frame.payload[8 * row..][..8];
            let word = u64::from_le_bytes((&*bytes).try_into().expect("eight bytes"));
            bytes.copy_from_slice(&(M61::new(word) + at(1, *d)).to_bytes());
        }
        vec![frame]
    }));
    network.start(|engine, k| {
        engine.start_shuffle(SHUFFLE, BATCH, vec![shares[k].clone().into()])?;
        let running = engine.running.get_mut(&SHUFFLE);
        if let (true, Some(Operation::Shuffling { shuffling, .. })) = (k == cheat, running) {
            for (phase, row, d) in errors {
                let phase = &mut shuffling.phases[usize::from(*phase)];
                phase.sum(column.len())[*row] += at(2, *d);
            }
        }
        Ok::<(), Error>(())
    });
    network.run().expect("nobody notices yet");
    let shuffled = bare(&network.take_wires(SHUFFLE));
    network.start(|engine, _| engine.start_verify(BATCH));
    let mut faults = 0;
    loop {
        match network.deliver_one() {
            Ok(true) => {}
            Ok(false) => break,
            Err((_, fault)) => {
                assert_eq!(fault, Fault::Rejected { op: BATCH });
                faults += 1;
            }
        }
    }
    assert!(faults >= 3, "everybody refuses");
    let accepted = network.engines.iter_mut().filter_map(Engine::take_finished);
    assert_eq!(accepted.count(), 0);
    let result = reconstruct(committee(3), &shuffled);
    result.iter().map(|x| x.value()).collect()
}

#[test]
fn whether_an_attack_is_found_does_not_depend_on_the_rows() {
    // (+d, -d) on two rows (S11): where the rows differ by d the result is a permutation of the
    // rows all the same. Comparing multisets would accept it exactly then, and so tell it.
    let d = M61::new(1000);
    for column in [[5, 1005], [5, 77]] {
        let mut permuted = 0;
        for (first, second) in [(d, -d), (-d, d)] {
            let errors = [(0, 0, first), (0, 1, second)];
            let mut rows = cheated(&column.map(M61::new), 1, &errors);
            rows.sort_unstable();
            permuted += u32::from(rows == column);
        }
        assert_eq!(permuted, u32::from(column == [5, 1005]));
    }
}

#[test]
fn an_error_that_a_later_phase_takes_back_is_found() {
    // Party 2 is in the first and in the last phase, and not in the second. It adds to a row in the
    // first and takes back from a row in the last: if the second phase took the one to the other, the
    // result is right. Comparing rows before the first phase with rows after the last one would
    // accept then, tagged or not, and tell the party where a row went. Every phase is verified.
    let column = [3, 14, 15];
    let d = M61::new(1000);
    for seed in 0..4 {
        let mut right = 0;
        for (early, late) in (0..9).map(|pair| (pair / 3, pair % 3)) {
            let errors = [(0, early, d), (2, late, -d)];
            let mut rows = cheated(&column.map(M61::new), seed, &errors);
            rows.sort_unstable();
            right += u32::from(rows == column);
        }
        // For each row of the first phase one row of the last.
        assert_eq!(right, 3);
    }
}
