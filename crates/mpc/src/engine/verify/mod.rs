//! Verification of a batch: that every product of its operations is right (protocols C; Boneh et al.
//! 19, Goyal-Song 20, Goyal-Song-Zhu 20).
//!
//! n = 2t+1 parties, t corrupt and malicious; synchronous private authenticated links. The steps:
//! 1. Checkpoint: everybody sends everybody a signed commitment to its coins, a digest of what
//!    was opened for the batch on one party's word, and hashes of what went over its links for the batch's
//!    operations; both ends of a link must agree, and so must the digests.
//! 2. First coin, with everybody's checkpoints passed on, so that who sent two is found out, and with
//!    everybody's part of the masks of the final level dealt. The coin's weights combine all products into
//!    one claim about an inner product.
//! 3. For each level of [`Levels`]: products dealt as in a multiplication, then a coin. The final
//!    level is masked by random values: the sum of what all parties dealt, and one from pseudo-random secret
//!    sharing.
//! 4. Opening: everybody sends everybody its signed shares of f, g and h at the last challenge, and hashes of
//!    what went over its links in steps 2 and 3. All three must be of degree t, and f g = h.
//! 5. Acceptance: everybody tells everybody, signed. The batch counts as verified only with all n
//!    acceptances (S8).
//!
//! A coin is revealed only after all messages before it have arrived (C.1), which is why steps are
//! strictly one after another, whatever arrives early.
//!
//! A wrong result goes unnoticed with probability below 2^-59 for each batch: 2^-61 for the weights of
//! products, about 2^-60 for those of matrix products and of phases of shuffles, and (2k-2)/2^122 for
//! each level of k blocks; over 2^127 - 1 with 2^-127 in place of 2^-61, and of 2^-122. What is opened is one-time padded by the masks, up to
//! the adversary's own errors: the decision to reject says nothing about inputs. A rejection does
//! not tell who cheated; that takes localisation (protocols D).

mod binary;
mod coins;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod forge;
mod links;
mod masks;
mod recursion;

use std::collections::BTreeMap;

use enigma_field::shamir::Checker;
use enigma_field::{Committee, Extension, Field, Gf128, K, Levels, M127, Party, PrimeField};
use zeroize::Zeroizing;

pub(super) use self::binary::OverBits;
pub(crate) use self::binary::dealt_bytes as dealt_bytes_of_bits;
use self::coins::{Coin, Coins, LINK_BYTES, SIGNATURE_BYTES, Statement, sign, signed};
use self::links::{Links, links_bytes};
pub(crate) use self::masks::MASK_BYTES;
pub(super) use self::recursion::OverElements;
pub(crate) use self::recursion::dealt_bytes;
use super::batch::Batch;
use super::context::Context;
use super::dealing::SentPoints;
use super::transcript::LinkWay;
use crate::arrivals::check_length;
use crate::fault::Fault;
use crate::message::Slot;

/// A checkpoint: the coins' anchor, the digest of openings, hashes of links, the signature.
pub(crate) const fn checkpoint_bytes(committee: Committee) -> usize {
    LINK_BYTES + 32 + links_bytes(committee.len()) + SIGNATURE_BYTES
}
/// A link of a party's coin chain.
pub(crate) const COIN_BYTES: usize = LINK_BYTES;
/// A checkpoint passed on beside the first coin: the digest of its content, and its signature.
pub(crate) const PASSED_ON_BYTES: usize = 32 + SIGNATURE_BYTES;
/// Shares of f, g and h, hashes of links, the signature.
pub(crate) const fn opening_bytes(committee: Committee) -> usize {
    3 * ELEMENT_BYTES + links_bytes(committee.len()) + SIGNATURE_BYTES
}
/// An element of a field that challenges are drawn from: all have as many.
const ELEMENT_BYTES: usize = K::BYTES;
const _: () = assert!(K::BYTES == Gf128::BYTES && K::BYTES == M127::BYTES);
/// An acceptance.
pub(crate) const ACCEPTANCE_BYTES: usize = SIGNATURE_BYTES;

