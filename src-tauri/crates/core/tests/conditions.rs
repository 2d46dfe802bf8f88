//! The stream's commands about sleep and network, over simulated time.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use gloria_core::connection::ClockReading;
use gloria_core::connection::conditions::HostConditions;
use gloria_core::connection::network::{MAX_SETTLE, SETTLE, SETTLE_WHEN_BACK};
use gloria_core::ports::{Interface, NetworkSnapshot, Observation};
use gloria_stream::{Command, Reachability};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Interfaces with their addresses, and after `=>` the source addresses of the default routes: `wlan0 192.168.1.5;
/// docker0 172.17.0.1 => 192.168.1.5`. Interfaces are numbered in alphabetical order.
fn network(picture: &str) -> NetworkSnapshot {
    let (interfaces, routes) = picture.split_once("=>").unwrap_or((picture, ""));
    let addresses = |text: &str| -> Vec<IpAddr> {
        text.split_whitespace()
            .map(|address| address.parse().unwrap())
            .collect()
    };
    let interfaces = interfaces
        .split(';')
        .map(str::trim)
        .filter(|interface| !interface.is_empty());
    let interfaces = interfaces.map(|interface| {
        let (name, rest) = interface.split_once(' ').unwrap_or((interface, ""));
        Interface {
            index: name
                .bytes()
                .fold(0, |sum, byte| sum * 31 % 65_521 + u32::from(byte)),
            name: name.to_owned(),
            addresses: addresses(rest),
        }
    });
    let routes = addresses(routes);
    NetworkSnapshot {
        interfaces: interfaces.collect(),
        source_v4: routes.iter().find_map(|route| match route {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        }),
        source_v6: routes.iter().find_map(|route| match route {
            IpAddr::V6(address) => Some(*address),
            IpAddr::V4(_) => None,
        }),
    }
}

/// The computer's reports, its clocks, and every command to the stream.
struct Computer {
    conditions: HostConditions,
    now: Instant,
    wall: SystemTime,
    heard: Vec<(&'static str, Duration)>,
    began: Instant,
    slept: Vec<Duration>,
}

impl Computer {
    fn new() -> Self {
        let (now, wall) = (Instant::now(), SystemTime::now());
        let clocks = ClockReading { wall, monotonic: now };
        Self {
            conditions: HostConditions::new(now, clocks),
            now,
            wall,
            heard: Vec::new(),
            slept: Vec::new(),
            began: now,
        }
    }

    /// Returns a computer that has already reported its network.
    fn on(picture: &str) -> Self {
        let mut computer = Self::new();
        computer.see(picture);
        computer.heard.clear();
        computer
    }

    fn hear(&mut self, command: Command) {
        let word = match command {
            Command::Network(Reachability::Online) => "online",
            Command::Network(Reachability::Offline) => "offline",
            Command::Woke(slept) => {
                self.slept.push(slept);
                "woke"
            }
            other @ (Command::Start { .. }
            | Command::Stop
            | Command::RetryNow
            | Command::CredentialsChanged
            | Command::Attention(_)
            | Command::StreamReport(..)
            | Command::Position(_)
            | Command::Heartbeat(_)) => panic!("nobody asked for {other:?}"),
        };
        self.heard.push((word, self.now - self.began));
    }

    fn observe(&mut self, observation: Observation) {
        let clocks = self.clocks();
        if let Some(command) = self.conditions.observe(self.now, clocks, &observation) {
            self.hear(command);
        }
    }

    fn see(&mut self, picture: &str) {
        self.observe(Observation::Network(network(picture)));
    }

    fn clocks(&self) -> ClockReading {
        ClockReading {
            wall: self.wall,
            monotonic: self.now,
        }
    }

    fn poll(&mut self) {
        let clocks = self.clocks();
        for command in self.conditions.poll(self.now, clocks) {
            self.hear(command);
        }
    }

