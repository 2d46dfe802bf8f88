//! `gloria inbox export`: all items of the inbox's file, for other programs. The app may run meanwhile: each item is
//! written once, as it was when it was reached.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use gloria_core::inbox::{Inbox, WholeItem};
use gloria_core::item::Item;
use gloria_core::{message, private};
use gloria_program::process;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{fill_in, place_in_force};
use crate::output::{self, Format, Lines, catalogue, failure, print_error};

/// Items that are read at once, so that a large inbox is not in memory.
const MAX_PAGE_ITEMS: u32 = 500;

/// What is exported of an item, in the order of the columns.
const COLUMNS: [&str; 23] = [
    "key",
    "kind",
    "title",
    "body",
    "category",
    "priority",
    "actor",
    "link",
    "actions",
    "progress",
    "groupKey",
    "version",
    "createdAt",
    "receivedAt",
    "seenAt",
    "readAt",
    "archivedAt",
    "flaggedAt",
    "snoozedUntil",
    "ackRequired",
    "acknowledgedAt",
    "expiresAt",
    "alert",
];

/// What this version does not know of an item. It is no column, because each server's fields are others.
const UNKNOWN_FIELDS: &str = "unknownFields";

#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    #[arg(long, value_enum, default_value_t = ExportFormat::Json)]
    format: ExportFormat,
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    Json,
    Csv,
}

pub(super) fn run(options: &ExportOptions) -> anyhow::Result<ExitCode> {
    let paths = gloria_program::paths(process::variable)?;
    let Some((server, path)) = place_in_force(&paths)? else {
        print_error(&message::cli_no_inbox());
        return Ok(ExitCode::FAILURE);
    };
    let inbox = Inbox::open_read_only(&path, &server)?;
    let Some(target) = &options.output else {
        write_all(&inbox, options.format, &mut BufWriter::new(io::stdout().lock()))?;
        return Ok(ExitCode::SUCCESS);
    };
    let items = write_file(&inbox, options.format, target)?;
    match Format::chosen(false) {
        Format::Words => {
            let said = message::cli_exported(items, target.display().to_string());
            output::print_words([catalogue().sentence(&said)])?;
        }
        Format::Json => {
            let mut lines = Lines::new();
            lines.write(&json!({"kind": "exported", "items": items, "file": target}))?;
            lines.flush()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that only its user can read, complete or not at all. Returns the number of items.
fn write_file(inbox: &Inbox, format: ExportFormat, target: &Path) -> anyhow::Result<u64> {
    let named = || target.display().to_string();
    if fs::metadata(target).is_ok_and(|found| !found.is_file()) {
        return Err(failure(&message::storage_not_a_file(named())));
    }
    let refused = |error: io::Error| failure(&message::cli_export_failed(named(), error.to_string()));
    let (draft, file) = private::draft(target).map_err(refused)?;
    let written = write_draft(inbox, format, file)
        .and_then(|items| fs::rename(&draft, target).map(|()| items).map_err(refused));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn write_draft(inbox: &Inbox, format: ExportFormat, file: File) -> anyhow::Result<u64> {
    let mut out = BufWriter::new(file);
    let items = write_all(inbox, format, &mut out)?;
    // Without this a power failure soon after the rename may leave an empty file.
    out.get_ref().sync_all()?;
    Ok(items)
}

fn write_all(inbox: &Inbox, format: ExportFormat, out: &mut impl Write) -> anyhow::Result<u64> {
    let (mut after, mut items) = (Some(0), 0);
    match format {
        ExportFormat::Json => out.write_all(b"[")?,
        ExportFormat::Csv => write_row(out, COLUMNS.map(str::to_owned))?,
    }
    while let Some(place) = after {
        let page = inbox.items_after(place, MAX_PAGE_ITEMS)?;
        for item in page.items {
            let WholeItem { item, unknown_fields } = item;
            let mut item = exported(&item)?;
            match format {
                ExportFormat::Json => {
                    item.insert(UNKNOWN_FIELDS.to_owned(), unknown_fields.into());
                    out.write_all(if items == 0 { b"\n" } else { b",\n" })?;
                    serde_json::to_writer(&mut *out, &item)?;
                }
                ExportFormat::Csv => write_row(out, COLUMNS.map(|column| cell(&item[column])))?,
            }
            items += 1;
        }
        after = page.next;
    }
    if format == ExportFormat::Json {
        out.write_all(b"\n]\n")?;
    }
    out.flush()?;
    Ok(items)
}

/// Returns an item with the app's own texts in words, and times as text.
fn exported(item: &Item) -> serde_json::Result<Map<String, Value>> {
    let mut value = serde_json::to_value(item)?;
    fill_in(&mut value);
    let mut exported = Map::new();
    for column in COLUMNS {
        let field = value[column].take();
        let is_time = column.ends_with("At") || column == "snoozedUntil";
        let time = field.as_i64().filter(|_| is_time);
        let time = time.and_then(|time| Timestamp::from_millisecond(time).ok());
        let field = match (time, column) {
            (Some(time), _) => time.to_string().into(),
            (None, "alert") => field["state"].clone(),
            (None, _) => field,
        };
        exported.insert(column.to_owned(), field);
    }
    Ok(exported)
}

/// Returns a value as the text of a cell.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => inert(text),
        Value::Array(entries) if entries.is_empty() => String::new(),
        Value::Array(_) | Value::Object(_) => inert(&value.to_string()),
    }
}

/// Returns text that no spreadsheet takes for a formula: what begins like one gets an apostrophe in front, by which
/// they know text. A formula in a notification could send the sheet's content elsewhere.
fn inert(text: &str) -> String {
    let begins = text.trim_start().chars().next();
    let is_control = text.starts_with(['\t', '\r', '\n']);
    if is_control || begins.is_some_and(|first| "=+-@＝＋－＠".contains(first)) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Writes a row as RFC 4180 has it.
fn write_row<const N: usize>(out: &mut impl Write, cells: [String; N]) -> io::Result<()> {
    let row = cells.map(|cell| {
        if cell.contains(['"', ',', '\r', '\n']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell
        }
    });
    write!(out, "{}\r\n", row.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_what_a_spreadsheet_shows_and_never_a_formula() {
        for (value, expected) in [
            (json!(null), ""),
            (json!(true), "true"),
            (json!(-5), "-5"),
            (json!("plain"), "plain"),
            (json!("=1+1"), "'=1+1"),
            (json!("+48 123"), "'+48 123"),
            (json!("-cmd|' /C calc'!A0"), "'-cmd|' /C calc'!A0"),
            (json!("@SUM(A1)"), "'@SUM(A1)"),
            (json!(" \u{a0}=1"), "' \u{a0}=1"),
            (json!("\t=1"), "'\t=1"),
            (json!("\rx"), "'\rx"),
            (json!("＝1+1"), "'＝1+1"),
            (json!("a=1"), "a=1"),
            (json!([]), ""),
            (json!([{"label": "Open"}]), "[{\"label\":\"Open\"}]"),
        ] {
            assert_eq!(cell(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_row_is_read_back_by_the_rules_of_rfc_4180() {
        let mut out = Vec::new();
        let cells = ["plain", "a,b", "say \"hello\"", "two\nlines", ""];
        write_row(&mut out, cells.map(str::to_owned)).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "plain,\"a,b\",\"say \"\"hello\"\"\",\"two\nlines\",\r\n"
        );
    }
}
