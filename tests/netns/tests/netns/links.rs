//! The client's own links, addresses and routes change, and its system reports that, so recovery does not wait for
//! silence.

use std::time::{Duration, Instant};

use crate::rig::{API_PORT, CLIENT, DEADLINE, GATEWAY, Lab, OTHER_CLIENT, OTHER_GATEWAY, Setup, sleep};

/// The maximum time from a network that is back to an open stream, as specified.
const BACK: Duration = Duration::from_millis(1500);

/// The additional time of the attempt itself, with a debug build on a busy machine.
const BUSY: Duration = Duration::from_secs(1);

/// The maximum time from a lost address or route to a closed connection: the system reports changes in bursts, and the
/// client waits until they have settled.
const DROPPED: Duration = Duration::from_secs(2);

/// Adds the default route of a client whose link was down, which removes its routes.
fn default_route(lab: &Lab) {
    lab.client
        .ip(&format!("route replace default via {GATEWAY} dev eth0"));
}

/// Waits for the stream within the specified time.
fn is_back(lab: &Lab, since: Instant) {
    lab.state_since(since, "connecting", BACK);
    lab.state_since(since, "connected", BACK.saturating_sub(since.elapsed()) + BUSY);
}

#[test]
fn a_cable_that_is_put_back_is_used_at_once() {
    let mut lab = Lab::connected(Setup::as_installed());
    lab.client.ip("link set eth0 down");
    lab.push();
    sleep(Duration::from_secs(5));
    lab.push();
    lab.client.ip("link set eth0 up");
    default_route(&lab);
    let back = Instant::now();
    is_back(&lab, back);
    lab.whole();
}

#[test]
fn a_connection_whose_address_is_gone_is_given_up_at_once() {
    const NEW: &str = "192.0.2.3";
    let mut lab = Lab::connected(Setup::as_installed());
    let fault = Instant::now();
    lab.client.ip(&format!("address del {CLIENT}/24 dev eth0"));
    lab.state_since(fault, "waiting", DROPPED);
    lab.push();

    lab.client.address("eth0", &format!("{NEW}/24"));
    default_route(&lab);
    let back = Instant::now();
    is_back(&lab, back);
    assert_eq!(lab.client.connected_from(API_PORT), [NEW]);
    lab.whole();
}

#[test]
fn another_default_route_moves_the_stream() {
    let mut lab = Lab::connected(Setup::as_installed());
    let _other = lab.other_way("wlan0");
    let fault = Instant::now();
    lab.client
        .ip(&format!("route replace default via {OTHER_GATEWAY} dev wlan0"));
    lab.push();
    lab.state_since(fault, "connected", DROPPED + BACK + BUSY);
    assert_eq!(lab.client.connected_from(API_PORT), [OTHER_CLIENT]);
    lab.whole();
}

/// WireGuard, for example, may have filled its table of routes before it adds the rule.
#[test]
fn a_rule_that_names_another_table_moves_the_stream() {
    let mut lab = Lab::connected(Setup::as_installed());
    let _other = lab.other_way("tun0");
    lab.client.ip(&format!(
        "route add default via {OTHER_GATEWAY} dev tun0 table 100"
    ));
    // For five seconds after a change the client queries the routes by itself.
    sleep(Duration::from_secs(8));
    let fault = Instant::now();
    lab.client.ip("rule add pref 100 table 100");
    lab.push();
    lab.state_since(fault, "connected", DROPPED + BACK + BUSY);
    assert_eq!(lab.client.connected_from(API_PORT), [OTHER_CLIENT]);
    lab.whole();
}

/// A tunnel covers everything with two routes that are more specific than the default one, like VPN clients, and is
/// removed again.
#[test]
fn a_tunnel_that_comes_and_goes_takes_the_stream_along() {
    let mut lab = Lab::connected(Setup::as_installed());
    let _other = lab.other_way("tun0");
    let up = Instant::now();
    for half in ["0.0.0.0/1", "128.0.0.0/1"] {
        lab.client
            .ip(&format!("route add {half} via {OTHER_GATEWAY} dev tun0"));
    }
    lab.push();
    lab.state_since(up, "connected", DROPPED + BACK + BUSY);
    assert_eq!(lab.client.connected_from(API_PORT), [OTHER_CLIENT]);
    lab.all_arrived(DEADLINE);

    let down = Instant::now();
    lab.client.ip("link del tun0");
    lab.push();
    lab.state_since(down, "connected", DROPPED + BACK + BUSY);
    assert_eq!(lab.client.connected_from(API_PORT), [CLIENT]);
    lab.whole();
}

#[test]
fn a_link_that_flaps_makes_no_storm() {
    /// For ten seconds with thirty faults: at most one attempt because of a signal, and those of the backoff.
    const MAX_ATTEMPTS: usize = 8;
    let mut lab = Lab::connected(Setup::as_installed());
    let requests = lab.backend.stream_requests();
    let fault = Instant::now();
    while fault.elapsed() < Duration::from_secs(10) {
        lab.client.ip("link set eth0 down");
        sleep(Duration::from_millis(300));
        lab.client.ip("link set eth0 up");
        default_route(&lab);
        sleep(Duration::from_millis(300));
    }
    let attempts = lab.tail.since(fault);
    let attempts = attempts.iter().filter(|line| line.is_state("connecting")).count();
    let requests = lab.backend.stream_requests() - requests;
    assert!(attempts <= MAX_ATTEMPTS, "{attempts} attempts");
    assert!(requests <= attempts, "{requests} requests in {attempts} attempts");
    lab.push();
    lab.all_arrived(DEADLINE);

    // One more signal may still be pending; after that there are none.
    sleep(Duration::from_secs(12));
    let steady = Instant::now();
    let streams = lab.backend.observed()["streamsTotal"].clone();
    sleep(Duration::from_secs(5));
    lab.undisturbed_since(steady, &streams);
    lab.whole();
}

/// As on a machine where containers start and stop.
#[test]
fn links_that_are_no_way_to_the_server_leave_the_stream_in_peace() {
    let mut lab = Lab::connected(Setup::as_installed());
    let streams = lab.backend.observed()["streamsTotal"].clone();
    let noise = Instant::now();
    lab.client.ip("link add docker0 type bridge");
    lab.client.address("docker0", "172.17.0.1/16");
    lab.client.ip("link set docker0 up");
    for number in 0..20 {
        let link = format!("veth{number}");
        lab.client
            .ip(&format!("link add {link} type veth peer name inner{number}"));
        lab.client.ip(&format!("link set {link} master docker0 up"));
        lab.client.ip(&format!("link set inner{number} up"));
        lab.client
            .address(&format!("inner{number}"), &format!("10.77.{number}.2/24"));
    }
    // Not every kernel supports it.
    if lab.client.try_ip("link add dummy0 type dummy") {
        lab.client.ip("link set dummy0 up");
        lab.client.address("dummy0", "10.78.0.1/24");
    }
    lab.push();
    lab.all_arrived(DEADLINE);
    for number in 0..20 {
        lab.client.ip(&format!("link del veth{number}"));
    }
    lab.client.ip("link del docker0");
    // Longer than changes take to settle, and than the delay of an attempt that they cause.
    sleep(Duration::from_secs(5));
    lab.undisturbed_since(noise, &streams);
    lab.whole();
}
