//! Builds a plan step by step: numbers registers and calls, finds which strand waits for which,
//! counts cost as it goes and stops when a limit is passed.

use std::collections::BTreeMap;

use enigma_field::interpolation::deals_randoms;
use enigma_field::{Committee, PrimeField};

use super::compare::Want;
use super::cost::{self, CallKind, Cost, Limits, Phases, Tally};
use super::error::{Limit, PlanError};
use super::ir::{Call, Form, Local, MaskReg, Plan, Pub, Reg, Step, Strand, View};

/// Copies of a call's vectors that the engine may hold beside the registers: encoded frames,
/// masks and what has arrived.
const CALL_COPIES: u64 = 4;

/// The same in a committee: in a large one, a dealer encodes t points for each element.
fn call_copies(committee: Committee) -> u64 {
    if deals_randoms(&committee) {
        u64::from(committee.t()) + 2
    } else {
        CALL_COPIES
    }
}

/// A batch of more elements, or of more words of 64 gates, is closed when the next strand begins: its log
/// takes memory.
const BATCH_ELEMENTS: u64 = 1 << 20;
const BATCH_GATE_WORDS: u64 = 1 << 18;

/// Bytes that the log and the verification of a batch take for each element of its claim: three
/// shares, the two vectors of the claim, and an eighth of two elements of 16 bytes, which the first level
/// leaves of them.
const fn claim_bytes(element_bytes: u64) -> u64 {
    (3 + 2) * element_bytes + 4
}

/// Bytes that the log of gates takes for each word of 64: two words each of factors and results.
const GATE_LOG_BYTES: u64 = 48;

/// The same, and what their verification takes: the factors once more, and a vector for each of them of
/// a 32nd as many elements of 16 bytes.
const GATE_WORD_BYTES: u64 = GATE_LOG_BYTES + 32 + 64;

/// Marks a register that exists before the first strand.
const BEFORE_ALL: u32 = u32::MAX;

/// A plan in the making.
pub(super) struct Builder<F: PrimeField> {
    committee: Committee,
    limits: Limits,
    next_op: u32,
    last_op: u32,
    lengths: Vec<u32>,
    homes: Vec<u32>,
    opened_lengths: Vec<u32>,
    opened_homes: Vec<u32>,
    mask_lengths: Vec<u32>,
    /// The strand that verifies each vector of masks, once there is one.
    mask_homes: Vec<u32>,
    strands: Vec<Strand<F>>,
    rounds: Vec<u64>,
    /// What strands from now on compute.
    kind: Kind,
    /// The open batches of all kinds.
    batches: [Option<OpenBatch>; 3],
    /// The strands that verify computations so far.
    verified_by: Vec<u32>,
    /// See [`Builder::leave_unverified`].
    unverified: bool,
    tally: Tally,
    inputs: Vec<(u16, Reg)>,
    members: Vec<(u16, Reg)>,
    outputs: Vec<(u16, Reg)>,
    opened: Vec<(u16, Pub)>,
}

/// The strands that verify what was computed before a flush.
pub(super) struct Flushed(Vec<u32>);

/// What a strand computes, and what belongs to a batch. Masks are verified apart, before they are used (R1);
/// gates of bits, which strands of values compute, over another field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Masks = 0,
    Values = 1,
    Gates = 2,
}

/// A batch that takes more calls.
struct OpenBatch {
    /// Its number, which is kept for the call that verifies it.
    op: u32,
    strands: Vec<u32>,
    masks: Vec<MaskReg>,
    /// Of the claim; of gates, words of 64.
    elements: u64,
    /// Bytes that its log takes beside what each element of its claim takes.
    log_bytes: u64,
}

impl<F: PrimeField> Builder<F> {
    /// Calls are numbered from `ops.0` up to and including `ops.1`.
    pub(super) fn new(committee: Committee, ops: (u32, u32), limits: Limits) -> Builder<F> {
        Builder {
            committee,
            limits,
            next_op: ops.0,
            last_op: ops.1,
            lengths: Vec::new(),
            homes: Vec::new(),
            opened_lengths: Vec::new(),
            opened_homes: Vec::new(),
            mask_lengths: Vec::new(),
            mask_homes: Vec::new(),
            strands: Vec::new(),
            rounds: Vec::new(),
            kind: Kind::Values,
            batches: [None, None, None],
            verified_by: Vec::new(),
            unverified: false,
            tally: Tally::new(committee, F::BYTES as u64),
            inputs: Vec::new(),
            members: Vec::new(),
            outputs: Vec::new(),
            opened: Vec::new(),
        }
    }

