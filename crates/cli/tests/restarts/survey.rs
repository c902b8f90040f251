//! Collections of the sample contract: opening, owners' uploads and consents, jobs and their results.

use std::collections::BTreeMap;
use std::time::Duration;

use enigma_bytecode::container;
use enigma_bytecode::model::{Contract, Profile};
use enigma_bytecode::plan::Sizes;
use enigma_chain::SignedContribution;
use enigma_client::{ClientError, ConsentTerms, Contributed, GivenTo, Network, Owner, Value};
use enigma_wire::api::Deposit;
use enigma_wire::controller::{
    Amount, Certificate, CollectionTerms, Failure, JobRequest, RightKey,
};
use enigma_wire::id::{CollectionId, Hash, JobId, MemberIndex};
use enigma_wire::ledger::JobState;
use enigma_wire::merkle::Tree;
use enigma_wire::output::Recipient;

use crate::network::TestNetwork;

/// How long a job may take before the chain refunds it, and before the test calls it hanging.
const JOB_SECONDS: u64 = 600;
/// Pause before a node that was killed is asked again.
const RETRY: Duration = Duration::from_millis(100);

/// The sample contract.
pub(crate) struct Program {
    pub(crate) contract: Contract,
    bytecode: Vec<u8>,
    hash: Hash,
}

/// The sample, compiled.
pub(crate) fn program() -> Program {
    let source = include_str!("../../../../examples/salaries/salaries.enigma");
    let contract = enigma_lang::compile(source).contract.expect("it compiles");
    let bytecode = container::encode(&contract);
    Program {
        hash: container::contract_hash(&bytecode),
        bytecode,
        contract,
    }
}

impl Program {
    /// Publishes the contract and creates an instance with all nodes as its committee.
    pub(crate) async fn deploy(&self, network: &TestNetwork, client: &Network) -> Hash {
        let (chain, organiser) = (client.chain(), &network.organiser);
        let manifest = container::manifest_hash(&self.contract);
        chain
            .publish(organiser, self.hash, manifest)
            .await
            .expect("published");
        let instance = chain
            .deploy_instance(organiser, self.hash, network.count() as u8, &[])
            .await
            .expect("deployed");
        // The committee follows from a block after the deployment.
        chain.mine_block().await.expect("mined");
        chain.mine_block().await.expect("mined");
        let drawn = chain.draw_committee(organiser, instance).await;
        drawn.expect("drawn");
        instance
    }
}

/// A collection and the people who give their values to it.
pub(crate) struct Collection {
    pub(crate) id: CollectionId,
    pub(crate) owners: Vec<Owner>,
    /// The last value of each member that every node has acknowledged, and the root of its dealing.
    pub(crate) acknowledged: BTreeMap<usize, (i64, Hash)>,
    tree: Tree,
    instance: Hash,
}

/// How a job ended.
pub(crate) enum Ended {
    Settled(Certificate),
    Failed(Failure),
}

impl Collection {
    /// Opens a collection for so many people.
    pub(crate) async fn open(
        network: &TestNetwork,
        client: &mut Network,
        instance: Hash,
        people: usize,
    ) -> Self {
        let owners: Vec<Owner> = (0..people)
            .map(|_| Owner::random(&mut rand::rng()))
            .collect();
        let addresses: Vec<_> = owners.iter().map(Owner::address).collect();
        let tree = Tree::of_members(&addresses);
        let terms = CollectionTerms {
            instance,
            slot: 0,
            member_root: tree.root(),
            member_count: people as u32,
            min_rows: 5,
        };
        let (chain, organiser) = (client.chain().clone(), &network.organiser);
        let id = chain
            .open_collection(organiser, &terms)
            .await
            .expect("opened");
        client.refresh().await.expect("the chain answers");
        Self {
            id,
            owners,
            acknowledged: BTreeMap::new(),
            tree,
            instance,
        }
    }

    /// Gives every node of the committee the program.
    pub(crate) async fn bring(&self, network: &TestNetwork, client: &Network, program: &Program) {
        while let Err(error) = client
            .upload_contract(network.organiser.key(), self.instance, &program.bytecode)
            .await
        {
            retry(error).await;
        }
    }

    /// Deals a value: one deposit for each node.
    pub(crate) fn deal(&self, client: &Network, member: usize, value: i64) -> Vec<Deposit> {
        let to = GivenTo {
            collection: self.id,
            members: &self.tree,
            profile: Profile::ShamirM61V1,
        };
        self.owners[member]
            .deal(
                client.ledger(),
                &client.domain(),
                &to,
                (MemberIndex(member as u32), &[vec![value]]),
                &mut rand::rng(),
            )
            .expect("a good dealing")
    }

