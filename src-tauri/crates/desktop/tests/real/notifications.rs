//! Notifications on a real bus: with dunst, and with a service that hangs, lags, refuses and goes away on request.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_core::item::Priority;
use gloria_core::ports::{
    Answer, Delivery, NotificationError, NotificationEvent, NotificationHandle, NotificationRequest,
    Notifications as _, PanicReports, ServiceState, Subject,
};
use gloria_desktop::{Identity, SessionNotifications};
use gloria_desktop_session::{
    Keyring, NotificationService, Part, ServiceBehaviour, ServiceOptions, Session, SessionOptions, wait_until,
};
use gloria_words::{Words, Zone};
use rustix::process::Signal;
use tokio::sync::mpsc;
use tokio::time::timeout;
use zbus::zvariant::Value;

/// Far beyond what anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

type Events = mpsc::Receiver<NotificationEvent>;

async fn session(notifications: bool) -> Session {
    let options = SessionOptions {
        tray_host: false,
        notifications,
        sound: false,
        keyring: Keyring::None,
        ..SessionOptions::default()
    };
    Session::start(options).await.unwrap()
}

fn english() -> Arc<Words> {
    Arc::new(Words::load(["en"], Zone::utc()))
}

/// As a newly started app.
fn client(session: &Session) -> (SessionNotifications, Events) {
    let notifications = SessionNotifications::on_bus(
        session.bus_address(),
        Identity::default(),
        english(),
        &PanicReports::channel().0,
    );
    let events = notifications.watch();
    (notifications, events)
}

fn request(title: &str) -> NotificationRequest {
    NotificationRequest {
        subject: Subject::Item(format!("n:{title}")),
        title: title.into(),
        body: "R&D <b>".into(),
        priority: Priority::Normal,
        replaces: None,
    }
}

async fn within_deadline<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

async fn answer(shown: BoxFuture<'static, Result<Answer, NotificationError>>) -> Answer {
    within_deadline("an answer", shown).await.unwrap()
}

async fn until(events: &mut Events, wanted: impl Fn(&NotificationEvent) -> bool) -> Vec<NotificationEvent> {
    let mut before = Vec::new();
    loop {
        let event = within_deadline("an event", events.recv()).await.unwrap();
        if wanted(&event) {
            before.push(event);
            return before;
        }
        before.push(event);
    }
}

async fn state(events: &mut Events, wanted: ServiceState) {
    until(events, |event| *event == NotificationEvent::Service(wanted)).await;
}

fn is_activated(event: &NotificationEvent) -> bool {
    matches!(event, NotificationEvent::Activated { .. })
}

#[tokio::test]
async fn dunst_answers_shows_replaces_and_closes() {
    let session = session(true).await;
    let (notifications, mut events) = client(&session);
    state(&mut events, ServiceState::Ready).await;

    let first = answer(notifications.show(request("first"))).await;
    assert_eq!(first.delivery, Delivery::Shown);
    let seen = session
        .wait_for_notification(DEADLINE, |shown| shown.summary == "first")
        .await
        .unwrap();
    assert_eq!(seen.id, Some(first.handle.id));
    assert_eq!((seen.app_name.as_str(), seen.urgency), ("Gloria Notify", Some(1)));
    assert_eq!(seen.body, "R&amp;D &lt;b&gt;");
    let actions = ["default", "open"].map(|key| (key.to_owned(), "Open".to_owned()));
    assert_eq!(seen.actions, actions);

    let second = NotificationRequest {
        replaces: Some(first.handle.clone()),
        priority: Priority::Urgent,
        ..request("second")
    };
    let second = answer(notifications.show(second)).await;
    assert_eq!(second.handle, first.handle, "it takes the place of the first");
    let seen = session
        .wait_for_notification(DEADLINE, |shown| shown.summary == "second")
        .await
        .unwrap();
    assert_eq!((seen.urgency, seen.timeout), (Some(2), 0));

    notifications.withdraw(second.handle.clone());
    let closed = NotificationEvent::Closed {
        handle: second.handle,
    };
    until(&mut events, |event| *event == closed).await;
}

