//! Errors of the server, and errors of workflows.

use serde_json::Value;

use super::fields::Fields;
use super::spelling::find;
use super::values::{self, Reading};
use super::{Expected, ServerError};
use crate::event::refusal;

/// A server's error code is a token; sentences are not passed on.
pub(super) fn server_error(fields: &mut Fields<'_>) -> ServerError {
    let status = |value: &Value| {
        let number =
            values::number(value).filter(|number| (100.0..600.0).contains(number) && number.fract() == 0.0);
        number.map_or(Reading::Unreadable, |number| Reading::Value(number as u16))
    };
    let code = |value: &Value| match value.as_str().map(str::trim) {
        Some(text) if is_token(text) && values::number(value).is_none() => Reading::Value(text.to_owned()),
        Some(_) | None => Reading::Unreadable,
    };
    let read_status = ["statusCode", "status", "httpStatus", "code"]
        .iter()
        .find_map(|name| {
            let key = find(&fields.object, name)?;
            match status(&fields.object[&key]) {
                Reading::Value(status) => Some(status),
                Reading::Nothing | Reading::Unreadable => None,
            }
        });
    let read_code = ["code", "error", "type", "name", "status", "reason"]
        .iter()
        .find_map(|name| {
            let key = find(&fields.object, name)?;
            match code(&fields.object[&key]) {
                Reading::Value(code) => Some(code),
                Reading::Nothing | Reading::Unreadable => None,
            }
        });
    // A sentence is only searched for phrases that mean that the user has to sign in.
    let read_code = read_code.or_else(|| {
        let named = [
            "message",
            "error",
            "errors",
            "detail",
            "title",
            "reason",
            "description",
        ];
        named.iter().find_map(|name| {
            let key = find(&fields.object, name)?;
            let Reading::Value(sentence) = failure(&fields.object[&key]) else {
                return None;
            };
            refusal::code_in(&sentence).map(str::to_owned)
        })
    });
    ServerError {
        status: read_status,
        code: read_code,
        retry_after: fields
            .read(&["retryAfter"], Expected::Span, values::span)
            .into_value(),
    }
}

fn is_token(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-'))
}

/// An error as text, or as an object of the kinds that languages and frameworks make of one.
pub(super) fn failure(value: &Value) -> Reading<String> {
    let Value::Object(error) = value else {
        return values::body(value);
    };
    [
        "message",
        "error",
        "reason",
        "detail",
        "details",
        "description",
        "msg",
        "title",
        "name",
        "code",
        "type",
    ]
    .iter()
    .filter_map(|name| error.get(*name))
    .find_map(|inner| match inner {
        Value::Object(_) => match failure(inner) {
            Reading::Value(text) => Some(text),
            Reading::Nothing | Reading::Unreadable => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            match values::body(inner) {
                Reading::Value(text) => Some(text),
                Reading::Nothing | Reading::Unreadable => None,
            }
        }
    })
    .map_or(Reading::Unreadable, Reading::Value)
}
