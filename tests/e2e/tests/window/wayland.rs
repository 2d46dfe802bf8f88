//! The app under a Wayland compositor without an X server: sway, its panel, and mako.

use gloria_desktop_session::{Keyring, Part, Screen, SessionOptions, output, wait_until};
use serde_json::{Value, json};

use crate::stage::{Account, DEADLINE, Stage};

/// A page with text has at least this many colours. A window that paints nothing adds only one or two to the
/// background.
const MIN_COLOURS: u32 = 100;

fn sway() -> SessionOptions {
    SessionOptions {
        screen: Screen::Sway,
        sound: false,
        keyring: Keyring::None,
        ..SessionOptions::default()
    }
}

#[tokio::test]
async fn the_app_outlives_the_compositor_and_serves_the_next_one() {
    let mut stage = Stage::set_on(sway(), Account::Given).await;
    let mut agent = stage.start_in_tray();
    stage.server_saw(|seen| seen.streams == 1).await;
    stage.tray_says("Connected").await;

    // mako shows a notification; a click on it opens the item.
    stage.push("1", json!({}));
    on_screen(&stage, "Task 1").await;
    click_leads_to_item(&stage, "1").await;
    painted(&stage).await;

    // The compositor dies while the window is open. Later notifications are stored and stay pending.
    crash_compositor(&mut stage).await;
    stage.push("2", json!({}));
    not_shown(&stage, "n:2").await;
    agent.check_alive().unwrap();
    lacks(&stage, &["tray", "notifications"]).await;
    let (code, status) = stage.status();
    assert_eq!((code, &status["health"]), (0, &json!("connected")), "{status}");

    stage.session.restart_sway().await.unwrap();
    on_screen(&stage, "Task 2").await;
    stage.tray_says("Connected").await;
    stage.push("3", json!({}));
    on_screen(&stage, "Task 3").await;
    click_leads_to_item(&stage, "3").await;
    stage.close_window().await;

    // A desktop without a tray is reported, but is no reason to end.
    stage.session.stop_part(Part::TrayHost);
    lacks(&stage, &["tray"]).await;
    stage.push("4", json!({}));
    on_screen(&stage, "Task 4").await;
    click_leads_to_item(&stage, "4").await;

    agent.check_alive().unwrap();
    expect_all_once(&stage, 4);
    let seen = stage.backend.control().observed();
    assert_eq!((seen.streams, seen.streams_total), (1, 1));
}

#[tokio::test]
async fn the_window_opens_on_the_display_of_the_newest_start() {
    let mut stage = Stage::set_on(sway(), Account::Given).await;
    let mut agent = stage.start_in_tray();
    stage.server_saw(|seen| seen.streams == 1).await;
    stage.push("1", json!({}));
    on_screen(&stage, "Task 1").await;
    stage.recorded_as_shown("n:1").await;

    // The compositor dies, and the next one cannot use the same display.
    let first = stage.session.display().to_owned();
    crash_compositor(&mut stage).await;
    let _occupied = stage.session.occupy_wayland_display().unwrap();
    stage.push("2", json!({}));
    not_shown(&stage, "n:2").await;
    stage.session.restart_sway().await.unwrap();
    assert_ne!(stage.session.display(), first);

    // The desktop starts the app like everything else after a login. A click opens the window there.
    let mut login = stage.command("gloria-notify");
    login.arg("--background");
    let mut login = stage.session.spawn("login", login).unwrap();
    assert!(login.ended(DEADLINE).await.unwrap().success());
    on_screen(&stage, "Task 2").await;
    stage.server_saw(|seen| seen.streams == 1).await;
    stage.push("3", json!({}));
    on_screen(&stage, "Task 3").await;
    click_leads_to_item(&stage, "3").await;
    agent.check_alive().unwrap();
    expect_all_once(&stage, 3);
}

/// Kills the compositor and waits until a window has ended with it.
async fn crash_compositor(stage: &mut Stage) {
    stage.session.kill_sway();
    wait_until("the window to end", DEADLINE, async || {
        Ok(stage.session.processes("gloria-notify").is_empty().then_some(()))
    })
    .await
    .unwrap();
}

