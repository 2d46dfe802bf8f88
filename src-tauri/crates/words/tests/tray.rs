//! The tray in English: its tooltip, and what fits into it.

use gloria_core::item::EpochMillis;
use gloria_core::message;
use gloria_core::protocol::{ConnectionState, NetworkState, Notice, NoticeKind, Remedy, Snapshot};
use gloria_core::tray::{MenuItem, TrayView, label, view};
use gloria_words::{Words, pseudo};

/// Fourteen hours, three minutes and five seconds into the first day.
const AFTERNOON: EpochMillis = ((14 * 60 + 3) * 60 + 5) * 1000;

fn state(connection: ConnectionState, unseen: u32) -> Snapshot {
    let mut state = Snapshot::sample();
    state.connection.state = connection;
    state.connection.reason = Some(message::cause_status(503u16));
    state.connection.needs_user = connection == ConnectionState::Halted;
    (state.counts.unseen, state.counts.unread, state.counts.total) = (unseen, unseen, unseen);
    state
}

#[test]
fn the_tooltip_tells_the_truth() {
    let tooltip = |change: &dyn Fn(&mut Snapshot)| {
        let mut state = state(ConnectionState::Connected, 0);
        state.connection.reason = None;
        change(&mut state);
        view(&state, 0)
            .tooltip
            .text(|message| Words::english().say(message))
    };
    let failing = |state: &mut Snapshot| {
        state.connection.state = ConnectionState::Waiting;
        state.connection.attempt = 4;
        state.connection.next_attempt_at = Some(AFTERNOON);
        state.connection.last_heard_at = Some(AFTERNOON - 3_600_000);
        state.connection.reason = Some(message::cause_status(503u16));
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
                message: message::notice_notifications_hang(),
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
        "Gloria Notify\nNot connected after 4 attempts, next at 14:03:05\nThis computer is offline\nLast heard 13:03"
    );
    assert_eq!(
        tooltip(&|state| {
            failing(state);
            state.connection.needs_user = true;
            state.connection.storage = Some(message::storage_full());
        }),
        "Gloria Notify\nNeeds you\nThe disk is full\nLast heard 13:03"
    );
    assert_eq!(
        tooltip(&|state| {
            state.connection.state = ConnectionState::Halted;
            state.connection.needs_user = true;
            state.connection.reason = Some(message::cause_unauthorized());
        }),
        "Gloria Notify\nNeeds you\nThe server does not accept the token; sign in again"
    );
}

/// The lines of the menu; a separator is an empty one.
fn menu(words: &Words, view: &TrayView) -> Vec<String> {
    let lines = view.menu.iter().map(|item| match item {
        MenuItem::Text(text) => label(&words.say(text)),
        MenuItem::Entry(entry) => label(&words.say(&entry.label)),
        MenuItem::Separator => String::new(),
    });
    lines.collect()
}

#[test]
fn the_menu_says_how_it_stands_what_is_needed_and_what_can_be_done() {
    let mut state = state(ConnectionState::Halted, 2);
    state.connection.remedy = Remedy::SignIn;
    assert_eq!(
        menu(Words::english(), &view(&state, 0)),
        [
            "Not connected: the server answered 503",
            "2 unread",
            "",
            "Enter a new token…",
            "Open inbox",
            "Pause sounds for 1 hour",
            "",
            "Reconnect now",
            "Disconnect",
            "",
            "Preferences…",
            "Quit Gloria Notify",
        ]
    );
}

#[test]
fn the_entry_for_a_sign_in_says_what_the_window_then_offers() {
    let entry = |change: &dyn Fn(&mut Snapshot)| {
        let mut state = state(ConnectionState::Halted, 0);
        state.connection.remedy = Remedy::SignIn;
        change(&mut state);
        menu(Words::english(), &view(&state, 0))[2].clone()
    };
    let signs_in = |state: &mut Snapshot| {
        state.account.address = Some("https://gloria.example.com".to_owned());
        state.account.provider = Some("id.example.com".to_owned());
    };
    assert_eq!(entry(&|_| ()), "Enter a new token…");
    assert_eq!(entry(&signs_in), "Sign in again…");
    // Nobody has signed in yet, or the user has signed out.
    let nobody = |state: &mut Snapshot| state.account.needs_setup = true;
    assert_eq!(entry(&nobody), "Set up…");
    assert_eq!(
        entry(&|state| {
            signs_in(state);
            nobody(state);
        }),
        "Sign in…"
    );
}

#[test]
fn nothing_of_the_tray_is_in_english_alone() {
    let words = pseudo::words();
    for connection in [
        ConnectionState::Idle,
        ConnectionState::Disconnected,
        ConnectionState::Connecting,
        ConnectionState::Connected,
        ConnectionState::Waiting,
        ConnectionState::CircuitOpen,
        ConnectionState::Halted,
    ] {
        for attempt in [0, 4] {
            let mut state = state(connection, 3);
            state.connection.attempt = attempt;
            state.connection.next_attempt_at = Some(AFTERNOON);
            state.connection.last_heard_at = Some(AFTERNOON);
            state.notices.push(Notice {
                kind: NoticeKind::Notifications,
                message: message::notice_notifications_hang(),
            });
            let view = view(&state, 0);
            let labels = menu(&words, &view).into_iter();
            let tooltip = view.tooltip.text(|message| words.say(message));
            for said in labels.chain([tooltip]) {
                assert_eq!(pseudo::unaccented(&said, &[]), [""; 0], "{connection:?}: {said}");
            }
        }
    }
}
