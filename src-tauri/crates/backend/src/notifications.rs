//! The current state of all notifications, for clients that catch up without the stream.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The fields that a client wants to change; a missing field stays unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Change {
    pub(crate) seen: Option<bool>,
    pub(crate) read: Option<bool>,
    pub(crate) archived: Option<bool>,
    pub(crate) flagged: Option<bool>,
    /// `null` returns it to the inbox.
    #[serde(default, deserialize_with = "present")]
    pub(crate) snoozed_until: Option<Option<Timestamp>>,
    pub(crate) acknowledged: Option<bool>,
}

/// Reads a field that may be `null`, which is not the same as missing.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Deserialize::deserialize(value).map(Some)
}

#[derive(Debug)]
struct Kept {
    /// The data of the event that created it. Kept as text, because a hundred thousand parsed objects need far more
    /// memory.
    base: Bytes,
    /// All changes since.
    changes: Map<String, Value>,
    deleted: bool,
    position: u64,
    event: Arc<str>,
    /// Whose it is; `None` if it is everybody's.
    owner: Option<String>,
    /// The number of its state: the highest version of an event, or one more than before.
    version: u64,
}

/// A page of notifications, in the order of their last change.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    /// The event id of the last item.
    pub(crate) next: Option<Arc<str>>,
    pub(crate) more: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Notifications {
    by_id: HashMap<String, Kept>,
    by_position: BTreeMap<u64, String>,
    /// Changes that came before their notification, by its id.
    early: HashMap<String, Map<String, Value>>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    /// Servers that count versions have them in their events too.
    #[serde(default)]
    version: Option<u64>,
}

impl Notifications {
    /// Applies an event. A malformed one, or the deletion of an unknown notification, changes nothing; another change
    /// of one waits for it.
    pub(crate) fn apply(
        &mut self,
        kind: &str,
        data: &Bytes,
        position: u64,
        event: &Arc<str>,
        owner: Option<String>,
    ) {
        if !matches!(
            kind,
            "notification.created" | "notification.updated" | "notification.deleted"
        ) {
            return;
        }
        let Ok(Named { id, version }) = serde_json::from_slice(data) else {
            return;
        };
        let known = self.by_id.get(&id).map_or(0, |kept| kept.version);
        // An old event that is sent again makes nothing older.
        let version = version.map_or(known + 1, |version| version.max(known));
        if kind == "notification.created" {
            // The same event once more takes back nothing of what users have done since.
            let repeated = self
                .by_id
                .get_mut(&id)
                .filter(|old| !old.deleted && old.base == *data);
            let changes = repeated.map(|old| std::mem::take(&mut old.changes));
            let kept = Kept {
                version,
                base: data.clone(),
                changes: changes.or_else(|| self.early.remove(&id)).unwrap_or_default(),
                deleted: false,
                owner,
                position,
                event: event.clone(),
            };
            if let Some(old) = self.by_id.insert(id.clone(), kept) {
                self.by_position.remove(&old.position);
            }
        } else {
            let Some(kept) = self.by_id.get_mut(&id) else {
                if kind == "notification.updated"
                    && let Ok(changes) = serde_json::from_slice::<Map<String, Value>>(data)
                {
                    self.early.entry(id).or_default().extend(changes);
                }
                return;
            };
            if kind == "notification.deleted" {
                kept.deleted = true;
            } else if let Ok(changes) = serde_json::from_slice::<Map<String, Value>>(data) {
                kept.changes.extend(changes);
            }
            self.by_position.remove(&kept.position);
            kept.position = position;
            kept.event = event.clone();
            kept.version = version;
        }
        self.by_position.insert(position, id);
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.by_id.get(id).is_some_and(|kept| !kept.deleted)
    }

    /// Returns the fields that `change` would set; empty if nothing changes. `None` for an unknown notification.
    pub(crate) fn changes(&self, id: &str, change: Change, now: Timestamp) -> Option<Map<String, Value>> {
        let item = self.by_id.get(id).filter(|kept| !kept.deleted)?.item();
        // A read notification has been seen.
        let seen = change.seen.or(change.read.filter(|read| *read));
        let wanted = [
            ("seenAt", seen),
            ("readAt", change.read),
            ("archivedAt", change.archived),
            ("flaggedAt", change.flagged),
            ("acknowledgedAt", change.acknowledged),
        ];
        let mut changes = Map::new();
        for (field, set) in wanted {
            let Some(set) = set else { continue };
            let is_set = item.get(field).is_some_and(|value| !value.is_null());
            if set != is_set {
                changes.insert(
                    field.into(),
                    if set { now.to_string().into() } else { Value::Null },
                );
            }
        }
        if let Some(until) = change.snoozed_until {
            let until = until.map_or(Value::Null, |until| until.to_string().into());
            if item.get("snoozedUntil").unwrap_or(&Value::Null) != &until {
                changes.insert("snoozedUntil".into(), until);
            }
        }
        Some(changes)
    }

    pub(crate) fn get(&self, id: &str) -> Option<Value> {
        self.by_id.get(id).map(|kept| kept.item().into())
    }

    /// Returns what changed after `position` of this user's, at most `limit` items. A deleted notification is
    /// `{id, deleted: true}`.
    pub(crate) fn page(&self, position: u64, limit: usize, user: Option<&str>) -> Page {
        let is_theirs = |kept: &&Kept| kept.owner.is_none() || kept.owner.as_deref() == user;
        let later = self.by_position.range(position + 1..);
        let mut later = later.filter_map(|(_, id)| self.by_id.get(id)).filter(is_theirs);
        let kept: Vec<_> = later.by_ref().take(limit).collect();
        Page {
            next: kept.last().map(|kept| kept.event.clone()),
            items: kept.iter().map(|kept| kept.item().into()).collect(),
            more: later.next().is_some(),
        }
    }
}

impl Kept {
    fn item(&self) -> Map<String, Value> {
        let mut item: Map<String, Value> = serde_json::from_slice(&self.base).unwrap_or_default();
        if self.deleted {
            item.retain(|field, _| field == "id");
            item.insert("deleted".into(), true.into());
        } else {
            item.extend(self.changes.clone());
        }
        item.insert("version".into(), self.version.into());
        item.insert("eventId".into(), (*self.event).into());
        item
    }
}
