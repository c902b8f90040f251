//! How much one client address may ask.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
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
    buckets: Mutex<BTreeMap<IpAddr, (f64, Instant)>>,
}

/// Whom an address counts as: an IPv6 client has a whole /64 at the least, and may use each address in
/// it; an IPv4 address is itself, also when it comes as an IPv6 one.
pub(crate) fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

impl Limiter {
    pub(crate) fn new(rate: u32, burst: u32) -> Self {
        Self {
            rate: rate.into(),
            burst: burst.into(),
            buckets: Mutex::default(),
        }
    }

    pub(crate) fn admit(&self, address: IpAddr, now: Instant) -> bool {
        let client = client(address);
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

    #[test]
    fn all_addresses_of_an_ipv6_network_are_one_client() {
        let limiter = Limiter::new(1, 1);
        let start = Instant::now();
        let admit = |text: &str| limiter.admit(text.parse().expect("an address"), start);
        assert!(admit("2001:db8:0:1::1"));
        assert!(!admit("2001:db8:0:1:ffff::2"));
        assert!(admit("2001:db8:0:2::1"));
        // An IPv4 client is its own, whichever way it comes.
        assert!(admit("192.0.2.1"));
        assert!(!admit("::ffff:192.0.2.1"));
        assert!(admit("::ffff:192.0.2.2"));
    }
}
