//! Giving for many members: deals, uploads and posts their rows in batches, and goes on where an earlier try stopped.
//!
//! A member's rows are dealt as one, and are done when the contribution is on the chain. What has all receipts is recorded before it is
//! posted, so that nothing is dealt or uploaded twice without need.

use enigma_chain::{SignedContribution, Wallet};
use enigma_wire::id::{CollectionId, MemberIndex};

use crate::records::GivenRecord;
use crate::{ClientError, Contributed, GivenTo, Network, Owner, Records, contribute};

/// Members whose rows are dealt, uploaded and posted together.
const BATCH: usize = 48;
/// Members whose rows are uploaded at the same time.
const UPLOADS_AT_ONCE: usize = 16;
/// Values dealt at the same time, if they are of several members: what is dealt stands in memory for all nodes.
const VALUES_AT_ONCE: usize = 1 << 15;

/// What one member gives.
#[derive(Clone, Copy, Debug)]
pub struct GivenRows<'a> {
    /// Whose it is.
    pub owner: &'a Owner,
    /// The owner's place in the member list.
    pub member: MemberIndex,
    /// The member's rows: of each its numbers, one for each column of the collection.
    pub rows: &'a [Vec<i64>],
}

/// What became of what members give: each counts once, however many rows are theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GiveOutcome {
    /// Given for the first time.
    pub given: usize,
    /// Given before with other rows, or by other means: these rows count now.
    pub corrected: usize,
    /// On the chain already with these rows.
    pub unchanged: usize,
    /// Bytes uploaded to all nodes together.
    pub bytes: u64,
}

/// Gives rows to a collection that is not sealed. Safe to repeat: what is on the chain with the same
/// rows is left alone. `advanced` is told how many members are done after each batch.
///
/// # Errors
/// When a node or the chain refuses or cannot be reached; rows of earlier batches are done by then.
pub async fn give(
    network: &mut Network,
    records: &Records,
    to: &GivenTo<'_>,
    members: &[GivenRows<'_>],
    payer: &Wallet,
    mut advanced: impl FnMut(usize),
) -> Result<GiveOutcome, ClientError> {
    let mut outcome = GiveOutcome::default();
    for (number, batch) in members.chunks(BATCH).enumerate() {
        let mut ready: Vec<SignedContribution> = Vec::new();
        let mut dealt = Vec::new();
        for given in batch {
            match progress_of(network, records, to.collection, given) {
                Progress::OnChain => outcome.unchanged += 1,
                Progress::Receipted(contributed) => ready.push(signed(*contributed)),
                Progress::Nothing => dealt.push(*given),
            }
        }
        for together in at_once(&dealt) {
            let mut failed = None;
            for uploaded in upload(network, to, together).await {
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

/// Those that are dealt and uploaded at the same time.
fn at_once<'a, 'b>(mut rest: &'b [GivenRows<'a>]) -> Vec<&'b [GivenRows<'a>]> {
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let mut values = 0;
        let fits = rest.iter().take(UPLOADS_AT_ONCE).take_while(|given| {
            values += given.rows.iter().map(Vec::len).sum::<usize>();
            values <= VALUES_AT_ONCE
        });
        let (part, others) = rest.split_at(fits.count().max(1));
        parts.push(part);
        rest = others;
    }
    parts
}

/// How far what a member gives got before.
enum Progress {
    OnChain,
    Receipted(Box<Contributed>),
    Nothing,
}

fn progress_of(
    network: &Network,
    records: &Records,
    collection: CollectionId,
    given: &GivenRows<'_>,
) -> Progress {
    let on_chain = network
        .ledger()
        .collections
        .get(&collection)
        .and_then(|record| record.contributions.get(&given.member));
    let Some(record) = records.given(collection, given.member) else {
        return Progress::Nothing;
    };
    let contribution = &record.contributed.contribution;
    let expected = on_chain.map_or(0, |known| known.revision + 1);
    let same = record.tag == given.owner.tag(collection, given.rows)
        && contribution.owner == given.owner.address();
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
    together: &[GivenRows<'_>],
) -> Vec<Result<GivenRecord, ClientError>> {
    let uploads = together.iter().map(|given| async move {
        let deposits = given.owner.deal(
            network.ledger(),
            &network.domain(),
            to,
            (given.member, given.rows),
            &mut rand::rng(),
        )?;
        let contributed = contribute(network, deposits).await?;
        let tag = given.owner.tag(to.collection, given.rows);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_is_dealt_alone_and_little_together() {
        let owner = Owner::random(&mut rand::rng());
        let rows = |len: usize| vec![vec![0; len / 4]; 4];
        let all = [
            10,
            VALUES_AT_ONCE / 2,
            VALUES_AT_ONCE / 2,
            8 * VALUES_AT_ONCE,
            4,
        ];
        let all = all.map(rows);
        let of = |rows| GivenRows {
            owner: &owner,
            member: MemberIndex(0),
            rows,
        };
        let given: Vec<GivenRows<'_>> = all.iter().map(|rows| of(&rows[..])).collect();
        let lens = |given: &[GivenRows<'_>]| -> Vec<usize> {
            at_once(given).iter().map(|part| part.len()).collect()
        };
        assert_eq!(lens(&given), [2, 1, 1, 1]);
        assert_eq!(
            lens(&vec![of(&all[4]); 2 * UPLOADS_AT_ONCE + 1]),
            [16, 16, 1]
        );
        assert!(lens(&[]).is_empty());
    }
}
