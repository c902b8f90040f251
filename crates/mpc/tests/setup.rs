//! The session's setup: agreement of all keys, and every cheat named.

use std::collections::BTreeMap;

use ed25519_dalek::{Signer, SigningKey};
use enigma_field::{Committee, M61, Party};
use enigma_mpc::testing::{Network, TestRng, bare, draw, reconstruct};
use enigma_mpc::{
    Engine, Fault, Finished, Identity, Misuse, Peers, SessionId, SessionSeeds, Setup, Wires, cost,
};

const SESSION: SessionId = SessionId([7; 32]);
const HELLO: u8 = 1;
const KEY: std::ops::Range<usize> = 1..33;
const PROOF: std::ops::Range<usize> = 33..97;
const SIGNATURE: std::ops::Range<usize> = 97..162;
const SEED: std::ops::Range<usize> = 162..194;
const SEED_SIGNATURE: std::ops::Range<usize> = 194..259;

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

fn party(number: u8) -> Party {
    Party::new(number).expect("a party")
}

/// A long-term key of the right shape: a signature's last byte is unused.
struct TestIdentity(SigningKey);

struct TestPeers;

fn identity(party: Party) -> TestIdentity {
    TestIdentity(SigningKey::from_bytes(&[party.number(); 32]))
}

impl Identity for TestIdentity {
    fn sign(&self, digest: [u8; 32]) -> [u8; 65] {
        let mut signature = [0; 65];
        signature[..64].copy_from_slice(&self.0.sign(&digest).to_bytes());
        signature
    }
}

impl Peers for TestPeers {
    fn verify(&self, party: Party, digest: [u8; 32], signature: &[u8; 65]) -> bool {
        let Ok(signature) = ed25519_dalek::Signature::from_slice(&signature[..64]) else {
            return false;
        };
        let key = identity(party).0.verifying_key();
        key.verify_strict(&digest, &signature).is_ok()
    }
}

fn setup(committee: Committee, me: Party, session: SessionId, seed: u64) -> Setup {
    let mut rng = TestRng::new(seed * 100 + u64::from(me.number()));
    Setup::new(session, committee, me, &identity(me), &mut rng).expect("a member")
}

type Edit = Box<dyn FnMut(Party, Party, Vec<u8>) -> Vec<Vec<u8>>>;

/// Runs a setup with messages in an order drawn from `seed`, edited on their way; what each party
/// ends with, and the payload bytes each sent.
fn run(
    committee: Committee,
    seed: u64,
    mut edit: Edit,
) -> Result<(Vec<SessionSeeds>, Vec<u64>), (Party, Fault)> {
    let mut setups: Vec<Setup> = committee
        .parties()
        .map(|me| setup(committee, me, SESSION, seed))
        .collect();
    let mut sent = vec![0; committee.len()];
    let mut rng = TestRng::new(seed);
    let mut in_flight = Vec::new();
    loop {
        for (from, setup) in committee.parties().zip(&mut setups) {
            while let Some((to, bytes)) = setup.next_send() {
                sent[from.index()] += bytes.len() as u64;
                for bytes in edit(from, to, bytes) {
                    in_flight.push((from, to, bytes));
                }
            }
        }
        if in_flight.is_empty() {
            break;
        }
        let place = rng.below(in_flight.len());
        let (from, to, bytes) = in_flight.swap_remove(place);
        if let Err(fault) = setups[to.index()].handle(from, &bytes, &TestPeers) {
            assert_eq!(
                setups[to.index()].handle(from, &bytes, &TestPeers),
                Err(fault.clone())
            );
            assert!(setups[to.index()].finish().is_none());
            return Err((to, fault));
        }
    }
    let finish = |setup: &mut Setup| {
        assert_eq!(setup.waiting_for(), []);
        let seeds = setup.finish().expect("the setup is complete");
        assert!(setup.finish().is_none(), "seeds are handed out once");
        seeds
    };
    Ok((setups.iter_mut().map(finish).collect(), sent))
}

fn honest() -> Edit {
    Box::new(|_, _, bytes| vec![bytes])
}

/// Edits hellos of `cheat` to `victim`.
fn edit_hello(cheat: Party, victim: Party, edit: impl Fn(&mut Vec<u8>) + 'static) -> Edit {
    Box::new(move |from, to, mut bytes| {
        if from == cheat && to == victim && bytes[0] == HELLO {
            edit(&mut bytes);
        }
        vec![bytes]
    })
}