    /// Plans no verification: for benchmarks that compare.
    pub(super) fn leave_unverified(&mut self) {
        self.unverified = true;
    }

    /// Who runs the plan.
    pub(super) fn committee(&self) -> Committee {
        self.committee
    }

    /// What a run may cost.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Steps from now on form a new strand.
    pub(super) fn begin(&mut self) {
        self.begin_strand(Kind::Values);
    }

    /// Steps from now on form a new strand that makes masks. [`Builder::verify_masks`] must come
    /// before the masks are used.
    pub(super) fn begin_masks(&mut self) {
        self.begin_strand(Kind::Masks);
    }

    fn begin_strand(&mut self, kind: Kind) {
        for (of, most) in [(kind, BATCH_ELEMENTS), (Kind::Gates, BATCH_GATE_WORDS)] {
            let full = |batch: &OpenBatch| batch.elements >= most;
            if self.batches[of as usize].as_ref().is_some_and(full) {
                self.close(of);
            }
        }
        self.push_strand(kind);
    }

    fn push_strand(&mut self, kind: Kind) {
        self.kind = kind;
        self.strands.push(Strand {
            after: Vec::new(),
            steps: Vec::new(),
            memory_bytes: 0,
        });
        self.rounds.push(0);
    }

    /// A register that holds a collection's rows at the start.
    pub(super) fn input(&mut self, collection: u16, rows: u32) -> View {
        let reg = self.register(rows);
        self.homes[reg.0 as usize] = BEFORE_ALL;
        self.inputs.push((collection, reg));
        self.view(reg)
    }

    /// A register that holds the numbers of the members who gave a collection's rows.
    pub(super) fn members(&mut self, collection: u16, rows: u32) -> View {
        let reg = self.register(rows);
        self.homes[reg.0 as usize] = BEFORE_ALL;
        self.members.push((collection, reg));
        self.view(reg)
    }

    /// Declares what a manifest line shows.
    pub(super) fn output(&mut self, reveal: u16, value: View) {
        debug_assert_eq!(value, self.view(value.reg), "an output is a whole register");
        self.outputs.push((reveal, value.reg));
    }

    /// Declares opened validity bits.
    pub(super) fn opened_rows(&mut self, collection: u16, bits: Pub) {
        self.opened.push((collection, bits));
    }

    /// A new register of `len` elements; the caller pushes the step that writes it.
    pub(super) fn register(&mut self, len: u32) -> Reg {
        let reg = Reg(self.lengths.len() as u32);
        self.lengths.push(len);
        self.homes.push(self.current());
        reg
    }

    /// The whole of a register.
    pub(super) fn view(&self, reg: Reg) -> View {
        View {
            reg,
            start: 0,
            len: self.lengths[reg.0 as usize],
        }
    }

    /// Adds a local step to the current strand.
    pub(super) fn local(&mut self, local: Local<F>) {
        self.push(Step::Local(local));
    }

    /// Verifies the masks made so far. The next step must begin a strand.
    pub(super) fn verify_masks(&mut self) {
        self.close(Kind::Masks);
    }

    /// A strand of its own verifies the open batch of this kind, if there is one.
    fn close(&mut self, kind: Kind) {
        let Some(batch) = self.batches[kind as usize].take() else {
            return;
        };
        if self.unverified {
            // Masks can be used as soon as their own strand has made them.
            for mask in batch.masks {
                self.mask_homes[mask.0 as usize] = *batch.strands.last().expect("it has masks");
            }
            return;
        }
        self.push_strand(kind);
        let current = self.current();
        let (call, bytes) = match kind {
            Kind::Masks | Kind::Values => (CallKind::Verify, claim_bytes(F::BYTES as u64)),
            Kind::Gates => (CallKind::VerifyGates, GATE_WORD_BYTES),
        };
        self.count(call, batch.elements as u32);
        for mask in batch.masks {
            self.mask_homes[mask.0 as usize] = current;
        }
        if kind != Kind::Masks {
            self.verified_by.push(current);
        }
        let strand = self.strands.last_mut().expect("it was pushed");
        strand.after = batch.strands;
        strand.memory_bytes = batch.elements * bytes + batch.log_bytes;
        let op = batch.op;
        strand.steps.push(Step::Call(Call::Verify { op }));
    }

