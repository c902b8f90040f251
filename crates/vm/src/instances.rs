//! Machines and plans over both fields, compiled here so that the test programs need not; see
//! [`enigma_mpc::testing::INSTANCES`].

use enigma_bytecode::plan;
use enigma_field::{M61, M127, PrimeField};

use crate::machine::Machine;
use crate::session::Session;

/// Of no other use than to be compiled.
pub static INSTANCES: [fn() -> usize; 2] = [instances::<M61>, instances::<M127>];

fn instances<F: PrimeField>() -> usize {
    let named = [
        Machine::<F>::new as *const (),
        Machine::<F>::handle as *const (),
        Machine::<F>::run as *const (),
        Machine::<F>::outcome as *const (),
        Machine::<F>::waiting_for as *const (),
        Session::<F>::new as *const (),
        Session::<F>::handle as *const (),
        Session::<F>::run as *const (),
        Session::<F>::go_on as *const (),
        plan::program::<F> as *const (),
        plan::operation::<F> as *const (),
    ];
    std::hint::black_box(named).len()
}
