//! A server that sends random events, and records each in the truth.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use gloria_backend::Control;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::truth::{Alerts, Truth, Version, mark};

/// How far the versions of two states are apart: more than a user changes a notification in a round.
const VERSION_STEP: u64 = 10_000;

/// What an event may do, with its relative frequency.
const KINDS: [(Kind, u32); 13] = [
    (Kind::Create, 52),
    (Kind::Resend, 8),
    (Kind::News, 6),
    (Kind::Edit, 6),
    (Kind::Read, 10),
    (Kind::Unread, 2),
    (Kind::Archive, 3),
    (Kind::Delete, 7),
    (Kind::Supersede, 3),
    (Kind::ReadBefore, 2),
    (Kind::DeletedBefore, 1),
    (Kind::Workflow, 3),
    (Kind::Announce, 2),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Create,
    /// The same post again, as a new event.
    Resend,
    /// Another text for a known id.
    News,
    /// Another title, which is not news.
    Edit,
    Read,
    Unread,
    Archive,
    Delete,
    Supersede,
    /// The change is sent before its notification.
    ReadBefore,
    DeletedBefore,
    Workflow,
    Announce,
}

/// An item as it was last posted.
#[derive(Debug, Clone)]
struct Posted {
    event: &'static str,
    key: String,
    id: String,
    data: Value,
    /// The event's number on the server, which `repeat` needs.
    number: u64,
}

pub(crate) struct Server {
    control: Control,
    rng: Rng,
    pub(crate) truth: Truth,
    posted: Vec<Posted>,
    /// Ids whose change was sent before their notification, with the notification to send.
    early: Vec<(String, Timestamp, Kind, Option<u64>)>,
    count: usize,
    /// Whether events have versions. Without them a list that is ahead of the events leaves open what is newer.
    pub(crate) has_versions: bool,
    /// The version of the newest state of any notification.
    version: u64,
    /// Keys of items that were read before they arrived, and are quiet only for that reason.
    read_before: BTreeSet<String>,
    /// Whether the next event is cut in half and its connections end.
    cuts: bool,
    /// The number of the last event that cannot be asked for any more.
    forgotten: u64,
}

impl Server {
    pub(crate) fn new(control: Control, mut rng: Rng) -> Self {
        Self {
            control,
            has_versions: rng.u8(0..4) > 0,
            rng,
            truth: Truth::default(),
            posted: Vec::new(),
            early: Vec::new(),
            count: 0,
            version: 0,
            read_before: BTreeSet::new(),
            cuts: false,
            forgotten: 0,
        }
    }

    /// Sends an event of which only the first half arrives.
    pub(crate) fn cut(&mut self) {
        self.cuts = true;
        self.speak();
        self.cuts = false;
    }

    /// Sends a random event.
    pub(crate) fn speak(&mut self) {
        if self.early.len() > 2 {
            return self.follow_early();
        }
        match self.kind() {
            Kind::Create => self.create_some(),
            Kind::Resend => self.resend(),
            Kind::News => self.news(),
            Kind::Edit => self.edit(),
            Kind::Read => self.quiet("readAt"),
            Kind::Archive => self.quiet("archivedAt"),
            Kind::Unread => self.unread(),
            Kind::Delete => self.delete(),
            Kind::Supersede => self.supersede(),
            Kind::ReadBefore => self.begin_early(Kind::ReadBefore),
            Kind::DeletedBefore => self.begin_early(Kind::DeletedBefore),
            Kind::Workflow => self.workflow(),
            Kind::Announce => self.announce(),
        }
    }

    /// Sends a random event of which the list of notifications has everything.
    pub(crate) fn speak_of_listed(&mut self) {
        match self.rng.u8(0..10) {
            0..7 => {
                let id = self.new_id();
                // What is made without a time may be old, and then is quiet.
                self.create(id, json!({"createdAt": Timestamp::now().to_string()}));
            }
            7 => self.quiet("readAt"),
            8 => self.quiet("archivedAt"),
            _ => self.delete(),
        }
    }

    /// Removes all events that were sent, so that only the list has what they said.
    pub(crate) fn forget_events(&mut self) {
        self.control.drop_history();
        self.forgotten = self.truth.last;
    }

    /// Sends the notifications whose changes were sent before.
    pub(crate) fn finish(&mut self) {
        while !self.early.is_empty() {
            self.follow_early();
        }
    }

    /// Sends the same event again with its old number, like servers that repeat what was not acknowledged. Open streams
    /// get it; their next request asks for everything after it again.
    pub(crate) fn repeat(&mut self) {
        let Some(posted) = self.some_posted() else { return };
        let number = posted.number;
        if number <= self.forgotten {
            return;
        }
        let frame = format!("event: {}\nid: {number}\ndata: {}\n\n", posted.event, posted.data);
        self.record(&posted.key, format!("event {number} said again to open streams"));
        self.control.push_raw(frame);
    }

