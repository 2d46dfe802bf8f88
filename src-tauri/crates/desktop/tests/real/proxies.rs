use std::sync::mpsc::{Sender, channel};

use gloria_core::ports::{ProxyAddress, ProxyResolver as _, ProxyRoute};
use gloria_desktop::SystemResolver;
use zbus::blocking::connection;

use crate::bus::Bus;
use crate::session::{DEADLINE, Session};

/// The part of the desktop portal that knows proxies.
struct Portal(Sender<String>);

#[zbus::interface(name = "org.freedesktop.portal.ProxyResolver")]
impl Portal {
    fn lookup(&self, uri: String) -> zbus::fdo::Result<Vec<String>> {
        let refused = uri.contains("refused");
        self.0.send(uri).unwrap();
        if refused {
            return Err(zbus::fdo::Error::Failed("no network".to_owned()));
        }
        Ok(["http://proxy.example:3128", "socks4://old.example", "direct://"]
            .map(str::to_owned)
            .into())
    }
}

#[test]
fn the_desktop_portal_says_which_proxies_to_use() {
    let session = Session::new();
    let bus = Bus::start(&session);
    let resolver = SystemResolver::on_bus(bus.address.as_str());
    let url = "https://gloria.example:8443/".parse().unwrap();
    assert_eq!(resolver.resolve(&url), [], "there is no portal");
    let (sender, asked) = channel();
    let _portal = connection::Builder::address(bus.address.as_str())
        .unwrap()
        .serve_at("/org/freedesktop/portal/desktop", Portal(sender))
        .unwrap()
        .name("org.freedesktop.portal.Desktop")
        .unwrap()
        .build()
        .unwrap();
    let proxy = ProxyAddress::parse("http://proxy.example:3128").unwrap();
    assert_eq!(
        resolver.resolve(&url),
        [ProxyRoute::Proxy(proxy), ProxyRoute::Direct]
    );
    assert_eq!(
        asked.recv_timeout(DEADLINE).unwrap(),
        "https://gloria.example:8443/"
    );
    assert_eq!(resolver.resolve(&"https://refused.example/".parse().unwrap()), []);
    let nobody = format!("unix:path={}", session.path("none").display());
    assert_eq!(
        SystemResolver::on_bus(nobody).resolve(&url),
        [],
        "there is no bus"
    );
}
