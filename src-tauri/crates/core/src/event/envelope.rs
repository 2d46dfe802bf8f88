//! Finds an event's type and fields in the structures that frameworks put around them.

use serde_json::{Map, Value};

use super::json::unquoted;
use super::kind::{Kind, squeezed};
use super::schema::{MESSAGE, TITLE};
use super::spelling::{MAX_SPELLED_FIELDS, find};
use super::values;

type Object = Map<String, Value>;

/// Entries of a list in one event: more than a person gets in a year. Each entry becomes an event of a hundred times
/// its size, so that the two million entries that fit into 4 MiB would use all memory. Further ones are left out, which
/// is reported.
pub(super) const MAX_LIST: usize = 10_000;

/// Nested wrappers. A message of a message service around JSON:API has three.
const MAX_WRAPPERS: usize = 4;

/// Bytes of a mark for many items: it is a word or a time.
const MAX_MARK: usize = 64;

/// Number of such marks, each of which is copied to every item: about as many as a notification has, in all spellings.
const MAX_MARKS: usize = 32;

/// Names of the field of a wrapper that contains the event's type.
const TYPE_NAMES: [&str; 8] = [
    "type",
    "event",
    "eventType",
    "kind",
    "eventName",
    "name",
    "topic",
    "action",
];

/// Names of the field of a wrapper that contains the event's subject.
const WRAPPERS: [&str; 17] = [
    "data",
    "payload",
    "notification",
    "notifications",
    "attributes",
    "detail",
    "details",
    "body",
    "content",
    "record",
    "resource",
    "item",
    "items",
    "event",
    "message",
    "changes",
    "patch",
];

const WORKFLOW_FIELDS: [&str; 5] = ["workflowId", "name", "error", "progress", "status"];
const CHANGE_FIELDS: [&str; 25] = [
    "title",
    "message",
    "category",
    "priority",
    "link",
    "actions",
    "expiresAt",
    "readAt",
    "read",
    "isRead",
    "seenAt",
    "seen",
    "isSeen",
    "archivedAt",
    "archived",
    "isArchived",
    "flaggedAt",
    "flagged",
    "isFlagged",
    "snoozedUntil",
    "acknowledgedAt",
    "acknowledged",
    "isAcknowledged",
    "ackRequired",
    "status",
];
const NOTIFICATION_FIELDS: [&str; 6] = ["title", "category", "priority", "link", "readAt", "expiresAt"];
const CONNECTION_FIELDS: [&str; 5] = [
    "heartbeatInterval",
    "serverTime",
    "connectionId",
    "heartbeat",
    "position",
];
const ERROR_FIELDS: [&str; 4] = ["status", "statusCode", "code", "message"];

/// The subject of an event, or a list of them.
#[derive(Debug)]
pub(super) enum Contents {
    One(Object),
    Many(Vec<Value>),
}

/// The type that the JSON itself names, if the stream names none that is known.
pub(super) fn kind_inside(object: &mut Object) -> Option<Kind> {
    if let Some(kind) = remove_kind(object) {
        return Some(kind);
    }
    WRAPPERS.iter().find_map(|name| {
        let inner = object.get_mut(&find(object, name)?)?;
        remove_kind(inner.as_object_mut()?)
    })
}

fn remove_kind(object: &mut Object) -> Option<Kind> {
    TYPE_NAMES.iter().find_map(|name| {
        let key = find(object, name)?;
        let word = object.get(&key)?.as_str()?;
        let kind = Kind::of(word)?;
        if kind.is_everyday_word() && is_for_people(object) {
            return None;
        }
        // The field is kept, because it also tells the kind of error.
        if kind != Kind::Error || squeezed(word) == "error" {
            object.remove(&key);
        }
        Some(kind)
    })
}

/// Whether it is meant for people: `{"type": "error", "title": "Payment failed", "message": "…"}` is a notification,
/// and no error of the stream.
fn is_for_people(object: &Object) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| find(object, name).is_some());
    has_text(object, &TITLE[..3])
        && (has_text(object, &MESSAGE[..4]) || has(&["id", "notificationId"]))
        && !has(&["status", "statusCode", "code"])
}

fn has_text(object: &Object, names: &[&str]) -> bool {
    names.iter().any(|name| {
        find(object, name)
            .is_some_and(|key| object[&key].as_str().is_some_and(|text| !text.trim().is_empty()))
    })
}

