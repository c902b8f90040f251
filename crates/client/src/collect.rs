//! A recipient's side of the outputs: fetch every member's sealed shares, check them against the
//! commitment on the chain, unseal, and put together. And everyone's: what the committee shows in the clear.

use std::collections::BTreeMap;

use enigma_bytecode::model::Contract;
use enigma_field::Committee;
use enigma_wire::api::SealedOutput;
use enigma_wire::controller::Certificate;
use enigma_wire::id::{Address, CollectionId, Hash, MemberIndex, NodeId};
use enigma_wire::ledger::{CollectionRecord, JobRecord};
use enigma_wire::output::{self, PublicResults, Recipient};
use enigma_wire::seal::Purpose;
use zeroize::Zeroizing;

use crate::opened::Reading;
use crate::values::{Cell, Member, Results};
use crate::{ClientError, Network, Owner};

/// Fetches and combines everything a settled job holds for one recipient; nothing when more than t nodes say that
/// it holds nothing, as for a member whose row was not used: one of them is honest. `owner`: whose keys the recipient has, a
/// member's, a party's or the requester's. What everyone sees is not among it: see [`collect_public`].
///
/// # Errors
/// When a member of the committee does not answer, its shares are not those it committed to, it shows more or less
/// than the others, or the shares contradict each other.
pub async fn collect(
    network: &Network,
    program: &Contract,
    certificate: &Certificate,
    owner: &Owner,
    recipient: Recipient,
) -> Result<Option<Results>, ClientError> {
    let place = Place::of(network, program, certificate)?;
    let reading = place.reading(recipient);
    let answers = fetch(network, certificate, Some(owner), recipient).await?;
    let Some(sealed) = held(answers, place.committee)? else {
        return Ok(None);
    };
    let roots = roots(sealed.iter().map(|(_, sealed)| sealed), certificate)?;
    let mut opened = Vec::with_capacity(sealed.len());
    for (position, (node, sealed)) in sealed.iter().enumerate() {
        let ciphertext = committed(*node, roots.get(position), sealed)?;
        let purpose = Purpose::Output {
            job: certificate.job,
            node: *node,
            recipient,
            account: owner.address(),
        };
        opened.push((*node, open(owner, *node, &ciphertext, &purpose)?));
    }
    let who = |slot, cell: &Cell| place.member(slot, cell);
    Ok(Some(reading.combine(place.committee, &opened, &who)?))
}

/// Fetches what a settled job shows to everyone; nothing when its entry shows nothing so, whoever asks. Believed is
/// what more than t members of the committee committed to: one of them is honest.
///
/// # Errors
/// When there are not so many.
pub async fn collect_public(
    network: &Network,
    program: &Contract,
    certificate: &Certificate,
) -> Result<Option<Results>, ClientError> {
    let place = Place::of(network, program, certificate)?;
    let reading = place.reading(Recipient::Public);
    if !reading.shows() {
        return Ok(None);
    }
    let answers = fetch(network, certificate, None, Recipient::Public).await?;
    let good = answers
        .iter()
        .filter_map(|(_, answer)| answer.as_ref().ok());
    let roots = match roots(good, certificate) {
        Ok(roots) => roots.clone(),
        Err(error) => {
            let failed = answers.into_iter().filter_map(|(_, answer)| answer.err());
            return Err(named(failed).unwrap_or(error));
        }
    };
    let mut held: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    let mut failed = Vec::new();
    for (position, (node, answer)) in answers.into_iter().enumerate() {
        match answer.and_then(|sealed| committed(node, roots.get(position), &sealed)) {
            Ok(bytes) => *held.entry(bytes).or_default() += 1,
            Err(error) => failed.push(error),
        }
    }
    let enough = |(bytes, members)| (members > place.committee.degree()).then_some(bytes);
    let Some(bytes) = held.into_iter().find_map(enough) else {
        let too_few = "too few members of the committee show the same results to everyone";
        let failed = named(failed.into_iter());
        return Err(failed.unwrap_or_else(|| ClientError::Misuse(too_few.to_owned())));
    };
    let results: PublicResults = borsh::from_slice(&bytes)
        .map_err(|_| ClientError::Misuse("the public results do not decode".to_owned()))?;
    let who = |slot, cell: &Cell| place.member(slot, cell);
    Ok(Some(reading.public(&results, &who)?))
}

