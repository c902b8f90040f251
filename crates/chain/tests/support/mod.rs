//! A controller on a chain beside the reference model, driven by the same calls.
#![allow(dead_code, unused_imports, unused_macros)] // Each test binary uses its part.

pub(crate) mod host;
pub(crate) mod proxy;

use std::collections::BTreeMap;
use std::time::Duration;

use enigma_chain::dev::DevConfig;
use enigma_chain::{Chain, ChainError, SignedContribution, Wallet};
use enigma_core::controller::{self as model, Call, Transaction};
use enigma_wire::controller::{
    Amount, BlockEvents, Certificate, CollectionTerms, Consent, Contribution, Event, Failure,
    FailureReason, JobRequest, NodeInfo, PartyBinding, Prices, Receipt, Revocation, RightKey,
    inputs,
};
use enigma_wire::effects::Effects;
use enigma_wire::eip712::{Domain, NodeBinding};
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex, NodeId, PeerKey, SealKey};
use enigma_wire::ledger::{Head, JobState, Ledger, RightQuestion};
use enigma_wire::merkle::Tree;
use enigma_wire::sign::{SecretKey, Signature, keccak256};
use host::Host;
pub(crate) use host::on_every_chain;

/// A test on a chain with three nodes and an instance that they are drawn for.
macro_rules! rules_with_instance {
    ($($name:ident($pair:ident, $instance:ident) $body:block)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let (mut $pair, $instance) = Pair::with_committee(3, 3).await;
            $body
            $pair.check_state().await;
        }
    )*};
}

pub(crate) use rules_with_instance;

pub(crate) const CHAIN_ID: u64 = 24_601;
pub(crate) const COINS: Amount = 1_000_000_000_000_000_000;
pub(crate) const DEPOSIT: Amount = 1_000_000;
pub(crate) const UNBONDING: u64 = 100;
pub(crate) const PRICES: Prices = Prices {
    base: 40,
    per_multiplication: 1,
    per_round: 10,
    per_kilobyte: 5,
};
/// A moment no test reaches.
pub(crate) const FAR: u64 = 10_000_000_000;

/// A key that is always the same.
pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_bytes(&keccak256(&[0x6b, seed]).0).expect("a hash is a key")
}

pub(crate) fn config(dir: &std::path::Path) -> DevConfig {
    DevConfig {
        dir: dir.to_owned(),
        chain_id: CHAIN_ID,
        listen: ([127, 0, 0, 1], 0).into(),
        funded: (0..=255).map(|seed| (key(seed).address(), COINS)).collect(),
    }
}

/// The controller, twice.
pub(crate) struct Pair {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) host: Option<Host>,
    pub(crate) chain: Chain,
    pub(crate) model: model::Controller,
    pub(crate) domain: Domain,
    hashes: BTreeMap<u64, Hash>,
}

