//! Deposits: permission against the ledger first, then the dealing, then the disk, then the receipt.
//!
//! Who gives rows, how many each, how many values a row has and of which field says the contract, so a node takes rows only
//! once it has the contract's bytecode, which whoever deployed an instance brings.

use std::collections::BTreeSet;

use enigma_bytecode::model::{Collection, Contract, Profile, Provider, RowCount};
use enigma_field::{M61, M127, Party as PartyNumber};
use enigma_wire::api::{ApiError, Deposit, ErrorCode};
use enigma_wire::controller::{Contribution, Receipt};
use enigma_wire::dealing::{self, Dealt, RowPackage};
use enigma_wire::id::{Address, CollectionId, Hash, MemberIndex, NodeId};
use enigma_wire::merkle;
use enigma_wire::seal::Purpose;

use crate::party::{Party, Pending, Shared};
use crate::seam::{Effect, Fact, ReplyId, Table, Write};

/// Dealings of one member that are kept until one of them is recorded on the chain; more are refused, so
/// that nobody can fill the disk.
const PENDING_ROOTS_MAX: usize = 4;

/// Longest proof that an owner is on a member list: lists have at most 2^32 members.
const MEMBER_PROOF_MAX: usize = 32;

/// What the ledger says about a deposit that may be given.
struct Granted {
    context: dealing::Context,
    node: NodeId,
    contract: Hash,
    /// Which of the contract's collections it is.
    slot: u16,
    /// How many members the collection's list has.
    members: u32,
    /// The accounts of the instance's parties.
    parties: Vec<Address>,
}

/// Handles a deposit up to the write; the receipt follows in [`acknowledge`]. If the contract is not in memory it is read first.
pub(crate) fn accept(party: &mut Party, reply: ReplyId, deposit: Box<Deposit>) {
    match permitted(&party.shared, &deposit) {
        Ok(granted) => match party.shared.programs.get(&granted.contract).cloned() {
            Some(program) => keep(party, reply, &deposit, &granted, &program),
            None => {
                let key = granted.contract.0.to_vec();
                let pending = Pending::DepositProgram { reply, deposit };
                party.shared.load(pending, Table::Contracts, key);
            }
        },
        Err(refusal) => refuse(&mut party.shared, reply, &deposit, refusal),
    }
}

/// The contract of a deposit was looked for on the disk. The deposit is judged anew: the ledger may have gone on.
pub(crate) fn on_program(
    party: &mut Party,
    reply: ReplyId,
    deposit: Box<Deposit>,
    pairs: &[(Vec<u8>, Vec<u8>)],
) {
    let granted = match permitted(&party.shared, &deposit) {
        Ok(granted) => granted,
        Err(refusal) => return refuse(&mut party.shared, reply, &deposit, refusal),
    };
    match crate::job::stored_program(&mut party.shared, granted.contract, pairs) {
        Ok(program) => keep(party, reply, &deposit, &granted, &program),
        Err(message) => {
            let code = ErrorCode::Unavailable;
            refuse(
                &mut party.shared,
                reply,
                &deposit,
                ApiError { code, message },
            );
        }
    }
}

