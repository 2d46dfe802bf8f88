//! The words that stand for states and reasons in the database.

use crate::alerts::Collection;
use crate::item::{AlertState, Reason};
use crate::message::{Message, Phrase};

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

/// Begins a title or a text that is a message of the app, as JSON. No text of a server begins with it.
const MESSAGE: char = '\u{1}';

/// A title or a text as it is stored: the message in its place if there is one.
pub(super) fn stored(text: &str, message: Option<&Message>) -> String {
    match message {
        Some(message) => format!("{MESSAGE}{}", serde_json::to_string(message).unwrap_or_default()),
        None => text.trim_start_matches(MESSAGE).to_owned(),
    }
}

/// A title or a text of a row. Versions before this one stored every text as it is shown.
pub(super) fn phrase(stored: String) -> Phrase {
    match stored.strip_prefix(MESSAGE) {
        None => Phrase::Text(stored),
        Some(json) => {
            serde_json::from_str(json).map_or_else(|_| Phrase::Text(String::new()), Phrase::Message)
        }
    }
}

pub(super) fn collection_word(collection: Collection) -> &'static str {
    match collection {
        Collection::Missed => "missed",
        Collection::Urgent => "urgent",
        Collection::Burst => "burst",
        Collection::Late => "late",
    }
}
