//! One test for each rule by which the controller refuses a call. The support code demands that the
//! contract and the reference model give the same reason.

mod support;

use enigma_core::controller::{Call, SignedContribution};
use enigma_wire::controller::{CollectionTerms, Event, FailureReason};
use enigma_wire::id::{Address, CollectionId, Hash, JobId, PeerKey, SealKey};
use enigma_wire::sign::Signature;
use support::*;

/// A test on its own chain.
macro_rules! rules {
    ($($name:ident($pair:ident) $body:block)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            #[allow(unused_mut)]
            let mut $pair = Pair::new().await;
            $body
            $pair.check_state().await;
        }
    )*};
}

fn spoiled(signature: &Signature) -> Signature {
    let mut bytes = signature.0;
    bytes[40] ^= 1;
    Signature(bytes)
}

/// The same signature with s replaced by the group order less s: valid ECDSA, refused here.
fn high_s(signature: &Signature) -> Signature {
    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let mut bytes = signature.0;
    let mut borrow = 0i16;
    for i in (0..32).rev() {
        let digit = u8::from_str_radix(&ORDER[2 * i..2 * i + 2], 16).expect("hexadecimal");
        let difference = i16::from(digit) - i16::from(bytes[32 + i]) - borrow;
        borrow = i16::from(difference < 0);
        bytes[32 + i] = (difference + (borrow << 8)) as u8;
    }
    bytes[64] = 55 - bytes[64];
    Signature(bytes)
}

