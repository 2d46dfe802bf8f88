//! Detects a captive portal: a network, such as a hotel's, that requires a sign-in before it forwards traffic.
//!
//! Such a network responds instead of the server, usually with a web page. A suspicious response is checked with a
//! request that a portal intercepts and that reveals nothing to it: plain http, to the server's own host, without
//! token, cookies, `User-Agent` or the original path. It uses the same proxy as all requests, because another route
//! would test another network.

use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};
use reqwest::{Client, Response};
use tokio::time::timeout;
use url::Url;

use super::Http;
use super::target::is_redirect;
use crate::DialError;

/// A portal is one hop away. Many servers do not respond on port 80, and that must not delay the attempt.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// The path that operating systems use to detect portals; servers that know it respond with 204.
const PROBE_PATH: &str = "/generate_204";

/// The server's own host, so that no third party learns of the connection.
fn default_probe(server: &Url) -> Option<Url> {
    let mut probe = Url::parse("http://probe.invalid/").ok()?;
    probe.set_host(server.host_str()).ok()?;
    probe.set_path(PROBE_PATH);
    Some(probe)
}

/// Whether the result of an attempt could come from a portal instead of the server.
pub(crate) fn is_suspect(outcome: &Result<Response, DialError>) -> bool {
    match outcome {
        Ok(response) => response.status() == StatusCode::OK && is_page(response.headers()),
        Err(DialError::RedirectNotSecure | DialError::Certificate(_) | DialError::Tls(_)) => true,
        Err(_) => false,
    }
}

impl Http {
    /// Checks whether a portal responds instead of this server. No response counts as no portal.
    pub(crate) async fn meets_portal(&self, server: &Url) -> bool {
        let set = self.options.network.probe_url.clone();
        let Some(probe) = set.or_else(|| default_probe(server)) else {
            return false;
        };
        let asked = async {
            let client = self.clients.without_user_agent(&probe).await.ok()?;
            ask(&client, &probe).await
        };
        timeout(PROBE_TIMEOUT, asked)
            .await
            .ok()
            .flatten()
            .unwrap_or(false)
    }
}

async fn ask(client: &Client, probe: &Url) -> Option<bool> {
    match client.get(probe.clone()).send().await {
        Ok(answer) => Some(is_portal(probe, answer.status(), answer.headers())),
        Err(error) => {
            // The error contains the address, which names the server, so it is not logged.
            tracing::debug!(
                timeout = error.is_timeout(),
                "no answer to the search for a portal"
            );
            None
        }
    }
}

/// Whether a response to the probe comes from a portal. The server itself responds with 204, redirects to itself by
/// https, or does not know the path; a portal sends its page or redirects to it.
fn is_portal(probe: &Url, status: StatusCode, headers: &HeaderMap) -> bool {
    if is_redirect(status) {
        let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
        return location
            .and_then(|location| probe.join(location.trim()).ok())
            .is_some_and(|target| target.host() != probe.host());
    }
    status == StatusCode::NETWORK_AUTHENTICATION_REQUIRED || (status == StatusCode::OK && is_page(headers))
}

fn is_page(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    essence.eq_ignore_ascii_case("text/html") || essence.eq_ignore_ascii_case("application/xhtml+xml")
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn the_probe_names_the_host_and_nothing_else() {
        for (stream, probe) in [
            (
                "https://user:pass@api.example:8443/v1/sse?token=s3cret#x",
                "http://api.example/generate_204",
            ),
            ("wss://api.example/ws", "http://api.example/generate_204"),
            ("http://[::1]:8080/sse", "http://[::1]/generate_204"),
        ] {
            let stream = stream.parse().unwrap();
            assert_eq!(default_probe(&stream).unwrap().as_str(), probe);
        }
    }

    #[test]
    fn only_what_answers_in_the_servers_place_is_a_portal() {
        type Answer<'a> = (u16, &'a [(HeaderName, &'static str)], bool);
        let html = &[(CONTENT_TYPE, "text/html; charset=utf-8")];
        let to = |location| (LOCATION, location);
        let table: &[Answer<'_>] = &[
            (204, &[], false),
            (200, html, true),
            (200, &[(CONTENT_TYPE, "text/plain")], false),
            (200, &[], false),
            (511, &[], true),
            (404, html, false),
            (403, html, false),
            (502, html, false),
            (301, &[to("https://api.example/generate_204")], false),
            (308, &[to("/elsewhere")], false),
            (302, &[to("http://login.hotel.example/?from=api.example")], true),
            (307, &[to("//portal.example")], true),
            (302, &[], false),
        ];
        let probe = "http://api.example/generate_204".parse().unwrap();
        for (status, headers, portal) in table {
            let headers = headers
                .iter()
                .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
                .collect();
            let status = StatusCode::from_u16(*status).unwrap();
            assert_eq!(
                is_portal(&probe, status, &headers),
                *portal,
                "{status} {headers:?}"
            );
        }
    }
}