    fn kind(&mut self) -> Kind {
        let sum = KINDS.iter().map(|(_, parts)| parts).sum();
        let mut at = self.rng.u32(0..sum);
        for (kind, parts) in KINDS {
            if at < parts {
                return kind;
            }
            at -= parts;
        }
        Kind::Create
    }

    /// The version of a new state. There is room for the changes by the user, which the server counts itself.
    fn next_version(&mut self) -> Option<u64> {
        self.version += VERSION_STEP;
        self.has_versions.then_some(self.version)
    }

    fn new_id(&mut self) -> String {
        self.count += 1;
        self.count.to_string()
    }

    /// Sends an event of the truth. Returns its number.
    fn push(&mut self, event: &str, key: &str, data: &Value, words: &str) -> u64 {
        let number = if self.cuts {
            self.control.cut_mid_event(event, data.clone())
        } else {
            self.control.push(event, data.clone())
        };
        self.truth.last = number.parse().unwrap();
        let number = self.truth.last;
        self.record(key, format!("event {number}: {event} {words}"));
        number
    }

    fn record(&mut self, key: &str, line: String) {
        let item = self.truth.items.entry(key.to_owned()).or_default();
        item.history.push(format!("{} {line}", crate::moment::now()));
    }

    fn post(&mut self, event: &'static str, key: &str, id: &str, mut data: Value, alerts: Alerts) {
        let version = self
            .truth
            .items
            .get(key)
            .map_or(1, |item| item.versions.len() + 1);
        let mark = mark(key, version);
        let title = if event.starts_with("workflow") {
            "name"
        } else {
            "title"
        };
        data[title] = mark.clone().into();
        let words = format!("{mark:?} {alerts:?} priority {}", data["priority"]);
        let number = self.push(event, key, &data, &words);
        let item = self.truth.items.get_mut(key).unwrap();
        item.title.clone_from(&mark);
        (item.is_read, item.is_archived, item.is_deleted) = (false, false, false);
        if let Some(before) = item.versions.last_mut() {
            before.quiet_since.get_or_insert(number);
        }
        item.versions.push(Version {
            mark,
            alerts,
            quiet_since: None,
        });
        self.read_before.remove(key);
        self.posted.retain(|posted| posted.key != key);
        self.posted.push(Posted {
            event,
            key: key.to_owned(),
            id: id.to_owned(),
            data,
            number,
        });
    }

    pub(crate) fn create_some(&mut self) {
        let id = self.new_id();
        self.create(id, json!({}));
    }

    fn create(&mut self, id: String, more: Value) {
        let (priority, mut alerts) = self.priority();
        let mut data = json!({
            "id": id, "message": "m", "priority": priority, "version": self.next_version(),
        });
        self.give_time(&mut data);
        if self.rng.u8(0..40) == 0 {
            let past = Timestamp::now() - 1.minute();
            data["expiresAt"] = past.to_string().into();
            alerts = Alerts::Never;
        }
        data.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.post("notification.created", &format!("n:{id}"), &id, data, alerts);
    }

    fn priority(&mut self) -> (&'static str, Alerts) {
        match self.rng.u8(0..20) {
            0..3 => ("low", Alerts::Never),
            3..13 => ("normal", Alerts::Once),
            13..17 => ("high", Alerts::Once),
            _ => ("urgent", Alerts::Once),
        }
    }

    /// Half of all servers send creation times.
    fn give_time(&mut self, data: &mut Value) {
        if self.rng.bool() {
            data["createdAt"] = Timestamp::now().to_string().into();
        }
    }

    fn some_posted(&mut self) -> Option<Posted> {
        // New items are still being processed by the app, which is where faults occur.
        let newest = self.posted.len().saturating_sub(30);
        let from = if self.rng.u8(0..4) > 0 { newest } else { 0 };
        (from < self.posted.len()).then(|| self.posted[self.rng.usize(from..self.posted.len())].clone())
    }

    /// Returns a random notification that is not deleted.
    fn some_kept(&mut self) -> Option<Posted> {
        let posted = self.some_posted()?;
        let kept = posted.key.starts_with("n:") && self.truth.items[&posted.key].is_kept();
        kept.then_some(posted)
    }

    fn resend(&mut self) {
        if let Some(posted) = self.some_kept() {
            self.push(posted.event, &posted.key, &posted.data, "once more");
        }
    }

    fn news(&mut self) {
        let Some(posted) = self.some_posted().filter(|posted| posted.key.starts_with("n:")) else {
            return;
        };
        let was_kept = self.truth.items[&posted.key].is_kept();
        let (priority, alerts) = self.priority();
        let mut data = json!({
            "id": posted.id, "message": "m", "priority": priority, "version": self.next_version(),
        });
        self.give_time(&mut data);
        if !was_kept {
            // Without a time, a deleted item may as well be a late repetition.
            data["createdAt"] = Timestamp::now().to_string().into();
        }
        self.post("notification.created", &posted.key, &posted.id, data, alerts);
    }

