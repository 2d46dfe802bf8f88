//! Parses JSON as servers really write it. Valid JSON is read by `serde_json`; only what that refuses goes through
//! [`tidy`] first, which repairs errors that have one obvious reading.

use std::borrow::Cow;

use serde_json::Value;

use super::DecodeError;

/// Nested containers. `serde_json` fails at 128; nothing that people read is nested that deep, so deeper values are
/// left out and the rest is kept.
const MAX_DEPTH: usize = 100;

/// JSON in a string in JSON, as frameworks write it that encode encoded data again.
const MAX_ENCODINGS: usize = 3;

/// Parses JSON. Unpaired surrogates become U+FFFD, a byte order mark is skipped, `NaN` and infinities become null,
/// integers beyond 64 bits are kept exactly as strings, and the last of several fields with one name is used.
pub(super) fn parse(text: &str) -> Result<Value, DecodeError> {
    let mut value = read(text)?;
    for _ in 1..MAX_ENCODINGS {
        match value {
            Value::String(inner) if inner.trim_start().starts_with(['{', '[']) => match read(&inner) {
                Ok(decoded) => value = decoded,
                Err(_) => return Ok(Value::String(inner)),
            },
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => break,
        }
    }
    Ok(value)
}

/// Parses a field that should be a list or an object, but is a string with JSON.
pub(super) fn unquoted(value: &Value) -> Cow<'_, Value> {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            read(text).map_or(Cow::Borrowed(value), Cow::Owned)
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => Cow::Borrowed(value),
    }
}

fn read(text: &str) -> Result<Value, DecodeError> {
    let text = text.trim_start_matches('\u{feff}');
    if has_long_number(text) {
        return serde_json::from_str(&tidy(text)).map_err(|error| at(&error));
    }
    serde_json::from_str(text).or_else(|strict| serde_json::from_str(&tidy(text)).map_err(|_| at(&strict)))
}

fn at(error: &serde_json::Error) -> DecodeError {
    DecodeError::Json {
        line: error.line(),
        column: error.column(),
    }
}

/// Whether there may be an integer that `serde_json` would round.
fn has_long_number(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|byte| {
        run = if byte.is_ascii_digit() { run + 1 } else { 0 };
        run >= 19
    })
}

/// The text with repairs of what `serde_json` refuses.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let too_deep = depth > MAX_DEPTH;
        let length = match next {
            '"' => {
                let length = string_length(rest);
                if !too_deep {
                    repair_string(&rest[..length], &mut out);
                }
                length
            }
            '{' | '[' => {
                depth += 1;
                if depth == MAX_DEPTH + 1 {
                    out.push_str("null");
                } else if !too_deep {
                    out.push(next);
                }
                1
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !too_deep {
                    out.push(next);
                }
                1
            }
            _ if starts_word(next) => {
                let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
                if !too_deep {
                    repair_word(&rest[..length], &mut out);
                }
                length
            }
            _ => {
                if !too_deep {
                    out.push(next);
                }
                next.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}

fn starts_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.')
}

/// Repairs a number or a name. Python writes `NaN` and infinities; a number that fits no type becomes a string.
fn repair_word(word: &str, out: &mut String) {
    let is_number = word.bytes().any(|byte| byte.is_ascii_digit());
    let is_whole = word
        .strip_prefix('-')
        .unwrap_or(word)
        .bytes()
        .all(|byte| byte.is_ascii_digit());
    if matches!(word, "NaN" | "Infinity" | "-Infinity") {
        out.push_str("null");
    } else if is_number
        && (is_whole && word.parse::<i64>().is_err() && word.parse::<u64>().is_err()
            || word.parse::<f64>().is_ok_and(f64::is_infinite))
    {
        out.push('"');
        out.push_str(word);
        out.push('"');
    } else {
        out.push_str(word);
    }
}

