//! The system's proxies, including automatic configuration (PAC, WPAD): WinHTTP, CFNetwork, the desktop portal.

mod lists;

use std::sync::Arc;

use gloria_core::ports::{ProxyResolver, ProxyRoute, SystemProxies};
use url::Url;

#[cfg(target_os = "linux")]
#[path = "proxies/linux.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "proxies/macos.rs"]
mod system;
#[cfg(target_os = "windows")]
#[path = "proxies/windows.rs"]
mod system;

/// The system's own resolver.
#[derive(Debug, Clone, Default)]
pub struct SystemResolver {
    bus: Option<String>,
}

impl SystemResolver {
    /// Uses the desktop portal on the bus at this D-Bus address instead of the session's bus. Only for Linux.
    pub fn on_bus(address: impl Into<String>) -> Self {
        Self {
            bus: Some(address.into()),
        }
    }
}

impl ProxyResolver for SystemResolver {
    fn resolve(&self, origin: &Url) -> Vec<ProxyRoute> {
        system::resolve(self.bus.as_deref(), origin)
    }
}

/// The system's own resolver, in the form that a stream needs.
pub fn system_proxies() -> SystemProxies {
    SystemProxies::new(Arc::new(SystemResolver::default()))
}
