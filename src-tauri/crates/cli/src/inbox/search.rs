//! `gloria inbox search`: finds items by words, and shows on a terminal where they are.

use std::iter;
use std::process::ExitCode;

use clap::Args;
use gloria_core::message;
use gloria_core::protocol::{Hit, ItemHits};
use gloria_core::text;
use gloria_program::process;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::json;

use super::table::{Row, Table};
use super::{Page, print_items};
use crate::output::{Format, print_error, whole_number};

/// Characters of a text in front of its first hit: enough to see what it is about.
const MAX_LEAD: usize = 40;

/// Characters of a text that are shown around its first hit: with the indentation, the width of most terminals.
const MAX_EXCERPT: usize = 72;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(required = true)]
    words: Vec<String>,
    #[arg(long, default_value_t = 50, value_parser = whole_number)]
    limit: usize,
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let filter = json!({"view": "inbox", "everywhere": true, "text": options.words.join(" ")});
    let style = Style::of(process::text_variable("TERM").as_deref());
    let (zone, mut table) = (TimeZone::system(), Table::default());
    let lines = |mut rows: Vec<Row>, page: &Page| {
        // The title is appended with its hits.
        rows.iter_mut().for_each(|row| row.title.clear());
        let mut heads = table.lines(&rows, &zone);
        let mut lines: Vec<_> = heads.drain(..heads.len() - rows.len()).collect();
        let hits = page.hits.iter().map(Some).chain(iter::repeat(None));
        for ((head, item), hits) in heads.iter().zip(&page.items).zip(hits) {
            let hits = hits.map(ItemHits::deserialize).transpose()?;
            lines.extend(style.lines(head, &Texts::deserialize(item)?, hits.as_ref()));
        }
        Ok(lines)
    };
    let Some(printed) = print_items(&filter, options.limit, options.json, lines).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    if printed.items == 0 && options.limit > 0 && Format::chosen(options.json) == Format::Words {
        print_error(&message::cli_found_none());
    }
    if !printed.is_complete {
        print_error(&message::cli_found_incomplete());
    }
    Ok(ExitCode::SUCCESS)
}

/// The texts of an item that are searched.
#[derive(Debug, Default, Deserialize)]
struct Texts {
    title: String,
    body: String,
    actor: Option<String>,
    category: Option<String>,
}

/// How a terminal shows hits.
#[derive(Debug, Clone, Copy)]
enum Style {
    Bold,
    /// It knows no other letters.
    Plain,
}

impl Style {
    fn of(terminal: Option<&str>) -> Self {
        match terminal {
            None | Some("" | "dumb") => Self::Plain,
            Some(_) => Self::Bold,
        }
    }

    fn bounds(self) -> (&'static str, &'static str) {
        match self {
            Self::Bold => ("\x1b[1m", "\x1b[22m"),
            Self::Plain => ("", ""),
        }
    }

