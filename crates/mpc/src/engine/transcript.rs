//! What went over each link, as hashes that a party can sign (protocols D.1).
//!
//! Two parties that hashed the same frames hold the same hash for either direction of their link. Frames
//! of several operations interleave and arrive in any order, so every frame is hashed by itself, when it
//! is sent or has been accepted, and the frames of a batch are put together in the order of their places.
//!
//! - *A frame's hash* is BLAKE3 over pieces of 1 KiB: a salt of 32 bytes and up to 992 bytes of the frame,
//!   124 elements. Pieces are chunks of the hash's tree, so that one of them is opened with a path
//!   of logarithmic length, and many are hashed at a time.
//! - *A salt* comes from a generator that the two parties share for this direction, at the frame's place. Without salts
//!   the hashes would be an oracle: t corrupt parties know all points of a dealing but those on links between
//!   honest parties, and could try out products. An opened piece shows its own salt only.
//! - *A link's hash* is BLAKE3 over records of 64 bytes, one for each frame: its place, length and hash.
//!
//! Whose frames are put together, and when, is said where they are signed (`verify`).

use std::collections::BTreeMap;

use enigma_field::Party;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::logs::Logs;
use crate::keys::Seed;
use crate::message::Slot;
use crate::prg::{Keystream, Prg, Purpose};

const SALTS: &str = "enigma mpc v1: salts of a link";
const FRAME: &str = "enigma mpc v1: frame of a link";
const LINK: &str = "enigma mpc v1: frames of a link";

/// A piece of a frame, with its salt: a chunk of BLAKE3.
const PIECE_BYTES: usize = 1024;
const SALT_BYTES: usize = 32;
/// What a piece has of the frame.
const DATA_BYTES: usize = PIECE_BYTES - SALT_BYTES;
/// Pieces hashed at a time: a subtree.
const PIECES: usize = 32;
/// A frame's record in the hash of its link.
const RECORD_BYTES: usize = 64;

/// Hashes of a link and both directions.
pub(crate) const LINK_HASHES_BYTES: usize = 2 * blake3::OUT_LEN;

/// Which way a frame went, seen from one of the two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkWay {
    /// To the other party.
    Sent,
    /// From the other party.
    Received,
}

/// What went over a link for a batch, both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkHashes {
    pub(super) sent: blake3::Hash,
    pub(super) received: blake3::Hash,
}

/// The frames of operations that nobody has signed for yet.
pub(super) struct Transcript {
    salts: Vec<Salts>,
    operations: BTreeMap<u32, Vec<Frame>>,
    hasher: FrameHasher,
    off: bool,
    /// Where frames go when they have been signed for; none if they are dropped then.
    logs: Option<Logs>,
}

/// The generators of a link's salts.
struct Salts {
    other: Party,
    sent: Prg,
    received: Prg,
}

/// A frame that went over a link.
pub(super) struct Frame {
    pub(super) other: Party,
    pub(super) way: LinkWay,
    pub(super) slot: Slot,
    bytes: usize,
    hash: blake3::Hash,
    /// Its content, if it is to be logged.
    payload: Zeroizing<Vec<u8>>,
}

impl Transcript {
    /// Of the links to these parties, whose seeds both ends know.
    pub(super) fn new(me: Party, pairs: &[(Party, Seed)]) -> Self {
        let salts = pairs.iter().map(|(other, seed)| Salts {
            other: *other,
            sent: salts_of(seed, me),
            received: salts_of(seed, *other),
        });
        Self {
            salts: salts.collect(),
            operations: BTreeMap::new(),
            hasher: FrameHasher::new(),
            off: false,
            logs: None,
        }
    }

    /// Keeps all frames in logs.
    pub(super) fn keep_logs(&mut self, limit: usize) {
        self.logs = Some(Logs::new(limit));
    }

    pub(super) fn logs(&self) -> Option<&Logs> {
        self.logs.as_ref()
    }

    /// Drops the frames of a batch.
    pub(super) fn forget_log(&mut self, batch: u32) {
        if let Some(logs) = &mut self.logs {
            logs.forget(batch);
        }
    }

    /// For an engine that signs nothing.
    pub(super) fn turn_off(&mut self) {
        self.off = true;
    }

    /// Frames of this operation are noted from now on.
    pub(super) fn begin(&mut self, op: u32) {
        if !self.off {
            self.operations.insert(op, Vec::new());
        }
    }

