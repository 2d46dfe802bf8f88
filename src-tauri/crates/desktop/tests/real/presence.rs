//! A session that is locked or left, by mocks of logind, screensavers and idle monitors on a bus of the test's own.

use std::sync::{Arc, Mutex};
use std::thread::park;

use gloria_core::ports::{Observation, SessionState, Signals};
use gloria_desktop::SystemSignals;
use tokio::sync::mpsc;
use zbus::blocking::Connection;
use zbus::fdo;
use zbus::zvariant::{OwnedObjectPath, Value};

use crate::bus::Bus;
use crate::session::{Session, until};

const LOGIND: &str = "org.freedesktop.login1";
const OURS: &str = "/org/freedesktop/login1/session/c7";
const OTHER: &str = "/org/freedesktop/login1/session/c8";
const USER: &str = "/org/freedesktop/login1/user/ours";

fn path(path: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(path).unwrap()
}

/// Where logind says that this process is.
#[derive(Clone, Copy)]
enum Place {
    /// In a session with a screen.
    Session,
    /// In none, as an app that systemd starts for its user.
    Nowhere,
    /// Never answers.
    Silent,
}

struct Manager(Place);

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    #[zbus(name = "GetSessionByPID")]
    fn get_session_by_pid(&self, _process: u32) -> fdo::Result<OwnedObjectPath> {
        match self.0 {
            Place::Session => Ok(path(OURS)),
            Place::Nowhere => Err(fdo::Error::Failed("no session".into())),
            Place::Silent => loop {
                park();
            },
        }
    }

    fn get_user(&self, _user: u32) -> OwnedObjectPath {
        path(USER)
    }
}

struct User;

#[zbus::interface(name = "org.freedesktop.login1.User")]
impl User {
    #[zbus(property)]
    fn display(&self) -> (String, OwnedObjectPath) {
        ("c7".to_owned(), path(OURS))
    }
}

struct LoginSession {
    locked: bool,
    idle: bool,
}

#[zbus::interface(name = "org.freedesktop.login1.Session")]
impl LoginSession {
    #[zbus(property, name = "Type")]
    fn kind(&self) -> &str {
        "wayland"
    }

    #[zbus(property)]
    fn locked_hint(&self) -> bool {
        self.locked
    }

    #[zbus(property)]
    fn idle_hint(&self) -> bool {
        self.idle
    }
}

fn logind(bus: &Bus, place: Place, locked: bool) -> Connection {
    let logind = bus.connect();
    {
        let objects = logind.object_server();
        objects.at("/org/freedesktop/login1", Manager(place)).unwrap();
        objects.at(USER, User).unwrap();
        for path in [OURS, OTHER] {
            let locked = locked && path == OURS;
            objects.at(path, LoginSession { locked, idle: false }).unwrap();
        }
    }
    logind.request_name(LOGIND).unwrap();
    logind
}

/// As logind says that a hint of a session changed.
fn hint(logind: &Connection, session: &str, name: &str, value: bool) {
    let changed = [(name, Value::from(value))]
        .into_iter()
        .collect::<std::collections::HashMap<_, _>>();
    let body = ("org.freedesktop.login1.Session", changed, Vec::<&str>::new());
    let interface = "org.freedesktop.DBus.Properties";
    logind
        .emit_signal(None::<&str>, session, interface, "PropertiesChanged", &body)
        .unwrap();
}

struct Saver {
    name: &'static str,
    active: bool,
}

impl Saver {
    /// A screensaver with the desktop's own name.
    fn start(self, bus: &Bus) -> Connection {
        let connection = bus.connect();
        let name = self.name;
        let object = format!("/{}", name.replace('.', "/"));
        match name {
            "org.gnome.ScreenSaver" => connection.object_server().at(object, GnomeSaver(self.active)),
            _ => connection.object_server().at(object, FreeSaver(self.active)),
        }
        .unwrap();
        connection.request_name(name).unwrap();
        connection
    }
}

struct GnomeSaver(bool);

#[zbus::interface(name = "org.gnome.ScreenSaver")]
impl GnomeSaver {
    fn get_active(&self) -> bool {
        self.0
    }
}

struct FreeSaver(bool);

#[zbus::interface(name = "org.freedesktop.ScreenSaver")]
impl FreeSaver {
    fn get_active(&self) -> bool {
        self.0
    }
}

fn active(saver: &Connection, name: &str, active: bool) {
    let object = format!("/{}", name.replace('.', "/"));
    saver
        .emit_signal(None::<&str>, object, name, "ActiveChanged", &active)
        .unwrap();
}

/// Mutter's idle monitor: the watches that were asked for, in order.
#[derive(Clone, Default)]
struct IdleMonitor {
    idle_for: u64,
    watches: Arc<Mutex<Vec<&'static str>>>,
}

const MONITOR: &str = "org.gnome.Mutter.IdleMonitor";
const MONITOR_PATH: &str = "/org/gnome/Mutter/IdleMonitor/Core";

impl IdleMonitor {
    fn add(&self, kind: &'static str) -> u32 {
        let mut watches = self.watches.lock().unwrap();
        watches.push(kind);
        u32::try_from(watches.len()).unwrap()
    }

