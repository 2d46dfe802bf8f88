//! Guarantees of the loop, tested with recording ports and a stream that the test feeds.

mod keeping;
mod kills;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_stream::machine::Epoch;
use gloria_stream::{Frame, Frames};
use serde_json::json;
use tokio::time::advance;

use super::*;
use crate::grant::Secret;
use crate::paths::Paths;
use crate::ports::fakes::{Behaviour, FakeNotifications, FakeWindow};
use crate::ports::{Clock, Ports, SecretError};
use crate::protocol::{SignOutForm, Update, WindowView};
use crate::testing;

/// Clocks for a test with paused tokio time.
#[derive(Debug)]
struct TestClock {
    began: (SystemTime, Instant),
}

impl Default for TestClock {
    fn default() -> Self {
        Self {
            began: (SystemTime::now(), Instant::now()),
        }
    }
}

impl Clock for TestClock {
    fn wall(&self) -> SystemTime {
        self.began.0 + self.began.1.elapsed()
    }

    fn monotonic(&self) -> std::time::Instant {
        Instant::now().into_std()
    }
}

pub(super) fn setup(home: &Path) -> Setup {
    let ports = Ports {
        clock: Arc::new(TestClock::default()),
        ..testing::ports()
    };
    testing::setup(Paths::within(home), HashMap::new(), ports)
}

/// Returns a delivery of live events with these numbers.
fn frames(numbers: std::ops::Range<u64>, wall: SystemTime) -> Delivery {
    let created_at = crate::connection::epoch_millis(wall);
    let frame = |number: u64| Frame {
        event: "notification.created".into(),
        data: json!({"id": number.to_string(), "title": "t", "message": "m", "category": "Builds",
            "createdAt": created_at})
        .to_string(),
        id: number.to_string().into(),
    };
    Delivery::Frames(Frames {
        received: Instant::now().into_std(),
        epoch: Epoch::default(),
        frames: numbers.map(frame).collect(),
    })
}

/// Like [`fed`], with an inbox whose work takes no time, so that a paused clock does not advance meanwhile.
fn fed_in_place(setup: &Setup) -> (Actor, mpsc::Sender<Delivery>) {
    crate::inbox::in_place::switch_on();
    fed(setup)
}

/// Returns an actor whose stream does not connect; the test sends its deliveries.
fn fed(setup: &Setup) -> (Actor, mpsc::Sender<Delivery>) {
    let mut actor = Actor::new(setup.clone()).unwrap();
    let address = Address::parse("http://127.0.0.1:9/api/v1", false).unwrap();
    let account = actor.accounts.in_force_or_first(&address.server());
    actor.set_account(account);
    actor.settings.address = Some(address);
    actor.open_stream();
    let sender = actor.link.feed();
    (actor, sender)
}

#[tokio::test(start_paused = true)]
async fn a_flood_that_never_stops_starves_no_timer() {
    let home = tempfile::tempdir().unwrap();
    let mut setup = setup(home.path());
    let notifications = Arc::new(FakeNotifications::default());
    setup.ports.notifications = notifications.clone();
    let clock = setup.ports.clock.clone();
    let (mut actor, deliveries) = fed(&setup);
    actor.store.fail(crate::message::storage_full());
    actor.publish_storage();
    let view = WindowView {
        connection_visible: true,
        ..WindowView::default()
    };
    actor.on_window_shows(view);
    let mut updates = actor.readers.attach().updates;
    let (_handle, mut inlet) = inlet();
    let fed = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&fed);
    // There is always one more event, and each takes the core some time.
    let flood = async move {
        loop {
            let number = counted.fetch_add(1, Ordering::Relaxed);
            deliveries
                .send(frames(number..number + 1, clock.wall()))
                .await
                .unwrap();
            if deliveries.capacity() == 0 {
                advance(Duration::from_millis(500)).await;
            }
        }
    };
    let (mut metrics, mut stored_again) = (0, false);
    let watch = async {
        while metrics < 10 || !stored_again || notifications.shown.all().len() < 6 {
            match updates.recv().await.unwrap().update {
                Update::Metrics(_) => metrics += 1,
                Update::Notices(notices) => stored_again |= notices.is_empty(),
                Update::Connection(_)
                | Update::Counts(_)
                | Update::ItemsStored(_)
                | Update::ItemsRemoved(_)
                | Update::InboxChanged
                | Update::Missed
                | Update::Account(_)
                | Update::SignIn(_)
                | Update::Preferences(_)
                | Update::Release(_)
                | Update::ItemRequested(_)
                | Update::ViewRequested(_)
                | Update::InView(_) => {}
            }
        }
    };
    tokio::select! {
        ending = actor.serve(&mut inlet) => panic!("{ending:?}"),
        () = flood => {}
        () = watch => {}
    }
}

