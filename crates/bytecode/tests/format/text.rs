//! What people read of a contract: its listing and its manifest in sentences.

use crate::common::{auction, club, column, input, market, out, survey};
use enigma_bytecode::disasm::disassemble;
use enigma_bytecode::interface::{
    AccountsInterface, Interface, KnownInterface, NoiseInterface, RecipientInterface, SourceName,
    ValueKind, sentences,
};
use enigma_bytecode::model::{Kind, Op, Recipient, RowCount, S, Shape, Source};

#[test]
fn a_listing_has_a_line_for_each_operation_and_indents_what_is_conditional() {
    let expected = r#"contract Market version 3 for shamir-m127-v1
group 0 sellers min 3 max 20000
party 0 clerk
enum 0 City Bonn, Ulm
collection 0 profile from each sellers max_rows 4
  column city: enum City 0..=1
  column spend: fixed(16) 0..=1099511627776
  allow aggregate(3) to caller
collection 1 factor from clerk
  column: integer 1..=9
  allow any to public
slot 0 ledger.earned map = 0
  column: integer 0..=9223372036854775807
slot 1 ledger.last = 0x0000000000000000000000000000000000000000
  column: account
slot 2 secret.tally accumulator = 0, 0
  column 0: integer 0..=1099511627776
  column 1: integer 0..=1099511627776
  allow aggregate(20) to public
budget epsilon_total 2.5
budget delta_total 0.0000015
budget runs_per_input 1
entry ask
  param private city
    column: enum City 0..=1
  param public note
    column: bytes(512)
  c0 = rows profile
  c1 = 2
  c2 = c0 * c1
  pays c2
  s0 = input profile.city
  s1 = param city
  s2 = s0 == s1
  s3 = sum s2
  s4 = input profile.spend
  s5 = dot s2, s4
  s6 = s5 / s3
  s7 = input factor
  s8 = s6 * s7
  out s8 as average to caller with min_group((s3), 3) with laplace(9223372036854775808 / 2^64), of counts laplace(9223372036854775808 / 2^64), epsilon 0.1
  for c3 in sellers
    c4 = load earned[c3]
    c5 = c4 + c1
    store earned[c3] = c5
  end
  c6 = caller
  store last = c6
entry close by clerk
  s0 = load tally.0
  s1 = load tally.1
  c0.. = out s0, s1 as tally to clerk, public
  c2 = c0 < c1
  require c2, "no \"majority\""
  if c2
    s2 = hide c1
    store tally.0 += s2
  else
    c3 = account clerk
    transfer c0 to c3
  end
  c4 = 0xabcd
"#;
    assert_eq!(disassemble(&market()), expected);
}

/// Code that no compiler makes is listed all the same.
#[test]
fn a_listing_of_unmatched_ends_and_missing_places_is_text() {
    let mut contract = survey();
    let code = &mut contract.entries[0].code;
    code.splice(0..0, [Op::End, Op::Else, Op::End, Op::End]);
    code.push(out(9, 7));
    code.push(input(0, 3, 1));
    let listing = disassemble(&contract);
    assert!(listing.contains("\n  end\n  else\n  end\n  end\n  s0 = input answer\n"));
    assert!(listing.ends_with("\n  out s7 as ?\n  s0 = input ?.?\n"));
}

#[test]
fn sentences_say_who_learns_what_from_what() {
    assert_eq!(
        sentences(&survey()),
        [
            "Each of `people` learns `average`, the same number for all. It is computed by \
             `compute` from all values of `answer` together, at least 5 of them.",
            "Each person who gives a value to `answer` learns their own `rank`, and nobody \
             else's. It is computed by `compute` from their own value of `answer` compared or \
             combined with the others, at least 5 in all.",
            "Nobody learns anything else.",
        ]
    );
    assert_eq!(
        sentences(&auction())[1..3],
        [
            "The party `seller` learns `winner`, who gave one of the values of `answer`. It is \
             computed by `compute` from all values of `answer` together, at least 6 of them.",
            "The party `auditor` learns `wanted`, yes or no. It is computed by `compute` from all \
             values of `answer` together, at least 6 of them, and from all values of `vote` \
             together, at least 7 of them.",
        ]
    );
    assert_eq!(
        sentences(&market()),
        [
            "The caller learns `average`, a number, only if at least 3 match, else only that fewer \
             do, blurred by random noise (epsilon = 0.2, as is how many match). It is computed by `ask` from all rows of `profile` \
             together, at least 3 of them, and from the value `factor` of the party `clerk`, and \
             from the caller's own `city`.",
            "The party `clerk` and everyone learn `tally`, 2 numbers. It is computed by `close` \
             from what is stored as `tally`, at least 20 inputs mixed.",
            "Nobody learns anything else.",
            "What is given is used in at most 1 computation.",
            "What all noisy results together tell about one giver stays within epsilon = 2.5: \
             what would go beyond is not computed.",
            "With a probability of at most 0.0000015, counted over all of them, they may tell more than that.",
        ]
    );
    let mut silent = survey();
    silent.manifest.clear();
    assert_eq!(sentences(&silent), ["Nobody learns anything."]);
}

