//! The public HTTP API. It decodes, bounds and forwards; every decision is the party's.
//!
//! `min-block` (a header) names a block the client has seen; the party answers once it has seen it too.

mod answers;
mod gate;
mod limits;
mod openapi;
mod patient;
mod serve;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use enigma_core::{ClientRequest, Response, Standing};
use enigma_wire::api::signed::{self, Authorization};
use enigma_wire::api::{ApiError, Deposit, ErrorCode, NodeStatus, ParametersDeposit};
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex};
use enigma_wire::output::Recipient;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot};

use crate::NodeConfig;
use crate::telemetry::{Telemetry, unix_now};

use answers::{ROOM, Room};
pub(crate) use gate::Gate;
use limits::Limiter;
pub use openapi::description;
pub(crate) use serve::{Limits, serve};

/// Requests the party has not taken yet; more are answered 503.
pub(crate) const QUEUE_LEN: usize = 256;
/// Longest wait for the party's answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest time from a request's turn to its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);
/// Longest time from a request's head to the end of its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);
/// The same for large ones.
const LARGE_BODY_TIMEOUT: Duration = Duration::from_secs(80);
/// Bodies longer than this are large, and so are those that do not say how long they are.
const LARGE_BODY_BYTES: u64 = 2 * 1024 * 1024;
/// Large bodies that are in memory at once.
const LARGE_BODIES: usize = 16;
/// Longest wait of a request for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

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
    wake: crate::driver::Waker,
    gate: Arc<Gate>,
    telemetry: Arc<Telemetry>,
    limiter: Arc<Limiter>,
    in_hand: Arc<Semaphore>,
    /// Places of large bodies.
    large: Arc<Semaphore>,
    /// Of large answers that are on their way.
    answers: Room,
    /// Longest body, in bytes.
    body_max: usize,
}

/// The API's routes.
pub(crate) fn router(
    party: mpsc::Sender<Asked>,
    wake: crate::driver::Waker,
    gate: Gate,
    telemetry: Arc<Telemetry>,
    config: &NodeConfig,
) -> Router {
    let api = Api::new(party, wake, gate, telemetry, config);
    Router::new()
        .route("/v1/openapi.json", get(openapi))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/v1/status", get(status))
        .route("/v1/deposits", post(deposit))
        .route("/v1/parameters", post(parameters))
        .route("/v1/contracts/{hash}", get(contract).put(put_contract))
        .route("/v1/instances/{hash}/kept/{slot}/{key}", get(kept))
        .route("/v1/jobs/{job}", get(job))
        .route("/v1/jobs/{job}/outputs/public", get(public_output))
        .route("/v1/jobs/{job}/outputs/caller", get(caller_output))
        .route(
            "/v1/jobs/{job}/outputs/member/{collection}/{member}",
            get(output),
        )
        .route("/v1/jobs/{job}/outputs/party/{index}", get(party_output))
        .fallback(nothing_here)
        .layer(axum::middleware::from_fn_with_state(api.clone(), limit))
        .layer(DefaultBodyLimit::max(api.body_max))
        .with_state(api)
}

async fn nothing_here(uri: Uri) -> HttpResponse {
    let message = format!("there is nothing at {}", uri.path());
    error(ErrorCode::NotFound, message)
}

/// This description.
async fn openapi() -> HttpResponse {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, description()).into_response()
}

/// The process answers.
async fn health() -> &'static str {
    "ok"
}

/// The node can be sent work: the chain answers and the disk takes writes.
async fn ready(State(api): State<Api>) -> HttpResponse {
    match api.telemetry.unready() {
        None => "ready".into_response(),
        Some(why) => error(ErrorCode::Unavailable, why),
    }
}

/// What the node says about itself. For everybody.
async fn status(State(api): State<Api>, incoming: Incoming) -> HttpResponse {
    api.ask(ClientRequest::Status, &incoming).await
}

/// Keeps an owner's row and signs a receipt. The deposit carries its owner's signature and member proof.
async fn deposit(State(api): State<Api>, incoming: Incoming) -> HttpResponse {
    match borsh::from_slice::<Deposit>(&incoming.body) {
        Ok(deposit) => {
            api.ask(ClientRequest::Deposit(Box::new(deposit)), &incoming)
                .await
        }
        Err(error) => malformed(format!("the deposit does not decode: {error}")),
    }
}

/// Keeps the private parameters of a call and signs a receipt. The deposit carries its caller's signature.
async fn parameters(State(api): State<Api>, incoming: Incoming) -> HttpResponse {
    match borsh::from_slice::<ParametersDeposit>(&incoming.body) {
        Ok(deposit) => {
            let request = ClientRequest::DepositParameters(Box::new(deposit));
            api.ask(request, &incoming).await
        }
        Err(error) => malformed(format!("the parameters do not decode: {error}")),
    }
}

