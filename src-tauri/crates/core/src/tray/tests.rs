use super::*;
use crate::protocol::Notice;

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

fn entries(view: &TrayView) -> Vec<MenuAction> {
    let entries = view.menu.iter().filter_map(|item| match item {
        MenuItem::Entry(entry) => Some(entry.action),
        MenuItem::Text(_) | MenuItem::Separator => None,
    });
    entries.collect()
}

fn texts(view: &TrayView) -> Vec<String> {
    let texts = view.menu.iter().filter_map(|item| match item {
        MenuItem::Text(text) => Some(text.to_string()),
        MenuItem::Entry(_) | MenuItem::Separator => None,
    });
    texts.collect()
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
    assert_eq!(texts(&shown), ["cause-disconnected", "tray-unread (count: 2)"]);
    let offers = |view: &TrayView, action| entries(view).contains(&action);
    assert!(offers(&shown, MenuAction::Connect) && !offers(&shown, MenuAction::Disconnect));
    state.connection.state = ConnectionState::Connected;
    let shown = view(&state, 0);
    assert!(!offers(&shown, MenuAction::Connect) && offers(&shown, MenuAction::Disconnect));
}

#[test]
fn the_menu_offers_what_can_be_done() {
    let mut paused = state(ConnectionState::Connected, 0);
    paused.connection.reason = None;
    let ends = |sounds| {
        [
            MenuAction::Show(View::Inbox),
            sounds,
            MenuAction::Reconnect,
            MenuAction::Disconnect,
            MenuAction::Show(View::Preferences),
            MenuAction::Quit,
        ]
    };
    paused.preferences.sounds_paused_until = Some(100);
    assert_eq!(entries(&view(&paused, 99)), ends(MenuAction::ResumeSounds));
    assert_eq!(
        entries(&view(&paused, 100)),
        ends(MenuAction::PauseSounds),
        "the pause is over"
    );
}

#[test]
fn the_menu_begins_with_the_state_and_what_is_unread() {
    let first = |change: &dyn Fn(&mut Snapshot)| {
        let mut state = state(ConnectionState::Connected, 0);
        state.connection.reason = None;
        change(&mut state);
        let shown = view(&state, 0);
        assert!(matches!(shown.menu[0], MenuItem::Text(_)));
        texts(&shown)
    };
    assert_eq!(first(&|_| ()), ["tray-connected"]);
    assert_eq!(
        first(&|state| state.counts.unread = 3),
        ["tray-connected", "tray-unread (count: 3)"]
    );
    let because = |state: &str, reason: &str| [format!("tray-because (reason: {reason}, state: {state})")];
    let failing = |state: &mut Snapshot| {
        state.connection.state = ConnectionState::Waiting;
        state.connection.reason = Some(message::cause_disconnected());
    };
    assert_eq!(
        first(&failing),
        because("tray-not-connected", "cause-disconnected")
    );
    assert_eq!(
        first(&|state| {
            failing(state);
            state.connection.network = NetworkState::Offline;
        }),
        because("tray-not-connected", "tray-offline")
    );
    assert_eq!(
        first(&|state| state.connection.storage = Some(message::cause_disconnected())),
        because("tray-connected", "cause-disconnected")
    );
    assert_eq!(
        first(&|state| {
            failing(state);
            state.account.needs_setup = true;
        }),
        ["tray-set-up-needed"]
    );
}

#[test]
fn what_the_user_is_needed_for_comes_first_among_the_entries() {
    let first = |change: &dyn Fn(&mut Snapshot)| {
        let mut state = state(ConnectionState::Waiting, 0);
        change(&mut state);
        entries(&view(&state, 0))[0]
    };
    let usual = MenuAction::Show(View::Inbox);
    assert_eq!(first(&|_| ()), usual);
    for (remedy, action) in [
        (Remedy::None, usual),
        (Remedy::Retry, usual),
        (Remedy::SignIn, MenuAction::Show(View::Setup)),
        (Remedy::CheckAddress, MenuAction::Show(View::Setup)),
        (Remedy::UnlockKeyring, MenuAction::Reconnect),
        (Remedy::ProxySignIn, MenuAction::Show(View::Proxy)),
    ] {
        assert_eq!(
            first(&|state| state.connection.remedy = remedy),
            action,
            "{remedy:?}"
        );
    }
    for remedy in [
        Remedy::None,
        Remedy::CheckNetwork,
        Remedy::CheckCertificate,
        Remedy::ClientCertificate,
        Remedy::NetworkSignIn,
    ] {
        let needed = |state: &mut Snapshot| {
            state.connection.remedy = remedy;
            state.connection.needs_user = true;
        };
        assert_eq!(first(&needed), MenuAction::Show(View::Connection), "{remedy:?}");
    }
    assert_eq!(
        first(&|state| {
            state.account.needs_setup = true;
            state.connection.remedy = Remedy::CheckAddress;
        }),
        MenuAction::Show(View::Setup)
    );
}

#[test]
fn a_problem_of_this_computer_is_one_entry_and_a_missing_tray_none() {
    let labels = |kinds: &[NoticeKind]| {
        let mut state = state(ConnectionState::Connected, 0);
        state.notices = kinds
            .iter()
            .map(|kind| Notice {
                kind: *kind,
                message: message::notice_tray(),
            })
            .collect();
        let shown = view(&state, 0);
        let labels = shown.menu.into_iter().filter_map(|item| match item {
            MenuItem::Entry(entry) => Some(entry.label),
            MenuItem::Text(_) | MenuItem::Separator => None,
        });
        labels.collect::<Vec<_>>()
    };
    assert!(!labels(&[NoticeKind::Tray]).contains(&message::tray_show_notices()));
    let problems = labels(&[NoticeKind::Lock, NoticeKind::Sound, NoticeKind::Tray]);
    let shown = problems
        .iter()
        .filter(|label| **label == message::tray_show_notices());
    assert_eq!(shown.count(), 1);
}

#[test]
fn a_line_of_the_menu_is_no_longer_than_a_menu_is_wide() {
    assert_eq!(label("connected"), "Connected");
    let long = label(&"💥".repeat(100));
    assert!(
        utf16_len(&long) <= MAX_LABEL_CHARS && long.ends_with('…'),
        "{long}"
    );
}

#[test]
fn what_is_too_long_is_cut_between_words() {
    for (text, most, wanted) in [
        ("the server does not answer", 26, "the server does not answer"),
        ("the server does not answer", 25, "the server does not…"),
        ("the server does not answer", 20, "the server does not…"),
        ("the server, which is slow", 16, "the server…"),
        ("see https://gloria.example/a/b/c/d", 20, "see https://gloria.…"),
        ("通知服务没有回答", 5, "通知服务…"),
        ("ab👨‍👩‍👧", 5, "ab…"),
        ("word", 1, "…"),
    ] {
        assert_eq!(shorten(text, most), wanted);
        assert!(utf16_len(wanted) <= most);
    }
}
