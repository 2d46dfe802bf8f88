//! Reads the value of a field in any form that has one obvious meaning.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::json::unquoted;
use super::spelling::find;
use crate::item::{ItemAction, Priority};
use crate::text::{self, one_line, paragraphs, to_text};

/// In characters, like all limits of texts. A title is one line on a screen; a longer one is cut, with an ellipsis.
pub(super) const MAX_TITLE: usize = 300;
/// A body is about a page.
pub(super) const MAX_BODY: usize = 16 * 1024;
/// Names, categories and labels are a few words.
pub(super) const MAX_LABEL: usize = 120;
/// In bytes. Ids in use are numbers, UUIDs, slugs and URLs. A longer one is shortened to its start and a hash.
const MAX_ID: usize = 256;
/// More buttons do not fit next to an item.
const MAX_ACTIONS: usize = 6;
/// Nested texts, such as `{"title": {"en": {"text": "…"}}}`.
const MAX_NESTING: usize = 8;

/// What reading a value resulted in.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reading<T> {
    /// A value.
    Value(T),
    /// No value.
    Nothing,
    /// No obvious meaning.
    Unreadable,
}

impl<T> Reading<T> {
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Value(value) => Reading::Value(change(value)),
            Self::Nothing => Reading::Nothing,
            Self::Unreadable => Reading::Unreadable,
        }
    }

    fn of(value: Option<T>) -> Self {
        value.map_or(Self::Unreadable, Self::Value)
    }
}

/// A number, possibly as a string.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Object(object) if object.len() == 1 => object
            .iter()
            .find_map(|(name, value)| name.starts_with("$number").then(|| number(value))?),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number_text(number: &serde_json::Number) -> String {
    match number.as_f64() {
        // As JavaScript prints it: 5.0 is 5. It is in range, so the cast only drops a fraction of zero.
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
            (float as i64).to_string()
        }
        _ => number.to_string(),
    }
}

/// Fields that may contain an object's text, the most specific first.
const TEXT_NAMES: [&str; 15] = [
    "text",
    "plain",
    "value",
    "rendered",
    "title",
    "name",
    "displayName",
    "label",
    "message",
    "content",
    "body",
    "default",
    "en",
    "enUS",
    "enGB",
];

