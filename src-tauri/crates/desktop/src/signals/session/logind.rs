//! logind's `LockedHint` and `IdleHint` of the session that shows our windows (org.freedesktop.login1, systemd and
//! elogind).

use futures_util::StreamExt as _;
use zbus::fdo::PropertiesProxy;
use zbus::names::{InterfaceName, OwnedUniqueName};
use zbus::zvariant::{OwnedObjectPath, OwnedValue};
use zbus::{Connection, Proxy};

use super::{Bus, Reports, with_bus, with_owner};

const LOGIND: &str = "org.freedesktop.login1";
const MANAGER: (&str, &str) = ("/org/freedesktop/login1", "org.freedesktop.login1.Manager");
const SESSION: &str = "org.freedesktop.login1.Session";

pub(super) async fn watch(bus: Option<&str>, reports: &Reports) {
    with_bus(Bus::System, bus, async |connection: &Connection| {
        let follow = async |owner| follow(connection, owner, reports).await;
        with_owner(connection, LOGIND, follow, || {
            report(reports, Some(false), Some(false))
        })
        .await
    })
    .await;
}

fn report(reports: &Reports, locked: Option<bool>, idle: Option<bool>) {
    reports.send_modify(|sources| {
        sources.locked_hint = locked.unwrap_or(sources.locked_hint);
        sources.idle_hint = idle.unwrap_or(sources.idle_hint);
    });
}

async fn follow(connection: &Connection, owner: OwnedUniqueName, reports: &Reports) -> zbus::Result<()> {
    let session = our_session(connection, &owner).await?;
    let properties = PropertiesProxy::builder(connection)
        .destination(owner)?
        .path(session)?
        .build()
        .await?;
    let mut changes = properties.receive_properties_changed().await?;
    let interface = InterfaceName::from_static_str(SESSION)?;
    let all = properties.get_all(interface.clone()).await?;
    report(reports, flag(all.get("LockedHint")), flag(all.get("IdleHint")));
    while let Some(change) = changes.next().await {
        let args = change.args()?;
        if *args.interface_name() != SESSION {
            continue;
        }
        let changed = |name| {
            let value = args.changed_properties().get(name)?;
            bool::try_from(value).ok()
        };
        report(reports, changed("LockedHint"), changed("IdleHint"));
    }
    Ok(())
}

fn flag(value: Option<&OwnedValue>) -> Option<bool> {
    bool::try_from(value?).ok()
}

/// The session of this process if it has a screen. An app that systemd starts for its user is in no session, and one
/// that is started over ssh in a session without a screen; then the user's display session is used.
async fn our_session(connection: &Connection, owner: &OwnedUniqueName) -> zbus::Result<OwnedObjectPath> {
    let manager = Proxy::new(connection, owner.clone(), MANAGER.0, MANAGER.1).await?;
    let own: zbus::Result<OwnedObjectPath> = manager.call("GetSessionByPID", &(std::process::id(),)).await;
    if let Ok(own) = own
        && has_screen(connection, owner, &own).await
    {
        return Ok(own);
    }
    let user: OwnedObjectPath = manager
        .call("GetUser", &(rustix::process::getuid().as_raw(),))
        .await?;
    let user = properties(connection, owner, user, "org.freedesktop.login1.User").await?;
    let (_, display): (String, OwnedObjectPath) = user.get_property("Display").await?;
    if display.as_str() == "/" {
        return Err(zbus::Error::Failure(
            "the user has no session with a screen".into(),
        ));
    }
    Ok(display)
}

async fn has_screen(connection: &Connection, owner: &OwnedUniqueName, session: &OwnedObjectPath) -> bool {
    let kind = async {
        let session = properties(connection, owner, session.clone(), SESSION).await?;
        session.get_property::<String>("Type").await
    };
    matches!(kind.await.as_deref(), Ok("x11" | "wayland" | "mir"))
}

/// An object whose properties are read one by one, without a cache of all.
async fn properties(
    connection: &Connection,
    owner: &OwnedUniqueName,
    path: OwnedObjectPath,
    interface: &'static str,
) -> zbus::Result<Proxy<'static>> {
    zbus::proxy::Builder::new(connection)
        .destination(owner.clone())?
        .path(path)?
        .interface(interface)?
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
}
