//! Splits a text into the words by which it is found, written in one way whatever their case, accents and width.
//!
//! The same function makes the words of the index and those of a query. Each word remembers where its letters are in
//! the text, so that a hit can be marked there although the text has other letters and another length.

use std::ops::Range;
use std::sync::LazyLock;

use gloria_text::characters::is_invisible;
use icu_normalizer::{DecomposingNormalizer, DecomposingNormalizerBorrowed};

/// Counts the changes of what [`words`] makes of a text. An index of another number is made anew, because the words of
/// a text could no longer be found in it to remove them.
pub(super) const FOLD_VERSION: i64 = 1;

/// In letters. A longer word, such as a signature in base64, is found by its beginning; the rest would only make the
/// index larger.
const MAX_WORD: usize = 64;

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Its letters, folded: letters and digits, of ASCII only small ones.
    pub(super) folded: String,
    /// For each letter of `folded`, the bytes of the text that it was made of.
    pub(super) places: Vec<Range<usize>>,
    /// Whether it is one letter of a script that puts no spaces between words.
    pub(super) is_unspaced: bool,
}

/// Letters that Unicode does not decompose, although people leave out what distinguishes them.
const LETTERS: [(char, &str); 12] = [
    ('ł', "l"),
    ('ø', "o"),
    ('đ', "d"),
    ('ð', "d"),
    ('ħ', "h"),
    ('ŧ', "t"),
    ('ı', "i"),
    ('ß', "ss"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('þ', "th"),
    // The form of sigma at the end of a word.
    ('ς', "σ"),
];

/// Marks that people leave out: accents of European scripts, and the vowel points of Hebrew and Arabic. Marks of other
/// scripts are letters of their own.
const ACCENTS: [(char, char); 8] = [
    ('\u{300}', '\u{36f}'),
    ('\u{591}', '\u{5c7}'),
    ('\u{610}', '\u{61a}'),
    ('\u{64b}', '\u{65f}'),
    ('\u{670}', '\u{670}'),
    ('\u{1ab0}', '\u{1aff}'),
    ('\u{1dc0}', '\u{1dff}'),
    ('\u{fe20}', '\u{fe2f}'),
];

/// Scripts without spaces between words: Thai, Lao, Myanmar, Khmer, Kana with their marks, Han.
const UNSPACED: [(char, char); 13] = [
    ('\u{e01}', '\u{e3a}'),
    ('\u{e40}', '\u{e4e}'),
    ('\u{e81}', '\u{ece}'),
    ('\u{edc}', '\u{edf}'),
    ('\u{1000}', '\u{103f}'),
    ('\u{1050}', '\u{109d}'),
    ('\u{1780}', '\u{17d3}'),
    ('\u{3005}', '\u{3007}'),
    ('\u{3041}', '\u{30ff}'),
    ('\u{31f0}', '\u{31ff}'),
    ('\u{3400}', '\u{9fff}'),
    ('\u{a9e0}', '\u{aa7f}'),
    ('\u{20000}', '\u{3347f}'),
];

/// Where a word may be broken, which does not end it.
const SOFT_HYPHEN: char = '\u{ad}';

static COMPATIBLE: LazyLock<DecomposingNormalizerBorrowed<'static>> =
    LazyLock::new(DecomposingNormalizer::new_nfkd);

fn is_within(ranges: &[(char, char)], c: char) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// How a letter of the folded text continues or ends a word.
enum Part {
    /// It belongs to the word before it.
    Letter(char),
    /// It is a word alone.
    Unspaced(char),
    /// It is left out: an accent, or a character that shows nothing.
    Omitted,
    /// It ends the word.
    Boundary,
}

fn part(c: char) -> Part {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() {
            Part::Letter(c)
        } else {
            Part::Boundary
        };
    }
    if is_within(&ACCENTS, c) || is_invisible(c) || c == SOFT_HYPHEN {
        Part::Omitted
    } else if is_within(&UNSPACED, c) && !matches!(c, '・' | '゠') {
        Part::Unspaced(c)
    } else if c.is_alphanumeric() {
        Part::Letter(c)
    } else {
        Part::Boundary
    }
}

/// Calls `visit` with each character that `c` is folded to.
fn fold(c: char, mut visit: impl FnMut(char)) {
    if c.is_ascii() {
        return visit(c.to_ascii_lowercase());
    }
    if is_invisible(c) {
        return visit(c);
    }
    for c in COMPATIBLE.normalize_iter(std::iter::once(c)) {
        for c in c.to_lowercase() {
            match LETTERS.iter().find(|(letter, _)| *letter == c) {
                Some((_, plain)) => plain.chars().for_each(&mut visit),
                None => visit(c),
            }
        }
    }
}

