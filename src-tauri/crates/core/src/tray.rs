//! The tray as a pure function of the state: icon, tooltip, menu.

use crate::item::EpochMillis;
use crate::message::{self, Message};
use crate::protocol::{ConnectionState, NetworkState, NoticeKind, Snapshot};
use crate::text;

/// Windows shows 127 UTF-16 code units of a tooltip, and cuts off the rest without an ellipsis.
const MAX_TOOLTIP_CHARS: usize = 127;

/// What the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayView {
    /// The icon.
    pub icon: TrayIcon,
    /// The tooltip.
    pub tooltip: Tooltip,
    /// From top to bottom.
    pub menu: Vec<MenuEntry>,
}

/// The lines of the tooltip from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tooltip {
    /// The name of the app, and its state.
    first: [Message; 2],
    /// The reason, shortened if necessary.
    reason: Option<Message>,
    /// Short lines, which are never shortened.
    others: Vec<Message>,
}

impl Tooltip {
    /// The lines as text, formatted by `say`, within the limits of all systems.
    pub fn text(&self, say: impl Fn(&Message) -> String) -> String {
        let mut lines: Vec<_> = self.first.iter().map(|line| text::sentence(&say(line))).collect();
        let others: Vec<_> = self.others.iter().map(&say).collect();
        if let Some(reason) = &self.reason {
            let taken: usize = lines.iter().chain(&others).map(|line| utf16_len(line) + 1).sum();
            lines.push(shorten(
                &text::sentence(&say(reason)),
                MAX_TOOLTIP_CHARS.saturating_sub(taken),
            ));
        }
        lines.extend(others);
        lines.join("\n")
    }
}

/// The icon in the tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrayIcon {
    /// Connected, and nothing new.
    Connected,
    /// Connected, and something is unseen.
    Unread,
    /// Not connected; the app is reconnecting.
    Reconnecting,
    /// Not connected for long enough to be noticed.
    Disconnected,
    /// The user has to act.
    Attention,
}

/// An entry of the tray's menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuEntry {
    /// What it does.
    pub action: MenuAction,
    /// What it says.
    pub label: Message,
    /// It can be clicked.
    pub enabled: bool,
}

/// What a menu entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MenuAction {
    /// Opens the window.
    Open,
    /// Pauses sounds for an hour.
    PauseSounds,
    /// Ends the pause of sounds.
    ResumeSounds,
    /// Connects at once.
    Reconnect,
    /// Connects after a disconnection.
    Connect,
    /// Disconnects until the user connects again.
    Disconnect,
    /// Quits the app.
    Quit,
}

/// Derives the tray from the state. It shows times of day, which stay right without updates.
pub fn view(state: &Snapshot, now: EpochMillis) -> TrayView {
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
    let entry = |action, label, enabled| MenuEntry {
        action,
        label,
        enabled,
    };
    let mut menu = vec![
        entry(MenuAction::Open, message::tray_open(), true),
        if paused {
            entry(MenuAction::ResumeSounds, message::tray_resume_sounds(), true)
        } else {
            entry(
                MenuAction::PauseSounds,
                message::tray_pause_sounds(),
                state.preferences.sounds,
            )
        },
    ];
    if is_disconnected {
        menu.push(entry(MenuAction::Connect, message::tray_connect(), true));
    } else {
        let is_set_up = !state.account.needs_setup;
        menu.push(entry(MenuAction::Reconnect, message::tray_reconnect(), is_set_up));
        menu.push(entry(
            MenuAction::Disconnect,
            message::tray_disconnect(),
            is_set_up,
        ));
    }
    menu.push(entry(MenuAction::Quit, message::tray_quit(), true));
    TrayView {
        icon,
        tooltip: tooltip(state),
        menu,
    }
}

fn tooltip(state: &Snapshot) -> Tooltip {
    let connection = &state.connection;
    // The first attempt did not follow a failure.
    let attempts = Some(connection.attempt).filter(|attempt| *attempt > 1);
    let next = connection.next_attempt_at.map(|at| at - at.rem_euclid(1000));
    let standing = if state.account.needs_setup {
        message::tray_set_up_needed()
    } else if connection.needs_user {
        message::tray_needs_you()
    } else {
        match (connection.state, next, attempts) {
            (ConnectionState::Connected, ..) => match connection.connected_since {
                Some(since) => message::tray_connected_since(minute(since)),
                None => message::tray_connected(),
            },
            (ConnectionState::Connecting, _, Some(attempts)) => message::tray_connecting_after(attempts),
            (ConnectionState::Connecting, _, None) => message::tray_connecting(),
            (ConnectionState::Waiting, Some(next), attempts) if !connection.long_outage => match attempts {
                Some(attempts) => message::tray_reconnecting_after(next, attempts),
                None => message::tray_reconnecting(next),
            },
            (ConnectionState::Waiting | ConnectionState::CircuitOpen, Some(next), Some(attempts)) => {
                message::tray_not_connected_after(next, attempts)
            }
            (ConnectionState::Waiting | ConnectionState::CircuitOpen, Some(next), None) => {
                message::tray_not_connected_next(next)
            }
            (ConnectionState::Halted, ..) => message::tray_needs_you(),
            (ConnectionState::Waiting | ConnectionState::CircuitOpen, None, _)
            | (ConnectionState::Idle, ..) => message::tray_not_connected(),
            (ConnectionState::Disconnected, ..) => connection
                .reason
                .clone()
                .unwrap_or_else(message::tray_not_connected),
        }
    };
    let heard = connection
        .last_heard_at
        .map(|at| message::tray_last_heard(minute(at)));
    let unseen = (state.counts.unseen > 0).then(|| message::tray_unseen(state.counts.unseen));
    let offline =
        connection.network == NetworkState::Offline && connection.state != ConnectionState::Connected;
    let mut kinds = state.notices.iter().map(|notice| notice.kind);
    let is_mute = kinds.any(|kind| kind == NoticeKind::Notifications);
    let reason = match &connection.storage {
        // What the user has to do is more important than anything else.
        Some(storage) => Some(storage.clone()),
        // The state already says it.
        None if connection.state == ConnectionState::Disconnected => None,
        None if offline => Some(message::tray_offline()),
        None if connection.reason.is_none() && is_mute => Some(message::tray_notifications_fail()),
        None => connection.reason.clone(),
    };
    Tooltip {
        first: [message::tray_name(), standing],
        reason: reason.filter(|_| !state.account.needs_setup),
        others: [heard, unseen].into_iter().flatten().collect(),
    }
}

