//! The reference model of the controller: the way through, and one refusal for every rule. The same
//! rules are held against the Solidity in `chain`.

mod book;

use enigma_core::controller::{Call, Revert, SignedContribution};
use enigma_wire::abi;
use enigma_wire::controller::{
    Certificate, CollectionTerms, Consent, Contribution, Event, FailureReason, JobRequest,
    PartyBinding, Receipt,
};
use enigma_wire::effects::Effects;
use enigma_wire::eip712::Typed;
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex, NodeId, PeerKey, SealKey};
use enigma_wire::ledger::{BoundParty, JobState, Ledger};
use enigma_wire::merkle::Tree;
use enigma_wire::sign::{SecretKey, Signature};

use crate::committee::{MIN_DEPOSIT, PRICES, UNBONDING_SECONDS};

use self::book::*;

#[test]
fn the_whole_way() {
    let mut book = Book::started();
    let call = book.settle(book.certificate(), &[0, 2]);
    let events = book.ok(OTHER, 0, &call);
    let digest = book.chain.domain.digest(&book.certificate());
    assert_eq!(
        events,
        [Event::JobSettled {
            certificate: book.certificate(),
            digest,
            effects: Effects::default(),
        }]
    );
    // The fee is shared; what does not divide goes to the first.
    let committee = book.committee();
    let credit = |at: usize| book.chain.controller.credit(operator(committee[at]));
    assert_eq!([credit(0), credit(1), credit(2)], [335, 334, 334]);
    let first = operator(committee[0]);
    let events = book.ok(first, 0, &Call::Withdraw);
    assert_eq!(
        events,
        [Event::Withdrawn {
            account: first,
            amount: 335
        }]
    );
    assert_eq!(book.chain.controller.credit(first), 0);
    // A second use of the same data counts on.
    let call = book.request();
    let events = book.ok(OPENER, FEE, &call);
    assert!(matches!(
        events[..],
        [Event::JobRequested {
            job: JobId(2),
            ref use_indexes,
            ..
        }] if use_indexes[..] == [1]
    ));
}

#[test]
fn an_observer_of_the_events_knows_the_state() {
    let mut book = Book::requested();
    let call = book.fail(0, &[0, 1]);
    book.ok(OTHER, 0, &call);
    let mut ledger = Ledger::default();
    for block in &book.chain.blocks {
        ledger.apply_block(block).expect("in order");
    }
    assert_eq!(&ledger, book.ledger());
}

#[test]
fn the_terms_root_covers_contributions_and_consents() {
    let book = Book::sealed();
    let mut root = abi::terms_start(FIRST);
    for member in 0..2 {
        root = abi::terms_step(
            root,
            book.contribution(member, 0).contribution.struct_hash(),
        );
        root = abi::terms_step(root, book.consent(member, 1).0.struct_hash());
    }
    assert_eq!(book.ledger().collections[&FIRST].sealed, Some(root));
}

#[test]
fn registering() {
    let mut book = Book::new(2);
    let call = book.registration(3);
    book.reverts(operator(3), MIN_DEPOSIT - 1, &call, Revert::DepositTooSmall);
    // Somebody else's binding.
    book.reverts(operator(4), MIN_DEPOSIT, &call, Revert::BadSignature);
    let mut info = book.info(3);
    let stolen = book.registration_of(3, info.clone(), &key("signer", 4));
    book.reverts(operator(3), MIN_DEPOSIT, &stolen, Revert::BadSignature);
    info.api_address = "x".repeat(257);
    let long = book.registration_of(3, info, &key("signer", 3));
    book.reverts(operator(3), MIN_DEPOSIT, &long, Revert::AddressTooLong);
    for (change, rule) in [
        (0, Revert::AlreadyRegistered),
        (1, Revert::AlreadyRegistered),
        (2, Revert::EmptyKey),
        (3, Revert::EmptyKey),
    ] {
        let mut info = book.info(3);
        let mut signer = key("signer", 3);
        match change {
            0 => info.peer_key = book.info(1).peer_key,
            1 => {
                info.signer = book.info(1).signer;
                signer = key("signer", 1);
            }
            2 => info.peer_key = PeerKey([0; 32]),
            _ => info.seal_key = SealKey([0; 32]),
        }
        let call = book.registration_of(3, info, &signer);
        book.reverts(operator(3), MIN_DEPOSIT, &call, rule);
    }
    let mut info = book.info(4);
    info.signer = key("signer", 4).address();
    let again = book.registration_of(1, info, &key("signer", 4));
    book.reverts(operator(1), MIN_DEPOSIT, &again, Revert::AlreadyRegistered);
    book.ok(operator(3), MIN_DEPOSIT, &call);
    assert_eq!(book.ledger().nodes[&NodeId(3)].operator, operator(3));
}

