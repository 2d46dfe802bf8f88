//! What one place gives, of the several that stand above one another.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use serde::Serialize;
use toml::de::{DeTable, DeValue};

use super::list::Key;
use super::raw::Raw;
use crate::text;

/// Mistakes of one place that are named, one by one; what is more is counted. They are shown in a notice, and a file
/// of something else than settings has thousands.
const MAX_PROBLEMS: usize = 20;

/// A file with more mistakes in its writing is no file of settings, and none of it is used.
const MAX_MISTAKES: usize = 100;

/// Characters of an unknown name that are shown. Ours are shorter than half of it.
const MAX_SHOWN_NAME: usize = 80;

/// Where a setting in force is from, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// The program's own default.
    #[default]
    Program,
    /// What this computer's administrator gives everybody to begin with.
    Machine,
    /// The user's own file.
    User,
    /// A variable of the environment.
    Environment,
    /// What this computer's administrator fixed.
    Policy,
}

/// Where a value stands, for words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The user's own file.
    UserFile,
    /// A file of the administrator.
    File(PathBuf),
    /// A place that the system keeps for the administrator, such as a part of Windows' registry.
    System(&'static str),
    /// A variable of the environment.
    Variable(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UserFile => out.write_str("the settings file"),
            Self::File(path) => write!(out, "{}", path.display()),
            Self::System(name) | Self::Variable(name) => out.write_str(name),
        }
    }
}

/// Something wrong with what was given, or odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// The line, where it stands in a file.
    pub line: Option<usize>,
    /// What it is about.
    pub kind: ProblemKind,
}

/// What is wrong. `setting` is its name in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// The value is not used.
    Ignored {
        /// Which.
        setting: String,
        /// Why.
        why: String,
    },
    /// The value is used, and may not be what was meant.
    Odd {
        /// Which.
        setting: String,
        /// What is odd.
        why: String,
    },
    /// No setting of this version has the name.
    Unknown {
        /// Which.
        setting: String,
    },
    /// A policy cannot fix it.
    NotLockable {
        /// Which.
        setting: String,
    },
    /// A mistake in how the file is written.
    Syntax {
        /// What the reader says.
        why: String,
    },
    /// The place cannot be used at all.
    Unusable {
        /// Why.
        why: String,
    },
    /// There are so many more problems.
    More {
        /// How many.
        count: usize,
    },
    /// The user's file could not be read as settings, and has been put there; another one is in its place.
    SetAside {
        /// Where it is now.
        path: PathBuf,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        let place = match self.line {
            Some(line) => format!("line {line} of {place}"),
            None => place.to_string(),
        };
        let what = |setting: &str| match &self.place {
            Place::Variable(name) => (*name).to_owned(),
            Place::UserFile | Place::File(_) | Place::System(_) => format!("{setting} in {place}"),
        };
        match &self.kind {
            ProblemKind::Ignored { setting, why } => write!(out, "{} is ignored: {why}", what(setting)),
            ProblemKind::Odd { setting, why } => write!(out, "{}: {why}", what(setting)),
            ProblemKind::Unknown { setting } => write!(out, "{} is unknown", what(setting)),
            ProblemKind::NotLockable { setting } => {
                write!(
                    out,
                    "{} is ignored: an administrator cannot fix it",
                    what(setting)
                )
            }
            ProblemKind::Syntax { why } => write!(out, "there is a mistake in {place}: {why}"),
            ProblemKind::Unusable { why } => write!(out, "{place} is not used: {why}"),
            ProblemKind::More { count } => write!(out, "{place} has {count} more mistakes"),
            ProblemKind::SetAside { path } => {
                write!(
                    out,
                    "{place} had mistakes in its writing and is now {}; what could be read of it was kept",
                    path.display()
                )
            }
        }
    }
}

/// A value and its line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Given {
    pub(super) raw: Raw,
    pub(super) line: Option<usize>,
}

/// What one place gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    pub(super) place: Place,
    pub(super) given: BTreeMap<Key, Given>,
    pub(super) problems: Vec<Problem>,
    /// A mistake in the writing may have cost more than itself.
    pub(super) broken: bool,
}

impl Layer {
    /// Nothing is given here.
    pub fn empty(place: Place) -> Self {
        Self {
            place,
            given: BTreeMap::new(),
            problems: Vec::new(),
            broken: false,
        }
    }

    /// The place is there and cannot be used.
    pub fn unusable(place: Place, why: String) -> Self {
        let problem = Problem {
            place: place.clone(),
            line: None,
            kind: ProblemKind::Unusable { why },
        };
        Self {
            problems: vec![problem],
            broken: true,
            ..Self::empty(place)
        }
    }

