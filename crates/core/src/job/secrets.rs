//! What an instance's committee keeps secret between runs: read before a run, and kept anew by one that changes it.
//!
//! A run that depends on secrets is the only one of its instance (`changes` of its request), so the run before it has ended when
//! it is asked for. What it reads is what the last run left that changed secrets and was settled: the chain says which one that is, alike
//! to all members. What it leaves it keeps beside that, under its own number, **before** it tells anybody that it has ended: who certifies
//! has heard of all members that they have, so whatever the chain settles, every honest member has the secrets of. The chain's word then
//! decides which of both goes.

use std::collections::{BTreeMap, BTreeSet};

use borsh::BorshDeserialize as _;
use enigma_bytecode::model::Contract;
use enigma_field::slice::{decode_exact, encode_into};
use enigma_field::{PrimeField, Shares};
use enigma_vm::Called;
use enigma_wire::effects::Effects;
use enigma_wire::id::{Hash, JobId};
use enigma_wire::ledger::{JobRecord, JobState, Ledger};
use zeroize::Zeroizing;

use super::contributions::{Contributions, Ran, shown};
use super::field::Columns;
use super::outputs::Output;
use super::{Job, Phase, attempt_key};
use crate::party::Shared;
use crate::seam::{Table, Write};

/// One share for each number of secret slots, by slot and column; where none is, nothing was ever stored.
pub(super) type Slots<F> = BTreeMap<(u16, u16), Shares<F>>;

/// What is stored before the shares.
type Head = (Contributions, Vec<(u16, u16)>);

/// Where a run keeps an instance's secrets.
pub(crate) fn secrets_key(instance: Hash, job: JobId) -> Vec<u8> {
    [&instance.0[..], &job.0.to_be_bytes()].concat()
}

fn encode<F: PrimeField>(contributions: Contributions, slots: &Slots<F>) -> Zeroizing<Vec<u8>> {
    let head: Head = (contributions, slots.keys().copied().collect());
    let length = borsh::object_length(&head).expect("counting cannot fail");
    // As long as it will be, so that no copy of a share stays behind in a smaller buffer.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + slots.len() * F::BYTES));
    borsh::to_writer(&mut *bytes, &head).expect("writing to memory cannot fail");
    slots
        .values()
        .for_each(|share| encode_into(share, &mut bytes));
    bytes
}

/// Who has contributed, and the shares, of what is stored.
///
/// # Errors
/// In plain words, when it is not what [`encode`] makes.
pub(super) fn decode<F: PrimeField>(
    mut stored: &[u8],
) -> Result<(Contributions, Slots<F>), String> {
    let damaged = || "the secrets of the instance are damaged".to_owned();
    let (contributions, places) = Head::deserialize(&mut stored).map_err(|_| damaged())?;
    let shares = decode_exact::<F>(stored, places.len()).map_err(|_| damaged())?;
    let shares = Shares::from(shares);
    let one = |share: &F| Shares::from(vec![*share]);
    let slots = places.into_iter().zip(shares.iter().map(one)).collect();
    Ok((contributions, slots))
}

/// The runs of an instance that depend on what it keeps secret, that were asked for before a job, the latest first.
fn runs<'a>(
    ledger: &'a Ledger,
    program: &'a Contract,
    job: JobId,
    instance: Hash,
) -> impl Iterator<Item = (JobId, &'a JobRecord)> {
    let earlier = ledger.jobs.range(..job).rev();
    let own = earlier.filter(move |(_, record)| record.request.instance == instance);
    own.filter(|(_, record)| program.uses_secrets(record.request.entry.into()))
        .map(|(job, record)| (*job, record))
}

/// Which run left the secrets that a job reads, and those that were started since, did not take effect, and may have shown some: the
/// latest first, with their entries.
fn since(
    ledger: &Ledger,
    program: &Contract,
    job: JobId,
    instance: Hash,
) -> (Option<JobId>, Vec<(JobId, usize)>) {
    let mut broken = Vec::new();
    for (job, record) in runs(ledger, program, job, instance) {
        let entry = usize::from(record.request.entry);
        match (&record.state, record.started) {
            (JobState::Settled(_), _) if program.changes_secrets(entry) => {
                return (Some(job), broken);
            }
            (JobState::Settled(_), _) | (_, None) => {}
            (_, Some(_)) if shown(program, entry).next().is_none() => {}
            (_, Some(_)) => broken.push((job, entry)),
        }
    }
    (None, broken)
}

impl Job {
    /// With rows and parameters read, reads the instance's secrets, if the entry depends on them.
    pub(super) fn load_secrets(&mut self, shared: &mut Shared, rows: Columns) {
        let entry = usize::from(self.request.entry);
        let Some(program) = self.program.clone().filter(|of| of.uses_secrets(entry)) else {
            return self.load_kept(shared, rows);
        };
        let instance = self.request.instance;
        let (version, broken) = since(&shared.ledger, &program, self.run.job, instance);
        self.secrets_of = version;
        let at = 0;
        self.phase = Phase::Secrets { rows, broken, at };
        self.read_secrets(shared);
    }

