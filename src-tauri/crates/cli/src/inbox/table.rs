//! The inbox as a table for people: an item is a line, with the key by which other commands name it.

use std::iter;

use gloria_core::item::{EpochMillis, Priority};
use gloria_core::message::{self, Message};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::output::catalogue;

/// The fields of an item that are printed for people.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    key: String,
    created_at: EpochMillis,
    priority: Priority,
    read_at: Option<EpochMillis>,
    flagged_at: Option<EpochMillis>,
    snoozed_until: Option<EpochMillis>,
    ack_required: bool,
    acknowledged_at: Option<EpochMillis>,
    pending: bool,
    refused: Option<Message>,
    pub(super) title: String,
}

impl Row {
    /// What is special about it.
    fn states(&self) -> Vec<Message> {
        let is_to_be_acknowledged = self.ack_required && self.acknowledged_at.is_none();
        [
            (self.priority == Priority::Urgent, message::cli_mark_urgent()),
            (is_to_be_acknowledged, message::cli_mark_to_acknowledge()),
            (self.read_at.is_none(), message::cli_mark_unread()),
            (self.flagged_at.is_some(), message::cli_mark_flagged()),
            (self.snoozed_until.is_some(), message::cli_mark_snoozed()),
            (self.pending, message::cli_mark_pending()),
            (self.refused.is_some(), message::cli_mark_refused()),
        ]
        .into_iter()
        .filter_map(|(applies, state)| applies.then_some(state))
        .collect()
    }

    fn cells(&self, zone: &TimeZone) -> [String; 4] {
        let time = Timestamp::from_millisecond(self.created_at).unwrap_or_default();
        let time = time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let states: Vec<_> = self.states().iter().map(|state| catalogue().say(state)).collect();
        [self.key.clone(), time, states.join(", "), self.title.clone()]
    }
}

/// The columns of a list that is printed page by page: they only become wider.
#[derive(Debug, Default)]
pub(super) struct Table {
    widths: [usize; 3],
    has_header: bool,
}

impl Table {
    /// Returns the lines of a page; before the first one, what the columns are.
    pub(super) fn lines(&mut self, rows: &[Row], zone: &TimeZone) -> Vec<String> {
        if rows.is_empty() {
            return Vec::new();
        }
        let header = (!self.has_header).then(|| {
            [
                message::cli_column_key(),
                message::cli_column_time(),
                message::cli_column_state(),
                message::cli_column_title(),
            ]
            .map(|column| catalogue().sentence(&column))
        });
        self.has_header = true;
        let rows = rows.iter().map(|row| row.cells(zone));
        let rows: Vec<_> = header.into_iter().chain(rows).collect();
        for cells in &rows {
            for (width, cell) in iter::zip(&mut self.widths, cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let [key, time, state] = self.widths;
        rows.iter()
            .map(|[a, b, c, d]| format!("{a:<key$}  {b:<time$}  {c:<state$}  {d}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_one_line_with_its_key_and_what_is_special_about_it() {
        let row = |key: &str, title: &str| Row {
            key: key.into(),
            created_at: 1_800_000_000_000,
            priority: Priority::Normal,
            read_at: None,
            flagged_at: None,
            snoozed_until: None,
            ack_required: false,
            acknowledged_at: None,
            pending: false,
            refused: None,
            title: title.into(),
        };
        let urgent = Row {
            priority: Priority::Urgent,
            pending: true,
            ..row("n:1", "Disk full")
        };
        let marked = Row {
            read_at: Some(1),
            flagged_at: Some(1),
            snoozed_until: Some(1),
            ack_required: true,
            refused: Some(message::action_refused_status(409)),
            ..row("w:backup", "Backup")
        };
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let mut table = Table::default();
        assert_eq!(
            table.lines(&[urgent, marked], &zone),
            [
                "Key       Time              State                                      Title",
                "n:1       2027-01-15 10:00  urgent, unread, not sent yet               Disk full",
                "w:backup  2027-01-15 10:00  to acknowledge, flagged, snoozed, refused  Backup",
            ]
        );
        assert_eq!(table.lines(&[], &zone), [""; 0]);
    }
}
