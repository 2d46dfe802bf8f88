//! Making what a server sent fit for a screen, a toast and a database.

use url::Url;

/// A line of text: control characters and line breaks become spaces, runs of them one.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let words = text
        .split(|c: char| c.is_whitespace() || is_unprintable(c))
        .filter(|word| !word.is_empty());
    let mut line = String::with_capacity(text.len().min(longest));
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > longest {
            break;
        }
    }
    cut(line, longest)
}

/// Several lines: line breaks and tabs stay, other control characters go.
pub(crate) fn paragraphs(text: &str, longest: usize) -> String {
    let text = text.trim().replace("\r\n", "\n");
    let kept: String = text
        .chars()
        .filter(|&c| c == '\n' || c == '\t' || !is_unprintable(c))
        .collect();
    cut(kept, longest)
}

/// Characters that show nothing and change how the rest is shown: controls, and the overrides of the writing
/// direction, with which a text can pretend to be another (Unicode TR 36).
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Cuts at a character's border and shows that something is missing. `longest` is in bytes.
fn cut(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        let mut end = longest;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

/// An error's words as the beginning of a sentence.
pub(crate) fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A link that may be opened: http or https with a host. Everything else is `None`.
pub(crate) fn web_link(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    (web && url.as_str().len() <= LONGEST_LINK).then(|| url.into())
}

/// Longer than what browsers and servers commonly take in an address (8 KiB in most servers).
const LONGEST_LINK: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_without_tricks() {
        assert_eq!(
            one_line("  A\r\nB\u{0}\u{1b}[31mC \u{202e}dlrow ", 100),
            "A B [31mC dlrow"
        );
        assert_eq!(one_line("äöü", 3), "ä…", "cut between characters");
    }

    #[test]
    fn a_body_keeps_its_lines() {
        assert_eq!(paragraphs("\n one\r\n\ttwo\u{7} \n", 100), "one\n\ttwo");
    }

    #[test]
    fn only_web_links_survive() {
        assert_eq!(
            web_link(" https://gloria.example/a?b#c ").as_deref(),
            Some("https://gloria.example/a?b#c")
        );
        for link in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://",
            "//host",
            "x",
            "",
        ] {
            assert_eq!(web_link(link), None, "{link}");
        }
        assert_eq!(web_link("JaVaScRiPt:alert(1)"), None);
        assert_eq!(
            web_link(&format!("https://a.example/{}", "x".repeat(LONGEST_LINK))),
            None
        );
    }
}
