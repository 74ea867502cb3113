//! Load: callers that call again as soon as they are answered, over a few connections.
//!
//! On HTTP/2 itself, because a generated client costs as much as the server that it calls. Every answer is looked at: one that is not OK
//! ends the measurement.

use super::report::number;
use super::server::Server;
use bytes::{BufMut, Bytes, BytesMut};
use futures::future::try_join_all;
use h2::RecvStream;
use h2::client::SendRequest;
use hdrhistogram::Histogram;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, TE};
use http::{Method, Request, Uri};
use prost::Message;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// How many callers share a connection.
const CALLERS_A_CONNECTION: usize = 8;
/// More than any answer.
const WINDOW: u32 = 8 * 1024 * 1024;

/// A call that is to be made.
#[derive(Debug, Clone)]
pub struct Call {
    path: &'static str,
    frame: Bytes,
}

impl Call {
    /// Of a method, with that message.
    #[must_use]
    pub fn new(path: &'static str, message: &impl Message) -> Self {
        let length = message.encoded_len();
        let mut frame = BytesMut::with_capacity(length + 5);
        frame.put_u8(0);
        frame.put_u32(u32::try_from(length).expect("a message of less than 4 GiB"));
        message.encode(&mut frame).expect("room for the message");
        Self { path, frame: frame.freeze() }
    }
}

/// Somebody who calls: what he calls next.
pub type Caller = Box<dyn FnMut() -> Call>;

/// What came of a load.
#[derive(Debug, Clone)]
pub struct Sample {
    /// How many calls were answered within that time.
    pub calls: u32,
    /// How long it took.
    pub took: Duration,
    /// How long each that began within that time took, in ns.
    pub latencies: Histogram<u64>,
    /// The time of processors that the server used.
    pub server: Duration,
    /// The time of processors that the load used.
    pub load: Duration,
}

impl Sample {
    /// Calls in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        f64::from(self.calls) / self.took.as_secs_f64()
    }

    /// So many µs took that part of the calls, at most.
    #[must_use]
    pub fn percentile(&self, part: f64) -> f64 {
        Duration::from_nanos(self.latencies.value_at_quantile(part)).as_secs_f64() * 1e6
    }

    /// How many µs of a processor the server used for a call.
    #[must_use]
    pub fn cpu(&self) -> f64 {
        self.server.as_secs_f64() * 1e6 / f64::from(self.calls)
    }

    /// How busy the load kept its core: near 1 it is what is measured.
    #[must_use]
    pub fn busy(&self) -> f64 {
        self.load.as_secs_f64() / self.took.as_secs_f64()
    }

    /// Percentiles in µs, and what a call costs.
    #[must_use]
    pub fn text(&self) -> String {
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|part| number(self.percentile(part)));
        format!("p50/p99/p999 {p50}/{p99}/{p999} µs, {} µs CPU a call, load {:.0} %", number(self.cpu()), self.busy() * 100.0)
    }
}

/// Lets them call until the time is over, some of which is not counted.
///
/// # Panics
/// If a call fails.
pub async fn run(server: &Server, callers: Vec<Caller>, turn: Duration) -> Sample {
    server.forget_its_log();
    let connections = callers.len().div_ceil(CALLERS_A_CONNECTION);
    let mut senders = Vec::new();
    for _ in 0..connections {
        senders.push(connect(server.address()).await.expect("a connection"));
    }
    let warm = turn / 4;
    let begins = Instant::now() + warm;
    let ends = begins + turn;
    let authority = server.address();
    let calling = callers.into_iter().zip((0..connections).cycle()).map(|(caller, connection)| {
        let sender = senders[connection].clone();
        call(sender, authority, caller, begins..ends)
    });
    let calling = try_join_all(calling);
    let used = async {
        tokio::time::sleep_until(begins.into()).await;
        let before = (server.cpu(), super::server::cpu(std::process::id()));
        tokio::time::sleep_until(ends.into()).await;
        (server.cpu().saturating_sub(before.0), super::server::cpu(std::process::id()).saturating_sub(before.1))
    };
    let (counted, (server, load)) = futures::join!(calling, used);
    let mut all = Counted::none();
    for some in counted.expect("answers") {
        all.add(&some);
    }
    Sample { calls: all.answered, took: turn, latencies: all.latencies, server, load }
}

