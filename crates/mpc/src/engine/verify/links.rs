//! What parties sign about their links (protocols D.1): a checkpoint the frames of the batch's operations, an
//! opening those of the verification itself, from the first coin to the last.
//!
//! Each party compares what the others signed about their links with it, and with one another. A
//! difference on our own link names the other end to us; nobody else can know which of the two it is. Both
//! must sign before anything tells whether the batch is right.

use enigma_field::{Party, PrimeField};

use crate::engine::context::Context;
use crate::engine::transcript::{LINK_HASHES_BYTES, LinkHashes, LinkWay};
use crate::fault::Fault;

/// Everybody's hashes of links, by party; those of one party in the order of the others.
pub(super) struct Links(Vec<Vec<LinkHashes>>);

/// Bytes that a party signs about its links in a committee of n.
pub(super) const fn links_bytes(n: usize) -> usize {
    (n - 1) * LINK_HASHES_BYTES
}

impl Links {
    /// With ours alone.
    pub(super) fn new<F: PrimeField>(context: &Context<F>, own: Vec<LinkHashes>) -> Self {
        let mut links = vec![Vec::new(); context.committee.len()];
        links[context.me().index()] = own;
        Self(links)
    }

    /// What a party signs.
    pub(super) fn to_bytes(&self, party: Party) -> Vec<u8> {
        let links = self.0[party.index()].iter();
        links.flat_map(|link| link.to_bytes()).collect()
    }

    /// Takes what a party signed, of a length that was checked.
    pub(super) fn take(&mut self, from: Party, bytes: &[u8]) {
        let (links, _) = bytes.as_chunks::<LINK_HASHES_BYTES>();
        self.0[from.index()] = links.iter().map(LinkHashes::from_bytes).collect();
    }

    /// Compares, when everybody's are there: first our own links, where we know who is wrong.
    pub(super) fn check<F: PrimeField>(&self, context: &Context<F>, op: u32) -> Result<(), Fault> {
        let (committee, me) = (context.committee, context.me());
        for from in committee.others(me) {
            let way = self.differs(from, me);
            if let Some(way) = way {
                return Err(Fault::Link { from, op, way });
            }
        }
        for one in committee.others(me) {
            let later = committee.others(me).filter(|other| *other > one);
            for other in later {
                if self.differs(one, other).is_some() {
                    let parties = [one, other];
                    return Err(Fault::LinkBetween { parties, op });
                }
            }
        }
        Ok(())
    }

    /// Which way one and the other signed different hashes, as seen by the first.
    fn differs(&self, one: Party, other: Party) -> Option<LinkWay> {
        let (first, second) = (self.of(one, other), self.of(other, one));
        if first.sent != second.received {
            Some(LinkWay::Sent)
        } else if first.received != second.sent {
            Some(LinkWay::Received)
        } else {
            None
        }
    }

    /// What a party signed about its link with another.
    fn of(&self, party: Party, other: Party) -> LinkHashes {
        let place = other.index() - usize::from(other > party);
        self.0[party.index()][place]
    }
}
