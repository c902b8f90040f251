//! The embedded development chain, asked by another project's client and by hand.

mod blocks;
mod calls;
mod client;
mod protocol;
mod restart;
mod sockets;
mod transactions;
