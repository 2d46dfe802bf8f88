//! The input and output types of storing events.

use crate::backfill::Progress;
use crate::event::Event;
use crate::item::{EpochMillis, Item, ItemKind};

/// An event that arrived, whether it could be decoded or not.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The last event id at its arrival; empty if the server sends none.
    pub event_id: String,
    /// The event carried this id itself; otherwise the id was inherited from the event before it.
    pub own_id: bool,
    /// The server reset the last event id.
    pub resets_id: bool,
    /// See [`crate::fingerprint::fingerprint`].
    pub fingerprint: i64,
    /// The event's type.
    pub event_type: String,
    /// The decoded event; `None` when it is unknown or malformed. The cursor moves past it nevertheless.
    pub event: Option<Event>,
    /// Size of its data in bytes.
    pub bytes: usize,
    /// It arrived during a replay of missed events, as far as that is known without a creation time.
    pub missed: bool,
    /// How it came.
    pub origin: Origin,
}

impl Arrival {
    /// For what the app itself stores at the end of a batch.
    pub(super) fn of_app() -> Self {
        Self {
            event_id: String::new(),
            own_id: false,
            resets_id: false,
            fingerprint: 0,
            event_type: String::new(),
            event: None,
            bytes: 0,
            missed: false,
            origin: Origin::Stream,
        }
    }

    /// Whether something between the events is missing.
    pub(crate) fn reports_gap(&self) -> bool {
        let events = self.event.as_ref().map(Event::parts).unwrap_or_default();
        events.iter().any(|event| match event {
            Event::Gap { .. } => true,
            Event::Posted(post) => post.kind == ItemKind::Gap,
            Event::ConnectionEstablished(_)
            | Event::Heartbeat
            | Event::NotificationUpdated(_)
            | Event::NotificationDeleted { .. }
            | Event::UserChanged(_)
            | Event::ServerError(_)
            | Event::Several(_)
            | Event::Unreadable(_) => false,
        })
    }
}

/// How an arrival came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Over the stream.
    Stream,
    /// In a page of the server's list. It is no event, and says what a notification is now.
    Page {
        /// What was made before this time is not news, by the server's clock.
        since: Option<EpochMillis>,
        /// The server had it before this computer's first connection, unless it says otherwise.
        is_first: bool,
        /// The newest event when the page was asked for, by its row.
        place: i64,
        /// The newest logged event then, by its row.
        logged: i64,
    },
}

impl Origin {
    /// Whether what was made at this time is too old to alert.
    fn is_old(self, made_at: Option<EpochMillis>) -> bool {
        match self {
            Self::Stream => false,
            Self::Page { since, is_first, .. } => match (made_at, since) {
                (Some(made_at), Some(since)) => made_at < since,
                (Some(_), None) => false,
                (None, _) => is_first,
            },
        }
    }
}

/// A point in time, read from two clocks, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// By this computer's clock.
    pub here: EpochMillis,
    /// By the server's clock.
    pub server: EpochMillis,
}

/// The new value of the id to resume after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// It stays.
    Unchanged,
    /// It becomes this id.
    At(String),
    /// The server reset its ids, so there is nothing to resume after.
    Reset,
    /// It stays; catching up without the stream got this far.
    Backfilled(Progress),
}

/// The first occurrence of an event within a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FirstOccurrence {
    /// The index of its arrival in the batch.
    pub place: usize,
    /// Its index within an arrival that is a list; see [`Event::parts`].
    pub part: usize,
}

/// A posted item about whose alert is to be decided.
#[derive(Debug)]
pub struct Posted<'a> {
    /// The item as stored after the whole batch.
    pub item: &'a Item,
    /// When the server created it, if it said so.
    pub made_at: Option<EpochMillis>,
    /// When it expires.
    pub expires_at: Option<EpochMillis>,
    /// See [`Arrival::missed`].
    pub missed: bool,
    /// See [`Arrival::origin`].
    pub origin: Origin,
    /// The same content alerted before, while it could not be stored.
    pub shown_before: bool,
    /// It was snoozed, and its time has come.
    pub returns: bool,
}

impl Posted<'_> {
    /// Whether it came while catching up, and was made before what is missing.
    pub fn is_old(&self) -> bool {
        self.origin.is_old(self.made_at)
    }
}

/// The effect of an arrival.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A new item, or a workflow that reached its end: it may alert.
    Posted(Item),
    /// An item changed and does not alert.
    Changed(Item),
    /// An item was removed.
    Removed(String),
    /// It is a repetition, or does not concern the inbox.
    Nothing,
}

impl Effect {
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Posted(item) | Self::Changed(item) => Some(&item.key),
            Self::Removed(key) => Some(key),
            Self::Nothing => None,
        }
    }

    /// Returns the item, unless it was removed.
    pub(super) fn item(&self) -> Option<&Item> {
        match self {
            Self::Posted(item) | Self::Changed(item) => Some(item),
            Self::Removed(_) | Self::Nothing => None,
        }
    }

    /// Like [`Effect::item`].
    pub(super) fn item_mut(&mut self) -> Option<&mut Item> {
        match self {
            Self::Posted(item) | Self::Changed(item) => Some(item),
            Self::Removed(_) | Self::Nothing => None,
        }
    }
}
