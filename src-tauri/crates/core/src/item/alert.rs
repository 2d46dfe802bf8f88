//! What became of an item's alert, as data; [`crate::alerts::words`] makes words of it.

use crate::message::Message;
use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use super::{EpochMillis, SoundName};

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum AlertState {
    /// It is to be shown, and nothing has answered for it yet.
    Pending,
    /// The notification service answered for its own notification.
    Shown,
    /// The notification service answered for a digest that it belongs to.
    InDigest,
    /// It was decided not to show it.
    Suppressed,
    /// The notification service did not show it; it is tried again when the service is back.
    Failed,
    /// What it was about is read, archived, deleted or replaced: it is shown no more, or never was.
    Withdrawn,
}

/// Why an alert stands where it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(tag = "why", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Reason {
    /// It is news.
    News {
        /// What was decided about its sound.
        sound: SoundReason,
    },
    /// It was missed while there was no connection.
    Missed,
    /// Too many came at once.
    Burst,
    /// What shows notifications did not answer when it came.
    Hanging,
    /// That a workflow began or went on is progress.
    Progress,
    /// It was read or archived elsewhere before it came.
    Handled,
    /// It was of use only until then, and that was over.
    Expired {
        /// When it expired.
        at: EpochMillis,
    },
    /// Its priority is low.
    LowPriority,
    /// The inbox was in front of the user.
    InView {
        /// What was decided about its sound.
        sound: SoundReason,
    },
    /// It alerted when it came first and could not be stored.
    ShownBefore,
    /// Nothing shows notifications on this desktop.
    NoService,
    /// The notification service went away before it answered.
    Lost,
    /// The notification service refused.
    Refused {
        /// What it said.
        message: String,
    },
    /// Showing it broke the app.
    Broke,
    /// It was read.
    Read,
    /// It was deleted.
    Deleted,
    /// The same item was news again before this could be shown.
    Replaced,
    /// An earlier version of the app kept words alone.
    Earlier {
        /// Those words.
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
    /// Another one had just been played.
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

/// An item's newest alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ItemAlert {
    /// Where it stands.
    pub state: AlertState,
    /// Why.
    pub reason: Reason,
    /// Both, as a message for the user.
    pub words: Message,
}
