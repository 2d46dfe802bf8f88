//! The whole core against the reference backend over real sockets, with ports that record.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use gloria_backend::{Answer, Backend, BackendOptions, Control, Route, TEST_TOKEN};
use gloria_core::paths::Paths;
use gloria_core::ports::fakes::{FakeOpener, FakeSecrets, FakeSounds, FakeToasts};
use gloria_core::ports::{Clock, SecretError, SoundError, SystemClock, ToastError};
use gloria_core::protocol::{
    AccountForm, ConnectionState, FollowRequest, InboxFilter, InboxQuery, Item, Mark, MarkRequest,
    NoticeKind, PauseRequest, PreferencesForm, Priority, Remedy, Snapshot, SoundName, TokenState, WindowView,
};
use gloria_core::session::Token;
use gloria_core::{CoreHandle, Ports, Setup, Signal, start};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes on a slow machine; a test that reaches it has failed.
const DEADLINE: Duration = Duration::from_secs(20);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

/// A core's machine: it outlives the core, as a real one does.
struct Desk {
    home: TempDir,
    environment: HashMap<&'static str, String>,
    toasts: Arc<FakeToasts>,
    sounds: Arc<FakeSounds>,
    secrets: Arc<FakeSecrets>,
    opener: Arc<FakeOpener>,
}

impl Desk {
    /// A desk whose settings name the server and whose keyring holds its token.
    fn signed_in(backend: &Backend) -> Self {
        let address = backend.api_url();
        let secrets = FakeSecrets::holding(&address, Token::parse(TEST_TOKEN).unwrap());
        Self::with(secrets, HashMap::from([("GLORIA_API_URL", address)]))
    }

    fn with(secrets: FakeSecrets, mut environment: HashMap<&'static str, String>) -> Self {
        environment.insert("GLORIA_SSE_RECONNECT_INTERVAL", "100ms".into());
        Self {
            home: tempfile::tempdir().unwrap(),
            environment,
            toasts: Arc::default(),
            sounds: Arc::default(),
            secrets: Arc::new(secrets),
            opener: Arc::default(),
        }
    }

    fn start(&self) -> Running {
        self.start_by(Arc::new(SystemClock))
    }

    fn start_by(&self, clock: Arc<dyn Clock>) -> Running {
        let environment = self.environment.clone();
        let setup = Setup {
            paths: Paths::within(self.home.path()),
            environment: Arc::new(move |name| environment.get(name).cloned()),
            version: "0.0.0-test".into(),
            seed: 7,
            ports: Ports {
                toasts: self.toasts.clone(),
                sounds: self.sounds.clone(),
                secrets: self.secrets.clone(),
                opener: self.opener.clone(),
                clock,
            },
        };
        let (core, task) = start(setup).unwrap();
        Running { core, task }
    }

    fn titles(&self) -> Vec<String> {
        self.toasts
            .shown
            .all()
            .into_iter()
            .map(|toast| toast.title)
            .collect()
    }
}

struct Running {
    core: CoreHandle,
    task: JoinHandle<()>,
}

impl Running {
    /// Follows the state until it is as wanted, and checks on the way that no revision is missing.
    async fn until(&self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let followed = async {
            let attached = self.core.attach().await.unwrap();
            let (mut state, mut updates) = (attached.snapshot, attached.updates);
            while !wanted(&state) {
                let revised = updates.recv().await.unwrap();
                assert_eq!(revised.revision, state.revision + 1, "no revision is missing");
                state.apply(revised);
            }
            state
        };
        soon(what, followed).await
    }

    async fn connected(&self) -> Snapshot {
        self.until("connected", |state| {
            state.connection.state == ConnectionState::Connected
        })
        .await
    }

    async fn items(&self) -> Vec<Item> {
        let query = InboxQuery {
            filter: InboxFilter::Inbox,
            after: None,
            limit: 500,
        };
        self.core.inbox_page(query).await.unwrap().items
    }

    async fn stop(self) {
        self.core.stop().await.unwrap();
        soon("the core ends", self.task).await.unwrap();
    }
}

async fn backend() -> (Backend, Control) {
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    let control = backend.control();
    (backend, control)
}

