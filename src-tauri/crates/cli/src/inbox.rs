//! The inbox of this computer, through the running app, or else from its file.

mod marks;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use gloria_core::account::Entry;
use gloria_core::inbox::Inbox;
use gloria_core::item::{InboxView, ItemWords, Mark};
use gloria_core::message;
use gloria_core::paths::Paths;
use gloria_ipc::AppConnection;
use gloria_program::process;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::read_accounts;
use crate::output::{self, Format, Lines, add_words, catalogue, print_error, whole_number};
use crate::session::settings;
use marks::{Action, MarkOptions, MarkedOptions, SnoozeOptions};
use table::Table;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(ListOptions),
    Read(MarkedOptions),
    Unread(MarkedOptions),
    Done(MarkedOptions),
    Undo(MarkedOptions),
    Flag(MarkedOptions),
    Unflag(MarkedOptions),
    Snooze(SnoozeOptions),
    Unsnooze(MarkedOptions),
    Ack(MarkedOptions),
    Unack(MarkedOptions),
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

/// The number of items in a request: with texts of the maximum length they fit into an answer of the app.
const PAGE: u32 = 100;

pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(options) => list(options).await,
        Command::Read(options) => mark(options, Mark::Read).await,
        Command::Unread(options) => mark(options, Mark::Unread).await,
        Command::Done(options) => mark(options, Mark::Archived).await,
        Command::Undo(options) => mark(options, Mark::Unarchived).await,
        Command::Flag(options) => mark(options, Mark::Flagged).await,
        Command::Unflag(options) => mark(options, Mark::Unflagged).await,
        Command::Unsnooze(options) => mark(options, Mark::Unsnoozed).await,
        Command::Ack(options) => mark(options, Mark::Acknowledged).await,
        Command::Unack(options) => mark(options, Mark::Unacknowledged).await,
        Command::Snooze(SnoozeOptions { until, marked }) => marks::run(&marked, Action::Snooze(until)).await,
        Command::Mark(MarkOptions { mark: name, marked }) => mark(marked, name.into()).await,
    }
}

async fn mark(marked: MarkedOptions, mark: Mark) -> anyhow::Result<ExitCode> {
    marks::run(&marked, Action::Mark(mark)).await
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
    let (mut lines, mut table) = (Lines::new(), Table::default());
    loop {
        let (mut items, next) = page;
        items.truncate(left);
        left -= items.len();
        match format {
            Format::Words => {
                let rows = items
                    .into_iter()
                    .map(serde_json::from_value)
                    .collect::<Result<Vec<_>, _>>()?;
                output::print_words(table.lines(&rows, &TimeZone::system()))?;
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