/// What verifications of both kinds of products have in common for the engine.
pub(super) trait Verification<F: PrimeField>: Send + Sync {
    /// Takes a message, and does all steps that are complete with it.
    fn receive(
        &mut self,
        context: &mut Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault>;

    fn complete(&self) -> bool;

    /// Parties whose message of the current step is missing.
    fn waiting_for(&self, context: &Context<F>) -> Vec<Party>;
}

/// A batch's claim and the recursion about it: one party's shares and local arithmetic.
pub(super) trait Recursion<F: PrimeField>: Send + Sync + Sized {
    /// The field that challenges are drawn from.
    type Element: Field;
    /// Our own terms of what is being dealt: what needs no message.
    type Dealt: Default + Send + Sync;

    /// The steps for a batch.
    fn levels(batch: &Batch<F>) -> Levels;

    /// Bytes of a level's dealing; the last one is masked.
    fn dealt_bytes(levels: &Levels, level: usize) -> usize;

    fn checker(context: &Context<F>) -> &Checker<Self::Element>;

    /// A uniform element of uniform bytes.
    fn element(bytes: [u8; 16]) -> Self::Element;

    /// Deals what we put into the masks of the final step: our own terms, and what is to be sent.
    fn deal_masks(context: &mut Context<F>, slot: Slot) -> (Self::Dealt, SentPoints);

    /// Combines all products of the batch with weights from the coin. `masks`: our shares of what was
    /// dealt for them.
    fn new(context: &mut Context<F>, batch: Batch<F>, coin: &Coin, masks: Self::Dealt) -> Self;

    /// Deals our local products of a level: h at all points but one. With no number of blocks, those of
    /// the final step, under masks.
    fn deal(&mut self, context: &mut Context<F>, slot: Slot, blocks: Option<usize>) -> Self::Dealt;

    /// Adds points that came; `Err` holds the index of the first element that is not canonical.
    fn add(dealt: &mut Self::Dealt, message: &[u8]) -> Result<(), usize>;

    /// Takes our shares of what was dealt.
    fn take(&mut self, dealt: Self::Dealt);

    /// How many points a challenge must avoid.
    fn points(&self) -> usize;

    /// Continues at a challenge.
    fn fold(&mut self, challenge: Self::Element);

    /// Our shares of f, g and h at the last challenge.
    fn last(&self) -> [Self::Element; 3];
}

/// One party's side of a verification.
pub(super) struct Verifying<F: PrimeField, R: Recursion<F>> {
    op: u32,
    levels: Levels,
    /// What is to be verified, until the weights are known.
    batch: Batch<F>,
    openings: blake3::Hash,
    /// What everybody signed about its links: in its checkpoint, then in its opening.
    links: Links,
    coins: Coins,
    /// Digest of the content of everybody's checkpoint, and its signature.
    checkpoints: Vec<([u8; 32], [u8; SIGNATURE_BYTES])>,
    /// The digest of all checkpoints.
    view: blake3::Hash,
    recursion: Option<R>,
    dealt: R::Dealt,
    /// The same of masks.
    masks: R::Dealt,
    opening: Option<[R::Element; 3]>,
    /// The step whose messages are awaited.
    step: u8,
    /// Messages by step.
    inbox: BTreeMap<u8, Vec<Option<Message>>>,
}

/// A message that has come, perhaps early: some hold points of dealings.
type Message = Zeroizing<Vec<u8>>;

/// What a step's messages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Checkpoint,
    /// The coin of this number.
    Coin(usize),
    /// The dealing of this level; the last one is masked.
    Deal(usize),
    Opening,
    Acceptance,
}

