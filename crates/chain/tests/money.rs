//! The rules of what an instance keeps: money that is put in and taken out, runs that change it, effects. The support code demands
//! that the contract and the reference model give the same reason.

mod support;

use enigma_core::controller::Call;
use enigma_wire::controller::{Certificate, FailureReason, JobRequest};
use enigma_wire::effects::{Effects, Transfer};
use enigma_wire::id::{Hash, JobId};
use support::*;

rules_with_instance! {
    money_is_put_into_an_instance_and_taken_out(pair, instance) {
        let by = key(REQUESTER);
        let take = |amount| Call::TakeOut { instance, amount };
        pair.refused(&by, 5, &Call::PutIn(Hash([9; 32])), "UnknownInstance").await;
        pair.refused(&by, 0, &Call::PutIn(instance), "EmptyAmount").await;
        pair.refused(&by, 0, &take(0), "EmptyAmount").await;
        pair.refused(&by, 0, &take(1), "BalanceTooSmall").await;
        pair.ok(&by, 70, &Call::PutIn(instance)).await;
        pair.ok(&key(RELAYER), 5, &Call::PutIn(instance)).await;
        pair.refused(&by, 0, &take(71), "BalanceTooSmall").await;
        pair.ok(&by, 0, &take(30)).await;
        assert_eq!(pair.model.credit(by.address()), 30);
        // Nobody takes anything while a run may transfer it, and then again.
        let collection = pair.sealed(instance).await;
        let request = pair.request(&[collection], 2, FAR);
        pair.ok(&by, 200, &request).await;
        pair.refused(&by, 0, &take(1), "ChangePending").await;
        pair.refused(&key(RELAYER), 0, &take(1), "ChangePending").await;
        pair.ok(&by, 5, &Call::PutIn(instance)).await;
        pair.ok(&by, 0, &Call::CancelJob(JobId(1))).await;
        // The fee and what would have been paid come back.
        assert_eq!(pair.model.credit(by.address()), 230);
        pair.ok(&by, 0, &take(45)).await;
        pair.refused(&by, 0, &take(1), "BalanceTooSmall").await;
    }

    runs_that_change_an_instance_wait_for_each_other(pair, instance) {
        let (first, second) = (pair.sealed(instance).await, pair.sealed(instance).await);
        let by = key(REQUESTER);
        let base = PRICES.base;
        // What is paid covers the base price and what the request pays.
        let changing = |pair: &Pair, collection| pair.request(&[collection], 2, FAR);
        pair.refused(&by, base + 49, &changing(&pair, first), "FeeTooLow").await;
        pair.ok(&by, base + 50, &changing(&pair, first)).await;
        pair.refused(&by, base + 50, &changing(&pair, second), "ChangePending").await;
        let Call::RequestJob(late) = changing(&pair, second) else { unreachable!() };
        // One that changes nothing need not wait, and pays nothing.
        pair.ok(&by, base, &pair.request(&[second], 0, FAR)).await;
        let Call::RequestJob(request) = pair.request(&[second], 1, FAR) else { unreachable!() };
        let pays = Call::RequestJob(JobRequest { pays: 1, ..request });
        pair.refused(&by, base + 1, &pays, "WrongEffects").await;
        pair.ok(&by, 0, &Call::CancelJob(JobId(1))).await;
        let late = Call::RequestJob(JobRequest { deadline: FAR, ..late });
        pair.refused(&by, base + 50, &late, "DeadlineTooFar").await;
        pair.ok(&by, base + 50, &changing(&pair, second)).await;
        // Refused, it costs the base price, which the committee shares.
        let mut failure = pair.failure(JobId(3), 0);
        failure.reason = FailureReason::Refused;
        let fail = pair.fail(second, failure, &[0, 1]);
        let before = pair.model.credit(by.address());
        pair.ok(&key(RELAYER), 0, &fail).await;
        assert_eq!(pair.model.credit(by.address()), before + 50);
    }

    a_run_changes_what_its_certificate_says(pair, instance) {
        let (by, people) = (key(REQUESTER), [owner(0).address(), owner(1).address()]);
        let collection = pair.sealed(instance).await;
        pair.ok(&owner(0), 40, &Call::PutIn(instance)).await;
        pair.ok(&by, 1_000 + 50, &pair.request(&[collection], 2, FAR)).await;
        let job = JobId(1);
        pair.start(job).await;
        let transfer = |from, to, amount| Transfer { from, to, amount };
        let effects = Effects {
            writes: vec![1, 2, 3],
            transfers: vec![transfer(Some(people[0]), people[1], 15), transfer(None, people[0], 20)],
            paid: 30,
        };
        let certified = |pair: &Pair, effects: &Effects| Certificate {
            effects: effects.hash(),
            ..pair.certificate(collection, job)
        };
        let settle = |pair: &Pair, effects: &Effects| {
            pair.settle_with(collection, certified(pair, effects), effects.clone(), &[0, 1])
        };
        let altered = |alter: &dyn Fn(&mut Effects)| {
            let mut other = effects.clone();
            alter(&mut other);
            other
        };
        // Others than the certificate's, in every part.
        for other in [
            altered(&|e| e.paid = 29),
            altered(&|e| e.writes[0] = 9),
            altered(&|e| e.writes.clear()),
            altered(&|e| e.transfers[0].amount = 14),
            altered(&|e| e.transfers[0].from = None),
            altered(&|e| e.transfers[1].to = people[1]),
            altered(&|e| e.transfers.swap(0, 1)),
            Effects::default(),
        ] {
            let call = pair.settle_with(collection, certified(&pair, &effects), other, &[0, 1]);
            pair.refused(&key(RELAYER), 0, &call, "WrongEffects").await;
        }
        // More than the request pays, than there is, than the chain takes.
        let dear = altered(&|e| e.paid = 51);
        pair.refused(&key(RELAYER), 0, &settle(&pair, &dear), "WrongEffects").await;
        let much = altered(&|e| e.transfers[0].amount = 41);
        pair.refused(&key(RELAYER), 0, &settle(&pair, &much), "BalanceTooSmall").await;
        let poor = altered(&|e| e.transfers[1].amount = 31);
        pair.refused(&key(RELAYER), 0, &settle(&pair, &poor), "BalanceTooSmall").await;
        let twice = altered(&|e| { e.transfers.push(e.transfers[0].clone()); e.transfers[0].amount = 26; });
        pair.refused(&key(RELAYER), 0, &settle(&pair, &twice), "BalanceTooSmall").await;
        let many = altered(&|e| e.transfers = vec![transfer(None, people[1], 0); 129]);
        pair.refused(&key(RELAYER), 0, &settle(&pair, &many), "EffectsTooLarge").await;
        let long = altered(&|e| e.writes = vec![7; 65_537]);
        pair.refused(&key(RELAYER), 0, &settle(&pair, &long), "EffectsTooLarge").await;
        pair.ok(&key(RELAYER), 0, &settle(&pair, &effects)).await;
        assert_eq!(pair.model.credit(people[1]), 15);
        assert_eq!(pair.model.credit(people[0]), 20);
        // What was not paid comes back.
        assert_eq!(pair.model.credit(by.address()), 20);
        // The chain has what the log says.
        let state = &pair.model.ledger().instances[&instance].state;
        for account in [None, Some(people[0]), Some(people[1])] {
            let on_chain = pair.chain.balance_in(instance, account).await.expect("the chain answers");
            assert_eq!(on_chain, state.balance(account));
        }
        assert_eq!((state.balance(None), state.balance(Some(people[0]))), (10, 25));
        assert_ne!(pair.chain.state_of(instance).await.expect("the chain answers"), Hash::default());
    }

    as_much_as_the_chain_takes_fits_into_a_transaction(pair, instance) {
        let collection = pair.sealed(instance).await;
        let by = key(REQUESTER);
        pair.ok(&by, 1_000 + 50, &pair.request(&[collection], 2, FAR)).await;
        pair.ok(&by, 128, &Call::PutIn(instance)).await;
        pair.start(JobId(1)).await;
        let from = Some(by.address());
        let to = |number: u8| key(100 + number).address();
        let transfers = (0..128).map(|number| Transfer { from, to: to(number), amount: 1 });
        let effects = Effects { writes: vec![7; 65_536], transfers: transfers.collect(), paid: 50 };
        let certificate = Certificate { effects: effects.hash(), ..pair.certificate(collection, JobId(1)) };
        let settle = pair.settle_with(collection, certificate, effects, &[0, 1]);
        pair.ok(&key(RELAYER), 0, &settle).await;
        let url = pair.host.as_ref().expect("running").url();
        let block = rpc(&url, "eth_getBlockByNumber", serde_json::json!(["latest", true])).await;
        let gas = block["transactions"][0]["gas"].as_str().expect("a number");
        let gas = u64::from_str_radix(gas.trim_start_matches("0x"), 16).expect("hexadecimal");
        // The largest committee has ten times as many operators to pay and signatures to check, about 10^6 gas.
        assert!(gas < 14_000_000, "limit of {gas} gas");
    }

    a_run_that_was_not_requested_to_change_anything_does_not(pair, instance) {
        let collection = pair.sealed(instance).await;
        pair.ok(&owner(0), 40, &Call::PutIn(instance)).await;
        let job = pair.job(collection, 1_000, FAR).await;
        pair.start(job).await;
        let to = owner(1).address();
        let transfers = vec![Transfer { from: Some(owner(0).address()), to, amount: 1 }];
        for effects in [
            Effects { writes: vec![1], ..Effects::default() },
            Effects { transfers, ..Effects::default() },
            Effects { paid: 1, ..Effects::default() },
        ] {
            let certificate = Certificate { effects: effects.hash(), ..pair.certificate(collection, job) };
            let call = pair.settle_with(collection, certificate, effects, &[0, 1]);
            pair.refused(&key(RELAYER), 0, &call, "WrongEffects").await;
        }
    }
}
