//! One notification for many.

use crate::item::Priority;
use crate::message::{self, Message, Phrase};

/// Alerts that wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Collection {
    /// What was missed while disconnected.
    Missed,
    /// What is urgent and was missed: a moment is waited for a word that it was read or deleted since.
    Urgent,
    /// What came at once with too much else.
    Burst,
    /// What could not be shown when it was due: the app was not there, or nothing showed notifications.
    Late,
}

/// More of the missed than this have one digest.
pub(crate) const MAX_MISSED_ALONE: u32 = 5;

/// More urgent ones than this at once are more than anybody reads one by one.
pub(crate) const MAX_URGENT_ALONE: u32 = 20;

impl Collection {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Urgent, Self::Missed, Self::Late, Self::Burst];

    /// How many of it are shown one by one; more have one digest.
    pub(crate) fn max_alone(self) -> u32 {
        match self {
            Self::Missed => MAX_MISSED_ALONE,
            Self::Urgent => MAX_URGENT_ALONE,
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

/// What a digest says of its members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Members {
    /// How many there are.
    pub count: u32,
    /// How many of them are urgent.
    pub urgent: u32,
    /// The highest priority.
    pub priority: Priority,
    /// The title of the newest.
    pub newest: Phrase,
    /// The title of the newest of the highest priority.
    pub pressing: Phrase,
}

/// Title and body of a digest.
pub(crate) fn compose(collection: Collection, members: &Members) -> (Message, Message) {
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
        let members = Members {
            count: 12,
            newest: "the newest".into(),
            pressing: "the urgent one".into(),
            ..Members::default()
        };
        let with = |urgent| Members {
            urgent,
            ..members.clone()
        };
        let body = |urgent| compose(Collection::Missed, &with(urgent)).1;
        assert_eq!(
            compose(Collection::Missed, &members),
            (
                message::digest_missed(12u32),
                message::digest_newest("the newest")
            )
        );
        assert_eq!(
            compose(Collection::Burst, &members).0,
            message::digest_burst(12u32)
        );
        assert_eq!(body(1), message::digest_urgent(1u32, "the urgent one"));
        assert_eq!(body(2), message::digest_urgent(2u32, "the urgent one"));
    }
}
