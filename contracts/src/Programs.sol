// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Published contracts (the hash of bytecode and of its disclosure manifest) and their instances.
abstract contract Programs {
    /// A hash is zero.
    error EmptyHash();
    /// The contract was published before.
    error AlreadyPublished();
    /// No such contract was published.
    error UnknownContract();
    /// No such instance was deployed.
    error UnknownInstance();

    event ContractPublished(bytes32 indexed contractHash, bytes32 manifestHash, address indexed publisher);
    event InstanceDeployed(
        bytes32 indexed instance,
        bytes32 indexed contractHash,
        address indexed deployer,
        uint64 nonce
    );

    struct Instance {
        bytes32 contractHash;
        address deployer;
    }

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

    /// Creates an instance of a published contract.
    function deploy(bytes32 contractHash) external returns (bytes32 instance) {
        if (manifestOf[contractHash] == 0) revert UnknownContract();
        uint64 nonce = deployNonce[msg.sender]++;
        instance = keccak256(abi.encode(contractHash, msg.sender, nonce));
        _instances[instance] = Instance(contractHash, msg.sender);
        emit InstanceDeployed(instance, contractHash, msg.sender, nonce);
    }

    /// An instance's contract and deployer; zero when there is none.
    function instanceOf(bytes32 instance) external view returns (Instance memory) {
        return _instances[instance];
    }
}