impl<F: PrimeField, R: Recursion<F>> Verifying<F, R> {
    /// Begins: our checkpoint is queued.
    pub(super) fn start(context: &mut Context<F>, op: u32, batch: Batch<F>) -> Self {
        let levels = R::levels(&batch);
        let coins = Coins::new(context, op, levels.coins());
        let openings = batch.openings();
        let me = context.me();
        let n = context.committee.len();
        let links = context.transcript.close(op, batch.operations());
        let links = Links::new(context, links);
        let signed = links.to_bytes(me);
        let body = [&coins.anchor()[..], openings.as_bytes(), &signed].concat();
        let content = checkpoint_content(&body);
        let digest = state(Statement::Checkpoint, context, op, me, &[&content]);
        let signature = sign(context, &digest);
        let mut checkpoints = vec![([0; 32], [0; SIGNATURE_BYTES]); n];
        checkpoints[me.index()] = (content, signature);
        let payload = [&body[..], &signature].concat();
        let verifying = Self {
            op,
            levels,
            batch,
            openings,
            links,
            coins,
            checkpoints,
            view: blake3::Hash::from_bytes([0; 32]),
            recursion: None,
            dealt: R::Dealt::default(),
            masks: R::Dealt::default(),
            opening: None,
            step: 0,
            inbox: BTreeMap::new(),
        };
        verifying.send_all(context, |_| payload.clone());
        context.transcript.begin(op);
        verifying
    }

    fn kind(&self, step: u8) -> Option<Step> {
        let step = usize::from(step);
        let last_coin = 2 * self.levels.coins() - 1;
        match step {
            0 => Some(Step::Checkpoint),
            _ if step <= last_coin && step % 2 == 1 => Some(Step::Coin(step / 2)),
            _ if step <= last_coin => Some(Step::Deal(step / 2 - 1)),
            _ if step == last_coin + 1 => Some(Step::Opening),
            _ if step == last_coin + 2 => Some(Step::Acceptance),
            _ => None,
        }
    }

    /// The length of a message; none if the sender has nothing to send there.
    fn expected(&self, context: &Context<F>, from: Party, slot: Slot) -> Option<usize> {
        let kind = self.kind(slot.step).filter(|_| slot.part == 0)?;
        senders(context, kind).contains(&from).then_some(())?;
        Some(match kind {
            Step::Checkpoint => checkpoint_bytes(context.committee),
            Step::Coin(0) => {
                let passed_on = (context.committee.len() - 2) * PASSED_ON_BYTES;
                let deals = context.dealing.derived.contains(&from);
                COIN_BYTES + passed_on + if deals { MASK_BYTES } else { 0 }
            }
            Step::Coin(_) => COIN_BYTES,
            Step::Deal(level) => R::dealt_bytes(&self.levels, level),
            Step::Opening => opening_bytes(context.committee),
            Step::Acceptance => ACCEPTANCE_BYTES,
        })
    }

    /// Does a step whose messages, by sender, are complete, and sends what comes after it.
    fn advance(
        &mut self,
        context: &mut Context<F>,
        messages: Vec<Option<Message>>,
    ) -> Result<(), Fault> {
        let kind = self
            .kind(self.step)
            .expect("the verification is not complete");
        let parties = context.committee.parties();
        let came: Vec<(Party, Message)> = (parties.zip(messages))
            .filter_map(|(party, message)| Some((party, message?)))
            .collect();
        match kind {
            Step::Checkpoint => self.check_checkpoints(context, &came)?,
            Step::Coin(_) => self.check_coins(context, &came)?,
            Step::Deal(_) => self.add_dealt(&came)?,
            Step::Opening => self.check_opening(context, &came)?,
            Step::Acceptance => self.check_acceptances(context, &came)?,
        }
        self.step += 1;
        match kind {
            Step::Checkpoint | Step::Deal(_) => self.send_coin(context),
            Step::Coin(number) => self.continue_at_coin(context, number),
            Step::Opening => self.send_acceptance(context),
            Step::Acceptance => {}
        }
        Ok(())
    }

