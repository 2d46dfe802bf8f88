//! The path breaks elsewhere than at the client: its system sends no signal, so only silence and failed attempts show
//! it.

use std::time::{Duration, Instant};

use crate::rig::{DEADLINE, Lab, Setup, sleep};

/// The silence that [`Setup::brisk`] allows, after a heartbeat just before the fault, on a busy machine.
const FOUND: Duration = Duration::from_secs(7);

/// An attempt that began during the fault may reach its own limit of 15 s, and another pause follows.
const RECOVERED: Duration = Duration::from_secs(30);

/// A fault on the router that makes the connection silent, and its end.
fn silent_fault(begin: impl FnOnce(&Lab), end: impl FnOnce(&Lab)) {
    let mut lab = Lab::connected(Setup::brisk());
    let fault = Instant::now();
    begin(&lab);
    lab.push();
    let lost = lab.state_since(fault, "waiting", FOUND);
    assert!(
        lost.reason().starts_with("nothing heard for"),
        "{}",
        lost.reason()
    );
    // An attempt during the fault, which must not end it.
    lab.state_since(lost.at, "connecting", FOUND);
    lab.push();

    let repaired = Instant::now();
    end(&lab);
    lab.state_since(repaired, "connected", RECOVERED);
    lab.whole();
}

#[test]
fn a_cable_pulled_at_the_far_end_is_found_by_silence() {
    silent_fault(
        |lab| lab.router.ip("link set wan down"),
        |lab| lab.router.ip("link set wan up"),
    );
}

#[test]
fn a_black_hole_is_found_by_silence() {
    silent_fault(
        |lab| lab.router.filter("forward", "drop"),
        |lab| lab.router.unfilter(),
    );
}

#[test]
fn a_hole_on_the_way_back_alone_is_found_by_silence() {
    silent_fault(
        |lab| lab.router.filter("forward", "iifname wan drop"),
        |lab| lab.router.unfilter(),
    );
}

/// Large packets are lost, small ones arrive, and nothing reports that.
#[test]
fn a_way_that_swallows_large_packets_is_found_by_silence() {
    let mut lab = Lab::connected(Setup::brisk());
    let fault = Instant::now();
    lab.router
        .filter("output", "icmp type destination-unreachable drop");
    lab.router.ip("link set lan mtu 1000");
    lab.push();
    lab.all_arrived(DEADLINE);
    lab.push_of(20_000);
    let lost = lab.line_since(fault, "the silence", FOUND, |line| {
        line.is_state("waiting") && line.reason().starts_with("nothing heard for")
    });
    lab.state_since(lost.at, "connecting", FOUND);

    let repaired = Instant::now();
    lab.router.ip("link set lan mtu 1500");
    lab.state_since(repaired, "connected", RECOVERED);
    lab.whole();
}

/// A firewall that rejects: the open connection ends, attempts fail with the reason, and the client recovers
/// afterwards.
fn refused(rule: &str, words: &str) {
    let mut lab = Lab::connected(Setup::brisk());
    let fault = Instant::now();
    lab.router.filter("forward", rule);
    lab.push();
    let lost = lab.state_since(fault, "waiting", FOUND);
    lab.line_since(lost.at, "a refused attempt", FOUND, |line| {
        line.is_state("waiting") && line.reason().starts_with(words)
    });
    lab.push();

    let repaired = Instant::now();
    lab.router.unfilter();
    lab.state_since(repaired, "connected", RECOVERED);
    lab.whole();
}

#[test]
fn a_firewall_that_resets_is_survived() {
    refused(
        "meta l4proto tcp reject with tcp reset",
        "the server refused the connection",
    );
}

#[test]
fn a_firewall_that_prohibits_is_survived() {
    refused(
        "reject with icmpx type admin-prohibited",
        "the server cannot be reached from this network",
    );
}

/// A slow and lossy connection is kept.
#[test]
fn a_slow_line_that_loses_packets_is_kept() {
    // Two lost copies of a heartbeat on a link with 400 ms delay cost 3 s.
    let mut lab = Lab::connected(Setup {
        heartbeat: Duration::from_secs(5),
        ..Setup::brisk()
    });
    let streams = lab.backend.observed()["streamsTotal"].clone();
    let fault = Instant::now();
    let delayed = ["lan", "wan"].iter().all(|link| {
        lab.router
            .try_queue(&format!("add dev {link} root netem delay 200ms loss 5%"))
    });
    if !delayed {
        // Not every kernel can delay packets. On a slow link with a long queue they are delayed as well.
        #[expect(
            clippy::print_stdout,
            reason = "this is where a test says what it did instead"
        )]
        {
            println!("this kernel has no netem: a thin line that loses packets stands in for it");
        }
        let thin = "add dev lan root tbf rate 256kbit burst 4kb latency 4s";
        assert!(lab.router.try_queue(thin), "neither netem nor tbf");
        lab.router.filter("forward", "numgen random mod 100 < 5 drop");
    }
    for _ in 0..100 {
        lab.push_of(500);
        sleep(Duration::from_millis(100));
    }
    lab.all_arrived(RECOVERED);
    lab.undisturbed_since(fault, &streams);
    lab.whole();
}
