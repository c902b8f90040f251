//! What an owner or requester does: keys, dealing, consent, requesting, collecting and verifying.
//!
//! A client trusts no single node: it deals verifiably, sends each node only that node's sealed row,
//! and accepts a result only when the shares of all members fit the commitment on the chain.

mod collect;
mod error;
mod http;
mod owner;
mod request;

pub use collect::{Results, Value, collect};
pub use error::ClientError;
pub use owner::{ConsentTerms, Contributed, Owner, contribute};
pub use request::{Network, Quote};
