//! Manifests promise no less exposure than `flow` allows.

mod programs;

use std::collections::BTreeSet;

use enigma_bytecode::model::{self, Shape};
use enigma_lang::flow::{Exposure, Source};
use enigma_lang::hir::{Block, StmtKind};
use enigma_lang::manifest::DataKind;
use enigma_lang::{Checked, Manifest, Sources, compile, compile_with};

const EXAMPLES: [&str; 8] = [
    include_str!("contracts/1_salaries.enigma"),
    include_str!("contracts/2_auction.enigma"),
    include_str!("contracts/3_voting.enigma"),
    include_str!("contracts/4_psi.enigma"),
    include_str!("contracts/5_regression.enigma"),
    include_str!("contracts/6_income.enigma"),
    include_str!("contracts/7_vault.enigma"),
    include_str!("contracts/8_market.enigma"),
];

fn text(source: &str) -> String {
    let checked = compile(source).checked.expect("no errors");
    let manifest = Manifest::of(&checked, &source.into());
    let mut text = format!("{} {}\n", manifest.contract, manifest.version);
    for data in &manifest.data {
        text += &format!("\n{}: {}\n", data.name, data.what);
        let allows = data
            .allows
            .iter()
            .map(|line| format!("  allowed: {line}\n"));
        let learned = data.learned.iter();
        let learned = learned.map(|l| format!("  [{}] {}\n", l.exposures.join(", "), l.sentence));
        let kept = data.kept.iter().map(|line| format!("  {line}\n"));
        text.extend(allows.chain(learned).chain(kept));
    }
    for entry in &manifest.entries {
        text += &format!("\n{}\n", entry.name);
        text.extend(entry.lines.iter().map(|line| format!("  {line}\n")));
    }
    text.push('\n');
    text.extend(manifest.general.iter().map(|line| format!("{line}\n")));
    text
}

#[test]
fn the_examples_in_plain_sentences() {
    let all: Vec<String> = EXAMPLES.iter().map(|source| text(source)).collect();
    insta::assert_snapshot!("manifests", all.join("\n----\n\n"));
}

/// Names of all reveals that stand in a block.
fn reveals<'a>(block: &'a Block, names: &mut BTreeSet<&'a str>) {
    for stmt in &block.stmts {
        match &stmt.kind {
            StmtKind::Reveal(reveal) => drop(names.insert(&reveal.name)),
            StmtKind::If {
                then, otherwise, ..
            } => {
                reveals(then, names);
                reveals(otherwise, names);
            }
            StmtKind::For { body, .. }
            | StmtKind::ForEach { body, .. }
            | StmtKind::ForMembers { body, .. }
            | StmtKind::While { body, .. } => reveals(body, names),
            _ => {}
        }
    }
}

/// Every reveal is told under each of its sources, with all recipients and all exposures.
fn tells_everything(sources: &Sources, checked: &Checked) -> usize {
    let manifest = Manifest::of(checked, sources);
    let hir = &checked.hir;
    let mut told = 0;
    for (index, facts) in checked.facts.entries.iter().enumerate() {
        let entry = &hir.entries[index];
        let mut written = BTreeSet::new();
        reveals(&entry.body, &mut written);
        let found: BTreeSet<&str> = facts.reveals.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(written, found, "{}", sources.text());
        for reveal in &facts.reveals {
            for (source, _) in &reveal.sources {
                assert!(reveal.shows.contains_key(source), "{}", reveal.name);
            }
            for (source, exposures) in &reveal.shows {
                let (name, kind) = match *source {
                    Source::Collection(at) => (&hir.collections[at].name, DataKind::Collection),
                    Source::Slot(at) => (&hir.slots[at].name, DataKind::Slot),
                    Source::Param(at) => {
                        let kind = DataKind::Parameter(entry.name.clone());
                        (&entry.locals[at].name, kind)
                    }
                    Source::Random => continue,
                };
                let data = manifest.data.iter();
                let data = data.filter(|data| data.name == *name && data.kind == kind);
                let mut learned = data.flat_map(|data| &data.learned);
                let found = learned.find(|l| l.entry == entry.name && l.reveal == reveal.name);
                let found =
                    found.unwrap_or_else(|| panic!("`{name}` does not tell `{}`", reveal.name));
                let words: BTreeSet<&str> = exposures.iter().map(|e| e.word()).collect();
                assert_eq!(
                    words,
                    found.exposures.iter().copied().collect(),
                    "{}",
                    reveal.name
                );
                assert_eq!(found.recipients.len(), reveal.recipients.len());
                assert!(found.recipients.iter().all(|who| {
                    let sentence = found.sentence.to_lowercase();
                    sentence.contains(&who.to_lowercase())
                }));
                told += 1;
            }
            let of_nobody = reveal.shows.keys().all(|source| *source == Source::Random);
            if of_nobody {
                let sentences = manifest.sentences();
                let named = format!("learns `{}` (by `{}`): ", reveal.name, entry.name);
                let plural = named.replacen("learns", "learn", 1);
                assert!(
                    sentences
                        .iter()
                        .any(|s| s.contains(&named) || s.contains(&plural)),
                    "{named}"
                );
            }
            let lines = manifest.entries[index].lines.iter();
            let shown =
                lines.filter(|line| line.starts_with(&format!("It shows `{}` to ", reveal.name)));
            assert_eq!(shown.count(), 1, "{}", reveal.name);
        }
    }
    told
}