/// A compiled contract that is kept here. For everybody: check its hash.
async fn contract(
    State(api): State<Api>,
    Place(contract): Place<Hash>,
    incoming: Incoming,
) -> HttpResponse {
    api.ask(ClientRequest::Contract(contract), &incoming).await
}

/// Keeps a compiled contract whose hash is published. For an account that deployed an instance of it.
async fn put_contract(
    State(api): State<Api>,
    Place(contract): Place<Hash>,
    incoming: Incoming,
) -> HttpResponse {
    let request = ClientRequest::PutContract {
        contract,
        bytecode: incoming.body.to_vec(),
    };
    api.ask(request, &incoming).await
}

/// What is kept beside the chain in a slot, of a map at a key: hexadecimal borsh of an optional public value. For accounts that the
/// contract lets read it.
async fn kept(
    State(api): State<Api>,
    Place((instance, slot, key)): Place<(Hash, u16, String)>,
    incoming: Incoming,
) -> HttpResponse {
    let key = hex::decode(key).ok();
    match key.and_then(|key| borsh::from_slice(&key).ok()) {
        Some(key) => {
            let request = ClientRequest::Kept {
                instance,
                slot,
                key,
            };
            api.ask(request, &incoming).await
        }
        None => malformed("the key does not decode".to_owned()),
    }
}

/// How a job stands here. For its requester, the openers of its collections and their members.
async fn job(State(api): State<Api>, Place(job): Place<u64>, incoming: Incoming) -> HttpResponse {
    api.ask(ClientRequest::Job(JobId(job)), &incoming).await
}

/// A member's sealed output of a settled job. For that member.
async fn output(
    State(api): State<Api>,
    Place((job, collection, member)): Place<(u64, u64, u32)>,
    incoming: Incoming,
) -> HttpResponse {
    let recipient = Recipient::Member {
        collection: CollectionId(collection),
        member: MemberIndex(member),
    };
    api.ask_output(job, recipient, &incoming).await
}

/// A party's sealed output of a settled job. For that party.
async fn party_output(
    State(api): State<Api>,
    Place((job, index)): Place<(u64, u16)>,
    incoming: Incoming,
) -> HttpResponse {
    api.ask_output(job, Recipient::Party(index), &incoming)
        .await
}

/// What a settled job shows to who asked for it, sealed. For that account.
async fn caller_output(
    State(api): State<Api>,
    Place(job): Place<u64>,
    incoming: Incoming,
) -> HttpResponse {
    api.ask_output(job, Recipient::Caller, &incoming).await
}

/// What a settled job shows to everyone, in the clear. For everybody.
async fn public_output(
    State(api): State<Api>,
    Place(job): Place<u64>,
    incoming: Incoming,
) -> HttpResponse {
    api.ask_output(job, Recipient::Public, &incoming).await
}

