//! The inbox of this computer, through the running app, or else from its file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use gloria_core::account::Entry;
use gloria_core::inbox::{Inbox, Opened};
use gloria_core::item::{EpochMillis, InboxView, ItemWords, Mark, Priority};
use gloria_core::message;
use gloria_core::paths::Paths;
use gloria_desktop::Instance;
use gloria_ipc::{AppConnection, AskError, CallError};
use gloria_program::process;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::read_accounts;
use crate::output::{self, Format, Lines, add_words, catalogue, print_error, whole_number};
use crate::running::{failure, failure_of_call};
use crate::session::settings;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(ListOptions),
    Mark(MarkOptions),
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    #[arg(long, value_enum, default_value_t = Filter::Inbox)]
    filter: Filter,
    #[arg(long, default_value_t = 50, value_parser = whole_number)]
    limit: usize,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Filter {
    Inbox,
    Unread,
    Flagged,
    Snoozed,
    Archived,
}

#[derive(Debug, Args)]
pub(crate) struct MarkOptions {
    #[arg(value_enum)]
    mark: MarkName,
    #[arg(required = true)]
    keys: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MarkName {
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

/// The number of items in a request: with texts of the maximum length they fit into an answer of the app.
const PAGE: u32 = 100;

pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(options) => list(options).await,
        Command::Mark(options) => mark(options).await,
    }
}

/// Returns the inbox of the account that was last used on a server, or that of a version before accounts.
fn inbox_in_force(paths: &Paths, server: &str) -> anyhow::Result<Option<PathBuf>> {
    let accounts = read_accounts(paths)?;
    let own = accounts.in_force(server).map(Entry::inbox);
    Ok([Some(paths.legacy_inbox()), own]
        .into_iter()
        .flatten()
        .find(|path| path.exists()))
}

/// Returns the configured server, and the file of its inbox.
pub(crate) fn place_in_force(paths: &Paths) -> anyhow::Result<Option<(String, PathBuf)>> {
    let Some(server) = settings()?.address.map(|address| address.server()) else {
        return Ok(None);
    };
    let path = inbox_in_force(paths, &server)?;
    Ok(path.map(|path| (server, path)))
}

/// A page as JSON, and the cursor of the next one.
type Page = (Vec<Value>, Option<Value>);

/// The source of the inbox: the running app, or else its file.
enum Source {
    App(Box<AppConnection>),
    File(Box<Inbox>),
}

impl Source {
    async fn page(&mut self, view: InboxView, after: Option<&Value>, limit: u32) -> anyhow::Result<Page> {
        let query = json!({"filter": {"view": view}, "after": after, "limit": limit});
        let page = match self {
            Self::App(app) => app.call("inbox_page", query).await?,
            Self::File(inbox) => serde_json::to_value(inbox.page(&serde_json::from_value(query)?)?)?,
        };
        let (items, next) = (&page["items"], &page["next"]);
        let mut items = items.as_array().cloned().unwrap_or_default();
        items.iter_mut().for_each(fill_in);
        Ok((items, Some(next.clone()).filter(|next| !next.is_null())))
    }
}

/// Fills in title and text of an item for scripts, also if they are messages of the app; `words` keeps the codes.
fn fill_in(item: &mut Value) {
    let Ok(words) = ItemWords::deserialize(&item["words"]) else {
        return;
    };
    item["title"] = catalogue().say(&words.title).into();
    if let Some(body) = &words.body {
        item["body"] = catalogue().say(body).into();
    }
}

async fn list(options: ListOptions) -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(process::variable)?;
    let view = match options.filter {
        Filter::Inbox => InboxView::Inbox,
        Filter::Unread => InboxView::Unread,
        Filter::Flagged => InboxView::Flagged,
        Filter::Snoozed => InboxView::Snoozed,
        Filter::Archived => InboxView::Archived,
    };
    let limit_of = |left: usize| u32::try_from(left).unwrap_or(PAGE).min(PAGE);
    let mut left = options.limit;
    // If no app runs, or it does not answer, its file is read.
    let of_app = match AppConnection::open(&paths.data).await {
        Ok(app) => {
            let mut app = Source::App(Box::new(app));
            let first = app.page(view, None, limit_of(left)).await;
            first.ok().map(|first| (app, first))
        }
        Err(_) => None,
    };
    let (mut source, mut page) = match of_app {
        Some(of_app) => of_app,
        None => {
            let Some((server, path)) = place_in_force(&paths)? else {
                print_error(&message::cli_no_inbox());
                return Ok(ExitCode::SUCCESS);
            };
            let mut file = Source::File(Box::new(Inbox::open_read_only(&path, &server)?));
            let first = file.page(view, None, limit_of(left)).await?;
            (file, first)
        }
    };
    let format = Format::chosen(options.json);
    let mut lines = Lines::new();
    loop {
        let (mut items, next) = page;
        items.truncate(left);
        left -= items.len();
        match format {
            Format::Words => {
                let zone = TimeZone::system();
                let rows: Vec<Row> = items
                    .into_iter()
                    .map(serde_json::from_value)
                    .collect::<Result<_, _>>()?;
                output::print_words(rows.iter().map(|row| words(row, &zone)))?;
            }
            Format::Json => {
                for mut item in items {
                    add_words(&mut item, catalogue());
                    lines.write(&item)?;
                }
            }
        }
        if left == 0 || next.is_none() {
            break;
        }
        page = source.page(view, next.as_ref(), limit_of(left)).await?;
    }
    lines.flush()?;
    Ok(ExitCode::SUCCESS)
}

