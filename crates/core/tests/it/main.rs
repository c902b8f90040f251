//! Whole committees of real parties over the reference model of the chain, in virtual time: one seed
//! gives one run.

mod committee;

mod access;
mod admit;
mod adversary;
mod answers;
mod budget;
mod checked;
mod columns;
mod consent;
mod controller;
mod deposits;
mod dht;
mod difference;
mod faults;
mod judging;
mod kept;
mod parties;
mod past;
mod privacy;
mod private;
mod range;
mod rows;
mod secrets;
mod several;
mod stages;
mod starting;
mod terms;
mod wide;
