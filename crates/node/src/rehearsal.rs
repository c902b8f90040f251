//! A committee in this process, for tests of contracts: each party has a thread, keys and links of its own, and
//! talks to the others as nodes do, over TCP on the loopback interface with TLS 1.3. Only whoever asks sees all
//! shares: it deals what a call is given and puts together what comes of it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

pub use anyhow::Error;
use anyhow::{Context as _, anyhow, bail, ensure};
use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::Environment;
use enigma_core::rehearsal::{self, Effect, Member, Order, Rehearsal};
pub use enigma_core::rehearsal::{
    Called, Committee, M61, M127, Opened, PrimeField, SessionError, Values,
};
use enigma_net::{Bell, Identity, Inbox, Net, NetEvent, RecvError};
use enigma_wire::id::PeerKey;
use enigma_wire::sign::SecretKey;
use rand::TryRng as _;

/// Silence after which a call is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Waiting for frames or an order, at most.
const TURN: Duration = Duration::from_millis(200);

/// What a call came to.
pub type Answer = Result<Opened, Refused>;

/// Why a call was refused: at all parties for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

/// A committee.
pub struct LocalCommittee<F: PrimeField> {
    committee: Committee,
    parties: Vec<PartyHandle<F>>,
}

struct PartyHandle<F: PrimeField> {
    orders: Sender<Order<F>>,
    bell: Bell,
    answers: Receiver<anyhow::Result<Result<Called<F>, SessionError>>>,
    thread: Option<JoinHandle<()>>,
}

impl<F: PrimeField> LocalCommittee<F> {
    /// Starts the parties and waits until all are linked.
    ///
    /// # Errors
    /// If `n` is not the size of a committee, or sockets or randomness are not to be had.
    pub fn start(n: u8) -> anyhow::Result<LocalCommittee<F>> {
        let committee = Committee::new(n).map_err(|error| anyhow!("{error}"))?;
        let mut started = Vec::new();
        for _ in 0..n {
            let identity = Identity::generate(&mut rand::rng());
            let signer = SecretKey::random(&mut rand::rng());
            let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let (net, inbox) = Net::start(enigma_net::Config::new(identity, any_port))?;
            started.push((signer, net, inbox));
        }
        let members: Vec<Member> = started
            .iter()
            .map(|(signer, net, _)| Member {
                peer: net.peer_key(),
                signer: signer.address(),
            })
            .collect();
        let addresses: BTreeMap<PeerKey, String> = started
            .iter()
            .map(|(_, net, _)| (net.peer_key(), net.local_addr().to_string()))
            .collect();
        let mut parties = Vec::new();
        for (signer, net, inbox) in started {
            let mut seed = [0; 32];
            rand::rngs::SysRng
                .try_fill_bytes(&mut seed)
                .context("the operating system gave no randomness")?;
            let rehearsal = Rehearsal::new(members.clone(), signer, seed);
            let rehearsal = rehearsal.context("a party is not a member of its committee")?;
            let mut peers = addresses.clone();
            peers.remove(&net.peer_key());
            net.set_peers(peers);
            let (orders, taken) = channel();
            let (said, answers) = channel();
            let bell = inbox.bell();
            let mut party = Party {
                rehearsal,
                net,
                inbox,
                orders: taken,
            };
            let thread = std::thread::Builder::new()
                .name("rehearsal".to_owned())
                .spawn(move || {
                    if let Err(error) = party.drive(&said) {
                        // Nobody listens to a party that is being stopped.
                        let _ = said.send(Err(error));
                    }
                    party.net.stop();
                })?;
            parties.push(PartyHandle {
                orders,
                bell,
                answers,
                thread: Some(thread),
            });
        }
        Ok(LocalCommittee { committee, parties })
    }

    /// Deals the values, lets all parties run the call, and opens what they answer.
    ///
    /// # Errors
    /// When a party breaks off, or the parties' answers do not fit together.
    pub fn call(
        &mut self,
        contract: &Arc<Contract>,
        entry: usize,
        environment: &Environment,
        values: &Values,
    ) -> anyhow::Result<Answer> {
        let dealt = rehearsal::deal(&self.committee, values, &mut rand::rng());
        for (party, given) in self.parties.iter().zip(dealt) {
            let order = Order {
                contract: Arc::clone(contract),
                entry,
                environment: environment.clone(),
                given,
            };
            party.orders.send(order).context("a party has stopped")?;
            party.bell.ring();
        }
        let mut called = Vec::new();
        let mut refused = Vec::new();
        for party in &self.parties {
            let answer = party.answers.recv_timeout(PATIENCE);
            match answer.context("a party does not answer")?? {
                Ok(result) => called.push(result),
                Err(SessionError::Plan(error)) => refused.push(error.to_string()),
                Err(error) => bail!("{error}"),
            }
        }
        if let Some(why) = refused.first() {
            let agreed = called.is_empty() && refused.iter().all(|other| other == why);
            ensure!(agreed, "only some parties refuse the call: {why}");
            return Ok(Err(Refused(why.clone())));
        }
        Ok(Ok(rehearsal::open(&self.committee, called)?))
    }
}

impl<F: PrimeField> Drop for LocalCommittee<F> {
    fn drop(&mut self) {
        for party in &mut self.parties {
            // Without its sender a party stops at its next turn.
            let (closed, _) = channel();
            party.orders = closed;
            party.bell.ring();
        }
        for party in &mut self.parties {
            if let Some(thread) = party.thread.take() {
                let _ = thread.join();
            }
        }
    }
}

struct Party<F: PrimeField> {
    rehearsal: Rehearsal<F>,
    net: Net,
    inbox: Inbox,
    orders: Receiver<Order<F>>,
}

impl<F: PrimeField> Party<F> {
    /// Moves frames and computes until nobody gives orders any more.
    fn drive(
        &mut self,
        said: &Sender<anyhow::Result<Result<Called<F>, SessionError>>>,
    ) -> anyhow::Result<()> {
        let mut linked = false;
        loop {
            let mut turn = false;
            while let Some(effect) = self.rehearsal.next_effect() {
                match effect {
                    Effect::Send { to, frame } => self.net.send(to, frame.into())?,
                    Effect::Compute => turn = true,
                    Effect::Linked => linked = true,
                    Effect::Called(result) => {
                        if said.send(Ok(*result)).is_err() {
                            return Ok(());
                        }
                    }
                    Effect::Failed(why) => bail!(why),
                }
            }
            if turn {
                while let Ok(event) = self.inbox.try_recv() {
                    self.take(event);
                }
                self.rehearsal.compute();
                continue;
            }
            if linked {
                match self.orders.try_recv() {
                    Ok(order) => {
                        self.rehearsal.begin(order);
                        continue;
                    }
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return Ok(()),
                    Err(std::sync::mpsc::TryRecvError::Empty) => {}
                }
            }
            self.inbox.wait(TURN);
            match self.inbox.try_recv() {
                Ok(event) => self.take(event),
                Err(RecvError::Empty) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn take(&mut self, event: NetEvent) {
        match event {
            NetEvent::Up(peer) => self.rehearsal.on_up(peer),
            NetEvent::Down { peer, reason } => self.rehearsal.on_down(peer, &reason.to_string()),
            NetEvent::Drained(_) => {}
            NetEvent::Frame { peer, bytes } => self.rehearsal.on_frame(peer, &bytes),
        }
    }
}

impl<F: PrimeField> fmt::Debug for LocalCommittee<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCommittee")
            .field("parties", &self.parties.len())
            .finish()
    }
}
