//! WHATWG HTML 9.2.5 and 9.2.6 step by step, on strings, regardless of speed: the reference for the parser.

use crate::Seen;

/// Parses a complete stream.
pub(crate) fn read(stream: &[u8], last_id: &str) -> Seen {
    let mut seen = Seen::default();

    // "Streams must be decoded using the UTF-8 decode algorithm": replacement for what is invalid, one BOM stripped.
    let text = String::from_utf8_lossy(stream);
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);

    let mut data = String::new();
    let mut event_type = String::new();
    let mut id_buffer = last_id.to_owned();
    let mut id_string = last_id.to_owned();

    for line in lines(text) {
        if line.is_empty() {
            // "If the line is empty (a blank line): dispatch the event."
            id_string = id_buffer.clone();
            if data.is_empty() {
                event_type.clear();
                continue;
            }
            if data.ends_with('\n') {
                data.pop();
            }
            let name = if event_type.is_empty() {
                "message"
            } else {
                &event_type
            };
            seen.events
                .push((name.to_owned(), data.clone(), id_string.clone()));
            data.clear();
            event_type.clear();
        } else if line.starts_with(':') {
            // "Ignore the line."
        } else if let Some((name, value)) = line.split_once(':') {
            let value = value.strip_prefix(' ').unwrap_or(value);
            process(
                name,
                value,
                &mut data,
                &mut event_type,
                &mut id_buffer,
                &mut seen.retries,
            );
        } else {
            process(
                &line,
                "",
                &mut data,
                &mut event_type,
                &mut id_buffer,
                &mut seen.retries,
            );
        }
    }

    // "Once the end of the file is reached, any pending data must be discarded."
    seen.last_id = id_string;
    seen
}

/// "Process the field."
fn process(
    name: &str,
    value: &str,
    data: &mut String,
    event_type: &mut String,
    id_buffer: &mut String,
    retries: &mut Vec<u64>,
) {
    match name {
        "event" => value.clone_into(event_type),
        "data" => {
            data.push_str(value);
            data.push('\n');
        }
        "id" if !value.contains('\0') => value.clone_into(id_buffer),
        "retry" if !value.is_empty() && value.chars().all(|char| char.is_ascii_digit()) => {
            retries.extend(value.parse::<u64>());
        }
        _ => {}
    }
}

/// Returns the lines, which end with CRLF, LF or CR. Text after the last line end is not a line.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                }
                lines.push(std::mem::take(&mut line));
            }
            '\n' => lines.push(std::mem::take(&mut line)),
            other => line.push(other),
        }
    }
    lines
}
