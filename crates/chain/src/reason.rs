//! The controller's refusals in plain words.

use crate::ChainError;
use crate::abi::Controller::ControllerErrors as Errors;

/// A refused call as an error: the rule's name in the Solidity source, and what it means.
pub(crate) fn reverted(reason: &Errors) -> ChainError {
    ChainError::Reverted {
        name: name(reason),
        meaning: meaning(reason),
    }
}

/// The error's name: what its `Debug` form begins with.
fn name(reason: &Errors) -> String {
    let text = format!("{reason:?}");
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}

fn meaning(reason: &Errors) -> String {
    match reason {
        Errors::AddressTooLong(_) => "an address is longer than 256 bytes",
        Errors::AlreadyBound(_) => "the party has bound its key, which is final",
        Errors::AlreadyDrawn(_) => "the committee is drawn already",
        Errors::AlreadyPublished(_) => "the contract was published before",
        Errors::AlreadyRegistered(_) => {
            "the account has a node, or a node registered this transport key or signing key before"
        }
        Errors::AlreadySealed(_) => "the collection is sealed",
        Errors::AlreadyStarted(_) => {
            "the committee has started the job, which can no longer be cancelled"
        }
        Errors::ArgumentsTooLong(_) => "the arguments are longer than 4096 bytes",
        Errors::AmountTooLarge(_) => "more is paid than an amount can hold",
        Errors::BalanceTooSmall(error) => {
            return match error.account.is_zero() {
                true => "the instance has less funds than is transferred".to_owned(),
                false => format!("account {} has less in the instance than is taken", error.account),
            };
        }
        Errors::ChangePending(error) => {
            return format!(
                "job {}, which may change the instance, is not finished",
                error.job
            );
        }
        Errors::EffectsTooLarge(_) => "a run writes or transfers too much at once",
        Errors::EmptyAmount(_) => "the amount is zero",
        Errors::WrongEffects(_) => {
            "the effects are not those of the certificate, or the job was not requested with them"
        }
        Errors::BadCommitteeSize(_) => "a committee has an odd number of nodes from 3 to 31",
        Errors::BadCulprits(_) => "a culprit is not on the committee, or is among the signers",
        Errors::BadReason(_) => "there is no such reason of failure",
        Errors::CommitteeRetired(error) => {
            return format!(
                "node {} of the instance's committee has retired, and takes nothing new; deploy another instance",
                error.node
            );
        }
        Errors::BadReceipt(error) => {
            return format!(
                "the receipt of the committee's node {} (counted from 0) is not by that node",
                error.position
            );
        }
        Errors::BadSignature(_) => {
            "a signature is malformed or not by the account that should have signed"
        }
        Errors::BadSize(_) => {
            "the fewest rows must be at least one and at most the number of members"
        }
        Errors::DeadlineNotReached(error) => {
            return format!(
                "the deadline, {} Unix seconds, has not passed",
                error.deadline
            );
        }
        Errors::DeadlinePassed(_) => "the deadline is not in the future",
        Errors::DeadlineTooFar(_) => {
            "a job that may change its instance must be over within a week"
        }
        Errors::DepositLocked(error) => {
            return format!(
                "the deposit is locked until {} Unix seconds",
                error.releasableAt
            );
        }
        Errors::DepositTooSmall(_) => "the deposit is below the minimum",
        Errors::EmptyAccount(_) => "a party's account is zero",
        Errors::EmptyHash(_) => "a hash is zero",
        Errors::EmptyKey(_) => "a key is zero",
        Errors::FeeTooLow(error) => {
            return format!(
                "what is paid does not cover {}, which every job costs at least, and what the request pays",
                error.minimum
            );
        }
        Errors::JobNotOpen(_) => "the job has ended",
        Errors::JobPending(error) => {
            return format!(
                "job {} runs the same entry on one of the collections and is not finished",
                error.job
            );
        }
        Errors::LengthMismatch(_) => "there is not one signature for each node that should sign",
        Errors::MemberListMissing(_) => "a collection needs a member list",
        Errors::MemberTaken(_) => "another owner contributed under this member's number",
        Errors::NoRows(_) => "a contribution has at least one row",
        Errors::NotContributor(_) => "the account did not contribute under this member's number",
        Errors::NotDeployer(_) => "only the deployer of the instance may open a collection",
        Errors::NotDrawn(_) => "the committee is not drawn yet",
        Errors::NotEnoughNodes(_) => "there are fewer nodes than the committee needs",
        Errors::NotEnoughSignatures(_) => "more than half of the committee must sign",
        Errors::NotMember(_) => "the account is not on the member list under this number",
        Errors::NotOnCommittee(_) => {
            "only the operator of a node of the job's committee may start it"
        }
        Errors::NotOpener(_) => "only the opener of the collection may do this",
        Errors::NotRegistered(_) => "the account has no active node",
        Errors::NotRequester(_) => "only the requester of the job may cancel it",
        Errors::NotRetired(_) => "the account has no retired node whose deposit is still held",
        Errors::NotSealed(_) => "the collection is not sealed yet",
        Errors::NotStarted(_) => "the committee has not started the job",
        Errors::NothingToWithdraw(_) => "there is nothing to withdraw",
        Errors::PaymentRefused(_) => "the account refuses payments",
        Errors::SignerOutOfOrder(_) => "signers must be listed once each, in the committee's order",
        Errors::SlotOutOfOrder(_) => {
            "a job names at most one collection of each kind, in the contract's order"
        }
        Errors::StaleNonce(error) => {
            return format!("the nonce must be greater than {}", error.last);
        }
        Errors::TooEarly(error) => {
            return format!(
                "the committee is drawn from block {}, which is not past yet",
                error.drawBlock
            );
        }
        Errors::TooFewRows(_) => "there are fewer contributions than the collection needs",
        Errors::TooManyParties(_) => "an instance has at most 16 parties",
        Errors::UnknownCollection(_) => "there is no such collection",
        Errors::UnknownContract(_) => "no such contract was published",
        Errors::UnknownInstance(_) => "no such instance was deployed",
        Errors::UnknownJob(_) => "there is no such job",
        Errors::UnknownParty(_) => "the instance has no party of this number",
        Errors::WrongContract(_) => "the contract is not the one of the collection's instance",
        Errors::WrongInputs(_) => "the certificate is about other inputs than the job's collections",
        Errors::WrongInstance(_) => "the collection belongs to another instance",
        Errors::WrongRevision(error) => {
            return format!(
                "the next revision of this member's contribution is {}",
                error.expected
            );
        }
        // Of OpenZeppelin: the first two concern the contract's own name, which is short.
        Errors::InvalidShortString(_) | Errors::StringTooLong(_) => "a text is too long",
        Errors::ReentrancyGuardReentrantCall(_) => "the call was made from within itself",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Controller;

    #[test]
    fn a_refusal_has_the_name_of_the_source_and_says_what_to_do() {
        let reason = Errors::WrongRevision(Controller::WrongRevision { expected: 3 });
        assert_eq!(
            reverted(&reason),
            ChainError::Reverted {
                name: "WrongRevision".into(),
                meaning: "the next revision of this member's contribution is 3".into(),
            }
        );
        let reason = Errors::NotDrawn(Controller::NotDrawn {});
        assert_eq!(name(&reason), "NotDrawn");
    }
}
