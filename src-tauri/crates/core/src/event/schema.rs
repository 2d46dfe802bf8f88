//! The fields of each type, and their alternative names.

use std::time::Duration;

use serde_json::Value;

use super::error::{failure, server_error};
use super::fields::Fields;
use super::kind::Kind;
use super::states::{ack_required, marks, snoozed_until, states, version};
use super::values::{self, Reading};
use super::{
    Change, ConnectionEstablished, DecodeError, Event, Expected, Field, GapEnd, Post, PostStates, UserChange,
    time,
};
use crate::item::{ItemKind, ItemWords, Priority};
use crate::message::{self, Message};
use crate::text::one_line;

pub(super) const TITLE: [&str; 5] = ["title", "subject", "headline", "heading", "name"];
pub(super) const MESSAGE: [&str; 10] = [
    "message",
    "body",
    "text",
    "content",
    "description",
    "msg",
    "summary",
    "details",
    "detail",
    "html",
];
const ID: [&str; 6] = ["id", "notificationId", "_id", "uuid", "guid", "uid"];
const CREATED_AT: [&str; 6] = ["createdAt", "created", "timestamp", "time", "date", "sentAt"];
const EXPIRES_AT: [&str; 6] = [
    "expiresAt",
    "expires",
    "expiry",
    "expiration",
    "validUntil",
    "expiresOn",
];
const PRIORITY: [&str; 5] = ["priority", "severity", "urgency", "importance", "level"];

/// The id for an event whose JSON has none, and whether it can be read at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fallback<'a> {
    /// The event's own id.
    pub(super) own_id: Option<&'a str>,
    /// A hash of the content.
    pub(super) hash: i64,
}

impl Fallback<'_> {
    /// The id, and whether it is the event's.
    fn unless(self, id: Option<String>) -> (String, bool) {
        match (id, self.own_id) {
            (Some(id), _) => (id, false),
            (None, Some(own_id)) => (values::printable_id(own_id), true),
            (None, None) => (format!("h-{:016x}", self.hash.cast_unsigned()), false),
        }
    }
}

/// The id of an event's subject, to report that it cannot be read.
pub(super) fn subject(kind: Kind, fields: &Fields<'_>) -> Option<String> {
    let names: &[&str] = match kind {
        Kind::Workflow(_) => &WORKFLOW_ID,
        Kind::Greeting
        | Kind::Heartbeat
        | Kind::Created
        | Kind::Updated
        | Kind::Deleted
        | Kind::UserStatusChanged
        | Kind::UserUpdated
        | Kind::System(_)
        | Kind::Gap
        | Kind::Error => &ID,
    };
    names.iter().find_map(|name| {
        let key = super::spelling::find(&fields.object, name)?;
        match values::id(fields.object.get(&key)?) {
            Reading::Value(id) => Some(id),
            Reading::Nothing | Reading::Unreadable => None,
        }
    })
}

pub(super) fn event(
    kind: Kind,
    fields: &mut Fields<'_>,
    fallback: Fallback<'_>,
) -> Result<Event, DecodeError> {
    Ok(match kind {
        Kind::Greeting => greeting(fields),
        Kind::Heartbeat => Event::Heartbeat,
        Kind::Created => Event::Posted(notification_created(fields, fallback)?),
        Kind::Updated => Event::NotificationUpdated(notification_updated(fields)?),
        Kind::Deleted => Event::NotificationDeleted {
            id: notification_key(&fields.id(&ID).ok_or(DecodeError::Missing("id"))?),
            version: version(fields),
        },
        Kind::UserStatusChanged => {
            let (user_id, status) = (user_id(fields)?, fields.label(&STATUS));
            if status.value().is_none() {
                return Err(DecodeError::Missing("status"));
            }
            Event::UserChanged(UserChange {
                user_id,
                name: Field::Absent,
                status,
                is_status_only: true,
            })
        }
        Kind::UserUpdated => Event::UserChanged(UserChange {
            user_id: user_id(fields)?,
            name: fields.label(&["name", "displayName", "fullName", "userName"]),
            status: fields.label(&STATUS),
            is_status_only: false,
        }),
        Kind::Workflow(kind) => Event::Posted(workflow(fields, kind, fallback)),
        Kind::System(kind) => Event::Posted(system(fields, kind, fallback)?),
        Kind::Gap => Event::Gap {
            from: gap_end(fields, &["from", "fromId", "after", "since"]),
            to: gap_end(fields, &["to", "toId", "before", "until"]),
        },
        Kind::Error => Event::ServerError(server_error(fields)),
    })
}