/// Checks that everything that was sent is stored, and was shown once.
fn expect_all_once(stage: &Stage, count: usize) {
    let keys: Vec<_> = (1..=count).map(|number| format!("n:{number}")).collect();
    assert_eq!(stage.stored_keys("inbox"), keys);
    let notifications = stage.session.notifications().into_iter();
    let mut shown: Vec<_> = notifications
        .filter(|notification| notification.id.is_some())
        .map(|notification| notification.summary)
        .collect();
    shown.sort();
    let titles: Vec<_> = (1..=count).map(|number| format!("Task {number}")).collect();
    assert_eq!(shown, titles);
}

/// Waits until mako shows this.
async fn on_screen(stage: &Stage, title: &str) {
    wait_until(&format!("{title:?} on the screen"), DEADLINE, async || {
        let titles = stage.session.notifications_on_screen()?;
        Ok(titles.iter().any(|shown| shown == title).then_some(()))
    })
    .await
    .unwrap();
}

/// Waits until an item is stored that could not be shown.
async fn not_shown(stage: &Stage, key: &str) {
    wait_until(&format!("{key} to be stored"), DEADLINE, async || {
        let items = stage.stored("inbox");
        let stored = |item: &Value| item["key"] == key && item["alert"]["state"] != "shown";
        Ok(items.iter().any(stored).then_some(()))
    })
    .await
    .unwrap();
}

/// Clicks the notification on the screen, and waits for the window with its item.
async fn click_leads_to_item(stage: &Stage, id: &str) {
    let title = format!("Task {id}");
    let shown = stage
        .session
        .wait_for_notification(DEADLINE, |notification| notification.summary == title)
        .await
        .unwrap();
    let key = format!("n:{id}");
    stage.recorded_as_shown(&key).await;
    stage
        .session
        .invoke_notification_action(shown.id.unwrap(), "default")
        .unwrap();
    let window = stage.drive().await;
    window
        .find(&format!("[data-testid=item-detail][data-key='{key}']"))
        .await;
    // The compositor gives the focus a moment after the window is there.
    let mut windows = Vec::new();
    let focused = wait_until("the only window in front", DEADLINE, async || {
        windows = stage.session.wayland_windows()?;
        let [window] = &windows[..] else {
            return Ok(None);
        };
        let names = (&*window.app_id, &*window.title);
        let is_ours = names == ("com.gloriasystem.notify", "Gloria Notify");
        Ok((is_ours && window.focused).then_some(()))
    })
    .await;
    focused.unwrap_or_else(|error| panic!("{error}: {windows:?}"));
}

/// Waits until the window shows more than its background: its page can have the item before it is on the screen.
async fn painted(stage: &Stage) {
    let picture = stage.session.dir().join("wayland.png");
    let mut last = 0;
    let painted = wait_until("the window to be painted", DEADLINE, async || {
        stage.session.screenshot(&picture)?;
        let mut identify = stage.session.command("identify");
        let output = output(identify.args(["-format", "%k"]).arg(&picture))?;
        last = String::from_utf8(output.stdout)?.parse()?;
        Ok((last >= MIN_COLOURS).then_some(()))
    })
    .await;
    painted.unwrap_or_else(|error| panic!("{error}: {last} colours"));
}

/// Waits until the app reports that the desktop lacks all of these.
async fn lacks(stage: &Stage, kinds: &[&str]) {
    let mut last = Value::Null;
    let reported = wait_until(
        &format!("the report that {kinds:?} are lacking"),
        DEADLINE,
        async || {
            last = stage.status().1;
            let notices: Vec<_> = last["notices"].as_array().into_iter().flatten().collect();
            let reported = |kind: &&str| notices.iter().any(|notice| notice["kind"] == **kind);
            Ok(kinds.iter().all(reported).then_some(()))
        },
    )
    .await;
    reported.unwrap_or_else(|error| panic!("{error}: {last}"));
}
