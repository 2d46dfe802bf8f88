//! Why an app was not reached, for the user.

use gloria_core::message::{self, Message};
use gloria_ipc::{AskError, Refused};
use serde::Deserialize as _;

/// Refusals of this version. The catalogue does not contain what another version answers, which is shown in the
/// language in which it arrived.
const KNOWN_CODES: [&str; 7] = [
    "unknownRole",
    "unknownType",
    "notUnderstood",
    "tooLong",
    "busy",
    "windowOpen",
    "ownWindow",
];

/// The message for the user.
pub fn ask_failure(error: &AskError) -> Message {
    match error {
        AskError::NotRunning => message::app_not_running(),
        AskError::Silent => message::app_silent(),
        AskError::Unreachable(problem) => message::app_unreachable(problem.to_string()),
        AskError::Unknown => message::app_other_version(),
        AskError::Refused(refused) => refusal(refused),
    }
}

fn refusal(refused: &Refused) -> Message {
    let known = KNOWN_CODES.contains(&&*refused.code);
    let message = known.then(|| Message::deserialize(&refused.message).ok());
    message
        .flatten()
        .unwrap_or_else(|| message::cli_as_it_is(&refused.words))
}

#[cfg(test)]
mod tests {
    use gloria_words::Words;
    use serde_json::{Value, json};

    use super::*;

    fn said(code: &str, message: Value) -> String {
        let words = "the words that came".into();
        let (protocol, version) = (9, "9.9.9".into());
        let refused = Refused {
            code: code.into(),
            words,
            message,
            protocol,
            version,
        };
        Words::english().say(&ask_failure(&AskError::Refused(Box::new(refused))))
    }

    #[test]
    fn a_refusal_is_shown_from_the_own_catalogue_and_an_unknown_one_as_it_came() {
        let busy = serde_json::to_value(message::socket_busy()).unwrap();
        assert!(said("busy", busy.clone()).contains("too many programs"));
        for (code, message) in [
            ("fullMoon", busy),
            ("busy", json!("words")),
            ("busy", Value::Null),
        ] {
            assert_eq!(said(code, message), "the words that came");
        }
    }
}
