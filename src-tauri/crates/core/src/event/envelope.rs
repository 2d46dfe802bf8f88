//! Finding an event's type and its fields in what frameworks put around them.

use serde_json::{Map, Value};

use super::json::unquoted;
use super::kind::{Kind, same_name};
use super::wire::{MESSAGE, TITLE};

type Object = Map<String, Value>;

/// Wrappers in wrappers: a message of a message service around JSON:API has three.
const MAX_WRAPPERS: usize = 4;

/// Under which names a wrapper holds the event's type.
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

/// Under which names a wrapper holds what the event is about.
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

const ABOUT_A_WORKFLOW: [&str; 5] = ["workflowId", "name", "error", "progress", "status"];
const ABOUT_A_CHANGE: [&str; 17] = [
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
    "status",
];
const ABOUT_A_CONNECTION: [&str; 5] = [
    "heartbeatInterval",
    "serverTime",
    "connectionId",
    "heartbeat",
    "position",
];
const ABOUT_AN_ERROR: [&str; 4] = ["status", "statusCode", "code", "message"];

/// What an event is about: one thing, or a list.
#[derive(Debug)]
pub(super) enum Contents {
    One(Object),
    Many(Vec<Value>),
}

/// The type that the JSON itself names, where the stream names none that is known.
pub(super) fn kind_inside(object: &mut Object) -> Option<Kind> {
    if let Some(kind) = take_kind(object) {
        return Some(kind);
    }
    WRAPPERS.iter().find_map(|name| {
        let inner = object.get_mut(&find(object, name)?)?;
        take_kind(inner.as_object_mut()?)
    })
}

fn take_kind(object: &mut Object) -> Option<Kind> {
    TYPE_NAMES.iter().find_map(|name| {
        let key = find(object, name)?;
        let kind = Kind::of(object.get(&key)?.as_str()?)?;
        object.remove(&key);
        Some(kind)
    })
}

/// Whether an event without any type is plainly a notification: it has a title and a text, or one of them and an id,
/// and nothing that would say that it is something else.
pub(super) fn is_plainly_a_notification(object: &Object) -> bool {
    let text = |names: &[&str]| {
        names.iter().any(|name| {
            find(object, name)
                .is_some_and(|key| object[&key].as_str().is_some_and(|text| !text.trim().is_empty()))
        })
    };
    let (title, message) = (text(&TITLE[..3]), text(&MESSAGE[..4]));
    let id = ["id", "notificationId"]
        .iter()
        .any(|name| find(object, name).is_some());
    let typed = TYPE_NAMES[..5]
        .iter()
        .any(|name| find(object, name).is_some_and(|key| object[&key].is_string()));
    !typed && (title && message || id && (title || message))
}

/// The key of a field, exactly or in another spelling.
pub(super) fn find(object: &Object, name: &str) -> Option<String> {
    if object.contains_key(name) {
        return Some(name.to_owned());
    }
    object.keys().find(|key| same_name(key, name)).cloned()
}

/// Takes off what is around the fields. What is inside wins over what is around it, because an envelope has an id and
/// a time of its own.
pub(super) fn open(kind: Kind, mut object: Object) -> Contents {
    for _ in 0..MAX_WRAPPERS {
        let Some((key, inner)) = wrapped(kind, &object) else {
            break;
        };
        object.remove(&key);
        match inner {
            Value::Object(inner) => {
                for (name, value) in inner {
                    if let Some(other) = find(&object, &name) {
                        object.remove(&other);
                    }
                    object.insert(name, value);
                }
            }
            Value::Array(entries) => return Contents::Many(entries),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => break,
        }
    }
    Contents::One(object)
}

fn wrapped(kind: Kind, object: &Object) -> Option<(String, Value)> {
    if tells(kind, object, true) {
        return None;
    }
    // What failed is inside a workflow's error, not around it.
    let of_errors: &[&str] = if kind == Kind::Error { &["error"] } else { &[] };
    WRAPPERS.iter().chain(of_errors).find_map(|name| {
        let key = find(object, name)?;
        let inner = unquoted(&object[&key]);
        let is_it = match &*inner {
            Value::Object(inner) => tells(kind, inner, false) || leads_on(inner),
            Value::Array(entries) => {
                !entries.is_empty()
                    && entries
                        .iter()
                        .all(|entry| entry.as_object().is_some_and(|entry| tells(kind, entry, false)))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        };
        is_it.then(|| (key, inner.into_owned()))
    })
}

/// Whether there is another wrapper inside.
fn leads_on(object: &Object) -> bool {
    WRAPPERS
        .iter()
        .any(|name| find(object, name).is_some_and(|key| object[&key].is_object()))
}

/// Whether the fields of a type are here. `alone` asks for those that no envelope has.
fn tells(kind: Kind, object: &Object, alone: bool) -> bool {
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
        Kind::Workflow(_) => any(&ABOUT_A_WORKFLOW) || any(&["id"]),
        Kind::Updated => any(&ABOUT_A_CHANGE),
        // An envelope has an id too.
        Kind::Deleted => !alone && any(&["id", "notificationId"]),
        Kind::UserStatusChanged | Kind::UserUpdated => any(&["userId"]),
        Kind::Greeting => any(&ABOUT_A_CONNECTION),
        Kind::Gap => any(&["from", "to"]),
        Kind::Error => text(&ABOUT_AN_ERROR),
        Kind::Heartbeat => true,
    }
}
