//! Long random sequences of calls, sound and unsound, drive contract and reference model; every answer
//! and the final state must agree.

mod support;

use std::collections::BTreeMap;

use enigma_core::controller::{Call, SignedContribution};
use enigma_wire::controller::FailureReason;
use enigma_wire::effects::{Effects, Transfer};
use enigma_wire::id::{CollectionId, Hash, JobId};
use enigma_wire::ledger::JobState;
use enigma_wire::sign::{SecretKey, Signature};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use support::*;

const STEPS: u32 = 250;

struct Dice(ChaCha20Rng);

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.below(count) == 0
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u32) as usize]
    }

    /// Sometimes damages a signature.
    fn touch(&mut self, signature: &mut Signature) {
        if self.one_in(12) {
            let place = self.below(65) as usize;
            signature.0[place] ^= 1 << self.below(8);
        }
    }
}

/// An instance that exists if there is one.
fn random_instance(pair: &Pair, dice: &mut Dice) -> Hash {
    let known: Vec<Hash> = pair.model.ledger().instances.keys().copied().collect();
    match known.is_empty() || dice.one_in(12) {
        true => Hash([1; 32]),
        false => *dice.pick(&known),
    }
}

/// A random call and who sends it with how much.
fn random_call(pair: &Pair, dice: &mut Dice) -> (SecretKey, u128, Call) {
    let ledger = pair.model.ledger();
    let node = 1 + dice.below(6);
    let collection = CollectionId(1 + u64::from(dice.below(3)));
    let known = ledger.collections.contains_key(&collection);
    let member = dice.below(5);
    let developer = key(if dice.one_in(10) { RELAYER } else { DEVELOPER });
    let relayer = key(RELAYER);
    match dice.below(if known { 22 } else { 8 }) {
        0 | 1 => {
            let keys = if dice.one_in(4) {
                1 + dice.below(6)
            } else {
                node
            };
            let mut call = pair.register_as(&operator(node), node_info(keys), &signer(keys));
            if let Call::RegisterNode { proof, .. } = &mut call {
                dice.touch(proof);
            }
            (operator(node), DEPOSIT - u128::from(dice.one_in(10)), call)
        }
        2 if dice.one_in(3) => (operator(node), 0, Call::RetireNode),
        2 => (operator(node), 0, Call::ReleaseDeposit),
        3 => {
            let (contract, manifest) = (CONTRACT, MANIFEST);
            (developer, 0, Call::Publish { contract, manifest })
        }
        4 if dice.one_in(2) => {
            let mut parties: Vec<_> = (0..dice.below(4) as u16)
                .map(|number| party(number).address())
                .collect();
            if dice.one_in(4) {
                parties.resize(dice.below(20) as usize, Default::default());
            }
            let contract = CONTRACT;
            let committee_size = *dice.pick(&[3, 3, 3, 5, 4]);
            let deploy = Call::Deploy {
                contract,
                committee_size,
                parties,
            };
            (developer, 0, deploy)
        }
        4 => random_binding(pair, dice),
        5 | 6 => {
            let mut terms = terms(random_instance(pair, dice));
            terms.min_rows = dice.below(4);
            (developer, 0, Call::OpenCollection(terms))
        }
        7 => match dice.below(3) {
            0 => (operator(node), 0, Call::Withdraw),
            1 => {
                let amount = u128::from(dice.below(4) * 20);
                (
                    key(REQUESTER),
                    amount,
                    Call::PutIn(random_instance(pair, dice)),
                )
            }
            _ => {
                let (instance, amount) = (random_instance(pair, dice), u128::from(dice.below(50)));
                (key(REQUESTER), 0, Call::TakeOut { instance, amount })
            }
        },
        8 | 9 => (relayer, 0, Call::DrawCommittee(random_instance(pair, dice))),
        10 | 11 => {
            let count = 1 + dice.below(2);
            let mut items: Vec<SignedContribution> = Vec::new();
            for i in 0..count {
                let member = (member + i) % 5;
                let earlier = &ledger.collections[&collection].contributions;
                let next = earlier
                    .get(&enigma_wire::id::MemberIndex(member))
                    .map_or(0, |earlier| earlier.revision + 1);
                let revision = if dice.one_in(8) { dice.below(3) } else { next };
                let mut item = pair.contribution(collection, member, revision);
                dice.touch(&mut item.signature);
                for receipt in &mut item.receipts {
                    if dice.one_in(4) {
                        dice.touch(receipt);
                    }
                }
                items.push(item);
            }
            (relayer, 0, Call::Contribute(items))
        }
        12 => {
            let (consent, mut signature) =
                pair.consent(collection, member, u64::from(dice.below(5)));
            dice.touch(&mut signature);
            (relayer, 0, Call::Grant(vec![(consent, signature)]))
        }
        13 => {
            let nonce = u64::from(dice.below(6));
            let (revocation, mut signature) = pair.revocation(collection, member, nonce);
            dice.touch(&mut signature);
            let signature = (!dice.one_in(3)).then_some(signature);
            let by = if dice.one_in(2) {
                owner(member)
            } else {
                relayer
            };
            (
                by,
                0,
                Call::Revoke {
                    revocation,
                    signature,
                },
            )
        }
        14 => (developer, 0, Call::SealCollection(collection)),
        15..=17 => {
            let entry = dice.below(3) as u16;
            let deadline = if dice.one_in(8) { 5 } else { FAR };
            let mut collections = vec![collection];
            if dice.one_in(4) {
                collections.push(CollectionId(1 + u64::from(dice.below(3))));
            }
            let request = pair.request(&collections, entry, deadline);
            (key(REQUESTER), u128::from(dice.below(1_000)), request)
        }
        _ => {
            let open = ledger
                .jobs
                .iter()
                .filter(|(_, job)| job.state == JobState::Open);
            let open: Vec<JobId> = open.map(|(job, _)| *job).collect();
            let job = if open.is_empty() || dice.one_in(8) {
                JobId(u64::from(dice.below(4)))
            } else {
                *dice.pick(&open)
            };
            let of = ledger
                .jobs
                .get(&job)
                .map_or(collection, |job| job.request.collections[0]);
            let size = pair.committee(of).len().max(3) as u8;
            let members: Vec<u8> = (0..size).filter(|_| !dice.one_in(3)).collect();
            let mut call = match dice.below(6) {
                0 => Call::ExpireJob(job),
                1 => {
                    let call = Call::CancelJob(job);
                    return (
                        key(if dice.one_in(3) { RELAYER } else { REQUESTER }),
                        0,
                        call,
                    );
                }
                2 | 3 => return (operator(node), 0, Call::StartJob(job)),
                4 => {
                    let mut failure =
                        pair.failure(job, dice.below(1 << size) & dice.below(1 << size));
                    if failure.culprits == 0 {
                        failure.reason = FailureReason::Refused;
                    }
                    pair.fail(of, failure, &members)
                }
                _ => {
                    let effects = random_effects(dice);
                    let mut certificate = pair.certificate(of, job);
                    if !dice.one_in(6) {
                        certificate.effects = effects.hash();
                    }
                    pair.settle_with(of, certificate, effects, &members)
                }
            };
            if let Call::Settle { signatures, .. } | Call::FailJob { signatures, .. } = &mut call {
                signatures
                    .iter_mut()
                    .for_each(|signature| dice.touch(signature));
            }
            (relayer, 0, call)
        }
    }
}

