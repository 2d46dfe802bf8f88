//! Snoozed items return at their time, also if the computer slept over it or has moved to another time zone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};

use gloria_core::item::{InboxView, Snooze};
use gloria_core::ports::{Clock, SystemClock};
use gloria_core::protocol::{InboxQuery, SnoozeRequest};
use jiff::tz::{TimeZone, offset};
use jiff::{Timestamp, ToSpan as _};

use crate::clock::{HOUR, SetClock};
use crate::harness::{CREATED, Harness, Running, Spoken, backend, live, within_deadline};

fn snooze(until: Snooze) -> SnoozeRequest {
    SnoozeRequest {
        keys: vec!["n:1".into()],
        until,
    }
}

async fn until(running: &Running) -> Option<i64> {
    let query = InboxQuery {
        filter: InboxView::Snoozed.into(),
        after: None,
        limit: 9,
    };
    running
        .core
        .inbox_page(query)
        .await
        .unwrap()
        .items
        .first()?
        .snoozed_until
}

#[tokio::test]
async fn an_item_that_the_computer_slept_over_returns_with_an_alert() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let clock = Arc::new(SetClock::default());
    let running = harness.start_by(clock.clone());
    running.connected().await;
    // Of low priority, which alerts only because the user asked for it.
    control.push(CREATED, live("1", "low"));
    running.until("stored", |state| state.counts.unread == 1).await;
    let past = Snooze::At(jiff::civil::date(2026, 1, 1).at(8, 0, 0, 0));
    let refused = running.core.inbox_snooze(snooze(past)).await.unwrap_err();
    assert!(
        refused.words().contains("in the next year"),
        "{}",
        refused.words()
    );
    let marked = running
        .core
        .inbox_snooze(snooze(Snooze::Seconds(3600)))
        .await
        .unwrap();
    assert_eq!((marked.counts.total, marked.counts.unread), (0, 0));
    assert_eq!(harness.titles(), [""; 0]);
    clock.ahead.store(HOUR + 1, Ordering::SeqCst);
    let back = |state: &gloria_core::protocol::Snapshot| state.counts.unread == 1;
    running.until("back", back).await;
    within_deadline("alerted", harness.notifications.shown.wait_for(1)).await;
    assert_eq!(harness.titles(), ["title 1"]);

    // And over the time at which the app is not running.
    running.notified("n:1").await;
    running
        .core
        .inbox_snooze(snooze(Snooze::Seconds(3600)))
        .await
        .unwrap();
    assert_eq!(harness.notifications.withdrawn_items(), ["n:1"]);
    running.stop().await;
    clock.ahead.store(3 * HOUR, Ordering::SeqCst);
    let running = harness.start_by(clock.clone());
    running.until("back after the start", back).await;
    within_deadline("alerted again", harness.notifications.shown.wait_for(2)).await;
    running.stop().await;
}

/// A computer that is in Berlin in winter, and then in New York.
#[derive(Debug, Default)]
struct Journey {
    is_over: AtomicBool,
}

impl Clock for Journey {
    fn wall(&self) -> SystemTime {
        SystemClock.wall()
    }

    fn monotonic(&self) -> Instant {
        SystemClock.monotonic()
    }

    fn zone(&self) -> TimeZone {
        TimeZone::fixed(offset(if self.is_over.load(Ordering::SeqCst) {
            -5
        } else {
            1
        }))
    }
}

#[tokio::test]
async fn a_named_time_is_where_the_user_is() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let clock = Arc::new(Journey::default());
    let running = harness.start_by(clock.clone());
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("stored", |state| state.counts.unread == 1).await;
    let wall = Timestamp::now().to_zoned(clock.zone()).datetime() + 3.days();
    running.core.inbox_snooze(snooze(Snooze::At(wall))).await.unwrap();
    let before = until(&running).await.unwrap();
    let mut updates = running.core.attach().await.unwrap().updates;
    clock.is_over.store(true, Ordering::SeqCst);
    let moved = async {
        loop {
            let now = until(&running).await.unwrap();
            if now != before {
                return now;
            }
            // Whatever changes is published.
            let _ = updates.recv().await;
        }
    };
    assert_eq!(within_deadline("moved", moved).await - before, 6 * HOUR * 1000);
    running.stop().await;
}
