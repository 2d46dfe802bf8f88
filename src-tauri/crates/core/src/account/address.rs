//! The API address: which servers a token may be sent to, and where on them the stream may be.

mod find;

use crate::message::{self, Message};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use thiserror::Error;
use url::{Host, Origin, Url};

use crate::text::pasted;

/// Where the stream may be on a server whose address has no path; the Gloria System's own path first.
const CANDIDATE_PATHS: [&str; 3] = ["/api/v1", "/api", ""];

/// The path of the stream below the base.
const SSE: &str = "/sse";
const WEBSOCKET: &str = "/ws";

/// The path of the document that says where users sign in, below the base.
const AUTH: &str = "/auth";
/// Where a server takes the request for a test event, below the API.
const TEST_EVENT: &str = "/test-event";
/// Where a server lists its notifications and takes changes of them, below the API.
const NOTIFICATIONS: &str = "/notifications";

/// The name of the stream on other systems. An address that ends with it may be the stream's or a base of this name.
const EVENTS: &str = "/events";

/// The base URL of the Gloria System's API, such as `https://gloria.example`. It contains no credentials.
///
/// Its scheme selects the stream's transport: `wss://gloria.example` is the same server over a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

/// Why a text is no API address. The text itself is never repeated, because it may contain a token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Only white space.
    #[error("enter the server's address, such as https://gloria.example")]
    Empty,
    /// Not a URL.
    #[error("this is not an address: {0}; it should look like https://gloria.example")]
    Malformed(url::ParseError),
    /// Contains words or line breaks.
    #[error("the address has spaces or line breaks in it; enter the address alone, in one line")]
    Spaces,
    /// Contains two addresses.
    #[error("these are several addresses; enter one")]
    Several,
    /// Ends with an ellipsis.
    #[error("the address is cut off at its end; copy all of it")]
    CutOff,
    /// Has another scheme than these.
    #[error("the address must begin with https:// or wss://")]
    Scheme,
    /// Would send the token unencrypted. The scheme is included.
    #[error("plain {0} would send your token unencrypted; use {0}s://")]
    Unencrypted(&'static str),
    /// Contains a user name or a password.
    #[error("leave the user name and the password out of the address")]
    UserInfo,
    /// Contains a query with a token.
    #[error(
        "the address contains a token; leave out the ? and what follows it, and enter the token by itself"
    )]
    Token,
    /// Is a token.
    #[error("this is a token; enter the server's address here, and the token by itself")]
    IsToken,
    /// Contains another query or a fragment.
    #[error("leave out what follows ? or # in the address")]
    Extras,
}

impl AddressError {
    /// The message for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::Empty => message::address_empty(),
            Self::Malformed(error) => malformed(*error),
            Self::Spaces => message::address_spaces(),
            Self::Several => message::address_several(),
            Self::CutOff => message::address_cut_off(),
            Self::Scheme => message::address_scheme(),
            Self::Unencrypted(scheme) => message::address_unencrypted(*scheme),
            Self::UserInfo => message::address_user_info(),
            Self::Token => message::address_with_token(),
            Self::IsToken => message::address_is_token(),
            Self::Extras => message::address_extras(),
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "another crate's enum, which may grow"
)]
fn malformed(error: url::ParseError) -> Message {
    match error {
        url::ParseError::EmptyHost => message::address_without_host(),
        url::ParseError::InvalidPort => message::address_port(),
        url::ParseError::InvalidIpv4Address | url::ParseError::InvalidIpv6Address => {
            message::address_number()
        }
        url::ParseError::IdnaError | url::ParseError::InvalidDomainCharacter => message::address_host(),
        _ => message::address_malformed(),
    }
}

impl Address {
    /// Parses an address as users paste it: from a browser, a chat, a settings file or a command. Without a scheme it
    /// is https, or http for this machine. `0.0.0.0` and `[::]`, which servers write to their logs, become this
    /// machine; the stream's own path at the end is removed.
    ///
    /// # Errors
    ///
    /// When it is no address, is ambiguous, or must not get a token: plain http and ws are accepted only for this
    /// machine, unless `allow_plain_http` is set, which is meant for testing.
    pub fn parse(text: &str, allow_plain_http: bool) -> Result<Self, AddressError> {
        let mut address = Self::parse_once(text, allow_plain_http)?;
        // A quote or full stop before a bare `?` is left by one pass and would be removed by the next, so that a stored
        // address would be read as another server's.
        loop {
            let again = Self::parse_once(&address.to_string(), allow_plain_http)?;
            if again == address {
                return Ok(address);
            }
            address = again;
        }
    }

