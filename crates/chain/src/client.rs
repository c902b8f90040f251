//! The controller's calls and state, typed; one method for each.

use alloy::primitives::{Bytes, TxKind};
use alloy::sol_types::SolConstructor as _;
use enigma_wire::controller::{
    Amount, Certificate, CollectionTerms, Consent, Contribution, Event, Failure, JobRequest,
    NodeInfo, PartyBinding, Prices, Revocation,
};
use enigma_wire::effects::Effects;
use enigma_wire::id::{Address, CollectionId, Hash, JobId};
use enigma_wire::sign::Signature;

use crate::abi::{self, Controller, account, hash, word};
use crate::{Chain, ChainError, Wallet};

/// Gas that a batch may need: with the margin added to estimates below 2^24, the most that chains
/// since EIP-7825 allow one transaction.
const BATCH_GAS: u64 = 12_000_000;
/// Gas of one contribution or consent, without receipts, and of one receipt: measured, rounded up. A
/// test holds batches to the limit.
const GAS_OF_ITEM: u64 = 90_000;
const GAS_OF_RECEIPT: u64 = 7_000;

/// A contribution with everything that must come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedContribution {
    /// What the owner signed.
    pub contribution: Contribution,
    /// The owner's signature.
    pub signature: Signature,
    /// Proof that the owner is on the member list.
    pub member_proof: Vec<Hash>,
    /// One receipt from each committee node, in committee order.
    pub receipts: Vec<Signature>,
}

impl Chain {
    /// Deploys a controller; afterwards connect to its address.
    ///
    /// # Errors
    /// When the chain refuses the transaction.
    pub async fn deploy_controller(
        &self,
        by: &Wallet,
        prices: &Prices,
        min_deposit: Amount,
        unbonding_seconds: u64,
    ) -> Result<Address, ChainError> {
        let arguments = Controller::constructorCall {
            prices_: prices.into(),
            minDeposit_: min_deposit,
            unbondingSeconds_: unbonding_seconds,
        };
        let code = [&artifact_bytecode()?[..], &arguments.abi_encode()].concat();
        let receipt = self.transact(by, TxKind::Create, code.into(), 0).await?;
        let address = receipt.contract_address.map(abi::address);
        address.ok_or_else(|| ChainError::Unexpected("a deployment without an address".into()))
    }