#[test]
fn retiring() {
    let mut book = Book::new(3);
    book.reverts(OTHER, 0, &Call::RetireNode, Revert::NotRegistered);
    book.reverts(operator(1), 0, &Call::ReleaseDeposit, Revert::NotRetired);
    book.ok(operator(1), 0, &Call::RetireNode);
    book.reverts(operator(1), 0, &Call::RetireNode, Revert::NotRegistered);
    book.reverts(operator(1), 0, &Call::ReleaseDeposit, Revert::DepositLocked);
    book.chain.pass(UNBONDING_SECONDS);
    book.ok(operator(1), 0, &Call::ReleaseDeposit);
    book.reverts(operator(1), 0, &Call::ReleaseDeposit, Revert::NotRetired);
    assert_eq!(book.chain.controller.credit(operator(1)), MIN_DEPOSIT);
    book.reverts(OTHER, 0, &Call::Withdraw, Revert::NothingToWithdraw);
    book.ok(operator(1), 0, &Call::Withdraw);
    book.reverts(operator(1), 0, &Call::Withdraw, Revert::NothingToWithdraw);
}

#[test]
fn programs() {
    let mut book = Book::new(3);
    let publish = |contract, manifest| Call::Publish { contract, manifest };
    let deploy = |parties| Call::Deploy {
        contract: CONTRACT,
        committee_size: 3,
        parties,
    };
    let unknown = deploy(parties());
    book.reverts(OPENER, 0, &unknown, Revert::UnknownContract);
    let empty = publish(Hash::default(), MANIFEST);
    book.reverts(OPENER, 0, &empty, Revert::EmptyHash);
    let empty = publish(CONTRACT, Hash::default());
    book.reverts(OPENER, 0, &empty, Revert::EmptyHash);
    book.ok(OPENER, 0, &publish(CONTRACT, MANIFEST));
    let again = publish(CONTRACT, Hash([1; 32]));
    book.reverts(OTHER, 0, &again, Revert::AlreadyPublished);
    for nonce in 0..2 {
        let events = book.ok(OPENER, 0, &deploy(parties()));
        let instance = abi::instance_id(CONTRACT, OPENER, nonce, 3, &parties());
        assert_eq!(
            events,
            [Event::InstanceDeployed {
                instance,
                contract: CONTRACT,
                deployer: OPENER,
                nonce,
                committee_size: 3,
                parties: parties(),
                draw_block: book.chain.height() + 1,
            }]
        );
    }
    let many = deploy(vec![OTHER; 17]);
    book.reverts(OPENER, 0, &many, Revert::TooManyParties);
    let nobody = deploy(vec![OTHER, Address::default()]);
    book.reverts(OPENER, 0, &nobody, Revert::EmptyAccount);
}

