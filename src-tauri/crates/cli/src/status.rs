//! `gloria status`: how the running app is doing. Monitoring depends on its document and exit codes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use gloria_core::message::{self, Message};
use gloria_core::text;
use gloria_program::process;
use gloria_words::Words;
use serde_json::Value;

use crate::output::{add_words, catalogue, print_error, text_of};
use crate::running::{self, NO_ANSWER};

/// Not connected; the app is retrying.
const WORKING: u8 = 1;
/// The user has to act before notifications arrive.
const NEEDS_USER: u8 = 4;
/// Not connected because the user disconnected.
const DISCONNECTED: u8 = 6;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let paths = match gloria_program::paths(process::variable) {
        Ok(paths) => paths,
        Err(error) => {
            print_error(&error.message());
            return Ok(ExitCode::from(NO_ANSWER));
        }
    };
    let document = match gloria_ipc::ask_status(&paths.data).await {
        Ok(document) => document,
        Err(error) => return Ok(running::failure(&error)),
    };
    let status = serde_json::from_str::<Value>(&document);
    let Some(status) = status.ok().filter(|status| status["health"].is_string()) else {
        return Ok(failure(NO_ANSWER, &message::cli_app_senseless()));
    };
    let text = if options.json {
        let mut status = status.clone();
        add_words(&mut status, catalogue());
        let mut document = serde_json::to_string(&status)?;
        document.push('\n');
        text::escaped_json(&document).into_owned()
    } else {
        words(&status, catalogue(), now())
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(match status["health"].as_str() {
        Some("connected") => ExitCode::SUCCESS,
        Some("needsUser") => ExitCode::from(NEEDS_USER),
        Some("working") => ExitCode::from(WORKING),
        Some("disconnected") => ExitCode::from(DISCONNECTED),
        Some(_) | None => ExitCode::from(NO_ANSWER),
    })
}

fn failure(code: u8, problem: &Message) -> ExitCode {
    print_error(problem);
    ExitCode::from(code)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Formats a few lines for the user; fields that another version omits are omitted.
fn words(status: &Value, catalogue: &Words, now: i64) -> String {
    let (connection, counts, metrics) = (&status["connection"], &status["counts"], &status["metrics"]);
    let mut lines = String::new();
    let mut line = |indent: &str, message: Message| {
        let words = text::sentence(&catalogue.say(&message));
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{indent}{}", text::printable(&words));
    };
    line("", headline(status, catalogue, now));
    if let Some(heard) = connection["lastHeardAt"].as_i64() {
        line("", message::cli_last_heard(span(now - heard)));
    }
    let count = |number: &Value| number.as_i64().unwrap_or_default();
    let filling = &connection["filling"];
    if filling.is_object() {
        let items = count(&filling["items"]);
        line(
            "",
            match filling["isFailing"].as_bool() {
                Some(true) => message::cli_filling_fails(items),
                Some(false) | None => message::cli_filling(items),
            },
        );
    }
    line(
        "",
        message::cli_counts(
            count(&counts["unseen"]),
            count(&counts["unread"]),
            count(&counts["total"]),
        ),
    );
    if let Some(since) = status["since"].as_i64() {
        let running = message::cli_running(
            span(now - since),
            message::cli_attempts(count(&metrics["attempts"])),
            message::cli_connections(count(&metrics["connections"])),
            message::cli_events(count(&metrics["events"])),
            count(&metrics["failedEvents"]),
        );
        line("", running);
    }
    for error in metrics["errors"].as_array().into_iter().flatten().take(3) {
        let cause = text_of(&error["cause"], catalogue).unwrap_or_default();
        line("  ", message::cli_times(count(&error["count"]), cause));
    }
    let unreadable: Vec<_> = metrics["unread"].as_array().into_iter().flatten().collect();
    if !unreadable.is_empty() {
        line("", message::cli_not_understood());
    }
    for entry in unreadable {
        line("  ", unread(entry, catalogue, now));
    }
    let locked: Vec<_> = status["setByPolicy"].as_array().into_iter().flatten().collect();
    if !locked.is_empty() {
        let names: Vec<_> = locked.iter().filter_map(|name| name.as_str()).collect();
        line("", message::cli_locked(names.join(", ")));
    }
    let kept: Vec<_> = status["keptHere"].as_array().into_iter().flatten().collect();
    if !kept.is_empty() {
        let names: Vec<_> = kept.iter().filter_map(|name| name.as_str()).collect();
        line("", message::cli_kept_here(names.join(", ")));
    }
    let release = &status["updates"]["release"];
    if let Some(version) = release["version"].as_str() {
        line(
            "",
            match release["notes"].as_str() {
                Some(notes) => message::cli_newer_notes(version, notes),
                None => message::cli_newer(version),
            },
        );
    }
    if let Some(problem) = text_of(&status["updates"]["problem"], catalogue) {
        line("", message::cli_newer_unknown(problem));
    }
    for notice in status["notices"].as_array().into_iter().flatten() {
        let problem = text_of(&notice["message"], catalogue).unwrap_or_default();
        line("", message::cli_note(text::sentence(&problem)));
    }
    lines
}

/// Formats event types and fields that could not be read, with the names that a backend developer can search for.
fn unread(entry: &Value, catalogue: &Words, now: i64) -> Message {
    let expected = text_of(&entry["expected"], catalogue).unwrap_or_default();
    let word = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let event = word("event");
    let what = match (word("reason").as_str(), entry["field"].as_str()) {
        ("unknownType", _) => message::cli_type_unknown(event),
        ("unknownField", Some(field)) => message::cli_field_unknown(event, field),
        ("leftOut", Some(field)) => message::cli_field_left_out(event, field, expected),
        (_, Some(field)) => message::cli_field_missing(event, field),
        (_, None) => message::cli_event_unreadable(event, expected),
    };
    let last = entry["lastAt"].as_i64().map_or(0, |at| now - at);
    message::cli_seen(entry["count"].as_i64().unwrap_or_default(), what, span(last))
}

fn headline(status: &Value, catalogue: &Words, now: i64) -> Message {
    let connection = &status["connection"];
    let storage = text_of(&connection["storage"], catalogue);
    if let Some(since) = connection["connectedSince"].as_i64() {
        let connected = span(now - since);
        return match storage {
            Some(problem) => message::cli_connected_but(connected, problem),
            None => message::cli_connected(connected),
        };
    }
    let standing = match text_of(&connection["reason"], catalogue) {
        Some(reason) if connection["state"] == "disconnected" => {
            message::cli_as_it_is(text::sentence(&reason))
        }
        Some(reason) => message::cli_not_connected_because(reason),
        _ if connection["state"] == "connecting" => message::cli_connecting(),
        _ => message::cli_not_connected(),
    };
    let next = connection["nextAttemptAt"].as_i64();
    let next = next.map(|next| message::cli_next_attempt(span(next - now)));
    let storage = storage.map(message::cli_cannot_keep);
    let needs_user = storage.is_none() && status["health"] == "needsUser";
    let needed = needs_user.then(message::cli_open_app);
    let all = [Some(standing), next, storage, needed].into_iter().flatten();
    Message::joined(all).unwrap_or_else(message::cli_not_connected)
}

/// Formats milliseconds for users.
fn span(millis: i64) -> Message {
    let seconds = millis.max(0) / 1000;
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => message::cli_span_seconds(seconds),
        (0, 0, minutes) => message::cli_span_minutes(minutes),
        (0, hours, minutes) => message::cli_span_hours(hours, minutes),
        (days, hours, _) => message::cli_span_days(days, hours),
    }
}

