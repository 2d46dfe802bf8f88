use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use zbus::blocking::Connection;
use zbus::blocking::fdo::DBusProxy;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};

use crate::bus::Bus;
use crate::session::{Program, Session, lines, until};

const ADDRESS: &str = "https://gloria.example/api";
const SERVICE: &str = "org.freedesktop.secrets";

/// A session with a bus, and a keyring when one is started.
struct Desktop {
    session: Session,
    bus: Connection,
    keyring: Option<Program>,
    _bus_daemon: Bus,
}

impl Desktop {
    fn new() -> Self {
        let mut session = Session::new();
        let bus_daemon = Bus::start(&session);
        session.set("DBUS_SESSION_BUS_ADDRESS", bus_daemon.address.as_str());
        let bus = bus_daemon.connect();
        Self {
            session,
            bus,
            keyring: None,
            _bus_daemon: bus_daemon,
        }
    }

    fn with_keyring() -> Self {
        let mut desktop = Self::new();
        desktop.start_keyring();
        desktop
    }

    /// Starts GNOME Keyring and opens its login keyring with the user's password.
    fn start_keyring(&mut self) {
        let mut command = self.session.command("gnome-keyring-daemon");
        command
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = crate::session::spawn(command, "gnome-keyring");
        child.stdin.take().unwrap().write_all(b"password").unwrap();
        let output = lines(child.stdout.take().unwrap());
        self.keyring = Some(Program::from(child));
        let names = DBusProxy::new(&self.bus).unwrap();
        until("the keyring is on the bus", || {
            let owned = names.name_has_owner(SERVICE.try_into().unwrap()).unwrap();
            owned.then_some(())
        });
        until("the login keyring is open", || (!self.is_locked()?).then_some(()));
        drop(output);
    }

    fn default_keyring(&self) -> Option<OwnedObjectPath> {
        let reply = self.bus.call_method(
            Some(SERVICE),
            "/org/freedesktop/secrets",
            Some("org.freedesktop.Secret.Service"),
            "ReadAlias",
            &"default",
        );
        let path: OwnedObjectPath = reply.unwrap().body().deserialize().unwrap();
        (path.as_str() != "/").then_some(path)
    }

    fn is_locked(&self) -> Option<bool> {
        let reply = self.bus.call_method(
            Some(SERVICE),
            self.default_keyring()?,
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &("org.freedesktop.Secret.Collection", "Locked"),
        );
        let body = reply.unwrap().body();
        let value: zbus::zvariant::Value<'_> = body.deserialize().unwrap();
        Some(value.try_into().unwrap())
    }

    fn lock(&self) {
        let path = self.default_keyring().unwrap();
        let reply = self.bus.call_method(
            Some(SERVICE),
            "/org/freedesktop/secrets",
            Some("org.freedesktop.Secret.Service"),
            "Lock",
            &(vec![ObjectPath::from(path)],),
        );
        reply.unwrap();
        until("the keyring is locked", || self.is_locked()?.then_some(()));
    }

    fn keyring(&self) -> &Program {
        self.keyring.as_ref().unwrap()
    }
}

/// Takes every password dialog and never shows it: a user who is at lunch.
struct AbsentUser;

