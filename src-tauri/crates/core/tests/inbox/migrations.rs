//! The file of every schema that an account's inbox ever had is opened with all that was in it. Those of versions
//! before accounts are in `legacy`.

use gloria_core::EventTypes;
use gloria_core::inbox::LogQuery;
use gloria_core::item::{AlertState, InboxView};
use gloria_core::protocol::{InboxFilter, InboxQuery};
use rusqlite::Connection;

use crate::harness::{NOW, SERVER, created, file, folder, keys, open, page};

const FIXTURES: [(u32, &str); 10] = [
    (4, include_str!("../fixtures/inbox-v4.sql")),
    (5, include_str!("../fixtures/inbox-v5.sql")),
    (6, include_str!("../fixtures/inbox-v6.sql")),
    (7, include_str!("../fixtures/inbox-v7.sql")),
    (8, include_str!("../fixtures/inbox-v8.sql")),
    (9, include_str!("../fixtures/inbox-v9.sql")),
    (10, include_str!("../fixtures/inbox-v10.sql")),
    (11, include_str!("../fixtures/inbox-v11.sql")),
    (12, include_str!("../fixtures/inbox-v12.sql")),
    (13, include_str!("../fixtures/inbox-v13.sql")),
];

#[test]
fn nothing_of_an_older_file_is_lost() {
    for (version, fixture) in FIXTURES {
        let folder = folder();
        let path = folder.path().join("inbox.sqlite");
        let db = Connection::open(&path).unwrap();
        // The tables are in the order of their names.
        db.pragma_update(None, "foreign_keys", false).unwrap();
        db.execute_batch(fixture).unwrap();
        drop(db);
        let mut inbox = open(&path);
        assert_eq!(keys(&inbox), ["n:b", "n:a"], "schema {version}");
        assert_eq!(inbox.cursor().unwrap().as_deref(), Some("7"));
        assert_eq!(inbox.heard_at().unwrap(), Some(1_790_000_000_000));
        let counts = inbox.counts().unwrap();
        assert_eq!(
            (counts.total, counts.unread, counts.unseen),
            (2, 1, 1),
            "schema {version}"
        );
        let [unread, read] = ["n:b", "n:a"].map(|key| inbox.item(key).unwrap().unwrap());
        assert_eq!(
            (unread.title.as_str(), unread.read_at),
            ("unread of gloria", None)
        );
        assert_eq!(
            (read.seen_at, read.read_at, read.archived_at),
            (Some(4), Some(5), None)
        );
        let states = (
            read.flagged_at,
            read.snoozed_until,
            read.acknowledged_at,
            read.version,
        );
        assert_eq!(
            (states, read.ack_required, read.pinned),
            ((None, None, None, None), false, false)
        );
        let waits = inbox
            .alerts()
            .unwrap()
            .iter()
            .any(|alert| alert.state == AlertState::Pending);
        assert_eq!(waits, version >= 6, "schema {version}");
        let all = LogQuery {
            since: None,
            types: EventTypes::ALL,
            after: 0,
            limit: 9,
        };
        let logged = inbox.logged(&all).unwrap();
        let expected = if version >= 11 { (2, 1) } else { (0, 0) };
        assert_eq!((logged.events.len(), logged.erased), expected, "schema {version}");
        assert_eq!(inbox.missing(NOW).unwrap(), None, "it was connected before");
        // What was deleted, replayed or is new goes on as before.
        assert_eq!(inbox.item("n:gone").unwrap(), None);
        file(&mut inbox, &[created("8", "gone"), created("9", "c")]);
        assert_eq!(
            page(&inbox, InboxView::Inbox, None, 9).items.len(),
            3,
            "schema {version}"
        );
        assert_eq!(inbox.counts().unwrap().total, 3);
        // What was there before the index is found once that is made.
        while inbox.index_step().unwrap() {}
        let mut filter = InboxFilter::from(InboxView::Inbox);
        filter.text = Some("of gloria".into());
        let query = InboxQuery {
            filter,
            after: None,
            limit: 9,
        };
        let found = inbox.page(&query).unwrap();
        assert_eq!((found.items.len(), found.complete), (2, true), "schema {version}");
        drop(inbox);
        // The file stays readable, and nothing is migrated twice.
        let again = open(&path);
        assert_eq!(again.counts().unwrap().total, 3);
        assert!(gloria_core::inbox::Inbox::open_read_only(&path, SERVER).is_ok());
    }
}
