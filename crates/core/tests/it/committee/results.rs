//! A recipient's side of the outputs, as `enigma_client::collect` has it.

use std::collections::BTreeMap;

use enigma_bytecode::model::Profile;
use enigma_core::{ClientRequest, Response};
use enigma_field::{Committee, M61, M127, PrimeField, shamir};
use enigma_wire::api::{LineShares, OutputShares, Share};
use enigma_wire::id::{JobId, MemberIndex};
use enigma_wire::ledger::JobState;
use enigma_wire::output::{self, PublicLine, PublicResults, Recipient};
use enigma_wire::seal::Purpose;

use super::{Owner, Survey};

/// What a person learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Learned {
    pub(crate) average: i64,
    pub(crate) rank: i64,
}

/// What a recipient is shown of a manifest line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// By column, its elements.
    pub(crate) columns: Vec<Vec<i64>>,
    /// By count, which of them are shown.
    pub(crate) there: Vec<Vec<i64>>,
}

impl Survey {
    /// A person fetches, checks and combines all shares.
    pub(crate) fn collect(&mut self, job: JobId, member: usize) -> Result<Learned, String> {
        let results = self.results(job, self.member(member as u32))?;
        let value = |name: &str| results.get(name).copied().ok_or("a result is missing");
        Ok(Learned {
            average: value("average")?,
            rank: value("rank")?,
        })
    }

    /// A member as a recipient.
    pub(crate) fn member(&self, number: u32) -> Recipient {
        Recipient::Member {
            collection: self.collection,
            member: MemberIndex(number),
        }
    }

    /// A recipient's keys.
    pub(crate) fn keys(&self, recipient: Recipient) -> &Owner {
        match recipient {
            Recipient::Member { member, .. } => &self.owners[member.0 as usize],
            Recipient::Caller => self.caller.as_ref().expect("the request names a key"),
            Recipient::Party(party) => &self.parties[usize::from(party)],
            Recipient::Public => unreachable!("nothing is sealed to everyone"),
        }
    }

    /// What a recipient's outputs at this place of the committee are sealed for.
    pub(crate) fn purpose(&self, job: JobId, position: usize, recipient: Recipient) -> Purpose {
        Purpose::Output {
            job,
            node: self.nodes()[position],
            recipient,
            account: self.keys(recipient).address(),
        }
    }

    /// Everything a recipient receives of lines of one number, by name.
    pub(crate) fn results(
        &mut self,
        job: JobId,
        recipient: Recipient,
    ) -> Result<BTreeMap<String, i64>, String> {
        let seen = self.seen(job, recipient)?.into_iter();
        let numbers = seen.map(|(name, seen)| (name, seen.columns[0][0]));
        Ok(numbers.collect())
    }

    /// Everything a recipient receives, by name.
    pub(crate) fn seen(
        &mut self,
        job: JobId,
        recipient: Recipient,
    ) -> Result<BTreeMap<String, Seen>, String> {
        match self.contract.profile {
            Profile::ShamirM61V1 => self.seen_over::<M61>(job, recipient),
            Profile::ShamirM127V1 => self.seen_over::<M127>(job, recipient),
        }
    }

    fn seen_over<F: PrimeField>(
        &mut self,
        job: JobId,
        recipient: Recipient,
    ) -> Result<BTreeMap<String, Seen>, String> {
        let mut opened: Vec<OutputShares<F>> = Vec::new();
        for (position, ciphertext) in self.fetch(job, recipient)?.iter().enumerate() {
            let purpose = self.purpose(job, position, recipient);
            let seal = &self.keys(recipient).seal;
            let message = seal.open(ciphertext, &purpose);
            let message = message.map_err(|error| error.to_string())?;
            opened.push(borsh::from_slice(&message).map_err(|error| error.to_string())?);
        }
        let committee = Committee::new(self.committee().len() as u8).expect("an odd size");
        let mut seen = BTreeMap::new();
        for (at, line) in opened[0].lines.iter().enumerate() {
            let all: Vec<&LineShares<F>> = opened.iter().map(|shares| &shares.lines[at]).collect();
            assert!(all.iter().all(|other| other.reveal == line.reveal));
            let columns: Vec<&Vec<Vec<Share<F>>>> = all.iter().map(|line| &line.columns).collect();
            let there: Vec<&Vec<Vec<Share<F>>>> = all.iter().map(|line| &line.there).collect();
            let name = &self.contract.manifest[usize::from(line.reveal)].name;
            let columns = combined(&committee, &columns)?;
            let there = combined(&committee, &there)?;
            seen.insert(name.clone(), Seen { columns, there });
        }
        Ok(seen)
    }

