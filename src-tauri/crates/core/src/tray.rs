//! The tray as a pure function of the state: icon, tooltip, menu.

use crate::protocol::{ConnectionState, EpochMillis, Snapshot};

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
    /// Ends the app.
    Quit,
}

/// Reads the tray off the state.
pub fn view(state: &Snapshot, now: EpochMillis) -> TrayView {
    let paused = state
        .preferences
        .sounds_paused_until
        .is_some_and(|until| until > now);
    let icon = if state.account.needs_setup || state.connection.state == ConnectionState::Halted {
        TrayIcon::Attention
    } else if state.connection.state != ConnectionState::Connected {
        TrayIcon::Reconnecting
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
    let menu = vec![
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
        entry(MenuAction::Reconnect, "Reconnect now", !state.account.needs_setup),
        entry(MenuAction::Quit, "Quit Gloria Notify", true),
    ];
    TrayView {
        icon,
        tooltip: tooltip(state),
        menu,
    }
}

fn tooltip(state: &Snapshot) -> String {
    let connection = &state.connection;
    let because = |what: &str| {
        if connection.reason.is_empty() {
            what.to_owned()
        } else {
            format!("{what}: {}", connection.reason)
        }
    };
    let standing = if state.account.needs_setup {
        "Set-up needed".to_owned()
    } else {
        match connection.state {
            ConnectionState::Connected => "Connected".to_owned(),
            ConnectionState::Connecting => "Connecting".to_owned(),
            ConnectionState::Waiting => because("Reconnecting"),
            ConnectionState::CircuitOpen => because("Not connected"),
            ConnectionState::Halted => because("Needs you"),
            ConnectionState::Idle => "Not connected".to_owned(),
        }
    };
    match state.counts.unseen {
        0 => format!("Gloria Notify\n{standing}"),
        unseen => format!("Gloria Notify\n{standing}\n{unseen} new"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        AccountView, Appearance, ConnectionView, Counts, NetworkState, Preferences, Remedy, SoundName,
        TokenState, Transport,
    };

    fn state(connection: ConnectionState, unseen: u32) -> Snapshot {
        Snapshot {
            revision: 0,
            version: String::new(),
            connection: ConnectionView {
                state: connection,
                reason: "the server answered 503".into(),
                remedy: Remedy::None,
                attempt: 0,
                next_attempt_at: None,
                connected_since: None,
                last_heard_at: None,
                network: NetworkState::Unknown,
                transport: Transport::Sse,
                insecure: false,
                proxy: None,
            },
            counts: Counts {
                unseen,
                unread: unseen,
                total: unseen,
            },
            account: AccountView {
                address: None,
                address_locked: false,
                token: TokenState::Present,
                token_problem: String::new(),
                needs_setup: false,
            },
            preferences: Preferences {
                sounds: true,
                volume: 70,
                sound: SoundName::Chime,
                sounds_paused_until: None,
                appearance: Appearance::System,
                proxy: "system".into(),
                proxy_locked: false,
            },
            notices: Vec::new(),
            requested_item: None,
        }
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
        assert_eq!(view(&fresh, 0).icon, TrayIcon::Attention);
    }

    #[test]
    fn the_tooltip_tells_the_truth() {
        let tooltip = |connection, unseen| view(&state(connection, unseen), 0).tooltip;
        assert_eq!(
            tooltip(ConnectionState::Connected, 2),
            "Gloria Notify\nConnected\n2 new"
        );
        assert_eq!(
            tooltip(ConnectionState::Waiting, 0),
            "Gloria Notify\nReconnecting: the server answered 503"
        );
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
