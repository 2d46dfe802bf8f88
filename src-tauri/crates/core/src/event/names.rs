//! The names of event types: the known ones, the requested ones, and suggestions for misspelled ones.

use strsim::damerau_levenshtein;

use crate::message::{self, Message};
use crate::protocol::EventType;
use crate::text;

/// Returns the types that this version knows. `message` is the stream's default type, and may be anything.
fn types() -> impl Iterator<Item = &'static str> {
    let of_events = EventType::ALL.iter().map(|event_type| event_type.name());
    of_events.chain(["message"])
}

/// Types that are always requested, because an item that was read or deleted elsewhere must not stay unchanged in the
/// inbox.
const ALWAYS_ASKED_FOR: [&str; 2] = ["notification.updated", "notification.deleted"];

/// Whether an event of this type is processed if only `types` were requested. An empty list means all; the types that
/// connection and inbox need are always processed.
pub fn is_listened_to(event: &str, types: &[String]) -> bool {
    types.is_empty()
        || matches!(
            event,
            "connection_established" | "heartbeat" | "stream.gap" | "error"
        )
        || ALWAYS_ASKED_FOR.contains(&event)
        || types.iter().any(|wanted| wanted == event)
}

/// Returns the types to request from a server, if only `types` are wanted; an empty list means all.
pub(crate) fn asked_for(types: &[String]) -> Vec<String> {
    let mut asked = types.to_vec();
    if !types.is_empty() {
        for always in ALWAYS_ASKED_FOR {
            if !types.iter().any(|wanted| wanted == always) {
                asked.push(always.to_owned());
            }
        }
    }
    asked
}

/// With more differences, it is another word.
const MAX_SLIPS: usize = 4;

/// The maximum number of characters of an unknown name that are shown. Known names are shorter than half of it.
const MAX_SHOWN_NAME: usize = 80;

/// A type that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownType {
    /// Its name, shortened for display.
    pub name: String,
    /// The type that was probably intended.
    pub meant: Option<&'static str>,
}

impl UnknownType {
    /// Returns the message for the user.
    pub fn message(&self) -> Message {
        match self.meant {
            Some(meant) => message::event_type_meant(&self.name, meant),
            None => message::event_type_unknown(&self.name, types().collect::<Vec<_>>().join(", ")),
        }
    }
}

/// Returns what to report about an unknown type; `None` if this version knows it.
pub fn unknown_type(name: &str) -> Option<UnknownType> {
    if types().any(|known| known == name) {
        return None;
    }
    let shown = text::visible(name, MAX_SHOWN_NAME);
    let written = shown.to_lowercase().replace(['_', '-', ' ', ':', '/'], ".");
    let nearest = types()
        .map(|known| (damerau_levenshtein(&written, &known.replace('_', ".")), known))
        .min()
        .filter(|(slips, known)| *slips <= MAX_SLIPS.min(known.len() / 3));
    Some(UnknownType {
        name: shown,
        meant: nearest.map(|(_, known)| known),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_nonsense_gets_the_list() {
        for (name, meant) in [
            ("notification.creatd", "notification.created"),
            ("Notification_Created", "notification.created"),
            ("notifications.created", "notification.created"),
            ("user.status.changed", "user.status_changed"),
            ("heartbaet", "heartbeat"),
        ] {
            let unknown = unknown_type(name).expect(name);
            assert_eq!((unknown.name.as_str(), unknown.meant), (name, Some(meant)));
        }
        let unknown = unknown_type("nonsense.type").expect("unknown");
        assert_eq!(unknown.meant, None);
        let long = unknown_type(&"x\n".repeat(500_000)).expect("unknown");
        assert!(long.name.chars().count() <= MAX_SHOWN_NAME + 1, "{}", long.name);
        assert!(!long.name.contains('\n'));
        for known in types() {
            assert_eq!(unknown_type(known), None);
        }
    }
}