    /// Returns the item's line, and below its title a second one if sender, category or text have hits. `head` is what
    /// is in front of the title.
    fn lines(self, head: &str, texts: &Texts, hits: Option<&ItemHits>) -> Vec<String> {
        let head = text::printable(head);
        let Some(hits) = hits else {
            return vec![format!("{head}{}", text::printable(&texts.title))];
        };
        let title = self.shown(&letters(&texts.title, &hits.title));
        let mut lines = vec![format!("{head}{title}")];
        let whole = |text: &Option<String>, hits: &[Hit]| {
            let text = text.as_ref().filter(|_| !hits.is_empty())?;
            Some(self.shown(&letters(text, hits)))
        };
        let parts: Vec<_> = [
            whole(&texts.actor, &hits.actor),
            whole(&texts.category, &hits.category),
            excerpt(&letters(&texts.body, &hits.body)).map(|letters| self.shown(&letters)),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !parts.is_empty() {
            let width = head.chars().count();
            lines.push(format!("{:width$}{}", "", parts.join(" · ")));
        }
        lines
    }

    fn shown(self, letters: &[Letter]) -> String {
        let (begin, end) = self.bounds();
        letters
            .chunk_by(|one, next| one.is_hit == next.is_hit)
            .map(|piece| {
                let text: String = piece.iter().map(|letter| letter.character).collect();
                let text = text::printable(&text);
                match piece.first() {
                    Some(Letter { is_hit: true, .. }) => format!("{begin}{text}{end}"),
                    Some(_) | None => text,
                }
            })
            .collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Letter {
    character: char,
    is_hit: bool,
}

/// Returns the characters of a text. Hits are counted in units of UTF-16.
fn letters(text: &str, hits: &[Hit]) -> Vec<Letter> {
    let mut unit = 0;
    text.chars()
        .map(|character| {
            let is_hit = hits.iter().any(|hit| (hit.start..hit.end).contains(&unit));
            // At most 2.
            unit += u32::from(character.len_utf16() == 2) + 1;
            Letter { character, is_hit }
        })
        .collect()
}

/// Returns the part of a text around its first hit; `None` without one.
fn excerpt(letters: &[Letter]) -> Option<Vec<Letter>> {
    let hit = letters.iter().position(|letter| letter.is_hit)?;
    let is_space = |letter: &Letter| letter.character.is_whitespace();
    let start = match hit.checked_sub(MAX_LEAD) {
        None | Some(0) => 0,
        // It begins with a word, if there are words.
        Some(start) => letters[start..hit]
            .iter()
            .position(is_space)
            .map_or(start, |space| start + space + 1),
    };
    let end = letters.len().min(start + MAX_EXCERPT);
    let ellipsis = |is_cut: bool| {
        is_cut.then_some(Letter {
            character: '…',
            is_hit: false,
        })
    };
    let shown = ellipsis(start > 0)
        .into_iter()
        .chain(letters[start..end].iter().copied());
    Some(shown.chain(ellipsis(end < letters.len())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(start: u32, end: u32) -> Hit {
        Hit { start, end }
    }

    fn hits(title: &[Hit], body: &[Hit], actor: &[Hit]) -> ItemHits {
        ItemHits {
            key: "n:1".into(),
            title: title.to_vec(),
            body: body.to_vec(),
            actor: actor.to_vec(),
            category: Vec::new(),
        }
    }

    #[test]
    fn hits_are_bold_and_what_a_terminal_would_obey_is_gone() {
        let texts = Texts {
            title: "🚀 Łó\u{1b}dź is\nfull".into(),
            body: "all of it".into(),
            actor: Some("Łódź".into()),
            category: Some("storage".into()),
        };
        let found = hits(&[hit(3, 8)], &[hit(0, 3)], &[hit(0, 4)]);
        assert_eq!(
            Style::Bold.lines("now ", &texts, Some(&found)),
            [
                "now 🚀 \u{1b}[1mŁódź\u{1b}[22m is full".to_owned(),
                "    \x1b[1mŁódź\x1b[22m · \x1b[1mall\x1b[22m of it".to_owned(),
            ]
        );
        let none = hits(&[], &[], &[]);
        assert_eq!(
            Style::Plain.lines("now ", &texts, Some(&none)),
            ["now 🚀 Łódź is full"]
        );
        assert_eq!(Style::Bold.lines("now ", &texts, None), ["now 🚀 Łódź is full"]);
        assert!(matches!(Style::of(Some("dumb")), Style::Plain));
    }

    #[test]
    fn of_a_long_text_the_part_around_the_first_hit_is_shown() {
        let body = format!("{}disk {}", "word ".repeat(30), "more ".repeat(30));
        let shown = excerpt(&letters(&body, &[hit(150, 154)])).map(|letters| Style::Bold.shown(&letters));
        let expected = format!(
            "…{}\x1b[1mdisk\x1b[22m {}mo…",
            "word ".repeat(7),
            "more ".repeat(6)
        );
        assert_eq!(shown, Some(expected));
        let unspaced = "東".repeat(200);
        let shown = excerpt(&letters(&unspaced, &[hit(100, 101)])).unwrap_or_default();
        assert_eq!(shown.len(), MAX_EXCERPT + 2);
        assert_eq!(excerpt(&letters("a disk", &[])), None);
    }
}
