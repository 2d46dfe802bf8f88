//! The contents of the app's files: its items, and the records of its alerts.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use gloria_core::inbox::{Inbox, InboxError};
use gloria_core::item::{AlertState, InboxView};
use gloria_core::protocol::InboxQuery;

/// A service's unique name, and its id of a notification.
pub(crate) type Handle = (String, u32);

/// The parts of a row that the server determines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) title: String,
    pub(crate) is_read: bool,
    pub(crate) is_archived: bool,
}

/// The record of an alert.
#[derive(Debug, Clone)]
pub(crate) struct AlertRow {
    pub(crate) item: String,
    pub(crate) state: AlertState,
    pub(crate) digest: Option<i64>,
    pub(crate) is_answered: bool,
    pub(crate) text: String,
}

/// A digest that was answered.
#[derive(Debug, Clone)]
pub(crate) struct DigestRow {
    pub(crate) id: i64,
    pub(crate) members: usize,
    pub(crate) handle: Option<Handle>,
    pub(crate) text: String,
}

/// What the user's actions determine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flag {
    pub(crate) is_flagged: bool,
    /// The server does not have it yet.
    pub(crate) is_pending: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) flags: BTreeMap<String, Flag>,
    pub(crate) rows: BTreeMap<String, Row>,
    pub(crate) alerts: Vec<AlertRow>,
    pub(crate) digests: Vec<DigestRow>,
}

impl Stored {
    /// Reads the files while the app runs, or after its end. They may not exist yet.
    pub(crate) fn read(home: &Path, api_url: &str) -> Result<Self> {
        let mut stored = Self::default();
        let Some(path) = inbox(home)? else {
            return Ok(stored);
        };
        let inbox = Inbox::open_read_only(&path, api_url)?;
        for view in [InboxView::Inbox, InboxView::Archived] {
            let mut query = InboxQuery {
                filter: view.into(),
                after: None,
                limit: 500,
            };
            loop {
                let page = inbox.page(&query)?;
                for item in page.items {
                    let row = Row {
                        title: item.title,
                        is_read: item.read_at.is_some(),
                        is_archived: item.archived_at.is_some(),
                    };
                    let flag = Flag {
                        is_flagged: item.flagged_at.is_some(),
                        is_pending: item.pending,
                    };
                    stored.flags.insert(item.key.clone(), flag);
                    stored.rows.insert(item.key, row);
                }
                query.after = page.next;
                if query.after.is_none() {
                    break;
                }
            }
        }
        for alert in inbox.alerts()? {
            let text = format!("{alert:?}");
            stored.alerts.push(AlertRow {
                item: alert.item,
                state: alert.state,
                digest: alert.digest,
                is_answered: alert.answered_at.is_some(),
                text,
            });
        }
        for digest in inbox.digests()? {
            let text = format!("{digest:?}");
            stored.digests.push(DigestRow {
                id: digest.id,
                members: usize::try_from(digest.members)?,
                handle: digest.handle.map(|handle| (handle.service, handle.id)),
                text,
            });
        }
        Ok(stored)
    }
}

/// Returns the recorded notifications. A file that is just being created has none.
pub(crate) fn recorded(home: &Path, api_url: &str) -> Result<HashSet<Handle>> {
    let Some(path) = inbox(home)? else {
        return Ok(HashSet::new());
    };
    let records = || {
        let inbox = Inbox::open_read_only(&path, api_url)?;
        Ok::<_, InboxError>((inbox.alerts()?, inbox.digests()?))
    };
    let (alerts, digests) = records().unwrap_or_default();
    let alerts = alerts.into_iter().filter_map(|alert| alert.handle);
    let digests = digests.into_iter().filter_map(|digest| digest.handle);
    Ok(alerts
        .chain(digests)
        .map(|handle| (handle.service, handle.id))
        .collect())
}

/// Returns the title of an item as it is stored. A file that is just being created has none.
pub(crate) fn title(home: &Path, api_url: &str, key: &str) -> Result<Option<String>> {
    let Some(path) = inbox(home)? else {
        return Ok(None);
    };
    let item = Inbox::open_read_only(&path, api_url).and_then(|inbox| inbox.item(key));
    Ok(item.ok().flatten().map(|item| item.title))
}

/// Returns the stored position in the stream. A file that is just being created has none.
pub(crate) fn position(home: &Path, api_url: &str) -> Result<u64> {
    let Some(path) = inbox(home)? else { return Ok(0) };
    let cursor = Inbox::open_read_only(&path, api_url).and_then(|inbox| inbox.cursor());
    Ok(cursor
        .ok()
        .flatten()
        .and_then(|cursor| cursor.parse().ok())
        .unwrap_or(0))
}

/// Whether nothing is being fetched from the server's list.
pub(crate) fn is_filled(home: &Path, api_url: &str) -> Result<bool> {
    let Some(path) = inbox(home)? else {
        return Ok(false);
    };
    let missing = Inbox::open_read_only(&path, api_url).and_then(|inbox| inbox.known_missing());
    Ok(missing.is_ok_and(|missing| missing.is_none()))
}

/// Returns the file of the only account.
fn inbox(home: &Path) -> Result<Option<PathBuf>> {
    let Ok(folders) = std::fs::read_dir(home.join("accounts")) else {
        return Ok(None);
    };
    let mut files = folders
        .flatten()
        .map(|folder| folder.path().join("inbox.sqlite"))
        .filter(|path| path.exists());
    let first = files.next();
    ensure!(files.next().is_none(), "there is more than one account");
    Ok(first)
}