#[test]
fn parties_bind_their_keys() {
    let mut book = Book::drawn(5);
    let (good, signature) = book.binding(0);
    let call = |binding, signature| Call::BindParty { binding, signature };
    let with = |book: &Book, change: &dyn Fn(&mut PartyBinding)| {
        let mut binding = good.clone();
        change(&mut binding);
        let signature = Some(book.sign(&key("party", 0), &binding));
        call(binding, signature)
    };
    let elsewhere = with(&book, &|binding| binding.instance = Hash([1; 32]));
    book.reverts(OTHER, 0, &elsewhere, Revert::UnknownInstance);
    let nobody = with(&book, &|binding| binding.party = 2);
    book.reverts(OTHER, 0, &nobody, Revert::UnknownParty);
    let no_key = with(&book, &|binding| binding.seal_key = SealKey([0; 32]));
    book.reverts(OTHER, 0, &no_key, Revert::EmptyKey);
    let other_place = with(&book, &|binding| binding.party = 1);
    book.reverts(OTHER, 0, &other_place, Revert::BadSignature);
    let unsigned = call(good.clone(), None);
    book.reverts(OTHER, 0, &unsigned, Revert::BadSignature);

    // Opened before, in the same block, and after the binding.
    let terms = book.terms();
    book.ok(OPENER, 0, &Call::OpenCollection(terms.clone()));
    let signed = call(good.clone(), Some(signature));
    book.ok(OTHER, 0, &signed);
    book.ok(OPENER, 0, &Call::OpenCollection(terms));
    let opened =
        |book: &Book, collection| book.ledger().collections[&CollectionId(collection)].opened;
    let (early, late) = (opened(&book, 1), opened(&book, 2));
    let counts = |book: &Book, party, block| book.ledger().party(good.instance, party, block);
    assert_eq!(counts(&book, 0, early), None);
    assert_eq!(
        counts(&book, 0, late - 1),
        None,
        "in the opening's own block"
    );
    let bound = BoundParty {
        account: parties()[0],
        seal_key: good.seal_key,
    };
    assert_eq!(counts(&book, 0, late), Some(bound));
    assert_eq!(counts(&book, 1, late), None);
    assert_eq!(counts(&book, 2, late), None);

    book.reverts(OTHER, 0, &signed, Revert::AlreadyBound);
    book.reverts(parties()[0], 0, &unsigned, Revert::AlreadyBound);
    let (second, _) = book.binding(1);
    book.ok(parties()[1], 0, &call(second, None));
}

#[test]
fn committee_sizes() {
    let mut book = Book::new(4);
    let publish = Call::Publish {
        contract: CONTRACT,
        manifest: MANIFEST,
    };
    book.ok(OPENER, 0, &publish);
    let deploy = |committee_size| Call::Deploy {
        contract: CONTRACT,
        committee_size,
        parties: Vec::new(),
    };
    for size in [0, 1, 2, 4, 30, 32, 33, 255] {
        book.reverts(OPENER, 0, &deploy(size), Revert::BadCommitteeSize);
    }
    book.reverts(OPENER, 0, &deploy(5), Revert::NotEnoughNodes);
    book.ok(operator(1), 0, &Call::RetireNode);
    book.ok(operator(2), 0, &Call::RetireNode);
    book.reverts(OPENER, 0, &deploy(3), Revert::NotEnoughNodes);
    let next = book.registration(5);
    book.ok(operator(5), MIN_DEPOSIT, &next);
    book.ok(OPENER, 0, &deploy(3));
}

#[test]
fn drawing() {
    let mut book = Book::deployed(5);
    let draw = Call::DrawCommittee(book.instance());
    let other = Call::DrawCommittee(Hash([1; 32]));
    book.reverts(OTHER, 0, &other, Revert::UnknownInstance);
    book.reverts(OTHER, 0, &draw, Revert::TooEarly);
    // Who joins after the deployment is not eligible.
    let late = book.registration(6);
    book.ok(operator(6), MIN_DEPOSIT, &late);
    book.ok(OTHER, 0, &draw);
    book.reverts(OTHER, 0, &draw, Revert::AlreadyDrawn);
    let mut committee = book.committee();
    committee.sort_unstable();
    committee.dedup();
    assert_eq!(committee.len(), 3);
    assert!(!committee.contains(&6));
}

#[test]
fn a_draw_that_nobody_called_is_postponed() {
    let mut book = Book::deployed(5);
    book.chain.idle(300);
    let instance = book.instance();
    let draw = Call::DrawCommittee(instance);
    let events = book.ok(OTHER, 0, &draw);
    let draw_block = book.chain.height() + 1;
    assert_eq!(
        events,
        [Event::DrawPostponed {
            instance,
            draw_block
        }]
    );
    book.reverts(OTHER, 0, &draw, Revert::TooEarly);
    book.chain.idle(1);
    book.ok(OTHER, 0, &draw);
    assert_eq!(book.committee().len(), 3);
}

