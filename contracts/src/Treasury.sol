// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Consents} from "./Consents.sol";
import {Effects, Transfer} from "./Types.sol";

/// What an instance keeps on the chain: the hash of all that runs wrote into its public state, its funds, and what accounts have
/// put into it for runs to transfer.
abstract contract Treasury is Consents {
    /// A run that may change the instance is not finished.
    error ChangePending(uint64 job);
    /// The account has less in the instance than is taken.
    error BalanceTooSmall(address account);
    /// Nothing is put in or taken.
    error EmptyAmount();
    /// A run writes more than 65536 bytes or makes more than 128 transfers.
    error EffectsTooLarge();

    event PutIn(bytes32 indexed instance, address indexed account, uint128 amount);
    event TakenOut(bytes32 indexed instance, address indexed account, uint128 amount);

    // With the largest committee they fit into a transaction of 2^24 gas.
    uint256 private constant MAX_WRITES = 65_536;
    uint256 private constant MAX_TRANSFERS = 128;

    /// The hash over all writes of an instance: of the hash before and of the writes' hash.
    mapping(bytes32 instance => bytes32) public stateOf;
    /// What accounts have in an instance; the zero account's is the instance's own.
    mapping(bytes32 instance => mapping(address account => uint128)) public balanceIn;
    /// The unfinished job that may change the instance.
    mapping(bytes32 instance => uint64 job) internal _changing;

    /// Puts the payment into the instance under the sender's account.
    function putIn(bytes32 instance) external payable {
        _deployed(instance);
        uint128 amount = _paid();
        if (amount == 0) revert EmptyAmount();
        balanceIn[instance][msg.sender] += amount;
        emit PutIn(instance, msg.sender, amount);
    }

    /// Takes what the sender has in the instance out, as credit. Not while a run may transfer it: what a run finds at its
    /// request is there when it settles.
    function takeOut(bytes32 instance, uint128 amount) external {
        if (amount == 0) revert EmptyAmount();
        if (_changing[instance] != 0) revert ChangePending(_changing[instance]);
        _take(instance, msg.sender, amount);
        creditOf[msg.sender] += amount;
        emit TakenOut(instance, msg.sender, amount);
    }

    /// Applies a run's effects.
    function _apply(bytes32 instance, Effects calldata effects) internal {
        if (effects.writes.length != 0) {
            stateOf[instance] = keccak256(abi.encode(stateOf[instance], keccak256(effects.writes)));
        }
        balanceIn[instance][address(0)] += effects.paid;
        for (uint256 i = 0; i < effects.transfers.length; ++i) {
            Transfer calldata transfer = effects.transfers[i];
            _take(instance, transfer.from, transfer.amount);
            creditOf[transfer.to] += transfer.amount;
        }
    }

    /// What a certificate says of a run's effects, which must be few enough.
    function _effectsHash(Effects calldata effects) internal pure returns (bytes32) {
        uint256 count = effects.transfers.length;
        if (effects.writes.length > MAX_WRITES || count > MAX_TRANSFERS) revert EffectsTooLarge();
        bytes32[] memory words = new bytes32[](2 + 3 * count);
        words[0] = keccak256(effects.writes);
        words[1] = bytes32(uint256(effects.paid));
        for (uint256 i = 0; i < count; ++i) {
            Transfer calldata transfer = effects.transfers[i];
            words[2 + 3 * i] = bytes32(uint256(uint160(transfer.from)));
            words[3 + 3 * i] = bytes32(uint256(uint160(transfer.to)));
            words[4 + 3 * i] = bytes32(uint256(transfer.amount));
        }
        return keccak256(abi.encodePacked(words));
    }

    function _take(bytes32 instance, address account, uint128 amount) private {
        uint128 balance = balanceIn[instance][account];
        if (balance < amount) revert BalanceTooSmall(account);
        balanceIn[instance][account] = balance - amount;
    }
}
