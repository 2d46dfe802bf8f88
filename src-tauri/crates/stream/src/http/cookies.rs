//! Cookies, kept as browsers keep them for an event stream.
//!
//! A load balancer's cookie leads to the server that knows this client, and a gateway's shows that this client may
//! pass: one that sets a cookie and redirects to itself would otherwise redirect forever. Cookies are kept only in
//! memory, as long as the stream exists.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cookie_store::CookieStore;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use url::Url;

/// As many as browsers keep per site. A server that sets more generates cookie names, so all are dropped.
const MAX_COOKIES: usize = 180;

/// Browsers ignore a longer one.
const MAX_COOKIE: usize = 4 << 10;

/// The maximum size of the request's `Cookie` header: Node.js accepts 16 KiB for the whole head, which also contains
/// the token.
const MAX_HEADER: usize = 8 << 10;

/// The cookies of one stream's servers. They can identify users, so `Debug` does not show them.
#[derive(Default)]
pub(super) struct Cookies(Mutex<CookieStore>);

impl Cookies {
    /// Stores the cookies that a response from this address sets. Invalid ones are ignored.
    pub(super) fn keep(&self, url: &Url, answer: &HeaderMap) {
        let values = answer.get_all(SET_COOKIE).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        for text in texts.filter(|text| text.len() <= MAX_COOKIE) {
            let mut store = self.store();
            // It fails for a cookie of another site, and for invalid ones.
            let _ = store.parse(text, url);
            if store.iter_any().count() > MAX_COOKIES {
                store.clear();
            }
        }
    }

    /// Adds the cookies for this address to a request's headers.
    pub(super) fn add(&self, url: &Url, request: &mut HeaderMap) {
        let mut pairs = String::new();
        for (name, value) in self.store().get_request_values(url) {
            if pairs.len() + name.len() + value.len() > MAX_HEADER {
                break;
            }
            let separator = if pairs.is_empty() { "" } else { "; " };
            pairs.extend([separator, name, "=", value]);
        }
        if !pairs.is_empty()
            && let Ok(mut value) = HeaderValue::from_str(&pairs)
        {
            value.set_sensitive(true);
            request.insert(COOKIE, value);
        }
    }

    fn store(&self) -> MutexGuard<'_, CookieStore> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Cookies").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn keep(cookies: &Cookies, from: &str, values: &[&str]) {
        let answer = values
            .iter()
            .map(|value| (SET_COOKIE, HeaderValue::from_str(value).unwrap()))
            .collect();
        cookies.keep(&url(from), &answer);
    }

    fn sent(cookies: &Cookies, to: &str) -> Option<String> {
        let mut request = HeaderMap::new();
        cookies.add(&url(to), &mut request);
        let value = request.remove(COOKIE)?;
        assert!(value.is_sensitive());
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_cookie_goes_back_to_where_it_came_from_alone() {
        let cookies = Cookies::default();
        keep(
            &cookies,
            "https://gloria.example/api/v1/sse",
            &["server=3; Path=/", "evil=1; Domain=other.example", "="],
        );
        assert_eq!(
            sent(&cookies, "https://gloria.example/x").as_deref(),
            Some("server=3")
        );
        assert_eq!(sent(&cookies, "https://other.example/"), None);
        keep(
            &cookies,
            "https://gloria.example/",
            &["server=3; Path=/; Max-Age=0"],
        );
        assert_eq!(
            sent(&cookies, "https://gloria.example/x"),
            None,
            "it was taken back"
        );
    }

    #[test]
    fn what_is_marked_secure_is_never_sent_in_the_clear() {
        let cookies = Cookies::default();
        keep(&cookies, "https://gloria.example/", &["wall=1; Secure; Path=/"]);
        assert_eq!(sent(&cookies, "http://gloria.example/"), None);
    }

    #[test]
    fn a_server_that_makes_up_cookies_takes_no_memory_and_no_head() {
        let cookies = Cookies::default();
        let filler = "x".repeat(3000);
        for number in 0..10_000 {
            keep(
                &cookies,
                "https://gloria.example/",
                &[&format!("c{number}={filler}")],
            );
            assert!(cookies.store().iter_any().count() <= MAX_COOKIES);
        }
        let header = sent(&cookies, "https://gloria.example/").unwrap_or_default();
        assert!(header.len() <= MAX_HEADER, "{}", header.len());
        keep(
            &cookies,
            "https://gloria.example/",
            &[&format!("long={}", "y".repeat(MAX_COOKIE))],
        );
        assert!(!cookies.store().iter_any().any(|cookie| cookie.name() == "long"));
    }

    #[test]
    fn cookies_do_not_print() {
        let cookies = Cookies::default();
        keep(&cookies, "https://gloria.example/", &["session=s3cret"]);
        assert!(!format!("{cookies:?}").contains("s3cret"));
    }
}
