//! The interface between the loop and a transport.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use crate::http::{Generation, Proof};
use crate::machine::{Chunk, Dial, Head};
use crate::{Credential, CredentialError, CredentialProvider, DialError, EndCause};

/// A token exchange over a bad link takes seconds. A token store that waits for somebody to unlock it must not hold the
/// attempt: the next one asks again.
const CREDENTIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Dials a server and brings what it sends.
pub trait Transport: Send {
    /// Makes one attempt, to the first answer that is no redirect. Dropping the future gives it up.
    ///
    /// # Errors
    /// The future's error says why no answer came.
    fn dial(&mut self, request: Request) -> BoxFuture<'static, Result<Answer, DialError>>;

    /// The network changed: cached proxies, name servers and roots may be outdated.
    fn network_changed(&mut self) {}
}

/// What an attempt asks for.
#[derive(Clone)]
pub struct Request {
    pub(super) dial: Dial,
    pub(super) credentials: Arc<dyn CredentialProvider>,
    pub(super) asked_with: Arc<AskedWith>,
}

/// A number for the credential of an attempt, by which the machine tells a new one from the one before. It differs from
/// run to run and is never shown.
#[derive(Debug, Default)]
pub(super) struct AskedWith {
    number: AtomicU64,
    /// The generation of the credential, to say which one was refused.
    generation: AtomicU64,
    state: RandomState,
}

impl AskedWith {
    fn remember(&self, credential: &Credential) {
        let token = match &credential.proof {
            Proof::Bearer(token) | Proof::Query(_, token) => token.expose_secret(),
            Proof::Anonymous => "",
        };
        self.generation
            .store(credential.generation.number(), Ordering::Relaxed);
        self.number.store(self.state.hash_one(token), Ordering::Relaxed);
    }

    pub(super) fn generation(&self) -> Generation {
        Generation::new(self.generation.load(Ordering::Relaxed))
    }

    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }
}

impl Request {
    /// The credential of the attempt.
    ///
    /// # Errors
    /// There is no credential, or the store did not answer within half a minute.
    pub async fn credential(&self) -> Result<Credential, DialError> {
        timeout(CREDENTIAL_TIMEOUT, self.credentials.credential())
            .await
            .unwrap_or_else(|_| Err(CredentialError::TimedOut))
            .inspect(|credential| self.asked_with.remember(credential))
            .map_err(DialError::Credential)
    }

    /// The last event id; empty where there is none.
    pub fn cursor(&self) -> &Arc<str> {
        &self.dial.cursor
    }

    /// How long the answer's head may take.
    pub fn answer_limit(&self) -> Duration {
        self.dial.answer_limit
    }

    /// Discard an event over the limits instead of ending the stream.
    pub fn skip_oversized(&self) -> bool {
        self.dial.skip_oversized
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Request")
            .field("dial", &self.dial)
            .finish_non_exhaustive()
    }
}

/// An answer, whether it opens a stream or not.
pub struct Answer {
    /// What it says; the machine decides by it.
    pub head: Head,
    /// When the server made it, by the server's clock (RFC 9110, 6.6.1).
    pub date: Option<SystemTime>,
    /// The peer's address, to detect when the path to it changes.
    pub peer: Option<SocketAddr>,
    /// What follows the head.
    pub incoming: Box<dyn Incoming>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Answer")
            .field("head", &self.head)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// An open stream. Dropping it closes the connection.
pub trait Incoming: Send {
    /// What comes next, `None` where the server has ended the stream; not polled again after an end.
    fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Option<Heard>>;

    /// How often the server should send something. Called at the beginning and whenever it changes: a transport that
    /// can ping the server does so after this much silence.
    fn set_heartbeat(&mut self, every: Duration) {
        let _ = every;
    }
}

/// What arrived together.
#[derive(Debug, Default)]
pub struct Heard {
    /// Bytes received; any byte shows that the connection is alive.
    pub bytes: usize,
    /// What it completed, in order; where it completed nothing, one empty chunk with the last event id.
    pub chunks: Vec<Chunk>,
    /// How many messages were ignored because they do not have the shape of an event.
    pub ignored: u64,
    /// Why the stream ended after it.
    pub end: Option<EndCause>,
}

impl From<EndCause> for Heard {
    fn from(end: EndCause) -> Self {
        Self {
            end: Some(end),
            ..Self::default()
        }
    }
}
