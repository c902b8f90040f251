//! Registers of a run: written once, freed after the last read.

use enigma_bytecode::plan::{Local, Plan, Pub, Reg, Step, View};
use enigma_field::{PrimeField, Shares};
use enigma_mpc::{Opened, Wires};

use crate::machine::Refused;

/// The registers of one party (or, in the clear, of all of them at once).
pub(crate) struct Memory<F: PrimeField> {
    shares: Vec<Slot<F>>,
    opened: Vec<Option<Opened<F>>>,
    live_bytes: u64,
    peak_bytes: u64,
}

struct Slot<F: PrimeField> {
    value: Option<Wires<F>>,
    reads_left: u32,
}

impl<F: PrimeField> Memory<F> {
    /// No register is written yet; how often each will be read is counted from the plan.
    pub(crate) fn new(plan: &Plan<F>) -> Memory<F> {
        let mut reads = vec![0u32; plan.lengths.len()];
        for step in plan.strands.iter().flat_map(|strand| &strand.steps) {
            step.reads(|view| reads[view.reg.0 as usize] += 1, |_| {});
        }
        for (_, reg) in &plan.outputs {
            reads[reg.0 as usize] += 1;
        }
        let slot = |reads_left| Slot {
            value: None,
            reads_left,
        };
        Memory {
            shares: reads.into_iter().map(slot).collect(),
            opened: vec![None; plan.opened_lengths.len()],
            live_bytes: 0,
            peak_bytes: 0,
        }
    }

    /// Writes a register; one that nobody will read is dropped at once.
    pub(crate) fn write(&mut self, reg: Reg, value: Wires<F>) {
        let slot = &mut self.shares[reg.0 as usize];
        debug_assert!(slot.value.is_none(), "a register is written once");
        if slot.reads_left == 0 {
            return;
        }
        self.live_bytes += value.len() as u64 * F::BYTES as u64;
        self.peak_bytes = self.peak_bytes.max(self.live_bytes);
        slot.value = Some(value);
    }

    /// Writes what a local operation computed. It comes from all that the operation reads.
    pub(crate) fn write_local(&mut self, reg: Reg, result: Vec<F>, local: &Local<F>) {
        let (mut from, mut opened) = (Vec::new(), Vec::new());
        local.reads(|view| from.push(view.reg), |values| opened.push(values));
        let wires = from.iter().map(|reg| self.wires(*reg));
        let mut result = Wires::computed(Shares::from(result), wires);
        for values in opened {
            result = result.depending_on(self.opened(values));
        }
        self.write(reg, result);
    }

    /// Writes the numbers of members where the plan wants them. A share of a public number is the
    /// number itself.
    pub(crate) fn write_members(
        &mut self,
        plan: &Plan<F>,
        members: &[(u16, Vec<u32>)],
    ) -> Result<(), Refused> {
        for &(collection, reg) in &plan.members {
            let rows = plan.lengths[reg.0 as usize] as usize;
            let given = members.iter().find(|(index, _)| *index == collection);
            let numbers = given
                .map(|(_, numbers)| numbers)
                .filter(|numbers| numbers.len() == rows)
                .ok_or(Refused::Members { collection })?;
            let numbers = numbers.iter().map(|&number| F::from_u64(number.into()));
            self.write(reg, Wires::input(numbers.collect()));
        }
        Ok(())
    }

    /// Writes opened values. They are small and stay.
    pub(crate) fn write_opened(&mut self, reg: Pub, values: Opened<F>) {
        self.opened[reg.0 as usize] = Some(values);
    }

    /// The elements in view. Strands run in the plan's order, so they were written.
    pub(crate) fn view(&self, view: View) -> &[F] {
        &self.wires(view.reg)[view.start as usize..][..view.len as usize]
    }

    /// The elements in view, with where they come from.
    pub(crate) fn part(&self, view: View) -> Wires<F> {
        let start = view.start as usize;
        self.wires(view.reg).part(start..start + view.len as usize)
    }

    fn wires(&self, reg: Reg) -> &Wires<F> {
        let value = self.shares[reg.0 as usize].value.as_ref();
        value.expect("a plan reads a register after it is written and before its end")
    }

    /// Opened values.
    pub(crate) fn opened(&self, reg: Pub) -> &Opened<F> {
        let values = self.opened[reg.0 as usize].as_ref();
        values.expect("a plan reads opened values after they are opened")
    }

    /// What the plan opens as its result.
    pub(crate) fn opened_values(&self, plan: &Plan<F>) -> Vec<(u16, Vec<F>)> {
        let values = plan.opened.iter();
        values
            .map(|&(place, values)| (place, self.opened(values).to_vec()))
            .collect()
    }

    /// Counts the reads of a step that is done, and frees what nobody will read again. Tells
    /// `freed` of each register freed and its size in bytes.
    pub(crate) fn done(&mut self, step: &Step<F>, mut freed: impl FnMut(Reg, u64)) {
        step.reads(
            |view| {
                let slot = &mut self.shares[view.reg.0 as usize];
                slot.reads_left = slot.reads_left.saturating_sub(1);
                if slot.reads_left == 0
                    && let Some(value) = slot.value.take()
                {
                    let bytes = value.len() as u64 * F::BYTES as u64;
                    self.live_bytes -= bytes;
                    freed(view.reg, bytes);
                }
            },
            |_| {},
        );
    }

    /// Takes a register's value out.
    pub(crate) fn take(&mut self, reg: Reg) -> Option<Wires<F>> {
        let value = self.shares[reg.0 as usize].value.take()?;
        self.live_bytes -= value.len() as u64 * F::BYTES as u64;
        Some(value)
    }

    /// Bytes of a register, 0 if it holds nothing.
    pub(crate) fn bytes(&self, reg: Reg) -> u64 {
        let value = self.shares[reg.0 as usize].value.as_ref();
        value.map_or(0, |value| value.len() as u64 * F::BYTES as u64)
    }

    /// The most bytes that registers held at once so far.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }
}
