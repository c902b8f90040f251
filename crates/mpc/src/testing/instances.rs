//! The engine over both fields, compiled with this library so that the many test programs need not (decision
//! 0034).
//!
//! Builds at optimisation levels 0 and 1 look for instances of generic functions in libraries before they
//! make their own. Nobody calls what stands here; a method that is left out is compiled where it is used.

use enigma_field::{M61, M127, PrimeField};

use super::Network;
use crate::engine::Engine;
use crate::wires::{Mask, Opened, RandomBits, Verified, Wires};

/// The engine over both fields, compiled with this library so that test programs need not (decision 0034). Of
/// no other use.
pub static INSTANCES: [fn() -> usize; 2] = [instances::<M61>, instances::<M127>];

/// How many there are. They are compiled because they are named.
fn instances<F: PrimeField>() -> usize {
    let engine = [
        Engine::<F>::new as *const (),
        Engine::<F>::verified::<Wires<F>> as *const (),
        Engine::<F>::verified::<Mask<F>> as *const (),
        Engine::<F>::bounded as *const (),
        Engine::<F>::handle as *const (),
        Engine::<F>::link_log as *const (),
        Engine::<F>::sent_instead as *const (),
        Engine::<F>::waiting_for_any as *const (),
        Engine::<F>::start_random as *const (),
        Engine::<F>::start_multiply as *const (),
        Engine::<F>::start_dot as *const (),
        Engine::<F>::start_matrix_product as *const (),
        Engine::<F>::start_multiply_by_kings as *const (),
        Engine::<F>::start_matrix_product_by_kings as *const (),
        Engine::<F>::start_reshare as *const (),
        Engine::<F>::start_random_bits as *const (),
        Engine::<F>::start_shuffle as *const (),
        Engine::<F>::start_unshuffle as *const (),
        Engine::<F>::start_compare as *const (),
        Engine::<F>::start_open as *const (),
        Engine::<F>::start_open_masked as *const (),
        Engine::<F>::start_verify as *const (),
    ];
    let values = [
        Wires::<F>::part as *const (),
        Verified::<Wires<F>>::release as *const (),
        Opened::<F>::permutation as *const (),
        RandomBits::<F>::into_masks as *const (),
        Mask::<F>::len as *const (),
    ];
    let network = [
        Network::<F>::new as *const (),
        Network::<F>::deliver_one as *const (),
        Network::<F>::run as *const (),
        Network::<F>::take_wires as *const (),
        super::draw::<F> as *const (),
        super::bare::<F> as *const (),
        super::share::<F> as *const (),
        super::reconstruct::<F> as *const (),
        super::values::<F> as *const (),
    ];
    std::hint::black_box((engine, values, network));
    engine.len() + values.len() + network.len()
}
