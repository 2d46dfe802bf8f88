use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
use gloria_core::paths::Paths;
use gloria_core::ports::fakes::FakeSecrets;
use gloria_core::ports::{Observation, Signals};
use gloria_core::token::Token;
use gloria_core::{Ports, testing};
use gloria_desktop::SystemSignals;
use tokio::sync::mpsc;
use zbus::blocking::Connection;

use crate::bus::Bus;
use crate::session::{DEADLINE, Probe, Session, until};

const LOGIND: &str = "org.freedesktop.login1";

/// What logind says before sleep, with `true`, and after it.
fn prepare_for_sleep(connection: &Connection, is_before: bool) {
    let (path, interface) = ("/org/freedesktop/login1", "org.freedesktop.login1.Manager");
    connection
        .emit_signal(None::<&str>, path, interface, "PrepareForSleep", &is_before)
        .unwrap();
}

fn logind(bus: &Bus) -> Connection {
    let logind = bus.connect();
    logind.request_name(LOGIND).unwrap();
    logind
}

/// Sleep and waking alone: this computer has a network, too.
fn power(observations: &mut mpsc::Receiver<Observation>) -> Option<Observation> {
    loop {
        match observations.try_recv().ok()? {
            Observation::Network(_) | Observation::Session(_) => {}
            power @ (Observation::AboutToSleep | Observation::Woke) => return Some(power),
        }
    }
}

/// Announces sleep until it is heard: nothing tells when listening began.
fn until_heard(logind: &Connection, observations: &mut mpsc::Receiver<Observation>) {
    let heard = until("logind is heard", || {
        prepare_for_sleep(logind, true);
        power(observations)
    });
    assert_eq!(heard, Observation::AboutToSleep);
}

/// What is next after the announcements that were made until one was heard.
fn next(observations: &mut mpsc::Receiver<Observation>) -> Observation {
    until("something else", || {
        power(observations).filter(|observation| *observation != Observation::AboutToSleep)
    })
}

#[test]
fn sleep_and_waking_are_heard_from_logind_which_may_come_later_and_restart() {
    let session = Session::new();
    let bus = Bus::start(&session);
    let mut observations = SystemSignals::on_bus(bus.address.as_str()).watch();
    let first = logind(&bus);
    until_heard(&first, &mut observations);
    prepare_for_sleep(&first, false);
    assert_eq!(next(&mut observations), Observation::Woke);
    first.close().unwrap();
    let second = logind(&bus);
    // Somebody else who says the same is not logind.
    prepare_for_sleep(&bus.connect(), false);
    prepare_for_sleep(&second, true);
    let heard = until("logind is heard", || power(&mut observations));
    assert_eq!(heard, Observation::AboutToSleep);
    prepare_for_sleep(&second, false);
    assert_eq!(next(&mut observations), Observation::Woke);
    assert_eq!(power(&mut observations), None);
}

