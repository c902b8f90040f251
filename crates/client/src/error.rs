//! What can go wrong for a client: we were misused, a node misbehaved (and is named), the world failed.

use std::path::PathBuf;

use enigma_wire::id::NodeId;

/// A client's error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The request makes no sense.
    #[error("{0}")]
    Misuse(String),
    /// A name that nothing has.
    #[error("there is no {what}; there is: {known}")]
    Unknown {
        /// What was asked for.
        what: String,
        /// What there is.
        known: String,
    },
    /// A file of our own cannot be written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A node refused, and says why.
    #[error("node {node} refused: {message}")]
    Refused {
        /// The node.
        node: NodeId,
        /// Its words.
        message: String,
    },
    /// A node has no such thing.
    #[error("node {node}: {message}")]
    Absent {
        /// The node.
        node: NodeId,
        /// Its words.
        message: String,
    },
    /// A node's answer is wrong.
    #[error("node {node} misbehaved: {why}")]
    Misbehaved {
        /// The node.
        node: NodeId,
        /// What is wrong with it.
        why: String,
    },
    /// The members' shares contradict each other; at least one of them lied, and it is not known which.
    #[error("the committee's shares of {name:?} contradict each other; do not use this result")]
    Inconsistent {
        /// The output.
        name: String,
    },
    /// A node cannot be reached.
    #[error("node {node} cannot be reached: {why}")]
    Unreachable {
        /// The node.
        node: NodeId,
        /// Why.
        why: String,
    },
    /// The chain refused or failed.
    #[error(transparent)]
    Chain(#[from] enigma_chain::ChainError),
}