#[tokio::test]
async fn both_a_click_and_the_button_of_dunst_activate() {
    let session = session(true).await;
    let (notifications, mut events) = client(&session);
    for key in ["default", "open"] {
        let shown = answer(notifications.show(request(key))).await;
        session.invoke_notification_action(shown.handle.id, key).unwrap();
        let activated = until(&mut events, is_activated).await;
        assert!(
            matches!(activated.last(), Some(NotificationEvent::Activated { handle, .. }) if *handle == shown.handle),
            "{activated:?}"
        );
    }
}

#[tokio::test]
async fn a_dunst_that_is_paused_queues_what_it_is_asked_and_says_when_it_goes_on() {
    let session = session(true).await;
    let (notifications, mut events) = client(&session);
    state(&mut events, ServiceState::Ready).await;
    let pause = |paused: &str| {
        let mut dunst = session.command("dunstctl");
        assert!(dunst.args(["set-paused", paused]).status().unwrap().success());
    };

    pause("true");
    state(&mut events, ServiceState::Paused).await;
    let queued = answer(notifications.show(request("queued"))).await;
    assert_eq!(queued.delivery, Delivery::Queued);
    // An app that starts meanwhile knows as well.
    let (_another, mut of_another) = client(&session);
    state(&mut of_another, ServiceState::Paused).await;

    pause("false");
    state(&mut events, ServiceState::Ready).await;
    let shown = answer(notifications.show(request("shown"))).await;
    assert_eq!(shown.delivery, Delivery::Shown);
}

#[tokio::test]
async fn a_stopped_dunst_is_reported_and_answers_late_and_once() {
    let session = session(true).await;
    let (notifications, mut events) = client(&session);
    answer(notifications.show(request("before"))).await;

    session.signal_part(Part::Notifications, Signal::STOP);
    let late = notifications.show(request("late"));
    state(&mut events, ServiceState::Hanging).await;
    session.signal_part(Part::Notifications, Signal::CONT);

    let late = answer(late).await;
    assert_eq!(late.delivery, Delivery::Shown);
    state(&mut events, ServiceState::Ready).await;
    answer(notifications.show(request("after"))).await;
    let titles: Vec<_> = session
        .notifications()
        .into_iter()
        .map(|shown| shown.summary)
        .collect();
    assert_eq!(titles, ["before", "late", "after"]);
}

#[tokio::test]
async fn a_service_that_hangs_before_it_has_said_what_it_can_do_is_reported_too() {
    let session = session(false).await;
    let service = NotificationService::start(&session.bus_address()).await.unwrap();
    service.behave(ServiceBehaviour::Hangs);
    let (notifications, mut events) = client(&session);
    let late = notifications.show(request("late"));
    state(&mut events, ServiceState::Hanging).await;
    service.behave(ServiceBehaviour::Answers);
    assert_eq!(answer(late).await.delivery, Delivery::Shown);
    assert_eq!(service.notify_calls().len(), 1);
}

#[tokio::test]
async fn what_a_service_does_not_answer_though_it_answers_later_questions_is_lost() {
    let session = session(false).await;
    let service = NotificationService::start(&session.bus_address()).await.unwrap();
    let (notifications, mut events) = client(&session);
    service.behave(ServiceBehaviour::Forgets);
    let forgotten = notifications.show(request("forgotten"));
    state(&mut events, ServiceState::Hanging).await;
    state(&mut events, ServiceState::Ready).await;
    // A caller that asks again once the service is back already has this result.
    assert_eq!(forgotten.now_or_never(), Some(Err(NotificationError::Lost)));
}

