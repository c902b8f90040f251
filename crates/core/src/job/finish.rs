//! Outputs and certificate: seal each recipient's shares, exchange roots, store, sign, settle.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use enigma_field::Party as PartyNumber;
use enigma_vm::Outcome;
use enigma_wire::api::{LineShares, OutputShares};
use enigma_wire::controller::Certificate;
use enigma_wire::id::Hash;
use enigma_wire::output::{self, Recipient};
use enigma_wire::peer::Control;
use enigma_wire::seal::{self, Purpose};
use enigma_wire::sign::Signature;
use zeroize::Zeroizing;

use super::failure::submission_due;
use super::{Job, Phase, report_phase};
use crate::party::{Shared, output_key};
use crate::seam::{Call, Table, Write};

/// One recipient's sealed output before the other members' roots are known.
pub(crate) struct Sealed {
    recipient: Recipient,
    ciphertext: Vec<u8>,
}

/// One recipient's sealed output as it is stored and served.
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

impl Job {
    /// The entry is done: seal the outputs and publish their root.
    pub(super) fn on_outputs(&mut self, shared: &mut Shared, outcome: &Outcome) {
        match self.seal_outputs(shared, outcome) {
            Ok(outputs) => {
                report_phase(shared, self.run.job, "publishing");
                let tree =
                    output::ciphertext_tree(outputs.iter().map(|sealed| &sealed.ciphertext[..]));
                self.roots.insert(self.me, tree.root());
                self.phase = Phase::Publishing { outputs };
                self.broadcast(shared, &Control::OutputRoot(tree.root()));
                self.try_store_outputs(shared);
            }
            Err(why) => self.refuse(shared, why),
        }
    }

    /// Each recipient's shares of the lines it receives, and of no others, sealed to its key.
    fn seal_outputs(&self, shared: &mut Shared, outcome: &Outcome) -> Result<Vec<Sealed>, String> {
        let program = self.program.as_ref().ok_or("the program is not loaded")?;
        let node = self.member(self.me).node;
        let mut sealed = Vec::new();
        for receiver in self.receivers(shared, program)? {
            let mut shares = OutputShares::default();
            for (reveal, values) in &outcome.outputs {
                let line = program
                    .manifest
                    .get(usize::from(*reveal))
                    .ok_or("an output without manifest line")?;
                let Some(place) = receiver.value_of(line) else {
                    continue;
                };
                let share = values
                    .get(place)
                    .ok_or("an output is shorter than its recipients")?;
                shares.lines.push(LineShares {
                    reveal: *reveal,
                    columns: vec![vec![share.to_bytes()]],
                    there: Vec::new(),
                });
            }
            let message =
                Zeroizing::new(borsh::to_vec(&shares).expect("writing to memory cannot fail"));
            let purpose = Purpose::Output {
                job: self.run.job,
                node,
                recipient: receiver.recipient,
                account: receiver.account,
            };
            // A key to which nothing can be sealed costs its owner the output, nobody else.
            let ciphertext = seal::seal(&receiver.seal_key, &message, &purpose, &mut shared.rng)
                .unwrap_or_default();
            sealed.push(Sealed {
                recipient: receiver.recipient,
                ciphertext,
            });
        }
        Ok(sealed)
    }

    /// With all roots known, stores the outputs; the certificate is signed only when they are durable.
    pub(super) fn try_store_outputs(&mut self, shared: &mut Shared) {
        let Phase::Publishing { outputs } = &self.phase else {
            return;
        };
        if self.roots.len() < self.members.len() {
            return;
        }
        let roots: Vec<Hash> = self.roots.values().copied().collect();
        let certificate = match self.certificate(&roots) {
            Ok(certificate) => certificate,
            Err(why) => return self.refuse(shared, why),
        };
        let tree = output::ciphertext_tree(outputs.iter().map(|sealed| &sealed.ciphertext[..]));
        let writes = outputs
            .iter()
            .enumerate()
            .map(|(index, sealed)| {
                let stored = StoredOutput {
                    ciphertext: sealed.ciphertext.clone(),
                    proof: tree.proof(index).unwrap_or_default(),
                    index: index as u32,
                    roots: roots.clone(),
                };
                let value = borsh::to_vec(&stored).expect("writing to memory cannot fail");
                Write::Put {
                    table: Table::Outputs,
                    key: output_key(self.run.job, sealed.recipient),
                    value,
                }
            })
            .collect();
        self.phase = Phase::Storing { certificate };
        shared.persist(self.pending(), writes);
    }

    /// Every honest member derives the same certificate: costs are those of the plans, which the run
    /// matches exactly. The price is for the submitted rows (decisions 15), and so is the work.
    fn certificate(&self, roots: &[Hash]) -> Result<Certificate, String> {
        let cost = self.cost.as_ref().ok_or("the job was not admitted")?;
        let submitted = self.rows.admitted.len() as u32;
        Ok(Certificate {
            job: self.run.job,
            contract: self.contract,
            inputs: self.inputs,
            outputs: output::commitment(roots),
            rows: submitted - self.rows.dropped.len() as u32,
            multiplications: cost.multiplications,
            rounds: cost.rounds,
            bytes: cost.bytes_total,
        })
    }

    pub(super) fn on_outputs_stored(&mut self, shared: &mut Shared) {
        let Phase::Storing { certificate } = &self.phase else {
            return;
        };
        if self.closed {
            self.phase = Phase::Closed;
            return;
        }
        let certificate = certificate.clone();
        let signature = shared
            .keys
            .signer
            .sign(&shared.config.domain.digest(&certificate));
        report_phase(shared, self.run.job, "certifying");
        self.certified
            .insert(self.me, (certificate.clone(), signature));
        self.phase = Phase::Certifying {
            certificate: certificate.clone(),
            since: shared.now,
            submitted: None,
        };
        self.broadcast(shared, &Control::Certified(certificate, signature));
        self.try_settle(shared);
    }

    pub(super) fn on_certified(
        &mut self,
        shared: &mut Shared,
        from: PartyNumber,
        certificate: Certificate,
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
        self.certified.insert(from, (certificate, signature));
        self.try_settle(shared);
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
            certificate: certificate.clone(),
            members: agreeing.keys().map(|party| party.index() as u8).collect(),
            signatures: agreeing.into_values().collect(),
        };
        shared.submit(call);
        if let Phase::Certifying { submitted, .. } = &mut self.phase {
            *submitted = Some(shared.now);
        }
    }
}
