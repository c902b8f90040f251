//! Bytes on a link: a hello, then frames.
//!
//! ```text
//! hello  "EnLk" version:u8
//! frame  len:u32le kind:u8 payload:[u8; len - 1]     len counts kind and payload
//! kind   0 data, 1 ping (no payload), 2 farewell (no payload), 3 about (first frame; once)
//! about  time:u64le version:utf8     the sender's clock in Unix seconds, its program's version
//! ```
//!
//! The hello keeps its form in every version, so that two versions can at least name each other.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::DownReason;

/// Version of the framing; both sides of a link must agree.
pub const PROTOCOL_VERSION: u8 = 5;

pub(crate) const HELLO_LEN: usize = 5;
/// Bytes added to each payload.
pub(crate) const HEADER_LEN: usize = 5;
const MAGIC: [u8; 4] = *b"EnLk";
const DATA: u8 = 0;
const PING: u8 = 1;
const FAREWELL: u8 = 2;
const ABOUT: u8 = 3;

/// Longest text of a program's version, in bytes.
pub(crate) const VERSION_LEN_MAX: usize = 32;
/// Bytes of an about frame before the version.
const TIME_LEN: usize = 8;

// Payloads up to this length are copied out of the read buffer, so that a small frame kept for long
// does not hold on to the large buffer it arrived in.
const COPY_LIMIT: usize = 8 << 10;

/// What this side says first.
pub(crate) fn hello() -> [u8; HELLO_LEN] {
    [MAGIC[0], MAGIC[1], MAGIC[2], MAGIC[3], PROTOCOL_VERSION]
}

/// The version in the other side's hello, or nothing if it is not a hello.
pub(crate) fn hello_version(hello: &[u8; HELLO_LEN]) -> Option<u8> {
    hello.strip_prefix(&MAGIC).map(|rest| rest[0])
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Data(Bytes),
    Ping,
    Farewell,
    About(About),
}

/// What a peer says about itself when the link begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    /// Its clock, in Unix seconds.
    pub(crate) time: u64,
    /// Its program's version: printable ASCII.
    pub(crate) version: String,
}

pub(crate) fn put_data(out: &mut Vec<u8>, payload: &[u8]) {
    put_data_header(out, payload.len());
    out.put_slice(payload);
}

/// What precedes a payload.
pub(crate) fn put_data_header(out: &mut Vec<u8>, payload_len: usize) {
    put_header(out, payload_len, DATA);
}

pub(crate) fn put_ping(out: &mut Vec<u8>) {
    put_header(out, 0, PING);
}

pub(crate) fn put_farewell(out: &mut Vec<u8>) {
    put_header(out, 0, FAREWELL);
}

pub(crate) fn put_about(out: &mut Vec<u8>, about: &About) {
    put_header(out, TIME_LEN + about.version.len(), ABOUT);
    out.put_u64_le(about.time);
    out.put_slice(about.version.as_bytes());
}

fn about(payload: &[u8]) -> Result<About, DownReason> {
    let (time, version) = payload
        .split_first_chunk::<TIME_LEN>()
        .ok_or(DownReason::BadFrame)?;
    if !version.iter().all(u8::is_ascii_graphic) {
        return Err(DownReason::BadFrame);
    }
    Ok(About {
        time: u64::from_le_bytes(*time),
        version: String::from_utf8_lossy(version).into_owned(),
    })
}

fn put_header(out: &mut Vec<u8>, payload_len: usize, kind: u8) {
    let len =
        u32::try_from(payload_len + 1).expect("Net::send and Config::check bound the payload");
    out.put_u32_le(len);
    out.put_u8(kind);
}