/// The length of the string at the start including its quotes; the rest of the text if it does not end.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// Repairs a string: unpaired surrogates, as a text cut within an emoji has them, are replaced, and control characters,
/// such as the line breaks between `data:` lines, are escaped.
fn repair_string(string: &str, out: &mut String) {
    let mut rest = string;
    while let Some(index) = rest.find(|c: char| c == '\\' || c < ' ') {
        let (before, from) = rest.split_at(index);
        out.push_str(before);
        let length = match from.as_bytes() {
            [b'\\', b'u', ..] => match (unit(from), from.get(6..).and_then(unit)) {
                (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => {
                    out.push_str(&from[..12]);
                    12
                }
                (Some(0xd800..=0xdfff), _) => {
                    out.push('\u{fffd}');
                    6
                }
                (Some(_), _) => {
                    out.push_str(&from[..6]);
                    6
                }
                (None, _) => {
                    out.push('\\');
                    1
                }
            },
            [b'\\', ..] => {
                let length = 1 + from[1..].chars().next().map_or(0, char::len_utf8);
                out.push_str(&from[..length]);
                length
            }
            [control, ..] => {
                out.push_str(&format!("\\u{control:04x}"));
                1
            }
            [] => 0,
        };
        rest = &from[length..];
    }
    out.push_str(rest);
}

/// The code unit of the escape at the start.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn half_a_pair_is_a_replacement_character_wherever_it_is() {
        for (text, expected) in [
            (r#"{"a":"out \ud83c"}"#, json!({"a": "out \u{fffd}"})),
            (r#"{"a":"\udf89!"}"#, json!({"a": "\u{fffd}!"})),
            (r#"{"a":"\ud83c\ud83c\udf89"}"#, json!({"a": "\u{fffd}\u{1f389}"})),
            (r#"{"a":"\ud83c\n\u0041"}"#, json!({"a": "\u{fffd}\nA"})),
            (
                r#"{"\ud83c":[{"b\udc00":1}]}"#,
                json!({"\u{fffd}": [{"b\u{fffd}": 1}]}),
            ),
            (r#"{"a":"\\ud83c \ud83c"}"#, json!({"a": "\\ud83c \u{fffd}"})),
        ] {
            assert_eq!(parse(text).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn what_other_languages_write_is_read() {
        for (text, expected) in [
            ("\u{feff}\u{feff}{\"a\":1}", json!({"a": 1})),
            (
                r#"{"a":NaN,"b":[-Infinity,Infinity],"c":"NaN"}"#,
                json!({"a": null, "b": [null, null], "c": "NaN"}),
            ),
            (r#"{"a":1e999}"#, json!({"a": "1e999"})),
            (
                r#"{"a":123456789012345678901,"b":18446744073709551615}"#,
                json!({"a": "123456789012345678901", "b": 18_446_744_073_709_551_615_u64}),
            ),
            (r#"{"a":1,"a":2}"#, json!({"a": 2})),
            ("{\"a\":\"one\ntwo\"}", json!({"a": "one\ntwo"})),
            (r#""{\"a\":\"{}\"}""#, json!({"a": "{}"})),
            (r#""just text""#, json!("just text")),
        ] {
            assert_eq!(parse(text).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn what_is_too_deep_is_left_out_alone() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let value = parse(&format!(r#"{{"id":1,"deep":{deep},"title":"t"}}"#)).unwrap_or_default();
        assert_eq!(value["title"], "t");
        assert!(value["deep"].is_array());
    }

    #[test]
    fn what_is_no_json_says_where() {
        let expected = DecodeError::Json { line: 2, column: 6 };
        assert_eq!(parse("{\n\"id\": "), Err(expected));
        for text in ["", "{", "{'a':1}", "{\"a\":\"", "[1,]", "{\"a\":\"\\"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn valid_json_means_the_same_after_tidying(text in "[\\[\\]{}\",:\\\\ud8cnNaI0-9eE+. é\u{1f389}-]{0,40}") {
            let tidied: Option<Value> = serde_json::from_str(&tidy(&text)).ok();
            if let Ok(strict) = serde_json::from_str::<Value>(&text)
                && !has_long_number(&text)
            {
                prop_assert_eq!(tidied, Some(strict));
            }
        }
    }
}
