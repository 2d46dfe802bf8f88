//! The fields of each event type, taken one by one so that a mistake can be named without showing a value.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Change, ConnectionEstablished, DecodeError, Event, Field, Post, epoch_millis};
use crate::protocol::{EpochMillis, ItemAction, ItemKind, Priority};
use crate::text::{one_line, paragraphs, web_link};

/// A title is a line on a screen; what is longer is cut, visibly.
const LONGEST_TITLE: usize = 300;
/// A body is a page.
const LONGEST_BODY: usize = 16 * 1024;
/// Names, categories and labels are a few words.
const LONGEST_LABEL: usize = 120;
/// An id is a key, not a text; ids in use are numbers, UUIDs and slugs.
const LONGEST_ID: usize = 256;
/// More buttons than this are no choice.
const MOST_ACTIONS: usize = 6;

pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn new(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// A field that is absent or null is not there.
    fn take(&mut self, field: &'static str) -> Option<Value> {
        self.0.remove(field).filter(|value| !value.is_null())
    }

    /// An id may be a text or a whole number; control characters and over-long ids are refused.
    fn id(&mut self, field: &'static str) -> Result<String, DecodeError> {
        self.optional_id(field)?.ok_or(DecodeError::Missing(field))
    }

    fn optional_id(&mut self, field: &'static str) -> Result<Option<String>, DecodeError> {
        let Some(value) = self.take(field) else {
            return Ok(None);
        };
        let id = match value {
            Value::String(text) => Some(text),
            Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
            Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Null => None,
        };
        id.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID && !id.chars().any(char::is_control))
            .map(Some)
            .ok_or(DecodeError::Field {
                field,
                expected: "a printable id of at most 256 bytes",
            })
    }

    fn text(&mut self, field: &'static str) -> Result<Option<String>, DecodeError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(DecodeError::Field {
                field,
                expected: "a text",
            }),
        }
    }

    fn line(&mut self, field: &'static str, longest: usize) -> Result<Option<String>, DecodeError> {
        let line = self.text(field)?.map(|text| one_line(&text, longest));
        Ok(line.filter(|line| !line.is_empty()))
    }

    fn label(&mut self, field: &'static str) -> Result<Option<String>, DecodeError> {
        self.line(field, LONGEST_LABEL)
    }

    fn title(&mut self, field: &'static str) -> Result<String, DecodeError> {
        self.line(field, LONGEST_TITLE)?
            .ok_or(DecodeError::Missing(field))
    }

    fn body(&mut self, field: &'static str) -> Result<String, DecodeError> {
        let text = self.text(field)?.ok_or(DecodeError::Missing(field))?;
        Ok(paragraphs(&text, LONGEST_BODY))
    }

    /// A link that is not a web link is left out: the item without it is still worth reading.
    fn link(&mut self, field: &'static str) -> Result<Option<String>, DecodeError> {
        Ok(self.text(field)?.and_then(|text| web_link(&text)))
    }

    fn time(&mut self, field: &'static str) -> Result<Option<EpochMillis>, DecodeError> {
        let time = match self.take(field) {
            None => return Ok(None),
            Some(Value::String(text)) => epoch_millis(&text),
            Some(Value::Number(number)) => number.as_i64().filter(|millis| in_calendar(*millis)),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Null) => None,
        };
        time.map(Some).ok_or(DecodeError::Field {
            field,
            expected: "a time as in RFC 3339",
        })
    }

    fn priority(&mut self) -> Result<Option<Priority>, DecodeError> {
        let Some(text) = self.text("priority")? else {
            return Ok(None);
        };
        match text.as_str() {
            "low" => Ok(Some(Priority::Low)),
            "normal" => Ok(Some(Priority::Normal)),
            "high" => Ok(Some(Priority::High)),
            "urgent" => Ok(Some(Priority::Urgent)),
            _ => Err(DecodeError::Field {
                field: "priority",
                expected: "one of low, normal, high, urgent",
            }),
        }
    }

    fn actions(&mut self) -> Result<Option<Vec<ItemAction>>, DecodeError> {
        let wrong = DecodeError::Field {
            field: "actions",
            expected: "a list of {label, link}",
        };
        let entries = match self.take("actions") {
            None => return Ok(None),
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err(wrong),
        };
        let mut actions = Vec::new();
        for entry in entries {
            let (Some(label), Some(link)) = (entry["label"].as_str(), entry["link"].as_str()) else {
                return Err(wrong);
            };
            let label = one_line(label, LONGEST_LABEL);
            if let Some(link) = web_link(link)
                && !label.is_empty()
                && actions.len() < MOST_ACTIONS
            {
                actions.push(ItemAction { label, link });
            }
        }
        Ok(Some(actions))
    }

    fn actor(&mut self) -> Result<Option<String>, DecodeError> {
        match self.take("actor") {
            None => Ok(None),
            Some(Value::Object(actor)) => Fields(actor).label("name"),
            Some(_) => Err(DecodeError::Field {
                field: "actor",
                expected: "an object with a name",
            }),
        }
    }

    /// A percentage, or a fraction of one.
    fn progress(&mut self) -> Result<Option<u8>, DecodeError> {
        let wrong = DecodeError::Field {
            field: "progress",
            expected: "a number from 0 to 100",
        };
        match self.take("progress") {
            None => Ok(None),
            Some(Value::Number(number)) => match number.as_f64() {
                // In range, so the cast only drops the fraction.
                Some(percent) if (0.0..=100.0).contains(&percent) => Ok(Some(percent as u8)),
                _ => Err(wrong),
            },
            Some(_) => Err(wrong),
        }
    }

    fn rest(self) -> Map<String, Value> {
        self.0
    }
}

