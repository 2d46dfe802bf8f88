//! The API address: which servers a token may be sent to.

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

/// The base of the Gloria System's API, such as `https://gloria.example/api`. It carries no credentials.
///
/// Its scheme chooses the stream's transport: `wss://gloria.example/api` is the same server over a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

/// Why a text is no API address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Nothing but white space.
    #[error("enter the server's address, such as https://gloria.example/api")]
    Empty,
    /// Not a URL.
    #[error("this is not an address: {0}; it should look like https://gloria.example/api")]
    Malformed(url::ParseError),
    /// Another scheme than these.
    #[error("the address must begin with https:// or wss://")]
    Scheme,
    /// Without encryption the token would be shown to everyone on the way. The scheme is named.
    #[error("plain {0} would send your token unencrypted; use {0}s://")]
    Unencrypted(&'static str),
    /// A user name, password, query or fragment.
    #[error("the address must not hold a user name, a password or anything after ? or #")]
    Extras,
}

impl Address {
    /// Takes an address as typed: white space and slashes at its end do not count, and https is meant where no
    /// scheme is given.
    ///
    /// # Errors
    ///
    /// When it is no URL, or one that a token must not be sent to: plain http and ws are for this machine only,
    /// unless `allow_plain_http` (laboratories) says otherwise.
    pub fn parse(text: &str, allow_plain_http: bool) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let url = if text.contains("://") {
            Url::parse(text)
        } else {
            Url::parse(&format!("https://{text}"))
        }
        .map_err(AddressError::Malformed)?;
        match url.scheme() {
            "https" | "wss" => {}
            "http" | "ws" if allow_plain_http || is_loopback(&url) => {}
            "http" => return Err(AddressError::Unencrypted("http")),
            "ws" => return Err(AddressError::Unencrypted("ws")),
            _ => return Err(AddressError::Scheme),
        }
        let extras = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if extras {
            Err(AddressError::Extras)
        } else {
            Ok(Self(url))
        }
    }

    /// The stream's address: `sse` below the base, or `ws` where it is a WebSocket. `types` asks for these event types
    /// alone; none asks for all.
    pub fn stream(&self, types: &[String]) -> Url {
        let path = if self.is_websocket() { "ws" } else { "sse" };
        let mut url = below(&self.0, path);
        if !types.is_empty() {
            url.query_pairs_mut().append_pair("types", &types.join(","));
        }
        url
    }

    /// The address of a resource below the API's base, which is asked for by http whatever carries the stream.
    pub fn endpoint(&self, path: &str) -> Url {
        below(&by_http(&self.0), path)
    }

    /// The name that the server's token and events are kept under: whatever carries the stream, it is the same server.
    pub fn server(&self) -> String {
        text(&by_http(&self.0))
    }

    /// Whether the stream below it is a WebSocket.
    pub fn is_websocket(&self) -> bool {
        matches!(self.0.scheme(), "ws" | "wss")
    }

    /// Whether it lacks encryption.
    pub fn is_plain_http(&self) -> bool {
        matches!(self.0.scheme(), "http" | "ws")
    }

    /// Whether everyone on the way to another machine can read what is sent.
    pub fn is_insecure(&self) -> bool {
        self.is_plain_http() && !is_loopback(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&text(&self.0))
    }
}

fn text(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

fn by_http(url: &Url) -> Url {
    let mut url = url.clone();
    let scheme = match url.scheme() {
        "ws" => "http",
        "wss" => "https",
        _ => return url,
    };
    // It fails only for schemes without a host, which neither is.
    let _ = url.set_scheme(scheme);
    url
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, AddressError> {
        Address::parse(text, false).map(|address| address.to_string())
    }

    #[test]
    fn an_address_as_typed_becomes_one() {
        assert_eq!(
            parsed(" https://gloria.example/api/ "),
            Ok("https://gloria.example/api".into())
        );
        assert_eq!(
            parsed("gloria.example/api"),
            Ok("https://gloria.example/api".into())
        );
        assert_eq!(
            parsed("http://127.0.0.1:8787/api"),
            Ok("http://127.0.0.1:8787/api".into())
        );
        assert_eq!(parsed("http://[::1]:1/api"), Ok("http://[::1]:1/api".into()));
    }

    #[test]
    fn an_address_that_would_leak_the_token_is_refused() {
        assert_eq!(
            parsed("http://gloria.example/api"),
            Err(AddressError::Unencrypted("http"))
        );
        assert_eq!(
            parsed("http://127.0.0.1.evil.example/"),
            Err(AddressError::Unencrypted("http"))
        );
        assert_eq!(
            parsed("ws://gloria.example/api").map_err(|error| error.to_string()),
            Err("plain ws would send your token unencrypted; use wss://".into())
        );
        assert_eq!(parsed("https://me:pw@gloria.example"), Err(AddressError::Extras));
        assert_eq!(
            parsed("https://gloria.example/api?token=x"),
            Err(AddressError::Extras)
        );
        assert_eq!(parsed("ftp://gloria.example"), Err(AddressError::Scheme));
        assert_eq!(parsed("  "), Err(AddressError::Empty));
        assert!(matches!(parsed("https://"), Err(AddressError::Malformed(_))));
        for (text, plain, insecure) in [
            ("http://lab.example/api", true, true),
            ("ws://lab.example/api", true, true),
            ("ws://localhost/api", true, false),
            ("wss://lab.example/api", false, false),
        ] {
            let address = Address::parse(text, true).expect("a good address");
            assert_eq!(
                (address.is_plain_http(), address.is_insecure()),
                (plain, insecure),
                "{text}"
            );
        }
    }

    #[test]
    fn a_websocket_is_another_way_to_the_same_server() {
        for (typed, stream, endpoint) in [
            (
                "wss://gloria.example/api/",
                "wss://gloria.example/api/ws?types=a",
                "https://gloria.example/api/notifications",
            ),
            (
                "ws://127.0.0.1:8787/api",
                "ws://127.0.0.1:8787/api/ws?types=a",
                "http://127.0.0.1:8787/api/notifications",
            ),
        ] {
            let address = Address::parse(typed, false).expect("a good address");
            assert!(address.is_websocket());
            assert_eq!(address.to_string(), typed.trim_end_matches('/'));
            assert_eq!(address.stream(&["a".to_owned()]).as_str(), stream);
            assert_eq!(address.endpoint("notifications").as_str(), endpoint);
            let other = Address::parse(&typed.replacen("ws", "http", 1), false).expect("a good address");
            assert!(!other.is_websocket());
            assert_eq!(address.server(), other.server());
            assert_eq!(other.server(), other.to_string());
        }
    }

    #[test]
    fn only_plain_http_to_another_machine_is_insecure() {
        for (text, insecure) in [
            ("https://gloria.example/api", false),
            ("http://127.0.0.1:8787/api", false),
            ("http://localhost/api", false),
            ("http://lab.example/api", true),
        ] {
            let address = Address::parse(text, true).expect("a good address");
            assert_eq!(address.is_insecure(), insecure, "{text}");
        }
    }

    #[test]
    fn endpoints_hang_below_the_base() {
        let address = Address::parse("https://gloria.example/api", false).expect("a good address");
        assert_eq!(address.stream(&[]).as_str(), "https://gloria.example/api/sse");
        let types = ["notification.created".to_owned(), "heartbeat".to_owned()];
        assert_eq!(
            address.stream(&types).as_str(),
            "https://gloria.example/api/sse?types=notification.created%2Cheartbeat"
        );
    }
}