/// The type from the name of a field, and its content: `{"data": {"notificationCreated": {…}}}`, as in GraphQL. Without
/// such a field, a `nameless` object may be recognised as a notification.
pub(super) fn named_inside(nameless: bool, mut object: Object) -> Result<(Kind, Object), Object> {
    for _ in 0..MAX_WRAPPERS {
        let named = object.iter().find_map(|(name, inner)| {
            let kind = Kind::of(name).filter(|kind| !kind.is_everyday_word())?;
            let is_it = match inner {
                Value::Object(inner) => has_fields_of(kind, inner, false),
                Value::Array(entries) => !entries.is_empty() && entries.iter().all(Value::is_object),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
            };
            is_it.then(|| (kind, name.clone()))
        });
        if let Some((kind, name)) = named {
            if let Some(inner) = object.remove(&name) {
                object.insert("data".to_owned(), inner);
            }
            return Ok((kind, object));
        }
        if nameless && is_plainly_a_notification(&object) {
            return Ok((Kind::Created, object));
        }
        let wrapper = ["data", "payload"].iter().find_map(|name| {
            let key = find(&object, name)?;
            object[&key].is_object().then_some(key)
        });
        let Some(Value::Object(inner)) = wrapper.and_then(|key| object.remove(&key)) else {
            break;
        };
        merge(&mut object, inner);
    }
    Err(object)
}

/// An error with its kind in the event's type: `auth_error`, `unauthorized`.
pub(super) fn typed_error(name: &str, value: Value) -> Value {
    if squeezed(name) == "error" {
        return value;
    }
    let mut object = match value {
        Value::Object(object) => object,
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Object::from_iter([("message".to_owned(), other)])
        }
    };
    object.entry("type").or_insert_with(|| name.into());
    Value::Object(object)
}

/// Type and fields of a message as a list: `["notification.created", {…}]`, as Socket.IO and Phoenix send it.
pub(super) fn message_in_list(entries: &mut Vec<Value>) -> Option<(Kind, Value)> {
    let (last, before) = entries.split_last()?;
    let kind = before.iter().find_map(|entry| Kind::of(entry.as_str()?))?;
    let plain = before.iter().all(|entry| !entry.is_object() && !entry.is_array());
    (plain && last.is_object())
        .then(|| entries.pop())
        .flatten()
        .map(|fields| (kind, fields))
}

/// Whether an event without a type is clearly a notification: it has a title and a text, or one of them and an id, and
/// nothing that indicates another type.
fn is_plainly_a_notification(object: &Object) -> bool {
    let (title, message) = (has_text(object, &TITLE[..3]), has_text(object, &MESSAGE[..4]));
    let id = ["id", "notificationId"]
        .iter()
        .any(|name| find(object, name).is_some());
    let typed = TYPE_NAMES[..5]
        .iter()
        .any(|name| find(object, name).is_some_and(|key| is_foreign_type(&object[&key], title && message)));
    !typed && (title && message || id && (title || message))
}

/// Whether the value names something else than a notification. A severity does not; nor does a topic next to title and
/// text; an action on a notification does.
fn is_foreign_type(value: &Value, has_title_and_message: bool) -> bool {
    let Some(word) = value.as_str() else { return false };
    let squeezed = squeezed(word);
    let of_ours = ["notification", "user", "workflow", "system", "stream"]
        .iter()
        .any(|subject| squeezed.starts_with(subject));
    let severity = matches!(
        values::priority(value),
        values::Reading::Value(_) | values::Reading::Nothing
    ) || squeezed == "success";
    of_ours || !(severity || has_title_and_message)
}

/// Removes the wrappers of the fields. Inner fields have precedence, because an envelope has an id and a time of its
/// own.
pub(super) fn open(kind: Kind, mut object: Object) -> Contents {
    for _ in 0..MAX_WRAPPERS {
        let Some((key, inner)) = wrapped(kind, &object) else {
            break;
        };
        object.remove(&key);
        match inner {
            Value::Object(inner) => merge(&mut object, inner),
            Value::Array(entries) => return Contents::Many(entries),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => break,
        }
    }
    match kind {
        Kind::Updated | Kind::Deleted => split_ids(object),
        Kind::Greeting
        | Kind::Heartbeat
        | Kind::Created
        | Kind::UserStatusChanged
        | Kind::UserUpdated
        | Kind::Workflow(_)
        | Kind::System(_)
        | Kind::Gap
        | Kind::Error => Contents::One(object),
    }
}

