//! The whole core in a separate process that tests kill. It reports what it does as lines on stdout.
//!
//! The environment contains the rest: `GLORIA_API_URL`, `GLORIA_TOKEN`, and `GLORIA_HOME` for its files.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use gloria_core::paths::Paths;
use gloria_core::ports::{
    self, Answer, Delivery, NotificationError, NotificationEvent, NotificationHandle, NotificationRequest,
    Notifications, Ports,
};
use gloria_core::protocol::{ConnectionState, Snapshot};
use gloria_core::{Setup, start};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Prints notifications instead of showing them.
#[derive(Debug)]
struct Bare;

/// Prints a fact. A short line is written to the pipe atomically, so a kill cannot cut it.
fn say(fact: &Value) {
    let mut line = fact.to_string();
    line.push('\n');
    // A closed pipe means that the parent has ended, which also ends this process.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

impl Notifications for Bare {
    fn show(&self, request: NotificationRequest) -> BoxFuture<'static, Result<Answer, NotificationError>> {
        static LAST_ID: AtomicU32 = AtomicU32::new(0);
        say(&json!({ "notification": gloria_words::Words::english().phrase(&request.title) }));
        let handle = NotificationHandle {
            service: std::process::id().to_string(),
            id: LAST_ID.fetch_add(1, Ordering::Relaxed) + 1,
        };
        ready(Ok(Answer {
            handle,
            delivery: Delivery::Shown,
        }))
        .boxed()
    }

    fn withdraw(&self, _: NotificationHandle) {}

    fn watch(&self) -> mpsc::Receiver<NotificationEvent> {
        mpsc::channel(1).1
    }
}

/// Whether it is connected, and its file contains a cursor.
fn is_placed(state: &Snapshot) -> bool {
    state.connection.state == ConnectionState::Connected && state.connection.history_since.is_none()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let home = std::env::var_os("GLORIA_HOME").context("GLORIA_HOME is not set")?;
    let setup = Setup {
        paths: Paths::within(Path::new(&home)),
        environment: Arc::new(|name| std::env::var(name).ok()),
        version: "0.0.0-chaos".into(),
        seed: 7,
        ports: Ports {
            notifications: Arc::new(Bare),
            ..ports::fakes::ports()
        },
    };
    let (core, task) = start(setup)?;
    let attached = core.attach().await?;
    let (mut state, mut updates) = (attached.snapshot, attached.updates);
    say(&json!({ "total": state.counts.total }));
    while let Ok(revised) = updates.recv().await {
        let (before, placed) = (state.counts.total, is_placed(&state));
        state.apply(revised);
        if is_placed(&state) && !placed {
            say(&json!({ "placed": true }));
        }
        if state.counts.total != before {
            say(&json!({ "total": state.counts.total }));
        }
    }
    task.await?;
    Ok(())
}
