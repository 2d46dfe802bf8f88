//! How long mouse and keyboard were not used: Mutter's idle monitor, which signals it, and the idle time of
//! `org.freedesktop.ScreenSaver` in KDE, which has to be polled.

use std::time::Duration;

use futures_util::StreamExt as _;
use gloria_core::alerts::presence::IDLE_TIMEOUT;
use tokio::time::{Instant, sleep};
use zbus::names::OwnedUniqueName;
use zbus::{Connection, Proxy};

use super::{Bus, Reports, with_bus, with_owner};

const MONITOR: &str = "org.gnome.Mutter.IdleMonitor";
const MONITOR_PATH: &str = "/org/gnome/Mutter/IdleMonitor/Core";
const SCREENSAVER: &str = "org.freedesktop.ScreenSaver";
const SCREENSAVER_PATH: &str = "/org/freedesktop/ScreenSaver";

/// How often the idle time is polled: six times within the time that counts as idle, and no more than two wake-ups a
/// minute.
const ASK_INTERVAL: Duration = Duration::from_secs(30);

pub(super) async fn watch(bus: Option<&str>, reports: &Reports) {
    with_bus(Bus::Session, bus, async |connection: &Connection| {
        let monitor = async {
            let follow = async |owner| follow_monitor(connection, owner, reports).await;
            with_owner(connection, MONITOR, follow, || report_monitor(reports, None)).await
        };
        let screensaver = async {
            let ask = async |owner| ask_idle_time(connection, owner, reports).await;
            with_owner(connection, SCREENSAVER, ask, || report_idle_time(reports, None)).await
        };
        tokio::try_join!(monitor, screensaver).map(|((), ())| ())
    })
    .await;
}

fn report_monitor(reports: &Reports, idle: Option<bool>) {
    reports.send_modify(|sources| sources.monitor = idle);
}

fn report_idle_time(reports: &Reports, idle: Option<bool>) {
    reports.send_modify(|sources| sources.idle_time = idle);
}

/// An idle watch fires whenever there was no input for the given time, an active watch once at the next input.
async fn follow_monitor(
    connection: &Connection,
    owner: OwnedUniqueName,
    reports: &Reports,
) -> zbus::Result<()> {
    let monitor = Proxy::new(connection, owner, MONITOR_PATH, MONITOR).await?;
    let mut fired = monitor.receive_signal("WatchFired").await?;
    let timeout = u64::try_from(IDLE_TIMEOUT.as_millis()).unwrap_or(u64::MAX);
    let idle_watch: u32 = monitor.call("AddIdleWatch", &(timeout,)).await?;
    let idle_for: u64 = monitor.call("GetIdletime", &()).await?;
    let mut idle = idle_for >= timeout;
    let mut active_watch = None;
    loop {
        report_monitor(reports, Some(idle));
        if idle && active_watch.is_none() {
            active_watch = Some(monitor.call::<_, _, u32>("AddUserActiveWatch", &()).await?);
        }
        let Some(message) = fired.next().await else {
            return Ok(());
        };
        let id: u32 = message.body().deserialize()?;
        if id == idle_watch {
            idle = true;
        } else if Some(id) == active_watch {
            idle = false;
            active_watch = None;
        }
    }
}

async fn ask_idle_time(
    connection: &Connection,
    owner: OwnedUniqueName,
    reports: &Reports,
) -> zbus::Result<()> {
    let saver = Proxy::new(connection, owner, SCREENSAVER_PATH, SCREENSAVER).await?;
    let mut time = IdleTime::default();
    loop {
        let value: u32 = saver.call("GetSessionIdleTime", &()).await?;
        report_idle_time(reports, time.read(value, Instant::now().into_std()));
        sleep(ASK_INTERVAL).await;
    }
}

/// The unit of the idle time: seconds according to the specification, milliseconds from some services. The difference
/// between two polls shows which.
#[derive(Debug, Default)]
struct IdleTime {
    before: Option<(u32, std::time::Instant)>,
    /// The number of units in a second, once that is known.
    per_second: Option<u32>,
}

impl IdleTime {
    /// Whether this value means idle; `None` while the unit is not known.
    fn read(&mut self, value: u32, at: std::time::Instant) -> Option<bool> {
        if let Some((before, then)) = self.before.replace((value, at))
            && let Some(grown) = value.checked_sub(before)
        {
            let passed = at.saturating_duration_since(then);
            for per_second in [1, 1000] {
                let expected = passed.as_secs_f64() * f64::from(per_second);
                if (f64::from(grown) - expected).abs() <= 2.0 * f64::from(per_second) {
                    self.per_second = Some(per_second);
                }
            }
        }
        let seconds = u64::from(value / self.per_second?);
        Some(seconds >= IDLE_TIMEOUT.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn read(values: &[u32]) -> Option<bool> {
        let mut time = IdleTime::default();
        let began = Instant::now();
        let mut said = None;
        for (place, value) in (0..).zip(values) {
            said = time.read(*value, began + ASK_INTERVAL * place);
        }
        said
    }

    #[test]
    fn the_unit_of_an_idle_time_shows_in_how_it_grows() {
        assert_eq!(read(&[150]), None, "seconds or milliseconds?");
        assert_eq!(read(&[150, 180]), Some(true));
        assert_eq!(read(&[149, 179]), Some(false));
        assert_eq!(read(&[150_000, 180_000]), Some(true));
        assert_eq!(read(&[40_000, 70_000]), Some(false));
        assert_eq!(read(&[150, 180, 2]), Some(false), "somebody came back");
        assert_eq!(
            read(&[20, 3, 12]),
            None,
            "somebody is there, and so there is no telling"
        );
        assert_eq!(read(&[100, 30_100, 5]), Some(false));
    }
}