/// Takes the next whole frame from the front of `buffer`. `Ok(None)` means that more bytes are needed.
///
/// # Errors
/// The reason to close the link. The announced length is checked as soon as the header is there, so
/// that the caller never gathers more than `max` bytes and a header.
pub(crate) fn take(buffer: &mut BytesMut, max: usize) -> Result<Option<Frame>, DownReason> {
    if buffer.len() < HEADER_LEN {
        return Ok(None);
    }
    let body_len = u32::from_le_bytes([buffer[0], buffer[1], buffer[2], buffer[3]]) as usize;
    let kind = buffer[4];
    let Some(payload_len) = body_len.checked_sub(1) else {
        return Err(DownReason::BadFrame);
    };
    match kind {
        DATA if payload_len > max => {
            return Err(DownReason::Oversize {
                len: payload_len,
                max,
            });
        }
        DATA => {}
        PING | FAREWELL if payload_len == 0 => {}
        ABOUT if payload_len <= TIME_LEN + VERSION_LEN_MAX => {}
        _ => return Err(DownReason::BadFrame),
    }
    if buffer.len() < HEADER_LEN + payload_len {
        buffer.reserve(HEADER_LEN + payload_len - buffer.len());
        return Ok(None);
    }
    buffer.advance(HEADER_LEN);
    Ok(Some(match kind {
        DATA if payload_len <= COPY_LIMIT => {
            let payload = Bytes::copy_from_slice(&buffer[..payload_len]);
            buffer.advance(payload_len);
            Frame::Data(payload)
        }
        DATA => Frame::Data(buffer.split_to(payload_len).freeze()),
        ABOUT => Frame::About(about(&buffer.split_to(payload_len))?),
        PING => Frame::Ping,
        _ => Frame::Farewell,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all(bytes: &[u8], max: usize, step: usize) -> Result<Vec<Frame>, DownReason> {
        let mut buffer = BytesMut::new();
        let mut frames = Vec::new();
        for piece in bytes.chunks(step) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = take(&mut buffer, max)? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    #[test]
    fn frames_survive_any_split() {
        let large = vec![7u8; COPY_LIMIT + 1];
        let mut bytes = Vec::new();
        put_data(&mut bytes, b"abc");
        put_ping(&mut bytes);
        let about = About {
            time: 1_700_000_000,
            version: "0.1.0".to_owned(),
        };
        put_about(&mut bytes, &about);
        put_data(&mut bytes, b"");
        put_data(&mut bytes, &large);
        put_farewell(&mut bytes);
        let expected = [
            Frame::Data("abc".into()),
            Frame::Ping,
            Frame::About(about),
            Frame::Data(Bytes::new()),
            Frame::Data(large.clone().into()),
            Frame::Farewell,
        ];
        for step in [1, 2, 5, 7, 1000, bytes.len()] {
            assert_eq!(
                take_all(&bytes, large.len(), step).expect("all frames are well-formed"),
                expected
            );
        }
    }

    #[test]
    fn malformed_headers_are_refused_before_their_payload() {
        let header = |len: u32, kind: u8| [&len.to_le_bytes()[..], &[kind]].concat();
        let cases = [
            (header(0, DATA), DownReason::BadFrame),
            (header(2, PING), DownReason::BadFrame),
            (header(9, FAREWELL), DownReason::BadFrame),
            (header(1, 4), DownReason::BadFrame),
            (header(1, ABOUT), DownReason::BadFrame),
            (
                header(2 + (TIME_LEN + VERSION_LEN_MAX) as u32, ABOUT),
                DownReason::BadFrame,
            ),
            (header(12, DATA), DownReason::Oversize { len: 11, max: 10 }),
            (
                header(u32::MAX, DATA),
                DownReason::Oversize {
                    len: u32::MAX as usize - 1,
                    max: 10,
                },
            ),
        ];
        for (bytes, reason) in cases {
            assert_eq!(take_all(&bytes, 10, 5), Err(reason));
        }
        assert_eq!(take_all(&header(11, DATA), 10, 5), Ok(vec![]));
    }

    #[test]
    fn hello_names_the_version() {
        assert_eq!(hello_version(&hello()), Some(PROTOCOL_VERSION));
        assert_eq!(hello_version(b"EnLk\x07"), Some(7));
        assert_eq!(hello_version(b"GET /"), None);
    }
}
