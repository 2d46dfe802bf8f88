//! The graphical session in which a program was started, according to its environment.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Variables of the display, which windows need.
pub const DISPLAYS: [&str; 2] = ["WAYLAND_DISPLAY", "DISPLAY"];

/// The variable of the session bus, which notifications and the tray icon need.
pub const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// All variables of a session that a program needs to be seen and heard in it.
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

/// The variables of a session that are set, by name.
pub type Session = BTreeMap<String, String>;

/// The session in an environment. Values that are not Unicode are omitted, because the protocol is JSON.
pub fn session(variable: impl Fn(&str) -> Option<OsString>) -> Session {
    let set = |name: &&str| {
        let value = variable(name)?.into_string().ok()?;
        (!value.is_empty()).then(|| ((*name).to_owned(), value))
    };
    VARIABLES.iter().filter_map(set).collect()
}

/// The session to which an agent in `own` moves when the user starts the app in `named`: the newest one with a display.
/// `None` if it is the same, or has no display, such as that of a script over ssh. If it has no bus, as with a
/// forwarded display, the agent keeps its own.
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