#[test]
fn opening() {
    let mut undrawn = Book::deployed(4);
    let early = Call::OpenCollection(undrawn.terms());
    undrawn.reverts(OPENER, 0, &early, Revert::NotDrawn);
    let mut book = Book::drawn(4);
    let good = book.terms();
    let with = |change: &dyn Fn(&mut CollectionTerms)| {
        let mut terms = good.clone();
        change(&mut terms);
        Call::OpenCollection(terms)
    };
    let call = with(&|terms| terms.instance = Hash([1; 32]));
    book.reverts(OPENER, 0, &call, Revert::UnknownInstance);
    book.reverts(OTHER, 0, &with(&|_| {}), Revert::NotDeployer);
    let call = with(&|terms| terms.member_root = Hash::default());
    book.reverts(OPENER, 0, &call, Revert::MemberListMissing);
    for (rows, members) in [(0, 6), (7, 6), (0, 0)] {
        let call = with(&|terms| (terms.min_rows, terms.member_count) = (rows, members));
        book.reverts(OPENER, 0, &call, Revert::BadSize);
    }
    book.ok(OPENER, 0, &with(&|_| {}));
    // Who is leaving takes nothing new.
    let leaving = operator(book.committee()[1]);
    book.ok(leaving, 0, &Call::RetireNode);
    book.reverts(OPENER, 0, &with(&|_| {}), Revert::CommitteeRetired);
}

#[test]
fn contributing() {
    let mut book = Book::opened();
    let owner = key("owner", 0);
    let good = book.contribution(0, 0);
    let one = |item: SignedContribution| Call::Contribute(vec![item]);
    let signed = |book: &Book, change: &dyn Fn(&mut Contribution)| {
        let mut contribution = good.contribution.clone();
        change(&mut contribution);
        book.signed(contribution, &owner)
    };
    let item = signed(&book, &|c| c.collection = CollectionId(9));
    book.reverts(OTHER, 0, &one(item), Revert::UnknownCollection);
    let item = signed(&book, &|c| c.member = MemberIndex(1));
    book.reverts(OTHER, 0, &one(item), Revert::NotMember);
    let item = signed(&book, &|c| c.member = MemberIndex(6));
    book.reverts(OTHER, 0, &one(item), Revert::NotMember);
    let mut item = good.clone();
    item.member_proof.pop();
    book.reverts(OTHER, 0, &one(item), Revert::NotMember);
    let item = signed(&book, &|c| c.revision = 1);
    book.reverts(OTHER, 0, &one(item), Revert::WrongRevision);
    let item = signed(&book, &|c| c.rows = 0);
    book.reverts(OTHER, 0, &one(item), Revert::NoRows);
    let item = book.signed(good.contribution.clone(), &key("owner", 1));
    book.reverts(OTHER, 0, &one(item), Revert::BadSignature);
    let mut item = good.clone();
    item.receipts.pop();
    book.reverts(OTHER, 0, &one(item), Revert::LengthMismatch);
    let mut item = good.clone();
    item.receipts.swap(0, 1);
    book.reverts(OTHER, 0, &one(item), Revert::BadReceipt);
    let mut item = good.clone();
    item.receipts[2] = book.sign(&book.signer(2), &good.contribution);
    book.reverts(OTHER, 0, &one(item), Revert::BadReceipt);
    // Receipts hold for exactly one contribution.
    let mut item = signed(&book, &|c| c.seal_key = SealKey([9; 32]));
    item.receipts = good.receipts.clone();
    book.reverts(OTHER, 0, &one(item), Revert::BadReceipt);
    let mut item = signed(&book, &|c| c.rows = 2);
    item.receipts = good.receipts.clone();
    book.reverts(OTHER, 0, &one(item), Revert::BadReceipt);
    let mut next = signed(&book, &|c| c.revision = 1);
    next.receipts = good.receipts.clone();
    // All items of a call or none.
    let pair = Call::Contribute(vec![good.clone(), book.contribution(1, 3)]);
    book.reverts(OTHER, 0, &pair, Revert::WrongRevision);
    book.ok(OTHER, 0, &one(good.clone()));
    book.reverts(OTHER, 0, &one(good), Revert::WrongRevision);
    book.reverts(OTHER, 0, &one(next), Revert::BadReceipt);
    let correction = book.contribution(0, 1);
    book.ok(OTHER, 0, &one(correction));
    let mut sealed = Book::sealed();
    let late = sealed.contribution(2, 0);
    sealed.reverts(OTHER, 0, &one(late), Revert::AlreadySealed);
}

