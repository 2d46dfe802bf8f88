//! The tray as a pure function of the state: icon, tooltip, menu.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::item::EpochMillis;
use crate::protocol::{ConnectionState, NetworkState, NoticeKind, Snapshot};
use crate::text;

/// Windows shows 127 UTF-16 units of a tooltip, and cuts the rest off without a sign of it.
const MAX_TOOLTIP_CHARS: usize = 127;

/// Where the user's clock is, for times of day.
#[derive(Debug, Clone)]
pub struct LocalTime(TimeZone);

impl LocalTime {
    /// As the system is set now; UTC where that cannot be found out.
    pub fn system() -> Self {
        Self(TimeZone::system())
    }

    /// Hours and minutes.
    fn minute(&self, at: EpochMillis) -> String {
        self.show(at, "%H:%M")
    }

    /// Hours, minutes and seconds.
    fn second(&self, at: EpochMillis) -> String {
        self.show(at, "%H:%M:%S")
    }

    fn show(&self, at: EpochMillis, format: &str) -> String {
        Timestamp::from_millisecond(at).map_or_else(
            |_| "?".to_owned(),
            |at| at.to_zoned(self.0.clone()).strftime(format).to_string(),
        )
    }
}

/// What the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayView {
    /// The picture.
    pub icon: TrayIcon,
    /// A few words on hover.
    pub tooltip: String,
    /// From top to bottom.
    pub menu: Vec<MenuEntry>,
}

/// The picture in the tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrayIcon {
    /// Connected, nothing new.
    Connected,
    /// Connected, something unseen.
    Unread,
    /// Not connected, and at work on it.
    Reconnecting,
    /// The same for longer than passes unnoticed.
    Disconnected,
    /// The user has to do something.
    Attention,
}

/// An entry of the tray's menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuEntry {
    /// What it does.
    pub action: MenuAction,
    /// What it says.
    pub label: String,
    /// It can be chosen.
    pub enabled: bool,
}

/// What a menu entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MenuAction {
    /// Shows the window.
    Open,
    /// Silences sounds for an hour.
    PauseSounds,
    /// Lets sounds play again.
    ResumeSounds,
    /// Dials at once.
    Reconnect,
    /// Connects after a disconnection.
    Connect,
    /// Hangs up, until somebody connects.
    Disconnect,
    /// Ends the app.
    Quit,
}

/// Reads the tray off the state. Its times are times of day, which stay true while nobody changes them.
pub fn view(state: &Snapshot, now: EpochMillis, local: &LocalTime) -> TrayView {
    let paused = state
        .preferences
        .sounds_paused_until
        .is_some_and(|until| until > now);
    let is_disconnected = state.connection.state == ConnectionState::Disconnected;
    let icon = if state.connection.needs_user {
        TrayIcon::Attention
    } else if state.connection.state != ConnectionState::Connected {
        if state.connection.long_outage || is_disconnected {
            TrayIcon::Disconnected
        } else {
            TrayIcon::Reconnecting
        }
    } else if state.counts.unseen > 0 {
        TrayIcon::Unread
    } else {
        TrayIcon::Connected
    };
    let entry = |action, label: &str, enabled| MenuEntry {
        action,
        label: label.to_owned(),
        enabled,
    };
    let mut menu = vec![
        entry(MenuAction::Open, "Open inbox", true),
        if paused {
            entry(MenuAction::ResumeSounds, "Resume sounds", true)
        } else {
            entry(
                MenuAction::PauseSounds,
                "Pause sounds for 1 hour",
                state.preferences.sounds,
            )
        },
    ];
    if is_disconnected {
        menu.push(entry(MenuAction::Connect, "Connect", true));
    } else {
        let is_set_up = !state.account.needs_setup;
        menu.push(entry(MenuAction::Reconnect, "Reconnect now", is_set_up));
        menu.push(entry(MenuAction::Disconnect, "Disconnect", is_set_up));
    }
    menu.push(entry(MenuAction::Quit, "Quit Gloria Notify", true));
    TrayView {
        icon,
        tooltip: tooltip(state, local),
        menu,
    }
}

