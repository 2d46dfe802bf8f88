//! A core that crashes is restarted, reports it, and loses nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_core::metrics::status::Health;
use gloria_core::ports::fakes::FakeNotifications;
use gloria_core::ports::{
    Answer, NotificationError, NotificationEvent, NotificationHandle, NotificationRequest, Notifications,
    OpenError, Opener, PanicReports, SystemClock,
};
use gloria_core::protocol::{
    ConnectionState, EventType, FollowRequest, ListenerMessage, NoticeKind, Snapshot,
};
use gloria_core::{CoreError, Setup, supervise};
use tokio::sync::mpsc;

use crate::harness::{CREATED, Harness, Running, Spoken, backend, live, within_deadline};

/// Notifications that panic in the caller at a certain title.
#[derive(Debug)]
struct Fragile {
    notifications: Arc<FakeNotifications>,
    panics: PanicReports,
}

impl Notifications for Fragile {
    fn show(&self, request: NotificationRequest) -> BoxFuture<'static, Result<Answer, NotificationError>> {
        match request.title.words().as_str() {
            "title break the core" => panic!("as the test wants"),
            "title break a thread" => {
                let guard = self.panics.guard("notifications");
                std::thread::spawn(move || {
                    let _guard = guard;
                    panic!("as the test wants")
                });
                std::future::pending().boxed()
            }
            _ => self.notifications.show(request),
        }
    }

    fn withdraw(&self, handle: NotificationHandle) {
        self.notifications.withdraw(handle);
    }

    fn watch(&self) -> mpsc::Receiver<NotificationEvent> {
        self.notifications.watch()
    }
}

/// A browser that panics in the caller when it opens a link.
#[derive(Debug)]
struct FragileOpener;

impl Opener for FragileOpener {
    fn open(&self, _link: &str) -> Result<(), OpenError> {
        panic!("as the test wants")
    }
}

/// Returns a supervised core on this harness, and how often its setup was created.
fn supervised(harness: &Harness) -> (Running, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let (count, plain, notifications) = (
        made.clone(),
        harness.setup(Arc::new(SystemClock)),
        harness.notifications.clone(),
    );
    let make = move |panics: &PanicReports| {
        count.fetch_add(1, Ordering::SeqCst);
        let mut setup: Setup = plain.clone();
        setup.ports.notifications = Arc::new(Fragile {
            notifications: notifications.clone(),
            panics: panics.clone(),
        });
        setup.ports.opener = Arc::new(FragileOpener);
        Ok(setup)
    };
    let (core, task) = supervise(make).unwrap();
    (Running { core, task }, made)
}

fn says_so(state: &Snapshot) -> bool {
    state
        .notices
        .iter()
        .any(|notice| notice.kind == NoticeKind::Internal)
}

/// Follows the state like a window: attaches again if a revision is missing.
async fn followed(running: &Running, what: &str, wanted: impl Fn(&Snapshot) -> bool) {
    let follow = async {
        loop {
            let attached = running.core.attach().await.unwrap();
            let (mut state, mut updates) = (attached.snapshot, attached.updates);
            loop {
                if wanted(&state) {
                    return;
                }
                let revised = updates.recv().await.unwrap();
                if revised.revision != state.revision + 1 {
                    break;
                }
                state.apply(revised);
            }
        }
    };
    within_deadline(what, follow).await;
}

