//! The meaning of a client's first line, and the reasons for refusing a client.

use gloria_core::message::{self, Message};
use gloria_core::protocol::EventType;
use gloria_ipc::protocol::{
    BUSY, Greeting, Hello, LISTENER, OTHER_VERSION, PROTOCOL_VERSION, REQUEST, Refused, SLOW, STATUS, WINDOW,
    WINDOW_OPEN,
};
use gloria_words::Words;
use serde::Deserialize;

// A window passes the core's JSON on unchanged, so both have one version.
const _: () = assert!(PROTOCOL_VERSION == gloria_core::protocol::PROTOCOL_VERSION);

/// In characters; unknown names are quoted up to this length.
const MAX_QUOTED_NAME: usize = 64;

/// What a client's first line requests.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    Status,
    Listener(Vec<EventType>),
    Request,
    Window,
    /// Show the window, as a plain line.
    Open,
    /// Quit the app, as a plain line.
    Quit,
}

impl Opening {
    /// Reads a first line. The plain lines `status`, `open` and `quit` mean the same in every version, so that an app
    /// of another version can be asked for its status and ended.
    ///
    /// `on_version` is called with the version of the client's program, if it says it.
    pub(super) fn parse(line: &[u8], on_version: impl FnOnce(&str)) -> Result<Self, Refusal> {
        match line {
            b"status" => return Ok(Self::Status),
            b"open" => return Ok(Self::Open),
            b"quit" => return Ok(Self::Quit),
            _ => {}
        }
        // In another version the other fields may have other types.
        let Ok(Versioned {
            role,
            protocol,
            version,
        }) = serde_json::from_slice(line)
        else {
            return Err(Refusal::NotUnderstood);
        };
        if !version.is_empty() {
            on_version(&version);
        }
        if role == STATUS {
            // Its document is stable across versions.
            return Ok(Self::Status);
        }
        if protocol != PROTOCOL_VERSION {
            return Err(Refusal::OtherVersion);
        }
        if role == REQUEST {
            return Ok(Self::Request);
        }
        if role == WINDOW {
            return Ok(Self::Window);
        }
        if role != LISTENER {
            return Err(Refusal::UnknownRole(quoted(&role)));
        }
        let Ok(Hello { types, .. }) = serde_json::from_slice(line) else {
            return Err(Refusal::NotUnderstood);
        };
        if types.is_empty() {
            return Ok(Self::Listener(EventType::ALL.to_vec()));
        }
        let known = |name: &&str| {
            let found = EventType::ALL.iter().find(|known| known.name() == *name);
            found.copied().ok_or_else(|| Refusal::UnknownType(quoted(name)))
        };
        types
            .iter()
            .map(known)
            .collect::<Result<_, _>>()
            .map(Self::Listener)
    }
}

#[derive(Deserialize)]
struct Versioned {
    role: String,
    protocol: u32,
    #[serde(default)]
    version: String,
}

fn quoted(name: &str) -> String {
    name.chars().take(MAX_QUOTED_NAME).collect()
}

/// Why a client is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    OtherVersion,
    UnknownRole(String),
    UnknownType(String),
    NotUnderstood,
    TooLong,
    /// The role's limit is reached.
    Busy,
    /// A window is already connected.
    WindowOpen,
    /// The app shows its window itself.
    OwnWindow,
    /// Its request takes too long, or it took too long to send one.
    Slow,
}

