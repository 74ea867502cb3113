//! Standard input as something that can be read without waiting. It is read by a thread of its own, which nobody waits for: whoever types may have
//! nothing more to say when the program ends.

use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How much is read at once.
const CHUNK: usize = 256 * 1024;
/// How many of them wait at the most.
const WAITING: usize = 4;

/// What has been read.
pub struct StandardInput {
    chunks: Receiver<io::Result<Bytes>>,
    chunk: Bytes,
}

impl StandardInput {
    /// From here to its end.
    pub fn read() -> Self {
        let (sender, chunks) = channel(WAITING);
        thread::spawn(move || forward(&sender));
        Self { chunks, chunk: Bytes::new() }
    }
}

fn forward(sender: &Sender<io::Result<Bytes>>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = match io::stdin().lock().read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => Ok(Bytes::copy_from_slice(buffer.get(..count).unwrap_or_default())),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = read.is_err();
        if sender.blocking_send(read).is_err() || failed {
            return;
        }
    }
}

impl AsyncRead for StandardInput {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.chunk.is_empty() {
            match ready!(self.chunks.poll_recv(context)) {
                None => return Poll::Ready(Ok(())),
                Some(chunk) => self.chunk = chunk?,
            }
        }
        let count = self.chunk.len().min(buffer.remaining());
        buffer.put_slice(self.chunk.get(..count).unwrap_or_default());
        self.chunk.advance(count);
        Poll::Ready(Ok(()))
    }
}