    /// What a system without files gives: names as files have them, with values.
    pub fn of_values(place: Place, values: impl IntoIterator<Item = (String, Raw)>) -> Self {
        let mut layer = Self::empty(place);
        for (name, raw) in values {
            layer.take(&name, Given { raw, line: None });
        }
        layer
    }

    /// What the environment gives. An empty variable gives nothing.
    pub(super) fn of_environment(environment: impl Fn(&str) -> Option<String>) -> Self {
        // Each problem names its variable.
        let mut layer = Self::empty(Place::Variable(""));
        for key in Key::ALL {
            if let Some(text) = environment(key.variable()).filter(|text| !text.is_empty()) {
                let raw = Raw::Text(text);
                layer.given.insert(*key, Given { raw, line: None });
            }
        }
        layer
    }

    /// What a text in TOML gives. A mistake in the writing costs the lines that it is in.
    pub fn parse(place: Place, text: &str) -> Self {
        // Editors of Windows put a mark before the first letter.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = Lines::of(text);
        let mut layer = Self::empty(place);
        let (document, mistakes) = DeTable::parse_recoverable(text);
        if mistakes.len() > MAX_MISTAKES {
            let why = format!("it has more than {MAX_MISTAKES} mistakes in its writing");
            return Self::unusable(layer.place, why);
        }
        let mut spoilt: Vec<Range<usize>> = Vec::new();
        for mistake in &mistakes {
            let span = mistake.span().unwrap_or(0..0);
            let range = lines.at(span.start)..lines.at(span.end) + 1;
            // One slip makes many of the reader's complaints, line after line; the first says what it is.
            let follows = |before: &Range<usize>| (before.start..=before.end).contains(&range.start);
            if !spoilt.iter().any(follows) {
                let kind = ProblemKind::Syntax {
                    why: mistake.message().to_owned(),
                };
                layer.report(Some(range.start), kind);
            }
            spoilt.push(range);
        }
        layer.broken = !mistakes.is_empty();
        // What a mistake is in may be read as something that nobody wrote, such as a text without its end.
        let is_spoilt =
            |line: usize, last: usize| spoilt.iter().any(|range| range.start <= last && line < range.end);
        for (table, value) in document.get_ref() {
            let line = lines.at(table.span().start);
            let DeValue::Table(entries) = value.get_ref() else {
                if !is_spoilt(line, lines.at(value.span().end)) {
                    layer.report_unknown(Some(line), table.get_ref());
                }
                continue;
            };
            if !Key::ALL.iter().any(|key| key.place().0 == table.get_ref()) {
                layer.report_unknown(Some(line), table.get_ref());
                continue;
            }
            for (name, value) in entries {
                let line = lines.at(name.span().start);
                if !is_spoilt(line, lines.at(value.span().end)) {
                    let name = format!("{}.{}", table.get_ref(), name.get_ref());
                    let raw = Raw::of(value.get_ref());
                    layer.take(
                        &name,
                        Given {
                            raw,
                            line: Some(line),
                        },
                    );
                }
            }
        }
        layer
    }

    fn take(&mut self, name: &str, given: Given) {
        match Key::named(name) {
            Some(key) => drop(self.given.insert(key, given)),
            None => self.report_unknown(given.line, name),
        }
    }

    fn report_unknown(&mut self, line: Option<usize>, name: &str) {
        let setting = text::one_line(name, MAX_SHOWN_NAME);
        self.report(line, ProblemKind::Unknown { setting });
    }

    fn report(&mut self, line: Option<usize>, kind: ProblemKind) {
        if self.problems.len() >= MAX_PROBLEMS {
            if let Some(ProblemKind::More { count }) = self.problems.last_mut().map(|last| &mut last.kind) {
                *count += 1;
                return;
            }
            return self.problems.push(Problem {
                place: self.place.clone(),
                line: None,
                kind: ProblemKind::More { count: 1 },
            });
        }
        self.problems.push(Problem {
            place: self.place.clone(),
            line,
            kind,
        });
    }

    /// A problem with a value that is given here.
    pub(super) fn problem(&self, key: Key, kind: ProblemKind) -> Problem {
        let place = match &self.place {
            Place::Variable(_) => Place::Variable(key.variable()),
            place @ (Place::UserFile | Place::File(_) | Place::System(_)) => place.clone(),
        };
        Problem {
            place,
            line: self.given.get(&key).and_then(|given| given.line),
            kind,
        }
    }

