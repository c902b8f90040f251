//! JSON-RPC requests to one endpoint, over HTTP or a WebSocket, through lost connections.

use std::fmt;
use std::time::Duration;

use alloy::rpc::client::{ClientBuilder, RpcClient};
use alloy::rpc::json_rpc::{ErrorPayload, RpcRecv, RpcSend};
use alloy::transports::RpcError;
use alloy_transport_ws::{WebSocketConfig, WsConnect};
use tokio::sync::Mutex;

use crate::ChainError;

/// Longest wait for an answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);
/// Largest answer over a WebSocket: logs come many at a time.
const MAX_ANSWER_BYTES: usize = 128 << 20;
/// Longest quotation of a strange answer.
const QUOTE_LEN: usize = 200;

/// A JSON-RPC endpoint. Connects when it is asked and again after the connection was lost.
pub(crate) struct Endpoint {
    url: String,
    way: Way,
    link: Mutex<Option<RpcClient>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Http,
    WebSocket,
}

/// Why a request has no result.
#[derive(Debug)]
pub(crate) enum Fault {
    /// No answer came, or one that is no JSON-RPC.
    Silent(String),
    /// The endpoint answered with an error.
    Refused(ErrorPayload),
}

impl Endpoint {
    /// An endpoint by its URL; nothing is asked yet.
    ///
    /// # Errors
    /// When the URL is not one of `http` or `ws`.
    pub(crate) fn new(url: &str) -> Result<Self, ChainError> {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        let way = match scheme {
            Some("http") => Way::Http,
            Some("ws") => Way::WebSocket,
            Some("https" | "wss") => {
                return Err(ChainError::Misuse(format!(
                    "{url}: this program speaks to chains without TLS; name a node or a proxy on this machine by http:// or ws://"
                )));
            }
            _ => {
                return Err(ChainError::Misuse(format!(
                    "{url:?} is not a URL that begins with http:// or ws://"
                )));
            }
        };
        Ok(Self {
            url: url.to_owned(),
            way,
            link: Mutex::default(),
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Asks once, and once more on a new connection when one that was open before has gone silent.
    /// Requests must therefore be harmless when they are made twice: a signed transaction is.
    pub(crate) async fn ask<R: RpcRecv>(
        &self,
        method: &'static str,
        params: impl RpcSend,
    ) -> Result<R, Fault> {
        let (link, was_open) = self.link().await?;
        match request(&link, method, params.clone()).await {
            Err(Fault::Silent(why)) => {
                *self.link.lock().await = None;
                if !was_open {
                    return Err(Fault::Silent(why));
                }
                let (link, _) = self.link().await?;
                request(&link, method, params).await
            }
            other => other,
        }
    }

    /// The connection, and whether it was there already.
    async fn link(&self) -> Result<(RpcClient, bool), Fault> {
        let mut link = self.link.lock().await;
        if let Some(open) = &*link {
            return Ok((open.clone(), true));
        }
        let new = match self.way {
            Way::Http => {
                let url = self.url.parse();
                let url = url.map_err(|_| Fault::Silent("the URL does not parse".to_owned()))?;
                ClientBuilder::default().http(url)
            }
            Way::WebSocket => {
                // Lost connections are dealt with here; the library tries once by itself.
                let config = WebSocketConfig::default()
                    .max_frame_size(Some(MAX_ANSWER_BYTES))
                    .max_message_size(Some(MAX_ANSWER_BYTES));
                let connect = WsConnect::new(&self.url)
                    .with_config(config)
                    .with_max_retries(1);
                let connecting = ClientBuilder::default().pubsub(connect);
                match tokio::time::timeout(ANSWER_PATIENCE, connecting).await {
                    Ok(connected) => connected.map_err(Fault::from)?,
                    Err(_) => return Err(Fault::Silent("it does not let us connect".to_owned())),
                }
            }
        };
        *link = Some(new.clone());
        Ok((new, false))
    }
}

async fn request<R: RpcRecv>(
    link: &RpcClient,
    method: &'static str,
    params: impl RpcSend,
) -> Result<R, Fault> {
    let asking = link.request(method, params);
    match tokio::time::timeout(ANSWER_PATIENCE, asking).await {
        Ok(answer) => answer.map_err(Fault::from),
        Err(_) => Err(Fault::Silent(format!(
            "no answer to {method} within {} s",
            ANSWER_PATIENCE.as_secs()
        ))),
    }
}

impl<E: fmt::Display> From<RpcError<E>> for Fault {
    fn from(error: RpcError<E>) -> Self {
        match error {
            RpcError::ErrorResp(payload) => Self::Refused(payload),
            other => {
                let why = other.to_string();
                let short: String = why.chars().take(QUOTE_LEN).collect();
                Self::Silent(short)
            }
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.url)
    }
}
