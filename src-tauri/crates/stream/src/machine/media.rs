//! The media type of a response.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// Returns the media type of a response without its parameters, parsed as browsers do: if there are several, in one
/// header or in many, the last valid one counts, and text after a space is not part of it.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut found = None;
    for value in headers.get_all(CONTENT_TYPE) {
        for one in apart(value.as_bytes()) {
            let end = one
                .iter()
                .position(|byte| matches!(byte, b' ' | b'\t' | b';' | b'('));
            let essence = String::from_utf8_lossy(&one[..end.unwrap_or(one.len())]).to_ascii_lowercase();
            let is_one = essence.contains('/') && essence != "*/*";
            if is_one || (found.is_none() && !essence.is_empty()) {
                found = Some(essence);
            }
        }
    }
    found
}

/// Splits the values of a header that may contain several, separated by commas. Commas in quotes do not separate.
fn apart(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = value.split(move |byte| {
        if quoted {
            quoted = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            return false;
        }
        quoted = *byte == b'"';
        *byte == b','
    });
    parts.map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_last_type_that_is_one_counts() {
        for (values, found) in [
            (&[][..], None),
            (&[""], None),
            (&["text/event-stream"], Some("text/event-stream")),
            (&["Text/Event-Stream;charset=UTF-8"], Some("text/event-stream")),
            (&["text/event-stream charset=utf-8"], Some("text/event-stream")),
            (&["\ttext/event-stream\t"], Some("text/event-stream")),
            (&["text/event-stream; name=\"größe\""], Some("text/event-stream")),
            (&["text/event-stream, "], Some("text/event-stream")),
            (&[", text/event-stream"], Some("text/event-stream")),
            (&["text/event-stream, */*, x"], Some("text/event-stream")),
            (&["text/html, text/event-stream"], Some("text/event-stream")),
            (&["text/event-stream, text/html"], Some("text/html")),
            (
                &["text/event-stream; x=\"a, text/html\""],
                Some("text/event-stream"),
            ),
            (
                &["text/event-stream; x=\"\\\", text/html\""],
                Some("text/event-stream"),
            ),
            (&["text/plain", "text/event-stream"], Some("text/event-stream")),
            (&["text/event-stream", "text/plain"], Some("text/plain")),
            (&["text/event-stream", ""], Some("text/event-stream")),
            (&["event-stream"], Some("event-stream")),
            (&["text / event-stream"], Some("text")),
        ] {
            let values = values
                .iter()
                .map(|value| (CONTENT_TYPE, HeaderValue::from_bytes(value.as_bytes()).unwrap()));
            let headers: HeaderMap = values.collect();
            assert_eq!(media_type(&headers).as_deref(), found, "{headers:?}");
        }
    }
}