/// A notification that is made now, as a live one is.
fn live(id: &str, priority: &str) -> Value {
    let now = jiff::Timestamp::now().to_string();
    json!({"id": id, "title": format!("title {id}"), "message": "m", "priority": priority, "createdAt": now})
}

fn missed(id: usize) -> Value {
    json!({"id": format!("m{id}"), "title": format!("missed {id}"), "message": "m",
           "createdAt": "2026-01-02T03:04:05Z"})
}

const CREATED: &str = "notification.created";

#[tokio::test]
async fn an_event_on_the_wire_becomes_a_row_a_badge_a_toast_and_a_sound() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;

    control.push(CREATED, live("1", "normal"));

    let toasts = soon("toast", desk.toasts.shown.wait_for(1)).await;
    assert_eq!(
        (toasts[0].item.as_deref(), toasts[0].title.as_str()),
        (Some("n:1"), "title 1")
    );
    assert_eq!(
        soon("sound", desk.sounds.played.wait_for(1)).await,
        [(SoundName::Chime, 70)]
    );
    let state = running.until("badge", |state| state.counts.unseen == 1).await;
    assert_eq!((state.counts.unread, state.counts.total), (1, 1));
    let items = running.items().await;
    assert_eq!(items[0].alert, "Toast shown; with sound");
}

#[tokio::test]
async fn a_burst_makes_one_sound_and_low_priority_makes_none() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    for id in ["1", "2", "3"] {
        control.push(CREATED, live(id, "normal"));
    }
    control.push(CREATED, live("4", "low"));
    running.until("four items", |state| state.counts.total == 4).await;
    soon("toasts", desk.toasts.shown.wait_for(3)).await;
    assert_eq!(desk.titles(), ["title 1", "title 2", "title 3"]);
    assert_eq!(desk.sounds.played.all().len(), 1);
}

#[tokio::test]
async fn many_missed_become_one_digest_and_nothing_comes_twice() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    soon("first toast", desk.toasts.shown.wait_for(1)).await;
    running.stop().await;

    for id in 0..12 {
        control.push(CREATED, missed(id));
    }
    let running = desk.start();
    running.until("all of it", |state| state.counts.total == 13).await;
    let toasts = soon("digest", desk.toasts.shown.wait_for(2)).await;
    assert_eq!(toasts[1].title, "12 notifications while you were away");
    let seen = control.observed();
    let resumed = seen.stream_requests().next_back().unwrap();
    assert_eq!(
        resumed.last_event_id(),
        Some("1"),
        "resumed after what was stored"
    );

    // The connection drops and is made anew: the server replays from the cursor, which is after all of it.
    control.reset();
    soon(
        "third stream",
        control.wait_for(|seen| seen.streams_total >= 3, DEADLINE),
    )
    .await
    .unwrap();
    control.push(CREATED, live("last", "normal"));
    soon("last toast", desk.toasts.shown.wait_for(3)).await;
    assert_eq!(
        desk.titles(),
        ["title 1", "12 notifications while you were away", "title last"]
    );
    assert_eq!(running.items().await.len(), 14);
}

#[tokio::test]
async fn few_missed_are_shown_one_by_one() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    soon("first", desk.toasts.shown.wait_for(1)).await;
    running.stop().await;
    for id in 0..3 {
        control.push(CREATED, missed(id));
    }
    let _running = desk.start();
    soon("toasts", desk.toasts.shown.wait_for(4)).await;
    assert_eq!(desk.titles()[1..], ["missed 0", "missed 1", "missed 2"]);
    soon("one sound for all", desk.sounds.played.wait_for(2)).await;
    assert_eq!(desk.sounds.played.all().len(), 2);
}

#[tokio::test]
async fn bad_events_cost_themselves_alone() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    control.push_text(CREATED, None, "{not json");
    control.push(CREATED, json!({"id": "x", "title": 7, "message": []}));
    control.push("notification.exploded", json!({"id": "y"}));
    control.push(CREATED, json!({"id": "a\u{0}b", "title": "t", "message": "m"}));
    control.push(
        CREATED,
        json!({"id": "evil", "title": "<img src=x onerror=alert(1)>", "message": "m",
        "link": "javascript:alert(1)"}),
    );
    control.push(CREATED, live("good", "normal"));
    running
        .until("the two good ones", |state| state.counts.total == 2)
        .await;
    let items = running.items().await;
    let evil = items.iter().find(|item| item.key == "n:evil").unwrap();
    assert_eq!(
        (evil.title.as_str(), evil.link.as_deref()),
        ("<img src=x onerror=alert(1)>", None)
    );
    assert_eq!(control.observed().streams_total, 1, "the stream never broke");
    let tally = running.core.event_tally().await.unwrap();
    assert_eq!((tally.unknown, tally.invalid), (1, 3));
}

