//! The inbox of this computer, through the running app, or else from its file.

mod export;
mod marks;
mod search;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{iter, mem};

use clap::{Args, Subcommand, ValueEnum};
use gloria_core::account::Entry;
use gloria_core::inbox::Inbox;
use gloria_core::item::{InboxView, ItemWords, Mark};
use gloria_core::message;
use gloria_core::paths::Paths;
use gloria_core::text;
use gloria_ipc::AppConnection;
use gloria_program::process;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::read_accounts;
use crate::output::{self, Format, Lines, add_words, catalogue, print_error, whole_number};
use crate::session::settings;
use export::ExportOptions;
use marks::{Action, MarkOptions, MarkedOptions, SnoozeOptions};
use table::{Row, Table};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(ListOptions),
    Search(search::Options),
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
    Export(ExportOptions),
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
        Command::Search(options) => search::run(&options).await,
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
        Command::Export(options) => export::run(&options),
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

/// A page as JSON.
struct Page {
    items: Vec<Value>,
    /// Where the words of a search are in each of the items.
    hits: Vec<Value>,
    /// The cursor of the next page.
    next: Option<Value>,
    is_complete: bool,
}

/// The source of the inbox: the running app, or else its file.
enum Source {
    App(Box<AppConnection>),
    File(Box<Inbox>),
}

impl Source {
    /// Returns the source with the first page. If no app runs, or it does not answer, its file is read; `None` if there
    /// is none.
    async fn open(filter: &Value, limit: usize) -> anyhow::Result<Option<(Self, Page)>> {
        let paths = gloria_program::paths(process::variable)?;
        if let Ok(app) = AppConnection::open(&paths.data).await {
            let mut app = Self::App(Box::new(app));
            if let Ok(first) = app.page(filter, None, limit).await {
                return Ok(Some((app, first)));
            }
        }
        let Some((server, path)) = place_in_force(&paths)? else {
            return Ok(None);
        };
        let mut inbox = Inbox::open_read_only(&path, &server)?;
        // A copy of a file of an earlier version has no index of words yet; the file of this version is only read.
        while inbox.index_step().unwrap_or(false) {}
        let mut file = Self::File(Box::new(inbox));
        let first = file.page(filter, None, limit).await?;
        Ok(Some((file, first)))
    }

    async fn page(&mut self, filter: &Value, after: Option<&Value>, limit: usize) -> anyhow::Result<Page> {
        let limit = u32::try_from(limit).unwrap_or(PAGE).min(PAGE);
        let query = json!({"filter": filter, "after": after, "limit": limit});
        let mut page = match self {
            Self::App(app) => app.call("inbox_page", query).await?,
            Self::File(inbox) => serde_json::to_value(inbox.page(&serde_json::from_value(query)?)?)?,
        };
        let mut list = |name: &str| page[name].as_array_mut().map(std::mem::take).unwrap_or_default();
        let (mut items, hits) = (list("items"), list("hits"));
        items.iter_mut().for_each(fill_in);
        Ok(Page {
            items,
            hits,
            next: Some(page["next"].take()).filter(|next| !next.is_null()),
            is_complete: page["complete"].as_bool().unwrap_or(true),
        })
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
    let view = match options.filter {
        Filter::Inbox => InboxView::Inbox,
        Filter::Unread => InboxView::Unread,
        Filter::Flagged => InboxView::Flagged,
        Filter::Snoozed => InboxView::Snoozed,
        Filter::Archived => InboxView::Archived,
    };
    let (zone, mut table) = (TimeZone::system(), Table::default());
    let lines = |rows: Vec<Row>, _: &Page| {
        let lines = table.lines(&rows, &zone);
        Ok(lines.iter().map(|line| text::printable(line)).collect())
    };
    print_items(&json!({"view": view}), options.limit, options.json, lines).await?;
    Ok(ExitCode::SUCCESS)
}

/// How many items were printed, and whether all were searched.
struct Printed {
    items: usize,
    is_complete: bool,
}

/// Prints the items that a filter selects, on a terminal as the printable lines that `lines_of` makes of a page.
/// Returns nothing if there is no inbox, which is said.
async fn print_items(
    filter: &Value,
    limit: usize,
    json: bool,
    mut lines_of: impl FnMut(Vec<Row>, &Page) -> anyhow::Result<Vec<String>>,
) -> anyhow::Result<Option<Printed>> {
    let Some((mut source, mut page)) = Source::open(filter, limit).await? else {
        print_error(&message::cli_no_inbox());
        return Ok(None);
    };
    let format = Format::chosen(json);
    let mut lines = Lines::new();
    let mut printed = Printed {
        items: 0,
        is_complete: page.is_complete,
    };
    loop {
        page.items.truncate(limit - printed.items);
        printed.items += page.items.len();
        match format {
            Format::Words => {
                let rows = page.items.iter().map(Row::deserialize);
                output::print_lines(lines_of(rows.collect::<Result<_, _>>()?, &page)?)?;
            }
            Format::Json => {
                let hits = mem::take(&mut page.hits).into_iter().map(Some);
                for (item, hits) in page.items.iter_mut().zip(hits.chain(iter::repeat(None))) {
                    add_words(item, catalogue());
                    if let Some(hits) = hits {
                        item["hits"] = hits;
                    }
                    lines.write(item)?;
                }
            }
        }
        let left = limit - printed.items;
        if left == 0 || page.next.is_none() {
            break;
        }
        page = source.page(filter, page.next.as_ref(), left).await?;
    }
    lines.flush()?;
    Ok(Some(printed))
}
