//! The beginning of HTTP/2, read before HTTP/2 does: only so can a connection that never begins be told from one at work.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection is made of: bytes in both directions, secure or not.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A connection whose preface has been read already, and is read once more by HTTP/2.
pub(super) struct Begun {
    read: usize,
    wire: Box<dyn Wire>,
}

impl Begun {
    /// Reads the preface. Refuses the first byte that does not belong to one, so that nobody waits for the rest of a
    /// request of HTTP/1 or of a TLS hello.
    pub(super) async fn read(mut wire: Box<dyn Wire>) -> io::Result<Self> {
        let mut preface = [0; PREFACE.len()];
        let mut read = 0;
        while let Some(rest @ [_, ..]) = preface.get_mut(read..) {
            let more = wire.read(rest).await?;
            read += more;
            if more == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if preface.get(..read) != PREFACE.get(..read) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "this is not HTTP/2"));
            }
        }
        Ok(Self { read: 0, wire })
    }
}

impl AsyncRead for Begun {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let rest = PREFACE.get(self.read..).unwrap_or_default();
        if rest.is_empty() {
            return Pin::new(&mut self.wire).poll_read(cx, buffer);
        }
        let some = rest.get(..rest.len().min(buffer.remaining())).unwrap_or_default();
        buffer.put_slice(some);
        self.read += some.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Begun {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }
}
