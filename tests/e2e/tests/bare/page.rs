//! A window whose page is dead, frozen, behind a lock screen, or not painted yet.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use gloria_desktop_session::{Process, SessionOptions, Signal, wait_until};
use tokio::time::timeout;
use zbus::Connection;

use crate::scene::{DEADLINE, Scene};

const TITLE: &str = "Gloria Notify$";

/// The process of the page, as WebKit names it; the kernel keeps 15 bytes.
const PAGE: &str = "WebKitWebProces";

/// WebKit's process for network requests, which the page does not make.
const NETWORK: &str = "WebKitNetworkPr";

async fn set() -> Scene {
    Scene::set(SessionOptions {
        sound: false,
        ..SessionOptions::default()
    })
    .await
}

fn xdotool(scene: &Scene, arguments: &[&str]) -> String {
    let output = scene.session.command("xdotool").args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Returns the window on screen, if there is one.
fn window(scene: &Scene) -> Option<String> {
    scene.session.windows(TITLE).unwrap().into_iter().next()
}

/// Returns every running process below this one, with its name.
fn descendants(of: u32) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let all: Vec<_> = processes
        .filter_map(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            let (id, rest) = stat.split_once(" (")?;
            let (name, rest) = rest.rsplit_once(") ")?;
            let (state, rest) = rest.split_once(' ')?;
            let parent = rest.split(' ').next().filter(|_| state != "Z")?;
            Some((
                id.parse::<u32>().ok()?,
                name.to_owned(),
                parent.parse::<u32>().ok()?,
            ))
        })
        .collect();
    let mut parents = BTreeSet::from([of]);
    loop {
        let before = parents.len();
        for (id, name, parent) in &all {
            if parents.contains(parent) && parents.insert(*id) {
                found.push((*id, name.clone()));
            }
        }
        if parents.len() == before {
            return found;
        }
    }
}

/// Returns the process of the current page, other than an earlier one.
pub(crate) async fn page_process(app: &Process, other_than: Option<u32>) -> u32 {
    let look = async || {
        let pages = descendants(app.id()).into_iter().filter(|(_, name)| name == PAGE);
        Ok(pages.map(|(id, _)| id).find(|id| Some(*id) != other_than))
    };
    wait_until("the page's process", DEADLINE, look).await.unwrap()
}

