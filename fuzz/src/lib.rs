//! Whatever a stranger can send, as functions of bytes that must return: decoders, the compiler, and
//! the machines that take a peer's messages. Where more can be said than "no panic" the function
//! asserts it: what decodes encodes to the same bytes, and a corrupt party never makes an honest one
//! accept a wrong value or be named.
//!
//! `cargo xtask fuzz` runs them under a fuzzer that looks for new paths; the tests run them on [`seeds`]
//! and mutations of these.

mod session;
mod setup;

use std::collections::BTreeMap;

use enigma_bytecode::disasm::disassemble;
use enigma_bytecode::interface::Interface;
use enigma_bytecode::plan::{self, Sizes};
use enigma_bytecode::{container, verify};
use enigma_field::{Committee, M61, M127};
use enigma_wire::api::signed::Authorization;
use enigma_wire::dealing::{self, Context, Dealt, RowPackage, Subject};
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex, NodeId};
use enigma_wire::peer::{self, Control, Frame, Place, RunKey};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

pub use self::session::session;
pub use self::setup::setup;

/// A function of bytes.
pub type Target = fn(&[u8]);

/// All of them, with the names that `cargo xtask fuzz` knows.
pub const TARGETS: [(&str, Target); 7] = [
    ("authorization", authorization),
    ("contract", contract),
    ("frame", frame),
    ("package", package),
    ("session", session),
    ("setup", setup),
    ("source", source),
];

/// A peer's frame.
pub fn frame(bytes: &[u8]) {
    let encoded = match peer::decode(bytes) {
        Ok(Frame::Compute(run, place, payload)) => peer::encode_compute(run, place, payload),
        Ok(Frame::Setup(run, payload)) => peer::encode_setup(run, payload),
        Ok(Frame::Control(run, control)) => peer::encode_control(run, &control),
        Err(_) => return,
    };
    assert_eq!(encoded, bytes, "a frame has one encoding");
}

/// A compiled contract, and plans of its entries.
pub fn contract(bytes: &[u8]) {
    if let Ok(decoded) = container::decode(bytes) {
        assert_eq!(
            container::encode(&decoded),
            bytes,
            "a contract has one encoding"
        );
        let listing = disassemble(&decoded);
        assert!(listing.starts_with("contract "), "any contract is listed");
        let _interface = Interface::of(&decoded);
    }
    let Ok(verified) = verify::load(bytes, None) else {
        return;
    };
    let contract = verified.contract();
    let committee = Committee::new(3).expect("an odd size");
    let rows: Vec<u32> = (0..contract.collections.len())
        .map(|collection| contract.maximum_rows(collection).min(20))
        .collect();
    for entry in 0..contract.entries.len() {
        // A contract may ask for more rows than these, or for too much work: both are errors.
        let _ = plan::quote(contract, entry, &Sizes { rows: rows.clone() }, committee);
    }
}

/// A contract's source, and below each line `--- PATH` a file that it may use.
pub fn source(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split("\n--- ");
    let source = parts.next().unwrap_or_default();
    let files: BTreeMap<String, String> = parts
        .filter_map(|part| part.split_once('\n'))
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect();
    let compilation = enigma_lang::compile_with(source, &files);
    let checked = compilation.checked.is_some();
    let refused = enigma_lang::has_errors(&compilation.diagnostics);
    assert_ne!(checked, refused, "a source is accepted or is told why not");
    let compiled = compilation.contract.is_some();
    assert!(checked || !compiled, "what is compiled is checked");
    let rendered = compilation.render("fuzz", enigma_lang::Color::Never);
    assert!(
        compiled || !rendered.is_empty(),
        "what is wrong or not built can be shown"
    );
    // There is a bound on the steps of tests.
    let _outcomes = compilation.run_tests();
}

/// A dealt row, as its node sees it once it is unsealed, whatever field it expects.
pub fn package(bytes: &[u8]) {
    package_over::<M61>(bytes);
    package_over::<M127>(bytes);
}

fn package_over<F: Dealt>(bytes: &[u8]) {
    let context = context();
    for values in [1, 3] {
        let Ok(package) = RowPackage::<F>::decode(&context, values, bytes) else {
            continue;
        };
        assert_eq!(&package.encode()[..], bytes, "a package has one encoding");
        let party = package.party();
        let found = package.check(&context, party, Hash([0; 32]));
        assert!(found.is_err(), "nobody finds commitments with this root");
    }
}

/// The header of a signed request.
pub fn authorization(bytes: &[u8]) {
    let Ok(header) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(authorization) = header.parse::<Authorization>() {
        let shown = authorization.to_string();
        assert_eq!(
            shown.parse(),
            Ok(authorization),
            "what is shown can be read"
        );
    }
}

