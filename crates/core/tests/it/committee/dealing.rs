//! What owners send to nodes: dealings, honest and spoilt, and the contributions they become.

use enigma_bytecode::model::Profile;
use enigma_core::controller::{Call, SignedContribution};
use enigma_core::{ClientRequest, Response};
use enigma_field::{Committee, M61, M127};
use enigma_wire::abi;
use enigma_wire::api::Deposit;
use enigma_wire::controller::{Contribution, Receipt};
use enigma_wire::dealing::{self, Dealing, Dealt, Subject};
use enigma_wire::id::{Hash, MemberIndex, NodeId};
use enigma_wire::seal::{self, Purpose};
use enigma_wire::sign::Signature;

use super::Survey;

impl Survey {
    pub(crate) fn context(&self, member: usize) -> dealing::Context {
        dealing::Context {
            committee: Committee::new(self.nodes().len() as u8).expect("an odd size"),
            nodes: self.nodes().to_vec(),
            owner: self.owners[member].address(),
            subject: Subject::Rows {
                collection: self.collection,
                member: MemberIndex(member as u32),
                revision: self.revision(member),
            },
            epoch: 0,
            policy: abi::policy(&self.domain(), self.instance, self.hash),
        }
    }

    /// Which dealing of a member the next one is.
    fn revision(&self, member: usize) -> u32 {
        let earlier = self.record().contributions.get(&MemberIndex(member as u32));
        earlier.map_or(0, |earlier| earlier.revision + 1)
    }

    /// What an honest owner sends to the nodes, in committee order.
    pub(crate) fn deal(&mut self, member: usize, value: i64) -> Vec<Deposit> {
        self.deal_row(member, &[value])
    }

    /// The same for a row of several columns.
    pub(crate) fn deal_row(&mut self, member: usize, row: &[i64]) -> Vec<Deposit> {
        match self.contract.profile {
            Profile::ShamirM61V1 => self.deal_over::<M61>(member, row),
            Profile::ShamirM127V1 => self.deal_over::<M127>(member, row),
        }
    }

    /// The same for several rows, which are dealt one after the other.
    pub(crate) fn deal_rows(&mut self, member: usize, rows: &[Vec<i64>]) -> Vec<Deposit> {
        let mut deposits = self.deal_row(member, &rows.concat());
        for deposit in &mut deposits {
            self.claim_rows(member, deposit, rows.len() as u32);
        }
        deposits
    }

    /// Signs for another number of rows.
    pub(crate) fn claim_rows(&self, member: usize, deposit: &mut Deposit, rows: u32) {
        deposit.contribution.rows = rows;
        let digest = self.domain().digest(&deposit.contribution);
        deposit.signature = self.owners[member].key.sign(&digest);
    }

    /// The same over a field that need not be the contract's.
    pub(crate) fn deal_over<F: Dealt>(&mut self, member: usize, row: &[i64]) -> Vec<Deposit> {
        let values: Vec<F> = row.iter().map(|value| F::from_i64(*value)).collect();
        self.deal_elements(member, &values)
    }

    /// The same of any elements of a field.
    pub(crate) fn deal_elements<F: Dealt>(&mut self, member: usize, values: &[F]) -> Vec<Deposit> {
        let context = self.context(member);
        let dealing = dealing::deal(&context, values, &mut self.random).expect("a good context");
        self.pack(member, &dealing)
    }

    /// A dealing whose randomness is all zeros: every share is the value itself.
    pub(crate) fn deal_without_randomness(&mut self, member: usize, value: i64) -> Vec<Deposit> {
        let context = self.context(member);
        let dealing =
            dealing::deal(&context, &[M61::from_i64(value)], &mut Zeros).expect("a good context");
        self.pack(member, &dealing)
    }

    /// Signs and seals a dealing.
    pub(crate) fn pack<F: Dealt>(&mut self, member: usize, dealing: &Dealing<F>) -> Vec<Deposit> {
        let rows: Vec<Vec<u8>> = dealing
            .rows
            .iter()
            .map(|row| row.encode().to_vec())
            .collect();
        self.pack_rows(member, dealing.root, &rows)
    }

