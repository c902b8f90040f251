//! What a client remembers between commands, in plain files of one folder for each network: programs it
//! has seen, member lists of collections, and how far each contribution got.
//!
//! Nothing here is needed to be right: everything is checked against the chain when it is used, and a
//! lost or damaged file is the same as none. No file holds a value or a key.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use borsh::{BorshDeserialize, BorshSerialize};
use enigma_wire::id::{Address, CollectionId, Hash, MemberIndex};
use enigma_wire::merkle::Tree;
use serde::{Deserialize, Serialize};

use crate::keystore::private_folder;
use crate::{ClientError, Contributed, Program};

/// Version of the contribution records; another version is the same as no record.
const GIVEN_VERSION: u8 = 2;

/// The folder of one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    folder: PathBuf,
}

/// A collection's member, as the opener listed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// What people call the member; not known to the network.
    pub name: String,
    /// The account on the list.
    pub account: Address,
}

/// How far a contribution got: dealt and receipted by every node.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GivenRecord {
    /// Recognises the same rows by the same owner, and says nothing to others (see [`crate::give`]).
    pub tag: [u8; 32],
    /// What can be posted, again if need be.
    pub contributed: Contributed,
}

impl Records {
    /// The records kept in a folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Keeps a program.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_program(&self, program: &Program) -> Result<(), ClientError> {
        write(&self.program_path(program.hash()), program.bytecode())
    }

    /// A program, if it was kept and is whole.
    pub fn program(&self, hash: Hash) -> Option<Program> {
        let bytecode = fs::read(self.program_path(hash)).ok()?;
        Program::load(bytecode, Some(hash)).ok()
    }

    /// Keeps which instance of a contract was deployed last from here.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_instance(&self, contract: &str, instance: Hash) -> Result<(), ClientError> {
        write(
            &self.instance_path(contract),
            instance.to_string().as_bytes(),
        )
    }

    /// The instance of a contract that was deployed last from here.
    pub fn instance(&self, contract: &str) -> Option<Hash> {
        let text = fs::read_to_string(self.instance_path(contract)).ok()?;
        text.trim().parse().ok()
    }

    /// Keeps a collection's member list.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_members(
        &self,
        collection: CollectionId,
        members: &[Member],
    ) -> Result<(), ClientError> {
        let text = serde_json::to_string_pretty(members).expect("plain values have a text form");
        write(&self.members_path(collection), text.as_bytes())
    }

    /// A collection's member list, if it was kept and leads to the root that the chain states.
    pub fn members(&self, collection: CollectionId, root: Hash) -> Option<Vec<Member>> {
        let text = fs::read(self.members_path(collection)).ok()?;
        let members: Vec<Member> = serde_json::from_slice(&text).ok()?;
        (member_tree(&members).root() == root).then_some(members)
    }

    /// Keeps how far a contribution got.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_given(&self, record: &GivenRecord) -> Result<(), ClientError> {
        let contribution = &record.contributed.contribution;
        let body = borsh::to_vec(record).expect("writing to memory cannot fail");
        let bytes = [&[GIVEN_VERSION][..], blake3::hash(&body).as_bytes(), &body].concat();
        write(
            &self.given_path(contribution.collection, contribution.member),
            &bytes,
        )
    }

    /// How far a contribution got, if it is known.
    pub fn given(&self, collection: CollectionId, member: MemberIndex) -> Option<GivenRecord> {
        let bytes = fs::read(self.given_path(collection, member)).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (sum, body) = rest.split_at_checked(32)?;
        let whole = *version == GIVEN_VERSION && blake3::hash(body).as_bytes()[..] == *sum;
        GivenRecord::try_from_slice(body).ok().filter(|_| whole)
    }

    fn program_path(&self, hash: Hash) -> PathBuf {
        self.folder.join("programs").join(format!("{hash}.enb"))
    }

    fn instance_path(&self, contract: &str) -> PathBuf {
        // Contract names are identifiers: they are file names as they are.
        self.folder.join("instances").join(contract)
    }

    fn members_path(&self, collection: CollectionId) -> PathBuf {
        self.folder
            .join(format!("collection-{collection}"))
            .join("members.json")
    }

    fn given_path(&self, collection: CollectionId, member: MemberIndex) -> PathBuf {
        let folder = self.folder.join(format!("collection-{collection}"));
        folder.join("given").join(format!("{member}.bin"))
    }
}

/// The tree over a member list, whose root is on the chain.
pub fn member_tree(members: &[Member]) -> Tree {
    Tree::of_members(
        &members
            .iter()
            .map(|member| member.account)
            .collect::<Vec<_>>(),
    )
}

/// Replaces a file, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), ClientError> {
    let failed = |error: std::io::Error| ClientError::File {
        path: path.to_owned(),
        error,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    private_folder(folder).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use enigma_wire::controller::Contribution;
    use enigma_wire::id::SealKey;
    use enigma_wire::sign::Signature;

    fn record() -> GivenRecord {
        GivenRecord {
            tag: [7; 32],
            contributed: Contributed {
                contribution: Contribution {
                    collection: CollectionId(3),
                    member: MemberIndex(9),
                    owner: Address([1; 20]),
                    root: Hash([2; 32]),
                    seal_key: SealKey([3; 32]),
                    revision: 1,
                    rows: 4,
                },
                signature: Signature([4; 65]),
                member_proof: vec![Hash([5; 32])],
                receipts: vec![Signature([6; 65])],
                bytes: 12,
            },
        }
    }

    #[test]
    fn contributions_are_remembered_and_damage_is_the_same_as_nothing() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let records = Records::new(folder.path().join("net"));
        let place = (CollectionId(3), MemberIndex(9));
        assert_eq!(records.given(place.0, place.1), None);
        records.keep_given(&record()).expect("kept");
        assert_eq!(records.given(place.0, place.1), Some(record()));
        let path = records.given_path(place.0, place.1);
        let whole = fs::read(&path).expect("kept");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, &damaged).expect("write");
            assert_eq!(records.given(place.0, place.1), None, "byte {at}");
        }
        fs::write(&path, &whole[..40]).expect("write");
        assert_eq!(records.given(place.0, place.1), None);
    }

    #[test]
    fn the_last_instance_of_a_contract_is_remembered() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let records = Records::new(folder.path());
        assert_eq!(records.instance("Commute"), None);
        for instance in [Hash([1; 32]), Hash([2; 32])] {
            records.keep_instance("Commute", instance).expect("kept");
            assert_eq!(records.instance("Commute"), Some(instance));
        }
    }

    #[test]
    fn a_member_list_counts_only_under_its_root() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let records = Records::new(folder.path());
        let member = |n: u8| Member {
            name: format!("m{n}"),
            account: Address([n; 20]),
        };
        let members = vec![member(1), member(2), member(3)];
        records
            .keep_members(CollectionId(1), &members)
            .expect("kept");
        let root = member_tree(&members).root();
        assert_eq!(records.members(CollectionId(1), root), Some(members));
        assert_eq!(records.members(CollectionId(1), Hash([1; 32])), None);
        assert_eq!(records.members(CollectionId(2), root), None);
    }
}
