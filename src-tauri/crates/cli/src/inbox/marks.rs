//! Marks on items: set by the running app, so that its window shows them at once, or else in the inbox's file.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use gloria_core::inbox::{Inbox, Opened};
use gloria_core::item::{EpochMillis, Mark, Snooze};
use gloria_core::message::{self, Message};
use gloria_core::paths::Paths;
use gloria_desktop::Instance;
use gloria_ipc::protocol::INBOX_NAMED;
use gloria_ipc::{AppConnection, AskError, CallError};
use gloria_program::process;
use jiff::civil::{Date, DateTime, Time, time};
use jiff::{Span, SpanRelativeTo, Timestamp, Zoned};
use serde_json::{Value, json};

use super::place_in_force;
use crate::output::{self, Format, Lines, catalogue, print_error};
use crate::running::{failure, failure_of_call};

/// When an item returns on a day that is named without a time: when the working day begins, as for `tomorrow`.
const MORNING: Time = time(8, 0, 0, 0);

/// Candidates that are named for an abbreviation: enough to see where they differ, on one line.
const MAX_CANDIDATES: usize = 3;

#[derive(Debug, Args)]
pub(crate) struct MarkOptions {
    #[arg(value_enum)]
    pub(super) mark: MarkName,
    #[command(flatten)]
    pub(super) marked: MarkedOptions,
}

