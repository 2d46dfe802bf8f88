//! Rows about the stream itself: gaps, and events that could not be read.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Arrival;
use crate::event::{Event, GapEnd, Post, PostStates};
use crate::item::{EpochMillis, ItemKind, ItemWords, Priority};
use crate::message::{self, Message};
use crate::text::one_line;

/// How many unreadable events get separate rows within [`UNREADABLE_WINDOW`]. A server that uses a newer version of the
/// protocol would otherwise fill the inbox.
pub(super) const MAX_UNREADABLE_ROWS: u32 = 5;

/// One hour, in milliseconds.
pub(super) const UNREADABLE_WINDOW: EpochMillis = 60 * 60 * 1000;

/// Ids are shown so that an admin can find them in a log; this is long enough for that.
const MAX_ID_CHARS: usize = 80;

/// Returns a row that reports which events the server no longer has.
pub(super) fn gap(from: Option<&GapEnd>, to: Option<&GapEnd>, now: EpochMillis) -> Post {
    let body = match (from.map(end), to.map(end)) {
        (Some(after), Some(before)) => message::gap_between(after, before),
        (Some(after), None) => message::gap_after(after),
        (None, Some(before)) => message::gap_before(before),
        (None, None) => message::gap_unknown(),
    };
    let key = match (from, to) {
        (None, None) => format!("g:{now}"),
        (from, to) => {
            let end = |end: Option<&GapEnd>| end.map(end_key).unwrap_or_default();
            format!("g:{}..{}", end(from), end(to))
        }
    };
    row(key, ItemKind::Gap, message::gap_title(), body)
}

/// Returns what the row of a gap says: the times between which something is missing, if it is known when the last event
/// came before.
pub(super) fn missing_words(gap: &Post, since: Option<EpochMillis>, until: EpochMillis) -> Option<ItemWords> {
    let words = gap.words.clone()?;
    Some(match since {
        Some(since) => ItemWords {
            title: message::gap_title_between(message::gap_time(since), message::gap_time(until)),
            ..words
        },
        None => words,
    })
}

/// Returns key and words of the row that reports that what the server had before the first connection is missing.
pub(super) fn missing_from_before() -> (&'static str, ItemWords) {
    let words = ItemWords {
        title: message::gap_first_title(),
        body: Some(message::gap_first()),
    };
    ("g:first", words)
}

/// Returns the title of a gap of which nothing is known.
pub(super) fn missing_title() -> Message {
    message::gap_title()
}

/// Returns the row of a gap, at the place in the list where the notifications would be.
pub(super) fn missing(key: String, words: ItemWords, since: Option<EpochMillis>) -> Post {
    Post {
        words: Some(words),
        created_at: since,
        ..row(key, ItemKind::Gap, message::gap_title(), message::gap_unknown())
    }
}

fn end(end: &GapEnd) -> Message {
    match end {
        GapEnd::Id(id) => message::gap_event(one_line(id, MAX_ID_CHARS)),
        GapEnd::Time(at) => message::gap_time(*at),
    }
}

/// Formats an end of a gap for the key of its row. The format must stay that of earlier versions, so that a repeated
/// gap finds its row.
fn end_key(end: &GapEnd) -> String {
    match end {
        GapEnd::Id(id) => format!("event {}", one_line(id, MAX_ID_CHARS)),
        GapEnd::Time(at) => jiff::Timestamp::from_millisecond(*at).map_or_else(
            |_| at.to_string(),
            |at| at.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        ),
    }
}

/// Returns the title that earlier versions stored for an item without one. It is compared to determine whether a post
/// is news: after an update of the app, a repeated post must not alert.
pub(super) fn earlier_title(post: &Post) -> Cow<'_, str> {
    let Some(words) = &post.words else {
        return post.title.as_str().into();
    };
    match post.kind {
        ItemKind::Maintenance => "Planned maintenance".into(),
        ItemKind::Announcement => "Announcement".into(),
        ItemKind::WorkflowRunning | ItemKind::WorkflowCompleted | ItemKind::WorkflowFailed => {
            match words.title.args.get("id") {
                Some(id) => format!("Workflow {id}").into(),
                None => post.title.as_str().into(),
            }
        }
        ItemKind::Notification | ItemKind::Gap | ItemKind::Unreadable => post.title.as_str().into(),
    }
}

/// Returns a row that reports that the server does not know the position to resume from.
pub(crate) fn position_lost(cursor: &str, now: EpochMillis) -> Post {
    let id = one_line(cursor, MAX_ID_CHARS);
    row(
        format!("g:{now}:{id}"),
        ItemKind::Gap,
        message::position_lost_title(),
        message::position_lost(id),
    )
}

/// Returns a row for a post that cannot be read. `why` contains names of fields, never values.
pub(crate) fn unreadable(id: Option<&str>, event_id: &str, fingerprint: i64, why: Message) -> Post {
    let body = match (id, event_id) {
        (Some(id), _) => message::unreadable_named(one_line(id, MAX_ID_CHARS), why),
        (None, "") => message::unreadable_nameless(why),
        (None, event_id) => message::unreadable_event(one_line(event_id, MAX_ID_CHARS), why),
    };
    row(
        format!("u:{fingerprint:016x}"),
        ItemKind::Unreadable,
        message::unreadable_title(),
        body,
    )
}

/// Returns what is stored instead of an event that the database rejects.
pub(crate) fn refused(arrival: &Arrival) -> Arrival {
    let why = message::unreadable_not_stored();
    let notice = unreadable(None, &arrival.event_id, arrival.fingerprint, why);
    Arrival {
        event: Some(Event::Posted(notice)),
        ..arrival.clone()
    }
}

/// Returns a row for all unreadable events without a row of their own.
pub(super) fn unreadable_summary(key: String, count: u32) -> Post {
    let title = message::unreadable_more_title(count);
    let mut post = row(key, ItemKind::Unreadable, title, message::unreadable_more());
    post.extra.insert("count".to_owned(), Value::from(count));
    post
}

fn row(key: String, kind: ItemKind, title: Message, body: Message) -> Post {
    Post {
        key,
        kind,
        title: String::new(),
        body: String::new(),
        words: Some(ItemWords {
            title,
            body: Some(body),
        }),
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
        states: PostStates::default(),
        supersedes: None,
        extra: Map::new(),
        named_by_event: false,
    }
}
