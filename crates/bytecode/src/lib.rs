//! The compiled-contract format: opcodes, container, verifier, interface, disassembler; and
//! [`plan`], which expands an entry for given sizes into rounds of primitives with exact cost.
//!
//! Invariants: nothing here compiles or runs a contract; decoding is total and canonical.

pub mod container;
pub mod disasm;
pub mod interface;
pub mod interval;
pub mod model;
pub mod plan;
pub mod privacy;
pub mod ranges;
pub mod release;
pub mod stored;
pub mod values;
pub mod verify;
