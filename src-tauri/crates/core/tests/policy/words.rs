//! The texts of settings in one language.

use std::collections::BTreeSet;

use gloria_core::settings::Key;
use gloria_words::{LOCALES, Words, Zone};
use serde_json::json;

use crate::{keys, sections};

/// The first version that reads these policies.
const SINCE: &str = "0.1.0";

/// How all ids begin.
const PREFIX: &str = "policy-";

/// The texts of one language.
pub(crate) struct Texts(Words);

impl Texts {
    pub(crate) fn of(language: &str) -> Self {
        Self(Words::load([language], Zone::utc()))
    }

    /// The program's name.
    pub(crate) fn name(&self) -> String {
        self.say("name")
    }

    pub(crate) fn description(&self) -> String {
        self.say("description")
    }

    pub(crate) fn supported(&self) -> String {
        self.say("supported")
    }

    /// How a list is entered in a template.
    pub(crate) fn lines(&self) -> String {
        self.say("lines")
    }

    pub(crate) fn section(&self, section: &str) -> String {
        self.say(&format!("section-{section}"))
    }

    pub(crate) fn title(&self, key: Key) -> String {
        self.say(&hyphenated(key))
    }

    /// What a setting does.
    pub(crate) fn help(&self, key: Key) -> String {
        self.say(&format!("{}-help", hyphenated(key)))
    }

    fn say(&self, id: &str) -> String {
        let message = json!({ "id": format!("{PREFIX}{id}"), "args": { "version": SINCE } });
        self.0.say(&serde_json::from_value(message).unwrap())
    }
}

fn hyphenated(key: Key) -> String {
    key.name().replace(['.', '_'], "-")
}

/// What is missing in a language, and what no setting has.
pub(crate) fn mistakes(language: &str) -> Vec<String> {
    let (_, files) = LOCALES.iter().find(|(name, _)| *name == language).unwrap();
    let (_, text) = files.iter().find(|(name, _)| *name == "policy.ftl").unwrap();
    let found: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.split_once(" ="))
        .filter_map(|(id, _)| id.strip_prefix(PREFIX))
        .map(str::to_owned)
        .collect();
    let general = ["name", "description", "supported", "lines"].map(str::to_owned);
    let settings = keys().flat_map(|key| [hyphenated(key), format!("{}-help", hyphenated(key))]);
    let sections = sections().into_iter().map(|section| format!("section-{section}"));
    let wanted: BTreeSet<_> = general.into_iter().chain(settings).chain(sections).collect();
    let missing = wanted
        .difference(&found)
        .map(|id| format!("{PREFIX}{id} is missing"));
    let unused = found
        .difference(&wanted)
        .map(|id| format!("{PREFIX}{id} is of no setting"));
    missing.chain(unused).collect()
}