#[tokio::test]
async fn ten_megabytes_in_one_event_are_passed_over_and_what_follows_arrives() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    control.push(CREATED, live("before", "normal"));
    running.until("before", |state| state.counts.total == 1).await;
    control.push_huge(10 << 20);
    control.push(CREATED, live("after", "normal"));
    // Two attempts more, in case it was a broken connection; then a pause, which the user need not wait for.
    running
        .until("given up", |state| {
            state.connection.reason.contains("3 times in a row")
        })
        .await;
    running.core.connection_retry().await.unwrap();
    running.until("after", |state| state.counts.total == 2).await;
    let keys: Vec<_> = running.items().await.into_iter().map(|item| item.key).collect();
    assert_eq!(keys, ["n:after", "n:before"]);
}

#[tokio::test]
async fn duplicates_and_disorder_end_in_one_right_state() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    control.push("notification.deleted", json!({"id": "gone"}));
    control.push(CREATED, live("gone", "urgent"));
    control.push_as(CREATED, "77", live("once", "normal"));
    control.push_as(CREATED, "77", live("once", "normal"));
    control.push("notification.updated", json!({"id": "once", "title": "changed"}));
    running.until("one item", |state| state.counts.total == 1).await;
    control.push(CREATED, live("end", "normal"));
    running.until("the end", |state| state.counts.total == 2).await;
    assert_eq!(desk.titles(), ["title once", "title end"]);
    assert!(running.items().await.iter().any(|item| item.title == "changed"));
}

#[tokio::test]
async fn what_the_eye_sees_needs_no_toast_unless_it_is_urgent() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    running
        .core
        .window_shows(WindowView {
            focused: true,
            inbox_visible: true,
        })
        .await
        .unwrap();
    control.push(CREATED, live("1", "normal"));
    running.until("stored", |state| state.counts.total == 1).await;
    control.push(CREATED, live("2", "urgent"));
    soon("urgent toast", desk.toasts.shown.wait_for(1)).await;
    assert_eq!(desk.titles(), ["title 2"]);
    let quiet = running
        .items()
        .await
        .into_iter()
        .find(|item| item.key == "n:1")
        .unwrap();
    assert!(quiet.alert.contains("in front of you"), "{}", quiet.alert);
}

#[tokio::test]
async fn reading_marks_withdraw_toasts_and_counts_follow() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    control.push(CREATED, live("2", "normal"));
    running.until("two", |state| state.counts.unread == 2).await;
    let mark = MarkRequest {
        keys: vec!["n:1".into()],
        mark: Mark::Read,
    };
    assert_eq!(running.core.inbox_mark(mark).await.unwrap().unread, 1);
    assert_eq!(desk.toasts.withdrawn.all(), ["n:1"]);
    // Read on another device.
    control.push(
        "notification.updated",
        json!({"id": "2", "readAt": "2026-01-02T03:04:05Z"}),
    );
    running
        .until("none unread", |state| state.counts.unread == 0)
        .await;
    assert_eq!(desk.toasts.withdrawn.all(), ["n:1", "n:2"]);
}

#[tokio::test]
async fn links_open_in_the_browser_and_only_web_links_exist() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    let mut item = live("1", "normal");
    item["link"] = "https://gloria.example/1".into();
    item["actions"] = json!([{"label": "Approve", "link": "https://gloria.example/approve"}]);
    control.push(CREATED, item);
    running.until("one", |state| state.counts.total == 1).await;
    let follow = |action| {
        running.core.item_follow(FollowRequest {
            key: "n:1".into(),
            action,
        })
    };
    follow(None).await.unwrap();
    follow(Some(0)).await.unwrap();
    assert_eq!(
        follow(Some(9)).await.unwrap_err().to_string(),
        "this item is no longer there"
    );
    assert_eq!(
        desk.opener.opened.all(),
        ["https://gloria.example/1", "https://gloria.example/approve"]
    );
    assert_eq!(
        running
            .until("read", |state| state.counts.unread == 0)
            .await
            .counts
            .total,
        1
    );
}