#[test]
fn a_member_listed_twice() {
    let mut book = Book::opened();
    // Two accounts under one number: the list is the opener's, and nobody checks it before.
    let (first, second) = (key("owner", 0), key("owner", 1));
    let leaves = [&first, &second]
        .map(|owner| enigma_wire::merkle::member_leaf(MemberIndex(0), owner.address()));
    book.tree = Tree::new(leaves.to_vec());
    let terms = book.terms();
    book.ok(OPENER, 0, &Call::OpenCollection(terms));
    let second_collection = CollectionId(2);
    let committee = book.committee();
    let item = |book: &Book, owner: &SecretKey, leaf: usize, revision: u32| {
        let contribution = Contribution {
            collection: second_collection,
            member: MemberIndex(0),
            owner: owner.address(),
            root: Hash([8; 32]),
            seal_key: SealKey([7; 32]),
            revision,
            rows: 1,
        };
        let mut item = book.signed(contribution.clone(), owner);
        item.member_proof = book.tree.proof(leaf).expect("a leaf");
        let receipt = Receipt {
            contribution: contribution.clone(),
        };
        item.receipts = committee
            .iter()
            .map(|node| book.sign(&key("signer", *node), &receipt))
            .collect();
        Call::Contribute(vec![item])
    };
    let call = item(&book, &first, 0, 0);
    book.ok(OTHER, 0, &call);
    for revision in [0, 1] {
        let call = item(&book, &second, 1, revision);
        book.reverts(OTHER, 0, &call, Revert::MemberTaken);
    }
}

#[test]
fn consenting() {
    let mut book = Book::opened();
    let item = book.contribution(0, 0);
    book.ok(OTHER, 0, &Call::Contribute(vec![item]));
    let owner = key("owner", 0);
    let with = |book: &Book, change: &dyn Fn(&mut Consent)| {
        let mut consent = book.consent(0, 5).0;
        change(&mut consent);
        let signature = book.sign(&owner, &consent);
        Call::Grant(vec![(consent, signature)])
    };
    let call = with(&book, &|c| c.right.collection = CollectionId(7));
    book.reverts(OTHER, 0, &call, Revert::UnknownCollection);
    let call = with(&book, &|c| c.instance = Hash([1; 32]));
    book.reverts(OTHER, 0, &call, Revert::WrongInstance);
    let call = with(&book, &|c| c.right.contract = Hash([1; 32]));
    book.reverts(OTHER, 0, &call, Revert::WrongContract);
    let call = with(&book, &|c| c.right.member = MemberIndex(1));
    book.reverts(OTHER, 0, &call, Revert::NotContributor);
    let call = with(&book, &|c| c.owner = OTHER);
    book.reverts(OTHER, 0, &call, Revert::NotContributor);
    let call = with(&book, &|c| c.nonce = 0);
    book.reverts(OTHER, 0, &call, Revert::StaleNonce);
    let forged = book.consent(0, 5).0;
    let signature = book.sign(&key("owner", 1), &forged);
    let call = Call::Grant(vec![(forged, signature)]);
    book.reverts(OTHER, 0, &call, Revert::BadSignature);
    let call = with(&book, &|_| {});
    book.ok(OTHER, 0, &call);
    book.reverts(OTHER, 0, &call, Revert::StaleNonce);
    let call = with(&book, &|c| c.nonce = 6);
    book.ok(OTHER, 0, &call);
}

#[test]
fn revoking() {
    let mut book = Book::sealed();
    let owner = key("owner", 0);
    let no_row = book.revocation(3, 9);
    book.reverts(OTHER, 0, &no_row, Revert::NotContributor);
    let stale = book.revocation(0, 1);
    book.reverts(OTHER, 0, &stale, Revert::StaleNonce);
    let Call::Revoke { revocation, .. } = book.revocation(0, 2) else {
        unreachable!("just made");
    };
    let mut foreign = revocation.clone();
    foreign.owner = OTHER;
    let call = Call::Revoke {
        revocation: foreign,
        signature: None,
    };
    book.reverts(OTHER, 0, &call, Revert::NotContributor);
    let unsigned = Call::Revoke {
        revocation: revocation.clone(),
        signature: None,
    };
    book.reverts(OTHER, 0, &unsigned, Revert::BadSignature);
    let forged = Call::Revoke {
        signature: Some(book.sign(&key("owner", 1), &revocation)),
        revocation,
    };
    book.reverts(OTHER, 0, &forged, Revert::BadSignature);
    // The owner's own transaction needs no signature; anybody may bring a signed one.
    book.ok(owner.address(), 0, &unsigned);
    let until = |book: &Book| {
        let record = &book.ledger().rights[&book.right(0)];
        record.grant.as_ref().and_then(|grant| grant.until)
    };
    let ended = until(&book);
    assert_eq!(ended, Some(book.chain.height()));
    // Once more: voids further consents, and does not move the end.
    let again = book.revocation(0, 3);
    book.ok(OTHER, 0, &again);
    assert_eq!(until(&book), ended);
    book.reverts(OTHER, 0, &again, Revert::StaleNonce);
    let other = book.revocation(1, 2);
    book.ok(OTHER, 0, &other);
}

