//! The API over loopback, with a real party behind it: who is let in, and what everybody else hears.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use enigma_core::{Config, Effect, Input, Keys, Millis, Outcome, Party, ReplyId, Timeouts};
use enigma_wire::controller::{BlockEvents, CollectionTerms, Event, JobRequest};
use enigma_wire::eip712::Domain;
use enigma_wire::id::{CollectionId, PeerKey};
use enigma_wire::seal::SealSecret;
use enigma_wire::sign::SecretKey;
use reqwest::Method;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::*;

const DOMAIN: Domain = Domain {
    chain_id: 31_337,
    controller: Address([0x11; 20]),
};
const NODE: PeerKey = PeerKey([0x22; 32]);
const JOB: &str = "/v1/jobs/1";

fn requester() -> SecretKey {
    SecretKey::from_bytes(&[7; 32]).expect("a valid key")
}

fn stranger() -> SecretKey {
    SecretKey::from_bytes(&[8; 32]).expect("a valid key")
}

/// One job of one collection, requested by [`requester`].
fn block() -> BlockEvents {
    let instance = Hash([3; 32]);
    let deployed = Event::InstanceDeployed {
        instance,
        contract: Hash([4; 32]),
        deployer: requester().address(),
        nonce: 0,
        committee_size: 3,
        parties: Vec::new(),
        draw_block: 6,
    };
    let opened = Event::CollectionOpened {
        collection: CollectionId(1),
        opener: requester().address(),
        terms: CollectionTerms {
            instance,
            slot: 0,
            member_root: Hash([5; 32]),
            member_count: 3,
            min_rows: 3,
        },
    };
    let requested = Event::JobRequested {
        job: JobId(1),
        requester: requester().address(),
        request: JobRequest {
            instance,
            entry: 0,
            collections: vec![CollectionId(1)],
            arguments: Vec::new(),
            seal_key: None,
            changes: false,
            pays: 0,
            deadline: u64::MAX,
        },
        fee: 1,
        use_indexes: vec![0],
    };
    BlockEvents {
        number: 5,
        time: 5,
        hash: Hash([6; 32]),
        events: vec![deployed, opened, requested],
    }
}

/// A party that answers requests and has an empty disk.
async fn party(mut requests: mpsc::Receiver<Asked>) {
    let config = Config {
        peer_key: NODE,
        domain: DOMAIN,
        timeouts: Timeouts::default(),
        version: "0".to_owned(),
    };
    let keys = Keys {
        signer: stranger(),
        seal: SealSecret::from_bytes(&[1; 32]),
    };
    let mut party = Party::new(config, keys, [0; 32]);
    let caught_up = true;
    party.handle(
        Millis(0),
        Input::Chain {
            block: block(),
            caught_up,
        },
    );
    let mut unanswered = Vec::new();
    while let Some(asked) = requests.recv().await {
        let mut answer = Some(asked.answer);
        let input = Input::Client {
            reply: ReplyId(1),
            request: asked.request,
            caller: asked.caller,
            min_block: asked.min_block,
        };
        party.handle(Millis(0), input);
        while let Some(effect) = party.next_effect() {
            match effect {
                Effect::Load { id, .. } => {
                    let outcome = Outcome::Loaded(Vec::new());
                    party.handle(Millis(0), Input::Done { id, outcome });
                }
                Effect::Reply { response, .. } => {
                    let answer = answer.take().expect("one answer");
                    answer.send(response).expect("somebody waits");
                }
                _ => {}
            }
        }
        // Who asks for a later block waits.
        unanswered.extend(answer);
    }
}

/// A served API with the usual limits.
async fn serve() -> SocketAddr {
    serve_with(|config| config).await
}

