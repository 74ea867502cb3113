//! Load over HTTP/1.1: callers who each have a connection that stays, and call again as soon as they are answered.

use super::load::{Counted, Failed};
use bytes::Bytes;
use futures::future::try_join_all;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// A request that is to be made.
#[derive(Debug, Clone)]
pub struct Ask {
    /// With which method.
    pub method: Method,
    /// For what, with parameters.
    pub path: String,
    /// JSON, or nothing.
    pub body: String,
}

/// What came of it.
#[derive(Debug)]
pub struct Answers {
    took: Duration,
    counted: Counted,
}

impl Answers {
    /// Requests in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        f64::from(self.counted.answered) / self.took.as_secs_f64()
    }

    /// So many µs took that part of them, at most.
    #[must_use]
    pub fn percentile(&self, part: f64) -> f64 {
        Duration::from_nanos(self.counted.latencies.value_at_quantile(part)).as_secs_f64() * 1e6
    }
}

/// Somebody who asks: what he asks next.
pub type Asker = Box<dyn FnMut() -> Ask>;

/// Lets them ask until the time is over, some of which is not counted.
///
/// # Panics
/// If an answer is not 200.
pub async fn run(address: SocketAddr, askers: Vec<Asker>, turn: Duration) -> Answers {
    let begins = Instant::now() + turn / 4;
    let ends = begins + turn;
    let asking = try_join_all(askers.into_iter().map(|asker| ask(address, asker, begins..ends)));
    let mut all = Counted::none();
    for some in asking.await.expect("answers") {
        all.add(&some);
    }
    Answers { took: turn, counted: all }
}

/// Asks once for each of these, one after the other.
///
/// # Panics
/// If an answer is not 200.
pub async fn each(address: SocketAddr, asks: impl IntoIterator<Item = Ask>) {
    let mut sender = connect(address).await.expect("a connection");
    for ask in asks {
        answered(&mut sender, address, ask).await.expect("an answer");
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, Failed> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with its sender.
    tokio::spawn(connection);
    Ok(sender)
}

async fn ask(address: SocketAddr, mut asker: Asker, within: Range<Instant>) -> Result<Counted, Failed> {
    let (mut sender, mut counted) = (connect(address).await?, Counted::none());
    loop {
        let ask = asker();
        let began = Instant::now();
        if began >= within.end {
            return Ok(counted);
        }
        answered(&mut sender, address, ask).await?;
        counted.saw(began, &within);
    }
}

async fn answered(sender: &mut SendRequest<Full<Bytes>>, address: SocketAddr, ask: Ask) -> Result<(), Failed> {
    let Ask { method, path, body } = ask;
    // A server may close a connection that it has answered on.
    if sender.ready().await.is_err() {
        *sender = connect(address).await?;
    }
    let request = Request::builder().method(method).uri(&path).header(HOST, address.to_string());
    let request = request.header(CONTENT_TYPE, "application/json").body(Full::new(Bytes::from(body)))?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let answer = response.into_body().collect().await?.to_bytes();
    if status == 200 { Ok(()) } else { Err(format!("{path} answered {status}: {}", String::from_utf8_lossy(&answer)).into()) }
}
