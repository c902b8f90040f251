//! What chains say about a transaction they do not take. The wording is each client's own.

/// Why a transaction was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is there already.
    Known,
    /// Its nonce is spent, or another transaction waits with it.
    NonceTaken,
    /// It offers too little for its gas.
    TooCheap,
    /// The account cannot pay for it.
    Funds,
    /// Anything else.
    Other,
}

/// Phrases of geth, reth, Nethermind, Besu, Erigon, anvil and the embedded chain, in lower case. The
/// first that occurs decides.
const PHRASES: [(&str, Refusal); 17] = [
    ("already known", Refusal::Known),
    ("already imported", Refusal::Known),
    ("alreadyknown", Refusal::Known),
    ("known transaction", Refusal::Known),
    ("nonce too low", Refusal::NonceTaken),
    ("oldnonce", Refusal::NonceTaken),
    ("replacement", Refusal::NonceTaken),
    ("underpriced", Refusal::TooCheap),
    ("less than block base fee", Refusal::TooCheap),
    ("feetoolow", Refusal::TooCheap),
    ("gas price below", Refusal::TooCheap),
    ("max fee per gas too low", Refusal::TooCheap),
    ("insufficient funds", Refusal::Funds),
    ("insufficientfunds", Refusal::Funds),
    ("upfront cost exceeds", Refusal::Funds),
    ("insufficient balance", Refusal::Funds),
    ("out of funds", Refusal::Funds),
];

impl Refusal {
    /// Reads a chain's words.
    pub(crate) fn of(message: &str) -> Self {
        let message = message.to_ascii_lowercase();
        let found = PHRASES.iter().find(|(words, _)| message.contains(words));
        found.map_or(Self::Other, |(_, refusal)| *refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_several_clients_are_understood() {
        for (message, meaning) in [
            ("already known", Refusal::Known),
            ("transaction already imported", Refusal::Known),
            ("Known transaction", Refusal::Known),
            (
                "nonce too low: next nonce 4, tx nonce 3",
                Refusal::NonceTaken,
            ),
            ("OldNonce, Current nonce: 4", Refusal::NonceTaken),
            ("replacement transaction underpriced", Refusal::NonceTaken),
            ("transaction underpriced", Refusal::TooCheap),
            (
                "max fee per gas less than block base fee: address 0x0",
                Refusal::TooCheap,
            ),
            (
                "insufficient funds for gas * price + value: balance 0",
                Refusal::Funds,
            ),
            ("Insufficient funds for gas * price + value", Refusal::Funds),
            ("Upfront cost exceeds account balance", Refusal::Funds),
            ("execution reverted", Refusal::Other),
            ("invalid chain id for signer", Refusal::Other),
        ] {
            assert_eq!(Refusal::of(message), meaning, "{message}");
        }
    }
}
