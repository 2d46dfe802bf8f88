//! The core as the app starts it, with a machine that records.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use gloria_core::paths::Paths;
use gloria_core::ports::fakes::{
    FakeNotifications, FakeOpener, FakeSecrets, FakeSignals, FakeSounds, FakeWindow,
};
use gloria_core::ports::{Notifications, SystemClock};
use gloria_core::{CoreHandle, Ports, Setup, start};

/// Starts a core on an inbox that keeps all it gets.
pub(crate) fn start_core(
    home: &Path,
    api: &str,
    notifications: Option<Arc<dyn Notifications>>,
) -> Result<CoreHandle> {
    let api = api.to_owned();
    let (core, _task) = start(Setup {
        paths: Paths::within(home),
        environment: Arc::new(move |name| match name {
            "GLORIA_API_URL" => Some(api.clone()),
            "GLORIA_TOKEN" => Some("token".to_owned()),
            "GLORIA_INBOX_KEEP_DAYS" => Some("36500".to_owned()),
            "GLORIA_INBOX_KEEP_ITEMS" => Some("1000000".to_owned()),
            _ => None,
        }),
        version: "0.0.0-bench".to_owned(),
        seed: 7,
        ports: Ports {
            notifications: notifications.unwrap_or_else(|| Arc::new(FakeNotifications::default())),
            window: Arc::new(FakeWindow::default()),
            sounds: Arc::new(FakeSounds::default()),
            secrets: Arc::new(FakeSecrets::default()),
            opener: Arc::new(FakeOpener::default()),
            signals: Arc::new(FakeSignals::default()),
            clock: Arc::new(SystemClock),
            proxies: None,
        },
    })?;
    Ok(core)
}
