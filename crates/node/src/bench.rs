//! A party of `enigma bench` in its own process: performs the effects of `core::bench` over real
//! links. It takes orders and gives answers as lines of JSON; whoever gives the orders measures the
//! time between an order and the last party's answer.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use enigma_bytecode::plan::{FieldName, Operation, Security};
pub use enigma_core::bench::TaskError;
use enigma_core::bench::{Bench, Effect, Input, Member, Task};
pub use enigma_net::Pace;
use enigma_net::{Identity, Inbox, Net, NetEvent, RecvError};
use enigma_wire::id::{Address, PeerKey};
use enigma_wire::sign::SecretKey;
use rand::TryRng as _;
use serde::{Deserialize, Serialize};

/// Silence of all peers after which a run is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Frames taken before the next piece of local work, as in a node.
const TURN_AT_WORK: usize = 8;

/// What a party is told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Deal the values of this task and link to the other members.
    Join {
        /// As `enigma bench` calls it.
        operation: String,
        /// The field, likewise.
        field: String,
        /// Elements of each input vector.
        count: u32,
        /// Whether verification is left out, for comparison.
        semi_honest: bool,
        /// Where the values come from.
        seed: u64,
        /// Parties 1 to n, in order.
        members: Vec<Greeting>,
    },
    /// Begin the next run.
    Begin,
    /// Open the results and compare them.
    Check,
}

/// What a party says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It listens, and is known by these keys.
    Listening(Greeting),
    /// The values are dealt and all links are up.
    Linked,
    /// The run is over at this party.
    Computed(Spent),
    /// The results are right.
    Checked,
    /// It cannot go on.
    Failed(String),
}

/// How a party is reached and known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Greeting {
    /// Its transport identity.
    pub peer: PeerKey,
    /// The account of its transcript key.
    pub signer: Address,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What a run cost a party.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Bytes of the frames it sent, headers included, without TLS.
    pub bytes_sent: u64,
    /// Processor time of the whole process during the run, system calls included.
    pub cpu_seconds: f64,
    /// The most memory the process ever held, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// Rounds of messages of a task, key set-up included.
///
/// # Errors
/// When the task cannot be run.
pub fn rounds(
    operation: Operation,
    field: FieldName,
    count: u32,
    nodes: u8,
    security: Security,
) -> Result<u64, TaskError> {
    let cost = enigma_core::bench::cost(operation, field, count, usize::from(nodes), security)?;
    Ok(cost.rounds)
}

/// Follows orders until there are no more, over a network that is slowed down if a pace is given. A
/// failure is an answer, too.
///
/// # Errors
/// When answers cannot be written any more.
pub fn party(
    mut orders: impl BufRead,
    mut answers: impl Write,
    pace: Option<Pace>,
) -> anyhow::Result<()> {
    match follow(&mut orders, &mut answers, pace) {
        Ok(()) => Ok(()),
        Err(error) => say(&mut answers, &Answer::Failed(format!("{error:#}"))),
    }
}

fn follow(
    orders: &mut impl BufRead,
    answers: &mut impl Write,
    pace: Option<Pace>,
) -> anyhow::Result<()> {
    let identity = Identity::generate(&mut rand::rng());
    let signer = SecretKey::random(&mut rand::rng());
    let peer = identity.peer_key();
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut config = enigma_net::Config::new(identity, any_port);
    config.pace = pace;
    let (net, inbox) = Net::start(config)?;
    let greeting = Greeting {
        peer,
        signer: signer.address(),
        address: net.local_addr(),
    };
    say(answers, &Answer::Listening(greeting))?;

    let Some(Order::Join {
        operation,
        field,
        count,
        semi_honest,
        seed,
        members,
    }) = hear(orders)?
    else {
        bail!("the first order must say what to do with whom");
    };
    let others = members.iter().filter(|member| member.peer != peer);
    let peers: BTreeMap<PeerKey, String> = others
        .map(|member| (member.peer, member.address.to_string()))
        .collect();
    let member = |greeting: &Greeting| Member {
        peer: greeting.peer,
        signer: greeting.signer,
    };
    let task = Task {
        operation: operation.parse().ok().context("no such operation")?,
        field: field.parse().ok().context("no such field")?,
        count,
        security: if semi_honest {
            Security::SemiHonest
        } else {
            Security::Malicious
        },
        seed,
        members: members.iter().map(member).collect(),
    };
    let mut own_seed = [0; 32];
    rand::rngs::SysRng
        .try_fill_bytes(&mut own_seed)
        .context("the operating system gave no randomness")?;
    let bench = Bench::new(task, signer, own_seed)?;
    let mut party = Party {
        bench,
        net,
        inbox,
        members: peers.keys().copied().collect(),
        turn_waits: false,
    };
    party.net.set_peers(peers);
    ensure!(party.drive()? == Effect::Linked, "expected links");
    say(answers, &Answer::Linked)?;
    while let Some(order) = hear(orders)? {
        let answer = party.obey(&order)?;
        say(answers, &answer)?;
    }
    party.net.stop();
    Ok(())
}

