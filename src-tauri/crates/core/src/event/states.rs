//! The fields of an item's states: marks of other devices, and the version.

use serde_json::Value;

use super::fields::Fields;
use super::values::{self, Reading};
use super::{Expected, Field, PostStates};
use crate::item::EpochMillis;

/// The server's count of changes of an item. Anything but a whole number, such as the version of a format, is none.
pub(super) fn version(fields: &mut Fields<'_>) -> Option<i64> {
    let read = |value: &Value| {
        let number = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        number
            .filter(|number| (0..=MAX_VERSION).contains(number))
            .map_or(Reading::Nothing, Reading::Value)
    };
    fields
        .read(&["version", "revision"], Expected::TextOrNumber, read)
        .into_value()
}

/// The greatest whole number that JavaScript, in which the window reads versions, has exactly.
const MAX_VERSION: i64 = (1 << 53) - 1;

pub(super) struct Marks {
    pub(super) seen: Field<EpochMillis>,
    pub(super) read: Field<EpochMillis>,
    pub(super) archived: Field<EpochMillis>,
    pub(super) flagged: Field<EpochMillis>,
    pub(super) acknowledged: Field<EpochMillis>,
}

pub(super) fn snoozed_until(fields: &mut Fields<'_>) -> Field<EpochMillis> {
    fields.time(&["snoozedUntil", "snoozeUntil", "remindAt"])
}

pub(super) fn ack_required(fields: &mut Fields<'_>) -> Field<bool> {
    let names = [
        "ackRequired",
        "requiresAck",
        "requiresAcknowledgement",
        "acknowledgementRequired",
    ];
    fields.read(&names, Expected::TimeOrFlag, |value| match values::flag(value) {
        Some(flag) => Reading::Value(flag),
        None if value.is_null() => Reading::Nothing,
        None => Reading::Unreadable,
    })
}

pub(super) fn marks(fields: &mut Fields<'_>) -> Marks {
    let mut marks = Marks {
        seen: fields.mark(&["seenAt", "seen", "isSeen"], &["unseen"]),
        read: fields.mark(&["readAt", "read", "isRead", "hasRead"], &["unread", "isUnread"]),
        archived: fields.mark(&["archivedAt", "archived", "isArchived"], &[]),
        flagged: fields.mark(
            &["flaggedAt", "flagged", "isFlagged", "starred", "isStarred"],
            &[],
        ),
        acknowledged: fields.mark(
            &["acknowledgedAt", "acknowledged", "isAcknowledged", "ackedAt"],
            &[],
        ),
    };
    let silent = marks.seen.is_absent() && marks.read.is_absent() && marks.archived.is_absent();
    let word = ["status", "state"].iter().find_map(|name| {
        let key = super::spelling::find(&fields.object, name)?;
        Some((fields.object[&key].as_str()?.trim().to_ascii_lowercase(), key))
    });
    if silent && let Some((word, key)) = word {
        let now = fields.context.now;
        match word.as_str() {
            "seen" => marks.seen = Field::Value(now),
            "read" => marks.read = Field::Value(now),
            "unread" => marks.read = Field::Null,
            "archived" => marks.archived = Field::Value(now),
            _ => return marks,
        }
        fields.object.remove(&key);
    }
    marks
}

pub(super) fn states(fields: &mut Fields<'_>, marks: &Marks) -> PostStates {
    PostStates {
        flagged_at: marks.flagged.value().copied(),
        snoozed_until: snoozed_until(fields).into_value(),
        ack_required: ack_required(fields).into_value().unwrap_or_default(),
        acknowledged_at: marks.acknowledged.value().copied(),
        version: version(fields),
    }
}
