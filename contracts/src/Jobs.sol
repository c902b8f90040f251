// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Treasury} from "./Treasury.sol";
import {Certificate, Effects, Failure, JobRequest, Prices, CERTIFICATE, FAILURE} from "./Types.sol";

/// Jobs: a request with its fee in escrow, its start by the committee, and the five ends it can have.
abstract contract Jobs is Treasury {
    /// A job costs at least `minimum`, the base price.
    error FeeTooLow(uint128 minimum);
    /// The deadline is not in the future.
    error DeadlinePassed();
    /// A job that may change its instance must be over within a week: others wait for it.
    error DeadlineTooFar();
    /// An unfinished job runs the same entry on one of the collections.
    error JobPending(uint64 job);
    /// A job names at most one collection of each slot, by rising slot.
    error SlotOutOfOrder();
    /// The arguments are longer than 4096 bytes.
    error ArgumentsTooLong();
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
    /// The certificate is about other inputs than the job's collections.
    error WrongInputs();
    /// The effects are not those of the certificate, or the job was not requested with them.
    error WrongEffects();
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
        bytes32 indexed instance,
        address indexed requester,
        JobRequest request,
        uint128 fee,
        uint32[] useIndexes
    );
    event JobStarted(uint64 indexed job);
    event JobCancelled(uint64 indexed job, uint128 refund);
    event JobSettled(Certificate certificate, bytes32 digest, Effects effects);
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
        bytes32 instance;
        uint16 entry;
        JobState state;
        address requester;
        uint128 fee;
        /// What the requester pays at most beside the fee.
        uint128 pays;
        bool changes;
        uint64 deadline;
        uint64 requested;
        /// The block in which the committee started it; 0 before.
        uint64 started;
        /// The digest the committee signed: of the certificate or of the failure.
        bytes32 digest;
        uint64[] collections;
    }

    /// Reasons are numbered as in `wire`: 0 unresponsive, 1 misbehaved, 2 refused.
    uint8 private constant REFUSED = 2;
    uint256 private constant MAX_ARGUMENTS = 4096;
    uint256 private constant LONGEST_CHANGE = 7 days;

    Prices internal _prices;
    /// Jobs are numbered from 1; this is the last number given.
    uint64 public jobCount;
    mapping(uint64 job => Job) private _jobs;
    // A collection belongs to one instance, hence to one contract: (collection, entry) names the use.
    mapping(uint64 collection => mapping(uint16 entry => uint64)) private _unfinished;
    mapping(uint64 collection => mapping(uint16 entry => uint32)) private _uses;

    /// Requests a run of an entry; the payment is the fee and what the requester pays at most, and stays in escrow. Whether the entry computes from these
    /// collections and takes these arguments is for the committee to say: the chain does not read contracts.
    function requestJob(JobRequest calldata request) external payable returns (uint64 id) {
        if (_deployed(request.instance).committee.length == 0) revert NotDrawn();
        if (request.arguments.length > MAX_ARGUMENTS) revert ArgumentsTooLong();
        if (request.deadline <= block.timestamp) revert DeadlinePassed();
        uint128 paid = _paid();
        if (paid < _prices.base || paid - _prices.base < request.pays) revert FeeTooLow(_prices.base);
        uint128 fee = paid - request.pays;

        id = ++jobCount;
        if (request.changes) {
            if (_changing[request.instance] != 0) revert ChangePending(_changing[request.instance]);
            if (request.deadline > block.timestamp + LONGEST_CHANGE) revert DeadlineTooFar();
            _changing[request.instance] = id;
        } else if (request.pays != 0) {
            revert WrongEffects();
        }
        uint32[] memory useIndexes = _claim(request, id);
        Job storage job = _jobs[id];
        job.instance = request.instance;
        job.entry = request.entry;
        job.state = JobState.Open;
        job.requester = msg.sender;
        job.fee = fee;
        job.pays = request.pays;
        job.changes = request.changes;
        job.deadline = request.deadline;
        job.requested = uint64(block.number);
        job.collections = request.collections;
        emit JobRequested(id, request.instance, msg.sender, request, fee, useIndexes);
    }

    /// Says that the committee begins to compute, which ends the requester's right to cancel; by the
    /// operator of any node of the committee. From now on the use counts, however the job ends: a run that
    /// breaks off may have shown something before.
    function startJob(uint64 id) external {
        Job storage job = _open(id);
        if (job.started != 0) revert AlreadyStarted();
        uint32[] memory committee = _instances[job.instance].committee;
        uint256 position = 0;
        while (_operatorOf(committee[position]) != msg.sender) {
            if (++position == committee.length) revert NotOnCommittee();
        }
        job.started = uint64(block.number);
        for (uint256 i = 0; i < job.collections.length; ++i) _uses[job.collections[i]][job.entry] += 1;
        emit JobStarted(id);
    }

    /// Ends a job that the committee has not started, by its requester: the fee goes back.
    function cancelJob(uint64 id) external {
        Job storage job = _open(id);
        if (job.requester != msg.sender) revert NotRequester();
        if (job.started != 0) revert AlreadyStarted();
        emit JobCancelled(id, _refund(job, JobState.Cancelled, 0));
    }

    /// Ends a job with t+1 members' certificate: the committee is paid, and what the run changes is changed.
    function settle(
        Certificate calldata certificate,
        Effects calldata effects,
        uint8[] calldata members,
        bytes[] calldata signatures
    ) external {
        Job storage job = _open(certificate.job);
        if (job.started == 0) revert NotStarted();
        Instance storage instance = _instances[job.instance];
        if (certificate.contractHash != instance.contractHash) revert WrongContract();
        if (certificate.inputs != _inputsOf(job)) revert WrongInputs();
        if (certificate.effects != _effectsHash(effects) || effects.paid > job.pays) revert WrongEffects();
        if (!job.changes && (effects.writes.length != 0 || effects.transfers.length != 0)) revert WrongEffects();
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(CERTIFICATE, certificate)));
        uint32[] memory committee = instance.committee;
        _requireQuorum(committee, digest, members, signatures);

        _close(job, JobState.Settled, digest);
        _payCommittee(committee, job.fee);
        creditOf[job.requester] += job.pays - effects.paid;
        _apply(job.instance, effects);
        emit JobSettled(certificate, digest, effects);
    }

    /// Ends a job that cannot be finished, by t+1 members none of whom is blamed: the fee goes back. Of a job that may change
    /// its instance and is refused the committee keeps the base price: others have waited for it.
    function failJob(Failure calldata failure, uint8[] calldata members, bytes[] calldata signatures) external {
        Job storage job = _open(failure.job);
        uint32[] memory committee = _instances[job.instance].committee;
        if (failure.reason > REFUSED) revert BadReason();
        if (uint256(failure.culprits) >> committee.length != 0) revert BadCulprits();
        for (uint256 i = 0; i < members.length; ++i) {
            if ((failure.culprits >> members[i]) & 1 != 0) revert BadCulprits();
        }
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(FAILURE, failure)));
        _requireQuorum(committee, digest, members, signatures);

        uint128 kept = job.changes && failure.reason == REFUSED ? _prices.base : 0;
        _payCommittee(committee, kept);
        job.fee -= kept;
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

    /// Checks a request's collections and claims each for the job. Says how many runs of the entry were started on each.
    function _claim(JobRequest calldata request, uint64 id) private returns (uint32[] memory useIndexes) {
        uint256 count = request.collections.length;
        useIndexes = new uint32[](count);
        uint16 last = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint64 collectionId = request.collections[i];
            Collection storage collection = _known(collectionId);
            if (collection.terms.instance != request.instance) revert WrongInstance();
            if (!collection.isSealed) revert NotSealed();
            uint16 slot = collection.terms.slot;
            if (i != 0 && slot <= last) revert SlotOutOfOrder();
            last = slot;
            uint64 unfinished = _unfinished[collectionId][request.entry];
            if (unfinished != 0) revert JobPending(unfinished);
            _unfinished[collectionId][request.entry] = id;
            useIndexes[i] = _uses[collectionId][request.entry];
        }
    }

    /// The hash over the terms roots of a job's collections, in its order.
    function _inputsOf(Job storage job) private view returns (bytes32) {
        bytes32[] memory roots = new bytes32[](job.collections.length);
        for (uint256 i = 0; i < roots.length; ++i) roots[i] = _collections[job.collections[i]].termsRoot;
        return keccak256(abi.encodePacked(roots));
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

    function _refund(Job storage job, JobState state, bytes32 digest) private returns (uint128 refund) {
        _close(job, state, digest);
        refund = job.fee + job.pays;
        creditOf[job.requester] += refund;
    }

    function _close(Job storage job, JobState state, bytes32 digest) private {
        job.state = state;
        job.digest = digest;
        if (job.changes) delete _changing[job.instance];
        for (uint256 i = 0; i < job.collections.length; ++i) delete _unfinished[job.collections[i]][job.entry];
    }

    function _open(uint64 id) private view returns (Job storage job) {
        job = _jobs[id];
        if (job.state == JobState.None) revert UnknownJob();
        if (job.state != JobState.Open) revert JobNotOpen();
    }
}
