//! Starts while another app hangs, or after one left files behind.

use std::os::unix::net::UnixListener;

use gloria_desktop_session::{SessionOptions, Signal};

use crate::scene::{DEADLINE, Scene};

async fn set() -> Scene {
    Scene::set(SessionOptions {
        sound: false,
        ..SessionOptions::default()
    })
    .await
}

#[tokio::test]
async fn an_agent_that_hangs_is_reported_by_each_start_and_serves_the_next_when_it_goes_on() {
    let scene = set().await;
    let mut app = scene.app();
    scene.connected().await;
    app.signal(Signal::STOP);
    let mut starts = [
        scene.notify("notify", &[]),
        scene.app(),
        scene.notify("open", &["--open"]),
    ];
    for start in &mut starts {
        assert_eq!(
            start.ended(DEADLINE).await.unwrap().code(),
            Some(5),
            "{}",
            start.log()
        );
        let log = start.log();
        assert!(log.contains("another Gloria Notify is using the folder"), "{log}");
        assert!(log.contains("does not answer"), "{log}");
    }
    // The dialogs of the programs that users start.
    scene.expect_windows(2).await;
    app.signal(Signal::CONT);
    let mut window = scene.notify("window", &[]);
    scene.expect_windows(3).await;
    for running in [&mut app, &mut window] {
        running.check_alive().unwrap();
    }
    // It may have closed its stream because of silence meanwhile.
    scene.connected().await;
}

#[tokio::test]
async fn a_window_that_was_replaced_because_it_hung_ends_without_a_word_when_it_goes_on() {
    let scene = set().await;
    let _app = scene.app();
    scene.connected().await;
    let mut hung = scene.notify("window", &["--open"]);
    scene.expect_windows(1).await;
    hung.signal(Signal::STOP);
    scene.open();
    scene.expect_windows(2).await;
    hung.signal(Signal::CONT);
    let ended = hung.ended(DEADLINE).await.unwrap();
    assert_eq!(ended.code(), Some(0), "{}", hung.log());
    // The one that replaced it, and no dialog.
    assert_eq!(scene.session.processes("gloria-notify").len(), 1);
}

#[tokio::test]
async fn a_socket_that_was_left_behind_is_in_nobodys_way() {
    let scene = set().await;
    let mut app = scene.app();
    scene.connected().await;
    app.kill();
    assert!(scene.home.join("status.sock").exists(), "left behind");
    let mut first = scene.notify("first", &[]);
    assert_eq!(
        first.ended(DEADLINE).await.unwrap().code(),
        Some(0),
        "{}",
        first.log()
    );
    scene.connected().await;
    assert_eq!(scene.status().0, 0);
}

#[tokio::test]
async fn a_socket_of_another_program_is_in_nobodys_way() {
    let scene = set().await;
    // It accepts connections and sends nothing.
    let foreign = UnixListener::bind(scene.home.join("status.sock")).unwrap();
    let mut first = scene.notify("first", &[]);
    assert_eq!(
        first.ended(DEADLINE).await.unwrap().code(),
        Some(0),
        "{}",
        first.log()
    );
    scene.connected().await;
    assert_eq!(scene.status().0, 0);
    drop(foreign);
}
