//! The nodes' public API, seen from a client.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use borsh::BorshSerialize;
use enigma_bytecode::container::contract_hash;
use enigma_wire::api::signed::{self, Authorization, Request};
use enigma_wire::api::{
    ApiError, DepositAccepted, ErrorCode, JobStatus, KeptValues, NodeStatus, SealedOutput,
};
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Address, Hash, JobId, NodeId, PeerKey};
use enigma_wire::output::{PublicValue, Recipient};
use enigma_wire::sign::{SecretKey, Signature};
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;

use crate::ClientError;

/// How often a busy or unreachable node is asked again.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const TIMEOUT: Duration = Duration::from_secs(40);
/// A slow line: large bodies have as much longer.
const BYTES_A_SECOND: usize = 128 * 1024;

/// One node's API.
#[derive(Clone, Debug)]
pub(crate) struct NodeApi {
    pub(crate) node: NodeId,
    /// The node's transport key: what requests to it are signed for.
    pub(crate) peer_key: PeerKey,
    pub(crate) base: String,
    pub(crate) domain: Domain,
    pub(crate) http: reqwest::Client,
    /// The node answers once it has seen this block.
    pub(crate) min_block: u64,
}

/// Brings each node of a committee what is for it, and gathers the receipts, in the nodes' order: each is a signature over `digest`
/// by the account that stands beside its node.
///
/// # Errors
/// When a node refuses, cannot be reached, or signs something else.
pub(crate) async fn receipts(
    nodes: Vec<(NodeApi, Address)>,
    path: &'static str,
    deposits: Vec<impl BorshSerialize>,
    digest: Hash,
) -> Result<Vec<Signature>, ClientError> {
    let mut uploads = tokio::task::JoinSet::new();
    for (position, ((api, signer), deposit)) in nodes.into_iter().zip(deposits).enumerate() {
        let body = borsh::to_vec(&deposit).expect("writing to memory cannot fail");
        uploads.spawn(async move {
            let accepted = api.deposit(path, body).await;
            (position, api.node, signer, accepted)
        });
    }
    let mut receipts = vec![None; uploads.len()];
    while let Some(joined) = uploads.join_next().await {
        let (position, node, signer, accepted) =
            joined.map_err(|error| ClientError::Misuse(error.to_string()))?;
        let receipt = accepted?.receipt;
        if receipt.signer(&digest) != Some(signer) {
            return Err(ClientError::Misbehaved {
                node,
                why: "its receipt is not signed by its key".to_owned(),
            });
        }
        receipts[position] = Some(receipt);
    }
    Ok(receipts.into_iter().flatten().collect())
}

/// One request, to be sent until it is answered.
struct Call<'a> {
    method: Method,
    target: String,
    body: Vec<u8>,
    /// Who asks; public requests and those that carry their own proof are not signed.
    signer: Option<&'a SecretKey>,
}

impl NodeApi {
    /// Brings rows or parameters, in canonical form, to where they are kept: `deposits` or `parameters`.
    async fn deposit(&self, path: &str, body: Vec<u8>) -> Result<DepositAccepted, ClientError> {
        let call = Call {
            method: Method::POST,
            target: signed::target(path),
            body,
            signer: None,
        };
        self.json(&self.send(&call).await?)
    }

    pub(crate) async fn put_contract(
        &self,
        deployer: &SecretKey,
        hash: Hash,
        bytecode: &[u8],
    ) -> Result<(), ClientError> {
        let call = Call {
            method: Method::PUT,
            target: signed::target(&format!("contracts/{hash}")),
            body: bytecode.to_vec(),
            signer: Some(deployer),
        };
        self.send(&call).await?;
        Ok(())
    }

    /// A compiled contract, which is the one asked for.
    pub(crate) async fn contract(&self, hash: Hash) -> Result<Vec<u8>, ClientError> {
        let bytes = self.get(&format!("contracts/{hash}"), None).await?;
        if contract_hash(&bytes) != hash {
            return Err(ClientError::Misbehaved {
                node: self.node,
                why: format!("what it gave for contract {hash} is something else"),
            });
        }
        Ok(bytes)
    }