    /// Advances the time, and polls whenever it is due.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.conditions.deadline() <= until {
            let due = self.conditions.deadline().max(self.now);
            self.wall += due - self.now;
            self.now = due;
            self.poll();
        }
        self.wall += until - self.now;
        self.now = until;
    }

    /// Advances the wall clock, while timers and the monotonic clock stand still.
    fn sleep(&mut self, time: Duration) {
        self.wall += time;
    }

    fn words(&self) -> Vec<&'static str> {
        self.heard.iter().map(|(word, _)| *word).collect()
    }
}

const HOME: &str = "lo 127.0.0.1 ::1; wlan0 192.168.1.5 fe80::1 => 192.168.1.5";
const HOME_WITH_DOCKER: &str = "lo 127.0.0.1 ::1; wlan0 192.168.1.5 fe80::1; docker0 172.17.0.1; \
     veth12ab fe80::9; br-77ab 172.18.0.1 => 192.168.1.5";
const NOWHERE: &str = "lo 127.0.0.1 ::1";

#[test]
fn what_the_stream_hears_of_a_change() {
    const ONLINE: &[&str] = &["online"];
    const OFFLINE: &[&str] = &["offline"];
    const NOTHING: &[&str] = &[];
    let two_networks = "wlan0 2001:db8:1:2::a 192.168.1.5 => 192.168.1.5 2001:db8:1:2::a";
    let cases: &[(&str, &str, &str, &[&str])] = &[
        ("containers start", HOME, HOME_WITH_DOCKER, NOTHING),
        ("containers end", HOME_WITH_DOCKER, HOME, NOTHING),
        (
            "a virtual machine's switch comes",
            HOME,
            "wlan0 192.168.1.5; vEthernet 172.22.0.1; vmnet8 10.7.0.1 => 192.168.1.5",
            NOTHING,
        ),
        (
            "Wi-Fi goes while containers stay",
            HOME_WITH_DOCKER,
            "lo 127.0.0.1; docker0 172.17.0.1",
            OFFLINE,
        ),
        ("Wi-Fi goes", HOME, NOWHERE, OFFLINE),
        ("Wi-Fi comes", NOWHERE, HOME, ONLINE),
        (
            "only an address that leads nowhere is left",
            HOME,
            "wlan0 169.254.3.4 fe80::1",
            OFFLINE,
        ),
        (
            "roaming to another network",
            HOME,
            "wlan0 10.0.0.7 => 10.0.0.7",
            ONLINE,
        ),
        ("roaming within one network", HOME, HOME, NOTHING),
        (
            "the cable is plugged in and takes over",
            HOME,
            "eth0 192.168.1.9; wlan0 192.168.1.5 => 192.168.1.9",
            ONLINE,
        ),
        (
            "a second network, which does not take over",
            HOME,
            "eth0 10.9.0.2; wlan0 192.168.1.5 => 192.168.1.5",
            ONLINE,
        ),
        (
            "an address besides the connection's goes",
            "wlan0 192.168.1.5 192.168.1.6 => 192.168.1.5",
            HOME,
            ONLINE,
        ),
        (
            "a VPN that takes everything",
            HOME,
            "wlan0 192.168.1.5; tun0 10.8.0.2 => 10.8.0.2",
            ONLINE,
        ),
        (
            "such a VPN goes",
            "wlan0 192.168.1.5; tun0 10.8.0.2 => 10.8.0.2",
            HOME,
            ONLINE,
        ),
        (
            "a VPN to some networks only",
            HOME,
            "wlan0 192.168.1.5; wg0 10.8.0.2 => 192.168.1.5",
            ONLINE,
        ),
        (
            "tunnels of the system's own",
            HOME,
            "wlan0 192.168.1.5; utun0 fe80::2; utun1 fe80::3; awdl0 fe80::4 => 192.168.1.5",
            NOTHING,
        ),
        (
            "Wi-Fi goes while a tunnel stays",
            "wlan0 192.168.1.5; tailscale0 100.64.0.3 => 192.168.1.5",
            "tailscale0 100.64.0.3",
            OFFLINE,
        ),
        (
            "an adapter's route is through containers",
            HOME,
            "wlan0 192.168.1.5; docker0 172.17.0.1 => 172.17.0.1",
            ONLINE,
        ),
        (
            "no router any more, but the building's network",
            HOME,
            "wlan0 192.168.1.5",
            ONLINE,
        ),
        (
            "a new temporary address",
            two_networks,
            "wlan0 2001:db8:1:2::a 2001:db8:1:2::b 192.168.1.5 => 192.168.1.5 2001:db8:1:2::b",
            NOTHING,
        ),
        (
            "an old temporary address goes",
            "wlan0 2001:db8:1:2::a 2001:db8:1:2::b 192.168.1.5 => 192.168.1.5 2001:db8:1:2::b",
            "wlan0 2001:db8:1:2::b 192.168.1.5 => 192.168.1.5 2001:db8:1:2::b",
            ONLINE,
        ),
        (
            "another prefix",
            two_networks,
            "wlan0 2001:db8:9:9::a 192.168.1.5 => 192.168.1.5 2001:db8:9:9::a",
            ONLINE,
        ),
        (
            "IPv6 comes late",
            HOME,
            "wlan0 192.168.1.5 2001:db8:1:2::a => 192.168.1.5 2001:db8:1:2::a",
            ONLINE,
        ),
    ];
    for (what, before, after, expected) in cases {
        let mut computer = Computer::on(before);
        computer.see(after);
        computer.pass(SETTLE_WHEN_BACK - MS);
        assert_eq!(computer.words(), [""; 0], "{what}: not before it has settled");
        computer.pass(SETTLE);
        assert_eq!(computer.words(), *expected, "{what}");
        computer.see(after);
        computer.pass(MAX_SETTLE * 2);
        assert_eq!(computer.words(), *expected, "{what}: once");
    }
}

