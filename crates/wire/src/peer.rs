//! Messages between committee members. Every frame starts with a 24-byte header; computation frames
//! are followed by field elements, control frames by a borsh-encoded [`Control`].

use borsh::{BorshDeserialize, BorshSerialize};

use crate::controller::{Certificate, Failure};
use crate::id::{Hash, JobId};
use crate::sign::Signature;

/// Bytes in front of every payload.
pub const HEADER_BYTES: usize = 24;
/// Most payload bytes in a frame.
pub const MAX_PAYLOAD_BYTES: usize = 256 * 1024;

const KIND_COMPUTE: u8 = 1;
const KIND_CONTROL: u8 = 2;
const KIND_SETUP: u8 = 3;

/// Which run of which job a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct RunKey {
    /// The job.
    pub job: JobId,
    /// Counts restarts from 1; every attempt has fresh randomness (protocols S1).
    pub attempt: u32,
}

/// Where a computation frame belongs within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which operation of the run.
    pub op: u32,
    /// Which message of the operation.
    pub step: u8,
    /// Which part of a long vector.
    pub part: u32,
}

/// A decoded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Field elements for a running computation.
    Compute(RunKey, Place, &'a [u8]),
    /// A message of the session's key set-up (`mpc::Setup`).
    Setup(RunKey, &'a [u8]),
    /// Everything else.
    Control(RunKey, Box<Control>),
}

/// Messages around a computation.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Control {
    /// The root of the sender's sealed output shares.
    OutputRoot(Hash),
    /// The sender's signature over the result certificate, and the roots of all members that the certificate's `outputs` is
    /// the hash of: who misses one can take it from here once the chain has the certificate.
    Certified(Certificate, Vec<Hash>, Signature),
    /// The sender gave up, with its signed statement.
    Failed(Failure, Signature),
}

/// A frame that is not of this format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// Shorter than a header.
    Short,
    /// Unknown kind.
    Kind(u8),
    /// The control message does not decode, or reserved bytes are not zero.
    Malformed,
    /// The payload is over the limit.
    TooLong,
}

impl std::fmt::Display for FrameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short => f.write_str("frame is shorter than its header"),
            Self::Kind(kind) => write!(f, "frame has unknown kind {kind}"),
            Self::Malformed => f.write_str("frame does not decode"),
            Self::TooLong => f.write_str("frame is over the size limit"),
        }
    }
}

impl std::error::Error for FrameError {}

/// Encodes a computation frame.
pub fn encode_compute(run: RunKey, place: Place, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER_BYTES + payload.len());
    frame.extend_from_slice(&header(KIND_COMPUTE, run));
    frame[13..17].copy_from_slice(&place.op.to_le_bytes());
    frame[17] = place.step;
    frame[18..22].copy_from_slice(&place.part.to_le_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Encodes a frame of the key set-up.
pub fn encode_setup(run: RunKey, payload: &[u8]) -> Vec<u8> {
    [&header(KIND_SETUP, run), payload].concat()
}

fn header(kind: u8, run: RunKey) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[0] = kind;
    header[1..9].copy_from_slice(&run.job.0.to_le_bytes());
    header[9..13].copy_from_slice(&run.attempt.to_le_bytes());
    header
}

/// Encodes a control frame.
pub fn encode_control(run: RunKey, message: &Control) -> Vec<u8> {
    let mut frame = header(KIND_CONTROL, run).to_vec();
    borsh::to_writer(&mut frame, message).expect("writing to memory cannot fail");
    frame
}

/// Decodes a frame; the only way in for a peer's bytes.
///
/// # Errors
/// When the bytes are not a canonical frame.
pub fn decode(frame: &[u8]) -> Result<Frame<'_>, FrameError> {
    let (header, payload) = frame
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or(FrameError::Short)?;
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(FrameError::TooLong);
    }
    let u32_at = |at: usize| {
        u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let job = u64::from(u32_at(1)) | u64::from(u32_at(5)) << 32;
    let run = RunKey {
        job: JobId(job),
        attempt: u32_at(9),
    };
    let zero_from = |at: usize| header[at..].iter().all(|byte| *byte == 0);
    match header[0] {
        KIND_COMPUTE if zero_from(22) => {
            let place = Place {
                op: u32_at(13),
                step: header[17],
                part: u32_at(18),
            };
            Ok(Frame::Compute(run, place, payload))
        }
        KIND_SETUP if zero_from(13) => Ok(Frame::Setup(run, payload)),
        KIND_CONTROL if zero_from(13) => {
            let message = Control::try_from_slice(payload).map_err(|_| FrameError::Malformed)?;
            Ok(Frame::Control(run, Box::new(message)))
        }
        KIND_COMPUTE | KIND_SETUP | KIND_CONTROL => Err(FrameError::Malformed),
        kind => Err(FrameError::Kind(kind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RUN: RunKey = RunKey {
        job: JobId(0x0102_0304_0506_0708),
        attempt: 9,
    };

    #[test]
    fn frames_round_trip() {
        let place = Place {
            op: 70_000,
            step: 2,
            part: 65_537,
        };
        let bytes = encode_compute(RUN, place, &[1, 2, 3]);
        assert_eq!(bytes.len(), HEADER_BYTES + 3);
        assert_eq!(decode(&bytes), Ok(Frame::Compute(RUN, place, &[1, 2, 3])));
        let message = Control::OutputRoot(Hash([3; 32]));
        let bytes = encode_control(RUN, &message);
        assert_eq!(decode(&bytes), Ok(Frame::Control(RUN, Box::new(message))));
    }

    #[test]
    fn header_layout_is_fixed() {
        let place = Place {
            op: 2,
            step: 3,
            part: 4,
        };
        let bytes = encode_compute(RUN, place, &[]);
        assert_eq!(
            hex::encode(bytes),
            "010807060504030201090000000200000003040000000000"
                .get(..48)
                .expect("24 bytes")
        );
    }

    #[test]
    fn malformed_frames_are_refused() {
        assert_eq!(decode(&[1; 23]), Err(FrameError::Short));
        assert_eq!(decode(&[9; 24]), Err(FrameError::Kind(9)));
        assert_eq!(decode(&[1; 24]), Err(FrameError::Malformed));
        assert_eq!(
            decode(&vec![1; HEADER_BYTES + MAX_PAYLOAD_BYTES + 1]),
            Err(FrameError::TooLong)
        );
        let mut trailing = encode_control(RUN, &Control::OutputRoot(Hash::default()));
        trailing.push(0);
        assert_eq!(decode(&trailing), Err(FrameError::Malformed));
    }

    proptest! {
        #[test]
        fn decoding_never_panics_and_is_canonical(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            match decode(&bytes) {
                Ok(Frame::Compute(run, place, payload)) => prop_assert_eq!(encode_compute(run, place, payload), bytes),
                Ok(Frame::Setup(run, payload)) => prop_assert_eq!(encode_setup(run, payload), bytes),
                Ok(Frame::Control(run, message)) => prop_assert_eq!(encode_control(run, &message), bytes),
                Err(_) => {}
            }
        }
    }
}
