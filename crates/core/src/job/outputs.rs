//! What each recipient gets: for members and parties shares of the lines that are theirs, sealed to their keys; for everyone
//! what the committee opened, in the clear.
//!
//! One recipient has one place in the tree of ciphertexts, whatever branches were taken: members whose rows were used, parties to
//! which the entry reveals, who asked for the job, if it reveals to the caller, and last everyone, if the entry has a line that
//! everyone sees. What everyone sees is the same bytes at all honest members, since each has verified every opening before it comes
//! here.

use std::collections::BTreeMap;

use enigma_bytecode::model::{Contract, Known};
use enigma_bytecode::plan::{self, Sink};
use enigma_field::{PrimeField, Shares};
use enigma_vm::Called;
use enigma_wire::api::{LineShares, OutputShares, Share};
use enigma_wire::output::{PublicLine, PublicResults, PublicValue, Recipient};
use enigma_wire::seal::{self, Purpose};
use zeroize::Zeroizing;

use super::Job;
use super::recipients::{Elements, Receiver};
use crate::party::Shared;

/// One recipient's output before the other members' roots are known.
pub(crate) struct Output {
    pub(super) recipient: Recipient,
    /// Sealed; what is for everyone is in the clear.
    pub(super) bytes: Vec<u8>,
}

/// This member's shares of what a manifest line shows, by column and by count.
struct Line<'a, F: PrimeField> {
    columns: Vec<&'a Shares<F>>,
    there: Vec<&'a Shares<F>>,
}

impl Job {
    /// Each recipient's output, in the order of the tree.
    pub(super) fn outputs<F: PrimeField>(
        &self,
        shared: &mut Shared,
        called: &Called<F>,
    ) -> Result<Vec<Output>, String> {
        let program = self.program.as_ref().ok_or("the program is not loaded")?;
        let lines = lines(called)?;
        let mut outputs = Vec::new();
        for receiver in self.receivers(shared, program)? {
            let shares = shares_for(&receiver, program, &lines)?;
            outputs.push(self.seal(shared, &receiver, &shares));
        }
        if program.shows_everyone(usize::from(self.request.entry)) {
            let results = public_results(&called.ended);
            outputs.push(Output {
                recipient: Recipient::Public,
                bytes: borsh::to_vec(&results).expect("writing to memory cannot fail"),
            });
        }
        Ok(outputs)
    }

    fn seal<F: PrimeField>(
        &self,
        shared: &mut Shared,
        receiver: &Receiver,
        shares: &OutputShares<F>,
    ) -> Output {
        // As long as it will be, so that no copy of a share stays behind in a smaller buffer.
        let length = borsh::object_length(shares).expect("counting cannot fail");
        let mut message = Zeroizing::new(Vec::with_capacity(length));
        borsh::to_writer(&mut *message, shares).expect("writing to memory cannot fail");
        let purpose = Purpose::Output {
            job: self.run.job,
            node: self.member(self.me).node,
            recipient: receiver.recipient,
            account: receiver.account,
        };
        // A key to which nothing can be sealed costs its owner the output, nobody else.
        let sealed = seal::seal(&receiver.seal_key, &message, &purpose, &mut shared.rng);
        Output {
            recipient: receiver.recipient,
            bytes: sealed.unwrap_or_default(),
        }
    }
}

/// By manifest line: what was handed out for its recipients.
fn lines<F: PrimeField>(called: &Called<F>) -> Result<BTreeMap<u16, Line<'_, F>>, String> {
    let mut lines: BTreeMap<u16, Line<'_, F>> = BTreeMap::new();
    let nothing = || Line {
        columns: Vec::new(),
        there: Vec::new(),
    };
    for (sink, shares) in &called.shown {
        let (all, place) = match *sink {
            Sink::Shown { reveal, column } => {
                let line = lines.entry(reveal).or_insert_with(nothing);
                (&mut line.columns, column)
            }
            Sink::Bit { reveal, count } => {
                let line = lines.entry(reveal).or_insert_with(nothing);
                (&mut line.there, count)
            }
            Sink::Slot { .. } | Sink::Kept(_) => continue,
        };
        if usize::from(place) != all.len() {
            return Err("the columns of a result are out of order".to_owned());
        }
        all.push(shares);
    }
    Ok(lines)
}

/// The shares of the lines that this recipient is shown, and of no others.
fn shares_for<F: PrimeField>(
    receiver: &Receiver,
    program: &Contract,
    lines: &BTreeMap<u16, Line<'_, F>>,
) -> Result<OutputShares<F>, String> {
    let mut shares = OutputShares::default();
    for (reveal, line) in lines {
        let declared = program.manifest.get(usize::from(*reveal));
        let declared = declared.ok_or("an output without manifest line")?;
        let Some(elements) = receiver.elements_of(declared) else {
            continue;
        };
        let there = line.there.iter().map(|bits| match elements {
            // One count can stand for all rows.
            Elements::Rows(..) if bits.len() == 1 => picked(bits, Elements::All),
            elements => picked(bits, elements),
        });
        let columns = line.columns.iter().map(|column| picked(column, elements));
        shares.lines.push(LineShares {
            reveal: *reveal,
            columns: columns.collect::<Result<_, _>>()?,
            there: there.collect::<Result<_, _>>()?,
        });
    }
    Ok(shares)
}

fn picked<F: PrimeField>(shares: &Shares<F>, elements: Elements) -> Result<Vec<Share<F>>, String> {
    match elements {
        Elements::All => Ok(shares.iter().copied().map(Share).collect()),
        Elements::Rows(first, end) => match shares.get(first..end) {
            Some(shares) => Ok(shares.iter().copied().map(Share).collect()),
            None => Err("an output is shorter than its recipients".to_owned()),
        },
    }
}

/// What everyone sees, in manifest order.
fn public_results(ended: &plan::Ended) -> PublicResults {
    let lines = ended.public.iter().map(|(reveal, shown)| PublicLine {
        reveal: *reveal,
        columns: shown
            .columns
            .iter()
            .map(|column| column.iter().map(public_value).collect())
            .collect(),
        there: shown.there.clone(),
    });
    PublicResults {
        lines: lines.collect(),
    }
}

/// The account of nobody, which stands for a member that is hidden, is no bytes.
fn public_value(value: &Known) -> PublicValue {
    match value {
        Known::Number(number) => PublicValue::Number(*number),
        Known::Bytes(bytes) if bytes.iter().all(|byte| *byte == 0) => {
            PublicValue::Bytes(Vec::new())
        }
        Known::Bytes(bytes) => PublicValue::Bytes(bytes.clone()),
    }
}
