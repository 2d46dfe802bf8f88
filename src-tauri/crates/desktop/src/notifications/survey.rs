//! One look at the session's notification service, which shows nothing.

use std::time::Duration;

use gloria_core::doctor::{NotificationsSeen, Probed};
use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::{Connection, Proxy};

use super::service::{NAME, PATH, Pause};
use crate::session_bus;

/// A service that is started for it takes a second or two. The whole report may take three times as long.
const SURVEY_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks the service of this program's session what it is and what it can do.
pub(crate) async fn survey() -> Probed<NotificationsSeen> {
    match timeout(SURVEY_TIMEOUT, asked()).await {
        Ok(Ok(seen)) => Probed::Seen(seen),
        Ok(Err(error)) => {
            tracing::debug!(%error, "no notification service answers");
            Probed::Seen(NotificationsSeen::Absent)
        }
        Err(_) => Probed::Hangs(SURVEY_TIMEOUT),
    }
}

async fn asked() -> zbus::Result<NotificationsSeen> {
    let bus = session_bus::connect(Builder::session()?).await?;
    let service = Proxy::new(&bus, NAME, PATH, NAME).await?;
    let (name, _vendor, _version, _specification): (String, String, String, String) =
        service.call("GetServerInformation", &()).await?;
    let capabilities = service.call("GetCapabilities", &()).await?;
    let mut is_paused = false;
    for pause in Pause::ALL {
        is_paused |= is_paused_by(&bus, pause).await.unwrap_or(false);
    }
    Ok(NotificationsSeen::Present {
        name,
        capabilities,
        is_paused,
    })
}

/// Fails where the service has no such property.
async fn is_paused_by(bus: &Connection, pause: Pause) -> zbus::Result<bool> {
    let (interface, property) = pause.property();
    let service = Proxy::new(bus, NAME, PATH, interface).await?;
    service.get_property(property).await
}
