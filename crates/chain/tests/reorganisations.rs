//! Chains that take blocks back: invisible up to the stated depth, an error beyond, and no transaction
//! is lost on the way. Needs anvil, which can be told to.

mod support;

use std::time::Duration;

use enigma_chain::{Chain, ChainError, Follower, Wallet};
use enigma_wire::controller::{BlockEvents, Event};
use enigma_wire::id::{Address, Hash};
use enigma_wire::ledger::Ledger;
use serde_json::json;
use support::host::{Anvil, anvil};
use support::*;

/// A chain to shake, with a controller on it.
struct Shaken {
    anvil: Anvil,
    controller: Address,
    /// A connection for which everything counts at once.
    hasty: Chain,
}

impl Shaken {
    async fn start() -> Option<Self> {
        anvil()?;
        let anvil = Anvil::start(&[]).await;
        let bare = Chain::connect(&anvil.url(), None).await.expect("connects");
        assert!(bare.is_development());
        assert_eq!(bare.confirmations(), 0);
        let controller = bare
            .deploy_controller(&Wallet::new(key(0)), &PRICES, DEPOSIT, UNBONDING)
            .await
            .expect("deployed");
        let hasty = Chain::connect(&anvil.url(), Some(controller)).await;
        Some(Self {
            anvil,
            controller,
            hasty: hasty.expect("connects"),
        })
    }

    /// A connection of its own, by WebSocket, that waits for confirmations.
    async fn patient(&self, confirmations: u64) -> Chain {
        let url = format!("ws://{}", self.anvil.address);
        let chain = Chain::connect(&url, Some(self.controller)).await;
        chain.expect("connects").with_confirmations(confirmations)
    }

    async fn ask(&self, method: &str, params: serde_json::Value) -> serde_json::Value {
        rpc(&self.anvil.url(), method, params).await
    }

    async fn mine(&self, blocks: u64) {
        for _ in 0..blocks {
            self.hasty.mine_block().await.expect("mines");
        }
    }

    /// Replaces the last blocks by empty ones.
    async fn reorganise(&self, depth: u64) {
        let done = self.ask("anvil_reorg", json!([depth, []])).await;
        assert!(done.is_null(), "{done}");
    }

    async fn publish(&self, contract: u8) {
        self.hasty
            .publish(&Wallet::new(key(DEVELOPER)), Hash([contract; 32]), MANIFEST)
            .await
            .expect("published");
    }

    /// Sends a publication in the background.
    fn publish_by(
        &self,
        chain: &Chain,
        contract: u8,
    ) -> tokio::task::JoinHandle<Result<(), ChainError>> {
        let chain = chain.clone();
        tokio::spawn(async move {
            let wallet = Wallet::new(key(DEVELOPER));
            chain.publish(&wallet, Hash([contract; 32]), MANIFEST).await
        })
    }

    /// The developer's transactions, waiting ones among them.
    async fn sent(&self) -> u64 {
        let developer = key(DEVELOPER).address().to_string();
        let count = self
            .ask("eth_getTransactionCount", json!([developer, "pending"]))
            .await;
        let count = count.as_str().expect("a number").trim_start_matches("0x");
        u64::from_str_radix(count, 16).expect("a number")
    }