#[test]
fn nothing_that_flow_allows_is_left_out() {
    let mut told = 0;
    for source in EXAMPLES {
        let checked = compile(source).checked.expect("no errors");
        told += tells_everything(&source.into(), &checked);
    }
    for (_, text) in programs::suite() {
        for case in programs::cases(&text) {
            let compilation = compile_with(&case.source, &case.files);
            if let Some(checked) = &compilation.checked {
                told += tells_everything(&compilation.sources, checked);
            }
        }
    }
    assert!(told > 200, "only {told} reveals");
}

/// Nodes derive the shapes again, by other code: they find nothing that the manifest does not tell.
#[test]
fn bytecode_shows_no_more_than_the_manifest() {
    let mut compared = 0;
    let mut compare = |title: &str, source: &str| {
        let compilation = compile(source);
        let (Some(checked), Some(contract)) = (compilation.checked, compilation.contract) else {
            return;
        };
        for line in &contract.manifest {
            let facts = &checked.facts.entries[usize::from(line.entry)];
            let reveal = facts.reveals.iter().find(|reveal| reveal.name == line.name);
            let shows = &reveal.expect("the same reveals").shows;
            for (source, shape) in &line.sources {
                let model::Source::Collection(collection) = source else {
                    continue;
                };
                let exposures = &shows[&Source::Collection(usize::from(*collection))];
                let enough = |exposure: &Exposure| match shape {
                    Shape::Aggregate(_) => *exposure >= Exposure::Aggregate,
                    Shape::Member => *exposure >= Exposure::Member,
                    Shape::PerOwner | Shape::Any | Shape::Bit => true,
                };
                assert!(exposures.iter().any(enough), "{title}: {}", line.name);
                let per_owner = *shape == Shape::PerOwner;
                assert!(!per_owner || exposures.iter().any(|e| *e >= Exposure::Own));
                compared += 1;
            }
        }
    };
    EXAMPLES
        .iter()
        .for_each(|source| compare("an example", source));
    for (_, text) in programs::suite() {
        for case in programs::cases(&text) {
            compare(&case.title, &case.source);
        }
    }
    assert!(compared > 30, "only {compared} sources");
}

#[test]
fn several_exposures_are_all_told() {
    let source = "contract X version 1 {
      group g min 5 max 10;
      party p;
      party q;
      collect a: private i64 from each g range 0..=9
        allow aggregate(5) to each g allow per_owner to owner;
      collect b: private u64 from q range 0..=9 allow any to p;
      state MPC { s: private i64 allow aggregate(5) to each g; }
      entry e(k: private i64 from caller range 0..=9) {
        reveal above = a.map(|v| v - a.mean()) to owner(a);
        reveal x = b + 1 to p with min_group(b, 2);
        reveal mine = k + 1 to caller;
        MPC.s = a.sum();
      }
      entry f() by p { reveal later = MPC.s to each g; }
    }";
    let checked = compile(source).checked.expect("no errors");
    let manifest = Manifest::of(&checked, &source.into());
    let of = |name: &str| {
        manifest
            .data
            .iter()
            .find(|data| data.name == name)
            .expect(name)
    };
    let exposures = |name: &str, at: usize| of(name).learned[at].exposures.clone();
    assert_eq!(exposures("a", 0), ["aggregate", "own"]);
    assert_eq!(
        of("a").learned[0].sentence,
        "Each giver of `a` learns `above` (by `e`): it mixes all values of `a`, at least 5 of them; and for each it is made from their own value of `a`, perhaps compared or combined with the others'."
    );
    assert_eq!(
        of("a").kept,
        [
            "`e` keeps what mixes all values in `s`, secret-shared; who learns what of that stands at `s`."
        ]
    );
    assert!(exposures("b", 0).contains(&"row"));
    assert!(
        of("b").learned[0]
            .sentence
            .contains("Where its guard counts too few it is withheld")
    );
    assert_eq!(exposures("k", 0), ["row"]);
    assert_eq!(
        of("k").learned[0].sentence,
        "Whoever calls `e` (anyone may) learns `mine` (by `e`): what is given as `k` can be told from it."
    );
    assert_eq!(exposures("s", 0), ["aggregate"]);
    assert_eq!(manifest.entries[1].callers, "Only `p` may call it");
}

