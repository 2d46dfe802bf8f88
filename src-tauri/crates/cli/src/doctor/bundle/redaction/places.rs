//! What is taken out of a text by where it stands in it: paths and queries of addresses, and credentials.

use super::{HIDDEN, PATH};

/// Ways to sign in to a server over HTTP; what follows them is a secret.
const SCHEMES: [&str; 5] = ["basic", "bearer", "digest", "negotiate", "ntlm"];

/// What is called so is a secret.
const SECRETS: [&str; 13] = [
    "api-key",
    "apikey",
    "api_key",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "sessionid",
    "session",
    "sid",
    "ticket",
    "token",
];

/// Headers with secrets; their values have spaces.
const HEADERS: [&str; 2] = ["authorization", "cookie"];

/// What may be between a name and its value, in headers, queries, JSON and text.
const BETWEEN: [&str; 15] = [
    " ", "\u{a0}", "\t", "\"", "\\", "'", "+", ":", "=>", "->", "=", "%20", "%22", "%3a", "%3d",
];

fn is_end(character: char) -> bool {
    character.is_ascii_whitespace() || character == '"'
}

/// Splits a text where a value ends.
fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

/// Cuts each address after its host and port. `other` takes care of the texts between the addresses.
pub(super) fn without_urls(text: &str, other: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (url, next) = split(&rest[at + "://".len()..]);
        out.extend([&other(&rest[..at]), "://", &without_path(url)]);
        rest = next;
    }
    out.push_str(&other(rest));
    out
}

/// Cuts an address without its scheme.
fn without_path(url: &str) -> String {
    let end = url.find(['/', '?', '#', '\\']).unwrap_or(url.len());
    let (authority, rest) = url.split_at(end);
    if rest.contains('@') {
        // A password may have any character, so nothing says where the host begins.
        return HIDDEN.to_owned();
    }
    let (user, host) = match authority.rsplit_once('@') {
        Some((_, host)) => ([HIDDEN, "@"], host),
        None => ([""; 2], authority),
    };
    let (host, port_and_path) = host.split_at(end_of_host(host));
    let path = format!("{port_and_path}{rest}");
    let shown = if path.contains(char::is_alphanumeric) {
        format!("/{PATH}")
    } else {
        // What follows an address in a sentence.
        path.trim_start_matches('/').to_owned()
    };
    format!("{}{host}{shown}", user.concat())
}

/// Where the name or number of a host ends, with its port.
fn end_of_host(text: &str) -> usize {
    let is_of_number = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    let name = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((number, _)) if number.chars().all(is_of_number) => number.len() + 2,
        Some(_) | None => text
            .find(|c: char| !c.is_alphanumeric() && !".-_".contains(c))
            .unwrap_or(text.len()),
    };
    let digits = text[name..].strip_prefix(':').map_or(0, |port| {
        port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len())
    });
    if digits > 0 { name + 1 + digits } else { name }
}

/// Cuts each query, also of a path that stands alone. A question ends with its mark.
pub(super) fn without_queries(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('?') {
        let (before, after) = rest.split_at(at + 1);
        let (query, next) = split(after);
        out.push_str(before);
        if query.contains(char::is_alphanumeric) {
            out.push_str(HIDDEN);
        } else {
            out.push_str(query);
        }
        rest = next;
    }
    out.push_str(rest);
    out
}

/// Cuts credentials before a host, and paths after one, where no scheme says that it is an address.
pub(super) fn without_places(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(is_end) {
        let (word, end) = split(piece);
        match word.rsplit_once('@') {
            Some((user, _)) if user.contains('/') => out.push_str(HIDDEN),
            Some((user, host)) if !user.is_empty() => out.extend([HIDDEN, "@", &without_path_of_word(host)]),
            Some(_) | None => out.push_str(&without_path_of_word(word)),
        }
        out.push_str(end);
    }
    out
}

fn without_path_of_word(word: &str) -> String {
    let slashes = word.len() - word.strip_prefix("//").unwrap_or(word).len();
    let (slashes, rest) = word.split_at(slashes);
    match rest.split_once('/') {
        Some((host, path)) if !path.is_empty() && is_host(host) => format!("{slashes}{host}/{PATH}"),
        Some(_) | None => word.to_owned(),
    }
}

/// Whether this is a host rather than the first folder of a path.
fn is_host(text: &str) -> bool {
    let has = |mark: char, is_next: fn(char) -> bool| {
        text.split(mark)
            .skip(1)
            .any(|after| after.chars().next().is_some_and(is_next))
    };
    let begins = text.chars().next();
    begins.is_some_and(|c| c.is_alphanumeric() || c == '[')
        && (has('.', char::is_alphanumeric) || has(':', |c| c.is_ascii_hexdigit()))
}

/// Hides what follows the names of secrets.
pub(super) fn without_credentials(text: &str) -> String {
    // As long as the text itself, and with the same boundaries.
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let Some((value, end)) = secret_at(&lower, at) else {
            out.push(first);
            at += first.len_utf8();
            continue;
        };
        out.push_str(&text[at..value]);
        out.push_str(HIDDEN);
        at = end;
    }
    out
}

/// Where the value of the secret begins and ends whose name is here.
fn secret_at(text: &str, at: usize) -> Option<(usize, usize)> {
    let named = |names: &[&str]| names.iter().find_map(|name| text[at..].strip_prefix(name));
    let (after, is_scheme, is_header) = named(&HEADERS)
        .map(|after| (after, false, true))
        .or_else(|| named(&SCHEMES).map(|after| (after, true, false)))
        .or_else(|| named(&SECRETS).map(|after| (after, false, false)))?;
    let mut value = after;
    while let Some(rest) = BETWEEN.iter().find_map(|between| value.strip_prefix(between)) {
        value = rest;
    }
    let between = &after[..after.len() - value.len()];
    let is_given = between.contains([':', '=', '>']) || between.contains("%3");
    if value.is_empty() || !(is_given || (is_scheme && !between.is_empty())) {
        return None;
    }
    let end = if is_header {
        value.len()
    } else {
        split(value).0.len()
    };
    let begin = text.len() - value.len();
    Some((begin, begin + end))
}