/// Checks the row, and writes it.
fn keep(
    party: &mut Party,
    reply: ReplyId,
    deposit: &Deposit,
    granted: &Granted,
    program: &Contract,
) {
    let contribution = &deposit.contribution;
    let (collection, member, root) = (
        contribution.collection,
        contribution.member,
        contribution.root,
    );
    let place = (collection, member);
    let result = values_dealt(program, granted, contribution).and_then(|values_len| {
        let waiting = party.pending_roots.entry(place).or_default();
        if waiting.len() >= PENDING_ROOTS_MAX && !waiting.contains(&root) {
            let message = format!(
                "member {member} already has {PENDING_ROOTS_MAX} dealings here; one of them must be recorded on the chain before more are kept"
            );
            return Err(ApiError { code: ErrorCode::Unavailable, message });
        }
        let sealed = Sealed {
            context: &granted.context,
            node: granted.node,
            root,
            purpose: Purpose::Row {
                owner: contribution.owner,
                collection,
                member,
                revision: contribution.revision,
                root,
                node: granted.node,
            },
            bytes: &deposit.sealed_row,
        };
        let row = sealed.checked(&party.shared, program.profile, values_len);
        let row = row.map_err(|why| ApiError {
            code: ErrorCode::BadDealing,
            message: format!("dealer {} (member {member}): {why}", contribution.owner),
        })?;
        waiting.insert(root);
        Ok(row)
    });
    match result {
        Ok(value) => {
            let key = row_key(collection, member, root);
            let receipt = Receipt {
                contribution: contribution.clone(),
            };
            let pending = Pending::Deposit { reply, receipt };
            party.shared.persist(
                pending,
                vec![Write::Put {
                    table: Table::Rows,
                    key,
                    value,
                }],
            );
        }
        Err(refusal) => refuse(&mut party.shared, reply, deposit, refusal),
    }
}

fn refuse(
    shared: &mut Shared,
    reply: ReplyId,
    deposit: &Deposit,
    ApiError { code, message }: ApiError,
) {
    if code == ErrorCode::BadDealing {
        let fact = Fact::DealingRefused {
            owner: deposit.contribution.owner,
            collection: deposit.contribution.collection,
            why: message.clone(),
        };
        shared.push(Effect::Report(fact));
    }
    shared.refuse(reply, code, message);
}

/// How many values are dealt: for each row one for each column. Or why the contract does not let this owner give so many rows.
fn values_dealt(
    program: &Contract,
    granted: &Granted,
    contribution: &Contribution,
) -> Result<usize, ApiError> {
    let slot = granted.slot;
    let collection = program.collections.get(usize::from(slot));
    let why = match collection {
        None => format!("contract {} has no collection {slot}", program.name),
        Some(collection) => match not_taken(program, collection, granted, contribution) {
            None => return Ok(collection.columns.len() * contribution.rows as usize),
            Some(why) => why,
        },
    };
    Err(ApiError {
        code: ErrorCode::NotAllowed,
        message: why,
    })
}

/// Why so many rows of this owner are none of the collection's, if they are not.
fn not_taken(
    program: &Contract,
    collection: &Collection,
    granted: &Granted,
    contribution: &Contribution,
) -> Option<String> {
    let Contribution { owner, rows, .. } = contribution;
    let name = &collection.name;
    if let Provider::Party(party) = collection.provider {
        let at = usize::from(party);
        let named = granted.parties.get(at);
        // Under another number a list could name the party once more, for more rows than it may give.
        if named != Some(owner) || contribution.member != MemberIndex(0) {
            let party = program.parties.get(at).map_or("?", |name| name);
            return Some(format!(
                "{name} is given by the party {party} alone, as member 0, and {owner} is member {} of the list",
                contribution.member
            ));
        }
    }
    let most = program.maximum_givers(usize::from(granted.slot));
    if granted.members > most {
        return Some(format!(
            "{name} takes rows of {most} members at most, and the collection's list has {}",
            granted.members
        ));
    }
    let most = collection.rows_each();
    match collection.rows {
        RowCount::One if *rows != 1 => Some(format!(
            "{name} takes one row from each member, and {rows} are given"
        )),
        RowCount::UpTo(_) if !(1..=most).contains(rows) => Some(format!(
            "{name} takes from 1 to {most} rows from each member, and {rows} are given"
        )),
        _ => None,
    }
}

/// The row is durable: sign the receipt.
pub(crate) fn acknowledge(shared: &mut Shared, reply: ReplyId, receipt: &Receipt) {
    let given = &receipt.contribution;
    let (collection, member) = (given.collection, given.member);
    shared.push(Effect::Report(Fact::RowStored { collection, member }));
    shared.sign_receipt(reply, receipt);
}

