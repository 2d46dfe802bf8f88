//! The tray as a pure function of the state: icon, tooltip, menu.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::connection;
use crate::item::EpochMillis;
use crate::message::{self, Message};
use crate::protocol::{ConnectionState, NetworkState, NoticeKind, Remedy, Snapshot, View};
use crate::text;

/// Windows shows 127 UTF-16 code units of a tooltip, and cuts off the rest without an ellipsis.
const MAX_TOOLTIP_CHARS: usize = 127;

/// A longer line would make the menu wider than anything else in it, and a reason may come from a server.
const MAX_LABEL_CHARS: usize = 72;

/// What the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayView {
    /// The icon.
    pub icon: TrayIcon,
    /// The tooltip.
    pub tooltip: Tooltip,
    /// From top to bottom.
    pub menu: Vec<MenuItem>,
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

/// A line of the tray's menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MenuItem {
    /// Text that cannot be clicked.
    Text(Message),
    /// A line between groups.
    Separator,
    /// Something to click.
    Entry(MenuEntry),
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

/// The text of a line of the menu, whose message `words` are, within the width of a menu.
pub fn label(words: &str) -> String {
    shorten(&text::sentence(words), MAX_LABEL_CHARS)
}

/// What a menu entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MenuAction {
    /// Opens the window as it is.
    Open,
    /// Opens the window at a view.
    Show(View),
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
    TrayView {
        icon: icon(state),
        tooltip: tooltip(state),
        menu: menu(state, now),
    }
}

fn icon(state: &Snapshot) -> TrayIcon {
    let connection = &state.connection;
    if connection.needs_user {
        return TrayIcon::Attention;
    }
    match connection.state {
        ConnectionState::Connected if state.counts.unseen > 0 => TrayIcon::Unread,
        ConnectionState::Connected => TrayIcon::Connected,
        ConnectionState::Disconnected => TrayIcon::Disconnected,
        ConnectionState::Idle
        | ConnectionState::Connecting
        | ConnectionState::Waiting
        | ConnectionState::CircuitOpen
        | ConnectionState::Halted => {
            if connection.long_outage {
                TrayIcon::Disconnected
            } else {
                TrayIcon::Reconnecting
            }
        }
    }
}

