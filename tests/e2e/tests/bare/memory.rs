//! Memory that the system needs for others.

use std::time::Duration;

use gloria_backend::TEST_TOKEN;
use gloria_desktop_session::{SessionOptions, wait_until};
use zbus::connection::Builder;

use crate::scene::Scene;

const MONITOR: &str = "org.freedesktop.LowMemoryMonitor";
const PATH: &str = "/org/freedesktop/LowMemoryMonitor";

/// The lowest of three levels.
const LOW: u8 = 50;

/// How long a window that was closed stays hidden otherwise.
const LINGER: Duration = Duration::from_secs(30);

/// GLib asks it for properties before it listens to it.
struct Monitor;

#[zbus::interface(name = "org.freedesktop.LowMemoryMonitor")]
impl Monitor {}

#[tokio::test]
async fn a_window_that_was_closed_ends_at_once_when_memory_is_low_and_one_that_is_open_does_not() {
    let scene = Scene::set(SessionOptions {
        sound: false,
        ..SessionOptions::default()
    })
    .await;
    // The service, on a bus that is the system's for the app.
    let bus = scene.session.bus_address();
    let service = Builder::address(&*bus).unwrap().serve_at(PATH, Monitor).unwrap();
    let service = service.name(MONITOR).unwrap().build().await.unwrap();
    let warn = async || {
        let warning = service.emit_signal(None::<&str>, PATH, MONITOR, "LowMemoryWarning", &LOW);
        warning.await.unwrap();
    };
    let mut command = scene.command("gloria");
    command
        .args(["agent", "--open"])
        .env("GLORIA_TOKEN", TEST_TOKEN)
        .env("DBUS_SYSTEM_BUS_ADDRESS", &bus);
    let mut agent = scene.session.spawn("agent", command).unwrap();
    scene.connected().await;
    scene.expect_windows(1).await;
    warn().await;
    scene.close_window().await;
    let [window] = scene.session.processes("gloria-notify")[..] else {
        panic!("not one window");
    };
    scene.open();
    scene.expect_windows(1).await;
    warn().await;
    assert_eq!(scene.session.processes("gloria-notify"), [window], "it is open");
    scene.close_window().await;
    wait_until("the window's program to end", LINGER / 2, async || {
        warn().await;
        Ok(scene.session.processes("gloria-notify").is_empty().then_some(()))
    })
    .await
    .unwrap();
    scene.open();
    scene.expect_windows(1).await;
    agent.check_alive().unwrap();
}
