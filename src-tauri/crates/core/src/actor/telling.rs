//! What readers are told of the inbox: at most once per frame of a screen, and less often while too much comes for the
//! eye.

use std::time::Duration;

use tokio::time::Instant;

use super::Actor;
use crate::protocol::{Item, Update};
use crate::throttle::Source;

/// Items told to the readers one by one; for more they read their pages again, which costs less.
const MOST_TOLD_ITEMS: usize = 50;

/// One picture of a screen at 60 Hz: what is told more often is never seen.
const FRAME: Duration = Duration::from_millis(16);

/// While more comes than anybody can read, the list moves this often: it still looks alive, and can be clicked.
const CALMED: Duration = Duration::from_millis(250);

/// What the readers have not been told yet.
#[derive(Debug, Default)]
pub(super) struct Untold {
    stored: Vec<Item>,
    removed: Vec<String>,
    /// More than is worth telling one by one.
    many: bool,
    due: Option<Instant>,
    last: Option<Instant>,
}

impl Untold {
    /// When the readers are to be told.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Adds changes, the newest last.
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
        if self.stored.len() + self.removed.len() > MOST_TOLD_ITEMS {
            self.many = true;
            self.stored = Vec::new();
            self.removed = Vec::new();
        }
    }
}

impl Actor {
    /// Tells the readers of changed items, now or with what follows soon.
    pub(super) async fn tell_items(&mut self, stored: Vec<Item>, removed: Vec<String>) {
        let now = Instant::now();
        let mut admitted = true;
        let removals = removed.iter().map(|_| Source::Notifications);
        for source in stored.iter().map(Source::of).chain(removals) {
            // Every one of them counts, so that a flood is known as one.
            admitted &= self.throttle.admits_item(source, now.into_std());
        }
        self.untold.add(stored, removed);
        let pause = if admitted { FRAME } else { CALMED };
        let due = self.untold.last.map_or(now, |last| last + pause);
        if due <= now {
            self.tell_now().await;
        } else {
            self.untold.due.get_or_insert(due);
        }
    }

    /// Tells the readers what they do not know yet.
    pub(super) async fn tell_now(&mut self) {
        let Untold {
            stored,
            removed,
            many,
            ..
        } = std::mem::take(&mut self.untold);
        self.untold.last = Some(Instant::now());
        if many {
            self.publish(Update::InboxChanged);
        }
        if !removed.is_empty() {
            self.publish(Update::ItemsRemoved(removed));
        }
        if !stored.is_empty() {
            self.publish(Update::ItemsStored(stored));
        }
        self.publish_counts().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ItemKind, Priority};

    fn item(key: usize, title: &str) -> Item {
        Item {
            key: key.to_string(),
            kind: ItemKind::Notification,
            title: title.into(),
            body: String::new(),
            category: None,
            priority: Priority::Normal,
            actor: None,
            link: None,
            actions: Vec::new(),
            progress: None,
            created_at: 0,
            received_at: 0,
            sort: String::new(),
            pinned: false,
            views: Vec::new(),
            seen_at: None,
            read_at: None,
            archived_at: None,
            alert: String::new(),
        }
    }

    #[test]
    fn the_newest_state_of_an_item_is_what_is_told() {
        let mut untold = Untold::default();
        untold.add(vec![item(1, "old"), item(2, "two")], Vec::new());
        untold.add(vec![item(1, "new")], vec!["2".into()]);
        untold.add(vec![item(3, "three")], vec!["3".into()]);
        untold.add(vec![item(3, "back")], Vec::new());
        let titles: Vec<_> = untold.stored.iter().map(|item| item.title.as_str()).collect();
        assert_eq!(titles, ["new", "back"]);
        assert_eq!(untold.removed, ["2", "3"]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut untold = Untold::default();
        for key in 0..10_000 {
            untold.add(vec![item(key, "t")], Vec::new());
        }
        assert!(untold.many && untold.stored.is_empty() && untold.removed.is_empty());
    }
}
