//! The network of most cases: a client, a router, a server, and a notification that has arrived.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::backend::{API_PORT, Backend, TOKEN};
use super::process::built;
use super::tail::Tail;
use super::{DEADLINE, Host, Line};

/// The client's address on `eth0`, and its gateway. All addresses are from the blocks that RFC 5737 and RFC 2544
/// reserve for documentation and testing.
pub(crate) const CLIENT: &str = "192.0.2.2";
pub(crate) const GATEWAY: &str = "192.0.2.1";
/// The server's address, to which its name resolves.
pub(crate) const SERVER: &str = "198.51.100.2";
/// The client's address on another route to the server, and that route's gateway.
pub(crate) const OTHER_CLIENT: &str = "203.0.113.2";
pub(crate) const OTHER_GATEWAY: &str = "203.0.113.1";

/// The server's name.
const NAME: &str = "gloria.test";

/// Parameters that differ between cases.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    /// The heartbeat interval of the server and of the client's settings.
    pub(crate) heartbeat: Duration,
    /// The base of the client's backoff.
    pub(crate) reconnect: Duration,
}

impl Setup {
    /// Silence is detected after 2.5 s, which a busy machine does not cause, and backoff begins at half a second: for
    /// faults that no signal of the system reports.
    pub(crate) fn brisk() -> Self {
        Self {
            heartbeat: Duration::from_secs(1),
            reconnect: Duration::from_millis(500),
        }
    }

    /// As installed: anything that is detected within a minute was reported by a signal of the system.
    pub(crate) fn as_installed() -> Self {
        Self {
            heartbeat: Duration::from_secs(30),
            reconnect: Duration::from_secs(5),
        }
    }
}

/// A client and a server. Programs on the hosts end before them.
pub(crate) struct Lab {
    pub(crate) tail: Tail,
    pub(crate) backend: Backend,
    pub(crate) client: Arc<Host>,
    pub(crate) router: Host,
    pub(crate) server: Arc<Host>,
    pushed: Vec<String>,
    _folder: TempDir,
}

impl Lab {
    /// Returns client and server on two sides of a router, over IPv4, connected.
    pub(crate) fn connected(setup: Setup) -> Self {
        Self::prepared(setup, |_, _, _| {})
    }

    /// Like [`Lab::connected`], with additional preparations of the client, the router and the server.
    pub(crate) fn prepared(setup: Setup, prepare: impl FnOnce(&Host, &Host, &Host)) -> Self {
        let [client, router, server] = ["client", "router", "server"].map(Host::new);
        client.cable("eth0", &router, "lan");
        server.cable("eth0", &router, "wan");
        client.address("eth0", &format!("{CLIENT}/24"));
        router.address("lan", &format!("{GATEWAY}/24"));
        router.address("wan", "198.51.100.1/24");
        server.address("eth0", &format!("{SERVER}/24"));
        client.ip(&format!("route add default via {GATEWAY}"));
        server.ip("route add default via 198.51.100.1");
        client.write("hosts", &format!("127.0.0.1 localhost\n{SERVER} {NAME}\n"));
        prepare(&client, &router, &server);

        let folder = tempfile::tempdir().unwrap();
        let (client, server) = (Arc::new(client), Arc::new(server));
        let backend = Backend::start(Arc::clone(&server), setup.heartbeat, folder.path());
        let mut command = client.command(built("gloria"));
        command.arg("tail").env_clear();
        for (variable, value) in [
            ("GLORIA_API_URL", format!("http://{NAME}:{API_PORT}/api/v1")),
            ("GLORIA_ALLOW_PLAIN_HTTP", "true".to_owned()),
            ("GLORIA_TOKEN", TOKEN.to_owned()),
            ("GLORIA_SSE_HEARTBEAT_INTERVAL", millis(setup.heartbeat)),
            ("GLORIA_SSE_RECONNECT_INTERVAL", millis(setup.reconnect)),
        ] {
            command.env(variable, value);
        }
        command.env("GLORIA_HOME", folder.path().join("home"));
        let tail = Tail::start(command, folder.path().join("tail.log"));
        let mut lab = Self {
            tail,
            backend,
            client,
            router,
            server,
            pushed: Vec::new(),
            _folder: folder,
        };
        lab.state_since(lab.tail.began(), "connected", DEADLINE);
        // A client that never received an id has no position to resume from.
        lab.push();
        lab.all_arrived(DEADLINE);
        lab
    }