    fn parse_once(text: &str, allow_plain_http: bool) -> Result<Self, AddressError> {
        let mut url = checked(find::url(text)?, allow_plain_http)?;
        without_extras(&mut url)?;
        Ok(Self::of(url))
    }

    /// Parses the URL of a stream including its query, and returns the address whose token may be sent there. The URL
    /// is `None` if the text names only a server, whose stream has to be looked up.
    ///
    /// # Errors
    ///
    /// Like [`Address::parse`], except that a query is allowed.
    pub fn of_stream(text: &str, allow_plain_http: bool) -> Result<(Self, Option<Url>), AddressError> {
        let url = checked(find::url(text)?, allow_plain_http)?;
        let mut base = url.clone();
        base.set_query(None);
        base.set_fragment(None);
        let names_server = url.path() == "/" && url.query().is_none() && !pasted::tidy(text).ends_with('/');
        Ok((Self::of(base), (!names_server).then_some(url)))
    }

    fn of(mut url: Url) -> Self {
        let path = url.path().trim_end_matches('/').to_owned();
        match stem(&path, SSE).or_else(|| stem(&path, WEBSOCKET)) {
            Some("") => url.set_path(&path.to_ascii_lowercase()),
            Some(base) => url.set_path(base),
            None => url.set_path(&path),
        }
        Self(url)
    }

    /// The stream's URL, or the most likely of several: `sse` below the base, or `ws` for a WebSocket. `types` are the
    /// event types to request; none means all.
    pub fn stream(&self, types: &[String]) -> Url {
        self.candidates(types).next().unwrap_or_else(|| self.0.clone())
    }

    /// Other URLs that the stream may have: if the address has no path, or ends with what may be the stream's own name.
    pub fn alternatives(&self, types: &[String]) -> Vec<Url> {
        self.candidates(types).skip(1).collect()
    }

    fn candidates(&self, types: &[String]) -> impl Iterator<Item = Url> {
        let name = if self.is_websocket() { WEBSOCKET } else { SSE };
        let path = self.0.path().trim_end_matches('/');
        let paths: Vec<String> = if path.is_empty() {
            CANDIDATE_PATHS
                .iter()
                .map(|base| format!("{base}{name}"))
                .collect()
        } else if self.names_stream() {
            vec![name.to_owned()]
        } else if let Some(base) = stem(path, EVENTS) {
            vec![format!("{base}{name}"), path.to_owned(), format!("{path}{name}")]
        } else {
            vec![format!("{path}{name}")]
        };
        paths.into_iter().map(|path| {
            let mut url = self.0.clone();
            url.set_path(&path);
            if !types.is_empty() {
                url.query_pairs_mut().append_pair("types", &types.join(","));
            }
            url
        })
    }

    /// The URLs that the document which says where users sign in may have, the most likely first.
    pub(crate) fn sign_in_documents(&self) -> Vec<Url> {
        self.parts_of_api(AUTH)
    }

    /// The URLs at which the server may take the request for a test event, the most likely first.
    pub fn test_event_places(&self) -> Vec<Url> {
        self.parts_of_api(TEST_EVENT)
    }

    /// The URLs at which the server may take a change of this notification, the most likely first. None for an id that
    /// is no segment of a path.
    pub(crate) fn notification_places(&self, id: &str) -> Vec<Url> {
        if matches!(id, "" | "." | "..") {
            return Vec::new();
        }
        let mut places = self.parts_of_api(NOTIFICATIONS);
        for place in &mut places {
            if let Ok(mut segments) = place.path_segments_mut() {
                segments.push(id);
            }
        }
        places
    }

    /// The URLs at which the server may list its notifications and take changes of several, the most likely first.
    pub(crate) fn notifications_places(&self) -> Vec<Url> {
        self.parts_of_api(NOTIFICATIONS)
    }

    fn parts_of_api(&self, name: &str) -> Vec<Url> {
        let path = self.0.path().trim_end_matches('/');
        let bases = if path.is_empty() {
            CANDIDATE_PATHS.to_vec()
        } else if self.names_stream() {
            vec![""]
        } else if let Some(base) = stem(path, EVENTS) {
            vec![base, path]
        } else {
            vec![path]
        };
        let at = |base: &str| {
            let mut url = with_http_scheme(&self.0);
            url.set_path(&format!("{base}{name}"));
            url
        };
        bases.into_iter().map(at).collect()
    }

