//! The public HTTP API. It decodes, bounds and forwards; every decision is the party's.
//!
//! `min-block` (a header) names a block the client has seen; the party answers once it has seen it too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use enigma_core::{ClientRequest, Response};
use enigma_wire::api::{ApiError, Deposit, ErrorCode, MAX_BODY_BYTES};
use enigma_wire::id::{Hash, JobId, MemberIndex};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Requests the party has not taken yet; more are answered 503.
pub(crate) const QUEUE_LEN: usize = 256;
/// Longest wait for the party's answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Requests per second and client address, sustained and at once.
const RATE_PER_SECOND: f64 = 2_000.0;
const RATE_BURST: f64 = 4_000.0;
/// Longest time from a request's first byte to its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);
/// Requests in hand at once; with the largest body this bounds their memory.
const REQUESTS_MAX: usize = 64;
/// Client addresses remembered for the rate limit.
const CLIENTS_MAX: usize = 10_000;

/// A request on its way to the party.
pub(crate) struct Asked {
    pub(crate) request: ClientRequest,
    pub(crate) min_block: u64,
    pub(crate) answer: oneshot::Sender<Response>,
}

#[derive(Clone)]
struct Api {
    party: mpsc::Sender<Asked>,
    wake: enigma_net::Waker,
    limiter: Arc<Limiter>,
    in_hand: Arc<Semaphore>,
}

/// The API's routes.
pub(crate) fn router(party: mpsc::Sender<Asked>, wake: enigma_net::Waker) -> Router {
    let api = Api {
        party,
        wake,
        limiter: Arc::default(),
        in_hand: Arc::new(Semaphore::new(REQUESTS_MAX)),
    };
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/deposits", post(deposit))
        .route("/v1/contracts/{hash}", put(put_contract))
        .route("/v1/jobs/{job}", get(job))
        .route("/v1/jobs/{job}/outputs/{member}", get(output))
        .layer(axum::middleware::from_fn_with_state(
            api.clone(),
            limit_rate,
        ))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(api)
}

async fn status(State(api): State<Api>, headers: HeaderMap) -> HttpResponse {
    api.ask(ClientRequest::Status, &headers).await
}

async fn deposit(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> HttpResponse {
    match borsh::from_slice::<Deposit>(&body) {
        Ok(deposit) => {
            api.ask(ClientRequest::Deposit(Box::new(deposit)), &headers)
                .await
        }
        Err(error) => malformed(format!("the deposit does not decode: {error}")),
    }
}

async fn put_contract(
    State(api): State<Api>,
    Path(hash): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> HttpResponse {
    match hash.parse::<Hash>() {
        Ok(contract) => {
            api.ask(
                ClientRequest::PutContract {
                    contract,
                    bytecode: body.to_vec(),
                },
                &headers,
            )
            .await
        }
        Err(error) => malformed(format!("contract hash: {error}")),
    }
}

async fn job(State(api): State<Api>, Path(job): Path<u64>, headers: HeaderMap) -> HttpResponse {
    api.ask(ClientRequest::Job(JobId(job)), &headers).await
}

async fn output(
    State(api): State<Api>,
    Path((job, member)): Path<(u64, u32)>,
    headers: HeaderMap,
) -> HttpResponse {
    let request = ClientRequest::Output {
        job: JobId(job),
        member: MemberIndex(member),
    };
    api.ask(request, &headers).await
}

impl Api {
    async fn ask(&self, request: ClientRequest, headers: &HeaderMap) -> HttpResponse {
        let min_block = match headers
            .get("min-block")
            .map(|value| value.to_str().ok()?.parse().ok())
        {
            None => 0,
            Some(Some(block)) => block,
            Some(None) => return malformed("header min-block is not a block number".to_owned()),
        };
        let (answer, answered) = oneshot::channel();
        if self
            .party
            .try_send(Asked {
                request,
                min_block,
                answer,
            })
            .is_err()
        {
            return error(
                ErrorCode::Unavailable,
                "the node is busy; try again".to_owned(),
            );
        }
        (self.wake)();
        match tokio::time::timeout(ANSWER_TIMEOUT, answered).await {
            Ok(Ok(response)) => http(response),
            _ => error(
                ErrorCode::Unavailable,
                "the node did not answer in time".to_owned(),
            ),
        }
    }
}

fn http(response: Response) -> HttpResponse {
    match response {
        Response::DepositAccepted(accepted) => Json(accepted).into_response(),
        Response::ContractAccepted => StatusCode::NO_CONTENT.into_response(),
        Response::Job(status) => Json(status).into_response(),
        Response::Output(output) => Json(output).into_response(),
        Response::Status(status) => Json(status).into_response(),
        Response::Error(ApiError { code, message }) => error(code, message),
    }
}

fn malformed(message: String) -> HttpResponse {
    error(ErrorCode::Malformed, message)
}

fn error(code: ErrorCode, message: String) -> HttpResponse {
    let status = match code {
        ErrorCode::Malformed => StatusCode::BAD_REQUEST,
        ErrorCode::NotAllowed => StatusCode::FORBIDDEN,
        ErrorCode::BadDealing => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, Json(ApiError { code, message })).into_response()
}

/// A token bucket for each client address.
#[derive(Default)]
struct Limiter(Mutex<BTreeMap<std::net::IpAddr, (f64, Instant)>>);

impl Limiter {
    fn admit(&self, client: std::net::IpAddr, now: Instant) -> bool {
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

async fn limit_rate(
    State(api): State<Api>,
    ConnectInfo(client): ConnectInfo<std::net::SocketAddr>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> HttpResponse {
    if api.limiter.admit(client.ip(), Instant::now()) {
        let served = async {
            let _turn = api.in_hand.acquire().await;
            next.run(request).await
        };
        match tokio::time::timeout(REQUEST_TIMEOUT, served).await {
            Ok(response) => response,
            Err(_) => error(
                ErrorCode::Unavailable,
                "the request took too long".to_owned(),
            ),
        }
    } else {
        let message = "too many requests from this address".to_owned();
        (
            StatusCode::TOO_MANY_REQUESTS,
            Json(ApiError {
                code: ErrorCode::Unavailable,
                message,
            }),
        )
            .into_response()
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