#[test]
fn the_first_look_is_reported_at_once() {
    for (picture, word) in [
        (HOME, "online"),
        (NOWHERE, "offline"),
        ("docker0 172.17.0.1", "offline"),
    ] {
        let mut computer = Computer::new();
        computer.see(picture);
        assert_eq!(computer.heard, [(word, Duration::ZERO)], "{picture}");
    }
}

#[test]
fn an_address_that_is_renewed_with_the_same_value_says_nothing() {
    let mut computer = Computer::on(HOME);
    computer.see(NOWHERE);
    computer.pass(SETTLE - MS);
    computer.see(HOME);
    computer.pass(SECOND * 60);
    assert_eq!(computer.words(), [""; 0]);
}

#[test]
fn what_comes_in_steps_is_reported_once_as_it_is_in_the_end() {
    let mut computer = Computer::on(NOWHERE);
    for step in ["wlan0 fe80::1", "wlan0 fe80::1 192.168.1.5", HOME] {
        computer.see(step);
        computer.pass(MS * 200);
    }
    computer.pass(SECOND);
    // Counted from the step that added the route.
    assert_eq!(computer.heard, [("online", MS * 400 + SETTLE_WHEN_BACK)]);
}

#[test]
fn a_storm_of_containers_puts_nothing_off() {
    let mut computer = Computer::on(HOME);
    computer.see("wlan0 10.0.0.7; docker0 172.17.0.1 => 10.0.0.7");
    for container in 0..100 {
        computer.see(&format!(
            "wlan0 10.0.0.7; docker0 172.17.0.1; veth{container} fe80::9 => 10.0.0.7"
        ));
        computer.pass(MS * 10);
    }
    assert_eq!(computer.heard, [("online", SETTLE)]);
}

#[test]
fn a_network_that_flaps_for_a_minute_is_a_handful_of_words() {
    let pictures = [HOME, NOWHERE, "wlan0 10.0.0.7 => 10.0.0.7"];
    // In any rhythm: two or three states, beginning with the reported one or not.
    for states in [&pictures[..2], &pictures[1..], &pictures[..]] {
        let mut computer = Computer::on(HOME);
        for turn in 0..600 {
            computer.see(states[turn % states.len()]);
            computer.pass(MS * 100);
        }
        let bound = usize::try_from(SECOND.as_millis() * 60 / MAX_SETTLE.as_millis()).unwrap();
        assert!(computer.heard.len() <= bound, "{:?}", computer.heard);
        computer.see("wlan0 10.1.1.1 => 10.1.1.1");
        computer.pass(SETTLE);
        assert_eq!(
            computer.words().last(),
            Some(&"online"),
            "what it ends with is reported"
        );
    }
}

