//! The compiled-contract format: bytes, ranges and verification.

mod common;
mod container;
mod kinds;
mod ranges;
mod verify;
