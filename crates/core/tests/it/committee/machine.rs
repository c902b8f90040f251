//! One node of the harness: a party, its disk, and a record of all it ever saw, kept and said.

use std::collections::BTreeMap;

use enigma_core::{Config, EffectId, Fact, KEYS_AT_ONCE, Keys, Party, Table, Timeouts, Write};
use enigma_wire::controller::NodeInfo;
use enigma_wire::eip712::{Domain, NodeBinding};
use enigma_wire::id::{Address, JobId, PeerKey};
use enigma_wire::seal::SealSecret;
use enigma_wire::sign::{SecretKey, Signature};

use super::derive;

/// How a node's disk behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    Works,
    /// Every write fails.
    Fails,
    /// Writes wait until [`super::World::release`].
    Waits,
    /// Reads do.
    ReadsWait,
}

/// A node.
pub(crate) struct Node {
    /// Gives its keys.
    number: u64,
    /// Gives its randomness.
    seed: u64,
    starts: u64,
    /// `None` while the process is dead.
    pub(crate) party: Option<Party>,
    pub(crate) disk: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    pub(crate) disk_mode: Disk,
    pub(crate) waiting_writes: Vec<(EffectId, Vec<Write>)>,
    /// Reads that a slow disk has not done yet.
    pub(crate) waiting_reads: Vec<(EffectId, Table, Vec<u8>)>,
    /// Peers to which it wants links.
    pub(crate) wanted: BTreeMap<PeerKey, String>,
    /// Frames received: (sender, frame).
    pub(crate) received: Vec<(usize, Vec<u8>)>,
    /// Frames sent, before any tampering: (receiver, frame).
    pub(crate) sent: Vec<(usize, Vec<u8>)>,
    /// Bodies of the clients' requests.
    pub(crate) requests: Vec<Vec<u8>>,
    /// Everything said to clients, as text.
    pub(crate) replies: Vec<String>,
    /// Everything written, also what was deleted later: (table, key, value).
    pub(crate) written: Vec<(Table, Vec<u8>, Vec<u8>)>,
    pub(crate) reports: Vec<Fact>,
    /// Jobs that it has found it may take part in: by input that let it judge any, whether that was a turn of local work.
    pub(crate) judged: Vec<(bool, Vec<JobId>)>,
}

impl Node {
    pub(crate) fn new(number: u64, seed: u64, domain: Domain) -> Self {
        let mut node = Self {
            number,
            seed,
            starts: 0,
            party: None,
            disk: BTreeMap::new(),
            disk_mode: Disk::Works,
            waiting_writes: Vec::new(),
            waiting_reads: Vec::new(),
            wanted: BTreeMap::new(),
            received: Vec::new(),
            sent: Vec::new(),
            requests: Vec::new(),
            replies: Vec::new(),
            written: Vec::new(),
            reports: Vec::new(),
            judged: Vec::new(),
        };
        node.start(domain);
        node
    }

    /// Starts the process, with the keys of before and fresh randomness.
    pub(crate) fn start(&mut self, domain: Domain) {
        let config = Config {
            peer_key: self.peer_key(),
            domain,
            timeouts: Timeouts::default(),
            version: "test".to_owned(),
        };
        let keys = Keys {
            signer: self.signer(),
            seal: self.seal(),
        };
        self.starts += 1;
        let label = format!("node {} start {}", self.number, self.starts);
        self.party = Some(Party::new(config, keys, derive(&label, self.seed)));
        self.wanted.clear();
        self.waiting_writes.clear();
        self.waiting_reads.clear();
        self.disk_mode = Disk::Works;
    }

    pub(crate) fn apply(&mut self, batch: Vec<Write>) {
        for write in batch {
            match write {
                Write::Put { table, key, value } => {
                    self.written.push((table, key.clone(), value.clone()));
                    self.disk.insert((table, key), value);
                }
                Write::Delete { table, key } => {
                    self.disk.remove(&(table, key));
                }
            }
        }
    }

    pub(crate) fn load(&self, table: Table, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let wanted = |((of, key), _): &(&(Table, Vec<u8>), &Vec<u8>)| {
            *of == table && key.starts_with(prefix)
        };
        let pairs = self.disk.iter().filter(wanted);
        pairs
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect()
    }

    /// A page of keys that begin so, after one of them.
    pub(crate) fn keys_after(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
    ) -> Vec<Vec<u8>> {
        let pairs = self.load(table, prefix).into_iter();
        let keys = pairs.map(|(key, _)| key);
        let keys = keys.filter(|key| after.is_none_or(|after| &key[..] > after));
        keys.take(KEYS_AT_ONCE).collect()
    }

    /// How many values a table holds.
    pub(crate) fn count(&self, table: Table) -> usize {
        self.load(table, &[]).len()
    }

    pub(crate) fn peer_key(&self) -> PeerKey {
        PeerKey(derive("peer", self.number))
    }

    pub(crate) fn signer(&self) -> SecretKey {
        SecretKey::from_bytes(&derive("signer", self.number)).expect("below the order")
    }

    pub(crate) fn seal(&self) -> SealSecret {
        SealSecret::from_bytes(&derive("seal", self.number))
    }

    pub(crate) fn operator(&self) -> Address {
        SecretKey::from_bytes(&derive("operator", self.number))
            .expect("below the order")
            .address()
    }

    pub(crate) fn info(&self) -> NodeInfo {
        NodeInfo {
            peer_key: self.peer_key(),
            seal_key: self.seal().public(),
            signer: self.signer().address(),
            peer_address: format!("node{}.example:7000", self.number),
            api_address: format!("http://node{}.example", self.number),
        }
    }

    pub(crate) fn binding(&self, domain: &Domain) -> Signature {
        let binding = NodeBinding {
            operator: self.operator(),
            info: &self.info(),
        };
        self.signer().sign(&domain.digest(&binding))
    }
}