#[cfg(test)]
mod tests {
    use gloria_words::pseudo;
    use serde_json::json;

    use super::*;

    fn headed(status: &Value, now: i64) -> String {
        Words::english().say(&headline(status, Words::english(), now))
    }

    #[test]
    fn spans_are_said_as_people_do() {
        let text_of: Vec<_> = [-5, 0, 59_999, 60_000, 3_720_000, 90_000_000]
            .map(|millis| Words::english().say(&span(millis)))
            .to_vec();
        assert_eq!(text_of, ["0 s", "0 s", "59 s", "1 min", "1 h 2 min", "1 d 1 h"]);
    }

    #[test]
    fn what_was_not_understood_is_named_on_one_line() {
        let status = json!({"metrics": {"unread": [
            {"event": "notification.created", "field": "priority", "reason": "leftOut",
                "expected": "one of low, normal, high, urgent", "count": 12, "lastAt": 0},
            {"event": "notification.exploded", "field": null, "reason": "unknownType", "expected": null, "count": 1,
                "lastAt": 0},
            {"event": "user.updated", "field": "team", "reason": "unknownField", "expected": null, "count": 2,
                "lastAt": 0},
            {"event": "notification.created", "field": "title", "reason": "unreadable", "expected": null, "count": 1,
                "lastAt": 0},
            {"event": "workflow.failed", "field": null, "reason": "unreadable", "expected": "not valid JSON",
                "count": 1, "lastAt": 0},
        ]}, "notices": [{"message": "one\u{9b}2J\nline"}]});
        let words = words(&status, Words::english(), 5000);
        let lines: Vec<_> = words.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "What the server sends that was not understood:",
                "  12 × notification.created: priority is not one of low, normal, high, urgent and was left out; last \
                 5 s ago",
                "  1 × the event type notification.exploded is unknown; last 5 s ago",
                "  2 × user.updated: the field team is unknown; last 5 s ago",
                "  1 × notification.created: title is missing; the event was not read; last 5 s ago",
                "  1 × workflow.failed: not valid JSON; the event was not read; last 5 s ago",
                "Note: One2J line",
            ]
        );
    }

    #[test]
    fn nothing_of_the_status_is_in_english_alone() {
        let catalogue = pseudo::words();
        let code = |id: &str| json!({"id": id, "args": {}});
        let unread = ["leftOut", "unknownType", "unknownField", "unreadable"].map(|reason| {
            json!({"event": "/", "field": "/", "reason": reason, "expected": code("expected-text"), "count": 2,
                "lastAt": 0})
        });
        for health in ["connected", "working", "needsUser", "disconnected", "another"] {
            for connected in [json!(0), Value::Null] {
                let status = json!({"health": health, "version": "1",
                    "connection": {"state": "connecting", "reason": code("cause-closed"), "nextAttemptAt": 9000,
                        "connectedSince": connected, "lastHeardAt": 0, "storage": code("storage-full")},
                    "counts": {"unseen": 1, "unread": 2, "total": 3},
                    "metrics": {"unread": unread, "attempts": 1, "connections": 2, "events": 3, "startedAt": 0},
                    "updates": {"release": {"version": "2", "notes": "/"}, "problem": code("release-older")},
                    "notices": [{"message": code("notice-tray")}]});
                let said = words(&status, &catalogue, 5000);
                assert_eq!(pseudo::unaccented(&said, &[]), [""; 0], "{said}");
            }
        }
    }

    #[test]
    fn an_inbox_that_is_too_large_is_a_note_with_its_limit() {
        let notice = message::notice_inbox_too_large(500);
        let status = json!({"notices": [{"kind": "size", "message": notice}]});
        let words = words(&status, Words::english(), 0);
        let note = words.lines().last().unwrap();
        assert!(
            note.starts_with("Note: The inbox takes more than the 500 MB that it may."),
            "{note}"
        );
    }

    #[test]
    fn trouble_says_why_and_what_comes_next() {
        let mut status = json!({"health": "working",
            "connection": {"reason": {"id": "cause-status", "args": {"status": 503}}, "nextAttemptAt": 12_000}});
        assert_eq!(
            headed(&status, 0),
            "Not connected: the server answered 503; next attempt in 12 s"
        );
        status = json!({"health": "needsUser", "connection": {"reason": "no token is saved; sign in first"}});
        assert_eq!(
            headed(&status, 0),
            "Not connected: no token is saved; sign in first; open Gloria Notify to fix it"
        );
        status = json!({"health": "disconnected",
            "connection": {"state": "disconnected", "reason": "disconnected by you"}});
        assert_eq!(headed(&status, 0), "Disconnected by you");
        status = json!({"health": "working", "connection": {"state": "connecting", "reason": ""}});
        assert_eq!(headed(&status, 0), "Connecting");
    }

    #[test]
    fn what_cannot_be_kept_is_said_first_whether_connected_or_not() {
        let mut status = json!({"health": "needsUser", "connection": {"connectedSince": 0,
            "reason": "the disk is full; free some space", "storage": "the disk is full; free some space"}});
        let full = "new notifications cannot be stored: the disk is full; free some space";
        assert_eq!(
            headed(&status, 60_000),
            format!("Connected for 1 min, but {full}")
        );
        status["connection"]["connectedSince"] = Value::Null;
        status["connection"]["reason"] = json!("the server answered 503");
        assert_eq!(
            headed(&status, 0),
            format!("Not connected: the server answered 503; {full}")
        );
    }

    #[test]
    fn the_document_has_the_words_beside_the_codes() {
        let code = json!({"id": "cause-status", "args": {"status": 503}});
        let mut status = json!({"connection": {"reason": code, "storage": null}, "notices": [{"kind": "tray",
            "message": {"id": "notice-tray", "args": {}}}]});
        add_words(&mut status, Words::english());
        assert_eq!(
            status["connection"],
            json!({"reason": {"id": "cause-status", "args": {"status": 503}, "words": "the server answered 503"},
                "storage": null})
        );
        assert_eq!(status["notices"][0]["message"]["id"], "notice-tray");
        assert_ne!(status["notices"][0]["message"]["words"], Value::Null);
    }

    #[test]
    fn a_newer_version_is_said_and_why_none_is_known() {
        let said = |updates: Value| {
            let words = words(&json!({"updates": updates}), Words::english(), 0);
            words.lines().skip(2).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(said(Value::Null), [""; 0]);
        assert_eq!(
            said(json!({"channel": "stable", "release": null, "problem": null})),
            [""; 0]
        );
        let release = json!({"version": "1.4.0", "notes": "https://gloria.example/notes"});
        let problem = json!({"id": "release-older", "args": {}});
        assert_eq!(
            said(json!({"channel": "stable", "release": release, "problem": problem})),
            [
                "Version 1.4.0 is available: https://gloria.example/notes",
                "Whether there is a newer version is not known: the manifest of versions is older than one that was \
                 seen before",
            ]
        );
        assert_eq!(
            said(json!({"release": {"version": "1.4.0", "notes": null}})),
            ["Version 1.4.0 is available"]
        );
    }

    #[test]
    fn one_is_not_plural() {
        let status =
            json!({"since": 0, "metrics": {"attempts": 2, "connections": 1, "events": 0, "failedEvents": 0}});
        assert!(
            words(&status, Words::english(), 5000)
                .contains("Running for 5 s: 2 attempts, 1 connection, 0 events, 0 of them unreadable"),
            "{}",
            words(&status, Words::english(), 5000)
        );
    }
}