    /// Notes a frame, if its operation is one whose frames are noted.
    pub(super) fn note(&mut self, way: LinkWay, other: Party, slot: Slot, payload: &[u8]) {
        let Some(frames) = self.operations.get_mut(&slot.op) else {
            return;
        };
        let salts = self.salts.iter().find(|salts| salts.other == other);
        let salts = salts.expect("the other party is a member").of(way);
        let kept = match &mut self.logs {
            None => Vec::new(),
            Some(logs) => {
                logs.count(payload.len());
                payload.to_vec()
            }
        };
        frames.push(Frame {
            other,
            way,
            slot,
            bytes: payload.len(),
            hash: self.hasher.hash(salts, slot, payload),
            payload: Zeroizing::new(kept),
        });
    }

    /// Notes another content in place of a frame noted before; see
    /// [`Engine::sent_instead`](super::Engine::sent_instead).
    pub(super) fn replace(&mut self, way: LinkWay, other: Party, slot: Slot, payload: &[u8]) {
        if let Some(frames) = self.operations.get_mut(&slot.op) {
            let same = |frame: &Frame| (frame.other, frame.way, frame.slot) == (other, way, slot);
            if let Some(place) = frames.iter().position(same) {
                let frame = frames.swap_remove(place);
                if let Some(logs) = &mut self.logs {
                    logs.uncount(frame.payload.len());
                }
                self.note(way, other, slot, payload);
            }
        }
    }

    /// The hashes of all links, in the order of the other parties, over the frames of these operations
    /// of a batch, which then go to its log.
    pub(super) fn close(
        &mut self,
        batch: u32,
        operations: impl IntoIterator<Item = u32>,
    ) -> Vec<LinkHashes> {
        let operations = operations.into_iter();
        let taken = operations.filter_map(|op| self.operations.remove(&op));
        let mut frames: Vec<Frame> = taken.flatten().collect();
        frames.sort_unstable_by_key(|frame| frame.slot);
        let hash = |other, way| {
            let mut hasher = blake3::Hasher::new_derive_key(LINK);
            let of_link = frames.iter().filter(|f| (f.other, f.way) == (other, way));
            of_link.for_each(|frame| {
                hasher.update(&frame.record());
            });
            hasher.finalize()
        };
        let links = self.salts.iter().map(|Salts { other, .. }| LinkHashes {
            sent: hash(*other, LinkWay::Sent),
            received: hash(*other, LinkWay::Received),
        });
        let links = links.collect();
        if let Some(logs) = &mut self.logs {
            logs.keep(batch, frames);
        }
        links
    }

    /// Drops what salts come from, and clears the buffer. Logs stay.
    pub(super) fn forget(&mut self) {
        self.off = true;
        self.salts.clear();
        self.operations.clear();
        self.hasher.zeroize();
    }
}

impl LinkHashes {
    /// Both hashes, as they are signed.
    pub(super) fn to_bytes(self) -> [u8; LINK_HASHES_BYTES] {
        let mut bytes = [0; LINK_HASHES_BYTES];
        let (sent, received) = bytes.split_at_mut(blake3::OUT_LEN);
        sent.copy_from_slice(self.sent.as_bytes());
        received.copy_from_slice(self.received.as_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; LINK_HASHES_BYTES]) -> Self {
        let (hashes, _) = bytes.as_chunks::<{ blake3::OUT_LEN }>();
        Self {
            sent: hashes[0].into(),
            received: hashes[1].into(),
        }
    }
}

impl Salts {
    fn of(&self, way: LinkWay) -> &Prg {
        match way {
            LinkWay::Sent => &self.sent,
            LinkWay::Received => &self.received,
        }
    }
}

/// The generator of salts for what `sender` sends over the link of this seed.
fn salts_of(seed: &Seed, sender: Party) -> Prg {
    let mut hasher = blake3::Hasher::new_derive_key(SALTS);
    hasher.update(&seed[..]).update(&[sender.number()]);
    Prg::new(&Zeroizing::new(*hasher.finalize().as_bytes()))
}

impl Frame {
    /// Its content, if it was logged.
    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// op u32, step u8, 3 zeros, part u32, length u32, 16 zeros, hash.
    fn record(&self) -> [u8; RECORD_BYTES] {
        let mut record = [0; RECORD_BYTES];
        record[0..4].copy_from_slice(&self.slot.op.to_le_bytes());
        record[4] = self.slot.step;
        record[8..12].copy_from_slice(&self.slot.part.to_le_bytes());
        // No frame has 2^32 bytes.
        record[12..16].copy_from_slice(&(self.bytes as u32).to_le_bytes());
        record[32..].copy_from_slice(self.hash.as_bytes());
        record
    }
}

