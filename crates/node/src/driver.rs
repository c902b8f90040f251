//! The party's thread: merges all inputs, performs effects by handing them to the threads that can.
//!
//! Every source has its own bounded queue and they are drained in turn, so that none can starve the
//! others. When the frames' queue is full the peers' sockets are not read; when the API's is full
//! requests are answered 503; the chain and the disk wait.
//!
//! A job's work goes no faster than the links of its committee: while what waits for one of its
//! members is a crowd, its turn is held back, and frames are read all the same. So no circle of
//! members can wait for each other's queues: a queue drains as long as the other end reads, and every
//! end always reads, whatever its own queues are like. Only what a party can do at once keeps it from
//! reading more than a few frames, so that one that is behind leaves frames to TCP, which tells the
//! sender, rather than gathering them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::time::{Duration, Instant};

use enigma_core::{Call, Effect, EffectId, Fact, Input, Millis, Outcome, Party, ReplyId, Response};
use enigma_net::{Inbox, Net, NetEvent, PeerStatus, RecvError};
use enigma_wire::api::PeerReport;
use enigma_wire::controller::{BlockEvents, Event};
use enigma_wire::id::{JobId, PeerKey};
use tokio::sync::{mpsc, oneshot};

use crate::api::Asked;
use crate::disk;
use crate::telemetry::Telemetry;

/// Ends the driver's wait; called after something was put into one of its queues. Never blocks.
pub(crate) type Waker = Arc<dyn Fn() + Send + Sync>;

/// Time between ticks.
const TICK: Duration = Duration::from_millis(100);
/// Inputs taken of one source before the next one's turn.
const TURN: usize = 64;
/// Frames taken while there is local work to do.
const TURN_AT_WORK: usize = 8;
/// Time between looks at the links, for status and metrics.
const LOOK: Duration = Duration::from_secs(1);

/// The party's connections to the rest of the process.
pub(crate) struct Driver {
    pub(crate) party: Party,
    pub(crate) net: Net,
    pub(crate) frames: Inbox,
    pub(crate) requests: mpsc::Receiver<Asked>,
    pub(crate) blocks: Receiver<(BlockEvents, bool)>,
    pub(crate) disk: SyncSender<disk::Request>,
    pub(crate) disk_done: Receiver<(EffectId, Outcome)>,
    pub(crate) submissions: mpsc::Sender<(EffectId, Call)>,
    pub(crate) submitted: Receiver<(EffectId, Outcome)>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) telemetry: Arc<Telemetry>,
}

impl Driver {
    /// Runs until told to stop; the transport says farewell at the end.
    pub(crate) fn run(mut self) {
        let start = Instant::now();
        let mut waiting = Waiting::default();
        let mut last_tick = start;
        let mut last_look: Option<Instant> = None;
        // The transport has ended, and said why.
        let mut stopped = false;
        while !self.stop.load(Ordering::Acquire) {
            let now = || Millis(start.elapsed().as_millis() as u64);
            let mut busy = false;
            let at_work = self.next_turn(&waiting).is_some();
            for _ in 0..if at_work { TURN_AT_WORK } else { TURN } {
                let event = match self.frames.try_recv() {
                    Ok(event) => event,
                    Err(RecvError::Empty) => break,
                    Err(RecvError::Stopped) => {
                        stopped = true;
                        break;
                    }
                };
                busy = true;
                self.on_net(now(), event, &mut waiting);
            }
            for _ in 0..TURN {
                let Some(input) = self.next_local(&mut waiting) else {
                    break;
                };
                busy = true;
                self.step(now(), input, &mut waiting);
            }
            if last_tick.elapsed() >= TICK {
                last_tick = Instant::now();
                self.step(now(), Input::Tick, &mut waiting);
            }
            if last_look.is_none_or(|look| look.elapsed() >= LOOK) {
                last_look = Some(Instant::now());
                self.look_at_links();
            }
            let turn = self.next_turn(&waiting);
            if let Some(job) = turn.and_then(|at| waiting.compute.remove(at)) {
                busy = true;
                self.step(now(), Input::Compute { job }, &mut waiting);
            }
            if !busy && stopped {
                std::thread::sleep(TICK);
            } else if !busy {
                // Every source rings the bell after it has put something into its queue.
                self.frames.wait(TICK);
            }
        }
        self.net.stop();
    }

