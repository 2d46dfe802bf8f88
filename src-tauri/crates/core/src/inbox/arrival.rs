//! What goes into a filing, and what comes out of it.

use crate::event::Event;
use crate::item::{EpochMillis, Item};

/// An event that arrived, decoded or not.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The last event id when it came; empty where the server gives none.
    pub event_id: String,
    /// The id is this event's own, and not carried on from the one before it.
    pub own_id: bool,
    /// The server took the id before it back.
    pub resets_id: bool,
    /// See [`crate::fingerprint::fingerprint`].
    pub fingerprint: i64,
    /// The event's type.
    pub event_type: String,
    /// What it means; `None` when it is unknown or a mistake, which still moves the cursor.
    pub event: Option<Event>,
    /// How large its data was.
    pub bytes: usize,
    /// It came while the connection replayed what was missed, as far as that is known without a creation time.
    pub missed: bool,
}

/// One moment by two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// By this computer's clock.
    pub here: EpochMillis,
    /// By the server's.
    pub server: EpochMillis,
}

/// What becomes of the id to resume after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// It stays.
    Stays,
    /// The stream is at this id.
    At(String),
    /// The server took its ids back: there is nothing to resume after.
    Nowhere,
}

/// Something in a batch that had not come before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct First {
    /// Its arrival's place in the batch.
    pub place: usize,
    /// Its own place, where the arrival is a list; see [`Event::parts`].
    pub part: usize,
}

/// A posted item whose alert is to be decided.
#[derive(Debug)]
pub struct Posted<'a> {
    /// The item as it is stored, after all that its batch did to it.
    pub item: &'a Item,
    /// When the server made it, where it said so.
    pub made_at: Option<EpochMillis>,
    /// Until when it is of use.
    pub expires_at: Option<EpochMillis>,
    /// See [`Arrival::missed`].
    pub missed: bool,
    /// The same was alerted already, while it could not be stored.
    pub shown_before: bool,
}

/// What an arrival did.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A new item, or a workflow that reached its end: it may alert.
    Posted(Item),
    /// An item has changed and does not alert.
    Changed(Item),
    /// An item is gone.
    Removed(String),
    /// It came before, or means nothing to the inbox.
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

    /// The item, while it is there.
    pub(super) fn item(&self) -> Option<&Item> {
        match self {
            Self::Posted(item) | Self::Changed(item) => Some(item),
            Self::Removed(_) | Self::Nothing => None,
        }
    }

    /// As [`Effect::item`].
    pub(super) fn item_mut(&mut self) -> Option<&mut Item> {
        match self {
            Self::Posted(item) | Self::Changed(item) => Some(item),
            Self::Removed(_) | Self::Nothing => None,
        }
    }
}