/// Names of the field with a user's presence.
const STATUS: [&str; 3] = ["status", "presence", "availability"];

fn user_id(fields: &mut Fields<'_>) -> Result<String, DecodeError> {
    fields.id(&["userId", "id"]).ok_or(DecodeError::Missing("userId"))
}

fn greeting(fields: &mut Fields<'_>) -> Event {
    let in_millis = |value: &Value| match value.as_f64() {
        Some(millis) if millis >= 1.0 => Reading::Value(Duration::from_millis(millis as u64)),
        Some(_) | None => values::span(value),
    };
    let expected = Expected::Interval;
    let mut heartbeat = fields.read(
        &[
            "heartbeatInterval",
            "heartbeat",
            "pingInterval",
            "keepAliveInterval",
            "keepAlive",
        ],
        expected,
        values::span,
    );
    if heartbeat.is_absent() {
        heartbeat = fields.read(&["heartbeatIntervalMs", "heartbeatMs"], expected, in_millis);
    }
    Event::ConnectionEstablished(ConnectionEstablished {
        heartbeat: heartbeat.into_value(),
        server_time: fields
            .time(&["serverTime", "timestamp", "time", "now"])
            .into_value(),
        position: fields.id(&["position", "lastEventId", "cursor", "latestEventId"]),
        user_id: fields.id(&["userId"]),
        connection_id: fields.id(&["connectionId", "clientId", "sid"]),
    })
}

fn gap_end(fields: &mut Fields<'_>, names: &[&'static str]) -> Option<GapEnd> {
    fields
        .read(names, Expected::EventOrTime, |value| match value {
            // A number is an id: counting events, no server reaches the year 1973 in seconds.
            Value::String(text) if text.contains([':', '/']) && text.len() > 9 => match time::time(value) {
                Reading::Value(time) => Reading::Value(GapEnd::Time(time)),
                Reading::Nothing | Reading::Unreadable => values::id(value).map(GapEnd::Id),
            },
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => values::id(value).map(GapEnd::Id),
        })
        .into_value()
}

fn notification_key(id: &str) -> String {
    format!("n:{id}")
}

fn priority(fields: &mut Fields<'_>) -> Field<Priority> {
    fields.read(&PRIORITY, Expected::Priority, values::priority)
}

fn actor(fields: &mut Fields<'_>) -> Field<String> {
    let names = ["actor", "sender", "author", "from", "createdBy", "user"];
    fields.read(&names, Expected::Name, values::actor)
}

fn progress(fields: &mut Fields<'_>) -> Field<u8> {
    let names = ["progress", "percent", "percentage"];
    fields.read(&names, Expected::Percent, values::progress)
}

fn category(fields: &mut Fields<'_>) -> Field<String> {
    fields.label(&["category", "categories", "tag", "tags", "topic"])
}

/// Title and body, of which at least one is required. A body without a title gets its first line as title, and does not
/// repeat what the title shows.
fn words(fields: &mut Fields<'_>) -> Result<(String, String), DecodeError> {
    // Read before the fields are taken: a text that consists only of tags is better than none.
    let raw = MESSAGE[..4].iter().find_map(|name| {
        let key = super::spelling::find(&fields.object, name)?;
        values::raw_title(&fields.object[&key])
    });
    let title = fields.title(&TITLE).into_value();
    let body = fields.body(&MESSAGE).into_value();
    match (title, body) {
        (Some(title), body) => Ok((title, body.unwrap_or_default())),
        (None, Some(body)) => Ok(first_line(&body)),
        (None, None) => raw
            .map(|raw| (raw, String::new()))
            .ok_or(DecodeError::Missing("title")),
    }
}

