// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// The controller's vocabulary. Field for field what `enigma-wire` calls by the same names; the typed
// structs that people and nodes sign have the EIP-712 type strings given beside them.

/// What a node publishes about itself.
struct NodeInfo {
    bytes32 peerKey;
    bytes32 sealKey;
    address signer;
    string peerAddress;
    string apiAddress;
}

/// What a job costs.
struct Prices {
    uint128 base;
    uint128 perMultiplication;
    uint128 perRound;
    uint128 perKilobyte;
}

/// Signed by the party's account: the key to which what this party receives is sealed.
struct PartyBinding {
    bytes32 instance;
    uint16 party;
    bytes32 sealKey;
}

/// A new collection's terms.
struct CollectionTerms {
    bytes32 instance;
    uint16 slot;
    bytes32 memberRoot;
    uint32 memberCount;
    uint32 minRows;
}

/// Signed by the owner.
struct Contribution {
    uint64 collection;
    uint32 member;
    address owner;
    bytes32 root;
    bytes32 sealKey;
    uint32 revision;
    /// How many rows were dealt.
    uint32 rows;
}

/// Signed by the owner.
struct Consent {
    uint64 collection;
    uint32 member;
    bytes32 contractHash;
    uint16 entry;
    address requester;
    bytes32 instance;
    address owner;
    uint32 uses;
    uint64 expiry;
    uint32 minGroup;
    uint64 nonce;
}

/// Signed by the owner.
struct Revocation {
    uint64 collection;
    uint32 member;
    bytes32 contractHash;
    uint16 entry;
    address requester;
    address owner;
    uint64 nonce;
}

/// What a requester asks for.
struct JobRequest {
    bytes32 instance;
    uint16 entry;
    /// Sealed collections of the instance, one of each slot that the entry computes from, by rising slot.
    uint64[] collections;
    /// The entry's public parameters, encoded as `wire` says; empty when it has none.
    bytes arguments;
    /// The key to which results for the requester are sealed; zero when it expects none.
    bytes32 sealKey;
    /// Whether the entry may change the instance's state and move its money; such jobs wait for each other.
    bool changes;
    /// The most that the requester pays into the instance's funds, in escrow beside the fee.
    uint128 pays;
    uint64 deadline;
}

/// Money that a run moves.
struct Transfer {
    /// Whose balance in the instance; zero for the instance's own funds.
    address from;
    address to;
    uint128 amount;
}

/// What a run changes beside its results.
struct Effects {
    /// What becomes of the instance's public state, encoded as `wire` says: the chain keeps the hash of all that was written.
    bytes writes;
    /// In order.
    Transfer[] transfers;
    /// What the requester pays into the instance's funds before anything is transferred.
    uint128 paid;
}

/// Signed by t+1 nodes of the committee.
struct Certificate {
    uint64 job;
    bytes32 contractHash;
    bytes32 inputs;
    bytes32 outputs;
    bytes32 effects;
    uint32 rows;
    uint64 multiplications;
    uint64 rounds;
    uint64 bytesSent;
}

/// Signed by t+1 nodes of the committee, none of them named in it.
struct Failure {
    uint64 job;
    uint32 culprits;
    uint8 reason;
}

/// A contribution with everything that must come with it.
struct SignedContribution {
    Contribution contribution;
    bytes signature;
    bytes32[] memberProof;
    bytes[] receipts;
}

/// A consent with its owner's signature.
struct SignedConsent {
    Consent consent;
    bytes signature;
}

bytes32 constant NODE_BINDING = keccak256("NodeBinding(address operator,bytes32 peerKey,bytes32 sealKey)");
bytes32 constant PARTY_BINDING = keccak256("PartyBinding(bytes32 instance,uint16 party,bytes32 sealKey)");
bytes32 constant CONTRIBUTION = keccak256(
    "Contribution(uint64 collection,uint32 member,address owner,bytes32 root,bytes32 sealKey,uint32 revision,uint32 rows)"
);
bytes32 constant CONSENT = keccak256(
    "Consent(uint64 collection,uint32 member,bytes32 contractHash,uint16 entry,address requester,bytes32 instance,address owner,uint32 uses,uint64 expiry,uint32 minGroup,uint64 nonce)"
);
bytes32 constant REVOCATION = keccak256(
    "Revocation(uint64 collection,uint32 member,bytes32 contractHash,uint16 entry,address requester,address owner,uint64 nonce)"
);
bytes32 constant RECEIPT = keccak256(
    "Receipt(Contribution contribution)Contribution(uint64 collection,uint32 member,address owner,bytes32 root,bytes32 sealKey,uint32 revision,uint32 rows)"
);
bytes32 constant CERTIFICATE = keccak256(
    "Certificate(uint64 job,bytes32 contractHash,bytes32 inputs,bytes32 outputs,bytes32 effects,uint32 rows,uint64 multiplications,uint64 rounds,uint64 bytesSent)"
);
bytes32 constant FAILURE = keccak256("Failure(uint64 job,uint32 culprits,uint8 reason)");
