//! The desktop itself: each of its parts must show what is there, and nothing else.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::HashMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gloria_desktop_session::{
    Keyring, NotificationService, Part, Screen, ServiceBehaviour, Session, SessionOptions, wait_until,
};
use zbus::zvariant::Value;

const DEADLINE: Duration = Duration::from_secs(90);

fn bare() -> SessionOptions {
    SessionOptions {
        tray_host: false,
        notifications: false,
        sound: false,
        keyring: Keyring::None,
        ..SessionOptions::default()
    }
}

async fn show_notification(session: &Session, summary: &str) -> u32 {
    let hints: HashMap<&str, Value<'_>> = HashMap::from([("urgency", Value::U8(1))]);
    let actions = ["default", "Open", "later", "Remind me"];
    let arguments = (
        "Gloria",
        0_u32,
        "",
        summary,
        "Task <b>assigned</b>",
        &actions[..],
        hints,
        -1_i32,
    );
    let path = "/org/freedesktop/Notifications";
    let service = Some("org.freedesktop.Notifications");
    let bus = session.bus().unwrap();
    let reply = bus
        .call_method(service, path, service, "Notify", &arguments)
        .await
        .unwrap();
    reply.body().deserialize().unwrap()
}

fn status(mut command: Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

#[tokio::test]
async fn a_notification_is_seen_pictured_and_its_actions_can_be_taken() {
    let session = Session::start(SessionOptions {
        notifications: true,
        ..bare()
    })
    .await
    .unwrap();
    let before = session.dir().join("before.png");
    session.screenshot(&before).unwrap();

    let id = show_notification(&session, "New Task").await;
    let notification = session
        .wait_for_notification(DEADLINE, |notification| notification.summary == "New Task")
        .await
        .unwrap();

    assert_eq!(notification.id, Some(id));
    assert_eq!(
        (notification.app_name.as_str(), notification.urgency),
        ("Gloria", Some(1))
    );
    assert_eq!(notification.body, "Task <b>assigned</b>");
    assert_eq!(
        notification.actions[1],
        ("later".to_owned(), "Remind me".to_owned())
    );
    let after = session.dir().join("after.png");
    wait_until("the notification on screen", DEADLINE, async || {
        session.screenshot(&after)?;
        Ok((std::fs::read(&before)? != std::fs::read(&after)?).then_some(()))
    })
    .await
    .unwrap();

    let rule = zbus::MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .member("ActionInvoked")
        .unwrap()
        .build();
    let bus = session.bus().unwrap();
    let mut invoked = zbus::MessageStream::for_match_rule(rule, bus, None)
        .await
        .unwrap();
    for key in ["later", "default"] {
        let id = show_notification(&session, key).await;
        session.invoke_notification_action(id, key).unwrap();
        let signal = tokio::time::timeout(DEADLINE, futures_util::StreamExt::next(&mut invoked))
            .await
            .unwrap();
        let signal = signal.unwrap().unwrap();
        let action: (u32, String) = signal.body().deserialize().unwrap();
        assert_eq!(action, (id, key.to_owned()));
    }
}

#[tokio::test]
async fn a_notification_that_nobody_showed_is_not_seen() {
    let session = Session::start(SessionOptions {
        notifications: true,
        ..bare()
    })
    .await
    .unwrap();
    show_notification(&session, "Another").await;

    let waited = session
        .wait_for_notification(Duration::from_millis(300), |notification| {
            notification.summary == "New Task"
        })
        .await;

    assert!(
        waited.unwrap_err().to_string().contains("Another"),
        "the error says what was seen instead"
    );
}

#[tokio::test]
async fn a_sound_is_heard_and_silence_is_silent() {
    let session = Session::start(SessionOptions {
        sound: true,
        ..bare()
    })
    .await
    .unwrap();
    session
        .expect_silence(Instant::now(), Duration::from_millis(300))
        .await
        .unwrap();

    let wave: Vec<u8> = (0_u32..22_050)
        .flat_map(|n| if n % 100 < 50 { 6000_i16 } else { -6000 }.to_le_bytes())
        .collect();
    let file = session.dir().join("wave.raw");
    std::fs::write(&file, wave).unwrap();
    let since = Instant::now();
    let mut play = session.command("pacat");
    play.args([
        "--playback",
        "--raw",
        "--format=s16le",
        "--rate=44100",
        "--channels=1",
    ])
    .arg(file);
    assert!(status(play));

    let loud = session.wait_for_sound(since, DEADLINE).await.unwrap();
    assert!(
        loud < 0.5,
        "a square wave of 6000 is 0.18 of full scale, not {loud}"
    );
    assert!(
        session
            .expect_silence(since, Duration::from_millis(100))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_keyring_keeps_a_secret_when_it_is_open() {
    let session = Session::start(SessionOptions {
        keyring: Keyring::Unlocked,
        ..bare()
    })
    .await
    .unwrap();
    assert!(store(&session).await);
}

#[tokio::test]
async fn a_keyring_that_crashes_is_there_again_for_the_next_call_and_one_that_was_stopped_is_not() {
    let mut session = Session::start(SessionOptions {
        keyring: Keyring::Unlocked,
        ..bare()
    })
    .await
    .unwrap();
    assert!(store(&session).await);
    for _ in 0..2 {
        let [daemon] = session.processes("gnome-keyring-daemon")[..] else {
            panic!("not one keyring")
        };
        let mut kill = Command::new("kill");
        kill.args(["-ABRT", &daemon.to_string()]);
        assert!(status(kill));
        let mut look = session.command("secret-tool");
        look.args(["lookup", "purpose", "test"]);
        assert_eq!(look.output().unwrap().stdout, b"hush");
    }
    session.stop_part(Part::Keyring);
    assert!(!store(&session).await);
}

#[tokio::test]
async fn a_desktop_without_a_keyring_gets_none_by_asking() {
    let session = Session::start(bare()).await.unwrap();
    assert!(!store(&session).await);
}

#[tokio::test]
async fn a_locked_keyring_says_so() {
    let session = Session::start(SessionOptions {
        keyring: Keyring::Locked,
        ..bare()
    })
    .await
    .unwrap();
    let bus = session.bus().unwrap();
    let service = Some("org.freedesktop.secrets");
    let path = "/org/freedesktop/secrets/collection/login";
    let property = ("org.freedesktop.Secret.Collection", "Locked");
    let reply = bus
        .call_method(
            service,
            path,
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &property,
        )
        .await
        .unwrap();
    let body = reply.body();
    assert_eq!(body.deserialize::<Value<'_>>().unwrap(), Value::Bool(true));
}

#[tokio::test]
async fn the_tray_host_comes_and_goes() {
    let mut session = Session::start(SessionOptions {
        tray_host: true,
        ..bare()
    })
    .await
    .unwrap();
    assert_eq!(session.tray_items().await.unwrap(), []);

    session.stop_part(Part::TrayHost);
    assert!(session.tray_items().await.is_err());

    session.start_part(Part::TrayHost).await.unwrap();
    assert_eq!(session.tray_items().await.unwrap(), []);
}

#[tokio::test]
async fn nothing_outlives_the_session() {
    let session = Session::start(SessionOptions::default()).await.unwrap();
    let dir = session.dir().to_owned();
    let of_this_session = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let environments = processes.filter_map(|process| std::fs::read(process.path().join("environ")).ok());
        environments
            .filter(|env| String::from_utf8_lossy(env).contains(&*dir.to_string_lossy()))
            .count()
    };
    assert!(
        of_this_session() >= 8,
        "screen, bus, window manager, panel, notifications, keyring, sound, recording"
    );

    drop(session);

    wait_until("the last process to end", DEADLINE, async || {
        Ok((of_this_session() == 0).then_some(()))
    })
    .await
    .unwrap();
    assert!(!dir.exists());
}

/// Stores a secret like any application, with libsecret's own tool.
async fn store(session: &Session) -> bool {
    let secret = session.dir().join("secret");
    std::fs::write(&secret, "hush").unwrap();
    let mut tool = session.command("secret-tool");
    tool.args(["store", "--label=A test", "purpose", "test"]);
    tool.stdin(std::fs::File::open(secret).unwrap())
        .stderr(Stdio::null());
    tool.status().unwrap().success()
}

#[tokio::test]
async fn a_service_of_the_tests_own_hangs_goes_on_vanishes_and_comes_back() {
    let session = Session::start(bare()).await.unwrap();
    let mut service = NotificationService::start(&session.bus_address()).await.unwrap();
    let first = service.unique_name().unwrap();
    assert_eq!(show_notification(&session, "One").await, 1);

    service.behave(ServiceBehaviour::Hangs);
    let (asked, ()) = tokio::join!(show_notification(&session, "Two"), async {
        let nothing = service.wait_for(Duration::from_millis(200), |call| call.summary == "Two");
        assert!(nothing.await.is_err(), "it looks at nothing");
        service.behave(ServiceBehaviour::Answers);
    });
    assert_eq!(asked, 2);
    let call = service
        .wait_for(DEADLINE, |call| call.id == Some(2))
        .await
        .unwrap();
    assert_eq!((call.app_name.as_str(), call.service), ("Gloria", first.clone()));

    service.vanish().await.unwrap();
    assert_eq!(service.unique_name(), None);
    service.come_back().await.unwrap();
    assert_ne!(service.unique_name().unwrap(), first);
    assert_eq!(
        show_notification(&session, "Three").await,
        1,
        "its numbers begin anew"
    );
}

#[tokio::test]
async fn sway_shows_notifications_dies_and_comes_back_with_its_parts_elsewhere() {
    let options = SessionOptions {
        screen: Screen::Sway,
        sound: false,
        keyring: Keyring::None,
        ..SessionOptions::default()
    };
    let mut session = Session::start(options).await.unwrap();
    assert_eq!(session.wayland_windows().unwrap(), []);
    let id = show_notification(&session, "one").await;
    assert_eq!(session.notifications_on_screen().unwrap(), ["one"]);
    let picture = session.dir().join("picture.png");
    session.screenshot(&picture).unwrap();
    assert!(fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    session.invoke_notification_action(id, "default").unwrap();
    assert_eq!(session.tray_items().await.unwrap(), []);

    let before = session.display().to_owned();
    session.kill_sway();
    assert!(session.wayland_windows().is_err());
    let _occupied = session.occupy_wayland_display().unwrap();
    session.restart_sway().await.unwrap();
    assert_ne!(session.display(), before);
    assert_eq!(session.notifications_on_screen().unwrap(), Vec::<String>::new());
    show_notification(&session, "two").await;
    assert_eq!(session.notifications_on_screen().unwrap(), ["two"]);
    let dir = session.dir().to_owned();
    drop(session);
    assert!(!dir.exists());
}
