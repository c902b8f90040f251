//! The nodes' public API, seen from a client.

use std::time::Duration;

use enigma_wire::api::{
    ApiError, Deposit, DepositAccepted, ErrorCode, JobStatus, SealedOutput, VERSION,
};
use enigma_wire::id::{Hash, JobId, MemberIndex, NodeId};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::ClientError;

/// How often a busy or unreachable node is asked again.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const TIMEOUT: Duration = Duration::from_secs(40);

/// One node's API.
#[derive(Clone, Debug)]
pub(crate) struct NodeApi {
    pub(crate) node: NodeId,
    base: String,
    http: reqwest::Client,
    min_block: u64,
}

impl NodeApi {
    /// `min_block`: the node answers once it has seen this block.
    pub(crate) fn new(node: NodeId, base: &str, http: reqwest::Client, min_block: u64) -> Self {
        Self {
            node,
            base: base.trim_end_matches('/').to_owned(),
            http,
            min_block,
        }
    }

    pub(crate) async fn deposit(&self, deposit: &Deposit) -> Result<DepositAccepted, ClientError> {
        let body = borsh::to_vec(deposit).expect("writing to memory cannot fail");
        let request = || self.http.post(self.url("deposits")).body(body.clone());
        self.json(self.send(request).await?).await
    }

    pub(crate) async fn put_contract(
        &self,
        hash: Hash,
        bytecode: &[u8],
    ) -> Result<(), ClientError> {
        let url = self.url(&format!("contracts/{hash}"));
        self.send(|| self.http.put(&url).body(bytecode.to_vec()))
            .await?;
        Ok(())
    }

    pub(crate) async fn job(&self, job: JobId) -> Result<JobStatus, ClientError> {
        let url = self.url(&format!("jobs/{job}"));
        self.json(self.send(|| self.http.get(&url)).await?).await
    }

    pub(crate) async fn output(
        &self,
        job: JobId,
        member: MemberIndex,
    ) -> Result<SealedOutput, ClientError> {
        let url = self.url(&format!("jobs/{job}/outputs/{member}"));
        self.json(self.send(|| self.http.get(&url)).await?).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{VERSION}/{path}", self.base)
    }

    async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, ClientError> {
        let mut pause = FIRST_PAUSE;
        let mut outcome = self.send_once(&request).await;
        for _ in 1..TRIES {
            match outcome {
                // Every call is idempotent, so that asking again is safe.
                Err((_, true)) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    outcome = self.send_once(&request).await;
                }
                other => return other.map_err(|(error, _)| error),
            }
        }
        outcome.map_err(|(error, _)| error)
    }

    /// The error comes with whether asking again may help.
    async fn send_once(
        &self,
        request: &impl Fn() -> RequestBuilder,
    ) -> Result<Response, (ClientError, bool)> {
        let request = request()
            .header("min-block", self.min_block)
            .timeout(TIMEOUT);
        let response = request.send().await.map_err(|error| {
            let retry = error.is_connect() || error.is_request();
            (
                ClientError::Unreachable {
                    node: self.node,
                    why: plain(&error),
                },
                retry,
            )
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let message = match response.json::<ApiError>().await {
            Ok(ApiError {
                code: ErrorCode::Unavailable,
                message,
            }) => {
                return Err((
                    ClientError::Unreachable {
                        node: self.node,
                        why: message,
                    },
                    true,
                ));
            }
            Ok(error) => error.message,
            Err(_) => status.to_string(),
        };
        let retry = status == StatusCode::TOO_MANY_REQUESTS;
        Err((
            ClientError::Refused {
                node: self.node,
                message,
            },
            retry,
        ))
    }

    async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T, ClientError> {
        response
            .json()
            .await
            .map_err(|error| ClientError::Misbehaved {
                node: self.node,
                why: format!("its answer does not decode: {}", plain(&error)),
            })
    }
}

/// The innermost cause says most to a person.
fn plain(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
