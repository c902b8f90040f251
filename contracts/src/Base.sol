// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// What every module needs: signatures under the controller's domain, and what accounts may withdraw.
abstract contract Base is EIP712 {
    /// A signature is malformed or not by the account that should have signed.
    error BadSignature();
    /// A key is zero.
    error EmptyKey();
    /// There is nothing to withdraw.
    error NothingToWithdraw();
    /// The account refused the payment.
    error PaymentRefused();
    /// More is paid than an amount can hold.
    error AmountTooLarge();
    /// Two lists that belong together differ in length.
    error LengthMismatch();

    event Withdrawn(address indexed account, uint128 amount);

    /// What an account may withdraw.
    mapping(address account => uint128) public creditOf;

    /// The EIP-712 domain separator, for clients that check theirs.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// Pays out the caller's credit.
    function withdraw() public virtual {
        uint128 amount = creditOf[msg.sender];
        if (amount == 0) revert NothingToWithdraw();
        creditOf[msg.sender] = 0;
        emit Withdrawn(msg.sender, amount);
        (bool paid, ) = msg.sender.call{value: amount}("");
        if (!paid) revert PaymentRefused();
    }

    /// Reverts unless `signature` over the typed struct hash is by `signer`.
    function _requireSigned(bytes32 structHash, bytes calldata signature, address signer) internal view {
        if (!_isSigned(_hashTypedDataV4(structHash), signature, signer)) revert BadSignature();
    }

    /// The same, or with an empty signature the sender is `signer`.
    function _requireSignedOrSent(bytes32 structHash, bytes calldata signature, address signer) internal view {
        if (signature.length != 0 || msg.sender != signer) _requireSigned(structHash, signature, signer);
    }

    /// Is `signature` (65 bytes, low s) over `digest` by `signer`?
    function _isSigned(bytes32 digest, bytes calldata signature, address signer) internal pure returns (bool) {
        (address recovered, ECDSA.RecoverError failure, ) = ECDSA.tryRecoverCalldata(digest, signature);
        return failure == ECDSA.RecoverError.NoError && recovered == signer;
    }

    /// The payment of this call as an amount.
    function _paid() internal view returns (uint128) {
        if (msg.value > type(uint128).max) revert AmountTooLarge();
        return uint128(msg.value);
    }
}