    /// Takes out what a policy cannot fix.
    pub(super) fn only_lockable(mut self) -> Self {
        let refused: Vec<Key> = self
            .given
            .keys()
            .copied()
            .filter(|key| !key.about().lockable)
            .collect();
        for key in refused {
            let setting = key.name().to_owned();
            let problem = self.problem(key, ProblemKind::NotLockable { setting });
            self.problems.push(problem);
            self.given.remove(&key);
        }
        self
    }

    /// This layer, in the place of one that was in force. What a mistake in the writing may have hidden stays as it
    /// was: a file that is being edited must not take the address away.
    pub(super) fn after(mut self, before: &Self) -> Self {
        if self.broken {
            for (key, given) in &before.given {
                self.given.entry(*key).or_insert_with(|| given.clone());
            }
        }
        self
    }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let begins = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(begins).collect())
    }

    /// The line of a byte, from 1.
    fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|begin| *begin <= byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Layer {
        Layer::parse(Place::UserFile, text)
    }

    fn words(layer: &Layer) -> Vec<String> {
        layer.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_value_knows_its_line_however_it_is_written() {
        let layer = parse(
            "sounds.volume = 5\n\n[window]\nappearance = 'dark'\n[inbox]\n\n\
             keep_days = 0x10\n[sse]\ntypes = [\n'a',\n]\n",
        );
        let lines: Vec<_> = layer
            .given
            .iter()
            .map(|(key, given)| (key.name(), given.line))
            .collect();
        assert_eq!(
            lines,
            [
                ("sse.types", Some(9)),
                ("sounds.volume", Some(1)),
                ("window.appearance", Some(4)),
                ("inbox.keep_days", Some(7)),
            ]
        );
        assert_eq!(layer.given[&Key::KeepDays].raw, Raw::Number(16));
        assert_eq!(words(&layer), Vec::<String>::new());
    }

    #[test]
    fn a_mistake_in_the_writing_costs_its_own_line() {
        for (slip, line) in [
            ("volume = loud", 4),
            ("volume = ", 4),
            ("volume", 4),
            ("volume = \"seven", 4),
            ("volume = 7 8", 4),
            ("= 7", 4),
            // What follows would belong to it.
            ("volume = {", 6),
            ("volume = 07", 4),
            ("volume = [1", 5),
        ] {
            let text = format!(
                "[api]\nurl = \"https://a.example\"\n[sounds]\n{slip}\nsound = \"bloom\"\n\
                 [window]\nappearance = \"dark\"\n"
            );
            let layer = parse(&text);
            assert!(layer.broken, "{slip}");
            assert_eq!(layer.given.get(&Key::Volume), None, "{slip}");
            let known = Raw::Text("https://a.example".into());
            assert_eq!(layer.given[&Key::ApiUrl].raw, known, "{slip}");
            let reported = words(&layer);
            assert!(
                reported
                    .iter()
                    .any(|words| words.contains(&format!("line {line} of the settings file"))),
                "{slip}: {reported:?}"
            );
        }
    }

    #[test]
    fn what_is_unknown_is_named_with_its_line() {
        let layer = parse("colour = 1\n[sounds]\ncolour = 1\n[surprise]\nx = 1\nsounds = 3");
        assert_eq!(
            words(&layer),
            [
                "colour in line 1 of the settings file is unknown",
                "sounds.colour in line 3 of the settings file is unknown",
                "surprise in line 4 of the settings file is unknown",
            ]
        );
    }

    #[test]
    fn a_file_of_something_else_is_named_in_few_words_and_at_once() {
        let many: String = (0..50_000).map(|number| format!("k{number} = 1\n")).collect();
        let said = words(&parse(&many));
        assert_eq!(said.len(), MAX_PROBLEMS + 1);
        assert_eq!(
            said.last().map(String::as_str),
            Some("the settings file has 49980 more mistakes")
        );
        let long = words(&parse(&format!(
            "{} = 1\n\"a\\u001b[2J\\nb\" = 1",
            "k".repeat(500_000)
        )));
        assert!(
            long.iter().all(|words| words.len() < 200),
            "{} characters",
            long[0].len()
        );
        assert!(!long.join("").contains(char::is_control), "{long:?}");

        // None of it is used, and what was in force before stays.
        let broken = parse(&"[sounds]\nvolume = 5\nx = = 1\n\n".repeat(500));
        assert!(broken.broken && broken.given.is_empty());
        assert_eq!(
            words(&broken),
            ["the settings file is not used: it has more than 100 mistakes in its writing"]
        );
    }
}
