//! Rows about the stream itself: what is missing, and what could not be read.

use serde_json::{Map, Value};

use super::Arrival;
use crate::event::{Event, GapEnd, Post};
use crate::item::{EpochMillis, ItemKind, Priority};
use crate::text::one_line;

/// What cannot be read has rows of its own up to this many within [`UNREADABLE_WINDOW`]; a server that speaks another
/// version would fill the inbox.
pub(super) const MAX_UNREADABLE_ROWS: u32 = 5;

/// One hour.
pub(super) const UNREADABLE_WINDOW: EpochMillis = 60 * 60 * 1000;

/// An id in words is for the person who looks it up in a log.
const MAX_ID_CHARS: usize = 80;

/// Events that the server no longer has.
pub(super) fn gap(from: Option<&GapEnd>, to: Option<&GapEnd>, now: EpochMillis) -> Post {
    let (after, before) = (from.map(end_words), to.map(end_words));
    let which = match (&after, &before) {
        (Some(after), Some(before)) => format!("What came after {after} and up to {before}"),
        (Some(after), None) => format!("What came after {after}"),
        (None, Some(before)) => format!("What came up to {before}"),
        (None, None) => "Some of what came while this computer was away".to_owned(),
    };
    let key = match (&after, &before) {
        (None, None) => format!("g:{now}"),
        (after, before) => {
            let end = |words: &Option<String>| words.clone().unwrap_or_default();
            format!("g:{}..{}", end(after), end(before))
        }
    };
    row(
        key,
        ItemKind::Gap,
        "Notifications are missing here",
        format!("{which} is no longer on the server. Look on the Gloria website for what is not here."),
    )
}

fn end_words(end: &GapEnd) -> String {
    match end {
        GapEnd::Id(id) => format!("event {}", one_line(id, MAX_ID_CHARS)),
        GapEnd::Time(at) => jiff::Timestamp::from_millisecond(*at).map_or_else(
            |_| "an unknown time".to_owned(),
            |at| at.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        ),
    }
}

/// The server does not know the position that it was asked to go on from.
pub(crate) fn position_lost(cursor: &str, now: EpochMillis) -> Post {
    let id = one_line(cursor, MAX_ID_CHARS);
    row(
        format!("g:{now}:{id}"),
        ItemKind::Gap,
        "Notifications may be missing here",
        format!(
            "The server does not know any more where this computer stopped (event {id}), and went on with what is new. \
             Look on the Gloria website for what is not here."
        ),
    )
}

/// Something that was posted and cannot be read. Names of fields appear in `why`, values never.
pub(crate) fn unreadable(id: Option<&str>, event_id: &str, fingerprint: i64, why: &str) -> Post {
    let named = match (id, event_id) {
        (Some(id), _) => format!("Its id is {}", one_line(id, MAX_ID_CHARS)),
        (None, "") => "It has no id".to_owned(),
        (None, event_id) => format!("Its event id is {}", one_line(event_id, MAX_ID_CHARS)),
    };
    row(
        format!("u:{fingerprint:016x}"),
        ItemKind::Unreadable,
        "A notification could not be read",
        format!("{named}; {why}. Look on the Gloria website for it, and tell your administrator."),
    )
}

/// What is stored in the place of an event that the database refuses.
pub(crate) fn refused(arrival: &Arrival) -> Arrival {
    let why = "the inbox does not take it";
    let notice = unreadable(None, &arrival.event_id, arrival.fingerprint, why);
    Arrival {
        event: Some(Event::Posted(notice)),
        ..arrival.clone()
    }
}

/// More of them than have rows of their own.
pub(super) fn more_unreadable(key: String, count: u32) -> Post {
    let title = match count {
        1 => "Another notification could not be read".to_owned(),
        count => format!("{count} more notifications could not be read"),
    };
    let mut post = row(
        key,
        ItemKind::Unreadable,
        &title,
        "Look on the Gloria website for what is not here, and tell your administrator.".to_owned(),
    );
    post.extra.insert("count".to_owned(), Value::from(count));
    post
}

fn row(key: String, kind: ItemKind, title: &str, body: String) -> Post {
    Post {
        key,
        kind,
        title: title.to_owned(),
        body,
        category: None,
        priority: if kind == ItemKind::Gap {
            Priority::High
        } else {
            Priority::Normal
        },
        actor: None,
        link: None,
        actions: Vec::new(),
        progress: None,
        group_key: None,
        created_at: None,
        expires_at: None,
        starts_at: None,
        seen_at: None,
        read_at: None,
        archived_at: None,
        supersedes: None,
        extra: Map::new(),
        named_by_event: false,
    }
}
