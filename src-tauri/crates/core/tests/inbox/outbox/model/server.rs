//! A simple model of the server.

use std::collections::{BTreeMap, HashMap};

use gloria_core::outbox::{Action, Body, MarkSet};
use serde_json::{Map, Value, json};

use crate::harness::NOON;
use crate::outbox::text;

pub(super) const FIELDS: [(&str, &str); MarkSet::COUNT] = [
    ("seen", "seenAt"),
    ("read", "readAt"),
    ("archived", "archivedAt"),
    ("flagged", "flaggedAt"),
    ("snoozedUntil", "snoozedUntil"),
    ("acknowledged", "acknowledgedAt"),
];

pub(super) const ARCHIVED: usize = 2;
pub(super) const SNOOZED: usize = 4;

/// After everything else: no snoozed item returns.
pub(super) const SNOOZES: [i64; 2] = [NOON + 90 * 86_400_000, NOON + 91 * 86_400_000];

/// What a server can do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Abilities {
    /// It knows more than seen, read and archived.
    pub(super) extended: bool,
    pub(super) bulk: bool,
    /// Its events have versions, and older ones come again.
    pub(super) versions: bool,
}

pub(super) struct Server {
    pub(super) abilities: Abilities,
    pub(super) marks: BTreeMap<u8, [Option<i64>; FIELDS.len()]>,
    pub(super) deleted: Vec<u8>,
    answers: HashMap<String, (String, (u16, Body))>,
    /// The keys of actions that were carried out.
    pub(super) applied: Vec<String>,
    pub(super) events: Vec<(String, Value)>,
}

impl Server {
    pub(super) fn new(abilities: Abilities) -> Self {
        Self {
            abilities,
            marks: BTreeMap::new(),
            deleted: Vec::new(),
            answers: HashMap::new(),
            applied: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(super) fn publish(&mut self, kind: &str, item: u8, mut data: Map<String, Value>) {
        data.insert("id".to_owned(), json!(item.to_string()));
        if self.abilities.versions {
            data.insert("version".to_owned(), json!(self.events.len() + 1));
        }
        self.events.push((kind.to_owned(), data.into()));
    }

    pub(super) fn set(&mut self, item: u8, changes: &Map<String, Value>) {
        let Some(marks) = self.marks.get_mut(&item) else {
            return;
        };
        let mut wanted = BTreeMap::new();
        for (place, (field, _)) in FIELDS.iter().enumerate() {
            let Some(value) = changes.get(*field) else {
                continue;
            };
            let at = match value {
                Value::Bool(on) => on.then_some(NOON),
                Value::String(at) => Some(at.parse::<jiff::Timestamp>().unwrap().as_millisecond()),
                Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
            };
            wanted.insert(place, at);
        }
        // Done implies read, read implies seen, and what is done is not snoozed.
        for place in (0..=ARCHIVED).rev() {
            if wanted.get(&place).is_some_and(Option::is_some) {
                for implied in 0..place {
                    wanted.entry(implied).or_insert(Some(NOON));
                }
                if place == ARCHIVED {
                    wanted.entry(SNOOZED).or_insert(None);
                }
            }
        }
        let mut event = Map::new();
        for (place, at) in wanted {
            let is_same = if place == SNOOZED {
                marks[place] == at
            } else {
                marks[place].is_some() == at.is_some()
            };
            if is_same {
                continue;
            }
            marks[place] = at;
            let at = at.map(|at| jiff::Timestamp::from_millisecond(at).unwrap().to_string());
            event.insert(FIELDS[place].1.to_owned(), json!(at));
        }
        if !event.is_empty() {
            self.publish("notification.updated", item, event);
        }
    }

    pub(super) fn request(&mut self, action: &Action, refuses: bool) -> (u16, Body) {
        let request = format!("{:?} {}", action.notifications, text(action));
        if let Some((before, answer)) = self.answers.get(&action.idempotency_key) {
            assert_eq!(*before, request, "a key is for one request");
            return answer.clone();
        }
        let answer = self.carry_out(action, refuses);
        if answer.0 == 200 {
            self.applied.push(action.idempotency_key.clone());
        }
        self.answers
            .insert(action.idempotency_key.clone(), (request, answer.clone()));
        answer
    }

    fn carry_out(&mut self, action: &Action, refuses: bool) -> (u16, Body) {
        let mut fields = FIELDS.iter().skip(ARCHIVED + 1);
        if !self.abilities.extended && fields.any(|(field, _)| action.changes.contains_key(*field)) {
            return (400, Body::Other);
        }
        if action.is_bulk() && !self.abilities.bulk {
            return (404, Body::Other);
        }
        let items = action.notifications.iter().map(|id| id.parse::<u8>().unwrap());
        let mut refused = BTreeMap::new();
        for (place, item) in items.enumerate() {
            if (refuses && place == 0) || !self.marks.contains_key(&item) {
                refused.insert(item.to_string(), None);
            } else {
                self.set(item, &action.changes);
            }
        }
        if action.is_bulk() {
            (200, Body::Json { marks: None, refused })
        } else if refused.is_empty() {
            (200, Body::Empty)
        } else {
            (409, Body::Other)
        }
    }
}
