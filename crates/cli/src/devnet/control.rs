//! How another terminal tells a running devnet to start, stop or kill a node: one line of JSON each way
//! over a loopback connection. Address and token are in a file that only the devnet's owner can read.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::Rng as _;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::report::Problem;

const FILE: &str = "control.json";
/// Longest line either way.
const LINE_MAX: u64 = 4096;
/// Longest wait for a line.
const PATIENCE: Duration = Duration::from_secs(30);
/// Requests that wait.
const QUEUE_LEN: usize = 8;

/// What to do with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    Start,
    Stop,
    Kill,
}

#[derive(Serialize, Deserialize)]
struct Door {
    address: SocketAddr,
    token: String,
}

#[derive(Serialize, Deserialize)]
struct Request {
    token: String,
    action: Action,
    node: usize,
}

type Answer = Result<String, String>;

/// A request and where its answer goes.
pub(super) struct Asked {
    pub(super) action: Action,
    pub(super) node: usize,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// The running devnet's side. Its file goes with it.
pub(super) struct Control {
    path: PathBuf,
    pub(super) requests: mpsc::Receiver<Asked>,
}

impl Control {
    /// Listens, and writes down where.
    pub(super) async fn open(folder: &Path) -> std::io::Result<Self> {
        let listener = TcpListener::bind(crate::local::loopback(0)).await?;
        let mut token = [0u8; 32];
        rand::rng().fill_bytes(&mut token);
        let door = Door {
            address: listener.local_addr()?,
            token: hex::encode(token),
        };
        let path = folder.join(FILE);
        // What a killed devnet left behind leads nowhere.
        let _ = std::fs::remove_file(&path);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&path)?
            .write_all(&serde_json::to_vec(&door)?)?;
        let (sender, requests) = mpsc::channel(QUEUE_LEN);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, token) = (sender.clone(), door.token.clone());
                tokio::spawn(tokio::time::timeout(
                    PATIENCE,
                    answer(stream, sender, token),
                ));
            }
        });
        Ok(Self { path, requests })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(
    stream: TcpStream,
    sender: mpsc::Sender<Asked>,
    token: String,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    (&mut stream).take(LINE_MAX).read_line(&mut line).await?;
    let reply: Answer = match serde_json::from_str::<Request>(&line) {
        Ok(request) if same(&request.token, &token) => {
            let (answer, answered) = oneshot::channel();
            let asked = Asked {
                action: request.action,
                node: request.node,
                answer,
            };
            match sender.send(asked).await {
                Ok(()) => answered
                    .await
                    .unwrap_or_else(|_| Err("the devnet is stopping".to_owned())),
                Err(_) => Err("the devnet is stopping".to_owned()),
            }
        }
        Ok(_) => Err("the token is wrong".to_owned()),
        Err(error) => Err(format!("not a request: {error}")),
    };
    let text = serde_json::to_string(&reply)? + "\n";
    stream.get_mut().write_all(text.as_bytes()).await
}

/// Compares without saying where the difference is: hashes of both, not the texts.
fn same(a: &str, b: &str) -> bool {
    use enigma_wire::sign::keccak256;
    keccak256(a.as_bytes()) == keccak256(b.as_bytes())
}

/// Tells the devnet in `folder` what to do with a node, and gives the node's new state.
pub(super) async fn ask(folder: &Path, action: Action, node: usize) -> Result<String, Problem> {
    let away = || {
        Problem::failed(format!("no devnet runs in {}", folder.display()))
            .hint("start it with `enigma devnet`, or name its folder with --dir")
    };
    let text = std::fs::read(folder.join(FILE)).map_err(|_| away())?;
    let door: Door = serde_json::from_slice(&text).map_err(|_| away())?;
    let mut stream = TcpStream::connect(door.address).await.map_err(|_| away())?;
    let request = Request {
        token: door.token,
        action,
        node,
    };
    let line = serde_json::to_string(&request).expect("plain values have a text form") + "\n";
    let talk = async {
        stream.write_all(line.as_bytes()).await?;
        let mut reply = String::new();
        BufReader::new(stream)
            .take(LINE_MAX)
            .read_line(&mut reply)
            .await?;
        Ok::<String, std::io::Error>(reply)
    };
    let reply = tokio::time::timeout(PATIENCE, talk)
        .await
        .map_err(|_| away())?
        .map_err(|_| away())?;
    match serde_json::from_str::<Answer>(&reply) {
        Ok(Ok(state)) => Ok(state),
        Ok(Err(why)) => Err(Problem::failed(why)),
        Err(_) => Err(away()),
    }
}