#[zbus::interface(name = "org.gnome.keyring.internal.Prompter")]
impl AbsentUser {
    fn begin_prompting(&self, _callback: ObjectPath<'_>) {}

    fn perform_prompt(
        &self,
        _callback: ObjectPath<'_>,
        _kind: &str,
        _properties: std::collections::HashMap<String, zbus::zvariant::Value<'_>>,
        _exchange: &str,
    ) {
    }

    fn stop_prompting(&self, _callback: ObjectPath<'_>) {}
}

fn unavailable(answer: &str) -> bool {
    answer.starts_with("Err(Unavailable(")
}

#[test]
fn a_token_is_kept_read_replaced_and_forgotten() {
    let desktop = Desktop::with_keyring();
    let mut probe = desktop.session.probe();
    assert_eq!(probe.ask(&format!("load {ADDRESS}")), "Ok(None)");
    assert_eq!(probe.ask(&format!("store {ADDRESS} first")), "Ok(())");
    assert_eq!(probe.ask(&format!("load {ADDRESS}")), r#"Ok(Some("first"))"#);
    assert_eq!(probe.ask(&format!("store {ADDRESS} second")), "Ok(())");
    probe.finish();

    let mut later = desktop.session.probe();
    assert_eq!(later.ask(&format!("load {ADDRESS}")), r#"Ok(Some("second"))"#);
    assert_eq!(later.ask(&format!("forget {ADDRESS}")), "Ok(())");
    assert_eq!(later.ask(&format!("load {ADDRESS}")), "Ok(None)");
    assert_eq!(later.ask(&format!("forget {ADDRESS}")), "Ok(())");
    later.finish();
}

#[test]
fn a_token_is_given_for_its_own_address_alone() {
    let desktop = Desktop::with_keyring();
    let mut probe = desktop.session.probe();
    assert_eq!(probe.ask(&format!("store {ADDRESS} secret")), "Ok(())");
    assert_eq!(
        probe.ask("load https://gloria.example.evil.example/api"),
        "Ok(None)"
    );
    assert_eq!(probe.ask("forget https://other.example/api"), "Ok(())");
    assert_eq!(probe.ask(&format!("load {ADDRESS}")), r#"Ok(Some("secret"))"#);
    probe.finish();
}

#[test]
fn the_longest_token_comes_back_whole() {
    let desktop = Desktop::with_keyring();
    let mut probe = desktop.session.probe();
    let token = "eyJhbGciOi.".repeat(1489);
    assert_eq!(probe.ask(&format!("store {ADDRESS} {token}")), "Ok(())");
    assert_eq!(
        probe.ask(&format!("load {ADDRESS}")),
        format!("Ok(Some({token:?}))")
    );
    probe.finish();
}

#[test]
fn a_locked_keyring_says_so() {
    let desktop = Desktop::with_keyring();
    let mut probe = desktop.session.probe();
    assert_eq!(probe.ask(&format!("store {ADDRESS} secret")), "Ok(())");
    desktop.lock();
    let (answer, took) = probe.time(&format!("load {ADDRESS}"));
    assert_eq!(answer, "Err(Locked)");
    assert!(took < Duration::from_secs(11), "{took:?}");
    assert_eq!(probe.ask(&format!("store {ADDRESS} other")), "Err(Locked)");
    probe.finish();
}

#[test]
fn a_prompt_that_nobody_answers_is_left_on_screen_and_not_repeated() {
    let desktop = Desktop::with_keyring();
    let mut probe = desktop.session.probe();
    assert_eq!(probe.ask(&format!("store {ADDRESS} secret")), "Ok(())");
    let prompter = zbus::blocking::connection::Builder::address(
        format!("unix:path={}", desktop.session.path("bus").display()).as_str(),
    );
    let _prompter = prompter
        .unwrap()
        .serve_at("/org/gnome/keyring/Prompter", AbsentUser)
        .unwrap()
        .name("org.gnome.keyring.SystemPrompter")
        .unwrap()
        .build()
        .unwrap();
    desktop.lock();
    // Who does not want a prompt is answered at once, and raises none.
    let (answer, took) = probe.time(&format!("load-unasked {ADDRESS}"));
    assert_eq!(answer, "Err(Locked)");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let (answer, took) = probe.time(&format!("load {ADDRESS}"));
    assert_eq!(answer, "Err(Locked)");
    assert!((10..12).contains(&took.as_secs()), "{took:?}");
    let (answer, took) = probe.time(&format!("load {ADDRESS}"));
    assert_eq!(answer, "Err(Locked)");
    assert!(took < Duration::from_secs(1), "{took:?}");
    probe.finish();
}

#[test]
fn a_keyring_that_hangs_is_given_up_and_found_again() {
    let desktop = Desktop::with_keyring();
    let mut probe = desktop.session.probe();
    assert_eq!(probe.ask(&format!("store {ADDRESS} secret")), "Ok(())");
    desktop.keyring().signal("-STOP");
    let (answer, took) = probe.time(&format!("load {ADDRESS}"));
    assert!(unavailable(&answer), "{answer}");
    assert!((10..12).contains(&took.as_secs()), "{took:?}");
    desktop.keyring().signal("-CONT");
    assert_eq!(probe.ask(&format!("load {ADDRESS}")), r#"Ok(Some("secret"))"#);
    probe.finish();
}

#[test]
fn a_keyring_that_comes_late_or_is_replaced_is_found() {
    let mut desktop = Desktop::new();
    let mut probe = desktop.session.probe();
    let (answer, took) = probe.time(&format!("load {ADDRESS}"));
    assert!(
        unavailable(&answer) && answer.contains("keyring-start-one"),
        "{answer}"
    );
    assert!(took < Duration::from_secs(5), "{took:?}");

    desktop.start_keyring();
    assert_eq!(probe.ask(&format!("store {ADDRESS} secret")), "Ok(())");

    desktop.keyring = None;
    let names = DBusProxy::new(&desktop.bus).unwrap();
    until("the keyring has left the bus", || {
        let owned = names.name_has_owner(SERVICE.try_into().unwrap()).unwrap();
        (!owned).then_some(())
    });
    desktop.start_keyring();
    assert_eq!(probe.ask(&format!("load {ADDRESS}")), r#"Ok(Some("secret"))"#);
    probe.finish();
}

#[test]
fn without_a_bus_the_answer_is_quick_and_says_what_to_do() {
    let session = Session::new();
    let mut probe = session.probe();
    for request in ["load", "forget"] {
        let (answer, took) = probe.time(&format!("{request} {ADDRESS}"));
        assert!(
            unavailable(&answer) && answer.contains("keyring-start-one"),
            "{answer}"
        );
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    assert!(unavailable(&probe.ask(&format!("store {ADDRESS} secret"))));
    probe.finish();
}

/// GNOME Keyring aborts at times when two programs remove and search at once. Then the failures are its own, and the
/// test begins anew with another.
const MAX_KEYRINGS: usize = 5;

#[test]
fn what_another_program_removes_or_stores_meanwhile_is_no_failure() {
    for _ in 0..MAX_KEYRINGS {
        let mut desktop = Desktop::with_keyring();
        let Err(failure) = two_programs_at_once(&desktop) else {
            return;
        };
        assert!(desktop.keyring.as_mut().unwrap().has_ended(), "{failure}");
    }
    panic!("no keyring lives as long as the test");
}

/// The first answer that is a failure.
fn two_programs_at_once(desktop: &Desktop) -> Result<(), String> {
    let ask = |requests: &'static [&'static str]| {
        let mut probe = desktop.session.probe();
        move || {
            for round in 0..20 {
                for request in requests {
                    let answer = probe.ask(request);
                    if !answer.starts_with("Ok(") {
                        return Err(format!("round {round}, {request}: {answer}"));
                    }
                }
            }
            probe.finish();
            Ok(())
        }
    };
    let (moves, looks) = (
        ask(&[
            "store https://gloria.example/api token",
            "forget https://gloria.example/api",
        ]),
        ask(&[
            "load https://gloria.example/api",
            "store https://gloria.example/api other",
            "load https://gloria.example/api",
            "forget https://gloria.example/api",
        ]),
    );
    std::thread::scope(|scope| {
        let (moves, looks) = (scope.spawn(moves), scope.spawn(looks));
        moves.join().unwrap().and(looks.join().unwrap())
    })
}
