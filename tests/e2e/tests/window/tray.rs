//! The tray's menu: it shows the state, and opens the right place of the window.

use gloria_desktop_session::{TrayItem, wait_until};
use serde_json::json;

use crate::stage::{Account, DEADLINE, Stage};

/// Waits until the menu begins with these entries, up to the first separator.
async fn menu_begins(stage: &Stage, first: &[&str]) -> TrayItem {
    let bus = stage.session.bus().unwrap();
    let what = format!("a menu that begins with {first:?}");
    wait_until(&what, DEADLINE, async || {
        let Some(item) = stage.session.tray_items().await?.into_iter().next() else {
            return Ok(None);
        };
        let menu = item.menu(bus).await?;
        let lines = menu.iter().take_while(|line| !line.label.is_empty());
        let begins = lines.clone().map(|line| &*line.label).eq(first.iter().copied());
        assert!(lines.clone().all(|line| !line.enabled), "{menu:?}");
        Ok(begins.then_some(item))
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn the_menu_says_how_it_stands_and_its_entries_open_the_window_where_they_say() {
    let stage = Stage::set(Account::Given).await;
    let _agent = stage.start_in_tray();
    let bus = stage.session.bus().unwrap();
    menu_begins(&stage, &["Connected"]).await;
    stage.push("1", json!({}));
    let item = menu_begins(&stage, &["Connected", "1 unread"]).await;
    assert_eq!((&*item.id, &*item.title), ("gloria-notify", "Gloria Notify"));
    assert_eq!(item.status(bus).await.unwrap(), "Active");

    // The window starts.
    let token = "a token of the click";
    item.choose(bus, "Preferences…", Some(token)).await.unwrap();
    let window = stage.drive().await;
    window.find("[data-testid=preferences-page]").await;
    let environment = std::fs::read_to_string(format!("/proc/{}/environ", window.process())).unwrap();
    assert!(environment.contains(&format!("XDG_ACTIVATION_TOKEN={token}\0")));

    // The window is open, and then hidden.
    item.choose(bus, "Open inbox", None).await.unwrap();
    window.find("[data-testid=item][data-key='n:1']").await;
    stage.close_window().await;
    item.choose(bus, "Preferences…", None).await.unwrap();
    stage.expect_windows(1).await;
    window.turn_to_open_window().await;
    window.find("[data-testid=preferences-page]").await;
    assert_eq!(stage.window_process(), window.process(), "it was hidden");
    // A page that the user has left is not opened again.
    window.click("[data-testid=back]").await;
    stage.close_window().await;
    item.click(bus).await.unwrap();
    stage.expect_windows(1).await;
    window.turn_to_open_window().await;
    window.find("[data-testid=item][data-key='n:1']").await;
}

#[tokio::test]
async fn what_the_user_is_needed_for_is_an_entry_of_its_own() {
    let stage = Stage::set(Account::Given).await;
    stage.backend.control().require_token("another");
    let _agent = stage.start_in_tray();
    let bus = stage.session.bus().unwrap();
    let item = wait_until("the entry for a token", DEADLINE, async || {
        let Some(item) = stage.session.tray_items().await?.into_iter().next() else {
            return Ok(None);
        };
        let menu = item.menu(bus).await?;
        assert!(!menu[0].enabled, "{menu:?}");
        let offers = menu.iter().any(|line| line.label == "Enter a new token…");
        Ok((offers && menu[0].label.starts_with("Not connected: ")).then_some(item))
    })
    .await
    .unwrap();
    assert_eq!(item.status(bus).await.unwrap(), "NeedsAttention");
    item.choose(bus, "Enter a new token…", None).await.unwrap();
    let window = stage.drive().await;
    window.find("[data-testid=setup]").await;
}