/// A contribution is recorded: receipts name the revision, so that no other dealing this member has given
/// so far can be recorded any more, and their rows go.
pub(crate) fn recorded(party: &mut Party, collection: CollectionId, member: MemberIndex) {
    let place = (collection, member);
    if let Some(mut roots) = party.pending_roots.remove(&place) {
        forget_others(party, place, &mut roots);
        party.pending_roots.insert(place, roots);
    }
}

/// The collection is sealed: rows of dealings that were not recorded are no longer needed.
pub(crate) fn sealed(party: &mut Party, collection: CollectionId) {
    party.pending_roots.retain(|(of, _), _| *of != collection);
    party.unswept.insert(collection);
}

/// Looks through the rows of the next sealed collection. The disk is asked, not this process' memory:
/// an earlier process may have stored rows, and this one may have missed the sealing.
pub(crate) fn sweep(party: &mut Party) {
    if party.sweeping {
        return;
    }
    while let Some(collection) = party.unswept.pop_first() {
        let committee = party.shared.ledger.committee(collection);
        let own = party.shared.node();
        if own.is_some_and(|own| committee.is_some_and(|committee| committee.contains(&own))) {
            party.sweeping = true;
            let prefix = collection.0.to_be_bytes().to_vec();
            let pending = Pending::Sweep(collection);
            return party.shared.load(pending, Table::Rows, prefix);
        }
    }
}

/// Erases what the ledger does not have of a sealed collection's rows.
pub(crate) fn swept(party: &mut Party, collection: CollectionId, rows: &[(Vec<u8>, Vec<u8>)]) {
    let Some(record) = party.shared.ledger.collections.get(&collection) else {
        return;
    };
    let recorded: BTreeSet<Vec<u8>> = record
        .contributions
        .iter()
        .map(|(member, contribution)| row_key(collection, *member, contribution.root))
        .collect();
    let stale = rows.iter().filter(|(key, _)| !recorded.contains(key));
    let stale: Vec<Write> = stale
        .map(|(key, _)| Write::Delete {
            table: Table::Rows,
            key: key.clone(),
        })
        .collect();
    if !stale.is_empty() {
        party.shared.persist(Pending::Cleanup, stale);
    }
}

/// Deletes the rows of a member's dealings other than the recorded one.
fn forget_others(
    party: &mut Party,
    (collection, member): (CollectionId, MemberIndex),
    roots: &mut BTreeSet<Hash>,
) {
    let record = party.shared.ledger.collections.get(&collection);
    let contribution = record.and_then(|record| record.contributions.get(&member));
    let recorded = contribution.map(|contribution| contribution.root);
    let others: Vec<Hash> = roots
        .iter()
        .copied()
        .filter(|root| Some(*root) != recorded)
        .collect();
    roots.retain(|root| Some(*root) == recorded);
    let delete = |root| Write::Delete {
        table: Table::Rows,
        key: row_key(collection, member, root),
    };
    if !others.is_empty() {
        let batch = others.into_iter().map(delete).collect();
        party.shared.persist(Pending::Cleanup, batch);
    }
}

/// Where a row is stored.
pub(crate) fn row_key(collection: CollectionId, member: MemberIndex, root: Hash) -> Vec<u8> {
    [
        &collection.0.to_be_bytes()[..],
        &member.0.to_be_bytes()[..],
        &root.0[..],
    ]
    .concat()
}

