//! What reqwest's errors mean. They tell little by type, so the chain of sources is read, and for some the text.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

use crate::{DialError, DialLimits, EndCause};

/// An error's text is kept up to here; some quote what a stranger's server said.
const SHOWN: usize = 160;

/// What is said of a server that takes no HTTP/1.1 over TLS (RFC 7301, 3.2).
pub(super) const HTTP1_REFUSED: &str = "the server refuses HTTP/1.1";

const UNTRUSTED: &str = "nobody this computer trusts has signed it";

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
    if let Some(socks) = chain(error).find_map(|error| socks_error(&error.to_string())) {
        return socks;
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
pub(crate) fn end_cause(error: &reqwest::Error) -> EndCause {
    EndCause::BrokenOff(root(error))
}

/// Why the client could not be made.
pub(super) fn setup(error: &reqwest::Error) -> String {
    root(error)
}

/// What the errors of a SOCKS handshake mean, which hyper-util has in words alone.
fn socks_error(text: &str) -> Option<DialError> {
    let why = text.strip_prefix("SOCKS error: ")?;
    Some(match why {
        "credentials not accepted" | "server does not support user/pass authentication" => {
            DialError::ProxyAuthentication
        }
        "failed to create underlying connection" => DialError::Proxy("nobody answers there".to_owned()),
        "failed parsing server response" | "server implements authentication incorrectly" => {
            DialError::Proxy("it does not answer as a SOCKS proxy".to_owned())
        }
        "io error during SOCKS handshake" => DialError::Proxy("it hung up".to_owned()),
        why => DialError::Proxy(shown(why)),
    })
}

fn tls_error(error: &rustls::Error) -> DialError {
    if let rustls::Error::AlertReceived(alert) = error
        && let Some(error) = alert_error(*alert)
    {
        return error;
    }
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
        CertificateError::UnknownIssuer => UNTRUSTED.to_owned(),
        // What a certificate that was made with openssl's defaults and signed itself comes to.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            UNTRUSTED.to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it belongs to another name".to_owned()
        }
        CertificateError::Revoked => "it was revoked".to_owned(),
        other => shown(&other.to_string()),
    };
    DialError::Certificate(why)
}

/// What a server means by an alert that people can do something about.
fn alert_error(alert: AlertDescription) -> Option<DialError> {
    let client = |words: &str| Some(DialError::ClientCertificate(words.to_owned()));
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "rustls adds variants; its own words do for the others"
    )]
    match alert {
        AlertDescription::NoApplicationProtocol => Some(DialError::Tls(HTTP1_REFUSED.to_owned())),
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            client("the server asks for a client certificate")
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => client("the server does not accept the client certificate"),
        _ => None,
    }
}

/// A TLS error, which comes wrapped in IO errors that hide it from the chain.
fn tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref::<io::Error>() {
        Some(io) => tls(io.get_ref()?),
        None => error.downcast_ref(),
    }
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
pub(crate) fn root(error: &reqwest::Error) -> String {
    chain(error).last().map_or_else(
        || "no reason was given".to_owned(),
        |root| shown(&root.to_string()),
    )
}

pub(crate) fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::UnixTime;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const LIMITS: DialLimits = DialLimits {
        connect: Duration::from_secs(10),
        first_byte: Duration::from_secs(15),
    };

    fn client() -> reqwest::ClientBuilder {
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder().no_proxy()
    }

    /// What an https request through a proxy that gives this answer comes to.
    async fn through_a_proxy_that_says(answer: &str) -> DialError {
        let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", proxy.local_addr().unwrap());
        let client = client()
            .proxy(reqwest::Proxy::https(address).unwrap())
            .build()
            .unwrap();
        let serve = async {
            let mut socket = proxy.accept().await.unwrap().0;
            let mut request = [0; 1024];
            let read = socket.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"CONNECT gloria.invalid:443 "));
            socket.write_all(answer.as_bytes()).await.unwrap();
        };
        let request = client.get("https://gloria.invalid/sse?token=s3cret").send();
        let (result, ()) = tokio::join!(request, serve);
        dial_error(&result.unwrap_err(), LIMITS)
    }

    #[tokio::test]
    async fn a_proxy_that_wants_a_sign_in_is_distinguished_from_one_that_refuses() {
        let error = through_a_proxy_that_says("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
        assert_eq!(error, DialError::ProxyAuthentication);
        let error = through_a_proxy_that_says("HTTP/1.1 503 Service Unavailable\r\n\r\n").await;
        assert!(
            matches!(&error, DialError::Proxy(text) if !text.contains("s3cret")),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_not_found() {
        let result = client()
            .build()
            .unwrap()
            .get("http://gloria.invalid/sse?token=s3cret")
            .send()
            .await;
        assert_eq!(dial_error(&result.unwrap_err(), LIMITS), DialError::NameNotFound);
    }

    #[tokio::test]
    async fn an_address_that_is_none_says_so_without_itself() {
        let result = client()
            .build()
            .unwrap()
            .get("ftp://gloria.invalid/sse?token=s3cret")
            .send()
            .await;
        let error = dial_error(&result.unwrap_err(), LIMITS);
        assert!(matches!(error, DialError::Setup(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }

    #[test]
    fn certificates_fail_for_reasons_that_people_can_read() {
        let time = UnixTime::since_unix_epoch(Duration::ZERO);
        for (certificate, words) in [
            (
                CertificateError::Expired,
                "the certificate is not trusted: it has expired",
            ),
            (
                CertificateError::ExpiredContext {
                    time,
                    not_after: time,
                },
                "the certificate is not trusted: it has expired",
            ),
            (
                CertificateError::NotValidYet,
                "the certificate is not trusted: it is not valid yet",
            ),
            (
                CertificateError::UnknownIssuer,
                "the certificate is not trusted: nobody this computer trusts",
            ),
            (
                CertificateError::NotValidForName,
                "the certificate is not trusted: it belongs to another name",
            ),
            (
                CertificateError::Revoked,
                "the certificate is not trusted: it was revoked",
            ),
        ] {
            let error = tls_error(&rustls::Error::InvalidCertificate(certificate));
            assert!(error.to_string().starts_with(words), "{error}");
        }
        assert!(matches!(
            tls_error(&rustls::Error::HandshakeNotComplete),
            DialError::Tls(_)
        ));
    }
}
