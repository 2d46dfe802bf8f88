//! Digests: one notification for many items.

use crate::item::Priority;
use crate::message::{self, Message, Phrase};

/// Alerts that are shown together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DigestKind {
    /// Missed while disconnected.
    Missed,
    /// Urgent and missed: delayed for a moment, in case they were read or deleted since.
    Urgent,
    /// Arrived in a burst.
    Burst,
    /// Could not be shown when they were due, because the app or the notification service was not running.
    Late,
}

/// If more were missed, they share one digest.
pub(crate) const MAX_MISSED_SINGLE: u32 = 5;

/// More urgent items than this at once cannot be read one by one.
pub(crate) const MAX_URGENT_SINGLE: u32 = 20;

impl DigestKind {
    /// All collections, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Urgent, Self::Missed, Self::Late, Self::Burst];

    /// Returns how many members are shown one by one; more share one digest.
    pub(crate) fn max_single(self) -> u32 {
        match self {
            Self::Missed => MAX_MISSED_SINGLE,
            Self::Urgent => MAX_URGENT_SINGLE,
            Self::Burst | Self::Late => 1,
        }
    }

    fn title(self, count: u32) -> Message {
        match self {
            Self::Missed | Self::Urgent => message::digest_missed(count),
            Self::Burst => message::digest_burst(count),
            Self::Late => message::digest_late(count),
        }
    }
}

/// What a digest contains about its members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DigestMembers {
    /// How many there are.
    pub count: u32,
    /// How many of them are urgent.
    pub urgent: u32,
    /// The highest priority.
    pub priority: Priority,
    /// The title of the newest.
    pub newest: Phrase,
    /// The title of the newest with the highest priority.
    pub pressing: Phrase,
}

/// Returns title and body of a digest.
pub(crate) fn compose(collection: DigestKind, members: &DigestMembers) -> (Message, Message) {
    let body = match members.urgent {
        0 => message::digest_newest(members.newest.clone()),
        urgent => message::digest_urgent(urgent, members.pressing.clone()),
    };
    (collection.title(members.count), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_many_and_names_what_matters_most() {
        let members = DigestMembers {
            count: 12,
            newest: "the newest".into(),
            pressing: "the urgent one".into(),
            ..DigestMembers::default()
        };
        let with = |urgent| DigestMembers {
            urgent,
            ..members.clone()
        };
        let body = |urgent| compose(DigestKind::Missed, &with(urgent)).1;
        assert_eq!(
            compose(DigestKind::Missed, &members),
            (
                message::digest_missed(12u32),
                message::digest_newest("the newest")
            )
        );
        assert_eq!(
            compose(DigestKind::Burst, &members).0,
            message::digest_burst(12u32)
        );
        assert_eq!(body(1), message::digest_urgent(1u32, "the urgent one"));
        assert_eq!(body(2), message::digest_urgent(2u32, "the urgent one"));
    }
}
