//! The words that stand for states and reasons in the database.

use crate::alerts::Collection;
use crate::item::{AlertState, Reason};

pub(super) const WORDS: [(&str, AlertState); 6] = [
    ("pending", AlertState::Pending),
    ("shown", AlertState::Shown),
    ("inDigest", AlertState::InDigest),
    ("suppressed", AlertState::Suppressed),
    ("failed", AlertState::Failed),
    ("withdrawn", AlertState::Withdrawn),
];

pub(super) fn state(word: &str) -> AlertState {
    let known = WORDS.iter().find(|(known, _)| *known == word);
    // One that a newer version wrote is none that is waited for.
    known.map_or(AlertState::Suppressed, |(_, state)| *state)
}

pub(super) fn state_word(state: AlertState) -> &'static str {
    let known = WORDS.iter().find(|(_, known)| *known == state);
    known.map_or("suppressed", |(word, _)| word)
}

pub(super) fn reason(json: &str) -> Reason {
    serde_json::from_str(json).unwrap_or_else(|_| Reason::Earlier { words: String::new() })
}

pub(super) fn collection_word(collection: Collection) -> &'static str {
    match collection {
        Collection::Missed => "missed",
        Collection::Urgent => "urgent",
        Collection::Burst => "burst",
        Collection::Late => "late",
    }
}