/// Where a job ran, on what.
struct Place<'a> {
    program: &'a Contract,
    job: &'a JobRecord,
    collections: BTreeMap<CollectionId, &'a CollectionRecord>,
    committee: Committee,
}

impl<'a> Place<'a> {
    fn of(
        network: &'a Network,
        program: &'a Contract,
        certificate: &Certificate,
    ) -> Result<Self, ClientError> {
        let ledger = network.ledger();
        let unknown = || ClientError::Misuse(format!("no job {}", certificate.job));
        let job = ledger.jobs.get(&certificate.job).ok_or_else(unknown)?;
        let committee = ledger.job_committee(certificate.job).ok_or_else(unknown)?;
        let collections = job.request.collections.iter();
        let known = collections.filter_map(|id| Some((*id, ledger.collections.get(id)?)));
        Ok(Self {
            program,
            job,
            collections: known.collect(),
            committee: crate::request::committee(committee.len())?,
        })
    }

    fn reading(&self, recipient: Recipient) -> Reading<'a> {
        let own = match recipient {
            Recipient::Member { collection, member } => {
                let record = self.collections.get(&collection);
                record.map(|record| (record, record.contributions.get(&member)))
            }
            _ => None,
        };
        let given = own.and_then(|(_, given)| given);
        Reading {
            program: self.program,
            entry: self.job.request.entry,
            slot: own.map(|(record, _)| record.terms.slot),
            recipient,
            given: given.map_or(0, |given| given.rows),
        }
    }

    /// Who gave the row that a member's cell names: to the job's collection of this number in the contract, by the
    /// member's number or, in what everyone sees, by account.
    fn member(&self, slot: u16, cell: &Cell) -> Option<Member> {
        let mut collections = self.collections.values();
        let record = collections.find(|record| record.terms.slot == slot)?;
        let given = match cell {
            Cell::Number(number) => {
                let member = u32::try_from(*number).ok()?;
                record.contributions.get(&MemberIndex(member))
            }
            Cell::Bytes(bytes) => {
                let account = Address(<[u8; 20]>::try_from(&bytes[..]).ok()?);
                let mut all = record.contributions.values();
                all.find(|given| given.owner == account)
            }
            Cell::Hidden => None,
        };
        given.map(|given| Member {
            member: given.member,
            account: given.owner,
        })
    }
}

/// What every member of the committee answers, in committee order.
async fn fetch(
    network: &Network,
    certificate: &Certificate,
    owner: Option<&Owner>,
    recipient: Recipient,
) -> Result<Vec<(NodeId, Result<SealedOutput, ClientError>)>, ClientError> {
    let job = certificate.job;
    let apis = network.job_committee(job)?;
    let asked = apis.iter().map(|api| async move {
        let key = owner.map(Owner::key);
        (api.node, api.output(key, job, recipient).await)
    });
    Ok(futures::future::join_all(asked).await)
}

/// What every member holds, in committee order; nothing when more than t say that they hold nothing.
fn held<T>(
    answers: Vec<(NodeId, Result<T, ClientError>)>,
    committee: Committee,
) -> Result<Option<Vec<(NodeId, T)>>, ClientError> {
    let (mut held, mut failed) = (Vec::with_capacity(answers.len()), Vec::new());
    for (node, answer) in answers {
        match answer {
            Ok(answer) => held.push((node, answer)),
            Err(error) => failed.push(error),
        }
    }
    if failed.iter().filter(|error| is_absent(error)).count() > committee.degree() {
        return Ok(None);
    }
    named(failed.into_iter()).map_or(Ok(Some(held)), Err)
}

