//! The survey itself, as its organiser and its people live it: publish, open, share, consent, request,
//! collect.

use std::time::{Duration, Instant};

use enigma_bytecode::plan::Sizes;
use enigma_chain::SignedContribution;
use enigma_client::{ConsentTerms, GivenTo, Owner, Quote, Results};
use enigma_wire::api::JobStatus;
use enigma_wire::controller::{
    Amount, Certificate, CollectionTerms, Failure, JobRequest, RightKey,
};
use enigma_wire::id::{CollectionId, Hash, JobId, MemberIndex, NodeId};
use enigma_wire::ledger::JobState;
use enigma_wire::merkle::Tree;
use enigma_wire::output::Recipient;
use futures::{StreamExt as _, TryStreamExt as _};

use super::network::Running;
use super::{Program, Seconds};
use crate::commands::result::culprits;
use crate::people::Person;
use crate::report::{self, Problem};

/// People who upload, or collect, at the same time.
const AT_ONCE: usize = 16;
/// Contributions or consents posted in one transaction.
const POSTED_AT_ONCE: usize = 50;
/// How long a job may take before anybody may have it refunded.
const JOB_SECONDS: u64 = 600;
/// How long the consents of the demo last.
const CONSENT_SECONDS: u64 = 3_600;

/// What a finished survey gives.
pub(crate) struct Outcome {
    /// Everyone's name and results, in the file's order; none for a member whose row was dropped.
    pub(crate) people: Vec<(String, Option<Results>)>,
    pub(crate) committee: Vec<NodeId>,
    pub(crate) certificate: Certificate,
    pub(crate) contract: Hash,
    pub(crate) fee: Amount,
    pub(crate) blocks: u64,
    pub(crate) upload_bytes: u64,
    pub(crate) security: String,
    /// Names of results that every recipient learns alike.
    pub(crate) common: Vec<String>,
    /// All names, in the manifest's order.
    pub(crate) names: Vec<String>,
}

/// Runs the survey on a running network.
pub(crate) async fn run(
    running: &mut Running,
    program: &Program,
    people: &[Person],
    seconds: &mut Seconds,
    start: Instant,
) -> Result<Outcome, Problem> {
    let owners: Vec<Owner> = people
        .iter()
        .map(|_| Owner::random(&mut rand::rng()))
        .collect();
    let members = Tree::of_members(&owners.iter().map(Owner::address).collect::<Vec<_>>());
    let collection = open(running, program, &members, people.len() as u32).await?;
    seconds.setup = lap(start, 0.0);
    report::progress(&format!(
        "set up    {:5.1} s  chain, {} nodes, contract, committee",
        seconds.setup,
        committee(running, collection).len()
    ));

    let upload_bytes = share(running, program, collection, &members, &owners, people).await?;
    seconds.share = lap(start, seconds.setup);
    report::progress(&format!(
        "shared    {:5.1} s  {} people dealt verifiable shares and consented",
        seconds.share,
        people.len()
    ));

    let (job, quote) = request(running, program, collection).await?;
    report::progress(&format!(
        "computing           job {job}, {} multiplications, fee {}",
        quote.cost.multiplications,
        report::amount(quote.price)
    ));
    let (certificate, statuses) = await_job(running, collection, job, quote.price).await?;
    seconds.compute = lap(start, seconds.setup + seconds.share);
    report::progress(&format!(
        "computed  {:5.1} s  certificate settled",
        seconds.compute
    ));

    let results = collect(running, program, collection, (&certificate, &owners)).await?;
    seconds.collect = lap(start, seconds.setup + seconds.share + seconds.compute);
    let names = people.iter().map(|person| person.name.clone());
    Ok(Outcome {
        people: names.zip(results).collect(),
        committee: committee(running, collection),
        contract: program.hash,
        fee: quote.price,
        blocks: running.network.ledger().head.number,
        upload_bytes,
        security: agreed_security(&statuses),
        certificate,
        common: common_names(program),
        names: program
            .contract
            .manifest
            .iter()
            .map(|line| line.name.clone())
            .collect(),
    })
}

fn lap(start: Instant, before: f64) -> f64 {
    start.elapsed().as_secs_f64() - before
}

fn committee(running: &Running, collection: CollectionId) -> Vec<NodeId> {
    let committee = running.network.ledger().committee(collection);
    committee.unwrap_or_default().to_vec()
}

