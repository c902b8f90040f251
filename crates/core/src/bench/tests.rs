//! A committee of bench parties in memory.

use std::collections::VecDeque;

use rand_core::Rng as _;

use super::*;

/// Parties and the frames between them, in order.
struct Network {
    parties: Vec<Bench>,
    keys: Vec<PeerKey>,
    /// From, to, frame.
    frames: VecDeque<(usize, usize, Vec<u8>)>,
    /// What each party said, without sends.
    said: Vec<Vec<Effect>>,
    /// A party whose turns are held back, and how many it has asked for.
    held: Option<(usize, usize)>,
}

impl Network {
    fn new(operation: Operation, count: u32, n: u8) -> Self {
        Self::over(FieldName::M61, operation, count, n)
    }

    fn over(field: FieldName, operation: Operation, count: u32, n: u8) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(n));
        let signers: Vec<SecretKey> = (0..n).map(|_| SecretKey::random(&mut rng)).collect();
        let keys: Vec<PeerKey> = (0..n).map(|party| PeerKey([party; 32])).collect();
        let member = |(peer, signer): (&PeerKey, &SecretKey)| Member {
            peer: *peer,
            signer: signer.address(),
        };
        let task = Task {
            operation,
            field,
            security: Security::Malicious,
            count,
            seed: 9,
            members: keys.iter().zip(&signers).map(member).collect(),
        };
        let party = |signer: SecretKey| {
            let mut seed = [0; 32];
            rng.fill_bytes(&mut seed);
            Bench::new(task.clone(), signer, seed).expect("a task that can be run")
        };
        Self {
            parties: signers.into_iter().map(party).collect(),
            said: keys.iter().map(|_| Vec::new()).collect(),
            keys,
            frames: VecDeque::new(),
            held: None,
        }
    }

    fn tell(&mut self, mut input: impl FnMut() -> Input) {
        for at in 0..self.parties.len() {
            self.handle(at, input());
        }
    }

    fn handle(&mut self, at: usize, input: Input) {
        self.parties[at].handle(input);
        while let Some(effect) = self.parties[at].next_effect() {
            match effect {
                Effect::Send { to, frame } => {
                    let to = self.keys.iter().position(|key| *key == to);
                    self.frames.push_back((at, to.expect("a member"), frame));
                }
                Effect::Compute => match &mut self.held {
                    Some((held, asked)) if *held == at => *asked += 1,
                    _ => self.parties[at].handle(Input::Compute),
                },
                said => self.said[at].push(said),
            }
        }
    }

    fn settle(&mut self) {
        while let Some((from, to, frame)) = self.frames.pop_front() {
            let from = self.keys[from];
            self.handle(to, Input::Peer { from, frame });
        }
    }

    fn heard(&mut self) -> Vec<Vec<Effect>> {
        self.said.iter_mut().map(std::mem::take).collect()
    }
}

#[test]
fn runs_are_right_and_cost_what_the_plan_says() {
    for (operation, count, n) in [
        (Operation::Multiply, plan::TILE + 5, 3),
        (Operation::Multiply, 1, 7),
        (Operation::Dot, 1000, 3),
        (Operation::Dot, 1, 5),
        (Operation::MatrixProduct, 13, 3),
        (Operation::MatrixProduct, 1, 7),
        (Operation::Depth, 20, 5),
        (Operation::Equal, 40, 3),
        (Operation::Less, 40, 5),
        (Operation::Less, plan::TILE + 1, 3),
        (Operation::Rank, 40, 3),
        (Operation::Rank, 1, 3),
        (Operation::Shuffle, 1000, 3),
        (Operation::Shuffle, 40, 5),
        (Operation::Shuffle, 1, 7),
        (Operation::Sort, 20, 3),
        (Operation::Sort, 1, 3),
        (Operation::Sort, 9, 5),
        (Operation::Truncate, 40, 5),
        (Operation::Bits, 20, 3),
        (Operation::Select, 40, 7),
        (Operation::Lookup, 40, 3),
        (Operation::Max, 40, 3),
        (Operation::Max, 1, 3),
        (Operation::Divide, 20, 3),
        (Operation::SquareRoot, 20, 3),
        (Operation::Median, 20, 3),
        (Operation::Median, 1, 3),
        (Operation::Histogram, 20, 5),
    ] {
        for field in [FieldName::M61, FieldName::M127] {
            check_runs(field, operation, count, n);
        }
    }
}

