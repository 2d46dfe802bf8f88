//! What may keep notifications from a user, checked one by one: `gloria doctor`.
//!
//! [`Observed`] is what programs saw of the app, the server and this computer. [`findings`] makes a finding of each
//! check of it, without a clock, a socket or a disk. [`reach`] sees the server for them.
//!
//! Uses the connection's causes and what is below them. It decides nothing about the app, and uses no inbox.

mod alert;
mod app;
mod computer;
mod network;
mod observed;
mod printed;
pub mod reach;
mod status;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::alert::{AlertSeen, ItemAlertSeen, TestAlertSeen, TestEventSeen};
pub use self::observed::{
    AppSeen, DiskSeen, NotificationsSeen, Observed, Probed, Reached, SavedSignIn, ServerSeen, SettingsSeen,
};
pub use self::printed::{Printed, not_run, report_name};
pub use self::status::AppStatus;
pub use crate::protocol::Outcome;

use crate::message::{self, Message};
use crate::protocol::Remedy;

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident($title:ident),)*) => {
        /// What is checked, in the order of the report: a check that fails may be the cause of later ones.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub enum Check {
            $($(#[$doc])* $name,)*
        }

        impl Check {
            /// All of them, in the order of the report.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What users call it.
            pub fn title(self) -> Message {
                match self {
                    $(Self::$name => message::$title(),)*
                }
            }
        }
    };
}

checks! {
    /// The app runs and answers.
    App(doctor_app),
    /// The versions of app and command are the same.
    Versions(doctor_versions),
    /// No mistake is in the settings or the policy.
    Policy(doctor_policy),
    /// The proxy lets the connection through.
    Proxy(doctor_proxy),
    /// The server's name has an address.
    ServerName(doctor_server_name),
    /// The server accepts connections.
    Tcp(doctor_tcp),
    /// TLS and the server's certificate.
    Tls(doctor_tls),
    /// The server answers over HTTP.
    Answer(doctor_answer),
    /// This computer's clock against the server's.
    Clock(doctor_clock),
    /// The keyring answers.
    Keyring(doctor_keyring),
    /// The server accepts the user.
    SignIn(doctor_sign_in),
    /// The stream is open.
    Stream(doctor_stream),
    /// The server was heard lately.
    Heartbeat(doctor_heartbeat),
    /// Events arrive and can be read.
    Event(doctor_event),
    /// The server takes what the user does.
    Marks(doctor_marks),
    /// The desktop shows notifications.
    Notifications(doctor_notifications),
    /// The desktop shows tray icons.
    Tray(doctor_tray),
    /// Sounds can be played.
    Sound(doctor_sound),
    /// The app starts at login.
    Autostart(doctor_autostart),
    /// There is room for the inbox.
    Disk(doctor_disk),
    /// A test event arrives, where one was asked for.
    TestEvent(doctor_test_event),
    /// The notification service shows it.
    TestAlert(doctor_test_alert),
}

impl Outcome {
    /// The word for it at the beginning of a line.
    pub fn mark(self) -> Message {
        match self {
            Self::Passed => message::doctor_mark_passed(),
            Self::Skipped => message::doctor_mark_skipped(),
            Self::Warning => message::doctor_mark_warning(),
            Self::Failed => message::doctor_mark_failed(),
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// How it stands.
    pub outcome: Outcome,
    /// What was found.
    pub cause: Message,
    /// What mends it; absent if nothing has to be mended.
    pub mend: Option<Message>,
}

impl Finding {
    /// The finding as one line for users.
    pub fn line(&self) -> Message {
        let (mark, title, cause) = (self.outcome.mark(), self.check.title(), self.cause.clone());
        match &self.mend {
            Some(mend) => message::doctor_line_mend(mark, title, cause, mend.clone()),
            None => message::doctor_line(mark, title, cause),
        }
    }
}

/// What is known about one check.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Verdict {
    outcome: Outcome,
    cause: Message,
    mend: Option<Message>,
}

impl Verdict {
    fn passed(cause: Message) -> Self {
        Self {
            outcome: Outcome::Passed,
            cause,
            mend: None,
        }
    }

