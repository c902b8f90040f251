//! Dealing to a committee, the same for an owner's rows and a caller's parameters.

use enigma_field::Committee;
use enigma_wire::api::{DEPOSIT_EXTRA_BYTES, MAX_BODY_BYTES};
use enigma_wire::dealing::{self, Context, Dealing, Dealt, RowPackage};
use enigma_wire::id::NodeId;
use enigma_wire::ledger::Ledger;
use enigma_wire::seal::{self, Purpose};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::ClientError;

/// Deals the values of rows, one row after the other.
///
/// # Errors
/// When the committee is not usable, or the values do not fit into one request.
pub(crate) fn deal<F: Dealt, R: CryptoRng>(
    context: &Context,
    rows: &[impl AsRef<[i64]>],
    rng: &mut R,
) -> Result<Dealing<F>, ClientError> {
    let values_len = rows.iter().map(|row| row.as_ref().len()).sum();
    fits::<F>(&context.committee, rows.len(), values_len)?;
    // The capacity is exact, so no copy of a value stays behind in a smaller buffer.
    let mut elements = Zeroizing::new(Vec::with_capacity(values_len));
    let values = rows.iter().flat_map(|row| row.as_ref());
    elements.extend(values.copied().map(F::from_i64));
    dealing::deal(context, &elements, rng).map_err(|error| ClientError::Misuse(error.to_string()))
}

/// Each node's package, sealed to it, in the committee's order.
///
/// # Errors
/// When a node is unknown, or nothing can be sealed to its key.
pub(crate) fn seal<F: Dealt, R: CryptoRng>(
    ledger: &Ledger,
    context: &Context,
    dealing: &Dealing<F>,
    purpose: impl Fn(NodeId) -> Purpose,
    rng: &mut R,
) -> Result<Vec<Vec<u8>>, ClientError> {
    let seal_row = |(node, row): (&NodeId, &RowPackage<F>)| {
        let record = ledger.nodes.get(node);
        let record = record.ok_or_else(|| ClientError::Misuse(format!("no node {node}")))?;
        let sealed = seal::seal(&record.info.seal_key, &row.encode(), &purpose(*node), rng);
        sealed.map_err(|_| ClientError::Misbehaved {
            node: *node,
            why: "its registered sealing key is unusable".to_owned(),
        })
    };
    let rows = context.nodes.iter().zip(&dealing.rows);
    rows.map(seal_row).collect()
}

/// Whether so many values of one member fit into a request to a node of the committee.
fn fits<F: Dealt>(
    committee: &Committee,
    rows_len: usize,
    values_len: usize,
) -> Result<(), ClientError> {
    let most = MAX_BODY_BYTES - DEPOSIT_EXTRA_BYTES;
    let needed = RowPackage::<F>::encoded_len(committee, values_len);
    if needed <= most {
        return Ok(());
    }
    Err(ClientError::Misuse(format!(
        "{rows_len} rows of {values_len} values in all take {needed} bytes for each of {} nodes, and a node takes \
         at most {most} from one member: give fewer rows",
        committee.n()
    )))
}
