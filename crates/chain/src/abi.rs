//! The controller's Solidity interface and the conversions between it and `wire`.

use alloy::primitives::{B256, Bytes};
use enigma_wire::controller as wire;
use enigma_wire::effects as wire_effects;
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex, PeerKey, SealKey};
use enigma_wire::sign::Signature;

pub(crate) use crate::interface::{
    Certificate, CollectionTerms, Consent, Contribution, Controller, Effects, Failure, JobRequest,
    NodeInfo, PartyBinding, Prices, Revocation, SignedConsent, SignedContribution, Transfer,
};

pub(crate) fn word(hash: Hash) -> B256 {
    B256::new(hash.0)
}

pub(crate) fn hash(word: B256) -> Hash {
    Hash(word.0)
}

pub(crate) fn account(address: Address) -> alloy::primitives::Address {
    alloy::primitives::Address::new(address.0)
}

pub(crate) fn address(account: alloy::primitives::Address) -> Address {
    Address(account.into_array())
}

pub(crate) fn bytes(signature: &Signature) -> Bytes {
    Bytes::copy_from_slice(&signature.0)
}

impl From<&wire::Prices> for Prices {
    fn from(prices: &wire::Prices) -> Self {
        Self {
            base: prices.base,
            perMultiplication: prices.per_multiplication,
            perRound: prices.per_round,
            perKilobyte: prices.per_kilobyte,
        }
    }
}

impl From<Prices> for wire::Prices {
    fn from(prices: Prices) -> Self {
        Self {
            base: prices.base,
            per_multiplication: prices.perMultiplication,
            per_round: prices.perRound,
            per_kilobyte: prices.perKilobyte,
        }
    }
}

impl From<&wire::NodeInfo> for NodeInfo {
    fn from(info: &wire::NodeInfo) -> Self {
        Self {
            peerKey: B256::new(info.peer_key.0),
            sealKey: B256::new(info.seal_key.0),
            signer: account(info.signer),
            peerAddress: info.peer_address.clone(),
            apiAddress: info.api_address.clone(),
        }
    }
}

impl From<NodeInfo> for wire::NodeInfo {
    fn from(info: NodeInfo) -> Self {
        Self {
            peer_key: PeerKey(info.peerKey.0),
            seal_key: SealKey(info.sealKey.0),
            signer: address(info.signer),
            peer_address: info.peerAddress,
            api_address: info.apiAddress,
        }
    }
}

impl From<&wire::PartyBinding> for PartyBinding {
    fn from(binding: &wire::PartyBinding) -> Self {
        Self {
            instance: word(binding.instance),
            party: binding.party,
            sealKey: B256::new(binding.seal_key.0),
        }
    }
}

impl From<PartyBinding> for wire::PartyBinding {
    fn from(binding: PartyBinding) -> Self {
        Self {
            instance: hash(binding.instance),
            party: binding.party,
            seal_key: SealKey(binding.sealKey.0),
        }
    }
}

impl From<&wire::JobRequest> for JobRequest {
    fn from(request: &wire::JobRequest) -> Self {
        Self {
            instance: word(request.instance),
            entry: request.entry,
            collections: request.collections.iter().map(|id| id.0).collect(),
            arguments: Bytes::copy_from_slice(&request.arguments),
            sealKey: B256::new(request.seal_key.map_or([0; 32], |key| key.0)),
            changes: request.changes,
            pays: request.pays,
            deadline: request.deadline,
        }
    }
}

impl From<JobRequest> for wire::JobRequest {
    fn from(request: JobRequest) -> Self {
        let is_given = !request.sealKey.is_zero();
        Self {
            instance: hash(request.instance),
            entry: request.entry,
            collections: request.collections.into_iter().map(CollectionId).collect(),
            arguments: request.arguments.to_vec(),
            seal_key: is_given.then_some(SealKey(request.sealKey.0)),
            changes: request.changes,
            pays: request.pays,
            deadline: request.deadline,
        }
    }
}

impl From<&wire_effects::Effects> for Effects {
    fn from(effects: &wire_effects::Effects) -> Self {
        let transfer = |transfer: &wire_effects::Transfer| Transfer {
            from: account(transfer.from.unwrap_or_default()),
            to: account(transfer.to),
            amount: transfer.amount,
        };
        Self {
            writes: Bytes::copy_from_slice(&effects.writes),
            transfers: effects.transfers.iter().map(transfer).collect(),
            paid: effects.paid,
        }
    }
}

impl From<Effects> for wire_effects::Effects {
    fn from(effects: Effects) -> Self {
        let transfer = |transfer: Transfer| wire_effects::Transfer {
            from: (!transfer.from.is_zero()).then(|| address(transfer.from)),
            to: address(transfer.to),
            amount: transfer.amount,
        };
        Self {
            writes: effects.writes.to_vec(),
            transfers: effects.transfers.into_iter().map(transfer).collect(),
            paid: effects.paid,
        }
    }
}