    /// What the node says about itself; asked once.
    pub(crate) async fn status(&self) -> Result<NodeStatus, ClientError> {
        let call = Call {
            method: Method::GET,
            target: signed::target("status"),
            body: Vec::new(),
            signer: None,
        };
        let response = self.send_once(&call).await.map_err(|(error, _)| error)?;
        self.json(&response)
    }

    pub(crate) async fn job(
        &self,
        signer: &SecretKey,
        job: JobId,
    ) -> Result<JobStatus, ClientError> {
        self.json(&self.get(&format!("jobs/{job}"), Some(signer)).await?)
    }

    pub(crate) async fn output(
        &self,
        signer: Option<&SecretKey>,
        job: JobId,
        recipient: Recipient,
    ) -> Result<SealedOutput, ClientError> {
        let path = match recipient {
            Recipient::Member { collection, member } => {
                format!("jobs/{job}/outputs/member/{collection}/{member}")
            }
            Recipient::Caller => format!("jobs/{job}/outputs/caller"),
            Recipient::Party(party) => format!("jobs/{job}/outputs/party/{party}"),
            Recipient::Public => format!("jobs/{job}/outputs/public"),
        };
        self.json(&self.get(&path, signer).await?)
    }

    /// What the node keeps of an instance beside the chain in a slot, of a map at a key.
    pub(crate) async fn kept(
        &self,
        reader: &SecretKey,
        instance: Hash,
        (slot, key): (u16, &Option<PublicValue>),
    ) -> Result<KeptValues, ClientError> {
        let key = hex::encode(borsh::to_vec(key).expect("writing to memory cannot fail"));
        let path = format!("instances/{instance}/kept/{slot}/{key}");
        self.json(&self.get(&path, Some(reader)).await?)
    }

    async fn get(&self, path: &str, signer: Option<&SecretKey>) -> Result<Vec<u8>, ClientError> {
        let call = Call {
            method: Method::GET,
            target: signed::target(path),
            body: Vec::new(),
            signer,
        };
        self.send(&call).await
    }

    /// The whole body of a good answer.
    async fn send(&self, call: &Call<'_>) -> Result<Vec<u8>, ClientError> {
        let mut pause = FIRST_PAUSE;
        let mut outcome = self.send_once(call).await;
        for _ in 1..TRIES {
            match outcome {
                // Every call is idempotent, so that asking again is safe.
                Err((_, true)) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    outcome = self.send_once(call).await;
                }
                other => return other.map_err(|(error, _)| error),
            }
        }
        outcome.map_err(|(error, _)| error)
    }

    /// The error comes with whether asking again may help.
    async fn send_once(&self, call: &Call<'_>) -> Result<Vec<u8>, (ClientError, bool)> {
        let url = format!("{}{}", self.base.trim_end_matches('/'), call.target);
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .header("min-block", self.min_block)
            .body(call.body.clone())
            .timeout(TIMEOUT + Duration::from_secs((call.body.len() / BYTES_A_SECOND) as u64));
        if let Some(signer) = call.signer {
            // Each attempt is a request of its own, with its own time and nonce.
            request = request.header(AUTHORIZATION, self.authorization(call, signer).to_string());
        }
        let lost = |error: reqwest::Error, retry| {
            let why = plain(&error);
            let node = self.node;
            (ClientError::Unreachable { node, why }, retry)
        };
        let response = request.send().await.map_err(|error| {
            let retry = error.is_connect() || error.is_request();
            lost(error, retry)
        })?;
        let status = response.status();
        // A connection may also break in the middle of the answer: that is no misbehaviour.
        let body = response.bytes().await.map_err(|error| lost(error, true))?;
        if status.is_success() {
            return Ok(body.into());
        }
        let message = match serde_json::from_slice::<ApiError>(&body) {
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
            Ok(ApiError {
                code: ErrorCode::NotFound,
                message,
            }) => {
                let node = self.node;
                return Err((ClientError::Absent { node, message }, false));
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

    fn json<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ClientError> {
        serde_json::from_slice(body).map_err(|error| ClientError::Misbehaved {
            node: self.node,
            why: format!("its answer does not decode: {error}"),
        })
    }

    fn authorization(&self, call: &Call<'_>, signer: &SecretKey) -> Authorization {
        let request = Request::new(
            self.peer_key,
            call.method.as_str(),
            &call.target,
            &call.body,
        );
        let time = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs());
        Authorization::sign(signer, &self.domain, &request, time, rand::random())
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
