//! Looks how far a request to the server comes: name, connection, TLS, answer. It has no token, and opens no stream.

use std::time::{Duration, SystemTime};

use gloria_stream::http::{Http, HttpOptions, Request, RequestError, RequestLimits};
use gloria_stream::{DialError, DialLimits};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::{Host, Url};

use super::{Reached, ServerSeen};
use crate::account::address::Address;

/// Name, TCP and TLS together: each may lose a packet. All times of this file in a row are less than a report may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A small document.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// What took so long is looked for in two steps, each of which may take this long.
const STEP_TIMEOUT: Duration = Duration::from_secs(1);

/// The document has a few hundred bytes, and nothing of it is read.
const MAX_BODY_BYTES: usize = 64 << 10;

/// Requests the document that says where users sign in: it is public, and the same on every server. `None` if the
/// address has no host.
pub async fn reach(address: &Address, http: HttpOptions) -> Option<ServerSeen> {
    let url = address.sign_in_documents().into_iter().next()?;
    let host = url.host()?;
    let port = url.port_or_known_default()?;
    let network = http.network.clone();
    let is_encrypted = url.scheme() == "https";
    let reached = request(url.clone(), http).await;
    // The system may choose the proxy, and has done so only now.
    let proxy = network.proxy_for(&url);
    let is_slow = matches!(reached, Reached::Failed(DialError::ConnectTimedOut(_)));
    let reached = if is_slow && proxy.is_none() {
        hanging_step(&host.to_owned(), port, is_encrypted).await
    } else {
        reached
    };
    Some(ServerSeen {
        name: host.to_string(),
        port,
        is_number: !matches!(host, Host::Domain(_)),
        is_encrypted,
        is_this_computer: !address.is_insecure(),
        proxy,
        reached,
    })
}

async fn request(url: Url, http: HttpOptions) -> Reached {
    let limits = DialLimits {
        connect: CONNECT_TIMEOUT,
        first_byte: CONNECT_TIMEOUT + ANSWER_TIMEOUT,
    };
    let request = Request::get(url).without_redirects().limits(RequestLimits {
        whole: CONNECT_TIMEOUT + ANSWER_TIMEOUT,
        body: MAX_BODY_BYTES,
    });
    match Http::new(HttpOptions { limits, ..http }).send(request).await {
        Ok(reply) => Reached::Answered {
            status: reply.status.as_u16(),
            clock_offset: reply.date.map(|date| offset(date, SystemTime::now())),
        },
        Err(RequestError::Dial(error)) => Reached::Failed(error),
        Err(RequestError::TimedOut(limit)) => Reached::AnswerHangs(limit),
        Err(RequestError::BrokenOff(problem)) => Reached::Failed(DialError::BrokenOff(problem)),
        // It is not the document, and an answer.
        Err(RequestError::TooLarge(_) | RequestError::Encoded(_)) => Reached::Answered {
            status: 200,
            clock_offset: None,
        },
    }
}

/// Finds the step that takes too long.
async fn hanging_step(host: &Host<String>, port: u16, is_encrypted: bool) -> Reached {
    let addresses = match host {
        Host::Ipv4(address) => vec![(*address, port).into()],
        Host::Ipv6(address) => vec![(*address, port).into()],
        Host::Domain(name) => match timeout(STEP_TIMEOUT, lookup_host((name.as_str(), port))).await {
            Err(_) => return Reached::NameHangs(CONNECT_TIMEOUT),
            Ok(Err(_)) => return Reached::Failed(DialError::NameNotFound),
            Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
        },
    };
    match timeout(STEP_TIMEOUT, TcpStream::connect(&*addresses)).await {
        Ok(Ok(_)) if is_encrypted => Reached::TlsHangs(CONNECT_TIMEOUT),
        Ok(Ok(_)) => Reached::AnswerHangs(CONNECT_TIMEOUT),
        Err(_) | Ok(Err(_)) => Reached::ConnectHangs(CONNECT_TIMEOUT),
    }
}

/// The server's time less this computer's, in seconds.
fn offset(server: SystemTime, own: SystemTime) -> i64 {
    let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    match server.duration_since(own) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    }
}
