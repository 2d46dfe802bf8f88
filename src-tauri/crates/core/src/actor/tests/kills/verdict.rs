//! Checks that the rows, the service's log and the model agree.

use std::collections::HashSet;
use std::path::PathBuf;

use super::service::Entry;
use super::*;
use crate::inbox::{AlertRecord, DigestRecord, Inbox};
use crate::item::AlertState;
use crate::ports::{NotificationHandle, Subject};

fn file(home: &Path) -> Option<PathBuf> {
    let folders = std::fs::read_dir(Paths::within(home).accounts()).ok()?;
    let mut files = folders.flatten().map(|folder| folder.path().join("inbox.sqlite"));
    files.find(|file| file.exists())
}

fn open(home: &Path) -> Option<Inbox> {
    let server = Address::parse(SERVER, false).unwrap().server();
    Inbox::open_read_only(&file(home)?, &server).ok()
}

/// What a core has left in its inbox.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// The recorded notifications.
    pub(super) handles: HashSet<NotificationHandle>,
    /// The keys of items with a decided alert.
    pub(super) decided: HashSet<String>,
}

pub(super) fn left(home: &Path) -> Left {
    let Some(inbox) = open(home) else {
        return Left::default();
    };
    let decided = inbox
        .alerts()
        .unwrap()
        .into_iter()
        .map(|alert| alert.item)
        .collect();
    let alerts = inbox
        .alerts()
        .unwrap()
        .into_iter()
        .filter_map(|alert| alert.handle);
    let digests = inbox
        .digests()
        .unwrap()
        .into_iter()
        .filter_map(|digest| digest.handle);
    Left {
        handles: alerts.chain(digests).collect(),
        decided,
    }
}

impl World {
    pub(super) fn check(&self) {
        let inbox = open(self.home.path()).unwrap();
        let (alerts, digests) = (inbox.alerts().unwrap(), inbox.digests().unwrap());
        let log: Vec<_> = self
            .service
            .log()
            .into_iter()
            .filter(|entry| entry.answer.is_some())
            .collect();
        for (key, known) in &self.items {
            let item = inbox.item(key).unwrap();
            assert_eq!(item.is_some(), !known.is_deleted, "{key}");
            let title = item.as_ref().map(|item| item.title.as_str());
            assert_eq!(
                title,
                known
                    .versions
                    .last()
                    .filter(|_| item.is_some())
                    .map(|last| &*last.title)
            );
            let is_read = item.is_some_and(|item| item.read_at.is_some());
            assert!(!known.is_read || known.is_deleted || is_read, "{key} was read");
            let rows: Vec<_> = alerts.iter().filter(|alert| alert.item == *key).collect();
            self.check_item(key, known, is_read, &rows, &digests, &log);
        }
        check_digests(&alerts, &digests, &log);
    }

    fn check_item(
        &self,
        key: &str,
        known: &Known,
        is_read: bool,
        rows: &[&AlertRecord],
        digests: &[DigestRecord],
        log: &[Entry],
    ) {
        let open = [AlertState::Pending, AlertState::Failed];
        assert!(
            rows.iter().all(|row| !open.contains(&row.state)),
            "{key} still waits: {rows:#?}"
        );
        for version in &known.versions {
            let shown: Vec<_> = log.iter().filter(|entry| entry.title == version.title).collect();
            let counted = shown.iter().filter(|entry| !entry.excused).count();
            assert!(
                counted <= 1,
                "{} was shown twice: {shown:#?} {rows:#?}",
                version.title
            );
            assert!(shown.is_empty() || version.weight != Weight::Low, "{shown:#?}");
        }
        for entry in log
            .iter()
            .filter(|entry| entry.subject == Subject::Item(key.to_owned()))
        {
            let is_there = entry
                .answer
                .as_ref()
                .is_some_and(|(handle, _)| handle.service == self.service.name());
            let is_over = is_read || known.is_deleted;
            assert!(
                !is_over || entry.excused || entry.closed || !is_there,
                "on screen: {entry:#?} {rows:#?}"
            );
        }
        let Some(last) = known.versions.last() else { return };
        if is_read || known.is_deleted || last.weight == Weight::Low {
            return;
        }
        let shown: Vec<_> = log.iter().filter(|entry| entry.title == last.title).collect();
        let by_itself = shown.iter().filter(|entry| !entry.excused).count();
        let row = rows
            .last()
            .map(|row| (row.state, row.digest, row.answered_at.is_some()));
        let is_announced = match row {
            Some((AlertState::Shown, None, true)) => !shown.is_empty(),
            Some((AlertState::InDigest, Some(digest), true)) => {
                by_itself == 0 && digests.iter().any(|known| known.id == digest)
            }
            _ => false,
        };
        assert!(
            is_announced,
            "{} was not announced: {shown:#?} {rows:#?}",
            last.title
        );
    }
}

/// Checks that each recorded digest was answered and vice versa, and that each contains its number of members.
fn check_digests(alerts: &[AlertRecord], digests: &[DigestRecord], log: &[Entry]) {
    for digest in digests {
        let subject = Subject::Digest(digest.id);
        let answered: Vec<_> = log.iter().filter(|entry| entry.subject == subject).collect();
        // If a kill prevented the record, the next core, which starts in the same millisecond, reuses the id, which is
        // a time.
        let counted = answered.iter().filter(|entry| !entry.excused).count();
        assert!(counted <= 1, "{digest:#?} {answered:#?}");
        let Some(last) = answered.last() else {
            panic!("{digest:#?} was never answered")
        };
        // Here the title is a message whose only digits are the count.
        let number: String = last.title.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(number, digest.members.to_string(), "{digest:#?} {answered:#?}");
        let members = alerts
            .iter()
            .filter(|alert| alert.digest == Some(digest.id))
            .count();
        assert!(members <= digest.members as usize, "{digest:#?} has {members}");
    }
    for entry in log {
        if let Subject::Digest(number) = entry.subject {
            let is_recorded = digests.iter().any(|digest| digest.id == number);
            assert!(is_recorded || entry.excused, "on no record: {entry:#?}");
        }
    }
}
