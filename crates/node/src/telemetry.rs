//! What a node counts about itself, and the page in which a monitoring system reads it (Prometheus'
//! text format).

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use enigma_core::Fact;
use enigma_wire::api::PeerReport;

/// Upper bounds of the latency histogram, in seconds.
const LATENCIES: [f64; 7] = [0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 40.0];
/// Silence of the chain after which a node is not ready.
const CHAIN_SILENCE_MAX_SECONDS: u64 = 60;

/// Shared by all parts of a node; every part counts what it sees.
#[derive(Debug, Default)]
pub(crate) struct Telemetry {
    /// The last block the party has applied.
    pub(crate) block: AtomicU64,
    /// The chain's last block when it was last asked.
    pub(crate) chain_head: AtomicU64,
    /// When the chain last answered, in Unix seconds; 0 before it ever did.
    pub(crate) chain_seen: AtomicU64,
    /// Frames' bytes, over all links so far.
    pub(crate) bytes_sent: AtomicU64,
    pub(crate) bytes_received: AtomicU64,
    pub(crate) disk_write_errors: AtomicU64,
    /// The last write failed.
    pub(crate) disk_failing: AtomicBool,
    pub(crate) jobs_running: AtomicU64,
    rows_stored: AtomicU64,
    parameters_stored: AtomicU64,
    dealings_refused: AtomicU64,
    peers_misbehaved: AtomicU64,
    troubles: AtomicU64,
    phases: Mutex<BTreeMap<&'static str, u64>>,
    outcomes: Mutex<BTreeMap<&'static str, u64>>,
    requests: Mutex<BTreeMap<(&'static str, u16), Latency>>,
    peers: Mutex<Vec<PeerReport>>,
}

/// How long one kind of request took: a cumulative histogram.
#[derive(Clone, Copy, Debug, Default)]
struct Latency {
    buckets: [u64; LATENCIES.len()],
    count: u64,
    seconds: f64,
}

impl Telemetry {
    /// Counts what the party reports.
    pub(crate) fn fact(&self, fact: &Fact) {
        match fact {
            Fact::RowStored { .. } => add(&self.rows_stored),
            Fact::DealingRefused { .. } | Fact::ParametersRefused { .. } => {
                add(&self.dealings_refused);
            }
            Fact::ParametersStored { .. } => add(&self.parameters_stored),
            Fact::JobPhase { phase, .. } => *lock(&self.phases).entry(phase).or_default() += 1,
            Fact::JobGivenUp { .. } => self.outcome("given up"),
            Fact::PeerMisbehaved { .. } => add(&self.peers_misbehaved),
            Fact::Trouble { .. } => add(&self.troubles),
        }
    }

    /// Counts a job's end.
    pub(crate) fn outcome(&self, outcome: &'static str) {
        *lock(&self.outcomes).entry(outcome).or_default() += 1;
    }

    /// Counts an answered request.
    pub(crate) fn request(&self, route: &'static str, status: u16, took: Duration) {
        let mut requests = lock(&self.requests);
        let latency = requests.entry((route, status)).or_default();
        let seconds = took.as_secs_f64();
        for (bucket, bound) in latency.buckets.iter_mut().zip(LATENCIES) {
            *bucket += u64::from(seconds <= bound);
        }
        latency.count += 1;
        latency.seconds += seconds;
    }

    /// The committee links, as they are now.
    pub(crate) fn set_peers(&self, peers: Vec<PeerReport>) {
        *lock(&self.peers) = peers;
    }

    /// The committee links, as last seen.
    pub(crate) fn peers(&self) -> Vec<PeerReport> {
        lock(&self.peers).clone()
    }

    /// The chain has answered.
    pub(crate) fn chain_answered(&self, head: u64) {
        self.chain_head.store(head, Ordering::Relaxed);
        self.chain_seen.store(unix_now(), Ordering::Relaxed);
    }

