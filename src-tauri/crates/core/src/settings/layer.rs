//! The settings from a single source.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, Error};

use super::file_problem::FileProblem;
use super::lines::{Damaged, Lines};
use super::list::Key;
use super::mistake::Mistake;
use super::problem::{Place, Problem, ProblemKind};
use super::raw::Raw;
use super::suggest;
use super::syntax_error::SyntaxError;
use crate::text;

/// The maximum number of problems of one source that are listed; further ones are counted. They are shown in a notice,
/// and a file that is not a settings file has thousands.
const MAX_PROBLEMS: usize = 20;

/// A file with more syntax errors is not a settings file, and none of it is used.
const MAX_SYNTAX_ERRORS: usize = 100;

/// The maximum number of characters of an unknown name that are shown. Known names are shorter than half of it.
const MAX_SHOWN_NAME: usize = 80;

/// The origin of a setting, the lowest layer first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// The program's default.
    #[default]
    Program,
    /// The administrator's default for all users of this computer.
    Machine,
    /// The user's file.
    User,
    /// An environment variable.
    Environment,
    /// The administrator's policy.
    Policy,
}

/// A value and its line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Given {
    pub(super) raw: Raw,
    pub(super) line: Option<usize>,
    /// Its place, if the layer's source has several.
    pub(super) place: Option<Place>,
}

impl Given {
    pub(super) fn new(raw: Raw, line: Option<usize>) -> Self {
        let place = None;
        Self { raw, line, place }
    }
}

/// The settings from one source.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    pub(super) place: Place,
    pub(super) given: BTreeMap<Key, Given>,
    pub(super) problems: Vec<Problem>,
    /// A syntax error may hide more values than its own.
    pub(super) broken: bool,
    /// Why earlier values are in effect beside its own, if they are.
    pub(super) kept: Option<Kept>,
}

/// Why earlier values stay in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// The source cannot be read completely.
    Unreadable,
    /// The file sets less than before and has just been written: the rest may not be there yet.
    Young,
}

impl Layer {
    /// Returns a layer without settings.
    pub fn empty(place: Place) -> Self {
        Self {
            place,
            given: BTreeMap::new(),
            problems: Vec::new(),
            broken: false,
            kept: None,
        }
    }

    /// Returns the layer of a source that exists but cannot be used.
    pub fn unusable(place: Place, problem: FileProblem) -> Self {
        let problem = Problem {
            place: place.clone(),
            line: None,
            kind: ProblemKind::Unusable(problem),
        };
        Self {
            problems: vec![problem],
            broken: true,
            ..Self::empty(place)
        }
    }

    /// Reads the settings in environment variables. An empty variable counts as unset.
    pub(super) fn of_environment(environment: impl Fn(&str) -> Option<String>) -> Self {
        // Each problem names its own variable.
        let mut layer = Self::empty(Place::Variable(""));
        for key in Key::ALL {
            if let Some(text) = environment(key.variable()).filter(|text| !text.is_empty()) {
                layer.given.insert(*key, Given::new(Raw::Text(text), None));
            }
        }
        layer
    }

    /// Parses a TOML text. A syntax error invalidates the lines that contain it.
    pub fn parse(place: Place, text: &str) -> Self {
        // Editors on Windows write a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (document, errors) = DeTable::parse_recoverable(text);
        if errors.len() > MAX_SYNTAX_ERRORS {
            let limit = MAX_SYNTAX_ERRORS;
            return Self::unusable(place, FileProblem::SyntaxErrors { limit });
        }
        let lines = Lines::of(text);
        let mut layer = Self::empty(place);
        layer.broken = !errors.is_empty();
        let damaged = layer.report_syntax_errors(&errors, &lines);
        for (section, value) in document.get_ref() {
            layer.insert_section(section, value, &lines, &damaged);
        }
        layer
    }

