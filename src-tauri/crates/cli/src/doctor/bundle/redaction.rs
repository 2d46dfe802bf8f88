//! Takes out of texts what nobody else is to read: who the user is, where exactly on its server the API is, and
//! anything that looks like a token.
//!
//! Logs and status contain no token and no text of a notification by themselves. This is for what other programs and
//! servers put into errors, and for paths, which contain the user's name.

use serde_json::Value;

/// What stands for a user's name, id or address.
const USER: &str = "[USER]";

/// What stands for a path on the server.
const PATH: &str = "[PATH]";

/// What stands for a token.
const HIDDEN: &str = "[REDACTED]";

/// Shorter names are parts of ordinary words. They are only taken out where they stand alone.
const MIN_NAME: usize = 3;

/// Passwords are shorter and are not written anywhere; identifiers of code are longer only without digits.
const MIN_TOKEN: usize = 24;

/// What is taken out.
#[derive(Debug, Default)]
pub(super) struct Redaction {
    /// Texts, the longest first, with what stands for each.
    texts: Vec<(String, &'static str)>,
}

impl Redaction {
    /// `users` are names, ids and addresses of people, `home` is the user's folder, and `path` that of the API.
    pub(super) fn new(
        users: impl IntoIterator<Item = String>,
        home: Option<String>,
        path: &str,
        secrets: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut texts: Vec<_> = home.into_iter().map(|home| (home, "~")).collect();
        texts.extend(users.into_iter().map(|user| (user, USER)));
        texts.extend(secrets.into_iter().map(|secret| (secret, HIDDEN)));
        let path = path.trim_end_matches('/');
        if !path.is_empty() {
            texts.push((path.to_owned(), PATH));
        }
        texts.retain(|(text, _)| text.chars().count() >= MIN_NAME && text != "/");
        texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        texts.dedup();
        Self { texts }
    }

    /// The text without all of it.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = without_url_paths(text);
        for (secret, place) in &self.texts {
            text = replaced(&text, secret, place);
        }
        without_tokens(&text)
    }

    /// The document without all of it, in its values. Its names are this program's.
    pub(super) fn json(&self, document: &mut Value) {
        match document {
            Value::String(text) => *text = self.text(text),
            Value::Array(entries) => entries.iter_mut().for_each(|entry| self.json(entry)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.json(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Replaces a text wherever it is no part of a longer word.
fn replaced(text: &str, secret: &str, place: &str) -> String {
    let is_word = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(secret) {
        let (before, found) = rest.split_at(at);
        let (found, after) = found.split_at(secret.len());
        out.push_str(before);
        let begins_in_word = is_word(found.chars().next()) && is_word(out.chars().next_back());
        let ends_in_word = is_word(found.chars().next_back()) && is_word(after.chars().next());
        out.push_str(if begins_in_word || ends_in_word {
            found
        } else {
            place
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Cuts each address after its host and port.
fn without_url_paths(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        out.push_str(before);
        let end = after.find(is_end_of_url).unwrap_or(after.len());
        let (url, next) = after.split_at(end);
        let host_end = url.find(['/', '?', '#']).unwrap_or(url.len());
        let (authority, path) = url.split_at(host_end);
        match authority.rsplit_once('@') {
            Some((_, host)) => out.extend([HIDDEN, "@", host]),
            None => out.push_str(authority),
        }
        if !path.trim_end_matches('/').is_empty() {
            out.extend(["/", PATH]);
        }
        rest = next;
    }
    out.push_str(rest);
    out
}

fn is_end_of_url(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | '<' | '>' | '`' | ',' | ';' | ')' | ']')
}

/// Replaces words that are long and mixed as only tokens and keys are.
fn without_tokens(text: &str) -> String {
    let is_of_token = |character: char| character.is_ascii_alphanumeric() || "-_.~+/=".contains(character);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_token(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.push_str(if is_token(word) { HIDDEN } else { word });
        let next = after.find(is_of_token).unwrap_or(after.len());
        let (between, following) = after.split_at(next);
        out.push_str(between);
        rest = following;
    }
    out
}

/// A long run of letters and digits without the separators of names and times.
fn is_token(word: &str) -> bool {
    word.split(['/', '.', ':', '=']).any(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let letters = run.bytes().filter(u8::is_ascii_alphabetic).count();
        run.len() >= MIN_TOKEN && digits > 1 && letters > 1
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redaction() -> Redaction {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        Redaction::new(
            texts(&["anna", "Anna Kowalska", "anna@gloria.example", "x", "user_7"]),
            Some("/home/anna".into()),
            "/tenants/north/api",
            texts(&["s3cret"]),
        )
    }

    #[test]
    fn names_paths_and_tokens_are_taken_out_and_the_rest_stays() {
        for (text, expected) in [
            (
                "the settings of Anna Kowalska (anna)",
                "the settings of [USER] ([USER])",
            ),
            ("mail anna@gloria.example", "mail [USER]"),
            ("susanna and annas", "susanna and annas"),
            ("/home/anna/.config/x.toml", "~/.config/x.toml"),
            ("user=\"user_7\"", "user=\"[USER]\""),
            (
                "https://gloria.example/tenants/north/api/sse?a=b c",
                "https://gloria.example/[PATH] c",
            ),
            ("wss://gloria.example:8443", "wss://gloria.example:8443"),
            ("https://gloria.example/", "https://gloria.example"),
            (
                "http://me:pass@proxy.example:3128/",
                "http://[REDACTED]@proxy.example:3128",
            ),
            ("path=\"/tenants/north/api/sse\"", "path=\"[PATH]/sse\""),
            ("a s3cret here", "a [REDACTED] here"),
            (
                "Bearer eyJhbGciOiJIUzI1NiJ9eyJzdWIiOiJhbm5hIn0",
                "Bearer [REDACTED]",
            ),
            (
                "2026-11-28T01:12:14.123456Z INFO gloria_core::actor::signals: the network changed",
                "2026-11-28T01:12:14.123456Z INFO gloria_core::actor::signals: the network changed",
            ),
            ("", ""),
            ("://", "://"),
        ] {
            assert_eq!(redaction().text(text), expected, "{text}");
        }
    }

    #[test]
    fn every_value_of_a_document_is_redacted_and_its_names_stay() {
        let mut document = json!({"anna": ["/home/anna", 1, null, {"url": "https://a.example/b"}]});
        redaction().json(&mut document);
        assert_eq!(
            document,
            json!({"anna": ["~", 1, null, {"url": "https://a.example/[PATH]"}]})
        );
    }

    #[test]
    fn the_api_of_a_server_without_a_path_takes_nothing_out() {
        let none = Redaction::new([], Some("/".into()), "/", [String::new()]);
        assert_eq!(none.text("/a/b"), "/a/b");
    }
}
