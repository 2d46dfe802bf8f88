//! Changed items that were not published to readers yet: published at most once per frame, and less often during a
//! flood.

use std::time::Duration;

use tokio::time::Instant;

use crate::item::Item;

/// The maximum number of items to publish one by one. For more, readers load their pages again, which costs less.
const MAX_PUBLISHED_ITEMS: usize = 50;

/// One frame at 60 Hz: more frequent updates are never seen.
const FRAME_INTERVAL: Duration = Duration::from_millis(16);

/// The interval of list updates during a flood, in which the list stays responsive and clickable.
const FLOOD_INTERVAL: Duration = Duration::from_millis(250);

/// Changes that were not published to readers yet.
#[derive(Debug, Default)]
pub(super) struct PendingUpdates {
    changes: Changes,
    due: Option<Instant>,
    last: Option<Instant>,
}

/// Changed items to publish.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) stored: Vec<Item>,
    pub(super) removed: Vec<String>,
    /// Whether there are too many to publish one by one.
    pub(super) many: bool,
}

impl PendingUpdates {
    /// Returns when they are due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Adds changes, newest last. `flood` means that more arrives than can be read.
    pub(super) fn add(&mut self, stored: Vec<Item>, removed: Vec<String>, flood: bool, now: Instant) {
        self.changes.add(stored, removed);
        let interval = if flood { FLOOD_INTERVAL } else { FRAME_INTERVAL };
        self.due
            .get_or_insert(self.last.map_or(now, |last| (last + interval).max(now)));
    }

    /// Removes and returns the changes to publish now.
    pub(super) fn take(&mut self, now: Instant) -> Changes {
        self.due = None;
        self.last = Some(now);
        std::mem::take(&mut self.changes)
    }
}

impl Changes {
    fn add(&mut self, stored: Vec<Item>, removed: Vec<String>) {
        if self.many {
            return;
        }
        for item in stored {
            self.stored.retain(|known| known.key != item.key);
            self.stored.push(item);
        }
        self.stored.retain(|known| !removed.contains(&known.key));
        self.removed.extend(removed);
        if self.stored.len() + self.removed.len() > MAX_PUBLISHED_ITEMS {
            *self = Self {
                many: true,
                ..Self::default()
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::item;
    use super::*;

    #[test]
    fn the_newest_state_of_an_item_is_what_is_published() {
        let mut changes = Changes::default();
        changes.add(vec![item("1", "old"), item("2", "two")], Vec::new());
        changes.add(vec![item("1", "new")], vec!["2".into()]);
        changes.add(vec![item("3", "three")], vec!["3".into()]);
        changes.add(vec![item("3", "back")], Vec::new());
        let titles: Vec<_> = changes.stored.iter().map(|item| item.title.as_str()).collect();
        assert_eq!(titles, ["new", "back"]);
        assert_eq!(changes.removed, ["2", "3"]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut changes = Changes::default();
        for key in 0..10_000 {
            changes.add(vec![item(&key.to_string(), "t")], Vec::new());
        }
        assert!(changes.many && changes.stored.is_empty() && changes.removed.is_empty());
    }

    #[test]
    fn the_first_change_waits_for_nothing_and_the_next_for_its_frame() {
        let (mut pending, now) = (PendingUpdates::default(), Instant::now());
        pending.add(vec![item("1", "t")], Vec::new(), false, now);
        assert_eq!(pending.due(), Some(now));
        pending.take(now);
        assert_eq!(pending.due(), None);
        pending.add(vec![item("2", "t")], Vec::new(), false, now);
        pending.add(vec![item("3", "t")], Vec::new(), true, now);
        assert_eq!(
            pending.due(),
            Some(now + FRAME_INTERVAL),
            "what was due first stays due"
        );
        pending.take(now);
        pending.add(vec![item("4", "t")], Vec::new(), true, now);
        assert_eq!(pending.due(), Some(now + FLOOD_INTERVAL));
    }
}
