//! The JSON format of an event in a text message: the fields of a server-sent event, as one object.

use serde::Deserialize;

/// `{"event": "…", "id": "…", "data": "…", "retry": 5000}`. All fields are optional, and unknown ones are ignored.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Envelope {
    /// The event's type.
    pub(super) event: Option<String>,
    /// The last event id from here on; empty removes it.
    pub(super) id: Option<String>,
    /// The content of the event's data lines. Without it there is no event, as without a data line.
    pub(super) data: Option<String>,
    /// The reconnection time, in milliseconds.
    pub(super) retry: Option<u64>,
}

impl Envelope {
    /// Parses a message; `None` if it has another format.
    pub(super) fn read(text: &str) -> Option<Self> {
        // A JSON array would be read as the fields in order.
        if !text.trim_start().starts_with('{') {
            return None;
        }
        serde_json::from_str(text)
            .ok()
            .filter(|envelope| *envelope != Self::default())
    }
}

/// Returns the id of a message, without storing its data.
pub(super) fn id_of(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Id {
        id: Option<String>,
    }
    serde_json::from_str::<Id>(text).ok()?.id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_as_they_are() {
        let envelope = Envelope::read(
            " {\"event\":\"a.b\",\"id\":\"7\",\"data\":\"{\\\"x\\\":1}\\r\\n\\u20ac\",\"retry\":5,\"more\":[]}",
        );
        let wanted = Envelope {
            event: Some("a.b".to_owned()),
            id: Some("7".to_owned()),
            data: Some("{\"x\":1}\r\n€".to_owned()),
            retry: Some(5),
        };
        assert_eq!(envelope, Some(wanted));
        let id = Envelope::read(r#"{"id":"","event":null}"#).unwrap();
        assert_eq!((id.id.as_deref(), id.data), (Some(""), None));
    }

    #[test]
    fn the_id_is_found_without_the_data() {
        assert_eq!(id_of(r#"{"data":"long","id":"7"}"#).as_deref(), Some("7"));
        assert_eq!(id_of(r#"{"data":"long"}"#), None);
        assert_eq!(id_of(r#"{"data":"long","id":7}"#), None);
    }

    #[test]
    fn another_shape_is_none() {
        for text in [
            "",
            "hello",
            "null",
            "[]",
            r#"["a","1","x",null]"#,
            "{}",
            r#"{"type":"a"}"#,
            r#"{"data":{"id":"1"}}"#,
            r#"{"id":1,"data":"x"}"#,
            r#"{"data":"x","retry":-1}"#,
            r#"{"data":"x","retry":"5"}"#,
            r#"{"data":"x"} {"data":"y"}"#,
            r#"{"data":"x","data":"y"}"#,
            r#"{"data":"x""#,
            r#"{"data":"\ud800"}"#,
        ] {
            assert_eq!(Envelope::read(text), None, "{text}");
        }
        let deep = format!("{}{}", r#"{"data":"x","more":"#, "[".repeat(100_000));
        assert_eq!(Envelope::read(&deep), None, "nesting has an end");
    }
}
