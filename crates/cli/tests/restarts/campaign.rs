//! Any node, killed at any moment of uploads and jobs: no acknowledged row is lost, every job ends, and
//! the node comes back and serves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::{mpsc, watch};

use crate::network::TestNetwork;
use crate::survey::program;
use crate::work::{self, Campaign};

/// How long a job takes, until one was measured; only guides when to kill.
const JOB_MS: u64 = 600;
/// Longest time from one kill to the next during uploads, and from a kill to the restart.
const UPLOAD_MS: u64 = 900;
const DOWN_MS: u64 = 400;
/// Sealed collections that wait for their jobs.
const SEALED_MAX: usize = 4;

/// Runs a whole campaign and says on standard error what was done.
#[expect(clippy::print_stderr)]
async fn run(nodes: usize, people: usize, kills: usize) {
    let seed = match std::env::var("ENIGMA_TEST_SEED") {
        Ok(text) => text.parse().expect("ENIGMA_TEST_SEED is a number"),
        Err(_) => rand::random(),
    };
    eprintln!("ENIGMA_TEST_SEED={seed}");
    let start = Instant::now();
    let network = TestNetwork::start(nodes, |_, _| None).await;
    let program = program();
    let instance = program.deploy(&network, &network.client().await).await;
    let campaign = Arc::new(Campaign {
        network,
        program,
        instance,
        people,
        seed,
        over: AtomicBool::new(false),
        jobs: watch::Sender::new((0, false)),
        job_ms: AtomicU64::new(JOB_MS),
    });
    let (sealed_in, sealed) = mpsc::channel(SEALED_MAX);
    let giver = tokio::spawn(work::give(campaign.clone(), sealed_in));
    let requester = tokio::spawn(work::request(campaign.clone(), sealed));
    let killer = tokio::spawn(kill(campaign.clone(), kills));
    // The first that fails ends the test with its message.
    let (hits, given, requested) =
        tokio::try_join!(killer, giver, requester).unwrap_or_else(|error| {
            match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => panic!("{error}"),
            }
        });
    eprintln!(
        "{kills} kills of {nodes} nodes, {hits} during a job; {} rows and {} corrections acknowledged; \
         {} jobs settled, {} failed; {:.0} s",
        given.rows,
        given.corrections,
        requested.settled,
        requested.failed,
        start.elapsed().as_secs_f64()
    );
    assert!(hits > 0 && requested.failed > 0, "no job was hit");
    let campaign = Arc::into_inner(campaign).expect("all tasks are done");
    campaign.network.stop().await;
}

/// Kills random nodes at random moments, every other time while a job runs; each comes back after a
/// moment and serves. Gives how many kills hit a running job.
async fn kill(campaign: Arc<Campaign>, kills: usize) -> usize {
    let mut random = StdRng::seed_from_u64(campaign.seed);
    let client = campaign.network.client().await;
    let mut jobs = campaign.jobs.subscribe();
    let mut hits = 0;
    for number in 0..kills {
        let longest = if number % 2 == 1 {
            let before = jobs.borrow_and_update().0;
            jobs.wait_for(|jobs| jobs.0 > before)
                .await
                .expect("it lives");
            campaign.job_ms.load(Ordering::Acquire)
        } else {
            UPLOAD_MS
        };
        sleep(random.random_range(0..=longest)).await;
        let victim = random.random_range(0..campaign.network.count());
        hits += usize::from(jobs.borrow().1);
        campaign.network.kill(victim);
        sleep(random.random_range(0..=DOWN_MS)).await;
        let head = client.chain().head().await.expect("the chain answers");
        campaign.network.restart(victim);
        let others = campaign.network.count() - 1;
        campaign
            .network
            .await_serving(victim, head.number, others)
            .await;
    }
    campaign.over.store(true, Ordering::Release);
    hits
}

async fn sleep(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_row_is_lost_in_twenty_kills() {
    run(3, 20, 20).await;
}

/// `cargo test --release -p enigma-cli --test restarts -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "long; a separate command"]
async fn no_acknowledged_row_is_lost_in_hundreds_of_kills() {
    run(3, 40, 200).await;
    run(5, 20, 100).await;
}