/// Puts salts between the data, and hashes many pieces at a time.
struct FrameHasher {
    hasher: blake3::Hasher,
    keystream: Keystream,
    pieces: Vec<u8>,
}

impl FrameHasher {
    fn new() -> Self {
        Self {
            hasher: blake3::Hasher::new_derive_key(FRAME),
            keystream: Keystream::new(),
            pieces: vec![0; PIECES * PIECE_BYTES],
        }
    }

    fn hash(&mut self, salts: &Prg, slot: Slot, payload: &[u8]) -> blake3::Hash {
        self.hasher.reset();
        let mut salts = salts.stream(Purpose::Salt(slot.step), slot.op, slot.part);
        for data in payload.chunks(PIECES * DATA_BYTES) {
            let count = data.len().div_ceil(DATA_BYTES);
            let salts = salts.blocks(&mut self.keystream, 2 * count);
            let (salts, _) = salts.as_chunks::<SALT_BYTES>();
            let pieces = self.pieces.chunks_exact_mut(PIECE_BYTES);
            for ((piece, salt), data) in pieces.zip(salts).zip(data.chunks(DATA_BYTES)) {
                let (place, rest) = piece.split_at_mut(SALT_BYTES);
                place.copy_from_slice(salt);
                rest[..data.len()].copy_from_slice(data);
            }
            self.hasher
                .update(&self.pieces[..count * SALT_BYTES + data.len()]);
        }
        self.hasher.finalize()
    }
}

impl Zeroize for FrameHasher {
    fn zeroize(&mut self) {
        self.hasher.zeroize();
        self.keystream.zeroize();
        self.pieces.zeroize();
    }
}

impl Drop for FrameHasher {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for FrameHasher {}

#[cfg(test)]
mod tests {
    use blake3::hazmat::{self, HasherExt, Mode};

    use super::*;

    fn party(number: u8) -> Party {
        Party::new(number).expect("a party")
    }

    fn seed(byte: u8) -> Seed {
        Zeroizing::new([byte; 32])
    }

    fn transcript(me: u8, others: [u8; 2]) -> Transcript {
        let pairs = others.map(|other| (party(other), seed(me + other)));
        Transcript::new(party(me), &pairs)
    }

    fn payload(len: usize) -> Vec<u8> {
        (0..len).map(|k| (k * k / 7 % 251) as u8).collect()
    }

    const fn slot(op: u32, step: u8, part: u32) -> Slot {
        Slot { op, step, part }
    }

    /// A frame with its salts, each before its data.
    fn salted(salts: &Prg, slot: Slot, payload: &[u8]) -> Vec<u8> {
        let mut stream = salts.stream(Purpose::Salt(slot.step), slot.op, slot.part);
        let mut keystream = Keystream::new();
        let pieces = payload.chunks(DATA_BYTES);
        pieces
            .flat_map(|data| [stream.blocks(&mut keystream, 2), data].concat())
            .collect()
    }

    #[test]
    fn a_frame_is_hashed_with_a_salt_before_each_992_bytes() {
        let salts = salts_of(&seed(3), party(1));
        let mut hasher = FrameHasher::new();
        let place = slot(7, 1, 2);
        for len in [1, 8, 991, 992, 993, 4000, 31_744, 31_745, 200_000, 262_144] {
            let payload = payload(len);
            let mut whole = blake3::Hasher::new_derive_key(FRAME);
            whole.update(&salted(&salts, place, &payload));
            assert_eq!(hasher.hash(&salts, place, &payload), whole.finalize());
        }
    }

    /// `testdata/link_hashes.py` recomputes them.
    #[test]
    fn hashes_are_pinned() {
        let salts = salts_of(&seed(3), party(1));
        let hash = FrameHasher::new().hash(&salts, slot(7, 1, 2), &payload(4000));
        assert_eq!(
            hash.to_hex().as_str(),
            "feeecc4b5403b67a977414c47728e25a4336d8d999a9ebab1a14faf3ea242a16"
        );
        let mut one = transcript(1, [2, 3]);
        one.begin(7);
        one.note(LinkWay::Sent, party(2), slot(7, 1, 2), &payload(4000));
        one.note(LinkWay::Sent, party(2), slot(7, 0, 0), &payload(8));
        one.note(LinkWay::Received, party(2), slot(7, 0, 1), &payload(16));
        let [link, untouched] = one.close(9, [7]).try_into().expect("two links");
        assert_eq!(
            link.sent.to_hex().as_str(),
            "d579841e16e27babf17991471ad86e96007df88cbdd2265cd79dba3ed2b24d55"
        );
        assert_eq!(untouched.sent, untouched.received);
        let hashes = LinkHashes::from_bytes(&link.to_bytes());
        assert_eq!(hashes, link);
    }