    async fn until_sent(&self, count: u64) {
        while self.sent().await < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Mines until a background task is done.
    async fn mine_until<T>(&self, task: tokio::task::JoinHandle<T>) -> T {
        while !task.is_finished() {
            self.mine(1).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        task.await.expect("no panic")
    }

    async fn published(&self) -> Vec<Hash> {
        let head = self.hasty.head().await.expect("a head").number;
        contracts(&self.hasty.events(0, head).await.expect("events"))
    }
}

fn contracts(blocks: &[BlockEvents]) -> Vec<Hash> {
    let events = blocks.iter().flat_map(|block| &block.events);
    let published = events.filter_map(|event| match event {
        Event::ContractPublished { contract, .. } => Some(*contract),
        _ => None,
    });
    published.collect()
}

async fn read_all(follower: &mut Follower) -> Result<Vec<BlockEvents>, ChainError> {
    let mut blocks = Vec::new();
    while let Some((block, _)) = follower.poll().await? {
        blocks.push(block);
    }
    Ok(blocks)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_the_depth_nothing_is_seen() {
    let Some(chain) = Shaken::start().await else {
        return;
    };
    chain.mine(5).await;
    let mut follower = chain.patient(3).await.follow(0);
    let mut blocks = Vec::new();
    for round in 1..=6 {
        chain.publish(2 * round).await;
        blocks.extend(read_all(&mut follower).await.expect("the same chain"));
        // Drops the publication and up to two blocks before it.
        chain.reorganise(1 + u64::from(round) % 3).await;
        blocks.extend(read_all(&mut follower).await.expect("the same chain"));
        chain.publish(2 * round + 1).await;
        chain.mine(3).await;
        blocks.extend(read_all(&mut follower).await.expect("the same chain"));
    }
    let seen = contracts(&blocks);
    assert_eq!(seen, chain.published().await, "what stayed, once, in order");
    assert_eq!(
        seen,
        (1..=6)
            .map(|round| Hash([2 * round + 1; 32]))
            .collect::<Vec<_>>()
    );
    let mut ledger = Ledger::default();
    for block in &blocks {
        ledger.apply_block(block).expect("in order");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_depth_it_is_an_error() {
    let Some(chain) = Shaken::start().await else {
        return;
    };
    chain.mine(10).await;
    let mut follower = chain.patient(2).await.follow(0);
    for contract in 1..=4 {
        chain.publish(contract).await;
        read_all(&mut follower).await.expect("the same chain");
    }
    let head = chain.hasty.head().await.expect("a head").number;
    chain.reorganise(4).await;
    let error = follower.next().await.expect_err("blocks are gone");
    let ChainError::Reorganised {
        block,
        depth,
        confirmations: 2,
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    // The last block handed on is the second before the head; the last four are gone.
    assert_eq!((*block, *depth), (head - 3, 4));
    assert!(error.is_fatal());
    assert!(error.to_string().contains(&format!("block {block}")));
    let again = follower.next().await;
    assert_eq!(again.as_ref().err(), Some(&error), "it stays an error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_set_back_is_recognised_once_it_grows_again() {
    let Some(chain) = Shaken::start().await else {
        return;
    };
    chain.mine(3).await;
    let snapshot = chain.ask("evm_snapshot", json!([])).await;
    chain.publish(1).await;
    let mut follower = chain.patient(0).await.follow(0);
    let blocks = read_all(&mut follower).await.expect("a chain");
    assert_eq!(contracts(&blocks), [Hash([1; 32])]);
    let reverted = chain.ask("evm_revert", json!([snapshot])).await;
    assert_eq!(reverted, json!(true));
    // Behind, but perhaps only late.
    assert_eq!(read_all(&mut follower).await, Ok(Vec::new()));
    chain.publish(2).await;
    let error = follower.next().await.expect_err("another block");
    assert!(matches!(error, ChainError::Reorganised { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_a_reorganisation_drops_is_sent_again() {
    let Some(chain) = Shaken::start().await else {
        return;
    };
    chain.mine(5).await;
    let patient = chain.patient(2).await;
    let task = chain.publish_by(&patient, 7);
    chain.until_sent(1).await;
    while chain.published().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    chain.reorganise(1).await;
    assert_eq!(chain.published().await, []);
    assert_eq!(chain.mine_until(task).await, Ok(()));
    assert_eq!(chain.published().await, [Hash([7; 32])]);
    assert_eq!(chain.sent().await, 1, "with the same nonce");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_the_pool_drops_is_sent_again() {
    let Some(chain) = Shaken::start().await else {
        return;
    };
    chain.ask("evm_setAutomine", json!([false])).await;
    let task = chain.publish_by(&chain.hasty, 7);
    chain.until_sent(1).await;
    let dropped = chain.ask("anvil_dropAllTransactions", json!([])).await;
    assert!(dropped.is_null(), "{dropped}");
    assert_eq!(chain.mine_until(task).await, Ok(()));
    assert_eq!(chain.published().await, [Hash([7; 32])]);
    assert_eq!(chain.sent().await, 1, "with the same nonce");
}

/// Another program's transaction takes the nonce of one that was dropped: that one can never be mined
/// and is made anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nonce_that_others_spend_is_not_the_end() {
    let Some(chain) = Shaken::start().await else {
        return;
    };
    chain.ask("evm_setAutomine", json!([false])).await;
    let task = chain.publish_by(&chain.hasty, 7);
    chain.until_sent(1).await;
    chain.ask("anvil_dropAllTransactions", json!([])).await;
    let other = Chain::connect(&chain.anvil.url(), Some(chain.controller)).await;
    let other = chain.publish_by(&other.expect("connects"), 8);
    assert_eq!(chain.mine_until(task).await, Ok(()));
    assert_eq!(chain.mine_until(other).await, Ok(()));
    let mut published = chain.published().await;
    published.sort();
    assert_eq!(published, [Hash([7; 32]), Hash([8; 32])]);
    assert_eq!(chain.sent().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_offers_too_little_is_priced_anew() {
    let Some(chain) = Shaken::start().await else {
        return;
    };
    chain.ask("evm_setAutomine", json!([false])).await;
    let task = chain.publish_by(&chain.hasty, 7);
    chain.until_sent(1).await;
    // A hundred times what it offers; later blocks ask for an eighth less each.
    let dear = json!([format!("{:#x}", 400_000_000_000u64)]);
    let set = chain.ask("anvil_setNextBlockBaseFeePerGas", dear).await;
    assert!(set.is_null(), "{set}");
    chain.mine(1).await;
    assert_eq!(chain.published().await, [], "left out");
    assert_eq!(chain.mine_until(task).await, Ok(()));
    assert_eq!(chain.published().await, [Hash([7; 32])]);
    assert_eq!(chain.sent().await, 1, "with the same nonce");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_wait_for_confirmations() {
    let Some(chain) = Shaken::start().await else {
        return;
    };
    let patient = chain.patient(4).await;
    let task = chain.publish_by(&patient, 7);
    while chain.published().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mined = chain.hasty.head().await.expect("a head").number;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!task.is_finished(), "not final yet");
        chain.mine(1).await;
    }
    assert_eq!(chain.mine_until(task).await, Ok(()));
    let head = chain.hasty.head().await.expect("a head").number;
    assert!(head >= mined + 4);
}
