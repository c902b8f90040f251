//! Giving many rows: deals, uploads and posts them in batches, and goes on where an earlier try stopped.
//!
//! A row is done when its contribution is on the chain. What has all receipts is recorded before it is
//! posted, so that nothing is dealt or uploaded twice without need.

use enigma_chain::{SignedContribution, Wallet};
use enigma_wire::id::{CollectionId, MemberIndex};

use crate::records::GivenRecord;
use crate::{ClientError, Contributed, GivenTo, Network, Owner, Records, contribute};

/// Rows dealt, uploaded and posted together.
const BATCH: usize = 48;
/// Rows uploaded at the same time.
const UPLOADS_AT_ONCE: usize = 16;

/// One row to give.
#[derive(Clone, Copy, Debug)]
pub struct GivenRow<'a> {
    /// Whose it is.
    pub owner: &'a Owner,
    /// The owner's place in the member list.
    pub member: MemberIndex,
    /// The row's numbers, one for each column of the collection.
    pub values: &'a [i64],
}

/// What became of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GiveOutcome {
    /// Given for the first time.
    pub given: usize,
    /// Given before with other values, or by other means: these values count now.
    pub corrected: usize,
    /// On the chain already with these values.
    pub unchanged: usize,
    /// Bytes uploaded to all nodes together.
    pub bytes: u64,
}

/// Gives rows to a collection that is not sealed. Safe to repeat: rows that are on the chain with the same
/// value are left alone. `advanced` is told how many rows are done after each batch.
///
/// # Errors
/// When a node or the chain refuses or cannot be reached; rows of earlier batches are done by then.
pub async fn give(
    network: &mut Network,
    records: &Records,
    to: &GivenTo<'_>,
    rows: &[GivenRow<'_>],
    payer: &Wallet,
    mut advanced: impl FnMut(usize),
) -> Result<GiveOutcome, ClientError> {
    let mut outcome = GiveOutcome::default();
    for (number, batch) in rows.chunks(BATCH).enumerate() {
        let mut ready: Vec<SignedContribution> = Vec::new();
        let mut dealt = Vec::new();
        for row in batch {
            match progress_of(network, records, to.collection, row) {
                Progress::OnChain => outcome.unchanged += 1,
                Progress::Receipted(contributed) => ready.push(signed(*contributed)),
                Progress::Nothing => dealt.push(*row),
            }
        }
        for rows in dealt.chunks(UPLOADS_AT_ONCE) {
            let mut failed = None;
            for uploaded in upload(network, to, rows).await {
                match uploaded {
                    Ok(record) => {
                        outcome.bytes += record.contributed.bytes;
                        records.keep_given(&record)?;
                        ready.push(signed(record.contributed));
                    }
                    // What the others got is recorded first, so that it need not be dealt again.
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        if !ready.is_empty() {
            network.chain().contribute(payer, &ready).await?;
            network.refresh().await?;
        }
        let corrections = ready
            .iter()
            .filter(|item| item.contribution.revision > 0)
            .count();
        outcome.corrected += corrections;
        outcome.given += ready.len() - corrections;
        advanced((number * BATCH) + batch.len());
    }
    Ok(outcome)
}

/// How far a row got before.
enum Progress {
    OnChain,
    Receipted(Box<Contributed>),
    Nothing,
}

fn progress_of(
    network: &Network,
    records: &Records,
    collection: CollectionId,
    row: &GivenRow<'_>,
) -> Progress {
    let on_chain = network
        .ledger()
        .collections
        .get(&collection)
        .and_then(|record| record.contributions.get(&row.member));
    let Some(record) = records.given(collection, row.member) else {
        return Progress::Nothing;
    };
    let contribution = &record.contributed.contribution;
    let expected = on_chain.map_or(0, |known| known.revision + 1);
    let same = record.tag == row.owner.tag(collection, row.values)
        && contribution.owner == row.owner.address();
    if same && on_chain.is_some_and(|known| known == contribution) {
        Progress::OnChain
    } else if same && contribution.revision == expected {
        Progress::Receipted(Box::new(record.contributed))
    } else {
        Progress::Nothing
    }
}

async fn upload(
    network: &Network,
    to: &GivenTo<'_>,
    rows: &[GivenRow<'_>],
) -> Vec<Result<GivenRecord, ClientError>> {
    let uploads = rows.iter().map(|row| async move {
        let deposits = row.owner.deal(
            network.ledger(),
            &network.domain(),
            to,
            (row.member, row.values),
            &mut rand::rng(),
        )?;
        let contributed = contribute(network, deposits).await?;
        let tag = row.owner.tag(to.collection, row.values);
        Ok(GivenRecord { tag, contributed })
    });
    futures::future::join_all(uploads).await
}

fn signed(contributed: Contributed) -> SignedContribution {
    SignedContribution {
        contribution: contributed.contribution,
        signature: contributed.signature,
        member_proof: contributed.member_proof,
        receipts: contributed.receipts,
    }
}