/// What a path names; a path that names nothing is answered as every other bad request is.
struct Place<T>(T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for Place<T> {
    type Rejection = HttpResponse;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, HttpResponse> {
        match Path::from_request_parts(parts, api).await {
            Ok(Path(place)) => Ok(Self(place)),
            Err(rejection) => Err(malformed(rejection.body_text())),
        }
    }
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
            .map_err(|rejection| api.bad_body(&rejection))?;
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
    fn new(
        party: mpsc::Sender<Asked>,
        wake: crate::driver::Waker,
        gate: Gate,
        telemetry: Arc<Telemetry>,
        config: &NodeConfig,
    ) -> Self {
        Self {
            party,
            wake,
            gate: Arc::new(gate),
            telemetry,
            limiter: Arc::new(Limiter::new(config.api_rate, config.api_burst)),
            in_hand: Arc::new(Semaphore::new(config.api_requests as usize)),
            large: Arc::new(Semaphore::new(LARGE_BODIES)),
            answers: Room::new(ROOM),
            body_max: config.api_body_bytes as usize,
        }
    }

    /// Serves a request when it is its turn. Its body comes first, so that a slow one holds nothing but
    /// its connection, and if it is large one of few places.
    async fn serve(
        &self,
        client: IpAddr,
        request: axum::extract::Request,
        next: axum::middleware::Next,
    ) -> HttpResponse {
        if request.uri().path() == "/health" {
            // However busy the node is, it is alive.
            return next.run(request).await;
        }
        let len = axum::body::HttpBody::size_hint(request.body()).upper();
        let is_large = len.is_none_or(|len| len > LARGE_BODY_BYTES);
        let (_place, patience) = match is_large {
            false => (None, BODY_TIMEOUT),
            true => match turn(&self.large).await {
                Ok(place) => (Some(place), LARGE_BODY_TIMEOUT),
                Err(busy) => return busy,
            },
        };
        let request = match self.whole(request, patience).await {
            Ok(request) => request,
            Err(refusal) => return refusal,
        };
        let _turn = match turn(&self.in_hand).await {
            Ok(turn) => turn,
            Err(busy) => return busy,
        };
        match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
            Ok(response) => self.answers.hold(client, response).unwrap_or_else(busy),
            Err(_) => error(
                ErrorCode::Unavailable,
                "the request took too long".to_owned(),
            ),
        }
    }

    /// The request with its body in memory, which the limits on bodies and the number of connections bound.
    async fn whole(
        &self,
        request: axum::extract::Request,
        patience: Duration,
    ) -> Result<axum::extract::Request, HttpResponse> {
        let (parts, body) = request.into_parts();
        let request = axum::extract::Request::from_parts(parts.clone(), body);
        match tokio::time::timeout(patience, Bytes::from_request(request, self)).await {
            Ok(Ok(body)) => Ok(axum::extract::Request::from_parts(parts, body.into())),
            Ok(Err(rejection)) => Err(self.bad_body(&rejection)),
            Err(_) => Err(error(
                ErrorCode::Unavailable,
                "the request's body took too long".to_owned(),
            )),
        }
    }

    fn bad_body(&self, rejection: &BytesRejection) -> HttpResponse {
        let mut refusal = malformed(match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                format!("the body is longer than {} bytes", self.body_max)
            }
            _ => rejection.body_text(),
        });
        *refusal.status_mut() = rejection.status();
        refusal
    }

    /// For what a job holds for somebody.
    async fn ask_output(
        &self,
        job: u64,
        recipient: Recipient,
        incoming: &Incoming,
    ) -> HttpResponse {
        let job = JobId(job);
        self.ask(ClientRequest::Output { job, recipient }, incoming)
            .await
    }

    async fn ask(&self, request: ClientRequest, incoming: &Incoming) -> HttpResponse {
        // A condition is judged for each question, which needs a proof of its own: it is not given back.
        let is_kept = matches!(request, ClientRequest::Kept { .. });
        // What everybody may ask needs no proof, so that proofs offered for it are not kept in mind.
        let proof = incoming.authorization.as_ref().filter(|_| {
            use ClientRequest::{Job, Kept, Output, PutContract};
            match request {
                Output { recipient, .. } => recipient != Recipient::Public,
                Job(_) | PutContract { .. } | Kept { .. } => true,
                _ => false,
            }
        });
        if let Some(proof) = proof
            && let Err(error) = self.gate.remember(proof)
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
            return busy();
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
        if let (Some(proof), Response::Error(error)) = (proof, &response)
            && matches!(error.code, ErrorCode::NotAllowed | ErrorCode::NotFound)
            && !is_kept
        {
            self.gate.forget(proof);
        }
        self.http(response)
    }

    fn http(&self, response: Response) -> HttpResponse {
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
            Response::Kept(values) => Json(values).into_response(),
            Response::Status(standing) => Json(self.status(standing)).into_response(),
            Response::Error(error) => refused(error),
        }
    }

    /// What the party says, and what only the process knows.
    fn status(&self, standing: Standing) -> NodeStatus {
        NodeStatus {
            node: standing.node,
            version: standing.version,
            protocol: enigma_net::PROTOCOL_VERSION.into(),
            block: standing.block,
            time: unix_now(),
            jobs: standing.jobs,
            links: standing.links,
            peers: self.telemetry.peers(),
        }
    }
}

/// A place, once one is free.
async fn turn(places: &Semaphore) -> Result<SemaphorePermit<'_>, HttpResponse> {
    match tokio::time::timeout(TURN_TIMEOUT, places.acquire()).await {
        Ok(Ok(place)) => Ok(place),
        _ => Err(busy()),
    }
}

fn busy() -> HttpResponse {
    let message = "the node is busy; try again".to_owned();
    error(ErrorCode::Unavailable, message)
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
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let seconds = HeaderValue::from_static("1");
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static(signed::SCHEME);
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

/// Every request passes here: it is let in or refused, timed and counted.
async fn limit(
    State(api): State<Api>,
    ConnectInfo(client): ConnectInfo<std::net::SocketAddr>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> HttpResponse {
    let (start, route) = (Instant::now(), route(request.uri().path()));
    let response = if api.limiter.admit(client.ip(), start) {
        api.serve(client.ip(), request, next).await
    } else {
        let message = "too many requests from this address; slow down".to_owned();
        let mut refusal = error(ErrorCode::Unavailable, message);
        *refusal.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        refusal
    };
    let status = response.status().as_u16();
    api.telemetry.request(route, status, start.elapsed());
    response
}

/// What a request is counted as.
fn route(path: &str) -> &'static str {
    let kinds = [
        ("/v1/deposits", "deposits"),
        ("/v1/parameters", "parameters"),
        ("/v1/contracts/", "contracts"),
        ("/v1/instances/", "instances"),
        ("/v1/jobs/", "jobs"),
        ("/v1/status", "status"),
        ("/health", "health"),
        ("/ready", "ready"),
    ];
    let kind = kinds.iter().find(|(start, _)| path.starts_with(start));
    match kind {
        Some((_, "jobs")) if path.contains("/outputs/") => "outputs",
        Some((_, kind)) => kind,
        None => "other",
    }
}
