//! Bytecode on plain integers.

use std::sync::Arc;

use enigma_bytecode::container::{decode, encode};
use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::{PlanError, Sink};
use enigma_lang::testing::{Call, CallError, Committee, Returned};
use enigma_vm::clear::{self, ClearError, Inputs};

/// Runs calls of a contract, which went through bytes, without a committee.
pub(crate) struct InTheClear(Arc<Contract>);

impl InTheClear {
    pub(crate) fn new(contract: &Contract) -> InTheClear {
        InTheClear(Arc::new(decode(&encode(contract)).expect("canonical")))
    }
}

impl Committee for InTheClear {
    fn call(&mut self, call: &Call) -> Result<Returned, CallError> {
        let inputs = Inputs {
            collections: call.collections.clone(),
            params: call.params.clone(),
            slots: call.slots.clone(),
        };
        // Whoever draws gets zeros, as in the interpreter.
        let called = clear::call(&self.0, call.entry, &call.environment, &inputs, |_| 0);
        let called = called.map_err(refused)?;
        let slots = called.slots.into_iter();
        let slots = slots.map(|((slot, column), value)| (Sink::Slot { slot, column }, vec![value]));
        Ok(Returned {
            outputs: called.shown.into_iter().chain(slots).collect(),
            ended: called.ended,
        })
    }
}

/// As a session tells refusals from failures.
fn refused(error: ClearError) -> CallError {
    match error {
        ClearError::Plan(error) => CallError::Refused(error.to_string()),
        ClearError::Range(error) => CallError::Refused(PlanError::Range(error).to_string()),
        error => CallError::Failed(error.to_string()),
    }
}
