//! Panels that refuse the icon or hang, and accept it later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use gloria_desktop_session::{SessionOptions, wait_until};
use serde_json::Value;
use zbus::Connection;

use crate::scene::{DEADLINE, Scene};

const NAME: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";

/// A scripted panel.
#[derive(Clone, Default)]
struct Watcher {
    accepts: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    async fn register_status_notifier_item(&self, _service: &str) -> zbus::fdo::Result<()> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.accepts.load(Ordering::SeqCst) {
            self.accepted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        } else {
            self.refused.fetch_add(1, Ordering::SeqCst);
            Err(zbus::fdo::Error::AccessDenied("not this one".into()))
        }
    }
}

impl Watcher {
    async fn start(&self, address: &str) -> Connection {
        zbus::connection::Builder::address(address)
            .unwrap()
            .serve_at(PATH, self.clone())
            .unwrap()
            .name(NAME)
            .unwrap()
            .build()
            .await
            .unwrap()
    }
}

/// Also of one that hangs: its calls keep the connection open otherwise.
async fn end(panel: Connection) {
    panel.close().await.unwrap();
}

async fn counted(what: &str, counter: &AtomicUsize, more_than: usize) {
    wait_until(what, DEADLINE, async || {
        Ok((counter.load(Ordering::SeqCst) > more_than).then_some(()))
    })
    .await
    .unwrap();
}

/// Waits until the core reports that this desktop has no tray, or no longer does.
async fn expect_notice(scene: &Scene, wanted: bool) {
    wait_until(&format!("the notice: {wanted}"), DEADLINE, async || {
        let status = scene.status();
        let notices = status["notices"].as_array().cloned().unwrap_or_default();
        let is_there = notices.iter().any(|notice: &Value| notice["kind"] == "tray");
        Ok((is_there == wanted && status["notices"].is_array()).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_refuses_the_icon_is_asked_again_and_so_is_the_next_one() {
    let scene = Scene::set(SessionOptions {
        tray_host: false,
        ..SessionOptions::default()
    })
    .await;
    let address = scene.session.bus_address();
    let panel = Watcher::default();
    let running = panel.start(&address).await;
    let mut agent = scene.agent();
    scene.connected().await;
    counted("a refusal", &panel.refused, 0).await;
    expect_notice(&scene, true).await;
    panel.accepts.store(true, Ordering::SeqCst);
    counted("the icon", &panel.accepted, 0).await;
    expect_notice(&scene, false).await;

    // Another panel, which refuses although the icon is already registered.
    drop(running);
    expect_notice(&scene, true).await;
    let next = Watcher::default();
    let _running = next.start(&address).await;
    counted("a refusal", &next.refused, 0).await;
    expect_notice(&scene, true).await;
    next.accepts.store(true, Ordering::SeqCst);
    counted("the icon", &next.accepted, 0).await;
    expect_notice(&scene, false).await;
    agent.check_alive().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_hangs_counts_as_none_and_delays_neither_the_next_one_nor_the_agent() {
    let scene = Scene::set(SessionOptions {
        tray_host: false,
        ..SessionOptions::default()
    })
    .await;
    let address = scene.session.bus_address();
    let hanging = || {
        let panel = Watcher::default();
        panel.hangs.store(true, Ordering::SeqCst);
        panel
    };
    let panel = hanging();
    let running = panel.start(&address).await;
    let mut agent = scene.agent();
    scene.connected().await;
    counted("a registration", &panel.asked, 0).await;
    expect_notice(&scene, true).await;
    // It goes on.
    panel.hangs.store(false, Ordering::SeqCst);
    panel.accepts.store(true, Ordering::SeqCst);
    counted("the icon", &panel.accepted, 0).await;
    expect_notice(&scene, false).await;

    // The next one hangs when the icon is there already.
    end(running).await;
    expect_notice(&scene, true).await;
    let next = hanging();
    let running = next.start(&address).await;
    counted("a registration", &next.asked, 1).await;
    expect_notice(&scene, true).await;
    scene.push("a");
    scene.recorded("n:a").await;
    end(running).await;
    let last = Watcher::default();
    last.accepts.store(true, Ordering::SeqCst);
    let _running = last.start(&address).await;
    counted("the icon", &last.accepted, 0).await;
    expect_notice(&scene, false).await;
    agent.check_alive().unwrap();
}
