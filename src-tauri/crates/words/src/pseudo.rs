//! A pseudo-language for tests: English with an accent on every letter. A word without accents is not from the
//! catalogue.

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::{parser, serializer};

use crate::{FALLBACK, LOCALES, Words, Zone};

/// The accent, which follows its letter.
const ACCENT: char = '\u{301}';

/// Returns English with accents, and times in UTC.
pub fn words() -> Words {
    let files = LOCALES.iter().find(|(language, _)| *language == "en");
    let files = files.map_or(&[][..], |(_, files)| files);
    let accented: Vec<String> = files.iter().map(|(_, text)| accented_catalogue(text)).collect();
    Words::new(FALLBACK, accented.iter().map(String::as_str), Zone::utc())
}

/// Returns the words of a text that have no accents, except those in `names`.
pub fn unaccented(text: &str, names: &[&str]) -> Vec<String> {
    let mut text = text.to_owned();
    // The longest first, because a name may be part of another.
    let mut names = names.to_vec();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in names {
        text = text.replace(name, " ");
    }
    let words = text.split(|c: char| !c.is_alphabetic() && c != ACCENT);
    words
        .filter(|word| word.len() > 1 && !word.contains(ACCENT))
        .map(str::to_owned)
        .collect()
}

fn accented(text: &str) -> String {
    let mut accented = String::with_capacity(text.len() * 3);
    for c in text.chars() {
        accented.push(c);
        if c.is_ascii_alphabetic() {
            accented.push(ACCENT);
        }
    }
    accented
}

fn accented_catalogue(text: &str) -> String {
    let mut resource = parser::parse(text.to_owned()).unwrap_or_else(|(resource, _)| resource);
    for entry in &mut resource.body {
        match entry {
            Entry::Message(message) => {
                if let Some(pattern) = &mut message.value {
                    accent(pattern);
                }
            }
            Entry::Term(term) => accent(&mut term.value),
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) | Entry::Junk { .. } => {}
        }
    }
    serializer::serialize(&resource)
}

fn accent(pattern: &mut Pattern<String>) {
    for element in &mut pattern.elements {
        match element {
            PatternElement::TextElement { value } => *value = accented(value),
            PatternElement::Placeable { expression } => accent_expression(expression),
        }
    }
}

fn accent_expression(expression: &mut Expression<String>) {
    match expression {
        Expression::Inline(InlineExpression::Placeable { expression }) => accent_expression(expression),
        Expression::Inline(_) => {}
        Expression::Select { variants, .. } => {
            variants.iter_mut().for_each(|variant| accent(&mut variant.value));
        }
    }
}
