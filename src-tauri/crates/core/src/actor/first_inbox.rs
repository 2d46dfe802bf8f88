//! The inbox that a core begins with.

use super::storage::Next;
use super::{Setup, account};
use crate::account::Entry;
use crate::inbox::InboxError;
use crate::item::{Counts, EpochMillis};
use crate::message::Message;
use crate::protocol::OwnUser;

/// An inbox that was just opened, with what a new core has to know about it.
pub(super) struct FirstInbox {
    pub(super) next: Next,
    pub(super) counts: Counts,
    pub(super) cursor: Option<String>,
    pub(super) heard_at: Option<EpochMillis>,
    pub(super) own_user: OwnUser,
    /// What had to be done to its file, or why the file is not used.
    pub(super) problem: Option<Message>,
}

impl FirstInbox {
    pub(super) fn open(setup: &Setup, account: Option<&Entry>, types: &[String]) -> Result<Self, InboxError> {
        let mut opened = account::open_inbox(&setup.paths, account)?;
        if let Err(error) = opened.inbox.set_event_types(types) {
            tracing::warn!(%error, "which types are asked for could not be stored");
        }
        let (counts, cursor) = (opened.inbox.counts()?, opened.inbox.cursor()?);
        let (heard_at, own_user) = (opened.inbox.heard_at()?, opened.inbox.own_user()?);
        let problem = opened.problem.clone();
        if let Some(problem) = &problem {
            tracing::error!(%problem, "the inbox file cannot be used as it is");
        }
        Ok(Self {
            next: Next::of(opened)?,
            counts,
            cursor,
            heard_at,
            own_user,
            problem,
        })
    }
}
