//! The API's gate: whether a signed request is its account's, made now, to this node, for the first time.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderValue;
use enigma_wire::api::signed::{
    Authorization, AuthorizationError, CLOCK_TOLERANCE_SECONDS, Request,
};
use enigma_wire::api::{ApiError, ErrorCode};
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Address, PeerKey};

use crate::telemetry::unix_now;

/// Nonces remembered at once; with more, signed requests are refused until some are too old to matter.
const NONCES_MAX: usize = 100_000;

/// Knows what requests must be signed for, and which were made already.
#[derive(Debug)]
pub(crate) struct Gate {
    domain: Domain,
    node: PeerKey,
    used: Mutex<Used>,
}

/// Requests by time, account and nonce.
type Used = BTreeSet<(u64, Address, u128)>;

impl Gate {
    pub(crate) fn new(domain: Domain, node: PeerKey) -> Self {
        Self {
            domain,
            node,
            used: Mutex::default(),
        }
    }

    /// Checks that the header's account signed this request to this node just now.
    pub(crate) fn check(
        &self,
        header: &HeaderValue,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> Result<Authorization, ApiError> {
        let header = header.to_str().map_err(|_| AuthorizationError::Malformed);
        header
            .and_then(str::parse::<Authorization>)
            .and_then(|authorization| {
                let request = Request::new(self.node, method, target, body);
                authorization.check(&self.domain, &request, unix_now())?;
                Ok(authorization)
            })
            .map_err(|error| unauthenticated(error.to_string()))
    }

    /// Refuses a request that was made before.
    pub(crate) fn remember(&self, authorization: &Authorization) -> Result<(), ApiError> {
        remember(&mut self.used(), authorization, unix_now(), NONCES_MAX)
    }

    /// A request that was refused, or about nothing, told and changed nothing: it may come again. So
    /// strangers, whose accounts cost nothing, cannot fill the memory.
    pub(crate) fn forget(&self, authorization: &Authorization) {
        self.used().remove(&key(authorization));
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        // Every critical section is a single change of the set, so poison carries no news.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remember(
    used: &mut Used,
    authorization: &Authorization,
    now: u64,
    max: usize,
) -> Result<(), ApiError> {
    // Twice the tolerance: also a clock that is set back a little does not let a request in again.
    let oldest = now.saturating_sub(2 * CLOCK_TOLERANCE_SECONDS);
    while used.first().is_some_and(|(time, ..)| *time < oldest) {
        used.pop_first();
    }
    if used.contains(&key(authorization)) {
        let message = "this request was made before; every request needs a nonce of its own";
        return Err(unauthenticated(message.to_owned()));
    }
    if used.len() >= max {
        return Err(ApiError {
            code: ErrorCode::Unavailable,
            message: "too many signed requests; try again in a minute".to_owned(),
        });
    }
    used.insert(key(authorization));
    Ok(())
}

fn key(authorization: &Authorization) -> (u64, Address, u128) {
    (
        authorization.time,
        authorization.account,
        authorization.nonce,
    )
}

fn unauthenticated(message: String) -> ApiError {
    ApiError {
        code: ErrorCode::Unauthenticated,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use enigma_wire::sign::Signature;

    fn request(time: u64, nonce: u128) -> Authorization {
        Authorization {
            account: Address([1; 20]),
            time,
            nonce,
            signature: Signature([0; 65]),
        }
    }

    #[test]
    fn a_nonce_counts_once_while_its_time_is_accepted_and_memory_is_bounded() {
        let mut used = Used::new();
        let start = 1_000;
        assert!(remember(&mut used, &request(start, 1), start, 3).is_ok());
        let again = remember(&mut used, &request(start, 1), start + 60, 3);
        assert_eq!(again.expect_err("again").code, ErrorCode::Unauthenticated);
        assert!(remember(&mut used, &request(start, 2), start, 3).is_ok());
        assert!(remember(&mut used, &request(start + 100, 1), start + 100, 3).is_ok());
        let full = remember(&mut used, &request(start + 100, 2), start + 100, 3);
        assert_eq!(full.expect_err("full").code, ErrorCode::Unavailable);
        let later = start + 2 * CLOCK_TOLERANCE_SECONDS + 1;
        assert!(remember(&mut used, &request(later, 2), later, 3).is_ok());
        assert_eq!(used.len(), 2, "the two old ones are gone");
    }
}