    /// Which of the waiting jobs goes on: the first whose committee takes what it is sent. Others
    /// are woken by the end of a crowd, which is an event of the transport.
    fn next_turn(&self, waiting: &Waiting) -> Option<usize> {
        waiting.compute.iter().position(|job| {
            let mut peers = self.party.committee_peers(*job);
            !peers.any(|peer| self.net.is_crowded(peer))
        })
    }

    fn look_at_links(&self) {
        let report = |(peer, status): (PeerKey, PeerStatus)| PeerReport {
            peer,
            connected: status.connected,
            version: status.version,
            clock_offset_seconds: status.clock_offset_seconds,
        };
        let peers = self.net.status().into_iter().map(report).collect();
        self.telemetry.set_peers(peers);
        let (sent, received) = self.net.traffic();
        self.telemetry.bytes_sent.store(sent, Ordering::Relaxed);
        self.telemetry
            .bytes_received
            .store(received, Ordering::Relaxed);
    }

    fn next_local(&mut self, waiting: &mut Waiting) -> Option<Input> {
        if let Ok((id, outcome)) = self.disk_done.try_recv() {
            return Some(Input::Done { id, outcome });
        }
        if let Ok((id, outcome)) = self.submitted.try_recv() {
            return Some(Input::Done { id, outcome });
        }
        if let Ok((block, caught_up)) = self.blocks.try_recv() {
            self.count(&block, &mut waiting.jobs);
            return Some(Input::Chain { block, caught_up });
        }
        let asked = self.requests.try_recv().ok()?;
        let reply = waiting.add(asked.answer);
        Some(Input::Client {
            reply,
            request: asked.request,
            caller: asked.caller,
            min_block: asked.min_block,
        })
    }

    fn count(&self, block: &BlockEvents, jobs: &mut BTreeSet<JobId>) {
        self.telemetry.block.store(block.number, Ordering::Relaxed);
        for event in &block.events {
            let (job, outcome) = match event {
                Event::JobSettled { certificate, .. } => (certificate.job, "settled"),
                Event::JobFailed { failure, .. } => (failure.job, "failed"),
                Event::JobExpired { job, .. } => (*job, "expired"),
                Event::JobCancelled { job, .. } => (*job, "cancelled"),
                _ => continue,
            };
            if jobs.remove(&job) {
                self.telemetry.outcome(outcome);
            }
        }
        let running = &self.telemetry.jobs_running;
        running.store(jobs.len() as u64, Ordering::Relaxed);
    }

    fn on_net(&mut self, now: Millis, event: NetEvent, waiting: &mut Waiting) {
        match event {
            NetEvent::Up(peer) => {
                tracing::info!(%peer, "link up");
                self.step(now, Input::Link { peer, up: true }, waiting);
            }
            NetEvent::Down { peer, reason } => {
                tracing::info!(%peer, %reason, "link down");
                self.step(now, Input::Link { peer, up: false }, waiting);
            }
            NetEvent::Frame { peer, bytes } => {
                self.party.take_frame(now, peer, &bytes);
                self.perform_all(now, waiting);
            }
            // The party's thread is awake, which is all that is wanted.
            NetEvent::Drained(_) => {}
        }
    }

    fn step(&mut self, now: Millis, input: Input, waiting: &mut Waiting) {
        self.party.handle(now, input);
        self.perform_all(now, waiting);
    }

    fn perform_all(&mut self, now: Millis, waiting: &mut Waiting) {
        while let Some(effect) = self.party.next_effect() {
            self.perform(now, effect, waiting);
        }
    }

