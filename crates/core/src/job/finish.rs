//! Outputs and certificate: seal each recipient's shares, exchange roots, store, sign, settle.
//!
//! Agreement on success: a member sends the root of its outputs only after its session has ended, that is after it has verified
//! the last opening of the last stage, and after what it keeps secret is durable; and it signs the certificate only with the roots of all members. So if one honest
//! member signs, every honest member has ended with success, on the same opened values: no corrupt member can have some believe
//! that the call succeeded and others that it did not. Whether t+1 members sign the certificate or a failure first, the
//! chain decides, for all.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use enigma_field::Party as PartyNumber;
use enigma_wire::controller::Certificate;
use enigma_wire::effects::Effects;
use enigma_wire::id::{Hash, JobId};
use enigma_wire::output::{self, Recipient};
use enigma_wire::peer::Control;
use enigma_wire::sign::Signature;

use super::failure::submission_due;
use super::inputs::Input;
use super::outputs::Output;
use super::{Job, Phase, report_phase};
use crate::party::Shared;
use crate::seam::{Call, Table, Write};

/// One recipient's output as it is stored and served: sealed, but for everyone's.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct StoredOutput {
    ciphertext: Vec<u8>,
    pub(crate) proof: Vec<Hash>,
    pub(crate) index: u32,
    pub(crate) roots: Vec<Hash>,
}

impl StoredOutput {
    pub(crate) fn ciphertext_hex(&self) -> String {
        hex::encode(&self.ciphertext)
    }
}

/// Second part of the key of a sealed output, after its job: what kind of recipient follows.
const OUTPUT_OF_MEMBER: u8 = 0;
const OUTPUT_OF_PARTY: u8 = 1;
const OUTPUT_OF_EVERYONE: u8 = 2;
const OUTPUT_OF_CALLER: u8 = 3;

/// Where a recipient's sealed output is stored.
pub(crate) fn output_key(job: JobId, recipient: Recipient) -> Vec<u8> {
    let (kind, collection, number) = match recipient {
        Recipient::Member { collection, member } => (OUTPUT_OF_MEMBER, collection.0, member.0),
        Recipient::Party(party) => (OUTPUT_OF_PARTY, 0, u32::from(party)),
        Recipient::Public => (OUTPUT_OF_EVERYONE, 0, 0),
        Recipient::Caller => (OUTPUT_OF_CALLER, 0, 0),
    };
    let (job, collection) = (job.0.to_be_bytes(), collection.to_be_bytes());
    [&job[..], &[kind], &collection, &number.to_be_bytes()].concat()
}

impl Job {
    /// The entry is done, its outputs are sealed and its secrets kept: publish the root.
    pub(super) fn publish(&mut self, shared: &mut Shared, outputs: Vec<Output>, effects: Effects) {
        report_phase(shared, self.run.job, "publishing");
        let tree = output::ciphertext_tree(outputs.iter().map(|output| &output.bytes[..]));
        self.roots.insert(self.me, tree.root());
        self.phase = Phase::Publishing { outputs, effects };
        // It may have taken a while to keep them, and the others may take as long.
        self.progress = shared.now;
        self.broadcast(shared, &Control::OutputRoot(tree.root()));
        self.try_store_outputs(shared);
    }

    /// With all roots known, stores the outputs; the certificate is signed only when they are durable.
    pub(super) fn try_store_outputs(&mut self, shared: &mut Shared) {
        let Phase::Publishing { outputs, effects } = &self.phase else {
            return;
        };
        if self.roots.len() < self.members.len() {
            return;
        }
        let roots: Vec<Hash> = self.roots.values().copied().collect();
        let certificate = match self.certificate(&roots, effects) {
            Ok(certificate) => certificate,
            Err(why) => return self.refuse(shared, why),
        };
        let tree = output::ciphertext_tree(outputs.iter().map(|output| &output.bytes[..]));
        let writes = outputs
            .iter()
            .enumerate()
            .map(|(index, output)| {
                let stored = StoredOutput {
                    ciphertext: output.bytes.clone(),
                    proof: tree.proof(index).unwrap_or_default(),
                    index: index as u32,
                    roots: roots.clone(),
                };
                let value = borsh::to_vec(&stored).expect("writing to memory cannot fail");
                Write::Put {
                    table: Table::Outputs,
                    key: output_key(self.run.job, output.recipient),
                    value,
                }
            })
            .collect();
        let effects = effects.clone();
        self.phase = Phase::Storing {
            certificate,
            effects,
        };
        shared.persist(self.pending(), writes);
    }

