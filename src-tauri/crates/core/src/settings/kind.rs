//! What the values of a setting look like: the part of the list that a policy for another system needs.

use super::list::{Key, Settings};
use super::mistake::Mistake;
use super::raw::Raw;

/// The form of a setting's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Switch,
    /// A whole number within these limits.
    Number {
        /// The minimum.
        least: u32,
        /// The maximum.
        most: u32,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A text: an address, a path, a duration, a name.
    Text,
    /// A list of texts.
    Texts,
    /// A list of whole numbers within these limits.
    Numbers {
        /// The minimum of each.
        least: u32,
        /// The maximum of each.
        most: u32,
    },
}

impl Key {
    /// The form of its values. The parser itself says it, by what it expects in place of a value that no setting has:
    /// limits and words are in the list once, and cannot differ from those that are checked.
    pub fn kind(self) -> Kind {
        match (
            self.refusal(Raw::Unsupported),
            self.refusal(one(Raw::Unsupported)),
        ) {
            (Some(Mistake::NotBoolean), _) => Kind::Switch,
            (Some(Mistake::NotWholeNumber { least, most }), _) => Kind::Number { least, most },
            (Some(Mistake::NotOneOf(words)), _) => Kind::Choice(words),
            (Some(Mistake::NotList), Some(Mistake::NotWholeNumber { least, most })) => {
                Kind::Numbers { least, most }
            }
            (Some(Mistake::NotList | Mistake::NotCommand), _) => Kind::Texts,
            (_, _) => Kind::Text,
        }
    }

    /// Whether its value must not be shown.
    pub fn is_secret(self) -> bool {
        self == Self::ClientCertificatePassword
    }

    /// Whether this is a value that this program has a word for, or a number: it says nothing of people, even where
    /// somebody is called like it.
    pub fn is_word_of_program(self, value: &serde_json::Value) -> bool {
        let is_default = || *value == Settings::default().shown(self);
        match (self, self.kind()) {
            // Of types, names of events alone are taken.
            (Self::Types, _)
            | (_, Kind::Switch | Kind::Number { .. } | Kind::Choice(_) | Kind::Numbers { .. }) => true,
            (Self::Proxy, _) => value == "system" || value == "none",
            (_, Kind::Text | Kind::Texts) => is_default(),
        }
    }

    /// What is wrong with a value, by itself.
    fn refusal(self, raw: Raw) -> Option<Mistake> {
        Settings::default().read(self, &raw).err()
    }
}

fn one(raw: Raw) -> Raw {
    Raw::List(vec![raw])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_and_numbers_are_the_programs_and_texts_are_peoples() {
        for (key, value, expected) in [
            (Key::Appearance, json!("dark"), true),
            (Key::LogLevel, json!("debug"), true),
            (Key::Sounds, json!(true), true),
            (Key::Volume, json!(50), true),
            (Key::Types, json!(["error"]), true),
            (Key::Proxy, json!("none"), true),
            (Key::Proxy, json!("http://anna@proxy.example:3128"), false),
            (Key::ApiUrl, json!("https://anna.example"), false),
            (Key::CaFile, json!("/home/anna/ca.pem"), false),
            (Key::AuthCommand, json!(["print-token", "anna"]), false),
            (Key::CaFile, Settings::default().shown(Key::CaFile), true),
        ] {
            assert_eq!(key.is_word_of_program(&value), expected, "{key:?} {value}");
        }
    }

    #[test]
    fn each_form_is_recognised() {
        for (key, kind) in [
            (Key::Sounds, Kind::Switch),
            (Key::Volume, Kind::Number { least: 0, most: 100 }),
            (Key::AuthTransport, Kind::Choice(&["header", "query"])),
            (Key::Appearance, Kind::Choice(&["system", "light", "dark"])),
            (Key::ApiUrl, Kind::Text),
            (Key::HeartbeatInterval, Kind::Text),
            (Key::CaFile, Kind::Text),
            (Key::NoProxy, Kind::Texts),
            (Key::AuthCommand, Kind::Texts),
            (
                Key::AuthPorts,
                Kind::Numbers {
                    least: 1024,
                    most: 65_535,
                },
            ),
        ] {
            assert_eq!(key.kind(), kind, "{}", key.name());
        }
    }

    /// A wrong limit in a template would offer values that the app then ignores.
    #[test]
    fn limits_and_words_are_those_that_the_parser_accepts() {
        let is_valid = |key: Key, raw| key.refusal(raw).is_none();
        for key in Key::ALL.iter().copied() {
            match key.kind() {
                Kind::Switch => assert!(is_valid(key, Raw::Boolean(true)), "{}", key.name()),
                Kind::Number { least, most } => {
                    let valid = [
                        i64::from(least) - 1,
                        least.into(),
                        most.into(),
                        i64::from(most) + 1,
                    ]
                    .map(|number| is_valid(key, Raw::Integer(number)));
                    assert_eq!(valid, [false, true, true, false], "{}", key.name());
                }
                Kind::Numbers { least, most } => {
                    let valid = [
                        i64::from(least) - 1,
                        least.into(),
                        most.into(),
                        i64::from(most) + 1,
                    ]
                    .map(|number| is_valid(key, one(Raw::Integer(number))));
                    assert_eq!(valid, [false, true, true, false], "{}", key.name());
                }
                Kind::Choice(words) => {
                    for word in words {
                        assert!(is_valid(key, Raw::Text((*word).to_owned())), "{word}");
                    }
                }
                Kind::Text | Kind::Texts => assert!(!is_valid(key, Raw::Unsupported), "{}", key.name()),
            }
        }
    }

    #[test]
    fn every_example_is_valid_and_of_its_kind() {
        for key in Key::ALL.iter().copied() {
            let (section, name) = key.section_and_name();
            let text = format!("[{section}]\n{name} = {}\n", key.about().example);
            let resolved = super::super::tests::resolve(&text, &[]);
            // The last one only a policy can set.
            let in_need = [
                Key::ClientKey,
                Key::UpdatesUrl,
                Key::UpdatesKey,
                Key::StartAtLogin,
            ];
            assert!(
                resolved.problems.is_empty() || in_need.contains(&key),
                "{}: {:?}",
                key.name(),
                resolved.problems
            );
        }
    }

    #[test]
    fn names_for_systems_are_distinct_and_found_again() {
        assert_eq!(Key::ApiUrl.system_name(), "ApiUrl");
        assert_eq!(Key::MaxReconnectAttempts.system_name(), "SseMaxReconnectAttempts");
        for key in Key::ALL.iter().copied() {
            assert_eq!(Key::with_system_name(&key.system_name()), Some(key));
            assert_eq!(
                Key::with_system_name(&key.system_name().to_uppercase()),
                Some(key)
            );
        }
        assert_eq!(Key::with_system_name("Colour"), None);
    }
}