/// The unchanged text of a value; `None` if it has none.
fn raw_text(value: &Value, joint: &str, depth: usize) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number_text(number)),
        Value::Array(entries) if depth < MAX_NESTING => {
            let texts: Option<Vec<_>> = entries
                .iter()
                .filter(|entry| !entry.is_null())
                .map(|entry| raw_text(entry, joint, depth + 1))
                .collect();
            texts.map(|texts| texts.join(joint))
        }
        Value::Object(object) if depth < MAX_NESTING => {
            let named = TEXT_NAMES
                .iter()
                .filter_map(|name| object.get(&find(object, name)?))
                .find_map(|inner| raw_text(inner, joint, depth + 1));
            // The text in the first language.
            let language = || match object.iter().next() {
                Some((name, Value::String(text))) if object.len() == 1 && is_language(name) => {
                    Some(text.clone())
                }
                Some(_) | None => None,
            };
            named.or_else(language)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `de`, `pt-BR`, `zh_Hant`.
fn is_language(name: &str) -> bool {
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (language, region) = name.split_once(['-', '_']).unwrap_or((name, ""));
    matches!(language.len(), 2 | 3) && letters(language) && region.len() <= 4 && letters(region)
}

fn text_with(value: &Value, joint: &str, shape: impl Fn(&str) -> String) -> Reading<String> {
    match (value, raw_text(value, joint, 0)) {
        (Value::Null, _) => Reading::Nothing,
        (_, None) => Reading::Unreadable,
        (_, Some(raw)) => {
            let text = shape(&to_text(&raw));
            if text.is_empty() {
                Reading::Nothing
            } else {
                Reading::Value(text)
            }
        }
    }
}

/// If a title consists only of tags, the tags are shown.
pub(super) fn title(value: &Value) -> Reading<String> {
    match text_with(value, " ", |text| one_line(text, MAX_TITLE)) {
        Reading::Nothing => raw_title(value).map_or(Reading::Nothing, Reading::Value),
        reading @ (Reading::Value(_) | Reading::Unreadable) => reading,
    }
}

pub(super) fn body(value: &Value) -> Reading<String> {
    text_with(value, "\n", |text| paragraphs(text, MAX_BODY))
}

/// The unchanged text, for titles of which nothing else is left.
pub(super) fn raw_title(value: &Value) -> Option<String> {
    raw_text(value, " ", 0)
        .map(|raw| one_line(&raw, MAX_TITLE))
        .filter(|title| !title.is_empty())
}

pub(super) fn label(value: &Value) -> Reading<String> {
    text_with(value, ", ", |text| one_line(text, MAX_LABEL))
}

/// Who or what caused it: a name, or an object with one. A number alone is no name.
pub(super) fn actor(value: &Value) -> Reading<String> {
    let value = unquoted(value);
    let Value::Object(object) = &*value else {
        return if value.is_number() {
            Reading::Unreadable
        } else {
            label(&value)
        };
    };
    let part = |name: &str| match object.get(name).map(label) {
        Some(Reading::Value(text)) => Some(text),
        Some(Reading::Nothing | Reading::Unreadable) | None => None,
    };
    let whole = ["name", "displayName", "display_name", "fullName", "full_name"]
        .into_iter()
        .find_map(part);
    let parts = || {
        let first = part("firstName").or_else(|| part("first_name"))?;
        let last = part("lastName").or_else(|| part("last_name"));
        Some(last.map_or_else(|| first.clone(), |last| format!("{first} {last}")))
    };
    let account = || {
        [
            "username",
            "userName",
            "user_name",
            "login",
            "nickname",
            "email",
            "title",
            "label",
            "user",
        ]
        .into_iter()
        .find_map(part)
    };
    Reading::of(whole.or_else(parts).or_else(account))
}

/// A string or a number as a key. Characters that do not print are percent-encoded, not refused.
pub(super) fn id(value: &Value) -> Reading<String> {
    match value {
        Value::Null => Reading::Nothing,
        Value::String(text) => Reading::of(Some(printable_id(text.trim()))).nonempty(),
        Value::Number(number) => Reading::Value(number_text(number)),
        Value::Array(entries) => match entries.as_slice() {
            [one] if !one.is_array() => id(one),
            [] | [_] | [_, _, ..] => Reading::Unreadable,
        },
        Value::Object(object) => ["$oid", "$uuid", "$numberLong", "id", "_id", "value", "uuid"]
            .into_iter()
            .find_map(|name| object.get(name))
            .filter(|inner| !inner.is_object() && !inner.is_array())
            .map_or(Reading::Unreadable, id),
        Value::Bool(_) => Reading::Unreadable,
    }
}

impl Reading<String> {
    fn nonempty(self) -> Self {
        match self {
            Self::Value(text) if text.is_empty() => Self::Nothing,
            other @ (Self::Value(_) | Self::Nothing | Self::Unreadable) => other,
        }
    }
}

/// An id as a printable key of bounded length.
pub(super) fn printable_id(text: &str) -> String {
    let mut id = String::with_capacity(text.len());
    for c in text.chars() {
        if text::is_invisible(c) || c.is_control() {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                id.push_str(&format!("%{byte:02X}"));
            }
        } else {
            id.push(c);
        }
    }
    if id.len() > MAX_ID {
        let hash = crate::fingerprint::fingerprint("", text).cast_unsigned();
        let head: String = id.chars().take(48).collect();
        id = format!("{head}~{hash:016x}");
    }
    id
}