/// A served API; gone with the test's runtime.
async fn serve_with(change: impl FnOnce(NodeConfig) -> NodeConfig) -> SocketAddr {
    let (requests_in, requests) = mpsc::channel(8);
    tokio::spawn(party(requests));
    let config = change(NodeConfig::new(
        "http://chain".to_owned(),
        DOMAIN.controller,
    ));
    let gate = Gate::new(DOMAIN, NODE);
    let router = router(requests_in, Arc::new(|| {}), gate, Arc::default(), &config);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (keep, ended) = tokio::sync::watch::channel(());
    tokio::spawn(async move {
        super::serve(listener, router, Limits::from(&config), ended).await;
        drop(keep);
    });
    address
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

/// The header for a request for the job.
fn signed_by(key: &SecretKey, time: u64) -> String {
    let request = signed::Request::new(NODE, "GET", JOB, b"");
    Authorization::sign(key, &DOMAIN, &request, time, rand::random()).to_string()
}

async fn send(
    address: SocketAddr,
    method: Method,
    path: &str,
    authorization: Option<&str>,
) -> reqwest::Response {
    let client = reqwest::Client::new();
    let mut request = client.request(method, format!("http://{address}{path}"));
    if let Some(header) = authorization {
        request = request.header("authorization", header);
    }
    request.send().await.expect("an answer")
}

#[track_caller]
fn error_of(status: StatusCode, error: &ApiError, expected: (u16, ErrorCode), words: &str) {
    assert_eq!((status.as_u16(), error.code), expected, "{}", error.message);
    assert!(error.message.contains(words), "{}", error.message);
}

async fn refusal(response: reqwest::Response) -> (StatusCode, ApiError) {
    let status = response.status();
    (status, response.json().await.expect("an error object"))
}

const UNAUTHENTICATED: (u16, ErrorCode) = (401, ErrorCode::Unauthenticated);

#[tokio::test]
async fn a_signed_request_is_answered_once() {
    let address = serve().await;
    let header = signed_by(&requester(), now());
    let response = send(address, Method::GET, JOB, Some(&header)).await;
    assert_eq!(response.status(), 200);
    let status: enigma_wire::api::JobStatus = response.json().await.expect("a status");
    assert_eq!(status.job, JobId(1));
    let (status, error) = refusal(send(address, Method::GET, JOB, Some(&header)).await).await;
    error_of(status, &error, UNAUTHENTICATED, "made before");
}

#[tokio::test]
async fn an_unsigned_request_is_told_to_sign() {
    let address = serve().await;
    let response = send(address, Method::GET, JOB, None).await;
    assert_eq!(response.headers()["www-authenticate"], "Enigma");
    let (status, error) = refusal(response).await;
    error_of(status, &error, UNAUTHENTICATED, "must be signed");
    let (status, error) = refusal(send(address, Method::GET, JOB, Some("Bearer x")).await).await;
    error_of(
        status,
        &error,
        UNAUTHENTICATED,
        "ACCOUNT TIME NONCE SIGNATURE",
    );
}

#[tokio::test]
async fn an_old_request_hears_both_clocks() {
    let address = serve().await;
    let old = now() - signed::CLOCK_TOLERANCE_SECONDS - 5;
    let header = signed_by(&requester(), old);
    let (status, error) = refusal(send(address, Method::GET, JOB, Some(&header)).await).await;
    error_of(status, &error, UNAUTHENTICATED, &old.to_string());
    assert!(
        error.message.contains("this node's clock says"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_request_holds_for_its_node_its_path_and_its_body_only() {
    let address = serve().await;
    let elsewhere = signed::Request::new(PeerKey([0x23; 32]), "GET", JOB, b"");
    let header = Authorization::sign(&requester(), &DOMAIN, &elsewhere, now(), 1).to_string();
    let (status, error) = refusal(send(address, Method::GET, JOB, Some(&header)).await).await;
    error_of(status, &error, UNAUTHENTICATED, "to this node");

    let header = signed_by(&requester(), now());
    let other = send(address, Method::GET, "/v1/jobs/1?x", Some(&header)).await;
    let (status, error) = refusal(other).await;
    error_of(status, &error, UNAUTHENTICATED, "over this request");

    let path = format!("/v1/contracts/{}", Hash([4; 32]));
    let request = signed::Request::new(NODE, "PUT", &path, b"one body");
    let header = Authorization::sign(&requester(), &DOMAIN, &request, now(), 2).to_string();
    let (status, error) = refusal(send(address, Method::PUT, &path, Some(&header)).await).await;
    error_of(status, &error, UNAUTHENTICATED, "over this request");
}

#[tokio::test]
async fn the_wrong_account_is_refused_every_time_and_named() {
    let address = serve().await;
    let header = signed_by(&stranger(), now());
    for _ in 0..2 {
        let (status, error) = refusal(send(address, Method::GET, JOB, Some(&header)).await).await;
        let account = stranger().address().to_string();
        error_of(status, &error, (403, ErrorCode::NotAllowed), &account);
    }
}

#[tokio::test]
async fn status_and_contracts_are_for_everybody() {
    let address = serve().await;
    let response = send(address, Method::GET, "/v1/status", None).await;
    assert_eq!(response.status(), 200);
    let path = format!("/v1/contracts/{}", Hash([4; 32]));
    let (status, error) = refusal(send(address, Method::GET, &path, None).await).await;
    error_of(status, &error, (404, ErrorCode::NotFound), "not kept here");
}

#[tokio::test]
async fn liveness_is_for_everybody_and_readiness_needs_the_chain() {
    let address = serve().await;
    assert_eq!(
        send(address, Method::GET, "/health", None).await.status(),
        200
    );
    let (status, error) = refusal(send(address, Method::GET, "/ready", None).await).await;
    error_of(status, &error, (503, ErrorCode::Unavailable), "chain");
}

#[tokio::test]
async fn requests_over_the_rate_are_told_to_slow_down() {
    let address = serve_with(|config| NodeConfig {
        api_rate: 1,
        api_burst: 1,
        ..config
    })
    .await;
    assert_eq!(
        send(address, Method::GET, "/health", None).await.status(),
        200
    );
    let mut refused = false;
    for _ in 0..20 {
        refused |= send(address, Method::GET, "/health", None).await.status() == 429;
    }
    assert!(refused);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let address = serve_with(|config| NodeConfig {
        api_body_bytes: 1_000,
        ..config
    })
    .await;
    let client = reqwest::Client::new();
    let url = format!("http://{address}/v1/deposits");
    let response = client.post(url).body(vec![0; 1_001]).send().await;
    let (status, error) = refusal(response.expect("an answer")).await;
    error_of(status, &error, (413, ErrorCode::Malformed), "1000 bytes");
}

/// An API that takes one request in hand at a time.
async fn serve_one_at_a_time() -> SocketAddr {
    serve_with(|config| NodeConfig {
        api_requests: 1,
        ..config
    })
    .await
}

#[tokio::test]
async fn a_body_that_does_not_come_keeps_nobody_waiting() {
    let address = serve_one_at_a_time().await;
    let mut slow = tokio::net::TcpStream::connect(address)
        .await
        .expect("let in");
    let head = "POST /v1/deposits HTTP/1.1\r\nhost: node\r\ncontent-length: 100\r\n\r\nsome";
    slow.write_all(head.as_bytes()).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let start = Instant::now();
    let response = send(address, Method::GET, "/v1/status", None).await;
    assert_eq!(response.status(), 200);
    assert!(start.elapsed() < TURN_TIMEOUT / 2, "{:?}", start.elapsed());
}

/// Large bodies have places of their own: they wait for each other, and nobody else waits for them.
#[tokio::test]
async fn large_bodies_are_few_at_once() {
    let address = serve_with(|config| config).await;
    let mut slow = Vec::new();
    for _ in 0..LARGE_BODIES {
        let mut one = tokio::net::TcpStream::connect(address)
            .await
            .expect("let in");
        let len = LARGE_BODY_BYTES + 1;
        let head =
            format!("POST /v1/deposits HTTP/1.1\r\nhost: node\r\ncontent-length: {len}\r\n\r\n");
        one.write_all(head.as_bytes()).await.expect("sent");
        slow.push(one);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let client = reqwest::Client::new();
    let post = |len: u64| {
        let url = format!("http://{address}/v1/deposits");
        client.post(url).body(vec![0; len as usize]).send()
    };
    let (status, error) = refusal(post(LARGE_BODY_BYTES).await.expect("an answer")).await;
    error_of(
        status,
        &error,
        (400, ErrorCode::Malformed),
        "does not decode",
    );
    let (status, error) = refusal(post(LARGE_BODY_BYTES + 1).await.expect("an answer")).await;
    error_of(status, &error, (503, ErrorCode::Unavailable), "busy");
    drop(slow);
    let (status, error) = refusal(post(LARGE_BODY_BYTES + 1).await.expect("an answer")).await;
    error_of(
        status,
        &error,
        (400, ErrorCode::Malformed),
        "does not decode",
    );
}

#[tokio::test]
async fn health_is_told_while_all_places_are_taken() {
    let address = serve_one_at_a_time().await;
    // Waits for a block that does not come.
    let url = format!("http://{address}/v1/status");
    let request = reqwest::Client::new().get(url).header("min-block", "6");
    let waiting = tokio::spawn(request.send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let start = Instant::now();
    let response = send(address, Method::GET, "/health", None).await;
    assert_eq!(response.status(), 200);
    assert!(start.elapsed() < TURN_TIMEOUT / 2, "{:?}", start.elapsed());
    let (status, error) = refusal(send(address, Method::GET, "/v1/status", None).await).await;
    error_of(status, &error, (503, ErrorCode::Unavailable), "busy");
    assert!(!waiting.is_finished());
}

/// A body of which nothing ever comes.
struct Never;

impl axum::body::HttpBody for Never {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn a_body_is_not_waited_for_for_ever() {
    let (party, _requests) = mpsc::channel(1);
    let config = NodeConfig::new("http://chain".to_owned(), DOMAIN.controller);
    let gate = Gate::new(DOMAIN, NODE);
    let api = Api::new(party, Arc::new(|| {}), gate, Arc::default(), &config);
    let request = axum::extract::Request::new(axum::body::Body::new(Never));
    let refused = api.whole(request, Duration::from_millis(20)).await;
    assert_eq!(refused.expect_err("too slow").status(), 503);
}

#[tokio::test]
async fn connections_over_the_limit_are_told_to_come_back() {
    let address = serve_with(|config| NodeConfig {
        api_connections_per_address: 1,
        ..config
    })
    .await;
    let kept = tokio::net::TcpStream::connect(address)
        .await
        .expect("let in");
    let response = send(address, Method::GET, "/health", None).await;
    assert_eq!(response.headers()["retry-after"], "1");
    let (status, error) = refusal(response).await;
    error_of(
        status,
        &error,
        (503, ErrorCode::Unavailable),
        "too many connections",
    );
    drop(kept);
}

/// It needs no signature, unlike other outputs; here the job is not settled yet.
#[tokio::test]
async fn what_everyone_is_shown_is_for_everybody() {
    let address = serve().await;
    let ask = async |path: &str| {
        let path = format!("{JOB}/outputs/{path}");
        refusal(send(address, Method::GET, &path, None).await).await
    };
    let (status, error) = ask("public").await;
    let expected = (403, ErrorCode::NotAllowed);
    error_of(status, &error, expected, "job 1 is not settled");
    for sealed in ["member/1/0", "party/0", "caller"] {
        let (status, error) = ask(sealed).await;
        error_of(status, &error, (401, ErrorCode::Unauthenticated), "signed");
    }
}

#[tokio::test]
async fn a_path_that_does_not_parse_hears_why() {
    let address = serve().await;
    for path in [
        "/v1/jobs/many",
        "/v1/contracts/0x12",
        "/v1/jobs/1/outputs/member/1/-1",
    ] {
        let (status, error) = refusal(send(address, Method::GET, path, None).await).await;
        error_of(status, &error, (400, ErrorCode::Malformed), "");
    }
    let (status, error) = refusal(send(address, Method::GET, "/v1/nothing", None).await).await;
    error_of(status, &error, (404, ErrorCode::NotFound), "/v1/nothing");
}
