//! What reqwest's errors mean. They tell little by type, so the chain of sources is read, and for some the text.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::{DialError, DialLimits, EndCause};

/// An error's text is kept up to here; some quote what a stranger's server said.
const SHOWN: usize = 160;

/// Why a request brought no answer.
pub(super) fn dial_error(error: &reqwest::Error, limits: DialLimits) -> DialError {
    if error.is_builder() {
        return DialError::Setup(root(error));
    }
    // hyper-util keeps its tunnel's errors to itself.
    let tunnel = chain(error)
        .map(ToString::to_string)
        .find(|text| text.starts_with("tunnel error"));
    if let Some(text) = tunnel {
        return if text.contains("authorization required") {
            DialError::ProxyAuthentication
        } else {
            DialError::Proxy(shown(&text))
        };
    }
    if let Some(tls) = chain(error).find_map(tls) {
        return tls_error(tls);
    }
    if error.is_timeout() {
        return if error.is_connect() {
            DialError::ConnectTimedOut(limits.connect)
        } else {
            DialError::AnswerTimedOut(limits.first_byte)
        };
    }
    if error.is_dns() {
        return DialError::NameNotFound;
    }
    let kind = chain(error)
        .find_map(|error| error.downcast_ref::<io::Error>())
        .map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => return DialError::ConnectionRefused,
        Some(
            io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable,
        ) => return DialError::Unreachable,
        _ => {}
    }
    let text = root(error);
    // hyper is not ours to name; these are what it says of an answer that it cannot read.
    if text.starts_with("invalid HTTP") || text.starts_with("message head is too large") {
        DialError::NotHttp(text)
    } else {
        DialError::BrokenOff(text)
    }
}

/// Why an open stream ended.
pub(super) fn end_cause(error: &reqwest::Error) -> EndCause {
    EndCause::BrokenOff(root(error))
}

/// Why the client could not be made.
pub(super) fn setup(error: &reqwest::Error) -> String {
    root(error)
}

fn tls_error(error: &rustls::Error) -> DialError {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return DialError::Tls(shown(&error.to_string()));
    };
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "rustls adds variants; its own words do for the rare ones"
    )]
    let why = match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired, or this computer's clock is wrong".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet, or this computer's clock is wrong".to_owned()
        }
        CertificateError::UnknownIssuer => "nobody this computer trusts has signed it".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it belongs to another name".to_owned()
        }
        CertificateError::Revoked => "it was revoked".to_owned(),
        other => shown(&other.to_string()),
    };
    DialError::Certificate(why)
}

/// A TLS error, which comes wrapped in an IO error that hides it from the chain.
fn tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    error
        .downcast_ref()
        .or_else(|| error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref())
}

fn chain<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let this = next?;
        next = this.source();
        Some(this)
    })
}

/// The innermost error's text, which unlike the outermost names no address.
fn root(error: &reqwest::Error) -> String {
    chain(error).last().map_or_else(
        || "no reason was given".to_owned(),
        |root| shown(&root.to_string()),
    )
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