/// Years 1970 to 9999, which every part downstream can print.
fn in_calendar(millis: i64) -> bool {
    (0..=253_402_300_799_999).contains(&millis)
}

pub(super) fn connection_established(mut fields: Fields) -> Result<Event, DecodeError> {
    let heartbeat = match fields.take("heartbeatInterval") {
        None => None,
        Some(value) => Some(
            value
                .as_u64()
                .filter(|millis| *millis > 0)
                .ok_or(DecodeError::Field {
                    field: "heartbeatInterval",
                    expected: "a whole number of milliseconds above 0",
                })?,
        ),
    };
    Ok(Event::ConnectionEstablished(ConnectionEstablished {
        heartbeat: heartbeat.map(Duration::from_millis),
        ..ConnectionEstablished::default()
    }))
}

pub(super) fn notification_created(mut fields: Fields) -> Result<Event, DecodeError> {
    let post = Post {
        key: notification_key(&fields.id("id")?),
        kind: ItemKind::Notification,
        title: fields.title("title")?,
        body: fields.body("message")?,
        category: fields.label("category")?,
        priority: fields.priority()?.unwrap_or_default(),
        actor: fields.actor()?,
        link: fields.link("link")?,
        actions: fields.actions()?.unwrap_or_default(),
        progress: None,
        group_key: fields.label("groupKey")?,
        created_at: fields.time("createdAt")?,
        expires_at: fields.time("expiresAt")?,
        starts_at: None,
        seen_at: fields.time("seenAt")?,
        read_at: fields.time("readAt")?,
        archived_at: fields.time("archivedAt")?,
        supersedes: fields.optional_id("supersedes")?.map(|id| notification_key(&id)),
        extra: fields.rest(),
    };
    Ok(Event::Posted(post))
}

fn field<T>(value: Option<T>) -> Field<T> {
    value.map_or(Field::Absent, Field::Value)
}

