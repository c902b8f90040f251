//! How much one client address may ask.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Requests per second and client address, sustained and at once.
const RATE_PER_SECOND: f64 = 2_000.0;
const RATE_BURST: f64 = 4_000.0;
/// Client addresses remembered for the rate limit.
const CLIENTS_MAX: usize = 10_000;

/// A token bucket for each client address.
#[derive(Default)]
pub(crate) struct Limiter(Mutex<BTreeMap<std::net::IpAddr, (f64, Instant)>>);

impl Limiter {
    pub(crate) fn admit(&self, client: std::net::IpAddr, now: Instant) -> bool {
        let mut buckets = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if buckets.len() >= CLIENTS_MAX && !buckets.contains_key(&client) {
            // Full buckets carry no information; drop them.
            buckets.retain(|_, (_, last)| now.duration_since(*last) < Duration::from_secs(2));
            if buckets.len() >= CLIENTS_MAX {
                return false;
            }
        }
        let (tokens, last) = buckets.entry(client).or_insert((RATE_BURST, now));
        let gained = now.duration_since(*last).as_secs_f64() * RATE_PER_SECOND;
        *tokens = (*tokens + gained).min(RATE_BURST);
        *last = now;
        let admitted = *tokens >= 1.0;
        if admitted {
            *tokens -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_over_its_rate_is_refused_and_recovers() {
        let limiter = Limiter::default();
        let (client, other) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let start = Instant::now();
        for _ in 0..RATE_BURST as usize {
            assert!(limiter.admit(client, start));
        }
        assert!(!limiter.admit(client, start));
        assert!(limiter.admit(other, start));
        assert!(limiter.admit(client, start + Duration::from_secs(1)));
    }
}
