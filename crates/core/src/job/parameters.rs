//! The caller's private parameters of a job: whether every member has them, and this member's part.

use enigma_bytecode::model::Contract;
use enigma_wire::arguments::Arguments;
use enigma_wire::parameters::{KEPT_SECONDS, Parameters, ParametersReceipt};

use super::field::Columns;
use super::{Job, Phase};
use crate::parameters::{names, values};
use crate::party::Shared;
use crate::seam::Table;

impl Job {
    /// Whether the request names a dealing of private parameters exactly if the entry takes some, and every member has signed for
    /// its part of it: what the chain says alone, so that all members judge alike before the run counts as a use.
    pub(super) fn check_dealt(&self, shared: &Shared, program: &Contract) -> Result<(), String> {
        let name = self.entry_name(program);
        let entry = program.entries.get(usize::from(self.request.entry));
        let takes = entry.is_some_and(|entry| entry.private_columns().next().is_some());
        let Arguments { values, dealt } = self.arguments()?;
        let params = entry.map_or(&[][..], |entry| &entry.params);
        let shown = params
            .iter()
            .zip(&values)
            .find(|(param, given)| param.private && !given.is_empty());
        if let Some((param, _)) = shown {
            return Err(format!(
                "the request gives a value of the private parameter {}, which is to be dealt",
                param.name
            ));
        }
        let dealt = match (takes, dealt) {
            (false, None) => return Ok(()),
            (true, Some(dealt)) => dealt,
            (true, None) => {
                return Err(format!(
                    "the entry {name} takes private parameters, and the request names none that were dealt"
                ));
            }
            (false, Some(_)) => {
                return Err(format!(
                    "the entry {name} takes no private parameters, and the request names some"
                ));
            }
        };
        let record = shared.ledger.jobs.get(&self.run.job);
        let record = record.ok_or("the job is not on the ledger")?;
        if record.requested_at > dealt.until {
            return Err(format!(
                "the private parameters were to be used until {}, and the run was requested at {}; deal them again, at most {KEPT_SECONDS} seconds before",
                dealt.until, record.requested_at
            ));
        }
        let receipt = ParametersReceipt {
            parameters: Parameters {
                instance: self.request.instance,
                entry: self.request.entry,
                caller: record.requester,
                root: dealt.root,
                until: dealt.until,
            },
        };
        let digest = shared.config.domain.digest(&receipt);
        let signers = dealt.receipts.iter().map(|receipt| receipt.signer(&digest));
        let members = self.members.iter().map(|member| Some(member.signer));
        if !signers.eq(members) {
            let why = "the private parameters are not receipted by every member of the committee for this caller and entry";
            return Err(why.to_owned());
        }
        // Members erase a dealing with the first job that names it, each in its own time: a later one must not start at some.
        let mut earlier = shared.ledger.jobs.range(..self.run.job).map(|(_, job)| job);
        match names(&mut earlier, record.requester, dealt.root).next() {
            None => Ok(()),
            Some(_) => {
                Err("an earlier request named these private parameters; deal them again".to_owned())
            }
        }
    }

    /// With all rows read, reads the private parameters, if there are any.
    pub(super) fn load_parameters(&mut self, shared: &mut Shared, rows: Columns) {
        match self.arguments().map(|arguments| arguments.dealt) {
            Ok(None) => self.load_secrets(shared, rows),
            Ok(Some(dealt)) => {
                self.phase = Phase::Parameters { rows };
                shared.load(self.pending(), Table::Parameters, dealt.root.0.to_vec());
            }
            Err(why) => self.refuse(shared, why),
        }
    }

    pub(super) fn on_parameters(&mut self, shared: &mut Shared, pairs: &[(Vec<u8>, Vec<u8>)]) {
        let Phase::Parameters { rows } = &mut self.phase else {
            return;
        };
        let mut rows = std::mem::take(rows);
        let entry = self.program.as_ref().and_then(|program| {
            let entry = program.entries.get(usize::from(self.request.entry))?;
            Some(entry.private_columns().count())
        });
        let added = match (values(pairs), entry) {
            (Some(bytes), Some(values_len)) => rows.add_params(&self.committee, values_len, bytes),
            _ => Err("this node no longer has the private parameters".to_owned()),
        };
        match added {
            Ok(()) => self.load_secrets(shared, rows),
            Err(why) => self.refuse(shared, why),
        }
    }
}
