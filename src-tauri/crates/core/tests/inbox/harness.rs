//! The common parts of the tests of the inbox file.

use std::path::Path;
use std::sync::Arc;

use gloria_core::alerts::{Decision, Verdict};
use gloria_core::backfill::Progress;
use gloria_core::event::{DecodeContext, decode};
use gloria_core::inbox::{Arrival, Cursor, Effect, Inbox, InboxError, Now, Origin, fingerprint};
use gloria_core::item::{InboxView, Reason};
use gloria_core::protocol::{InboxPage, InboxQuery};
use gloria_stream::Frame;
use tempfile::TempDir;

pub(crate) const SERVER: &str = "https://gloria.example/api";

/// 26 November 2026, 12:00 UTC.
pub(crate) const NOON: i64 = 1_795_694_400_000;

pub(crate) const NOW: Now = Now {
    here: NOON,
    server: NOON,
};

/// A decision for an item that is not shown.
pub(crate) const QUIET: Decision = Decision {
    verdict: Verdict::Suppress,
    reason: Reason::LowPriority,
};

/// Opens an inbox in a valid file.
pub(crate) fn open(path: &Path) -> Inbox {
    let opened = Inbox::open(path, SERVER).unwrap();
    assert_eq!(opened.problem, None);
    opened.inbox
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Returns the arrival of a frame at noon. Without an id it has no own id.
pub(crate) fn arrival(event_id: &str, event_type: &str, data: &(impl ToString + ?Sized)) -> Arrival {
    let data = data.to_string();
    let frame = Frame {
        event: Arc::from(event_type),
        data: data.clone(),
        id: Arc::from(event_id),
    };
    let context = DecodeContext {
        now: NOON,
        ..DecodeContext::default()
    };
    Arrival {
        event_id: event_id.to_owned(),
        own_id: !event_id.is_empty(),
        resets_id: false,
        fingerprint: fingerprint(event_type, &data),
        event_type: event_type.to_owned(),
        event: decode(&frame, &context).ok().map(|decoded| decoded.event),
        bytes: data.len(),
        missed: false,
        origin: Origin::Stream,
    }
}

pub(crate) fn page(inbox: &Inbox, view: InboxView, after: Option<String>, limit: u32) -> InboxPage {
    let filter = view.into();
    inbox.page(&InboxQuery { filter, after, limit }).unwrap()
}

/// Returns the keys of the first items, from the top.
pub(crate) fn keys(inbox: &Inbox) -> Vec<String> {
    let items = page(inbox, InboxView::Inbox, None, 100).items.into_iter();
    items.map(|item| item.key).collect()
}

/// Opens the file for reading, concurrently with its writer.
pub(crate) fn on_disk(path: &Path) -> Inbox {
    Inbox::open_read_only(path, SERVER).unwrap()
}

pub(crate) fn created(event_id: &str, id: &str) -> Arrival {
    let data = format!(r#"{{"id":"{id}","title":"title {id}","message":"m"}}"#);
    arrival(event_id, "notification.created", &data)
}

pub(crate) fn file(inbox: &mut Inbox, arrivals: &[Arrival]) -> Vec<Effect> {
    try_to_file(inbox, arrivals).unwrap()
}

/// Gives up what is missing, so that the row of the gap is shown.
pub(crate) fn give_up(inbox: &mut Inbox) {
    let cursor = Cursor::Backfilled(Progress::GivenUp);
    inbox.file(&Vec::new().into(), cursor, NOW, |_| QUIET).unwrap();
}

pub(crate) fn try_to_file(inbox: &mut Inbox, arrivals: &[Arrival]) -> Result<Vec<Effect>, InboxError> {
    let ids = arrivals.iter().rev().map(|arrival| arrival.event_id.clone());
    let cursor = ids
        .into_iter()
        .find(|id| !id.is_empty())
        .map_or(Cursor::Unchanged, Cursor::At);
    inbox.file(&arrivals.to_vec().into(), cursor, NOW, |posted| {
        let reason = if posted.shown_before {
            Reason::ShownBefore
        } else {
            Reason::LowPriority
        };
        Decision {
            verdict: Verdict::Suppress,
            reason,
        }
    })
}

/// Returns the reason of an item's newest alert.
pub(crate) fn reason(inbox: &Inbox, key: &str) -> Reason {
    inbox.item(key).unwrap().unwrap().alert.unwrap().reason
}

/// Returns the keys of the posted items.
pub(crate) fn posted(filed: &[Effect]) -> Vec<&str> {
    let keys = filed.iter().filter_map(|filed| match filed {
        Effect::Posted(item) => Some(item.key.as_str()),
        Effect::Changed(_) | Effect::Removed(_) | Effect::Nothing => None,
    });
    keys.collect()
}
