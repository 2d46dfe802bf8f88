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

/// A token exchange over a bad link takes seconds. A token store that waits to be unlocked must not block the attempt;
/// the next one tries again.
const CREDENTIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Connects to a server and returns what it sends.
pub trait Transport: Send {
    /// Makes one attempt, up to the first response that is not a redirect. Dropping the future cancels it.
    ///
    /// # Errors
    /// The future fails if there is no response.
    fn dial(&mut self, request: Request) -> BoxFuture<'static, Result<Answer, DialError>>;

    /// The network changed: cached proxies, name servers and roots may be outdated.
    fn network_changed(&mut self) {}
}

/// The request of an attempt.
#[derive(Clone)]
pub struct Request {
    pub(super) dial: Dial,
    pub(super) credentials: Arc<dyn CredentialProvider>,
    pub(super) sent_credential: Arc<SentCredential>,
}

/// A number for the credential of an attempt, by which the machine tells a new credential from the previous one. It
/// differs from run to run and is never shown.
#[derive(Debug, Default)]
pub(super) struct SentCredential {
    number: AtomicU64,
    /// The credential's generation, to name the one that was rejected.
    generation: AtomicU64,
    state: RandomState,
}

impl SentCredential {
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
    /// Returns the credential of the attempt.
    ///
    /// # Errors
    /// When there is no credential, or the provider does not return within half a minute.
    pub async fn credential(&self) -> Result<Credential, DialError> {
        timeout(CREDENTIAL_TIMEOUT, self.credentials.credential())
            .await
            .unwrap_or_else(|_| Err(CredentialError::TimedOut))
            .inspect(|credential| self.sent_credential.remember(credential))
            .map_err(DialError::Credential)
    }

    /// Returns the last event id; empty if there is none.
    pub fn cursor(&self) -> &Arc<str> {
        &self.dial.cursor
    }

    /// Returns how long the response's head may take.
    pub fn answer_limit(&self) -> Duration {
        self.dial.answer_limit
    }

    /// Whether to discard an event over the limits instead of ending the stream.
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

/// A response, whether it opens a stream or not.
pub struct Answer {
    /// The head, from which the machine decides.
    pub head: Head,
    /// When the server created it, by the server's clock (RFC 9110, 6.6.1).
    pub date: Option<SystemTime>,
    /// The peer's address, to detect when the network path to it changes.
    pub peer: Option<SocketAddr>,
    /// The stream after the head.
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
    /// Polls for the next data, `None` once the server has ended the stream. Not polled again after an end.
    fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Option<Heard>>;

    /// Sets the interval at which the server should send something. Called at the beginning and after every change. A
    /// transport that can ping the server does so after this much silence.
    fn set_heartbeat(&mut self, every: Duration) {
        let _ = every;
    }
}

/// What arrived together.
#[derive(Debug, Default)]
pub struct Heard {
    /// Bytes received; any byte shows that the connection is alive.
    pub bytes: usize,
    /// What the bytes completed, in order; if nothing, one empty chunk with the last event id.
    pub chunks: Vec<Chunk>,
    /// How many messages were ignored because they do not have the format of an event.
    pub ignored: u64,
    /// Why the stream ended after these bytes, if it did.
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