fn fault_of(committee: Committee, seed: u64, edit: Edit) -> (Party, Fault) {
    run(committee, seed, edit)
        .map(|_| ())
        .expect_err("the cheat is noticed")
}

#[test]
fn a_setup_gives_keys_that_fit_together() {
    for n in [3, 5, 7, 9, 11, 21, 31] {
        let committee = committee(n);
        let (seeds, sent) = run(committee, 1, honest()).expect("an honest setup");
        for (me, sent) in committee.parties().zip(sent) {
            assert_eq!(cost::setup(committee, me).payload_bytes, sent);
        }
        let engines = (committee.parties().zip(seeds))
            .map(|(party, seeds)| Engine::<M61>::new(committee, party, seeds))
            .collect();
        let mut network: Network = Network::with_engines(engines, 1);
        // Bits use all keys of subsets and pairs, products the pairs in both directions.
        network.start(|engine, _| engine.start_random(0, 20));
        network.run().expect("an honest run");
        let random = network.take_wires(0);
        let plain = reconstruct(committee, &bare(&random));
        network.start(|engine, k| {
            engine.start_multiply(1, 9, vec![(random[k].clone(), random[k].clone())])
        });
        network.start(|engine, _| engine.start_random_bits(2, 9, 20));
        network.run().expect("an honest run");
        let mut products = Vec::new();
        for engine in &mut network.engines {
            let mut finished: BTreeMap<_, _> =
                std::iter::from_fn(|| engine.take_finished()).collect();
            match finished.remove(&1) {
                Some(Finished::Wires(wires)) => products.push(wires),
                other => panic!("not wires: {other:?}"),
            }
        }
        let squares: Vec<M61> = plain.iter().map(|value| value.square()).collect();
        assert_eq!(reconstruct(committee, &bare(&products)), squares);
        // Verification uses the keys that sign and those that coins come from.
        network.start(|engine, _| engine.start_verify(9));
        network.run().expect("honest parties accept");
        for finished in network.take(9) {
            assert!(matches!(finished, Finished::Accepted));
        }
    }
}

#[test]
fn sessions_and_runs_have_different_keys() {
    let committee = committee(3);
    let values = |seed| {
        let (seeds, _) = run(committee, seed, honest()).expect("an honest setup");
        let wires: Vec<Wires> = (committee.parties().zip(seeds))
            .map(|(party, seeds)| draw(&mut Engine::new(committee, party, seeds), 0, 4))
            .collect();
        reconstruct(committee, &bare(&wires))
    };
    assert_ne!(values(1), values(2));
    assert_eq!(values(1), values(1));
}

#[test]
fn a_key_without_proof_names_its_sender() {
    let committee = committee(3);
    let cheat = party(2);
    // A key that somebody else made, properly signed by the cheat's long-term key: it has no proof.
    for range in [KEY, PROOF] {
        let edit = edit_hello(cheat, party(1), move |bytes| {
            let foreign = SigningKey::from_bytes(&[99; 32]);
            match range.len() {
                32 => bytes[range.clone()].copy_from_slice(&foreign.verifying_key().to_bytes()),
                _ => bytes[range.start] ^= 1,
            }
            resign_hello(cheat, bytes);
        });
        let (receiver, fault) = fault_of(committee, 3, edit);
        assert_eq!(receiver, party(1));
        assert_eq!(fault, Fault::SetupPossession { from: cheat });
        assert_eq!(fault.culprits(), [cheat]);
    }
}

#[test]
fn a_proof_for_another_party_or_session_is_none() {
    let committee = committee(3);
    // Party 3 presents party 2's key and proof as its own, under its own signature.
    let honest_hello = |session| {
        let mut setup = setup(committee, party(2), session, 3);
        let hellos = std::iter::from_fn(move || setup.next_send());
        hellos.map(|(_, bytes)| bytes).next().expect("a hello")
    };
    let stolen = honest_hello(SESSION);
    let edit = edit_hello(party(3), party(1), move |bytes| {
        bytes[KEY.start..PROOF.end].copy_from_slice(&stolen[KEY.start..PROOF.end]);
        resign_hello(party(3), bytes);
    });
    let fault = fault_of(committee, 3, edit).1;
    assert_eq!(fault, Fault::SetupPossession { from: party(3) });
    // Party 2 presents its key and proof of an earlier session.
    let earlier = honest_hello(SessionId([8; 32]));
    let edit = edit_hello(party(2), party(1), move |bytes| {
        bytes[KEY.start..PROOF.end].copy_from_slice(&earlier[KEY.start..PROOF.end]);
        resign_hello(party(2), bytes);
    });
    let fault = fault_of(committee, 3, edit).1;
    assert_eq!(fault, Fault::SetupPossession { from: party(2) });
}

