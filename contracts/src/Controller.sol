// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Base} from "./Base.sol";
import {Nodes} from "./Nodes.sol";
import {Jobs} from "./Jobs.sol";
import {Prices} from "./Types.sol";

/// The controller of one network: identities, programs, data roots, consent, jobs, fees, and a log
/// from which anybody rebuilds all of it. Data and computation never come here.
contract Controller is Jobs, ReentrancyGuard {
    event Configured(Prices prices, uint128 minDeposit, uint64 unbondingSeconds);

    constructor(
        Prices memory prices_,
        uint128 minDeposit_,
        uint64 unbondingSeconds_
    ) EIP712("Enigma", "1") Nodes(minDeposit_, unbondingSeconds_) {
        _prices = prices_;
        emit Configured(prices_, minDeposit_, unbondingSeconds_);
    }

    /// @inheritdoc Base
    function withdraw() public override nonReentrant {
        super.withdraw();
    }

    /// What jobs cost.
    function prices() external view returns (Prices memory) {
        return _prices;
    }
}
