//! A syntax error in a settings file, from the messages of the TOML parser.

use crate::message::{self, Phrase};

/// What is wrong. The parser has only English texts, so the common mistakes are codes here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyntaxError {
    /// A name or a section occurs twice.
    Duplicate {
        /// The name.
        name: String,
    },
    /// A name without an equals sign and a value.
    NoValue,
    /// A value without a name.
    NoName,
    /// A text without quotes, or an unknown word.
    NotQuoted,
    /// A quote or a bracket that is not closed.
    NotClosed,
    /// A backslash in a text, which begins an escape, as in a Windows path.
    Backslash,
    /// `True` or `FALSE`.
    Capitals,
    /// A number that begins with a zero.
    LeadingZero,
    /// A comment in the syntax of another language.
    Comment,
    /// An invalid character, such as NUL.
    ControlCharacter,
    /// Text after the value, or a second equals sign.
    Surplus,
    /// A character in a name that is valid only in quotes.
    BadName,
    /// An invalid number or date.
    BadValue,
    /// Brackets nested deeper than the parser supports.
    TooDeep,
    /// Another error, in the parser's words. They never repeat a value.
    Other(String),
}

impl SyntaxError {
    /// Classifies a message of the parser. `named` is the text at the position that it reports, in this line.
    pub(super) fn of(words: &str, named: &str, line: &str) -> Self {
        let (what, expected) = words.split_once(", expected ").unwrap_or((words, ""));
        let is_quote = expected.contains('"') || expected.contains('\'');
        if line.trim_end().chars().any(|c| c.is_control() && c != '\t') {
            return Self::ControlCharacter;
        }
        // The text before any quote or comment.
        let bare = line.split(['"', '\'', '#']).next().unwrap_or_default();
        if bare.trim_start().starts_with("//") || bare.trim_start().starts_with(';') || bare.contains(" //") {
            return Self::Comment;
        }
        match what {
            "duplicate key" => Self::Duplicate {
                name: named.to_owned(),
            },
            "string values must be quoted" if named.is_empty() => Self::NoValue,
            "key with no value" | "missing value" | "missing value for key" => Self::NoValue,
            "unquoted keys cannot be empty" => Self::NoName,
            "string values must be quoted" => Self::NotQuoted,
            "unclosed array" | "unclosed inline table" | "unclosed table" | "unclosed array table" => {
                Self::NotClosed
            }
            "invalid basic string" | "invalid literal string" if is_quote => Self::NotClosed,
            "invalid multi-line basic string" | "invalid multi-line literal string" if is_quote => {
                Self::NotClosed
            }
            "too few unicode value digits" | "missing escaped value" | "invalid value" => Self::Backslash,
            "invalid boolean" => Self::Capitals,
            "unexpected leading zero" => Self::LeadingZero,
            "unexpected key or value" | "extra `=`" => Self::Surplus,
            "invalid unquoted key" => Self::BadName,
            "recursion limit" | "cannot recurse further; max recursion depth met" => Self::TooDeep,
            _ if what.starts_with("invalid ") || what.starts_with("`_` may") => Self::BadValue,
            _ if what.starts_with("cannot extend value") => Self::Duplicate {
                name: named.to_owned(),
            },
            _ => Self::Other(words.to_owned()),
        }
    }

    /// Returns what is wrong, as a part of a sentence.
    pub fn phrase(&self) -> Phrase {
        match self {
            Self::Duplicate { name } => message::syntax_duplicate(name),
            Self::NoValue => message::syntax_no_value(),
            Self::NoName => message::syntax_no_name(),
            Self::NotQuoted => message::syntax_not_quoted(),
            Self::NotClosed => message::syntax_not_closed(),
            Self::Backslash => message::syntax_backslash(),
            Self::Capitals => message::syntax_capitals(),
            Self::LeadingZero => message::syntax_leading_zero(),
            Self::Comment => message::syntax_comment(),
            Self::ControlCharacter => message::syntax_control_character(),
            Self::Surplus => message::syntax_surplus(),
            Self::BadName => message::syntax_bad_name(),
            Self::BadValue => message::syntax_bad_value(),
            Self::TooDeep => message::syntax_too_deep(),
            Self::Other(words) => return Phrase::Text(words.clone()),
        }
        .into()
    }
}