    /// Enters a call of the current strand that adds so many elements to the claim of its batch.
    fn batch(&mut self, elements: u32) -> Result<u32, PlanError> {
        self.batch_of(self.kind, elements)
    }

    fn batch_of(&mut self, kind: Kind, elements: u32) -> Result<u32, PlanError> {
        let current = self.current();
        if self.batches[kind as usize].is_none() {
            let op = self.number()?;
            self.batches[kind as usize] = Some(OpenBatch {
                op,
                strands: Vec::new(),
                masks: Vec::new(),
                elements: 0,
                log_bytes: 0,
            });
        }
        let batch = self.batches[kind as usize].as_mut();
        let batch = batch.expect("a batch is open");
        batch.elements += u64::from(elements);
        if batch.strands.last() != Some(&current) {
            batch.strands.push(current);
        }
        Ok(batch.op)
    }

    /// See [`Call::Multiply`].
    pub(super) fn multiply(&mut self, factors: &[(View, View)]) -> Result<View, PlanError> {
        let len = factors.iter().map(|(left, _)| left.len).sum();
        if len == 0 {
            return Ok(self.constant(F::ZERO, 0));
        }
        let batch = self.batch(len)?;
        let form = cost::form::<F>(self.committee, len);
        let op = self.call(CallKind::Multiply(form), len)?;
        let dst = self.register(len);
        self.push(Step::Call(Call::Multiply {
            op,
            batch,
            form,
            dst,
            factors: factors.to_vec(),
        }));
        Ok(self.view(dst))
    }

    /// See [`Call::MatrixProduct`]; no side is empty.
    pub(super) fn matrix_product(
        &mut self,
        (left, right): (View, View),
        [rows, inner, columns]: [u32; 3],
    ) -> Result<View, PlanError> {
        let batch = self.batch(inner)?;
        let form = cost::form::<F>(self.committee, rows * columns);
        let op = self.call(CallKind::Multiply(form), rows * columns)?;
        let dst = self.register(rows * columns);
        self.push(Step::Call(Call::MatrixProduct {
            op,
            batch,
            form,
            dst,
            left,
            right,
            rows,
            inner,
            columns,
        }));
        Ok(self.view(dst))
    }

    /// See [`Call::Dot`]; there is a run at least.
    pub(super) fn dot(&mut self, left: View, right: View, width: u32) -> Result<View, PlanError> {
        let batch = self.batch(left.len)?;
        let op = self.call(CallKind::Multiply(Form::Dealt), left.len / width)?;
        let dst = self.register(left.len / width);
        self.push(Step::Call(Call::Dot {
            op,
            batch,
            dst,
            left,
            right,
            width,
        }));
        Ok(self.view(dst))
    }

    /// The components of comparisons with zero. See [`Call::Compare`].
    pub(super) fn compare(&mut self, src: View, want: Want) -> Result<View, PlanError> {
        let len = 3 * want.results() * src.len;
        if len == 0 {
            return Ok(self.constant(F::ZERO, 0));
        }
        let gates = want.gates(F::BITS);
        let batch = self.batch_of(Kind::Gates, gates * src.len.div_ceil(64))?;
        let layers = Want::layers(F::BITS);
        let op = self.call(CallKind::Compare { gates, layers }, src.len)?;
        let dst = self.register(len);
        self.push(Step::Call(Call::Compare {
            op,
            batch,
            dst,
            src,
            want,
        }));
        Ok(self.view(dst))
    }

    /// Rows, given by columns of one length, in an order that nobody knows: the columns, one after the
    /// other; and the number under which [`Builder::unshuffle`] finds the way back.
    pub(super) fn shuffle(&mut self, columns: &[View]) -> Result<(View, u32), PlanError> {
        self.shuffling(columns, None)
    }

    /// Rows put back to where a shuffle took its rows from.
    pub(super) fn unshuffle(&mut self, columns: &[View], from: u32) -> Result<View, PlanError> {
        let (rows, _) = self.shuffling(columns, Some(from))?;
        Ok(rows)
    }

