//! The kinds of connection errors. The labels are stable, because dashboards use them.

use crate::message::{self, Message};
use gloria_stream::{Cause, CredentialError, DialError, EndCause, HaltReason};

macro_rules! troubles {
    ($($name:ident = $label:literal, $message:ident;)*) => {
        /// Why an attempt failed or a connection ended.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the message beside each says what it means")]
        pub enum ErrorKind {
            $($name,)*
        }

        impl ErrorKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The label, which is the same in every version.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)*
                }
            }

            /// A description for the user.
            pub fn message(self) -> Message {
                match self {
                    $(Self::$name => message::$message(),)*
                }
            }
        }
    };
}

troubles! {
    Dns = "dns", trouble_dns;
    Refused = "refused", trouble_refused;
    Unreachable = "unreachable", trouble_unreachable;
    ConnectTimeout = "timeout_connect", trouble_connect_timeout;
    AnswerTimeout = "timeout_answer", trouble_answer_timeout;
    Silent = "silent", trouble_silent;
    Buffered = "held_back", trouble_buffered;
    Certificate = "certificate", trouble_certificate;
    Tls = "tls", trouble_tls;
    ProxyAuthentication = "proxy_auth", trouble_proxy_sign_in;
    Proxy = "proxy", trouble_proxy;
    NetworkSignIn = "network_sign_in", trouble_network_sign_in;
    BrokenOff = "broken_off", trouble_broken_off;
    Closed = "closed", trouble_closed;
    ClientError = "status_4xx", trouble_client_error;
    ServerError = "status_5xx", trouble_server_error;
    OtherStatus = "status_other", trouble_other_status;
    Unauthorized = "unauthorized", trouble_unauthorized;
    Forbidden = "forbidden", trouble_forbidden;
    NoCredential = "no_credential", trouble_no_token;
    CredentialUnavailable = "credential_unavailable", trouble_token_unavailable;
    StoppedByServer = "stopped_by_server", trouble_stopped;
    NotAStream = "not_a_stream", trouble_not_a_stream;
    NotHttp = "not_http", trouble_not_http;
    Redirect = "redirect", trouble_redirect;
    Oversized = "oversized", trouble_oversized;
    Policy = "policy", trouble_policy;
    Setup = "setup", trouble_set_up;
    NetworkChanged = "network_changed", trouble_network_changed;
    Slept = "slept", trouble_slept;
    CredentialChanged = "credential_changed", trouble_token_changed;
}

impl ErrorKind {
    /// The server refused the token or the account: 401 and 403.
    pub(crate) fn is_authentication(self) -> bool {
        matches!(self, Self::Unauthorized | Self::Forbidden)
    }

    /// A timeout expired.
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
            DialError::Credential(
                CredentialError::Unavailable(_)
                | CredentialError::NotRenewed(_)
                | CredentialError::TimedOut
                | CredentialError::Unsendable,
            ) => Self::CredentialUnavailable,
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
            DialError::Setup(_) | DialError::CertificateFile { .. } => Self::Setup,
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