    fn edit(&mut self) {
        let Some(posted) = self.some_kept() else { return };
        let mark = &self.truth.items[&posted.key].versions.last().unwrap().mark;
        let title = format!("{mark} edited {}", self.rng.u16(..));
        let data = json!({"id": posted.id, "title": title, "version": self.next_version()});
        self.push("notification.updated", &posted.key, &data, &format!("{title:?}"));
        self.truth.items.get_mut(&posted.key).unwrap().title = title;
    }

    fn quiet(&mut self, field: &str) {
        let Some(posted) = self.some_kept() else { return };
        let data = json!({
            "id": posted.id, field: Timestamp::now().to_string(), "version": self.next_version(),
        });
        let number = self.push("notification.updated", &posted.key, &data, field);
        let item = self.truth.items.get_mut(&posted.key).unwrap();
        item.is_read = true;
        item.is_archived |= field == "archivedAt";
        item.versions
            .last_mut()
            .unwrap()
            .quiet_since
            .get_or_insert(number);
    }

    fn unread(&mut self) {
        let Some(posted) = self.some_kept() else { return };
        let item = &self.truth.items[&posted.key];
        if !item.is_read || item.is_archived {
            return;
        }
        let data = json!({"id": posted.id, "readAt": null, "version": self.next_version()});
        self.push("notification.updated", &posted.key, &data, "readAt null");
        let item = self.truth.items.get_mut(&posted.key).unwrap();
        item.is_read = false;
        let last = item.versions.last_mut().unwrap();
        last.quiet_since = None;
        let is_early = self.read_before.contains(&posted.key);
        if last.alerts == Alerts::Once || is_early {
            last.alerts = Alerts::AtMostOnce;
        }
    }

    fn delete(&mut self) {
        let Some(posted) = self.some_kept() else { return };
        let data = json!({"id": posted.id, "version": self.next_version()});
        let number = self.push("notification.deleted", &posted.key, &data, "");
        self.is_deleted_by(&posted.key, number);
    }

    fn is_deleted_by(&mut self, key: &str, number: u64) {
        let item = self.truth.items.get_mut(key).unwrap();
        item.is_deleted = true;
        item.versions
            .last_mut()
            .unwrap()
            .quiet_since
            .get_or_insert(number);
    }

    fn supersede(&mut self) {
        let Some(older) = self.some_kept() else { return };
        let id = self.new_id();
        self.create(id, json!({"supersedes": older.id}));
        let number = self.truth.last;
        self.record(&older.key, format!("event {number} supersedes it"));
        self.is_deleted_by(&older.key, number);
    }

    fn begin_early(&mut self, kind: Kind) {
        let id = self.new_id();
        let made = Timestamp::now();
        let (created, version) = (self.next_version(), self.next_version());
        let (event, data) = if kind == Kind::ReadBefore {
            (
                "notification.updated",
                json!({"id": id, "readAt": made.to_string(), "version": version}),
            )
        } else {
            ("notification.deleted", json!({"id": id, "version": version}))
        };
        self.push(event, &format!("n:{id}"), &data, "before it came");
        self.early.push((id, made, kind, created));
    }

    fn follow_early(&mut self) {
        let (id, made, kind, version) = self.early.remove(0);
        let key = format!("n:{id}");
        // Created before the change, whatever the resolution of the clocks: the app knows the server's to a second,
        // and to as much more as the answer took that had it.
        let made = made - Duration::from_secs(20);
        let data = json!({
            "id": id, "message": "m", "priority": "normal", "createdAt": made.to_string(), "version": version,
        });
        self.post("notification.created", &key, &id, data, Alerts::Never);
        let item = self.truth.items.get_mut(&key).unwrap();
        (item.is_read, item.is_deleted) = (kind == Kind::ReadBefore, kind == Kind::DeletedBefore);
        if kind == Kind::ReadBefore {
            self.read_before.insert(key);
        } else {
            // No further events about it are sent.
            self.posted.retain(|posted| posted.key != key);
        }
    }

    fn workflow(&mut self) {
        let begun = self
            .posted
            .iter()
            .rev()
            .find(|posted| posted.event == "workflow.started");
        let (event, id, alerts) = match begun.map(|posted| posted.id.clone()) {
            Some(id) if self.rng.bool() => {
                let ends = ["workflow.completed", "workflow.failed"];
                (ends[self.rng.usize(0..2)], id, Alerts::Once)
            }
            Some(_) | None => ("workflow.started", self.new_id(), Alerts::Never),
        };
        let key = format!("w:{id}");
        let data = json!({"workflowId": id, "message": "m", "priority": "normal"});
        self.post(event, &key, &id, data, alerts);
        if alerts == Alerts::Never {
            // A started workflow is progress, which nobody has to read.
            self.truth.items.get_mut(&key).unwrap().is_read = true;
        }
    }

    fn announce(&mut self) {
        let id = self.new_id();
        let data = json!({"id": id, "message": "m", "severity": "normal"});
        self.post("system.announcement", &format!("s:{id}"), &id, data, Alerts::Once);
    }
}