fn first_line(body: &str) -> (String, String) {
    let (first, rest) = body.split_once('\n').unwrap_or((body, ""));
    let title = one_line(first, values::MAX_TITLE);
    let whole = first.chars().count() <= values::MAX_TITLE;
    let rest = if whole {
        rest.trim_start_matches('\n')
    } else {
        body
    };
    (title, rest.to_owned())
}

fn notification_created(fields: &mut Fields<'_>, fallback: Fallback<'_>) -> Result<Post, DecodeError> {
    let (title, body) = words(fields)?;
    let (id, named_by_event) = fallback.unless(fields.id(&ID));
    let key = notification_key(&id);
    let marks = marks(fields);
    let states = states(fields, &marks);
    Ok(Post {
        kind: ItemKind::Notification,
        title,
        body,
        words: None,
        category: category(fields).into_value(),
        priority: priority(fields).into_value().unwrap_or_default(),
        actor: actor(fields).into_value(),
        link: fields.link().into_value(),
        actions: fields.actions().into_value().unwrap_or_default(),
        progress: progress(fields).into_value(),
        group_key: fields
            .label(&["groupKey", "group", "groupId", "threadId", "thread"])
            .into_value(),
        created_at: fields.time(&CREATED_AT).into_value(),
        expires_at: fields.time(&EXPIRES_AT).into_value(),
        starts_at: None,
        seen_at: marks.seen.into_value(),
        read_at: marks.read.into_value(),
        archived_at: marks.archived.into_value(),
        states,
        supersedes: fields
            .id(&["supersedes", "replaces", "replacesId", "supersedesId"])
            .map(|id| notification_key(&id))
            .filter(|older| *older != key),
        key,
        extra: fields.rest(),
        named_by_event,
    })
}

fn notification_updated(fields: &mut Fields<'_>) -> Result<Change, DecodeError> {
    let id = fields.id(&ID).ok_or(DecodeError::Missing("id"))?;
    let marks = marks(fields);
    let change = Change {
        key: notification_key(&id),
        title: match fields.title(&TITLE) {
            // An item always has a title.
            Field::Null | Field::Absent => Field::Absent,
            title @ Field::Value(_) => title,
        },
        body: fields.body(&MESSAGE),
        category: category(fields),
        priority: priority(fields),
        actor: actor(fields),
        link: fields.link(),
        actions: fields.actions(),
        expires_at: fields.time(&EXPIRES_AT),
        seen_at: marks.seen,
        read_at: marks.read,
        archived_at: marks.archived,
        flagged_at: marks.flagged,
        snoozed_until: snoozed_until(fields),
        ack_required: ack_required(fields),
        acknowledged_at: marks.acknowledged,
        version: version(fields),
    };
    fields.rest();
    Ok(change)
}

/// The app's text for a missing title.
fn untitled(title: &Option<String>, words: impl FnOnce() -> Message) -> Option<ItemWords> {
    title.is_none().then(|| ItemWords {
        title: words(),
        body: None,
    })
}

const WORKFLOW_ID: [&str; 6] = ["workflowId", "id", "runId", "executionId", "jobId", "_id"];

