//! Why an attempt failed, a connection ended, or the machine gave up: in types, whose texts are for logs alone.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::Overflow;

mod details;

pub use details::{
    BreakOff, CertificateFileProblem, CertificateProblem, ClientCertificateProblem, ContentType, NotHttp,
    NotWebSocket, ProxyProblem, SetupProblem, TlsProblem, UnknownCoding,
};

/// Why there is no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The user has to sign in.
    #[error("no token is saved")]
    Missing,
    /// It may be there a little later, such as after a keyring is unlocked.
    #[error("{0}")]
    Unavailable(ProviderError),
    /// Its provider did not answer in time.
    #[error("the token store did not answer")]
    TimedOut,
    /// It cannot be sent as it is.
    #[error("the token holds characters that a header cannot carry")]
    Unsendable,
}

/// Why a provider has no credential now, as an error of its own.
#[derive(Debug, Clone)]
pub struct ProviderError(Arc<dyn Error + Send + Sync>);

impl ProviderError {
    /// The error itself, if it is of this type.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for ProviderError {
    fn from(error: E) -> Self {
        Self(Arc::from(error.into()))
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl PartialEq for ProviderError {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl Eq for ProviderError {}

/// Why an attempt failed or a connection ended.
///
/// It holds no address, no query and no credential: what people read is made of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// No answer came.
    #[error(transparent)]
    Dial(DialError),
    /// An answer came whose status is no stream.
    #[error("the server answered {0}")]
    Status(u16),
    /// 200 with another content type: a captive portal, or a wrong address.
    #[error("this address answered with {content_type}, not an event stream")]
    NotAStream {
        /// What it says that it is.
        content_type: ContentType,
    },
    /// The stream came with a content encoding that is not decoded, and nobody asked for one.
    #[error("the answer is compressed in a way that is not supported ({0})")]
    Encoded(UnknownCoding),
    /// 511: the network wants its own sign-in first.
    #[error("this network requires you to sign in")]
    NetworkSignIn,
    /// The stream was open, or about to be, and ended.
    #[error(transparent)]
    Ended(EndCause),
    /// The stream had been given up, and somebody asked for another attempt.
    #[error(transparent)]
    Halted(HaltReason),
}

/// Why an attempt brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// The attempt had nothing to prove itself with.
    #[error(transparent)]
    Credential(CredentialError),
    /// The name has no address.
    #[error("no server found under this name")]
    NameNotFound,
    /// Nothing listens there.
    #[error("the server refused the connection")]
    ConnectionRefused,
    /// There is no route to it.
    #[error("the server cannot be reached from this network")]
    Unreachable,
    /// Name, TCP and TLS together took longer than this.
    #[error("no connection within {} s", .0.as_secs_f64())]
    ConnectTimedOut(Duration),
    /// The request was sent, and no answer began within this time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    AnswerTimedOut(Duration),
    /// The certificate does not prove who the server is.
    #[error("the certificate is not trusted: {0}")]
    Certificate(CertificateProblem),
    /// A file with additional roots, or with this client's certificate or key, is not as it should be.
    #[error("the certificate file {} {problem}", path.display())]
    CertificateFile {
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        problem: CertificateFileProblem,
    },
    /// The server wants to know who this client is, and was shown nothing or not what it knows.
    #[error("{0}")]
    ClientCertificate(ClientCertificateProblem),
    /// TLS failed for another reason than the certificate.
    #[error("no secure connection could be made: {0}")]
    Tls(TlsProblem),
    /// 407, from the proxy.
    #[error("the proxy asks for a sign-in")]
    ProxyAuthentication,
    /// The proxy did not let the connection through.
    #[error("the proxy did not let the connection through: {0}")]
    Proxy(ProxyProblem),
    /// The connection ended before an answer.
    #[error("the connection was lost before an answer: {0}")]
    BrokenOff(BreakOff),
    /// None of the places where the stream might be answers as one: their paths.
    #[error("no event stream was found at this server: tried {}", .0.join(", "))]
    NotFound(Vec<String>),
    /// What answered does not speak HTTP.
    #[error("the answer is not HTTP: {0}")]
    NotHttp(NotHttp),
    /// What answered took a WebSocket's address and does not speak WebSocket.
    #[error("this address does not answer as a WebSocket: {0}")]
    NotWebSocket(NotWebSocket),
    /// A redirect with a missing, empty or unreadable `Location`.
    #[error("the server redirects to nowhere")]
    RedirectToNowhere,
    /// From https to http, or to neither.
    #[error("the server redirects to an address that is not secure")]
    RedirectNotSecure,
    /// More than twenty in one attempt.
    #[error("the server redirects in a circle")]
    TooManyRedirects,
    /// A captive portal answers in the server's place.
    #[error("this network requires you to sign in")]
    NetworkSignIn,
    /// The request could not even be made.
    #[error("the connection could not be set up: {0}")]
    Setup(SetupProblem),
}

/// Why an open stream ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndCause {
    /// The body came to its end.
    #[error("the server closed the connection")]
    Closed,
    /// The server closed the stream because of a temporary problem, with this code (RFC 6455, 7.4.1).
    #[error("the server closed the connection with code {0}")]
    ClosedWith(u16),
    /// 1008: the server closed the stream because of its policy, which will close the next attempt as well.
    #[error("the server closed the connection because of its policy (1008)")]
    AgainstPolicy,
    /// The server closed the stream and said by it what else an answer's status says.
    #[error(transparent)]
    Rejected(HaltReason),
    /// A reset, or a stream that stopped in its middle.
    #[error("the connection was lost: {0}")]
    BrokenOff(BreakOff),
    /// Not one byte for this long.
    #[error("nothing heard for {} s", .0.as_secs_f64())]
    Silent(Duration),
    /// The answer began, and not one byte of the stream followed, this many times in a row.
    #[error(
        "something between here and the server, such as a proxy, is buffering the stream: {0} times no byte arrived"
    )]
    Buffered(u32),
    /// More than the limits allow.
    #[error(transparent)]
    Overflow(Overflow),
    /// The same event was over the limits again and again; it is given up on the next connection.
    #[error("{0}, {1} times in a row; it will be skipped")]
    OverflowRepeated(Overflow, u32),
    /// The way to the server is another one now.
    #[error("the network changed")]
    NetworkChanged,
    /// The machine was asleep, and the connection with it.
    #[error("the computer was asleep")]
    Slept,
    /// There is a new credential.
    #[error("the credential changed")]
    CredentialChanged,
}

/// Why there is no stream, where asking again soon would not bring one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HaltReason {
    /// 204 or 410: the server said stop.
    #[error("the server asked this client to stop")]
    StoppedByServer,
    /// 401 twice, to a token that was never taken: sign-in is needed.
    #[error("the server does not accept the token; sign in again")]
    Unauthorized,
    /// 401 twice, to a token that was good before.
    #[error("the token has expired or was withdrawn; sign in again")]
    Expired,
    /// 403: this account has no access.
    #[error("this account has no access to the stream")]
    Forbidden,
    /// There is no credential to dial with.
    #[error("no token is saved; sign in first")]
    NoCredential,
}
