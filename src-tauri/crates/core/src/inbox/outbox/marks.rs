//! Marks of an item and their changes, as values: what an action changes, and what follows from it.

use rusqlite::Row;
use serde_json::{Map, Value};

use crate::item::EpochMillis;
use crate::outbox::MarkSet;

const COUNT: usize = MarkSet::COUNT;

/// The places of marks that a snoozed item loses when it returns.
pub(super) const SEEN: usize = 0;
pub(super) const READ: usize = 1;

/// The place of the time until which an item is snoozed. Unlike other marks, which are there or not, its time matters.
pub(super) const SNOOZED: usize = 4;

/// The columns of `outbox`, in the order of the bits of a [`MarkSet`].
pub(super) const CHANGES: [&str; COUNT] = ["seen", "read", "archived", "flagged", "snoozed", "acknowledged"];

/// The columns of `item` and of `outbox` in the same order; a test compares them.
pub(super) const ITEM_MARKS: &str =
    "seen_at, read_at, archived_at, flagged_at, snoozed_until, acknowledged_at";
pub(super) const OUTBOX_MARKS: &str = concat!(
    "seen",
    ", read",
    ", archived",
    ", flagged",
    ", snoozed",
    ", acknowledged"
);

/// In `outbox`, instead of the time of a mark: it was removed.
const REMOVED: EpochMillis = 0;

/// The marks of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks(pub(super) [Option<EpochMillis>; COUNT]);

/// The changes of a row; absent marks stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Changes(pub(super) [Option<EpochMillis>; COUNT]);

impl Marks {
    pub(super) fn after(mut self, changes: Changes) -> Self {
        for (place, (mark, change)) in self.0.iter_mut().zip(changes.0).enumerate() {
            *mark = match change {
                None => *mark,
                Some(REMOVED) => None,
                Some(at) if place == SNOOZED => Some(at),
                Some(at) => mark.or(Some(at)),
            };
        }
        self
    }

    /// What makes these marks of `before`. Times do not matter, except that of a snooze: the server sets its own.
    pub(super) fn since(self, before: Self) -> Changes {
        let mut changes = Changes([None; COUNT]);
        for (place, (mark, before)) in self.0.into_iter().zip(before.0).enumerate() {
            changes.0[place] = match (before, mark) {
                (None, Some(at)) => Some(at.max(REMOVED + 1)),
                (Some(_), None) => Some(REMOVED),
                (Some(before), Some(at)) if place == SNOOZED && at != before => Some(at.max(REMOVED + 1)),
                (None, None) | (Some(_), Some(_)) => None,
            };
        }
        changes
    }

    /// When it returns, if it is snoozed.
    pub(super) fn snoozed_until(self) -> Option<EpochMillis> {
        self.0[SNOOZED]
    }
}

impl Changes {
    pub(super) fn is_empty(self) -> bool {
        self.set() == MarkSet::NONE
    }

    /// The marks that change.
    pub(super) fn set(self) -> MarkSet {
        let places = self.0.iter().enumerate();
        places.fold(MarkSet::NONE, |set, (place, change)| {
            if change.is_some() {
                set.with(MarkSet::of(place))
            } else {
                set
            }
        })
    }

    /// Without the marks of this set.
    pub(super) fn without(mut self, marks: MarkSet) -> Self {
        for (place, change) in self.0.iter_mut().enumerate() {
            if marks.contains(MarkSet::of(place)) {
                *change = None;
            }
        }
        self
    }

    /// The fields of a request.
    pub(super) fn fields(self) -> Map<String, Value> {
        let mut fields = Map::new();
        for (place, (field, change)) in MarkSet::ALL.fields().zip(self.0).enumerate() {
            let Some(at) = change else { continue };
            let value = match (place, at) {
                (SNOOZED, REMOVED) => Value::Null,
                // A time that no calendar has is none that anything returns at.
                (SNOOZED, at) => {
                    jiff::Timestamp::from_millisecond(at).map_or(Value::Null, |at| at.to_string().into())
                }
                (_, at) => (at != REMOVED).into(),
            };
            fields.insert(field.to_owned(), value);
        }
        fields
    }
}

/// Reads marks or changes from the first columns.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<[Option<EpochMillis>; COUNT]> {
    let mut marks = [None; COUNT];
    for (place, mark) in marks.iter_mut().enumerate() {
        *mark = row.get(place)?;
    }
    Ok(marks)
}

/// Reads the changes of a row of `outbox` that the server's events have not overtaken.
pub(super) fn read_changes(row: &Row<'_>) -> rusqlite::Result<Changes> {
    let settled = MarkSet::from_bits(row.get("settled")?);
    Ok(Changes(read(row)?).without(settled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_columns_name_the_same_marks() {
        assert_eq!(CHANGES.join(", "), OUTBOX_MARKS);
        for (mark, change) in ITEM_MARKS.split(", ").zip(CHANGES) {
            assert!(mark.starts_with(change), "{mark} {change}");
        }
        assert_eq!(CHANGES[SNOOZED], "snoozed");
        assert_eq!(MarkSet::ALL.fields().nth(SNOOZED), Some("snoozedUntil"));
    }

    #[test]
    fn a_snooze_is_sent_again_when_its_time_changes_and_other_marks_are_not() {
        let at = |at| Marks([Some(at); COUNT]);
        let later = at(2).since(at(1));
        assert_eq!(later.set(), MarkSet::of(SNOOZED));
        assert_eq!(at(1).after(later).0[SNOOZED], Some(2));
        let none = Marks([None; COUNT]);
        let fields = Value::from(none.since(at(1)).fields()).to_string();
        assert!(fields.contains(r#""snoozedUntil":null"#) && fields.contains(r#""read":false"#));
        let until = none.after(later).since(none).fields();
        assert_eq!(
            Value::from(until).to_string(),
            r#"{"snoozedUntil":"1970-01-01T00:00:00.002Z"}"#
        );
    }
}