    fn perform(&mut self, now: Millis, effect: Effect, waiting: &mut Waiting) {
        match effect {
            // A frame that cannot be sent means that the link is down or goes down, which is an input.
            Effect::Send { to, frame } => {
                if let Err(error) = self.net.send(to, frame.into()) {
                    tracing::debug!(peer = %to, %error, "frame not sent");
                }
            }
            Effect::Persist { id, batch } => {
                self.ask_disk(now, id, disk::Request::Persist { id, batch })
            }
            Effect::Load { id, table, prefix } => {
                self.ask_disk(now, id, disk::Request::Load { id, table, prefix });
            }
            Effect::ListKeys {
                id,
                table,
                prefix,
                after,
            } => {
                let request = disk::Request::ListKeys {
                    id,
                    table,
                    prefix,
                    after,
                };
                self.ask_disk(now, id, request);
            }
            Effect::Compute { job } => waiting.compute.push_back(job),
            Effect::Submit { id, call } => {
                if self.submissions.try_send((id, call)).is_err() {
                    let outcome = Outcome::Failed("too many calls wait for the chain".to_owned());
                    self.party.handle(now, Input::Done { id, outcome });
                }
            }
            Effect::Reply { to, response } => waiting.answer(to, response),
            Effect::Peers(peers) => self.net.set_peers(peers),
            Effect::Report(fact) => {
                self.telemetry.fact(&fact);
                if let Fact::JobPhase { job, .. } = &fact
                    && waiting.jobs.insert(*job)
                {
                    let running = &self.telemetry.jobs_running;
                    running.store(waiting.jobs.len() as u64, Ordering::Relaxed);
                }
                log(&fact);
            }
        }
    }

    fn ask_disk(&mut self, now: Millis, id: EffectId, request: disk::Request) {
        let why = match self.disk.try_send(request) {
            Ok(()) => return,
            Err(TrySendError::Full(_)) => "the disk is too slow",
            Err(TrySendError::Disconnected(_)) => "the disk thread has ended",
        };
        self.party.handle(
            now,
            Input::Done {
                id,
                outcome: Outcome::Failed(why.to_owned()),
            },
        );
    }
}

/// Clients that wait for an answer, and jobs that wait for their turn.
#[derive(Default)]
struct Waiting {
    next: u64,
    clients: BTreeMap<ReplyId, oneshot::Sender<Response>>,
    /// Jobs that want to go on with local work; at most one turn for each running job.
    compute: VecDeque<JobId>,
    /// Jobs this node has begun and whose end it has not seen on the chain.
    jobs: BTreeSet<JobId>,
}

impl Waiting {
    fn add(&mut self, client: oneshot::Sender<Response>) -> ReplyId {
        self.next += 1;
        let id = ReplyId(self.next);
        self.clients.insert(id, client);
        id
    }

    fn answer(&mut self, id: ReplyId, response: Response) {
        if let Some(client) = self.clients.remove(&id) {
            // A client that has hung up does not hear the answer.
            let _ = client.send(response);
        }
    }
}

fn log(fact: &Fact) {
    match fact {
        Fact::RowStored { collection, member } => {
            tracing::debug!(%collection, %member, "row stored")
        }
        Fact::ParametersStored { caller, instance } => {
            tracing::debug!(%caller, %instance, "parameters stored");
        }
        Fact::ParametersRefused {
            caller,
            instance,
            why,
        } => tracing::warn!(%caller, %instance, why, "dealing of parameters refused"),
        Fact::DealingRefused {
            owner,
            collection,
            why,
        } => {
            tracing::warn!(%owner, %collection, why, "dealing refused");
        }
        Fact::JobPhase { job, phase } => tracing::info!(%job, phase, "job"),
        Fact::JobGivenUp { job, culprits, why } => {
            tracing::warn!(%job, ?culprits, why, "job given up");
        }
        Fact::PeerMisbehaved { peer, why } => tracing::warn!(%peer, why, "peer misbehaved"),
        Fact::Trouble { why } => tracing::error!(why, "trouble"),
    }
}
