//! A computer for a core, with recording ports, and a server for it.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gloria_backend::{Backend, BackendOptions, Control, TEST_TOKEN};
use gloria_core::account::Account;
use gloria_core::alerts::presence::WindowPresence;
use gloria_core::item::{InboxView, Item};
use gloria_core::message::{Message, Phrase};
use gloria_core::paths::Paths;
use gloria_core::ports::fakes::{
    FakeAutostart, FakeCommands, FakeDoctor, FakeNotifications, FakeOpener, FakeSecrets, FakeSignals,
    FakeSounds, FakeWindow,
};
use gloria_core::ports::{Clock, SystemClock};
use gloria_core::protocol::{ConnectionState, InboxQuery, Snapshot, WindowView};
use gloria_core::token::Token;
use gloria_core::{CoreError, CoreHandle, Ports, Setup, start, testing};
use gloria_words::Words;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes on a slow machine; a test that reaches it has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// Texts of the app, in English.
pub(crate) trait Spoken {
    fn words(&self) -> String;
}

impl Spoken for Message {
    fn words(&self) -> String {
        Words::english().say(self)
    }
}

impl Spoken for Option<Message> {
    fn words(&self) -> String {
        self.as_ref().map(Spoken::words).unwrap_or_default()
    }
}

impl Spoken for Phrase {
    fn words(&self) -> String {
        Words::english().phrase(self)
    }
}

/// An item's title, a line break and its text.
impl Spoken for Item {
    fn words(&self) -> String {
        let english = Words::english();
        let (title, body) = (
            self.title_in(|words| english.say(words)),
            self.body_in(|words| english.say(words)),
        );
        format!("{title}\n{body}")
    }
}

impl Spoken for CoreError {
    fn words(&self) -> String {
        self.message().words()
    }
}

pub(crate) async fn within_deadline<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

/// A core's computer, which outlives the core.
pub(crate) struct Harness {
    pub(crate) home: TempDir,
    folder: &'static str,
    pub(crate) environment: HashMap<&'static str, String>,
    pub(crate) notifications: Arc<FakeNotifications>,
    pub(crate) window: Arc<FakeWindow>,
    pub(crate) sounds: Arc<FakeSounds>,
    pub(crate) secrets: Arc<FakeSecrets>,
    pub(crate) commands: Arc<FakeCommands>,
    pub(crate) opener: Arc<FakeOpener>,
    pub(crate) autostart: Arc<FakeAutostart>,
    pub(crate) doctor: Arc<FakeDoctor>,
    pub(crate) signals: Arc<FakeSignals>,
}

impl Harness {
    /// A harness whose settings name the server and whose keyring holds its token.
    pub(crate) fn signed_in(backend: &Backend) -> Self {
        let address = backend.api_url();
        let secrets = FakeSecrets::with_token(&address, Token::parse(TEST_TOKEN).unwrap());
        Self::with(secrets, HashMap::from([("GLORIA_API_URL", address)]))
    }

    pub(crate) fn with(secrets: FakeSecrets, mut environment: HashMap<&'static str, String>) -> Self {
        environment.insert("GLORIA_SSE_RECONNECT_INTERVAL", "100ms".into());
        Self {
            home: tempfile::tempdir().unwrap(),
            folder: "",
            environment,
            notifications: Arc::default(),
            window: Arc::default(),
            sounds: Arc::default(),
            secrets: Arc::new(secrets),
            commands: Arc::default(),
            opener: Arc::default(),
            autostart: Arc::default(),
            doctor: Arc::default(),
            signals: Arc::default(),
        }
    }

    /// Moves the core's files to a subfolder of home, which a test can remove.
    pub(crate) fn nest(&mut self) {
        self.folder = "files";
    }

    pub(crate) fn paths(&self) -> Paths {
        Paths::within(&self.home.path().join(self.folder))
    }

    /// Returns the inbox file of the account at the configured server.
    pub(crate) fn inbox(&self) -> PathBuf {
        Account::of(&self.environment["GLORIA_API_URL"]).inbox_file(&self.paths())
    }

    pub(crate) fn start(&self) -> Running {
        self.start_by(Arc::new(SystemClock))
    }

    pub(crate) fn start_by(&self, clock: Arc<dyn Clock>) -> Running {
        let (core, task) = start(self.setup(clock)).unwrap();
        Running { core, task }
    }