    fn check_checkpoints(
        &mut self,
        context: &Context<F>,
        came: &[(Party, Message)],
    ) -> Result<(), Fault> {
        let op = self.op;
        for (from, message) in came {
            let from = *from;
            let (anchor, rest) = Split(message).take::<LINK_BYTES>();
            let (openings, rest) = rest.take::<32>();
            let (links, signature) = rest.0.split_at(links_bytes(context.committee.len()));
            let (signature, _) = Split(signature).take::<SIGNATURE_BYTES>();
            let content = checkpoint_content(&message[..message.len() - SIGNATURE_BYTES]);
            let digest = state(Statement::Checkpoint, context, op, from, &[&content]);
            if !signed(context, from, digest.as_bytes(), &signature) {
                return Err(Fault::Unsigned { from, op });
            }
            if self.openings != openings {
                return Err(Fault::Disagreement { op, with: from });
            }
            self.coins.set_anchor(from, anchor);
            self.links.take(from, links);
            self.checkpoints[from.index()] = (content, signature);
        }
        self.view = view_of(self.checkpoints.iter().map(|(content, _)| content));
        Ok(())
    }

    fn check_coins(
        &mut self,
        context: &Context<F>,
        came: &[(Party, Message)],
    ) -> Result<(), Fault> {
        let op = self.op;
        for (from, message) in came {
            let (link, mut rest) = Split(message).take::<LINK_BYTES>();
            // Beside the first coin, the checkpoints of all but sender and receiver.
            let me = context.me();
            let others = context.committee.others(me).filter(|other| other != from);
            for other in others.filter(|_| self.step == 1) {
                let (content, tail) = rest.take::<32>();
                let (signature, tail) = tail.take::<SIGNATURE_BYTES>();
                rest = tail;
                if content == self.checkpoints[other.index()].0 {
                    continue;
                }
                // Only as a checkpoint of this batch does a signature prove anything.
                let digest = state(Statement::Checkpoint, context, op, other, &[&content]);
                return Err(if signed(context, other, digest.as_bytes(), &signature) {
                    Fault::Equivocation { from: other, op }
                } else {
                    Fault::Unsigned { from: *from, op }
                });
            }
            if !self.coins.take(context, *from, link) {
                return Err(Fault::Coin { from: *from, op });
            }
            // Behind them, points of masks from who deals to us.
            R::add(&mut self.masks, rest.0).map_err(|index| Fault::NonCanonical {
                from: *from,
                slot: Slot {
                    op,
                    step: self.step,
                    part: 0,
                },
                index,
            })?;
        }
        // Only now: that a party signed two checkpoints is a proof, and says more.
        if self.step == 1 {
            self.links.check(context, op)?;
        }
        Ok(())
    }

    fn add_dealt(&mut self, came: &[(Party, Message)]) -> Result<(), Fault> {
        let slot = Slot {
            op: self.op,
            step: self.step,
            part: 0,
        };
        for (from, message) in came {
            let from = *from;
            R::add(&mut self.dealt, message).map_err(|index| Fault::NonCanonical {
                from,
                slot,
                index,
            })?;
        }
        let dealt = std::mem::take(&mut self.dealt);
        let recursion = self.recursion.as_mut().expect("products were dealt");
        recursion.take(dealt);
        Ok(())
    }

    fn check_opening(
        &mut self,
        context: &Context<F>,
        came: &[(Party, Message)],
    ) -> Result<(), Fault> {
        let op = self.op;
        let slot = Slot {
            op,
            step: self.step,
            part: 0,
        };
        let own = self.opening.expect("our shares were opened");
        let mut shares = vec![[R::Element::ZERO; 3]; context.committee.len()];
        shares[context.me().index()] = own;
        for (from, message) in came {
            let from = *from;
            let (body, signature) = message.split_at(message.len() - SIGNATURE_BYTES);
            let (signature, _) = Split(signature).take::<SIGNATURE_BYTES>();
            let view: &[u8] = self.view.as_bytes();
            let digest = state(Statement::Opening, context, op, from, &[view, body]);
            if !signed(context, from, digest.as_bytes(), &signature) {
                return Err(Fault::Unsigned { from, op });
            }
            let (elements, links) = body.split_at(3 * ELEMENT_BYTES);
            self.links.take(from, links);
            let places = shares[from.index()].iter_mut();
            for (index, (bytes, place)) in
                elements.chunks_exact(ELEMENT_BYTES).zip(places).enumerate()
            {
                let element = R::Element::read_from(bytes);
                let index = <F::Ext as Extension>::DEGREE * index;
                *place = element.ok_or(Fault::NonCanonical { from, slot, index })?;
            }
        }
        self.links.check(context, op)?;
        let checker = R::checker(context);
        let mut values = [R::Element::ZERO; 3];
        for (index, value) in values.iter_mut().enumerate() {
            let column: Vec<R::Element> = shares.iter().map(|shares| shares[index]).collect();
            let opened = checker.reconstruct(&column);
            *value = opened.map_err(|_| Fault::Inconsistent { op, index })?;
        }
        let [f, g, h] = values;
        if f * g == h {
            Ok(())
        } else {
            Err(Fault::Rejected { op })
        }
    }