struct Party {
    bench: Bench,
    net: Net,
    inbox: Inbox,
    /// The other members.
    members: Vec<PeerKey>,
    /// The bench wants to go on with local work.
    turn_waits: bool,
}

impl Party {
    fn obey(&mut self, order: &Order) -> anyhow::Result<Answer> {
        let before = cpu_seconds();
        let input = match order {
            Order::Begin => Input::Begin,
            Order::Check => Input::Check,
            Order::Join { .. } => bail!("already joined"),
        };
        self.bench.handle(input);
        Ok(match self.drive()? {
            Effect::Computed { bytes_sent } => Answer::Computed(Spent {
                bytes_sent,
                cpu_seconds: cpu_seconds() - before,
                peak_memory_bytes: peak_memory_bytes(),
            }),
            _ => Answer::Checked,
        })
    }

    /// Moves frames and computes until the party has something to say. As in a node, work waits
    /// while a crowd of frames waits for a member, and reading never does.
    fn drive(&mut self) -> anyhow::Result<Effect> {
        loop {
            while let Some(effect) = self.bench.next_effect() {
                match effect {
                    Effect::Send { to, frame } => self.net.send(to, frame.into())?,
                    Effect::Compute => self.turn_waits = true,
                    Effect::Failed(why) => bail!(why),
                    said => return Ok(said),
                }
            }
            let crowded = |peer: &PeerKey| self.net.is_crowded(*peer);
            if !self.turn_waits || self.members.iter().any(crowded) {
                let event = self.inbox.recv_timeout(PATIENCE);
                let quiet = || format!("no peer sent anything for {} s", PATIENCE.as_secs());
                self.take(event.with_context(quiet)?);
                continue;
            }
            for _ in 0..TURN_AT_WORK {
                match self.inbox.try_recv() {
                    Ok(event) => self.take(event),
                    Err(RecvError::Empty) => break,
                    Err(error) => return Err(error.into()),
                }
            }
            self.turn_waits = false;
            self.bench.handle(Input::Compute);
        }
    }

    fn take(&mut self, event: NetEvent) {
        match event {
            NetEvent::Up(peer) => self.bench.handle(Input::Up { peer }),
            NetEvent::Down { peer, reason } => {
                let why = reason.to_string();
                self.bench.handle(Input::Down { peer, why });
            }
            // The loop looks again who is crowded.
            NetEvent::Drained(_) => {}
            NetEvent::Frame { peer, bytes } => self.bench.take_frame(peer, &bytes),
        }
    }
}

fn say(answers: &mut impl Write, answer: &Answer) -> anyhow::Result<()> {
    let line = serde_json::to_string(answer).context("an answer that JSON cannot say")?;
    writeln!(answers, "{line}").and_then(|()| answers.flush())?;
    Ok(())
}

fn hear(orders: &mut impl BufRead) -> anyhow::Result<Option<Order>> {
    let mut line = String::new();
    if orders.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let order = serde_json::from_str(&line).context("an order must be one line of JSON")?;
    Ok(Some(order))
}

fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// From Linux's account of this process; elsewhere nobody tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_that_is_told_nonsense_says_so() {
        let mut said = Vec::new();
        party(&b"dance\n"[..], &mut said, None).expect("writing to memory works");
        let said = String::from_utf8(said).expect("JSON is text");
        let lines: Vec<Answer> = said
            .lines()
            .map(|line| serde_json::from_str(line).expect("an answer"))
            .collect();
        let [Answer::Listening(_), Answer::Failed(why)] = &lines[..] else {
            panic!("{lines:?}");
        };
        assert!(why.contains("one line of JSON"), "{why}");
    }

    #[test]
    fn a_task_is_judged_before_anything_starts() {
        let compared = |operation, nodes| {
            super::rounds(operation, FieldName::M61, 10, nodes, Security::SemiHonest)
        };
        let rounds =
            |op, count, nodes| super::rounds(op, FieldName::M61, count, nodes, Security::Malicious);
        assert_eq!(compared(Operation::Multiply, 3), Ok(2 + 1));
        assert_eq!(compared(Operation::Less, 5), Ok(2 + 10));
        // One verification of ten products, and two of claims that one level shortens.
        assert_eq!(rounds(Operation::Multiply, 10, 3), Ok(2 + 1 + 6));
        assert_eq!(rounds(Operation::Less, 10, 5), Ok(2 + 10 + 2 * 8));
        assert_eq!(rounds(Operation::Rank, 1, 3), Ok(2));
        assert_eq!(rounds(Operation::Rank, 0, 3), Err(TaskError::NoElements));
        assert_eq!(rounds(Operation::Rank, 9, 4), Err(TaskError::Committee(4)));
        let many = rounds(Operation::Multiply, 2 << 20, 3);
        assert!(matches!(many, Err(TaskError::Plan(_))), "{many:?}");
        let long = rounds(Operation::Rank, 10_000, 3);
        assert!(matches!(long, Err(TaskError::Plan(_))), "{long:?}");
    }
}