    fn skipped(cause: Message) -> Self {
        Self {
            outcome: Outcome::Skipped,
            cause,
            mend: None,
        }
    }

    /// Not checked because this one failed.
    fn after(check: Check) -> Self {
        Self::skipped(message::doctor_after(check.title()))
    }

    fn warning(cause: Message, mend: Message) -> Self {
        Self {
            outcome: Outcome::Warning,
            cause,
            mend: Some(mend),
        }
    }

    fn failed(cause: Message, mend: Option<Message>) -> Self {
        Self {
            outcome: Outcome::Failed,
            cause,
            mend,
        }
    }
}

/// Returns what each check finds in what was seen, in the order of [`Check::ALL`]. A test event is only among them
/// where one was asked for.
pub fn findings(seen: &Observed) -> Vec<Finding> {
    let finding = |check: &Check| {
        let Verdict { outcome, cause, mend } = verdict(*check, seen)?;
        Some(Finding {
            check: *check,
            outcome,
            cause,
            mend,
        })
    };
    Check::ALL.iter().filter_map(finding).collect()
}

/// The worst outcome of all findings.
pub fn worst(findings: &[Finding]) -> Outcome {
    let outcomes = findings.iter().map(|finding| finding.outcome);
    outcomes.max().unwrap_or(Outcome::Passed)
}

/// `None` for a check that was not asked for.
fn verdict(check: Check, seen: &Observed) -> Option<Verdict> {
    Some(match check {
        Check::App => app::running(&seen.app),
        Check::Versions => app::versions(&seen.app, &seen.version),
        Check::SignIn => app::sign_in(seen),
        Check::Stream => app::stream(seen),
        Check::Heartbeat => app::heartbeat(seen),
        Check::Event => app::event(seen),
        Check::Marks => app::marks(seen),
        Check::ServerName => network::name(seen.server.as_ref()),
        Check::Tcp => network::tcp(seen.server.as_ref()),
        Check::Proxy => network::proxy(seen.server.as_ref()),
        Check::Tls => network::tls(seen.server.as_ref()),
        Check::Answer => network::answer(seen.server.as_ref()),
        Check::Clock => network::clock(seen.server.as_ref()),
        Check::Policy => computer::policy(&seen.settings),
        Check::Keyring => computer::keyring(
            &seen.keyring,
            app::notice(seen, app::NoticeOf::Keyring),
            app::is_keyring_needed(seen),
        ),
        Check::Notifications => computer::notifications(
            &seen.notifications,
            app::notice(seen, app::NoticeOf::Notifications),
        ),
        Check::Tray => computer::tray(&seen.tray),
        Check::Sound => computer::sound(&seen.sound, app::notice(seen, app::NoticeOf::Sound)),
        Check::Autostart => computer::autostart(seen.autostart),
        Check::Disk => computer::disk(&seen.disk, app::storage(seen)),
        Check::TestEvent => alert::event(seen.test_alert.as_ref()?),
        Check::TestAlert => alert::alert(seen.test_alert.as_ref()?),
    })
}

/// What mends it, where the app itself knows what helps.
fn mend_of(remedy: Remedy) -> Message {
    match remedy {
        Remedy::None | Remedy::Retry => message::doctor_mend_stream(),
        Remedy::SignIn => message::doctor_mend_sign_in(),
        Remedy::CheckAddress => message::doctor_mend_server(),
        Remedy::UnlockKeyring => message::doctor_mend_unlock(),
        Remedy::CheckNetwork => message::doctor_mend_network(),
        Remedy::ProxySignIn => message::doctor_mend_proxy(),
        Remedy::CheckCertificate => message::doctor_mend_tls(),
        Remedy::ClientCertificate => message::doctor_mend_client_certificate(),
        Remedy::NetworkSignIn => message::doctor_mend_network_sign_in(),
        Remedy::ConfirmPerson => message::doctor_mend_person(),
    }
}
