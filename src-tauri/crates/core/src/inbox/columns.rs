//! The names of states and reasons in the database.

use crate::alerts::DigestKind;
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
    // A state of a newer version: the alert is left alone.
    known.map_or(AlertState::Suppressed, |(_, state)| *state)
}

pub(super) fn state_word(state: AlertState) -> &'static str {
    let known = WORDS.iter().find(|(_, known)| *known == state);
    known.map_or("suppressed", |(word, _)| word)
}

pub(super) fn reason(json: &str) -> Reason {
    serde_json::from_str(json).unwrap_or_else(|_| Reason::Earlier { words: String::new() })
}

/// The first character of a stored title or body that is a message of the app, as JSON. No text of a server starts with
/// it.
const MESSAGE: char = '\u{1}';

/// Returns a title or body for the database: the message instead of the text, if there is one.
pub(super) fn stored(text: &str, message: Option<&Message>) -> String {
    match message {
        Some(message) => format!("{MESSAGE}{}", serde_json::to_string(message).unwrap_or_default()),
        None => text.trim_start_matches(MESSAGE).to_owned(),
    }
}

/// Whether a stored title or body is a message of the app.
pub(super) fn is_message(stored: &str) -> bool {
    stored.starts_with(MESSAGE)
}

/// Returns a title or body of a row. Earlier versions stored every text as it was shown.
pub(super) fn phrase(stored: String) -> Phrase {
    match stored.strip_prefix(MESSAGE) {
        None => Phrase::Text(stored),
        Some(json) => {
            serde_json::from_str(json).map_or_else(|_| Phrase::Text(String::new()), Phrase::Message)
        }
    }
}

/// Returns the message of a stored title or body, if it is one.
pub(super) fn message(stored: &str) -> Option<Message> {
    match phrase(stored.to_owned()) {
        Phrase::Message(message) => Some(message),
        Phrase::Text(_) => None,
    }
}

pub(super) fn digest_kind_word(collection: DigestKind) -> &'static str {
    match collection {
        DigestKind::Missed => "missed",
        DigestKind::Urgent => "urgent",
        DigestKind::Burst => "burst",
        DigestKind::Late => "late",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;

    /// Otherwise a server could make the app show one of its own messages, such as that it is up to date.
    #[test]
    fn no_text_of_a_server_is_taken_for_a_message_of_the_app() {
        let message = message::gap_title();
        let own = stored("", Some(&message));
        assert_eq!(phrase(own.clone()), Phrase::Message(message));
        for text in [own.clone(), format!("{MESSAGE}{own}"), format!("{MESSAGE}x")] {
            let expected = text.trim_start_matches(MESSAGE).to_owned();
            assert_eq!(phrase(stored(&text, None)), Phrase::Text(expected));
        }
        assert_eq!(
            phrase(stored("a title", None)),
            Phrase::Text("a title".to_owned())
        );
    }

    #[test]
    fn what_another_version_wrote_is_nothing_that_is_waited_for() {
        assert_eq!(state("exploded"), AlertState::Suppressed);
        assert_eq!(reason("{"), Reason::Earlier { words: String::new() });
        assert_eq!(phrase(format!("{MESSAGE}{{")), Phrase::Text(String::new()));
        for (word, known) in WORDS {
            assert_eq!((state(word), state_word(known)), (known, word));
        }
    }
}
