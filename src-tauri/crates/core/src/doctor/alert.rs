//! Checks of a test event, on its whole way from the server to the notification service's answer.

use std::time::Duration;

use gloria_stream::Cause;
use gloria_stream::http::RequestError;
use serde::Deserialize;

use super::{Check, Outcome, Verdict};
use crate::connection;
use crate::item::AlertState;
use crate::message::{self, Message};
use crate::protocol::Remedy;

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
    /// The app does not answer, as the checks have found already.
    AppUnreachable,
    /// The app answered the checks, and does not any more.
    AppSilent(Message),
    /// The app has no stream that could receive it.
    NotConnected,
    /// The settings leave the events out that become notifications.
    NotSubscribed,
    /// The server sends none.
    NotOffered,
    /// The server answered with this status.
    Refused(u16),
    /// The server could not be asked.
    NotAsked {
        /// Why.
        why: Message,
        /// What helps.
        remedy: Remedy,
    },
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

impl TestEventSeen {
    /// The request got no answer.
    pub fn unanswered(error: RequestError) -> Self {
        let (why, remedy) = match error {
            RequestError::Dial(error) => {
                let cause = Cause::Dial(error);
                (connection::cause(&cause), connection::remedy(&cause))
            }
            RequestError::TimedOut(limit) => (message::cause_answer_timeout(limit), Remedy::CheckNetwork),
            RequestError::TooLarge(_) | RequestError::BrokenOff(_) | RequestError::Encoded(_) => {
                (message::check_no_answer(), Remedy::CheckAddress)
            }
        };
        Self::NotAsked { why, remedy }
    }
}

pub(super) fn event(seen: &TestAlertSeen) -> Verdict {
    match &seen.event {
        TestEventSeen::NoApp | TestEventSeen::AppUnreachable => Verdict::after(Check::App),
        TestEventSeen::AppSilent(why) => Verdict::failed(why.clone(), Some(message::doctor_mend_app_anew())),
        TestEventSeen::NotConnected => Verdict::after(Check::Stream),
        TestEventSeen::NotSubscribed => Verdict::after(Check::Policy),
        TestEventSeen::NotOffered => Verdict::skipped(message::doctor_event_not_offered()),
        TestEventSeen::Refused(status) => refused(*status),
        TestEventSeen::NotAsked { why, remedy } => Verdict::failed(why.clone(), Some(mend_of(*remedy))),
        TestEventSeen::NotArrived(limit) => Verdict::failed(
            message::doctor_event_not_arrived(*limit),
            Some(message::doctor_mend_network()),
        ),
        TestEventSeen::Arrived => Verdict::passed(message::doctor_event_arrived()),
    }
}

fn refused(status: u16) -> Verdict {
    let (cause, mend) = match status {
        401 => (message::check_token_refused(), message::doctor_mend_sign_in()),
        409 => (message::doctor_event_no_stream(), message::doctor_mend_retry()),
        408 | 425 | 429 | 503 => (message::cause_status(status), message::doctor_mend_wait()),
        _ => (message::cause_status(status), message::doctor_mend_server()),
    };
    Verdict::failed(cause, Some(mend))
}

fn mend_of(remedy: Remedy) -> Message {
    match remedy {
        // Nobody tries again by itself.
        Remedy::None | Remedy::Retry => message::doctor_mend_wait(),
        Remedy::SignIn
        | Remedy::CheckAddress
        | Remedy::UnlockKeyring
        | Remedy::CheckNetwork
        | Remedy::ProxySignIn
        | Remedy::CheckCertificate
        | Remedy::ClientCertificate
        | Remedy::NetworkSignIn
        | Remedy::ConfirmPerson => super::mend_of(remedy),
    }
}

pub(super) fn alert(seen: &TestAlertSeen) -> Verdict {
    let mend = || Some(message::doctor_mend_notifications());
    match &seen.alert {
        None => match event(seen) {
            skipped if skipped.outcome == Outcome::Skipped => skipped,
            _ => Verdict::after(Check::TestEvent),
        },
        Some(AlertSeen::Hangs(limit)) => {
            Verdict::failed(message::doctor_hangs(*limit), Some(message::doctor_mend_hangs()))
        }
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
