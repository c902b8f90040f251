//! The compiled-contract format: bytes, ranges and verification.

mod columns;
mod common;
mod conditions;
mod container;
mod formulas;
mod intersections;
mod kinds;
mod launder;
mod past;
mod picks;
mod policy;
mod privacy;
mod random;
mod ranges;
mod reordered;
mod rules;
mod sides;
mod support;
mod text;
mod verify;
mod world;