    /// The name under which the server's token and events are stored. It does not depend on the transport.
    pub fn server(&self) -> String {
        let mut url = with_http_scheme(&self.0);
        if self.names_stream() {
            url.set_path("");
        }
        text(&url)
    }

    /// Scheme, host and port, with `https` instead of `wss`.
    pub fn origin(&self) -> Origin {
        with_http_scheme(&self.0).origin()
    }

    /// Whether its stream is a WebSocket.
    pub fn is_websocket(&self) -> bool {
        matches!(self.0.scheme(), "ws" | "wss")
    }

    /// Whether it is unencrypted.
    pub(crate) fn is_plain_http(&self) -> bool {
        matches!(self.0.scheme(), "http" | "ws")
    }

    /// Whether it is unencrypted and leaves this machine, so that others can read the token.
    pub(crate) fn is_insecure(&self) -> bool {
        self.is_plain_http() && !is_this_machine(&self.0)
    }

    /// Whether it was made of a single word: that may be a machine of the local network, and is more often a mistake.
    pub fn is_bare_word(&self, typed: &str) -> bool {
        let word = pasted::tidy(typed);
        let is_word = !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        is_word && !is_this_machine(&self.0)
    }

    /// Whether the path is only the stream's own name: then no other URL is tried.
    fn names_stream(&self) -> bool {
        matches!(self.0.path(), SSE | WEBSOCKET)
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

/// The part before this ending, ignoring case.
fn stem<'a>(path: &'a str, ending: &str) -> Option<&'a str> {
    let at = path.len().checked_sub(ending.len())?;
    path.get(at..)
        .filter(|end| end.eq_ignore_ascii_case(ending))
        .map(|_| path[..at].trim_end_matches('/'))
}

fn with_http_scheme(url: &Url) -> Url {
    let mut url = url.clone();
    let scheme = match url.scheme() {
        "ws" => "http",
        "wss" => "https",
        _ => return url,
    };
    // Fails only for schemes without a host, of which neither is one.
    let _ = url.set_scheme(scheme);
    url
}

/// An address that may get a token.
fn checked(mut url: Url, allow_plain_http: bool) -> Result<Url, AddressError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::UserInfo);
    }
    normalize_host(&mut url)?;
    match url.scheme() {
        "https" | "wss" => Ok(url),
        "http" | "ws" if allow_plain_http || is_this_machine(&url) => Ok(url),
        "http" => Err(AddressError::Unencrypted("http")),
        "ws" => Err(AddressError::Unencrypted("ws")),
        _ => Err(AddressError::Scheme),
    }
}

/// A `?` or `#` with nothing after it is ignored.
fn without_extras(url: &mut Url) -> Result<(), AddressError> {
    let query = url.query().unwrap_or_default();
    if !query.is_empty() {
        let token = url.query_pairs().any(|(name, _)| {
            let name = name.to_ascii_lowercase();
            ["token", "auth", "key", "jwt", "secret"]
                .iter()
                .any(|word| name.contains(word))
        });
        return Err(if token {
            AddressError::Token
        } else {
            AddressError::Extras
        });
    }
    if url
        .fragment()
        .is_some_and(|fragment| !fragment.trim_matches(['/', '!']).is_empty())
    {
        return Err(AddressError::Extras);
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(())
}

/// Replaces the unspecified address, which servers that listen on all interfaces log, by this machine. Removes the dot
/// of a fully qualified name, which certificates and headers do not have.
fn normalize_host(url: &mut Url) -> Result<(), AddressError> {
    let host = match url.host() {
        Some(Host::Ipv4(address)) if address.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
        Some(Host::Ipv6(address)) if address.is_unspecified() => format!("[{}]", Ipv6Addr::LOCALHOST),
        Some(Host::Domain(name)) if !name.bytes().all(is_host_character) => {
            return Err(AddressError::Malformed(url::ParseError::InvalidDomainCharacter));
        }
        Some(Host::Domain(name)) if name.ends_with('.') => name.trim_end_matches('.').to_owned(),
        Some(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)) => return Ok(()),
        None => return Err(AddressError::Malformed(url::ParseError::EmptyHost)),
    };
    url.set_host(Some(&host)).map_err(AddressError::Malformed)
}

/// Characters of host names. URLs allow more, such as commas and quotes, which are typing errors.
fn is_host_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// Whether the host is this machine (RFC 6761, section 6.3, for names).
pub(crate) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.is_loopback(),
            None => address.is_loopback() || address.is_unspecified(),
        },
        None => false,
    }
}

#[cfg(test)]
mod tests;
