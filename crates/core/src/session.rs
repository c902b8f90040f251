//! What a member of a session does with keys and frames, whatever the session computes: jobs and
//! the bench share it.

use borsh::BorshSerialize;
use enigma_field::Party as PartyNumber;
use enigma_mpc::{Identity, Outgoing, Peers, Setup, Slot};
use enigma_wire::id::{Address, Hash, PeerKey};
use enigma_wire::peer::{self, Place, RunKey};
use enigma_wire::sign::{SecretKey, Signature};

/// Bytes of frames kept until this party is ready for them; more from the committee is a fault.
const EARLY_BYTES_MAX: usize = 64 << 20;

/// The messages that a set-up wants to send, as frames with their receivers.
pub(crate) fn setup_frames(
    run: RunKey,
    setup: &mut Setup,
) -> impl Iterator<Item = (PartyNumber, Vec<u8>)> {
    std::iter::from_fn(move || {
        let (to, message) = setup.next_send()?;
        Some((to, peer::encode_setup(run, &message)))
    })
}

/// A message of an engine as a frame.
pub(crate) fn compute_frame(run: RunKey, outgoing: &Outgoing) -> Vec<u8> {
    let Slot { op, step, part } = outgoing.slot;
    peer::encode_compute(run, Place { op, step, part }, &outgoing.payload)
}

/// A computation frame's place, as the engine names it.
pub(crate) fn slot(place: Place) -> Slot {
    let Place { op, step, part } = place;
    Slot { op, step, part }
}

/// This member's transcript key, as session set-up wants it.
pub(crate) struct Signer<'a>(pub(crate) &'a SecretKey);

impl Identity for Signer<'_> {
    fn sign(&self, digest: [u8; 32]) -> [u8; 65] {
        self.0.sign(&Hash(digest)).0
    }
}

/// The members' registered transcript keys, found by party.
pub(crate) struct Registry<F>(pub(crate) F);

impl<F: Fn(PartyNumber) -> Option<Address>> Peers for Registry<F> {
    fn verify(&self, party: PartyNumber, digest: [u8; 32], signature: &[u8; 65]) -> bool {
        let signer = Signature(*signature).signer(&Hash(digest));
        signer.is_some() && signer == (self.0)(party)
    }
}

/// A party of a committee without a ledger: of the bench, or of a rehearsal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Member {
    /// Its transport identity.
    pub peer: PeerKey,
    /// The account of its transcript key.
    pub signer: Address,
}

/// Which of the members has this transport identity.
pub(crate) fn party_of(members: &[Member], peer: PeerKey) -> Option<PartyNumber> {
    let at = members.iter().position(|member| member.peer == peer)?;
    PartyNumber::new(u8::try_from(at + 1).ok()?)
}

/// The members' transcript keys.
pub(crate) fn signers(members: &[Member]) -> impl Peers {
    Registry(|party: PartyNumber| Some(members.get(party.index())?.signer))
}

/// Frames that came before this party was ready for them, in order.
#[derive(Debug, Default)]
pub(crate) struct Early {
    frames: Vec<(PartyNumber, Vec<u8>)>,
    bytes: usize,
}

/// Too much came too early. A third member may have held this one back, so the sender proves
/// nothing.
#[derive(Debug)]
pub(crate) struct EarlyOverflow;

impl std::fmt::Display for EarlyOverflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("frames far ahead of the protocol, over the limit")
    }
}

impl Early {
    /// Keeps a frame for later.
    pub(crate) fn keep(&mut self, from: PartyNumber, frame: &[u8]) -> Result<(), EarlyOverflow> {
        self.bytes += frame.len();
        if self.bytes > EARLY_BYTES_MAX {
            return Err(EarlyOverflow);
        }
        self.frames.push((from, frame.to_vec()));
        Ok(())
    }

    /// Hands all frames out.
    pub(crate) fn take(&mut self) -> Vec<(PartyNumber, Vec<u8>)> {
        std::mem::take(self).frames
    }
}
