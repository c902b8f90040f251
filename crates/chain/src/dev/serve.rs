//! The door: JSON-RPC over HTTP and, at the same address, over WebSockets.

use std::sync::{Arc, PoisonError};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use tokio::sync::watch;

use super::Host;
use super::rpc::{answer, error, failure};

/// Largest request.
const MAX_BODY_BYTES: usize = 4 << 20;

/// What every connection shares.
#[derive(Clone)]
struct Shared {
    host: Host,
    /// Changes, or loses its sender, when the chain stops.
    ended: watch::Receiver<()>,
}

/// Routes for a chain that ends when `ended` does.
pub(super) fn router(host: Host, ended: watch::Receiver<()>) -> Router {
    Router::new()
        .route("/", post(over_http).get(over_socket))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Shared { host, ended })
}

/// What a body is answered with.
enum Answer {
    Some(Value),
    /// Nothing was asked that wants an answer.
    Nothing,
    /// The chain is over.
    Stopped,
}

async fn over_http(State(shared): State<Shared>, body: Result<Bytes, BytesRejection>) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            let status = rejection.status();
            let message = match status {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    format!("the request is larger than {MAX_BODY_BYTES} bytes")
                }
                _ => "the request could not be read".to_owned(),
            };
            let answer = error(&Value::Null, failure(-32600, message));
            return (status, Json(answer)).into_response();
        }
    };
    match respond(&shared.host, body).await {
        Answer::Some(answer) => Json(answer).into_response(),
        Answer::Nothing => StatusCode::NO_CONTENT.into_response(),
        Answer::Stopped => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn over_socket(State(shared): State<Shared>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .max_message_size(MAX_BODY_BYTES)
        .on_upgrade(|socket| converse(socket, shared))
}

/// One request after the other: a client that does not read its answers is not read from.
async fn converse(mut socket: WebSocket, mut shared: Shared) {
    loop {
        let message = tokio::select! {
            message = socket.recv() => message,
            _ = shared.ended.changed() => return,
        };
        let body = match message {
            Some(Ok(Message::Text(text))) => Bytes::from(text),
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return,
        };
        let sent = match respond(&shared.host, body).await {
            Answer::Some(answer) => socket.send(Message::text(answer.to_string())).await,
            Answer::Nothing => Ok(()),
            Answer::Stopped => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn respond(host: &Host, body: Bytes) -> Answer {
    let host = Arc::clone(host);
    // Execution takes milliseconds and the disk is waited for: not on the runtime's own threads.
    let answered = tokio::task::spawn_blocking(move || {
        let mut machine = host.lock().unwrap_or_else(PoisonError::into_inner);
        match machine.as_mut() {
            Some(machine) => answer(machine, &body).map_or(Answer::Nothing, Answer::Some),
            None => Answer::Stopped,
        }
    });
    answered
        .await
        .unwrap_or_else(|_| Answer::Some(error(&Value::Null, failure(-32603, "internal error"))))
}