    fn check_acceptances(
        &mut self,
        context: &Context<F>,
        came: &[(Party, Message)],
    ) -> Result<(), Fault> {
        let op = self.op;
        for (from, message) in came {
            let (signature, _) = Split(message).take::<SIGNATURE_BYTES>();
            let view: &[u8] = self.view.as_bytes();
            let digest = state(Statement::Acceptance, context, op, *from, &[view]);
            if !signed(context, *from, digest.as_bytes(), &signature) {
                return Err(Fault::Unsigned { from: *from, op });
            }
        }
        Ok(())
    }

    /// All messages that the next coin must not influence have arrived.
    fn send_coin(&mut self, context: &mut Context<F>) {
        let me = context.me();
        let link = self.coins.reveal(me);
        let parties: Vec<Party> = context.committee.parties().collect();
        let first = self.step == 1;
        let mut points = Vec::new();
        if first {
            let (op, step) = (self.op, self.step);
            (self.masks, points) = R::deal_masks(context, Slot { op, step, part: 0 });
        }
        let mut payloads: Vec<(Party, Vec<u8>)> = Vec::with_capacity(parties.len());
        for to in context.committee.others(me) {
            let mut payload = link.to_vec();
            let others = parties
                .iter()
                .filter(|party| **party != me && **party != to);
            for other in others.filter(|_| first) {
                let (content, signature) = &self.checkpoints[other.index()];
                payload.extend_from_slice(content);
                payload.extend_from_slice(signature);
            }
            let points = points.iter().filter(|(receiver, _)| *receiver == to);
            points.for_each(|(_, points)| payload.extend_from_slice(points));
            payloads.push((to, payload));
        }
        for (to, payload) in payloads {
            self.send(context, to, payload);
        }
    }

    /// The coin decides the weights, or where the claim is continued; then the next products are
    /// dealt, or the last values opened.
    fn continue_at_coin(&mut self, context: &mut Context<F>, number: usize) {
        let coin = self.coins.draw(context, &self.view);
        let recursion = match &mut self.recursion {
            None => {
                let batch = std::mem::take(&mut self.batch);
                let masks = std::mem::take(&mut self.masks);
                self.recursion.insert(R::new(context, batch, &coin, masks))
            }
            Some(recursion) => {
                let challenge = coin.challenge(recursion.points(), R::element);
                recursion.fold(challenge);
                recursion
            }
        };
        if number > self.levels.blocks.len() {
            return self.send_opening(context);
        }
        let blocks = self.levels.blocks.get(number).copied();
        let (op, step) = (self.op, self.step);
        self.dealt = recursion.deal(context, Slot { op, step, part: 0 }, blocks);
    }

    fn send_opening(&mut self, context: &mut Context<F>) {
        let recursion = self.recursion.take().expect("the recursion is at its end");
        let last = recursion.last();
        let mut elements = Vec::with_capacity(3 * ELEMENT_BYTES);
        last.iter().for_each(|value| value.write_to(&mut elements));
        let links = context.transcript.close(self.op, [self.op]);
        self.links = Links::new(context, links);
        let body = [&elements[..], &self.links.to_bytes(context.me())].concat();
        let stated: [&[u8]; 2] = [self.view.as_bytes(), &body];
        let digest = state(Statement::Opening, context, self.op, context.me(), &stated);
        let payload = [&body[..], &sign(context, &digest)].concat();
        self.opening = Some(last);
        self.send_all(context, |_| payload.clone());
    }

