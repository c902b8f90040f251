//! Clients whose connections break, and nodes that miss blocks.

use enigma_client::Network;
use enigma_store::{Batch, Table};

use crate::network::TestNetwork;
use crate::proxy::{Cut, Proxy};
use crate::survey::{Collection, Ended, Program, program, upload};

const PEOPLE: usize = 6;

/// Everybody's value is acknowledged although connections break at every stage of an upload; nothing is
/// stored or counted twice.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_after_a_lost_connection() {
    let mut proxies = Vec::new();
    for _ in 0..3 {
        proxies.push(Proxy::start().await);
    }
    let network = TestNetwork::start(3, |at, api| {
        proxies[at].set_target(api);
        Some(format!("http://{}", proxies[at].addr))
    })
    .await;
    let program = program();
    let mut client = network.client().await;
    let instance = program.deploy(&network, &client).await;
    let mut collection = Collection::open(&network, &mut client, instance, PEOPLE).await;
    collection.bring(&network, &client, &program).await;
    // Nothing arrives; a part of the head; a part of the body; the answer is lost, cut in its head, in
    // its body.
    let cuts = [
        Cut::Request(0),
        Cut::Request(50),
        Cut::Request(400),
        Cut::Answer(0),
        Cut::Answer(30),
        Cut::Answer(160),
    ];
    for (member, cut) in cuts.into_iter().enumerate() {
        // A client of its own, so that it has no open connection yet.
        let mut uploader = network.client().await;
        for (at, proxy) in proxies.iter().enumerate() {
            // At one node twice.
            let second = cuts[(member + at) % cuts.len()];
            proxy.cut(&[cut, second][..at.max(1)]);
        }
        let value = 1_000 * member as i64;
        let deposits = collection.deal(&uploader, member, value);
        let contributed = enigma_client::contribute(&uploader, deposits)
            .await
            .unwrap_or_else(|error| panic!("{cut:?}: {error}"));
        assert!(proxies.iter().all(|proxy| proxy.left() == 0), "{cut:?}");
        collection
            .post(&network, &mut uploader, &program, &[(value, contributed)])
            .await;
    }
    collection.seal(&network, &mut client).await;
    let (job, _) = collection.request(&network, &mut client, &program).await;
    match collection.end_of(&mut client, job).await {
        Ended::Settled(certificate) => {
            collection
                .assert_right(&client, &program, &certificate)
                .await;
        }
        Ended::Failed(failure) => panic!("{failure:?}"),
    }
    for node in 0..3 {
        network.kill(node);
        let store = network.store(node);
        let rows = store.keys(Table::Rows, &[], None, usize::MAX);
        assert_eq!(rows.expect("readable").len(), PEOPLE);
    }
    network.stop().await;
}

async fn give_all(
    network: &TestNetwork,
    client: &mut Network,
    program: &Program,
    collection: &mut Collection,
) {
    for member in 0..PEOPLE {
        let value = 10 * member as i64;
        let deposits = collection.deal(client, member, value);
        let contributed = upload(client, &deposits).await;
        collection
            .post(network, client, program, &[(value, contributed)])
            .await;
    }
}

/// The campaign's question asked of a node that did lose a row: the job over the full set fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_row_would_be_noticed() {
    let network = TestNetwork::start(3, |_, _| None).await;
    let program = program();
    let mut client = network.client().await;
    let instance = program.deploy(&network, &client).await;
    let mut collection = Collection::open(&network, &mut client, instance, PEOPLE).await;
    collection.bring(&network, &client, &program).await;
    give_all(&network, &mut client, &program, &mut collection).await;
    collection.seal(&network, &mut client).await;

    network.kill(2);
    let store = network.store(2);
    let rows = store.keys(Table::Rows, &[], None, 1).expect("readable");
    let mut batch = Batch::new();
    batch.delete(Table::Rows, rows[0].clone());
    store.commit(&batch).expect("deleted");
    drop(store);
    network.restart(2);
    let head = client.ledger().head.number;
    network.await_serving(2, head, 2).await;

    let (job, _) = collection.request(&network, &mut client, &program).await;
    match collection.end_of(&mut client, job).await {
        Ended::Settled(_) => panic!("the lost row was not noticed"),
        Ended::Failed(failure) => assert_eq!(failure.culprits, 0),
    }
    assert!(network.log(2).contains("the row of member 0 is lost"));
    network.stop().await;
}

/// A node that is down while a collection is opened, and another while it is sealed, learn of it from
/// the chain's log and do their part.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_down_catches_up_and_serves() {
    let network = TestNetwork::start(3, |_, _| None).await;
    let program = program();
    let mut client = network.client().await;
    let instance = program.deploy(&network, &client).await;

    network.kill(0);
    let mut collection = Collection::open(&network, &mut client, instance, PEOPLE).await;
    network.restart(0);
    collection.bring(&network, &client, &program).await;
    give_all(&network, &mut client, &program, &mut collection).await;

    network.kill(1);
    collection.seal(&network, &mut client).await;
    network.restart(1);
    let head = client.ledger().head.number;
    for node in 0..3 {
        network.await_serving(node, head, 2).await;
    }
    let (job, _) = collection.request(&network, &mut client, &program).await;
    match collection.end_of(&mut client, job).await {
        Ended::Settled(certificate) => {
            collection
                .assert_right(&client, &program, &certificate)
                .await;
        }
        Ended::Failed(failure) => panic!("{failure:?}"),
    }
    network.stop().await;
}