#[test]
fn weak_keys_are_refused() {
    // The identity point, for which anybody can make a signature that a lax check accepts.
    let mut weak = [0; 32];
    weak[0] = 1;
    let edit = edit_hello(party(2), party(1), move |bytes| {
        bytes[KEY].copy_from_slice(&weak);
        bytes[PROOF].fill(0);
        bytes[PROOF.start] = 1;
        resign_hello(party(2), bytes);
    });
    let fault = fault_of(committee(3), 3, edit).1;
    assert_eq!(fault, Fault::SetupPossession { from: party(2) });
}

#[test]
fn two_parties_with_one_key_are_both_named() {
    let committee = committee(3);
    // Colluders that share a secret can both prove it.
    let shared = SigningKey::from_bytes(&[55; 32]);
    let edit: Edit = Box::new(move |from, _, mut bytes| {
        if from != party(1) && bytes[0] == HELLO {
            bytes[KEY].copy_from_slice(&shared.verifying_key().to_bytes());
            let digest = possession_digest(3, from);
            bytes[PROOF].copy_from_slice(&shared.sign(&digest).to_bytes());
            resign_hello(from, &mut bytes);
        }
        vec![bytes]
    });
    let (receiver, fault) = fault_of(committee, 3, edit);
    assert_eq!(receiver, party(1));
    let parties = [party(2), party(3)];
    assert_eq!(fault, Fault::SetupSharedKey { parties });
    assert_eq!(fault.culprits(), parties);
}

#[test]
fn a_hello_with_a_wrong_signature_names_its_sender() {
    let committee = committee(3);
    for (range, sampler) in [(SIGNATURE, 2), (SEED_SIGNATURE, 1), (SEED, 1)] {
        let cheat = party(sampler);
        let edit = edit_hello(cheat, party(3), move |bytes| bytes[range.start] ^= 1);
        let (receiver, fault) = fault_of(committee, 3, edit);
        assert_eq!(receiver, party(3));
        assert_eq!(fault, Fault::SetupSignature { from: cheat });
        assert_eq!(fault.culprits(), [cheat]);
    }
}

#[test]
fn a_sampler_that_signs_two_seeds_for_a_subset_is_named() {
    for n in [3, 5] {
        let committee = committee(n);
        let cheat = party(1);
        for order in 0..10 {
            // The first subset with the victim, a properly signed but different seed.
            let victim = party(2);
            let subset = (1u32 << ((n - 1) / 2 + 1)) - 1;
            let edit = edit_hello(cheat, victim, move |bytes| {
                bytes[SEED].fill(9);
                let digest = claim_digest(n, subset, cheat, &bytes[SEED]);
                bytes[SEED_SIGNATURE].copy_from_slice(&identity(cheat).sign(digest));
            });
            let (_, fault) = fault_of(committee, order, edit);
            let sampler = cheat;
            assert_eq!(fault, Fault::SetupTwoSeeds { sampler, subset });
            assert_eq!(fault.culprits(), [cheat]);
        }
    }
}

#[test]
fn a_party_that_gives_two_session_keys_is_named_and_nobody_else() {
    // Otherwise what it signs for one in the session would be no signature to another, and the honest
    // party that passes it on would be named.
    for n in [3, 5] {
        let committee = committee(n);
        for cheat in committee.parties() {
            for order in 0..10 {
                let victim = committee.after(cheat, 1);
                let second = SigningKey::from_bytes(&[77; 32]);
                let edit = edit_hello(cheat, victim, move |bytes| {
                    bytes[KEY].copy_from_slice(&second.verifying_key().to_bytes());
                    let digest = possession_digest(n, cheat);
                    bytes[PROOF].copy_from_slice(&second.sign(&digest).to_bytes());
                    resign_hello_in(n, cheat, bytes);
                });
                let (receiver, fault) = fault_of(committee, order, edit);
                assert_ne!(receiver, cheat);
                assert_eq!(fault, Fault::SetupTwoKeys { from: cheat });
                assert_eq!(fault.culprits(), [cheat]);
            }
        }
    }
}

