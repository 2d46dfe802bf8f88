//! The tray, asked over the bus.

use anyhow::{Context, Result};
use zbus::Connection;
use zbus::names::OwnedBusName;
use zbus::zvariant::OwnedObjectPath;

#[zbus::proxy(
    interface = "org.kde.StatusNotifierWatcher",
    default_service = "org.kde.StatusNotifierWatcher",
    default_path = "/StatusNotifierWatcher"
)]
trait Watcher {
    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> zbus::Result<Vec<String>>;
}

#[zbus::proxy(interface = "org.kde.StatusNotifierItem", assume_defaults = false)]
trait Item {
    fn activate(&self, x: i32, y: i32) -> zbus::Result<()>;

    #[zbus(property(emits_changed_signal = "false"))]
    fn id(&self) -> zbus::Result<String>;

    #[zbus(property(emits_changed_signal = "false"))]
    fn title(&self) -> zbus::Result<String>;

    #[zbus(property(emits_changed_signal = "false"))]
    fn tool_tip(&self) -> zbus::Result<ToolTip>;
}

/// Icon name, pixmaps (width, height, ARGB bytes), title, text.
type ToolTip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);

/// An icon in the tray.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayItem {
    /// What the application calls it.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What a person reads when the pointer rests on it: title and text, in two lines where there are both.
    pub tooltip: String,
    address: (OwnedBusName, OwnedObjectPath),
}

impl TrayItem {
    /// All that are registered with the tray host now.
    pub(crate) async fn all(bus: &Connection) -> Result<Vec<Self>> {
        let watcher = WatcherProxy::builder(bus)
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .await?;
        let mut items = Vec::new();
        for registered in watcher.registered_status_notifier_items().await? {
            let address = parse(&registered)?;
            let item = proxy(bus, &address).await?;
            let (.., title, text) = item.tool_tip().await.unwrap_or_default();
            let tooltip = [title, text]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("\n");
            items.push(Self {
                id: item.id().await?,
                title: item.title().await.unwrap_or_default(),
                tooltip,
                address,
            });
        }
        Ok(items)
    }

    /// A click with the main button.
    ///
    /// # Errors
    /// When the application is gone or refuses.
    pub async fn click(&self, bus: &Connection) -> Result<()> {
        // Where on the screen it was, which no application of ours asks.
        Ok(proxy(bus, &self.address).await?.activate(0, 0).await?)
    }

    /// The bus name and object path of the item, to ask for what this type leaves out.
    pub fn address(&self) -> (&str, &str) {
        (self.address.0.as_str(), self.address.1.as_str())
    }
}

async fn proxy<'a>(bus: &Connection, address: &(OwnedBusName, OwnedObjectPath)) -> Result<ItemProxy<'a>> {
    let builder = ItemProxy::builder(bus)
        .destination(address.0.clone())?
        .path(address.1.clone())?;
    Ok(builder
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await?)
}

/// Hosts give `bus.name/object/path`.
fn parse(registered: &str) -> Result<(OwnedBusName, OwnedObjectPath)> {
    let slash = registered
        .find('/')
        .with_context(|| format!("a tray item without a path: {registered}"))?;
    let (name, path) = registered.split_at(slash);
    Ok((OwnedBusName::try_from(name)?, OwnedObjectPath::try_from(path)?))
}
