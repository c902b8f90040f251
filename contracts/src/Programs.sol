// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {PartyBinding, PARTY_BINDING} from "./Types.sol";

/// Published contracts (the hash of bytecode and of its disclosure manifest), their instances, and the
/// parties of each instance: accounts named once, each of which binds one key for what it receives.
abstract contract Programs is Base {
    /// A hash is zero.
    error EmptyHash();
    /// The contract was published before.
    error AlreadyPublished();
    /// No such contract was published.
    error UnknownContract();
    /// No such instance was deployed.
    error UnknownInstance();
    /// An instance has at most 16 parties.
    error TooManyParties();
    /// An account is zero.
    error EmptyAccount();
    /// The instance has no party of this number.
    error UnknownParty();
    /// The party has bound its key.
    error AlreadyBound();

    event ContractPublished(bytes32 indexed contractHash, bytes32 manifestHash, address indexed publisher);
    event InstanceDeployed(
        bytes32 indexed instance,
        bytes32 indexed contractHash,
        address indexed deployer,
        uint64 nonce,
        address[] parties
    );
    event PartyBound(PartyBinding binding);

    struct Party {
        address account;
        /// The block in which the key was bound; 0 before.
        uint64 since;
        bytes32 sealKey;
    }

    struct Instance {
        bytes32 contractHash;
        address deployer;
        /// In the order in which the contract's source names them.
        Party[] parties;
    }

    uint256 private constant MAX_PARTIES = 16;

    /// A published contract's manifest hash.
    mapping(bytes32 contractHash => bytes32) public manifestOf;
    /// How many instances an account deployed.
    mapping(address deployer => uint64) public deployNonce;
    mapping(bytes32 instance => Instance) internal _instances;

    /// Publishes a contract.
    function publish(bytes32 contractHash, bytes32 manifestHash) external {
        if (contractHash == 0 || manifestHash == 0) revert EmptyHash();
        if (manifestOf[contractHash] != 0) revert AlreadyPublished();
        manifestOf[contractHash] = manifestHash;
        emit ContractPublished(contractHash, manifestHash, msg.sender);
    }

    /// Creates an instance of a published contract and names the account of each of its parties, for
    /// ever. The instance's hash covers them, so that whoever signs for an instance signs for its parties.
    function deploy(bytes32 contractHash, address[] calldata parties) external returns (bytes32 instance) {
        if (manifestOf[contractHash] == 0) revert UnknownContract();
        if (parties.length > MAX_PARTIES) revert TooManyParties();
        uint64 nonce = deployNonce[msg.sender]++;
        instance = keccak256(abi.encode(contractHash, msg.sender, nonce, parties));
        Instance storage created = _instances[instance];
        created.contractHash = contractHash;
        created.deployer = msg.sender;
        for (uint256 i = 0; i < parties.length; ++i) {
            if (parties[i] == address(0)) revert EmptyAccount();
            created.parties.push().account = parties[i];
        }
        emit InstanceDeployed(instance, contractHash, msg.sender, nonce, parties);
    }

    /// Binds a party's key, once: by the party's signature through anybody, or with an empty signature by
    /// the party's own transaction.
    function bindParty(PartyBinding calldata binding, bytes calldata signature) external {
        Instance storage instance = _instances[binding.instance];
        if (instance.deployer == address(0)) revert UnknownInstance();
        if (binding.party >= instance.parties.length) revert UnknownParty();
        if (binding.sealKey == 0) revert EmptyKey();
        Party storage party = instance.parties[binding.party];
        if (party.since != 0) revert AlreadyBound();
        _requireSignedOrSent(keccak256(abi.encode(PARTY_BINDING, binding)), signature, party.account);
        party.since = uint64(block.number);
        party.sealKey = binding.sealKey;
        emit PartyBound(binding);
    }

    /// An instance's contract, deployer and parties; zero when there is none.
    function instanceOf(bytes32 instance) external view returns (Instance memory) {
        return _instances[instance];
    }
}
