//! The whole core in a process of its own, to be killed: what it does goes to stdout, a line each.
//!
//! The environment says the rest: `GLORIA_API_URL`, `GLORIA_TOKEN`, and `GLORIA_HOME` for its files.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use gloria_core::item::SoundName;
use gloria_core::paths::Paths;
use gloria_core::ports::{
    Answer, Delivery, NotificationError, NotificationEvent, NotificationHandle, NotificationRequest,
    Notifications, Observation, OpenError, Opener, SecretError, Secrets, Signals, SoundError, Sounds,
    SystemClock, WindowPort,
};
use gloria_core::protocol::{ConnectionState, Snapshot};
use gloria_core::token::Token;
use gloria_core::{Ports, Setup, start};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// A machine without a desktop, which says what it would have shown.
#[derive(Debug)]
struct Bare;

/// A line that is cut by a kill was never said; the pipe takes a short one whole.
fn say(fact: &Value) {
    let mut line = fact.to_string();
    line.push('\n');
    // A closed pipe means that the parent has ended; it will end this process too.
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

impl WindowPort for Bare {
    fn open(&self, _: Option<String>) {}
}

impl Sounds for Bare {
    fn play(&self, _: SoundName, _: u8) -> BoxFuture<'static, Result<(), SoundError>> {
        ready(Ok(())).boxed()
    }
}

impl Secrets for Bare {
    fn load(&self, _: &str) -> BoxFuture<'static, Result<Option<Token>, SecretError>> {
        ready(Ok(None)).boxed()
    }

    fn store(&self, _: &str, _: Token) -> BoxFuture<'static, Result<(), SecretError>> {
        ready(Ok(())).boxed()
    }

    fn forget(&self, _: &str) -> BoxFuture<'static, Result<(), SecretError>> {
        ready(Ok(())).boxed()
    }
}

impl Opener for Bare {
    fn open(&self, _: &str) -> Result<(), OpenError> {
        Ok(())
    }
}

impl Signals for Bare {
    fn watch(&self) -> mpsc::Receiver<Observation> {
        mpsc::channel(1).1
    }
}

/// It is connected, and its file says where to go on.
fn is_placed(state: &Snapshot) -> bool {
    state.connection.state == ConnectionState::Connected && state.connection.history_since.is_none()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let home = std::env::var_os("GLORIA_HOME").context("GLORIA_HOME is not set")?;
    let bare = Arc::new(Bare);
    let setup = Setup {
        paths: Paths::within(Path::new(&home)),
        environment: Arc::new(|name| std::env::var(name).ok()),
        version: "0.0.0-chaos".into(),
        seed: 7,
        ports: Ports {
            notifications: bare.clone(),
            window: bare.clone(),
            sounds: bare.clone(),
            secrets: bare.clone(),
            opener: bare.clone(),
            signals: bare,
            clock: Arc::new(SystemClock),
            proxies: None,
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