    /// What everyone sees, by name: the same bytes at all nodes.
    pub(crate) fn public(&mut self, job: JobId) -> Result<BTreeMap<String, PublicLine>, String> {
        let bytes = self.fetch(job, Recipient::Public)?;
        assert!(bytes.iter().all(|other| *other == bytes[0]), "nodes differ");
        let results: PublicResults =
            borsh::from_slice(&bytes[0]).map_err(|error| error.to_string())?;
        let named = results.lines.into_iter().map(|line| {
            let name = &self.contract.manifest[usize::from(line.reveal)].name;
            (name.clone(), line)
        });
        Ok(named.collect())
    }

    /// A recipient's outputs, of each node in committee order, as it committed to them.
    pub(crate) fn fetch(
        &mut self,
        job: JobId,
        recipient: Recipient,
    ) -> Result<Vec<Vec<u8>>, String> {
        let record = self.world.chain.ledger().jobs.get(&job);
        let Some(JobState::Settled(certificate)) = record.map(|record| record.state.clone()) else {
            return Err("the job is not settled".to_owned());
        };
        let mut outputs = Vec::new();
        for (position, node) in self.committee().into_iter().enumerate() {
            let request = ClientRequest::Output { job, recipient };
            let sealed = match self.world.answer(node, request) {
                Response::Output(sealed) => sealed,
                other => return Err(format!("node {node}: {other:?}")),
            };
            let ciphertext = hex::decode(&sealed.ciphertext).map_err(|error| error.to_string())?;
            if output::commitment(&sealed.roots) != certificate.outputs
                || !output::verify_ciphertext(&ciphertext, &sealed.proof, sealed.roots[position])
            {
                return Err(format!("node {node}: not what it committed to"));
            }
            outputs.push(ciphertext);
        }
        Ok(outputs)
    }

    /// Everybody in `members`, who gave `values`, learns exactly what plain arithmetic says.
    pub(crate) fn assert_right(&mut self, job: JobId, members: &[usize], values: &[i64]) {
        for (member, expected) in members.iter().zip(expected(values)) {
            assert_eq!(self.collect(job, *member), Ok(expected), "member {member}");
        }
    }
}

/// The numbers of which nodes hold these shares, by node, vector and element.
fn combined<F: PrimeField>(
    committee: &Committee,
    nodes: &[&Vec<Vec<Share<F>>>],
) -> Result<Vec<Vec<i64>>, String> {
    let element = |vector: usize, at: usize| {
        let shares: Vec<F> = nodes.iter().map(|node| node[vector][at].0).collect();
        let value = shamir::reconstruct_checked(committee, &shares);
        let value = value.map_err(|_| "inconsistent shares")?.to_i128();
        i64::try_from(value).map_err(|_| "longer than any value".to_owned())
    };
    let vectors = nodes[0].iter().enumerate();
    vectors
        .map(|(vector, shares)| (0..shares.len()).map(|at| element(vector, at)).collect())
        .collect()
}

/// What each of these people must learn.
pub(crate) fn expected(values: &[i64]) -> Vec<Learned> {
    let average = values.iter().sum::<i64>() / values.len() as i64;
    let rank = |value: &i64| 1 + values.iter().filter(|other| *other > value).count() as i64;
    values
        .iter()
        .map(|value| Learned {
            average,
            rank: rank(value),
        })
        .collect()
}