/// Rounds down to the minute, which is what the tray shows, so that it is not updated more often.
fn minute(at: EpochMillis) -> EpochMillis {
    at - at.rem_euclid(60_000)
}

/// The length of a text in UTF-16 code units, as Windows counts it.
fn utf16_len(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text, shortened with an ellipsis to at most `most` UTF-16 code units.
fn shorten(text: &str, most: usize) -> String {
    if utf16_len(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        if utf16_len(&kept) + character.len_utf16() + 1 > most {
            break;
        }
        kept.push(character);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(connection: ConnectionState, unseen: u32) -> Snapshot {
        let mut state = Snapshot::sample();
        state.connection.state = connection;
        state.connection.reason = Some(message::cause_status(503u16));
        state.connection.needs_user = connection == ConnectionState::Halted;
        (state.counts.unseen, state.counts.unread, state.counts.total) = (unseen, unseen, unseen);
        state
    }

    #[test]
    fn the_icon_shows_the_most_pressing() {
        let icon = |connection, unseen| view(&state(connection, unseen), 0).icon;
        assert_eq!(icon(ConnectionState::Connected, 0), TrayIcon::Connected);
        assert_eq!(icon(ConnectionState::Connected, 3), TrayIcon::Unread);
        assert_eq!(icon(ConnectionState::Waiting, 3), TrayIcon::Reconnecting);
        assert_eq!(icon(ConnectionState::CircuitOpen, 0), TrayIcon::Reconnecting);
        assert_eq!(icon(ConnectionState::Halted, 3), TrayIcon::Attention);
        let mut fresh = state(ConnectionState::Idle, 0);
        fresh.account.needs_setup = true;
        fresh.connection.needs_user = true;
        assert_eq!(view(&fresh, 0).icon, TrayIcon::Attention);
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
            let view = view(&state, 0);
            assert_eq!(view.icon, TrayIcon::Attention, "{connection:?}");
            assert_eq!(view.tooltip.first[1], message::tray_needs_you());
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
            assert_eq!(view(&state, 0).icon, TrayIcon::Reconnecting);
            state.connection.long_outage = true;
            assert_eq!(view(&state, 0).icon, TrayIcon::Disconnected, "{connection:?}");
        }
    }

    /// 14:03:05 on the first day.
    const AFTERNOON: EpochMillis = ((14 * 60 + 3) * 60 + 5) * 1000;

    #[test]
    fn a_tooltip_fits_the_system_with_the_longest_reason() {
        let mut state = state(ConnectionState::Waiting, 120);
        state.connection.attempt = 9;
        state.connection.next_attempt_at = Some(AFTERNOON);
        state.connection.last_heard_at = Some(AFTERNOON);
        for reason in ["x".repeat(400), "💥".repeat(200)] {
            state.connection.reason = Some(message::cause_broken_off(message::break_other(reason)));
            let tooltip = view(&state, 0).tooltip.text(ToString::to_string);
            assert!(utf16_len(&tooltip) <= MAX_TOOLTIP_CHARS, "{tooltip}");
            assert!(
                tooltip.contains('…') && tooltip.ends_with("\ntray-unseen (count: 120)"),
                "{tooltip}"
            );
        }
    }

    #[test]
    fn whoever_disconnected_sees_it_and_can_connect() {
        let mut state = state(ConnectionState::Disconnected, 2);
        state.connection.reason = Some(message::cause_disconnected());
        let shown = view(&state, 0);
        assert_eq!(shown.icon, TrayIcon::Disconnected);
        assert_eq!(
            shown.tooltip.text(ToString::to_string),
            "Tray-name\nCause-disconnected\ntray-unseen (count: 2)"
        );
        let offers = |view: &TrayView, action| view.menu.iter().any(|entry| entry.action == action);
        assert!(offers(&shown, MenuAction::Connect) && !offers(&shown, MenuAction::Disconnect));
        state.connection.state = ConnectionState::Connected;
        let shown = view(&state, 0);
        assert!(!offers(&shown, MenuAction::Connect) && offers(&shown, MenuAction::Disconnect));
    }

    #[test]
    fn the_menu_offers_what_can_be_done() {
        let mut paused = state(ConnectionState::Connected, 0);
        paused.preferences.sounds_paused_until = Some(100);
        let second = |now| view(&paused, now).menu[1].action;
        assert_eq!(second(99), MenuAction::ResumeSounds);
        assert_eq!(second(100), MenuAction::PauseSounds, "the pause is over");
    }
}