fn workflow(fields: &mut Fields<'_>, kind: ItemKind, fallback: Fallback<'_>) -> Post {
    match fields.object.remove("workflow") {
        Some(Value::Object(workflow)) => {
            for (name, value) in workflow {
                let name = if name == "id" {
                    "workflowId".to_owned()
                } else {
                    name
                };
                fields.object.entry(name).or_insert(value);
            }
        }
        Some(name @ Value::String(_)) => {
            fields.object.entry("name").or_insert(name);
        }
        Some(other) => {
            fields.object.insert("workflow".to_owned(), other);
        }
        None => {}
    }
    let (id, named_by_event) = fallback.unless(fields.id(&WORKFLOW_ID));
    let name = fields
        .title(&["name", "workflowName", "title", "displayName"])
        .into_value();
    let error = fields.read(
        &["error", "errors", "reason", "failure", "cause"],
        Expected::Text,
        failure,
    );
    let status = fields.label(&["status", "state"]).into_value();
    let message = fields.body(&MESSAGE).into_value();
    Post {
        key: format!("w:{id}"),
        kind,
        words: untitled(&name, || {
            message::workflow_title(one_line(&id, values::MAX_LABEL))
        }),
        title: name.unwrap_or_default(),
        body: error.into_value().or(message).or(status).unwrap_or_default(),
        category: Some("workflow".to_owned()),
        priority: priority(fields).into_value().unwrap_or(match kind {
            ItemKind::WorkflowFailed => Priority::High,
            ItemKind::WorkflowRunning => Priority::Low,
            ItemKind::WorkflowCompleted
            | ItemKind::Notification
            | ItemKind::Announcement
            | ItemKind::Maintenance
            | ItemKind::Gap
            | ItemKind::Unreadable => Priority::Normal,
        }),
        actor: actor(fields).into_value(),
        link: fields.link().into_value(),
        actions: fields.actions().into_value().unwrap_or_default(),
        progress: progress(fields).into_value(),
        group_key: None,
        created_at: fields.time(&CREATED_AT).into_value(),
        expires_at: None,
        starts_at: None,
        seen_at: None,
        read_at: None,
        archived_at: None,
        states: PostStates::default(),
        supersedes: None,
        extra: fields.rest(),
        named_by_event,
    }
}

fn system(fields: &mut Fields<'_>, kind: ItemKind, fallback: Fallback<'_>) -> Result<Post, DecodeError> {
    let maintenance = kind == ItemKind::Maintenance;
    let starts = fields
        .time(&["startsAt", "start", "startTime", "startAt", "begin"])
        .into_value();
    let ends = fields
        .time(&["endsAt", "end", "endTime", "endAt", "expiresAt", "until"])
        .into_value();
    let title = fields.title(&TITLE).into_value();
    let body = fields.body(&MESSAGE).into_value();
    // The time of a maintenance is enough.
    if title.is_none() && body.is_none() && !(maintenance && (starts.is_some() || ends.is_some())) {
        return Err(DecodeError::Missing("message"));
    }
    let id = fields.id(&["id", "announcementId", "maintenanceId", "_id", "uuid"]);
    let (id, named_by_event) = fallback.unless(id);
    let priority = fields.read(
        &["severity", "priority", "level", "urgency", "importance"],
        Expected::Priority,
        |value| match value.as_str() {
            // An error that is announced to all users affects everybody's work.
            Some("error") => Reading::Value(Priority::Urgent),
            Some(_) | None => values::priority(value),
        },
    );
    let category = category(fields).into_value();
    let link = fields.link().into_value();
    let actions = fields.actions().into_value().unwrap_or_default();
    let created_at = fields.time(&CREATED_AT).into_value();
    let marks = marks(fields);
    let states = states(fields, &marks);
    let mut extra = fields.rest();
    if let Some(starts) = starts {
        extra.insert("startsAt".to_owned(), starts.into());
    }
    let word = if maintenance {
        "maintenance"
    } else {
        "announcement"
    };
    Ok(Post {
        key: format!("s:{id}"),
        kind,
        words: untitled(&title, || {
            if maintenance {
                message::maintenance_title()
            } else {
                message::announcement_title()
            }
        }),
        title: title.unwrap_or_default(),
        body: body.unwrap_or_default(),
        category: Some(category.unwrap_or_else(|| word.to_owned())),
        priority: priority.into_value().unwrap_or_default(),
        actor: None,
        link,
        actions,
        progress: None,
        group_key: None,
        created_at,
        expires_at: ends,
        starts_at: starts,
        seen_at: marks.seen.into_value(),
        read_at: marks.read.into_value(),
        archived_at: marks.archived.into_value(),
        states,
        supersedes: None,
        extra,
        named_by_event,
    })
}