#[tokio::test]
async fn a_service_that_goes_away_loses_what_it_had_not_answered_and_another_begins_anew() {
    let session = session(false).await;
    let mut service = NotificationService::start(&session.bus_address()).await.unwrap();
    let (notifications, mut events) = client(&session);
    let shown = answer(notifications.show(request("shown"))).await;
    service.behave(ServiceBehaviour::Hangs);
    let lost = notifications.show(request("lost"));
    // It has reached the service once that is asked for something later.
    state(&mut events, ServiceState::Hanging).await;

    service.vanish().await.unwrap();
    assert_eq!(
        within_deadline("an end", lost).await,
        Err(NotificationError::Lost)
    );
    state(&mut events, ServiceState::Absent).await;
    let refused = within_deadline("an answer", notifications.show(request("refused"))).await;
    assert_eq!(refused, Err(NotificationError::NoService));

    service.behave(ServiceBehaviour::Answers);
    service.come_back().await.unwrap();
    state(&mut events, ServiceState::Ready).await;
    // What the first one showed is not the new one's notification of the same number.
    let again = NotificationRequest {
        replaces: Some(shown.handle.clone()),
        ..request("again")
    };
    let again = answer(notifications.show(again)).await;
    assert_ne!(again.handle.service, shown.handle.service);
    notifications.withdraw(shown.handle);
    notifications.withdraw(again.handle.clone());
    service.wait_for_close(again.handle.id, DEADLINE).await.unwrap();
    assert_eq!(service.closed(), [again.handle.id]);
    let calls = service.notify_calls();
    assert_eq!(calls.last().unwrap().replaces, 0);
}

#[tokio::test]
async fn a_service_that_refuses_says_so_and_its_words_stay_with_it() {
    let session = session(false).await;
    let service = NotificationService::start(&session.bus_address()).await.unwrap();
    service.behave(ServiceBehaviour::Refuses);
    let (notifications, _events) = client(&session);
    let refused = within_deadline("an answer", notifications.show(request("refused"))).await;
    let name = "org.freedesktop.Notifications.Error.ExcessNotificationGeneration";
    assert_eq!(refused, Err(NotificationError::Refused(name.into())));
}

#[tokio::test]
async fn what_an_earlier_run_showed_is_clicked_and_withdrawn_by_the_next() {
    let session = session(false).await;
    let service = NotificationService::start(&session.bus_address()).await.unwrap();
    let (earlier, _) = client(&session);
    let clicked = answer(earlier.show(request("clicked"))).await.handle;
    let withdrawn = answer(earlier.show(request("withdrawn"))).await.handle;
    drop(earlier);

    let (next, mut events) = client(&session);
    // At once: before anything is known of the service.
    next.withdraw(withdrawn.clone());
    next.withdraw(NotificationHandle {
        service: ":1.77777".into(),
        id: clicked.id,
    });
    service.wait_for_close(withdrawn.id, DEADLINE).await.unwrap();
    state(&mut events, ServiceState::Ready).await;
    service.click(clicked.id, Some("a-token")).await.unwrap();

    let activated = NotificationEvent::Activated {
        handle: clicked.clone(),
        activation_token: Some("a-token".into()),
    };
    until(&mut events, |event| *event == activated).await;
    let closed = NotificationEvent::Closed { handle: clicked };
    until(&mut events, |event| *event == closed).await;
    assert_eq!(service.closed(), [withdrawn.id]);
}

