//! Queries the tray over the bus.

use std::collections::HashMap;

use anyhow::{Context, Result};
use zbus::Connection;
use zbus::names::OwnedBusName;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

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
    fn status(&self) -> zbus::Result<String>;

    #[zbus(property(emits_changed_signal = "false"))]
    fn tool_tip(&self) -> zbus::Result<ToolTip>;

    #[zbus(property(emits_changed_signal = "false"))]
    fn menu(&self) -> zbus::Result<OwnedObjectPath>;

    #[zbus(name = "ProvideXdgActivationToken")]
    fn provide_xdg_activation_token(&self, token: &str) -> zbus::Result<()>;
}

#[zbus::proxy(interface = "com.canonical.dbusmenu", assume_defaults = false)]
trait Menu {
    fn get_layout(&self, parent: i32, depth: i32, properties: &[&str]) -> zbus::Result<(u32, Layout)>;

    fn event(&self, id: i32, event: &str, data: &Value<'_>, timestamp: u32) -> zbus::Result<()>;
}

/// A menu entry and the entries below it.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// Icon name, pixmaps (width, height, ARGB bytes), title, text.
type ToolTip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);

/// An entry of an icon's menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayMenuLine {
    /// Its label; empty for a separator.
    pub label: String,
    /// Whether it can be clicked.
    pub enabled: bool,
    id: i32,
}

/// An icon in the tray.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayItem {
    /// The application's id of it.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What users read when the pointer rests on it: title and text, in two lines if there are both.
    pub tooltip: String,
    address: (OwnedBusName, OwnedObjectPath),
}

impl TrayItem {
    /// Returns all icons that are registered with the tray host.
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

    /// Clicks the icon with the main button.
    ///
    /// # Errors
    /// When the application is gone or refuses.
    pub async fn click(&self, bus: &Connection) -> Result<()> {
        // The position of the click, which the app does not use.
        Ok(proxy(bus, &self.address).await?.activate(0, 0).await?)
    }

    /// Returns its status: `Active`, or `NeedsAttention` if it asks for attention.
    ///
    /// # Errors
    /// When the application is gone.
    pub async fn status(&self, bus: &Connection) -> Result<String> {
        Ok(proxy(bus, &self.address).await?.status().await?)
    }

    /// Returns the entries of its menu, from top to bottom.
    ///
    /// # Errors
    /// When the application is gone or has no menu.
    pub async fn menu(&self, bus: &Connection) -> Result<Vec<TrayMenuLine>> {
        let (_, (_, _, lines)) = self.menu_proxy(bus).await?.get_layout(0, -1, &[]).await?;
        lines.into_iter().map(line).collect()
    }

    /// Clicks the menu entry with this label. If there is a token, the desktop passes it with the click.
    ///
    /// # Errors
    /// When there is no such entry, or the application is gone.
    pub async fn choose(&self, bus: &Connection, label: &str, token: Option<&str>) -> Result<()> {
        let lines = self.menu(bus).await?;
        let line = lines.iter().find(|line| line.label == label);
        let line = line.with_context(|| format!("{label} is not in the menu: {lines:?}"))?;
        if let Some(token) = token {
            proxy(bus, &self.address)
                .await?
                .provide_xdg_activation_token(token)
                .await?;
        }
        let clicked = self.menu_proxy(bus).await?;
        Ok(clicked.event(line.id, "clicked", &Value::I32(0), 0).await?)
    }

    async fn menu_proxy<'a>(&self, bus: &Connection) -> Result<MenuProxy<'a>> {
        let path = proxy(bus, &self.address).await?.menu().await?;
        let builder = MenuProxy::builder(bus)
            .destination(self.address.0.clone())?
            .path(path)?;
        Ok(builder.build().await?)
    }

    /// Returns the bus name and object path of the item, for queries that this type does not support.
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

fn line(line: OwnedValue) -> Result<TrayMenuLine> {
    let (id, mut properties, _): Layout = line.try_into()?;
    let label = match properties.remove("label") {
        Some(label) => String::try_from(label)?.replace("__", "_"),
        None => String::new(),
    };
    let is_separator = properties.contains_key("type");
    let enabled = match properties.remove("enabled") {
        Some(enabled) => bool::try_from(enabled)?,
        None => !is_separator,
    };
    Ok(TrayMenuLine { label, enabled, id })
}

/// Parses an address in the format of tray hosts, `bus.name/object/path`.
fn parse(registered: &str) -> Result<(OwnedBusName, OwnedObjectPath)> {
    let slash = registered
        .find('/')
        .with_context(|| format!("a tray item without a path: {registered}"))?;
    let (name, path) = registered.split_at(slash);
    Ok((OwnedBusName::try_from(name)?, OwnedObjectPath::try_from(path)?))
}
