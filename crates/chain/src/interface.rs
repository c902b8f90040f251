//! The controller's interface, as Solidity writes it. A test holds it to the artifact: same selectors,
//! same topics, same errors.

#![allow(missing_docs, clippy::too_many_arguments)] // The Solidity source documents each of them.

alloy::sol! {
    #![sol(extra_derives(Debug))]

    struct Prices {
        uint128 base;
        uint128 perMultiplication;
        uint128 perRound;
        uint128 perKilobyte;
    }
    struct NodeInfo {
        bytes32 peerKey;
        bytes32 sealKey;
        address signer;
        string peerAddress;
        string apiAddress;
    }
    struct PartyBinding {
        bytes32 instance;
        uint16 party;
        bytes32 sealKey;
    }
    struct CollectionTerms {
        bytes32 instance;
        uint16 slot;
        bytes32 memberRoot;
        uint32 memberCount;
        uint32 minRows;
    }
    struct Contribution {
        uint64 collection;
        uint32 member;
        address owner;
        bytes32 root;
        bytes32 sealKey;
        uint32 revision;
        uint32 rows;
    }
    struct SignedContribution {
        Contribution contribution;
        bytes signature;
        bytes32[] memberProof;
        bytes[] receipts;
    }
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
    struct SignedConsent {
        Consent consent;
        bytes signature;
    }
    struct Revocation {
        uint64 collection;
        uint32 member;
        bytes32 contractHash;
        uint16 entry;
        address requester;
        address owner;
        uint64 nonce;
    }
    struct JobRequest {
        bytes32 instance;
        uint16 entry;
        uint64[] collections;
        bytes arguments;
        bytes32 sealKey;
        bool changes;
        uint128 pays;
        uint64 deadline;
    }
    struct Transfer {
        address from;
        address to;
        uint128 amount;
    }
    struct Effects {
        bytes writes;
        Transfer[] transfers;
        uint128 paid;
    }
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
    struct Failure {
        uint64 job;
        uint32 culprits;
        uint8 reason;
    }

    struct Collection {
        CollectionTerms terms;
        address opener;
        uint64 openBlock;
        uint32 rows;
        bool isSealed;
        bytes32 termsRoot;
    }

    contract Controller {
        constructor(Prices memory prices_, uint128 minDeposit_, uint64 unbondingSeconds_);

        function balanceIn(bytes32 instance, address account) external view returns (uint128);
        function bindParty(PartyBinding memory binding, bytes memory signature) external;
        function cancelJob(uint64 id) external;
        function collectionOf(uint64 id) external view returns (Collection memory);
        function contribute(SignedContribution[] memory batch) external;
        function creditOf(address account) external view returns (uint128);
        function deploy(bytes32 contractHash, uint8 committeeSize, address[] memory parties) external returns (bytes32);
        function domainSeparator() external view returns (bytes32);
        function drawCommittee(bytes32 id) external;
        function expireJob(uint64 id) external;
        function failJob(Failure memory failure, uint8[] memory members, bytes[] memory signatures) external;
        function grant(SignedConsent[] memory batch) external;
        function minDeposit() external view returns (uint128);
        function openCollection(CollectionTerms memory terms) external returns (uint64);
        function publish(bytes32 contractHash, bytes32 manifestHash) external;
        function putIn(bytes32 instance) external payable;
        function registerNode(NodeInfo memory info, bytes memory proof) external payable;
        function releaseDeposit() external;
        function requestJob(JobRequest memory request) external payable returns (uint64);
        function retireNode() external;
        function revoke(Revocation memory revocation, bytes memory signature) external;
        function sealCollection(uint64 id) external;
        function settle(Certificate memory certificate, Effects memory effects, uint8[] memory members, bytes[] memory signatures) external;
        function startJob(uint64 id) external;
        function stateOf(bytes32 instance) external view returns (bytes32);
        function takeOut(bytes32 instance, uint128 amount) external;
        function withdraw() external;

        event CollectionOpened(uint64 indexed collection, address indexed opener, CollectionTerms terms);
        event CollectionSealed(uint64 indexed collection, uint32 rows, bytes32 termsRoot);
        event CommitteeDrawn(bytes32 indexed instance, bytes32 seed, uint32[] nodes);
        event Configured(Prices prices, uint128 minDeposit, uint64 unbondingSeconds);
        event ConsentGranted(Consent consent);
        event ConsentRevoked(Revocation revocation);
        event ContractPublished(bytes32 indexed contractHash, bytes32 manifestHash, address indexed publisher);
        event Contributed(Contribution contribution);
        event DepositReleased(uint32 indexed node, uint128 amount);
        event DrawPostponed(bytes32 indexed instance, uint64 drawBlock);
        event EIP712DomainChanged();
        event InstanceDeployed(bytes32 indexed instance, bytes32 indexed contractHash, address indexed deployer, uint64 nonce, uint8 committeeSize, address[] parties, uint64 drawBlock);
        event JobCancelled(uint64 indexed job, uint128 refund);
        event JobExpired(uint64 indexed job, uint128 refund);
        event JobFailed(Failure failure, uint128 refund);
        event JobRequested(uint64 indexed job, bytes32 indexed instance, address indexed requester, JobRequest request, uint128 fee, uint32[] useIndexes);
        event JobSettled(Certificate certificate, bytes32 digest, Effects effects);
        event JobStarted(uint64 indexed job);
        event NodeRegistered(uint32 indexed node, address indexed operator, NodeInfo info, uint128 deposit);
        event NodeRetired(uint32 indexed node, uint64 releasableAt);
        event PartyBound(PartyBinding binding);
        event PutIn(bytes32 indexed instance, address indexed account, uint128 amount);
        event TakenOut(bytes32 indexed instance, address indexed account, uint128 amount);
        event Withdrawn(address indexed account, uint128 amount);

        error AddressTooLong();
        error AlreadyBound();
        error AlreadyDrawn();
        error AlreadyPublished();
        error AlreadyRegistered();
        error AlreadySealed();
        error AlreadyStarted();
        error AmountTooLarge();
        error ArgumentsTooLong();
        error BadCommitteeSize();
        error BadCulprits();
        error BadReason();
        error BadReceipt(uint256 position);
        error BadSignature();
        error BadSize();
        error BalanceTooSmall(address account);
        error ChangePending(uint64 job);
        error CommitteeRetired(uint32 node);
        error DeadlineNotReached(uint64 deadline);
        error DeadlinePassed();
        error DeadlineTooFar();
        error DepositLocked(uint64 releasableAt);
        error DepositTooSmall();
        error EffectsTooLarge();
        error EmptyAccount();
        error EmptyAmount();
        error EmptyHash();
        error EmptyKey();
        error FeeTooLow(uint128 minimum);
        error InvalidShortString();
        error JobNotOpen();
        error JobPending(uint64 job);
        error LengthMismatch();
        error MemberListMissing();
        error MemberTaken();
        error NoRows();
        error NotContributor();
        error NotDeployer();
        error NotDrawn();
        error NotEnoughNodes();
        error NotEnoughSignatures();
        error NotMember();
        error NotOnCommittee();
        error NotOpener();
        error NotRegistered();
        error NotRequester();
        error NotRetired();
        error NotSealed();
        error NotStarted();
        error NothingToWithdraw();
        error PaymentRefused();
        error ReentrancyGuardReentrantCall();
        error SignerOutOfOrder();
        error SlotOutOfOrder();
        error StaleNonce(uint64 last);
        error StringTooLong(string str);
        error TooEarly(uint64 drawBlock);
        error TooFewRows();
        error TooManyParties();
        error UnknownCollection();
        error UnknownContract();
        error UnknownInstance();
        error UnknownJob();
        error UnknownParty();
        error WrongContract();
        error WrongEffects();
        error WrongInputs();
        error WrongInstance();
        error WrongRevision(uint32 expected);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use alloy::primitives::{B256, keccak256};
    use serde_json::Value;

    use super::Controller::{ControllerCalls, ControllerErrors, ControllerEvents};

    fn artifact() -> Value {
        let text = include_str!("../../../contracts/artifacts/Controller.json");
        serde_json::from_str(text).expect("the artifact is JSON")
    }

    /// `name(type,...)`, as selectors and topics hash it.
    fn signature(item: &Value) -> String {
        format!(
            "{}{}",
            item["name"].as_str().expect("a name"),
            types(&item["inputs"])
        )
    }

    fn types(inputs: &Value) -> String {
        let inputs = inputs.as_array().expect("a list");
        let types: Vec<String> = inputs
            .iter()
            .map(|input| {
                let name = input["type"].as_str().expect("a type");
                match name.strip_prefix("tuple") {
                    Some(array) => types(&input["components"]) + array,
                    None => name.to_owned(),
                }
            })
            .collect();
        format!("({})", types.join(","))
    }

    fn hashes(kind: &str) -> BTreeSet<B256> {
        let artifact = artifact();
        let items = artifact["abi"].as_array().expect("a list").iter();
        items
            .filter(|item| item["type"] == kind)
            .map(|item| keccak256(signature(item)))
            .collect()
    }

    fn selectors(kind: &str) -> BTreeSet<[u8; 4]> {
        hashes(kind)
            .iter()
            .map(|hash| [hash[0], hash[1], hash[2], hash[3]])
            .collect()
    }

    #[test]
    fn calls_exist_in_the_artifact() {
        let offered = selectors("function");
        for selector in ControllerCalls::SELECTORS {
            let name = ControllerCalls::name_by_selector(*selector);
            assert!(
                offered.contains(selector),
                "{name:?} is not in the artifact"
            );
        }
    }

    #[test]
    fn errors_are_those_of_the_artifact() {
        let known: BTreeSet<[u8; 4]> = ControllerErrors::SELECTORS.iter().copied().collect();
        assert_eq!(known, selectors("error"));
    }

    #[test]
    fn events_are_those_of_the_artifact() {
        let known: BTreeSet<B256> = ControllerEvents::SELECTORS
            .iter()
            .map(|topic| topic.into())
            .collect();
        assert_eq!(known, hashes("event"));
    }

    /// Which fields of an event are indexed is not part of its topic.
    #[test]
    fn indexed_fields_are_those_of_the_artifact() {
        let source = include_str!("interface.rs");
        for event in artifact()["abi"].as_array().expect("a list") {
            if event["type"] != "event" {
                continue;
            }
            let start = format!("        event {}(", event["name"].as_str().expect("a name"));
            let line = source
                .lines()
                .find(|line| line.starts_with(&start))
                .expect("declared");
            let fields = line[start.len()..]
                .split(',')
                .map(|field| field.contains(" indexed "));
            let inputs = event["inputs"].as_array().expect("a list");
            let indexed = inputs.iter().map(|input| input["indexed"] == true);
            assert!(fields.take(inputs.len()).eq(indexed), "{line}");
        }
    }

    #[test]
    fn the_bytecode_fits_on_a_chain() {
        let bytes = artifact()["runtimeBytes"].as_u64().expect("a number");
        assert!((1_000..=24_576).contains(&bytes), "{bytes}");
    }
}