    /// Signs and seals rows, which need not be what the root says.
    pub(crate) fn pack_rows(
        &mut self,
        member: usize,
        root: Hash,
        rows: &[Vec<u8>],
    ) -> Vec<Deposit> {
        let contribution = self.contribution(member, root);
        let signature = self.owners[member]
            .key
            .sign(&self.domain().digest(&contribution));
        let member_proof = self.tree.proof(member).expect("a member");
        let nodes = self.nodes().to_vec();
        let mut deposits = Vec::new();
        for (node, row) in nodes.into_iter().zip(rows) {
            deposits.push(Deposit {
                contribution: contribution.clone(),
                signature,
                member_proof: member_proof.clone(),
                sealed_row: self.seal_row(&contribution, node, row),
            });
        }
        deposits
    }

    pub(crate) fn contribution(&self, member: usize, root: Hash) -> Contribution {
        Contribution {
            collection: self.collection,
            member: MemberIndex(member as u32),
            owner: self.owners[member].address(),
            root,
            seal_key: self.owners[member].seal.public(),
            revision: self.revision(member),
            rows: 1,
        }
    }

    pub(crate) fn seal_row(&mut self, of: &Contribution, node: NodeId, row: &[u8]) -> Vec<u8> {
        let key = self.world.chain.ledger().nodes[&node].info.seal_key;
        seal::seal(&key, row, &row_purpose(of, node), &mut self.random).expect("a good key")
    }

    /// A deposit at one node of the committee, by its position.
    pub(crate) fn deposit(&mut self, position: usize, deposit: Deposit) -> Response {
        let node = self.committee()[position];
        let request = ClientRequest::Deposit(Box::new(deposit));
        self.world.answer(node, request)
    }

    /// Deposits everywhere; all receipts.
    pub(crate) fn deposit_all(&mut self, deposits: &[Deposit]) -> Vec<Signature> {
        let asked: Vec<_> = self
            .committee()
            .into_iter()
            .zip(deposits)
            .map(|(node, deposit)| {
                let request = ClientRequest::Deposit(Box::new(deposit.clone()));
                self.world.ask(node, request)
            })
            .collect();
        self.world.run_until("receipts", 60_000, |world| {
            asked.iter().all(|reply| world.replies.contains_key(reply))
        });
        let responses = asked.iter().map(|reply| self.world.replies.remove(reply));
        responses
            .map(|response| match response {
                Some(Response::DepositAccepted(accepted)) => accepted.receipt,
                other => panic!("the deposit is not accepted: {other:?}"),
            })
            .collect()
    }

    pub(crate) fn signed(
        &self,
        deposits: &[Deposit],
        receipts: Vec<Signature>,
    ) -> SignedContribution {
        SignedContribution {
            contribution: deposits[0].contribution.clone(),
            signature: deposits[0].signature,
            member_proof: deposits[0].member_proof.clone(),
            receipts,
        }
    }

    /// Deals, deposits and records a value.
    pub(crate) fn contribute(&mut self, member: usize, value: i64) {
        let deposits = self.deal(member, value);
        self.contribute_dealt(&deposits);
    }

    /// Deposits and records what was dealt.
    pub(crate) fn contribute_dealt(&mut self, deposits: &[Deposit]) {
        let receipts = self.deposit_all(deposits);
        let call = Call::Contribute(vec![self.signed(deposits, receipts)]);
        let sender = self.requester;
        self.world.call(sender, 0, &call).expect("all is signed");
        self.world.settle_down();
    }

    /// What a node's receipt for this contribution must be signed over.
    pub(crate) fn receipt(&self, contribution: &Contribution) -> Hash {
        self.domain().digest(&Receipt {
            contribution: contribution.clone(),
        })
    }
}

/// What an owner's row for a node is sealed as.
pub(crate) fn row_purpose(of: &Contribution, node: NodeId) -> Purpose {
    Purpose::Row {
        owner: of.owner,
        collection: of.collection,
        member: of.member,
        revision: of.revision,
        root: of.root,
        node,
    }
}

/// A broken random generator.
struct Zeros;

impl rand_core::TryRng for Zeros {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        to.fill(0);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Zeros {}
