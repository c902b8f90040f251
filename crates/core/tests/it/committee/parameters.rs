//! A caller's private parameters, dealt to a survey's committee.

use enigma_core::{ClientRequest, Response};
use enigma_field::{Committee, M61};
use enigma_wire::abi;
use enigma_wire::api::ParametersDeposit;
use enigma_wire::dealing::{self, Subject};
use enigma_wire::id::Hash;
use enigma_wire::parameters::{DealtParameters, Parameters};
use enigma_wire::seal::{self, Purpose};

use super::{Owner, Survey};

impl Survey {
    /// What `by` brings to the committee's nodes for an entry, in their order.
    pub(crate) fn deal_parameters(
        &mut self,
        by: &Owner,
        (entry, until): (u16, u64),
        values: &[i64],
    ) -> Vec<ParametersDeposit> {
        let nodes = self.nodes().to_vec();
        let context = dealing::Context {
            committee: Committee::new(nodes.len() as u8).expect("an odd size"),
            nodes: nodes.clone(),
            owner: by.address(),
            subject: Subject::Parameters { entry, until },
            epoch: 0,
            policy: abi::policy(&self.domain(), self.instance, self.hash),
        };
        let values: Vec<M61> = values.iter().map(|value| M61::from_i64(*value)).collect();
        let dealing = dealing::deal(&context, &values, &mut self.random).expect("a good context");
        let parameters = Parameters {
            instance: self.instance,
            entry,
            caller: by.address(),
            root: dealing.root,
            until,
        };
        let signature = by.key.sign(&self.domain().digest(&parameters));
        let rows = nodes.into_iter().zip(&dealing.rows);
        let deposits = rows.map(|(node, row)| {
            let key = self.world.chain.ledger().nodes[&node].info.seal_key;
            let purpose = Purpose::Parameters {
                parameters: parameters.clone(),
                node,
            };
            let sealed = seal::seal(&key, &row.encode(), &purpose, &mut self.random);
            ParametersDeposit {
                parameters: parameters.clone(),
                signature,
                sealed: sealed.expect("a good key"),
            }
        });
        deposits.collect()
    }

    /// Brings a deposit to the member at a position.
    pub(crate) fn deposit_parameters(
        &mut self,
        position: usize,
        deposit: &ParametersDeposit,
    ) -> Response {
        let node = self.committee()[position];
        let request = ClientRequest::DepositParameters(Box::new(deposit.clone()));
        self.world.answer(node, request)
    }

    /// Brings everything to everybody; what a request says of it.
    pub(crate) fn keep_parameters(&mut self, deposits: &[ParametersDeposit]) -> DealtParameters {
        let receipts = deposits.iter().enumerate().map(|(position, of)| {
            match self.deposit_parameters(position, of) {
                Response::DepositAccepted(accepted) => accepted.receipt,
                other => panic!("not accepted: {other:?}"),
            }
        });
        let receipts = receipts.collect();
        let first = deposits.first().map(|deposit| &deposit.parameters);
        DealtParameters {
            receipts,
            root: first.map_or(Hash::default(), |parameters| parameters.root),
            until: first.map_or(0, |parameters| parameters.until),
        }
    }
}
