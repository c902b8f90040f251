// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Collections} from "./Collections.sol";
import {Consent, Revocation, SignedConsent, CONSENT, REVOCATION} from "./Types.sol";

/// The owners' rights: who may run what on their rows, how often, until when, in what company.
abstract contract Consents is Collections {
    /// The account did not contribute under this number.
    error NotContributor();
    /// A consent or a request names another instance than the collection's.
    error WrongInstance();
    /// The contract is not the one of the collection's instance.
    error WrongContract();
    /// The nonce must be greater than `last`.
    error StaleNonce(uint64 last);

    event ConsentGranted(Consent consent);
    event ConsentRevoked(Revocation revocation);

    /// Blocks bound a right, so that current state answers for a past block as well.
    struct Right {
        uint64 since;
        /// 0 while in force; a right that was revoked before it was granted has an end and no beginning.
        uint64 until;
        uint64 nonce;
        uint64 expiry;
        uint32 uses;
        uint32 minGroup;
    }

    mapping(bytes32 key => Right) private _rights;

    /// Records consents; anybody may relay them.
    function grant(SignedConsent[] calldata batch) external {
        for (uint256 i = 0; i < batch.length; ++i) _grant(batch[i].consent, batch[i].signature);
    }

    /// Ends a right from this block on, granted or not, so that a consent that was signed before and not
    /// posted yet can no longer begin one: by the owner's signature through anybody, or with an empty
    /// signature by the owner's own transaction.
    function revoke(Revocation calldata revocation, bytes calldata signature) external {
        _requireContributor(revocation.collection, revocation.member, revocation.owner);
        Right storage right = _right(
            revocation.collection,
            revocation.member,
            revocation.contractHash,
            revocation.entry,
            revocation.requester
        );
        if (revocation.nonce <= right.nonce) revert StaleNonce(right.nonce);
        _requireSignedOrSent(keccak256(abi.encode(REVOCATION, revocation)), signature, revocation.owner);
        // A right that ended keeps its end, by which past jobs are judged.
        if (right.until == 0) right.until = uint64(block.number);
        right.nonce = revocation.nonce;
        emit ConsentRevoked(revocation);
    }

    /// A right's state; all zero when there is none.
    function rightOf(
        uint64 collection,
        uint32 member,
        bytes32 contractHash,
        uint16 entry,
        address requester
    ) external view returns (Right memory) {
        return _right(collection, member, contractHash, entry, requester);
    }

    function _grant(Consent calldata consent, bytes calldata signature) private {
        Collection storage collection = _known(consent.collection);
        if (consent.instance != collection.terms.instance) revert WrongInstance();
        if (consent.contractHash != _instances[consent.instance].contractHash) revert WrongContract();
        _requireContributor(consent.collection, consent.member, consent.owner);
        Right storage right = _right(
            consent.collection,
            consent.member,
            consent.contractHash,
            consent.entry,
            consent.requester
        );
        if (consent.nonce <= right.nonce) revert StaleNonce(right.nonce);
        bytes32 structHash = keccak256(abi.encode(CONSENT, consent));
        _requireSigned(structHash, signature, consent.owner);

        right.since = uint64(block.number);
        right.until = 0;
        right.nonce = consent.nonce;
        right.expiry = consent.expiry;
        right.uses = consent.uses;
        right.minGroup = consent.minGroup;
        if (!collection.isSealed) _extendTerms(collection, structHash);
        emit ConsentGranted(consent);
    }

    function _requireContributor(uint64 collection, uint32 member, address owner) private view {
        ContributionRecord storage record = _contributions[collection][member];
        if (record.revisions == 0 || record.owner != owner) revert NotContributor();
    }

    function _right(
        uint64 collection,
        uint32 member,
        bytes32 contractHash,
        uint16 entry,
        address requester
    ) private view returns (Right storage) {
        return _rights[keccak256(abi.encode(collection, member, contractHash, entry, requester))];
    }
}
