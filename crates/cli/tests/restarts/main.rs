//! Nodes that are killed and come back, connections that break: real node processes, a real chain,
//! the client library. What was acknowledged stays.
#![cfg(unix)]

mod campaign;
mod connection;
mod network;
mod proxy;
mod survey;
mod work;
