//! Whether an item matches the terms of a query, and where. The same rules as those of the index, on one item.

use super::fold::{Word, words};
use super::query::{Scope, Term};
use crate::item::Item;
use crate::protocol::{Hit, ItemHits};

/// The words of the fields of an item that are searched.
struct Fields {
    title: Vec<Word>,
    body: Vec<Word>,
    actor: Vec<Word>,
    category: Vec<Word>,
}

impl Fields {
    fn of(item: &Item) -> Self {
        Self {
            title: words(&item.title),
            body: words(&item.body),
            actor: words(item.actor.as_deref().unwrap_or_default()),
            category: words(item.category.as_deref().unwrap_or_default()),
        }
    }
}

/// Whether the item matches every term.
pub(in crate::inbox) fn matches(item: &Item, terms: &[Term]) -> bool {
    let Fields {
        title,
        body,
        actor,
        category,
    } = Fields::of(item);
    let has = |field: &[Word], term: &Term| occurrences(field, term).next().is_some();
    terms.iter().all(|term| match term.scope {
        Scope::Everywhere => [&title, &body, &actor, &category]
            .into_iter()
            .any(|field| has(field, term)),
        Scope::Sender => has(&actor, term),
        Scope::Category => has(&category, term),
    })
}

/// Returns where the terms are in the item.
pub(in crate::inbox) fn hits(item: &Item, terms: &[Term]) -> ItemHits {
    let fields = Fields::of(item);
    let within = |text: &str, field: &[Word], own: Option<Scope>| {
        let terms = terms
            .iter()
            .filter(|term| term.scope == Scope::Everywhere || Some(term.scope) == own);
        marked(text, field, terms)
    };
    let text = |field: &'_ Option<String>| field.clone().unwrap_or_default();
    ItemHits {
        key: item.key.clone(),
        title: within(&item.title, &fields.title, None),
        body: within(&item.body, &fields.body, None),
        actor: within(&text(&item.actor), &fields.actor, Some(Scope::Sender)),
        category: within(&text(&item.category), &fields.category, Some(Scope::Category)),
    }
}

/// Returns the words with which the term occurs in a field, and the number of letters of the last one.
fn occurrences<'a>(field: &'a [Word], term: &'a Term) -> impl Iterator<Item = (&'a [Word], usize)> {
    field.windows(term.words.len()).filter_map(|found| {
        let (last, before) = term.words.split_last()?;
        let (last_found, before_found) = found.split_last()?;
        let begins = before
            .iter()
            .zip(before_found)
            .all(|(word, found)| *word == found.folded);
        let ends = if term.is_open {
            last_found.folded.starts_with(last.as_str())
        } else {
            last_found.folded == *last
        };
        (begins && ends).then(|| (found, last.chars().count()))
    })
}

/// Returns the parts of the text that are hits, in order and apart from each other.
fn marked<'a>(text: &str, field: &[Word], terms: impl Iterator<Item = &'a Term>) -> Vec<Hit> {
    let mut parts = Vec::new();
    for term in terms {
        for (found, letters) in occurrences(field, term) {
            let start = found.first().and_then(|word| word.places.first());
            let end = found.last().and_then(|word| word.places.get(letters - 1));
            if let (Some(start), Some(end)) = (start, end) {
                parts.push(start.start..end.end);
            }
        }
    }
    parts.sort_unstable_by_key(|part| part.start);
    parts.dedup_by(|later, before| {
        let joined = later.start <= before.end;
        if joined {
            before.end = before.end.max(later.end);
        }
        joined
    });
    let (mut place, mut units) = (0, 0);
    let mut unit = |to: usize| {
        units += text.get(place..to).map_or(0, |text| text.encode_utf16().count());
        place = to;
        u32::try_from(units).unwrap_or(u32::MAX)
    };
    parts
        .into_iter()
        .map(|part| Hit {
            start: unit(part.start),
            end: unit(part.end),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::super::query::parse;
    use super::*;

    /// Returns the text with its hits in brackets.
    fn shown(text: &str, hits: &[Hit]) -> String {
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut shown = String::new();
        let mut place = 0;
        for hit in hits {
            let (start, end) = (hit.start as usize, hit.end as usize);
            shown += &String::from_utf16(&units[place..start]).expect("whole characters");
            shown += &format!(
                "[{}]",
                String::from_utf16(&units[start..end]).expect("whole characters")
            );
            place = end;
        }
        shown + &String::from_utf16(&units[place..]).expect("whole characters")
    }

    #[test]
    fn hits_are_marked_in_the_original_text() {
        let table = [
            ("lodz", "Zakłady Łódź", "Zakłady [Łódź]"),
            ("strasse", "🚀 Lange Straße 7", "🚀 Lange [Straße] 7"),
            ("stras", "Straße", "[Straß]e"),
            ("dep fail", "Deployment failed", "[Dep]loyment [fail]ed"),
            (
                "\"disk full\"",
                "Disk full, disk fuller",
                "[Disk full], disk fuller",
            ),
            ("cafe", "Cafe\u{301}s", "[Cafe\u{301}]s"),
            ("東京", "新東京タワー", "新[東京]タワー"),
            ("disk dis di", "disks", "[disk]s"),
            ("a", "a an A", "[a] an [A]"),
            ("from:x", "x", "x"),
            ("", "x", "x"),
        ];
        for (query, title, expected) in table {
            let terms = parse(query, &TimeZone::UTC).terms;
            let item = Item {
                title: title.to_owned(),
                ..Item::sample()
            };
            let hits = hits(&item, &terms);
            assert_eq!(shown(title, &hits.title), expected, "{query}");
        }
    }

    #[test]
    fn a_term_is_looked_for_where_it_was_asked_for() {
        let item = Item {
            title: "Build of the week".to_owned(),
            body: "It failed.".to_owned(),
            actor: Some("Zoë Müller".to_owned()),
            category: Some("builds".to_owned()),
            ..Item::sample()
        };
        let table = [
            ("build fail zoe", true),
            ("from:muller category:build", true),
            ("from:build", false),
            ("category:zoe", false),
            ("build of a week", false),
            ("\"of week\"", false),
            ("\"the we\"", false),
        ];
        for (query, expected) in table {
            let terms = parse(query, &TimeZone::UTC).terms;
            assert_eq!(matches(&item, &terms), expected, "{query}");
        }
        let marked = hits(&item, &parse("from:zo", &TimeZone::UTC).terms);
        assert_eq!((marked.actor.len(), marked.title.len()), (1, 0));
    }
}