#[tokio::test]
async fn a_locked_keyring_is_a_state_and_unlocking_it_connects() {
    let (backend, _control) = backend().await;
    let desk = Desk::signed_in(&backend);
    *desk.secrets.failure.lock().unwrap() = Some(SecretError::Locked);
    let running = desk.start();
    let state = running
        .until("told", |state| {
            state.account.token == TokenState::KeyringLocked
                && state.connection.remedy == Remedy::UnlockKeyring
        })
        .await;
    assert!(
        !state.account.needs_setup,
        "there may be a token: nobody has to type one"
    );
    assert!(
        state
            .notices
            .iter()
            .any(|notice| notice.kind == NoticeKind::Keyring),
        "{:?}",
        state.notices
    );

    *desk.secrets.failure.lock().unwrap() = None;
    running.core.connection_retry().await.unwrap();
    let state = running.connected().await;
    assert_eq!(
        (state.account.token, state.notices),
        (TokenState::Present, vec![])
    );
}

#[tokio::test]
async fn the_first_run_tests_saves_and_connects() {
    let (backend, control) = backend().await;
    let desk = Desk::with(FakeSecrets::default(), HashMap::new());
    let running = desk.start();
    let fresh = running.until("fresh", |state| state.account.needs_setup).await;
    assert_eq!(fresh.connection.state, ConnectionState::Idle);

    let form = |address: &str, token: &str| AccountForm {
        address: address.to_owned(),
        token: Some(Token::parse(token).unwrap()),
    };
    let wrong = running
        .core
        .connection_test(form(&backend.api_url(), "wrong"))
        .await
        .unwrap();
    assert!(!wrong.succeeded);
    assert!(
        wrong
            .steps
            .last()
            .unwrap()
            .detail
            .contains("does not accept this token"),
        "{wrong:?}"
    );

    control
        .answer(Route::Stream, 1, Answer::captive_portal())
        .unwrap();
    let portal = running
        .core
        .connection_test(form(&backend.api_url(), TEST_TOKEN))
        .await
        .unwrap();
    assert!(
        portal.steps.last().unwrap().detail.contains("web page"),
        "{portal:?}"
    );

    let nowhere = running
        .core
        .connection_test(form("http://127.0.0.1:1/api", TEST_TOKEN))
        .await
        .unwrap();
    assert!(
        nowhere
            .steps
            .last()
            .unwrap()
            .detail
            .contains("refused the connection"),
        "{nowhere:?}"
    );

    let plain = running
        .core
        .connection_test(form("http://gloria.example/api", TEST_TOKEN))
        .await
        .unwrap_err();
    assert!(plain.to_string().contains("unencrypted"), "{plain}");

    let right = running
        .core
        .connection_test(form(&backend.api_url(), TEST_TOKEN))
        .await
        .unwrap();
    assert!(right.succeeded, "{right:?}");

    running
        .core
        .account_save(form(&backend.api_url(), TEST_TOKEN))
        .await
        .unwrap();
    let state = running.connected().await;
    assert!(!state.account.needs_setup);
    assert!(
        desk.secrets.token(&backend.api_url()).is_some(),
        "the token is in the keyring"
    );
    running.stop().await;

    let again = desk.start();
    again.connected().await;
}

#[tokio::test]
async fn without_a_keyring_a_typed_token_is_held_in_memory_and_that_is_said() {
    let (backend, _control) = backend().await;
    let desk = Desk::with(FakeSecrets::default(), HashMap::new());
    *desk.secrets.failure.lock().unwrap() = Some(SecretError::Unavailable("no session bus".into()));
    let running = desk.start();
    let token = Some(Token::parse(TEST_TOKEN).unwrap());
    running
        .core
        .account_save(AccountForm {
            address: backend.api_url(),
            token,
        })
        .await
        .unwrap();
    let state = running.connected().await;
    assert!(!state.account.needs_setup);
    let notice = state
        .notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Keyring)
        .unwrap();
    assert!(
        notice.message.contains("only until Gloria Notify ends"),
        "{}",
        notice.message
    );
}