#[tokio::test]
async fn a_core_that_panics_at_once_comes_back_each_time_and_tells_once() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let (running, _) = supervised(&harness);
    running.connected().await;
    for (id, streams) in [("1", 2_u64), ("2", 3)] {
        let mut poison = live(id, "normal");
        poison["title"] = "title break the core".into();
        control.push(CREATED, poison);
        followed(&running, "it says that it broke", |state| {
            says_so(state)
                && state.connection.state == ConnectionState::Waiting
                && state.connection.next_attempt_at.is_some()
        })
        .await;
        let report = running.core.status().await.unwrap();
        assert_eq!(report.health, Health::Working);
        assert!(
            report.connection.reason.words().contains("internal error"),
            "{report:?}"
        );
        assert!(
            matches!(
                running.core.inbox_mark_all_read().await,
                Err(CoreError::Restarting)
            ),
            "what needs a core is refused and not left unanswered"
        );
        followed(&running, "it is connected again", |state| {
            state.connection.state == ConnectionState::Connected
        })
        .await;
        assert_eq!(control.observed().streams_total, streams);
    }
    control.push(CREATED, live("3", "normal"));
    followed(&running, "all is stored", |state| {
        state.counts.total == 3 && says_so(state)
    })
    .await;
    within_deadline("the live one", harness.notifications.shown.wait_for(2)).await;
    assert_eq!(
        harness.titles(),
        ["Gloria Notify had an internal error", "title 3"]
    );
    running.stop().await;
}

#[tokio::test]
async fn what_waited_to_be_announced_is_announced_by_the_next_core() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let (running, _) = supervised(&harness);
    running.connected().await;
    for id in 0..8 {
        control.push(CREATED, live(&id.to_string(), "normal"));
    }
    // Urgent, so that it does not wait with the others.
    control.push(CREATED, live("break the core", "urgent"));
    within_deadline("all of it", harness.notifications.shown.wait_for(7)).await;
    let mut titles = harness.titles();
    titles.sort_unstable();
    assert_eq!(
        titles,
        [
            "3 more notifications",
            "Gloria Notify had an internal error",
            "title 0",
            "title 1",
            "title 2",
            "title 3",
            "title 4"
        ]
    );
    running.stop().await;
}

#[tokio::test]
async fn a_port_whose_thread_panicked_is_replaced_with_the_core() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let (running, made) = supervised(&harness);
    running.connected().await;
    control.push(CREATED, live("break a thread", "normal"));
    followed(&running, "it says that it broke", says_so).await;
    // It is requested once more, and then suppressed: what crashes the app each time must not do so forever.
    followed(&running, "it is connected again", |state| {
        state.connection.state == ConnectionState::Connected && made.load(Ordering::SeqCst) == 3
    })
    .await;
    control.push(CREATED, live("2", "normal"));
    within_deadline(
        "the notification after it",
        harness.notifications.shown.wait_for(2),
    )
    .await;
    assert_eq!(harness.titles().last().unwrap(), "title 2");
    running.stop().await;
}

#[tokio::test]
async fn an_app_that_is_asked_to_end_does_not_wait_for_the_restart() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let (running, _) = supervised(&harness);
    running.connected().await;
    control.push(CREATED, live("break the core", "normal"));
    followed(&running, "it says that it broke", says_so).await;
    running.stop().await;
}

#[tokio::test]
async fn a_request_that_breaks_the_core_is_answered_and_listeners_go_on_with_the_next() {
    let (backend, control) = backend().await;
    let harness = Harness::signed_in(&backend);
    let (running, _) = supervised(&harness);
    running.connected().await;
    let mut deleted = running.core.listen([EventType::NotificationDeleted]);
    let mut item = live("1", "low");
    item["link"] = "https://gloria.example/1".into();
    control.push(CREATED, item);
    running.until("it", |state| state.counts.total == 1).await;
    let follow = FollowRequest {
        key: "n:1".into(),
        action: None,
    };
    let answer = within_deadline("an answer", running.core.item_follow(follow)).await;
    assert!(matches!(answer, Err(CoreError::Restarting)), "{answer:?}");
    // The user does not want to wait.
    running.core.connection_retry().await.unwrap();
    followed(&running, "the next core", |state| {
        state.connection.state == ConnectionState::Connected
    })
    .await;
    control.push("notification.deleted", serde_json::json!({"id": "1"}));
    let message = within_deadline("the event", deleted.next()).await.unwrap();
    assert!(matches!(message, ListenerMessage::Event(_)), "{message:?}");
    running.stop().await;
}