impl Pair {
    /// A fresh chain with a fresh controller.
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let host = Host::start(dir.path()).await;
        let url = host.client_url();
        let bare = Chain::connect(&url, None).await.expect("connects");
        let deployer = Wallet::new(key(0));
        let controller = bare
            .deploy_controller(&deployer, &PRICES, DEPOSIT, UNBONDING)
            .await
            .expect("deploys");
        let chain = Chain::connect(&url, Some(controller))
            .await
            .expect("connects");
        let domain = Domain {
            chain_id: CHAIN_ID,
            controller,
        };
        let head = chain.head().await.expect("a head");
        let (model, first) = model::Controller::deploy(domain, head, PRICES, DEPOSIT, UNBONDING);
        let blocks = chain
            .events(head.number, head.number)
            .await
            .expect("events");
        assert_eq!(blocks[0].events, [first]);
        Self {
            dir,
            host: Some(host),
            chain,
            model,
            domain,
            hashes: BTreeMap::from([(head.number, head.hash)]),
        }
    }

    /// Sends a call to both and demands the same answer: the events, or the name of the broken rule.
    pub(crate) async fn call(
        &mut self,
        by: &SecretKey,
        value: Amount,
        call: &Call,
    ) -> Result<Vec<Event>, String> {
        let sent = send(&self.chain, &Wallet::new(by.clone()), value, call).await;
        let head = self.chain.head().await.expect("a head");
        let block = match &sent {
            Ok(()) => head,
            // Refused before it was mined: judged as of the block that would have been next.
            Err(_) => Head {
                number: head.number + 1,
                time: now().max(head.time),
                hash: Hash::default(),
            },
        };
        self.learn_hashes(head.number).await;
        let hashes = &self.hashes;
        let transaction = Transaction {
            sender: by.address(),
            value,
            block,
            block_hash: &|number| {
                let recent = number < block.number && number + 256 >= block.number;
                recent.then(|| hashes[&number])
            },
        };
        let expected = self.model.call(&transaction, call);
        match (sent, expected) {
            (Ok(()), Ok(expected)) => {
                let blocks = self.chain.events(head.number, head.number).await;
                let found = blocks.expect("events").pop().map(|block| block.events);
                assert_eq!(found.unwrap_or_default(), expected, "events of {call:?}");
                Ok(expected)
            }
            (Err(ChainError::Reverted { name, .. }), Err(expected)) => {
                assert_eq!(name, format!("{expected:?}"), "refusal of {call:?}");
                Err(name)
            }
            (sent, expected) => panic!("{call:?}: chain {sent:?}, model {expected:?}"),
        }
    }

    /// A call that must succeed.
    pub(crate) async fn ok(&mut self, by: &SecretKey, value: Amount, call: &Call) -> Vec<Event> {
        self.call(by, value, call).await.expect("accepted")
    }

    /// A call that must be refused by the named rule.
    pub(crate) async fn refused(&mut self, by: &SecretKey, value: Amount, call: &Call, rule: &str) {
        assert_eq!(self.call(by, value, call).await, Err(rule.to_owned()));
    }

    /// The state that follows from the chain's log is the model's state; so are the credits.
    pub(crate) async fn check_state(&mut self) {
        let head = self.chain.head().await.expect("a head");
        let mut ledger = Ledger::default();
        for block in self.all_events().await {
            ledger.apply_block(&block).expect("a log without gaps");
        }
        ledger.head = self.model.ledger().head;
        assert_eq!(&ledger, self.model.ledger());
        assert!(ledger.head.number <= head.number + 1);
        // What the contract holds is what it owes: credits, deposits, what is in instances, and the escrow of open jobs.
        let mut owed: Amount = 0;
        for seed in 0..=255 {
            let account = key(seed).address();
            let credit = self.chain.credit_of(account).await.expect("a credit");
            assert_eq!(credit, self.model.credit(account), "credit of {seed}");
            owed += credit;
        }
        owed += ledger
            .nodes
            .values()
            .map(|node| node.deposit)
            .sum::<Amount>();
        let open = ledger
            .jobs
            .values()
            .filter(|job| job.state == JobState::Open);
        owed += open.map(|job| job.fee + job.request.pays).sum::<Amount>();
        let instances = ledger.instances.values();
        let balances = instances.flat_map(|instance| instance.state.balances.values());
        owed += balances.sum::<Amount>();
        let held = self.chain.balance_of(self.domain.controller).await;
        assert_eq!(held, Ok(owed));
    }

    pub(crate) async fn all_events(&self) -> Vec<BlockEvents> {
        let head = self.chain.head().await.expect("a head");
        self.chain.events(0, head.number).await.expect("events")
    }

    /// Mines empty blocks.
    pub(crate) async fn mine(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.chain.mine_block().await.expect("mines");
        }
    }

    /// Moves the chain's clock.
    pub(crate) async fn pass(&mut self, seconds: u64) {
        let url = self.host.as_ref().expect("running").url();
        rpc(&url, "evm_increaseTime", serde_json::json!([seconds])).await;
        CLOCK.with(|clock| clock.set(clock.get() + seconds));
        self.mine(1).await;
    }

    async fn learn_hashes(&mut self, head: u64) {
        let known = self.hashes.keys().next_back().copied().unwrap_or(0);
        for number in known + 1..=head {
            let block = self.chain.events(number, number).await.expect("a block");
            self.hashes.insert(number, block[block.len() - 1].hash);
        }
    }
}

