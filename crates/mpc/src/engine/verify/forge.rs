//! For tests: statements that a corrupt party signs, whatever they say.

use ed25519_dalek::{Signer, SigningKey};
use enigma_field::{Committee, Party};

use super::coins::{SIGNATURE_BYTES, Statement};
use super::{checkpoint_content, view_of};
use crate::keys::{SessionId, SessionSeeds};
use crate::testing::Delivery;

/// Signs as one party, whose session key it has.
pub struct Forger {
    session: SessionId,
    committee: Committee,
    me: Party,
    key: SigningKey,
    /// Of the verification that is attacked, by party.
    checkpoints: Vec<[u8; 32]>,
}

impl Forger {
    /// A forger with the session key of this party.
    pub fn new(seeds: &SessionSeeds) -> Self {
        Self {
            session: seeds.session,
            committee: seeds.committee,
            me: seeds.me,
            key: seeds.identity.signing.clone(),
            checkpoints: vec![[0; 32]; seeds.committee.len()],
        }
    }

    /// Notes a checkpoint on its way: later statements are about all of them.
    pub fn observe(&mut self, checkpoint: &Delivery) {
        self.checkpoints[checkpoint.from.index()] = Self::content(&checkpoint.payload);
    }

    /// What of a checkpoint is passed on beside the first coin, before its signature.
    pub fn content(checkpoint: &[u8]) -> [u8; 32] {
        checkpoint_content(&checkpoint[..checkpoint.len().saturating_sub(SIGNATURE_BYTES)])
    }

    /// Signs a checkpoint anew, after an edit.
    pub fn sign_checkpoint(&self, op: u32, payload: &mut [u8]) {
        let content = Self::content(payload);
        let digest = self.digest(Statement::Checkpoint, op, &[&content]);
        self.sign(digest, payload);
    }

    /// Signs an opening anew, after an edit.
    pub fn sign_opening(&self, op: u32, payload: &mut [u8]) {
        let (body, _) = payload.split_at(payload.len() - SIGNATURE_BYTES);
        let digest = self.digest(Statement::Opening, op, &[&self.view(), body]);
        self.sign(digest, payload);
    }

    /// Signs an acceptance, which says nothing but that.
    pub fn sign_acceptance(&self, op: u32, payload: &mut [u8]) {
        let digest = self.digest(Statement::Acceptance, op, &[&self.view()]);
        self.sign(digest, payload);
    }

    fn view(&self) -> [u8; 32] {
        *view_of(self.checkpoints.iter()).as_bytes()
    }

    fn digest(&self, statement: Statement, op: u32, body: &[&[u8]]) -> blake3::Hash {
        statement.digest(self.session, self.committee, op, self.me, body)
    }

    /// Replaces the signature at the end of a statement.
    fn sign(&self, digest: blake3::Hash, payload: &mut [u8]) {
        let start = payload.len() - SIGNATURE_BYTES;
        payload[start..].copy_from_slice(&self.key.sign(digest.as_bytes()).to_bytes());
    }
}