rules! {
    a_deposit_below_the_minimum_is_refused(pair) {
        let call = pair.register(1);
        pair.refused(&operator(1), DEPOSIT - 1, &call, "DepositTooSmall").await;
    }

    a_long_address_is_refused(pair) {
        let mut info = node_info(1);
        info.peer_address = "x".repeat(256);
        let call = pair.register_as(&operator(1), info.clone(), &signer(1));
        pair.ok(&operator(1), DEPOSIT, &call).await;
        info = node_info(2);
        info.api_address = "x".repeat(257);
        let call = pair.register_as(&operator(2), info, &signer(2));
        pair.refused(&operator(2), DEPOSIT, &call, "AddressTooLong").await;
    }

    a_zero_key_is_refused(pair) {
        for which in 0..2 {
            let mut info = node_info(1);
            match which {
                0 => info.peer_key = PeerKey([0; 32]),
                _ => info.seal_key = SealKey([0; 32]),
            }
            let call = pair.register_as(&operator(1), info, &signer(1));
            pair.refused(&operator(1), DEPOSIT, &call, "EmptyKey").await;
        }
    }

    operator_peer_key_and_signer_are_registered_once(pair) {
        let first = pair.register(1);
        pair.ok(&operator(1), DEPOSIT, &first).await;
        let same_operator = pair.register_as(&operator(1), node_info(2), &signer(2));
        pair.refused(&operator(1), DEPOSIT, &same_operator, "AlreadyRegistered").await;
        let mut info = node_info(2);
        info.peer_key = node_info(1).peer_key;
        let same_peer_key = pair.register_as(&operator(2), info, &signer(2));
        pair.refused(&operator(2), DEPOSIT, &same_peer_key, "AlreadyRegistered").await;
        let mut info = node_info(2);
        info.signer = node_info(1).signer;
        let same_signer = pair.register_as(&operator(2), info, &signer(1));
        pair.refused(&operator(2), DEPOSIT, &same_signer, "AlreadyRegistered").await;
        // Keys stay taken after retirement; the operator may come again with new ones.
        pair.ok(&operator(1), 0, &Call::RetireNode).await;
        let again = pair.register(1);
        pair.refused(&operator(1), DEPOSIT, &again, "AlreadyRegistered").await;
        pair.ok(&operator(1), DEPOSIT, &same_operator).await;
    }

    a_node_proves_its_signing_key(pair) {
        let Call::RegisterNode { info, proof } = pair.register(1) else { unreachable!() };
        let call = Call::RegisterNode { info: info.clone(), proof: spoiled(&proof) };
        pair.refused(&operator(1), DEPOSIT, &call, "BadSignature").await;
        let call = Call::RegisterNode { info: info.clone(), proof: high_s(&proof) };
        pair.refused(&operator(1), DEPOSIT, &call, "BadSignature").await;
        // Somebody else's proof does not bind the key to me.
        let call = Call::RegisterNode { info, proof };
        pair.refused(&operator(2), DEPOSIT, &call, "BadSignature").await;
        pair.ok(&operator(1), DEPOSIT, &call).await;
    }

    only_a_registered_node_retires_once(pair) {
        pair.refused(&operator(1), 0, &Call::RetireNode, "NotRegistered").await;
        let call = pair.register(1);
        pair.ok(&operator(1), DEPOSIT, &call).await;
        pair.ok(&operator(1), 0, &Call::RetireNode).await;
        pair.refused(&operator(1), 0, &Call::RetireNode, "NotRegistered").await;
    }

    deposits_are_released_once_after_the_waiting_time(pair) {
        pair.refused(&operator(1), 0, &Call::ReleaseDeposit, "NotRetired").await;
        let call = pair.register(1);
        pair.ok(&operator(1), DEPOSIT, &call).await;
        pair.refused(&operator(1), 0, &Call::ReleaseDeposit, "NotRetired").await;
        pair.ok(&operator(1), 0, &Call::RetireNode).await;
        pair.refused(&operator(1), 0, &Call::ReleaseDeposit, "DepositLocked").await;
        // A second node of the same operator waits in line.
        let second = pair.register_as(&operator(1), node_info(2), &signer(2));
        pair.ok(&operator(1), 2 * DEPOSIT, &second).await;
        pair.pass(UNBONDING + 1).await;
        pair.ok(&operator(1), 0, &Call::RetireNode).await;
        pair.ok(&operator(1), 0, &Call::ReleaseDeposit).await;
        pair.refused(&operator(1), 0, &Call::ReleaseDeposit, "DepositLocked").await;
        pair.pass(UNBONDING + 1).await;
        pair.ok(&operator(1), 0, &Call::ReleaseDeposit).await;
        pair.refused(&operator(1), 0, &Call::ReleaseDeposit, "NotRetired").await;
        assert_eq!(pair.model.credit(operator(1).address()), 3 * DEPOSIT);
    }

    a_contract_is_published_once_and_whole(pair) {
        let publish = |contract, manifest| Call::Publish { contract, manifest };
        let none = Hash::default();
        pair.refused(&key(DEVELOPER), 0, &publish(none, MANIFEST), "EmptyHash").await;
        pair.refused(&key(DEVELOPER), 0, &publish(CONTRACT, none), "EmptyHash").await;
        pair.ok(&key(DEVELOPER), 0, &publish(CONTRACT, MANIFEST)).await;
        for manifest in [MANIFEST, Hash([1; 32])] {
            let call = publish(CONTRACT, manifest);
            pair.refused(&key(RELAYER), 0, &call, "AlreadyPublished").await;
        }
    }

    only_published_contracts_are_deployed(pair) {
        let deploy = Call::Deploy { contract: CONTRACT, committee_size: 3, parties: Vec::new() };
        pair.refused(&key(DEVELOPER), 0, &deploy, "UnknownContract").await;
    }

    an_instance_names_few_parties_and_each_of_them(pair) {
        let publish = Call::Publish { contract: CONTRACT, manifest: MANIFEST };
        pair.ok(&key(DEVELOPER), 0, &publish).await;
        for node in 1..=3 {
            let call = pair.register(node);
            pair.ok(&operator(node), DEPOSIT, &call).await;
        }
        let deploy = |parties| Call::Deploy { contract: CONTRACT, committee_size: 3, parties };
        let somebody = party(0).address();
        let too_many = deploy(vec![somebody; 17]);
        pair.refused(&key(DEVELOPER), 0, &too_many, "TooManyParties").await;
        let nobody = deploy(vec![somebody, Address::default()]);
        pair.refused(&key(DEVELOPER), 0, &nobody, "EmptyAccount").await;
        pair.ok(&key(DEVELOPER), 0, &deploy(vec![somebody; 16])).await;
        pair.ok(&key(DEVELOPER), 0, &deploy(Vec::new())).await;
    }

    nothing_known_nothing_done(pair) {
        let none = CollectionId(1);
        let by = key(RELAYER);
        pair.refused(&by, 0, &Call::DrawCommittee(Hash([9; 32])), "UnknownInstance").await;
        pair.refused(&by, 0, &Call::SealCollection(none), "UnknownCollection").await;
        let request = pair.request(&[none], 0, FAR);
        pair.refused(&by, 1, &request, "UnknownInstance").await;
        pair.refused(&by, 0, &Call::StartJob(JobId(1)), "UnknownJob").await;
        pair.refused(&by, 0, &Call::CancelJob(JobId(1)), "UnknownJob").await;
        pair.refused(&by, 0, &Call::ExpireJob(JobId(1)), "UnknownJob").await;
        pair.refused(&by, 0, &Call::Withdraw, "NothingToWithdraw").await;
        let open = Call::OpenCollection(terms(Hash([9; 32])));
        pair.refused(&by, 0, &open, "UnknownInstance").await;
    }
}