thread_local! {
    /// How far the test moved its chain's clock; each test has its own thread.
    static CLOCK: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// The chain's time.
pub(crate) fn now() -> u64 {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    clock.expect("after 1970").as_secs() + CLOCK.with(std::cell::Cell::get)
}

async fn send(chain: &Chain, by: &Wallet, value: Amount, call: &Call) -> Result<(), ChainError> {
    match call {
        Call::RegisterNode { info, proof } => chain.register_node(by, info, proof, value).await,
        Call::RetireNode => chain.retire_node(by).await,
        Call::ReleaseDeposit => chain.release_deposit(by).await,
        Call::Publish { contract, manifest } => chain.publish(by, *contract, *manifest).await,
        Call::Deploy {
            contract,
            committee_size,
            parties,
        } => chain
            .deploy_instance(by, *contract, *committee_size, parties)
            .await
            .map(drop),
        Call::BindParty { binding, signature } => {
            chain.bind_party(by, binding, signature.as_ref()).await
        }
        Call::OpenCollection(terms) => chain.open_collection(by, terms).await.map(drop),
        Call::DrawCommittee(instance) => chain.draw_committee(by, *instance).await,
        Call::Contribute(items) => {
            let items: Vec<_> = items.iter().map(signed).collect();
            chain.contribute(by, &items).await
        }
        Call::Grant(items) => chain.grant(by, items).await,
        Call::Revoke {
            revocation,
            signature,
        } => chain.revoke(by, revocation, signature.as_ref()).await,
        Call::SealCollection(collection) => chain.seal_collection(by, *collection).await,
        Call::RequestJob(request) => chain.request_job(by, request, value).await.map(drop),
        Call::PutIn(instance) => chain.put_in(by, *instance, value).await,
        Call::TakeOut { instance, amount } => chain.take_out(by, *instance, *amount).await,
        Call::Settle {
            certificate,
            effects,
            members,
            signatures,
        } => {
            chain
                .settle(by, certificate, effects, (members, signatures))
                .await
        }
        Call::FailJob {
            failure,
            members,
            signatures,
        } => chain.fail_job(by, failure, members, signatures).await,
        Call::StartJob(job) => chain.start_job(by, *job).await,
        Call::CancelJob(job) => chain.cancel_job(by, *job).await.map(drop),
        Call::ExpireJob(job) => chain.expire_job(by, *job).await,
        Call::Withdraw => chain.withdraw(by).await.map(drop),
    }
}

fn signed(item: &model::SignedContribution) -> SignedContribution {
    SignedContribution {
        contribution: item.contribution.clone(),
        signature: item.signature,
        member_proof: item.member_proof.clone(),
        receipts: item.receipts.clone(),
    }
}

/// One JSON-RPC request by hand: the answer's `result`, or the `error` object.
pub(crate) async fn rpc(url: &str, method: &str, params: serde_json::Value) -> serde_json::Value {
    let request =
        serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let (status, text) = post(url, request.to_string().into_bytes()).await;
    assert_eq!(status, 200, "{text}");
    let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    match answer.get("error") {
        Some(error) => error.clone(),
        None => answer["result"].clone(),
    }
}

/// A plain HTTP POST: status and body.
pub(crate) async fn post(url: &str, body: Vec<u8>) -> (u16, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = url.strip_prefix("http://").expect("a local URL");
    let mut stream = tokio::net::TcpStream::connect(address)
        .await
        .expect("connects");
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("writes");
    // A server that refuses a large body may stop reading it.
    let _ = stream.write_all(&body).await;
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(10), reading)
        .await
        .expect("an answer");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), body.to_owned())
}

