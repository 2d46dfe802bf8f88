//! The addresses that open the app, `gloria-notify:`, from a browser or another program. Everybody can make one, so
//! they can show the window and an item in it, and nothing else: they have no parameters, and contain no secret.

use thiserror::Error;

/// The scheme, with which installers register the app.
const SCHEME: &str = "gloria-notify:";

/// The command that shows an item, before its key.
const OPEN: &str = "open/";

/// An item's key, each byte of it escaped. Addresses of browsers may be longer; ours are not.
const MAX_URL_BYTES: usize = 4096;

/// An address that the app opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppUrl {
    /// The key of the item to show; without one, only the window.
    pub item: Option<String>,
}

/// The app does not open this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no address that the app opens")]
pub struct NotOurs;

impl AppUrl {
    /// Whether a text claims to be such an address.
    pub fn is_meant_by(text: &str) -> bool {
        after_scheme(text).is_some()
    }

    /// Reads `gloria-notify:`, `gloria-notify:show` or `gloria-notify:open/KEY`, also with `//` after the colon. The
    /// key is percent-encoded.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn parse(text: &str) -> Result<Self, NotOurs> {
        let rest = after_scheme(text)
            .filter(|_| text.len() <= MAX_URL_BYTES)
            .ok_or(NotOurs)?;
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        if ["", "/", "show", "show/"].contains(&rest) {
            return Ok(Self { item: None });
        }
        let key = rest.strip_prefix(OPEN).ok_or(NotOurs)?;
        let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte);
        if key.is_empty() || !key.bytes().all(is_allowed) {
            return Err(NotOurs);
        }
        let key = String::from_utf8(decoded(key).ok_or(NotOurs)?).map_err(|_| NotOurs)?;
        if key.chars().any(char::is_control) {
            return Err(NotOurs);
        }
        Ok(Self { item: Some(key) })
    }
}

fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

/// With each `%41` as the byte that it stands for; `None` if one stands for nothing.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('%');
    let mut bytes: Vec<u8> = parts.next()?.into();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        // Without this, a sign would be taken for a digit.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(rest.bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_the_window_or_an_item() {
        for (url, item) in [
            ("gloria-notify:", None),
            ("gloria-notify://", None),
            ("gloria-notify:///", None),
            ("GLORIA-Notify:show", None),
            ("gloria-notify://show/", None),
            ("gloria-notify:open/n:42", Some("n:42")),
            ("gloria-notify://open/n%3A42", Some("n:42")),
            ("gloria-notify:open/a%20b%2Fc/d", Some("a b/c/d")),
            ("gloria-notify:open/%C3%A4", Some("ä")),
        ] {
            let item = item.map(ToOwned::to_owned);
            assert_eq!(AppUrl::parse(url), Ok(AppUrl { item }), "{url}");
            assert!(AppUrl::is_meant_by(url));
        }
    }

    #[test]
    fn whatever_else_somebody_puts_into_one_is_refused() {
        let long = format!("gloria-notify:open/{}", "x".repeat(MAX_URL_BYTES));
        for url in [
            "",
            "gloria-notify",
            "https://gloria.example/open/n:42",
            "n:42",
            "gloria-notify:open",
            "gloria-notify:open/",
            "gloria-notify:quit",
            "gloria-notify:login?token=secret",
            "gloria-notify:open/n:42?token=secret",
            "gloria-notify:open/n:42#token=secret",
            "gloria-notify:show?server=https://evil.example",
            "gloria-notify:open/n:42\" --background",
            "gloria-notify:open/n 42",
            "gloria-notify:open/n\n42",
            "gloria-notify:open/%0A",
            "gloria-notify:open/%00",
            "gloria-notify:open/%C2%9B",
            "gloria-notify:open/%FF",
            "gloria-notify:open/%+4",
            "gloria-notify:open/%4",
            "gloria-notify:open/%",
            "gloria-notify:open/ä",
            "gloria-notify:/open/n:42",
            "gloria-notify://gloria.example/open/n:42",
            "gloria-notify:../../etc/passwd",
            "ägloria-notify:open/n:42",
            &long,
        ] {
            assert_eq!(AppUrl::parse(url), Err(NotOurs), "{url}");
        }
        assert!(!AppUrl::is_meant_by("n:42"));
    }
}
