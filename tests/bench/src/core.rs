//! The core as the app starts it, with a machine that records.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use gloria_core::paths::Paths;
use gloria_core::ports::Notifications;
use gloria_core::{CoreHandle, start, testing};

/// Starts a core on an inbox that keeps all it gets.
pub(crate) fn start_core(
    home: &Path,
    api: &str,
    notifications: Option<Arc<dyn Notifications>>,
) -> Result<CoreHandle> {
    let environment = HashMap::from([
        ("GLORIA_API_URL", api.to_owned()),
        ("GLORIA_TOKEN", "token".to_owned()),
        ("GLORIA_INBOX_KEEP_DAYS", "36500".to_owned()),
        ("GLORIA_INBOX_KEEP_ITEMS", "1000000".to_owned()),
    ]);
    let mut ports = testing::ports();
    if let Some(notifications) = notifications {
        ports.notifications = notifications;
    }
    let (core, _task) = start(testing::setup(Paths::within(home), environment, ports))?;
    Ok(core)
}
