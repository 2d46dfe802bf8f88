//! What a user types to find items: words, phrases in quotes, and conditions such as `is:unread` or
//! `before:2026-11-01`.
//!
//! Any text is a query. What is no condition is words, and nothing of it is read as the syntax of the index.

use jiff::civil::{self, Date};
use jiff::tz::TimeZone;

use super::fold::words;
use crate::item::{EpochMillis, InboxView, Priority};

/// In characters; what follows is not read. More than anybody types.
const MAX_QUERY: usize = 500;

/// The number of terms that are read; each makes the search slower.
const MAX_TERMS: usize = 16;

/// Where a term is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::inbox) enum Scope {
    /// In title, text, sender and category.
    Everywhere,
    /// In the sender's name.
    Sender,
    /// In the category.
    Category,
}

/// Words that follow each other, in one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::inbox) struct Term {
    pub(in crate::inbox) scope: Scope,
    /// Folded; never empty.
    pub(in crate::inbox) words: Vec<String>,
    /// Whether the last word may be the beginning of a longer one.
    pub(in crate::inbox) is_open: bool,
}

/// A query, as it was understood. Items match all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::inbox) struct Query {
    pub(in crate::inbox) terms: Vec<Term>,
    pub(in crate::inbox) is_read: Option<bool>,
    /// The list to look in.
    pub(in crate::inbox) view: Option<InboxView>,
    pub(in crate::inbox) priority: Option<Priority>,
    /// From this time on.
    pub(in crate::inbox) since: Option<EpochMillis>,
    /// Before this time.
    pub(in crate::inbox) until: Option<EpochMillis>,
}

/// Reads a query. Dates are days in `zone`.
pub(in crate::inbox) fn parse(text: &str, zone: &TimeZone) -> Query {
    let mut query = Query::default();
    let mut pieces = Pieces(text.get(..byte_limit(text)).unwrap_or(text));
    while let Some(piece) = pieces.next() {
        if !query.take_condition(&piece, zone) {
            query.take_term(&piece);
        }
    }
    query
}

fn byte_limit(text: &str) -> usize {
    text.char_indices()
        .nth(MAX_QUERY)
        .map_or(text.len(), |(place, _)| place)
}

/// A part of a query between spaces.
#[derive(Debug, PartialEq, Eq)]
struct Piece<'a> {
    /// What is before the first colon, if that is a name.
    name: Option<&'a str>,
    value: &'a str,
    /// As it was typed.
    whole: &'a str,
    is_quoted: bool,
    /// Whether a quotation mark ends it, or a space: nothing more will be typed here.
    is_closed: bool,
}

struct Pieces<'a>(&'a str);

impl<'a> Pieces<'a> {
    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = self.0.trim_start();
        if rest.is_empty() {
            return None;
        }
        let name_ends = rest.find(|c: char| !c.is_ascii_alphabetic());
        let name = name_ends
            .filter(|end| *end > 0 && rest[*end..].starts_with(':'))
            .map(|end| &rest[..end]);
        let value = name.map_or(rest, |name| &rest[name.len() + 1..]);
        let piece = match value.chars().next().filter(|c| is_quote(*c)) {
            Some(quote) => {
                let quoted = &value[quote.len_utf8()..];
                let (inside, after, is_closed) = match quoted.find(is_quote) {
                    Some(end) => {
                        let mark = quoted[end..].chars().next().map_or(0, char::len_utf8);
                        (&quoted[..end], &quoted[end + mark..], true)
                    }
                    None => (quoted, "", false),
                };
                self.0 = after;
                Piece {
                    name,
                    value: inside,
                    whole: &rest[..rest.len() - after.len()],
                    is_quoted: true,
                    is_closed,
                }
            }
            None => {
                let end = value.find(char::is_whitespace).unwrap_or(value.len());
                self.0 = &value[end..];
                Piece {
                    name,
                    value: &value[..end],
                    whole: &rest[..rest.len() - value.len() + end],
                    is_quoted: false,
                    is_closed: false,
                }
            }
        };
        Some(piece)
    }
}

/// Quotation marks as keyboards and writing programs of several languages make them.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

impl Query {
    /// Whether the piece is a condition, which is then part of the query. One without a value yet narrows nothing,
    /// because it is still being typed.
    fn take_condition(&mut self, piece: &Piece<'_>, zone: &TimeZone) -> bool {
        let Some(name) = piece.name else {
            return false;
        };
        let value = piece.value;
        match name.to_ascii_lowercase().as_str() {
            "from" | "category" if value.is_empty() => true,
            "from" => self.push(value, Scope::Sender, piece),
            "category" => self.push(value, Scope::Category, piece),
            "is" => value.is_empty() || self.take_state(value),
            "before" | "after" if value.is_empty() => true,
            "before" => {
                let until = day(value).and_then(|day| start(day, zone));
                self.until = [self.until, until].into_iter().flatten().min();
                until.is_some()
            }
            "after" => {
                let since = day(value).and_then(|day| start(day, zone));
                self.since = self.since.max(since);
                since.is_some()
            }
            _ => false,
        }
    }

    fn take_state(&mut self, state: &str) -> bool {
        match state.to_ascii_lowercase().as_str() {
            "unread" => self.is_read = Some(false),
            "read" => self.is_read = Some(true),
            "done" => self.view = Some(InboxView::Archived),
            "open" => self.view = Some(InboxView::Inbox),
            "flagged" => self.view = Some(InboxView::Flagged),
            "snoozed" => self.view = Some(InboxView::Snoozed),
            "urgent" => self.priority = Some(Priority::Urgent),
            "high" => self.priority = Some(Priority::High),
            "normal" => self.priority = Some(Priority::Normal),
            "low" => self.priority = Some(Priority::Low),
            _ => return false,
        }
        true
    }