    /// Registers the wallet's node.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn register_node(
        &self,
        by: &Wallet,
        info: &NodeInfo,
        proof: &Signature,
        deposit: Amount,
    ) -> Result<(), ChainError> {
        let call = Controller::registerNodeCall {
            info: info.into(),
            proof: abi::bytes(proof),
        };
        self.call(by, &call, deposit).await.map(drop)
    }

    /// Retires the wallet's node.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn retire_node(&self, by: &Wallet) -> Result<(), ChainError> {
        self.call(by, &Controller::retireNodeCall {}, 0)
            .await
            .map(drop)
    }

    /// Credits a retired node's deposit.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn release_deposit(&self, by: &Wallet) -> Result<(), ChainError> {
        self.call(by, &Controller::releaseDepositCall {}, 0)
            .await
            .map(drop)
    }

    /// Publishes a contract's hashes.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn publish(
        &self,
        by: &Wallet,
        contract: Hash,
        manifest: Hash,
    ) -> Result<(), ChainError> {
        let call = Controller::publishCall {
            contractHash: word(contract),
            manifestHash: word(manifest),
        };
        self.call(by, &call, 0).await.map(drop)
    }

    /// Creates an instance of a published contract, to be served by a committee of so many nodes; `parties` are
    /// its parties' accounts in the order in which the contract's source names them. All of it is fixed for ever.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn deploy_instance(
        &self,
        by: &Wallet,
        contract: Hash,
        committee_size: u8,
        parties: &[Address],
    ) -> Result<Hash, ChainError> {
        let call = Controller::deployCall {
            contractHash: word(contract),
            committeeSize: committee_size,
            parties: parties.iter().map(|party| account(*party)).collect(),
        };
        let events = self.call(by, &call, 0).await?;
        find(&events, |event| match event {
            Event::InstanceDeployed { instance, .. } => Some(*instance),
            _ => None,
        })
    }

    /// Draws an instance's committee.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn draw_committee(&self, by: &Wallet, instance: Hash) -> Result<(), ChainError> {
        let call = Controller::drawCommitteeCall { id: word(instance) };
        self.call(by, &call, 0).await.map(drop)
    }

    /// Binds a party's key, by the party's signature or (without one) as the party.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn bind_party(
        &self,
        by: &Wallet,
        binding: &PartyBinding,
        signature: Option<&Signature>,
    ) -> Result<(), ChainError> {
        let call = Controller::bindPartyCall {
            binding: binding.into(),
            signature: signature.map(abi::bytes).unwrap_or_default(),
        };
        self.call(by, &call, 0).await.map(drop)
    }

    /// Opens a collection.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn open_collection(
        &self,
        by: &Wallet,
        terms: &CollectionTerms,
    ) -> Result<CollectionId, ChainError> {
        let events = self
            .call(
                by,
                &Controller::openCollectionCall {
                    terms: terms.into(),
                },
                0,
            )
            .await?;
        find(&events, |event| match event {
            Event::CollectionOpened { collection, .. } => Some(*collection),
            _ => None,
        })
    }

    /// Posts contributions, in as many transactions as chains' limits demand.
    ///
    /// # Errors
    /// The controller's reason; then none of the refused transaction's contributions is recorded, nor
    /// any after them.
    pub async fn contribute(
        &self,
        by: &Wallet,
        items: &[SignedContribution],
    ) -> Result<(), ChainError> {
        let receipts = items.iter().map(|item| item.receipts.len() as u64).max();
        let gas_each = GAS_OF_ITEM + GAS_OF_RECEIPT * receipts.unwrap_or(0);
        let batches = items.chunks(at_once(gas_each)).map(|items| {
            let batch = items.iter().map(|item| abi::SignedContribution {
                contribution: (&item.contribution).into(),
                signature: abi::bytes(&item.signature),
                memberProof: item.member_proof.iter().map(|hash| word(*hash)).collect(),
                receipts: item.receipts.iter().map(abi::bytes).collect(),
            });
            Controller::contributeCall {
                batch: batch.collect(),
            }
        });
        self.call_each(by, batches).await
    }

    /// Posts consents, in as many transactions as chains' limits demand.
    ///
    /// # Errors
    /// The controller's reason; then none of the refused transaction's consents is recorded, nor any
    /// after them.
    pub async fn grant(
        &self,
        by: &Wallet,
        items: &[(Consent, Signature)],
    ) -> Result<(), ChainError> {
        let batches = items.chunks(at_once(GAS_OF_ITEM)).map(|items| {
            let batch = items.iter().map(|(consent, signature)| abi::SignedConsent {
                consent: consent.into(),
                signature: abi::bytes(signature),
            });
            Controller::grantCall {
                batch: batch.collect(),
            }
        });
        self.call_each(by, batches).await
    }

    /// Ends a right, by the owner's signature or (without one) as the owner.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn revoke(
        &self,
        by: &Wallet,
        revocation: &Revocation,
        signature: Option<&Signature>,
    ) -> Result<(), ChainError> {
        let signature = signature.map(abi::bytes).unwrap_or_default();
        let call = Controller::revokeCall {
            revocation: revocation.into(),
            signature,
        };
        self.call(by, &call, 0).await.map(drop)
    }

    /// Seals a collection.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn seal_collection(
        &self,
        by: &Wallet,
        collection: CollectionId,
    ) -> Result<(), ChainError> {
        self.call(by, &Controller::sealCollectionCall { id: collection.0 }, 0)
            .await
            .map(drop)
    }

    /// Puts money into an instance under the wallet's account, for runs to transfer.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn put_in(
        &self,
        by: &Wallet,
        instance: Hash,
        amount: Amount,
    ) -> Result<(), ChainError> {
        let call = Controller::putInCall {
            instance: word(instance),
        };
        self.call(by, &call, amount).await.map(drop)
    }

    /// Takes what the wallet's account has in an instance out, to its credit.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn take_out(
        &self,
        by: &Wallet,
        instance: Hash,
        amount: Amount,
    ) -> Result<(), ChainError> {
        let call = Controller::takeOutCall {
            instance: word(instance),
            amount,
        };
        self.call(by, &call, 0).await.map(drop)
    }

    /// What an account has in an instance; none is the instance itself.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn balance_in(
        &self,
        instance: Hash,
        of: Option<Address>,
    ) -> Result<Amount, ChainError> {
        self.view(&Controller::balanceInCall {
            instance: word(instance),
            account: account(of.unwrap_or_default()),
        })
        .await
    }

    /// The hash over all that runs wrote into an instance's state.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn state_of(&self, instance: Hash) -> Result<Hash, ChainError> {
        let call = Controller::stateOfCall {
            instance: word(instance),
        };
        Ok(hash(self.view(&call).await?))
    }

    /// Requests a job; `value` goes into escrow: the fee, and what the request pays at most.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn request_job(
        &self,
        by: &Wallet,
        request: &JobRequest,
        value: Amount,
    ) -> Result<JobId, ChainError> {
        let call = Controller::requestJobCall {
            request: request.into(),
        };
        let events = self.call(by, &call, value).await?;
        find(&events, |event| match event {
            Event::JobRequested { job, .. } => Some(*job),
            _ => None,
        })
    }

    /// Says that the committee begins to compute; by the operator of one of its nodes.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn start_job(&self, by: &Wallet, job: JobId) -> Result<(), ChainError> {
        self.call(by, &Controller::startJobCall { id: job.0 }, 0)
            .await
            .map(drop)
    }

    /// Cancels the wallet's own job, which must not have started, and says what was refunded.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn cancel_job(&self, by: &Wallet, job: JobId) -> Result<Amount, ChainError> {
        let call = Controller::cancelJobCall { id: job.0 };
        let events = self.call(by, &call, 0).await?;
        find(&events, |event| match event {
            Event::JobCancelled { refund, .. } => Some(*refund),
            _ => None,
        })
    }

    /// Settles a job.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn settle(
        &self,
        by: &Wallet,
        certificate: &Certificate,
        effects: &Effects,
        (members, signatures): (&[u8], &[Signature]),
    ) -> Result<(), ChainError> {
        let call = Controller::settleCall {
            certificate: certificate.into(),
            effects: effects.into(),
            members: members.to_vec(),
            signatures: signatures.iter().map(abi::bytes).collect(),
        };
        self.call(by, &call, 0).await.map(drop)
    }

    /// Fails a job.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn fail_job(
        &self,
        by: &Wallet,
        failure: &Failure,
        members: &[u8],
        signatures: &[Signature],
    ) -> Result<(), ChainError> {
        let call = Controller::failJobCall {
            failure: failure.into(),
            members: members.to_vec(),
            signatures: signatures.iter().map(abi::bytes).collect(),
        };
        self.call(by, &call, 0).await.map(drop)
    }

    /// Refunds a job whose deadline has passed.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn expire_job(&self, by: &Wallet, job: JobId) -> Result<(), ChainError> {
        self.call(by, &Controller::expireJobCall { id: job.0 }, 0)
            .await
            .map(drop)
    }

    /// Pays out the wallet's credit and says how much it was.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn withdraw(&self, by: &Wallet) -> Result<Amount, ChainError> {
        let events = self.call(by, &Controller::withdrawCall {}, 0).await?;
        find(&events, |event| match event {
            Event::Withdrawn { amount, .. } => Some(*amount),
            _ => None,
        })
    }

    /// What an account may withdraw from the controller.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn credit_of(&self, of: Address) -> Result<Amount, ChainError> {
        self.view(&Controller::creditOfCall {
            account: account(of),
        })
        .await
    }

    /// The smallest deposit of a node.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn min_deposit(&self) -> Result<Amount, ChainError> {
        self.view(&Controller::minDepositCall {}).await
    }

    /// A collection's terms root as it stands: final once the collection is sealed.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn terms_root(&self, collection: CollectionId) -> Result<Hash, ChainError> {
        let call = Controller::collectionOfCall { id: collection.0 };
        Ok(hash(self.view(&call).await?.termsRoot))
    }
}

/// How many items of so much gas go in one transaction.
fn at_once(gas_each: u64) -> usize {
    (BATCH_GAS / gas_each).max(1) as usize
}

fn find<T>(events: &[Event], wanted: impl Fn(&Event) -> Option<T>) -> Result<T, ChainError> {
    events
        .iter()
        .find_map(wanted)
        .ok_or_else(|| ChainError::Unexpected("the expected event is missing".into()))
}

/// The compiled controller.
fn artifact_bytecode() -> Result<Bytes, ChainError> {
    #[derive(serde::Deserialize)]
    struct Artifact {
        bytecode: Bytes,
    }
    let text = include_str!("../../../contracts/artifacts/Controller.json");
    let artifact: Artifact =
        serde_json::from_str(text).map_err(|error| ChainError::Unexpected(error.to_string()))?;
    Ok(artifact.bytecode)
}
