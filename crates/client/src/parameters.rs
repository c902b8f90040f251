//! A caller's private parameters: dealt to the committee of an instance before the run is asked for.

use enigma_bytecode::model::{Contract, Profile};
use enigma_field::{M61, M127};
use enigma_wire::abi;
use enigma_wire::api::ParametersDeposit;
use enigma_wire::dealing::{self, Dealt, Subject};
use enigma_wire::id::Hash;
use enigma_wire::parameters::{DealtParameters, KEPT_SECONDS, Parameters, ParametersReceipt};
use enigma_wire::seal::Purpose;
use rand_core::CryptoRng;

use crate::{ClientError, Network, Owner, dealt, http};

/// How long nodes are asked to keep parameters whose run is not requested yet, in seconds: it is requested next, and what nodes keep of
/// attempts that failed is room taken from further ones.
const KEEP_SECONDS: u64 = KEPT_SECONDS / 6;

/// Deals `values`, one for each column of the private parameters of an instance's entry, to every node of its committee: what the
/// request for the run is to name.
///
/// # Errors
/// When a node refuses, cannot be reached, or signs something else than the receipt.
pub async fn keep_parameters(
    network: &Network,
    caller: &Owner,
    program: &Contract,
    (instance, entry): (Hash, u16),
    values: &[i64],
) -> Result<DealtParameters, ClientError> {
    let deal = match program.profile {
        Profile::ShamirM61V1 => deal_over::<M61, _>,
        Profile::ShamirM127V1 => deal_over::<M127, _>,
    };
    let until = network.ledger().head.time.saturating_add(KEEP_SECONDS);
    let call = (instance, entry, until);
    let deposits = deal(network, caller, call, values, &mut rand::rng())?;
    let first = deposits.first();
    let first = first.ok_or_else(|| ClientError::Misuse("nothing was dealt".to_owned()))?;
    let parameters = first.parameters.clone();
    let root = parameters.root;
    let digest = network.domain().digest(&ParametersReceipt { parameters });
    let nodes = network.apis(&network.instance(instance)?.committee)?;
    let nodes = network.with_signers(nodes)?;
    let receipts = http::receipts(nodes, "parameters", deposits, digest).await?;
    Ok(DealtParameters {
        root,
        until,
        receipts,
    })
}

/// One sealed package for each node of the committee, in its order.
fn deal_over<F: Dealt, R: CryptoRng>(
    network: &Network,
    caller: &Owner,
    (instance, entry, until): (Hash, u16, u64),
    values: &[i64],
    rng: &mut R,
) -> Result<Vec<ParametersDeposit>, ClientError> {
    let record = network.instance(instance)?;
    let context = dealing::Context {
        committee: crate::request::committee(record.committee.len())?,
        nodes: record.committee.clone(),
        owner: caller.address(),
        subject: Subject::Parameters { entry, until },
        epoch: 0,
        policy: abi::policy(&network.domain(), instance, record.contract),
    };
    let dealing = dealt::deal::<F, _>(&context, &[values], rng)?;
    let parameters = Parameters {
        instance,
        entry,
        caller: caller.address(),
        root: dealing.root,
        until,
    };
    let signature = caller.key().sign(&network.domain().digest(&parameters));
    let purpose = |node| Purpose::Parameters {
        parameters: parameters.clone(),
        node,
    };
    let sealed = dealt::seal(network.ledger(), &context, &dealing, purpose, rng)?;
    let deposits = sealed.into_iter().map(|sealed| ParametersDeposit {
        parameters: parameters.clone(),
        signature,
        sealed,
    });
    Ok(deposits.collect())
}