    /// Reads in which of the broken runs this member took part, one after the other, and then what the last run has left.
    fn read_secrets(&mut self, shared: &mut Shared) {
        let Phase::Secrets { broken, at, .. } = &self.phase else {
            return;
        };
        match (broken.get(*at), self.secrets_of) {
            (Some((job, _)), _) => shared.load(self.pending(), Table::Jobs, attempt_key(*job)),
            (None, Some(job)) => {
                let key = secrets_key(self.request.instance, job);
                shared.load(self.pending(), Table::Secrets, key);
            }
            (None, None) => self.on_last_secrets(shared, None),
        }
    }

    /// What [`Job::read_secrets`] asked for was read.
    pub(super) fn on_secrets(&mut self, shared: &mut Shared, pairs: &[(Vec<u8>, Vec<u8>)]) {
        let Phase::Secrets { broken, at, .. } = &mut self.phase else {
            return;
        };
        if *at == broken.len() {
            let stored = pairs.first().map(|(_, stored)| &stored[..]);
            return self.on_last_secrets(shared, stored);
        }
        // Without this member nothing was shown: whoever starts what others refuse cannot spoil their count.
        match pairs.is_empty() {
            true => _ = broken.remove(*at),
            false => *at += 1,
        }
        self.read_secrets(shared);
    }

    /// What the last run has left, if there was one.
    fn on_last_secrets(&mut self, shared: &mut Shared, stored: Option<&[u8]>) {
        let Phase::Secrets { rows, broken, .. } = &mut self.phase else {
            return;
        };
        let (mut rows, broken) = (std::mem::take(rows), std::mem::take(broken));
        let read = match (stored, self.secrets_of) {
            (Some(stored), _) => rows.add_slots(stored),
            (None, None) => Ok(Contributions::default()),
            (None, Some(job)) => Err(format!(
                "this node no longer has the secrets that job {job} has left"
            )),
        };
        match read.and_then(|found| self.check_contributions(shared, found, &broken)) {
            Ok(()) => self.load_kept(shared, rows),
            Err(why) => self.refuse(shared, why),
        }
    }

    /// Whether enough have contributed to what the entry shows: before the run counts as a use.
    fn check_contributions(
        &mut self,
        shared: &Shared,
        mut found: Contributions,
        broken: &[(JobId, usize)],
    ) -> Result<(), String> {
        let program = self.program.as_ref().ok_or("the program is not loaded")?;
        let entry = usize::from(self.request.entry);
        for (_, entry) in broken {
            found.broken_off(program, *entry);
        }
        let mut environment = self.environment(shared, program)?;
        environment.contributions = found.found();
        let enough = environment.check_contributions(program, entry);
        enough.map_err(|error| error.to_string())?;
        self.contributions = found;
        Ok(())
    }

    /// What the member keeps after a call: `None` if the entry changes nothing that it keeps.
    pub(super) fn secrets_after<F: PrimeField>(
        &self,
        shared: &Shared,
        called: &Called<F>,
        mut slots: Slots<F>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        let program = self.program.as_ref().ok_or("the program is not loaded")?;
        let entry = usize::from(self.request.entry);
        if !program.changes_secrets(entry) {
            return match called.slots.is_empty() {
                true => Ok(None),
                false => Err("the entry has changed secrets that it does not name".to_owned()),
            };
        }
        let record = shared.ledger.jobs.get(&self.run.job);
        let changed: BTreeSet<u16> = called.slots.keys().map(|(slot, _)| *slot).collect();
        let mut contributions = self.contributions.clone();
        contributions.ran(
            program,
            &Ran {
                entry,
                caller: record.ok_or("the job is not on the ledger")?.requester,
                contributed: &called.ended.contributed,
                changed: &changed,
            },
        );
        let new = called.slots.iter().map(|(at, share)| (*at, share.clone()));
        slots.extend(new);
        Ok(Some(encode(contributions, &slots)))
    }

    /// Makes what the call leaves durable; only then are its outputs published.
    pub(super) fn keep(
        &mut self,
        shared: &mut Shared,
        (secrets, mut writes): (Option<Zeroizing<Vec<u8>>>, Vec<Write>),
        outputs: Vec<Output>,
        effects: Effects,
    ) {
        writes.extend(secrets.map(|secrets| Write::Put {
            table: Table::Secrets,
            key: secrets_key(self.request.instance, self.run.job),
            value: secrets.to_vec(),
        }));
        if writes.is_empty() {
            return self.publish(shared, outputs, effects);
        }
        self.phase = Phase::Keeping { outputs, effects };
        shared.persist(self.pending(), writes);
    }

    pub(super) fn on_left(&mut self, shared: &mut Shared) {
        if let Phase::Keeping { outputs, effects } = &mut self.phase {
            let (outputs, effects) = (std::mem::take(outputs), std::mem::take(effects));
            self.publish(shared, outputs, effects);
        }
    }
}
