//! The app is upgraded while its window is open.

use std::fs;
use std::path::Path;

use gloria_desktop_session::{copy_program, wait_until, write_program};
use serde_json::json;

use crate::stage::{Account, DEADLINE, Stage, built};

/// A build of another version: this one with its version changed in place.
const NEXT: &str = "0.1.9";

/// The agent's program with another version.
fn write_next(path: &Path) {
    let mut bytes = fs::read(built("gloria")).unwrap();
    let this = env!("CARGO_PKG_VERSION").as_bytes();
    assert_eq!(this.len(), NEXT.len());
    let mut at = 0;
    while at + this.len() <= bytes.len() {
        if bytes[at..].starts_with(this) {
            bytes[at..at + this.len()].copy_from_slice(NEXT.as_bytes());
        }
        at += 1;
    }
    write_program(path, &bytes).unwrap();
}

#[tokio::test]
async fn an_open_window_goes_on_with_the_next_agent_and_keeps_its_view() {
    let stage = Stage::set(Account::Given).await;
    let folder = stage.session.dir().join("installed");
    fs::create_dir(&folder).unwrap();
    for name in ["gloria", "gloria-notify"] {
        copy_program(built(name), folder.join(name)).unwrap();
    }
    write_next(&folder.join("gloria.next"));
    let mut command = stage.session.command(folder.join("gloria"));
    stage.configure(&mut command);
    command.args(["agent", "--open"]);
    let mut agent = stage.session.spawn("agent", command).unwrap();
    let window = stage.drive().await;
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
    stage.push("1", json!({}));
    window.find("[data-testid=item][data-key='n:1']").await;
    window.click("[data-testid=connection-open]").await;
    let connected = "[data-testid=connection-page][data-state=connected]";
    window.find(connected).await;
    // It is in front, but not with the list.
    stage.push("2", json!({}));
    stage.recorded_as_shown("n:2").await;

    copy_program(folder.join("gloria"), folder.join("gloria.this")).unwrap();
    for (id, name, version) in [
        ("3", "gloria.next", NEXT),
        ("4", "gloria.this", env!("CARGO_PKG_VERSION")),
    ] {
        fs::rename(folder.join(name), folder.join("gloria")).unwrap();
        wait_until("the other version", DEADLINE, async || {
            agent.check_alive()?;
            Ok((stage.status().1["version"] == version).then_some(()))
        })
        .await
        .unwrap();
        // Whenever it arrives.
        stage.push(id, json!({}));
        stage.recorded_as_shown(&format!("n:{id}")).await;
        window.find(connected).await;
    }
    window.click("[data-testid=back]").await;
    for id in ["1", "2", "3", "4"] {
        window
            .find(&format!("[data-testid=item][data-key='n:{id}']"))
            .await;
    }
    assert_eq!(stage.window_process(), window.process());
    stage.expect_windows(1).await;
    assert_eq!(stage.stored_keys("inbox"), ["n:1", "n:2", "n:3", "n:4"]);
    let shown: Vec<_> = stage
        .session
        .notifications()
        .into_iter()
        .map(|notification| notification.summary)
        .filter(|title| title != "Task 1")
        .collect();
    assert_eq!(shown, ["Task 2", "Task 3", "Task 4"]);
}