    #[test]
    fn both_ends_get_the_same_hashes_in_whatever_order_frames_come() {
        let frames: Vec<(Slot, Vec<u8>)> = (0..12)
            .map(|k| {
                (
                    slot(5 + k % 3, (k % 2) as u8, k),
                    payload(900 * k as usize + 1),
                )
            })
            .collect();
        let [mut one, mut two] = [transcript(1, [2, 3]), transcript(2, [1, 3])];
        for transcript in [&mut one, &mut two] {
            (5..8).for_each(|op| transcript.begin(op));
        }
        for (slot, payload) in &frames {
            one.note(LinkWay::Sent, party(2), *slot, payload);
        }
        for (slot, payload) in frames.iter().rev() {
            two.note(LinkWay::Received, party(1), *slot, payload);
        }
        // Operations of other batches do not count.
        two.note(LinkWay::Received, party(1), slot(9, 0, 0), &[1]);
        let (one, two) = (one.close(9, 5..8), two.close(9, 5..8));
        assert_eq!(one[0].sent, two[0].received);
        assert_eq!(one[0].received, two[0].sent);
        assert_ne!(one[0].sent, one[0].received);
    }

    #[test]
    fn every_part_of_a_frame_and_of_its_place_counts() {
        let hash = |way, other, place: Slot, payload: &[u8]| {
            let mut one = transcript(1, [2, 3]);
            one.begin(place.op);
            one.note(way, party(other), place, payload);
            let link = one.close(9, [place.op])[usize::from(other) - 2];
            match way {
                LinkWay::Sent => link.sent,
                LinkWay::Received => link.received,
            }
        };
        let all = [
            hash(LinkWay::Sent, 2, slot(1, 0, 0), &[5; 8]),
            hash(LinkWay::Received, 2, slot(1, 0, 0), &[5; 8]),
            hash(LinkWay::Sent, 3, slot(1, 0, 0), &[5; 8]),
            hash(LinkWay::Sent, 2, slot(2, 0, 0), &[5; 8]),
            hash(LinkWay::Sent, 2, slot(1, 1, 0), &[5; 8]),
            hash(LinkWay::Sent, 2, slot(1, 0, 1), &[5; 8]),
            hash(LinkWay::Sent, 2, slot(1, 0, 0), &[5; 7]),
            hash(LinkWay::Sent, 2, slot(1, 0, 0), &[6; 8]),
        ];
        for (k, one) in all.iter().enumerate() {
            assert!(all[..k].iter().all(|other| other != one));
        }
    }

    /// Only the piece, its salt, and as many hashes as the tree is high.
    #[test]
    fn one_piece_is_opened_with_a_logarithmic_path() {
        let salts = salts_of(&seed(3), party(1));
        let place = slot(7, 0, 0);
        let payload = payload(262_144);
        let root = FrameHasher::new().hash(&salts, place, &payload);
        let input = salted(&salts, place, &payload);
        let key = hazmat::hash_derive_key_context(FRAME);
        let mode = Mode::DeriveKeyMaterial(&key);
        let chaining = |range: std::ops::Range<usize>| {
            let mut hasher = blake3::Hasher::new_from_context_key(&key);
            hasher.set_input_offset(range.start as u64);
            hasher.update(&input[range]).finalize_non_root()
        };
        for piece in [0, 100, 264] {
            let mut range = 0..input.len();
            let mut path = Vec::new();
            while range.len() > PIECE_BYTES {
                let left = hazmat::left_subtree_len(range.len() as u64) as usize;
                let middle = range.start + left;
                if piece * PIECE_BYTES < middle {
                    path.push((false, chaining(middle..range.end)));
                    range.end = middle;
                } else {
                    path.push((true, chaining(range.start..middle)));
                    range.start = middle;
                }
            }
            assert_eq!(range.start, piece * PIECE_BYTES);
            assert!(path.len() <= 9);
            let mut value = chaining(range);
            let (top, below) = path.split_first().expect("several pieces");
            let pair = |(left, sibling), value| {
                if left {
                    (sibling, value)
                } else {
                    (value, sibling)
                }
            };
            for step in below.iter().rev() {
                let (left, right) = pair(*step, value);
                value = hazmat::merge_subtrees_non_root(&left, &right, mode);
            }
            let (left, right) = pair(*top, value);
            assert_eq!(hazmat::merge_subtrees_root(&left, &right, mode), root);
        }
    }
}