    fn take_term(&mut self, piece: &Piece<'_>) {
        let text = if piece.name.is_some() {
            piece.whole
        } else {
            piece.value
        };
        self.push(text, Scope::Everywhere, piece);
    }

    /// Adds the words of a text as a term. Returns whether it has any.
    fn push(&mut self, text: &str, scope: Scope, piece: &Piece<'_>) -> bool {
        let folded = words(text);
        let Some(last) = folded.last() else {
            return false;
        };
        // One letter begins too many words; in a script without spaces it is a word.
        let is_open = !piece.is_closed && !last.is_unspaced && last.places.len() > 1;
        if self.terms.len() < MAX_TERMS {
            self.terms.push(Term {
                scope,
                words: folded.into_iter().map(|word| word.folded).collect(),
                is_open,
            });
        }
        true
    }
}

/// Reads `2026`, `2026-11` or `2026-11-28`: the first day of it.
fn day(text: &str) -> Option<Date> {
    // A number may have a sign otherwise.
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return None;
    }
    let mut parts = text.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let mut number = || match parts.next() {
        None => Some(1),
        Some(part) if (1..=2).contains(&part.len()) => part.parse().ok(),
        Some(_) => None,
    };
    let (month, day) = (number()?, number()?);
    if parts.next().is_some() {
        return None;
    }
    civil::Date::new(year, month, day).ok()
}

fn start(day: Date, zone: &TimeZone) -> Option<EpochMillis> {
    let start = day.to_zoned(zone.clone()).ok()?;
    Some(start.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use jiff::tz;
    use proptest::prelude::*;

    use super::*;

    fn term(scope: Scope, words: &[&str], is_open: bool) -> Term {
        Term {
            scope,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            is_open,
        }
    }

    fn parsed(text: &str) -> Query {
        parse(text, &TimeZone::fixed(tz::offset(2)))
    }

    #[test]
    fn words_stand_for_themselves() {
        use Scope::{Category, Everywhere, Sender};
        let table = [
            ("", vec![]),
            ("  ... ", vec![]),
            (
                "disk Full",
                vec![
                    term(Everywhere, &["disk"], true),
                    term(Everywhere, &["full"], true),
                ],
            ),
            // One letter is a whole word.
            ("a", vec![term(Everywhere, &["a"], false)]),
            ("db-7", vec![term(Everywhere, &["db", "7"], false)]),
            ("東京", vec![term(Everywhere, &["東", "京"], false)]),
            (
                "\"disk full\" now",
                vec![
                    term(Everywhere, &["disk", "full"], false),
                    term(Everywhere, &["now"], true),
                ],
            ),
            ("„disk full“", vec![term(Everywhere, &["disk", "full"], false)]),
            // Still being typed.
            ("\"disk fu", vec![term(Everywhere, &["disk", "fu"], true)]),
            ("from:Zoë", vec![term(Sender, &["zoe"], true)]),
            (
                "FROM:\"Zoë Müller\"",
                vec![term(Sender, &["zoe", "muller"], false)],
            ),
            ("category:build", vec![term(Category, &["build"], true)]),
            ("from:", vec![]),
            ("is:", vec![]),
            // Neither a condition nor syntax.
            ("re:budget", vec![term(Everywhere, &["re", "budget"], true)]),
            ("is:late", vec![term(Everywhere, &["is", "late"], true)]),
            ("before:noon", vec![term(Everywhere, &["before", "noon"], true)]),
            (
                "a AND NEAR( title:x* \"",
                vec![
                    term(Everywhere, &["a"], false),
                    term(Everywhere, &["and"], true),
                    term(Everywhere, &["near"], true),
                    term(Everywhere, &["title", "x"], false),
                ],
            ),
        ];
        for (text, terms) in table {
            let expected = Query {
                terms,
                ..Query::default()
            };
            assert_eq!(parsed(text), expected, "{text}");
        }
    }

    #[test]
    fn conditions_narrow_by_state_urgency_and_day_of_the_user() {
        // 28 November 2026, 00:00 at two hours east of Greenwich.
        const NOVEMBER_28: i64 = 1_795_816_800_000;
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let query = parsed("is:unread is:Urgent is:done after:2026-11-28 before:2026-12 before:2027");
        assert_eq!(
            query,
            Query {
                is_read: Some(false),
                view: Some(InboxView::Archived),
                priority: Some(Priority::Urgent),
                since: Some(NOVEMBER_28),
                until: Some(NOVEMBER_28 + 3 * DAY),
                ..Query::default()
            }
        );
        for invalid in [
            "2026-13",
            "2026-02-30",
            "26-11-28",
            "2026-11-28-1",
            "2026-+1",
            "20261",
        ] {
            assert_eq!(day(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn a_query_has_bounds() {
        let long = "word ".repeat(10_000);
        assert_eq!(parsed(&long).terms.len(), MAX_TERMS);
        let unspaced = "東".repeat(10_000);
        assert_eq!(parsed(&unspaced).terms[0].words.len(), MAX_QUERY);
    }

    proptest! {
        #[test]
        fn any_text_is_a_query(text in any::<String>()) {
            for term in parsed(&text).terms {
                prop_assert!(!term.words.is_empty());
            }
        }
    }
}
