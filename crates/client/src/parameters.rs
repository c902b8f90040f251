//! A caller's private parameters: dealt to the committee of an instance before the run is asked for.

use enigma_bytecode::model::{Contract, Profile};
use enigma_field::{M61, M127};
use enigma_wire::abi;
use enigma_wire::api::ParametersDeposit;
use enigma_wire::dealing::{self, Dealt, RowPackage, Subject};
use enigma_wire::id::{Hash, NodeId};
use enigma_wire::parameters::{DealtParameters, KEPT_SECONDS, Parameters, ParametersReceipt};
use enigma_wire::seal::{self, Purpose};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::owner::fits;
use crate::{ClientError, Network, Owner, http};

/// How long nodes are asked to keep parameters whose run is not requested yet, in seconds.
const KEEP_SECONDS: u64 = KEPT_SECONDS / 2;

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
    let bodies = deposits
        .iter()
        .map(|deposit| borsh::to_vec(deposit).expect("writing to memory cannot fail"));
    let bodies = bodies.collect();
    let first = deposits.into_iter().next();
    let parameters = first
        .ok_or_else(|| ClientError::Misuse("nothing was dealt".to_owned()))?
        .parameters;
    let root = parameters.root;
    let digest = network.domain().digest(&ParametersReceipt { parameters });
    let nodes = network.apis(&network.instance(instance)?.committee)?;
    let nodes = network.with_signers(nodes)?;
    let receipts = http::receipts(nodes, "parameters", bodies, digest).await?;
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
    let misuse = |why: String| ClientError::Misuse(why);
    let record = network.instance(instance)?;
    let context = dealing::Context {
        committee: crate::request::committee(record.committee.len())?,
        nodes: record.committee.clone(),
        owner: caller.address(),
        subject: Subject::Parameters { entry, until },
        epoch: 0,
        policy: abi::policy(&network.domain(), instance, record.contract),
    };
    fits::<F>(&context.committee, 1, values.len())?;
    // The capacity is exact, so no copy of a value stays behind in a smaller buffer.
    let mut elements = Zeroizing::new(Vec::with_capacity(values.len()));
    elements.extend(values.iter().copied().map(F::from_i64));
    let dealing =
        dealing::deal(&context, &elements, rng).map_err(|error| misuse(error.to_string()))?;
    let parameters = Parameters {
        instance,
        entry,
        caller: caller.address(),
        root: dealing.root,
        until,
    };
    let signature = caller.key().sign(&network.domain().digest(&parameters));
    let seal_row = |(node, row): (&NodeId, &RowPackage<F>)| {
        let info = network.ledger().nodes.get(node);
        let info = &info.ok_or_else(|| misuse(format!("no node {node}")))?.info;
        let purpose = Purpose::Parameters {
            parameters: parameters.clone(),
            node: *node,
        };
        let sealed = seal::seal(&info.seal_key, &row.encode(), &purpose, rng);
        let sealed = sealed.map_err(|_| ClientError::Misbehaved {
            node: *node,
            why: "its registered sealing key is unusable".to_owned(),
        })?;
        Ok(ParametersDeposit {
            parameters: parameters.clone(),
            signature,
            sealed,
        })
    };
    let sealed = context.nodes.iter().zip(&dealing.rows).map(seal_row);
    sealed.collect()
}