/// A change of several items: `{"ids": [1, 2], "read": true}`. Each gets the marks, but no texts, which would be copied
/// as often.
fn split_ids(mut object: Object) -> Contents {
    let ids = ["ids", "notificationIds"].iter().find_map(|name| {
        let key = find(&object, name)?;
        object[&key].is_array().then_some(key)
    });
    let Some(Value::Array(ids)) = ids.and_then(|key| object.remove(&key)) else {
        return Contents::One(object);
    };
    let mut room = MAX_MARKS;
    object.retain(|_, value| {
        let is_mark = match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
            Value::String(text) => text.len() <= MAX_MARK,
            Value::Array(_) | Value::Object(_) => false,
        };
        let fits = is_mark && room > 0;
        room -= usize::from(fits);
        fits
    });
    let with_id = |id| {
        let mut one = object.clone();
        one.insert("id".to_owned(), id);
        Value::Object(one)
    };
    // One more than the limit, so that the caller notices that there were more.
    Contents::Many(ids.into_iter().take(MAX_LIST + 1).map(with_id).collect())
}

fn merge(object: &mut Object, inner: Object) {
    let spelled = inner.len() <= MAX_SPELLED_FIELDS;
    for (name, value) in inner {
        if spelled && let Some(other) = find(object, &name) {
            object.remove(&other);
        }
        object.insert(name, value);
    }
}

fn wrapped(kind: Kind, object: &Object) -> Option<(String, Value)> {
    let inside = || {
        WRAPPERS[..3].iter().any(|name| {
            let inner = find(object, name).and_then(|key| object[&key].as_object());
            inner.is_some_and(|inner| has_text(inner, &TITLE[..1]) && has_text(inner, &MESSAGE[..4]))
        })
    };
    // `{"message": "OK", "data": {…}}` describes itself as a success.
    let is_answer =
        matches!(kind, Kind::Created | Kind::System(_)) && find(object, TITLE[0]).is_none() && inside();
    if has_fields_of(kind, object, true) && !is_answer {
        return None;
    }
    // In a workflow, `error` is a field of its own and no wrapper.
    let of_errors: &[&str] = if kind == Kind::Error { &["error"] } else { &[] };
    WRAPPERS.iter().chain(of_errors).find_map(|name| {
        let key = find(object, name)?;
        let inner = unquoted(&object[&key]);
        let is_it = match &*inner {
            Value::Object(inner) => has_fields_of(kind, inner, false) || has_inner_wrapper(inner),
            Value::Array(entries) => {
                !entries.is_empty()
                    && entries.iter().all(|entry| {
                        entry
                            .as_object()
                            .is_some_and(|entry| has_fields_of(kind, entry, false))
                    })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        };
        is_it.then(|| (key, inner.into_owned()))
    })
}

/// Whether it contains another wrapper.
fn has_inner_wrapper(object: &Object) -> bool {
    WRAPPERS
        .iter()
        .any(|name| find(object, name).is_some_and(|key| object[&key].is_object()))
}

/// Whether the object has fields of the type. With `alone`, only fields count that no envelope has.
fn has_fields_of(kind: Kind, object: &Object, alone: bool) -> bool {
    let any = |names: &[&str]| names.iter().any(|name| find(object, name).is_some());
    let text = |names: &[&str]| {
        names.iter().any(|name| {
            find(object, name).is_some_and(|key| {
                let value = &object[&key];
                value.is_string() && unquoted(value).is_string() || value.is_number()
            })
        })
    };
    match kind {
        Kind::Created | Kind::System(_) if alone => text(&["title", "message"]),
        Kind::Created | Kind::System(_) => text(&TITLE) || text(&MESSAGE),
        Kind::Workflow(_) if alone => any(&["workflowId", "workflow"]) || text(&["error"]),
        Kind::Workflow(_) => any(&WORKFLOW_FIELDS) || any(&["id"]),
        Kind::Updated => any(&CHANGE_FIELDS),
        // An envelope has an id too.
        Kind::Deleted if alone => any(&["id", "notificationId"]) && any(&NOTIFICATION_FIELDS),
        Kind::Deleted => any(&["id", "notificationId", "ids", "notificationIds"]),
        Kind::UserStatusChanged | Kind::UserUpdated => any(&["userId"]),
        Kind::Greeting => any(&CONNECTION_FIELDS),
        Kind::Gap => any(&["from", "to"]),
        Kind::Error => text(&ERROR_FIELDS),
        Kind::Heartbeat => true,
    }
}
