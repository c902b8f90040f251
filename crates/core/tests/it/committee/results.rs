//! A recipient's side of the outputs, as `enigma_client::collect` has it.

use std::collections::BTreeMap;

use enigma_core::{ClientRequest, Response};
use enigma_field::{Committee, M61, shamir};
use enigma_wire::api::OutputShares;
use enigma_wire::id::{JobId, MemberIndex};
use enigma_wire::ledger::JobState;
use enigma_wire::output::{self, Recipient};
use enigma_wire::seal::Purpose;

use super::{Owner, Survey};

/// What a person learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Learned {
    pub(crate) average: i64,
    pub(crate) rank: i64,
}

impl Survey {
    /// A person fetches, checks and combines all shares.
    pub(crate) fn collect(&mut self, job: JobId, member: usize) -> Result<Learned, String> {
        let results = self.results(job, Recipient::Member(MemberIndex(member as u32)))?;
        let value = |name: &str| results.get(name).copied().ok_or("a result is missing");
        Ok(Learned {
            average: value("average")?,
            rank: value("rank")?,
        })
    }

    /// A recipient's keys.
    pub(crate) fn keys(&self, recipient: Recipient) -> &Owner {
        match recipient {
            Recipient::Member(member) => &self.owners[member.0 as usize],
            Recipient::Party(party) => &self.parties[usize::from(party)],
            Recipient::Public => unreachable!("nothing is sealed to everyone"),
        }
    }

    /// What a recipient's outputs at this place of the committee are sealed for.
    pub(crate) fn purpose(&self, job: JobId, position: usize, recipient: Recipient) -> Purpose {
        Purpose::Output {
            job,
            node: self.record().committee[position],
            recipient,
            account: self.keys(recipient).address(),
        }
    }

    /// Everything a recipient receives, by name.
    pub(crate) fn results(
        &mut self,
        job: JobId,
        recipient: Recipient,
    ) -> Result<BTreeMap<String, i64>, String> {
        let record = self.world.chain.ledger().jobs.get(&job);
        let Some(JobState::Settled(certificate)) = record.map(|record| record.state.clone()) else {
            return Err("the job is not settled".to_owned());
        };
        let mut shares: BTreeMap<u16, Vec<M61>> = BTreeMap::new();
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
            let purpose = self.purpose(job, position, recipient);
            let message = self
                .keys(recipient)
                .seal
                .open(&ciphertext, &purpose)
                .map_err(|error| error.to_string())?;
            let opened: OutputShares =
                borsh::from_slice(&message).map_err(|error| error.to_string())?;
            for line in opened.lines {
                let bytes = line.columns[0][0];
                let share = M61::from_bytes(bytes).ok_or("a share is not canonical")?;
                shares.entry(line.reveal).or_default().push(share);
            }
        }
        let committee = Committee::new(self.committee().len() as u8).expect("an odd size");
        let value = |(reveal, shares): (u16, Vec<M61>)| {
            let value = shamir::reconstruct_checked(&committee, &shares)
                .map_err(|_| "inconsistent shares")?;
            let line = &self.contract.manifest[usize::from(reveal)];
            Ok((line.name.clone(), value.to_i64()))
        };
        shares.into_iter().map(value).collect()
    }

    /// Everybody in `members`, who gave `values`, learns exactly what plain arithmetic says.
    pub(crate) fn assert_right(&mut self, job: JobId, members: &[usize], values: &[i64]) {
        for (member, expected) in members.iter().zip(expected(values)) {
            assert_eq!(self.collect(job, *member), Ok(expected), "member {member}");
        }
    }
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
