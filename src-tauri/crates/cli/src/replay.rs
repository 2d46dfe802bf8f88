//! `gloria replay`: the events of the log once more, as lines or to the listeners of the running app.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gloria_core::EventTypes;
use gloria_core::inbox::{Inbox, LogQuery, LoggedEvent};
use gloria_core::message;
use gloria_core::protocol::{EventType, ListenerMessage, ReplayRequest, Replayed};
use gloria_ipc::AppConnection;
use gloria_ipc::protocol::REPLAY;
use gloria_program::process;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use serde_json::{Value, json};

use crate::events::{event_types, flattened};
use crate::inbox::place_in_force;
use crate::output::{self, Format, Lines, catalogue, print_error};
use crate::running::failure_of_call;

/// How long the app may take: the whole log, to a listener that reads a hundred events a second.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(600);

/// Events that are read at once, so that a long log is not in memory.
const MAX_PAGE_EVENTS: u32 = 500;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    #[arg(long = "type", value_name = "T", value_parser = event_types())]
    types: Vec<EventType>,
    #[arg(long)]
    listeners: bool,
}

fn since(text: &str) -> Result<Timestamp, String> {
    time(text, &Zoned::now()).ok_or_else(|| catalogue().say(&message::cli_time()))
}

/// Reads a point in time with its offset, one on this computer's clock, a day, which begins at midnight, or how long
/// ago it was.
fn time(text: &str, now: &Zoned) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let zone = now.time_zone();
    let local = |time: DateTime, zone: &TimeZone| zone.to_ambiguous_zoned(time).compatible().ok();
    if text.contains('T')
        && let Ok(time) = text.parse::<DateTime>()
    {
        return local(time, zone).map(|time| time.timestamp());
    }
    if let Ok(day) = text.parse::<Date>() {
        return local(day.to_datetime(jiff::civil::Time::midnight()), zone).map(|time| time.timestamp());
    }
    let ago: Span = text.parse().ok()?;
    now.checked_sub(ago).ok().map(|time| time.timestamp())
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let request = ReplayRequest {
        since: options.since.map(Timestamp::as_millisecond),
        types: options.types,
    };
    if options.listeners {
        send(&request).await
    } else {
        print(&request)
    }
}

/// Has the running app send the events to its listeners.
async fn send(request: &ReplayRequest) -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(process::variable)?;
    let request = serde_json::to_value(request)?;
    let asked = async {
        let mut app = AppConnection::open(&paths.data).await?;
        app.call_within(REPLAY_TIMEOUT, REPLAY, request).await
    };
    let replayed: Replayed = match asked.await {
        Ok(replayed) => serde_json::from_value(replayed)?,
        Err(error) => return Ok(failure_of_call(&error)),
    };
    match Format::chosen(false) {
        Format::Words => {
            let words = catalogue().sentence(&message::cli_replayed(replayed.events));
            output::print_words([words])?;
        }
        Format::Json => {
            let mut line = serde_json::to_value(replayed)?;
            line["kind"] = "replayed".into();
            let mut lines = Lines::new();
            lines.write(&line)?;
            lines.flush()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the events in the file, which the running app has written.
fn print(request: &ReplayRequest) -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(process::variable)?;
    let Some((server, path)) = place_in_force(&paths)? else {
        print_error(&message::cli_no_inbox());
        return Ok(ExitCode::SUCCESS);
    };
    let inbox = Inbox::open_read_only(&path, &server)?;
    let mut query = LogQuery {
        since: request.since,
        types: EventTypes::or_all(&request.types),
        after: 0,
        limit: MAX_PAGE_EVENTS,
    };
    let (mut lines, mut erased) = (Lines::new(), 0);
    loop {
        let page = inbox.logged(&query)?;
        erased += page.erased;
        for event in page.events {
            lines.write(&line(event)?)?;
        }
        match page.next {
            Some(next) => query.after = next,
            None => break,
        }
    }
    if erased > 0 {
        lines.write(&json!({"kind": "erased", "count": erased}))?;
    }
    lines.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// As `gloria events` prints it, with the time of its arrival.
fn line(logged: LoggedEvent) -> serde_json::Result<Value> {
    let message = ListenerMessage::Event(Box::new(logged.event));
    let mut line = flattened(serde_json::to_value(message)?);
    line["receivedAt"] = logged.received_at.into();
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now: Zoned = "2026-03-29T12:00[Europe/Warsaw]".parse().unwrap();
        let table = [
            ("2026-03-28T08:00:00Z", Some("2026-03-28T08:00:00Z")),
            ("2026-03-28T08:00+02:00", Some("2026-03-28T06:00:00Z")),
            // Before the clocks changed, and in the hour that did not exist.
            ("2026-03-28", Some("2026-03-27T23:00:00Z")),
            ("2026-03-28T08:00", Some("2026-03-28T07:00:00Z")),
            ("2026-03-29T02:30", Some("2026-03-29T01:30:00Z")),
            ("2h", Some("2026-03-29T08:00:00Z")),
            ("90 minutes", Some("2026-03-29T08:30:00Z")),
            // A day ago it was noon as well, 23 hours ago.
            ("1d", Some("2026-03-28T11:00:00Z")),
            ("yesterday", None),
            ("", None),
            ("999999999y", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|time| time.parse().unwrap());
            assert_eq!(time(text, &now), expected, "{text}");
        }
    }
}