pub(super) fn notification_updated(mut fields: Fields) -> Result<Event, DecodeError> {
    let key = notification_key(&fields.id("id")?);
    let body = fields
        .text("message")?
        .map(|text| paragraphs(&text, LONGEST_BODY));
    Ok(Event::NotificationUpdated(Change {
        key,
        title: field(fields.line("title", LONGEST_TITLE)?),
        body: field(body),
        category: field(fields.label("category")?),
        priority: field(fields.priority()?),
        actor: field(fields.actor()?),
        link: field(fields.link("link")?),
        actions: field(fields.actions()?),
        expires_at: field(fields.time("expiresAt")?),
        seen_at: field(fields.time("seenAt")?),
        read_at: field(fields.time("readAt")?),
        archived_at: field(fields.time("archivedAt")?),
    }))
}

pub(super) fn notification_deleted(mut fields: Fields) -> Result<Event, DecodeError> {
    Ok(Event::NotificationDeleted {
        id: notification_key(&fields.id("id")?),
    })
}

pub(super) fn user_status_changed(mut fields: Fields) -> Result<Event, DecodeError> {
    let user_id = fields.id("userId")?;
    let status = fields.label("status")?.ok_or(DecodeError::Missing("status"))?;
    Ok(Event::UserChanged {
        user_id,
        status: Some(status),
    })
}

pub(super) fn user_updated(mut fields: Fields) -> Result<Event, DecodeError> {
    Ok(Event::UserChanged {
        user_id: fields.id("userId")?,
        status: None,
    })
}

pub(super) fn workflow(mut fields: Fields, kind: ItemKind) -> Result<Event, DecodeError> {
    let id = fields.id("workflowId")?;
    let name = fields.line("name", LONGEST_TITLE)?;
    let error = fields.text("error")?;
    let status = fields.label("status")?;
    let failed = kind == ItemKind::WorkflowFailed;
    Ok(Event::Posted(Post {
        key: format!("w:{id}"),
        kind,
        title: name.unwrap_or_else(|| format!("Workflow {}", one_line(&id, LONGEST_LABEL))),
        body: error
            .or(status)
            .map(|text| paragraphs(&text, LONGEST_BODY))
            .unwrap_or_default(),
        category: Some("workflow".to_owned()),
        priority: if failed { Priority::High } else { Priority::Low },
        actor: None,
        link: fields.link("link")?,
        actions: Vec::new(),
        progress: fields.progress()?,
        group_key: None,
        created_at: fields.time("createdAt")?,
        expires_at: None,
        starts_at: None,
        seen_at: None,
        read_at: None,
        archived_at: None,
        supersedes: None,
        extra: fields.rest(),
    }))
}

pub(super) fn system(mut fields: Fields, kind: ItemKind) -> Result<Event, DecodeError> {
    let id = fields.id("id")?;
    let starts = fields.time("startsAt")?;
    let fallback = if kind == ItemKind::Maintenance {
        "Planned maintenance"
    } else {
        "Announcement"
    };
    let severity = fields.label("severity")?;
    let priority = match severity.as_deref() {
        Some("critical" | "urgent" | "error") => Priority::Urgent,
        Some("warning" | "high") => Priority::High,
        // A server's own words beyond these say nothing about urgency.
        Some(_) | None => Priority::Normal,
    };
    if let Some(starts) = starts {
        fields.0.insert("startsAt".to_owned(), starts.into());
    }
    Ok(Event::Posted(Post {
        key: format!("s:{id}"),
        kind,
        title: fields
            .line("title", LONGEST_TITLE)?
            .unwrap_or_else(|| fallback.to_owned()),
        body: fields.body("message")?,
        category: Some(
            if kind == ItemKind::Maintenance {
                "maintenance"
            } else {
                "announcement"
            }
            .to_owned(),
        ),
        priority,
        actor: None,
        link: fields.link("link")?,
        actions: Vec::new(),
        progress: None,
        group_key: None,
        created_at: fields.time("createdAt")?,
        expires_at: fields.time("endsAt")?,
        starts_at: None,
        seen_at: None,
        read_at: None,
        archived_at: None,
        supersedes: None,
        extra: fields.rest(),
    }))
}

fn notification_key(id: &str) -> String {
    format!("n:{id}")
}