fn check_runs(field: FieldName, operation: Operation, count: u32, n: u8) {
    let mut network = Network::over(field, operation, count, n);
    let cost = cost(operation, field, count, usize::from(n), Security::Malicious);
    let cost = cost.expect("a plan");
    for _run in 0..2 {
        network.tell(|| Input::Begin);
        network.settle();
        let bytes = cost.bytes_sent.iter();
        let computed = bytes.map(|&bytes_sent| vec![Effect::Computed { bytes_sent }]);
        assert_eq!(network.heard(), computed.collect::<Vec<_>>());
        network.tell(|| Input::Check);
        network.settle();
        assert!(
            network
                .heard()
                .iter()
                .all(|said| *said == [Effect::Checked])
        );
    }
}

#[test]
fn frames_alone_do_not_run_the_machine() {
    let mut network = Network::new(Operation::Less, 40, 3);
    // The king of the first bits: all others send to it.
    network.held = Some((0, 0));
    network.tell(|| Input::Begin);
    let (mut took, mut gave) = (0, 0);
    while let Some((from, to, frame)) = network.frames.pop_front() {
        let compute = matches!(peer::decode(&frame), Ok(Frame::Compute(..)));
        took += usize::from(compute && to == 0);
        gave += usize::from(compute && from == 0);
        let from = network.keys[from];
        network.handle(to, Input::Peer { from, frame });
    }
    assert!(took > 0);
    assert_eq!(gave, 0);
    assert_eq!(network.held, Some((0, 1)), "one turn, however many frames");
    assert!(network.heard().iter().all(Vec::is_empty));

    network.held = None;
    network.handle(0, Input::Compute);
    network.settle();
    let done = |said: &Vec<Effect>| matches!(said[..], [Effect::Computed { .. }]);
    assert!(network.heard().iter().all(done));
}

#[test]
fn a_wrong_product_does_not_pass_the_check() {
    let mut network = Network::new(Operation::Multiply, 10, 3);
    network.tell(|| Input::Begin);
    let mut edited = false;
    while let Some((from, to, mut frame)) = network.frames.pop_front() {
        let compute = matches!(peer::decode(&frame), Ok(Frame::Compute(..)));
        if compute && from == 0 && to == 2 {
            // The lowest bit of an element: stays an element, changes the value dealt.
            frame[peer::HEADER_BYTES] ^= 1;
            edited = true;
        }
        let from = network.keys[from];
        network.handle(to, Input::Peer { from, frame });
    }
    assert!(edited);
    network.heard();
    network.tell(|| Input::Check);
    network.settle();
    let failed = |said: &Vec<Effect>| matches!(said[..], [Effect::Failed(_)]);
    assert!(network.heard().iter().all(failed));
}

#[test]
fn a_lost_link_or_a_stranger_ends_the_run_once() {
    let mut network = Network::new(Operation::Rank, 5, 3);
    let peer = network.keys[1];
    let down = || Input::Down {
        peer,
        why: "the cable was cut".to_owned(),
    };
    for input in [Input::Up { peer }, down(), Input::Up { peer }] {
        network.handle(0, input);
    }
    assert_eq!(network.heard()[0], []);
    let other = network.keys[2];
    network.handle(0, Input::Up { peer: other });
    assert_eq!(network.heard()[0], [Effect::Linked]);
    network.tell(|| Input::Begin);
    network.handle(0, down());
    network.settle();
    let heard = network.heard();
    let [Effect::Failed(why)] = &heard[0][..] else {
        panic!("{heard:?}");
    };
    assert!(why.ends_with("went down: the cable was cut"), "{why}");
    let from = PeerKey([77; 32]);
    let frame = Vec::new();
    network.handle(1, Input::Peer { from, frame });
    assert!(matches!(network.heard()[1][..], [Effect::Failed(_)]));
}
