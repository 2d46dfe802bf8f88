//! Counts what could not be read of the server's events by name, for the developers of the server. It never contains
//! values.

use std::collections::BTreeMap;

use crate::event::{DecodeError, Decoded, Undecoded};
use crate::item::EpochMillis;
use crate::message::{self, Message};
use crate::protocol::{UnreadCount, UnreadReason};

/// Names that are counted separately. Some are chosen by the server, and a server that makes up new ones must not fill
/// the memory of this machine or of a metrics database. All others are counted together.
const MAX_NAMES: usize = 50;

/// In characters; the longest name of the protocol has 22.
const MAX_NAME: usize = 64;

/// The name for everything beyond [`MAX_NAMES`].
const OTHER: &str = "other";

/// The name of something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) event: String,
    pub(super) field: Option<String>,
    pub(super) reason: UnreadReason,
}

#[derive(Debug, Clone)]
struct Count {
    count: u64,
    last_at: EpochMillis,
    expected: Option<Message>,
}

#[derive(Debug, Default)]
pub(super) struct Unread(BTreeMap<Name, Count>);

impl Unread {
    /// Counts a finding, and returns the name that it was counted under.
    pub(super) fn count(&mut self, at: EpochMillis, finding: Finding<'_>) -> Name {
        let Finding {
            event,
            field,
            reason,
            expected,
        } = finding;
        let mut name = Name {
            event: token(event),
            field: field.map(token),
            reason,
        };
        if self.0.len() >= MAX_NAMES && !self.0.contains_key(&name) {
            name.event = OTHER.to_owned();
            name.field = None;
        }
        let count = self.0.entry(name.clone()).or_insert(Count {
            count: 0,
            last_at: at,
            expected,
        });
        count.count += 1;
        count.last_at = at;
        name
    }

    /// Most frequent first.
    pub(super) fn list(&self) -> Vec<UnreadCount> {
        let mut list: Vec<_> = self
            .0
            .iter()
            .map(|(name, count)| UnreadCount {
                event: name.event.clone(),
                field: name.field.clone(),
                reason: name.reason,
                expected: count.expected.clone(),
                count: count.count,
                last_at: count.last_at,
            })
            .collect();
        list.sort_by_key(|entry| std::cmp::Reverse(entry.count));
        list
    }
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding<'a> {
    /// The event's type: its canonical name if this version knows it, otherwise the server's.
    pub(crate) event: &'a str,
    /// The field; `None` if the whole event could not be read.
    pub(crate) field: Option<&'a str>,
    /// The kind of error.
    pub(crate) reason: UnreadReason,
    /// What was expected.
    pub(crate) expected: Option<Message>,
}

/// The findings of decoding an event. `named` is the type that the stream gave.
pub(crate) fn findings<'a>(named: &'a str, decoded: &'a Result<Decoded, Undecoded>) -> Vec<Finding<'a>> {
    match decoded {
        Ok(decoded) => {
            let event = decoded.event_type;
            let left_out = decoded.left_out.iter().map(|left| Finding {
                event,
                field: Some(left.field),
                reason: UnreadReason::LeftOut,
                expected: Some(left.expected.message()),
            });
            let unknown = decoded.unknown_fields.iter().map(|field| Finding {
                event,
                field: Some(field),
                reason: UnreadReason::UnknownField,
                expected: None,
            });
            left_out.chain(unknown).collect()
        }
        Err(undecoded) => {
            let (field, reason, expected) = match undecoded.error {
                DecodeError::Filtered => return Vec::new(),
                DecodeError::UnknownType => (None, UnreadReason::UnknownType, None),
                DecodeError::Json { .. } => (
                    None,
                    UnreadReason::Unreadable,
                    Some(message::unreadable_not_json()),
                ),
                DecodeError::NotAnObject => (
                    None,
                    UnreadReason::Unreadable,
                    Some(message::unreadable_not_object()),
                ),
                DecodeError::Missing(field) => (Some(field), UnreadReason::Unreadable, None),
            };
            let event = undecoded.event_type.unwrap_or(named);
            vec![Finding {
                event,
                field,
                reason,
                expected,
            }]
        }
    }
}

/// Makes a name of the server safe for a label, a log and a terminal.
fn token(name: &str) -> String {
    let token: String = name
        .chars()
        .take(MAX_NAME)
        .map(|c| {
            let fits = c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
            if fits { c } else { '_' }
        })
        .collect();
    if token.is_empty() { "_".to_owned() } else { token }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding<'a>(event: &'a str, field: Option<&'a str>) -> Finding<'a> {
        Finding {
            event,
            field,
            reason: UnreadReason::UnknownField,
            expected: None,
        }
    }

    #[test]
    fn the_most_frequent_comes_first_with_its_last_time() {
        let mut unread = Unread::default();
        unread.count(1, finding("a", Some("x")));
        unread.count(2, finding("b", None));
        unread.count(3, finding("b", None));
        let list = unread.list();
        let reported: Vec<_> = list
            .iter()
            .map(|entry| {
                (
                    entry.event.as_str(),
                    entry.field.as_deref(),
                    entry.count,
                    entry.last_at,
                )
            })
            .collect();
        assert_eq!(reported, [("b", None, 2, 3), ("a", Some("x"), 1, 1)]);
    }

    #[test]
    fn names_are_words_and_no_more_than_fifty() {
        let mut unread = Unread::default();
        let name = unread.count(0, finding("a \u{202e}\n\"é", Some(&"x".repeat(1000))));
        assert_eq!(
            (name.event.as_str(), name.field.map(|field| field.len())),
            ("a_____", Some(64))
        );
        for number in 0..1000 {
            unread.count(0, finding(&number.to_string(), None));
        }
        let list = unread.list();
        assert_eq!(list.len(), MAX_NAMES + 1);
        assert_eq!((list[0].event.as_str(), list[0].count), (OTHER, 951));
    }
}