// --- People and nodes -------------------------------------------------------------------------

pub(crate) const DEVELOPER: u8 = 1;
pub(crate) const REQUESTER: u8 = 2;
pub(crate) const RELAYER: u8 = 3;
pub(crate) const OWNERS: u8 = 50;
pub(crate) const PARTIES: u8 = 70;
pub(crate) const OPERATORS: u8 = 100;
pub(crate) const SIGNERS: u8 = 150;

pub(crate) const CONTRACT: Hash = Hash([0xc0; 32]);
pub(crate) const MANIFEST: Hash = Hash([0xaa; 32]);

pub(crate) fn owner(member: u32) -> SecretKey {
    key(OWNERS + member as u8)
}

pub(crate) fn operator(node: u32) -> SecretKey {
    key(OPERATORS + node as u8)
}

/// The receipt and certificate key of a node (numbered from 1).
pub(crate) fn signer(node: u32) -> SecretKey {
    key(SIGNERS + node as u8)
}

pub(crate) fn node_info(node: u32) -> NodeInfo {
    NodeInfo {
        peer_key: PeerKey(keccak256(&[1, node as u8]).0),
        seal_key: SealKey(keccak256(&[2, node as u8]).0),
        signer: signer(node).address(),
        peer_address: format!("127.0.0.1:{}", 7_000 + node),
        api_address: format!("http://127.0.0.1:{}", 8_000 + node),
    }
}

/// The account of a party of the instance that tests begin with.
pub(crate) fn party(number: u16) -> SecretKey {
    key(PARTIES + number as u8)
}

/// The parties of the instance that tests begin with.
pub(crate) fn parties() -> Vec<Address> {
    (0..2).map(|number| party(number).address()).collect()
}

/// The members of every collection in these tests.
pub(crate) fn members() -> Vec<Address> {
    (0..5).map(|member| owner(member).address()).collect()
}

pub(crate) fn terms(instance: Hash) -> CollectionTerms {
    CollectionTerms {
        instance,
        slot: 0,
        member_root: Tree::of_members(&members()).root(),
        member_count: 5,
        min_rows: 3,
    }
}

impl Pair {
    pub(crate) fn register(&self, node: u32) -> Call {
        self.register_as(&operator(node), node_info(node), &signer(node))
    }

    pub(crate) fn register_as(
        &self,
        operator: &SecretKey,
        info: NodeInfo,
        signer: &SecretKey,
    ) -> Call {
        let binding = NodeBinding {
            operator: operator.address(),
            info: &info,
        };
        let proof = signer.sign(&self.domain.digest(&binding));
        Call::RegisterNode { info, proof }
    }

    /// Nodes 1..=n, a published contract, and an instance of the developer's that so many of them are drawn for.
    pub(crate) async fn with_committee(n: u32, size: u8) -> (Self, Hash) {
        let (mut pair, instance) = Self::with_instance(n, size).await;
        pair.mine(1).await;
        let draw = Call::DrawCommittee(instance);
        pair.ok(&key(RELAYER), 0, &draw).await;
        (pair, instance)
    }

    /// The same before the draw.
    pub(crate) async fn with_instance(n: u32, size: u8) -> (Self, Hash) {
        let mut pair = Self::new().await;
        for node in 1..=n {
            let call = pair.register(node);
            pair.ok(&operator(node), DEPOSIT, &call).await;
        }
        let publish = Call::Publish {
            contract: CONTRACT,
            manifest: MANIFEST,
        };
        pair.ok(&key(DEVELOPER), 0, &publish).await;
        let deploy = Call::Deploy {
            contract: CONTRACT,
            committee_size: size,
            parties: parties(),
        };
        let events = pair.ok(&key(DEVELOPER), 0, &deploy).await;
        let Event::InstanceDeployed { instance, .. } = &events[0] else {
            panic!("{events:?}");
        };
        let instance = *instance;
        (pair, instance)
    }

