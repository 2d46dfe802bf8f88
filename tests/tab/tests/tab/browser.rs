//! Chromium with one page, which opens an EventSource for each script.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::record::{Ended, Record, Shown};
use crate::script::Script;
use crate::stage::Stage;

/// How long a tab may be busy with one script. Far beyond what any needs; it is reached only when something is wrong.
const TAB_TIMEOUT: Duration = Duration::from_secs(90);

/// What the page is asked to do: to open this address, or without one to close what it opened.
#[derive(Serialize)]
struct Work {
    id: u32,
    url: Option<String>,
    types: Vec<String>,
}

#[derive(Deserialize)]
struct Note {
    id: u32,
    #[serde(flatten)]
    said: Said,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Said {
    #[serde(rename_all = "camelCase")]
    Event {
        event: String,
        data: String,
        last_event_id: String,
    },
    /// The EventSource will not connect again.
    Closed,
}

pub(crate) struct Browser {
    pages: Arc<Pages>,
    work: mpsc::UnboundedSender<Work>,
    _chromium: Child,
    _profile: TempDir,
    control: JoinHandle<()>,
}

struct Pages {
    work: AsyncMutex<mpsc::UnboundedReceiver<Work>>,
    readers: Mutex<HashMap<u32, mpsc::UnboundedSender<Said>>>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.control.abort();
    }
}

impl Browser {
    pub(crate) async fn start() -> Self {
        let (work, waiting) = mpsc::unbounded_channel();
        let pages = Arc::new(Pages {
            work: AsyncMutex::new(waiting),
            readers: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let control = Router::new()
            .route("/", get(async || Html(include_str!("page.html"))))
            .route("/work", post(hand_out))
            .route("/notes", post(take))
            // A note may hold an event of any size.
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&pages));
        let control = tokio::spawn(async move { axum::serve(listener, control).await.unwrap() });
        let profile = tempfile::tempdir().unwrap();
        let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
        let chromium = Command::new(&chromium)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-background-networking",
                "--disable-background-timer-throttling",
                "--disable-component-update",
                "--disable-dev-shm-usage",
                "--disable-extensions",
                "--disable-sync",
                "--no-default-browser-check",
                "--no-first-run",
                "--no-proxy-server",
                "--remote-debugging-port=0",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("http://{address}/"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{chromium}: {error}; `cargo xtask test tab` installs it"));
        Self {
            pages,
            work,
            _chromium: chromium,
            _profile: profile,
            control,
        }
    }

    /// Plays a server to an EventSource until that closes for good.
    pub(crate) async fn play(&self, id: u32, script: &Script, stage: &Stage) -> Record {
        let (sender, mut said) = mpsc::unbounded_channel();
        self.pages.readers.lock().unwrap().insert(id, sender);
        self.ask(id, Some(stage.url()), script);
        let deadline = Instant::now() + TAB_TIMEOUT;
        let mut shown = Vec::new();
        let ended = loop {
            tokio::select! {
                said = said.recv() => match said {
                    Some(Said::Event { event, data, last_event_id }) => {
                        stage.show(&data);
                        shown.push(Shown { event, data, id: last_event_id });
                    }
                    Some(Said::Closed) | None => break Ended::GaveUp,
                },
                () = sleep_until(deadline) => {
                    self.ask(id, None, script);
                    break Ended::Stuck(format!("not closed after {TAB_TIMEOUT:?}"));
                }
            }
        };
        self.pages.readers.lock().unwrap().remove(&id);
        Record {
            asked: stage.asked(),
            shown,
            awaited: stage.awaited(),
            ended,
        }
    }

    fn ask(&self, id: u32, url: Option<String>, script: &Script) {
        let types = script.heard_types().into_iter().collect();
        self.work.send(Work { id, url, types }).unwrap();
    }
}

/// Answers as soon as there is something to do.
async fn hand_out(State(pages): State<Arc<Pages>>) -> Json<Vec<Work>> {
    let mut work = Vec::new();
    pages.work.lock().await.recv_many(&mut work, 64).await;
    Json(work)
}

async fn take(State(pages): State<Arc<Pages>>, body: String) {
    let notes: Vec<Note> = serde_json::from_str(&body).unwrap();
    let readers = pages.readers.lock().unwrap();
    for note in notes {
        if let Some(reader) = readers.get(&note.id) {
            // It fails when the script is over, which needs no more.
            let _ = reader.send(note.said);
        }
    }
}