    pub(crate) fn setup(&self, clock: Arc<dyn Clock>) -> Setup {
        let ports = Ports {
            notifications: self.notifications.clone(),
            window: self.window.clone(),
            sounds: self.sounds.clone(),
            secrets: self.secrets.clone(),
            commands: self.commands.clone(),
            opener: self.opener.clone(),
            autostart: self.autostart.clone(),
            doctor: self.doctor.clone(),
            signals: self.signals.clone(),
            clock,
            ..testing::ports()
        };
        testing::setup(self.paths(), self.environment.clone(), ports)
    }

    /// Returns the keyring entry for a token whose user the server names.
    pub(crate) fn entry_of(backend: &Backend, user: &str) -> String {
        format!("{}#{user}", backend.api_url())
    }

    /// Waits until the keyring has the token in the account's entry, and nothing in the server's.
    pub(crate) async fn kept(&self, backend: &Backend, user: &str, token: &str) {
        let moved = async {
            loop {
                let asked = self.secrets.asked.all().len();
                let own = self.secrets.token(&Self::entry_of(backend, user));
                if self.secrets.token(&backend.api_url()).is_none()
                    && own.is_some_and(|own| own.expose() == token)
                {
                    return;
                }
                self.secrets.asked.wait_for(asked + 1).await;
            }
        };
        within_deadline("the token is in its account's entry", moved).await;
    }

    pub(crate) fn titles(&self) -> Vec<String> {
        self.notifications
            .shown
            .all()
            .into_iter()
            .map(|request| request.title.words())
            .collect()
    }
}

pub(crate) struct Running {
    pub(crate) core: CoreHandle,
    pub(crate) task: JoinHandle<()>,
}

impl Running {
    /// Follows the state until `wanted` returns true, and checks that no revision is missing.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        within_deadline(what, testing::follow(&self.core, wanted)).await
    }

    /// Makes the user look at the window, which shows the inbox.
    pub(crate) async fn looked_at(&self) {
        let window = WindowPresence {
            focused: true,
            visible: true,
            last_input: None,
        };
        self.core.window_presence(Some(window)).await.unwrap();
        let view = WindowView {
            inbox_visible: true,
            connection_visible: false,
        };
        self.core.window_shows(view).await.unwrap();
    }

    pub(crate) async fn connected(&self) -> Snapshot {
        self.until("connected", |state| {
            state.connection.state == ConnectionState::Connected
        })
        .await
    }

    pub(crate) async fn items(&self) -> Vec<Item> {
        let query = InboxQuery {
            filter: InboxView::Inbox.into(),
            after: None,
            limit: 500,
        };
        self.core.inbox_page(query).await.unwrap().items
    }

    /// Waits until the inbox has recorded that this item's notification is on screen.
    pub(crate) async fn notified(&self, key: &str) {
        let read = async {
            loop {
                let mut updates = self.core.attach().await.unwrap().updates;
                let items = self.items().await;
                let item = items.into_iter().find(|item| item.key == key);
                let alert = item.and_then(|item| item.alert).map(|alert| alert.words.words());
                if alert.is_some_and(|words| words.starts_with("Notification shown")) {
                    return;
                }
                // Whatever changes is published.
                let _ = updates.recv().await;
            }
        };
        within_deadline("recorded", read).await;
    }

    /// Waits until the text of an item's alert is this.
    pub(crate) async fn alert(&self, what: &str, key: &str, words: &str) {
        let read = async {
            loop {
                let mut updates = self.core.attach().await.unwrap().updates;
                let items = self.items().await;
                let item = items.into_iter().find(|item| item.key == key);
                let alert = item.and_then(|item| item.alert).map(|alert| alert.words.words());
                if alert.as_deref() == Some(words) {
                    return;
                }
                // Whatever changes is published.
                let _ = updates.recv().await;
            }
        };
        within_deadline(what, read).await;
    }

    pub(crate) async fn stop(self) {
        self.core.stop().await.unwrap();
        within_deadline("the core ends", self.task).await.unwrap();
    }
}

pub(crate) async fn backend() -> (Backend, Control) {
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    let control = backend.control();
    (backend, control)
}

/// A notification that is created now, as live ones are.
pub(crate) fn live(id: &str, priority: &str) -> Value {
    let now = jiff::Timestamp::now().to_string();
    json!({"id": id, "title": format!("title {id}"), "message": "m", "priority": priority, "createdAt": now})
}

pub(crate) fn missed(id: usize) -> Value {
    json!({"id": format!("m{id}"), "title": format!("missed {id}"), "message": "m",
           "createdAt": "2026-01-02T03:04:05Z"})
}

pub(crate) const CREATED: &str = "notification.created";
