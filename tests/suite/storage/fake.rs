//! Somebody who speaks S3 badly, in one way, to whoever asks.

use registry_server::storage::{S3Settings, Storage, StorageTarget};
use registry_tests::s3;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How long a request may take here.
pub(super) const DEADLINE: Duration = Duration::from_secs(3);

/// What it does with every request.
#[derive(Debug, Clone)]
pub(super) enum Manner {
    /// Reads it, and says nothing.
    Silent,
    /// Takes no notice of it: the connection is there, and nothing is read.
    Deaf,
    /// Closes the connection without a word.
    Cut,
    /// Says this, and closes the connection.
    Says(Vec<u8>),
    /// Says this, and then nothing.
    Stops(Vec<u8>),
}

/// A head and a body, of which the head may say what it likes.
pub(super) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status}\r\n{headers}\r\n").into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// The answer to a request that failed, as S3 gives it.
pub(super) fn error(status: &str, code: &str, message: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    answer(status, &format!("content-length: {}\r\n", body.len()), body.as_bytes())
}

#[derive(Debug)]
pub(super) struct Fake {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Fake {
    pub(super) async fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, heads) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let accepting = tokio::spawn({
            let heads = Arc::clone(&heads);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(behave(stream, manner.clone(), Arc::clone(&heads)));
                }
            }
        });
        Self { address, heads, accepting }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of the requests that came.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub(super) fn settings(&self) -> S3Settings {
        S3Settings { deadline: DEADLINE, ..s3::settings("bucket", &self.endpoint()) }
    }

    pub(super) async fn storage(&self) -> Storage {
        Storage::open(&StorageTarget::S3(self.settings())).await.unwrap()
    }
}

async fn behave(mut stream: TcpStream, manner: Manner, heads: Arc<Mutex<Vec<String>>>) {
    if !matches!(manner, Manner::Deaf) {
        let Some(head) = request(&mut stream).await else { return };
        heads.lock().unwrap().push(head);
    }
    match manner {
        Manner::Cut => {}
        Manner::Says(words) => {
            stream.write_all(&words).await.ok();
            stream.shutdown().await.ok();
        }
        Manner::Stops(words) => {
            stream.write_all(&words).await.ok();
            std::future::pending::<()>().await;
        }
        Manner::Silent | Manner::Deaf => std::future::pending::<()>().await,
    }
}

/// Reads a request to its end; its head.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if bytes.len() >= head.len() + 4 + length.unwrap_or(0) {
                return Some(head.to_owned());
            }
        }
        let mut some = [0; 16 * 1024];
        let count @ 1.. = stream.read(&mut some).await.ok()? else { return None };
        bytes.extend_from_slice(&some[..count]);
    }
}
