//! Calls with wrong keys, made by hand: they cost whoever sends them so little that what is measured is the server.

use crate::frames::{self, PREFACE};
use crate::{keys, raw};
use bytes::{Bytes, BytesMut};
use registry_client::ModelRef;
use registry_client::pb::GetModelRequest;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

const GET: &[u8] = b"/modelregistry.v1.ModelService/GetModel";
/// How often some are sent.
const TICKS: u64 = 50;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// One connection that guesses, until this value goes.
#[derive(Debug)]
pub struct Guesses {
    refused: Arc<AtomicU64>,
    _sending: AbortOnDropHandle<()>,
    _reading: AbortOnDropHandle<()>,
}

impl Guesses {
    /// Begins to send so many wrong keys a second, evenly; each is another one of the same key.
    ///
    /// # Panics
    /// If there is no connection.
    pub async fn begin(address: SocketAddr, rate: u64) -> Self {
        let (read, write) = TcpStream::connect(address).await.expect("a connection").into_split();
        let refused = Arc::<AtomicU64>::default();
        let _sending = AbortOnDropHandle::new(tokio::spawn(send(write, rate)));
        let _reading = AbortOnDropHandle::new(tokio::spawn(count(read, Arc::clone(&refused))));
        Self { refused, _sending, _reading }
    }

    /// How many were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

async fn send(mut write: OwnedWriteHalf, rate: u64) {
    let mut bytes = BytesMut::from(PREFACE.as_slice());
    frames::put(&mut bytes, SETTINGS, 0, 0, &[]);
    let body = raw::framed(&GetModelRequest { model_ref: Some(ModelRef::by_name("iris").into()), view: 0 });
    let mut ticks = interval(Duration::from_secs(1) / u32::try_from(TICKS).expect("a few"));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut stream, mut due) = (1, 0);
    loop {
        ticks.tick().await;
        due += rate;
        for _ in 0..due / TICKS {
            guess(&mut bytes, stream, &body);
            stream += 2;
        }
        due %= TICKS;
        if write.write_all(&bytes.split()).await.is_err() {
            return; // it shows in the number
        }
    }
}

fn guess(bytes: &mut BytesMut, stream: u32, body: &Bytes) {
    let (public, _) = keys::ADMIN.split_at(keys::ADMIN.len() - 64);
    let random: [u128; 2] = rand::random();
    let key = format!("Bearer {public}{:032x}{:032x}", random[0], random[1]);
    frames::put(bytes, HEADERS, END_HEADERS, stream, &frames::usual_with(GET, &key));
    frames::put(bytes, DATA, END_STREAM, stream, body);
}

/// Counts answers: each is one frame of headers.
async fn count(mut read: OwnedReadHalf, refused: Arc<AtomicU64>) {
    let mut head = [0; 9];
    while read.read_exact(&mut head).await.is_ok() {
        let [a, b, c, kind, ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]).try_into().expect("a usual length")];
        if read.read_exact(&mut payload).await.is_err() {
            return;
        }
        refused.fetch_add(u64::from(kind == HEADERS), Ordering::Relaxed);
    }
}
