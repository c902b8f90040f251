//! An endpoint between client and chain that is less obliging than the chain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

/// What the endpoint does not do.
#[derive(Debug, Default)]
pub(crate) struct Manners {
    /// Most blocks of a question about logs.
    pub(crate) most_blocks: Option<u64>,
    /// Most logs of an answer.
    pub(crate) most_logs: Option<usize>,
    /// Forwards the next transaction, but does not tell what became of it.
    pub(crate) swallow_answer: AtomicBool,
}

/// A running proxy; it ends with the test's runtime.
pub(crate) struct Proxy {
    address: SocketAddr,
    pub(crate) manners: Arc<Manners>,
}

impl Proxy {
    /// Starts a proxy to the chain at a URL.
    pub(crate) async fn start(to: String, manners: Manners) -> Self {
        let manners = Arc::new(manners);
        let state = (to, Arc::clone(&manners));
        let router = Router::new().route("/", post(forward)).with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, manners }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn forward(
    State((to, manners)): State<(String, Arc<Manners>)>,
    Json(request): Json<Value>,
) -> Response {
    let refused = |why: &str| {
        let error = json!({"code": -32005, "message": why});
        Json(json!({"jsonrpc": "2.0", "id": request["id"], "error": error})).into_response()
    };
    let of_logs = request["method"] == "eth_getLogs";
    if let (true, Some(most)) = (of_logs, manners.most_blocks) {
        let bound = |name: &str| {
            let text = request["params"][0][name].as_str().unwrap_or("0x0");
            u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a number")
        };
        if bound("toBlock") - bound("fromBlock") >= most {
            return refused("ranges over so many blocks are for paying customers");
        }
    }
    let (_, text) = super::post(&to, request.to_string().into_bytes()).await;
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    if let (true, Some(most)) = (of_logs, manners.most_logs)
        && answer["result"]
            .as_array()
            .is_some_and(|logs| logs.len() > most)
    {
        return refused("query returned too much");
    }
    let sends = request["method"] == "eth_sendRawTransaction";
    if sends && manners.swallow_answer.swap(false, Ordering::SeqCst) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    Json(answer).into_response()
}
