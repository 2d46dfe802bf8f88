//! Removes what users paste along with an address or a token: quotes, invisible characters, the name of a setting, the
//! command around it.

/// Invisible and combining characters. Addresses and tokens have none; web pages, chats and files with a byte order
/// mark add them. White space is handled separately, because it ends a word.
fn is_invisible(c: char) -> bool {
    (super::is_invisible(c) && !c.is_whitespace())
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
        )
}

/// Quotation marks of any language.
pub(crate) fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '`' | '´' | '<' | '>' | '«' | '»' | '‘'..='‟' | '‹' | '›' | '「'..='』' | '〈'..='》' | '＂' | '＇'
    )
}

/// Removes invisible characters, and white space and quotes around the text.
pub(crate) fn tidy(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    unquoted(&visible).to_owned()
}

/// Removes white space and quotes around the text.
pub(crate) fn unquoted(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_quote(c))
}

/// The assigned value, if the text is an assignment to one of these names as in an environment or a settings file:
/// `export NAME="value"`, `$env:NAME = 'value'`, `name = value`.
pub(crate) fn assigned<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    let (left, right) = text.split_once('=')?;
    let name = left.split_whitespace().next_back()?;
    let name = name
        .get(..5)
        .filter(|prefix| prefix.eq_ignore_ascii_case("$env:"))
        .map_or(name, |prefix| &name[prefix.len()..]);
    names
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
        .then(|| unquoted(right))
}

/// The text after a word at the start, ignoring case; the next character must not be a letter.
pub(crate) fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text
        .get(..word.len())
        .filter(|begin| begin.eq_ignore_ascii_case(word))
        .map(|_| &text[word.len()..])?;
    let ends = rest
        .chars()
        .next()
        .is_none_or(|next| next.is_whitespace() || next == ':' || next == '=');
    ends.then(|| unquoted(rest.trim_start_matches(|c: char| c.is_whitespace() || c == ':' || c == '=')))
}

/// Whether the text was cut off for display: it ends with an ellipsis.
pub(crate) fn is_cut_off(text: &str) -> bool {
    text.ends_with('…') || text.ends_with("...")
}

/// Whether it is a JSON web token (RFC 7519): three parts in base64url, of which the first is a JSON object.
pub(crate) fn is_web_token(text: &str) -> bool {
    let mut parts = 0;
    let well_formed = text.split('.').all(|part| {
        parts += 1;
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    });
    well_formed && parts == 3 && text.starts_with("eyJ")
}