    /// Posts acknowledged contributions and the consent of each new contributor.
    pub(crate) async fn post(
        &mut self,
        network: &TestNetwork,
        client: &mut Network,
        program: &Program,
        items: &[(i64, Contributed)],
    ) {
        let record = |item: &Contributed| SignedContribution {
            contribution: item.contribution.clone(),
            signature: item.signature,
            member_proof: item.member_proof.clone(),
            receipts: item.receipts.clone(),
        };
        let signed: Vec<_> = items.iter().map(|(_, item)| record(item)).collect();
        let chain = client.chain().clone();
        chain
            .contribute(&network.organiser, &signed)
            .await
            .expect("recorded");
        let fresh = items
            .iter()
            .map(|(_, item)| &item.contribution)
            .filter(|contribution| contribution.revision == 0);
        let consents: Vec<_> = fresh
            .map(|contribution| {
                let terms = ConsentTerms {
                    right: RightKey {
                        collection: self.id,
                        member: contribution.member,
                        contract: program.hash,
                        entry: 0,
                        requester: network.requester.address(),
                    },
                    instance: self.instance,
                    uses: 1_000,
                    expiry: client.ledger().head.time + 24 * 3_600,
                    min_group: 5,
                    nonce: 1,
                };
                self.owners[contribution.member.0 as usize].consent(&client.domain(), terms)
            })
            .collect();
        if !consents.is_empty() {
            chain
                .grant(&network.organiser, &consents)
                .await
                .expect("granted");
        }
        for (value, item) in items {
            let member = item.contribution.member.0 as usize;
            self.acknowledged
                .insert(member, (*value, item.contribution.root));
        }
        client.refresh().await.expect("the chain answers");
    }

    /// Seals the collection, which holds exactly what was acknowledged: each member's last value, once.
    pub(crate) async fn seal(&self, network: &TestNetwork, client: &mut Network) {
        client
            .chain()
            .seal_collection(&network.organiser, self.id)
            .await
            .expect("sealed");
        client.refresh().await.expect("the chain answers");
        let recorded: BTreeMap<usize, Hash> = client.ledger().collections[&self.id]
            .contributions
            .iter()
            .map(|(member, contribution)| (member.0 as usize, contribution.root))
            .collect();
        let acknowledged = self.acknowledged.iter();
        let acknowledged: BTreeMap<usize, Hash> = acknowledged
            .map(|(member, (_, root))| (*member, *root))
            .collect();
        assert_eq!(recorded, acknowledged);
    }

    /// Requests the job over all rows for its exact price.
    pub(crate) async fn request(
        &self,
        network: &TestNetwork,
        client: &mut Network,
        program: &Program,
    ) -> (JobId, Amount) {
        client.refresh().await.expect("the chain answers");
        let rows = self.acknowledged.len() as u32;
        let instance = client.ledger().collections[&self.id].terms.instance;
        let sizes = Sizes::single(&program.contract, 0, rows);
        let quote = client
            .quote(&program.contract, instance, 0, &sizes)
            .expect("a price");
        let request = JobRequest {
            instance,
            entry: 0,
            collections: vec![self.id],
            arguments: Vec::new(),
            seal_key: None,
            changes: false,
            pays: 0,
            deadline: client.ledger().head.time + JOB_SECONDS,
        };
        let job = client
            .chain()
            .request_job(&network.requester, &request, quote.price)
            .await
            .expect("requested");
        (job, quote.price)
    }

    /// Waits for the end of a job: it never hangs.
    pub(crate) async fn end_of(&self, client: &mut Network, job: JobId) -> Ended {
        let ended = client
            .wait_for(Duration::from_secs(JOB_SECONDS), |ledger| {
                match &ledger.jobs.get(&job)?.state {
                    JobState::Open => None,
                    ended => Some(ended.clone()),
                }
            })
            .await
            .expect("the chain answers");
        match ended {
            Some(JobState::Settled(certificate)) => Ended::Settled(certificate),
            Some(JobState::Failed(failure)) => Ended::Failed(failure),
            Some(other) => panic!("job {job} was not ended by its committee: {other:?}"),
            None => panic!("job {job} hangs"),
        }
    }

    /// Everybody learns exactly what plain arithmetic says of the acknowledged values. A rank that is
    /// right for everybody needs everybody's row at every node.
    pub(crate) async fn assert_right(
        &self,
        client: &Network,
        program: &Program,
        certificate: &Certificate,
    ) {
        let values: Vec<i64> = self
            .acknowledged
            .values()
            .map(|(value, _)| *value)
            .collect();
        assert_eq!(certificate.rows as usize, values.len());
        let average = values.iter().sum::<i64>() / values.len() as i64;
        for (member, (value, _)) in &self.acknowledged {
            let rank = 1 + values.iter().filter(|other| *other > value).count() as i64;
            let owner = &self.owners[*member];
            let recipient = Recipient::Member {
                collection: self.id,
                member: MemberIndex(*member as u32),
            };
            let contract = &program.contract;
            let results = loop {
                match enigma_client::collect(client, contract, certificate, owner, recipient).await
                {
                    Ok(results) => break results.expect("every row was used"),
                    Err(error) => retry(error).await,
                }
            };
            let learned = (results["average"].clone(), results["rank"].clone());
            assert_eq!(
                learned,
                (Value::Integer(average), Value::Integer(rank)),
                "member {member} of collection {} in job {}",
                self.id,
                certificate.job
            );
        }
    }
}

/// Uploads a dealing until every node has acknowledged it. A node that was killed cannot be reached;
/// nothing else may go wrong.
pub(crate) async fn upload(client: &Network, deposits: &[Deposit]) -> Contributed {
    loop {
        match enigma_client::contribute(client, deposits.to_vec()).await {
            Ok(contributed) => return contributed,
            Err(error) => retry(error).await,
        }
    }
}

async fn retry(error: ClientError) {
    match error {
        ClientError::Unreachable { .. } => tokio::time::sleep(RETRY).await,
        other => panic!("not a lost connection: {other}"),
    }
}
