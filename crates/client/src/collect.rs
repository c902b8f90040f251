//! A recipient's side of the outputs: fetch every member's sealed shares, check them against the
//! commitment on the chain, open, check that they fit one polynomial, combine.

use std::collections::BTreeMap;

use enigma_bytecode::model::Contract;
use enigma_field::{Committee, M61};
use enigma_wire::api::{OutputShares, SealedOutput};
use enigma_wire::controller::Certificate;
use enigma_wire::id::{Hash, MemberIndex, NodeId};
use enigma_wire::output;
use enigma_wire::seal::Purpose;

use crate::http::NodeApi;
use crate::{ClientError, Network, Owner};

/// A recipient's results by name.
pub type Results = BTreeMap<String, i64>;

/// Fetches and combines everything a settled job holds for one member.
///
/// # Errors
/// When a member of the committee does not answer, its shares are not those it committed to, or the
/// shares contradict each other.
pub async fn collect(
    network: &Network,
    program: &Contract,
    certificate: &Certificate,
    owner: &Owner,
    member: MemberIndex,
) -> Result<Results, ClientError> {
    let job = network
        .ledger()
        .jobs
        .get(&certificate.job)
        .ok_or_else(|| ClientError::Misuse(format!("no job {}", certificate.job)))?;
    let nodes = network.committee(job.collection)?;
    let committee = Committee::new(nodes.len() as u8)
        .map_err(|error| ClientError::Misuse(error.to_string()))?;
    let mut fetches = tokio::task::JoinSet::new();
    for (position, api) in nodes.into_iter().enumerate() {
        let id = certificate.job;
        fetches.spawn(async move { (position, api.node, fetch(&api, id, member).await) });
    }
    let mut opened = BTreeMap::new();
    while let Some(joined) = fetches.join_next().await {
        let (position, node, sealed) =
            joined.map_err(|error| ClientError::Misuse(error.to_string()))?;
        let ciphertext = committed(node, position, certificate, &sealed?)?;
        let purpose = Purpose::Output {
            job: certificate.job,
            node,
            recipient: owner.address(),
        };
        opened.insert(position, open(owner, node, &ciphertext, &purpose)?);
    }
    combine(program, committee, &opened)
}

async fn fetch(
    api: &NodeApi,
    job: enigma_wire::id::JobId,
    member: MemberIndex,
) -> Result<SealedOutput, ClientError> {
    api.output(job, member).await
}

/// The ciphertext, if it is the one the certificate commits to.
fn committed(
    node: NodeId,
    position: usize,
    certificate: &Certificate,
    sealed: &SealedOutput,
) -> Result<Vec<u8>, ClientError> {
    let wrong = |why: &str| ClientError::Misbehaved {
        node,
        why: why.to_owned(),
    };
    let ciphertext =
        hex::decode(&sealed.ciphertext).map_err(|_| wrong("its output is not hexadecimal"))?;
    if output::commitment(&sealed.roots) != certificate.outputs {
        return Err(wrong("its list of roots is not the one on the chain"));
    }
    let root: Hash = *sealed
        .roots
        .get(position)
        .ok_or_else(|| wrong("its list of roots is too short"))?;
    if !output::verify_ciphertext(&ciphertext, &sealed.proof, root) {
        return Err(wrong("its output is not the one it committed to"));
    }
    Ok(ciphertext)
}

fn open(
    owner: &Owner,
    node: NodeId,
    ciphertext: &[u8],
    purpose: &Purpose,
) -> Result<BTreeMap<u16, M61>, ClientError> {
    let wrong = |why: String| ClientError::Misbehaved { node, why };
    let message = owner
        .seal()
        .open(ciphertext, purpose)
        .map_err(|error| wrong(error.to_string()))?;
    let shares: OutputShares =
        borsh::from_slice(&message).map_err(|_| wrong("its output does not decode".to_owned()))?;
    shares
        .shares
        .into_iter()
        .map(|(reveal, bytes)| {
            let share = M61::from_bytes(bytes)
                .ok_or_else(|| wrong("its share is not canonical".to_owned()))?;
            Ok((reveal, share))
        })
        .collect()
}

fn combine(
    program: &Contract,
    committee: Committee,
    opened: &BTreeMap<usize, BTreeMap<u16, M61>>,
) -> Result<Results, ClientError> {
    let reveals: Vec<u16> = opened
        .values()
        .next()
        .map(|shares| shares.keys().copied().collect())
        .unwrap_or_default();
    let mut results = Results::new();
    for reveal in reveals {
        let name = program
            .manifest
            .get(usize::from(reveal))
            .map(|line| line.name.clone())
            .ok_or_else(|| {
                ClientError::Misuse(format!("the contract has no manifest line {reveal}"))
            })?;
        let shares: Vec<M61> = opened
            .values()
            .filter_map(|shares| shares.get(&reveal).copied())
            .collect();
        let value = enigma_field::shamir::reconstruct_checked(&committee, &shares)
            .map_err(|_| ClientError::Inconsistent { name: name.clone() })?;
        results.insert(name, value.to_i64());
    }
    Ok(results)
}
