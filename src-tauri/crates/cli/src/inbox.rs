//! The inbox of this computer, read beside a running app.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use gloria_core::account::{Accounts, Entry};
use gloria_core::inbox::Inbox;
use gloria_core::item::InboxView;
use gloria_core::paths::Paths;
use gloria_core::protocol::InboxQuery;
use gloria_desktop::process;

use crate::output::{Lines, complain};
use crate::session::settings;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print items, newest first, one JSON object a line
    List(ListOptions),
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Which items
    #[arg(long, value_enum, default_value_t = Filter::Inbox)]
    filter: Filter,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Filter {
    Inbox,
    Unread,
    Archived,
}

/// As much as the inbox gives at once.
const PAGE: u32 = 500;

/// The inbox of the account that was used last at a server, or what a version before accounts left.
fn inbox_in_force(paths: &Paths, server: &str) -> Option<PathBuf> {
    let accounts = Accounts::read(paths);
    let own = accounts.in_force(server).map(Entry::inbox);
    [Some(paths.legacy_inbox()), own]
        .into_iter()
        .flatten()
        .find(|path| path.exists())
}

pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command::List(options) = command;
    let paths = gloria_desktop::paths(process::variable)?;
    let server = settings()?.address.map(|address| address.server());
    let Some((server, path)) = server.and_then(|server| {
        let path = inbox_in_force(&paths, &server)?;
        Some((server, path))
    }) else {
        complain("there is no inbox yet; it is made when Gloria Notify first connects");
        return Ok(ExitCode::SUCCESS);
    };
    let inbox = Inbox::open_read_only(&path, &server)?;
    let view = match options.filter {
        Filter::Inbox => InboxView::Inbox,
        Filter::Unread => InboxView::Unread,
        Filter::Archived => InboxView::Archived,
    };
    let (mut lines, mut left, mut after) = (Lines::new(), options.limit, None);
    while left > 0 {
        let limit = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        let page = inbox.page(&InboxQuery {
            filter: view.into(),
            after,
            limit,
        })?;
        left = left.saturating_sub(page.items.len());
        for item in &page.items {
            lines.write(item)?;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    lines.flush()?;
    Ok(ExitCode::SUCCESS)
}