    /// A party's key, signed by the party.
    pub(crate) fn binding(&self, instance: Hash, number: u16) -> (PartyBinding, Signature) {
        let binding = PartyBinding {
            instance,
            party: number,
            seal_key: SealKey(keccak256(&[5, number as u8]).0),
        };
        let signature = party(number).sign(&self.domain.digest(&binding));
        (binding, signature)
    }

    /// An open collection.
    pub(crate) async fn opened(&mut self, instance: Hash) -> CollectionId {
        let open = Call::OpenCollection(terms(instance));
        let events = self.ok(&key(DEVELOPER), 0, &open).await;
        let Event::CollectionOpened { collection, .. } = &events[0] else {
            panic!("{events:?}");
        };
        *collection
    }

    /// A collection with three rows and three consents, sealed: ready for jobs.
    pub(crate) async fn sealed(&mut self, instance: Hash) -> CollectionId {
        let collection = self.opened(instance).await;
        let rows = (0..3).map(|member| self.contribution(collection, member, 0));
        let rows = Call::Contribute(rows.collect());
        self.ok(&key(RELAYER), 0, &rows).await;
        let consents = (0..3).map(|member| self.consent(collection, member, 1));
        let consents = Call::Grant(consents.collect());
        self.ok(&key(RELAYER), 0, &consents).await;
        self.ok(&key(DEVELOPER), 0, &Call::SealCollection(collection))
            .await;
        collection
    }

    /// A request over collections of one instance.
    pub(crate) fn request(&self, collections: &[CollectionId], entry: u16, deadline: u64) -> Call {
        let of = |id| Some(self.model.ledger().collections.get(id)?.terms.instance);
        Call::RequestJob(JobRequest {
            instance: collections.iter().find_map(of).unwrap_or_default(),
            entry,
            collections: collections.to_vec(),
            arguments: vec![entry as u8; 3],
            seal_key: (entry == 0).then_some(SealKey([7; 32])),
            changes: entry == 2,
            pays: if entry == 2 { 50 } else { 0 },
            // Only what changes nothing may take as long as it likes.
            deadline: match (entry, deadline) {
                (2, FAR) => self.model.ledger().head.time + 500_000,
                _ => deadline,
            },
        })
    }

    pub(crate) async fn job(
        &mut self,
        collection: CollectionId,
        fee: Amount,
        deadline: u64,
    ) -> JobId {
        let request = self.request(&[collection], 0, deadline);
        let events = self.ok(&key(REQUESTER), fee, &request).await;
        let Event::JobRequested { job, .. } = &events[0] else {
            panic!("{events:?}");
        };
        *job
    }

    /// The first member's operator starts a job.
    pub(crate) async fn start(&mut self, job: JobId) {
        let collection = self.model.ledger().jobs[&job].request.collections[0];
        let first = self.committee(collection)[0].0;
        self.ok(&operator(first), 0, &Call::StartJob(job)).await;
    }

    pub(crate) fn committee(&self, collection: CollectionId) -> Vec<NodeId> {
        let committee = self.model.ledger().committee(collection);
        committee.unwrap_or_default().to_vec()
    }

    pub(crate) fn contribution(
        &self,
        collection: CollectionId,
        member: u32,
        revision: u32,
    ) -> model::SignedContribution {
        let given = Contribution {
            collection,
            member: MemberIndex(member),
            owner: owner(member).address(),
            root: keccak256(&[3, member as u8, revision as u8]),
            seal_key: SealKey(keccak256(&[4, member as u8]).0),
            revision,
            rows: 1 + member * 3,
        };
        self.signed(given, &owner(member))
    }

    /// A contribution signed by a key, with the committee's receipts and the member's proof.
    pub(crate) fn signed(&self, given: Contribution, by: &SecretKey) -> model::SignedContribution {
        let receipt = self.domain.digest(&Receipt {
            contribution: given.clone(),
        });
        let committee = self.committee(given.collection);
        model::SignedContribution {
            signature: by.sign(&self.domain.digest(&given)),
            member_proof: Tree::of_members(&members())
                .proof(given.member.0 as usize)
                .unwrap_or_default(),
            receipts: committee
                .iter()
                .map(|node| signer(node.0).sign(&receipt))
                .collect(),
            contribution: given,
        }
    }

