//! Logs of the controller as `wire` events, grouped by block.

use alloy::primitives::Log;
use alloy::sol_types::SolEventInterface as _;
use enigma_wire::controller::Event;
use enigma_wire::id::{CollectionId, JobId, NodeId};

use crate::abi::Controller::ControllerEvents;
use crate::abi::{address, hash};

/// Decodes one log; `None` for OpenZeppelin's own event, which carries no rule of ours.
///
/// # Errors
/// When the log is not one of the controller's.
pub(crate) fn decode(log: &Log) -> Result<Option<Event>, String> {
    let event = ControllerEvents::decode_log(log).map_err(|error| error.to_string())?;
    Ok(Some(match event.data {
        ControllerEvents::Configured(e) => Event::Configured {
            prices: e.prices.into(),
            min_deposit: e.minDeposit,
            unbonding_seconds: e.unbondingSeconds,
        },
        ControllerEvents::NodeRegistered(e) => Event::NodeRegistered {
            node: NodeId(e.node),
            operator: address(e.operator),
            info: e.info.into(),
            deposit: e.deposit,
        },
        ControllerEvents::NodeRetired(e) => Event::NodeRetired {
            node: NodeId(e.node),
            releasable_at: e.releasableAt,
        },
        ControllerEvents::DepositReleased(e) => Event::DepositReleased {
            node: NodeId(e.node),
            amount: e.amount,
        },
        ControllerEvents::ContractPublished(e) => Event::ContractPublished {
            contract: hash(e.contractHash),
            manifest: hash(e.manifestHash),
            publisher: address(e.publisher),
        },
        ControllerEvents::InstanceDeployed(e) => Event::InstanceDeployed {
            instance: hash(e.instance),
            contract: hash(e.contractHash),
            deployer: address(e.deployer),
            nonce: e.nonce,
            committee_size: e.committeeSize,
            parties: e.parties.into_iter().map(address).collect(),
            draw_block: e.drawBlock,
        },
        ControllerEvents::PartyBound(e) => Event::PartyBound {
            binding: e.binding.into(),
        },
        ControllerEvents::CollectionOpened(e) => Event::CollectionOpened {
            collection: CollectionId(e.collection),
            opener: address(e.opener),
            terms: e.terms.into(),
        },
        ControllerEvents::DrawPostponed(e) => Event::DrawPostponed {
            instance: hash(e.instance),
            draw_block: e.drawBlock,
        },
        ControllerEvents::CommitteeDrawn(e) => Event::CommitteeDrawn {
            instance: hash(e.instance),
            seed: hash(e.seed),
            nodes: e.nodes.into_iter().map(NodeId).collect(),
        },
        ControllerEvents::Contributed(e) => Event::Contributed {
            contribution: e.contribution.into(),
        },
        ControllerEvents::ConsentGranted(e) => Event::ConsentGranted {
            consent: e.consent.into(),
        },
        ControllerEvents::ConsentRevoked(e) => Event::ConsentRevoked {
            revocation: e.revocation.into(),
        },
        ControllerEvents::CollectionSealed(e) => Event::CollectionSealed {
            collection: CollectionId(e.collection),
            rows: e.rows,
            terms_root: hash(e.termsRoot),
        },
        ControllerEvents::JobRequested(e) => Event::JobRequested {
            job: JobId(e.job),
            requester: address(e.requester),
            request: e.request.into(),
            fee: e.fee,
            use_indexes: e.useIndexes,
        },
        ControllerEvents::JobStarted(e) => Event::JobStarted { job: JobId(e.job) },
        ControllerEvents::JobCancelled(e) => Event::JobCancelled {
            job: JobId(e.job),
            refund: e.refund,
        },
        ControllerEvents::JobSettled(e) => Event::JobSettled {
            certificate: e.certificate.into(),
            digest: hash(e.digest),
            effects: e.effects.into(),
        },
        ControllerEvents::JobFailed(e) => Event::JobFailed {
            failure: e
                .failure
                .try_into()
                .map_err(|()| "a failure for an unknown reason".to_owned())?,
            refund: e.refund,
        },
        ControllerEvents::JobExpired(e) => Event::JobExpired {
            job: JobId(e.job),
            refund: e.refund,
        },
        ControllerEvents::PutIn(e) => Event::PutIn {
            instance: hash(e.instance),
            account: address(e.account),
            amount: e.amount,
        },
        ControllerEvents::TakenOut(e) => Event::TakenOut {
            instance: hash(e.instance),
            account: address(e.account),
            amount: e.amount,
        },
        ControllerEvents::Withdrawn(e) => Event::Withdrawn {
            account: address(e.account),
            amount: e.amount,
        },
        ControllerEvents::EIP712DomainChanged(_) => return Ok(None),
    }))
}
