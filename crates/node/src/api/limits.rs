//! How much one client address may ask.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Client addresses remembered for the rate limit.
const CLIENTS_MAX: usize = 10_000;

/// A token bucket for each client address.
pub(crate) struct Limiter {
    /// Requests a second that one address may make, sustained.
    rate: f64,
    /// And at once.
    burst: f64,
    buckets: Mutex<BTreeMap<std::net::IpAddr, (f64, Instant)>>,
}

impl Limiter {
    pub(crate) fn new(rate: u32, burst: u32) -> Self {
        Self {
            rate: rate.into(),
            burst: burst.into(),
            buckets: Mutex::default(),
        }
    }

    pub(crate) fn admit(&self, client: std::net::IpAddr, now: Instant) -> bool {
        let mut buckets = self
            .buckets
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if buckets.len() >= CLIENTS_MAX && !buckets.contains_key(&client) {
            // Full buckets carry no information; drop them.
            let filled = Duration::from_secs_f64(self.burst / self.rate);
            buckets.retain(|_, (_, last)| now.duration_since(*last) < filled);
            if buckets.len() >= CLIENTS_MAX {
                return false;
            }
        }
        let (tokens, last) = buckets.entry(client).or_insert((self.burst, now));
        let gained = now.duration_since(*last).as_secs_f64() * self.rate;
        *tokens = (*tokens + gained).min(self.burst);
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
        let limiter = Limiter::new(10, 20);
        let (client, other) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let start = Instant::now();
        for _ in 0..20 {
            assert!(limiter.admit(client, start));
        }
        assert!(!limiter.admit(client, start));
        assert!(limiter.admit(other, start));
        assert!(limiter.admit(client, start + Duration::from_secs(1)));
    }
}