#[test]
fn revoking_before_granting() {
    let mut book = Book::opened();
    let unposted = Call::Grant(vec![book.consent(0, 4)]);
    let revocation = book.revocation(0, 4);
    book.reverts(OTHER, 0, &revocation, Revert::NotContributor);
    let item = book.contribution(0, 0);
    book.ok(OTHER, 0, &Call::Contribute(vec![item]));
    book.ok(OTHER, 0, &revocation);
    let record = book.ledger().rights[&book.right(0)].clone();
    assert_eq!((record.grant, record.nonce), (None, 4));
    book.reverts(OTHER, 0, &unposted, Revert::StaleNonce);
    let newer = Call::Grant(vec![book.consent(0, 5)]);
    book.ok(OTHER, 0, &newer);
}

#[test]
fn sealing() {
    let seal = Call::SealCollection(FIRST);
    let mut book = Book::opened();
    let unknown = Call::SealCollection(CollectionId(3));
    book.reverts(OPENER, 0, &unknown, Revert::UnknownCollection);
    book.reverts(OTHER, 0, &seal, Revert::NotOpener);
    for member in 0..2 {
        book.reverts(OPENER, 0, &seal, Revert::TooFewRows);
        let item = book.contribution(member, 0);
        book.ok(OTHER, 0, &Call::Contribute(vec![item]));
    }
    book.ok(OPENER, 0, &seal);
    book.reverts(OPENER, 0, &seal, Revert::AlreadySealed);
}

#[test]
fn requesting() {
    let mut unsealed = Book::opened();
    let call = unsealed.request();
    unsealed.reverts(OPENER, FEE, &call, Revert::NotSealed);
    let mut book = Book::sealed();
    let asked = book.job_request();
    let altered = |alter: &dyn Fn(&mut JobRequest)| {
        let mut request = asked.clone();
        alter(&mut request);
        Call::RequestJob(request)
    };
    let now = book.chain.time();
    for (call, why) in [
        (
            altered(&|r| r.instance = Hash([9; 32])),
            Revert::UnknownInstance,
        ),
        (
            altered(&|r| r.arguments = vec![0; 4097]),
            Revert::ArgumentsTooLong,
        ),
        (altered(&|r| r.deadline = now), Revert::DeadlinePassed),
        (
            altered(&|r| r.collections[0] = CollectionId(2)),
            Revert::UnknownCollection,
        ),
        (
            altered(&|r| r.collections.push(FIRST)),
            Revert::SlotOutOfOrder,
        ),
    ] {
        book.reverts(OPENER, FEE, &call, why);
    }
    let call = book.request();
    for fee in [0, PRICES.base - 1] {
        book.reverts(OPENER, fee, &call, Revert::FeeTooLow);
    }
    book.ok(OPENER, FEE, &call);
    book.reverts(OTHER, FEE, &call, Revert::JobPending);
    let another_entry = altered(&|r| r.entry = 1);
    book.ok(OTHER, FEE, &another_entry);
}

