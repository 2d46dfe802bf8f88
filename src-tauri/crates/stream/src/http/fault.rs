//! Classifies reqwest's errors. Their types are coarse, so the chain of sources is inspected, and in some cases the
//! text.

use std::error::Error;
use std::io;

use self::tls::{certificate_problem, tls_error, tls_problem};
use crate::machine::{BreakOff, NotHttp, ProxyProblem, SetupProblem};
use crate::{DialError, DialLimits, EndCause};

mod tls;

/// The maximum length of an error's text; some texts contain data from the server.
const MAX_SHOWN_CHARS: usize = 160;

/// Returns why a request got no response.
pub(super) fn dial_error(error: &reqwest::Error, limits: DialLimits) -> DialError {
    if error.is_builder() {
        return DialError::Setup(setup(error));
    }
    if let Some(proxy) = chain(error).find_map(|cause| proxy_error(&cause.to_string(), error)) {
        return proxy;
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
    match root(error).as_deref().and_then(not_http) {
        Some(problem) => DialError::NotHttp(problem),
        None => DialError::BrokenOff(break_off(error)),
    }
}

/// Returns why an open stream ended.
pub(crate) fn end_cause(error: &reqwest::Error) -> EndCause {
    EndCause::BrokenOff(break_off(error))
}

/// Returns why the client could not be created.
pub(super) fn setup(error: &reqwest::Error) -> SetupProblem {
    match root(error) {
        Some(text) => SetupProblem::Other(text),
        None => SetupProblem::Internal,
    }
}

/// Returns how a connection was lost.
pub(crate) fn break_off(error: &reqwest::Error) -> BreakOff {
    if let Some(tls) = chain(error).find_map(tls) {
        return BreakOff::Tls(tls_problem(tls));
    }
    if let Some(io) = chain(error).find_map(innermost_io) {
        // Chunked framing of the body.
        let is_bad_frame = matches!(
            io.kind(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
        );
        return if is_bad_frame {
            BreakOff::BadHttp
        } else {
            io_break_off(io)
        };
    }
    root(error).map_or(BreakOff::Unknown, |text| break_off_of(&text))
}

/// Like [`break_off`], from hyper's text.
fn break_off_of(text: &str) -> BreakOff {
    match text {
        "connection closed before message completed" => BreakOff::Truncated,
        "received unexpected message from connection" => BreakOff::Unasked,
        "invalid content-length parsed" | "unexpected transfer-encoding parsed" => BreakOff::BadHttp,
        text if text.starts_with("stream error") || text.starts_with("connection error") => BreakOff::Http2,
        text => BreakOff::Other(text.to_owned()),
    }
}

/// Like [`break_off`], for a connection without HTTP.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the system's own words do for the other kinds"
)]
pub(crate) fn io_break_off(error: &io::Error) -> BreakOff {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            BreakOff::Reset
        }
        io::ErrorKind::UnexpectedEof => BreakOff::Truncated,
        io::ErrorKind::TimedOut => BreakOff::TimedOut,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkDown => {
            BreakOff::Unreachable
        }
        _ => match tls(error) {
            Some(tls) => BreakOff::Tls(tls_problem(tls)),
            None => BreakOff::Other(shown(&error.to_string())),
        },
    }
}

/// Returns what makes a response invalid as HTTP, from hyper's text.
fn not_http(text: &str) -> Option<NotHttp> {
    match text {
        "invalid HTTP version parsed (found HTTP2 preface)" => Some(NotHttp::Http2),
        "invalid HTTP status-code parsed" => Some(NotHttp::Status),
        "invalid HTTP header parsed" => Some(NotHttp::Header),
        "message head is too large" => Some(NotHttp::TooLarge),
        text if text.starts_with("invalid HTTP") => Some(NotHttp::Beginning),
        _ => None,
    }
}

/// Classifies the errors of tunnels and SOCKS, which hyper-util provides only as text.
fn proxy_error(text: &str, error: &reqwest::Error) -> Option<DialError> {
    let problem = if let Some(why) = text.strip_prefix("tunnel error: ") {
        match why {
            "proxy authorization required" => return Some(DialError::ProxyAuthentication),
            "failed to create underlying connection" => match chain(error).find_map(tls) {
                Some(rustls::Error::InvalidCertificate(why)) => {
                    ProxyProblem::Certificate(certificate_problem(why))
                }
                Some(tls) => ProxyProblem::Tls(tls_problem(tls)),
                None if error.is_dns() => ProxyProblem::NameNotFound,
                None => ProxyProblem::NotThere,
            },
            "unexpected end of file" | "io error establishing tunnel" => ProxyProblem::HungUp,
            "unsuccessful" => ProxyProblem::Refused,
            "proxy response headers too long" => ProxyProblem::TooLong,
            why => ProxyProblem::Other(shown(why)),
        }
    } else {
        match text.strip_prefix("SOCKS error: ")? {
            "credentials not accepted" | "server does not support user/pass authentication" => {
                return Some(DialError::ProxyAuthentication);
            }
            "failed to create underlying connection" => ProxyProblem::NotThere,
            "failed parsing server response" | "server implements authentication incorrectly" => {
                ProxyProblem::NotSocks
            }
            "io error during SOCKS handshake" => ProxyProblem::HungUp,
            "connection not allowed" => ProxyProblem::NotAllowed,
            "network unreachable" | "host unreachable" | "ttl expired" => ProxyProblem::Unreachable,
            "connection refused" => ProxyProblem::ServerRefused,
            "general server failure" => ProxyProblem::Failed,
            "command not supported" | "address type not supported" => ProxyProblem::Unsupported,
            why => ProxyProblem::Other(shown(why)),
        }
    };
    Some(DialError::Proxy(problem))
}

/// Returns a TLS error, which is wrapped in IO errors that hide it from the chain.
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

/// Returns an IO error without the IO errors around it, which hide its kind.
fn innermost_io<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let io: &io::Error = error.downcast_ref()?;
    let inner = io.get_ref().and_then(|inner| innermost_io(inner));
    Some(inner.unwrap_or(io))
}

/// Returns the innermost error's text, which unlike the outermost contains no address.
fn root(error: &reqwest::Error) -> Option<String> {
    chain(error).last().map(|root| shown(&root.to_string()))
}

fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    /// Returns the error of an https request through a proxy that sends this response.
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
        assert_eq!(error, DialError::Proxy(ProxyProblem::Refused));
        let error = through_a_proxy_that_says("").await;
        assert_eq!(error, DialError::Proxy(ProxyProblem::HungUp));
        let long = format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(9000));
        let error = through_a_proxy_that_says(&long).await;
        assert_eq!(error, DialError::Proxy(ProxyProblem::TooLong));
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
    fn what_the_system_says_of_a_connection_is_a_code() {
        for (kind, wanted) in [
            (io::ErrorKind::ConnectionReset, BreakOff::Reset),
            (io::ErrorKind::BrokenPipe, BreakOff::Reset),
            (io::ErrorKind::UnexpectedEof, BreakOff::Truncated),
            (io::ErrorKind::TimedOut, BreakOff::TimedOut),
            (io::ErrorKind::NetworkDown, BreakOff::Unreachable),
        ] {
            assert_eq!(io_break_off(&kind.into()), wanted);
        }
    }
}
