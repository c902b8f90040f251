//! What committees do not run yet is found, and named.

use crate::common::{auction, column, input, market, survey, two_groups, whole};
use enigma_bytecode::model::{
    Budget, C, Contract, Kind, Need, Noise, Op, Param, Place, Profile, Provider, Recipient, Role,
    RowCount, S, Unsupported, unsupported,
};

fn changed(change: impl FnOnce(&mut Contract)) -> Unsupported {
    let mut contract = survey();
    assert_eq!(unsupported(&contract), None);
    change(&mut contract);
    unsupported(&contract).expect("no node runs this")
}

#[test]
fn what_nodes_run_is_supported() {
    assert_eq!(unsupported(&survey()), None);
    assert_eq!(unsupported(&two_groups()), None);
    let mut vote = survey();
    vote.collections[0].columns = vec![whole(Kind::Bool, 0, 1)];
    vote.manifest[0].recipients = vec![Recipient::Party(0)];
    vote.manifest[1].columns = vec![whole(Kind::MemberOf(0), 0, 999)];
    // A refusal for sizes everyone knows.
    vote.entries[0].code.push(Op::Require {
        condition: C(0),
        why: "too few".to_owned(),
    });
    assert_eq!(unsupported(&vote), None);
}

/// Columns of all kinds, several recipients, hidden counts, stages, callers.
#[test]
fn rows_of_several_columns_and_stages_are_supported() {
    let mut wide = survey();
    for kind in [Kind::Fixed(16), Kind::Enum(0), Kind::Limb, Kind::Bool] {
        wide.collections[0].columns.push(column("more", kind, 0, 1));
    }
    let shown = &mut wide.manifest[1];
    shown.columns.push(column("more", Kind::Fixed(16), 0, 1));
    shown.recipients = vec![Recipient::Party(0), Recipient::Public];
    shown.hidden_below = Some(3);
    wide.entries[0].by = Some(Role::Member(0));
    wide.entries[0].code.extend([
        Op::Out {
            reveal: 0,
            values: vec![S(2)],
            counts: Vec::new(),
            public: Some(C(1)),
        },
        Op::Caller { dst: C(2) },
        Op::PartyAccount {
            dst: C(3),
            party: 0,
        },
        Op::Height { dst: C(4) },
        Op::If { condition: C(1) },
        Op::Else,
        Op::End,
        Op::MergePublic {
            dst: C(5),
            condition: C(1),
            then: C(4),
            otherwise: C(4),
        },
    ]);
    assert_eq!(unsupported(&wide), None);
}

#[test]
fn both_fields_are_run() {
    let mut contract = survey();
    assert_eq!(contract.profile, Profile::ShamirM61V1);
    contract.profile = Profile::ShamirM127V1;
    assert_eq!(unsupported(&contract), None);
}

#[test]
fn what_the_whole_contract_needs_is_named() {
    let budget = Budget {
        epsilon_total: None,
        runs_per_input: Some(1),
    };
    let budget = changed(|c| c.budget = Some(budget));
    assert_eq!((budget.place, budget.need), (Place::Contract, Need::Budget));
    let slot = market().slots.swap_remove(0);
    let state = changed(|c| c.slots.push(slot));
    assert_eq!(state.place, Place::Slot("earned".to_owned()));
    assert_eq!(
        state.to_string(),
        "committees cannot run this contract yet: the slot earned needs state that is kept \
         between calls"
    );
}

/// Whoever gives rows, and however many.
#[test]
fn collections_of_all_kinds_are_supported() {
    for provider in [Provider::Each(0), Provider::Party(0)] {
        for rows in [RowCount::One, RowCount::UpTo(1), RowCount::UpTo(1_000)] {
            let mut contract = survey();
            contract.collections[0].provider = provider;
            contract.collections[0].rows = rows;
            assert_eq!(unsupported(&contract), None);
        }
    }
}

/// Givers without whom nothing runs: the group's `min`, and as many as it takes for the rows that are asked for.
#[test]
fn fewest_givers_follow_from_rows_and_group() {
    let mut contract = survey();
    contract.groups[0].min = 3;
    let least = contract.minimum_rows(0, 0);
    assert!(least >= 3);
    assert_eq!(contract.minimum_givers(0, 0), least);
    contract.manifest[0].min_groups = vec![(0, 100)];
    for (rows, givers) in [
        (RowCount::One, 100),
        (RowCount::UpTo(30), 4),
        (RowCount::UpTo(1_000), 3),
    ] {
        contract.collections[0].rows = rows;
        assert_eq!(contract.minimum_givers(0, 0), givers);
    }
    contract.collections[0].provider = Provider::Party(0);
    assert_eq!(contract.minimum_givers(0, 0), 1);
    // No such collection.
    assert_eq!(contract.minimum_givers(0, 9), 1);
}

#[test]
fn what_results_need_is_named() {
    let of = |change: fn(&mut enigma_bytecode::model::Reveal)| {
        let found = changed(|c| change(&mut c.manifest[1]));
        assert_eq!(found.place, Place::Reveal("rank".to_owned()));
        found.need
    };
    assert_eq!(
        of(|r| r.recipients = vec![Recipient::Caller]),
        Need::ToCaller
    );
    let noise = of(|r| r.noise = Some(Noise::Gaussian { decay: 1 }));
    assert_eq!(noise, Need::Noise);
}

/// What was drawn is seen before the run is over, and a run that breaks off draws anew.
#[test]
fn random_numbers_beside_results_for_everyone_are_refused() {
    let draw = Op::Random {
        dst: S(4),
        len: 1,
        end: 6,
    };
    let mut lottery = survey();
    lottery.entries[0].code.push(draw);
    assert_eq!(unsupported(&lottery), None);
    lottery.manifest[1].recipients = vec![Recipient::Party(0), Recipient::Public];
    let found = unsupported(&lottery).expect("refused");
    assert_eq!(found.need, Need::OpenRandomness);
    assert_eq!(found.place, Place::Entry("compute".to_owned()));
}

#[test]
fn what_entries_need_is_named() {
    let of = |op: Op| {
        let found = changed(|c| c.entries[0].code.push(op));
        assert_eq!(found.place, Place::Entry("compute".to_owned()));
        found.need
    };
    assert_eq!(
        of(Op::EachMember {
            dst: C(1),
            group: 0
        }),
        Need::EachMember
    );
    assert_eq!(of(Op::Pays { amount: C(0) }), Need::Payments);
    let load = Op::LoadSecret {
        dst: S(4),
        slot: 0,
        column: 0,
    };
    assert_eq!(of(load), Need::State);
    let param = Op::SecretParam {
        dst: S(4),
        param: 0,
        column: 0,
    };
    assert_eq!(of(param), Need::Parameters);
    let param = Param {
        name: "least".to_owned(),
        private: false,
        columns: vec![whole(Kind::Integer, 0, 9)],
    };
    let found = changed(|c| c.entries[0].params.push(param));
    assert_eq!(found.need, Need::Parameters);
    let mut both = two_groups();
    both.entries[0].code.push(input(4, 1, 0));
    let both = unsupported(&both).expect("two collections");
    assert_eq!(both.need, Need::SeveralCollections);
    // The guard counts rows of a second collection, too.
    let auction = unsupported(&auction()).expect("two collections");
    assert_eq!(
        auction.to_string(),
        "committees cannot run this contract yet: the entry compute needs several collections in \
         one run"
    );
}