fn menu(state: &Snapshot, now: EpochMillis) -> Vec<MenuItem> {
    let entry = |action, label, enabled| {
        MenuItem::Entry(MenuEntry {
            action,
            label,
            enabled,
        })
    };
    let is_paused = state
        .preferences
        .sounds_paused_until
        .is_some_and(|until| until > now);
    let mut menu = vec![MenuItem::Text(status(state))];
    if state.counts.unread > 0 {
        menu.push(MenuItem::Text(message::tray_unread(state.counts.unread)));
    }
    menu.push(MenuItem::Separator);
    if let Some((action, label)) = needed(state) {
        menu.push(entry(action, label, true));
    }
    menu.push(entry(MenuAction::Show(View::Inbox), message::tray_open(), true));
    menu.push(if is_paused {
        entry(MenuAction::ResumeSounds, message::tray_resume_sounds(), true)
    } else {
        let label = message::tray_pause_sounds();
        entry(MenuAction::PauseSounds, label, state.preferences.sounds)
    });
    menu.push(MenuItem::Separator);
    if state.connection.state == ConnectionState::Disconnected {
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
    menu.push(MenuItem::Separator);
    let preferences = MenuAction::Show(View::Preferences);
    menu.push(entry(preferences, message::tray_preferences(), true));
    menu.push(entry(MenuAction::Quit, message::tray_quit(), true));
    menu
}

/// Returns the state in a line without times and attempts, so that an open menu does not change all the time.
fn status(state: &Snapshot) -> Message {
    if state.account.needs_setup {
        return message::tray_set_up_needed();
    }
    let standing = match state.connection.state {
        ConnectionState::Connected => message::tray_connected(),
        ConnectionState::Connecting => message::tray_connecting(),
        ConnectionState::Disconnected => {
            let reason = state.connection.reason.clone();
            return reason.unwrap_or_else(message::tray_not_connected);
        }
        ConnectionState::Idle
        | ConnectionState::Waiting
        | ConnectionState::CircuitOpen
        | ConnectionState::Halted => message::tray_not_connected(),
    };
    match reason(state) {
        Some(reason) => message::tray_because(standing, reason),
        None => standing,
    }
}

/// Returns the most important thing that only the user can do, consistent with the window.
fn needed(state: &Snapshot) -> Option<(MenuAction, Message)> {
    let show = |view, label| Some((MenuAction::Show(view), label));
    let provider = state.account.provider.as_ref();
    if state.account.needs_setup {
        let is_found = state.account.address.is_some() && provider.is_some();
        let label = if is_found {
            message::tray_sign_in()
        } else {
            message::tray_set_up()
        };
        return show(View::Setup, label);
    }
    // These stay while an attempt checks whether the user has done them, as in the window.
    let label = match state.connection.remedy {
        Remedy::SignIn if provider.is_some() => Some(message::tray_sign_in_again()),
        Remedy::SignIn => Some(message::tray_enter_token()),
        Remedy::CheckAddress => Some(message::tray_check_address()),
        // Connecting makes the system ask for the password.
        Remedy::UnlockKeyring => return Some((MenuAction::Reconnect, message::tray_unlock_keyring())),
        Remedy::ConfirmPerson => Some(message::tray_confirm_person()),
        Remedy::ProxySignIn => Some(message::tray_proxy_sign_in()),
        Remedy::None
        | Remedy::Retry
        | Remedy::CheckNetwork
        | Remedy::CheckCertificate
        | Remedy::ClientCertificate
        | Remedy::NetworkSignIn => None,
    };
    if let Some((view, label)) = connection::remedy_view(state.connection.remedy).zip(label) {
        return show(view, label);
    }
    if state.connection.needs_user {
        return show(View::Connection, message::tray_show_connection());
    }
    // A user who sees this has a tray.
    let mut kinds = state.notices.iter().map(|notice| notice.kind);
    if kinds.any(|kind| kind != NoticeKind::Tray) {
        return show(View::Inbox, message::tray_show_notices());
    }
    None
}

fn tooltip(state: &Snapshot) -> Tooltip {
    let connection = &state.connection;
    // The first attempt does not follow a failure.
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
    Tooltip {
        first: [message::tray_name(), standing],
        reason: reason(state).filter(|_| !state.account.needs_setup),
        others: [heard, unseen].into_iter().flatten().collect(),
    }
}

/// Returns why something is wrong.
fn reason(state: &Snapshot) -> Option<Message> {
    let connection = &state.connection;
    let is_offline =
        connection.network == NetworkState::Offline && connection.state != ConnectionState::Connected;
    let mut kinds = state.notices.iter().map(|notice| notice.kind);
    let is_mute = kinds.any(|kind| kind == NoticeKind::Notifications);
    match &connection.storage {
        // What the user has to do is more important than anything else.
        Some(storage) => Some(storage.clone()),
        // The state already says it.
        None if connection.state == ConnectionState::Disconnected => None,
        None if is_offline => Some(message::tray_offline()),
        None if connection.reason.is_none() && is_mute => Some(message::tray_notifications_fail()),
        None => connection.reason.clone(),
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

/// The text, shortened with an ellipsis to at most `most` UTF-16 code units: between words, unless the last word is so
/// long that less than half would be left, as with an address or in a language without spaces.
fn shorten(text: &str, most: usize) -> String {
    if utf16_len(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let (mut end, mut length) = (0, 0);
    for (at, sign) in text.grapheme_indices(true) {
        length += utf16_len(sign);
        if length > room {
            break;
        }
        end = at + sign.len();
    }
    let (kept, rest) = text.split_at(end);
    let last_space = kept.rfind(char::is_whitespace).filter(|at| *at >= end / 2);
    let kept = match last_space {
        Some(at) if !rest.starts_with(char::is_whitespace) => &kept[..at],
        Some(_) | None => kept,
    };
    let kept = kept.trim_end_matches(|sign: char| sign.is_whitespace() || ",;:(".contains(sign));
    format!("{kept}…")
}

#[cfg(test)]
mod tests;
