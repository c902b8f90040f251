//! The compiled-contract format: bytes, ranges and verification.

mod common;
mod container;
mod ranges;
mod verify;