    fn start(&self, bus: &Bus) -> Connection {
        let connection = bus.connect();
        connection.object_server().at(MONITOR_PATH, self.clone()).unwrap();
        connection.request_name(MONITOR).unwrap();
        connection
    }

    /// The watch of this place has been asked for.
    fn asked(&self, place: usize, kind: &str) {
        until("a watch", || {
            (self.watches.lock().unwrap().get(place) == Some(&kind)).then_some(())
        });
    }
}

#[zbus::interface(name = "org.gnome.Mutter.IdleMonitor")]
impl IdleMonitor {
    fn add_idle_watch(&self, interval: u64) -> u32 {
        assert_eq!(interval, 180_000);
        self.add("idle")
    }

    fn add_user_active_watch(&self) -> u32 {
        self.add("active")
    }

    fn get_idletime(&self) -> u64 {
        self.idle_for
    }
}

fn fire(monitor: &Connection, watch: u32) {
    monitor
        .emit_signal(None::<&str>, MONITOR_PATH, MONITOR, "WatchFired", &watch)
        .unwrap();
}

/// What is next heard of the session.
fn next(observations: &mut mpsc::Receiver<Observation>) -> SessionState {
    until("a word of the session", || {
        match observations.try_recv().ok()? {
            Observation::Session(state) => Some(state),
            Observation::AboutToSleep | Observation::Woke | Observation::Network(_) => None,
        }
    })
}

fn watch(bus: &Bus) -> mpsc::Receiver<Observation> {
    SystemSignals::on_bus(bus.address.as_str())
        .with_session_on(bus.address.as_str())
        .watch()
}

const THERE: SessionState = SessionState {
    locked: false,
    idle: None,
};
const LOCKED: SessionState = SessionState {
    locked: true,
    idle: None,
};
const IDLE: SessionState = SessionState {
    locked: false,
    idle: Some(true),
};
const ACTIVE: SessionState = SessionState {
    locked: false,
    idle: Some(false),
};

#[test]
fn logind_says_when_our_session_is_locked_and_idle() {
    for place in [Place::Session, Place::Nowhere] {
        let session = Session::new();
        let bus = Bus::start(&session);
        let logind = logind(&bus, place, true);
        let mut observations = watch(&bus);
        assert_eq!(next(&mut observations), LOCKED, "from the beginning");
        hint(&logind, OTHER, "LockedHint", false);
        hint(&logind, OURS, "IdleHint", true);
        let both = SessionState {
            locked: true,
            idle: Some(true),
        };
        assert_eq!(next(&mut observations), both, "another session is not ours");
        hint(&logind, OURS, "LockedHint", false);
        assert_eq!(next(&mut observations), IDLE);
        hint(&logind, OURS, "IdleHint", false);
        assert_eq!(next(&mut observations), THERE);
    }
}

#[test]
fn a_logind_that_restarts_is_asked_again() {
    let session = Session::new();
    let bus = Bus::start(&session);
    let first = logind(&bus, Place::Session, true);
    let mut observations = watch(&bus);
    assert_eq!(next(&mut observations), LOCKED);
    first.close().unwrap();
    assert_eq!(next(&mut observations), THERE, "nobody says that it is locked");
    let second = logind(&bus, Place::Session, true);
    assert_eq!(next(&mut observations), LOCKED);
    hint(&second, OURS, "LockedHint", false);
    assert_eq!(next(&mut observations), THERE);
}

#[test]
fn screensavers_say_it_where_logind_does_not_answer() {
    for name in ["org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver"] {
        let session = Session::new();
        let bus = Bus::start(&session);
        let _silent = logind(&bus, Place::Silent, false);
        let mut observations = watch(&bus);
        // One that comes late and is active already.
        let saver = Saver { name, active: true }.start(&bus);
        assert_eq!(next(&mut observations), LOCKED);
        active(&saver, name, false);
        assert_eq!(next(&mut observations), THERE);
        active(&saver, name, true);
        assert_eq!(next(&mut observations), LOCKED);
        // Somebody else who says so is no screensaver.
        active(&bus.connect(), name, false);
        saver.close().unwrap();
        assert_eq!(
            next(&mut observations),
            THERE,
            "it crashed, and nothing is locked"
        );
    }
}

#[test]
fn mutter_says_when_the_user_left_and_came_back() {
    let session = Session::new();
    let bus = Bus::start(&session);
    let monitor = IdleMonitor::default();
    let mutter = monitor.start(&bus);
    let mut observations = watch(&bus);
    assert_eq!(next(&mut observations), ACTIVE);
    for active_watch in [2, 3] {
        fire(&mutter, 1);
        assert_eq!(next(&mut observations), IDLE);
        monitor.asked(active_watch - 1, "active");
        // A watch of somebody else.
        fire(&mutter, 77);
        fire(&mutter, u32::try_from(active_watch).unwrap());
        assert_eq!(next(&mut observations), ACTIVE);
    }
    mutter.close().unwrap();
    assert_eq!(next(&mut observations), THERE);
    // The shell starts again while nobody is there.
    let monitor = IdleMonitor {
        idle_for: 200_000,
        ..IdleMonitor::default()
    };
    let mutter = monitor.start(&bus);
    assert_eq!(next(&mut observations), IDLE);
    monitor.asked(1, "active");
    fire(&mutter, 2);
    assert_eq!(next(&mut observations), ACTIVE);
}
