//! A mistake in how a file is written, as the TOML reader found it.

use crate::message::{self, Phrase};

/// What is wrong. The reader has English texts only, so those that people's slips lead to are codes here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyntaxError {
    /// A name or a section stands there for the second time.
    Duplicate {
        /// The name.
        name: String,
    },
    /// A name without an equals sign and a value.
    NoValue,
    /// A value without a name.
    NoName,
    /// A text without its quotes, or a word that is none.
    NotQuoted,
    /// A quote or a bracket that is not closed.
    NotClosed,
    /// A backslash in a text, which begins an escape, as in a path of Windows.
    Backslash,
    /// `True` or `FALSE`.
    Capitals,
    /// A number that begins with a zero.
    LeadingZero,
    /// A comment that begins as in another language.
    Comment,
    /// A character that is none, such as the end of a C string.
    ControlCharacter,
    /// Something behind the value, or a second equals sign.
    Surplus,
    /// A character in a name that only a name in quotes can have.
    BadName,
    /// A number or a date that is none.
    BadValue,
    /// Brackets within brackets, deeper than the reader follows.
    TooDeep,
    /// Something else, in the words of the reader. They never repeat a value.
    Other(String),
}

impl SyntaxError {
    /// From the words of the reader. `named` is what stands at the place that it names, in this line.
    pub(super) fn of(words: &str, named: &str, line: &str) -> Self {
        let (what, expected) = words.split_once(", expected ").unwrap_or((words, ""));
        let is_quote = expected.contains('"') || expected.contains('\'');
        if line.trim_end().chars().any(|c| c.is_control() && c != '\t') {
            return Self::ControlCharacter;
        }
        // What stands before any quote or comment.
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

    /// What is wrong, as a part of a sentence.
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
