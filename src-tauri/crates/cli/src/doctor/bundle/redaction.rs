//! Takes out of texts what nobody else is to read: who the user is, where exactly on its server the API is, and
//! anything that may be a secret.
//!
//! Logs and status contain no token and no text of a notification by themselves. This is for what other programs and
//! servers put into errors, and for paths, which contain the user's name. It knows neither how those write nor where a
//! value of theirs ends, so it cuts to the next white space or quote: too much rather than too little.

mod places;

use serde_json::Value;

/// What stands for a user's name, id or address.
const USER: &str = "[USER]";

/// What stands for a path on the server.
const PATH: &str = "[PATH]";

/// What stands for a secret.
const HIDDEN: &str = "[REDACTED]";

/// Shorter names are parts of ordinary words. They are only taken out where they stand alone.
const MIN_NAME: usize = 3;

/// Passwords are shorter and are not written anywhere; identifiers of code are longer only without digits.
const MIN_TOKEN: usize = 24;

/// Fields that contain words of this program, which a user may be called as well.
const OF_PROGRAM: [&str; 12] = [
    "channel",
    "check",
    "health",
    "kind",
    "level",
    "network",
    "origin",
    "outcome",
    "remedy",
    "setting",
    "state",
    "transport",
];

/// What is taken out.
#[derive(Debug, Default)]
pub(super) struct Redaction {
    /// Taken out wherever they stand, the longest first.
    secrets: Vec<String>,
    /// Taken out where they are no part of another word, the longest first, with what stands for each. The server's
    /// name stays, also where a user's is a part of it.
    texts: Vec<(String, Option<&'static str>)>,
}

/// What is private of a user.
#[derive(Debug, Default)]
pub(super) struct Private {
    /// Names, ids and addresses of people.
    pub(super) users: Vec<String>,
    /// The user's folder.
    pub(super) home: Option<String>,
    /// The path of the API.
    pub(super) path: String,
    /// The name of the server, which is not private.
    pub(super) host: Option<String>,
    pub(super) secrets: Vec<String>,
}

impl Redaction {
    pub(super) fn new(private: Private) -> Self {
        let mut secrets = private.secrets;
        secrets.retain(|secret| !secret.is_empty());
        let users = private.users.iter().flat_map(|user| spellings(user));
        let mut texts: Vec<_> = users.map(|user| (user, Some(USER))).collect();
        texts.extend(private.home.map(|home| (home, Some("~"))));
        texts.extend(private.host.map(|host| (host, None)));
        texts.push((private.path.trim_end_matches('/').to_owned(), Some(PATH)));
        texts.retain(|(text, _)| !text.is_empty() && text != "/");
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Self { secrets, texts }
    }