fn tooltip(state: &Snapshot, local: &LocalTime) -> String {
    let connection = &state.connection;
    let attempts = match connection.attempt {
        0 | 1 => String::new(),
        failed => format!(" after {failed} attempts"),
    };
    let next = connection
        .next_attempt_at
        .map_or_else(String::new, |at| local.second(at));
    let standing = if state.account.needs_setup {
        "Set-up needed".to_owned()
    } else if connection.needs_user {
        "Needs you".to_owned()
    } else {
        match connection.state {
            ConnectionState::Connected => connection.connected_since.map_or_else(
                || "Connected".to_owned(),
                |since| format!("Connected since {}", local.minute(since)),
            ),
            ConnectionState::Connecting => format!("Connecting{attempts}"),
            ConnectionState::Waiting if !connection.long_outage => {
                format!("Reconnecting at {next}{attempts}")
            }
            ConnectionState::Waiting | ConnectionState::CircuitOpen => {
                format!("Not connected{attempts}, next at {next}")
            }
            ConnectionState::Halted => "Needs you".to_owned(),
            ConnectionState::Idle => "Not connected".to_owned(),
            ConnectionState::Disconnected => text::sentence(&connection.reason),
        }
    };
    let heard = connection
        .last_heard_at
        .map(|at| format!("Last heard {}", local.minute(at)));
    let unseen = (state.counts.unseen > 0).then(|| format!("{} new", state.counts.unseen));
    let offline =
        connection.network == NetworkState::Offline && connection.state != ConnectionState::Connected;
    let mut kinds = state.notices.iter().map(|notice| notice.kind);
    let is_mute = kinds.any(|kind| kind == NoticeKind::Notifications);
    let reason = match &connection.storage {
        // What the user is needed for, whatever else there is.
        Some(storage) => storage,
        // Said already.
        None if connection.state == ConnectionState::Disconnected => "",
        None if offline => "this computer is offline",
        None if connection.reason.is_empty() && is_mute => "notifications can't be shown",
        None => &connection.reason,
    };
    let mut lines = vec!["Gloria Notify".to_owned(), standing];
    let others = [heard, unseen].into_iter().flatten().collect::<Vec<_>>();
    if !reason.is_empty() && !state.account.needs_setup {
        // The other lines are short, and wanted whole.
        let taken: usize = lines.iter().chain(&others).map(|line| units(line) + 1).sum();
        lines.push(fitting(
            &text::sentence(reason),
            MAX_TOOLTIP_CHARS.saturating_sub(taken),
        ));
    }
    lines.extend(others);
    lines.join("\n")
}