fn is_absent(error: &ClientError) -> bool {
    matches!(error, ClientError::Absent { .. })
}

/// The error to tell. A member that holds nothing may be right: where another one failed, that one is named.
fn named(errors: impl Iterator<Item = ClientError>) -> Option<ClientError> {
    errors.min_by_key(is_absent)
}

/// The roots of all members. One member's list is as good as another's: the chain says which list it is.
fn roots<'a>(
    mut answers: impl Iterator<Item = &'a SealedOutput>,
    certificate: &Certificate,
) -> Result<&'a Vec<Hash>, ClientError> {
    let right = |roots: &&Vec<Hash>| output::commitment(roots) == certificate.outputs;
    let found = answers.find_map(|sealed| Some(&sealed.roots).filter(right));
    found.ok_or_else(|| {
        ClientError::Misuse("no member has the roots the chain commits to".to_owned())
    })
}

/// The ciphertext, if it is the one the member committed to.
fn committed(
    node: NodeId,
    root: Option<&Hash>,
    sealed: &SealedOutput,
) -> Result<Vec<u8>, ClientError> {
    let wrong = |why: &str| ClientError::Misbehaved {
        node,
        why: why.to_owned(),
    };
    let ciphertext =
        hex::decode(&sealed.ciphertext).map_err(|_| wrong("its output is not hexadecimal"))?;
    let root = root.ok_or_else(|| wrong("it is not on the list of roots"))?;
    if !output::verify_ciphertext(&ciphertext, &sealed.proof, *root) {
        return Err(wrong("its output is not the one it committed to"));
    }
    Ok(ciphertext)
}

fn open(
    owner: &Owner,
    node: NodeId,
    ciphertext: &[u8],
    purpose: &Purpose,
) -> Result<Zeroizing<Vec<u8>>, ClientError> {
    let opened = owner.seal().open(ciphertext, purpose);
    opened.map_err(|error| ClientError::Misbehaved {
        node,
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = (NodeId, Result<u8, ClientError>);

    fn node(number: u32) -> NodeId {
        NodeId(number)
    }

    fn holds(number: u32) -> Answer {
        (node(number), Ok(number as u8))
    }

    fn absent(number: u32) -> Answer {
        let (node, message) = (node(number), "no such output".to_owned());
        (node, Err(ClientError::Absent { node, message }))
    }

    fn unreachable(number: u32) -> Answer {
        let (node, why) = (node(number), "connection refused".to_owned());
        (node, Err(ClientError::Unreachable { node, why }))
    }

    fn held(answers: Vec<Answer>) -> Result<Option<usize>, ClientError> {
        let committee = crate::request::committee(answers.len()).expect("a committee");
        super::held(answers, committee).map(|held| held.map(|held| held.len()))
    }

    #[test]
    fn nothing_is_held_when_more_than_t_say_so() {
        // t = 1 of three, t = 2 of five, whatever the others do.
        assert!(matches!(
            held(vec![absent(1), holds(2), absent(3)]),
            Ok(None)
        ));
        assert!(matches!(
            held(vec![absent(1), unreachable(2), absent(3)]),
            Ok(None)
        ));
        let five = vec![holds(1), absent(2), absent(3), unreachable(4), absent(5)];
        assert!(matches!(held(five), Ok(None)));
        assert!(matches!(
            held(vec![holds(1), holds(2), holds(3)]),
            Ok(Some(3))
        ));
    }

    #[test]
    fn who_may_be_right_is_not_named_before_who_failed() {
        for answers in [
            vec![absent(1), holds(2), unreachable(3)],
            vec![absent(1), unreachable(3), unreachable(2)],
        ] {
            let error = held(answers).expect_err("too few");
            let is_third =
                matches!(error, ClientError::Unreachable { node: at, .. } if at == node(3));
            assert!(is_third, "{error}");
        }
        let error = held(vec![holds(1), absent(2), holds(3)]).expect_err("one is missing");
        assert!(is_absent(&error), "{error}");
    }
}