impl Refusal {
    /// A code that is stable across versions.
    fn code(&self) -> &'static str {
        match self {
            Self::OtherVersion => OTHER_VERSION,
            Self::UnknownRole(_) => "unknownRole",
            Self::UnknownType(_) => "unknownType",
            Self::NotUnderstood => "notUnderstood",
            Self::TooLong => "tooLong",
            Self::Busy => BUSY,
            Self::WindowOpen => WINDOW_OPEN,
            Self::OwnWindow => "ownWindow",
            Self::Slow => SLOW,
        }
    }

    fn message(&self) -> Message {
        match self {
            Self::OtherVersion => message::socket_other_version(env!("CARGO_PKG_VERSION"), PROTOCOL_VERSION),
            Self::UnknownRole(name) => message::socket_unknown_role(name),
            Self::UnknownType(name) => message::socket_unknown_type(name),
            Self::NotUnderstood => message::socket_not_understood(),
            Self::TooLong => message::socket_too_long(),
            Self::Busy => message::socket_busy(),
            Self::WindowOpen => message::socket_window_open(),
            Self::OwnWindow => message::socket_own_window(),
            Self::Slow => message::socket_slow(),
        }
    }

    /// As sent to the client: with its text, because the client's version may not know the message.
    pub(super) fn line(&self, words: &Words) -> Greeting {
        let message = self.message();
        Greeting::Refused(Refused {
            code: self.code().to_owned(),
            words: words.say(&message),
            message: serde_json::to_value(message).unwrap_or_default(),
            protocol: PROTOCOL_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(line: &str) -> Result<Opening, Refusal> {
        Opening::parse(line.as_bytes(), |_| {})
    }

    #[test]
    fn a_first_line_is_read_as_it_is_written() {
        let types = [EventType::WorkflowFailed, EventType::StreamGap];
        for (hello, opening) in [
            (Hello::new(STATUS, &[]), Opening::Status),
            (Hello::new(REQUEST, &[]), Opening::Request),
            (Hello::new(WINDOW, &[]), Opening::Window),
            (
                Hello::new(LISTENER, &types.map(EventType::name)),
                Opening::Listener(types.to_vec()),
            ),
            (
                Hello::new(LISTENER, &[]),
                Opening::Listener(EventType::ALL.to_vec()),
            ),
        ] {
            assert_eq!(parsed(&serde_json::to_string(&hello).unwrap()), Ok(opening));
        }
        assert_eq!(parsed("status"), Ok(Opening::Status));
        assert_eq!(parsed("open"), Ok(Opening::Open));
        assert_eq!(parsed("quit"), Ok(Opening::Quit));
    }

    #[test]
    fn another_version_is_refused_whatever_else_it_says_and_may_still_ask_for_the_status() {
        for line in [
            json!({"role": "request", "protocol": PROTOCOL_VERSION + 1}),
            json!({"role": "telepathy", "protocol": 0, "types": {"of": "another kind"}}),
            json!({"role": "listener", "protocol": 99, "types": [1]}),
        ] {
            assert_eq!(parsed(&line.to_string()), Err(Refusal::OtherVersion), "{line}");
        }
        assert_eq!(
            parsed(&json!({"role": "status", "protocol": 99}).to_string()),
            Ok(Opening::Status)
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_by_what_is_wrong() {
        let this = PROTOCOL_VERSION;
        for line in [
            "",
            "{",
            "[]",
            "{}",
            "null",
            "open sesame",
            "{\"role\":\"request\"}",
            "\u{e9}",
        ] {
            assert_eq!(parsed(line), Err(Refusal::NotUnderstood), "{line:?}");
        }
        assert_eq!(Opening::parse(b"\xff\xfe{}", |_| {}), Err(Refusal::NotUnderstood));
        assert_eq!(
            parsed(&json!({"role": "door", "protocol": this}).to_string()),
            Err(Refusal::UnknownRole("door".into()))
        );
        assert_eq!(
            parsed(&json!({"role": "listener", "protocol": this, "types": ["heartbeet"]}).to_string()),
            Err(Refusal::UnknownType("heartbeet".into()))
        );
        let long = json!({"role": "x".repeat(1000), "protocol": this}).to_string();
        assert_eq!(
            parsed(&long),
            Err(Refusal::UnknownRole("x".repeat(MAX_QUOTED_NAME)))
        );
    }

    #[test]
    fn a_refusal_has_a_code_and_words() {
        let line = Refusal::OtherVersion.line(Words::english());
        let line = serde_json::to_value(line).unwrap();
        assert_eq!(line["refused"]["code"], "otherVersion");
        assert_eq!(line["refused"]["message"]["id"], "socket-other-version");
        let words = line["refused"]["words"].as_str().unwrap();
        assert!(words.contains(env!("CARGO_PKG_VERSION")), "{words}");
    }
}
