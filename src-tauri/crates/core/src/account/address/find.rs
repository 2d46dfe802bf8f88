//! Finds the address in a pasted text.

use std::net::Ipv6Addr;

use url::Url;

use super::{AddressError, is_this_machine};
use crate::text::pasted;

/// Longest first, because one is the beginning of another.
const SCHEMES: [&str; 4] = ["https", "http", "wss", "ws"];

/// Names of the setting, which may be pasted with it.
const NAMES: [&str; 3] = ["GLORIA_API_URL", "api.url", "url"];

/// The only address in the text.
pub(super) fn url(text: &str) -> Result<Url, AddressError> {
    let text = pasted::tidy(text);
    // JSON may write `\/`, and Windows users `\`; browsers treat both as `/`.
    let text = text.replace("\\/", "/").replace('\\', "/");
    let text = pasted::assigned(&text, &NAMES).unwrap_or(&text);
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    if pasted::is_web_token(text) {
        // Used as a host name, it would be sent to every name server on the way.
        return Err(AddressError::IsToken);
    }
    let (scheme, rest) = match written(text)? {
        Some(found) => found,
        None => bare(text)?,
    };
    let rest = without_punctuation(rest);
    if pasted::is_cut_off(rest) {
        return Err(AddressError::CutOff);
    }
    if rest.contains(char::is_whitespace) {
        return Err(AddressError::Spaces);
    }
    let rest = bracketed(rest);
    if let Some(scheme) = scheme {
        return Url::parse(&format!("{scheme}://{rest}")).map_err(AddressError::Malformed);
    }
    let url = Url::parse(&format!("https://{rest}")).map_err(AddressError::Malformed)?;
    if is_this_machine(&url) {
        // No certificate authority issues certificates for it.
        Url::parse(&format!("http://{rest}")).map_err(AddressError::Malformed)
    } else {
        Ok(url)
    }
}

type Found<'a> = (Option<&'static str>, &'a str);

/// The first address with a complete scheme: at the start of the text, after a name and a colon, or as an argument of a
/// command.
fn written(text: &str) -> Result<Option<Found<'_>>, AddressError> {
    let Some((mut scheme, mut rest)) = next(text) else {
        return Ok(None);
    };
    // It was pasted after a scheme that was already in the field.
    while let Some(inner) = begins(rest) {
        (scheme, rest) = inner;
    }
    let end = rest.find(|c: char| c.is_whitespace() || (c != '\'' && pasted::is_quote(c)));
    let (address, after) = rest.split_at(end.unwrap_or(rest.len()));
    let second = address.split('?').next().and_then(next);
    if second.is_some() || next(after).is_some() {
        return Err(AddressError::Several);
    }
    // A command's argument may be followed by options; other words may be the rest of an address that was broken into
    // two lines.
    let after =
        after.trim_matches(|c: char| c.is_whitespace() || pasted::is_quote(c) || ".,;!)]}".contains(c));
    if after.is_empty() || after.starts_with(['-', '|', '/']) {
        Ok(Some((Some(scheme), address.trim_end_matches('\''))))
    } else {
        Err(AddressError::Spaces)
    }
}

/// The next complete scheme that is not part of a word, and the text after it.
fn next(text: &str) -> Option<(&'static str, &str)> {
    let mut within_word = false;
    for (at, c) in text.char_indices() {
        if !within_word && let Some(found) = begins(&text[at..]) {
            return Some(found);
        }
        within_word = c.is_alphanumeric();
    }
    None
}

fn begins(text: &str) -> Option<(&'static str, &str)> {
    SCHEMES.iter().find_map(|scheme| {
        let rest = begins_with(text, scheme)?.strip_prefix("://")?;
        Some((*scheme, rest))
    })
}

fn begins_with<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.get(..word.len())
        .filter(|begin| begin.eq_ignore_ascii_case(word))
        .map(|_| &text[word.len()..])
}

/// An address with no scheme, or with an incomplete `://`.
fn bare(text: &str) -> Result<Found<'_>, AddressError> {
    for scheme in SCHEMES {
        if let Some(rest) = begins_with(text, scheme)
            && (rest.starts_with("//") || (rest.starts_with(':') && !is_port(&rest[1..])))
        {
            return Ok((Some(scheme), rest.trim_start_matches([':', '/'])));
        }
    }
    let before_path = text.split('/').next().unwrap_or(text);
    let other_scheme = before_path.ends_with(':') && text.len() > before_path.len();
    if other_scheme && !before_path.starts_with('[') {
        return Err(AddressError::Scheme);
    }
    Ok((None, text.trim_start_matches('/')))
}

fn is_port(text: &str) -> bool {
    let port = text.split('/').next().unwrap_or(text);
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Removes the punctuation at the end of a sentence.
fn without_punctuation(text: &str) -> &str {
    let mut text = pasted::unquoted(text);
    while let Some(shorter) = text.strip_suffix("%20") {
        text = pasted::unquoted(shorter);
    }
    loop {
        let shorter = match text.chars().next_back() {
            Some('.') if !pasted::is_cut_off(text) => &text[..text.len() - 1],
            Some(',' | ';' | '!' | '"' | '>') => &text[..text.len() - 1],
            Some(')') if !text.contains('(') => &text[..text.len() - 1],
            _ => return text,
        };
        text = pasted::unquoted(shorter);
    }
}

/// Adds the brackets that an IPv6 address needs in a URL; `::1` is often written without.
fn bracketed(rest: &str) -> String {
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if host.parse::<Ipv6Addr>().is_ok() {
        format!("[{host}]{path}")
    } else {
        rest.to_owned()
    }
}
