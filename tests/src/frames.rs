//! HTTP/2 by hand, frame by frame, for what not even an HTTP library would send.

use bytes::{BufMut, BytesMut};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// With what a connection begins.
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was an answer, whatever it says.
    Answered,
    /// The server refused the stream, with this error code.
    Reset(u32),
    /// The server refused the connection, with this error code.
    GoAway(u32),
    /// The server closed the connection.
    Closed,
}

/// A connection.
#[derive(Debug)]
pub struct Frames(TcpStream);

impl Frames {
    /// Connects and says what HTTP/2 begins with.
    ///
    /// # Panics
    /// If there is no connection.
    pub async fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(PREFACE).await.expect("a connection that takes bytes");
        let mut frames = Self(stream);
        frames.send(SETTINGS, 0, 0, &[]).await;
        frames
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut frame = BytesMut::new();
        put(&mut frame, kind, flags, stream, payload);
        let _ = self.0.write_all(&frame).await; // the server may have closed by now; `outcome` says so
    }

    /// Sends a whole gRPC request as stream 1, with the key of an admin and these headers as they are, and waits for what becomes of it.
    ///
    /// # Panics
    /// If nothing becomes of it in 10 s.
    pub async fn request(mut self, path: &[u8], more: &[(&[u8], &[u8])], body: &[u8]) -> Outcome {
        let more = more.iter().flat_map(|(name, value)| literal(name, value));
        let block: Vec<u8> = usual(path).into_iter().chain(more).collect();
        self.send(HEADERS, END_HEADERS, 1, &block).await;
        self.send(DATA, END_STREAM, 1, body).await;
        timeout(Duration::from_secs(10), self.outcome()).await.expect("the request comes to something")
    }

    /// What comes at once for a request, after one like it was answered: the kinds of the frames of its answer that one read finds, and
    /// whether the last of them ends it.
    ///
    /// # Panics
    /// If nothing comes in 10 s.
    pub async fn at_once(mut self, path: &[u8], body: &[u8]) -> (Vec<u8>, bool) {
        for stream in [1, 3] {
            self.send(HEADERS, END_HEADERS, stream, &usual(path)).await;
            self.send(DATA, END_STREAM, stream, body).await;
            let mut answered = stream == 3;
            while !answered {
                let frame = timeout(Duration::from_secs(10), self.next()).await.expect("a frame in time");
                let (kind, flags, of, _) = frame.expect("a connection that stays open");
                answered = of == stream && [HEADERS, DATA].contains(&kind) && flags & END_STREAM != 0;
            }
        }
        let mut read = vec![0; 64 * 1024];
        let length = timeout(Duration::from_secs(10), self.0.read(&mut read)).await.expect("bytes in time").expect("bytes");
        let (mut rest, mut kinds, mut ends) = (&read[..length], Vec::new(), false);
        while let [a, b, c, kind, flags, s, t, u, v, more @ ..] = rest {
            let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).expect("a length");
            if u32::from_be_bytes([*s, *t, *u, *v]) == 3 {
                kinds.push(*kind);
                ends = flags & END_STREAM != 0 && more.len() >= length;
            }
            rest = more.get(length..).unwrap_or_default();
        }
        (kinds, ends)
    }

    /// The settings that the server begins with: their identifiers and values.
    ///
    /// # Panics
    /// If there are none in 10 s.
    pub async fn settings(mut self) -> HashMap<u16, u32> {
        let first = timeout(Duration::from_secs(10), self.next()).await.expect("a frame in time");
        let Some((SETTINGS, 0, 0, payload)) = first else { panic!("the first frame holds no settings: {first:?}") };
        let setting = |bytes: &[u8]| (u16::from_be_bytes([bytes[0], bytes[1]]), number(&bytes[2..]));
        payload.chunks_exact(6).map(setting).collect()
    }

    async fn outcome(mut self) -> Outcome {
        loop {
            let Some((kind, flags, stream, payload)) = self.next().await else { return Outcome::Closed };
            match kind {
                HEADERS | DATA if stream == 1 && flags & END_STREAM != 0 => return Outcome::Answered,
                RST_STREAM if stream == 1 => return Outcome::Reset(number(&payload)),
                GOAWAY => return Outcome::GoAway(number(payload.get(4..).unwrap_or_default())),
                _ => {}
            }
        }
    }

    async fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]).try_into().ok()?];
        self.0.read_exact(&mut payload).await.ok()?;
        Some((kind, flags, u32::from_be_bytes(stream), payload))
    }
}

/// Puts a frame behind others.
pub(crate) fn put(frames: &mut BytesMut, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("a frame of a usual size").to_be_bytes();
    frames.put_slice(&length[1..]);
    frames.put_slice(&[kind, flags]);
    frames.put_u32(stream);
    frames.put_slice(payload);
}

/// The headers of every gRPC request, with the key of an admin.
pub(crate) fn usual(path: &[u8]) -> Vec<u8> {
    usual_with(path, &format!("Bearer {}", crate::keys::ADMIN))
}

/// The same, with other credentials.
pub(crate) fn usual_with(path: &[u8], key: &str) -> Vec<u8> {
    let usual: [(&[u8], &[u8]); 7] = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path),
        (b":authority", b"registry"),
        (b"content-type", b"application/grpc"),
        (b"te", b"trailers"),
        (b"authorization", key.as_bytes()),
    ];
    usual.iter().flat_map(|(name, value)| literal(name, value)).collect()
}

/// A header that no table remembers.
pub(crate) fn literal(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut block = vec![0];
    string(&mut block, name);
    string(&mut block, value);
    block
}

fn number(bytes: &[u8]) -> u32 {
    bytes.get(..4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// A string of HPACK, not compressed: its length in the seven bits of a byte, and in further bytes if need be.
fn string(block: &mut Vec<u8>, text: &[u8]) {
    let mut rest = match u8::try_from(text.len()) {
        Ok(length) if length < 127 => {
            block.push(length);
            block.extend_from_slice(text);
            return;
        }
        _ => text.len() - 127,
    };
    block.push(127);
    while rest >= 128 {
        block.push(u8::try_from(rest % 128 + 128).expect("a byte"));
        rest /= 128;
    }
    block.push(u8::try_from(rest).expect("a byte"));
    block.extend_from_slice(text);
}