/// Valid inputs of a target, from which mutations begin.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "authorization" => {
            let header = format!(
                "Enigma 0x{:040} 1700000000 0x{:032x} 0x{}",
                7,
                9,
                "1b".repeat(65)
            );
            vec![header.into_bytes()]
        }
        "contract" => {
            let compile = |source: &&str| enigma_lang::compile(source).contract;
            let contracts = EXAMPLES.iter().filter_map(compile);
            contracts
                .map(|contract| container::encode(&contract))
                .collect()
        }
        "frame" => {
            let (job, attempt) = (JobId(7), 1);
            let run = RunKey { job, attempt };
            let (op, step, part) = (1 << 31, 2, 3);
            vec![
                peer::encode_compute(run, Place { op, step, part }, &[1; 16]),
                peer::encode_setup(run, &[2; 40]),
                peer::encode_control(run, &Control::OutputRoot(Hash([3; 32]))),
            ]
        }
        "package" => [packages::<M61>(), packages::<M127>()].concat(),
        "session" => (0..8).map(|seed| vec![seed; 64]).collect(),
        "setup" => setup::seeds(),
        _ => programs(),
    }
}

/// Good packages.
fn packages<F: Dealt>() -> Vec<Vec<u8>> {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let values = [5, 6, 7].map(F::from_u64);
    let dealing = dealing::deal(&context(), &values, &mut rng).expect("a valid context");
    let rows = dealing.rows.iter();
    rows.map(|row| row.encode().to_vec()).collect()
}

/// The example contracts.
const EXAMPLES: [&str; 12] = [
    include_str!("../../examples/auction/auction.enigma"),
    include_str!("../../examples/data_market/data_market.enigma"),
    include_str!("../../examples/highest_bid/highest_bid.enigma"),
    include_str!("../../examples/income_by_department/income_by_department.enigma"),
    include_str!("../../examples/overlap/overlap.enigma"),
    include_str!("../../examples/pay_line/pay_line.enigma"),
    include_str!("../../examples/payroll_total/payroll_total.enigma"),
    include_str!("../../examples/risk_model/risk_model.enigma"),
    include_str!("../../examples/salaries/salaries.enigma"),
    include_str!("../../examples/vault/vault.enigma"),
    include_str!("../../examples/voting/voting.enigma"),
    include_str!("../../examples/yes_no_vote/yes_no_vote.enigma"),
];

/// The suite of accepted and refused programs, one file per rule.
const SUITE: [&str; 15] = [
    include_str!("../../crates/lang/tests/suite/files.enigma"),
    include_str!("../../crates/lang/tests/suite/functions.enigma"),
    include_str!("../../crates/lang/tests/suite/guards.enigma"),
    include_str!("../../crates/lang/tests/suite/laundering.enigma"),
    include_str!("../../crates/lang/tests/suite/library.enigma"),
    include_str!("../../crates/lang/tests/suite/limits.enigma"),
    include_str!("../../crates/lang/tests/suite/policy.enigma"),
    include_str!("../../crates/lang/tests/suite/ranges.enigma"),
    include_str!("../../crates/lang/tests/suite/secrecy.enigma"),
    include_str!("../../crates/lang/tests/suite/slots.enigma"),
    include_str!("../../crates/lang/tests/suite/stores.enigma"),
    include_str!("../../crates/lang/tests/suite/syntax.enigma"),
    include_str!("../../crates/lang/tests/suite/tests.enigma"),
    include_str!("../../crates/lang/tests/suite/types.enigma"),
    include_str!("../../crates/lang/tests/suite/warnings.enigma"),
];

/// Every program of the repository: the examples, and the cases of the suite in their frames.
fn programs() -> Vec<Vec<u8>> {
    let mut programs: Vec<Vec<u8>> = EXAMPLES.map(|source| source.as_bytes().to_vec()).into();
    for text in SUITE {
        let mut frame = "BODY";
        for part in text.split("\n=== ").skip(1) {
            match part.split_once('\n') {
                Some(("frame", body)) => frame = body,
                // Files that the case uses stand below it, not in its frame.
                Some((_, body)) => {
                    let (body, files) = body.split_at(body.find("\n--- ").unwrap_or(body.len()));
                    programs.push(format!("{}{files}", frame.replace("BODY", body)).into_bytes());
                }
                None => {}
            }
        }
    }
    programs
}

fn context() -> Context {
    Context {
        committee: Committee::new(3).expect("an odd size"),
        nodes: (1..=3).map(NodeId).collect(),
        owner: Address([4; 20]),
        subject: Subject::Rows {
            collection: CollectionId(5),
            member: MemberIndex(6),
            revision: 0,
        },
        epoch: 1,
        policy: Hash([8; 32]),
    }
}
