//! There is one stream to the server per user, whatever else runs.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use gloria_desktop_session::{SessionOptions, wait_until};
use serde_json::Value;

use crate::scene::{DEADLINE, Scene};

/// Starts `gloria events`, and returns once it listens.
fn follow(scene: &Scene) -> (Child, BufReader<ChildStdout>) {
    let mut command = scene.command("gloria");
    // The greeting may be passed on before or after it listens.
    command.args(["events", "--type", "notification.created"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    assert!(line(&mut lines).contains("listening"));
    (child, lines)
}

fn line(lines: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_running_the_server_sees_one_stream() {
    let scene = Scene::set(SessionOptions {
        sound: false,
        ..SessionOptions::default()
    })
    .await;
    let mut app = scene.app();
    scene.connected().await;
    let gloria = |arguments: &[&str]| {
        let output = scene.command("gloria").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    };
    let mut followers: Vec<_> = (0..3).map(|_| follow(&scene)).collect();
    scene.push("1");
    for (_, lines) in &mut followers {
        let event: Value = serde_json::from_str(&line(lines)).unwrap();
        assert_eq!(event["data"]["id"], "1", "{event}");
    }
    scene.stored_item("the item", |item| item["key"] == "n:1").await;
    gloria(&["open", "n:1"]);
    scene.expect_windows(1).await;
    gloria(&["status"]);
    gloria(&["inbox", "mark", "archived", "n:1"]);
    // A second start, whose window is already open.
    for mut second in [scene.notify("second", &[]), scene.app()] {
        assert_eq!(second.ended(DEADLINE).await.unwrap().code(), Some(0));
    }
    gloria(&["open"]);
    let seen = scene.backend.control().observed();
    assert_eq!((seen.streams, seen.streams_total), (1, 1));

    // The end of one of them does not affect the app, nor vice versa.
    let (mut killed, _) = followers.pop().unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    app.check_alive().unwrap();
    gloria(&["quit"]);
    assert_eq!(app.ended(DEADLINE).await.unwrap().code(), Some(0));
    let mut app = scene.app();
    scene.connected().await;
    for (mut child, mut lines) in followers {
        let rest = |lines: &mut BufReader<ChildStdout>| loop {
            let line = line(lines);
            if line.contains("\"state\"") {
                return line;
            }
            assert!(!line.is_empty(), "it ended");
        };
        assert!(rest(&mut lines).contains("waiting"));
        assert!(rest(&mut lines).contains("listening"));
        drop(lines);
        // Its output is not read any more.
        wait_until("the follower to end", DEADLINE, async || {
            Ok(child.try_wait()?.filter(std::process::ExitStatus::success))
        })
        .await
        .unwrap();
    }
    assert_eq!(scene.backend.control().observed().streams, 1);
    app.check_alive().unwrap();
}
