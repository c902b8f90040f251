//! What can go wrong on the way to the chain: the controller refused, we were misused, the world failed.

/// An error of the chain client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The chain cannot be reached or does not answer.
    #[error("the chain at {url} cannot be reached: {why}")]
    Unreachable {
        /// The endpoint.
        url: String,
        /// Why.
        why: String,
    },
    /// The chain refused a request.
    #[error("the chain refused: {0}")]
    Refused(String),
    /// The controller refused a call.
    #[error("the controller refused: {name} ({meaning})")]
    Reverted {
        /// The Solidity error's name.
        name: String,
        /// What it means, in plain words.
        meaning: String,
    },
    /// A transaction was not mined in time.
    #[error("transaction {0} was not mined in time")]
    NotMined(String),
    /// What the chain answered is not what a controller answers.
    #[error("unexpected answer of the chain: {0}")]
    Unexpected(String),
    /// The endpoint or an argument is not usable.
    #[error("{0}")]
    Misuse(String),
}