    fn shuffling(
        &mut self,
        columns: &[View],
        back_from: Option<u32>,
    ) -> Result<(View, u32), PlanError> {
        let phases = match back_from {
            None => Phases::forth(self.committee)?,
            Some(_) => Phases::back(self.committee)?,
        };
        let rows = columns.iter().map(|column| column.len).max().unwrap_or(0);
        let len = rows * columns.len() as u32;
        let batch = self.batch(phases.count * rows)?;
        let op = self.call(CallKind::Shuffle(phases), len)?;
        let dst = self.register(len);
        // What comes out of each phase stays until the batch is verified.
        let kept = u64::from(phases.count) * self.bytes(dst);
        let strand = self
            .strands
            .last_mut()
            .expect("begin comes before any call");
        strand.memory_bytes += kept;
        if let Some(batch) = &mut self.batches[self.kind as usize] {
            batch.log_bytes += kept;
        }
        self.push(Step::Call(Call::Shuffle {
            op,
            batch,
            dst,
            columns: columns.to_vec(),
            back_from,
        }));
        Ok((self.view(dst), op))
    }

    /// `count` masks and their bits. See [`Call::Masks`].
    pub(super) fn masks(&mut self, count: u32) -> Result<(View, MaskReg), PlanError> {
        let (op, batch, bits, mask) = self.random_bits(F::BITS, count)?;
        self.push(Step::Call(Call::Masks {
            op,
            batch,
            bits,
            mask,
        }));
        Ok((self.view(bits), mask))
    }

    /// `blocks` blocks of `count` random bits, and what [`Builder::wait_for_masks`] waits for.
    pub(super) fn bits(&mut self, blocks: u32, count: u32) -> Result<(View, MaskReg), PlanError> {
        let (op, batch, dst, made) = self.random_bits(blocks, count)?;
        self.push(Step::Call(Call::Bits { op, batch, dst }));
        Ok((self.view(dst), made))
    }

    fn random_bits(
        &mut self,
        blocks: u32,
        count: u32,
    ) -> Result<(u32, u32, Reg, MaskReg), PlanError> {
        let len = blocks * count;
        let batch = self.batch(len)?;
        let op = self.call(CallKind::Masks, len)?;
        let bits = self.register(len);
        let mask = MaskReg(self.mask_lengths.len() as u32);
        self.mask_lengths.push(count);
        // Until it is verified, no strand can be its home.
        self.mask_homes.push(BEFORE_ALL);
        if let Some(batch) = &mut self.batches[self.kind as usize] {
            batch.masks.push(mask);
        }
        Ok((op, batch, bits, mask))
    }

    /// The current strand starts after these masks are verified: for a use of their bits other than an
    /// opening. What was computed from random bits is neither verified nor opened before they are (R4).
    pub(super) fn wait_for_masks(&mut self, masks: MaskReg) {
        let verified_by = self.mask_homes[masks.0 as usize];
        assert_ne!(verified_by, BEFORE_ALL, "masks are verified before use");
        self.wait_for(&[verified_by]);
    }

    /// See [`Call::Random`].
    pub(super) fn random(&mut self, len: u32) -> Result<View, PlanError> {
        let op = self.call(CallKind::Random, len)?;
        let dst = self.register(len);
        self.push(Step::Call(Call::Random { op, dst }));
        Ok(self.view(dst))
    }

    /// See [`Call::OpenMasked`].
    pub(super) fn open_masked(&mut self, src: View, mask: MaskReg) -> Result<Pub, PlanError> {
        let op = self.call(CallKind::Open, src.len)?;
        let dst = self.opened_register(src.len);
        self.wait_for_masks(mask);
        self.push(Step::Call(Call::OpenMasked { op, dst, src, mask }));
        Ok(dst)
    }

    /// See [`Call::Bounded`].
    pub(super) fn bounded(
        &mut self,
        len: u32,
        bits: u32,
        shift: u32,
    ) -> Result<[View; 2], PlanError> {
        let op = self.number()?;
        let [whole, cut] = [self.register(len), self.register(len)];
        self.push(Step::Call(Call::Bounded {
            op,
            whole,
            cut,
            bits,
            shift,
        }));
        Ok([whole, cut].map(|reg| self.view(reg)))
    }

    /// Verifies everything computed so far, and opens a value in a new strand. See [`Call::Open`].
    pub(super) fn open_verified(&mut self, src: View) -> Result<Pub, PlanError> {
        let flushed = self.flush();
        self.begin();
        self.open_flushed(src, &flushed)
    }

    /// Verifies everything computed so far. The next step must begin a strand.
    pub(super) fn flush(&mut self) -> Flushed {
        self.close(Kind::Values);
        self.close(Kind::Gates);
        Flushed(self.verified_by.clone())
    }

