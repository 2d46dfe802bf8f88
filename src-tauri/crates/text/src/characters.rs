//! The only table of characters that are invisible, or change how the text around them is displayed.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Start and end of each range, sorted. Control characters other than tab and line feed; marks and overrides of the
/// writing direction, with which a text can pretend to be another (Unicode TR 36); zero-width spaces and joiners; line
/// and paragraph separators; annotations and tags. The joiners of emoji and Persian (U+200C, U+200D) are not included.
/// The UI's copy is generated from this table.
pub const INVISIBLE: [(u32, u32); 11] = [
    (0x00, 0x08),
    (0x0B, 0x1F),
    (0x7F, 0x9F),
    (0x061C, 0x061C),
    (0x200B, 0x200B),
    (0x200E, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xE_0000, 0xE_007F),
];

/// Whether a character is in the table.
pub fn is_invisible(c: char) -> bool {
    let code = u32::from(c);
    // A fast path for ASCII.
    if (0x20..0x7F).contains(&code) {
        return false;
    }
    INVISIBLE
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&code))
}

/// Text for a terminal: characters in the table and line breaks are removed.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c })
        .filter(|c| !is_invisible(*c))
        .collect()
}

/// JSON with the characters in the table escaped, which does not change its meaning: they occur only in its strings.
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    escaped(json, |c| is_invisible(c) && c != '\r')
}

/// Text as one line for a terminal: characters in the table and line breaks are escaped.
pub fn escaped_line(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_invisible(c) || c == '\n')
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        let ends: Vec<u32> = INVISIBLE
            .iter()
            .flat_map(|(first, last)| [*first, *last + 1])
            .collect();
        assert!(ends.is_sorted());
    }

    #[test]
    fn what_shows_nothing_is_in_it_and_what_joins_emoji_is_not() {
        for c in
            "\0\u{1b}\u{7f}\u{9b}\u{61c}\u{200b}\u{200f}\u{2028}\u{202e}\u{2060}\u{2066}\u{feff}\u{e0041}"
                .chars()
        {
            assert!(is_invisible(c), "{:04x}", u32::from(c));
        }
        for c in "\t\n aé\u{a0}\u{200c}\u{200d}\u{fe0f}😀\u{fffd}".chars() {
            assert!(!is_invisible(c), "{:04x}", u32::from(c));
        }
    }

    #[test]
    fn escaped_json_means_the_same() {
        let text: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let json = serde_json::json!({ "a": text, "b": "plain" }).to_string();
        let escaped = escaped_json(&json);
        assert!(!escaped.contains(is_invisible));
        let (before, after) = (serde_json::from_str(&json), serde_json::from_str(&escaped));
        let (before, after): (serde_json::Value, serde_json::Value) =
            (before.unwrap_or_default(), after.unwrap_or_default());
        assert!(before == after && before.is_object());
    }

    #[test]
    fn an_escaped_line_is_one_and_shows_what_it_holds() {
        assert_eq!(escaped_line("a\tb"), "a\tb");
        assert_eq!(
            escaped_line("a\r\n\u{1b}[2J\u{e0041}b"),
            "a\\u000d\\u000a\\u001b[2J\\udb40\\udc41b"
        );
    }

    #[test]
    fn a_terminal_gets_one_line() {
        assert_eq!(printable("a\nb\u{1b}[2J\u{9b}\u{202e}c"), "a b[2Jc");
    }
}