/// Publishes the contract, deploys an instance, has its committee drawn, opens the collection.
async fn open(
    running: &mut Running,
    program: &Program,
    members: &Tree,
    people: u32,
) -> Result<CollectionId, Problem> {
    let chain = running.network.chain().clone();
    let organiser = &running.organiser;
    chain
        .publish(organiser, program.hash, program.manifest)
        .await?;
    let nodes = running.network.ledger().nodes.len() as u8;
    let instance = running
        .network
        .deploy_instance(organiser, program.hash, nodes, &[])
        .await?;
    // The committee follows from a block after the deployment, which an instant chain mines on demand.
    chain.mine_block().await?;
    chain.mine_block().await?;
    chain.draw_committee(organiser, instance).await?;
    running.network.refresh().await?;
    running
        .network
        .upload_contract(organiser.key(), instance, &program.bytecode)
        .await?;
    let terms = CollectionTerms {
        instance,
        slot: 0,
        member_root: members.root(),
        member_count: people,
        min_rows: program.contract.minimum_rows(program.entry, 0),
    };
    let collection = chain.open_collection(organiser, &terms).await?;
    running.network.refresh().await?;
    Ok(collection)
}

/// Everyone deals, uploads and consents; the signed statements are posted in batches; then the
/// collection is sealed.
async fn share(
    running: &mut Running,
    program: &Program,
    collection: CollectionId,
    members: &Tree,
    owners: &[Owner],
    people: &[Person],
) -> Result<u64, Problem> {
    let network = &running.network;
    let domain = network.domain();
    let mut contributed = Vec::with_capacity(owners.len());
    let mut bytes = 0;
    let to = GivenTo {
        collection,
        members,
        profile: program.contract.profile,
    };
    let uploads = (0..owners.len()).map(|at| {
        let dealt = owners[at].deal(
            network.ledger(),
            &domain,
            &to,
            (MemberIndex(at as u32), &people[at].rows[..]),
            &mut rand::rng(),
        );
        async move { enigma_client::contribute(network, dealt?).await }
    });
    // Dealt one by one as places become free, so that dealing overlaps with uploading.
    let mut uploads = futures::stream::iter(uploads).buffered(AT_ONCE);
    while let Some(uploaded) = uploads.next().await {
        let item = uploaded?;
        bytes += item.bytes;
        contributed.push(SignedContribution {
            contribution: item.contribution,
            signature: item.signature,
            member_proof: item.member_proof,
            receipts: item.receipts,
        });
    }
    drop(uploads);
    for batch in contributed.chunks(POSTED_AT_ONCE) {
        network
            .chain()
            .contribute(&running.organiser, batch)
            .await?;
    }
    let consents = consents(running, program, collection, owners)?;
    for batch in consents.chunks(POSTED_AT_ONCE) {
        network.chain().grant(&running.organiser, batch).await?;
    }
    network
        .chain()
        .seal_collection(&running.organiser, collection)
        .await?;
    running.network.refresh().await?;
    Ok(bytes)
}

/// One use of this entry of this contract, by this organiser, for the next hour.
fn consents(
    running: &Running,
    program: &Program,
    collection: CollectionId,
    owners: &[Owner],
) -> Result<
    Vec<(
        enigma_wire::controller::Consent,
        enigma_wire::sign::Signature,
    )>,
    Problem,
> {
    let ledger = running.network.ledger();
    let record = ledger
        .collections
        .get(&collection)
        .ok_or_else(|| Problem::failed("the collection is gone"))?;
    let min_group = program.contract.minimum_rows(program.entry, 0);
    let consent = |(at, owner): (usize, &Owner)| {
        let terms = ConsentTerms {
            right: RightKey {
                collection,
                member: MemberIndex(at as u32),
                contract: program.hash,
                entry: program.entry as u16,
                requester: running.organiser.address(),
            },
            instance: record.terms.instance,
            uses: 1,
            expiry: ledger.head.time + CONSENT_SECONDS,
            min_group,
            nonce: 1,
        };
        owner.consent(&running.network.domain(), terms)
    };
    Ok(owners.iter().enumerate().map(consent).collect())
}