#[test]
fn a_member_that_shows_an_unsigned_key_is_named() {
    for n in [3, 5] {
        let committee = committee(n);
        for order in 0..10 {
            let cheat = party(n);
            let edit: Edit = Box::new(move |from, _, mut bytes| {
                if from == cheat && bytes[0] != HELLO {
                    // The key of the last hello shown.
                    let start = bytes.len() - 161;
                    bytes[start] ^= 1;
                }
                vec![bytes]
            });
            let (_, fault) = fault_of(committee, order, edit);
            assert_eq!(fault, Fault::SetupClaim { from: cheat });
        }
    }
}

#[test]
fn a_member_that_claims_an_unsigned_seed_is_named() {
    let committee = committee(3);
    for order in 0..10 {
        let cheat = party(3);
        let edit: Edit = Box::new(move |from, _, mut bytes| {
            if from == cheat && bytes[0] != HELLO {
                bytes[1] ^= 1;
            }
            vec![bytes]
        });
        let (receiver, fault) = fault_of(committee, order, edit);
        assert_ne!(receiver, cheat);
        assert_eq!(fault, Fault::SetupClaim { from: cheat });
        assert_eq!(fault.culprits(), [cheat]);
    }
}

#[test]
fn messages_of_no_format_name_their_sender() {
    let committee = committee(3);
    let cheat = party(2);
    let edits: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes.clear(),
        |bytes| bytes[0] = 3,
        |bytes| bytes.truncate(bytes.len() - 1),
        |bytes| bytes.push(0),
    ];
    for edit_bytes in edits {
        for tag in [HELLO, 2] {
            let edit: Edit = Box::new(move |from, _, mut bytes| {
                if from == cheat && bytes[0] == tag {
                    edit_bytes(&mut bytes);
                }
                vec![bytes]
            });
            let fault = fault_of(committee, 1, edit).1;
            assert_eq!(fault, Fault::SetupFormat { from: cheat });
        }
    }
}

#[test]
fn a_message_sent_twice_names_its_sender() {
    let committee = committee(3);
    let cheat = party(2);
    for (tag, round) in [(HELLO, 1), (2, 2)] {
        let edit: Edit = Box::new(move |from, _, bytes| {
            let copies = if from == cheat && bytes[0] == tag {
                2
            } else {
                1
            };
            vec![bytes; copies]
        });
        let fault = fault_of(committee, 1, edit).1;
        assert_eq!(fault, Fault::SetupRepeated { from: cheat, round });
    }
}

#[test]
fn a_silent_party_is_waited_for() {
    let committee = committee(3);
    let mut setups: Vec<Setup> = (committee.parties())
        .map(|me| setup(committee, me, SESSION, 1))
        .collect();
    let [first, second, _] = &mut setups[..] else {
        panic!("three parties");
    };
    assert_eq!(first.waiting_for(), [party(2), party(3)]);
    while let Some((to, bytes)) = second.next_send() {
        if to == party(1) {
            first.handle(party(2), &bytes, &TestPeers).expect("a hello");
        }
    }
    assert_eq!(first.waiting_for(), [party(3)]);
    assert!(first.finish().is_none());
}

#[test]
fn strangers_are_refused() {
    let mut rng = TestRng::new(1);
    let stranger = party(4);
    let refused = Setup::new(
        SESSION,
        committee(3),
        stranger,
        &identity(stranger),
        &mut rng,
    );
    assert_eq!(
        refused.map(|_| ()),
        Err(Misuse::NotAMember { party: stranger })
    );
    for from in [party(1), party(4)] {
        let mut mine = setup(committee(3), party(1), SESSION, 1);
        let refused = mine.handle(from, &[HELLO], &TestPeers);
        assert_eq!(refused, Err(Fault::SetupFormat { from }));
    }
}

