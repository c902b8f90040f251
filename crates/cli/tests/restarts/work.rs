//! What goes on while nodes are killed: owners upload and correct values, a requester runs one job after
//! the other, and both insist until they have what they were promised.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use enigma_client::{Contributed, Network};
use enigma_wire::controller::Amount;
use enigma_wire::id::Hash;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::{mpsc, watch};

use crate::network::TestNetwork;
use crate::survey::{Collection, Ended, Program, upload};

/// Owners who upload at the same time.
const AT_ONCE: usize = 4;
/// Longest pause between uploads.
const PAUSE_MS: u64 = 150;
const RANGE: std::ops::RangeInclusive<i64> = 0..=100_000_000;

/// What uploader, requester and killer share.
pub(crate) struct Campaign {
    pub(crate) network: TestNetwork,
    pub(crate) program: Program,
    pub(crate) instance: Hash,
    /// People of each collection.
    pub(crate) people: usize,
    pub(crate) seed: u64,
    /// No more kills: finish.
    pub(crate) over: AtomicBool,
    /// The number of jobs requested so far, and whether the last is running.
    pub(crate) jobs: watch::Sender<(u32, bool)>,
    /// How long the last job that settled took.
    pub(crate) job_ms: AtomicU64,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) rows: usize,
    pub(crate) corrections: usize,
    pub(crate) settled: usize,
    pub(crate) failed: usize,
    pub(crate) refunded: Amount,
}

/// Opens one collection after the other, fills it, seals it and hands it on.
pub(crate) async fn give(campaign: Arc<Campaign>, sealed: mpsc::Sender<Collection>) -> Tally {
    let mut random = StdRng::seed_from_u64(campaign.seed ^ 1);
    let mut client = campaign.network.client().await;
    let mut tally = Tally::default();
    while !campaign.over.load(Ordering::Acquire) {
        let mut collection = Collection::open(
            &campaign.network,
            &mut client,
            campaign.instance,
            campaign.people,
        )
        .await;
        collection
            .bring(&campaign.network, &client, &campaign.program)
            .await;
        let members: Vec<usize> = (0..campaign.people).collect();
        for chunk in members.chunks(AT_ONCE) {
            give_once(&campaign, &mut client, &mut collection, chunk, &mut random).await;
            tally.rows += chunk.len();
            if random.random_bool(0.3) {
                let corrected = chunk[random.random_range(0..chunk.len())];
                let corrected = [corrected];
                give_once(
                    &campaign,
                    &mut client,
                    &mut collection,
                    &corrected,
                    &mut random,
                )
                .await;
                tally.corrections += 1;
            }
            let pause = random.random_range(0..PAUSE_MS);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        collection.seal(&campaign.network, &mut client).await;
        if sealed.send(collection).await.is_err() {
            break;
        }
    }
    tally
}

/// Some owners upload at the same time; what all nodes have acknowledged is then recorded on the chain.
async fn give_once(
    campaign: &Campaign,
    client: &mut Network,
    collection: &mut Collection,
    members: &[usize],
    random: &mut StdRng,
) {
    let mut dealt = Vec::new();
    for member in members {
        // Ties among the small values.
        let value = match random.random_bool(0.5) {
            true => random.random_range(RANGE),
            false => random.random_range(0..10) * 1_000,
        };
        dealt.push((value, collection.deal(client, *member, value)));
    }
    let connected: &Network = client;
    let uploads = dealt
        .iter()
        .map(|(_, deposits)| upload(connected, deposits));
    let contributed = futures::future::join_all(uploads).await;
    let items: Vec<(i64, Contributed)> = dealt
        .iter()
        .map(|(value, _)| *value)
        .zip(contributed)
        .collect();
    collection
        .post(&campaign.network, client, &campaign.program, &items)
        .await;
}

/// Runs jobs over the sealed collections until there will be no more of them; then once more over each,
/// undisturbed: that one must settle.
pub(crate) async fn request(
    campaign: Arc<Campaign>,
    mut sealed: mpsc::Receiver<Collection>,
) -> Tally {
    let mut client = campaign.network.client().await;
    let mut collections: Vec<Collection> = sealed.recv().await.into_iter().collect();
    let mut tally = Tally::default();
    let mut turn = 0;
    while !campaign.over.load(Ordering::Acquire) {
        while let Ok(collection) = sealed.try_recv() {
            collections.push(collection);
        }
        turn += 1;
        let collection = &collections[turn % collections.len()];
        run(&campaign, &mut client, collection, &mut tally).await;
    }
    while let Some(collection) = sealed.recv().await {
        collections.push(collection);
    }
    for collection in &collections {
        let settled = run(&campaign, &mut client, collection, &mut tally).await;
        assert!(settled, "nobody was killed, but the job failed");
    }
    tally
}

/// One job: it settles and everybody's results are right, or it fails and the fee is refunded. Says
/// whether it settled.
async fn run(
    campaign: &Campaign,
    client: &mut Network,
    collection: &Collection,
    tally: &mut Tally,
) -> bool {
    let network = &campaign.network;
    let start = Instant::now();
    let (job, fee) = collection.request(network, client, &campaign.program).await;
    campaign.jobs.send_modify(|jobs| *jobs = (jobs.0 + 1, true));
    let ended = collection.end_of(client, job).await;
    campaign.jobs.send_modify(|jobs| jobs.1 = false);
    let settled = match ended {
        Ended::Settled(certificate) => {
            let took = start.elapsed().as_millis() as u64;
            campaign.job_ms.store(took, Ordering::Release);
            tally.settled += 1;
            collection
                .assert_right(client, &campaign.program, &certificate)
                .await;
            true
        }
        Ended::Failed(_) => {
            tally.failed += 1;
            tally.refunded += fee;
            false
        }
    };
    let credit = client
        .chain()
        .credit_of(network.requester.address())
        .await
        .expect("the chain answers");
    assert_eq!(
        credit, tally.refunded,
        "exactly the failed jobs are refunded"
    );
    settled
}
