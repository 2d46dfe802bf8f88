//! Output as lines of JSON on stdout, or as text if that is a terminal; errors on stderr.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};
use std::sync::{Arc, LazyLock};

use gloria_core::message::{self, Message};
use gloria_core::text;
use gloria_words::Words;
use serde::{Deserialize as _, Serialize};
use serde_json::ser::Formatter;
use serde_json::{Serializer, Value};

/// The format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text for people.
    Words,
    /// JSON for programs, one object per line.
    Json,
}

impl Format {
    /// Text on a terminal, unless JSON is requested.
    pub(crate) fn chosen(json: bool) -> Self {
        if json || !io::stdout().is_terminal() {
            Self::Json
        } else {
            Self::Words
        }
    }
}

/// Prints lines for users.
pub(crate) fn print_words(lines: impl IntoIterator<Item = String>) -> io::Result<()> {
    print_lines(lines.into_iter().map(|line| text::printable(&line)))
}

/// Prints lines that are printable already.
pub(crate) fn print_lines(lines: impl IntoIterator<Item = String>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// Writes JSON objects to stdout, one per line.
#[derive(Debug)]
pub(crate) struct Lines(BufWriter<Stdout>);

impl Lines {
    pub(crate) fn new() -> Self {
        // A burst is written with few calls; the caller flushes at its end.
        Self(BufWriter::with_capacity(64 * 1024, io::stdout()))
    }

    pub(crate) fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        write_line(&mut self.0, line)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn write_line(out: &mut impl io::Write, line: &impl Serialize) -> io::Result<()> {
    line.serialize(&mut Serializer::with_formatter(&mut *out, Printable))?;
    out.write_all(b"\n")
}

/// JSON on one line, with control and invisible characters escaped: an event must not be able to clear the screen or
/// imitate another. A parser reads the same value.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        writer.write_all(text::escaped_json(fragment).as_bytes())
    }
}

/// Prints an error for the user.
pub(crate) fn print_error(message: &Message) {
    print_error_text(&catalogue().say(message));
}

/// Like [`print_error`], for text that is already formatted: that of the settings and of the system.
pub(crate) fn print_error_text(words: &str) {
    // Fails if stderr is closed.
    let _ = writeln!(io::stderr(), "gloria: {}", text::printable(words));
}

/// Returns a message as the error that ends the command.
pub(crate) fn failure(message: &Message) -> anyhow::Error {
    anyhow::Error::msg(catalogue().say(message))
}

/// Whether the reader of the output has closed it, like `head`.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
            || cause
                .downcast_ref::<serde_json::Error>()
                .is_some_and(|error| error.io_error_kind() == Some(io::ErrorKind::BrokenPipe))
    })
}

/// Returns the catalogue of the user's language.
pub(crate) fn catalogue() -> &'static Arc<Words> {
    static CATALOGUE: LazyLock<Arc<Words>> = LazyLock::new(|| Arc::new(gloria_program::words()));
    &CATALOGUE
}

/// Parses the value of an option.
pub(crate) fn whole_number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| catalogue().say(&message::cli_number()))
}

/// Formats a message of the document; one of an earlier version already is text.
pub(crate) fn text_of(message: &Value, catalogue: &Words) -> Option<String> {
    if let Some(words) = message.as_str() {
        return Some(words.to_owned()).filter(|words| !words.is_empty());
    }
    let message = Message::deserialize(message).ok()?;
    Some(catalogue.say(&message))
}

/// Adds its text to the code of every message, because scripts compare codes and users read the output.
pub(crate) fn add_words(document: &mut Value, catalogue: &Words) {
    // Other lists and objects can be read as a message as well.
    let is_message = document["id"].is_string() && document["args"].is_object();
    let words = is_message.then(|| text_of(document, catalogue)).flatten();
    match document {
        Value::Object(fields) => match words {
            Some(words) => {
                fields.insert("words".to_owned(), words.into());
            }
            None => fields.values_mut().for_each(|field| add_words(field, catalogue)),
        },
        Value::Array(entries) => entries.iter_mut().for_each(|entry| add_words(entry, catalogue)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn only_messages_get_words() {
        let message = json!({"id": "socket-busy", "args": {}});
        let other = json!({"views": ["inbox"], "actor": {"id": "socket-busy"}});
        let mut document = json!([message, other]);
        add_words(&mut document, Words::english());
        assert!(document[0]["words"].is_string());
        assert_eq!(document[1], other);
    }

    proptest! {
        #[test]
        fn a_line_holds_nothing_that_a_terminal_obeys_and_means_the_same(
            name in any::<String>(),
            text in "[\u{0}-\u{a0}\u{61c}\u{200b}-\u{206f}\u{feff}\u{e0000}-\u{e007f}\"\\\\é😀]{0,40}",
        ) {
            let line = json!({ name: { "list": [text, 1.5, null] } });
            let mut out = Vec::new();
            write_line(&mut out, &line)?;
            let out = String::from_utf8(out)?;
            let written = out.strip_suffix('\n').unwrap_or_default();
            prop_assert!(!written.chars().any(|c| c.is_control() || text::is_invisible(c)), "{}", written);
            prop_assert_eq!(serde_json::from_str::<Value>(written)?, line);
        }
    }
}