/// What becomes of a message of the setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoiled {
    /// One bit is another: for all receivers, for one, for each another one.
    ForAll,
    ForOne,
    Different,
    Truncated,
    Extended,
    RandomBytes,
    Duplicated,
    Dropped,
    DroppedForOne,
    /// Until nothing else happens.
    Delayed,
    /// That of another session of the same parties.
    Replayed,
    /// After the one that should follow it.
    Exchanged,
}

const SPOILED: [Spoiled; 12] = [
    Spoiled::ForAll,
    Spoiled::ForOne,
    Spoiled::Different,
    Spoiled::Truncated,
    Spoiled::Extended,
    Spoiled::RandomBytes,
    Spoiled::Duplicated,
    Spoiled::Dropped,
    Spoiled::DroppedForOne,
    Spoiled::Delayed,
    Spoiled::Replayed,
    Spoiled::Exchanged,
];

/// Runs a setup in which one party's messages with a tag are spoiled: everybody's fault and setup.
fn spoil(
    committee: Committee,
    (cheat, tag): (Party, u8),
    how: Spoiled,
    seed: u64,
) -> (Vec<Setup>, Vec<Option<Fault>>) {
    let start = |session, seed| -> Vec<Setup> {
        let parties = committee.parties();
        parties
            .map(|me| setup(committee, me, session, seed))
            .collect()
    };
    let mut setups = start(SESSION, seed);
    let mut other = start(SessionId([8; 32]), seed + 1);
    let mut rng = TestRng::new(seed);
    let mut faults: Vec<Option<Fault>> = vec![None; committee.len()];
    let (mut in_flight, mut held) = (Vec::new(), Vec::new());
    let victim = committee.after(cheat, 1 + rng.below(committee.len() - 1));
    let place = rng.below(1 << 20);
    loop {
        for from in committee.parties() {
            while let Some((to, mut bytes)) = setups[from.index()].next_send() {
                let exchanged = how == Spoiled::Exchanged && from == cheat;
                if from != cheat || (bytes[0] != tag && !exchanged) {
                    in_flight.push((from, to, bytes));
                    continue;
                }
                let place = place % bytes.len();
                match how {
                    Spoiled::ForOne | Spoiled::DroppedForOne if to != victim => {}
                    Spoiled::ForAll | Spoiled::ForOne => bytes[place] ^= 1,
                    Spoiled::Different => bytes[place] ^= to.number(),
                    Spoiled::Truncated => bytes.truncate(place),
                    Spoiled::Extended => bytes.push(0),
                    Spoiled::RandomBytes => {
                        bytes
                            .iter_mut()
                            .for_each(|byte| *byte = rng.below(256) as u8);
                    }
                    Spoiled::Duplicated => in_flight.push((from, to, bytes.clone())),
                    Spoiled::Dropped | Spoiled::DroppedForOne => continue,
                    Spoiled::Delayed => {
                        held.push((from, to, bytes));
                        continue;
                    }
                    // Its first message of the other session: a hello.
                    Spoiled::Replayed => {
                        bytes = other[from.index()]
                            .next_send()
                            .map_or(bytes, |(_, old)| old);
                    }
                    Spoiled::Exchanged => {
                        let first = held.iter().position(|(_, earlier, _)| *earlier == to);
                        let Some(first) = first else {
                            held.push((from, to, bytes));
                            continue;
                        };
                        in_flight.push((from, to, bytes));
                        in_flight.push(held.swap_remove(first));
                        continue;
                    }
                }
                in_flight.push((from, to, bytes));
            }
        }
        if in_flight.is_empty() {
            if held.is_empty() {
                return (setups, faults);
            }
            in_flight.append(&mut held);
            continue;
        }
        let next = rng.below(in_flight.len());
        let (from, to, bytes) = in_flight.swap_remove(next);
        if let Err(fault) = setups[to.index()].handle(from, &bytes, &TestPeers) {
            faults[to.index()].get_or_insert(fault);
        }
    }
}

