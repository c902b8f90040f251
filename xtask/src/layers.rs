//! The layer check: the walls of ARCHITECTURE.md as data, held against the real dependency graph.
//!
//! It looks at normal dependencies only; tests may look across walls.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Crate, floor, and the crates of this workspace it may import.
const WALLS: &[(&str, u8, &[&str])] = &[
    ("field", 0, &[]),
    ("wire", 1, &["field"]),
    ("mpc", 2, &["field", "wire"]),
    ("bytecode", 2, &["field", "wire"]),
    ("lang", 3, &["bytecode", "field"]),
    ("vm", 3, &["bytecode", "mpc", "field"]),
    ("core", 4, &["field", "wire", "mpc", "bytecode", "vm"]),
    ("net", 5, &["wire"]),
    ("store", 5, &["wire"]),
    ("chain", 5, &["wire"]),
    (
        "sim",
        5,
        &["field", "wire", "mpc", "bytecode", "lang", "vm", "core"],
    ),
    ("client", 6, &["wire", "field", "bytecode", "chain"]),
    (
        "node",
        6,
        &["core", "net", "store", "chain", "wire", "bytecode"],
    ),
    (
        "cli",
        7,
        &["client", "lang", "node", "sim", "wire", "bytecode", "chain"],
    ),
];

/// Crates that must not be reachable from the pure floors (0 to 4): runtimes, sockets, clocks, ambient
/// randomness, databases.
const IMPURE: &[&str] = &[
    "tokio", "mio", "socket2", "rand", "redb", "reqwest", "hyper", "axum", "alloy", "revm",
    "tempfile", "chrono", "time",
];
const PURE_FLOORS: u8 = 4;
/// The simulator is above them, and as pure: one seed, one trace.
const PURE_TOO: &str = "sim";
const PREFIX: &str = "enigma-";

/// Checks the graph.
pub(crate) fn run() -> anyhow::Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(crate::root().join("Cargo.toml"))
        .exec()
        .context("cargo metadata failed")?;
    let arrows = arrows(&metadata);
    let mut faults = check_walls(&arrows);
    faults.extend(check_purity(&metadata));
    if !faults.is_empty() {
        bail!("the layer check found:\n  {}", faults.join("\n  "));
    }
    println!(
        "layers: {} crates, {} arrows, all within the walls",
        arrows.len(),
        arrows.values().map(BTreeSet::len).sum::<usize>()
    );
    Ok(())
}

/// Workspace-internal normal dependencies by crate.
fn arrows(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata.workspace_packages();
    let internal = packages.iter().filter_map(|package| {
        let name = package.name.strip_prefix(PREFIX)?.to_owned();
        let imports = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
            .filter_map(|dependency| dependency.name.strip_prefix(PREFIX).map(str::to_owned))
            .collect();
        Some((name, imports))
    });
    internal.collect()
}

fn check_walls(arrows: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, imports) in arrows {
        let Some((_, floor, allowed)) = WALLS.iter().find(|(known, ..)| known == name) else {
            faults.push(format!(
                "crate {name} has no floor; give it one in xtask/src/layers.rs and ARCHITECTURE.md"
            ));
            continue;
        };
        for import in imports {
            if !allowed.contains(&import.as_str()) {
                faults.push(format!("{name} (floor {floor}) must not import {import}"));
            }
        }
    }
    // The table itself must only have arrows to lower floors.
    for (name, floor, allowed) in WALLS {
        for import in *allowed {
            let below = WALLS
                .iter()
                .any(|(known, under, _)| known == import && under < floor);
            if !below {
                faults.push(format!(
                    "the table lets {name} import {import}, which is not on a lower floor"
                ));
            }
        }
    }
    faults
}

/// No impure crate may be in the normal dependency tree of a pure floor's crate.
fn check_purity(metadata: &Metadata) -> Vec<String> {
    let Some(resolve) = &metadata.resolve else {
        return vec!["cargo gave no resolved graph".to_owned()];
    };
    let names: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.as_str()))
        .collect();
    let edges: BTreeMap<_, Vec<_>> = resolve
        .nodes
        .iter()
        .map(|node| {
            let normal = node.deps.iter().filter(|dependency| {
                dependency
                    .dep_kinds
                    .iter()
                    .any(|kind| kind.kind == DependencyKind::Normal)
            });
            (&node.id, normal.map(|dependency| &dependency.pkg).collect())
        })
        .collect();
    let mut faults = Vec::new();
    let pure = |(name, floor, _): &&(&str, u8, &[&str])| *floor <= PURE_FLOORS || *name == PURE_TOO;
    for (name, floor, _) in WALLS.iter().filter(pure) {
        let full = format!("{PREFIX}{name}");
        let Some((id, _)) = names.iter().find(|(_, known)| **known == full) else {
            continue;
        };
        let (mut seen, mut queue) = (BTreeSet::from([*id]), vec![*id]);
        while let Some(package) = queue.pop() {
            for dependency in edges.get(package).into_iter().flatten() {
                if seen.insert(*dependency) {
                    queue.push(*dependency);
                }
            }
        }
        let impure = seen
            .iter()
            .filter_map(|id| names.get(*id))
            .filter(|known| IMPURE.contains(known));
        faults.extend(
            impure.map(|known| format!("{name} (floor {floor}) is pure but reaches {known}")),
        );
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(name: &str, import: &str) -> BTreeMap<String, BTreeSet<String>> {
        BTreeMap::from([(name.to_owned(), BTreeSet::from([import.to_owned()]))])
    }

    #[test]
    fn allowed_arrows_pass_and_new_ones_fail() {
        assert!(check_walls(&graph("core", "vm")).is_empty());
        assert_eq!(
            check_walls(&graph("lang", "mpc")),
            ["lang (floor 3) must not import mpc"]
        );
        assert_eq!(
            check_walls(&graph("field", "wire")),
            ["field (floor 0) must not import wire"]
        );
        assert_eq!(check_walls(&graph("extra", "wire")).len(), 1);
    }
}