/// Returns the words of a text, in order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    // Whether the last word continues.
    let mut continues = false;
    for (start, c) in text.char_indices() {
        let place = start..start + c.len_utf8();
        fold(c, |c| match part(c) {
            Part::Letter(c) => {
                if let Some(word) = words.last_mut().filter(|_| continues) {
                    if word.places.len() < MAX_WORD {
                        word.push(c, place.clone());
                    }
                } else {
                    words.push(Word::of(c, place.clone(), false));
                    continues = true;
                }
            }
            Part::Unspaced(c) => {
                words.push(Word::of(c, place.clone(), true));
                continues = false;
            }
            // A mark of its own belongs to the letter before it.
            Part::Omitted => {
                let before = words.last_mut().and_then(|word| word.places.last_mut());
                if let Some(before) = before.filter(|before| before.end == place.start) {
                    before.end = place.end;
                }
            }
            Part::Boundary => continues = false,
        });
    }
    words
}

impl Word {
    fn of(c: char, place: Range<usize>, is_unspaced: bool) -> Self {
        Self {
            folded: c.to_string(),
            places: vec![place],
            is_unspaced,
        }
    }

    fn push(&mut self, c: char, place: Range<usize>) {
        self.folded.push(c);
        self.places.push(place);
    }
}

/// Returns the words of a text for the index, separated by spaces. Of ASCII they contain only letters and digits, so
/// that the index's tokenizer splits them nowhere else.
pub(super) fn folded(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in words(text) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word.folded);
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fingerprint::fingerprint;

    #[test]
    fn words_are_found_without_their_case_accents_and_width() {
        let table = [
            ("Łódź", "lodz"),
            ("Straße STRASSE ẞ", "strasse strasse ss"),
            ("Đorđe Ørsted Æsir œuvre Þór", "dorde orsted aesir oeuvre thor"),
            ("İstanbul IŞIK ışık", "istanbul isik isik"),
            ("Ａｃｍｅ ﬁle №5", "acme file no5"),
            ("ΟΔΟΣ οδος οδός", "οδοσ οδοσ οδοσ"),
            ("Ёлка ёлка", "елка елка"),
            ("cafe\u{301} café", "cafe cafe"),
            ("co\u{ad}operate zero\u{200b}width", "cooperate zerowidth"),
            ("a-b_c@d.example, 3.5", "a b c d example 3 5"),
            ("שָׁלוֹם", "שלום"),
            ("東京タワー", "東 京 タ ワ ー"),
            ("iPhone15東京", "iphone15 東 京"),
            ("กรุงเทพ", "ก ร ุ ง เ ท พ"),
            ("ｶﾞｽ ガス", "カ ゙ ス カ ゙ ス"),
            ("", ""),
            ("—…!?  🚀", ""),
        ];
        for (text, expected) in table {
            assert_eq!(folded(text), expected, "{text}");
        }
    }

    #[test]
    fn a_letter_knows_where_it_is_in_the_text_with_the_accents_that_follow_it() {
        let text = "e\u{301}té Straße";
        let words = words(text);
        let originals = |word: &Word| -> Vec<String> {
            word.places
                .iter()
                .map(|place| text[place.clone()].to_owned())
                .collect()
        };
        assert_eq!(originals(&words[0]), ["e\u{301}", "t", "é"]);
        assert_eq!(words[1].folded, "strasse");
        assert_eq!(originals(&words[1]), ["S", "t", "r", "a", "ß", "ß", "e"]);
    }

    #[test]
    fn a_very_long_word_is_known_by_its_beginning() {
        let text = "x".repeat(1_000);
        let words = words(&text);
        assert_eq!(words.len(), 1);
        assert_eq!(words[0].folded.len(), MAX_WORD);
    }

    /// A new version of Unicode, of the toolchain or of a dependency, may fold a character in another way. An index
    /// that was made before could then no longer be kept in step: raise [`FOLD_VERSION`] with this number.
    #[test]
    fn the_version_changes_with_what_any_character_is_folded_to() {
        let all: String = ('\0'..=char::MAX)
            .map(|c| format!("{}\n", folded(&format!("a{c}b"))))
            .collect();
        assert_eq!(
            (FOLD_VERSION, fingerprint("", &all)),
            (1, -6_897_491_518_951_476_679)
        );
    }

    proptest! {
        #[test]
        fn folding_what_is_folded_changes_nothing(text in any::<String>()) {
            let once = folded(&text);
            prop_assert_eq!(folded(&once), once);
        }

        #[test]
        fn every_letter_has_a_place_and_places_are_in_order(text in any::<String>()) {
            let mut end = 0;
            for word in words(&text) {
                prop_assert_eq!(word.folded.chars().count(), word.places.len());
                let is_plain = |c: char| !c.is_ascii() || c.is_ascii_lowercase() || c.is_ascii_digit();
                prop_assert!(word.folded.chars().all(is_plain));
                for place in word.places {
                    prop_assert!(place.start < place.end && text.is_char_boundary(place.start));
                    prop_assert!(text.is_char_boundary(place.end));
                    prop_assert!(place.end >= end);
                    end = place.end;
                }
            }
        }
    }
}
