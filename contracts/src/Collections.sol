// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Programs} from "./Programs.sol";
import {CollectionTerms, Contribution, SignedContribution, CONTRIBUTION, RECEIPT} from "./Types.sol";

/// Collections: their members, the owners' contributions, and the seal. The instance's committee holds them.
abstract contract Collections is Programs {
    /// Only the deployer of the instance may open a collection.
    error NotDeployer();
    /// Only the opener of the collection may do this.
    error NotOpener();
    /// A node of the instance's committee has retired: what it serves still it goes on with, and takes nothing new.
    error CommitteeRetired(uint32 node);
    /// The member list's root is zero: open collections are not offered.
    error MemberListMissing();
    /// The fewest rows must be at least one and at most the number of members.
    error BadSize();
    /// There is no such collection.
    error UnknownCollection();
    /// The collection is sealed.
    error AlreadySealed();
    /// The collection is not sealed.
    error NotSealed();
    /// There are fewer contributions than the collection needs.
    error TooFewRows();
    /// The proof does not lead to the member list's root, or the member's number is out of range.
    error NotMember();
    /// Another owner contributed under this number: the member list names it twice.
    error MemberTaken();
    /// The next revision of this member's contribution is `expected`.
    error WrongRevision(uint32 expected);
    /// A contribution has at least one row.
    error NoRows();
    /// The receipt of the committee's node at `position` is not by that node.
    error BadReceipt(uint256 position);

    event CollectionOpened(uint64 indexed collection, address indexed opener, CollectionTerms terms);
    event Contributed(Contribution contribution);
    event CollectionSealed(uint64 indexed collection, uint32 rows, bytes32 termsRoot);

    struct Collection {
        CollectionTerms terms;
        address opener;
        uint64 openBlock;
        /// Members who contributed, however many rows each.
        uint32 rows;
        bool isSealed;
        /// Running hash of contributions and consents; final once sealed.
        bytes32 termsRoot;
    }

    struct ContributionRecord {
        address owner;
        /// How many contributions the member made; the next one's revision.
        uint32 revisions;
        bytes32 root;
    }

    /// Collections are numbered from 1; this is the last number given.
    uint64 public collectionCount;
    mapping(uint64 collection => Collection) internal _collections;
    mapping(uint64 collection => mapping(uint32 member => ContributionRecord)) internal _contributions;

    /// Opens a collection of an instance whose committee is drawn and has not begun to retire.
    function openCollection(CollectionTerms calldata terms) external returns (uint64 id) {
        Instance storage instance = _deployed(terms.instance);
        if (instance.deployer != msg.sender) revert NotDeployer();
        uint32[] memory committee = instance.committee;
        if (committee.length == 0) revert NotDrawn();
        for (uint256 i = 0; i < committee.length; ++i) {
            if (_hasRetired(committee[i])) revert CommitteeRetired(committee[i]);
        }
        if (terms.memberRoot == 0) revert MemberListMissing();
        if (terms.minRows == 0 || terms.minRows > terms.memberCount) revert BadSize();

        id = ++collectionCount;
        Collection storage collection = _collections[id];
        collection.terms = terms;
        collection.opener = msg.sender;
        collection.openBlock = uint64(block.number);
        collection.termsRoot = bytes32(uint256(id));
        emit CollectionOpened(id, msg.sender, terms);
    }

    /// Records contributions. Anybody may relay them: the owner's signature and the receipts of the
    /// whole committee are what counts.
    function contribute(SignedContribution[] calldata batch) external {
        for (uint256 i = 0; i < batch.length; ++i) _contribute(batch[i]);
    }

    /// Ends contribution. Afterwards jobs may be requested.
    function sealCollection(uint64 id) external {
        Collection storage collection = _openForRows(id);
        if (collection.opener != msg.sender) revert NotOpener();
        if (collection.rows < collection.terms.minRows) revert TooFewRows();
        collection.isSealed = true;
        emit CollectionSealed(id, collection.rows, collection.termsRoot);
    }

    /// A collection's state; all zero when there is none.
    function collectionOf(uint64 id) external view returns (Collection memory) {
        return _collections[id];
    }

    /// A member's latest contribution; all zero when there is none.
    function contributionOf(uint64 id, uint32 member) external view returns (ContributionRecord memory) {
        return _contributions[id][member];
    }

    function _contribute(SignedContribution calldata signed) private {
        Contribution calldata given = signed.contribution;
        Collection storage collection = _openForRows(given.collection);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(given.member, given.owner))));
        if (
            given.member >= collection.terms.memberCount ||
            !MerkleProof.verifyCalldata(signed.memberProof, collection.terms.memberRoot, leaf)
        ) revert NotMember();
        ContributionRecord storage record = _contributions[given.collection][given.member];
        if (record.revisions != 0 && record.owner != given.owner) revert MemberTaken();
        if (given.revision != record.revisions) revert WrongRevision(record.revisions);
        if (given.rows == 0) revert NoRows();
        bytes32 structHash = keccak256(abi.encode(CONTRIBUTION, given));
        _requireSigned(structHash, signed.signature, given.owner);
        _requireReceipts(collection, structHash, signed.receipts);

        if (record.revisions == 0) ++collection.rows;
        record.owner = given.owner;
        record.revisions += 1;
        record.root = given.root;
        _extendTerms(collection, structHash);
        emit Contributed(given);
    }

    function _requireReceipts(
        Collection storage collection,
        bytes32 contribution,
        bytes[] calldata receipts
    ) private view {
        uint32[] memory committee = _committeeOf(collection);
        if (receipts.length != committee.length) revert LengthMismatch();
        bytes32 receipt = _hashTypedDataV4(keccak256(abi.encode(RECEIPT, contribution)));
        for (uint256 i = 0; i < committee.length; ++i) {
            if (!_isSigned(receipt, receipts[i], _signerOf(committee[i]))) revert BadReceipt(i);
        }
    }

    function _openForRows(uint64 id) private view returns (Collection storage collection) {
        collection = _known(id);
        if (collection.isSealed) revert AlreadySealed();
    }

    function _extendTerms(Collection storage collection, bytes32 structHash) internal {
        collection.termsRoot = keccak256(abi.encode(collection.termsRoot, structHash));
    }

    /// In drawn order.
    function _committeeOf(Collection storage collection) private view returns (uint32[] memory) {
        return _instances[collection.terms.instance].committee;
    }

    function _known(uint64 id) internal view returns (Collection storage collection) {
        collection = _collections[id];
        if (collection.openBlock == 0) revert UnknownCollection();
    }
}
