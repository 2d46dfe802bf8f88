//! Two devices of one account.

use gloria_desktop_session::{NotificationEvent, wait_until};
use serde_json::json;

use crate::stage::{Account, DEADLINE, Stage, Window};

async fn connected(window: &Window) {
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
}

#[tokio::test]
async fn what_is_read_on_one_device_is_read_on_the_other_and_no_longer_on_its_screen() {
    let here = Stage::set(Account::Given).await;
    let there = here.beside().await;
    let window = here.start_with_window().await;
    connected(&window).await;
    let _tray = there.start_in_tray();
    here.server_saw(|seen| seen.streams == 2).await;
    here.push("1", json!({}));
    let notification = there
        .session
        .wait_for_notification(DEADLINE, |_| true)
        .await
        .unwrap();

    window.click("[data-testid=item][data-key='n:1']").await;

    let withdrawn = NotificationEvent::Withdrawn(notification.id.unwrap());
    wait_until("its notification to be taken back", DEADLINE, async || {
        let events = there.session.notification_events();
        Ok(events.contains(&withdrawn).then_some(()))
    })
    .await
    .unwrap();
    there.badge_gone().await;
    assert!(there.stored_keys("unread").is_empty());
}

#[tokio::test]
async fn what_is_done_without_a_connection_survives_a_kill_and_reaches_the_other_device_once() {
    let here = Stage::set(Account::Given).await;
    let there = here.beside().await;
    let mut window = here.start_with_window().await;
    let other_window = there.start_with_window().await;
    connected(&window).await;
    connected(&other_window).await;
    for id in ["1", "2"] {
        here.push(id, json!({}));
    }
    for window in [&window, &other_window] {
        window.find("[data-testid=item][data-key='n:2']").await;
    }
    let control = here.backend.control();
    control.refuse().await.unwrap();
    control.reset();
    window.find("[data-testid=connection][data-state=waiting]").await;

    window.click("[data-testid=item][data-key='n:1']").await;
    window
        .find("[data-testid=item][data-key='n:1'][data-unread=false]")
        .await;
    let keys = window.client.active_element().await.unwrap();
    keys.send_keys("e").await.unwrap();
    window.gone("[data-testid=item][data-key='n:1']").await;
    // The window starts it again.
    let killed = window.agent().id();
    window.agent().kill();
    wait_until("the next agent", DEADLINE, async || {
        let agents = here.session.processes("gloria");
        Ok(agents.iter().any(|agent| *agent != killed).then_some(()))
    })
    .await
    .unwrap();
    window.find("[data-testid=item][data-key='n:2']").await;
    window.gone("[data-testid=item][data-key='n:1']").await;
    control.accept().await.unwrap();

    other_window.gone("[data-testid=item][data-key='n:1']").await;
    assert_eq!(there.stored_keys("archived"), ["n:1"]);
    let seen = here
        .server_saw(|seen| {
            seen.changes
                .iter()
                .any(|change| change.applied && format!("{:?}", change.kind).contains("archived"))
        })
        .await;
    let archived: Vec<_> = seen
        .changes
        .iter()
        .filter(|change| change.applied && format!("{:?}", change.kind).contains("archived"))
        .collect();
    assert_eq!(archived.len(), 1, "{:?}", seen.changes);
    window
        .find("[data-testid=item][data-key='n:2'][data-unread=true]")
        .await;
}
