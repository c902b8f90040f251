//! The EIP-712 digests of `wire`, which are written by hand, against those of the RPC library, which
//! derives them from the Solidity structs.

use alloy::primitives::B256;
use alloy::sol_types::{Eip712Domain, SolStruct};
use enigma_wire::api::signed;
use enigma_wire::controller as wire;
use enigma_wire::eip712::{self, Domain, Typed};
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex, PeerKey, SealKey};

use crate::abi::{self, account};

alloy::sol! {
    struct NodeBinding {
        address operator;
        bytes32 peerKey;
        bytes32 sealKey;
    }
    struct Contribution {
        uint64 collection;
        uint32 member;
        address owner;
        bytes32 root;
        bytes32 sealKey;
        uint32 revision;
        uint32 rows;
    }
    struct Receipt {
        Contribution contribution;
    }
    struct Request {
        bytes32 node;
        string method;
        string target;
        bytes32 body;
        uint64 time;
        uint128 nonce;
    }
}

const DOMAIN: Domain = Domain {
    chain_id: 24_601,
    controller: Address([0x42; 20]),
};

fn domain() -> Eip712Domain {
    Eip712Domain::new(
        Some("Enigma".into()),
        Some("1".into()),
        Some(alloy::primitives::U256::from(DOMAIN.chain_id)),
        Some(account(DOMAIN.controller)),
        None,
    )
}

#[track_caller]
fn same(ours: &impl Typed, theirs: &impl SolStruct) {
    let domain = domain();
    assert_eq!(DOMAIN.separator().0, domain.separator().0);
    assert_eq!(ours.struct_hash().0, theirs.eip712_hash_struct().0);
    assert_eq!(DOMAIN.digest(ours).0, theirs.eip712_signing_hash(&domain).0);
}

fn right() -> wire::RightKey {
    wire::RightKey {
        collection: CollectionId(u64::MAX - 1),
        member: MemberIndex(u32::MAX - 2),
        contract: Hash([3; 32]),
        entry: u16::MAX - 3,
        requester: Address([4; 20]),
    }
}

#[test]
fn node_binding() {
    let info = wire::NodeInfo {
        peer_key: PeerKey([1; 32]),
        seal_key: SealKey([2; 32]),
        signer: Address([3; 20]),
        peer_address: "a:1".into(),
        api_address: "http://a".into(),
    };
    let operator = Address([9; 20]);
    let theirs = NodeBinding {
        operator: account(operator),
        peerKey: B256::new([1; 32]),
        sealKey: B256::new([2; 32]),
    };
    let info = &info;
    same(&eip712::NodeBinding { operator, info }, &theirs);
}

#[test]
fn party_binding() {
    let ours = wire::PartyBinding {
        instance: Hash([1; 32]),
        party: u16::MAX - 1,
        seal_key: SealKey([2; 32]),
    };
    same(&ours, &abi::PartyBinding::from(&ours));
}

#[test]
fn contribution() {
    let ours = wire::Contribution {
        collection: CollectionId(7),
        member: MemberIndex(8),
        owner: Address([9; 20]),
        root: Hash([10; 32]),
        seal_key: SealKey([11; 32]),
        revision: 12,
        rows: u32::MAX - 13,
    };
    same(&ours, &abi::Contribution::from(&ours));
}

#[test]
fn consent_and_revocation() {
    let consent = wire::Consent {
        right: right(),
        instance: Hash([5; 32]),
        owner: Address([6; 20]),
        uses: u32::MAX,
        expiry: u64::MAX,
        min_group: 7,
        nonce: u64::MAX - 8,
    };
    same(&consent, &abi::Consent::from(&consent));
    let revocation = wire::Revocation {
        right: right(),
        owner: Address([6; 20]),
        nonce: 9,
    };
    same(&revocation, &abi::Revocation::from(&revocation));
}

#[test]
fn receipt() {
    let contribution = wire::Contribution {
        collection: CollectionId(1),
        member: MemberIndex(2),
        owner: Address([3; 20]),
        root: Hash([4; 32]),
        seal_key: SealKey([5; 32]),
        revision: 6,
        rows: 7,
    };
    let theirs = Receipt {
        contribution: Contribution {
            collection: 1,
            member: 2,
            owner: account(contribution.owner),
            root: B256::new([4; 32]),
            sealKey: B256::new([5; 32]),
            revision: 6,
            rows: 7,
        },
    };
    same(&wire::Receipt { contribution }, &theirs);
}

#[test]
fn certificate_and_failure() {
    let certificate = wire::Certificate {
        job: JobId(1),
        contract: Hash([2; 32]),
        inputs: Hash([3; 32]),
        outputs: Hash([4; 32]),
        effects: Hash([9; 32]),
        rows: 5,
        multiplications: u64::MAX,
        rounds: 6,
        bytes: 7,
    };
    same(&certificate, &abi::Certificate::from(&certificate));
    for reason in [
        wire::FailureReason::Unresponsive,
        wire::FailureReason::Misbehaved,
        wire::FailureReason::Refused,
    ] {
        let failure = wire::Failure {
            job: JobId(u64::MAX),
            culprits: 0x8000_0001,
            reason,
        };
        let theirs = abi::Failure::from(&failure);
        same(&failure, &theirs);
        assert_eq!(wire::Failure::try_from(theirs), Ok(failure));
    }
}

/// The type strings of the Solidity source are those that are hashed here.
#[test]
fn type_strings_are_those_of_the_solidity_source() {
    let source = include_str!("../../../contracts/src/Types.sol");
    for encoded in [
        NodeBinding::eip712_encode_type(),
        abi::PartyBinding::eip712_encode_type(),
        abi::Contribution::eip712_encode_type(),
        abi::Consent::eip712_encode_type(),
        abi::Revocation::eip712_encode_type(),
        Receipt::eip712_encode_type(),
        abi::Certificate::eip712_encode_type(),
        abi::Failure::eip712_encode_type(),
    ] {
        assert!(source.contains(&format!("\"{encoded}\"")), "{encoded}");
    }
}

#[test]
fn signed_request() {
    let ours = signed::Request::new(PeerKey([1; 32]), "GET", "/v1/jobs/1", b"body");
    let theirs = Request {
        node: B256::new([1; 32]),
        method: "GET".into(),
        target: "/v1/jobs/1".into(),
        body: B256::new(ours.body.0),
        time: u64::MAX,
        nonce: u128::MAX - 1,
    };
    let digest = signed::digest(&DOMAIN, &ours, u64::MAX, u128::MAX - 1);
    assert_eq!(digest.0, theirs.eip712_signing_hash(&domain()).0);
}
