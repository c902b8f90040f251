//! The public HTTP API. It decodes, bounds and forwards; every decision is the party's.
//!
//! `min-block` (a header) names a block the client has seen; the party answers once it has seen it too.

mod gate;
mod limits;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use enigma_core::{ClientRequest, Response};
use enigma_wire::api::signed::{self, Authorization};
use enigma_wire::api::{ApiError, Deposit, ErrorCode, MAX_BODY_BYTES};
use enigma_wire::id::{Address, Hash, JobId, MemberIndex};
use enigma_wire::output::Recipient;
use tokio::sync::{Semaphore, mpsc, oneshot};

pub(crate) use gate::Gate;
use limits::Limiter;

/// Requests the party has not taken yet; more are answered 503.
pub(crate) const QUEUE_LEN: usize = 256;
/// Longest wait for the party's answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest time from a request's first byte to its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);
/// Requests in hand at once; with the largest body this bounds their memory.
const REQUESTS_MAX: usize = 64;

/// A request on its way to the party.
pub(crate) struct Asked {
    pub(crate) request: ClientRequest,
    pub(crate) caller: Option<Address>,
    pub(crate) min_block: u64,
    pub(crate) answer: oneshot::Sender<Response>,
}

#[derive(Clone)]
struct Api {
    party: mpsc::Sender<Asked>,
    wake: enigma_net::Waker,
    gate: Arc<Gate>,
    limiter: Arc<Limiter>,
    in_hand: Arc<Semaphore>,
}

/// The API's routes.
pub(crate) fn router(party: mpsc::Sender<Asked>, wake: enigma_net::Waker, gate: Gate) -> Router {
    let api = Api {
        party,
        wake,
        gate: Arc::new(gate),
        limiter: Arc::default(),
        in_hand: Arc::new(Semaphore::new(REQUESTS_MAX)),
    };
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/deposits", post(deposit))
        .route("/v1/contracts/{hash}", get(contract).put(put_contract))
        .route("/v1/jobs/{job}", get(job))
        .route("/v1/jobs/{job}/outputs/{member}", get(output))
        .route("/v1/jobs/{job}/outputs/party/{index}", get(party_output))
        .layer(axum::middleware::from_fn_with_state(
            api.clone(),
            limit_rate,
        ))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(api)
}

async fn status(State(api): State<Api>, incoming: Incoming) -> HttpResponse {
    api.ask(ClientRequest::Status, &incoming).await
}

async fn deposit(State(api): State<Api>, incoming: Incoming) -> HttpResponse {
    match borsh::from_slice::<Deposit>(&incoming.body) {
        Ok(deposit) => {
            api.ask(ClientRequest::Deposit(Box::new(deposit)), &incoming)
                .await
        }
        Err(error) => malformed(format!("the deposit does not decode: {error}")),
    }
}

async fn contract(
    State(api): State<Api>,
    Path(contract): Path<Hash>,
    incoming: Incoming,
) -> HttpResponse {
    api.ask(ClientRequest::Contract(contract), &incoming).await
}

async fn put_contract(
    State(api): State<Api>,
    Path(contract): Path<Hash>,
    incoming: Incoming,
) -> HttpResponse {
    let request = ClientRequest::PutContract {
        contract,
        bytecode: incoming.body.to_vec(),
    };
    api.ask(request, &incoming).await
}

async fn job(State(api): State<Api>, Path(job): Path<u64>, incoming: Incoming) -> HttpResponse {
    api.ask(ClientRequest::Job(JobId(job)), &incoming).await
}

async fn output(
    State(api): State<Api>,
    Path((job, member)): Path<(u64, u32)>,
    incoming: Incoming,
) -> HttpResponse {
    let request = ClientRequest::Output {
        job: JobId(job),
        recipient: Recipient::Member(MemberIndex(member)),
    };
    api.ask(request, &incoming).await
}

async fn party_output(
    State(api): State<Api>,
    Path((job, index)): Path<(u64, u16)>,
    incoming: Incoming,
) -> HttpResponse {
    let request = ClientRequest::Output {
        job: JobId(job),
        recipient: Recipient::Party(index),
    };
    api.ask(request, &incoming).await
}

/// A request's body, and who sent it as of which block.
struct Incoming {
    /// The proof of the account, if the request is signed; checked.
    authorization: Option<Authorization>,
    min_block: u64,
    body: Bytes,
}

impl FromRequest<Api> for Incoming {
    type Rejection = HttpResponse;

    async fn from_request(
        request: axum::extract::Request,
        api: &Api,
    ) -> Result<Self, HttpResponse> {
        let (parts, body) = request.into_parts();
        let min_block = match parts.headers.get("min-block") {
            None => 0,
            Some(value) => value
                .to_str()
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| malformed("header min-block is not a block number".to_owned()))?,
        };
        let request = axum::extract::Request::from_parts(parts.clone(), body);
        let body = Bytes::from_request(request, api)
            .await
            .map_err(IntoResponse::into_response)?;
        let target = parts
            .uri
            .path_and_query()
            .map_or("", |target| target.as_str());
        let authorization = match parts.headers.get(header::AUTHORIZATION) {
            None => None,
            Some(header) => {
                let checked = api.gate.check(header, parts.method.as_str(), target, &body);
                Some(checked.map_err(refused)?)
            }
        };
        Ok(Self {
            authorization,
            min_block,
            body,
        })
    }
}

impl Api {
    async fn ask(&self, request: ClientRequest, incoming: &Incoming) -> HttpResponse {
        if let Some(authorization) = &incoming.authorization
            && let Err(error) = self.gate.remember(authorization)
        {
            return refused(error);
        }
        let (answer, answered) = oneshot::channel();
        let asked = Asked {
            request,
            caller: incoming.authorization.map(|proof| proof.account),
            min_block: incoming.min_block,
            answer,
        };
        if self.party.try_send(asked).is_err() {
            return error(
                ErrorCode::Unavailable,
                "the node is busy; try again".to_owned(),
            );
        }
        (self.wake)();
        let response = match tokio::time::timeout(ANSWER_TIMEOUT, answered).await {
            Ok(Ok(response)) => response,
            _ => {
                return error(
                    ErrorCode::Unavailable,
                    "the node did not answer in time".to_owned(),
                );
            }
        };
        if let (Some(authorization), Response::Error(error)) = (&incoming.authorization, &response)
            && error.code == ErrorCode::NotAllowed
        {
            self.gate.forget(authorization);
        }
        http(response)
    }
}

fn http(response: Response) -> HttpResponse {
    match response {
        Response::DepositAccepted(accepted) => Json(accepted).into_response(),
        Response::ContractAccepted => StatusCode::NO_CONTENT.into_response(),
        Response::Contract(bytecode) => (
            [(header::CONTENT_TYPE, "application/octet-stream")],
            bytecode,
        )
            .into_response(),
        Response::Job(status) => Json(status).into_response(),
        Response::Output(output) => Json(output).into_response(),
        Response::Status(status) => Json(status).into_response(),
        Response::Error(error) => refused(error),
    }
}

fn refused(ApiError { code, message }: ApiError) -> HttpResponse {
    error(code, message)
}

fn malformed(message: String) -> HttpResponse {
    error(ErrorCode::Malformed, message)
}

fn error(code: ErrorCode, message: String) -> HttpResponse {
    let status = match code {
        ErrorCode::Malformed => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::NotAllowed => StatusCode::FORBIDDEN,
        ErrorCode::BadDealing => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = (status, Json(ApiError { code, message })).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static(signed::SCHEME);
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
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