async fn request(
    running: &mut Running,
    program: &Program,
    collection: CollectionId,
) -> Result<(JobId, Quote), Problem> {
    let network = &running.network;
    let record = network.ledger().collections.get(&collection);
    let rows = record.map_or(0, |record| record.contributions.len());
    let instance = record.map(|record| record.terms.instance);
    let instance = instance.ok_or_else(|| Problem::failed("the collection is not on the chain"))?;
    let sizes = Sizes::single(&program.contract, 0, rows as u32);
    let quote = network.quote(&program.contract, instance, program.entry, &sizes)?;
    let request = JobRequest {
        instance,
        entry: program.entry as u16,
        collections: vec![collection],
        arguments: Vec::new(),
        seal_key: None,
        changes: false,
        pays: 0,
        deadline: network.ledger().head.time + JOB_SECONDS,
    };
    let chain = network.chain();
    let job = chain
        .request_job(&running.organiser, &request, quote.price)
        .await?;
    running.network.refresh().await?;
    Ok((job, quote))
}

async fn await_job(
    running: &mut Running,
    collection: CollectionId,
    job: JobId,
    fee: Amount,
) -> Result<(Certificate, Vec<(NodeId, JobStatus)>), Problem> {
    let patience = Duration::from_secs(JOB_SECONDS);
    let ended = running
        .network
        .wait_for(patience, |ledger| match &ledger.jobs.get(&job)?.state {
            JobState::Open => None,
            ended => Some(ended.clone()),
        })
        .await?;
    let statuses = running
        .network
        .job_statuses(running.organiser.key(), job)
        .await;
    match ended {
        Some(JobState::Settled(certificate)) => Ok((certificate, statuses)),
        Some(JobState::Failed(failure)) => {
            Err(failed_problem(running, collection, &failure, &statuses, fee).await)
        }
        Some(JobState::Cancelled) => Err(Problem::failed(format!(
            "job {job} was cancelled; the fee was refunded"
        ))),
        Some(_) => Err(Problem::failed(format!(
            "job {job} passed its deadline; the fee was refunded"
        ))),
        None => {
            let problem = Problem::failed(format!("job {job} did not end within {JOB_SECONDS} s"));
            Err(problem.hint(running.logs_hint()))
        }
    }
}

/// The job failed on the chain: say who is named and why, and take the refund out.
async fn failed_problem(
    running: &mut Running,
    collection: CollectionId,
    failure: &Failure,
    statuses: &[(NodeId, JobStatus)],
    fee: Amount,
) -> Problem {
    let members = committee(running, collection);
    let reason = statuses.iter().find_map(|(node, status)| {
        status
            .reason
            .as_ref()
            .map(|reason| format!(" (node {node}: {reason})"))
    });
    let named = culprits(&members, failure);
    let refund = match running.network.chain().withdraw(&running.organiser).await {
        Ok(amount) => format!("the fee of {} is refunded", report::amount(amount)),
        Err(error) => format!(
            "the fee of {} could not be withdrawn: {error}",
            report::amount(fee)
        ),
    };
    Problem::failed(format!(
        "job {} failed: {named}{}; {refund}",
        failure.job,
        reason.unwrap_or_default()
    ))
    .hint(running.logs_hint())
}

/// Everyone fetches and combines their own results; there are none for a row that was dropped.
async fn collect(
    running: &Running,
    program: &Program,
    collection: CollectionId,
    (certificate, owners): (&Certificate, &[Owner]),
) -> Result<Vec<Option<Results>>, Problem> {
    let network = &running.network;
    let collecting = owners.iter().enumerate().map(|(at, owner)| async move {
        let recipient = Recipient::Member {
            collection,
            member: MemberIndex(at as u32),
        };
        enigma_client::collect(network, &program.contract, certificate, owner, recipient).await
    });
    let results = futures::stream::iter(collecting).buffered(AT_ONCE);
    Ok(results.try_collect().await?)
}

/// The weakest claim of any member.
fn agreed_security(statuses: &[(NodeId, JobStatus)]) -> String {
    let mut claims: Vec<&str> = statuses
        .iter()
        .map(|(_, status)| status.security.as_str())
        .collect();
    claims.sort_unstable();
    claims.dedup();
    match claims[..] {
        [claim] => claim.to_owned(),
        _ => "unknown".to_owned(),
    }
}

fn common_names(program: &Program) -> Vec<String> {
    use enigma_bytecode::model::Recipient;
    let lines = program.contract.manifest.iter();
    let common = lines.filter(|line| matches!(line.recipients[..], [Recipient::EachOf(_)]));
    common.map(|line| line.name.clone()).collect()
}