    /// Opens, in the current strand, a value that comes from what was computed before the flush. See
    /// [`Call::Open`].
    pub(super) fn open_flushed(&mut self, src: View, flushed: &Flushed) -> Result<Pub, PlanError> {
        let op = self.call(CallKind::Open, src.len)?;
        let dst = self.opened_register(src.len);
        self.wait_for(&flushed.0);
        self.push(Step::Call(Call::Open { op, dst, src }));
        Ok(dst)
    }

    fn opened_register(&mut self, len: u32) -> Pub {
        let dst = Pub(self.opened_lengths.len() as u32);
        self.opened_lengths.push(len);
        self.opened_homes.push(self.current());
        dst
    }

    /// See [`Call::Reshare`].
    pub(super) fn reshare(&mut self, src: View) -> Result<View, PlanError> {
        if src.len == 0 {
            return Ok(self.constant(F::ZERO, 0));
        }
        // One element, however many values: the claim is linear.
        let batch = self.batch(1)?;
        let op = self.call(CallKind::Reshare, src.len)?;
        let dst = self.register(src.len);
        self.push(Step::Call(Call::Reshare {
            op,
            batch,
            dst,
            src,
        }));
        Ok(self.view(dst))
    }

    /// The finished plan.
    pub(super) fn finish(mut self) -> Result<Plan<F>, PlanError> {
        self.close(Kind::Values);
        self.close(Kind::Gates);
        debug_assert!(self.batches[0].is_none(), "masks are made to be used");
        self.limits.check_all(&self.tally.cost())?;
        let rounds = self.depth();
        self.limits.check(Limit::Rounds, rounds)?;
        let held = self.kept_registers();
        let copies = call_copies(self.committee);
        for strand in &mut self.strands {
            strand.memory_bytes += peak(strand, &self.lengths, &held, copies);
        }
        let given = self.inputs.iter().chain(&self.members);
        let rows: u64 = given.map(|(_, reg)| self.bytes(*reg)).sum();
        let opened: u64 = self.opened_lengths.iter().map(|len| u64::from(*len)).sum();
        let all: u64 = self.strands.iter().map(|s| s.memory_bytes).sum();
        // The lowest strand may start beyond the window.
        let carried = self.carried(&held);
        let strands = self.strands.iter().zip(carried);
        let most = strands.map(|(strand, carried)| strand.memory_bytes + carried);
        let window = all.min(super::WINDOW_BYTES + most.max().unwrap_or(0));
        let memory_bytes = rows + opened * F::BYTES as u64 + window;
        self.limits.check(Limit::Memory, memory_bytes)?;
        let cost = Cost {
            rounds,
            memory_bytes,
            ..self.tally.cost()
        };
        Ok(Plan {
            committee: self.committee,
            strands: self.strands,
            inputs: self.inputs,
            members: self.members,
            outputs: self.outputs,
            opened: self.opened,
            lengths: self.lengths,
            opened_lengths: self.opened_lengths,
            mask_lengths: self.mask_lengths,
            cost,
        })
    }

    fn current(&self) -> u32 {
        (self.strands.len() as u32).wrapping_sub(1)
    }

    fn bytes(&self, reg: Reg) -> u64 {
        u64::from(self.lengths[reg.0 as usize]) * F::BYTES as u64
    }

    /// Counts a call on `len` elements and gives it a number.
    fn call(&mut self, kind: CallKind, len: u32) -> Result<u32, PlanError> {
        let op = self.number()?;
        self.count(kind, len);
        let (limits, tally) = (self.limits, &self.tally);
        limits.check(Limit::Multiplications, tally.multiplications())?;
        limits.check(Limit::BytesPerParty, tally.bytes_per_party())?;
        Ok(op)
    }

    fn count(&mut self, kind: CallKind, len: u32) {
        self.tally.add(kind, len);
        let strand = self.rounds.last_mut().expect("begin comes before any call");
        *strand += kind.rounds(self.committee, len);
    }

    fn number(&mut self) -> Result<u32, PlanError> {
        if self.next_op == self.last_op {
            let allowed = u64::from(self.last_op);
            return Err(PlanError::OverLimit {
                limit: Limit::Calls,
                allowed,
                needed: allowed + 1,
            });
        }
        let op = self.next_op;
        self.next_op += 1;
        Ok(op)
    }

    fn push(&mut self, step: Step<F>) {
        let mut needed = Vec::new();
        step.reads(|view| needed.push(self.homes[view.reg.0 as usize]), |_| {});
        step.reads(
            |_| {},
            |opened| needed.push(self.opened_homes[opened.0 as usize]),
        );
        let strand = self
            .strands
            .last_mut()
            .expect("begin comes before any step");
        strand.steps.push(step);
        self.wait_for(&needed);
    }

