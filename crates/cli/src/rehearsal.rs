//! `enigma test --mpc`: calls of tests on a committee of this machine.

use std::sync::Arc;

use enigma_bytecode::model::{Contract, Profile};
use enigma_lang::testing::{Call, CallError, Committee, Returned};
use enigma_node::rehearsal::{LocalCommittee, M61, M127, Opened, PrimeField, Values};

use crate::report::Problem;

/// A committee for one contract. It is started anew when something has broken it.
pub(crate) struct Rehearsal {
    contract: Arc<Contract>,
    nodes: u8,
    committee: Option<Started>,
}

enum Started {
    Small(LocalCommittee<M61>),
    Large(LocalCommittee<M127>),
}

impl Rehearsal {
    /// Starts a committee of so many nodes.
    pub(crate) fn start(contract: &Contract, nodes: u8) -> Result<Self, Problem> {
        let mut rehearsal = Self {
            contract: Arc::new(contract.clone()),
            nodes,
            committee: None,
        };
        match rehearsal.started() {
            Ok(_) => Ok(rehearsal),
            Err(error) => Err(Problem::new(format!(
                "no committee of {nodes} nodes: {error:#}"
            ))),
        }
    }

    fn started(&mut self) -> Result<&mut Started, enigma_node::rehearsal::Error> {
        if self.committee.is_none() {
            self.committee = Some(match self.contract.profile {
                Profile::ShamirM61V1 => Started::Small(LocalCommittee::start(self.nodes)?),
                Profile::ShamirM127V1 => Started::Large(LocalCommittee::start(self.nodes)?),
            });
        }
        Ok(self.committee.as_mut().expect("it has just been started"))
    }
}

impl Committee for Rehearsal {
    fn call(&mut self, call: &Call) -> Result<Returned, CallError> {
        let contract = Arc::clone(&self.contract);
        let started = self.started();
        let result = match started {
            Ok(Started::Small(committee)) => run(committee, &contract, call),
            Ok(Started::Large(committee)) => run(committee, &contract, call),
            Err(error) => Err(CallError::Failed(format!("{error:#}"))),
        };
        if matches!(result, Err(CallError::Failed(_))) {
            self.committee = None;
        }
        result
    }
}

fn run<F: PrimeField>(
    committee: &mut LocalCommittee<F>,
    contract: &Arc<Contract>,
    call: &Call,
) -> Result<Returned, CallError> {
    let values = Values {
        collections: call.collections.clone(),
        params: call.params.clone(),
        slots: call.slots.clone(),
    };
    let answer = committee.call(contract, call.entry, &call.environment, &values);
    match answer {
        Ok(Ok(Opened { outputs, ended })) => Ok(Returned { outputs, ended }),
        Ok(Err(refused)) => Err(CallError::Refused(refused.0)),
        Err(error) => Err(CallError::Failed(format!("{error:#}"))),
    }
}
