//! `ActiveChanged` of the desktops' screensavers, which also signals most locked screens.

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use zbus::message::Type;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, MatchRule, MessageStream, Proxy};

use super::{Bus, Reports, with_bus, with_owner};

/// Their names on the bus, which equal those of their interfaces, and their objects. KDE's is at one of two paths.
const SAVERS: [(&str, &[&str]); 5] = [
    (
        "org.freedesktop.ScreenSaver",
        &["/org/freedesktop/ScreenSaver", "/ScreenSaver"],
    ),
    ("org.gnome.ScreenSaver", &["/org/gnome/ScreenSaver"]),
    ("org.cinnamon.ScreenSaver", &["/org/cinnamon/ScreenSaver"]),
    ("org.mate.ScreenSaver", &["/org/mate/ScreenSaver"]),
    ("org.xfce.ScreenSaver", &["/org/xfce/ScreenSaver"]),
];

pub(super) async fn watch(bus: Option<&str>, reports: &Reports) {
    with_bus(Bus::Session, bus, async |connection: &Connection| {
        let savers = SAVERS.iter().enumerate().map(async |(place, (name, paths))| {
            let report = |active| report(reports, place, active);
            let follow = async |owner| follow(connection, owner, name, paths, report).await;
            with_owner(connection, name, follow, || report(false)).await
        });
        // All of them end when the bus disappears.
        join_all(savers).await.into_iter().collect()
    })
    .await;
}

fn report(reports: &Reports, place: usize, active: bool) {
    let bit = 1 << place;
    reports.send_modify(|sources| {
        if active {
            sources.active_savers |= bit;
        } else {
            sources.active_savers &= !bit;
        }
    });
}

async fn follow(
    connection: &Connection,
    owner: OwnedUniqueName,
    interface: &'static str,
    paths: &[&'static str],
    report: impl Fn(bool),
) -> zbus::Result<()> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(owner.clone())?
        .interface(interface)?
        .member("ActiveChanged")?
        .build();
    let mut changes = MessageStream::for_match_rule(rule, connection, None).await?;
    for path in paths {
        let saver = Proxy::new(connection, owner.clone(), *path, interface).await?;
        let active: zbus::Result<bool> = saver.call("GetActive", &()).await;
        if let Ok(active) = active {
            report(active);
            break;
        }
    }
    while let Some(change) = changes.next().await {
        if let Ok(active) = change?.body().deserialize() {
            report(active);
        }
    }
    Ok(())
}