#[test]
fn starting() {
    let mut book = Book::requested();
    let start = Call::StartJob(JobId(1));
    let settle = book.settle(book.certificate(), &[0, 1]);
    book.reverts(OTHER, 0, &settle, Revert::NotStarted);
    let unknown = Call::StartJob(JobId(2));
    book.reverts(operator(1), 0, &unknown, Revert::UnknownJob);
    let committee = book.committee();
    let outsider = (1..=5)
        .find(|node| !committee.contains(node))
        .expect("five nodes, three members");
    for stranger in [OPENER, operator(outsider), book.signer(0).address()] {
        book.reverts(stranger, 0, &start, Revert::NotOnCommittee);
    }
    let events = book.ok(operator(committee[2]), 0, &start);
    assert_eq!(events, [Event::JobStarted { job: JobId(1) }]);
    let block = book.chain.height();
    assert_eq!(book.ledger().jobs[&JobId(1)].started, Some(block));
    book.reverts(operator(committee[0]), 0, &start, Revert::AlreadyStarted);
    let cancel = Call::CancelJob(JobId(1));
    book.reverts(OPENER, 0, &cancel, Revert::AlreadyStarted);
    book.ok(OTHER, 0, &settle);
}

#[test]
fn cancelling() {
    let mut book = Book::requested();
    let cancel = Call::CancelJob(JobId(1));
    let unknown = Call::CancelJob(JobId(2));
    book.reverts(OPENER, 0, &unknown, Revert::UnknownJob);
    book.reverts(OTHER, 0, &cancel, Revert::NotRequester);
    let events = book.ok(OPENER, 0, &cancel);
    let (job, refund) = (JobId(1), FEE);
    assert_eq!(events, [Event::JobCancelled { job, refund }]);
    assert_eq!(book.chain.controller.credit(OPENER), FEE);
    assert_eq!(book.ledger().jobs[&job].state, JobState::Cancelled);
    book.reverts(OPENER, 0, &cancel, Revert::JobNotOpen);
    let first = operator(book.committee()[0]);
    book.reverts(first, 0, &Call::StartJob(job), Revert::JobNotOpen);
    // A cancelled job is no use, and makes room for the next.
    let call = book.request();
    let events = book.ok(OPENER, FEE, &call);
    assert_eq!(use_indexes(&events), [0]);
}

#[test]
fn settling() {
    let mut book = Book::started();
    let good = book.certificate();
    let with = |book: &Book, change: &dyn Fn(&mut Certificate)| {
        let mut certificate = book.certificate();
        change(&mut certificate);
        book.settle(certificate, &[0, 1])
    };
    let call = with(&book, &|c| c.job = JobId(2));
    book.reverts(OTHER, 0, &call, Revert::UnknownJob);
    let call = with(&book, &|c| c.contract = Hash([1; 32]));
    book.reverts(OTHER, 0, &call, Revert::WrongContract);
    let call = with(&book, &|c| c.inputs = Hash([1; 32]));
    book.reverts(OTHER, 0, &call, Revert::WrongInputs);
    for members in [&[][..], &[1]] {
        let call = book.settle(good.clone(), members);
        book.reverts(OTHER, 0, &call, Revert::NotEnoughSignatures);
    }
    for members in [[1, 1], [1, 0]] {
        let call = book.settle(good.clone(), &members);
        book.reverts(OTHER, 0, &call, Revert::SignerOutOfOrder);
    }
    let edit = |book: &Book, change: &dyn Fn(&mut Vec<u8>, &mut Vec<Signature>)| {
        let Call::Settle {
            certificate,
            effects,
            mut members,
            mut signatures,
        } = book.settle(good.clone(), &[0, 1])
        else {
            unreachable!("just made");
        };
        change(&mut members, &mut signatures);
        Call::Settle {
            certificate,
            effects,
            members,
            signatures,
        }
    };
    let call = edit(&book, &|members, _| members[1] = 3);
    book.reverts(OTHER, 0, &call, Revert::SignerOutOfOrder);
    let call = edit(&book, &|members, _| members[1] = 2);
    book.reverts(OTHER, 0, &call, Revert::BadSignature);
    let call = edit(&book, &|_, signatures| {
        signatures.pop();
    });
    book.reverts(OTHER, 0, &call, Revert::LengthMismatch);
    let call = edit(&book, &|_, signatures| signatures[0].0[64] = 29);
    book.reverts(OTHER, 0, &call, Revert::BadSignature);
    let call = edit(&book, &|_, signatures| signatures[0].0[5] ^= 1);
    book.reverts(OTHER, 0, &call, Revert::BadSignature);
    let call = book.settle(good, &[0, 1, 2]);
    book.ok(OTHER, 0, &call);
    book.reverts(OTHER, 0, &call, Revert::JobNotOpen);
}