/// What is counted of calls, between two moments.
#[derive(Debug)]
pub(super) struct Counted {
    /// How many were answered, whenever they began.
    pub(super) answered: u32,
    /// How long each that began took, whenever it ended.
    pub(super) latencies: Histogram<u64>,
}

impl Counted {
    pub(super) fn none() -> Self {
        Self { answered: 0, latencies: empty() }
    }

    /// A call that began then and was answered now.
    pub(super) fn saw(&mut self, began: Instant, within: &Range<Instant>) {
        let now = Instant::now();
        self.answered += u32::from(within.contains(&now));
        if within.contains(&began) {
            self.latencies.saturating_record(u64::try_from((now - began).as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// What was counted of others.
    pub(super) fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.latencies.add(&other.latencies).expect("histograms of one kind");
    }
}

/// Up to a minute, three digits.
pub(super) fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("bounds that are in order")
}

pub(super) async fn connect(address: SocketAddr) -> Result<SendRequest<Bytes>, Failed> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(WINDOW).initial_connection_window_size(WINDOW * 4).max_header_list_size(16 * 1024);
    let (sender, connection) = builder.handshake(stream).await?;
    // It ends with its senders.
    tokio::spawn(connection);
    Ok(sender)
}

async fn call(
    mut sender: SendRequest<Bytes>,
    authority: SocketAddr,
    mut caller: Caller,
    within: Range<Instant>,
) -> Result<Counted, Failed> {
    let mut counted = Counted::none();
    loop {
        let call = caller();
        let began = Instant::now();
        if began >= within.end {
            return Ok(counted);
        }
        sender = answered(sender, authority, call).await?;
        counted.saw(began, &within);
    }
}

pub(super) async fn answered(
    sender: SendRequest<Bytes>,
    authority: SocketAddr,
    call: Call,
) -> Result<SendRequest<Bytes>, Failed> {
    let path = call.path;
    let (sender, mut answer) = begun(sender, authority, call).await?;
    while let Some(data) = answer.data().await {
        let length = data?.len();
        answer.flow_control().release_capacity(length)?;
    }
    let trailers = answer.trailers().await?;
    match trailers.as_ref().and_then(|trailers| trailers.get("grpc-status")) {
        Some(status) if status == "0" => Ok(sender),
        status => Err(format!("{path} ended with {status:?}").into()),
    }
}

/// Asks, and waits until the answer begins.
pub(super) async fn begun(
    sender: SendRequest<Bytes>,
    authority: SocketAddr,
    call: Call,
) -> Result<(SendRequest<Bytes>, RecvStream), Failed> {
    let mut sender = sender.ready().await?;
    let uri = Uri::builder().scheme("http").authority(authority.to_string()).path_and_query(call.path).build()?;
    let mut request = Request::builder().method(Method::POST).uri(uri);
    if let Some(headers) = request.headers_mut() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static(bearer()));
    }
    let (response, mut body) = sender.send_request(request.body(())?, false)?;
    body.send_data(call.frame, true)?;
    let response = response.await?;
    if let Some(status) = response.headers().get("grpc-status").filter(|status| *status != "0") {
        return Err(format!("{} answered {status:?}: {:?}", call.path, response.headers().get("grpc-message")).into());
    }
    Ok((sender, response.into_body()))
}

/// The first key of every registry that is measured.
fn bearer() -> &'static str {
    static BEARER: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    BEARER.get_or_init(|| format!("Bearer {}", crate::keys::ADMIN))
}

/// Why something was not answered.
pub(super) type Failed = Box<dyn std::error::Error + Send + Sync>;
