//! Pages of the server's list.

use gloria_core::alerts::{Decision, Verdict};
use gloria_core::backfill::Progress;
use gloria_core::event::DecodeContext;
use gloria_core::inbox::{Arrival, Cursor, Effect, Origin};
use gloria_core::item::Reason;
use serde_json::{Value, json};

use super::Harness;
use crate::harness::{NOON, QUIET, arrival};

/// Like the gate for what is old.
const OLD: Decision = Decision {
    verdict: Verdict::Suppress,
    reason: Reason::Old,
};

impl Harness {
    /// Stores a page of the server's list, with this progress.
    pub(super) fn page(&mut self, entries: &Value, progress: Progress) -> Vec<Effect> {
        let missing = self.inbox.missing(self.now).unwrap();
        let asked = missing.map_or((0, i64::MAX), |missing| (missing.place, missing.logged));
        self.page_asked_at(asked, entries, progress)
    }

    /// Like [`Harness::page`], for a page that was asked for when this event was the newest, and this logged one.
    pub(super) fn page_asked_at(
        &mut self,
        (place, logged): (i64, i64),
        entries: &Value,
        progress: Progress,
    ) -> Vec<Effect> {
        let origin = Origin::Page {
            since: Some(NOON),
            is_first: false,
            place,
            logged,
        };
        self.page_from(origin, entries, Cursor::Backfilled(progress))
    }

    /// Like [`Harness::page`], of what the server had before the first connection.
    pub(super) fn first_page(&mut self, entries: &Value, progress: Progress) -> Vec<Effect> {
        let origin = Origin::Page {
            since: Some(NOON),
            is_first: true,
            place: 0,
            logged: i64::MAX,
        };
        self.page_from(origin, entries, Cursor::Backfilled(progress))
    }

    pub(super) fn page_from(&mut self, origin: Origin, entries: &Value, cursor: Cursor) -> Vec<Effect> {
        let body = json!({ "notifications": entries }).to_string();
        let read = gloria_core::event::page::page(body.as_bytes(), &DecodeContext::default()).unwrap();
        let arrivals = read.entries.into_iter().map(|entry| Arrival {
            event_id: entry.event_id.unwrap_or_default(),
            event: Some(entry.event),
            fingerprint: entry.fingerprint,
            origin,
            ..arrival("", "", "")
        });
        let alerts = &mut self.alerts;
        let filed = self
            .inbox
            .file(&arrivals.collect::<Vec<_>>().into(), cursor, self.now, |posted| {
                if posted.is_old() {
                    return OLD;
                }
                if posted.item.read_at.is_none() {
                    alerts.push(posted.item.title.clone());
                }
                QUIET
            });
        filed.unwrap()
    }
}