/// What a run may change: often nothing, sometimes more than there is.
fn random_effects(dice: &mut Dice) -> Effects {
    if dice.one_in(2) {
        return Effects::default();
    }
    let account = key(REQUESTER).address();
    let transfers = (0..dice.below(3)).map(|_| Transfer {
        from: (!dice.one_in(2)).then_some(account),
        to: key(RELAYER).address(),
        amount: u128::from(dice.below(30)),
    });
    Effects {
        transfers: transfers.collect(),
        writes: (0..dice.below(4)).map(|byte| byte as u8).collect(),
        paid: u128::from(dice.below(60)),
    }
}

/// A party's key, bound by its signature through a relayer or in person.
fn random_binding(pair: &Pair, dice: &mut Dice) -> (SecretKey, u128, Call) {
    let instances: Vec<Hash> = pair.model.ledger().instances.keys().copied().collect();
    let number = dice.below(3) as u16;
    let (mut binding, mut signature) = pair.binding(*dice.pick(&instances), number);
    if dice.one_in(8) {
        binding.seal_key = Default::default();
    }
    dice.touch(&mut signature);
    let signature = (!dice.one_in(3)).then_some(signature);
    let by = if dice.one_in(2) {
        party(number)
    } else {
        key(RELAYER)
    };
    (by, 0, Call::BindParty { binding, signature })
}

async fn campaign(seed: u64) {
    let mut dice = Dice(ChaCha20Rng::seed_from_u64(seed));
    // Something to work on, so that most steps reach deep rules.
    let (mut pair, instance) = Pair::with_committee(4, 3).await;
    pair.opened(instance).await;
    pair.sealed(instance).await;
    let (mut accepted, mut refused) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..STEPS {
        let (by, value, call) = random_call(&pair, &mut dice);
        match pair.call(&by, value, &call).await {
            Ok(events) => {
                for event in events {
                    let text = format!("{event:?}");
                    let name = text.split([' ', '(']).next().unwrap_or_default();
                    *accepted.entry(name.to_owned()).or_insert(0) += 1;
                }
            }
            Err(rule) => *refused.entry(rule).or_insert(0) += 1,
        }
        if dice.one_in(15) {
            pair.pass(40).await;
        }
    }
    pair.check_state().await;
    // A campaign in which nothing ever works, or nothing ever fails, tests little.
    assert!(
        accepted.len() >= 12 && refused.len() >= 15,
        "{accepted:?} {refused:?}"
    );
}

macro_rules! campaigns {
    ($($name:ident: $seed:literal)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            campaign($seed).await;
        }
    )*};
}

campaigns! {
    seed_1: 1
    seed_2: 2
    seed_3: 3
    seed_4: 4
}
