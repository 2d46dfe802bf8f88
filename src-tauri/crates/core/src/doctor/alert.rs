//! Checks of a test event, on its whole way from the server to the notification service's answer.

use std::time::Duration;

use serde::Deserialize;

use super::{Check, Verdict};
use crate::item::AlertState;
use crate::message::{self, Message};

/// What became of a test event that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestAlertSeen {
    /// Its way to the inbox.
    pub event: TestEventSeen,
    /// Its way from the inbox to the screen, or that of a notification of the app's own where the server sends none.
    pub alert: Option<AlertSeen>,
}

/// How far a test event came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestEventSeen {
    /// No app runs that could receive it.
    NoApp,
    /// The server sends none.
    NotOffered,
    /// The server answered with this status.
    Refused(u16),
    /// The server could not be asked.
    NotAsked(Message),
    /// The server sent it, and it did not arrive within this time.
    NotArrived(Duration),
    /// It is in the inbox.
    Arrived,
}

/// What became of the notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertSeen {
    /// That of an item.
    OfItem(ItemAlertSeen),
    /// That of the app's own test: whether it worked, and what was said about it.
    OfApp {
        /// The service has it.
        succeeded: bool,
        /// What the service did with it, or why not.
        detail: Message,
    },
    /// Nothing was answered within this time.
    Hangs(Duration),
    /// The app could not be asked.
    NotAsked(Message),
}

/// An item's alert, as the app tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ItemAlertSeen {
    /// Its state.
    pub state: AlertState,
    /// The state and its reason, for users.
    pub words: Message,
}

pub(super) fn event(seen: &TestAlertSeen) -> Verdict {
    match &seen.event {
        TestEventSeen::NoApp => Verdict::after(Check::App),
        TestEventSeen::NotOffered => Verdict::skipped(message::doctor_event_not_offered()),
        TestEventSeen::Refused(status) => Verdict::failed(
            message::cause_status(*status),
            Some(message::doctor_mend_server()),
        ),
        TestEventSeen::NotAsked(why) => Verdict::failed(why.clone(), Some(message::doctor_mend_server())),
        TestEventSeen::NotArrived(limit) => Verdict::failed(
            message::doctor_event_not_arrived(*limit),
            Some(message::doctor_mend_network()),
        ),
        TestEventSeen::Arrived => Verdict::passed(message::doctor_event_arrived()),
    }
}

pub(super) fn alert(seen: &TestAlertSeen) -> Verdict {
    let mend = || Some(message::doctor_mend_notifications());
    match &seen.alert {
        None if seen.event == TestEventSeen::NoApp => Verdict::after(Check::App),
        None => Verdict::after(Check::TestEvent),
        Some(AlertSeen::Hangs(limit)) => Verdict::failed(message::doctor_hangs(*limit), mend()),
        Some(AlertSeen::NotAsked(why)) => Verdict::failed(why.clone(), Some(message::doctor_mend_app_anew())),
        Some(AlertSeen::OfApp { succeeded, detail }) => {
            if *succeeded {
                Verdict::passed(detail.clone())
            } else {
                Verdict::failed(detail.clone(), mend())
            }
        }
        Some(AlertSeen::OfItem(alert)) => match alert.state {
            AlertState::Shown | AlertState::InDigest => Verdict::passed(alert.words.clone()),
            // On purpose: its user was looking at the inbox, or had read it elsewhere.
            AlertState::Suppressed | AlertState::Withdrawn => Verdict::skipped(alert.words.clone()),
            AlertState::Pending | AlertState::Failed => Verdict::failed(alert.words.clone(), mend()),
        },
    }
}