rules_with_instance! {
    a_party_binds_its_key_once(pair, instance) {
        let bind = |(binding, signature)| Call::BindParty { binding, signature: Some(signature) };
        let unknown_instance = bind(pair.binding(Hash([9; 32]), 0));
        pair.refused(&key(RELAYER), 0, &unknown_instance, "UnknownInstance").await;
        let unknown_party = bind(pair.binding(instance, 2));
        pair.refused(&key(RELAYER), 0, &unknown_party, "UnknownParty").await;
        let (good, signature) = pair.binding(instance, 0);
        let mut no_key = good.clone();
        no_key.seal_key = SealKey([0; 32]);
        let by_party = party(0).sign(&pair.domain.digest(&no_key));
        pair.refused(&key(RELAYER), 0, &bind((no_key, by_party)), "EmptyKey").await;
        let by_other = party(1).sign(&pair.domain.digest(&good));
        for wrong in [spoiled(&signature), high_s(&signature), by_other] {
            let call = bind((good.clone(), wrong));
            pair.refused(&key(RELAYER), 0, &call, "BadSignature").await;
        }
        let unsigned = Call::BindParty { binding: good.clone(), signature: None };
        pair.refused(&key(RELAYER), 0, &unsigned, "BadSignature").await;
        // Anybody may relay what the party signed; without a signature the party comes in person.
        pair.ok(&key(RELAYER), 0, &bind((good.clone(), signature))).await;
        let (second, _) = pair.binding(instance, 1);
        pair.ok(&party(1), 0, &Call::BindParty { binding: second, signature: None }).await;
        // A key is bound for ever, even against its own party.
        let mut other = good;
        other.seal_key = SealKey([7; 32]);
        let other = Call::BindParty { binding: other, signature: None };
        pair.refused(&party(0), 0, &other, "AlreadyBound").await;
    }

    a_party_counts_for_collections_opened_after_its_binding(pair, instance) {
        let early = pair.opened(instance).await;
        let (binding, signature) = pair.binding(instance, 0);
        let call = Call::BindParty { binding: binding.clone(), signature: Some(signature) };
        pair.ok(&key(RELAYER), 0, &call).await;
        let late = pair.opened(instance).await;
        let ledger = pair.model.ledger();
        let bound = |collection, number| {
            ledger.party(instance, number, ledger.collections[&collection].opened)
        };
        assert_eq!(bound(early, 0), None);
        let found = bound(late, 0).expect("bound before the opening");
        assert_eq!((found.account, found.seal_key), (party(0).address(), binding.seal_key));
        assert_eq!(bound(late, 1), None, "not bound at all");
        assert_eq!(bound(late, 2), None, "no such party");
    }

    only_the_deployer_opens_collections(pair, instance) {
        let open = Call::OpenCollection(terms(instance));
        pair.refused(&key(RELAYER), 0, &open, "NotDeployer").await;
    }

    an_open_collection_needs_sound_terms(pair, instance) {
        let good = terms(instance);
        let cases = [
            (CollectionTerms { member_root: Hash::default(), ..good.clone() }, "MemberListMissing"),
            (CollectionTerms { min_rows: 0, ..good.clone() }, "BadSize"),
            (CollectionTerms { min_rows: 6, ..good.clone() }, "BadSize"),
        ];
        for (terms, rule) in cases {
            pair.refused(&key(DEVELOPER), 0, &Call::OpenCollection(terms), rule).await;
        }
        pair.ok(&key(DEVELOPER), 0, &Call::OpenCollection(good)).await;
    }

    nodes_that_leave_take_no_new_collections(pair, instance) {
        let collection = pair.opened(instance).await;
        pair.ok(&operator(2), 0, &Call::RetireNode).await;
        let open = Call::OpenCollection(terms(instance));
        pair.refused(&key(DEVELOPER), 0, &open, "CommitteeRetired").await;
        // What they serve already goes on.
        let row = Call::Contribute(vec![pair.contribution(collection, 0, 0)]);
        pair.ok(&key(RELAYER), 0, &row).await;
    }

    an_instance_has_a_committee_that_can_compute(pair, _instance) {
        let deploy = |committee_size| Call::Deploy { contract: CONTRACT, committee_size, parties: Vec::new() };
        for (size, rule) in [
            (0, "BadCommitteeSize"),
            (1, "BadCommitteeSize"),
            (4, "BadCommitteeSize"),
            (33, "BadCommitteeSize"),
            (255, "BadCommitteeSize"),
            (5, "NotEnoughNodes"),
            (31, "NotEnoughNodes"),
        ] {
            pair.refused(&key(DEVELOPER), 0, &deploy(size), rule).await;
        }
        pair.ok(&operator(1), 0, &Call::RetireNode).await;
        pair.refused(&key(DEVELOPER), 0, &deploy(3), "NotEnoughNodes").await;
    }

    a_committee_is_drawn_once_and_from_a_later_block(pair, instance) {
        pair.refused(&key(RELAYER), 0, &Call::DrawCommittee(instance), "AlreadyDrawn").await;
        let deploy = Call::Deploy { contract: CONTRACT, committee_size: 3, parties: Vec::new() };
        let events = pair.ok(&key(DEVELOPER), 0, &deploy).await;
        let [Event::InstanceDeployed { instance, .. }] = events[..] else { panic!("{events:?}") };
        let draw = Call::DrawCommittee(instance);
        pair.refused(&key(RELAYER), 0, &draw, "TooEarly").await;
        let open = Call::OpenCollection(terms(instance));
        pair.refused(&key(DEVELOPER), 0, &open, "NotDrawn").await;
        pair.mine(1).await;
        pair.ok(&key(RELAYER), 0, &draw).await;
        pair.refused(&key(RELAYER), 0, &draw, "AlreadyDrawn").await;
        pair.ok(&key(DEVELOPER), 0, &open).await;
    }

    rows_end_with_the_seal(pair, instance) {
        let sealed = pair.sealed(instance).await;
        let late = Call::Contribute(vec![pair.contribution(sealed, 3, 0)]);
        pair.refused(&key(RELAYER), 0, &late, "AlreadySealed").await;
        pair.refused(&key(DEVELOPER), 0, &Call::SealCollection(sealed), "AlreadySealed").await;
        let unknown = SignedContribution {
            contribution: enigma_wire::controller::Contribution {
                collection: CollectionId(77),
                ..pair.contribution(sealed, 3, 0).contribution
            },
            ..pair.contribution(sealed, 3, 0)
        };
        let unknown = Call::Contribute(vec![unknown]);
        pair.refused(&key(RELAYER), 0, &unknown, "UnknownCollection").await;
    }

    only_members_contribute_and_each_under_their_number(pair, instance) {
        let collection = pair.opened(instance).await;
        let good = pair.contribution(collection, 1, 0);
        let stranger = {
            let given = enigma_wire::controller::Contribution {
                owner: key(9).address(),
                ..good.contribution.clone()
            };
            pair.signed(given, &key(9))
        };
        let no_proof = SignedContribution { member_proof: Vec::new(), ..good.clone() };
        let elsewhere = {
            let given = enigma_wire::controller::Contribution {
                member: enigma_wire::id::MemberIndex(0),
                ..good.contribution.clone()
            };
            pair.signed(given, &owner(1))
        };
        for item in [stranger, no_proof, elsewhere] {
            pair.refused(&key(RELAYER), 0, &Call::Contribute(vec![item]), "NotMember").await;
        }
    }

    revisions_count_up(pair, instance) {
        let collection = pair.opened(instance).await;
        let revision = |pair: &Pair, revision| {
            Call::Contribute(vec![pair.contribution(collection, 0, revision)])
        };
        let call = revision(&pair, 1);
        pair.refused(&key(RELAYER), 0, &call, "WrongRevision").await;
        let first = revision(&pair, 0);
        pair.ok(&key(RELAYER), 0, &first).await;
        pair.refused(&key(RELAYER), 0, &first, "WrongRevision").await;
        pair.ok(&key(RELAYER), 0, &call).await;
    }

    a_contribution_has_a_row(pair, instance) {
        let collection = pair.opened(instance).await;
        let of = |pair: &Pair, rows| {
            let given = pair.contribution(collection, 0, 0).contribution;
            let given = enigma_wire::controller::Contribution { rows, ..given };
            Call::Contribute(vec![pair.signed(given, &owner(0))])
        };
        let none = of(&pair, 0);
        pair.refused(&key(RELAYER), 0, &none, "NoRows").await;
        let most = of(&pair, u32::MAX);
        pair.ok(&key(RELAYER), 0, &most).await;
    }

    a_contribution_needs_its_owner_and_every_node(pair, instance) {
        let collection = pair.opened(instance).await;
        let good = pair.contribution(collection, 0, 0);
        let mut missing = good.clone();
        missing.receipts.pop();
        let mut extra = good.clone();
        extra.receipts.push(good.receipts[0]);
        let mut twice = good.clone();
        twice.receipts[1] = twice.receipts[0];
        let mut high = good.clone();
        high.receipts[2] = high_s(&high.receipts[2]);
        let other_root = {
            let given = enigma_wire::controller::Contribution {
                root: Hash([5; 32]),
                ..good.contribution.clone()
            };
            SignedContribution { receipts: good.receipts.clone(), ..pair.signed(given, &owner(0)) }
        };
        let other_key = {
            let given = enigma_wire::controller::Contribution {
                seal_key: SealKey([5; 32]),
                ..good.contribution.clone()
            };
            SignedContribution { receipts: good.receipts.clone(), ..pair.signed(given, &owner(0)) }
        };
        let more_rows = {
            let given = enigma_wire::controller::Contribution { rows: 2, ..good.contribution.clone() };
            SignedContribution { receipts: good.receipts.clone(), ..pair.signed(given, &owner(0)) }
        };
        let unsigned_rows = SignedContribution {
            contribution: enigma_wire::controller::Contribution { rows: 2, ..good.contribution.clone() },
            ..good.clone()
        };
        let cases = [
            (unsigned_rows, "BadSignature"),
            (more_rows, "BadReceipt"),
            (SignedContribution { signature: spoiled(&good.signature), ..good.clone() }, "BadSignature"),
            (SignedContribution { signature: high_s(&good.signature), ..good.clone() }, "BadSignature"),
            (pair.signed(good.contribution.clone(), &owner(1)), "BadSignature"),
            (missing, "LengthMismatch"),
            (extra, "LengthMismatch"),
            (twice, "BadReceipt"),
            (high, "BadReceipt"),
            (other_root, "BadReceipt"),
            (other_key, "BadReceipt"),
        ];
        for (item, rule) in cases {
            // One bad row refuses the whole batch.
            let batch = vec![pair.contribution(collection, 1, 0), item];
            pair.refused(&key(RELAYER), 0, &Call::Contribute(batch), rule).await;
        }
        pair.ok(&key(RELAYER), 0, &Call::Contribute(vec![good.clone()])).await;
        // Receipts hold for one revision.
        let next = enigma_wire::controller::Contribution { revision: 1, ..good.contribution.clone() };
        let next = SignedContribution { receipts: good.receipts, ..pair.signed(next, &owner(0)) };
        pair.refused(&key(RELAYER), 0, &Call::Contribute(vec![next]), "BadReceipt").await;
    }

    only_the_opener_seals_and_only_with_enough_rows(pair, instance) {
        let collection = pair.opened(instance).await;
        let seal = Call::SealCollection(collection);
        pair.refused(&key(RELAYER), 0, &seal, "NotOpener").await;
        let rows = (0..2).map(|member| pair.contribution(collection, member, 0)).collect();
        pair.ok(&key(RELAYER), 0, &Call::Contribute(rows)).await;
        // A correction is not another row.
        let correction = Call::Contribute(vec![pair.contribution(collection, 0, 1)]);
        pair.ok(&key(RELAYER), 0, &correction).await;
        pair.refused(&key(DEVELOPER), 0, &seal, "TooFewRows").await;
    }

    a_consent_names_what_it_allows(pair, instance) {
        let collection = pair.sealed(instance).await;
        let (good, signature) = pair.consent(collection, 0, 2);
        let signed = |pair: &Pair, consent: enigma_wire::controller::Consent, member| {
            let signature = owner(member).sign(&pair.domain.digest(&consent));
            Call::Grant(vec![(consent, signature)])
        };
        let mut unknown = good.clone();
        unknown.right.collection = CollectionId(9);
        let mut instance_differs = good.clone();
        instance_differs.instance = Hash([1; 32]);
        let mut contract_differs = good.clone();
        contract_differs.right.contract = Hash([1; 32]);
        let mut no_row = good.clone();
        no_row.right.member = enigma_wire::id::MemberIndex(4);
        no_row.owner = owner(4).address();
        let mut not_owner = good.clone();
        not_owner.owner = owner(1).address();
        let mut stale = good.clone();
        stale.nonce = 1;
        let cases = [
            (signed(&pair, unknown, 0), "UnknownCollection"),
            (signed(&pair, instance_differs, 0), "WrongInstance"),
            (signed(&pair, contract_differs, 0), "WrongContract"),
            (signed(&pair, no_row, 4), "NotContributor"),
            (signed(&pair, not_owner, 1), "NotContributor"),
            (signed(&pair, stale, 0), "StaleNonce"),
            (signed(&pair, good.clone(), 1), "BadSignature"),
            (Call::Grant(vec![(good.clone(), spoiled(&signature))]), "BadSignature"),
        ];
        for (call, rule) in cases {
            pair.refused(&key(RELAYER), 0, &call, rule).await;
        }
        // What the owner signed cannot be stretched.
        let mut stretched = good.clone();
        stretched.uses += 1;
        let call = Call::Grant(vec![(stretched, signature)]);
        pair.refused(&key(RELAYER), 0, &call, "BadSignature").await;
        pair.ok(&key(RELAYER), 0, &Call::Grant(vec![(good, signature)])).await;
    }

    a_right_ends_by_its_owner_and_once(pair, instance) {
        let collection = pair.sealed(instance).await;
        let revoke = |(revocation, signature)| Call::Revoke { revocation, signature: Some(signature) };
        let no_row = revoke(pair.revocation(collection, 4, 2));
        pair.refused(&key(RELAYER), 0, &no_row, "NotContributor").await;
        let unknown = revoke(pair.revocation(CollectionId(9), 0, 2));
        pair.refused(&key(RELAYER), 0, &unknown, "NotContributor").await;
        let stale = revoke(pair.revocation(collection, 0, 1));
        pair.refused(&key(RELAYER), 0, &stale, "StaleNonce").await;
        let (good, signature) = pair.revocation(collection, 0, 2);
        let mut foreign = good.clone();
        foreign.owner = owner(1).address();
        let by_other = owner(1).sign(&pair.domain.digest(&foreign));
        pair.refused(&key(RELAYER), 0, &revoke((foreign, by_other)), "NotContributor").await;
        pair.refused(&key(RELAYER), 0, &revoke((good.clone(), spoiled(&signature))), "BadSignature").await;
        let unsigned = Call::Revoke { revocation: good.clone(), signature: None };
        pair.refused(&key(RELAYER), 0, &unsigned, "BadSignature").await;
        pair.ok(&key(RELAYER), 0, &revoke((good, signature))).await;
        // A second revocation voids further consents, and does not move the block in which it ended.
        let right = pair.right(collection, 0);
        let until = |pair: &Pair| pair.model.ledger().rights[&right].grant.as_ref().map(|grant| grant.until);
        let ended = until(&pair);
        let again = revoke(pair.revocation(collection, 0, 3));
        pair.ok(&key(RELAYER), 0, &again).await;
        pair.refused(&key(RELAYER), 0, &again, "StaleNonce").await;
        assert_eq!(until(&pair), ended);
        // The old consent is void; a newer one begins a new right, which the owner ends in person.
        let old = Call::Grant(vec![pair.consent(collection, 0, 3)]);
        pair.refused(&key(RELAYER), 0, &old, "StaleNonce").await;
        let new = Call::Grant(vec![pair.consent(collection, 0, 4)]);
        pair.ok(&key(RELAYER), 0, &new).await;
        assert_eq!(until(&pair), Some(None));
        let (revocation, _) = pair.revocation(collection, 0, 5);
        pair.ok(&owner(0), 0, &Call::Revoke { revocation, signature: None }).await;
    }

    a_consent_that_was_never_posted_can_be_revoked(pair, instance) {
        let collection = pair.opened(instance).await;
        let unposted = Call::Grant(vec![pair.consent(collection, 0, 7)]);
        let (revocation, signature) = pair.revocation(collection, 0, 7);
        let revoke = Call::Revoke { revocation, signature: Some(signature) };
        // Before there is a row there is no owner who could revoke, nor grant.
        pair.refused(&key(RELAYER), 0, &revoke, "NotContributor").await;
        let rows = (0..3).map(|member| pair.contribution(collection, member, 0)).collect();
        pair.ok(&key(RELAYER), 0, &Call::Contribute(rows)).await;
        pair.ok(&key(RELAYER), 0, &revoke).await;
        pair.refused(&key(RELAYER), 0, &unposted, "StaleNonce").await;
        pair.ok(&key(DEVELOPER), 0, &Call::SealCollection(collection)).await;
        assert_eq!(pair.eligible(collection), []);
        // A newer consent is a right like any other.
        let newer = (0..3).map(|member| pair.consent(collection, member, 8)).collect();
        pair.ok(&key(RELAYER), 0, &Call::Grant(newer)).await;
        assert_eq!(pair.eligible(collection).len(), 3);
    }

    a_job_needs_a_seal_a_future_and_its_base_price(pair, instance) {
        let open = pair.opened(instance).await;
        let base = PRICES.base;
        pair.refused(&key(REQUESTER), base, &pair.request(&[open], 0, FAR), "NotSealed").await;
        let sealed = pair.sealed(instance).await;
        let request = pair.request(&[sealed], 0, FAR);
        let late = pair.request(&[sealed], 0, 1_000);
        pair.refused(&key(REQUESTER), base, &late, "DeadlinePassed").await;
        pair.refused(&key(REQUESTER), 0, &request, "FeeTooLow").await;
        pair.refused(&key(REQUESTER), base - 1, &request, "FeeTooLow").await;
        pair.ok(&key(REQUESTER), base, &request).await;
        pair.refused(&key(REQUESTER), base, &request, "JobPending").await;
        // Another entry is another use.
        pair.ok(&key(REQUESTER), base, &pair.request(&[sealed], 1, FAR)).await;
    }

    only_the_committee_starts_a_job_and_once(pair, instance) {
        // A registered node that is not on the committee.
        let outsider = pair.register(4);
        let collection = pair.sealed(instance).await;
        pair.ok(&operator(4), DEPOSIT, &outsider).await;
        let job = pair.job(collection, 100, FAR).await;
        let start = Call::StartJob(job);
        for stranger in [operator(4), key(REQUESTER), key(RELAYER), signer(1)] {
            pair.refused(&stranger, 0, &start, "NotOnCommittee").await;
        }
        // Any member may, also the last one.
        let last = pair.committee(collection)[2].0;
        pair.ok(&operator(last), 0, &start).await;
        for member in 1..=3 {
            pair.refused(&operator(member), 0, &start, "AlreadyStarted").await;
        }
    }

    a_job_is_cancelled_by_its_requester_until_it_starts(pair, instance) {
        let collection = pair.sealed(instance).await;
        let job = pair.job(collection, 100, FAR).await;
        let cancel = Call::CancelJob(job);
        for stranger in [operator(1), key(RELAYER), key(DEVELOPER)] {
            pair.refused(&stranger, 0, &cancel, "NotRequester").await;
        }
        let events = pair.ok(&key(REQUESTER), 0, &cancel).await;
        assert_eq!(events, [Event::JobCancelled { job, refund: 100 }]);
        assert_eq!(pair.model.credit(key(REQUESTER).address()), 100);
        // Over is over, for everybody.
        pair.refused(&key(REQUESTER), 0, &cancel, "JobNotOpen").await;
        pair.refused(&operator(1), 0, &Call::StartJob(job), "JobNotOpen").await;
        let settle = pair.settle(collection, pair.certificate(collection, job), &[0, 1]);
        pair.refused(&key(RELAYER), 0, &settle, "JobNotOpen").await;
        let fail = pair.fail(collection, pair.failure(job, 0), &[0, 1]);
        pair.refused(&key(RELAYER), 0, &fail, "JobNotOpen").await;
        pair.refused(&key(RELAYER), 0, &Call::ExpireJob(job), "JobNotOpen").await;
        // The entry is free for another job, which starts and can then not be cancelled.
        let job = pair.job(collection, 100, FAR).await;
        pair.start(job).await;
        pair.refused(&key(REQUESTER), 0, &Call::CancelJob(job), "AlreadyStarted").await;
        pair.refused(&key(RELAYER), 0, &Call::CancelJob(job), "NotRequester").await;
    }

    only_a_started_job_is_settled_but_any_is_failed(pair, instance) {
        let collection = pair.sealed(instance).await;
        let job = pair.job(collection, 100, FAR).await;
        let settle = pair.settle(collection, pair.certificate(collection, job), &[0, 1]);
        pair.refused(&key(RELAYER), 0, &settle, "NotStarted").await;
        let fail = pair.fail(collection, pair.failure(job, 0), &[0, 1]);
        pair.ok(&key(RELAYER), 0, &fail).await;
    }

    a_certificate_fits_its_job_and_has_a_quorum(pair, instance) {
        let collection = pair.sealed(instance).await;
        let job = pair.job(collection, 100, FAR).await;
        pair.start(job).await;
        let good = pair.certificate(collection, job);
        let with = |pair: &Pair, edit: &dyn Fn(&mut enigma_wire::controller::Certificate)| {
            let mut certificate = good.clone();
            edit(&mut certificate);
            pair.settle(collection, certificate, &[0, 1])
        };
        let unknown = with(&pair, &|c| c.job = JobId(9));
        let contract = with(&pair, &|c| c.contract = Hash([1; 32]));
        let inputs = with(&pair, &|c| c.inputs = Hash([1; 32]));
        let few = pair.settle(collection, good.clone(), &[2]);
        let none = pair.settle(collection, good.clone(), &[]);
        let twice = pair.settle(collection, good.clone(), &[1, 1]);
        let falling = pair.settle(collection, good.clone(), &[2, 0]);
        let outside = pair.settle(collection, good.clone(), &[0, 3]);
        let cases = [
            (unknown, "UnknownJob"),
            (contract, "WrongContract"),
            (inputs, "WrongInputs"),
            (few, "NotEnoughSignatures"),
            (none, "NotEnoughSignatures"),
            (twice, "SignerOutOfOrder"),
            (falling, "SignerOutOfOrder"),
            (outside, "SignerOutOfOrder"),
        ];
        for (call, rule) in cases {
            pair.refused(&key(RELAYER), 0, &call, rule).await;
        }
        let Call::Settle { certificate, effects, members, signatures } =
            pair.settle(collection, good.clone(), &[0, 1]) else { unreachable!() };
        let uneven = Call::Settle {
            certificate: certificate.clone(),
            effects: effects.clone(),
            members: vec![0, 1, 2],
            signatures: signatures.clone(),
        };
        pair.refused(&key(RELAYER), 0, &uneven, "LengthMismatch").await;
        let swapped = Call::Settle {
            certificate: certificate.clone(),
            effects: effects.clone(),
            members: members.clone(),
            signatures: vec![signatures[1], signatures[0]],
        };
        pair.refused(&key(RELAYER), 0, &swapped, "BadSignature").await;
        let mut edited = certificate.clone();
        edited.rounds += 1;
        let edited = Call::Settle { certificate: edited, effects: effects.clone(), members: members.clone(), signatures: signatures.clone() };
        pair.refused(&key(RELAYER), 0, &edited, "BadSignature").await;
        let settle = Call::Settle { certificate, effects, members, signatures };
        pair.ok(&key(RELAYER), 0, &settle).await;
        pair.refused(&key(RELAYER), 0, &settle, "JobNotOpen").await;
        pair.refused(&key(RELAYER), 0, &Call::ExpireJob(job), "JobNotOpen").await;
        let late = pair.fail(collection, pair.failure(job, 0), &[0, 1]);
        pair.refused(&key(RELAYER), 0, &late, "JobNotOpen").await;
    }

    a_failure_names_only_others_on_the_committee(pair, instance) {
        let collection = pair.sealed(instance).await;
        let job = pair.job(collection, 100, FAR).await;
        for (culprits, members, rule) in [
            (0b1000, &[0u8, 1][..], "BadCulprits"),
            (u32::MAX, &[0, 1], "BadCulprits"),
            (0b001, &[0, 1], "BadCulprits"),
            (0b100, &[0], "NotEnoughSignatures"),
            (0b110, &[0], "NotEnoughSignatures"),
            (0b100, &[0, 200], "SignerOutOfOrder"),
        ] {
            let fail = pair.fail(collection, pair.failure(job, culprits), members);
            pair.refused(&key(RELAYER), 0, &fail, rule).await;
        }
        let mut refused = pair.failure(job, 0);
        refused.reason = FailureReason::Refused;
        let fail = pair.fail(collection, refused, &[0, 2]);
        pair.ok(&key(RELAYER), 0, &fail).await;
        assert_eq!(pair.model.credit(key(REQUESTER).address()), 100);
    }
}