/// Words that mean the same priority in all systems. Numbers do not: 1 is the most urgent in some and the least in
/// others.
pub(super) fn priority(value: &Value) -> Reading<Priority> {
    let Some(raw) = raw_text(value, " ", 0) else {
        return if value.is_null() {
            Reading::Nothing
        } else {
            Reading::Unreadable
        };
    };
    let word: String = raw
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    // PRIORITY_HIGH, priority:high
    let word = word.strip_prefix("priority").unwrap_or(&word);
    let word = word.strip_suffix("priority").unwrap_or(word);
    match word {
        "" => Reading::Nothing,
        "urgent" | "critical" | "crit" | "emergency" | "emerg" | "severe" | "fatal" | "blocker"
        | "immediate" | "highest" | "veryhigh" | "panic" | "alert" | "p0" | "p1" | "sev0" | "sev1" => {
            Reading::Value(Priority::Urgent)
        }
        "high" | "important" | "warning" | "warn" | "major" | "error" | "err" | "elevated" | "p2"
        | "sev2" => Reading::Value(Priority::High),
        "normal" | "medium" | "med" | "moderate" | "default" | "info" | "information" | "informational"
        | "notice" | "standard" | "regular" | "average" | "none" | "p3" | "sev3" => {
            Reading::Value(Priority::Normal)
        }
        "low" | "lowest" | "verylow" | "minor" | "trivial" | "min" | "debug" | "p4" | "p5" | "sev4"
        | "sev5" => Reading::Value(Priority::Low),
        _ => Reading::Unreadable,
    }
}

/// A web address, possibly in an object; a relative one is resolved against the server.
pub(super) fn link(value: &Value, server: Option<&Url>) -> Reading<String> {
    match value {
        Value::Null => Reading::Nothing,
        Value::String(text) if text.trim().is_empty() => Reading::Nothing,
        Value::String(text) => Reading::of(text::web_link(text, server)),
        Value::Array(entries) => match entries.as_slice() {
            [] => Reading::Nothing,
            [one] if !one.is_array() => link(one, server),
            [_] | [_, _, ..] => Reading::Unreadable,
        },
        Value::Object(object) => LINK_NAMES
            .iter()
            .find_map(|name| object.get(*name).and_then(Value::as_str))
            .map_or(Reading::Unreadable, |text| {
                Reading::of(text::web_link(text, server))
            }),
        Value::Bool(_) | Value::Number(_) => Reading::Unreadable,
    }
}

const LINK_NAMES: [&str; 9] = [
    "link",
    "url",
    "href",
    "uri",
    "target",
    "actionUrl",
    "action_url",
    "URL",
    "Link",
];
const ACTION_LABELS: [&str; 9] = [
    "label", "title", "text", "name", "caption", "Label", "Title", "Text", "Name",
];

/// Buttons. Unreadable ones are left out; the second value says whether there were any.
pub(super) fn actions(value: &Value, server: Option<&Url>) -> (Reading<Vec<ItemAction>>, bool) {
    let value = unquoted(value);
    let entries = match &*value {
        Value::Null => return (Reading::Nothing, false),
        Value::Array(entries) => Cow::Borrowed(entries.as_slice()),
        // A single button that is not in a list.
        one @ (Value::Object(_) | Value::String(_)) => Cow::Owned(vec![one.clone()]),
        Value::Bool(_) | Value::Number(_) => return (Reading::Unreadable, true),
    };
    let read: Vec<_> = entries.iter().filter_map(|entry| action(entry, server)).collect();
    let some_left_out = read.len() < entries.len() || read.len() > MAX_ACTIONS;
    if read.is_empty() && some_left_out {
        return (Reading::Unreadable, true);
    }
    (
        Reading::Value(read.into_iter().take(MAX_ACTIONS).collect()),
        some_left_out,
    )
}

fn action(entry: &Value, server: Option<&Url>) -> Option<ItemAction> {
    let Reading::Value(link) = link(entry, server) else {
        return None;
    };
    let named = entry
        .as_object()
        .and_then(|object| ACTION_LABELS.iter().find_map(|name| readable(object, name)));
    let label = named.or_else(|| Some(Url::parse(&link).ok()?.host_str()?.to_owned()))?;
    Some(ItemAction { label, link })
}

