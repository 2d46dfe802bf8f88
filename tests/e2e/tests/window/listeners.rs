//! The page listens to events with its own `EventListeners` and its own connection to the core: it gets those of its
//! types, and none after it stops listening.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::stage::{Account, DEADLINE, Stage, Window};
use gloria_desktop_session::wait_until;

/// Builds the page's code for the core once more, as a script that can run next to it.
fn host() -> String {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui");
    let ui = ui.canonicalize().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let entry = folder.path().join("entry.ts");
    let source = ui.join("src/host");
    let exports = format!(
        "export {{ EventListeners }} from '{0}/events';\nexport {{ tauriHost }} from '{0}/tauri';\n",
        source.display()
    );
    std::fs::write(&entry, exports).unwrap();
    let output = Command::new(ui.join("node_modules/.bin/rolldown"))
        .arg(&entry)
        .args(["--format", "iife", "--name", "gloria", "--file"])
        .arg(folder.path().join("host.js"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::read_to_string(folder.path().join("host.js")).unwrap()
}

/// Returns a connected page that can listen: `add(type)` begins, and `end(type)` ends.
async fn listening() -> (Stage, Window) {
    let stage = Stage::set(Account::Given).await;
    let window = stage.start_with_window().await;
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
    let script = "window.received = [];
        window.missed = 0;
        window.ends = {};
        const listeners = new gloria.EventListeners(gloria.tauriHost);
        window.add = (type) => {
            window.ends[type] = listeners.addEventListener(
                type,
                (event) => window.received.push(event.data.id ?? event.data.workflowId ?? event.data.status),
                (count) => (window.missed += count),
            );
        };
        window.end = (type) => window.ends[type]();";
    window
        .client
        .execute(&format!("{}\n{script}", host()), vec![])
        .await
        .unwrap();
    (stage, window)
}

/// Runs a change of the listeners, and waits until the core knows it.
async fn change(window: &Window, script: &str) {
    // The page sends its requests in order, and these follow them on the same connection.
    let settled = "const done = arguments[arguments.length - 1];
        const internals = window.__TAURI_INTERNALS__;
        const settle = async () => {
            for (let turn = 0; turn < 5; turn++) {
                await internals.invoke('call', { name: 'inbox_item', request: 'none' });
            }
        };
        settle().then(() => done('ok'), (error) => done(JSON.stringify(error)));";
    let script = format!("{script}\n{settled}");
    let answer = window.client.execute_async(&script, vec![]).await.unwrap();
    assert_eq!(answer, "ok");
}

async fn received(window: &Window) -> Value {
    let script = "return window.received";
    window.client.execute(script, vec![]).await.unwrap()
}

async fn until_received(window: &Window, expected: Value) {
    let mut last = Value::Null;
    let arrived = wait_until("the events", DEADLINE, async || {
        last = received(window).await;
        Ok((last == expected).then_some(()))
    });
    if let Err(error) = arrived.await {
        panic!("{error}: {last} and not {expected}");
    }
}

fn completed(stage: &Stage, id: &str) {
    let data = json!({"workflowId": id, "name": "Deploy"});
    stage.backend.control().push("workflow.completed", data);
}

fn announced(stage: &Stage, id: &str) {
    let data = json!({"id": id, "message": "All hands"});
    stage.backend.control().push("system.announcement", data);
}

#[tokio::test]
async fn the_page_gets_the_events_that_it_listens_to_and_none_after() {
    let (stage, window) = listening().await;
    change(&window, "add('workflow.completed')").await;
    announced(&stage, "s1");
    completed(&stage, "w1");
    until_received(&window, json!(["w1"])).await;
    // The state continues as before.
    window.find("[data-testid=item][data-key='w:w1']").await;

    change(&window, "add('system.announcement'); end('workflow.completed')").await;
    completed(&stage, "w2");
    announced(&stage, "s2");
    until_received(&window, json!(["w1", "s2"])).await;

    change(&window, "end('system.announcement')").await;
    announced(&stage, "s3");
    completed(&stage, "w3");
    window.find("[data-testid=item][data-key='w:w3']").await;
    assert_eq!(
        received(&window).await,
        json!(["w1", "s2"]),
        "nobody listens any more"
    );

    change(&window, "add('workflow.completed')").await;
    completed(&stage, "w4");
    until_received(&window, json!(["w1", "s2", "w4"])).await;
}

#[tokio::test]
async fn another_listener_before_the_first_event_takes_nothing_from_the_one_before() {
    let (stage, window) = listening().await;
    change(&window, "add('workflow.completed')").await;
    change(&window, "add('system.announcement')").await;
    change(&window, "add('user.status_changed')").await;
    completed(&stage, "w1");
    announced(&stage, "s1");
    until_received(&window, json!(["w1", "s1"])).await;
}

#[tokio::test]
async fn a_page_that_stands_still_is_waited_for_by_nobody_and_learns_what_it_missed() {
    const EVENTS: u64 = 3000;
    // The maximum number of events that wait in the core for a listener, in the window's process, and for the page.
    const MAX_KEPT: u64 = 1024 + 256 + 64;
    let (stage, window) = listening().await;
    change(&window, "add('user.status_changed')").await;
    let seen = stage.status().1["metrics"]["events"].as_u64().unwrap();
    let page = window.page();
    page.stop();
    for number in 0..EVENTS {
        let data = json!({"userId": "somebody", "status": number.to_string()});
        stage.backend.control().push("user.status_changed", data);
    }
    wait_until("the core to have them all", DEADLINE, async || {
        let events = stage.status().1["metrics"]["events"].as_u64();
        Ok((events >= Some(seen + EVENTS)).then_some(()))
    })
    .await
    .unwrap();
    page.resume();
    let mut last = Value::Null;
    let all = wait_until("each to be received or counted", DEADLINE, async || {
        let script = "return [window.received.length, window.missed]";
        last = window.client.execute(script, vec![]).await?;
        let (received, missed) = (last[0].as_u64(), last[1].as_u64());
        Ok((received.zip(missed).map(|(received, missed)| received + missed) == Some(EVENTS)).then_some(()))
    });
    if let Err(error) = all.await {
        panic!("{error}: {last}");
    }
    assert!(
        last[0].as_u64() <= Some(MAX_KEPT),
        "{last}: what a page does not read is not kept for it without end"
    );
    // The page is not slow any more.
    let data = json!({"userId": "somebody", "status": "after"});
    stage.backend.control().push("user.status_changed", data);
    wait_until("the next event", DEADLINE, async || {
        let script = "return window.received.at(-1)";
        Ok((window.client.execute(script, vec![]).await? == "after").then_some(()))
    })
    .await
    .unwrap();
}
