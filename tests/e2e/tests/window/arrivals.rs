//! A notification from the server to the user, and the user's actions on it.

use std::fs;
use std::time::Instant;

use fantoccini::key::Key;
use gloria_desktop_session::{NotificationEvent, wait_until};
use serde_json::json;

use crate::stage::{Account, DEADLINE, Stage};

#[tokio::test]
async fn a_notification_is_seen_heard_and_stored() {
    let stage = Stage::set(Account::Given).await;
    let _app = stage.start_in_tray();
    stage.server_saw(|seen| seen.streams == 1).await;
    let before = Instant::now();

    stage.push(
        "1",
        json!({"title": "Tom & <Anna>", "message": "5 < 6 & \"so on\""}),
    );

    let notification = stage
        .session
        .wait_for_notification(DEADLINE, |_| true)
        .await
        .unwrap();
    assert_eq!(notification.summary, "Tom & <Anna>", "a title has no markup");
    assert_eq!(
        notification.body.replace("&quot;", "\""),
        "5 &lt; 6 &amp; \"so on\"",
        "a body has, so it is escaped"
    );
    stage.session.wait_for_sound(before, DEADLINE).await.unwrap();
    stage.tray_says("1 new").await;
    assert_eq!(stage.stored_keys("unread"), ["n:1"]);
    assert_eq!(stage.windows(), 0, "nothing pops up but the notification");
}

#[tokio::test]
async fn what_comes_while_the_window_is_open_appears_in_it_and_is_read_and_archived() {
    let stage = Stage::set(Account::Given).await;
    let window = stage.start_with_window().await;
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;

    let title = "<img src=x onerror=\"document.title='taken over'\">";
    stage.push(
        "1",
        json!({"title": title, "link": "https://gloria.example/tasks/1?a=b&c=d"}),
    );
    // The driver treats text in a clipped row as hidden, and does not return it.
    let shown = window.find("[data-key='n:1'] [data-testid=item-title]").await;
    assert_eq!(shown.prop("textContent").await.unwrap().as_deref(), Some(title));
    window
        .find("[data-testid=item][data-key='n:1'][data-unread=true]")
        .await;

    window.click("[data-testid=item][data-key='n:1']").await;
    window.find("[data-testid=item-detail][data-key='n:1']").await;
    window
        .find("[data-testid=item][data-key='n:1'][data-unread=false]")
        .await;
    wait_until("it to be stored as read", DEADLINE, async || {
        Ok(stage.stored_keys("unread").is_empty().then_some(()))
    })
    .await
    .unwrap();
    window.click("[data-testid=item-link]").await;
    let link = "https://gloria.example/tasks/1?a=b&c=d\n";
    wait_until("the link to be opened", DEADLINE, async || {
        Ok((stage.opened_links() == link).then_some(()))
    })
    .await
    .unwrap();
    let inherited = stage.launcher_environment();
    assert!(
        inherited.contains("PATH=") && !inherited.contains("GLORIA_"),
        "{inherited}"
    );

    let keys = window.client.active_element().await.unwrap();
    keys.send_keys("e").await.unwrap();
    window.gone("[data-testid=item][data-key='n:1']").await;
    wait_until("it to be stored as archived", DEADLINE, async || {
        Ok((stage.stored_keys("archived") == ["n:1"]).then_some(()))
    })
    .await
    .unwrap();
    let title = window.client.title().await.unwrap();
    assert!(
        title.ends_with("Gloria Notify"),
        "{title}: no text of a notification is run"
    );
}

#[tokio::test]
async fn links_that_are_no_web_addresses_are_not_offered() {
    let stage = Stage::set(Account::Given).await;
    let window = stage.start_with_window().await;
    let actions = json!([
        {"label": "Run", "link": "javascript:alert(1)"},
        {"label": "Read", "link": "file:///etc/passwd"},
    ]);
    stage.push("1", json!({"link": "file:///etc/passwd", "actions": actions}));

    window.click("[data-testid=item][data-key='n:1']").await;
    window.find("[data-testid=item-detail]").await;
    window
        .gone("[data-testid=item-link], [data-testid=item-action]")
        .await;
    assert_eq!(
        stage.stored_keys("inbox"),
        ["n:1"],
        "the notification itself is kept"
    );
}

#[tokio::test]
async fn the_page_reaches_nothing_but_the_app() {
    let stage = Stage::set(Account::Given).await;
    let window = stage.start_with_window().await;
    window
        .find("[data-testid=connection][data-state=connected]")
        .await;
    let before = stage.server_saw(|seen| seen.streams == 1).await.requests_total;

    let reach = "const [url, done] = arguments;
        const image = new Promise((end) => {
            const element = new Image();
            element.onload = () => end('image loaded');
            element.onerror = () => end('refused');
            element.src = url;
        });
        const request = fetch(url, { mode: 'no-cors' }).then(() => 'fetched', () => 'refused');
        Promise.all([image, request]).then(done);";
    let outcome = window
        .client
        .execute_async(reach, vec![json!(stage.backend.api_url())])
        .await
        .unwrap();

    assert_eq!(outcome, json!(["refused", "refused"]));
    assert_eq!(
        stage.backend.control().observed().requests_total,
        before,
        "nothing was even asked"
    );
}

#[tokio::test]
async fn sounds_are_silent_when_they_are_switched_off() {
    let stage = Stage::set(Account::Given).await;
    let window = stage.start_with_window().await;
    window.click("[data-testid=preferences]").await;
    window.click("[data-testid=sounds]").await;
    wait_until("the setting to be kept", DEADLINE, async || {
        let settings = fs::read_dir(stage.home())?.flatten().map(|entry| entry.path());
        let mut files = settings.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
        Ok(files
            .any(|file| fs::read_to_string(file).is_ok_and(|text| text.contains("false")))
            .then_some(()))
    })
    .await
    .unwrap();

    let before = Instant::now();
    stage.push("1", json!({}));
    stage
        .session
        .wait_for_notification(DEADLINE, |notification| notification.summary == "Task 1")
        .await
        .unwrap();
    // A sound begins within a tenth of a second of its notification; see the test with sounds turned on.
    stage
        .session
        .expect_silence(before, std::time::Duration::from_secs(2))
        .await
        .unwrap();

    window.click("input[name=appearance][value=dark]").await;
    window.find("html[data-theme=dark]").await;
    window.end_app("TERM").await;
    let window = stage.start_with_window().await;
    window.find("html[data-theme=dark]").await;
    window.click("[data-testid=preferences]").await;
    let sounds = window.find("[data-testid=sounds]").await;
    assert!(!sounds.is_selected().await.unwrap());
    sounds.send_keys(&Key::Escape.to_string()).await.unwrap();
    window.find("[data-testid=item][data-key='n:1']").await;
}

#[tokio::test]
async fn a_notification_of_what_was_read_elsewhere_is_taken_back() {
    let stage = Stage::set(Account::Given).await;
    let _app = stage.start_in_tray();
    stage.server_saw(|seen| seen.streams == 1).await;
    stage.push("1", json!({}));
    let notification = stage
        .session
        .wait_for_notification(DEADLINE, |_| true)
        .await
        .unwrap();

    let read = json!({"id": "1", "readAt": "2026-01-02T03:04:05Z"});
    stage.backend.control().push("notification.updated", read);

    let withdrawn = NotificationEvent::Withdrawn(notification.id.unwrap());
    wait_until("the notification to be taken back", DEADLINE, async || {
        Ok(stage
            .session
            .notification_events()
            .contains(&withdrawn)
            .then_some(()))
    })
    .await
    .unwrap();
}
