//! What the network does to frames that nobody edits: its options, and the queue of what is to come.
//!
//! By default every link keeps the order of its frames, as TLS links do, and each frame takes a time
//! drawn from the seed. `unordered`, `slow` and partitions are things that a party must live with:
//! with honest parties every run ends well. Links that lose or repeat frames do not exist below
//! parties, because a broken link ends the session; a party may blame the sender then, so that rules
//! about blame and progress do not hold for such a network. A wrong result it cannot bring about.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use enigma_field::Party;

use crate::draw::Draw;

/// A network's habits. Times are in ticks; chances in a thousand, for each frame.
///
/// As text: `fair`, or options from `delay:TICKS`, `unordered:CHANCE`, `slow:CHANCE`,
/// `duplicate:CHANCE`, `drop:CHANCE`, `partition:PARTIES@FROM-TO`, joined by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The longest that a frame takes, usually.
    pub delay: u16,
    /// A frame may overtake those before it on its link.
    pub unordered: u16,
    /// A frame takes a hundred times as long.
    pub slow: u16,
    /// A frame arrives twice.
    pub duplicate: u16,
    /// A frame is lost.
    pub drop: u16,
    /// For a while some parties are cut off.
    pub partition: Option<Partition>,
}

/// Frames between these parties and the others wait until it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The parties of one side, by number.
    pub parties: Vec<u8>,
    /// The first tick.
    pub from: u64,
    /// The first tick after it.
    pub to: u64,
}

/// A network's text is wrong; says how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkError(String);

/// What is to happen, in order of time; of one tick, in the order of planning.
pub(crate) struct Agenda<E> {
    now: u64,
    next: u64,
    events: BTreeMap<(u64, u64), E>,
}

/// When frames arrive.
pub(crate) struct Links {
    network: Network,
    draw: Draw,
    /// When the last frame of a link that keeps order arrives.
    last: BTreeMap<(Party, Party), u64>,
}

const FAIR: Network = Network {
    delay: 20,
    unordered: 0,
    slow: 0,
    duplicate: 0,
    drop: 0,
    partition: None,
};

impl Network {
    /// Keeps order, loses nothing, takes up to 20 ticks.
    #[must_use]
    pub fn fair() -> Network {
        FAIR
    }

    /// Does it bring every frame, once?
    #[must_use]
    pub fn is_reliable(&self) -> bool {
        self.duplicate == 0 && self.drop == 0
    }

    /// One of the networks that campaigns use, for a committee of `n`.
    pub(crate) fn random(draw: &mut Draw, n: u8) -> Network {
        let mut network = Network::fair();
        match draw.below(10) {
            0..=3 => {}
            4 => network.unordered = 300,
            5 => network.slow = 30,
            6 => {
                let from = draw.below(200);
                let party = draw.below(u64::from(n)) as u8 + 1;
                network.partition = Some(Partition {
                    parties: vec![party],
                    from,
                    to: from + 1 + draw.below(2000),
                });
            }
            7 => {
                network.delay = 200;
                network.unordered = 1000;
            }
            8 => network.duplicate = 10,
            _ => network.drop = 5,
        }
        network
    }
}

impl<E> Agenda<E> {
    pub(crate) fn new() -> Agenda<E> {
        Agenda {
            now: 0,
            next: 0,
            events: BTreeMap::new(),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    pub(crate) fn plan(&mut self, at: u64, event: E) {
        self.events.insert((at.max(self.now), self.next), event);
        self.next += 1;
    }

    /// The next event; its time is now.
    pub(crate) fn next(&mut self) -> Option<E> {
        let ((at, _), event) = self.events.pop_first()?;
        self.now = at;
        Some(event)
    }
}

impl Links {
    pub(crate) fn new(network: Network, seed: u64) -> Links {
        Links {
            network,
            draw: Draw::new(seed, "links"),
            last: BTreeMap::new(),
        }
    }

    /// The ticks at which a frame that is sent now arrives: one, if the network is reliable. `late`
    /// is how much later its sender lets it leave.
    pub(crate) fn arrivals(&mut self, now: u64, from: Party, to: Party, late: u64) -> Vec<u64> {
        let network = &self.network;
        // As many draws for every frame: an option that is turned off shifts nothing.
        let mut takes = 1 + self.draw.below(u64::from(network.delay.max(1)));
        let chance = |draw: &mut Draw, permille| draw.chance(permille);
        let unordered = chance(&mut self.draw, network.unordered);
        let slow = chance(&mut self.draw, network.slow);
        let duplicate = chance(&mut self.draw, network.duplicate);
        let lost = chance(&mut self.draw, network.drop);
        if slow {
            takes *= 100;
        }
        let mut at = now + late + takes;
        if let Some(partition) = &network.partition {
            let side = |party: Party| partition.parties.contains(&party.number());
            if side(from) != side(to) && (partition.from..partition.to).contains(&at) {
                at = partition.to;
            }
        }
        if !unordered {
            let last = self.last.entry((from, to)).or_insert(0);
            at = at.max(*last);
            *last = at;
        }
        match (lost, duplicate) {
            (true, _) => Vec::new(),
            (false, false) => vec![at],
            (false, true) => vec![at, at + takes],
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = [
            ("delay", self.delay, FAIR.delay),
            ("unordered", self.unordered, 0),
            ("slow", self.slow, 0),
            ("duplicate", self.duplicate, 0),
            ("drop", self.drop, 0),
        ];
        let options = numbers.iter().filter(|(_, value, usual)| value != usual);
        let mut options: Vec<String> = options
            .map(|(name, value, _)| format!("{name}:{value}"))
            .collect();
        if let Some(Partition { parties, from, to }) = &self.partition {
            let parties: Vec<String> = parties.iter().map(u8::to_string).collect();
            options.push(format!("partition:{}@{from}-{to}", parties.join("+")));
        }
        match options.is_empty() {
            true => f.write_str("fair"),
            false => f.write_str(&options.join(",")),
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Network, NetworkError> {
        let mut network = Network::fair();
        if text == "fair" {
            return Ok(network);
        }
        for option in text.split(',') {
            let wrong = || {
                let known = "delay:TICKS, unordered:CHANCE, slow:CHANCE, duplicate:CHANCE, drop:CHANCE, partition:PARTIES@FROM-TO";
                NetworkError(format!("`{option}` is none of {known}"))
            };
            let (name, value) = option.split_once(':').ok_or_else(wrong)?;
            if name == "partition" {
                network.partition = Some(partition(value).ok_or_else(wrong)?);
                continue;
            }
            let value: u16 = value.parse().map_err(|_| wrong())?;
            if name != "delay" && value > 1000 {
                return Err(NetworkError(format!("`{option}`: a chance is 0 to 1000")));
            }
            match name {
                "delay" => network.delay = value,
                "unordered" => network.unordered = value,
                "slow" => network.slow = value,
                "duplicate" => network.duplicate = value,
                "drop" => network.drop = value,
                _ => return Err(wrong()),
            }
        }
        Ok(network)
    }
}

fn partition(text: &str) -> Option<Partition> {
    let (parties, time) = text.split_once('@')?;
    let (from, to) = time.split_once('-')?;
    let parties: Option<Vec<u8>> = parties.split('+').map(|party| party.parse().ok()).collect();
    Some(Partition {
        parties: parties?,
        from: from.parse().ok()?,
        to: to.parse().ok()?,
    })
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NetworkError {}
