//! A D-Bus daemon of a test's own.

use zbus::blocking::{Connection, connection};

use crate::session::{Program, Session, until};

/// No service files: what is not started by the test is not there.
const CONFIGURATION: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>"#;

pub(crate) struct Bus {
    pub(crate) address: String,
    _daemon: Program,
}

impl Bus {
    /// Starts it on the session's socket `bus`, and returns once it listens.
    pub(crate) fn start(session: &Session) -> Self {
        let socket = session.path("bus").display().to_string();
        let configuration = session.path("bus.conf");
        std::fs::write(&configuration, CONFIGURATION.replace("SOCKET", &socket)).unwrap();
        let mut command = session.command("dbus-daemon");
        command.arg("--nofork").arg("--config-file").arg(&configuration);
        let bus = Self {
            address: format!("unix:path={socket}"),
            _daemon: session.start(command, "dbus-daemon"),
        };
        drop(until("the bus listens", || bus.try_connect().ok()));
        bus
    }

    pub(crate) fn connect(&self) -> Connection {
        self.try_connect().unwrap()
    }

    fn try_connect(&self) -> zbus::Result<Connection> {
        connection::Builder::address(self.address.as_str())?.build()
    }
}
