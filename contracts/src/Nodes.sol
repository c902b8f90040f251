// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {NodeInfo, NODE_BINDING} from "./Types.sol";

/// The registry of nodes. A key that was registered once is never free again: first writer wins.
abstract contract Nodes is Base {
    /// The sender has an active node, or a node registered this transport key or this signer before.
    error AlreadyRegistered();
    /// The sender has no active node.
    error NotRegistered();
    /// An address is longer than 256 bytes.
    error AddressTooLong();
    /// The deposit is below the minimum.
    error DepositTooSmall();
    /// The sender has no retired node whose deposit is still held.
    error NotRetired();
    /// The deposit is locked until `releasableAt`.
    error DepositLocked(uint64 releasableAt);

    event NodeRegistered(uint32 indexed node, address indexed operator, NodeInfo info, uint128 deposit);
    event NodeRetired(uint32 indexed node, uint64 releasableAt);
    event DepositReleased(uint32 indexed node, uint128 amount);

    struct Node {
        NodeInfo info;
        address operator;
        uint64 since;
        uint64 until;
        uint64 releasableAt;
        uint128 deposit;
    }

    uint256 private constant MAX_ADDRESS = 256;

    uint128 public immutable minDeposit;
    uint64 public immutable unbondingSeconds;
    /// Nodes are numbered from 1; this is the last number given.
    uint32 public nodeCount;
    /// How many nodes have not retired.
    uint32 public activeNodes;
    /// An operator's active node.
    mapping(address operator => uint32) public nodeOf;
    mapping(bytes32 peerKey => bool) private _peerKeyTaken;
    mapping(address signer => bool) private _signerTaken;
    mapping(uint32 node => Node) private _nodes;
    /// An operator's retired nodes with a deposit, in order of retirement, and how many were released.
    mapping(address operator => uint32[]) private _retired;
    mapping(address operator => uint256) private _released;

    constructor(uint128 minDeposit_, uint64 unbondingSeconds_) {
        minDeposit = minDeposit_;
        unbondingSeconds = unbondingSeconds_;
    }

    /// Registers the sender's node. `proof` is the node's signer's signature over the binding of its
    /// keys to the sender, so that nobody registers a signing key they do not hold.
    function registerNode(NodeInfo calldata info, bytes calldata proof) external payable {
        uint128 deposit = _paid();
        if (deposit < minDeposit) revert DepositTooSmall();
        if (bytes(info.peerAddress).length > MAX_ADDRESS || bytes(info.apiAddress).length > MAX_ADDRESS) {
            revert AddressTooLong();
        }
        if (info.peerKey == 0 || info.sealKey == 0) revert EmptyKey();
        if (nodeOf[msg.sender] != 0 || _peerKeyTaken[info.peerKey] || _signerTaken[info.signer]) {
            revert AlreadyRegistered();
        }
        bytes32 binding = keccak256(abi.encode(NODE_BINDING, msg.sender, info.peerKey, info.sealKey));
        _requireSigned(binding, proof, info.signer);

        _peerKeyTaken[info.peerKey] = true;
        _signerTaken[info.signer] = true;
        uint32 id = ++nodeCount;
        ++activeNodes;
        nodeOf[msg.sender] = id;
        Node storage node = _nodes[id];
        node.info = info;
        node.operator = msg.sender;
        node.since = uint64(block.number);
        node.deposit = deposit;
        emit NodeRegistered(id, msg.sender, info, deposit);
    }

    /// The sender's node takes no new committees; its deposit is released later.
    function retireNode() external {
        uint32 id = nodeOf[msg.sender];
        if (id == 0) revert NotRegistered();
        Node storage node = _nodes[id];
        node.until = uint64(block.number);
        node.releasableAt = uint64(block.timestamp) + unbondingSeconds;
        nodeOf[msg.sender] = 0;
        --activeNodes;
        if (node.deposit != 0) _retired[msg.sender].push(id);
        emit NodeRetired(id, node.releasableAt);
    }

    /// Credits the deposit of the sender's node that retired first to the sender.
    function releaseDeposit() external {
        uint256 released = _released[msg.sender];
        if (released == _retired[msg.sender].length) revert NotRetired();
        uint32 id = _retired[msg.sender][released];
        Node storage node = _nodes[id];
        if (block.timestamp < node.releasableAt) revert DepositLocked(node.releasableAt);
        uint128 amount = node.deposit;
        node.deposit = 0;
        _released[msg.sender] = released + 1;
        creditOf[msg.sender] += amount;
        emit DepositReleased(id, amount);
    }

    /// A node's record; all zero when there is none.
    function nodeRecord(uint32 id) external view returns (Node memory) {
        return _nodes[id];
    }

    function _signerOf(uint32 id) internal view returns (address) {
        return _nodes[id].info.signer;
    }

    function _hasRetired(uint32 id) internal view returns (bool) {
        return _nodes[id].until != 0;
    }

    function _operatorOf(uint32 id) internal view returns (address) {
        return _nodes[id].operator;
    }

    /// The nodes registered by a block and not retired by its end, in order of their numbers. Of a past
    /// block this can no longer change, so that nobody picks candidates after a seed is known.
    function _nodesActiveAt(uint64 number) internal view returns (uint32[] memory ids) {
        ids = new uint32[](nodeCount);
        uint256 found = 0;
        for (uint32 id = 1; id <= nodeCount; ++id) {
            Node storage candidate = _nodes[id];
            if (candidate.since > number) break;
            if (candidate.until == 0 || candidate.until > number) ids[found++] = id;
        }
        assembly ("memory-safe") {
            mstore(ids, found)
        }
    }
}
