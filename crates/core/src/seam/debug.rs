//! `Debug` of what crosses the seam: bytes that may hold shares appear as lengths.

use std::fmt::{Debug, Formatter, Result};

use super::{Effect, Input, Outcome, Write};

/// How many bytes, not which.
struct Redacted<'a>(&'a [u8]);

impl Debug for Redacted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

/// Keys of tables are made of public identifiers.
struct Key<'a>(&'a [u8]);

impl Debug for Key<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Debug for Input {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Input::Peer { from, frame } => f
                .debug_struct("Peer")
                .field("from", from)
                .field("frame", &Redacted(frame))
                .finish(),
            Input::Link { peer, up } => f
                .debug_struct("Link")
                .field("peer", peer)
                .field("up", up)
                .finish(),
            Input::Client {
                reply,
                request,
                caller,
                min_block,
            } => f
                .debug_struct("Client")
                .field("reply", reply)
                .field("request", request)
                .field("caller", caller)
                .field("min_block", min_block)
                .finish(),
            Input::Chain { block, caught_up } => f
                .debug_struct("Chain")
                .field("block", block)
                .field("caught_up", caught_up)
                .finish(),
            Input::Done { id, outcome } => f
                .debug_struct("Done")
                .field("id", id)
                .field("outcome", outcome)
                .finish(),
            Input::Compute { job } => f.debug_struct("Compute").field("job", job).finish(),
            Input::Tick => f.write_str("Tick"),
        }
    }
}

impl Debug for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Outcome::Persisted => f.write_str("Persisted"),
            Outcome::Loaded(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| (Key(key), Redacted(value)));
                f.write_str("Loaded ")?;
                f.debug_map().entries(pairs).finish()
            }
            Outcome::Keys(keys) => {
                f.write_str("Keys ")?;
                f.debug_list()
                    .entries(keys.iter().map(|key| Key(key)))
                    .finish()
            }
            Outcome::Submitted => f.write_str("Submitted"),
            Outcome::Overtaken => f.write_str("Overtaken"),
            Outcome::Failed(why) => f.debug_tuple("Failed").field(why).finish(),
        }
    }
}

impl Debug for Write {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Write::Put { table, key, value } => f
                .debug_struct("Put")
                .field("table", table)
                .field("key", &Key(key))
                .field("value", &Redacted(value))
                .finish(),
            Write::Delete { table, key } => f
                .debug_struct("Delete")
                .field("table", table)
                .field("key", &Key(key))
                .finish(),
        }
    }
}

impl Debug for Effect {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Effect::Send { to, frame } => f
                .debug_struct("Send")
                .field("to", to)
                .field("frame", &Redacted(frame))
                .finish(),
            Effect::Persist { id, batch } => f
                .debug_struct("Persist")
                .field("id", id)
                .field("batch", batch)
                .finish(),
            Effect::Load { id, table, prefix } => f
                .debug_struct("Load")
                .field("id", id)
                .field("table", table)
                .field("prefix", &Key(prefix))
                .finish(),
            Effect::ListKeys {
                id,
                table,
                prefix,
                after,
            } => f
                .debug_struct("ListKeys")
                .field("id", id)
                .field("table", table)
                .field("prefix", &Key(prefix))
                .field("after", &after.as_deref().map(Key))
                .finish(),
            Effect::Compute { job } => f.debug_struct("Compute").field("job", job).finish(),
            Effect::Submit { id, call } => f
                .debug_struct("Submit")
                .field("id", id)
                .field("call", call)
                .finish(),
            Effect::Reply { to, response } => f
                .debug_struct("Reply")
                .field("to", to)
                .field("response", response)
                .finish(),
            Effect::Peers(peers) => f.debug_tuple("Peers").field(peers).finish(),
            Effect::Report(fact) => f.debug_tuple("Report").field(fact).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use enigma_wire::id::PeerKey;

    use super::*;
    use crate::seam::{EffectId, Table};

    /// Two bytes that stand for a share; no other number of these values prints like them.
    const SHARE: [u8; 2] = [233, 251];

    #[track_caller]
    fn tells_only_the_length(value: &dyn Debug) {
        for text in [format!("{value:?}"), format!("{value:#?}")] {
            assert!(text.contains("<2 bytes>"), "{text}");
            for byte in SHARE {
                let forms = [byte.to_string(), format!("{byte:x}"), format!("{byte:X}")];
                assert!(!forms.iter().any(|form| text.contains(form)), "{text}");
            }
        }
    }

    #[test]
    fn shares_are_not_printed() {
        let (peer, id, table) = (PeerKey([1; 32]), EffectId(1), Table::Rows);
        let (key, value) = (vec![7], SHARE.to_vec());
        tells_only_the_length(&Input::Peer {
            from: peer,
            frame: value.clone(),
        });
        tells_only_the_length(&Effect::Send {
            to: peer,
            frame: value.clone(),
        });
        let outcome = Outcome::Loaded(vec![(key.clone(), value.clone())]);
        tells_only_the_length(&Input::Done { id, outcome });
        let batch = vec![Write::Put { table, key, value }];
        tells_only_the_length(&Effect::Persist { id, batch });
    }
}
