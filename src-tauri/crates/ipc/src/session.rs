//! The graphical session that a program was started in, as its environment names it.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// By which a window is shown.
pub const DISPLAYS: [&str; 2] = ["WAYLAND_DISPLAY", "DISPLAY"];

/// By which notifications and the tray icon are shown.
const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// What a program needs of a session to be seen and heard in it.
pub const VARIABLES: [&str; 9] = [
    "WAYLAND_DISPLAY",
    "DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_ID",
    "XDG_SESSION_TYPE",
    BUS,
    "PULSE_SERVER",
];

/// What is set of a session, by name.
pub type Session = BTreeMap<String, String>;

/// What of a session is in an environment. A value that is no text is left out, because lines of JSON are.
pub fn session(variable: impl Fn(&str) -> Option<OsString>) -> Session {
    let set = |name: &&str| {
        let value = variable(name)?.into_string().ok()?;
        (!value.is_empty()).then(|| ((*name).to_owned(), value))
    };
    VARIABLES.iter().filter_map(set).collect()
}

/// The session that an agent in `own` moves to when the user starts the app in `named`: the newest one that has a
/// display. `None` if that is the same one, or is none, as that of a script over ssh. A session that names no bus, such
/// as a forwarded display, leaves the agent on the bus that it has.
pub fn moved(own: &Session, named: &Session) -> Option<Session> {
    let differs = |name: &str| own.get(name) != named.get(name);
    if !DISPLAYS.iter().any(|name| named.contains_key(*name)) {
        return None;
    }
    let has_bus = named.contains_key(BUS);
    let is_new = DISPLAYS.into_iter().any(differs) || differs("XAUTHORITY") || (has_bus && differs(BUS));
    is_new.then(|| {
        let mut session = named.clone();
        if !has_bus && let Some(bus) = own.get(BUS) {
            session.insert(BUS.to_owned(), bus.clone());
        }
        session.retain(|name, _| VARIABLES.contains(&name.as_str()));
        session
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Session {
        session(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn a_session_is_what_is_set_of_it() {
        let found = of(&[("DISPLAY", ":1"), ("WAYLAND_DISPLAY", ""), ("HOME", "/home/x")]);
        assert_eq!(found, Session::from([("DISPLAY".to_owned(), ":1".to_owned())]));
    }

    #[test]
    fn the_newest_session_with_a_display_is_the_one() {
        let own = of(&[("DISPLAY", ":0"), (BUS, "unix:path=/a"), ("XDG_SESSION_ID", "1")]);
        let none = of(&[(BUS, "unix:path=/b")]);
        assert_eq!(moved(&own, &own), None);
        assert_eq!(moved(&own, &none), None, "a script has no display");
        let other = of(&[("WAYLAND_DISPLAY", "wayland-0"), (BUS, "unix:path=/b")]);
        assert_eq!(moved(&own, &other), Some(other.clone()));
        assert_eq!(
            moved(&Session::default(), &own),
            Some(own.clone()),
            "the first display"
        );
        let same_display = of(&[("DISPLAY", ":0"), (BUS, "unix:path=/b")]);
        assert_eq!(
            moved(&own, &same_display),
            Some(same_display.clone()),
            "after a login"
        );
        let terminal = of(&[("DISPLAY", ":0"), (BUS, "unix:path=/a"), ("XDG_SESSION_ID", "2")]);
        assert_eq!(
            moved(&own, &terminal),
            None,
            "a login in a terminal of the same desktop"
        );
    }

    #[test]
    fn a_display_without_a_bus_leaves_the_bus() {
        let own = of(&[("DISPLAY", ":0"), (BUS, "unix:path=/a")]);
        let forwarded = of(&[("DISPLAY", "localhost:10.0")]);
        let session = moved(&own, &forwarded).expect("another display");
        assert_eq!(session[BUS], "unix:path=/a");
        assert_eq!(session["DISPLAY"], "localhost:10.0");
    }

    #[test]
    fn only_what_names_a_session_is_taken_over() {
        let mut named = of(&[("DISPLAY", ":1")]);
        named.insert("LD_PRELOAD".to_owned(), "x.so".to_owned());
        let session = moved(&Session::default(), &named).expect("a display");
        assert!(!session.contains_key("LD_PRELOAD"));
    }
}