async fn mark(options: MarkOptions) -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(process::variable)?;
    let marked = match AppConnection::open(&paths.data).await {
        // The window shows the change at once.
        Ok(mut app) => match mark_in_app(&mut app, &options).await {
            Ok(marked) => marked,
            Err(error) => return Ok(failure_of_call(&error)),
        },
        Err(AskError::NotRunning) => {
            // Prevents an app from starting and opening the file meanwhile.
            let Some(_instance) = Instance::try_claim(&paths) else {
                return Ok(failure(&AskError::Silent));
            };
            mark_in_file(&paths, &options)?
        }
        Err(error) => return Ok(failure(&error)),
    };
    let (counts, unknown) = marked;
    let count = |name: &str| counts[name].as_i64().unwrap_or_default();
    match Format::chosen(false) {
        Format::Words => {
            let counts = message::cli_counts(count("unseen"), count("unread"), count("total"));
            output::print_words([catalogue().sentence(&counts)])?;
        }
        Format::Json => {
            let mut lines = Lines::new();
            lines.write(&json!({"kind": "marked", "counts": counts}))?;
            lines.flush()?;
        }
    }
    for key in &unknown {
        print_error(&message::cli_no_item(key));
    }
    Ok(if unknown.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The counts after the change, and the unknown keys.
type Marked = (Value, Vec<String>);

async fn mark_in_app(app: &mut AppConnection, options: &MarkOptions) -> Result<Marked, CallError> {
    let (mut keys, mut unknown) = (Vec::new(), Vec::new());
    for key in &options.keys {
        let item = app.call("inbox_item", json!(key)).await?;
        let list = if item.is_null() { &mut unknown } else { &mut keys };
        list.push(key.clone());
    }
    let request = json!({"keys": keys, "mark": Mark::from(options.mark)});
    let marked = app.call("inbox_mark", request).await?;
    Ok((marked["counts"].clone(), unknown))
}

fn mark_in_file(paths: &Paths, options: &MarkOptions) -> anyhow::Result<Marked> {
    let place = place_in_force(paths)?.filter(|(_, path)| *path != paths.legacy_inbox());
    let Some((server, path)) = place else {
        return Err(output::failure(&message::cli_no_inbox()));
    };
    let Opened {
        mut inbox, problem, ..
    } = Inbox::open(&path, &server)?;
    if let Some(problem) = problem {
        return Err(output::failure(&problem));
    }
    let (mut keys, mut unknown) = (Vec::new(), Vec::new());
    for key in &options.keys {
        let list = if inbox.item(key)?.is_some() {
            &mut keys
        } else {
            &mut unknown
        };
        list.push(key.clone());
    }
    inbox.mark(&keys, options.mark.into(), Timestamp::now().as_millisecond())?;
    Ok((serde_json::to_value(inbox.counts()?)?, unknown))
}

/// The fields of an item that are printed for users.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    created_at: EpochMillis,
    priority: Priority,
    read_at: Option<EpochMillis>,
    title: String,
}

/// Returns an item on one line: its time, what is special about it, and its title.
fn words(item: &Row, zone: &TimeZone) -> String {
    let time = Timestamp::from_millisecond(item.created_at).unwrap_or_default();
    let time = time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let urgent = (item.priority == Priority::Urgent).then(|| catalogue().say(&message::cli_mark_urgent()));
    let unread = item
        .read_at
        .is_none()
        .then(|| catalogue().say(&message::cli_mark_unread()));
    let marks: Vec<_> = urgent.into_iter().chain(unread).collect();
    format!("{time}  {:<14}  {}", marks.join(", "), item.title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_one_line_with_what_is_special_about_it() {
        let mut item = Row {
            created_at: 1_800_000_000_000,
            priority: Priority::Urgent,
            read_at: None,
            title: "Disk full".into(),
        };
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(words(&item, &zone), "2027-01-15 10:00  urgent, unread  Disk full");
        (item.priority, item.read_at) = (Priority::Normal, Some(1));
        assert_eq!(words(&item, &zone), "2027-01-15 10:00                  Disk full");
    }
}