#[derive(Debug, Args)]
pub(crate) struct MarkedOptions {
    #[arg(required = true)]
    keys: Vec<String>,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SnoozeOptions {
    #[arg(value_name = "TIME", value_parser = snooze)]
    pub(super) until: Snooze,
    #[command(flatten)]
    pub(super) marked: MarkedOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MarkName {
    Seen,
    Read,
    Unread,
    Archived,
    Unarchived,
    Flagged,
    Unflagged,
    Unsnoozed,
    Acknowledged,
    Unacknowledged,
}

impl From<MarkName> for Mark {
    fn from(name: MarkName) -> Self {
        match name {
            MarkName::Seen => Self::Seen,
            MarkName::Read => Self::Read,
            MarkName::Unread => Self::Unread,
            MarkName::Archived => Self::Archived,
            MarkName::Unarchived => Self::Unarchived,
            MarkName::Flagged => Self::Flagged,
            MarkName::Unflagged => Self::Unflagged,
            MarkName::Unsnoozed => Self::Unsnoozed,
            MarkName::Acknowledged => Self::Acknowledged,
            MarkName::Unacknowledged => Self::Unacknowledged,
        }
    }
}

/// What is done with the items.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    Mark(Mark),
    Snooze(Snooze),
}

impl Action {
    /// The app's command for it, and the request.
    fn request(self, keys: &[String]) -> (&'static str, Value) {
        match self {
            Self::Mark(mark) => ("inbox_mark", json!({"keys": keys, "mark": mark})),
            Self::Snooze(until) => ("inbox_snooze", json!({"keys": keys, "until": until})),
        }
    }
}

fn snooze(text: &str) -> Result<Snooze, String> {
    let refused = match choice(text, &Zoned::now()) {
        Some(Snooze::Seconds(seconds)) if !Snooze::DURATIONS.contains(&seconds) => {
            message::cli_snooze_duration()
        }
        Some(choice) => return Ok(choice),
        None => message::cli_snooze_time(),
    };
    Err(catalogue().say(&refused))
}

/// Reads one of the window's choices, a duration, a day, a time of day, which is today or else tomorrow, or a point in
/// time. A time that has passed or is too far away is refused later, by the clock of whom the items are marked by.
fn choice(text: &str, now: &Zoned) -> Option<Snooze> {
    let wall = match text {
        "this-afternoon" => return Some(Snooze::Afternoon),
        "tomorrow" => return Some(Snooze::Tomorrow),
        "monday" => return Some(Snooze::Monday),
        _ => text,
    };
    if let Some(seconds) = seconds(wall) {
        return Some(Snooze::Seconds(seconds));
    }
    if let Ok(instant) = wall.parse::<Timestamp>() {
        return Some(Snooze::At(instant.to_zoned(now.time_zone().clone()).datetime()));
    }
    if wall.contains(['T', ' ']) {
        return wall.parse::<DateTime>().ok().map(Snooze::At);
    }
    if let Ok(day) = wall.parse::<Date>() {
        return Some(Snooze::At(day.to_datetime(MORNING)));
    }
    let time: Time = wall.parse().ok()?;
    let today = now.date();
    let day = if time > now.time() {
        today
    } else {
        today.tomorrow().ok()?
    };
    Some(Snooze::At(day.to_datetime(time)))
}

/// Reads a duration, such as `1h30m`, `3d` or `90 minutes`. A day of it is 24 hours, whatever the clocks do. How long a
/// month is would depend on the day.
fn seconds(text: &str) -> Option<u32> {
    // `17:30:00` would be one as well, and is a time of day.
    if text.contains(':') {
        return None;
    }
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    // What does not fit is refused like anything else that is too long or too short.
    Some(u32::try_from(duration.as_secs().max(0)).unwrap_or(u32::MAX))
}

/// The items that the arguments name.
#[derive(Default)]
struct Named {
    keys: Vec<String>,
    /// What is wrong with the arguments that name none.
    problems: Vec<Message>,
}

impl Named {
    /// Takes an argument, with the keys that it is or abbreviates.
    fn add(&mut self, text: &str, mut found: Vec<String>) {
        match (found.pop(), found.is_empty()) {
            (Some(key), true) => self.keys.push(key),
            (Some(key), false) => {
                found.push(key);
                let are_all = found.len() <= MAX_CANDIDATES;
                found.truncate(MAX_CANDIDATES);
                let candidates = found.join(", ");
                self.problems.push(if are_all {
                    message::cli_item_ambiguous(text, candidates)
                } else {
                    message::cli_item_very_ambiguous(text, candidates)
                });
            }
            (None, _) => self.problems.push(message::cli_no_item(text)),
        }
    }
}

/// The outcome.
struct Done {
    /// The counts after the change.
    counts: Value,
    problems: Vec<Message>,
    /// When snoozed items return.
    until: Option<EpochMillis>,
}

pub(super) async fn run(options: &MarkedOptions, action: Action) -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(process::variable)?;
    let done = match AppConnection::open(&paths.data).await {
        Ok(mut app) => match by_app(&mut app, &options.keys, action).await {
            Ok(done) => done,
            Err(error) => return Ok(failure_of_call(&error)),
        },
        Err(AskError::NotRunning) => {
            // Prevents an app from starting and opening the file meanwhile.
            let Some(_instance) = Instance::try_claim(&paths) else {
                return Ok(failure(&AskError::Silent));
            };
            in_file(&paths, &options.keys, action)?
        }
        Err(error) => return Ok(failure(&error)),
    };
    print(&done, Format::chosen(options.json))?;
    done.problems.iter().for_each(print_error);
    Ok(if done.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(done: &Done, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Words => {
            let count = |name: &str| done.counts[name].as_i64().unwrap_or_default();
            let until = done.until.map(message::cli_snoozed_until);
            let counts = message::cli_counts(count("unseen"), count("unread"), count("total"));
            let said = until.into_iter().chain([counts]);
            output::print_words(said.map(|said| catalogue().sentence(&said)))?;
        }
        Format::Json => {
            let mut line = json!({"kind": "marked", "counts": done.counts});
            if let Some(until) = done.until {
                line["snoozedUntil"] = until.into();
            }
            let mut lines = Lines::new();
            lines.write(&line)?;
            lines.flush()?;
        }
    }
    Ok(())
}

async fn by_app(app: &mut AppConnection, keys: &[String], action: Action) -> Result<Done, CallError> {
    let mut named = Named::default();
    for text in keys {
        let found = app.call(INBOX_NAMED, json!(text)).await?;
        named.add(text, serde_json::from_value(found).unwrap_or_default());
    }
    let (command, request) = action.request(&named.keys);
    let marked = app.call(command, request).await?;
    let until = match (action, named.keys.first()) {
        (Action::Snooze(_), Some(key)) => app.call("inbox_item", json!(key)).await?["snoozedUntil"].as_i64(),
        (Action::Snooze(_), None) | (Action::Mark(_), _) => None,
    };
    Ok(Done {
        counts: marked["counts"].clone(),
        problems: named.problems,
        until,
    })
}

fn in_file(paths: &Paths, keys: &[String], action: Action) -> anyhow::Result<Done> {
    let place = place_in_force(paths)?.filter(|(_, path)| *path != paths.legacy_inbox());
    let Some((server, path)) = place else {
        return Err(output::failure(&message::cli_no_inbox()));
    };
    let now = Zoned::now();
    let at = now.timestamp().as_millisecond();
    let (mark, until) = match action {
        Action::Mark(mark) => (mark, None),
        Action::Snooze(choice) => {
            let until = choice.until(at, now.time_zone());
            let until = until.ok_or_else(|| output::failure(&message::snooze_not_ahead()))?;
            (Mark::Snoozed(until), Some(until.at))
        }
    };
    let Opened {
        mut inbox, problem, ..
    } = Inbox::open(&path, &server)?;
    if let Some(problem) = problem {
        return Err(output::failure(&problem));
    }
    let mut named = Named::default();
    for text in keys {
        named.add(text, inbox.named(text)?);
    }
    inbox.mark(&named.keys, mark, at)?;
    Ok(Done {
        counts: serde_json::to_value(inbox.counts()?)?,
        until: until.filter(|_| !named.keys.is_empty()),
        problems: named.problems,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_return_is_read_as_people_write_it() {
        let now: Zoned = "2026-11-26T11:20[Europe/Berlin]".parse().unwrap();
        let at = |wall: &str| Some(Snooze::At(wall.parse().unwrap()));
        for (text, expected) in [
            ("1h", Some(Snooze::Seconds(3600))),
            ("30m", Some(Snooze::Seconds(1800))),
            ("1h30m", Some(Snooze::Seconds(5400))),
            ("90 minutes", Some(Snooze::Seconds(5400))),
            ("3d", Some(Snooze::Seconds(3 * 86_400))),
            ("2w", Some(Snooze::Seconds(14 * 86_400))),
            ("0m", Some(Snooze::Seconds(0))),
            ("-1h", Some(Snooze::Seconds(0))),
            ("999999h", Some(Snooze::Seconds(3_599_996_400))),
            ("9999999h", Some(Snooze::Seconds(u32::MAX))),
            ("99999999999h", None),
            ("1mo", None),
            ("1y", None),
            ("17:30:00", at("2026-11-26T17:30:00")),
            ("10:30:00", at("2026-11-27T10:30:00")),
            ("h", None),
            ("1", None),
            ("this-afternoon", Some(Snooze::Afternoon)),
            ("tomorrow", Some(Snooze::Tomorrow)),
            ("monday", Some(Snooze::Monday)),
            ("2026-11-30", at("2026-11-30T08:00:00")),
            ("2026-11-30T17:45", at("2026-11-30T17:45:00")),
            ("2026-11-30 17:45", at("2026-11-30T17:45:00")),
            ("2026-11-30T17:45:00Z", at("2026-11-30T18:45:00")),
            ("2026-11-30T17:45-05:00", at("2026-11-30T23:45:00")),
            ("11:21", at("2026-11-26T11:21:00")),
            ("11:20", at("2026-11-27T11:20:00")),
            ("yesterday", None),
            ("2026-02-30", None),
            ("25:00", None),
            ("", None),
        ] {
            assert_eq!(choice(text, &now), expected, "{text}");
        }
    }

    #[test]
    fn a_duration_is_refused_if_it_is_too_short_or_too_long() {
        let refused = |message: &Message| Err(catalogue().say(message));
        let bounds = refused(&message::cli_snooze_duration());
        for (text, expected) in [
            ("1m", Ok(Snooze::Seconds(60))),
            ("366d", Ok(Snooze::Seconds(366 * 86_400))),
            ("59s", bounds.clone()),
            ("0m", bounds.clone()),
            ("-1h", bounds.clone()),
            ("366d1m", bounds.clone()),
            ("9999999h", bounds),
            ("1mo", refused(&message::cli_snooze_time())),
        ] {
            assert_eq!(snooze(text), expected, "{text}");
        }
    }
}