    /// The text without all of it.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret, HIDDEN);
        }
        // First, because the value of a header goes on after an address in it.
        let text = places::without_credentials(&text);
        let without_urls = places::without_urls(&text, |between| {
            places::without_places(&places::without_queries(&self.without_names(between)))
        });
        without_tokens(&without_urls)
    }

    /// The document without all of it, in what others may have written. The names of its fields, the ids of messages
    /// and the words of this program's lists stay.
    pub(super) fn json(&self, document: &mut Value) {
        let is_message = document["id"].is_string() && document["args"].is_object();
        match document {
            Value::String(text) => *text = self.text(text),
            Value::Array(entries) => entries.iter_mut().for_each(|entry| self.json(entry)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    let is_id = is_message && name == "id";
                    if !(field.is_string() && (is_id || OF_PROGRAM.contains(&name.as_str()))) {
                        self.json(field);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn without_names(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut before = None;
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let found = self.texts.iter().find_map(|(name, place)| {
                let length = length_of(name, rest)?;
                is_apart(name, before, rest[length..].chars().next()).then_some((length, *place))
            });
            let (length, place) = found.unwrap_or((first.len_utf8(), None));
            let (found, after) = rest.split_at(length);
            out.push_str(place.unwrap_or(found));
            before = found.chars().next_back();
            rest = after;
        }
        out
    }
}

/// A name as it is, and as addresses, forms and the names of files spell it.
fn spellings(name: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let mut all = vec![
        name.to_owned(),
        name.replace(' ', "+"),
        name.replace(' ', "_"),
        form.replace('+', "%20"),
        form,
    ];
    all.sort_unstable();
    all.dedup();
    all
}

/// How much of the text is this name, in whatever case, if it begins with it.
fn length_of(name: &str, text: &str) -> Option<usize> {
    let mut rest = text.chars();
    let is_same = name.chars().all(|of_name| {
        rest.next()
            .is_some_and(|of_text| of_text == of_name || of_text.to_lowercase().eq(of_name.to_lowercase()))
    });
    is_same.then(|| text.len() - rest.as_str().len())
}

/// Whether a name between these characters is no part of a longer word. Scripts without upper and lower case write
/// words without spaces, so every name in them counts.
fn is_apart(name: &str, before: Option<char>, after: Option<char>) -> bool {
    if name.is_ascii() && name.len() < MIN_NAME {
        let is_of_word = |c: char| c.is_alphanumeric() || "_.-".contains(c);
        return !before.is_some_and(is_of_word) && !after.is_some_and(|c| is_of_word(c) || c == '=');
    }
    let has_case = |c: char| c.is_lowercase() || c.is_uppercase();
    let is_joined = |a: Option<char>, b: Option<char>| {
        a.zip(b)
            .is_some_and(|(a, b)| (has_case(a) && has_case(b)) || (a.is_ascii_digit() && b.is_ascii_digit()))
    };
    !is_joined(before, name.chars().next()) && !is_joined(name.chars().next_back(), after)
}

/// Replaces words that are long and mixed as only tokens and keys are, or begin as tokens do.
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

/// The beginning of a web token, or a long run of letters and digits without the separators of names and times.
fn is_token(word: &str) -> bool {
    word.split(['/', '.', ':', '=']).any(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let letters = run.bytes().filter(u8::is_ascii_alphabetic).count();
        // So begins every JSON web token.
        run.starts_with("eyJ") || (run.len() >= MIN_TOKEN && digits > 1 && letters > 1)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    fn redaction() -> Redaction {
        Redaction::new(Private {
            users: texts(&[
                "anna",
                "Anna Kowalska",
                "anna@gloria.example",
                "x",
                "Li",
                "李娜",
                "user_7",
            ]),
            home: Some("/home/anna".into()),
            path: "/tenants/north/api".into(),
            host: Some("anna.gloria.example".into()),
            secrets: texts(&["s3cret"]),
        })
    }

    #[test]
    fn names_paths_and_tokens_are_taken_out_and_the_rest_stays() {
        for (text, expected) in [
            (
                "the settings of Anna Kowalska (anna)",
                "the settings of [USER] ([USER])",
            ),
            ("mail anna@gloria.example", "mail [USER]"),
            ("ANNA and anna_k", "[USER] and [USER]_k"),
            ("Anna%20Kowalska, Anna+Kowalska", "[USER], [USER]"),
            ("anna_kowalska.log", "[USER].log"),
            ("mail=anna%40gloria.example", "mail=[USER]"),
            ("hello Li and 李娜先生", "hello [USER] and [USER]先生"),
            ("susanna and annas in Lima", "susanna and annas in Lima"),
            ("/home/anna/.config/x.toml", "~/.config/x.toml"),
            ("user=\"user_7\"", "user=\"[USER]\""),
            ("at anna.gloria.example:443", "at anna.gloria.example:443"),
            ("path=\"/tenants/north/api/sse\"", "path=\"[PATH]/sse\""),
            ("a s3cret here", "a [REDACTED] here"),
            ("ys3cret", "y[REDACTED]"),
            ("Bearer%20s3cret", "Bearer%20[REDACTED]"),
            (
                "2026-11-28T01:12:14.123456Z INFO gloria_core::actor::signals: the network changed",
                "2026-11-28T01:12:14.123456Z INFO gloria_core::actor::signals: the network changed",
            ),
            (
                "is it? HTTP/1.1 text/event-stream",
                "is it? HTTP/1.1 text/event-stream",
            ),
            ("", ""),
            ("://", "://"),
        ] {
            assert_eq!(redaction().text(text), expected, "{text}");
        }
    }

    #[test]
    fn of_an_address_the_host_and_its_port_stay() {
        for (text, expected) in [
            (
                "https://gloria.example/tenants/north/api/sse?a=b c",
                "https://gloria.example/[PATH] c",
            ),
            ("wss://gloria.example:8443", "wss://gloria.example:8443"),
            ("https://gloria.example/", "https://gloria.example"),
            (
                "(https://gloria.example:8443): no",
                "(https://gloria.example:8443): no",
            ),
            ("http://anna.example/a", "http://anna.example/[PATH]"),
            (
                "http://me:pass@proxy.example:3128/",
                "http://[REDACTED]@proxy.example:3128",
            ),
            ("http://me:pa/ss@proxy.example", "http://[REDACTED]"),
            (
                "http://[::1]:8080/a?q=b failed",
                "http://[::1]:8080/[PATH] failed",
            ),
            ("https://h.example/a,b;c=d)e]f'g h", "https://h.example/[PATH] h"),
            ("anna:pass@proxy:3128 said", "[REDACTED]@proxy:3128 said"),
            ("h.example/a?token=b", "h.example/[PATH]"),
            ("//h.example/a", "//h.example/[PATH]"),
            ("path=/api/sse?x=b c", "path=/api/sse?[REDACTED] c"),
        ] {
            assert_eq!(redaction().text(text), expected, "{text}");
        }
    }

    #[test]
    fn credentials_of_any_length_are_taken_out() {
        for (text, expected) in [
            (
                "Bearer eyJhbGciOiJIUzI1NiJ9eyJzdWIiOiJhbm5hIn0",
                "Bearer [REDACTED]",
            ),
            ("Basic YW5u", "Basic [REDACTED]"),
            ("Authorization: Bearer a b", "Authorization: [REDACTED]"),
            ("cookie: sid=a; b=c", "cookie: [REDACTED]"),
            ("token=a b", "token=[REDACTED] b"),
            ("token%3Da b", "token%3D[REDACTED] b"),
            ("{\"Token\": \"a\"}", "{\"Token\": \"[REDACTED]\"}"),
            ("sid=a", "sid=[REDACTED]"),
            ("got eyJ.a", "got [REDACTED]"),
            ("the token expired", "the token expired"),
            ("token -> a b", "token -> [REDACTED] b"),
            ("client_secret => a b", "client_secret => [REDACTED] b"),
            ("X-Api-Key: a", "X-Api-Key: [REDACTED]"),
            ("JSESSIONID=a; b", "JSESSIONID=[REDACTED] b"),
            ("token\u{a0}=\u{a0}a", "token\u{a0}=\u{a0}[REDACTED]"),
            // The values of headers and fields with addresses in them.
            (
                "Authorization: Digest uri=\"http://h.example/x\", response=\"a\"",
                "Authorization: [REDACTED]",
            ),
            ("cookie: next=https://h.example/x; auth=a", "cookie: [REDACTED]"),
            ("token: https://a/", "token: [REDACTED]"),
            ("password=\"x://a\"", "password=\"[REDACTED]\""),
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
    fn a_user_called_like_a_word_of_this_program_leaves_it() {
        let named = Redaction::new(Private {
            users: texts(&["keyring", "failed", "sound"]),
            ..Private::default()
        });
        let mut document = json!([
            {"check": "keyring", "outcome": "failed", "cause": {"id": "keyring-failed", "args": {"who": "sound"}}},
            {"setting": "sound", "origin": "failed", "value": "keyring"},
            {"id": "sound"},
        ]);
        named.json(&mut document);
        assert_eq!(
            document,
            json!([
                {"check": "keyring", "outcome": "failed", "cause": {"id": "keyring-failed", "args": {"who": "[USER]"}}},
                {"setting": "sound", "origin": "failed", "value": "[USER]"},
                {"id": "[USER]"},
            ])
        );
    }

    #[test]
    fn the_api_of_a_server_without_a_path_takes_nothing_out() {
        let none = Redaction::new(Private {
            home: Some("/".into()),
            path: "/".into(),
            secrets: vec![String::new()],
            ..Private::default()
        });
        assert_eq!(none.text("/a/b"), "/a/b");
    }
}