#[tokio::test]
async fn a_refused_token_asks_for_sign_in_and_a_new_one_connects() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    control.require_token("another-token");
    let running = desk.start();
    let state = running
        .until("halted", |state| {
            state.connection.state == ConnectionState::Halted
        })
        .await;
    assert_eq!(state.connection.remedy, Remedy::SignIn);
    let toasts = soon("told", desk.toasts.shown.wait_for(1)).await;
    assert_eq!(toasts[0].title, "Gloria Notify needs you");
    assert_eq!(
        control.observed().stream_requests().count(),
        2,
        "asked once more with a fresh look at the keyring"
    );
    let token = Some(Token::parse("another-token").unwrap());
    running
        .core
        .account_save(AccountForm {
            address: backend.api_url(),
            token,
        })
        .await
        .unwrap();
    running.connected().await;
}

#[tokio::test]
async fn signing_out_forgets_the_token_and_hangs_up() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    running.core.account_sign_out().await.unwrap();
    let state = running.until("set-up", |state| state.account.needs_setup).await;
    assert_eq!(
        (state.account.token, state.connection.state),
        (TokenState::Missing, ConnectionState::Idle)
    );
    assert!(desk.secrets.token(&backend.api_url()).is_none());
    soon("hung up", control.wait_for(|seen| seen.streams == 0, DEADLINE))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_missing_sound_device_or_toast_service_is_told_and_the_item_stays() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    *desk.sounds.failure.lock().unwrap() = Some(SoundError::NoDevice);
    *desk.toasts.failure.lock().unwrap() = Some(ToastError::NoService);
    let running = desk.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    let told = |state: &Snapshot| {
        let kinds: Vec<_> = state.notices.iter().map(|notice| notice.kind).collect();
        kinds.contains(&NoticeKind::Sound) && kinds.contains(&NoticeKind::Toasts)
    };
    let state = running.until("both told", told).await;
    let words: Vec<_> = state
        .notices
        .iter()
        .map(|notice| notice.message.as_str())
        .collect();
    assert_eq!(
        words,
        [
            "Sounds cannot be heard: no sound device was found",
            "Toasts cannot be shown: this desktop has no notification service"
        ]
    );
    running.until("corrected", |state| state.counts.total == 1).await;
    assert_eq!(
        running.items().await[0].alert,
        "No toast: this desktop has no notification service"
    );

    *desk.sounds.failure.lock().unwrap() = None;
    *desk.toasts.failure.lock().unwrap() = None;
    control.push(CREATED, live("2", "urgent"));
    running
        .until("both well again", |state| state.notices.is_empty())
        .await;
}

#[tokio::test]
async fn a_gap_is_told_until_the_inbox_is_left() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    control.push(CREATED, live("1", "normal"));
    running.until("one", |state| state.counts.total == 1).await;
    control.drop_history();
    control.push(CREATED, live("2", "normal"));
    control.drop_history();
    running.stop().await;
    control.push(CREATED, live("3", "normal"));
    control.drop_history();
    let running = desk.start();
    running
        .until("gap", |state| {
            state.notices.iter().any(|notice| notice.kind == NoticeKind::Gap)
        })
        .await;
    let view = WindowView {
        focused: true,
        inbox_visible: true,
    };
    running.core.window_shows(view).await.unwrap();
    running.core.inbox_mark_all_seen().await.unwrap();
    let state = running.core.attach().await.unwrap().snapshot;
    assert!(!state.notices.is_empty(), "there is time to read it");
    running.core.window_shows(WindowView::default()).await.unwrap();
    running.until("looked at", |state| state.notices.is_empty()).await;
}

#[tokio::test]
async fn preferences_last_and_a_pause_silences() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    let form = PreferencesForm {
        volume: Some(30),
        sound: Some(SoundName::Knock),
        ..PreferencesForm::default()
    };
    running.core.preferences_save(form).await.unwrap();
    running
        .core
        .sounds_pause(PauseRequest { minutes: 5 })
        .await
        .unwrap();
    control.push(CREATED, live("1", "urgent"));
    soon("toast", desk.toasts.shown.wait_for(1)).await;
    running
        .core
        .sounds_pause(PauseRequest { minutes: 0 })
        .await
        .unwrap();
    control.push(CREATED, live("2", "normal"));
    assert_eq!(
        soon("sound", desk.sounds.played.wait_for(1)).await,
        [(SoundName::Knock, 30)]
    );
    running.stop().await;
    let again = desk.start();
    let preferences = again.connected().await.preferences;
    assert_eq!((preferences.volume, preferences.sound), (30, SoundName::Knock));
}

