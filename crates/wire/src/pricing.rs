//! What a job costs. Requester, nodes and auditor compute the same figure from the plan's cost.

use crate::controller::{Amount, Prices};

/// `base + per_multiplication * m + per_round * r + per_kilobyte * ceil(bytes / 1000)`, saturating.
pub fn price(prices: &Prices, multiplications: u64, rounds: u64, bytes_total: u64) -> Amount {
    let part = |price: Amount, count: u64| price.saturating_mul(Amount::from(count));
    prices
        .base
        .saturating_add(part(prices.per_multiplication, multiplications))
        .saturating_add(part(prices.per_round, rounds))
        .saturating_add(part(prices.per_kilobyte, bytes_total.div_ceil(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_and_saturates() {
        let prices = Prices {
            base: 1000,
            per_multiplication: 2,
            per_round: 30,
            per_kilobyte: 5,
        };
        assert_eq!(price(&prices, 10, 3, 1001), 1000 + 20 + 90 + 10);
        let dear = Prices {
            per_round: Amount::MAX,
            ..prices
        };
        assert_eq!(price(&dear, 1, 2, 3), Amount::MAX);
    }
}