    /// Every honest member derives the same certificate: work is what was quoted, and paid, for the submitted rows (decisions 15).
    /// Of an entry without branches that is exactly what the run took if all rows were valid; of others it is the upper bound,
    /// since what a run takes depends on what it opened.
    fn certificate(&self, roots: &[Hash], effects: &Effects) -> Result<Certificate, String> {
        let cost = self.cost.as_ref().ok_or("the job was not admitted")?;
        let used: u32 = self.inputs.iter().map(Input::used_rows).sum();
        Ok(Certificate {
            job: self.run.job,
            contract: self.contract,
            inputs: self.inputs_root,
            outputs: output::commitment(roots),
            effects: effects.hash(),
            rows: used,
            multiplications: cost.multiplications,
            rounds: cost.rounds,
            bytes: cost.bytes_total,
        })
    }

    pub(super) fn on_outputs_stored(&mut self, shared: &mut Shared) {
        let Phase::Storing {
            certificate,
            effects,
        } = &self.phase
        else {
            return;
        };
        if self.closed {
            self.phase = Phase::Closed;
            return;
        }
        let (certificate, effects) = (certificate.clone(), effects.clone());
        let signature = shared
            .keys
            .signer
            .sign(&shared.config.domain.digest(&certificate));
        report_phase(shared, self.run.job, "certifying");
        self.certified
            .insert(self.me, (certificate.clone(), signature));
        self.phase = Phase::Certifying {
            certificate: certificate.clone(),
            effects,
            since: shared.now,
            submitted: None,
        };
        let roots = self.roots.values().copied().collect();
        self.broadcast(shared, &Control::Certified(certificate, roots, signature));
        self.try_settle(shared);
    }

    pub(super) fn on_certified(
        &mut self,
        shared: &mut Shared,
        from: PartyNumber,
        (certificate, roots): (Certificate, Vec<Hash>),
        signature: Signature,
    ) {
        let signer = signature.signer(&shared.config.domain.digest(&certificate));
        if certificate.job != self.run.job || signer != Some(self.member(from).signer) {
            return self.accuse(
                shared,
                from,
                "a certificate without a valid signature".to_owned(),
            );
        }
        let complete = roots.len() == self.members.len();
        if !complete || output::commitment(&roots) != certificate.outputs {
            let why = "a certificate of other roots than it comes with";
            return self.accuse(shared, from, why.to_owned());
        }
        self.offered.insert(from, roots);
        self.certified.insert(from, (certificate, signature));
        self.take_settled_roots(shared);
        self.try_settle(shared);
    }

    /// A member may have sent its root to some only, who have settled the job with it. Which roots those are, the chain's certificate
    /// says, whoever tells them: with them this member's outputs are as good as theirs.
    pub(super) fn take_settled_roots(&mut self, shared: &mut Shared) {
        let (Phase::Publishing { .. }, Some(outputs)) = (&self.phase, self.settled) else {
            return;
        };
        let own = self.roots.get(&self.me);
        let mut offered = self.offered.values();
        let found = offered.find(|roots| {
            output::commitment(roots) == outputs && roots.get(self.me.index()) == own
        });
        if let Some(roots) = found {
            self.roots = self
                .committee
                .parties()
                .zip(roots.iter().copied())
                .collect();
            self.try_store_outputs(shared);
        }
    }

    /// The signatures under this member's certificate.
    pub(super) fn agreeing(&self) -> BTreeMap<PartyNumber, Signature> {
        let Some((own, _)) = self.certified.get(&self.me) else {
            return BTreeMap::new();
        };
        let agreeing = self
            .certified
            .iter()
            .filter(|(_, (theirs, _))| theirs == own);
        agreeing
            .map(|(party, (_, signature))| (*party, *signature))
            .collect()
    }

    /// Submits the certificate with t+1 signatures when it is this member's turn.
    pub(super) fn try_settle(&mut self, shared: &mut Shared) {
        let Phase::Certifying {
            certificate,
            effects,
            since,
            submitted,
        } = &self.phase
        else {
            return;
        };
        let agreeing = self.agreeing();
        // A signature says that its member's outputs are durable, and recipients need every member's:
        // t+1 are enough for the chain, but the others get some time to sign, or to say what failed.
        let timeouts = shared.config.timeouts;
        let complete = agreeing.len() == self.members.len();
        let grace = if complete { 0 } else { timeouts.agreement_ms };
        let turn = u64::from(self.me.number()) - 1;
        let due = submission_due(shared, *submitted)
            && shared.now.since(*since) >= grace + turn * timeouts.submit_ms;
        if agreeing.len() <= usize::from(self.committee.t()) || !due {
            return;
        }
        let call = Call::Settle {
            certificate: Box::new(certificate.clone()),
            effects: effects.clone(),
            members: agreeing.keys().map(|party| party.index() as u8).collect(),
            signatures: agreeing.into_values().collect(),
        };
        shared.submit(call);
        if let Phase::Certifying { submitted, .. } = &mut self.phase {
            *submitted = Some(shared.now);
        }
    }
}
