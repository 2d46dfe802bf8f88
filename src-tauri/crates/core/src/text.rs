//! Makes text of a server suitable for a screen, a notification, a terminal and a database.
//!
//! Pure functions, on which all other modules may depend.

mod markup;
pub(crate) mod pasted;

use unicode_segmentation::GraphemeCursor;
use url::Url;

pub use gloria_text::characters::{escaped_json, escaped_line, is_invisible, printable};
pub use gloria_text::sentence;

pub(crate) use self::markup::to_text;

/// The text as one line: line breaks and other control characters become spaces, several spaces become one, and
/// invisible characters are removed. `longest` is in characters.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::with_capacity(text.len().min(4 * longest));
    let mut count = 0;
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            space = !line.is_empty();
        } else if !is_invisible(c) {
            if space {
                line.push(' ');
                count += 1;
            }
            line.push(c);
            count += 1;
            space = false;
            // Enough to find the end of the last grapheme cluster.
            if count > longest + MAX_SIGN {
                break;
            }
        }
    }
    cut(line, longest)
}

/// The text as several lines: line breaks of any kind and tabs are kept, other control characters are removed, and so
/// are repeated empty lines.
pub(crate) fn paragraphs(text: &str, longest: usize) -> String {
    let mut kept = String::with_capacity(text.len().min(4 * longest));
    let mut count = 0;
    let mut chars = text.trim_start().chars().peekable();
    while let Some(c) = chars.next() {
        let c = match c {
            '\r' if chars.peek() == Some(&'\n') => continue,
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            c if is_invisible(c) => continue,
            c => c,
        };
        if c == '\n' && kept.ends_with("\n\n") {
            continue;
        }
        kept.push(c);
        count += 1;
        if count > longest + MAX_SIGN {
            break;
        }
    }
    kept.truncate(kept.trim_end().len());
    let start = kept.len() - kept.trim_start().len();
    kept.drain(..start);
    cut(kept, longest)
}

/// A name that somebody else chose, in one line. What does not show is escaped, so that one can see why it is not the
/// name that looks the same.
pub(crate) fn visible(name: &str, longest: usize) -> String {
    let shown = name.chars().take(longest + 1).flat_map(char::escape_debug);
    cut(shown.collect(), longest)
}

/// How many characters beyond the limit are examined to find the end of a grapheme cluster.
const MAX_SIGN: usize = 64;

/// Cuts the text between grapheme clusters (what users see as one character) and adds an ellipsis. `longest` is in
/// characters.
fn cut(mut text: String, longest: usize) -> String {
    // A character has at least one byte.
    if text.len() <= longest {
        return text;
    }
    let Some((limit, _)) = text.char_indices().nth(longest) else {
        return text;
    };
    let mut cursor = GraphemeCursor::new(limit, text.len(), true);
    let end = match cursor.is_boundary(&text, 0) {
        Ok(true) => limit,
        // A cluster that is longer than the whole text may be is cut like any other text.
        Ok(false) => match cursor.prev_boundary(&text, 0) {
            Ok(Some(end)) if end > 0 => end,
            Ok(_) | Err(_) => limit,
        },
        Err(_) => limit,
    };
    text.truncate(end);
    text.push('…');
    text
}

/// A link that may be opened: http or https with a host, without user name and password. A path is resolved against the
/// server. Anything else is `None`.
pub(crate) fn web_link(text: &str, server: Option<&Url>) -> Option<String> {
    let text = text.trim();
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => relative_link(text, server?)?,
        Err(_) => return None,
    };
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if !web || url.as_str().len() > MAX_LINK_BYTES {
        return None;
    }
    // A user name before an @ can pretend to be the host, and a password must not be shown.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url.into())
}

fn relative_link(text: &str, server: &Url) -> Option<Url> {
    let mut origin = server.clone();
    let scheme = match server.scheme() {
        "https" | "wss" => "https",
        _ => "http",
    };
    // Changing ws to http cannot fail, because both are special schemes.
    origin.set_scheme(scheme).ok()?;
    origin.set_path("/");
    origin.set_query(None);
    origin.set_fragment(None);
    let first = text.split(['/', '?', '#']).next().unwrap_or_default();
    let host = server.host_str().unwrap_or_default();
    if first.starts_with("www.") || first.eq_ignore_ascii_case(host) {
        return Url::parse(&format!("{scheme}://{text}")).ok();
    }
    // A single word is no path, and "shop.example/x" may be another site as well as a page of this one.
    let is_path =
        text.starts_with(['/', '?', '#', '.', '\\']) || text.contains('/') && !first.contains(['.', ' ']);
    (is_path && text.len() > 1 || text == "/").then(|| origin.join(text).ok())?
}

