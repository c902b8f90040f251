//! Conditions of declarations, each as a contract of its own with one entry: what verifies, plans and runs entries does the same with
//! them.

use super::{Collection, Column, Contract, Entry, Group, Kind, Op, Param, Recipient, Reveal, Slot};

impl Contract {
    /// The condition of a group as the one entry of a contract, which shows nothing; none if it has none.
    pub(crate) fn admission(&self, group: usize) -> Option<Contract> {
        let declared = self.groups.get(group)?;
        let code = declared.admit.clone()?;
        Some(self.condition(&declared.name, Vec::new(), code))
    }

    /// Who may read a slot, as the one entry of a contract, which shows nothing; of a map its parameter is the key. None if the slot
    /// states nothing.
    pub(crate) fn access(&self, slot: usize) -> Option<Contract> {
        let declared = self.slots.get(slot)?;
        let code = declared.access.clone()?;
        let key = declared.key.iter().map(|key| Param {
            name: "key".to_owned(),
            private: false,
            columns: vec![key.clone()],
        });
        Some(self.condition(&declared.name, key.collect(), code))
    }

    /// A condition of a declaration as the one entry of a contract.
    fn condition(&self, name: &str, params: Vec<Param>, code: Vec<Op>) -> Contract {
        let groups = self.groups.iter().map(|group| Group {
            admit: None,
            ..group.clone()
        });
        let slots = self.slots.iter().map(|slot| Slot {
            access: None,
            ..slot.clone()
        });
        let entry = Entry {
            name: name.to_owned(),
            by: None,
            params,
            code,
        };
        Contract {
            groups: groups.collect(),
            slots: slots.collect(),
            manifest: Vec::new(),
            entries: vec![entry],
            ..self.clone()
        }
    }

    /// The condition on the rows of a collection as the one entry of a contract, which shows everyone whether each row fulfils it;
    /// none if it has none.
    #[must_use]
    pub fn row_check(&self, collection: usize) -> Option<Contract> {
        let declared = self.collections.get(collection)?;
        // However few are in their ranges, of however few members: what is to be enough is judged by those that are left.
        let groups = self.groups.iter().map(|group| Group {
            min: 0,
            admit: None,
            ..group.clone()
        });
        let collections = self.collections.iter().map(|collection| Collection {
            check: None,
            ..collection.clone()
        });
        let valid = Reveal {
            name: declared.name.clone(),
            entry: 0,
            recipients: vec![Recipient::Public],
            columns: vec![Column {
                name: String::new(),
                kind: Kind::Bool,
                low: 0,
                high: 1,
            }],
            sources: Vec::new(),
            min_groups: Vec::new(),
            hidden_below: None,
            noise: None,
        };
        let entry = Entry {
            name: declared.name.clone(),
            by: None,
            params: Vec::new(),
            code: declared.check.clone()?,
        };
        Some(Contract {
            groups: groups.collect(),
            collections: collections.collect(),
            manifest: vec![valid],
            entries: vec![entry],
            ..self.clone()
        })
    }
}
