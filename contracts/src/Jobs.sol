// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Consents} from "./Consents.sol";
import {Certificate, Failure, Prices, CERTIFICATE, FAILURE} from "./Types.sol";

/// Jobs: a request with its fee in escrow, its start by the committee, and the five ends it can have.
abstract contract Jobs is Consents {
    /// A job costs at least `minimum`, the base price.
    error FeeTooLow(uint128 minimum);
    /// The deadline is not in the future.
    error DeadlinePassed();
    /// An unfinished job runs the same entry on the same collection.
    error JobPending(uint64 job);
    /// There is no such job.
    error UnknownJob();
    /// The job has ended.
    error JobNotOpen();
    /// The committee has started the job.
    error AlreadyStarted();
    /// The committee has not started the job.
    error NotStarted();
    /// Only the operator of a node of the job's committee may do this.
    error NotOnCommittee();
    /// Only the requester of the job may do this.
    error NotRequester();
    /// The certificate is about other inputs than the collection's.
    error WrongInputs();
    /// At least t+1 members of the committee must sign.
    error NotEnoughSignatures();
    /// Signers are listed by their place in the committee, in rising order.
    error SignerOutOfOrder();
    /// A culprit is not on the committee, or is among the signers.
    error BadCulprits();
    /// There is no such reason of failure.
    error BadReason();
    /// The deadline has not passed.
    error DeadlineNotReached(uint64 deadline);

    event JobRequested(
        uint64 indexed job,
        uint64 indexed collection,
        uint16 entry,
        address indexed requester,
        uint128 fee,
        uint32 useIndex,
        uint64 deadline
    );
    event JobStarted(uint64 indexed job);
    event JobCancelled(uint64 indexed job, uint128 refund);
    event JobSettled(Certificate certificate, bytes32 digest);
    event JobFailed(Failure failure, uint128 refund);
    event JobExpired(uint64 indexed job, uint128 refund);

    enum JobState {
        None,
        Open,
        Settled,
        Failed,
        Expired,
        Cancelled
    }

    struct Job {
        uint64 collection;
        uint16 entry;
        JobState state;
        address requester;
        uint128 fee;
        uint32 useIndex;
        uint64 deadline;
        uint64 requested;
        /// The block in which the committee started it; 0 before.
        uint64 started;
        /// The digest the committee signed: of the certificate or of the failure.
        bytes32 digest;
    }

    /// Reasons are numbered as in `wire`: 0 unresponsive, 1 misbehaved, 2 refused.
    uint8 private constant REFUSED = 2;

    Prices internal _prices;
    /// Jobs are numbered from 1; this is the last number given.
    uint64 public jobCount;
    mapping(uint64 job => Job) private _jobs;
    // A collection belongs to one instance, hence to one contract: (collection, entry) names the use.
    mapping(uint64 collection => mapping(uint16 entry => uint64)) private _unfinished;
    mapping(uint64 collection => mapping(uint16 entry => uint32)) private _uses;

    /// Requests a run of an entry; the payment is the fee and stays in escrow.
    function requestJob(uint64 collectionId, uint16 entry, uint64 deadline) external payable returns (uint64 id) {
        if (!_known(collectionId).isSealed) revert NotSealed();
        if (deadline <= block.timestamp) revert DeadlinePassed();
        uint128 fee = _paid();
        if (fee < _prices.base) revert FeeTooLow(_prices.base);
        uint64 unfinished = _unfinished[collectionId][entry];
        if (unfinished != 0) revert JobPending(unfinished);

        id = ++jobCount;
        _unfinished[collectionId][entry] = id;
        Job storage job = _jobs[id];
        job.collection = collectionId;
        job.entry = entry;
        job.state = JobState.Open;
        job.requester = msg.sender;
        job.fee = fee;
        job.useIndex = _uses[collectionId][entry];
        job.deadline = deadline;
        job.requested = uint64(block.number);
        emit JobRequested(id, collectionId, entry, msg.sender, fee, job.useIndex, deadline);
    }

    /// Says that the committee begins to compute, which ends the requester's right to cancel; by the
    /// operator of any node of the committee. From now on the use counts, however the job ends: a run that
    /// breaks off may have shown something before.
    function startJob(uint64 id) external {
        Job storage job = _open(id);
        if (job.started != 0) revert AlreadyStarted();
        uint32[] memory committee = _committeeOf(_collections[job.collection]);
        uint256 position = 0;
        while (_operatorOf(committee[position]) != msg.sender) {
            if (++position == committee.length) revert NotOnCommittee();
        }
        job.started = uint64(block.number);
        _uses[job.collection][job.entry] += 1;
        emit JobStarted(id);
    }

    /// Ends a job that the committee has not started, by its requester: the fee goes back.
    function cancelJob(uint64 id) external {
        Job storage job = _open(id);
        if (job.requester != msg.sender) revert NotRequester();
        if (job.started != 0) revert AlreadyStarted();
        emit JobCancelled(id, _refund(job, JobState.Cancelled, 0));
    }

    /// Ends a job with t+1 members' certificate: the committee is paid.
    function settle(Certificate calldata certificate, uint8[] calldata members, bytes[] calldata signatures) external {
        Job storage job = _open(certificate.job);
        if (job.started == 0) revert NotStarted();
        Collection storage collection = _collections[job.collection];
        if (certificate.contractHash != _instances[collection.terms.instance].contractHash) revert WrongContract();
        if (certificate.inputs != collection.termsRoot) revert WrongInputs();
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(CERTIFICATE, certificate)));
        uint32[] memory committee = _committeeOf(collection);
        _requireQuorum(committee, digest, members, signatures);

        _close(job, JobState.Settled, digest);
        _payCommittee(committee, job.fee);
        emit JobSettled(certificate, digest);
    }

    /// Ends a job that cannot be finished, by t+1 members none of whom is blamed: the fee goes back.
    function failJob(Failure calldata failure, uint8[] calldata members, bytes[] calldata signatures) external {
        Job storage job = _open(failure.job);
        uint32[] memory committee = _committeeOf(_collections[job.collection]);
        if (failure.reason > REFUSED) revert BadReason();
        if (uint256(failure.culprits) >> committee.length != 0) revert BadCulprits();
        for (uint256 i = 0; i < members.length; ++i) {
            if ((failure.culprits >> members[i]) & 1 != 0) revert BadCulprits();
        }
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(FAILURE, failure)));
        _requireQuorum(committee, digest, members, signatures);

        emit JobFailed(failure, _refund(job, JobState.Failed, digest));
    }

    /// Ends a job after its deadline: the fee goes back. Anybody may call.
    function expireJob(uint64 id) external {
        Job storage job = _open(id);
        if (block.timestamp <= job.deadline) revert DeadlineNotReached(job.deadline);
        emit JobExpired(id, _refund(job, JobState.Expired, 0));
    }

    /// A job's state; all zero when there is none.
    function jobOf(uint64 id) external view returns (Job memory) {
        return _jobs[id];
    }

    /// How often a run of an entry was started on a collection.
    function usesOf(uint64 collectionId, uint16 entry) external view returns (uint32) {
        return _uses[collectionId][entry];
    }

    function _requireQuorum(
        uint32[] memory committee,
        bytes32 digest,
        uint8[] calldata members,
        bytes[] calldata signatures
    ) private view {
        if (members.length != signatures.length) revert LengthMismatch();
        // n = 2t+1, so t+1 is half of n, rounded up.
        if (members.length < (committee.length + 1) / 2) revert NotEnoughSignatures();
        for (uint256 i = 1; i < members.length; ++i) {
            if (members[i] <= members[i - 1]) revert SignerOutOfOrder();
        }
        if (members[members.length - 1] >= committee.length) revert SignerOutOfOrder();
        for (uint256 i = 0; i < members.length; ++i) {
            if (!_isSigned(digest, signatures[i], _signerOf(committee[members[i]]))) revert BadSignature();
        }
    }

    function _payCommittee(uint32[] memory committee, uint128 fee) private {
        uint128 count = uint128(committee.length);
        uint128 share = fee / count;
        creditOf[_operatorOf(committee[0])] += fee % count;
        for (uint256 i = 0; i < committee.length; ++i) creditOf[_operatorOf(committee[i])] += share;
    }

    function _refund(Job storage job, JobState state, bytes32 digest) private returns (uint128 fee) {
        _close(job, state, digest);
        fee = job.fee;
        creditOf[job.requester] += fee;
    }

    function _close(Job storage job, JobState state, bytes32 digest) private {
        job.state = state;
        job.digest = digest;
        delete _unfinished[job.collection][job.entry];
    }

    function _open(uint64 id) private view returns (Job storage job) {
        job = _jobs[id];
        if (job.state == JobState.None) revert UnknownJob();
        if (job.state != JobState.Open) revert JobNotOpen();
    }
}
