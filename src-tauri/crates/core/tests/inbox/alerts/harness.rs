//! An inbox in a file, used like by the actor.

use gloria_core::alerts::{Decision, DigestKind, Verdict};
use gloria_core::inbox::{Arrival, Cursor, Due, DueQuery, Inbox, Now, Posted, ShowRequest};
use gloria_core::item::{AlertState, Reason, SoundReason};
use gloria_core::ports::{Answer, Delivery, NotificationHandle, ServiceState};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{NOW, SERVER, arrival, folder, open};

pub(crate) const MINUTE: i64 = 60_000;

/// An inbox in a file, used like by the actor.
pub(crate) struct Harness {
    pub(crate) folder: TempDir,
    pub(crate) inbox: Inbox,
    pub(crate) now: Now,
    events: u32,
    pub(crate) last_id: u32,
}

impl Harness {
    pub(crate) fn new() -> Self {
        let folder = folder();
        let inbox = open(&folder.path().join("inbox.sqlite"));
        Self {
            folder,
            inbox,
            now: NOW,
            events: 0,
            last_id: 0,
        }
    }

    /// Ends the process and starts another one.
    pub(crate) fn restart(&mut self) {
        // Closed before it is opened again, as when the process ends.
        self.inbox = Inbox::in_memory(SERVER).unwrap();
        self.inbox = open(&self.folder.path().join("inbox.sqlite"));
        self.inbox.resume_alerts(self.now, &[]).unwrap();
    }

    pub(crate) fn pass(&mut self, millis: i64) {
        self.now.here += millis;
        self.now.server += millis;
    }

    pub(crate) fn event(&mut self, event_type: &str, data: &Value) -> Arrival {
        self.events += 1;
        arrival(&self.events.to_string(), event_type, data)
    }

    pub(crate) fn created(&mut self, id: &str, priority: &str) -> Arrival {
        let data = json!({"id": id, "title": format!("title {id}"), "message": "m", "priority": priority});
        self.event("notification.created", &data)
    }

    pub(crate) fn file(&mut self, arrivals: Vec<Arrival>, decision: &Decision) {
        file(&mut self.inbox, arrivals, self.now, |_| decision.clone());
    }

    pub(crate) fn due_while(&mut self, open_digests: &[DigestKind]) -> Due {
        let query = DueQuery {
            open_digests: open_digests.to_vec(),
            ..query(self.now)
        };
        self.inbox.due(&query).unwrap()
    }

    pub(crate) fn due(&mut self) -> Due {
        self.due_while(&[])
    }

    pub(crate) fn answer(&mut self, ask: &ShowRequest) -> NotificationHandle {
        self.last_id += 1;
        let answer = Answer {
            handle: handle(self.last_id),
            delivery: Delivery::Shown,
        };
        let recorded = self.inbox.record(&ask.target, &Ok(answer.clone()), self.now.here);
        recorded.unwrap();
        answer.handle
    }

    pub(crate) fn states(&self) -> Vec<(String, AlertState)> {
        let alerts = self.inbox.alerts().unwrap();
        alerts
            .into_iter()
            .map(|alert| (alert.item, alert.state))
            .collect()
    }
}

pub(crate) fn file(
    inbox: &mut Inbox,
    arrivals: Vec<Arrival>,
    now: Now,
    decide: impl FnMut(&Posted<'_>) -> Decision,
) {
    let cursor = Cursor::At(arrivals.last().unwrap().event_id.clone());
    inbox.file(&arrivals.into(), cursor, now, decide).unwrap();
}

pub(crate) fn handle(id: u32) -> NotificationHandle {
    NotificationHandle {
        service: ":1.7".into(),
        id,
    }
}

pub(crate) fn query(now: Now) -> DueQuery {
    DueQuery {
        now,
        open_digests: Vec::new(),
        in_view: None,
        service: ServiceState::Ready,
    }
}

pub(crate) fn shown() -> Decision {
    Decision {
        verdict: Verdict::Show,
        reason: Reason::News {
            sound: SoundReason::Off,
        },
    }
}

pub(crate) fn collected(collection: DigestKind) -> Decision {
    Decision {
        verdict: Verdict::Digest(collection),
        reason: match collection {
            DigestKind::Missed | DigestKind::Urgent | DigestKind::Late => Reason::Missed,
            DigestKind::Burst => Reason::Burst,
        },
    }
}

pub(crate) fn titles(due: &Due) -> Vec<String> {
    let english = gloria_words::Words::english();
    due.asks.iter().map(|ask| english.phrase(&ask.title)).collect()
}