#[test]
fn noise_cannot_postpone_a_change_for_ever() {
    let mut computer = Computer::on(HOME);
    for turn in 0..100 {
        computer.see(&format!("wlan0 10.0.0.{} => 10.0.0.{}", turn + 1, turn + 1));
        computer.pass(MS * 100);
    }
    let times: Vec<_> = computer.heard.iter().map(|(_, at)| *at).collect();
    assert_eq!(times.first(), Some(&MAX_SETTLE), "{times:?}");
}

#[test]
fn one_sleep_is_one_waking_whoever_tells_of_it_first() {
    let hour = SECOND * 3600;
    // First the system's signal, then the next check of the clocks.
    let mut computer = Computer::new();
    computer.pass(SECOND * 7);
    computer.observe(Observation::AboutToSleep);
    computer.sleep(hour);
    computer.observe(Observation::Woke);
    computer.pass(SECOND * 60);
    assert_eq!(computer.heard, [("woke", SECOND * 7)]);
    assert_eq!(computer.slept, [hour], "what the monotonic clock did not count");
    // First the clocks.
    let mut computer = Computer::new();
    computer.pass(SECOND * 9);
    computer.observe(Observation::AboutToSleep);
    computer.sleep(hour);
    computer.pass(SECOND);
    computer.observe(Observation::Woke);
    computer.pass(SECOND * 60);
    assert_eq!(computer.heard, [("woke", SECOND * 10)]);
    assert_eq!(computer.slept, [hour]);
    // A system that reports it twice.
    let mut computer = Computer::new();
    computer.observe(Observation::AboutToSleep);
    computer.sleep(hour);
    computer.observe(Observation::Woke);
    computer.pass(SECOND * 3);
    computer.observe(Observation::Woke);
    computer.pass(SECOND * 60);
    assert_eq!(computer.words(), ["woke"]);
}

#[test]
fn two_sleeps_are_two_wakings_however_short_the_time_between() {
    let mut computer = Computer::new();
    for _ in 0..2 {
        computer.observe(Observation::AboutToSleep);
        computer.sleep(SECOND * 60);
        computer.observe(Observation::Woke);
        computer.pass(SECOND * 2);
    }
    computer.pass(SECOND * 60);
    assert_eq!(computer.heard, [("woke", Duration::ZERO), ("woke", SECOND * 2)]);
    // The report of one sleep by the clocks does not hide the next either.
    let mut computer = Computer::new();
    for _ in 0..2 {
        computer.sleep(SECOND * 60);
        computer.pass(SECOND * 5);
    }
    assert_eq!(computer.words(), ["woke"; 2]);
}

#[test]
fn a_process_that_stood_still_is_a_waking() {
    let mut computer = Computer::new();
    computer.pass(SECOND * 20);
    // Both clocks continue; the check is late.
    computer.now += SECOND * 90;
    computer.wall += SECOND * 90;
    computer.poll();
    computer.pass(SECOND * 60);
    assert_eq!(computer.heard, [("woke", SECOND * 110)]);
}

#[test]
fn a_sleep_that_was_called_off_changes_nothing() {
    let mut computer = Computer::on(HOME);
    computer.observe(Observation::AboutToSleep);
    computer.pass(SECOND * 60);
    assert_eq!(computer.words(), [""; 0]);
}

#[test]
fn a_network_that_settled_in_sleep_is_reported_before_the_waking() {
    let mut computer = Computer::on(HOME);
    computer.pass(SECOND * 5 - SETTLE);
    computer.see(NOWHERE);
    computer.sleep(SECOND * 3600);
    computer.pass(SETTLE);
    assert_eq!(computer.words(), ["offline", "woke"]);
}
