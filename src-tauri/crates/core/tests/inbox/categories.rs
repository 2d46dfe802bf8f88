//! Categories with limits of their own.

use gloria_core::inbox::{CategoryLimit, Cursor, Inbox, Now, Retention, Sweep};
use gloria_core::item::Mark;
use serde_json::json;

use crate::harness::{NOON, QUIET, SERVER, arrival};

const DAY: i64 = 24 * 3_600_000;

#[test]
fn a_category_is_kept_longer_or_shorter_and_in_its_own_number() {
    let mut inbox = Inbox::in_memory(SERVER).unwrap();
    for (id, category, days_ago) in [
        ("payroll-old", "Payroll", 3651),
        ("payroll-young", "Payroll", 3649),
        ("builds-old", "builds", 9),
        ("builds-young", "builds", 6),
        ("builds-new", "builds", 1),
        ("chat-old", "chat", 91),
        ("chat-young", "chat", 89),
    ] {
        let at = NOON - days_ago * DAY;
        let data = json!({"id": id, "title": "t", "message": "m", "category": category});
        let now = Now { here: at, server: at };
        let arrivals = vec![arrival(id, "notification.created", &data.to_string())];
        inbox
            .file(&arrivals.into(), Cursor::At(id.to_owned()), now, |_| QUIET)
            .unwrap();
        inbox.mark(&[format!("n:{id}")], Mark::Read, at).unwrap();
    }
    let limits = ["payroll: 3650 days", "builds: 7 days", "builds: 1 item"];
    let limits: Vec<_> = limits
        .iter()
        .filter_map(|limit| CategoryLimit::parse(limit))
        .collect();
    let mut sweep = Sweep::new(Retention::default(), NOON).with_limits(&limits);
    let mut removed = Vec::new();
    loop {
        let swept = inbox.sweep(&mut sweep).unwrap();
        removed.extend(swept.removed);
        if swept.done {
            break;
        }
    }
    removed.sort();
    // Of the builds of this week, one is one too many.
    assert_eq!(
        removed,
        ["n:builds-old", "n:builds-young", "n:chat-old", "n:payroll-old"]
    );
}