/// Most servers accept at most 8 KiB in a request line.
const MAX_LINK_BYTES: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_title_is_one_line_without_tricks() {
        assert_eq!(
            one_line("  A\r\nB\u{0}\u{1b}[31mC \u{202e}dlrow\u{200b}s ", 100),
            "A B [31mC dlrows"
        );
        assert_eq!(one_line("äöüß", 3), "äöü…", "characters are counted, not bytes");
        assert_eq!(one_line("äöü", 3), "äöü");
    }

    #[test]
    fn texts_are_cut_between_signs() {
        let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
        let flags = "🇵🇱🇩🇪";
        for (text, longest, expected) in [
            (format!("{}{family}", "x".repeat(5)), 8, "xxxxx…".to_owned()),
            (format!("x{flags}"), 2, "x…".to_owned()),
            (format!("x{flags}"), 4, "x🇵🇱…".to_owned()),
            ("xxe\u{301}x".to_owned(), 3, "xx…".to_owned()),
            ("xxe\u{301}x".to_owned(), 4, "xxe\u{301}…".to_owned()),
            (
                format!("e{}", "\u{301}".repeat(1000)),
                3,
                "e\u{301}\u{301}…".to_owned(),
            ),
        ] {
            assert_eq!(one_line(&text, longest), expected, "{text} to {longest}");
            assert_eq!(paragraphs(&text, longest), expected, "{text} to {longest}");
        }
    }

    #[test]
    fn a_body_keeps_its_lines() {
        assert_eq!(paragraphs("\n one\r\n\ttwo\u{7} \n", 100), "one\n\ttwo");
        assert_eq!(paragraphs("a\rb\u{2028}c\u{85}d", 100), "a\nb\nc\nd");
        assert_eq!(paragraphs("a\n\n\n\nb", 100), "a\n\nb");
    }

    fn server() -> Url {
        Url::parse("https://gloria.example:8443/api/v1").unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn only_web_links_survive() {
        let server = server();
        for (link, expected) in [
            (" https://gloria.example/a?b#c ", "https://gloria.example/a?b#c"),
            (
                "https://gloria.example:443@evil.example/x",
                "https://evil.example/x",
            ),
            ("https://user:secret@a.example/", "https://a.example/"),
            ("http:\\\\a.example\\x", "http://a.example/x"),
            ("ht\ntps://a.example/", "https://a.example/"),
            ("https://2130706433/", "https://127.0.0.1/"),
            ("https://glоria.example/", "https://xn--glria-kye.example/"),
        ] {
            assert_eq!(web_link(link, None).as_deref(), Some(expected), "{link}");
            assert_eq!(web_link(link, Some(&server)).as_deref(), Some(expected), "{link}");
        }
        for link in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "mailto:a@b.example",
            "https://",
            "x",
            "none",
            "n.a",
            "other.example/x",
            "",
        ] {
            assert_eq!(web_link(link, None), None, "{link}");
            assert_eq!(web_link(link, Some(&server)), None, "{link}");
        }
        assert_eq!(
            web_link(&format!("https://a.example/{}", "x".repeat(MAX_LINK_BYTES)), None),
            None
        );
    }

    #[test]
    fn relative_links_are_the_servers() {
        let server = server();
        for (link, expected) in [
            (
                "/tasks/17?tab=notes#c3",
                "https://gloria.example:8443/tasks/17?tab=notes#c3",
            ),
            ("tasks/17", "https://gloria.example:8443/tasks/17"),
            ("./tasks", "https://gloria.example:8443/tasks"),
            ("../tasks", "https://gloria.example:8443/tasks"),
            ("#/tasks/17", "https://gloria.example:8443/#/tasks/17"),
            ("?id=17", "https://gloria.example:8443/?id=17"),
            ("//cdn.example/x", "https://cdn.example/x"),
            ("gloria.example/x", "https://gloria.example/x"),
            ("www.other.example/x", "https://www.other.example/x"),
        ] {
            assert_eq!(web_link(link, Some(&server)).as_deref(), Some(expected), "{link}");
            assert_eq!(web_link(link, None), None, "{link}");
        }
        let Ok(plain) = Url::parse("ws://127.0.0.1:3000/ws") else {
            panic!("not parsed");
        };
        assert_eq!(
            web_link("/a", Some(&plain)).as_deref(),
            Some("http://127.0.0.1:3000/a")
        );
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_it_may_be(text in any::<String>(), longest in 1_usize..20) {
            for text in [one_line(&text, longest), paragraphs(&text, longest)] {
                prop_assert!(text.chars().count() <= longest + 1);
                prop_assert!(!text.chars().any(is_invisible));
            }
        }

        #[test]
        fn no_link_panics(text in "[a-z:/.@?#\\\\% -]{0,20}") {
            let _ = web_link(&text, Some(&server()));
        }
    }
}