/// Whatever a party makes of its messages: only it is named, who waits waits for it or for who found it
/// out, and keys of parties that all finish fit together.
fn check_spoiled(n: u8, cheat: Party, tag: u8, how: Spoiled, seed: u64) {
    let case = format!("{n} parties, {cheat}, message {tag}, {how:?}, seed {seed}");
    let committee = committee(n);
    let (mut setups, faults) = spoil(committee, (cheat, tag), how, seed);
    for fault in committee
        .others(cheat)
        .filter_map(|party| faults[party.index()].as_ref())
    {
        assert_eq!(fault.culprits(), [cheat], "{case}: {fault}");
    }
    let harmless = matches!(how, Spoiled::Delayed);
    let stopped = committee
        .others(cheat)
        .any(|party| faults[party.index()].is_some());
    assert!(!harmless || !stopped, "{case}");
    // Signatures beside what everybody saw alike are not read: a wrong bit there does no harm.
    let misshapen = matches!(how, Spoiled::Truncated | Spoiled::Extended);
    assert!(!misshapen || stopped, "{case}");
    let seeds: Vec<Option<SessionSeeds>> = setups.iter_mut().map(Setup::finish).collect();
    for party in committee.others(cheat) {
        let place = party.index();
        if faults[place].is_some() || seeds[place].is_some() {
            assert!(faults[place].is_none() || seeds[place].is_none(), "{case}");
            continue;
        }
        // Directly, or through others that wait.
        let mut reached = vec![party];
        let mut next = 0;
        while let Some(waits) = reached.get(next) {
            let fresh = setups[waits.index()].waiting_for().into_iter();
            let fresh: Vec<Party> = fresh.filter(|other| !reached.contains(other)).collect();
            reached.extend(fresh);
            next += 1;
        }
        let blamed = |other: &Party| *other == cheat || faults[other.index()].is_some();
        assert!(
            reached.iter().any(blamed),
            "{case}: {party} waits for {reached:?}"
        );
    }
    let seeds: Option<Vec<SessionSeeds>> = seeds.into_iter().collect();
    let Some(seeds) = seeds else {
        assert!(!harmless, "{case}");
        return;
    };
    let engines = committee.parties().zip(seeds);
    let engines = engines.map(|(party, seeds)| Engine::<M61>::new(committee, party, seeds));
    let mut network = Network::with_engines(engines.collect(), seed);
    network.start(|engine, _| engine.start_random_bits(1, 9, 2));
    network.run().expect(&case);
    network.start(|engine, _| engine.start_verify(9));
    network.run().expect(&case);
}

/// Every message of the setup x party x way; how many can be seen with `--no-capture`.
fn spoil_setups(sizes: &[u8], seeds: std::ops::Range<u64>) {
    let mut cases = 0;
    for n in sizes.iter().copied() {
        for seed in seeds.clone() {
            for cheat in committee(n).parties() {
                for (tag, how) in [HELLO, 2]
                    .into_iter()
                    .flat_map(|tag| SPOILED.map(|how| (tag, how)))
                {
                    check_spoiled(n, cheat, tag, how, seed);
                    cases += 1;
                }
            }
        }
    }
    let mut out = std::io::stdout().lock();
    std::io::Write::write_fmt(&mut out, format_args!("setups: {cases} cases\n"))
        .expect("standard output");
}

#[test]
fn any_message_of_a_setup_may_be_spoiled() {
    spoil_setups(&[3, 5], 0..1);
}

#[test]
#[ignore = "takes minutes"]
fn the_long_campaign_of_setups() {
    spoil_setups(&[3, 5, 7], 100..120);
}

// The digests once more, written from the format's description.

fn digest(context: &str, n: u8, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    hasher.update(&SESSION.0).update(&[n]);
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

fn possession_digest(n: u8, party: Party) -> [u8; 32] {
    digest(
        "enigma mpc v1: possession of a session key",
        n,
        &[&[party.number()]],
    )
}

fn resign_hello(from: Party, bytes: &mut [u8]) {
    resign_hello_in(3, from, bytes);
}

fn resign_hello_in(n: u8, from: Party, bytes: &mut [u8]) {
    let parts = [&[from.number()][..], &bytes[KEY], &bytes[PROOF]];
    let digest = digest("enigma mpc v1: session key", n, &parts);
    bytes[SIGNATURE].copy_from_slice(&identity(from).sign(digest));
}

fn claim_digest(n: u8, subset: u32, sampler: Party, seed: &[u8]) -> [u8; 32] {
    let subset = subset.to_le_bytes();
    let commitment = digest(
        "enigma mpc v1: commitment to a subset seed",
        n,
        &[&subset[..], seed],
    );
    let parts = [&subset[..], &[sampler.number()], &commitment];
    digest("enigma mpc v1: subset seed", n, &parts)
}
