//! The inbox of this computer, read beside a running app.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use gloria_core::account::Entry;
use gloria_core::inbox::Inbox;
use gloria_core::item::{InboxView, Item, Priority};
use gloria_core::message;
use gloria_core::paths::Paths;
use gloria_core::protocol::InboxQuery;
use gloria_desktop::process;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::account::read_accounts;
use crate::output::{self, Format, Lines, add_words, catalogue, print_error, whole_number};
use crate::session::settings;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(ListOptions),
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
    Archived,
}

/// The inbox's limit for a page.
const PAGE: u32 = 500;

/// The inbox of the account that was used last at a server, or what a version before accounts left.
fn inbox_in_force(paths: &Paths, server: &str) -> anyhow::Result<Option<PathBuf>> {
    let accounts = read_accounts(paths)?;
    let own = accounts.in_force(server).map(Entry::inbox);
    Ok([Some(paths.legacy_inbox()), own]
        .into_iter()
        .flatten()
        .find(|path| path.exists()))
}

pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command::List(options) = command;
    let paths = gloria_desktop::paths(process::variable)?;
    let server = settings()?.address.map(|address| address.server());
    let path = match &server {
        Some(server) => inbox_in_force(&paths, server)?,
        None => None,
    };
    let Some((server, path)) = server.zip(path) else {
        print_error(&message::cli_no_inbox());
        return Ok(ExitCode::SUCCESS);
    };
    let inbox = Inbox::open_read_only(&path, &server)?;
    let view = match options.filter {
        Filter::Inbox => InboxView::Inbox,
        Filter::Unread => InboxView::Unread,
        Filter::Archived => InboxView::Archived,
    };
    let format = Format::chosen(options.json);
    let (mut lines, mut left, mut after) = (Lines::new(), options.limit, None);
    while left > 0 {
        let limit = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        let page = inbox.page(&InboxQuery {
            filter: view.into(),
            after,
            limit,
        })?;
        left = left.saturating_sub(page.items.len());
        match format {
            Format::Words => {
                output::print_words(page.items.iter().map(|item| words(item, &TimeZone::system())))?
            }
            Format::Json => {
                for item in &page.items {
                    let mut document = serde_json::to_value(item)?;
                    add_words(&mut document, catalogue());
                    // A script finds each title in one place, the server's or the app's; `words` has the codes.
                    document["title"] = catalogue().title(item).into();
                    document["body"] = catalogue().body(item).into();
                    lines.write(&document)?;
                }
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    lines.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// An item on one line: when, what is special about it, and its title.
fn words(item: &Item, zone: &TimeZone) -> String {
    let time = Timestamp::from_millisecond(item.created_at).unwrap_or_default();
    let time = time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let urgent = (item.priority == Priority::Urgent).then(|| catalogue().say(&message::cli_mark_urgent()));
    let unread = item
        .read_at
        .is_none()
        .then(|| catalogue().say(&message::cli_mark_unread()));
    let marks: Vec<_> = urgent.into_iter().chain(unread).collect();
    format!("{time}  {:<14}  {}", marks.join(", "), catalogue().title(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_one_line_with_what_is_special_about_it() {
        let mut item = Item {
            title: "Disk full".into(),
            priority: Priority::Urgent,
            created_at: 1_800_000_000_000,
            ..Item::sample()
        };
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(words(&item, &zone), "2027-01-15 10:00  urgent, unread  Disk full");
        (item.priority, item.read_at) = (Priority::Normal, Some(1));
        assert_eq!(words(&item, &zone), "2027-01-15 10:00                  Disk full");
    }
}
