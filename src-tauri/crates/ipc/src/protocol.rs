//! The lines of the protocol: first lines, refusals, requests and answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::session::Session;

/// The version of the protocol, which equals that of the core's protocol, because a window passes the core's JSON on.
/// Client and app can be of different versions.
pub const PROTOCOL_VERSION: u32 = 1;

/// The first line is short: a role, a version, and the names of all event types at most.
pub const MAX_HELLO_BYTES: usize = 4096;

/// Marks of as many items as anybody selects by hand, with keys of the greatest length.
pub const MAX_REQUEST_BYTES: usize = 1024 * 1024;

/// A page of a hundred items with texts of the greatest length, every letter of them escaped. More is not ours.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// The request that shows the window, with an [`OpenRequest`].
pub const APP_OPEN: &str = "app_open";
/// The request of a second start, with a [`StartRequest`]; the answer is a [`StartAnswer`].
pub const APP_START: &str = "app_start";
/// The request that ends the app, as Quit in the tray does.
pub const APP_QUIT: &str = "app_quit";
/// The request that says that the keyring has another token for this API address, or none any more.
pub const CREDENTIALS_CHANGED: &str = "credentials_changed";

/// The request for the keys that a text abbreviates; the answer is a list of the first few.
pub const INBOX_NAMED: &str = "inbox_named";
/// The request that sends logged events to the listeners, with a `ReplayRequest` of the core; the answer is a
/// `Replayed`.
pub const REPLAY: &str = "replay";
/// The request that signs out at a server, with a `SignOutRequest` of the core; the answer is a `SignOutAnswer`.
pub const SIGN_OUT: &str = "sign_out";
/// The request for an access token, which only [`crate::access`] sends: its answer is a secret.
pub const ACCESS_TOKEN: &str = "access_token";

/// The window's request for the whole state, which updates follow.
pub const ATTACH: &str = "attach";
/// The window's choice of event types by their names. Events of these types follow.
pub const LISTEN: &str = "listen";
/// The window's report of its own state, a [`Presence`] or null.
pub const WINDOW_PRESENCE: &str = "window_presence";

/// The core's command by which the page says that it is there; a shell that watches its page looks for it.
pub const WINDOW_SHOWS: &str = "window_shows";

/// The answer to a plain line.
pub const DONE: &str = "{\"done\":true}\n";

/// The roles as the first line names them.
pub const STATUS: &str = "status";
/// The role of programs that receive events.
pub const LISTENER: &str = "listener";
/// The role of programs that send requests.
pub const REQUEST: &str = "request";
/// The role of the window.
pub const WINDOW: &str = "window";

/// A client's first line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hello<'a> {
    /// What it wants to be.
    pub role: &'a str,
    /// Its [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The version of its program. An app of another version looks whether it was upgraded.
    #[serde(default, skip_serializing_if = "str::is_empty", borrow)]
    pub version: &'a str,
    /// The types that a listener wants; all of them where it names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty", borrow)]
    pub types: Vec<&'a str>,
}

impl<'a> Hello<'a> {
    /// In this version.
    pub fn new(role: &'a str, types: &[&'a str]) -> Self {
        Self {
            role,
            protocol: PROTOCOL_VERSION,
            version: env!("CARGO_PKG_VERSION"),
            types: types.to_vec(),
        }
    }
}

/// The code of the refusal of another version, which still understands plain lines.
pub const OTHER_VERSION: &str = "otherVersion";
/// The code of the refusal when something takes too long.
pub const SLOW: &str = "slow";
/// The code of a refusal because too many programs are connected in this role.
pub const BUSY: &str = "busy";
/// The code of a refusal because there is a window already.
pub const WINDOW_OPEN: &str = "windowOpen";

/// The app's answer to a first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Greeting {
    /// The client has the role.
    Accepted {
        /// [`PROTOCOL_VERSION`].
        protocol: u32,
        /// The app's version.
        version: String,
    },
    /// It does not.
    Refused(Refused),
}

impl Greeting {
    /// By this version.
    pub fn accepted() -> Self {
        Self::Accepted {
            protocol: PROTOCOL_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Why a client was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// A code that is stable across versions.
    pub code: String,
    /// The text in the app's language, for a client that does not know the message.
    pub words: String,
    /// A message of the core's catalogue, or what another version has in its place.
    #[serde(default)]
    pub message: Value,
    /// The app's [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The app's version.
    pub version: String,
}

/// A request of a client.
#[derive(Debug, Serialize, Deserialize)]
pub struct RequestLine<N, R> {
    /// Repeated in the answer.
    pub id: u64,
    /// One of the core's commands, or of the app's.
    pub call: N,
    /// What the command takes.
    #[serde(default)]
    pub request: R,
}

/// The answer to a request.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerLine {
    /// The request's.
    pub id: u64,
    /// The result.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The result of a request.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The response.
    Ok(Value),
    /// A `CommandError` of the core.
    Error(Value),
}

/// A line of a window.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WindowLine {
    /// A request.
    Request {
        /// Repeated in the answer.
        id: u64,
        /// The command.
        call: String,
        /// What the command takes.
        #[serde(default)]
        request: Value,
    },
    /// It is in front, in response to the `Raise` with this number.
    Raised {
        /// The number.
        raised: u64,
    },
}

/// A line to a window.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ToWindow {
    /// The answer to a request.
    Answer(AnswerLine),
    /// An update of the state, for the newest attachment.
    Update(Value),
    /// An event of the chosen types.
    Event(Value),
    /// It should come to the front and confirm that.
    Raise(Raise),
    /// The app ends because somebody quit, and the window with it.
    Quit,
}

/// A request to come to the front.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Raise {
    /// Repeated in the confirmation.
    pub number: u64,
    /// The token of the user's click, for desktops that prevent windows from stealing the focus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_token: Option<String>,
}

/// The state of the window according to the window system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// It has the keyboard focus.
    pub focused: bool,
    /// It is on screen.
    pub visible: bool,
    /// Milliseconds since the last input in it; absent if unknown. A duration, because times of `Instant` have no
    /// meaning in another process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_input: Option<u64>,
}

/// What [`APP_OPEN`] takes.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenRequest {
    /// The key of the item to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The token of the user's click, for desktops that prevent windows from stealing the focus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_token: Option<String>,
}

/// What [`APP_START`] takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartRequest {
    /// The window is to be shown.
    #[serde(default)]
    pub open: bool,
    /// The token of the user's click, for desktops that prevent windows from stealing the focus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_token: Option<String>,
    /// The session of the second start; none where the app does not follow sessions.
    #[serde(default)]
    pub session: Session,
}

/// What [`APP_START`] is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartAnswer {
    /// The app begins anew in that session; this connection ends, and the next one reaches it there.
    pub moves: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_has_the_id_of_its_request() {
        let line = AnswerLine {
            id: 7,
            outcome: Outcome::Ok(json!([1])),
        };
        assert_eq!(serde_json::to_value(&line).unwrap(), json!({"id": 7, "ok": [1]}));
        let line = json!({"id": 8, "error": {"code": "gone", "message": {"id": "error-gone", "args": {}}}});
        let read: AnswerLine = serde_json::from_value(line).unwrap();
        assert_eq!(read.id, 8);
        assert!(matches!(read.outcome, Outcome::Error(_)));
        let line: RequestLine<String, Value> = serde_json::from_str("{\"id\":1,\"call\":\"x\"}").unwrap();
        assert_eq!(line.request, Value::Null);
    }
}