    fn send_acceptance(&mut self, context: &mut Context<F>) {
        let view: &[u8] = self.view.as_bytes();
        let digest = state(
            Statement::Acceptance,
            context,
            self.op,
            context.me(),
            &[view],
        );
        let signature = sign(context, &digest);
        self.send_all(context, |_| signature.to_vec());
    }

    fn send_all(&self, context: &mut Context<F>, payload: impl Fn(Party) -> Vec<u8>) {
        let others: Vec<Party> = context.committee.others(context.me()).collect();
        for to in others {
            self.send(context, to, payload(to));
        }
    }

    fn send(&self, context: &mut Context<F>, to: Party, payload: Vec<u8>) {
        let (op, step, part) = (self.op, self.step, 0);
        context.send(to, Slot { op, step, part }, payload);
    }
}

impl<F: PrimeField, R: Recursion<F>> Verification<F> for Verifying<F, R> {
    fn receive(
        &mut self,
        context: &mut Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let expected = self.expected(context, from, slot);
        let Some(expected) = expected else {
            return Err(Fault::Unexpected { from, slot });
        };
        if slot.step < self.step {
            return Err(Fault::Duplicate { from, slot });
        }
        check_length(from, slot, payload, expected)?;
        let n = context.committee.len();
        let places = self.inbox.entry(slot.step).or_insert_with(|| vec![None; n]);
        let place = &mut places[from.index()];
        if place.is_some() {
            return Err(Fault::Duplicate { from, slot });
        }
        *place = Some(Zeroizing::new(payload.to_vec()));
        if let Some(Step::Coin(_) | Step::Deal(_)) = self.kind(slot.step) {
            context
                .transcript
                .note(LinkWay::Received, from, slot, payload);
        }
        while !self.complete() && self.waiting_for(context).is_empty() {
            let messages = self.inbox.remove(&self.step).unwrap_or_default();
            self.advance(context, messages)?;
        }
        Ok(())
    }

    fn complete(&self) -> bool {
        self.kind(self.step).is_none()
    }

    fn waiting_for(&self, context: &Context<F>) -> Vec<Party> {
        let Some(kind) = self.kind(self.step) else {
            return Vec::new();
        };
        let came = self.inbox.get(&self.step);
        let missing = |party: &Party| came.is_none_or(|came| came[party.index()].is_none());
        let senders = senders(context, kind);
        senders.into_iter().filter(missing).collect()
    }
}

/// Who sends us something in a step. Products are dealt as in a multiplication.
fn senders<F: PrimeField>(context: &Context<F>, kind: Step) -> Vec<Party> {
    match kind {
        Step::Deal(_) => context.dealing.derived.clone(),
        _ => context.committee.others(context.me()).collect(),
    }
}

/// The digest of a statement by `party`, which it signs.
fn state<F: PrimeField>(
    statement: Statement,
    context: &Context<F>,
    op: u32,
    party: Party,
    body: &[&[u8]],
) -> blake3::Hash {
    statement.digest(context.session, context.committee, op, party, body)
}

/// The digest of what a checkpoint says, without its signature.
fn checkpoint_content(body: &[u8]) -> [u8; 32] {
    blake3::derive_key("enigma mpc v1: content of a checkpoint", body)
}

/// The digest of everybody's checkpoints.
fn view_of<'a>(contents: impl Iterator<Item = &'a [u8; 32]>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_derive_key("enigma mpc v1: view of checkpoints");
    contents.for_each(|content| {
        hasher.update(content);
    });
    hasher.finalize()
}

/// A message whose length was checked, read from the front.
#[derive(Clone, Copy)]
struct Split<'a>(&'a [u8]);

impl<'a> Split<'a> {
    fn take<const LEN: usize>(self) -> ([u8; LEN], Split<'a>) {
        let (head, rest) = self.0.split_first_chunk().expect("the length was checked");
        (*head, Split(rest))
    }
}