/// A member list that names two owners under one number gives the number to the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_belongs_to_its_first_owner() {
    use enigma_wire::merkle::{Tree, member_leaf};
    let (mut pair, instance) = Pair::with_committee(3, 3).await;
    let number = enigma_wire::id::MemberIndex(0);
    let leaves = [0, 1].map(|member| member_leaf(number, owner(member).address()));
    let tree = Tree::new(leaves.to_vec());
    let open = Call::OpenCollection(CollectionTerms {
        member_root: tree.root(),
        ..terms(instance)
    });
    pair.ok(&key(DEVELOPER), 0, &open).await;
    let collection = CollectionId(1);
    let mut first = pair.contribution(collection, 0, 0);
    first.member_proof = tree.proof(0).expect("a leaf");
    pair.ok(&key(RELAYER), 0, &Call::Contribute(vec![first.clone()]))
        .await;
    let second = enigma_wire::controller::Contribution {
        owner: owner(1).address(),
        revision: 1,
        ..first.contribution
    };
    let mut second = pair.signed(second, &owner(1));
    second.member_proof = tree.proof(1).expect("a leaf");
    pair.refused(
        &key(RELAYER),
        0,
        &Call::Contribute(vec![second]),
        "MemberTaken",
    )
    .await;
    pair.check_state().await;
}