/// A keyring that never answers.
#[derive(Debug)]
struct Hanging;

impl crate::ports::Secrets for Hanging {
    fn load(&self, _: &str) -> BoxFuture<'static, Result<Option<Secret>, SecretError>> {
        std::future::pending().boxed()
    }

    fn store(&self, _: &str, _: Secret) -> BoxFuture<'static, Result<(), SecretError>> {
        std::future::pending().boxed()
    }

    fn forget(&self, _: &str) -> BoxFuture<'static, Result<(), SecretError>> {
        std::future::pending().boxed()
    }

    fn forget_if(&self, _: &str, _: Secret) -> BoxFuture<'static, Result<(), SecretError>> {
        std::future::pending().boxed()
    }
}

/// Stops a core right after a request, and returns how long it took to end.
async fn end_of(handle: &CoreHandle, ending: impl Future<Output = Ending>) -> Duration {
    let began = Instant::now();
    let (stopped, ()) = tokio::join!(ending, async {
        handle.stop.send_replace(true);
    });
    assert_eq!(stopped, Ending::Asked);
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_disk_and_a_keyring_that_hang_do_not_keep_the_core_from_ending() {
    let home = tempfile::tempdir().unwrap();
    let mut setup = setup(home.path());
    setup.ports.secrets = Arc::new(Hanging);
    setup.environment =
        Arc::new(|name| (name == "GLORIA_API_URL").then(|| "http://127.0.0.1:9/api/v1".to_owned()));
    let (mut actor, (handle, mut inlet)) = (Actor::new(setup).unwrap(), inlet());
    let (release, released) = std::sync::mpsc::channel::<()>();
    let inbox = actor.store.inbox().clone();
    // The disk hangs for the whole test.
    tokio::spawn(async move {
        inbox
            .call(move |_| {
                let _ = released.recv();
                Ok(())
            })
            .await
    });
    actor.link.begin_account(Some(1));
    let core = handle.clone();
    tokio::spawn(async move { core.inbox_mark_all_seen().await });
    let core = handle.clone();
    tokio::spawn(async move { core.account_sign_out(SignOutForm { erase: false }).await });
    tokio::task::yield_now().await;
    let took = end_of(&handle, actor.run(&mut inlet)).await;
    assert!(took <= Duration::from_millis(250), "{took:?}");
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn what_is_over_the_number_is_removed_step_by_step_once_the_server_has_reported_the_time() {
    let home = tempfile::tempdir().unwrap();
    let setup = setup(home.path());
    let (mut actor, _deliveries) = fed(&setup);
    actor.settings.keep_items = 100;
    actor
        .handle_delivery(frames(1..351, setup.ports.clock.wall()))
        .await;
    let total = async |actor: &Actor| {
        actor
            .store
            .inbox()
            .read(|inbox| inbox.counts())
            .await
            .unwrap()
            .total
    };
    // The test controls the time, because a paused clock advances while the inbox's thread works.
    let run_upkeep = async |actor: &mut Actor| {
        for _ in 0..60 {
            let due = actor.upkeep.due();
            actor.run_upkeep(due).await;
        }
        actor.publish_items().await;
    };
    run_upkeep(&mut actor).await;
    assert_eq!(
        total(&actor).await,
        350,
        "this computer's clock alone could be wrong"
    );
    let time = crate::connection::epoch_millis(setup.ports.clock.wall());
    actor.link.on_server_time(time, actor.now());
    let mut updates = actor.readers.attach().updates;
    run_upkeep(&mut actor).await;
    assert_eq!(total(&actor).await, 100);
    assert_eq!(actor.readers.state().counts.total, 100);
    let mut reported = false;
    while let Ok(revised) = updates.try_recv() {
        reported |= revised.update == Update::InboxChanged;
    }
    assert!(reported, "readers read their pages again");
}

/// Longer than any timer that is tested.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test(start_paused = true)]
async fn what_a_service_refused_or_lost_is_asked_for_again_though_nothing_else_comes() {
    // One service refuses; the other reports that it is ready before it reports what it has lost.
    for loses in [false, true] {
        let behaviour = if loses {
            Behaviour::Hangs
        } else {
            Behaviour::Refuses("LimitsExceeded".into())
        };
        let home = tempfile::tempdir().unwrap();
        let mut setup = setup(home.path());
        let notifications = Arc::new(FakeNotifications::default());
        setup.ports.notifications = notifications.clone();
        let (mut actor, deliveries) = fed_in_place(&setup);
        let (_handle, mut inlet) = inlet();
        notifications.behave(behaviour.clone());
        deliveries
            .send(frames(1..2, setup.ports.clock.wall()))
            .await
            .unwrap();
        let watch = async {
            notifications.asked.wait_for(1).await;
            // By then the core has handled it.
            tokio::time::sleep(Duration::from_secs(1)).await;
            if loses {
                notifications.lose();
            } else {
                notifications.behave(Behaviour::Answers);
            }
            notifications.shown.wait_for(1).await;
        };
        tokio::select! {
            ending = actor.serve(&mut inlet) => panic!("{ending:?}"),
            shown = timeout(DAY, watch) => assert!(shown.is_ok(), "never after {behaviour:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_always_refuses_is_asked_rarely() {
    let home = tempfile::tempdir().unwrap();
    let mut setup = setup(home.path());
    let notifications = Arc::new(FakeNotifications::default());
    setup.ports.notifications = notifications.clone();
    let (mut actor, deliveries) = fed_in_place(&setup);
    let (_handle, mut inlet) = inlet();
    notifications.behave(Behaviour::Refuses("never".into()));
    deliveries
        .send(frames(1..2, setup.ports.clock.wall()))
        .await
        .unwrap();
    let hour = Duration::from_secs(60 * 60);
    let ended = timeout(hour, actor.serve(&mut inlet)).await;
    assert!(ended.is_err(), "{ended:?}");
    let asked = notifications.asked.all().len();
    assert!((10..=20).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_click_that_comes_before_the_answer_opens_the_item_once_it_is_there() {
    let home = tempfile::tempdir().unwrap();
    let mut setup = setup(home.path());
    let (notifications, window) = (
        Arc::new(FakeNotifications::default()),
        Arc::new(FakeWindow::default()),
    );
    setup.ports.notifications = notifications.clone();
    setup.ports.window = window.clone();
    let (mut actor, _deliveries) = fed_in_place(&setup);
    actor.on_first_notification_events().await;
    notifications.behave(Behaviour::Hangs);
    actor
        .handle_delivery(frames(1..2, setup.ports.clock.wall()))
        .await;
    assert_eq!(notifications.asked.all().len(), 1);
    let service = |id| crate::ports::NotificationHandle {
        service: ":fake.0".into(),
        id,
    };
    for (id, token) in [(77, "of another application"), (1, "the click's")] {
        let clicked = NotificationEvent::Activated {
            handle: service(id),
            activation_token: Some(token.into()),
        };
        actor.on_notification_event(Some(clicked)).await;
        let closed = NotificationEvent::Closed { handle: service(id) };
        actor.on_notification_event(Some(closed)).await;
    }
    assert_eq!(window.opened.all(), []);
    notifications.behave(Behaviour::Answers);
    while window.opened.all().is_empty() {
        let report = actor.reports.1.recv().await.unwrap();
        actor.on_report(report).await;
    }
    assert_eq!(window.opened.all(), [Some("the click's".to_owned())]);
    assert_eq!(actor.readers.state().requested_item.as_deref(), Some("n:1"));
    let alerts = actor.store.inbox().read(|inbox| inbox.alerts()).await.unwrap();
    let alerts: Vec<_> = alerts.iter().map(|alert| (alert.state, &alert.handle)).collect();
    assert_eq!(alerts, [(crate::item::AlertState::Shown, &None)], "it is closed");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_before_it_is_known_who_shows_it() {
    let home = tempfile::tempdir().unwrap();
    let mut setup = setup(home.path());
    let notifications = Arc::new(FakeNotifications::default());
    setup.ports.notifications = notifications.clone();
    let (mut actor, _deliveries) = fed_in_place(&setup);
    let wall = setup.ports.clock.wall();
    actor.handle_delivery(frames(1..3, wall)).await;
    let Delivery::Frames(mut deleted) = frames(1..2, wall) else {
        unreachable!()
    };
    deleted.frames[0].event = "notification.deleted".into();
    deleted.frames[0].id = "3".into();
    actor.handle_delivery(Delivery::Frames(deleted)).await;
    assert_eq!(notifications.asked.all(), []);
    actor.on_first_notification_events().await;
    let asked: Vec<_> = notifications
        .asked
        .all()
        .into_iter()
        .map(|request| request.subject)
        .collect();
    assert_eq!(asked, [crate::ports::Subject::Item("n:2".into())]);
}

/// Records, whenever something is shown or played, how many updates readers have received.
#[derive(Debug)]
struct UserFirst {
    updates: std::sync::Mutex<tokio::sync::broadcast::Receiver<crate::protocol::Revised>>,
    notifications: FakeNotifications,
    /// What was done, and the number of updates at that time.
    done: std::sync::Mutex<Vec<(&'static str, usize)>>,
}

impl UserFirst {
    fn look(&self, deed: &'static str) {
        let reported = self.updates.lock().unwrap().len();
        self.done.lock().unwrap().push((deed, reported));
    }
}

impl crate::ports::Notifications for UserFirst {
    fn show(
        &self,
        request: crate::ports::NotificationRequest,
    ) -> BoxFuture<'static, Result<Answer, NotificationError>> {
        self.look("shown");
        self.notifications.show(request)
    }

    fn withdraw(&self, handle: crate::ports::NotificationHandle) {
        self.notifications.withdraw(handle);
    }

    fn watch(&self) -> mpsc::Receiver<NotificationEvent> {
        self.notifications.watch()
    }
}

impl crate::ports::Sounds for UserFirst {
    fn play(&self, _: crate::item::SoundName, _: u8) -> BoxFuture<'static, Result<(), SoundError>> {
        self.look("played");
        async { Ok(()) }.boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn notification_and_sound_go_out_before_counts_and_readers() {
    let home = tempfile::tempdir().unwrap();
    let setup = setup(home.path());
    let (mut actor, _deliveries) = fed_in_place(&setup);
    actor.on_first_notification_events().await;
    let first = Arc::new(UserFirst {
        updates: std::sync::Mutex::new(actor.readers.attach().updates),
        notifications: FakeNotifications::default(),
        done: std::sync::Mutex::default(),
    });
    actor.setup.ports.notifications = first.clone();
    actor.setup.ports.sounds = first.clone();
    actor
        .handle_delivery(frames(1..2, setup.ports.clock.wall()))
        .await;
    assert_eq!(*first.done.lock().unwrap(), [("shown", 0), ("played", 0)]);
    actor.serve_timers().await;
    let mut updates = first.updates.lock().unwrap();
    let mut reported = Vec::new();
    while let Ok(revised) = updates.try_recv() {
        reported.push(revised.update);
    }
    let is = |wanted: fn(&Update) -> bool| reported.iter().any(wanted);
    assert!(
        is(|update| matches!(update, Update::ItemsStored(_))),
        "{reported:?}"
    );
    assert!(is(|update| matches!(update, Update::Counts(_))), "{reported:?}");
}

#[tokio::test]
async fn a_session_in_whose_place_another_comes_has_nothing_left_to_send() {
    let home = tempfile::tempdir().unwrap();
    let mut actor = Actor::new(setup(home.path())).unwrap();
    let address = Address::parse("https://gloria.example/api", false).unwrap();
    let first = actor.session_for(&address);
    first.enter(crate::token::Token::parse("anna's").unwrap());
    actor.tokens.put_in_force(first.clone());
    actor.settings.auth_transport = crate::token::AuthTransport::Query;
    let second = actor.session_for(&address);
    actor.tokens.put_in_force(second.clone());
    assert!(!second.is_same_as(&first));
    assert!(second.owner().is_some(), "it has what no keyring has");
    assert!(first.owner().is_none(), "both would renew by one refresh token");
}
