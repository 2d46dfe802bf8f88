//! The texts of Gloria Notify: formats [`Message`]s in the user's language.
//!
//! The catalogue is Project Fluent's, in `locales/LANGUAGE/*.ftl`. All of it is embedded; only the user's language is
//! loaded. The window reads and formats the same files itself, so `window*.ftl`, whose messages only the UI uses, are
//! left out here. The texts of command lines are added to clap's commands by [`command_line`].

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_langneg::{NegotiationStrategy, negotiate_languages};
use gloria_text::message::{Message, MessageArg, Phrase};
use unic_langid::{LanguageIdentifier, langid};

pub use self::time::Zone;

pub mod command_line;
#[cfg(feature = "pseudo")]
pub mod pseudo;
mod time;

/// A language with its files: their names and texts.
pub type Locale = (&'static str, &'static [(&'static str, &'static str)]);

/// All languages, as folders in `locales`.
pub const LOCALES: &[Locale] = &include!(concat!(env!("OUT_DIR"), "/locales.rs"));

/// The language if none of the user's languages is available.
const FALLBACK: LanguageIdentifier = langid!("en");

/// The catalogue of one language.
pub struct Words {
    language: LanguageIdentifier,
    bundle: FluentBundle<FluentResource>,
    /// Messages that were logged as missing, so that each is logged only once.
    missing: Mutex<BTreeSet<String>>,
}

impl Words {
    /// Loads the language that fits the user best: `requested` are the user's languages in order, such as `de-AT` or
    /// `de_AT.UTF-8`. Times are formatted in `zone`.
    pub fn load(requested: impl IntoIterator<Item = impl AsRef<str>>, zone: Zone) -> Self {
        let requested: Vec<LanguageIdentifier> = requested
            .into_iter()
            .filter_map(|language| parsed(language.as_ref()))
            .collect();
        let available: Vec<LanguageIdentifier> =
            LOCALES.iter().filter_map(|(name, _)| parsed(name)).collect();
        let language = negotiate_languages(&requested, &available, None, NegotiationStrategy::Lookup)
            .first()
            .map_or(FALLBACK, |language| (*language).clone());
        let files = LOCALES
            .iter()
            .find(|(name, _)| parsed(name).as_ref() == Some(&language))
            .map_or(&[][..], |(_, files)| files);
        let of_rust = files.iter().filter(|(name, _)| !name.starts_with("window"));
        Self::new(language, of_rust.map(|(_, text)| *text), zone)
    }

    /// English, with times in UTC.
    pub fn english() -> &'static Self {
        static ENGLISH: LazyLock<Words> = LazyLock::new(|| Words::load(["en"], Zone::utc()));
        &ENGLISH
    }

    fn new<'a>(language: LanguageIdentifier, files: impl Iterator<Item = &'a str>, zone: Zone) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![language.clone()]);
        // Isolating marks around arguments are for pages, which show text in both directions; a tray would show boxes.
        bundle.set_use_isolating(false);
        let added = bundle
            .add_builtins()
            .and(bundle.add_function("DATETIME", move |positional, named| {
                zone.format(positional, named)
            }));
        if let Err(error) = added {
            tracing::warn!("the catalogue has no functions: {error}");
        }
        for text in files {
            // The valid part of a file with mistakes is used.
            let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(resource, errors)| {
                tracing::warn!(mistakes = errors.len(), "a file of the catalogue has mistakes");
                resource
            });
            bundle.add_resource_overriding(resource);
        }
        Self {
            language,
            bundle,
            missing: Mutex::default(),
        }
    }

    /// Returns the loaded language.
    pub fn language(&self) -> &LanguageIdentifier {
        &self.language
    }

    /// Formats a message; one that the catalogue does not contain becomes its id.
    pub fn say(&self, message: &Message) -> String {
        let found = self.bundle.get_message(&message.id);
        let Some(pattern) = found.and_then(|found| found.value()) else {
            self.log_missing(&message.id);
            return message.id.clone().into_owned();
        };
        let args: FluentArgs<'_> = message
            .args
            .iter()
            .map(|(name, value)| (name.as_ref(), self.value(value)))
            .collect();
        let mut errors = Vec::new();
        let words = self.bundle.format_pattern(pattern, Some(&args), &mut errors);
        if !errors.is_empty() {
            self.log_missing(&message.id);
        }
        words.into_owned()
    }

    /// Returns a text without parameters by its id, if it exists.
    fn text(&self, id: &str) -> Option<String> {
        let pattern = self.bundle.get_message(id)?.value()?;
        let text = self.bundle.format_pattern(pattern, None, &mut Vec::new());
        Some(text.into_owned())
    }

    /// Returns received text unchanged, or formats a message.
    pub fn phrase(&self, phrase: &Phrase) -> String {
        match phrase {
            Phrase::Text(text) => text.clone(),
            Phrase::Message(message) => self.say(message),
        }
    }

    /// Like [`Self::say`], for a message that begins a line: with a capital first letter.
    pub fn sentence(&self, message: &Message) -> String {
        gloria_text::sentence(&self.say(message))
    }

    fn value<'a>(&self, arg: &'a MessageArg) -> FluentValue<'a> {
        match arg {
            MessageArg::Number(number) => number.get().into(),
            MessageArg::Text(text) => text.as_str().into(),
            MessageArg::Time { time } => (*time).into(),
            MessageArg::Message(message) => self.say(message).into(),
        }
    }

    fn log_missing(&self, id: &str) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if missing.insert(id.to_owned()) {
            tracing::warn!(id, language = %self.language, "the catalogue lacks a message, or one of its parameters");
        }
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Words")
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