#[test]
fn a_bus_that_comes_late_or_again_is_found() {
    let session = Session::new();
    let address = format!("unix:path={}", session.path("bus").display());
    let mut observations = SystemSignals::on_bus(address).watch();
    for _ in 0..2 {
        let bus = Bus::start(&session);
        let logind = logind(&bus);
        until_heard(&logind, &mut observations);
        prepare_for_sleep(&logind, false);
        assert_eq!(next(&mut observations), Observation::Woke);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_core_is_connected_anew_soon_after_logind_says_that_it_woke() {
    let session = Session::new();
    let bus = Bus::start(&session);
    let logind = logind(&bus);
    let backend = Backend::start(BackendOptions::default()).await.unwrap();
    let control = backend.control();
    let address = backend.api_url();
    let environment = HashMap::from([("GLORIA_API_URL", address.clone())]);
    let ports = Ports {
        secrets: Arc::new(FakeSecrets::with_token(
            &address,
            Token::parse(TEST_TOKEN).unwrap(),
        )),
        signals: Arc::new(SystemSignals::on_bus(bus.address.as_str())),
        ..testing::ports()
    };
    let setup = testing::setup(Paths::within(&session.path("home")), environment, ports);
    let (core, _task) = gloria_core::start(setup).unwrap();
    control
        .wait_for(|seen| seen.streams_total == 1 && seen.streams == 1, DEADLINE)
        .await
        .unwrap();
    let woke = Instant::now();
    // The core may have begun to listen only now; what it hears again within moments is the same waking.
    let anew = loop {
        prepare_for_sleep(&logind, false);
        let anew = control.wait_for(
            |seen| seen.streams_total == 2 && seen.streams == 1,
            Duration::from_millis(50),
        );
        if anew.await.is_ok() || woke.elapsed() > DEADLINE {
            break control.observed().streams_total;
        }
    };
    assert_eq!(anew, 2, "once");
    assert!(
        woke.elapsed() < Duration::from_millis(1500),
        "{:?}",
        woke.elapsed()
    );
    core.stop().await.unwrap();
}

/// `ip` in the probe's network.
fn ip(probe: &Probe, arguments: &str) {
    let target = probe.process().to_string();
    let status = Command::new("nsenter")
        .args([
            "--target",
            &target,
            "--user",
            "--net",
            "--preserve-credentials",
            "ip",
        ])
        .args(arguments.split(' '))
        .status()
        .unwrap();
    assert!(status.success(), "ip {arguments}");
}

fn seen(probe: &Probe, what: &str, wanted: impl Fn(&str) -> bool) -> String {
    until(what, || Some(probe.answer()).filter(|line| wanted(line)))
}

#[test]
#[expect(clippy::print_stderr, reason = "says why nothing was tested")]
fn interfaces_addresses_and_routes_are_seen_as_they_come_and_go() {
    let own_network = ["unshare", "--map-root-user", "--net"];
    let allowed = Command::new(own_network[0])
        .args(&own_network[1..])
        .arg("true")
        .output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: this system gives no network namespace");
    }
    let session = Session::new();
    let mut probe = session.probe_under(&own_network);
    probe.request("watch");
    assert_eq!(probe.answer(), "network  | - -", "nothing is up");
    ip(&probe, "link add eth7 type veth peer name eth8");
    ip(&probe, "link set eth8 up");
    ip(&probe, "link set eth7 up");
    seen(&probe, "the interface", |line| line.contains("eth7="));
    ip(&probe, "address add 192.0.2.7/24 dev eth7");
    seen(&probe, "its address", |line| {
        line.contains("eth7=192.0.2.7") && line.ends_with("| - -")
    });
    ip(&probe, "route add default via 192.0.2.1");
    seen(&probe, "the default route", |line| {
        line.ends_with("| 192.0.2.7 -")
    });
    ip(&probe, "address add 2001:db8::7/64 dev eth7 nodad");
    ip(&probe, "route add default via 2001:db8::1");
    seen(&probe, "the other default route", |line| {
        line.ends_with("| 192.0.2.7 2001:db8::7")
    });
    // No interface changes with it.
    ip(&probe, "route del default via 192.0.2.1");
    seen(&probe, "no default route", |line| {
        line.ends_with("| - 2001:db8::7")
    });
    // Neither an interface nor a route changes with a rule.
    ip(&probe, "-6 rule add pref 100 unreachable");
    seen(&probe, "that a rule forbids it", |line| line.ends_with("| - -"));
    ip(&probe, "-6 rule del pref 100");
    seen(&probe, "that it does no more", |line| {
        line.ends_with("| - 2001:db8::7")
    });
    ip(&probe, "route add default via 192.0.2.1");
    seen(&probe, "both", |line| line.ends_with("| 192.0.2.7 2001:db8::7"));
    ip(&probe, "rule add pref 100 unreachable");
    seen(&probe, "the rule for the other family", |line| {
        line.ends_with("| - 2001:db8::7")
    });
    ip(&probe, "rule del pref 100");
    seen(&probe, "that it is gone", |line| {
        line.ends_with("| 192.0.2.7 2001:db8::7")
    });
    // Its address and what was said of its routes stay.
    ip(&probe, "link set eth8 down");
    ip(&probe, "link set eth7 down");
    let nothing = "network  | - -";
    let without_route = seen(&probe, "that no route is left with the link", |line| {
        line.ends_with("| - -")
    });
    ip(&probe, "link del eth7");
    // A busy machine may look only when the interface is gone as well, and then says nothing more.
    if without_route != nothing {
        seen(&probe, "nothing", |line| line == nothing);
    }
    probe.finish();
}
