//! Names, their addresses, and both versions of IP.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::rig::{API_PORT, CLIENT, DEADLINE, Host, Lab, Process, SERVER, Setup};

const CLIENT_6: &str = "2001:db8:1::2";
const SERVER_6: &str = "2001:db8:2::2";

/// As in other cases without a signal of the system: silence, a failed attempt, a pause.
const RECOVERED: Duration = Duration::from_secs(30);

/// Gives client and server a route over IPv6.
fn over_6(client: &Host, router: &Host, server: &Host) {
    client.address("eth0", &format!("{CLIENT_6}/64"));
    router.address("lan", "2001:db8:1::1/64");
    router.address("wan", "2001:db8:2::1/64");
    server.address("eth0", &format!("{SERVER_6}/64"));
    client.ip("-6 route add default via 2001:db8:1::1");
    server.ip("-6 route add default via 2001:db8:2::1");
}

#[test]
fn a_server_with_ipv6_alone_is_reached_and_reached_again() {
    let mut lab = Lab::prepared(Setup::brisk(), |client, router, server| {
        over_6(client, router, server);
        server.ip(&format!("address del {SERVER}/24 dev eth0"));
        client.write("hosts", &format!("{SERVER_6} gloria.test\n"));
    });
    assert_eq!(lab.client.connected_from(API_PORT), [format!("[{CLIENT_6}]")]);

    let fault = Instant::now();
    lab.backend.send(&json!({ "do": "hangUp", "how": "reset" }));
    lab.push();
    lab.state_since(fault, "connected", RECOVERED);
    lab.whole();
}

#[test]
fn a_dead_way_over_ipv6_does_not_keep_from_ipv4() {
    let mut lab = Lab::prepared(Setup::brisk(), |client, router, server| {
        over_6(client, router, server);
        client.write(
            "hosts",
            &format!("{SERVER_6} gloria.test\n{SERVER} gloria.test\n"),
        );
    });
    assert_eq!(
        lab.client.connected_from(API_PORT),
        [format!("[{CLIENT_6}]")],
        "IPv6 comes first while it works"
    );

    let fault = Instant::now();
    lab.router.filter("forward", "meta nfproto ipv6 drop");
    lab.push();
    let lost = lab.state_since(fault, "waiting", DEADLINE);
    let tried = lab.state_since(lost.at, "connecting", DEADLINE);
    let back = lab.state_since(lost.at, "connected", DEADLINE);
    // Without fallback, the attempt would spend its whole ten seconds on IPv6.
    assert!(back.at - tried.at < Duration::from_secs(3));
    assert_eq!(lab.client.connected_from(API_PORT), [CLIENT]);
    lab.whole();
}

/// A name server on the router that knows the server's address.
struct NameServer {
    process: Process,
    folder: TempDir,
}

impl NameServer {
    fn start(client: &Host, router: &Host) -> Self {
        client.write("hosts", "127.0.0.1 localhost\n");
        client.write("resolv.conf", RESOLVER);
        let folder = tempfile::tempdir().unwrap();
        let names = folder.path().join("names");
        fs::write(&names, format!("{SERVER} gloria.test\n")).unwrap();
        let mut command = router.command("dnsmasq");
        command.args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--pid-file=",
            "--user=root",
            "--no-resolv",
            "--no-hosts",
            "--bind-interfaces",
            "--listen-address=192.0.2.1",
        ]);
        command.arg(format!("--addn-hosts={}", names.display()));
        let (process, _) = Process::start(command, &folder.path().join("log"));
        Self { process, folder }
    }

    fn rename(&self, address: &str) {
        fs::write(
            self.folder.path().join("names"),
            format!("{address} gloria.test\n"),
        )
        .unwrap();
        self.process.signal(Signal::HUP);
    }
}

/// The router's name server, with a timeout of a second.
const RESOLVER: &str = "nameserver 192.0.2.1\noptions timeout:1 attempts:1\n";

#[test]
fn names_that_fail_for_a_while_are_asked_for_again() {
    let mut names = None;
    let mut lab = Lab::prepared(Setup::brisk(), |client, router, _| {
        names = Some(NameServer::start(client, router));
    });
    let names = names.unwrap();

    let fails = |lab: &Lab, since: Instant| {
        lab.line_since(since, "a name that is not found", DEADLINE, |line| {
            line.is_state("waiting") && line.reason() == "no server found under this name"
        })
    };
    // First the name server does not answer, then the system has none.
    let fault = Instant::now();
    names.process.signal(Signal::STOP);
    lab.backend.send(&json!({ "do": "hangUp", "how": "reset" }));
    lab.push();
    fails(&lab, fault);
    let worse = Instant::now();
    lab.client.write("resolv.conf", "");
    names.process.signal(Signal::CONT);
    fails(&lab, worse);
    lab.push();

    let repaired = Instant::now();
    lab.client.write("resolv.conf", RESOLVER);
    lab.state_since(repaired, "connected", RECOVERED);
    lab.whole();
}

#[test]
fn a_server_that_moved_is_found_under_its_name() {
    const MOVED: &str = "198.51.100.77";
    let mut names = None;
    let mut lab = Lab::prepared(Setup::brisk(), |client, router, _| {
        names = Some(NameServer::start(client, router));
    });

    let fault = Instant::now();
    lab.server.ip(&format!("address del {SERVER}/24 dev eth0"));
    lab.server.address("eth0", &format!("{MOVED}/24"));
    lab.server.ip("route add default via 198.51.100.1");
    names.as_ref().unwrap().rename(MOVED);
    lab.push();
    lab.state_since(fault, "connected", RECOVERED);
    lab.whole();
}