/// Noise, what it costs and how much of that there is, in plain words: of both parts of its price.
#[test]
fn what_noise_costs_is_told() {
    let told = |privacy: &str, noise: &str| {
        let source = format!(
            "contract N version 1 {{
               group g min 3 max 9;
               privacy {{ {privacy} }}
               collect v: private u8 from each g range 0..=3 allow aggregate(3) to public;
               entry e() {{ reveal sum = v.sum() to public with noise({noise}); }}
             }}"
        );
        let text = text(&source);
        let words = ["oise", " costs ", " delta "];
        let about = |line: &&str| words.iter().any(|word| line.contains(word));
        let lines = text.lines().filter(about);
        lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    let gauss = told(
        "epsilon_total: 2.0; delta_total: 0.00001;",
        "gaussian(epsilon: 0.5, delta: 0.000001)",
    );
    assert_eq!(
        gauss,
        [
            "[aggregate] Everyone learns `sum` (by `e`): it mixes all values of `v`, at least 3 of them. Noise (Gauss, epsilon 0.5, delta 0.000001) blurs what one giver changes of it.",
            "One run costs each giver of `v` 0.5 of their privacy budget, and 0.000001 of the delta in it.",
            "The noise of all runs costs each giver at most 2 of epsilon; then entries with noise refuse.",
            "With a probability of at most 0.00001, the delta of all runs, it hides less of a giver than that; then entries with Gaussian noise refuse.",
        ]
    );
    let laplace = told("epsilon_total: 2.0;", "laplace(epsilon: 0.5)");
    assert_eq!(
        laplace,
        [
            "[aggregate] Everyone learns `sum` (by `e`): it mixes all values of `v`, at least 3 of them. Noise (Laplace, epsilon 0.5) blurs what one giver changes of it.",
            "One run costs each giver of `v` 0.5 of their privacy budget.",
            "The noise of all runs costs each giver at most 2 of epsilon; then entries with noise refuse.",
        ]
    );
}

/// Keys have no policy, and what they make is told all the same, by whatever way it goes.
#[test]
fn what_keys_make_is_told() {
    let source = "contract K version 1 {
      state MPC { sk: private key<secp256k1>; kept: private bytes<64> allow any to public; }
      fn signed(k: private key<secp256k1>, d: hash) -> private bytes<64> { return k.sign(d); }
      entry make(d: hash, p: private u8 from caller range 0..=9) {
        MPC.sk = keygen();
        reveal half = MPC.sk.public_key() to public;
        let s = signed(MPC.sk, d);
        MPC.kept = s;
        reveal now = s to caller;
        reveal mine = p + 1 to caller;
        reveal dice = random(6) to public;
      }
      entry later() { reveal then = MPC.kept to public; }
    }";
    let checked = compile(source).checked.expect("no errors");
    tells_everything(&source.into(), &checked);
    let manifest = Manifest::of(&checked, &source.into());
    let key = manifest
        .data
        .iter()
        .find(|data| data.name == "sk")
        .expect("the key");
    let told: Vec<&str> = key.learned.iter().map(|l| l.sentence.as_str()).collect();
    assert_eq!(
        told,
        [
            "Everyone learns `half` (by `make`): it is made with a signing key.",
            "Whoever calls `make` (anyone may) learns `now` (by `make`): it is made with a signing key.",
            "Everyone learns `then` (by `later`): it is made with a signing key.",
        ]
    );
    let sentences = manifest.sentences();
    let dice = "Everyone learns `dice` (by `make`): nobody's data is in it.";
    assert!(
        sentences.iter().any(|sentence| sentence == dice),
        "{sentences:?}"
    );
}