/// Names and kinds.
type Columns<'a> = &'a [(&'a str, Kind)];

/// What becomes known of each row, and whose rows count.
#[test]
fn sentences_say_what_conditions_do() {
    let found = sentences(&club());
    assert_eq!(
        found[2..],
        [
            "Of each row of `answer` it becomes known whether it fulfils a condition of this contract; those that do not are left out.",
            "Nobody learns anything else.",
            "Who belongs to `people` is decided by a condition on what is public; what others give as its members is left out.",
            "What is in `note` is public to the nodes of the committee; they give it to those who fulfil a condition of this contract.",
        ]
    );
}

#[test]
fn sentences_say_what_values_are() {
    let shown = |recipient: Recipient, kinds: &[(&str, Kind)]| {
        let mut contract = market();
        let line = &mut contract.manifest[1];
        line.recipients = vec![recipient];
        line.columns = kinds
            .iter()
            .map(|&(name, kind)| column(name, kind, 0, 1))
            .collect();
        let sentence = sentences(&contract).swap_remove(1);
        let (first, _) = sentence.split_once(". ").expect("two sentences");
        first.to_owned()
    };
    let (all, people) = (Recipient::Public, Recipient::EachOf(0));
    let cases: &[(Recipient, Columns<'_>, &str)] = &[
        (
            all,
            &[("", Kind::Bool)],
            "Everyone learns `tally`, yes or no",
        ),
        (
            people,
            &[("", Kind::Bool)],
            "Each of `sellers` learns `tally`, the same for all, yes or no",
        ),
        (
            people,
            &[("", Kind::MemberOf(0))],
            "Each of `sellers` learns `tally`, the same for all: who gave one of the rows of \
             `profile`",
        ),
        (
            all,
            &[("", Kind::Enum(0))],
            "Everyone learns `tally`, which of `Bonn` and `Ulm`",
        ),
        (
            all,
            &[("0", Kind::Bool), ("1", Kind::Bool)],
            "Everyone learns `tally`, 2 times yes or no",
        ),
        (
            all,
            &[("key.0", Kind::Limb), ("key.1", Kind::Limb)],
            "Everyone learns `tally`, some bytes",
        ),
        (
            all,
            &[
                ("key.0", Kind::Limb),
                ("key.1", Kind::Limb),
                ("age", Kind::Integer),
                ("who", Kind::Account),
            ],
            "Everyone learns `tally`, some bytes, `age` (a number) and `who` (an account)",
        ),
    ];
    for (recipient, kinds, expected) in cases {
        assert_eq!(shown(*recipient, kinds), *expected);
    }
}

#[test]
fn sentences_say_how_far_sources_are_mixed() {
    let source = |source: Source, shape: Shape| {
        let mut contract = market();
        contract.manifest[1].sources = vec![(source, shape)];
        let sentence = sentences(&contract).swap_remove(1);
        let (_, source) = sentence.split_once(" from ").expect("sources");
        source.to_owned()
    };
    let (profile, factor, tally) = (
        Source::Collection(0),
        Source::Collection(1),
        Source::Slot(2),
    );
    let cases = [
        (profile, Shape::Bit, "a yes or no about rows of `profile`."),
        (
            profile,
            Shape::Any,
            "rows of `profile`, which their owners allow to be shown in any form.",
        ),
        (
            factor,
            Shape::Bit,
            "a yes or no about the value `factor` of the party `clerk`.",
        ),
        (
            tally,
            Shape::Bit,
            "a yes or no about what is stored as `tally`.",
        ),
        (
            tally,
            Shape::Any,
            "what is stored as `tally`, which may be shown in any form.",
        ),
    ];
    for (from, shape, expected) in cases {
        assert_eq!(source(from, shape), expected);
    }
    let mut nothing = market();
    nothing.manifest[1].sources.clear();
    assert!(sentences(&nothing)[1].ends_with(" from public values only."));
    let mut list = market();
    list.collections[1].rows = RowCount::UpTo(100);
    list.collections[1].columns = (0..5)
        .map(|at| column(&at.to_string(), Kind::Limb, 0, (1 << 52) - 1))
        .collect();
    list.manifest[1].sources = vec![(factor, Shape::Aggregate(7))];
    assert!(sentences(&list)[1].ends_with(
        "from all values of `factor` of the party `clerk` together, at least 7 of them."
    ));
}

/// Several counts hide each value of its own, one hides all.
#[test]
fn sentences_say_what_small_counts_hide() {
    let mut contract = market();
    contract.manifest[1].hidden_below = Some(10);
    if let Some(Op::Out { counts, .. }) = contract.entries[1].code.get_mut(2) {
        *counts = vec![S(0), S(1)];
    }
    assert!(sentences(&contract)[1].starts_with(
        "The party `clerk` and everyone learn `tally`, 2 numbers, each only if at least 10 match, \
         else only that fewer do. "
    ));
}

#[test]
fn the_interface_says_what_clients_need() {
    let interface = Interface::of(&market());
    let [profile, factor] = &interface.collections[..] else {
        panic!("two collections")
    };
    assert_eq!(profile.from, AccountsInterface::Each("sellers".to_owned()));
    assert_eq!(profile.max_rows, Some(4));
    assert_eq!(profile.columns[0].kind, ValueKind::Enum("City".to_owned()));
    assert_eq!(profile.columns[1].kind, ValueKind::Fixed(16));
    assert_eq!(factor.from, AccountsInterface::Party("clerk".to_owned()));
    assert_eq!(factor.max_rows, None);
    let budget = interface.budget.expect("a budget");
    assert_eq!(budget.epsilon_total_millionths, Some(2_500_000));
    assert_eq!(budget.delta_total_trillionths, Some(1_500_000));
    assert_eq!(budget.runs_per_input, Some(1));
    assert_eq!(interface.enums[0].variants, ["Bonn", "Ulm"]);
    assert_eq!(
        interface.slots[1].initial,
        [KnownInterface::Bytes(format!("0x{}", "00".repeat(20)))]
    );
    let [ask, close] = &interface.entries[..] else {
        panic!("two entries")
    };
    assert_eq!(ask.by, None);
    assert!(ask.params[0].private && !ask.params[1].private);
    let inputs: Vec<_> = ask
        .inputs
        .iter()
        .map(|input| {
            (
                &input.collection[..],
                input.minimum_rows,
                input.maximum_rows,
            )
        })
        .collect();
    assert_eq!(inputs, [("profile", 3, 80_000), ("factor", 1, 1)]);
    let average = &ask.results[0];
    assert_eq!(average.recipients, [RecipientInterface::Caller]);
    assert_eq!(average.hidden_below, Some(3));
    let half = NoiseInterface::Laplace("9223372036854775808".to_owned());
    assert_eq!(average.noise, Some(half.clone()));
    assert_eq!(average.noise_of_counts, Some(half));
    assert_eq!(average.epsilon_millionths, Some(200_000));
    assert_eq!(average.delta_trillionths, None);
    let sources: Vec<_> = average
        .sources
        .iter()
        .map(|s| (&s.from, &s.shape[..]))
        .collect();
    assert_eq!(
        sources,
        [
            (
                &SourceName::Collection("profile".to_owned()),
                "aggregate(3)"
            ),
            (&SourceName::Collection("factor".to_owned()), "any"),
            (&SourceName::Param("city".to_owned()), "any"),
        ]
    );
    assert_eq!(close.by, Some(AccountsInterface::Party("clerk".to_owned())));
    assert_eq!(close.results[0].to, "clerk, public");
    assert_eq!(
        close.results[0].recipients,
        [
            RecipientInterface::Party("clerk".to_owned()),
            RecipientInterface::Public
        ]
    );
}