    /// Why the node should not be sent work now, if there is a reason.
    pub(crate) fn unready(&self) -> Option<String> {
        let silence = unix_now().saturating_sub(self.chain_seen.load(Ordering::Relaxed));
        if silence > CHAIN_SILENCE_MAX_SECONDS {
            return Some("the chain has not answered lately".to_owned());
        }
        let failing = self.disk_failing.load(Ordering::Relaxed);
        failing.then(|| "the disk does not take writes".to_owned())
    }

    /// The page, one sample a line.
    pub(crate) fn page(&self) -> String {
        let mut page = Page(String::new());
        page.family("enigma_build_info", "gauge", "The program's version.");
        let version = [("version", env!("CARGO_PKG_VERSION").to_owned())];
        page.sample("enigma_build_info", &version, 1);
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        page.gauge(
            "enigma_block",
            "The last block applied.",
            value(&self.block),
        );
        page.gauge(
            "enigma_chain_head",
            "The chain's last block when it was last asked.",
            value(&self.chain_head),
        );
        page.gauge(
            "enigma_chain_seen_seconds",
            "When the chain last answered, Unix seconds.",
            value(&self.chain_seen),
        );
        page.gauge(
            "enigma_ready",
            "1 when the chain answers and the disk takes writes.",
            u8::from(self.unready().is_none()),
        );
        page.gauge(
            "enigma_jobs_running",
            "Jobs this node is working on.",
            value(&self.jobs_running),
        );
        page.counter(
            "enigma_rows_stored_total",
            "Rows checked and stored.",
            value(&self.rows_stored),
        );
        page.counter(
            "enigma_parameters_stored_total",
            "Private parameters of calls checked and stored.",
            value(&self.parameters_stored),
        );
        page.counter(
            "enigma_dealings_refused_total",
            "Rows and parameters refused because their dealing is inconsistent.",
            value(&self.dealings_refused),
        );
        page.counter(
            "enigma_bytes_sent_total",
            "Bytes sent to committee members.",
            value(&self.bytes_sent),
        );
        page.counter(
            "enigma_bytes_received_total",
            "Bytes received from committee members.",
            value(&self.bytes_received),
        );
        page.counter(
            "enigma_disk_write_errors_total",
            "Writes that failed; nothing that waited for them was acknowledged.",
            value(&self.disk_write_errors),
        );
        page.counter(
            "enigma_peer_faults_total",
            "Messages of committee members that are not of the protocol.",
            value(&self.peers_misbehaved),
        );
        page.counter(
            "enigma_troubles_total",
            "Failures of this node's own disk, chain or configuration.",
            value(&self.troubles),
        );
        page.family(
            "enigma_job_phases_total",
            "counter",
            "Jobs that entered a phase.",
        );
        for (phase, count) in lock(&self.phases).iter() {
            page.sample(
                "enigma_job_phases_total",
                &[("phase", (*phase).to_owned())],
                count,
            );
        }
        page.family(
            "enigma_jobs_total",
            "counter",
            "Jobs that ended, by outcome.",
        );
        for (outcome, count) in lock(&self.outcomes).iter() {
            page.sample(
                "enigma_jobs_total",
                &[("outcome", (*outcome).to_owned())],
                count,
            );
        }
        self.links(&mut page);
        self.latencies(&mut page);
        page.0
    }

    fn links(&self, page: &mut Page) {
        let peers = lock(&self.peers);
        let up = peers.iter().filter(|peer| peer.connected).count();
        page.gauge("enigma_links_up", "Committee links that are up.", up);
        page.gauge(
            "enigma_links_wanted",
            "Committee links there should be.",
            peers.len(),
        );
        page.family(
            "enigma_peer_clock_offset_seconds",
            "gauge",
            "A member's clock less this node's, when its link came up.",
        );
        for peer in peers.iter() {
            if let Some(offset) = peer.clock_offset_seconds {
                let label = [("peer", peer.peer.to_string())];
                page.sample("enigma_peer_clock_offset_seconds", &label, offset);
            }
        }
    }

