//! From the moment at which a server writes an event to the moment at which the session's notification service is asked
//! to show it, on a bus of its own.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use gloria_core::account::Account;
use gloria_core::account::address::Address;
use gloria_core::alerts::{Decision, Verdict};
use gloria_core::event::{DecodeContext, decode};
use gloria_core::inbox::{Arrival, Cursor, Inbox, Now, Origin, fingerprint};
use gloria_core::item::Reason;
use gloria_core::paths::Paths;
use gloria_core::ports::PanicReports;
use gloria_desktop::{Identity, SessionNotifications};
use gloria_desktop_session::{Keyring, NotificationService, Session, SessionOptions};
use gloria_stream::Frame;
use gloria_words::{Words, Zone};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::core::start_core;
use crate::server::{Server, frame, now};

/// What is stored before has alerted nobody.
const QUIET: Decision = Decision {
    verdict: Verdict::Suppress,
    reason: Reason::LowPriority,
};

/// Starts of the core: in each the allowance of notifications is whole.
const ROUNDS: usize = 15;

/// Events before those that are measured, which alert nobody: what is slow only once is over.
const WARM_UP: usize = 10;

/// As many of a kind are shown at once.
const AT_ONCE: usize = 5;

/// Each has an allowance of its own.
const KINDS: [(&str, &str); 4] = [
    ("notification.created", "normal"),
    ("notification.created", "urgent"),
    ("system.announcement", "normal"),
    ("workflow.failed", "high"),
];

/// Between two events, so that each finds everything at rest.
const PAUSE: Duration = Duration::from_millis(30);

/// Starting up is over by then.
const SETTLED: Duration = Duration::from_secs(1);

const DEADLINE: Duration = Duration::from_secs(30);

/// Rows that are stored at once while the inbox is made.
const BATCH: usize = 1000;

pub(crate) async fn run(rows: usize) -> Result<Value> {
    let home = tempfile::tempdir()?;
    let server = Server::start()?;
    fill(home.path(), &server.api()?, rows)?;
    let session = Session::start(SessionOptions {
        tray_host: false,
        notifications: false,
        sound: false,
        keyring: Keyring::None,
        ..SessionOptions::default()
    })
    .await?;
    let service = NotificationService::start(&session.bus_address()).await?;
    let server = Arc::new(server);
    let (mut took, mut number) = (Vec::new(), rows);
    for _ in 0..ROUNDS {
        let panics = PanicReports::channel().0;
        let notifications = SessionNotifications::on_bus(
            session.bus_address(),
            Identity::default(),
            Arc::new(Words::load(["en"], Zone::utc())),
            &panics,
        );
        let core = start_core(home.path(), &server.api()?, Some(Arc::new(notifications)))?;
        let accepting = server.clone();
        let mut stream = tokio::task::spawn_blocking(move || accepting.accept()).await??;
        sleep(SETTLED).await;
        for _ in 0..WARM_UP {
            number += 1;
            stream.write_all(event(number, "notification.created", "low")?.as_bytes())?;
            sleep(PAUSE).await;
        }
        for (event_type, priority) in KINDS.iter().cycle().take(KINDS.len() * AT_ONCE) {
            number += 1;
            let event = event(number, event_type, priority)?;
            let title = format!("notification {number}");
            let written = Instant::now();
            stream.write_all(event.as_bytes())?;
            let call = service
                .wait_for(DEADLINE, |call| call.summary.contains(&title))
                .await?;
            took.push(call.at.saturating_duration_since(written));
            sleep(PAUSE).await;
        }
        core.stop().await?;
    }
    took.sort_unstable();
    let at = |percent: usize| {
        took.get((took.len() * percent).div_ceil(100).saturating_sub(1))
            .copied()
    };
    let millis = |percent: usize| Some(at(percent)?.as_secs_f64() * 1000.0);
    Ok(
        json!({ "rows": rows, "events": took.len(), "p50": millis(50), "p99": millis(99), "max": millis(100) }),
    )
}

/// An event of some 300 bytes, made now.
fn event(number: usize, event_type: &str, priority: &str) -> Result<String> {
    let title = format!("notification {number}");
    let data = json!({"id": number.to_string(), "workflowId": number.to_string(), "title": title, "name": title,
        "message": "what happened, in a sentence or two. ".repeat(3), "priority": priority, "createdAt": now()?});
    Ok(frame(event_type, &format!("e{number}"), &data.to_string()))
}

/// Makes an inbox that holds this much, a tenth of it unread.
fn fill(home: &Path, api: &str, rows: usize) -> Result<()> {
    let server = Address::parse(api, false)?.server();
    let paths = Paths::within(home);
    let folder = paths.accounts().join(Account::of(&server).folder());
    let mut inbox = Inbox::open_account(&paths, &folder, &server)?.inbox;
    let at = i64::try_from(now()?)?;
    let arrival = |number: usize| -> Result<Arrival> {
        let created = at - i64::try_from(rows - number)? * 1000 - 3_600_000;
        let read = (!number.is_multiple_of(10)).then_some(created);
        let data = json!({"id": number.to_string(), "title": format!("notification {number}"),
            "message": "what happened, in a sentence or two", "createdAt": created, "readAt": read})
        .to_string();
        let frame = Frame {
            event: "notification.created".into(),
            data: data.clone(),
            id: number.to_string().into(),
        };
        let context = DecodeContext {
            now: at,
            ..DecodeContext::default()
        };
        Ok(Arrival {
            event_id: number.to_string(),
            own_id: true,
            resets_id: false,
            fingerprint: fingerprint("notification.created", &data),
            event_type: "notification.created".to_owned(),
            event: Some(decode(&frame, &context).ok().context("not decoded")?.event),
            bytes: data.len(),
            missed: false,
            origin: Origin::Stream,
        })
    };
    for begin in (1..=rows).step_by(BATCH) {
        let batch = (begin..(begin + BATCH).min(rows + 1))
            .map(arrival)
            .collect::<Result<Vec<_>>>()?;
        let now = Now { here: at, server: at };
        inbox.file(&batch.into(), Cursor::At("e0".to_owned()), now, |_| QUIET)?;
    }
    Ok(())
}
