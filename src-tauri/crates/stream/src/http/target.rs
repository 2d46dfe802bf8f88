//! The address of a request and what it may send there, also after redirects.

use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use super::proxy::is_this_machine;
use super::{Credential, CredentialError, Proof};
use crate::DialError;

/// One request's address and credential.
pub(crate) struct Target {
    url: Url,
    proof: Proof,
    /// A query parameter that is kept across redirects.
    parameter: Option<(&'static str, String)>,
    /// Whether `ws` and `wss` in redirects mean `http` and `https`.
    websocket: bool,
}

impl Target {
    /// Returns the target of the first request. `ws` and `wss` become `http` and `https`.
    pub(crate) fn new(mut url: Url, credential: Credential) -> Self {
        let websocket = is_websocket(&url);
        if websocket {
            ask_by_http(&mut url);
        }
        Self {
            url,
            proof: credential.proof,
            parameter: None,
            websocket,
        }
        .with_query()
    }

    /// Adds a query parameter that is kept across redirects, which drop the query more often than they keep it.
    pub(crate) fn with_parameter(self, name: &'static str, value: &str) -> Self {
        Self {
            parameter: Some((name, value.to_owned())),
            ..self
        }
        .with_query()
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn into_url(self) -> Url {
        self.url
    }

    /// Whether the credential is sent there.
    pub(super) fn shows_credential(&self) -> bool {
        match self.proof {
            Proof::Bearer(_) | Proof::Query(..) => true,
            Proof::Anonymous => false,
        }
    }

    /// Adds the `Authorization` header, marked as sensitive so that it is never printed.
    ///
    /// # Errors
    /// When the token contains bytes that a header cannot carry.
    pub(super) fn authorize(&self, headers: &mut HeaderMap) -> Result<(), DialError> {
        if let Proof::Bearer(token) = &self.proof {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| DialError::Credential(CredentialError::Unsendable))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(())
    }

    /// Returns the target of a redirect. https stays https, plain http to this machine stays on this machine, and no
    /// credential is sent to another origin.
    ///
    /// # Errors
    /// When the redirect has no valid address, or an insecure one.
    pub(super) fn follow(self, headers: &HeaderMap) -> Result<Self, DialError> {
        let location = headers
            .get(LOCATION)
            .and_then(|location| std::str::from_utf8(location.as_bytes()).ok())
            .map(str::trim)
            .filter(|location| !location.is_empty())
            .ok_or(DialError::RedirectToNowhere)?;
        let mut url = self
            .url
            .join(location)
            .map_err(|_| DialError::RedirectToNowhere)?;
        if self.websocket {
            ask_by_http(&mut url);
        }
        match (self.url.scheme(), url.scheme()) {
            (_, "https") => {}
            // Addresses of this machine may be http, but that does not permit http for others.
            ("http", "http") if is_this_machine(&url) || !is_this_machine(&self.url) => {}
            _ => return Err(DialError::RedirectNotSecure),
        }
        if url.origin() == self.url.origin() {
            return Ok(Self { url, ..self }.with_query());
        }
        // Some servers copy the query to the new address, and some the header into the query.
        match &self.proof {
            Proof::Bearer(token) => drop_from_query(&mut url, |_, value| value == secret(token)),
            Proof::Query(name, token) => {
                drop_from_query(&mut url, |key, value| key == *name || value == secret(token));
            }
            Proof::Anonymous => {}
        }
        strip_userinfo(&mut url);
        Ok(Self {
            url,
            proof: Proof::Anonymous,
            ..self
        }
        .with_query())
    }

    fn with_query(mut self) -> Self {
        if let Some((name, value)) = &self.parameter {
            set_query(&mut self.url, name, value);
        }
        if let Proof::Query(name, token) = &self.proof {
            set_query(&mut self.url, name, secret(token));
        }
        self
    }
}

/// Whether this is the address of a WebSocket.
pub(crate) fn is_websocket(url: &Url) -> bool {
    matches!(url.scheme(), "ws" | "wss")
}

/// Replaces `ws` by `http` and `wss` by `https`, because a WebSocket begins as a request (RFC 6455, 4.1).
fn ask_by_http(url: &mut Url) {
    let scheme = match url.scheme() {
        "ws" => "http",
        "wss" => "https",
        _ => return,
    };
    // It fails only for schemes without a host, and these have one.
    let _ = url.set_scheme(scheme);
}

/// Whether this is a redirect that a GET follows.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn secret(token: &SecretString) -> &str {
    token.expose_secret()
}

fn strip_userinfo(url: &mut Url) {
    // Both fail only for addresses without a host, and http addresses have one.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// Sets a parameter to this single value. The others keep their encoding.
fn set_query(url: &mut Url, name: &str, value: &str) {
    drop_from_query(url, |key, _| key == name);
    let query = url.query().unwrap_or_default().to_owned();
    let query = form_urlencoded::Serializer::for_suffix(query, 0)
        .append_pair(name, value)
        .finish();
    url.set_query(Some(&query));
}

/// Removes the parameters for which `drop` returns true by name and value. The others keep their encoding.
fn drop_from_query(url: &mut Url, drop: impl Fn(&str, &str) -> bool) {
    let Some(query) = url.query() else { return };
    let kept = query
        .split('&')
        .filter(|pair| !form_urlencoded::parse(pair.as_bytes()).any(|(key, value)| drop(&key, &value)))
        .collect::<Vec<_>>()
        .join("&");
    url.set_query((!kept.is_empty()).then_some(&kept));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str, credential: Credential) -> Target {
        Target::new(url.parse().unwrap(), credential)
    }

    fn bearer() -> Credential {
        Credential::bearer("s3cret".into())
    }

    fn query() -> Credential {
        Credential::query("token", "s3 cret".into())
    }

    fn to(location: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))])
    }

    fn authorization(target: &Target) -> Option<HeaderValue> {
        let mut headers = HeaderMap::new();
        target.authorize(&mut headers).unwrap();
        headers.remove(AUTHORIZATION)
    }

    #[test]
    fn the_query_is_kept_as_it_is_written() {
        let url: Url = "https://a.example/sse?types=a,b&lastEventId=1&x=%20"
            .parse()
            .unwrap();
        let first = Target::new(url.clone(), Credential::ANONYMOUS).with_parameter("lastEventId", "3 &=…\n");
        assert_eq!(
            first.url().as_str(),
            "https://a.example/sse?types=a,b&x=%20&lastEventId=3+%26%3D%E2%80%A6%0A"
        );
        assert_eq!(
            Target::new(url.clone(), Credential::ANONYMOUS).url(),
            &url,
            "no parameter, no change"
        );
        let with_token = target("https://a.example/sse", query()).with_parameter("lastEventId", "3");
        assert_eq!(
            with_token.url().as_str(),
            "https://a.example/sse?lastEventId=3&token=s3+cret"
        );
    }

    #[test]
    fn a_token_that_no_header_carries_is_a_clear_error_without_the_token() {
        let target = target("https://a.example/", Credential::bearer("s3cret\n".into()));
        let error = target.authorize(&mut HeaderMap::new()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }

    #[test]
    fn the_header_never_prints_its_token() {
        let value = authorization(&target("https://a.example/", bearer())).unwrap();
        assert_eq!(value.as_bytes(), b"Bearer s3cret");
        assert!(!format!("{value:?}").contains("s3cret"));
    }

    #[test]
    fn credentials_stay_within_their_origin() {
        for (location, kept) in [
            ("/v2/sse", true),
            ("v2", true),
            ("?x=1", true),
            ("https://a.example/other", true),
            ("https://a.example:443/other", true),
            ("//a.example/other", true),
            ("https://a.example:8443/sse", false),
            ("https://b.example/sse", false),
            ("https://sub.a.example/sse", false),
            ("//b.example/sse", false),
            (
                "https://user:pass@b.example/sse?token=s3+cret&y=1&%74oken=s3+cret",
                false,
            ),
        ] {
            let by_header = target("https://a.example/sse?x=0", bearer())
                .follow(&to(location))
                .unwrap();
            assert_eq!(authorization(&by_header).is_some(), kept, "{location}");
            let by_query = target("https://a.example/sse?x=0", query())
                .follow(&to(location))
                .unwrap();
            assert_eq!(by_query.url().as_str().contains("s3"), kept, "{location}");
            assert!(by_query.url().username().is_empty() && by_query.url().password().is_none());
        }
    }

    #[test]
    fn a_credential_that_was_dropped_does_not_come_back() {
        let target = target("https://a.example/sse", bearer());
        let target = target.follow(&to("https://b.example/")).unwrap();
        let target = target.follow(&to("https://a.example/")).unwrap();
        assert_eq!(authorization(&target), None);
    }

    #[test]
    fn https_stays_https() {
        for location in [
            "http://a.example/",
            "ftp://a.example/",
            "file:///etc/passwd",
            "data:,x",
        ] {
            let result = target("https://a.example/", bearer())
                .follow(&to(location))
                .map(|_| ());
            assert_eq!(result, Err(DialError::RedirectNotSecure), "{location}");
        }
        let up = target("http://a.example/", bearer())
            .follow(&to("https://a.example/"))
            .unwrap();
        assert_eq!(authorization(&up), None, "another scheme is another origin");
        assert!(
            target("http://a.example/", bearer())
                .follow(&to("http://a.example/x"))
                .is_ok()
        );
    }

    #[test]
    fn plain_http_of_this_machine_stays_here() {
        for (from, location, followed) in [
            ("http://127.0.0.1:1/", "http://127.0.0.1:2/", true),
            ("http://localhost:1/", "http://[::1]:2/", true),
            ("http://localhost:1/", "http://app.localhost/", true),
            ("http://localhost:1/", "https://a.example/", true),
            ("http://localhost:1/", "http://a.example/", false),
            ("http://127.0.0.1:1/", "http://192.168.1.1/", false),
            ("http://0.0.0.0:1/", "//a.example/", false),
            // Plain http was allowed for the server.
            ("http://lab.example/", "http://other.example/", true),
            ("http://lab.example/", "http://localhost/", true),
        ] {
            let result = target(from, bearer()).follow(&to(location)).map(|_| ());
            let wanted = if followed {
                Ok(())
            } else {
                Err(DialError::RedirectNotSecure)
            };
            assert_eq!(result, wanted, "{from} to {location}");
        }
    }

    #[test]
    fn what_was_seen_is_said_wherever_a_redirect_leads() {
        for (location, asked) in [
            ("/v2", "https://a.example/v2?lastEventId=7"),
            ("/v2?x=1&lastEventId=3", "https://a.example/v2?x=1&lastEventId=7"),
            (
                "https://b.example/v2?x=1",
                "https://b.example/v2?x=1&lastEventId=7",
            ),
        ] {
            let first = target("https://a.example/sse", bearer()).with_parameter("lastEventId", "7");
            assert_eq!(first.follow(&to(location)).unwrap().url().as_str(), asked);
        }
    }

    #[test]
    fn a_websocket_is_asked_for_by_http() {
        for (asked, requested) in [
            (
                "wss://a.example/api/ws?types=a",
                "https://a.example/api/ws?types=a",
            ),
            ("ws://a.example:8080/", "http://a.example:8080/"),
            ("wss://a.example:443/", "https://a.example/"),
        ] {
            assert_eq!(target(asked, bearer()).url().as_str(), requested);
        }
        for (location, kept) in [
            ("/v2", true),
            ("wss://a.example/v2", true),
            ("https://a.example/v2", true),
            ("wss://b.example/v2", false),
        ] {
            let target = target("wss://a.example/ws", bearer())
                .follow(&to(location))
                .unwrap();
            assert_eq!((target.url().scheme(), target.url().path()), ("https", "/v2"));
            assert_eq!(authorization(&target).is_some(), kept, "{location}");
        }
        for (from, location) in [
            ("wss://a.example/", "ws://a.example/"),
            ("wss://a.example/", "http://a.example/"),
            // An event stream cannot be redirected to a WebSocket.
            ("https://a.example/", "wss://a.example/"),
        ] {
            let result = target(from, bearer()).follow(&to(location)).map(|_| ());
            assert_eq!(result, Err(DialError::RedirectNotSecure), "{from} to {location}");
        }
    }

    #[test]
    fn a_redirect_has_to_lead_somewhere() {
        let nowhere = |headers: &HeaderMap| {
            assert_eq!(
                target("https://a.example/", bearer()).follow(headers).map(|_| ()),
                Err(DialError::RedirectToNowhere)
            );
        };
        nowhere(&HeaderMap::new());
        nowhere(&to(""));
        nowhere(&to("  "));
        nowhere(&to("https://"));
        nowhere(&HeaderMap::from_iter([(
            LOCATION,
            HeaderValue::from_bytes(b"/\xFF").unwrap(),
        )]));
    }
}
