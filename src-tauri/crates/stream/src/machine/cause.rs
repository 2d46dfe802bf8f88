//! Why an attempt failed, a connection ended, or the machine gave up, as types. Their `Display` texts are for logs
//! only.

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
    /// It may be available later, such as after a keyring is unlocked.
    #[error("{0}")]
    Unavailable(ProviderError),
    /// It ended and could not be renewed yet. That is tried again without the user.
    #[error("{0}")]
    NotRenewed(ProviderError),
    /// The provider did not return in time.
    #[error("the token store did not answer")]
    TimedOut,
    /// It contains bytes that a header cannot carry.
    #[error("the token holds characters that a header cannot carry")]
    Unsendable,
}

/// Why a provider has no credential at the moment, as the provider's own error.
#[derive(Debug, Clone)]
pub struct ProviderError(Arc<dyn Error + Send + Sync>);

impl ProviderError {
    /// Returns the error itself, if it is of this type.
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
/// Contains no address, query or credential, because the text for users is made from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The attempt failed without a response.
    #[error(transparent)]
    Dial(DialError),
    /// The response's status is not that of a stream.
    #[error("the server answered {0}")]
    Status(u16),
    /// 200 with another content type: a captive portal, or a wrong address.
    #[error("this address answered with {content_type}, not an event stream")]
    NotAStream {
        /// The response's content type.
        content_type: ContentType,
    },
    /// The stream has a content encoding that cannot be decoded and was not requested.
    #[error("the answer is compressed in a way that is not supported ({0})")]
    Encoded(UnknownCoding),
    /// 511: the network requires its own sign-in.
    #[error("this network requires you to sign in")]
    NetworkSignIn,
    /// The stream was open, or about to open, and ended.
    #[error(transparent)]
    Ended(EndCause),
    /// The machine had halted, and another attempt was requested.
    #[error(transparent)]
    Halted(HaltReason),
}

/// Why an attempt failed without a response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// There is no usable credential.
    #[error(transparent)]
    Credential(CredentialError),
    /// The name has no address.
    #[error("no server found under this name")]
    NameNotFound,
    /// Nothing listens at the address.
    #[error("the server refused the connection")]
    ConnectionRefused,
    /// There is no route to the server.
    #[error("the server cannot be reached from this network")]
    Unreachable,
    /// Name lookup, TCP and TLS together took longer than this.
    #[error("no connection within {} s", .0.as_secs_f64())]
    ConnectTimedOut(Duration),
    /// The request was sent, and no response began within this time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    AnswerTimedOut(Duration),
    /// The certificate does not prove the server's identity.
    #[error("the certificate is not trusted: {0}")]
    Certificate(CertificateProblem),
    /// A file with additional roots, or with this client's certificate or key, cannot be used.
    #[error("the certificate file {} {problem}", path.display())]
    CertificateFile {
        /// The file's path.
        path: PathBuf,
        /// What is wrong.
        problem: CertificateFileProblem,
    },
    /// The server requires a client certificate and got none, or one that it does not accept.
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
    /// None of the addresses where the stream might be answers as one. Contains their paths.
    #[error("no event stream was found at this server: tried {}", .0.join(", "))]
    NotFound(Vec<String>),
    /// The response is not HTTP.
    #[error("the answer is not HTTP: {0}")]
    NotHttp(NotHttp),
    /// The response is not that of a WebSocket.
    #[error("this address does not answer as a WebSocket: {0}")]
    NotWebSocket(NotWebSocket),
    /// A redirect with a missing, empty or unreadable `Location`.
    #[error("the server redirects to nowhere")]
    RedirectToNowhere,
    /// From https to http or to another scheme.
    #[error("the server redirects to an address that is not secure")]
    RedirectNotSecure,
    /// More than twenty redirects in one attempt.
    #[error("the server redirects in a circle")]
    TooManyRedirects,
    /// A captive portal answered instead of the server.
    #[error("this network requires you to sign in")]
    NetworkSignIn,
    /// The request could not be created.
    #[error("the connection could not be set up: {0}")]
    Setup(SetupProblem),
}

/// Why an open stream ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndCause {
    /// The body ended.
    #[error("the server closed the connection")]
    Closed,
    /// The server closed the stream because of a temporary problem, with this code (RFC 6455, 7.4.1).
    #[error("the server closed the connection with code {0}")]
    ClosedWith(u16),
    /// 1008: the server closed the stream because of its policy, and will do so again on the next attempt.
    #[error("the server closed the connection because of its policy (1008)")]
    AgainstPolicy,
    /// The server closed the stream with a meaning that a response status has otherwise.
    #[error(transparent)]
    Rejected(HaltReason),
    /// The connection was reset, or the stream ended before its end was signalled.
    #[error("the connection was lost: {0}")]
    BrokenOff(BreakOff),
    /// No byte arrived for this long.
    #[error("nothing heard for {} s", .0.as_secs_f64())]
    Silent(Duration),
    /// This many streams in a row began and did not deliver one byte.
    #[error(
        "something between here and the server, such as a proxy, is buffering the stream: {0} times no byte arrived"
    )]
    Buffered(u32),
    /// An event was larger than the limits.
    #[error(transparent)]
    Overflow(Overflow),
    /// The same event was larger than the limits this many times in a row; the next connection skips it.
    #[error("{0}, {1} times in a row; it will be skipped")]
    OverflowRepeated(Overflow, u32),
    /// The network path to the server changed.
    #[error("the network changed")]
    NetworkChanged,
    /// The computer slept, which the connection does not survive.
    #[error("the computer was asleep")]
    Slept,
    /// There is a new credential.
    #[error("the credential changed")]
    CredentialChanged,
}

/// Why there is no stream, if a retry soon would not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HaltReason {
    /// 204 or 410: the server asks the client to stop.
    #[error("the server asked this client to stop")]
    StoppedByServer,
    /// 401 twice, for a token that was never accepted: the user has to sign in.
    #[error("the server does not accept the token; sign in again")]
    Unauthorized,
    /// 401 twice, for a token that was accepted before.
    #[error("the token has expired or was withdrawn; sign in again")]
    Expired,
    /// 403: this account has no access.
    #[error("this account has no access to the stream")]
    Forbidden,
    /// There is no credential to send.
    #[error("no token is saved; sign in first")]
    NoCredential,
}