#[tokio::test]
async fn a_workflow_is_one_item_that_speaks_up_when_it_fails() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    let now = || jiff::Timestamp::now().to_string();
    control.push(
        "workflow.started",
        json!({"workflowId": "w", "name": "Import", "progress": 10, "createdAt": now()}),
    );
    running.until("started", |state| state.counts.total == 1).await;
    assert_eq!(running.core.attach().await.unwrap().snapshot.counts.unseen, 0);
    control.push(
        "workflow.failed",
        json!({"workflowId": "w", "name": "Import", "error": "no space", "createdAt": now()}),
    );
    let toasts = soon("toast", desk.toasts.shown.wait_for(1)).await;
    assert_eq!(
        (toasts[0].title.as_str(), toasts[0].priority),
        ("Import", Priority::High)
    );
    assert_eq!(
        running
            .until("unseen", |state| state.counts.unseen == 1)
            .await
            .counts
            .total,
        1
    );
}

#[tokio::test]
async fn a_database_from_a_newer_version_is_told_and_alerts_go_on() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let newer = rusqlite::Connection::open(Paths::within(desk.home.path()).inbox()).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    drop(newer);
    let running = desk.start();
    let state = running.connected().await;
    let notice = state
        .notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Storage)
        .unwrap();
    assert!(notice.message.contains("newer version"), "{}", notice.message);
    control.push(CREATED, live("1", "normal"));
    soon("toast", desk.toasts.shown.wait_for(1)).await;
    let state = running.until("one", |state| state.counts.total == 1).await;
    assert!(
        state
            .notices
            .iter()
            .any(|notice| notice.kind == NoticeKind::Storage),
        "the notice stands"
    );
}

#[tokio::test]
async fn an_inbox_that_cannot_be_written_is_told_and_alerts_go_on() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    // A folder where the file should be refuses even the administrator.
    std::fs::create_dir(Paths::within(desk.home.path()).inbox()).unwrap();
    let running = desk.start();
    let state = running.connected().await;
    let notice = state
        .notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Storage)
        .unwrap();
    assert!(notice.message.contains("writable"), "{}", notice.message);
    control.push(CREATED, live("1", "normal"));
    soon("toast", desk.toasts.shown.wait_for(1)).await;
}

/// A clock whose time of day can be moved on, as a sleep does.
#[derive(Debug, Default)]
struct SleepyClock {
    slept: Mutex<Duration>,
}

impl Clock for SleepyClock {
    fn wall(&self) -> SystemTime {
        SystemTime::now() + *self.slept.lock().unwrap()
    }

    fn monotonic(&self) -> Instant {
        Instant::now()
    }
}

#[tokio::test]
async fn a_sleep_that_nobody_announced_ends_the_old_connection_and_makes_a_new_one() {
    let (backend, control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let clock = Arc::new(SleepyClock::default());
    let running = desk.start_by(clock.clone());
    running.connected().await;
    *clock.slept.lock().unwrap() = Duration::from_secs(3600);
    soon(
        "a second connection",
        control.wait_for(|seen| seen.streams_total == 2 && seen.streams == 1, DEADLINE),
    )
    .await
    .unwrap();
    running.connected().await;
}

#[tokio::test]
async fn a_desktop_without_a_tray_is_told_what_to_do_until_one_comes() {
    let (backend, _control) = backend().await;
    let desk = Desk::signed_in(&backend);
    let running = desk.start();
    running.connected().await;
    running
        .core
        .signal(Signal::TrayHost { present: false })
        .await
        .unwrap();
    let state = running.until("told", |state| !state.notices.is_empty()).await;
    assert_eq!(
        state.notices[0].message,
        "This desktop has no tray. Start Gloria Notify again to open its window"
    );
    running
        .core
        .signal(Signal::TrayHost { present: true })
        .await
        .unwrap();
    running.until("well", |state| state.notices.is_empty()).await;
}