/// Parses a language as systems and browsers write it: `de-AT`, `de_AT.UTF-8`, `de_AT@euro`; `None` for `C` and
/// `POSIX`.
fn parsed(language: &str) -> Option<LanguageIdentifier> {
    let name = language.split(['.', '@']).next()?;
    if matches!(name, "" | "C" | "POSIX") {
        return None;
    }
    name.parse().ok()
}

#[cfg(test)]
mod tests {
    use gloria_text::message;

    use super::*;

    fn words(text: &str) -> Words {
        Words::new(FALLBACK, [text].into_iter(), Zone::utc())
    }

    #[test]
    fn messages_are_filled_in_one_within_the_other() {
        let refused = message::alert_failed(message::alert_reason_refused("no {room}"));
        assert_eq!(
            Words::english().say(&refused),
            "Notification not shown: the notification service refused it (no {room}); it will be tried again"
        );
        assert_eq!(
            Words::english().sentence(&message::alert_reason_read()),
            "It was read"
        );
        let urgent = [1, 2].map(|count| Words::english().say(&message::digest_urgent(count, "Disk")));
        assert_eq!(urgent, ["Urgent: Disk", "2 urgent, the newest of them: Disk"]);
    }

    #[test]
    fn what_the_catalogue_lacks_is_its_code_and_never_a_panic() {
        let words = words("alert-failed = Not shown: { $reason }, { $other }, { NO($reason) }\nbroken = {");
        assert_eq!(words.say(&message::needs_you()), "needs-you");
        let said = words.say(&message::alert_failed(message::needs_you()));
        assert!(said.starts_with("Not shown: needs-you, "), "{said}");
        assert_eq!(words.missing.lock().unwrap().len(), 2, "each is logged once");
    }

    #[test]
    fn the_language_is_the_best_that_there_is_for_the_user() {
        for requested in [
            &["en"][..],
            &["en-GB"],
            &["tlh", "en_US.UTF-8"],
            &["C"],
            &[],
            &["not a language", "xx"],
        ] {
            let words = Words::load(requested, Zone::utc());
            assert_eq!(words.language().to_string(), "en", "{requested:?}");
        }
        assert_eq!(parsed("de_AT.UTF-8@euro"), "de-AT".parse().ok());
        assert_eq!(parsed("POSIX"), None);
    }

    #[test]
    fn times_are_those_of_the_users_clock() {
        let afternoon = ((14 * 60 + 3) * 60 + 5) * 1000;
        let said = [
            message::tray_connected_since(afternoon),
            message::tray_not_connected_after(afternoon, 4),
        ]
        .map(|message| Words::english().say(&message));
        assert_eq!(
            said,
            [
                "Connected since 14:03",
                "Not connected after 4 attempts, next at 14:03:05"
            ]
        );
        let dated = words(
            "needs-you = { DATETIME($at, dateStyle: \"short\") }\n\
             outer = { DATETIME(1, year: \"numeric\", hour: \"2-digit\") }",
        );
        let mut message = message::tray_connected_since(afternoon);
        message.id = "needs-you".into();
        assert_eq!(dated.say(&message), "1970-01-01");
    }
}