#[test]
fn failing() {
    let mut book = Book::requested();
    let call = book.fail(0b1000, &[0, 1]);
    book.reverts(OTHER, 0, &call, Revert::BadCulprits);
    let call = book.fail(1 << 31, &[0, 1]);
    book.reverts(OTHER, 0, &call, Revert::BadCulprits);
    // Nobody's signature counts against itself.
    let call = book.fail(0b10, &[0, 1]);
    book.reverts(OTHER, 0, &call, Revert::BadCulprits);
    let call = book.fail(0b100, &[0]);
    book.reverts(OTHER, 0, &call, Revert::NotEnoughSignatures);
    let Call::FailJob {
        failure,
        members,
        signatures,
    } = book.fail(0b100, &[0, 1])
    else {
        unreachable!("just made");
    };
    let mut other = failure.clone();
    other.reason = FailureReason::Misbehaved;
    let call = Call::FailJob {
        failure: other,
        members: members.clone(),
        signatures: signatures.clone(),
    };
    book.reverts(OTHER, 0, &call, Revert::BadSignature);
    let outside = Call::FailJob {
        failure: failure.clone(),
        members: vec![0, 200],
        signatures: signatures.clone(),
    };
    book.reverts(OTHER, 0, &outside, Revert::SignerOutOfOrder);
    let call = Call::FailJob {
        failure: failure.clone(),
        members,
        signatures,
    };
    let events = book.ok(OTHER, 0, &call);
    assert_eq!(
        events,
        [Event::JobFailed {
            failure: failure.clone(),
            refund: FEE
        }]
    );
    assert_eq!(book.chain.controller.credit(OPENER), FEE);
    assert_eq!(
        book.ledger().jobs[&JobId(1)].state,
        JobState::Failed(failure)
    );
    book.reverts(OTHER, 0, &call, Revert::JobNotOpen);
    // A failed job is no use, and makes room for the next.
    let call = book.request();
    let events = book.ok(OPENER, FEE, &call);
    assert_eq!(use_indexes(&events), [0]);
}

/// How many runs were started before, as a request's event says it.
fn use_indexes(events: &[Event]) -> &[u32] {
    match events {
        [Event::JobRequested { use_indexes, .. }] => use_indexes,
        other => panic!("no request: {other:?}"),
    }
}

/// It may have shown something before it broke off.
#[test]
fn a_started_run_is_a_use_however_it_ends() {
    let mut book = Book::started();
    let call = book.fail(0, &[0, 1]);
    book.ok(OTHER, 0, &call);
    let call = book.request();
    let events = book.ok(OPENER, FEE, &call);
    assert_eq!(use_indexes(&events), [1]);
    let first = operator(book.committee()[0]);
    book.ok(first, 0, &Call::StartJob(JobId(2)));
    book.chain.pass(600);
    book.ok(OTHER, 0, &Call::ExpireJob(JobId(2)));
    let call = book.request();
    let events = book.ok(OPENER, FEE, &call);
    assert_eq!(use_indexes(&events), [2]);
}

#[test]
fn expiring() {
    let mut book = Book::requested();
    let expire = Call::ExpireJob(JobId(1));
    book.reverts(OTHER, 0, &Call::ExpireJob(JobId(2)), Revert::UnknownJob);
    book.reverts(OTHER, 0, &expire, Revert::DeadlineNotReached);
    // The deadline itself still belongs to the committee.
    let deadline = book.ledger().jobs[&JobId(1)].request.deadline;
    let time = book.chain.time();
    book.chain.pass(deadline - time);
    book.reverts(OTHER, 0, &expire, Revert::DeadlineNotReached);
    book.chain.pass(1);
    let events = book.ok(OTHER, 0, &expire);
    assert_eq!(
        events,
        [Event::JobExpired {
            job: JobId(1),
            refund: FEE
        }]
    );
    assert_eq!(book.chain.controller.credit(OPENER), FEE);
    book.reverts(OTHER, 0, &expire, Revert::JobNotOpen);
    let call = book.settle(book.certificate(), &[0, 1]);
    book.reverts(OTHER, 0, &call, Revert::JobNotOpen);
}
