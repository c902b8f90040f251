//! Who may ask a node for what: decided from the ledger alone, for an account that has already proven
//! itself.
//!
//! | request | who |
//! |---|---|
//! | status, a contract's bytecode | everybody |
//! | deposit | everybody: it carries its owner's signature and member proof, or its caller's signature |
//! | upload of a contract | the deployer of one of its instances |
//! | how a job stands | its requester, its collections' openers, those who contributed to them, the instance's parties |
//! | what a job shows to everyone | everybody |
//! | another output | its recipient |
//! | what is kept beside the chain | every account; the contract's condition then decides |

use enigma_wire::api::{ApiError, ErrorCode};
use enigma_wire::id::Address;
use enigma_wire::ledger::{CollectionRecord, JobRecord, Ledger};
use enigma_wire::output::Recipient;

use crate::seam::ClientRequest;

/// May `caller` ask this? `None` is somebody who has not proven an account.
///
/// # Errors
/// `Unauthenticated` for a stranger's request that must be signed, `NotAllowed` for the wrong account's.
pub(crate) fn check(
    ledger: &Ledger,
    caller: Option<Address>,
    request: &ClientRequest,
) -> Result<(), ApiError> {
    let Some(rule) = rule(request) else {
        return Ok(());
    };
    let (code, message) = match caller {
        None => (
            ErrorCode::Unauthenticated,
            format!("{rule}: the request must be signed"),
        ),
        Some(account) if allowed(ledger, account, request) => return Ok(()),
        Some(account) => (
            ErrorCode::NotAllowed,
            format!("{rule}, and {account} is not"),
        ),
    };
    Err(ApiError { code, message })
}

/// Whom a request is for, in words; `None` when it is for everybody.
fn rule(request: &ClientRequest) -> Option<String> {
    match request {
        ClientRequest::Status
        | ClientRequest::Contract(_)
        | ClientRequest::Deposit(_)
        | ClientRequest::DepositParameters(_) => None,
        ClientRequest::PutContract { contract, .. } => Some(format!(
            "only a deployer of an instance of contract {contract} may upload it"
        )),
        ClientRequest::Job(job) => Some(format!(
            "only its requester, its collections' openers, their members and its parties may ask about job {job}"
        )),
        ClientRequest::Output {
            recipient: Recipient::Public,
            ..
        } => None,
        ClientRequest::Kept { .. } => {
            Some("the contract says which accounts may read this".to_owned())
        }
        ClientRequest::Output { job, recipient } => Some(format!(
            "only {recipient} may have the output for {recipient} of job {job}"
        )),
    }
}

/// A request about something the ledger does not know passes: whoever serves it says so.
fn allowed(ledger: &Ledger, account: Address, request: &ClientRequest) -> bool {
    match request {
        ClientRequest::Status
        | ClientRequest::Contract(_)
        | ClientRequest::Deposit(_)
        | ClientRequest::DepositParameters(_)
        | ClientRequest::Kept { .. } => true,
        ClientRequest::PutContract { contract, .. } => ledger
            .instances
            .values()
            .any(|instance| instance.contract == *contract && instance.deployer == account),
        ClientRequest::Job(id) => ledger.jobs.get(id).is_none_or(|job| {
            let mut collections = collections(ledger, job);
            let concerned = |collection: &CollectionRecord| {
                let mut owners = collection.contributions.values().map(|given| given.owner);
                account == collection.opener || owners.any(|owner| owner == account)
            };
            account == job.requester
                || collections.any(concerned)
                || parties(ledger, job).any(|party| party == account)
        }),
        ClientRequest::Output { job: id, recipient } => {
            ledger.jobs.get(id).is_none_or(|job| match recipient {
                Recipient::Member { collection, member } => {
                    let is_used = job.request.collections.contains(collection);
                    let record = ledger.collections.get(collection).filter(|_| is_used);
                    let given = record.and_then(|record| record.contributions.get(member));
                    given.is_some_and(|given| given.owner == account)
                }
                Recipient::Party(party) => {
                    parties(ledger, job).nth(usize::from(*party)) == Some(account)
                }
                Recipient::Caller => job.requester == account,
                Recipient::Public => true,
            })
        }
    }
}

/// The accounts of the parties of a job's instance, in the contract's order.
fn parties<'a>(ledger: &'a Ledger, job: &JobRecord) -> impl Iterator<Item = Address> + use<'a> {
    let instance = ledger.instances.get(&job.request.instance);
    let parties = instance.map_or(&[][..], |instance| &instance.parties);
    parties.iter().map(|party| party.account)
}

fn collections<'a>(
    ledger: &'a Ledger,
    job: &'a JobRecord,
) -> impl Iterator<Item = &'a CollectionRecord> {
    let collections = job.request.collections.iter();
    collections.filter_map(|collection| ledger.collections.get(collection))
}
