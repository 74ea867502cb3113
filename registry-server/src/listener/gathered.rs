//! Gathers what a connection writes, so that answers that are ready together leave together.
//!
//! HTTP/2 flushes after each frame of data: an answer would be written in two parts, its status apart, and each connection would be
//! written to as often as it has calls. A write costs as much as a whole read from memory, so what HTTP/2 has written is kept here until
//! whoever is ready to run has run: they may have answers for the same connection. Nothing waits for a time.
//!
//! May not: keep more than [`ROOM`], or hold back a byte when there is nothing else to do.

use bytes::{Buf, BytesMut};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much is kept at most. What is larger is written as it is.
const ROOM: usize = 64 * 1024;
/// From how much on nobody is waited for.
const ENOUGH: usize = 16 * 1024;

/// The connection for HTTP/2, and what writes for it.
pub(super) fn around<W: AsyncRead + AsyncWrite + Unpin>(wire: W) -> (Gathered<W>, Written<W>) {
    let both = Arc::new(Mutex::new(Wire { wire, kept: BytesMut::new(), waited: false }));
    (Gathered(Arc::clone(&both)), Written(both))
}

/// What HTTP/2 reads from and writes to.
pub(super) struct Gathered<W>(Arc<Mutex<Wire<W>>>);

/// Writes what is kept, after HTTP/2 has done what it had to do.
pub(super) struct Written<W>(Arc<Mutex<Wire<W>>>);

struct Wire<W> {
    wire: W,
    kept: BytesMut,
    /// Whether others have had their turn since something was kept.
    waited: bool,
}

/// Held for no longer than a poll of one task, which holds it once.
fn lock<W>(wire: &Mutex<Wire<W>>) -> MutexGuard<'_, Wire<W>> {
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: AsyncWrite + Unpin> Wire<W> {
    /// Writes all that is kept.
    fn poll_empty(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.kept.is_empty() {
            match ready!(Pin::new(&mut self.wire).poll_write(cx, &self.kept))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                some => self.kept.advance(some),
            }
        }
        self.waited = false;
        if self.kept.capacity() > ENOUGH {
            self.kept = BytesMut::new();
        }
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    /// Makes room for so many bytes.
    fn poll_room(&mut self, cx: &mut Context<'_>, bytes: usize) -> Poll<io::Result<()>> {
        if self.kept.len().saturating_add(bytes) > ROOM { self.poll_empty(cx) } else { Poll::Ready(Ok(())) }
    }

    /// Writes what is kept, once everybody else has had his turn.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.kept.is_empty() && !self.waited && self.kept.len() < ENOUGH {
            self.waited = true;
            cx.waker().wake_by_ref(); // behind all who are ready now
            return Poll::Pending;
        }
        self.poll_empty(cx)
    }
}

impl<W: AsyncWrite + Unpin> Written<W> {
    /// Lets HTTP/2 do its work until it ends, and writes what it has written. A connection that cannot be written to is found to be broken
    /// by HTTP/2 itself.
    pub(super) async fn after<T>(&self, mut serving: Pin<&mut impl Future<Output = T>>) -> T {
        std::future::poll_fn(|cx| {
            let served = serving.as_mut().poll(cx);
            // It is polled again when it can be written to; what went wrong is told at the next write.
            let _ = lock(&self.0).poll_turn(cx);
            served
        })
        .await
    }
}

impl<W: AsyncRead + Unpin> AsyncRead for Gathered<W> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.0).wire).poll_read(cx, buffer)
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Gathered<W> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut wire = lock(&self.0);
        ready!(wire.poll_room(cx, bytes.len()))?;
        if bytes.len() > ROOM {
            return Pin::new(&mut wire.wire).poll_write(cx, bytes);
        }
        wire.kept.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut wire = lock(&self.0);
        let all = bytes.iter().map(|some| some.len()).sum();
        ready!(wire.poll_room(cx, all))?;
        if all > ROOM {
            return Pin::new(&mut wire.wire).poll_write_vectored(cx, bytes);
        }
        bytes.iter().for_each(|some| wire.kept.extend_from_slice(some));
        Poll::Ready(Ok(all))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// It is written soon, and needs nobody to wait for it.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wire = lock(&self.0);
        ready!(wire.poll_empty(cx))?;
        Pin::new(&mut wire.wire).poll_shutdown(cx)
    }
}
