//! `enigma status`: the network at a glance, chain and nodes.

use enigma_client::Network;
use enigma_wire::api::NodeStatus;
use enigma_wire::id::NodeId;
use enigma_wire::ledger::JobState;
use serde_json::json;

use super::lookup;
use crate::context::Context;
use crate::report::{self, Problem};
use crate::runtime;

/// Shows chain, controller, nodes, instances and collections.
pub(crate) fn run(context: &Context) -> Result<(), Problem> {
    runtime()?.block_on(async {
        let (selected, network) = context.connect().await?;
        let statuses = network.node_statuses().await;
        if context.json {
            report::data(&as_json(&network, &selected.file.chain, &statuses).to_string());
        } else {
            show(context, &selected, &network, &statuses)?;
        }
        Ok(())
    })
}

type Statuses = Vec<(NodeId, Result<NodeStatus, String>)>;

fn as_json(network: &Network, url: &str, statuses: &Statuses) -> serde_json::Value {
    let ledger = network.ledger();
    let nodes = statuses.iter().map(|(node, status)| {
        let record = &ledger.nodes[node];
        json!({
            "node": node, "operator": record.operator, "api": record.info.api_address,
            "peer": record.info.peer_address, "deposit": record.deposit.to_string(),
            "retired": record.until.is_some(),
            "up": status.is_ok(), "version": status.as_ref().ok().map(|status| &status.version),
            "block": status.as_ref().ok().map(|status| status.block),
            "problem": status.as_ref().err(),
        })
    });
    let instances = ledger.instances.iter();
    let instances = instances.map(|(id, record)| json!({"instance": id, "contract": record.contract, "deployer": record.deployer, "committee_size": record.committee_size, "committee": record.committee}));
    let collections = ledger.collections.iter().map(|(id, record)| {
        json!({
            "collection": id, "instance": record.terms.instance, "given": record.contributions.len(), "rows": lookup::rows(record),
            "members": record.terms.member_count, "sealed": record.sealed.is_some(),
        })
    });
    json!({
        "chain": url, "chain_id": network.domain().chain_id, "controller": network.domain().controller,
        "block": ledger.head.number, "nodes": nodes.collect::<Vec<_>>(),
        "instances": instances.collect::<Vec<_>>(), "collections": collections.collect::<Vec<_>>(),
        "open_jobs": open_jobs(network),
    })
}

fn open_jobs(network: &Network) -> usize {
    let jobs = network.ledger().jobs.values();
    jobs.filter(|job| job.state == JobState::Open).count()
}

fn show(
    context: &Context,
    selected: &crate::context::Selected,
    network: &Network,
    statuses: &Statuses,
) -> Result<(), Problem> {
    let ledger = network.ledger();
    let records = context.records(&selected.file)?;
    report::data(&format!(
        "chain       {} (id {}), block {}",
        selected.file.chain, selected.file.chain_id, ledger.head.number
    ));
    report::data(&format!("controller  {}", selected.file.controller));
    report::data(&format!(
        "jobs        {} open of {}",
        open_jobs(network),
        ledger.jobs.len()
    ));
    let rows = statuses.iter().map(|(node, status)| {
        let record = &ledger.nodes[node];
        let (state, version) = match (status, record.until) {
            (_, Some(_)) => ("retired".to_owned(), String::new()),
            (Ok(status), None) => (
                format!("up, block {}", status.block),
                status.version.clone(),
            ),
            (Err(why), None) => (format!("not answering: {why}"), String::new()),
        };
        vec![
            node.to_string(),
            state,
            version,
            record.info.api_address.clone(),
            report::amount(record.deposit),
        ]
    });
    report::table(&["node", "state", "version", "API", "deposit"], rows);
    if !ledger.instances.is_empty() {
        let rows = ledger.instances.iter().map(|(id, record)| {
            let program = records.program(record.contract);
            let name = program.map_or("not known here".to_owned(), |program| {
                program.contract().name.clone()
            });
            let committee = match record.committee.is_empty() {
                true => "not drawn yet".to_owned(),
                false => report::nodes(&record.committee),
            };
            vec![id.to_string(), name, record.deployer.to_string(), committee]
        });
        report::table(&["instance", "contract", "deployer", "committee"], rows);
    }
    if !ledger.collections.is_empty() {
        let rows = ledger.collections.iter().map(|(id, record)| {
            let state = if record.sealed.is_some() {
                "closed"
            } else {
                "open"
            };
            let (given, rows) = (record.contributions.len(), lookup::rows(record));
            let of = record.terms.member_count;
            let rows = match rows == given as u64 {
                true => format!("{rows} of {of}"),
                false => format!("{rows} from {given} of {of}"),
            };
            vec![
                id.to_string(),
                record.terms.instance.to_string()[..10].to_owned(),
                rows,
                state.to_owned(),
            ]
        });
        report::table(&["collection", "instance", "rows", "state"], rows);
    }
    Ok(())
}
