//! The user's systemd, where there is one.

use std::ffi::OsStr;

use futures_util::StreamExt as _;
use gloria_desktop::session_bus;
use zbus::connection::Builder;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, Value};

const NAME: &str = "org.freedesktop.systemd1";

/// The result of a job that succeeded.
const DONE: &str = "done";

/// Finds systemd on the session bus at this address, or on the environment's bus if `bus` is `None`. Returns `None` if
/// this user has no systemd.
pub(super) async fn find(bus: Option<&OsStr>) -> zbus::Result<Option<ManagerProxy<'static>>> {
    let bus = match bus.and_then(OsStr::to_str) {
        Some(address) => Builder::address(address)?,
        None => Builder::session()?,
    };
    let connection = session_bus::connect(bus).await?;
    // A message to the name would have the bus start what is not there.
    let bus = DBusProxy::new(&connection).await?;
    if !bus.name_has_owner(BusName::from_static_str(NAME)?).await? {
        return Ok(None);
    }
    Ok(Some(ManagerProxy::new(&connection).await?))
}

/// Waits until a job has ended. `jobs` must have been subscribed to before the job was requested.
///
/// # Errors
/// When the job does not succeed, or the bus is gone.
pub(super) async fn finished(jobs: &mut JobRemovedStream, job: &OwnedObjectPath) -> zbus::Result<()> {
    while let Some(signal) = jobs.next().await {
        let removed = signal.args()?;
        if removed.job == **job {
            return match removed.result {
                DONE => Ok(()),
                result => Err(zbus::Error::Failure(format!("its job ended with {result}"))),
            };
        }
    }
    Err(zbus::Error::Failure("the session bus went away".to_owned()))
}

/// Whether systemd starts its programs with this variable and value.
pub(super) fn knows(environment: &[String], name: &str, value: &OsStr) -> bool {
    value_of(environment, name).is_some_and(|known| OsStr::new(known) == value)
}

/// Returns the value of a variable, unless it is unset or empty.
pub(super) fn value_of<'a>(environment: &'a [String], name: &str) -> Option<&'a str> {
    let of_name = |variable: &'a String| variable.strip_prefix(name)?.strip_prefix('=');
    environment
        .iter()
        .find_map(of_name)
        .filter(|value| !value.is_empty())
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1",
    gen_blocking = false
)]
pub(super) trait Manager {
    fn subscribe(&self) -> zbus::Result<()>;

    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;

    fn start_transient_unit(
        &self,
        name: &str,
        mode: &str,
        properties: &[(&str, Value<'_>)],
        auxiliary: &[(&str, &[(&str, Value<'_>)])],
    ) -> zbus::Result<OwnedObjectPath>;

    /// Sent without waiting for a reply: systemd handles requests in their order, also after a hang.
    #[zbus(no_reply, no_autostart)]
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<()>;

    fn get_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;

    #[zbus(property(emits_changed_signal = "false"))]
    fn environment(&self) -> zbus::Result<Vec<String>>;

    #[zbus(signal)]
    fn unit_removed(&self, id: &str, unit: ObjectPath<'_>) -> zbus::Result<()>;

    #[zbus(signal)]
    fn job_removed(&self, id: u32, job: ObjectPath<'_>, unit: &str, result: &str) -> zbus::Result<()>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Unit",
    default_service = "org.freedesktop.systemd1",
    gen_blocking = false
)]
pub(super) trait Unit {
    #[zbus(property(emits_changed_signal = "false"))]
    fn sub_state(&self) -> zbus::Result<String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_known_by_its_whole_name_and_value() {
        let environment = ["DISPLAY=:0", "DISPLAYS=:1", "EMPTY=", "A=b=c"].map(str::to_owned);
        assert_eq!(value_of(&environment, "DISPLAY"), Some(":0"));
        assert_eq!(value_of(&environment, "DISP"), None);
        assert_eq!(value_of(&environment, "EMPTY"), None);
        assert_eq!(value_of(&environment, "A"), Some("b=c"));
        assert!(knows(&environment, "DISPLAY", OsStr::new(":0")));
        assert!(!knows(&environment, "DISPLAY", OsStr::new(":1")));
        assert!(!knows(&environment, "HOME", OsStr::new("/home/x")));
    }
}