    fn latencies(&self, page: &mut Page) {
        let name = "enigma_request_seconds";
        page.family(
            name,
            "histogram",
            "Time from a request's first byte to its answer, by route and status.",
        );
        for ((route, status), latency) in lock(&self.requests).iter() {
            let labels = [
                ("route", (*route).to_owned()),
                ("status", status.to_string()),
            ];
            let bounds = LATENCIES
                .iter()
                .map(f64::to_string)
                .chain(["+Inf".to_owned()]);
            let counts = latency.buckets.iter().chain([&latency.count]);
            for (bound, count) in bounds.zip(counts) {
                let [route, status] = labels.clone();
                page.sample(
                    &format!("{name}_bucket"),
                    &[route, status, ("le", bound)],
                    count,
                );
            }
            page.sample(&format!("{name}_sum"), &labels, latency.seconds);
            page.sample(&format!("{name}_count"), &labels, latency.count);
        }
    }
}

/// A page that is being written.
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "counter", help);
        self.sample(name, &[], value);
    }

    /// Labels' values hold no quotes, backslashes or line ends.
    fn sample(&mut self, name: &str, labels: &[(&str, String)], value: impl Display) {
        if labels.is_empty() {
            return self.line(format_args!("{name} {value}"));
        }
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{value}\""))
            .collect();
        self.line(format_args!("{name}{{{}}} {value}", labels.join(",")));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to memory cannot fail.
        let _ = writeln!(self.0, "{line}");
    }
}

/// Unix seconds by this machine's clock; 0 when it is set before 1970.
pub(crate) fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section is a single change, so poison carries no news.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use enigma_wire::id::{CollectionId, JobId, MemberIndex, PeerKey};

    #[test]
    fn the_page_is_well_formed_and_holds_what_was_counted() {
        let telemetry = Telemetry::default();
        let (collection, member) = (CollectionId(1), MemberIndex(0));
        telemetry.fact(&Fact::RowStored { collection, member });
        let (job, phase) = (JobId(1), "range check");
        telemetry.fact(&Fact::JobPhase { job, phase });
        telemetry.outcome("settled");
        telemetry.request("deposits", 200, Duration::from_millis(30));
        telemetry.set_peers(vec![PeerReport {
            peer: PeerKey([1; 32]),
            connected: true,
            version: Some("0.1.0".to_owned()),
            clock_offset_seconds: Some(-31),
        }]);
        let page = telemetry.page();
        for line in page.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                assert!(
                    comment.starts_with("HELP enigma_") || comment.starts_with("TYPE enigma_"),
                    "{line}"
                );
                continue;
            }
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            assert!(name.starts_with("enigma_"), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let family = name.split('{').next().expect("a name");
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .fold(family, |name, end| name.strip_suffix(end).unwrap_or(name));
            assert!(page.contains(&format!("# TYPE {family} ")), "{line}");
        }
        for expected in [
            "enigma_rows_stored_total 1",
            "enigma_job_phases_total{phase=\"range check\"} 1",
            "enigma_jobs_total{outcome=\"settled\"} 1",
            "enigma_links_up 1",
            "enigma_request_seconds_bucket{route=\"deposits\",status=\"200\",le=\"0.02\"} 0",
            "enigma_request_seconds_bucket{route=\"deposits\",status=\"200\",le=\"0.1\"} 1",
            "enigma_request_seconds_count{route=\"deposits\",status=\"200\"} 1",
        ] {
            assert!(
                page.lines().any(|line| line == expected),
                "{expected} in\n{page}"
            );
        }
        assert!(page.contains("} -31\n"), "{page}");
    }

    #[test]
    fn a_node_is_ready_when_the_chain_answers_and_the_disk_writes() {
        let telemetry = Telemetry::default();
        assert!(telemetry.unready().expect("not yet").contains("chain"));
        telemetry.chain_answered(7);
        assert_eq!(telemetry.unready(), None);
        telemetry.disk_failing.store(true, Ordering::Relaxed);
        assert!(telemetry.unready().expect("failing").contains("disk"));
    }
}
