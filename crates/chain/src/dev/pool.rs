//! Transactions that came before their turn: bounded, by sender and nonce, in memory only.
//!
//! Only gaps wait here. A transaction whose nonce is next is mined at once and never enters.

use std::collections::BTreeMap;

use alloy::{
    consensus::{Transaction, TxEnvelope},
    eips::eip2718::Encodable2718,
    primitives::{Address, B256},
};

/// How many transactions of one sender may wait.
pub(super) const WAITING_PER_SENDER: usize = 64;
/// How many transactions may wait in all.
pub(super) const WAITING_TOTAL: usize = 4096;
/// How many bytes of transactions may wait in all.
pub(super) const WAITING_BYTES: usize = 64 << 20;

/// The waiting transactions.
#[derive(Debug, Default)]
pub(super) struct Pool {
    by_sender: BTreeMap<Address, BTreeMap<u64, TxEnvelope>>,
    total: usize,
    bytes: usize,
}

/// Why a transaction may not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The very same transaction waits already.
    Known,
    /// Another transaction of this sender waits with this nonce.
    NonceTaken,
    /// A bound is reached.
    Full,
}

impl Pool {
    /// Keeps a transaction until its nonce is next.
    pub(super) fn insert(
        &mut self,
        sender: Address,
        transaction: TxEnvelope,
    ) -> Result<(), Refused> {
        let nonce = transaction.nonce();
        if let Some(other) = self
            .by_sender
            .get(&sender)
            .and_then(|queue| queue.get(&nonce))
        {
            let same = other.tx_hash() == transaction.tx_hash();
            return Err(if same {
                Refused::Known
            } else {
                Refused::NonceTaken
            });
        }
        let waiting = self.by_sender.get(&sender).map_or(0, BTreeMap::len);
        let bytes = self.bytes + transaction.encode_2718_len();
        if self.total >= WAITING_TOTAL || waiting >= WAITING_PER_SENDER || bytes > WAITING_BYTES {
            return Err(Refused::Full);
        }
        self.by_sender
            .entry(sender)
            .or_default()
            .insert(nonce, transaction);
        self.total += 1;
        self.bytes = bytes;
        Ok(())
    }

    /// Takes the transaction of `sender` whose turn it is at `nonce`, and drops those that missed
    /// their turn.
    pub(super) fn take_next(&mut self, sender: Address, nonce: u64) -> Option<TxEnvelope> {
        let queue = self.by_sender.get_mut(&sender)?;
        let later = queue.split_off(&nonce);
        let missed = std::mem::replace(queue, later);
        let next = queue.remove(&nonce);
        if queue.is_empty() {
            self.by_sender.remove(&sender);
        }
        for gone in missed.values().chain(&next) {
            self.total -= 1;
            self.bytes -= gone.encode_2718_len();
        }
        next
    }

    /// A waiting transaction and its sender.
    pub(super) fn find(&self, hash: B256) -> Option<(Address, &TxEnvelope)> {
        self.by_sender.iter().find_map(|(sender, queue)| {
            let found = queue
                .values()
                .find(|transaction| *transaction.tx_hash() == hash)?;
            Some((*sender, found))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::{
        consensus::{SignableTransaction, TxLegacy},
        primitives::{Signature, U256},
    };

    const ALICE: Address = Address::repeat_byte(1);
    const BOB: Address = Address::repeat_byte(2);

    fn transaction(nonce: u64, gas_price: u128) -> TxEnvelope {
        let body = TxLegacy {
            nonce,
            gas_price,
            ..TxLegacy::default()
        };
        body.into_signed(Signature::new(U256::from(1), U256::from(1), false))
            .into()
    }

    #[test]
    fn a_gap_closes_in_order_and_stale_ones_are_dropped() {
        let mut pool = Pool::default();
        for nonce in [7, 5, 6, 2] {
            pool.insert(ALICE, transaction(nonce, 1))
                .expect("there is room");
        }
        assert!(pool.take_next(ALICE, 4).is_none());
        assert_eq!(pool.total, 3, "nonce 2 missed its turn");
        for nonce in [5, 6, 7] {
            assert_eq!(
                pool.take_next(ALICE, nonce).map(|found| found.nonce()),
                Some(nonce)
            );
        }
        assert!(pool.take_next(ALICE, 8).is_none());
        assert_eq!((pool.total, pool.bytes), (0, 0));
        assert!(pool.by_sender.is_empty());
    }

    #[test]
    fn the_same_and_another_with_the_same_nonce_are_told_apart() {
        let mut pool = Pool::default();
        pool.insert(ALICE, transaction(3, 1))
            .expect("there is room");
        assert_eq!(pool.insert(ALICE, transaction(3, 1)), Err(Refused::Known));
        assert_eq!(
            pool.insert(ALICE, transaction(3, 2)),
            Err(Refused::NonceTaken)
        );
        assert_eq!(pool.insert(BOB, transaction(3, 2)), Ok(()));
        let hash = *transaction(3, 2).tx_hash();
        assert_eq!(pool.find(hash).map(|(sender, _)| sender), Some(BOB));
        assert!(pool.find(B256::ZERO).is_none());
    }

    #[test]
    fn the_bound_on_bytes_holds() {
        let large = |nonce| {
            let input = vec![0; WAITING_BYTES / 4].into();
            let body = TxLegacy {
                nonce,
                input,
                ..TxLegacy::default()
            };
            let signature = Signature::new(U256::from(1), U256::from(1), false);
            TxEnvelope::from(body.into_signed(signature))
        };
        let mut pool = Pool::default();
        for nonce in 1..=3 {
            pool.insert(ALICE, large(nonce)).expect("there is room");
        }
        assert_eq!(pool.insert(ALICE, large(4)), Err(Refused::Full));
        assert!(pool.take_next(ALICE, 1).is_some());
        assert_eq!(pool.insert(ALICE, large(4)), Ok(()));
    }

    #[test]
    fn the_bounds_on_numbers_hold() {
        let mut pool = Pool::default();
        for nonce in 0..WAITING_PER_SENDER as u64 {
            pool.insert(ALICE, transaction(nonce, 1))
                .expect("there is room");
        }
        assert_eq!(pool.insert(ALICE, transaction(1000, 1)), Err(Refused::Full));
        let mut sender = 0u64;
        while pool.total < WAITING_TOTAL {
            sender += 1;
            let address = Address::left_padding_from(&sender.to_be_bytes());
            pool.insert(address, transaction(1, 1))
                .expect("there is room");
        }
        assert_eq!(pool.insert(BOB, transaction(1, 1)), Err(Refused::Full));
    }
}
