//! The lines of `gloria tail`. Scripts read them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gloria_core::message::{Message, MessageArg};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StateLine<'a> {
    pub(super) kind: &'static str,
    pub(super) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_in_ms: Option<u64>,
    /// Why, for users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    /// Why, for programs.
    #[serde(flatten)]
    pub(super) code: Option<Code<'a>>,
}

/// The id and parameters of a message, for programs, which are the same in every language.
#[derive(Serialize)]
pub(super) struct Code<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    args: &'a BTreeMap<Cow<'static, str>, MessageArg>,
}

impl<'a> Code<'a> {
    pub(super) fn of(message: &'a Message) -> Self {
        Self {
            code: &message.id,
            args: &message.args,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventLine<'a, D> {
    pub(super) kind: &'static str,
    pub(super) event: &'a str,
    pub(super) id: &'a str,
    pub(super) data: D,
    /// Fields of the event that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<&'static str>,
}

#[derive(Serialize)]
pub(super) struct InvalidLine<'a> {
    pub(super) kind: &'static str,
    pub(super) event: &'a str,
    pub(super) id: &'a str,
    /// What is wrong, for users.
    pub(super) error: &'a str,
    /// What is wrong, for programs.
    #[serde(flatten)]
    pub(super) code: Code<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SummaryLine<'a> {
    pub(super) kind: &'static str,
    pub(super) events: u64,
    pub(super) bytes: u64,
    pub(super) seconds: f64,
    pub(super) last_event_id: &'a str,
}