/// May this owner give this row here, now? Decided from the ledger alone.
fn permitted(shared: &Shared, deposit: &Deposit) -> Result<Granted, ApiError> {
    let contribution = &deposit.contribution;
    let refuse = |message: String| {
        Err(ApiError {
            code: ErrorCode::NotAllowed,
            message,
        })
    };
    let Some(collection) = shared.ledger.collections.get(&contribution.collection) else {
        return refuse(format!(
            "collection {} is not open",
            contribution.collection
        ));
    };
    if collection.sealed.is_some() {
        return refuse(format!("collection {} is sealed", contribution.collection));
    }
    let committee = shared.ledger.committee(contribution.collection);
    let serves = |node: &NodeId| committee.is_some_and(|committee| committee.contains(node));
    let Some(node) = shared.node().filter(serves) else {
        return refuse(format!(
            "this node does not serve collection {}",
            contribution.collection
        ));
    };
    let listed = contribution.member.0 < collection.terms.member_count;
    if !listed || deposit.member_proof.len() > MEMBER_PROOF_MAX {
        return refuse("the member's number or proof is out of bounds".to_owned());
    }
    let leaf = merkle::member_leaf(contribution.member, contribution.owner);
    if !merkle::verify(&deposit.member_proof, collection.terms.member_root, leaf) {
        return refuse(format!(
            "{} is not member {} of collection {}",
            contribution.owner, contribution.member, contribution.collection
        ));
    }
    let digest = shared.config.domain.digest(contribution);
    if deposit.signature.signer(&digest) != Some(contribution.owner) {
        return refuse(format!(
            "the contribution is not signed by {}",
            contribution.owner
        ));
    }
    let revision = collection
        .contributions
        .get(&contribution.member)
        .map_or(0, |earlier| earlier.revision + 1);
    if contribution.revision != revision {
        return refuse(format!(
            "revision {} is expected, not {}",
            revision, contribution.revision
        ));
    }
    let context = crate::job::dealing_context(&shared.ledger, &shared.config.domain, contribution)
        .ok_or_else(|| ApiError {
            code: ErrorCode::NotAllowed,
            message: format!(
                "collection {} has an unusable committee",
                contribution.collection
            ),
        })?;
    let instance = shared.ledger.instances.get(&collection.terms.instance);
    let contract = instance.map(|instance| instance.contract);
    Ok(Granted {
        context,
        node,
        contract: contract.unwrap_or_default(),
        slot: collection.terms.slot,
        members: collection.terms.member_count,
        parties: instance.map_or_else(Vec::new, |instance| {
            instance.parties.iter().map(|party| party.account).collect()
        }),
    })
}

/// A package that is sealed to this node.
pub(crate) struct Sealed<'a> {
    pub(crate) context: &'a dealing::Context,
    pub(crate) node: NodeId,
    pub(crate) root: Hash,
    pub(crate) purpose: Purpose,
    pub(crate) bytes: &'a [u8],
}

impl Sealed<'_> {
    /// Opens and checks the package of so many values over the contract's field; gives the row's bytes for the disk.
    ///
    /// # Errors
    /// In plain words, what is wrong with it.
    pub(crate) fn checked(
        &self,
        shared: &Shared,
        profile: Profile,
        values_len: usize,
    ) -> Result<Vec<u8>, String> {
        match profile {
            Profile::ShamirM61V1 => self.checked_over::<M61>(shared, values_len),
            Profile::ShamirM127V1 => self.checked_over::<M127>(shared, values_len),
        }
    }

    fn checked_over<F: Dealt>(
        &self,
        shared: &Shared,
        values_len: usize,
    ) -> Result<Vec<u8>, String> {
        let Sealed { context, root, .. } = self;
        let opened = shared.keys.seal.open(self.bytes, &self.purpose);
        let opened = opened.map_err(|error| error.to_string())?;
        let position = context.nodes.iter().position(|member| *member == self.node);
        let party = position
            .and_then(|at| PartyNumber::new(at as u8 + 1))
            .ok_or("this node is not on the committee")?;
        let package = RowPackage::<F>::decode(context, values_len, &opened)
            .map_err(|error| error.to_string())?;
        let row = package
            .check(context, party, *root)
            .map_err(|error| error.to_string())?;
        Ok(row.encode().to_vec())
    }
}