    /// The current strand starts after these.
    fn wait_for(&mut self, homes: &[u32]) {
        let current = self.current();
        let strand = self
            .strands
            .last_mut()
            .expect("begin comes before any step");
        for &home in homes {
            if home == BEFORE_ALL || home == current {
                continue;
            }
            if let Err(place) = strand.after.binary_search(&home) {
                strand.after.insert(place, home);
            }
        }
    }

    /// Rounds on the longest path through the strands.
    fn depth(&self) -> u64 {
        let mut finish: Vec<u64> = Vec::with_capacity(self.strands.len());
        for (strand, own) in self.strands.iter().zip(&self.rounds) {
            let before = strand.after.iter().map(|&s| finish[s as usize]).max();
            finish.push(before.unwrap_or(0) + own);
        }
        finish.into_iter().max().unwrap_or(0)
    }

    /// For each strand: the bytes of registers that earlier strands wrote and that it or a later one
    /// reads.
    fn carried(&self, kept: &[bool]) -> Vec<u64> {
        let mut last_read = vec![0; self.lengths.len()];
        for (index, strand) in self.strands.iter().enumerate() {
            for step in &strand.steps {
                step.reads(|view| last_read[view.reg.0 as usize] = index, |_| {});
            }
        }
        for (_, reg) in &self.outputs {
            last_read[reg.0 as usize] = self.strands.len();
        }
        // What is carried changes behind the strand that writes a register or reads it last.
        let mut more = vec![0; self.strands.len() + 2];
        let mut less = more.clone();
        for (reg, last) in (0..).map(Reg).zip(last_read) {
            let home = self.homes[reg.0 as usize];
            if home != BEFORE_ALL && kept[reg.0 as usize] {
                more[home as usize + 1] += self.bytes(reg);
                less[last + 1] += self.bytes(reg);
            }
        }
        let mut carried = 0;
        let each = more.iter().zip(&less).take(self.strands.len());
        each.map(|(more, less)| {
            carried += more;
            carried -= less;
            carried
        })
        .collect()
    }

    /// For each register: whether it outlives the strand that writes it.
    fn kept_registers(&self) -> Vec<bool> {
        let mut kept = vec![false; self.lengths.len()];
        for (index, strand) in self.strands.iter().enumerate() {
            for step in &strand.steps {
                step.reads(
                    |view| {
                        let reg = view.reg.0 as usize;
                        kept[reg] |= self.homes[reg] != index as u32;
                    },
                    |_| {},
                );
            }
        }
        for (_, reg) in &self.outputs {
            kept[reg.0 as usize] = true;
        }
        kept
    }
}

/// The most memory a strand needs at once, beside registers of other strands.
fn peak<F: PrimeField>(strand: &Strand<F>, lengths: &[u32], kept: &[bool], copies: u64) -> u64 {
    let bytes = |reg: Reg| u64::from(lengths[reg.0 as usize]) * F::BYTES as u64;
    // Last step that reads each register written here.
    let mut last_use: BTreeMap<Reg, usize> = BTreeMap::new();
    for (place, step) in strand.steps.iter().enumerate() {
        for reg in step.writes().into_iter().flatten() {
            last_use.insert(reg, place);
        }
        step.reads(
            |view| {
                if let Some(last) = last_use.get_mut(&view.reg) {
                    *last = place;
                }
            },
            |_| {},
        );
    }
    let mut ends: Vec<u64> = vec![0; strand.steps.len()];
    for (&reg, &place) in &last_use {
        if !kept[reg.0 as usize] {
            ends[place] += bytes(reg);
        }
    }
    let (mut live, mut most) = (0, 0);
    for (step, ended) in strand.steps.iter().zip(ends) {
        let written: u64 = step.writes().into_iter().flatten().map(bytes).sum();
        live += written;
        let scratch = match step {
            Step::Local(_) => 0,
            Step::Call(Call::Open { src, .. } | Call::OpenMasked { src, .. }) => {
                u64::from(src.len) * F::BYTES as u64
            }
            Step::Call(Call::Compare { src, want, .. }) => {
                let words = u64::from(want.gates(F::BITS) * src.len.div_ceil(64));
                written + words * GATE_LOG_BYTES / CALL_COPIES
            }
            Step::Call(_) => written,
        };
        most = most.max(live + copies * scratch);
        live -= ended;
    }
    most
}
