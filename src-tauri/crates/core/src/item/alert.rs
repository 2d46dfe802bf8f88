//! The state of an item's alert as data; [`crate::alerts::words`] makes a message of it.

use crate::message::Message;
use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use super::{EpochMillis, SoundName};

/// The state of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum AlertState {
    /// It is to be shown, and the service has not answered yet.
    Pending,
    /// Shown as a notification of its own, as the service confirmed.
    Shown,
    /// Shown as part of a digest, as the service confirmed.
    InDigest,
    /// Not shown on purpose.
    Suppressed,
    /// The service failed to show it. It is tried again when the service is back.
    Failed,
    /// Its item was read, archived, deleted or replaced, so it is not shown any more.
    Withdrawn,
}

/// Why an alert has its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(tag = "why", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Reason {
    /// The item is news.
    News {
        /// What was decided about its sound.
        sound: SoundReason,
    },
    /// Missed while disconnected.
    Missed,
    /// Too many items arrived at once.
    Burst,
    /// The notification service did not answer when it arrived.
    Hanging,
    /// A workflow that started or continues is progress, not news.
    Progress,
    /// Read or archived elsewhere before it arrived.
    Handled,
    /// Expired before it arrived.
    Expired {
        /// When it expired.
        at: EpochMillis,
    },
    /// Its priority is low.
    LowPriority,
    /// The user saw it in the inbox.
    InView {
        /// What was decided about its sound.
        sound: SoundReason,
    },
    /// It alerted when it first arrived and could not be stored.
    ShownBefore,
    /// It was made before the events that were missed, and came only now.
    Old,
    /// The desktop has no notification service.
    NoService,
    /// The notification service stopped before it answered.
    Lost,
    /// The notification service refused it.
    Refused {
        /// The service's error.
        message: String,
    },
    /// Showing it crashed the app.
    Broke,
    /// It was read.
    Read,
    /// It was snoozed.
    Snoozed,
    /// It was deleted.
    Deleted,
    /// The item became news again before this could be shown.
    Replaced,
    /// Decided by an earlier version of the app, which stored only a text.
    Earlier {
        /// The text.
        words: String,
    },
}

/// What was decided about a sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum SoundReason {
    /// This one was played.
    Played(SoundName),
    /// Sounds are switched off.
    Off,
    /// Sounds are paused.
    Paused,
    /// Another sound had just been played.
    JustPlayed,
}

impl SoundReason {
    /// The sound to play, if any.
    pub fn sound(self) -> Option<SoundName> {
        match self {
            Self::Played(sound) => Some(sound),
            Self::Off | Self::Paused | Self::JustPlayed => None,
        }
    }
}

/// The newest alert of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ItemAlert {
    /// Its state.
    pub state: AlertState,
    /// Why.
    pub reason: Reason,
    /// Both, as a message for the user.
    pub words: Message,
}
