// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Nodes} from "./Nodes.sol";
import {PartyBinding, PARTY_BINDING} from "./Types.sol";

/// Published contracts (the hash of bytecode and of its disclosure manifest), their instances, and of each
/// instance the committee, which is drawn once, and the parties: accounts named once, each of which binds one
/// key for what it receives.
abstract contract Programs is Nodes {
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
    /// A committee has an odd number of nodes from 3 to 31.
    error BadCommitteeSize();
    /// There are fewer active nodes than the committee needs.
    error NotEnoughNodes();
    /// The committee is drawn already.
    error AlreadyDrawn();
    /// The committee cannot be drawn before block `drawBlock + 1`.
    error TooEarly(uint64 drawBlock);
    /// The committee is not drawn yet.
    error NotDrawn();

    event ContractPublished(bytes32 indexed contractHash, bytes32 manifestHash, address indexed publisher);
    event InstanceDeployed(
        bytes32 indexed instance,
        bytes32 indexed contractHash,
        address indexed deployer,
        uint64 nonce,
        uint8 committeeSize,
        address[] parties,
        uint64 drawBlock
    );
    event PartyBound(PartyBinding binding);
    event DrawPostponed(bytes32 indexed instance, uint64 drawBlock);
    event CommitteeDrawn(bytes32 indexed instance, bytes32 seed, uint32[] nodes);

    struct Party {
        address account;
        /// The block in which the key was bound; 0 before.
        uint64 since;
        bytes32 sealKey;
    }

    struct Instance {
        bytes32 contractHash;
        address deployer;
        uint8 committeeSize;
        uint64 deployBlock;
        /// The block whose hash seeds the committee.
        uint64 drawBlock;
        /// In the order in which the contract's source names them.
        Party[] parties;
        /// In drawn order; empty until drawn.
        uint32[] committee;
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

    /// Creates an instance of a published contract, with the size of the committee that serves all of its
    /// collections and jobs, and names the account of each of its parties, for ever. The instance's hash covers
    /// them, so that whoever signs for an instance signs for its parties. The committee follows from the hash of
    /// the next block, which nobody knows yet.
    function deploy(
        bytes32 contractHash,
        uint8 committeeSize,
        address[] calldata parties
    ) external returns (bytes32 instance) {
        if (manifestOf[contractHash] == 0) revert UnknownContract();
        if (committeeSize < 3 || committeeSize > 31 || committeeSize % 2 == 0) revert BadCommitteeSize();
        if (activeNodes < committeeSize) revert NotEnoughNodes();
        if (parties.length > MAX_PARTIES) revert TooManyParties();
        uint64 nonce = deployNonce[msg.sender]++;
        instance = keccak256(abi.encode(contractHash, msg.sender, nonce, committeeSize, parties));
        Instance storage created = _instances[instance];
        created.contractHash = contractHash;
        created.deployer = msg.sender;
        created.committeeSize = committeeSize;
        created.deployBlock = uint64(block.number);
        created.drawBlock = uint64(block.number) + 1;
        for (uint256 i = 0; i < parties.length; ++i) {
            if (parties[i] == address(0)) revert EmptyAccount();
            created.parties.push().account = parties[i];
        }
        emit InstanceDeployed(
            instance,
            contractHash,
            msg.sender,
            nonce,
            committeeSize,
            parties,
            created.drawBlock
        );
    }

    /// Draws an instance's committee from the hash of the draw block; anybody may call. A chain keeps hashes of
    /// 256 blocks; when nobody called in that time, the draw is postponed to the next block's hash.
    function drawCommittee(bytes32 id) external {
        Instance storage instance = _deployed(id);
        if (instance.committee.length != 0) revert AlreadyDrawn();
        uint64 drawBlock = instance.drawBlock;
        if (block.number <= drawBlock) revert TooEarly(drawBlock);
        bytes32 entropy = blockhash(drawBlock);
        if (entropy == 0) {
            instance.drawBlock = uint64(block.number) + 1;
            emit DrawPostponed(id, instance.drawBlock);
            return;
        }
        uint32[] memory candidates = _nodesActiveAt(instance.deployBlock);
        // Nodes that retired in the block of the deployment, after it, are missing.
        if (candidates.length < instance.committeeSize) revert NotEnoughNodes();
        bytes32 seed = keccak256(abi.encode(entropy, id));
        uint32[] memory nodes = _draw(seed, candidates, instance.committeeSize);
        instance.committee = nodes;
        emit CommitteeDrawn(id, seed, nodes);
    }

    /// Binds a party's key, once: by the party's signature through anybody, or with an empty signature by
    /// the party's own transaction.
    function bindParty(PartyBinding calldata binding, bytes calldata signature) external {
        Instance storage instance = _deployed(binding.instance);
        if (binding.party >= instance.parties.length) revert UnknownParty();
        if (binding.sealKey == 0) revert EmptyKey();
        Party storage party = instance.parties[binding.party];
        if (party.since != 0) revert AlreadyBound();
        _requireSignedOrSent(keccak256(abi.encode(PARTY_BINDING, binding)), signature, party.account);
        party.since = uint64(block.number);
        party.sealKey = binding.sealKey;
        emit PartyBound(binding);
    }

    /// An instance's state; all zero when there is none.
    function instanceOf(bytes32 instance) external view returns (Instance memory) {
        return _instances[instance];
    }

    function _deployed(bytes32 id) internal view returns (Instance storage instance) {
        instance = _instances[id];
        if (instance.deployer == address(0)) revert UnknownInstance();
    }

    /// Partial Fisher-Yates shuffle of `candidates`.
    function _draw(
        bytes32 seed,
        uint32[] memory candidates,
        uint256 size
    ) private pure returns (uint32[] memory drawn) {
        drawn = new uint32[](size);
        for (uint256 i = 0; i < size; ++i) {
            uint256 j = i + (uint256(keccak256(abi.encode(seed, i))) % (candidates.length - i));
            drawn[i] = candidates[j];
            candidates[j] = candidates[i];
        }
    }
}