#[tokio::test]
async fn a_stranger_on_the_bus_clicks_closes_and_pauses_nothing() {
    let session = session(false).await;
    let service = NotificationService::start(&session.bus_address()).await.unwrap();
    let (notifications, mut events) = client(&session);
    let shown = answer(notifications.show(request("shown"))).await.handle;
    let client_name = service.notify_calls()[0].sender.clone();

    let stranger = session.bus().unwrap();
    let path = "/org/freedesktop/Notifications";
    let interface = "org.freedesktop.Notifications";
    // To everybody, and to the app alone, for which it needs no subscription.
    for destination in [None, Some(client_name.as_str())] {
        let body = (shown.id, "default");
        stranger
            .emit_signal(destination, path, interface, "ActionInvoked", &body)
            .await
            .unwrap();
        let body = (shown.id, 2_u32);
        stranger
            .emit_signal(destination, path, interface, "NotificationClosed", &body)
            .await
            .unwrap();
        let changed = std::collections::HashMap::from([("Inhibited", Value::Bool(true))]);
        let body = (interface, changed, Vec::<String>::new());
        let properties = "org.freedesktop.DBus.Properties";
        stranger
            .emit_signal(destination, path, properties, "PropertiesChanged", &body)
            .await
            .unwrap();
        let body = (interface, shown.service.as_str(), "");
        let bus = "org.freedesktop.DBus";
        stranger
            .emit_signal(
                destination,
                "/org/freedesktop/DBus",
                bus,
                "NameOwnerChanged",
                &body,
            )
            .await
            .unwrap();
    }
    // What the service itself says comes after it.
    service.click(shown.id, None).await.unwrap();
    let seen = until(&mut events, is_activated).await;
    let expected = [
        NotificationEvent::Service(ServiceState::Ready),
        NotificationEvent::Activated {
            handle: shown,
            activation_token: None,
        },
    ];
    assert!(expected.ends_with(&seen), "{seen:?}");
}

#[tokio::test]
async fn a_desktop_that_is_not_to_disturb_is_paused() {
    let session = session(false).await;
    let service = NotificationService::start(&session.bus_address()).await.unwrap();
    let (notifications, mut events) = client(&session);
    state(&mut events, ServiceState::Ready).await;
    service.set_inhibited(true).await.unwrap();
    state(&mut events, ServiceState::Paused).await;
    assert_eq!(
        answer(notifications.show(request("queued"))).await.delivery,
        Delivery::Queued
    );
    service.set_inhibited(false).await.unwrap();
    state(&mut events, ServiceState::Ready).await;
    assert_eq!(
        answer(notifications.show(request("shown"))).await.delivery,
        Delivery::Shown
    );
}

#[tokio::test]
async fn plain_bodies_are_not_escaped_and_a_service_without_actions_gets_none() {
    let session = session(false).await;
    let options = ServiceOptions {
        name: "plain".into(),
        capabilities: vec!["body".into()],
    };
    let service = NotificationService::with(&session.bus_address(), options)
        .await
        .unwrap();
    let (notifications, _events) = client(&session);
    answer(notifications.show(request("plain"))).await;
    let call = &service.notify_calls()[0];
    assert_eq!((call.body.as_str(), call.actions.len()), ("R&D <b>", 0));
    assert_eq!(*call.hints["suppress-sound"], Value::Bool(true));
    assert_eq!(*call.hints["category"], Value::from("im.received"));
}

#[tokio::test]
async fn without_a_bus_nothing_is_shown_until_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:path={}", folder.path().join("bus").display());
    let notifications = SessionNotifications::on_bus(
        address.as_str(),
        Identity::default(),
        english(),
        &PanicReports::channel().0,
    );
    let mut events = notifications.watch();
    state(&mut events, ServiceState::Absent).await;
    let refused = within_deadline("an answer", notifications.show(request("refused"))).await;
    assert_eq!(refused, Err(NotificationError::NoService));

    let session = session(false).await;
    let service = NotificationService::start(&session.bus_address()).await.unwrap();
    let of_session = session.bus_address();
    let socket = of_session.strip_prefix("unix:path=").unwrap();
    std::os::unix::fs::symlink(socket, folder.path().join("bus")).unwrap();
    state(&mut events, ServiceState::Ready).await;
    answer(notifications.show(request("shown"))).await;

    // The bus goes, and everybody with it.
    drop((service, session));
    state(&mut events, ServiceState::Absent).await;
}

#[tokio::test]
async fn a_service_that_the_bus_starts_is_started_by_the_first_notification() {
    let session = session(false).await;
    session.let_bus_start_notifications().await.unwrap();
    let (notifications, mut events) = client(&session);
    state(&mut events, ServiceState::Ready).await;
    assert_eq!(
        answer(notifications.show(request("started"))).await.delivery,
        Delivery::Shown
    );
    wait_until("the monitor", DEADLINE, async || {
        Ok((session.notifications().len() == 1).then_some(()))
    })
    .await
    .unwrap();
}
