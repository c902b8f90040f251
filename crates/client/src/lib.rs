//! What an owner or requester does: keys, dealing, consent, requesting, collecting and verifying.
//!
//! A client trusts no single node: it deals verifiably, sends each node only that node's sealed row,
//! and accepts a result only when the shares of all members fit the commitment on the chain.

mod collect;
mod dealt;
mod error;
mod give;
mod http;
mod kept;
pub mod keystore;
mod opened;
mod owner;
mod parameters;
mod program;
pub mod records;
mod request;
pub mod values;

pub use collect::{collect, collect_public};
pub use error::ClientError;
pub use give::{GiveOutcome, GivenRows, give};
pub use kept::Kept;
pub use keystore::Keystore;
pub use owner::{ConsentTerms, Contributed, GivenTo, Owner, contribute};
pub use parameters::keep_parameters;
pub use program::Program;
pub use records::Records;
pub use request::{Ended, Network, Quote};
pub use values::{Results, Value};