pub(crate) fn signal(process: u32, signal: &str) {
    let sent = Command::new("kill")
        .args(["-s", signal, &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Returns the picture of a window, as raw colours.
fn picture(scene: &Scene, window: &str) -> Vec<[u8; 3]> {
    let taken = scene
        .session
        .command("import")
        .args(["-window", window, "-depth", "8", "rgb:-"])
        .output()
        .unwrap();
    taken.stdout.as_chunks().0.to_vec()
}

/// Antialiased text has more colours than this; a window without a page has one.
const PAINTED_COLOURS: usize = 40;

fn is_painted(picture: &[[u8; 3]]) -> bool {
    picture.iter().collect::<BTreeSet<_>>().len() > PAINTED_COLOURS
}

async fn painted(scene: &Scene) -> String {
    wait_until("a window that shows its page", DEADLINE, async || {
        Ok(window(scene).filter(|window| is_painted(&picture(scene, window))))
    })
    .await
    .unwrap()
}

/// Returns the window that has the focus.
fn focused(scene: &Scene) -> String {
    xdotool(scene, &["getwindowfocus", "getwindowname"])
}

async fn has_focus(scene: &Scene, name: &str) {
    wait_until(&format!("{name} to have the focus"), DEADLINE, async || {
        Ok((focused(scene) == name).then_some(()))
    })
    .await
    .unwrap();
}

/// Opens another program's window in front of the app's.
async fn another_window(scene: &Scene) -> Process {
    let mut other = scene.session.command("xmessage");
    other.args(["-title", "Another", "-center", "in front"]);
    let other = scene.session.spawn("another", other).unwrap();
    let found = wait_until("another window", DEADLINE, async || {
        Ok(scene.session.windows("^Another$")?.into_iter().next())
    });
    let found = found.await.unwrap();
    xdotool(scene, &["windowactivate", "--sync", &found]);
    has_focus(scene, "Another").await;
    other
}

async fn notified_of(scene: &Scene, id: &str) {
    let title = format!("title {id}");
    scene
        .session
        .wait_for_notification(DEADLINE, |notification| notification.summary == title)
        .await
        .unwrap();
}

/// Waits until the app reports that all items have been seen.
async fn all_seen(scene: &Scene, total: usize) {
    wait_until("everything to be seen", DEADLINE, async || {
        let items = scene.stored()?;
        let seen = items.iter().all(|item| item["seenAt"].is_i64());
        Ok((items.len() == total && seen).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_page_whose_process_is_killed_behind_another_window_costs_no_notification() {
    let scene = set().await;
    let app = scene.app();
    scene.connected().await;
    scene.open();
    let first = painted(&scene).await;
    has_focus(&scene, "Gloria Notify").await;
    scene.push("1");
    all_seen(&scene, 1).await;
    let _other = another_window(&scene).await;
    let page = page_process(&app, None).await;
    signal(page, "KILL");
    for id in ["2", "3"] {
        scene.push(id);
        notified_of(&scene, id).await;
    }
    page_process(&app, Some(page)).await;
    let second = painted(&scene).await;
    assert_ne!(first, second, "a new window");
    assert_eq!(scene.windows(), 1);
    assert_eq!(focused(&scene), "Another", "nobody asked for it");
    scene.push("4");
    notified_of(&scene, "4").await;
}

#[tokio::test]
async fn a_page_that_freezes_in_front_is_not_believed_for_long_and_made_anew_when_asked_for() {
    let scene = set().await;
    let app = scene.app();
    scene.connected().await;
    scene.open();
    painted(&scene).await;
    has_focus(&scene, "Gloria Notify").await;
    scene.push("1");
    all_seen(&scene, 1).await;
    let page = page_process(&app, None).await;
    signal(page, "STOP");
    // A notification is sent again and again, until one is shown.
    let mut id = 2;
    wait_until("a notification", DEADLINE, async || {
        scene.push(&id.to_string());
        id += 1;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let shown = scene.session.notifications();
        Ok((!shown.is_empty()).then_some(()))
    })
    .await
    .unwrap();
    scene.open();
    let fresh = page_process(&app, Some(page)).await;
    painted(&scene).await;
    has_focus(&scene, "Gloria Notify").await;
    assert_eq!(scene.windows(), 1);
    wait_until("the frozen process to be gone", DEADLINE, async || {
        Ok(descendants(app.id())
            .iter()
            .all(|(id, _)| *id != page)
            .then_some(()))
    })
    .await
    .unwrap();
    // A page that answers stays, in front of and behind other windows.
    scene.open();
    let _other = another_window(&scene).await;
    scene.open();
    has_focus(&scene, "Gloria Notify").await;
    assert_eq!(page_process(&app, None).await, fresh);
}

#[tokio::test]
async fn webkits_network_process_is_of_no_matter_to_the_page() {
    for how in ["STOP", "KILL"] {
        let scene = set().await;
        let mut app = scene.app();
        scene.connected().await;
        scene.open();
        painted(&scene).await;
        let page = page_process(&app, None).await;
        let processes = descendants(app.id());
        let network = processes.iter().find(|(_, name)| name == NETWORK).unwrap();
        signal(network.0, how);
        scene.push("1");
        all_seen(&scene, 1).await;
        scene.open();
        assert_eq!(page_process(&app, None).await, page, "{how}");
        app.signal(Signal::TERM);
        assert!(app.ended(DEADLINE).await.unwrap().success());
    }
}

#[tokio::test]
async fn a_page_that_dies_again_and_again_is_made_anew_a_few_times_and_then_when_asked_for() {
    let scene = set().await;
    let mut app = scene.app();
    scene.connected().await;
    scene.open();
    painted(&scene).await;
    // Within a minute, even if the machine is busy, without waiting until it is painted.
    wait_until("the app to give up", DEADLINE, async || {
        let processes = descendants(app.id());
        if let Some((page, _)) = processes.iter().find(|(_, name)| name == PAGE)
            && window(&scene).is_some()
        {
            // It may just have ended.
            let _ = Command::new("kill")
                .args(["-s", "KILL", &page.to_string()])
                .output();
        }
        let log = fs::read_to_string(scene.home.join("logs/gloria-notify.log"))?;
        Ok(log.contains("it ended too often").then_some(()))
    })
    .await
    .unwrap();
    scene.expect_windows(0).await;
    scene.push("1");
    notified_of(&scene, "1").await;
    app.check_alive().unwrap();
    scene.open();
    painted(&scene).await;
}

/// Kills the next page, usually before it has reported to the app.
async fn kill_at_birth(app: &Process) {
    loop {
        let processes = descendants(app.id());
        if let Some((page, _)) = processes.iter().find(|(_, name)| name == PAGE) {
            return signal(*page, "KILL");
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_page_that_is_killed_at_its_birth_comes_back_and_costs_no_notification() {
    let scene = set().await;
    let mut app = scene.app();
    scene.connected().await;
    scene.open();
    timeout(DEADLINE, kill_at_birth(&app)).await.unwrap();
    painted(&scene).await;
    app.check_alive().unwrap();
    scene.push("1");
    scene
        .stored_item("what came afterwards", |item| item["key"] == "n:1")
        .await;
    scene.open();
    app.check_alive().unwrap();
}

#[tokio::test]
async fn a_minimised_window_is_not_looked_at_and_comes_back_as_it_was() {
    let scene = set().await;
    let app = scene.app();
    scene.connected().await;
    scene.open();
    let shown = painted(&scene).await;
    scene.push("1");
    all_seen(&scene, 1).await;
    let page = page_process(&app, None).await;
    xdotool(&scene, &["windowminimize", "--sync", &shown]);
    scene.expect_windows(0).await;
    scene.push("2");
    notified_of(&scene, "2").await;
    // Behind another window, only the page's own timers keep it reporting.
    signal(page, "STOP");
    signal(page, "CONT");
    scene.open();
    painted(&scene).await;
    assert_eq!(page_process(&app, None).await, page, "the same page");
    all_seen(&scene, 2).await;
}

/// A screensaver that the test locks.
struct Screensaver(bool);

#[zbus::interface(name = "org.freedesktop.ScreenSaver")]
impl Screensaver {
    fn get_active(&self) -> bool {
        self.0
    }
}

async fn lock(bus: &Connection, locked: bool) {
    let (path, interface) = ("/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver");
    bus.emit_signal(None::<&str>, path, interface, "ActiveChanged", &locked)
        .await
        .unwrap();
}

#[tokio::test]
async fn before_a_locked_screen_nothing_is_seen_and_everything_is_reported() {
    let scene = set().await;
    let bus = scene.session.bus().unwrap().clone();
    bus.object_server()
        .at("/org/freedesktop/ScreenSaver", Screensaver(true))
        .await
        .unwrap();
    bus.request_name("org.freedesktop.ScreenSaver").await.unwrap();
    let _app = scene.app();
    scene.connected().await;
    scene.open();
    painted(&scene).await;
    has_focus(&scene, "Gloria Notify").await;
    scene.push("1");
    notified_of(&scene, "1").await;
    assert!(scene.stored().unwrap()[0]["seenAt"].is_null(), "nobody saw it");
    lock(&bus, false).await;
    all_seen(&scene, 1).await;
    lock(&bus, true).await;
    wait_until("a notification", DEADLINE, async || {
        let next = scene.stored()?.len() + 1;
        scene.push(&next.to_string());
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        Ok((scene.session.notifications().len() > 1).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_window_appears_in_its_colours() {
    for (appearance, expected) in [("light", [0xf4, 0xf5, 0xf8]), ("dark", [0x11, 0x13, 0x18])] {
        let scene = set().await;
        for number in 0..20 {
            scene.push(&number.to_string());
        }
        let mut command = scene.command("gloria-notify");
        command
            .env("GLORIA_TOKEN", gloria_backend::TEST_TOKEN)
            .env("GLORIA_APPEARANCE", appearance)
            .arg("--open");
        let _app = scene.session.spawn("app", command).unwrap();
        // From its first moment on the screen until it is painted.
        let mut number = 0;
        wait_until("the window", DEADLINE, async || {
            let Some(window) = window(&scene) else {
                return Ok(None);
            };
            let picture = picture(&scene, &window);
            if let Ok(folder) = std::env::var("GLORIA_PICTURES") {
                let name = format!("first-{appearance}-{number}.png");
                scene.session.screenshot(&Path::new(&folder).join(name))?;
            }
            number += 1;
            // The window may close while its picture is taken.
            let Some(corner) = picture.first() else {
                return Ok(None);
            };
            let usual = picture.iter().filter(|colour| **colour == expected).count();
            assert!(
                *corner == expected || usual * 5 > picture.len() || is_painted(&picture),
                "{appearance}: picture {number} has {corner:02x?} in its corner"
            );
            Ok(is_painted(&picture).then_some(()))
        })
        .await
        .unwrap();
    }
}
