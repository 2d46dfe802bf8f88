//! Programs that are stopped, and computers that stand still for longer than a connection survives.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::rig::{Lab, Setup, sleep};

/// Longer than the 75 s of silence that an installed client allows.
const STOPPED: Duration = Duration::from_secs(90);

/// A client that wakes connects within a second; one that waits does so after at most 5 s.
const SECONDS: Duration = Duration::from_secs(8);

#[test]
fn a_client_that_stood_still_takes_up_what_it_missed() {
    let mut lab = Lab::connected(Setup::as_installed());
    lab.tail.signal(Signal::STOP);
    lab.push();
    sleep(STOPPED);
    lab.push();
    let woken = Instant::now();
    lab.tail.signal(Signal::CONT);
    // Data that waited in the socket is read, but the state of the network path is unknown.
    lab.state_since(woken, "connected", SECONDS);
    lab.all_arrived(SECONDS);
    lab.whole();
}

#[test]
fn a_client_that_stood_still_and_lost_its_connection_makes_a_new_one() {
    let mut lab = Lab::connected(Setup::as_installed());
    lab.tail.signal(Signal::STOP);
    // The server gives up, and nothing of that reaches the client, as when a router has lost the connection's state.
    lab.router.filter("forward", "drop");
    lab.backend
        .send(&serde_json::json!({ "do": "hangUp", "how": "reset" }));
    lab.push();
    sleep(STOPPED);
    lab.router.unfilter();
    let woken = Instant::now();
    lab.tail.signal(Signal::CONT);
    lab.state_since(woken, "connected", SECONDS);
    lab.whole();
}

#[test]
fn a_server_that_stood_still_is_waited_for() {
    let mut lab = Lab::connected(Setup::as_installed());
    let stopped = Instant::now();
    lab.backend.signal(Signal::STOP);
    // The silence is detected before the server is back.
    let lost = lab.state_since(stopped, "waiting", STOPPED);
    assert!(
        lost.reason().starts_with("nothing heard for"),
        "{}",
        lost.reason()
    );
    sleep(STOPPED.saturating_sub(stopped.elapsed()));
    let back = Instant::now();
    lab.backend.signal(Signal::CONT);
    lab.state_since(back, "connected", SECONDS);
    lab.push();
    lab.whole();
}
