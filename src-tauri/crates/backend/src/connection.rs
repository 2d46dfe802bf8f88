//! One accepted connection, with the faults that it can inject.
//!
//! Faults are injected below HTTP, in the socket that hyper writes to, so they are exact to the byte: a stalled
//! connection keeps what hyper has already encoded, a reset discards it, a cut ends after the requested byte.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::lock;

/// How a connection is closed below HTTP, without a final chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HangUp {
    /// The socket is closed: the client reads what was sent, then the end of the connection within the body.
    Fin,
    /// `SO_LINGER` 0: the client reads a reset. Bytes not yet delivered are lost.
    Reset,
}

/// The speed of a slow connection: at most `bytes` are written, then nothing for `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The maximum number of bytes in one write; at least one is written.
    pub bytes: usize,
    /// The pause after each write.
    pub every: Duration,
}

/// The part of a connection that other tasks control.
#[derive(Debug)]
pub(crate) struct Connection {
    number: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    stalled: bool,
    pace: Option<Pace>,
    /// Closes the connection at its next poll, and discards unsent data.
    verdict: Option<HangUp>,
    /// Closes the connection once hyper has flushed everything.
    after_flush: Option<HangUp>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl State {
    fn wakers(&mut self) -> [Option<Waker>; 2] {
        [self.reader.take(), self.writer.take()]
    }
}

impl Connection {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn is_stalled(&self) -> bool {
        lock(&self.state).stalled
    }

    pub(crate) fn set_stalled(&self, stalled: bool) {
        self.change(|state| state.stalled = stalled);
    }

    pub(crate) fn set_pace(&self, pace: Option<Pace>) {
        self.change(|state| state.pace = pace);
    }

    /// Closes the connection now.
    pub(crate) fn hang_up(&self, how: HangUp) {
        self.change(|state| state.verdict = Some(how));
    }

    /// Closes the connection after the bytes that were passed to hyper so far. Must be called from the body's poll,
    /// because hyper flushes after each of them.
    pub(crate) fn hang_up_after_flush(&self, how: HangUp) {
        lock(&self.state).after_flush = Some(how);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let wakers = {
            let mut state = lock(&self.state);
            change(&mut state);
            state.wakers()
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

/// The open connections of one listener.
#[derive(Debug)]
pub(crate) struct Connections {
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next: AtomicU64,
    changed: watch::Sender<()>,
}

impl Connections {
    /// `changed` is notified whenever a connection opens or closes.
    pub(crate) fn new(changed: watch::Sender<()>) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            next: AtomicU64::new(1),
            changed,
        })
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.open).len()
    }

    pub(crate) fn each(&self, act: impl Fn(&Connection)) {
        // Woken connections may close immediately, which takes this lock.
        let open: Vec<_> = lock(&self.open).values().cloned().collect();
        open.iter().for_each(|connection| act(connection));
    }

    pub(crate) fn hang_up_all(&self, how: HangUp) {
        self.each(|connection| connection.hang_up(how));
    }

    pub(crate) fn adopt(self: &Arc<Self>, io: TcpStream) -> Socket {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection {
            number,
            state: Mutex::default(),
        });
        lock(&self.open).insert(number, connection.clone());
        self.changed.send_replace(());
        Socket {
            io,
            connection,
            connections: self.clone(),
            pause: None,
        }
    }
}

/// The connection as hyper sees it.
#[derive(Debug)]
pub(crate) struct Socket {
    io: TcpStream,
    connection: Arc<Connection>,
    connections: Arc<Connections>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The error that makes hyper drop the connection; the drop then sends FIN or RST.
    fn end(&self, how: HangUp) -> io::Error {
        if how == HangUp::Reset
            && let Err(error) = self.io.set_zero_linger()
        {
            return error;
        }
        io::Error::new(io::ErrorKind::ConnectionAborted, "hung up on request")
    }

    /// Returns how many bytes may be written now.
    fn allowance(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let pace = {
            let mut state = lock(&self.connection.state);
            if let Some(how) = state.verdict {
                drop(state);
                return Poll::Ready(Err(self.end(how)));
            }
            state.writer = Some(cx.waker().clone());
            if state.stalled {
                return Poll::Pending;
            }
            state.pace
        };
        let Some(pace) = pace else {
            self.pause = None;
            return Poll::Ready(Ok(usize::MAX));
        };
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(Ok(pace.bytes.max(1)))
    }

    fn written(&mut self, allowance: usize) {
        if allowance == usize::MAX {
            return;
        }
        if let Some(pace) = lock(&self.connection.state).pace {
            self.pause = Some(Box::pin(sleep_until(Instant::now() + pace.every)));
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        lock(&self.connections.open).remove(&self.connection.number);
        self.connections.changed.send_replace(());
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        {
            let mut state = lock(&self.connection.state);
            if let Some(how) = state.verdict {
                drop(state);
                return Poll::Ready(Err(self.end(how)));
            }
            state.reader = Some(cx.waker().clone());
        }
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let allowance = std::task::ready!(self.allowance(cx))?;
        let part = &buf[..buf.len().min(allowance)];
        let written = std::task::ready!(Pin::new(&mut self.io).poll_write(cx, part))?;
        self.written(allowance);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let allowance = std::task::ready!(self.allowance(cx))?;
        if allowance == usize::MAX {
            return Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        }
        let Some(first) = bufs.iter().find(|buf| !buf.is_empty()) else {
            return Poll::Ready(Ok(0));
        };
        let part = &first[..first.len().min(allowance)];
        let written = std::task::ready!(Pin::new(&mut self.io).poll_write(cx, part))?;
        self.written(allowance);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let due = {
            let state = lock(&self.connection.state);
            state.verdict.or(state.after_flush)
        };
        if let Some(how) = due {
            return Poll::Ready(Err(self.end(how)));
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
