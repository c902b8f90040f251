//! What committees do not run yet is found, and named.

use crate::common::{HALF, blur, column, input, market, survey, two_groups, whole};
use enigma_bytecode::model::{
    Blur, Budget, C, Contract, Kind, Need, Noise, Op, Param, Place, Profile, Provider, Recipient,
    Role, RowCount, S, Shape, Source, Store, Width, unsupported,
};

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
        Op::Time { dst: C(5) },
        Op::If { condition: C(1) },
        Op::Else,
        Op::End,
        Op::MergePublic {
            dst: C(6),
            condition: C(1),
            then: C(4),
            otherwise: C(5),
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

/// On the chain and with the committee.
#[test]
fn slots_of_all_stores_are_supported() {
    let mut contract = survey();
    contract.slots = market().slots;
    for store in [Store::Ledger, Store::Secret] {
        contract
            .slots
            .iter_mut()
            .for_each(|slot| slot.store = store);
        assert_eq!(unsupported(&contract), None);
    }
    contract.entries[0].code.push(Op::LoadSecret {
        dst: S(4),
        slot: 0,
        column: 0,
    });
    assert_eq!(unsupported(&contract), None);
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

/// Noise is charged to a budget that bounds how often it is drawn, and Gaussian noise to one of delta, too.
#[test]
fn noise_is_drawn_within_a_budget() {
    let mut noisy = survey();
    noisy.manifest[0].noise = Some(blur(HALF));
    let need = |contract: &Contract| unsupported(contract).map(|found| found.need);
    assert_eq!(need(&noisy), Some(Need::UnboundedNoise));
    let budget = |epsilon_total| Budget {
        epsilon_total,
        delta_total: None,
        runs_per_input: Some(1),
    };
    noisy.budget = Some(budget(None));
    assert_eq!(need(&noisy), Some(Need::UnboundedNoise));
    noisy.budget = Some(budget(Some(1)));
    assert_eq!(need(&noisy), None);
    let gaussian = Noise::Gaussian(Width::table(1));
    for blur in [
        blur(gaussian),
        Blur {
            counts: Some(gaussian),
            ..blur(HALF)
        },
    ] {
        let mut noisy = noisy.clone();
        noisy.manifest[0].noise = Some(blur);
        assert_eq!(need(&noisy), Some(Need::UnboundedDelta));
        let paid = Budget {
            delta_total: Some(1),
            ..budget(Some(1))
        };
        noisy.budget = Some(paid);
        assert_eq!(need(&noisy), None);
        // A delta does not stand for an epsilon.
        noisy.budget = Some(Budget {
            epsilon_total: None,
            ..paid
        });
        assert_eq!(need(&noisy), Some(Need::UnboundedNoise));
    }
}

/// What was drawn is seen before the run is over, and a run that breaks off draws anew.
#[test]
fn random_numbers_beside_results_for_everyone_are_refused() {
    let draw = Op::Random {
        dst: S(4),
        len: 1,
        end: 6,
    };
    let each = Op::RandomLike {
        dst: S(4),
        like: S(0),
        end: 6,
    };
    for draw in [draw, each] {
        let mut lottery = survey();
        lottery.entries[0].code.push(draw);
        assert_eq!(unsupported(&lottery), None);
        lottery.manifest[1].recipients = vec![Recipient::Party(0), Recipient::Public];
        let found = unsupported(&lottery).expect("refused");
        assert_eq!(found.need, Need::OpenRandomness);
        assert_eq!(found.place, Place::Entry("compute".to_owned()));
    }
}

/// What the caller alone knows is dealt before the run is asked for.
#[test]
fn private_parameters_are_run() {
    let mut contract = survey();
    contract.entries[0].params.push(Param {
        name: "least".to_owned(),
        private: true,
        columns: vec![whole(Kind::Integer, 0, 9)],
    });
    contract.entries[0].code.push(Op::SecretParam {
        dst: S(4),
        param: 0,
        column: 0,
    });
    assert_eq!(unsupported(&contract), None);
}

/// Members are those who have given: nobody is one of a group that gives nothing.
#[test]
fn members_are_known_by_what_they_gave() {
    let each = |group| {
        let mut contract = survey();
        contract.groups.push(contract.groups[0].clone());
        let op = Op::EachMember { dst: C(1), group };
        contract.entries[0].code.push(op);
        unsupported(&contract).map(|found| found.need)
    };
    assert_eq!((each(0), each(1)), (None, Some(Need::MembersWithoutRows)));
    let by = |group| {
        let mut contract = survey();
        contract.groups.push(contract.groups[0].clone());
        contract.entries[0].by = Some(Role::Member(group));
        unsupported(&contract).map(|found| found.need)
    };
    assert_eq!((by(0), by(1)), (None, Some(Need::MembersWithoutRows)));
    // A loop behind another one, in an entry by members that are known.
    let mut both = survey();
    both.groups.push(both.groups[0].clone());
    both.entries[0].by = Some(Role::Member(0));
    for group in [0, 1] {
        both.entries[0]
            .code
            .push(Op::EachMember { dst: C(1), group });
    }
    let found = unsupported(&both).expect("refused");
    assert_eq!(found.need, Need::MembersWithoutRows);
}

/// What everyone may know is kept on the chain.
#[test]
fn public_state_and_money_are_supported() {
    let mut shop = survey();
    shop.slots = market().slots;
    for slot in &mut shop.slots {
        slot.store = Store::Ledger;
    }
    shop.entries[0].code.extend([
        Op::Pays { amount: C(0) },
        Op::Load {
            dst: C(1),
            slot: 0,
            column: 0,
            key: None,
        },
        Op::Transfer {
            from: None,
            to: C(1),
            amount: C(0),
        },
    ]);
    assert_eq!(unsupported(&shop), None);
}

/// What depends on secrets changes the instance, as far as runs wait for each other.
#[test]
fn entries_that_use_secrets_are_known() {
    let of = |op: Option<Op>| {
        let mut contract = survey();
        contract.slots = market().slots;
        contract.slots[0].store = Store::Secret;
        contract.entries[0].code.extend(op);
        let asked = [
            Contract::changes_instance,
            Contract::uses_secrets,
            Contract::changes_secrets,
        ];
        asked.map(|asked| asked(&contract, 0))
    };
    let (slot, column) = (0, 0);
    assert_eq!(of(None), [false; 3]);
    let load = Op::LoadSecret {
        dst: S(4),
        slot,
        column,
    };
    assert_eq!(of(Some(load)), [true, true, false]);
    for op in [
        Op::StoreSecret {
            slot,
            column,
            src: S(0),
        },
        Op::Accumulate {
            slot,
            column,
            src: S(0),
        },
    ] {
        assert_eq!(of(Some(op)), [true; 3]);
    }
    // Showing an accumulator begins its count anew.
    let mut contract = survey();
    contract.slots = market().slots;
    (contract.slots[0].store, contract.slots[0].accumulator) = (Store::Secret, true);
    contract.manifest[0]
        .sources
        .push((Source::Slot(0), Shape::Aggregate(3)));
    assert!(contract.changes_secrets(0));
}

/// What jobs have taken since they say what they are over: several collections, public parameters, results for who calls.
#[test]
fn what_a_request_carries_is_supported() {
    let mut both = two_groups();
    both.entries[0].code.push(input(4, 1, 0));
    assert_eq!(unsupported(&both), None);
    let mut asked = survey();
    asked.entries[0].params.push(Param {
        name: "least".to_owned(),
        private: false,
        columns: vec![whole(Kind::Integer, 0, 9)],
    });
    asked.entries[0].code.push(Op::Param {
        dst: C(1),
        param: 0,
        column: 0,
    });
    asked.manifest[1].recipients = vec![Recipient::Caller];
    assert_eq!(unsupported(&asked), None);
}
