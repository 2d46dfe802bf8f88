//! The fields of one event, read one by one; unreadable ones are recorded by name.

use serde_json::{Map, Value};

use super::spelling::find;
use super::values::{self, Reading};
use super::{DecodeContext, Expected, Field, LeftOut, time};
use crate::item::EpochMillis;

/// Bytes of JSON of unknown fields that are kept for a later version: a few fields. More would only fill the disk.
const MAX_EXTRA: usize = 4 * 1024;

/// Names of unknown fields that are reported.
const MAX_UNKNOWN_NAMES: usize = 16;

#[derive(Debug)]
pub(super) struct Fields<'a> {
    pub(super) object: Map<String, Value>,
    pub(super) context: &'a DecodeContext<'a>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) unknown: Vec<String>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: Map<String, Value>, context: &'a DecodeContext<'a>) -> Self {
        Self {
            object,
            context,
            left_out: Vec::new(),
            unknown: Vec::new(),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let key = find(&self.object, name)?;
        self.object.remove(&key)
    }

    fn leave_out(&mut self, field: &'static str, expected: Expected) {
        if self.left_out.iter().all(|left| left.field != field) {
            self.left_out.push(LeftOut { field, expected });
        }
    }

    /// The first of these names whose value can be read. The first name is the canonical one, the others are
    /// alternatives.
    pub(super) fn read<T>(
        &mut self,
        names: &[&'static str],
        expected: Expected,
        read: impl Fn(&Value) -> Reading<T>,
    ) -> Field<T> {
        let (mut found, mut unreadable) = (Field::Absent, false);
        for name in names {
            let Some(value) = self.take(name) else { continue };
            match read(&value) {
                Reading::Value(value) => {
                    found = Field::Value(value);
                    break;
                }
                Reading::Nothing => found = Field::Null,
                Reading::Unreadable => unreadable = true,
            }
        }
        if unreadable {
            self.leave_out(names[0], expected);
        }
        found
    }

    pub(super) fn title(&mut self, names: &[&'static str]) -> Field<String> {
        self.read(names, Expected::Text, values::title)
    }

    pub(super) fn body(&mut self, names: &[&'static str]) -> Field<String> {
        self.read(names, Expected::Text, values::body)
    }

    pub(super) fn label(&mut self, names: &[&'static str]) -> Field<String> {
        self.read(names, Expected::Text, values::label)
    }

    pub(super) fn id(&mut self, names: &[&'static str]) -> Option<String> {
        self.read(names, Expected::TextOrNumber, values::id).into_value()
    }

    pub(super) fn time(&mut self, names: &[&'static str]) -> Field<EpochMillis> {
        self.read(names, Expected::Time, time::time)
    }

    pub(super) fn link(&mut self) -> Field<String> {
        let server = self.context.server;
        self.read(
            &[
                "link",
                "url",
                "href",
                "actionUrl",
                "targetUrl",
                "clickUrl",
                "deepLink",
                "webUrl",
                "permalink",
                "uri",
            ],
            Expected::Address,
            |value| values::link(value, server),
        )
    }

    pub(super) fn actions(&mut self) -> Field<Vec<crate::item::ItemAction>> {
        let names = ["actions", "buttons", "links"];
        let server = self.context.server;
        let some_left_out = std::cell::Cell::new(false);
        let actions = self.read(&names, Expected::Actions, |value| {
            let (actions, left_out) = values::actions(value, server);
            some_left_out.set(some_left_out.get() || left_out);
            actions
        });
        if some_left_out.get() {
            self.leave_out(names[0], Expected::Actions);
        }
        actions
    }

    /// A mark that may be a time, a boolean, or both: `readAt`, `read`, `isRead`. `opposites` are booleans with the
    /// opposite meaning.
    pub(super) fn mark(&mut self, names: &[&'static str], opposites: &[&'static str]) -> Field<EpochMillis> {
        let now = self.context.now;
        let mut mark = Field::Absent;
        let mut is_time = false;
        let mut unreadable = false;
        let all = names
            .iter()
            .map(|name| (name, false))
            .chain(opposites.iter().map(|name| (name, true)));
        for (name, opposite) in all {
            let Some(value) = self.take(name) else { continue };
            let reading = match values::flag(&value) {
                Some(flag) if flag != opposite => Reading::Value(now),
                Some(_) => Reading::Nothing,
                None if opposite => Reading::Unreadable,
                None => {
                    let time = time::time(&value);
                    is_time |= matches!(time, Reading::Value(_));
                    time
                }
            };
            match (reading, &mark) {
                (Reading::Value(at), Field::Absent | Field::Null) => mark = Field::Value(at),
                // A time is more precise than a boolean.
                (Reading::Value(at), Field::Value(_)) if is_time && at != now => mark = Field::Value(at),
                (Reading::Nothing, Field::Absent) => mark = Field::Null,
                (Reading::Value(_), Field::Value(_)) | (Reading::Nothing, Field::Null | Field::Value(_)) => {}
                (Reading::Unreadable, _) => unreadable = true,
            }
        }
        if unreadable {
            self.leave_out(names[0], Expected::TimeOrFlag);
        }
        mark
    }

    /// The remaining fields, which this version does not know.
    pub(super) fn rest(&mut self) -> Map<String, Value> {
        self.unknown = self.object.keys().take(MAX_UNKNOWN_NAMES).cloned().collect();
        let mut room = MAX_EXTRA;
        let mut rest = std::mem::take(&mut self.object);
        rest.retain(|name, value| {
            let size = name.len() + size(value);
            let fits = size <= room;
            room -= if fits { size } else { 0 };
            fits
        });
        rest
    }
}

/// The approximate size of a value as JSON in bytes. The parser limits the depth of the recursion.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(entries) => 2 + entries.iter().map(size).sum::<usize>(),
        Value::Object(object) => {
            2 + object
                .iter()
                .map(|(name, value)| name.len() + 3 + size(value))
                .sum::<usize>()
        }
    }
}