/// A member's number is below the length of the list that was stated, even if the tree holds more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_below_the_stated_count() {
    let (mut pair, instance) = Pair::with_committee(3, 3).await;
    let open = Call::OpenCollection(CollectionTerms {
        member_count: 4,
        ..terms(instance)
    });
    pair.ok(&key(DEVELOPER), 0, &open).await;
    let collection = CollectionId(1);
    let beyond = Call::Contribute(vec![pair.contribution(collection, 4, 0)]);
    pair.refused(&key(RELAYER), 0, &beyond, "NotMember").await;
    let last = Call::Contribute(vec![pair.contribution(collection, 3, 0)]);
    pair.ok(&key(RELAYER), 0, &last).await;
    pair.check_state().await;
}

/// A reason that this version does not know, and a payment from an account without coins: refused
/// before the model would see them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_poor_cannot_pay() {
    let mut pair = Pair::new().await;
    let poor = enigma_wire::sign::SecretKey::from_bytes(&[7; 32]).expect("a key");
    assert_eq!(pair.chain.balance_of(poor.address()).await, Ok(0));
    let wallet = enigma_chain::Wallet::new(poor);
    let refusal = pair.chain.transfer(&wallet, Address([1; 20]), 5).await;
    assert!(
        matches!(
            refusal,
            Err(enigma_chain::ChainError::OutOfFunds { available: 0, .. })
        ),
        "{refusal:?}"
    );
    pair.check_state().await;
}