    /// Whose rows the requester could use now.
    pub(crate) fn eligible(&self, collection: CollectionId) -> Vec<MemberIndex> {
        let ledger = self.model.ledger();
        let right = self.right(collection, 0);
        ledger.eligible_members(&RightQuestion {
            collection,
            contract: right.contract,
            entry: right.entry,
            requester: right.requester,
            use_index: 0,
            at_block: ledger.head.number,
            at_time: ledger.head.time,
        })
    }

    pub(crate) fn right(&self, collection: CollectionId, member: u32) -> RightKey {
        RightKey {
            collection,
            member: MemberIndex(member),
            contract: CONTRACT,
            entry: 0,
            requester: key(REQUESTER).address(),
        }
    }

    pub(crate) fn consent(
        &self,
        collection: CollectionId,
        member: u32,
        nonce: u64,
    ) -> (Consent, Signature) {
        let instance = self.model.ledger().collections[&collection].terms.instance;
        let consent = Consent {
            right: self.right(collection, member),
            instance,
            owner: owner(member).address(),
            uses: 2,
            expiry: FAR,
            min_group: 3,
            nonce,
        };
        let signature = owner(member).sign(&self.domain.digest(&consent));
        (consent, signature)
    }

    pub(crate) fn revocation(
        &self,
        collection: CollectionId,
        member: u32,
        nonce: u64,
    ) -> (Revocation, Signature) {
        let revocation = Revocation {
            right: self.right(collection, member),
            owner: owner(member).address(),
            nonce,
        };
        let signature = owner(member).sign(&self.domain.digest(&revocation));
        (revocation, signature)
    }

    pub(crate) fn certificate(&self, collection: CollectionId, job: JobId) -> Certificate {
        let ledger = self.model.ledger();
        let sealed = ledger.collections[&collection].sealed;
        let of_collection = || inputs(sealed);
        Certificate {
            job,
            contract: CONTRACT,
            inputs: ledger.job_inputs(job).unwrap_or_else(of_collection),
            outputs: Hash([0x0f; 32]),
            effects: Effects::default().hash(),
            rows: 3,
            multiplications: 12_345,
            rounds: 67,
            bytes: 890_123,
        }
    }

    /// A certificate with the signatures of the committee's members at these positions.
    pub(crate) fn settle(
        &self,
        collection: CollectionId,
        certificate: Certificate,
        members: &[u8],
    ) -> Call {
        self.settle_with(collection, certificate, Effects::default(), members)
    }

    /// With effects, which need not be those of the certificate.
    pub(crate) fn settle_with(
        &self,
        collection: CollectionId,
        certificate: Certificate,
        effects: Effects,
        members: &[u8],
    ) -> Call {
        let digest = self.domain.digest(&certificate);
        Call::Settle {
            signatures: self.member_signatures(collection, members, &digest),
            certificate,
            effects,
            members: members.to_vec(),
        }
    }

    pub(crate) fn failure(&self, job: JobId, culprits: u32) -> Failure {
        Failure {
            job,
            culprits,
            reason: FailureReason::Unresponsive,
        }
    }

    pub(crate) fn fail(&self, collection: CollectionId, failure: Failure, members: &[u8]) -> Call {
        let digest = self.domain.digest(&failure);
        Call::FailJob {
            signatures: self.member_signatures(collection, members, &digest),
            failure,
            members: members.to_vec(),
        }
    }

    fn member_signatures(
        &self,
        collection: CollectionId,
        members: &[u8],
        digest: &Hash,
    ) -> Vec<Signature> {
        let committee = self.committee(collection);
        let sign = |member: &u8| {
            let node = committee.get(usize::from(*member)).copied();
            signer(node.unwrap_or(NodeId(1)).0).sign(digest)
        };
        members.iter().map(sign).collect()
    }
}
