//! The stored events, and what a returning client has missed.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

/// A stored event, encoded once for all streams.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The event's position among all events; equal to the id unless another id was set.
    pub(crate) position: u64,
    pub(crate) id: Arc<str>,
    pub(crate) kind: Arc<str>,
    pub(crate) frame: Bytes,
}

/// The events after a cursor.
#[derive(Debug)]
pub(crate) struct Replay<'a> {
    /// The id to continue from, if events between the cursor and the stored ones are gone.
    pub(crate) gap_to: Option<&'a str>,
    pub(crate) entries: std::collections::vec_deque::Iter<'a, Entry>,
}

#[derive(Debug)]
pub(crate) struct EventLog {
    kept: VecDeque<Entry>,
    limit: usize,
    last: u64,
    /// The id before the first stored event: a client with this cursor has missed no removed event.
    before: Arc<str>,
}

impl EventLog {
    /// Returns a log that stores the newest `limit` events.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            limit,
            last: 0,
            before: "0".into(),
        }
    }

    /// Stores an event. Without `id` it gets the next integer; a numeric `id` advances the counter to it.
    pub(crate) fn append(&mut self, kind: &str, id: Option<&str>, data: &str) -> Entry {
        let next = self.last + 1;
        let asked = id.and_then(|id| id.parse().ok()).unwrap_or(0);
        self.last = next.max(asked);
        let id: Arc<str> = match id {
            Some(id) => single_line(id).into(),
            None => self.last.to_string().into(),
        };
        let frame = render(kind, Some(&id), data);
        let kind = match self.kept.back() {
            Some(entry) if *entry.kind == *kind => entry.kind.clone(),
            _ => kind.into(),
        };
        let entry = Entry {
            position: self.last,
            id,
            kind,
            frame,
        };
        self.kept.push_back(entry.clone());
        while self.kept.len() > self.limit {
            if let Some(gone) = self.kept.pop_front() {
                self.before = gone.id;
            }
        }
        entry
    }

    /// Returns the events after `cursor`. For an unknown cursor, these are all stored events, after a gap.
    pub(crate) fn after(&self, cursor: &str) -> Replay<'_> {
        if let Some(at) = self.kept.iter().rposition(|entry| &*entry.id == cursor) {
            return Replay {
                gap_to: None,
                entries: self.kept.range(at + 1..),
            };
        }
        let gap_to = (*self.before != *cursor).then_some(&*self.before);
        Replay {
            gap_to,
            entries: self.kept.iter(),
        }
    }

    pub(crate) fn all(&self) -> Replay<'_> {
        Replay {
            gap_to: None,
            entries: self.kept.iter(),
        }
    }

    /// Returns the position of an event id, 0 if it is unknown.
    pub(crate) fn position(&self, cursor: &str) -> u64 {
        match self.kept.iter().rev().find(|entry| &*entry.id == cursor) {
            Some(entry) => entry.position,
            None => cursor.parse().unwrap_or(0),
        }
    }

    /// Removes all stored events; ids continue.
    pub(crate) fn clear(&mut self) {
        if let Some(newest) = self.kept.back() {
            self.before = newest.id.clone();
        }
        self.kept.clear();
    }

    /// Returns the number of the next event.
    pub(crate) fn next(&self) -> u64 {
        self.last + 1
    }

    /// Returns the id of the newest event, whether it is still stored or not.
    pub(crate) fn last_id(&self) -> &Arc<str> {
        self.kept.back().map_or(&self.before, |entry| &entry.id)
    }
}

/// Encodes an event (WHATWG HTML 9.2). Line breaks in `data` become further `data:` lines.
pub(crate) fn render(kind: &str, id: Option<&str>, data: &str) -> Bytes {
    let mut frame = String::with_capacity(data.len() + kind.len() + 48);
    frame.push_str("event: ");
    frame.push_str(&single_line(kind));
    if let Some(id) = id {
        frame.push_str("\nid: ");
        frame.push_str(id);
    }
    for line in data.replace("\r\n", "\n").split(['\r', '\n']) {
        frame.push_str("\ndata: ");
        frame.push_str(line);
    }
    frame.push_str("\n\n");
    frame.into()
}

/// A line break inside a field would start another field.
fn single_line(text: &str) -> String {
    text.replace(['\r', '\n'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(replay: Replay<'_>) -> Vec<String> {
        replay.entries.map(|entry| entry.id.to_string()).collect()
    }

    fn log(limit: usize, events: usize) -> EventLog {
        let mut log = EventLog::new(limit);
        (0..events).for_each(|_| drop(log.append("notification.created", None, "{}")));
        log
    }

    #[test]
    fn a_kept_cursor_gets_what_follows_it() {
        let log = log(10, 3);
        assert_eq!(log.after("1").gap_to, None);
        assert_eq!(ids(log.after("1")), ["2", "3"]);
        assert_eq!(ids(log.after("3")), Vec::<String>::new());
        assert_eq!(ids(log.after("0")), ["1", "2", "3"]);
    }

    #[test]
    fn the_cursor_just_before_the_kept_events_has_no_gap_and_an_older_one_has() {
        let log = log(2, 5);
        assert_eq!(log.after("3").gap_to, None);
        assert_eq!(log.after("2").gap_to, Some("3"));
        assert_eq!(ids(log.after("2")), ["4", "5"]);
        assert_eq!(log.after("unheard-of").gap_to, Some("3"));
    }

    #[test]
    fn dropping_the_history_is_a_gap_only_for_those_who_missed_something() {
        let mut log = log(10, 3);
        log.clear();
        assert_eq!(log.after("3").gap_to, None);
        assert_eq!(log.after("2").gap_to, Some("3"));
        assert_eq!(&*log.append("heartbeat", None, "{}").id, "4");
    }

    #[test]
    fn asked_for_ids_are_found_again_and_numeric_ones_move_the_count() {
        let mut log = log(10, 1);
        log.append("notification.created", Some("abc"), "{}");
        log.append("notification.created", Some("40"), "{}");
        assert_eq!(&*log.append("notification.created", None, "{}").id, "41");
        assert_eq!(ids(log.after("abc")), ["40", "41"]);
        assert_eq!(log.position("abc"), 2);
    }

    #[test]
    fn line_breaks_in_data_become_lines_and_in_names_vanish() {
        let frame = render("a\nb", Some("1"), "x\r\ny\rz\n");
        assert_eq!(
            &frame[..],
            b"event: ab\nid: 1\ndata: x\ndata: y\ndata: z\ndata: \n\n"
        );
    }
}
