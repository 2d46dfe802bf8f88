//! Converts a request to the arguments of `Notify`.

use std::collections::HashMap;

use gloria_core::item::Priority;
use gloria_core::ports::{NotificationRequest, Subject};
use zbus::zvariant::Value;

use super::Identity;
use crate::session_bus::BodyText;

/// The name of the app that the desktop shows.
const APP_NAME: &str = "Gloria Notify";

/// The action of a click on the notification itself, named by the specification.
pub(super) const DEFAULT_ACTION: &str = "default";

/// The action of the button.
pub(super) const OPEN_ACTION: &str = "open";

/// Services that are known to invoke the default action when the notification is clicked, by the names that they
/// report. dunst closes it instead, and so may an unknown one: they get a button.
const OPEN_BY_CLICK: [&str; 8] = [
    "gnome-shell",
    "Plasma",
    "cinnamon",
    "Notification Daemon",
    "Xfce Notify Daemon",
    "mako",
    "SwayNotificationCenter",
    "lxqt-notificationd",
];

/// The capabilities of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Abilities {
    body: BodyText,
    /// It supports actions. One that does not may show a dialog for a notification that has some.
    actions: bool,
    button: bool,
}

impl Abilities {
    /// From its capabilities and its name.
    pub(super) fn new(capabilities: &[String], name: &str) -> Self {
        let can = |wanted: &str| capabilities.iter().any(|capability| capability == wanted);
        let by_click = OPEN_BY_CLICK.iter().any(|known| known.eq_ignore_ascii_case(name));
        Self {
            body: if can("body-markup") {
                BodyText::Markup
            } else {
                BodyText::Plain
            },
            actions: can("actions"),
            button: !by_click,
        }
    }
}

/// The arguments of `Notify`.
pub(super) type Arguments<'a> = (
    &'static str,
    u32,
    &'a str,
    String,
    String,
    Vec<&'a str>,
    HashMap<&'static str, Value<'a>>,
    i32,
);

pub(super) fn arguments<'a>(
    request: &NotificationRequest,
    replaces: u32,
    abilities: Abilities,
    identity: &'a Identity,
) -> Arguments<'a> {
    let mut actions = Vec::new();
    if abilities.actions {
        actions.extend([DEFAULT_ACTION, &identity.open_label]);
        if abilities.button {
            actions.extend([OPEN_ACTION, &identity.open_label]);
        }
    }
    let category = match request.subject {
        Subject::Item(_) | Subject::Digest(_) => "im.received",
        Subject::App => "x-gloria.app",
    };
    let mut hints = HashMap::from([
        ("urgency", Value::U8(urgency(request.priority))),
        ("category", Value::from(category)),
        // The app plays its own sound, or none.
        ("suppress-sound", Value::Bool(true)),
    ]);
    if let Some(entry) = &identity.desktop_entry {
        hints.insert("desktop-entry", Value::from(entry.as_str()));
    }
    // An urgent notification stays until it is dismissed; the service decides how long others stay.
    let timeout = match request.priority {
        Priority::Urgent => 0,
        Priority::High | Priority::Normal | Priority::Low => -1,
    };
    (
        APP_NAME,
        replaces,
        &identity.icon,
        sendable(&request.title.to_string()),
        abilities.body.of(&sendable(&request.body.to_string())),
        actions,
        hints,
        timeout,
    )
}

fn urgency(priority: Priority) -> u8 {
    match priority {
        Priority::Urgent => 2,
        Priority::High | Priority::Normal => 1,
        Priority::Low => 0,
    }
}

/// D-Bus strings cannot contain null characters.
fn sendable(text: &str) -> String {
    text.replace('\0', "")
}

#[cfg(test)]
mod tests {
    use gloria_words::Words;

    use super::*;

    fn request(priority: Priority) -> NotificationRequest {
        NotificationRequest {
            subject: Subject::Item("n:1".into()),
            title: "R&D <b>".into(),
            body: "R&D <b>\0".into(),
            priority,
            replaces: None,
        }
    }

    fn able(capabilities: &[&str], name: &str) -> Abilities {
        let capabilities: Vec<_> = capabilities
            .iter()
            .map(|&capability| capability.to_owned())
            .collect();
        Abilities::new(&capabilities, name)
    }

    #[test]
    fn a_body_is_escaped_where_it_is_markup_and_a_title_never_is() {
        let identity = Identity::default();
        for (capabilities, body) in [(&["body-markup"][..], "R&amp;D &lt;b&gt;"), (&[], "R&D <b>")] {
            let sent = arguments(
                &request(Priority::Normal),
                0,
                able(capabilities, "mako"),
                &identity,
            );
            assert_eq!((sent.3.as_str(), sent.4.as_str()), ("R&D <b>", body));
        }
    }

    #[test]
    fn what_is_urgent_is_critical_and_stays_until_it_is_dismissed() {
        let identity = Identity::default();
        let table = [
            (Priority::Urgent, 2, 0),
            (Priority::High, 1, -1),
            (Priority::Normal, 1, -1),
            (Priority::Low, 0, -1),
        ];
        for (priority, urgency, timeout) in table {
            let sent = arguments(&request(priority), 7, able(&[], "mako"), &identity);
            assert_eq!(sent.6["urgency"], Value::U8(urgency), "{priority:?}");
            assert_eq!(sent.6["suppress-sound"], Value::Bool(true));
            assert_eq!((sent.1, sent.7), (7, timeout), "{priority:?}");
        }
    }

    #[test]
    fn a_button_is_for_services_that_may_not_open_by_a_click_and_no_action_for_those_that_take_none() {
        let identity = Identity::default().speaking(Words::english());
        let actions = |abilities| arguments(&request(Priority::Normal), 0, abilities, &identity).5;
        assert_eq!(actions(able(&["actions"], "GNOME-shell")), ["default", "Open"]);
        assert_eq!(
            actions(able(&["actions"], "dunst")),
            ["default", "Open", "open", "Open"]
        );
        assert!(actions(able(&[], "notify-osd")).is_empty());
    }

    #[test]
    fn an_installed_app_names_its_desktop_entry() {
        let identity = Identity {
            icon: "gloria-notify".into(),
            desktop_entry: Some("com.gloriasystem.notify".into()),
            ..Identity::default()
        };
        let sent = arguments(&request(Priority::Normal), 0, able(&[], "mako"), &identity);
        assert_eq!((sent.0, sent.2), ("Gloria Notify", "gloria-notify"));
        assert_eq!(sent.6["desktop-entry"], Value::from("com.gloriasystem.notify"));
    }
}
