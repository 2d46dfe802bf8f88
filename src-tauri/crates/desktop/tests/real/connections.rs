//! Connections to a session bus that ends.

use futures_util::StreamExt as _;
use gloria_desktop::session_bus;
use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::fdo::DBusProxy;

use crate::bus::Bus;
use crate::session::{DEADLINE, Session};

#[tokio::test]
async fn a_connection_whose_bus_is_gone_is_closed_once_nobody_listens_to_its_signals() {
    let session = Session::new();
    let bus = Bus::start(&session);
    let builder = Builder::address(bus.address.as_str()).unwrap();
    let connection = session_bus::connect(builder).await.unwrap();
    let proxy = DBusProxy::new(&connection).await.unwrap();
    let mut owners = proxy.receive_name_owner_changed().await.unwrap();
    drop(bus);
    while owners.next().await.is_some() {}
    let closed = connection.clone().graceful_shutdown();
    drop((owners, proxy, connection));
    assert!(timeout(DEADLINE, closed).await.is_ok(), "its socket stays open");
}
