//! A devnet of a test's own: started, talked to with the real binary, stopped.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// On which chain a network lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// The embedded chain.
    Embedded,
    /// A real chain client.
    Anvil,
}

/// A devnet with a home folder of its own. Dropping it stops everything.
pub(crate) struct Devnet {
    pub(crate) folder: tempfile::TempDir,
    child: Option<Child>,
    /// What it said when it was ready.
    pub(crate) ready: Value,
    anvil: Option<(Child, String)>,
}

/// The password of every key that a test makes.
pub(crate) const PASSWORD: &str = "test";

impl Devnet {
    /// Starts a network of three nodes.
    pub(crate) fn start() -> Self {
        Self::start_on(On::Embedded).expect("the embedded chain is always there")
    }

    /// Starts a network; none when it needs a program that is not there.
    pub(crate) fn start_on(on: On) -> Option<Self> {
        let anvil = match on {
            On::Embedded => None,
            On::Anvil => Some(start_anvil()?),
        };
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut devnet = Self {
            folder,
            child: None,
            ready: Value::Null,
            anvil,
        };
        devnet.go_on();
        Some(devnet)
    }

    /// Starts it again with the same folder.
    pub(crate) fn go_on(&mut self) {
        let dir = self.path("net");
        let mut command = self.command(&["devnet", "--json", "--stop-with-input", "--dir", &dir]);
        if let Some((_, url)) = &self.anvil {
            let funder = self.folder.path().join("funder.key");
            std::fs::write(&funder, ANVIL_FUNDER).expect("write");
            command.args(["--chain", url, "--funder"]).arg(funder);
        } else if !Path::new(&dir).exists() {
            command.args(["--port", "0"]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        output.read_line(&mut line).expect("readable");
        if line.is_empty() {
            let mut errors = String::new();
            let _ = child
                .stderr
                .take()
                .expect("piped")
                .read_to_string(&mut errors);
            panic!("the devnet did not get ready: {errors}");
        }
        self.ready = serde_json::from_str(&line).expect("one JSON object");
        self.child = Some(child);
    }

    /// Stops it as Ctrl-C would; the folder stays.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }

    /// Kills it as a crash would; the folder stays.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// A path in the test's folder.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Writes a file in the test's folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, text).expect("write");
        path.display().to_string()
    }

    /// A command line that works with this network, in the test's folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = super::enigma(arguments);
        command
            .current_dir(self.folder.path())
            .env("ENIGMA_HOME", self.path("home"))
            .env("ENIGMA_NETWORK", self.path("net"))
            .env("ENIGMA_PASSWORD", PASSWORD);
        command
    }

    /// Runs a command line to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// Runs a command line that must succeed, and gives its JSON object.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            super::stderr(&output)
        );
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }

    /// Runs a command line that must succeed, and gives its text.
    #[track_caller]
    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            super::stderr(&output)
        );
        super::stdout(&output)
    }

    /// Runs lines of a shell in `folder`, where `enigma` is this build's; they must succeed. Gives their text.
    #[track_caller]
    pub(crate) fn shell(&self, lines: &str, folder: &Path) -> String {
        let binary = Path::new(env!("CARGO_BIN_EXE_enigma"));
        let path = std::env::var("PATH").expect("a path");
        let output = Command::new("sh")
            .args(["-c", lines])
            .current_dir(folder)
            .env(
                "PATH",
                format!("{}:{path}", binary.parent().expect("a folder").display()),
            )
            .env("ENIGMA_HOME", self.path("home"))
            .env("ENIGMA_NETWORK", self.path("net"))
            .output()
            .expect("a shell");
        let text = super::stdout(&output);
        assert!(
            output.status.success(),
            "{text}\n{}",
            super::stderr(&output)
        );
        text
    }

    /// Runs a command line that must fail with this exit code: one error, one hint, nothing printed as
    /// data.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = super::stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
        assert_eq!(super::stdout(&output), "", "{arguments:?}");
        assert!(errors.contains("error: "), "{arguments:?}: {errors}");
        errors
    }

    /// Deploys a contract and opens a collection for everybody in a CSV file, whose keys are made.
    #[track_caller]
    pub(crate) fn open(&self, source: &str, csv: &str, more: &[&str]) -> u64 {
        let deployed = self.json(&[&["deploy", source], more].concat());
        let people = self.path("people");
        if !Path::new(&people).exists() {
            self.json(&["keys", "new", "--csv", csv, "--dir", &people, "--light"]);
        }
        let instance = deployed["instance"].as_str().expect("an instance");
        let opened = self.json(&["collect", "open", instance, "--keys", &people]);
        opened["collection"].as_u64().expect("a number")
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        self.stop();
        if let Some((mut anvil, _)) = self.anvil.take() {
            let _ = anvil.kill();
            let _ = anvil.wait();
        }
    }
}

/// The first account of every anvil: a published key, with coins on test chains only.
const ANVIL_FUNDER: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// Starts anvil where it is installed (`ENIGMA_ANVIL` names it). Says so when it is not; with
/// `ENIGMA_REQUIRE_ANVIL` that is a failure.
#[allow(clippy::print_stdout)] // Who runs the tests must see what was skipped.
fn start_anvil() -> Option<(Child, String)> {
    let Some(program) = std::env::var_os("ENIGMA_ANVIL") else {
        assert!(
            std::env::var_os("ENIGMA_REQUIRE_ANVIL").is_none(),
            "ENIGMA_ANVIL does not name the program"
        );
        println!("skipped: anvil is not installed (ENIGMA_ANVIL names it)");
        return None;
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let child = Command::new(program)
        .args([
            "--host",
            "127.0.0.1",
            "--silent",
            "--port",
            &port.to_string(),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("anvil starts");
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Some((child, format!("http://127.0.0.1:{port}")))
}
