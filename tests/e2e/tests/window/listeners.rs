//! The page listens to events: it gets those of its types, and after that none.

use serde_json::{Value, json};

use crate::stage::{Account, DEADLINE, Stage, Window};
use gloria_desktop_session::wait_until;

/// Listens as the page's host does, to these types; what comes is kept in `window.received`.
async fn listen(window: &Window, types: Value) {
    let script = "const [types, done] = arguments;
        const internals = window.__TAURI_INTERNALS__;
        window.received ??= [];
        window.channel ??= internals.transformCallback(({ message }) => window.received.push(message.value.type));
        internals.invoke('listen', { types, events: `__CHANNEL__:${window.channel}` }).then(
            () => done('ok'),
            (error) => done(JSON.stringify(error)),
        );";
    let answer = window.client.execute_async(script, vec![types]).await.unwrap();
    assert_eq!(answer, "ok");
}

async fn received(window: &Window) -> Value {
    window
        .client
        .execute("return window.received", vec![])
        .await
        .unwrap()
}

#[tokio::test]
async fn the_page_gets_the_events_that_it_listens_to_and_none_after() {
    let stage = Stage::set(Account::Given).await;
    let window = stage.start_with_window().await;
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
    let control = stage.backend.control();

    listen(&window, json!(["workflow.completed"])).await;
    control.push("system.announcement", json!({"id": "s1", "message": "All hands"}));
    control.push(
        "workflow.completed",
        json!({"workflowId": "w1", "name": "Deploy"}),
    );
    wait_until("the event", DEADLINE, async || {
        Ok((received(&window).await == json!(["workflow.completed"])).then_some(()))
    })
    .await
    .unwrap();

    // The state goes on as before.
    window.find("[data-testid=item][data-key='w:w1']").await;
    listen(&window, json!(["system.announcement"])).await;
    control.push(
        "workflow.completed",
        json!({"workflowId": "w2", "name": "Deploy"}),
    );
    control.push("system.announcement", json!({"id": "s2", "message": "All hands"}));
    let both = json!(["workflow.completed", "system.announcement"]);
    wait_until("the other event", DEADLINE, async || {
        Ok((received(&window).await == both).then_some(()))
    })
    .await
    .unwrap();

    listen(&window, json!([])).await;
    control.push("system.announcement", json!({"id": "s3", "message": "All hands"}));
    control.push(
        "workflow.completed",
        json!({"workflowId": "w3", "name": "Deploy"}),
    );
    window.find("[data-testid=item][data-key='w:w3']").await;
    assert_eq!(received(&window).await, both, "nobody listens any more");
}
