//! The client's own links, addresses and routes change, and its system says so: nobody waits for silence.

use std::time::{Duration, Instant};

use crate::rig::{GATEWAY, Lab, SOON, Setup, sleep};

/// The default route of a client whose link was down, which takes its routes along.
fn default_route(lab: &Lab) {
    lab.client
        .ip(&format!("route replace default via {GATEWAY} dev eth0"));
}

#[test]
fn a_link_that_flaps_makes_no_storm() {
    /// Both for ten seconds of thirty faults: at most one attempt that a signal leads to, and what backoff makes by
    /// itself.
    const MOST_ATTEMPTS: usize = 8;
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
    assert!(attempts <= MOST_ATTEMPTS, "{attempts} attempts");
    assert!(requests <= attempts, "{requests} requests in {attempts} attempts");
    lab.push();
    lab.all_arrived(SOON);

    // One more signal may still be on its way; after that there is peace.
    sleep(Duration::from_secs(12));
    let steady = Instant::now();
    let streams = lab.backend.observed()["streamsTotal"].clone();
    sleep(Duration::from_secs(5));
    lab.undisturbed_since(steady, &streams);
    lab.whole();
}

/// As on a machine where containers come and go.
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
    // Not every kernel has it.
    if lab.client.try_ip("link add dummy0 type dummy") {
        lab.client.ip("link set dummy0 up");
        lab.client.address("dummy0", "10.78.0.1/24");
    }
    lab.push();
    lab.all_arrived(SOON);
    for number in 0..20 {
        lab.client.ip(&format!("link del veth{number}"));
    }
    lab.client.ip("link del docker0");
    // Longer than changes are gathered for, and than an attempt that they lead to is put off.
    sleep(Duration::from_secs(5));
    lab.undisturbed_since(noise, &streams);
    lab.whole();
}
