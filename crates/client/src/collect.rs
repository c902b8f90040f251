//! A recipient's side of the outputs: fetch every member's sealed shares, check them against the
//! commitment on the chain, open, check that they fit one polynomial, combine.

use std::collections::BTreeMap;
use std::fmt;

use enigma_bytecode::model::{self, Contract, Kind, Reveal};
use enigma_field::{Committee, M61};
use enigma_wire::api::{OutputShares, SealedOutput};
use enigma_wire::controller::Certificate;
use enigma_wire::id::{Address, CollectionId, Hash, MemberIndex, NodeId};
use enigma_wire::ledger::Ledger;
use enigma_wire::output::{self, Recipient};
use enigma_wire::seal::Purpose;
use serde::Serialize;

use crate::{ClientError, Network, Owner};

/// A recipient's results by name.
pub type Results = BTreeMap<String, Value>;

/// One result, as the contract's manifest types it. In JSON a number, a truth value, or an object with
/// `member` and `account`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number.
    Integer(i64),
    /// A truth value.
    Bool(bool),
    /// A member of the job's collection.
    Member {
        /// Its number in the collection's list.
        member: MemberIndex,
        /// Its account, from the ledger.
        account: Address,
    },
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Integer(number) => write!(f, "{number}"),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Member { account, .. } => write!(f, "{account}"),
        }
    }
}

/// Fetches and combines everything a settled job holds for one recipient; nothing when all nodes say that
/// it holds nothing, as for a member whose row was not used. `owner`: whose keys the recipient has, a
/// member's or a party's.
///
/// # Errors
/// When a member of the committee does not answer, its shares are not those it committed to, or the
/// shares contradict each other.
pub async fn collect(
    network: &Network,
    program: &Contract,
    certificate: &Certificate,
    owner: &Owner,
    recipient: Recipient,
) -> Result<Option<Results>, ClientError> {
    let ledger = network.ledger();
    let job = ledger
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
        fetches.spawn(async move { (position, api.node, api.output(&key, id, recipient).await) });
    }
    let mut fetched = BTreeMap::new();
    while let Some(joined) = fetches.join_next().await {
        let (position, node, answer) =
            joined.map_err(|error| ClientError::Misuse(error.to_string()))?;
        fetched.insert(position, (node, answer));
    }
    let absent =
        |answer: &Result<_, ClientError>| matches!(answer, Err(ClientError::Absent { .. }));
    if fetched.values().all(|(_, answer)| absent(answer)) {
        return Ok(None);
    }
    let mut sealed = BTreeMap::new();
    for (position, (node, answer)) in fetched {
        sealed.insert(position, (node, answer?));
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
            recipient,
            account: owner.address(),
        };
        opened.insert(
            *position,
            (*node, open(owner, *node, &ciphertext, &purpose)?),
        );
    }
    let lines = program.manifest.iter().enumerate();
    let received = lines.filter(|(_, line)| line.entry == job.entry && receives(line, recipient));
    let mut results = Results::new();
    for (reveal, line) in received {
        let number = combine(reveal as u16, line, committee, &opened)?;
        results.insert(
            line.name.clone(),
            typed(ledger, job.collection, line, number)?,
        );
    }
    Ok(Some(results))
}

/// Whether a line of the manifest is for this recipient.
fn receives(line: &Reveal, recipient: Recipient) -> bool {
    line.recipients.iter().any(|to| match (*to, recipient) {
        (model::Recipient::EachOf(_) | model::Recipient::OwnerOf(_), Recipient::Member(_)) => true,
        (model::Recipient::Party(to), Recipient::Party(party)) => to == party,
        _ => false,
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
) -> Result<BTreeMap<u16, M61>, ClientError> {
    let wrong = |why: String| ClientError::Misbehaved { node, why };
    let message = owner
        .seal()
        .open(ciphertext, purpose)
        .map_err(|error| wrong(error.to_string()))?;
    let shares: OutputShares =
        borsh::from_slice(&message).map_err(|_| wrong("its output does not decode".to_owned()))?;
    shares
        .lines
        .into_iter()
        .map(|line| {
            let [column] = &line.columns[..] else {
                return Err(wrong("its shares are not of one column".to_owned()));
            };
            let [bytes] = column[..] else {
                return Err(wrong("its share is not one element".to_owned()));
            };
            let share = M61::from_bytes(bytes)
                .ok_or_else(|| wrong("its share is not canonical".to_owned()))?;
            Ok((line.reveal, share))
        })
        .collect()
}

/// One result from the shares of all members; a member that leaves its share out is named.
fn combine(
    reveal: u16,
    line: &Reveal,
    committee: Committee,
    opened: &BTreeMap<usize, (NodeId, BTreeMap<u16, M61>)>,
) -> Result<i64, ClientError> {
    let share = |(node, shares): &(NodeId, BTreeMap<u16, M61>)| {
        let share = shares.get(&reveal).copied();
        share.ok_or_else(|| ClientError::Misbehaved {
            node: *node,
            why: format!("it left out its share of {:?}", line.name),
        })
    };
    let shares = opened
        .values()
        .map(share)
        .collect::<Result<Vec<M61>, _>>()?;
    let value = enigma_field::shamir::reconstruct_checked(&committee, &shares);
    value.map(M61::to_i64).map_err(|_| inconsistent(line))
}

/// The number as what the manifest says it is.
fn typed(
    ledger: &Ledger,
    collection: CollectionId,
    line: &Reveal,
    number: i64,
) -> Result<Value, ClientError> {
    let kinds: Vec<Kind> = line.columns.iter().map(|column| column.kind).collect();
    match (&kinds[..], number) {
        ([Kind::Integer], number) => Ok(Value::Integer(number)),
        ([Kind::Bool], 0 | 1) => Ok(Value::Bool(number == 1)),
        ([Kind::Bool], _) => Err(inconsistent(line)),
        ([Kind::MemberOf(_)], number) => {
            let member = u32::try_from(number).map(MemberIndex).ok();
            let record = ledger.collections.get(&collection);
            let found = member.zip(record).and_then(|(member, record)| {
                let contribution = record.contributions.get(&member)?;
                let account = contribution.owner;
                Some(Value::Member { member, account })
            });
            found.ok_or_else(|| inconsistent(line))
        }
        _ => Err(ClientError::Misuse(format!(
            "the result {} is of a kind that no committee gives yet",
            line.name
        ))),
    }
}

fn inconsistent(line: &Reveal) -> ClientError {
    ClientError::Inconsistent {
        name: line.name.clone(),
    }
}
