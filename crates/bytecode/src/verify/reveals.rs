//! Rules of manifest lines and the operations that show them.

use super::VerifyError;
use super::declarations::{exists, is_within_field, names_of_columns, numbers_are_valid};
use super::{MAX_COLUMNS, MAX_GROUP};
use crate::interval::Wide;
use crate::model::{Column, Contract, Kind, Recipient, Reveal, S, Source};
use crate::plan::bounds;
use crate::privacy::Moved;
use crate::ranges::{Extent, Ranges, SecretRange};
use crate::release::Flow;

/// An operation that shows something.
pub(super) struct Out<'a> {
    pub(super) entry: usize,
    /// The manifest line that it is.
    pub(super) line: usize,
    pub(super) values: &'a [S],
    pub(super) counts: &'a [S],
    /// Whether what is shown becomes public.
    pub(super) is_public: bool,
}

impl Out<'_> {
    /// Gives the sources of which it shows a truth value under `allow bit`.
    pub(super) fn check(
        &self,
        contract: &Contract,
        ranges: &Ranges,
        flow: &Flow<'_>,
        moved: &Moved<'_>,
    ) -> Result<Vec<Source>, VerifyError> {
        let reveal = self.line;
        let order = VerifyError::ManifestOrder { reveal };
        let Some(line) = contract.manifest.get(reveal) else {
            return Err(order);
        };
        if usize::from(line.entry) != self.entry || self.values.len() != line.columns.len() {
            return Err(order);
        }
        names_of_columns(&line.columns)?;
        let known: Option<Vec<SecretRange>> =
            (self.values.iter()).map(|s| ranges.secret(*s)).collect();
        let Some(known) = known else {
            return Err(order);
        };
        if !self.recipients_are_valid(contract, line, &known) {
            return Err(VerifyError::BadRecipient { reveal });
        }
        if !self.guards_are_valid(contract, line) {
            return Err(VerifyError::BadGuard { reveal });
        }
        for (column, value) in line.columns.iter().zip(&known) {
            if !kind_is_right(contract, column, value) {
                return Err(VerifyError::BadKind { reveal });
            }
            let number = matches!(column.kind, Kind::Integer | Kind::Fixed(_));
            if line.noise.is_some() && !number {
                return Err(VerifyError::BadNoise { reveal });
            }
        }
        if let Some(blur) = &line.noise {
            if blur.counts.is_some() != line.hidden_below.is_some() {
                return Err(VerifyError::CountsNotBlurred { reveal });
            }
            let hides = moved.check(blur, self.values, self.counts);
            hides.map_err(|fault| VerifyError::Noise { reveal, fault })?;
        }
        let sources = flow.shown(line, self.values, self.counts);
        let sources = sources.map_err(|refusal| VerifyError::NotAllowed { reveal, refusal })?;
        if sources != line.sources {
            return Err(VerifyError::ManifestSources { reveal });
        }
        // Once for the line: it takes as long as a table of the noise.
        let reach = line.noise.and_then(|noise| bounds::reach(noise.values));
        let reach = reach.unwrap_or(0);
        for (column, value) in line.columns.iter().zip(&known) {
            if value.member_of.is_none() && !holds(contract, column, shown(line, value, reach)) {
                return Err(VerifyError::BadRange { reveal });
            }
        }
        Ok(flow.bits(line, self.values, self.counts))
    }

    fn recipients_are_valid(
        &self,
        contract: &Contract,
        line: &Reveal,
        values: &[SecretRange],
    ) -> bool {
        let recipients = &line.recipients;
        let ascending = recipients.is_sorted_by(|a, b| a < b);
        let owners = recipients.iter().find_map(|recipient| match recipient {
            Recipient::OwnerOf(collection) => Some(*collection),
            _ => None,
        });
        let extent = match owners {
            None => Extent::Scalar,
            Some(collection) => {
                let declared = contract.collections.get(usize::from(collection));
                if declared.is_some_and(|c| c.is_single()) {
                    Extent::Scalar
                } else {
                    Extent::Over(collection)
                }
            }
        };
        ascending
            && !recipients.is_empty()
            && recipients.iter().all(|r| exists(contract, *r))
            && (owners.is_none() || recipients.len() == 1)
            && (!self.is_public || recipients.contains(&Recipient::Public))
            && (1..=MAX_COLUMNS).contains(&line.columns.len())
            && values.iter().all(|value| value.extent == extent)
    }

    /// One guard at most for each collection, in their order, and counts where they are guarded.
    fn guards_are_valid(&self, contract: &Contract, line: &Reveal) -> bool {
        let ascending = line.min_groups.is_sorted_by(|a, b| a.0 < b.0);
        let exists = |collection: u16| usize::from(collection) < contract.collections.len();
        let mut guards = line.min_groups.iter();
        let counted = match line.hidden_below {
            None => self.counts.is_empty(),
            Some(least) => !self.counts.is_empty() && (1..=MAX_GROUP).contains(&least),
        };
        ascending && counted && guards.all(|&(collection, rows)| rows > 0 && exists(collection))
    }
}

/// Whether a column says what a value is.
fn kind_is_right(contract: &Contract, column: &Column, value: &SecretRange) -> bool {
    match (column.kind, value.member_of) {
        (Kind::MemberOf(collection), member) => member == Some(collection),
        (Kind::Account, member) => member.is_some(),
        (_, Some(_)) => false,
        (Kind::Integer | Kind::Fixed(_), None) => numbers_are_valid(contract, column),
        // What can be another number is no truth value and no name.
        (_, None) => {
            numbers_are_valid(contract, column) && holds(contract, column, value.interval.into())
        }
    }
}

/// Where a value lies when it is shown: blurred by at most `reach`, and 0 where it is hidden.
fn shown(line: &Reveal, value: &SecretRange, reach: i64) -> Wide {
    let noise = Wide {
        low: -i128::from(reach),
        high: reach.into(),
    };
    let blurred = Wide::from(value.interval).plus(noise);
    match line.hidden_below {
        Some(_) => blurred.with_zero(),
        None => blurred,
    }
}

/// Whether the range of a column holds all of these, and can be shared.
fn holds(contract: &Contract, column: &Column, values: Wide) -> bool {
    let range = Wide {
        low: column.low.into(),
        high: column.high.into(),
    };
    is_within_field(contract, column) && values.within(range)
}