    /// Reports syntax errors, and returns the lines that contain them.
    fn report_syntax_errors(&mut self, errors: &[Error], lines: &Lines<'_>) -> Damaged {
        let mut damaged = Damaged::default();
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let range = lines.at(span.start)..lines.at(span.end) + 1;
            // One mistake causes many parser errors, line after line; the first one is the most accurate.
            if !damaged.reaches(range.start) {
                let named = text::visible(lines.text.get(span).unwrap_or_default(), MAX_SHOWN_NAME);
                let error = SyntaxError::of(error.message(), &named, lines.line(range.start));
                self.report(Some(range.start), ProblemKind::Syntax(error));
            }
            damaged.0.push(range);
        }
        damaged
    }

    fn insert_section(
        &mut self,
        section: &Spanned<DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
        lines: &Lines<'_>,
        damaged: &Damaged,
    ) {
        let name = section.get_ref();
        let line = lines.at(section.span().start);
        let known = Key::ALL.iter().map(|key| key.section_and_name().0);
        let known = known.into_iter().find(|known| known == name);
        match (value.get_ref(), known) {
            (DeValue::Table(entries), Some(_)) => {
                for (entry, value) in entries {
                    let line = lines.at(entry.span().start);
                    if !damaged.covers(line, lines.at(value.span().end)) {
                        let raw = Raw::from_toml(value.get_ref());
                        let given = Given::new(raw, Some(line));
                        self.insert(&format!("{name}.{}", entry.get_ref()), given);
                    }
                }
            }
            // The lines of an unknown section are not checked.
            (DeValue::Table(_), None) => self.report_unknown(Some(line), name),
            (_, _) if damaged.covers(line, lines.at(value.span().end)) => {}
            (_, Some(section)) => {
                let kind = ProblemKind::Ignored {
                    setting: section,
                    mistake: Mistake::NotSection { section },
                };
                self.report(Some(line), kind);
            }
            (_, None) => self.report_unknown(Some(line), name),
        }
    }

    fn insert(&mut self, name: &str, given: Given) {
        match Key::named(name) {
            Some(key) => drop(self.given.insert(key, given)),
            None => self.report_unknown(given.line, name),
        }
    }

    /// Adds a value unless a stronger one is there.
    pub(super) fn insert_below(&mut self, key: Key, raw: Raw, place: Place) {
        let line = None;
        let place = Some(place);
        self.given.entry(key).or_insert(Given { raw, line, place });
    }

    /// Reports a name that is no setting's, in one of several places.
    pub(super) fn report_unknown_in(&mut self, place: Place, name: &str) {
        let whole = std::mem::replace(&mut self.place, place);
        self.report_unknown(None, name);
        self.place = whole;
    }

    fn report_unknown(&mut self, line: Option<usize>, name: &str) {
        if self.problems.len() > MAX_PROBLEMS {
            // Only counted, because searching for the intended name takes time.
            return self.count_more();
        }
        let kind = match Key::named(name) {
            Some(key) => ProblemKind::Ignored {
                setting: key.name(),
                mistake: Mistake::QuotedName(key),
            },
            None => ProblemKind::Unknown {
                name: text::visible(name, MAX_SHOWN_NAME),
                meant: suggest::meant(name),
            },
        };
        self.report(line, kind);
    }

    fn report(&mut self, line: Option<usize>, kind: ProblemKind) {
        if self.problems.len() >= MAX_PROBLEMS {
            return self.count_more();
        }
        self.problems.push(Problem {
            place: self.place.clone(),
            line,
            kind,
        });
    }

    /// Counts a problem that is not listed.
    fn count_more(&mut self) {
        if let Some(ProblemKind::More { count }) = self.problems.last_mut().map(|last| &mut last.kind) {
            *count += 1;
            return;
        }
        self.problems.push(Problem {
            place: self.place.clone(),
            line: None,
            kind: ProblemKind::More { count: 1 },
        });
    }

    /// Returns a problem with a value of this layer.
    pub(super) fn problem(&self, key: Key, kind: ProblemKind) -> Problem {
        let given = self.given.get(&key);
        let place = match given
            .and_then(|given| given.place.as_ref())
            .unwrap_or(&self.place)
        {
            Place::Variable(_) => Place::Variable(key.variable()),
            place @ (Place::UserFile | Place::File(_) | Place::System(_)) => place.clone(),
        };
        Problem {
            place,
            line: given.and_then(|given| given.line),
            kind,
        }
    }

    /// Removes what a policy cannot fix.
    pub(super) fn only_lockable(mut self) -> Self {
        let refused: Vec<Key> = self
            .given
            .keys()
            .copied()
            .filter(|key| !key.about().lockable)
            .collect();
        for key in refused {
            let setting = key.name();
            let problem = self.problem(key, ProblemKind::NotLockable { setting });
            self.problems.push(problem);
            self.given.remove(&key);
        }
        self
    }

    /// Adds the values of the previous layer if a syntax error may have hidden values: an address must not vanish while
    /// its file is being edited.
    pub(super) fn completed_by(mut self, before: &Self) -> Self {
        if self.broken && !before.given.is_empty() {
            self.insert_missing(before);
            self.kept = Some(Kept::Unreadable);
        }
        self
    }

    /// Adds the values of the previous layer that a file lacks which has just been written.
    pub(super) fn completed_while_young(mut self, before: &Self) -> Self {
        if before.given.keys().any(|key| !self.given.contains_key(key)) {
            self.insert_missing(before);
            self.kept = Some(Kept::Young);
        }
        self
    }

    fn insert_missing(&mut self, before: &Self) {
        for (key, given) in &before.given {
            self.given.entry(*key).or_insert_with(|| given.clone());
        }
    }

    /// Forgets the lines, which are of another text than the one that users know.
    pub(super) fn without_lines(mut self) -> Self {
        self.given.values_mut().for_each(|given| given.line = None);
        self
    }

    /// Returns its values as a text that [`Self::parse`] reads.
    pub(super) fn text(&self) -> String {
        let mut document = toml_edit::DocumentMut::new();
        for (key, given) in &self.given {
            let (section, name) = key.section_and_name();
            if let Some(value) = given.raw.to_toml() {
                document[section].or_insert(toml_edit::table())[name] = toml_edit::value(value);
            }
        }
        document.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Layer {
        Layer::parse(Place::UserFile, text)
    }

    fn words(layer: &Layer) -> Vec<String> {
        layer.problems.iter().map(Problem::words).collect()
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
        assert_eq!(layer.given[&Key::KeepDays].raw, Raw::Integer(16));
        assert_eq!(words(&layer), Vec::<String>::new());
    }

    #[test]
    fn a_syntax_error_costs_its_own_line() {
        for (slip, line) in [
            ("volume = loud", 4),
            ("volume = ", 4),
            ("volume", 4),
            ("volume = = 7", 4),
            ("volume = True", 4),
            ("volume = \"seven", 4),
            ("volume = 7 8", 4),
            ("= 7", 4),
            // What follows would belong to the table.
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
                "the setting colour in line 1 of the settings file is unknown",
                "the setting sounds.colour in line 3 of the settings file is unknown",
                "the setting surprise in line 4 of the settings file is unknown",
            ]
        );
    }

    #[test]
    fn what_stands_in_the_place_of_a_section_is_not_called_unknown() {
        let section = "is ignored: settings of this name belong under a line [sounds]";
        let quoted = "is ignored: it should be volume under a line [sounds], without quotes around the name";
        for (text, name, line, expected) in [
            ("sounds = 5", "sounds", 1, section),
            ("\n[[sounds]]\nvolume = 5", "sounds", 2, section),
            ("\"sounds.volume\" = 5", "sounds.volume", 1, quoted),
            ("[\"sounds.volume\"]\nx = 5", "sounds.volume", 1, quoted),
            (
                "volume = 5",
                "volume",
                1,
                "is unknown; did you mean sounds.volume?",
            ),
            (
                "[Sounds]\nvolume = 5",
                "Sounds",
                1,
                "is unknown; did you mean sounds?",
            ),
            (
                "[sounds]\nVolume = 5",
                "sounds.Volume",
                2,
                "is unknown; did you mean sounds.volume?",
            ),
            (
                "[sounds]\n\"volume\u{200b}\" = 5",
                "sounds.volume\\u{200b}",
                2,
                "is unknown; did you mean sounds.volume?",
            ),
        ] {
            let layer = parse(text);
            let expected = format!("the setting {name} in line {line} of the settings file {expected}");
            assert_eq!(words(&layer), [expected], "{text}");
            assert_eq!(layer.given, BTreeMap::new(), "{text}");
        }
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

        // None of it is used, and the previous settings stay effective.
        let broken = parse(&"[sounds]\nvolume = 5\nx = = 1\n\n".repeat(500));
        assert!(broken.broken && broken.given.is_empty());
        assert_eq!(
            words(&broken),
            ["the settings file is not used: it has more than 100 syntax mistakes"]
        );
    }
}