fn readable(object: &Map<String, Value>, name: &str) -> Option<String> {
    match label(object.get(name)?) {
        Reading::Value(text) => Some(text),
        Reading::Nothing | Reading::Unreadable => None,
    }
}

/// A percentage: a number, a string, a fraction of one, or a count and a total.
pub(super) fn progress(value: &Value) -> Reading<u8> {
    let percent = match value {
        Value::Null => return Reading::Nothing,
        Value::String(text) => {
            let text = text.trim();
            let part = |text: &str| text.trim().parse::<f64>().ok();
            match (text.strip_suffix('%'), text.split_once('/')) {
                _ if text.is_empty() => return Reading::Nothing,
                (Some(number), _) => part(number),
                (None, Some((done, all))) => part(done).zip(part(all)).map(|(done, all)| done / all * 100.0),
                (None, None) => part(text).map(|number| percent(number, text.contains('.'))),
            }
        }
        Value::Number(number) => number.as_f64().map(|float| percent(float, number.is_f64())),
        Value::Object(object) => {
            let get = |names: &[&str]| names.iter().find_map(|name| object.get(*name)).and_then(number);
            match (
                get(&["percent", "percentage", "value"]),
                get(&["total", "max", "of"]),
            ) {
                (Some(percent), None) => Some(percent),
                (_, Some(total)) => {
                    get(&["current", "done", "completed", "value", "loaded"]).map(|done| done / total * 100.0)
                }
                (None, None) => None,
            }
        }
        Value::Bool(_) | Value::Array(_) => None,
    };
    // It is in range, so the cast only drops the fraction.
    Reading::of(
        percent
            .filter(|percent| (0.0..=100.0).contains(percent))
            .map(|percent| percent as u8),
    )
}

/// A number with a decimal point that is at most 1 is a fraction of one.
fn percent(number: f64, fraction: bool) -> f64 {
    if fraction && number <= 1.0 {
        number * 100.0
    } else {
        number
    }
}

/// A boolean in any spelling.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "on" | "t" => Some(true),
            "false" | "no" | "n" | "0" | "off" | "f" => Some(false),
            _ => None,
        },
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A duration. Without a unit it is in milliseconds, or in seconds below 1000: no server sends a heartbeat every
/// millisecond, and none waits a thousand seconds between two.
pub(super) fn span(value: &Value) -> Reading<Duration> {
    let millis = match value {
        Value::Null => return Reading::Nothing,
        Value::Number(number) => number.as_f64().map(bare_span),
        Value::String(text) => span_text(&text.trim().to_ascii_lowercase()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    // Ten days in milliseconds: far more than any stream can mean.
    Reading::of(
        millis
            .filter(|millis| (1.0..864_000_000.0).contains(millis))
            .map(|millis| Duration::from_millis(millis as u64)),
    )
}

fn bare_span(number: f64) -> f64 {
    if number < 1000.0 { number * 1000.0 } else { number }
}

fn span_text(text: &str) -> Option<f64> {
    let iso = text.strip_prefix("pt");
    let text = iso.unwrap_or(text);
    if let Some((hours, rest)) = text.split_once(':') {
        // 00:00:30, as .NET writes it
        let (minutes, seconds) = rest.split_once(':')?;
        let part = |text: &str| text.parse::<f64>().ok();
        return Some((part(hours)? * 3600.0 + part(minutes)? * 60.0 + part(seconds)?) * 1000.0);
    }
    let length = text
        .find(|c: char| c.is_ascii_alphabetic() || c == ' ')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(length);
    let number: f64 = number.parse().ok()?;
    match unit.trim() {
        "" => Some(bare_span(number)),
        "ms" | "millis" | "milliseconds" => Some(number),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(number * 1000.0),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(number * 60_000.0),
        "h" | "hour" | "hours" => Some(number * 3_600_000.0),
        _ => None,
    }
}