/// A text's length as Windows counts it.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// As much of a text as `most` UTF-16 units hold, with a sign where something is missing.
fn fitting(text: &str, most: usize) -> String {
    if units(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        if units(&kept) + character.len_utf16() + 1 > most {
            break;
        }
        kept.push(character);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::item::{Counts, SoundName};
    use crate::protocol::{
        AccountView, Appearance, ConnectionView, NetworkState, Notice, OwnUser, PROTOCOL_VERSION,
        Preferences, Remedy, TokenState, Transport,
    };

    fn state(connection: ConnectionState, unseen: u32) -> Snapshot {
        Snapshot {
            protocol: PROTOCOL_VERSION,
            revision: 0,
            version: String::new(),
            connection: ConnectionView {
                state: connection,
                reason: "the server answered 503".into(),
                remedy: Remedy::None,
                needs_user: connection == ConnectionState::Halted,
                long_outage: false,
                attempt: 0,
                next_attempt_at: None,
                connected_since: None,
                last_heard_at: None,
                network: NetworkState::Unknown,
                transport: Transport::Sse,
                insecure: false,
                proxy: None,
                storage: None,
                history_since: None,
            },
            counts: Counts {
                unseen,
                unread: unseen,
                total: unseen,
            },
            account: AccountView {
                address: None,
                address_lock: None,
                token: TokenState::Present,
                token_locked: false,
                token_problem: String::new(),
                needs_setup: false,
                question: None,
                user: OwnUser::default(),
            },
            preferences: Preferences {
                sounds: true,
                volume: 70,
                sound: SoundName::Chime,
                sounds_paused_until: None,
                appearance: Appearance::System,
                proxy: "system".into(),
                auto_connect: true,
                log_level: crate::logging::LogLevel::Info,
                debug_log_until: None,
                locks: BTreeMap::new(),
            },
            notices: Vec::new(),
            requested_item: None,
            in_view: false,
        }
    }

    #[test]
    fn the_icon_shows_the_most_pressing() {
        let icon = |connection, unseen| view(&state(connection, unseen), 0, &utc()).icon;
        assert_eq!(icon(ConnectionState::Connected, 0), TrayIcon::Connected);
        assert_eq!(icon(ConnectionState::Connected, 3), TrayIcon::Unread);
        assert_eq!(icon(ConnectionState::Waiting, 3), TrayIcon::Reconnecting);
        assert_eq!(icon(ConnectionState::CircuitOpen, 0), TrayIcon::Reconnecting);
        assert_eq!(icon(ConnectionState::Halted, 3), TrayIcon::Attention);
        let mut fresh = state(ConnectionState::Idle, 0);
        fresh.account.needs_setup = true;
        fresh.connection.needs_user = true;
        assert_eq!(view(&fresh, 0, &utc()).icon, TrayIcon::Attention);
    }

    #[test]
    fn whoever_is_needed_is_called_whatever_the_connection_does() {
        for connection in [
            ConnectionState::Connected,
            ConnectionState::Connecting,
            ConnectionState::Waiting,
            ConnectionState::CircuitOpen,
        ] {
            let mut state = state(connection, 1);
            state.connection.needs_user = true;
            let view = view(&state, 0, &utc());
            assert_eq!(view.icon, TrayIcon::Attention, "{connection:?}");
            assert!(view.tooltip.contains("Needs you"), "{}", view.tooltip);
        }
    }

    #[test]
    fn a_long_outage_looks_longer_than_a_short_one() {
        for connection in [
            ConnectionState::Connecting,
            ConnectionState::Waiting,
            ConnectionState::CircuitOpen,
        ] {
            let mut state = state(connection, 0);
            assert_eq!(view(&state, 0, &utc()).icon, TrayIcon::Reconnecting);
            state.connection.long_outage = true;
            assert_eq!(
                view(&state, 0, &utc()).icon,
                TrayIcon::Disconnected,
                "{connection:?}"
            );
        }
    }

    fn utc() -> LocalTime {
        LocalTime(TimeZone::UTC)
    }

    /// Fourteen hours, three minutes and five seconds into the first day.
    const AFTERNOON: EpochMillis = ((14 * 60 + 3) * 60 + 5) * 1000;

    #[test]
    fn the_tooltip_tells_the_truth() {
        let tooltip = |change: &dyn Fn(&mut Snapshot)| {
            let mut state = state(ConnectionState::Connected, 0);
            state.connection.reason = String::new();
            change(&mut state);
            view(&state, 0, &utc()).tooltip
        };
        let failing = |state: &mut Snapshot| {
            state.connection.state = ConnectionState::Waiting;
            state.connection.attempt = 4;
            state.connection.next_attempt_at = Some(AFTERNOON);
            state.connection.last_heard_at = Some(AFTERNOON - 3_600_000);
            state.connection.reason = "the server answered 503".into();
        };
        assert_eq!(
            tooltip(&|state| {
                state.connection.connected_since = Some(AFTERNOON);
                state.connection.last_heard_at = Some(AFTERNOON + 120_000);
                state.counts.unseen = 2;
            }),
            "Gloria Notify\nConnected since 14:03\nLast heard 14:05\n2 new"
        );
        assert_eq!(
            tooltip(&|state| {
                state.connection.connected_since = Some(AFTERNOON);
                state.notices.push(Notice {
                    kind: NoticeKind::Notifications,
                    message: "Notifications can't be shown: why".into(),
                });
            }),
            "Gloria Notify\nConnected since 14:03\nNotifications can't be shown"
        );
        assert_eq!(
            tooltip(&failing),
            "Gloria Notify\nReconnecting at 14:03:05 after 4 attempts\nThe server answered 503\nLast heard 13:03"
        );
        assert_eq!(
            tooltip(&|state| {
                failing(state);
                state.connection.network = NetworkState::Offline;
                state.connection.state = ConnectionState::CircuitOpen;
            }),
            "Gloria Notify\nNot connected after 4 attempts, next at 14:03:05\nThis computer is offline\n\
             Last heard 13:03"
        );
        assert_eq!(
            tooltip(&|state| {
                failing(state);
                state.connection.needs_user = true;
                state.connection.storage = Some("the disk is full".into());
            }),
            "Gloria Notify\nNeeds you\nThe disk is full\nLast heard 13:03"
        );
        assert_eq!(
            tooltip(&|state| {
                state.connection.state = ConnectionState::Halted;
                state.connection.needs_user = true;
                state.connection.reason = "the token is not accepted".into();
            }),
            "Gloria Notify\nNeeds you\nThe token is not accepted"
        );
    }

    #[test]
    fn a_tooltip_fits_the_system_with_the_longest_reason() {
        let mut state = state(ConnectionState::Waiting, 120);
        state.connection.attempt = 9;
        state.connection.next_attempt_at = Some(AFTERNOON);
        state.connection.last_heard_at = Some(AFTERNOON);
        for reason in ["x".repeat(400), "💥".repeat(200)] {
            state.connection.reason = reason;
            let tooltip = view(&state, 0, &utc()).tooltip;
            assert!(units(&tooltip) <= MAX_TOOLTIP_CHARS, "{tooltip}");
            assert!(
                tooltip.contains('…') && tooltip.ends_with("Last heard 14:03\n120 new"),
                "{tooltip}"
            );
        }
    }

    #[test]
    fn whoever_disconnected_sees_it_and_can_connect() {
        let mut state = state(ConnectionState::Disconnected, 2);
        state.connection.reason = "disconnected by you".into();
        let shown = view(&state, 0, &utc());
        assert_eq!(shown.icon, TrayIcon::Disconnected);
        assert_eq!(shown.tooltip, "Gloria Notify\nDisconnected by you\n2 new");
        let offers = |view: &TrayView, action| view.menu.iter().any(|entry| entry.action == action);
        assert!(offers(&shown, MenuAction::Connect) && !offers(&shown, MenuAction::Disconnect));
        state.connection.state = ConnectionState::Connected;
        let shown = view(&state, 0, &utc());
        assert!(!offers(&shown, MenuAction::Connect) && offers(&shown, MenuAction::Disconnect));
    }

    #[test]
    fn the_menu_offers_what_can_be_done() {
        let mut paused = state(ConnectionState::Connected, 0);
        paused.preferences.sounds_paused_until = Some(100);
        let second = |now| view(&paused, now, &utc()).menu[1].action;
        assert_eq!(second(99), MenuAction::ResumeSounds);
        assert_eq!(second(100), MenuAction::PauseSounds, "the pause is over");
    }
}
