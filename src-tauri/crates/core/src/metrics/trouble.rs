//! What can go wrong with a connection, as a closed set of labels: dashboards count by them, so they stay as they are.

use gloria_stream::{Cause, CredentialError, DialError, EndCause, HaltReason};

macro_rules! troubles {
    ($($name:ident = $label:literal, $words:literal;)*) => {
        /// Why an attempt failed or a connection ended.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the words beside each are its meaning")]
        pub enum ErrorKind {
            $($name,)*
        }

        impl ErrorKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The label, the same in every version.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)*
                }
            }

            /// What happened, in words.
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

troubles! {
    Dns = "dns", "no server found under its name";
    Refused = "refused", "the server refused the connection";
    Unreachable = "unreachable", "the server could not be reached";
    ConnectTimeout = "timeout_connect", "no connection in time";
    AnswerTimeout = "timeout_answer", "no answer in time";
    Silent = "silent", "an open connection fell silent";
    Buffered = "held_back", "something such as a proxy held the stream back";
    Certificate = "certificate", "the certificate was not trusted";
    Tls = "tls", "no secure connection could be made";
    ProxyAuthentication = "proxy_auth", "the proxy asked for a sign-in";
    Proxy = "proxy", "the proxy gave no way through";
    NetworkSignIn = "network_sign_in", "the network asked for a sign-in of its own";
    BrokenOff = "broken_off", "the connection broke off";
    Closed = "closed", "the server closed the connection";
    ClientError = "status_4xx", "the server answered with an error of the request";
    ServerError = "status_5xx", "the server answered with an error of its own";
    OtherStatus = "status_other", "the server answered with an unexpected status";
    Unauthorized = "unauthorized", "the server did not accept the token";
    Forbidden = "forbidden", "the account had no access";
    NoCredential = "no_credential", "no token was saved";
    CredentialUnavailable = "credential_unavailable", "the token could not be had";
    StoppedByServer = "stopped_by_server", "the server asked this client to stop";
    NotAStream = "not_a_stream", "the answer was no event stream";
    NotHttp = "not_http", "the answer was not HTTP";
    Redirect = "redirect", "a redirect led nowhere";
    Oversized = "oversized", "an event was over the limits";
    Policy = "policy", "the server said that a message broke its rules";
    Setup = "setup", "the connection could not be set up";
    NetworkChanged = "network_changed", "the network changed";
    Slept = "slept", "the computer was asleep";
    CredentialChanged = "credential_changed", "there was a new token";
}

impl ErrorKind {
    /// The server refused the token or the account: 401 and 403.
    pub fn is_authentication(self) -> bool {
        matches!(self, Self::Unauthorized | Self::Forbidden)
    }

    /// Something was waited for and did not come.
    pub fn is_timeout(self) -> bool {
        matches!(
            self,
            Self::ConnectTimeout | Self::AnswerTimeout | Self::Silent | Self::Buffered
        )
    }
}

impl From<&Cause> for ErrorKind {
    fn from(cause: &Cause) -> Self {
        match cause {
            Cause::Dial(error) => error.into(),
            Cause::Ended(end) => end.into(),
            Cause::Halted(reason) => (*reason).into(),
            Cause::Status(400..=499) => Self::ClientError,
            Cause::Status(500..=599) => Self::ServerError,
            Cause::Status(_) => Self::OtherStatus,
            Cause::NotAStream { .. } | Cause::Encoded(_) => Self::NotAStream,
            Cause::NetworkSignIn => Self::NetworkSignIn,
        }
    }
}

impl From<&DialError> for ErrorKind {
    fn from(error: &DialError) -> Self {
        match error {
            DialError::Credential(CredentialError::Missing) => Self::NoCredential,
            DialError::Credential(CredentialError::Unavailable(_)) => Self::CredentialUnavailable,
            DialError::NameNotFound => Self::Dns,
            DialError::ConnectionRefused => Self::Refused,
            DialError::Unreachable => Self::Unreachable,
            DialError::ConnectTimedOut(_) => Self::ConnectTimeout,
            DialError::AnswerTimedOut(_) => Self::AnswerTimeout,
            DialError::Certificate(_) | DialError::ClientCertificate(_) => Self::Certificate,
            DialError::Tls(_) => Self::Tls,
            DialError::ProxyAuthentication => Self::ProxyAuthentication,
            DialError::Proxy(_) => Self::Proxy,
            DialError::NetworkSignIn => Self::NetworkSignIn,
            DialError::BrokenOff(_) => Self::BrokenOff,
            DialError::NotHttp(_) => Self::NotHttp,
            DialError::NotWebSocket(_) | DialError::NotFound(_) => Self::NotAStream,
            DialError::RedirectToNowhere | DialError::RedirectNotSecure | DialError::TooManyRedirects => {
                Self::Redirect
            }
            DialError::Setup(_) | DialError::CertificateFile(_) => Self::Setup,
        }
    }
}

impl From<&EndCause> for ErrorKind {
    fn from(end: &EndCause) -> Self {
        match end {
            EndCause::Closed | EndCause::ClosedWith(_) => Self::Closed,
            EndCause::AgainstPolicy => Self::Policy,
            EndCause::Rejected(reason) => (*reason).into(),
            EndCause::BrokenOff(_) => Self::BrokenOff,
            EndCause::Silent(_) => Self::Silent,
            EndCause::Buffered(_) => Self::Buffered,
            EndCause::Overflow(_) | EndCause::OverflowRepeated(..) => Self::Oversized,
            EndCause::NetworkChanged => Self::NetworkChanged,
            EndCause::Slept => Self::Slept,
            EndCause::CredentialChanged => Self::CredentialChanged,
        }
    }
}

impl From<HaltReason> for ErrorKind {
    fn from(reason: HaltReason) -> Self {
        match reason {
            HaltReason::StoppedByServer => Self::StoppedByServer,
            HaltReason::Unauthorized | HaltReason::Expired => Self::Unauthorized,
            HaltReason::Forbidden => Self::Forbidden,
            HaltReason::NoCredential => Self::NoCredential,
        }
    }
}
