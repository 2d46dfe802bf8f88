//! The end of the app: immediate, whatever hangs.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{Part, Process, SessionOptions, Signal, wait_until};

use crate::credentials::{app, gloria, tray_says};
use crate::scene::{DEADLINE, Scene};

/// It takes at most a third of a second. The limit allows for a busy machine, and is far below the timeouts of what
/// hangs here.
const QUIT_TIMEOUT: Duration = Duration::from_secs(3);

/// Waits for the end after `asked`.
async fn ended(app: &mut Process, what: &str, asked: Instant) {
    let status = app.ended(DEADLINE).await.unwrap();
    let took = asked.elapsed();
    assert!(status.success(), "{what}: {status}\n{}", app.log());
    assert!(took < QUIT_TIMEOUT, "{what}: {took:?}\n{}", app.log());
}

async fn terminated(app: &mut Process, what: &str) {
    let asked = Instant::now();
    app.signal(Signal::TERM);
    ended(app, what, asked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_waits_for_nobody() {
    let scene = Scene::set(SessionOptions::default()).await;
    assert!(gloria(&scene, &["login"], TEST_TOKEN).contains("loggedIn"));
    for (what, part) in [
        ("nothing hangs", None),
        ("the keyring hangs", Some(Part::Keyring)),
        ("the notification service hangs", Some(Part::Notifications)),
        ("the panel hangs", Some(Part::TrayHost)),
        ("the sound device hangs", Some(Part::Sound)),
    ] {
        let mut running = app(&scene);
        scene.connected().await;
        tray_says(&scene, "Connected").await;
        if let Some(part) = part {
            scene.session.signal_part(part, Signal::STOP);
        }
        // It is busy with the hanging part.
        scene.push(what);
        scene
            .stored_item(what, |item| item["title"] == format!("title {what}"))
            .await;
        terminated(&mut running, what).await;
        if let Some(part) = part {
            scene.session.signal_part(part, Signal::CONT);
        }
        scene
            .backend
            .control()
            .wait_for(|seen| seen.streams == 0, DEADLINE)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_end_waits_for_no_keyring_that_never_answered() {
    let scene = Scene::set(SessionOptions::default()).await;
    scene.session.signal_part(Part::Keyring, Signal::STOP);
    let mut running = app(&scene);
    // The icon appears before the token is loaded.
    wait_until("an icon", DEADLINE, async || {
        Ok((!scene.session.tray_items().await?.is_empty()).then_some(()))
    })
    .await
    .unwrap();
    terminated(&mut running, "the keyring never answered").await;
}

#[tokio::test]
async fn the_end_waits_for_no_server_that_never_answers() {
    let scene = Scene::set(SessionOptions::default()).await;
    // Connections are accepted, and nothing is read.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = scene.session.command(crate::scene::program("gloria"));
    command
        .arg("agent")
        .env("GLORIA_HOME", &scene.home)
        .env(
            "GLORIA_API_URL",
            format!("http://{}", silent.local_addr().unwrap()),
        )
        .env("GLORIA_TOKEN", TEST_TOKEN);
    let mut running = scene.session.spawn("app", command).unwrap();
    tokio::task::spawn_blocking(move || silent.accept())
        .await
        .unwrap()
        .unwrap();
    terminated(&mut running, "the server never answers").await;
}

#[tokio::test]
async fn the_end_waits_for_no_page_and_no_screen() {
    for what in ["the page is frozen", "the screen hangs"] {
        let scene = Scene::set(SessionOptions::default()).await;
        let mut running = scene.app();
        scene.connected().await;
        scene.open();
        scene.expect_windows(1).await;
        if what == "the screen hangs" {
            scene.session.signal_screen(Signal::STOP);
            // From now on it waits for the screen.
            scene.open();
        } else {
            let page = crate::page::page_process(&running, None).await;
            crate::page::signal(page, "STOP");
        }
        terminated(&mut running, what).await;
        // The window's program ends as well.
        wait_until("the window to end", QUIT_TIMEOUT, async || {
            Ok(scene.session.processes("gloria-notify").is_empty().then_some(()))
        })
        .await
        .unwrap();
        scene.session.signal_screen(Signal::CONT);
    }
}

#[tokio::test]
async fn the_command_ends_the_app_and_says_when_there_is_none() {
    let scene = Scene::set(SessionOptions::default()).await;
    let quit = || {
        let quit = scene.command("gloria").arg("quit").output().unwrap();
        quit.status.code()
    };
    assert_eq!(quit(), Some(3), "it is not running");
    let mut running = scene.app();
    scene.connected().await;
    let asked = Instant::now();
    assert_eq!(quit(), Some(0));
    ended(&mut running, "gloria quit", asked).await;
    assert_eq!(quit(), Some(3));
}

/// Waits until the window's program has this many threads, which it starts one by one.
async fn window_has_threads(scene: &Scene, wanted: usize) {
    wait_until("the window's program to go on", DEADLINE, async || {
        let programs = scene.session.processes("gloria-notify");
        let threads = |id| std::fs::read_dir(format!("/proc/{id}/task")).map_or(0, Iterator::count);
        Ok(programs.into_iter().any(|id| threads(id) >= wanted).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn quitting_while_the_window_opens_shows_no_dialog() {
    let scene = Scene::set(SessionOptions {
        sound: false,
        ..SessionOptions::default()
    })
    .await;
    for threads in 4..12 {
        let mut app = scene.app();
        // The server may still count the stream of the app before.
        wait_until("the app to be connected", DEADLINE, async || {
            Ok((scene.status().0 == 0).then_some(()))
        })
        .await
        .unwrap();
        scene.open();
        window_has_threads(&scene, threads).await;
        let quit = scene.command("gloria").arg("quit").status().unwrap();
        assert!(quit.success());
        app.ended(DEADLINE).await.unwrap();
        // A dialog is one of them, and stays.
        wait_until("the window's programs to end", DEADLINE, async || {
            Ok(scene.session.processes("gloria-notify").is_empty().then_some(()))
        })
        .await
        .unwrap();
    }
}