impl From<&wire::CollectionTerms> for CollectionTerms {
    fn from(terms: &wire::CollectionTerms) -> Self {
        Self {
            instance: word(terms.instance),
            slot: terms.slot,
            memberRoot: word(terms.member_root),
            memberCount: terms.member_count,
            minRows: terms.min_rows,
        }
    }
}

impl From<CollectionTerms> for wire::CollectionTerms {
    fn from(terms: CollectionTerms) -> Self {
        Self {
            instance: hash(terms.instance),
            slot: terms.slot,
            member_root: hash(terms.memberRoot),
            member_count: terms.memberCount,
            min_rows: terms.minRows,
        }
    }
}

impl From<&wire::Contribution> for Contribution {
    fn from(given: &wire::Contribution) -> Self {
        Self {
            collection: given.collection.0,
            member: given.member.0,
            owner: account(given.owner),
            root: word(given.root),
            sealKey: B256::new(given.seal_key.0),
            revision: given.revision,
            rows: given.rows,
        }
    }
}

impl From<Contribution> for wire::Contribution {
    fn from(given: Contribution) -> Self {
        Self {
            collection: CollectionId(given.collection),
            member: MemberIndex(given.member),
            owner: address(given.owner),
            root: hash(given.root),
            seal_key: SealKey(given.sealKey.0),
            revision: given.revision,
            rows: given.rows,
        }
    }
}

impl From<&wire::Consent> for Consent {
    fn from(consent: &wire::Consent) -> Self {
        Self {
            collection: consent.right.collection.0,
            member: consent.right.member.0,
            contractHash: word(consent.right.contract),
            entry: consent.right.entry,
            requester: account(consent.right.requester),
            instance: word(consent.instance),
            owner: account(consent.owner),
            uses: consent.uses,
            expiry: consent.expiry,
            minGroup: consent.min_group,
            nonce: consent.nonce,
        }
    }
}

impl From<Consent> for wire::Consent {
    fn from(consent: Consent) -> Self {
        Self {
            right: wire::RightKey {
                collection: CollectionId(consent.collection),
                member: MemberIndex(consent.member),
                contract: hash(consent.contractHash),
                entry: consent.entry,
                requester: address(consent.requester),
            },
            instance: hash(consent.instance),
            owner: address(consent.owner),
            uses: consent.uses,
            expiry: consent.expiry,
            min_group: consent.minGroup,
            nonce: consent.nonce,
        }
    }
}

impl From<&wire::Revocation> for Revocation {
    fn from(revocation: &wire::Revocation) -> Self {
        Self {
            collection: revocation.right.collection.0,
            member: revocation.right.member.0,
            contractHash: word(revocation.right.contract),
            entry: revocation.right.entry,
            requester: account(revocation.right.requester),
            owner: account(revocation.owner),
            nonce: revocation.nonce,
        }
    }
}

impl From<Revocation> for wire::Revocation {
    fn from(revocation: Revocation) -> Self {
        Self {
            right: wire::RightKey {
                collection: CollectionId(revocation.collection),
                member: MemberIndex(revocation.member),
                contract: hash(revocation.contractHash),
                entry: revocation.entry,
                requester: address(revocation.requester),
            },
            owner: address(revocation.owner),
            nonce: revocation.nonce,
        }
    }
}

impl From<&wire::Certificate> for Certificate {
    fn from(certificate: &wire::Certificate) -> Self {
        Self {
            job: certificate.job.0,
            contractHash: word(certificate.contract),
            inputs: word(certificate.inputs),
            outputs: word(certificate.outputs),
            effects: word(certificate.effects),
            rows: certificate.rows,
            multiplications: certificate.multiplications,
            rounds: certificate.rounds,
            bytesSent: certificate.bytes,
        }
    }
}

impl From<Certificate> for wire::Certificate {
    fn from(certificate: Certificate) -> Self {
        Self {
            job: JobId(certificate.job),
            contract: hash(certificate.contractHash),
            inputs: hash(certificate.inputs),
            outputs: hash(certificate.outputs),
            effects: hash(certificate.effects),
            rows: certificate.rows,
            multiplications: certificate.multiplications,
            rounds: certificate.rounds,
            bytes: certificate.bytesSent,
        }
    }
}

impl From<&wire::Failure> for Failure {
    fn from(failure: &wire::Failure) -> Self {
        Self {
            job: failure.job.0,
            culprits: failure.culprits,
            reason: failure.reason as u8,
        }
    }
}

impl TryFrom<Failure> for wire::Failure {
    type Error = ();

    fn try_from(failure: Failure) -> Result<Self, ()> {
        let reason = match failure.reason {
            0 => wire::FailureReason::Unresponsive,
            1 => wire::FailureReason::Misbehaved,
            2 => wire::FailureReason::Refused,
            _ => return Err(()),
        };
        Ok(Self {
            job: JobId(failure.job),
            culprits: failure.culprits,
            reason,
        })
    }
}