    /// Adds a second router between the two, connected to the client's `link`. No route of the client uses it yet.
    pub(crate) fn other_way(&self, link: &str) -> Host {
        let router = Host::new("other");
        self.client.cable(link, &router, "lan");
        self.server.cable("eth1", &router, "wan");
        self.client.address(link, &format!("{OTHER_CLIENT}/24"));
        router.address("lan", &format!("{OTHER_GATEWAY}/24"));
        router.address("wan", "198.18.0.1/24");
        self.server.address("eth1", "198.18.0.2/24");
        router.ip("route add 198.51.100.0/24 via 198.18.0.2");
        self.server.ip("route add 203.0.113.0/24 via 198.18.0.1");
        router
    }

    /// Pushes another notification.
    pub(crate) fn push(&mut self) {
        self.push_of(10);
    }

    /// Like [`Lab::push`], with this many bytes.
    pub(crate) fn push_of(&mut self, bytes: usize) {
        let title = format!("n-{}", self.pushed.len());
        let id = self.backend.push(&title, bytes);
        self.pushed.push(id);
    }

    /// Waits for a state reported after this moment.
    pub(crate) fn state_since(&self, moment: Instant, state: &str, within: Duration) -> Line {
        self.line_since(moment, state, within, |line| line.is_state(state))
    }

    /// Waits for a line since some time.
    pub(crate) fn line_since(
        &self,
        moment: Instant,
        what: &str,
        within: Duration,
        wanted: impl Fn(&Line) -> bool,
    ) -> Line {
        self.tail.until(what, within, |lines| {
            let mut since = lines.iter().filter(|line| line.at >= moment);
            since.find(|line| wanted(line)).cloned()
        })
    }

    /// Waits until everything that was pushed has arrived: once, and in order.
    pub(crate) fn all_arrived(&self, within: Duration) {
        let last = self.pushed.last().unwrap();
        let arrived: Vec<_> = self.tail.until("the last notification", within, |lines| {
            let arrived = Tail::notifications(lines);
            let owned = || arrived.iter().map(|&id| id.to_owned()).collect();
            arrived.contains(&last.as_str()).then(owned)
        });
        assert_eq!(arrived, self.pushed, "what arrived is not what was pushed");
    }

    /// Ends a case: checks that what was pushed during the fault has arrived, and that a new notification arrives at
    /// once.
    pub(crate) fn whole(mut self) {
        self.all_arrived(DEADLINE);
        self.push();
        self.all_arrived(DEADLINE);
        let odd = |line: &Line| line.value["kind"] == "invalid" || line.value["event"] == "stream.gap";
        assert!(
            !self.tail.since(self.tail.began()).iter().any(odd),
            "an odd event"
        );
    }

    /// Asserts that the client keeps its connection.
    pub(crate) fn undisturbed_since(&self, moment: Instant, streams: &Value) {
        let reported = self.tail.since(moment);
        let states: Vec<_> = reported
            .iter()
            .filter(|line| line.value["kind"] == "state")
            .collect();
        assert!(states.is_empty(), "the connection was not left in peace");
        assert_eq!(&self.backend.observed()["streamsTotal"], streams);
    }
}

/// Sleeps for the duration of a fault.
pub(crate) fn sleep(time: Duration) {
    thread::sleep(time);
}

fn millis(time: Duration) -> String {
    time.as_millis().to_string()
}
