//! One request over HTTP/1.1, one connection.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer, in its parts.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Status line and headers, in lower case.
    pub head: String,
    /// What comes after.
    pub body: String,
}

/// Asks, and reads to the end of the connection; `None` if there is no answer.
pub async fn ask(address: SocketAddr, method: &str, path: &str, content: &str) -> Option<Answer> {
    ask_with(address, method, path, "", content).await
}

/// The same, with further lines in its head, each with its end.
pub async fn ask_with(address: SocketAddr, method: &str, path: &str, lines: &str, content: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let length = content.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{lines}content-length: {length}\r\n\r\n");
    stream.write_all((head + content).as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_lowercase(), body: body.to_owned() })
}
