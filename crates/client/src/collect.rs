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
        let key = owner.key().clone();
        fetches.spawn(async move { (position, api.node, api.output(&key, id, member).await) });
    }
    let mut sealed = BTreeMap::new();
    while let Some(joined) = fetches.join_next().await {
        let (position, node, fetched) =
            joined.map_err(|error| ClientError::Misuse(error.to_string()))?;
        sealed.insert(position, (node, fetched?));
    }
    // One member's list of roots is as good as another's: the chain says which list it is.
    let roots = sealed
        .values()
        .map(|(_, sealed)| &sealed.roots)
        .find(|roots| output::commitment(roots) == certificate.outputs)
        .ok_or_else(|| {
            ClientError::Misuse("no member has the roots the chain commits to".to_owned())
        })?;
    let mut opened = BTreeMap::new();
    for (position, (node, sealed)) in &sealed {
        let ciphertext = committed(*node, roots.get(*position), sealed)?;
        let purpose = Purpose::Output {
            job: certificate.job,
            node: *node,
            recipient: owner.address(),
        };
        opened.insert(
            *position,
            (*node, open(owner, *node, &ciphertext, &purpose)?),
        );
    }
    combine(program, job.entry, committee, &opened)
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

/// The entry's results, each from the shares of all members; a member that leaves one out is named.
fn combine(
    program: &Contract,
    entry: u16,
    committee: Committee,
    opened: &BTreeMap<usize, (NodeId, BTreeMap<u16, M61>)>,
) -> Result<Results, ClientError> {
    let lines = program.manifest.iter().enumerate();
    let mut results = Results::new();
    for (reveal, line) in lines.filter(|(_, line)| line.entry == entry) {
        let share = |(node, shares): &(NodeId, BTreeMap<u16, M61>)| {
            let share = shares.get(&(reveal as u16)).copied();
            share.ok_or_else(|| ClientError::Misbehaved {
                node: *node,
                why: format!("it left out its share of {:?}", line.name),
            })
        };
        let shares = opened
            .values()
            .map(share)
            .collect::<Result<Vec<M61>, _>>()?;
        let value =
            enigma_field::shamir::reconstruct_checked(&committee, &shares).map_err(|_| {
                ClientError::Inconsistent {
                    name: line.name.clone(),
                }
            })?;
        results.insert(line.name.clone(), value.to_i64());
    }
    Ok(results)
}
