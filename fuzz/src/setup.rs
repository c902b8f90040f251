//! The set-up of a session, one party of which says what it likes.

use enigma_field::{Committee, Party};
use enigma_mpc::{Identity, Peers, SessionId, Setup};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// Signs with a hash, which is enough where nobody forges.
struct Stamp(u8);

impl Identity for Stamp {
    fn sign(&self, digest: [u8; 32]) -> [u8; 65] {
        let mut signature = [self.0; 65];
        signature[..32].copy_from_slice(&digest);
        signature
    }
}

struct Stamps;

impl Peers for Stamps {
    fn verify(&self, party: Party, digest: [u8; 32], signature: &[u8; 65]) -> bool {
        signature[..32] == digest && signature[32..].iter().all(|byte| *byte == party.number())
    }
}

/// Party 1 gets messages of party 3: each a length of two bytes, then as many bytes; party 2 is honest.
/// An honest party is never named.
pub fn setup(mut bytes: &[u8]) {
    let [one, two, three] = parties();
    let mut setup = begin(one);
    for message in messages(two, one) {
        let taken = setup.handle(two, &message, &Stamps);
        taken.expect("an honest party's message is taken");
    }
    while let Some((len, rest)) = bytes.split_first_chunk::<2>() {
        let len = usize::from(u16::from_le_bytes(*len)).min(rest.len());
        let (message, rest) = rest.split_at(len);
        bytes = rest;
        if let Err(fault) = setup.handle(three, message, &Stamps) {
            let named = fault.culprits();
            assert!(named.iter().all(|party| *party == three), "{fault:?}");
        }
    }
    let _ = setup.finish();
}

/// What an honest party 3 says.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let [one, _, three] = parties();
    let mut all = Vec::new();
    for message in messages(three, one) {
        all.extend_from_slice(&(message.len() as u16).to_le_bytes());
        all.extend_from_slice(&message);
    }
    vec![all]
}

/// What `from` sends `to` of its own accord.
fn messages(from: Party, to: Party) -> Vec<Vec<u8>> {
    let mut setup = begin(from);
    std::iter::from_fn(|| setup.next_send())
        .filter(|(receiver, _)| *receiver == to)
        .map(|(_, message)| message)
        .collect()
}

fn begin(me: Party) -> Setup {
    let mut rng = ChaCha20Rng::from_seed([me.number(); 32]);
    let (session, committee) = (SessionId([9; 32]), committee());
    let setup = Setup::new(session, committee, me, &Stamp(me.number()), &mut rng);
    setup.expect("a committee of three has set-ups")
}

fn parties() -> [Party; 3] {
    let parties: Vec<Party> = committee().parties().collect();
    parties.try_into().expect("three parties")
}

fn committee() -> Committee {
    Committee::new(3).expect("an odd size")
}
