//! What the readers see: the snapshot, its revision, and the updates that lead from one revision to the next.

mod pending;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::Instant;

use self::pending::PendingUpdates;
use crate::alerts::presence::Presence;
use crate::alerts::throttle::{Source, Throttle};
use crate::handle::Attached;
use crate::item::{Counts, EpochMillis, Item};
use crate::message::Message;
use crate::protocol::{
    AccountView, ConnectionView, MetricsView, Notice, NoticeKind, Preferences, Revised, Snapshot, Update,
    WindowView,
};

/// Updates that a reader may be behind before it has to attach again. A burst of a hundred items is a handful.
const UPDATE_CAPACITY: usize = 256;

/// How often the readers hear that bytes came.
const HEARD_INTERVAL: Duration = Duration::from_secs(1);

/// How often what was heard is looked at while nothing but comments comes.
const HEARD_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// How often a window that shows the connection's numbers gets them.
const METRICS_INTERVAL: Duration = Duration::from_secs(1);

/// Times of day that are computed from the other clock differ a little each time; less than this is no news.
const SAME_TIME: EpochMillis = 500;

/// The state as its readers see it. Every change of it is an [`Update`] with the revision it leads to.
#[derive(Debug)]
pub(super) struct Readers {
    state: Snapshot,
    updates: broadcast::Sender<Revised>,
    notices: BTreeMap<NoticeKind, Message>,
    pending: PendingUpdates,
    /// What of the items may be published without delay.
    throttle: Throttle,
    /// Who looks at the window.
    presence: Presence,
    /// Somebody is at the window, by what was found last.
    attended: bool,
    /// When that was found.
    presence_looked: Instant,
    /// When the window gets the numbers next, while it shows them.
    metrics_due: Option<Instant>,
    heard_published: Instant,
}

impl Readers {
    pub(super) fn new(state: Snapshot, now: Instant) -> Self {
        let known = state.notices.iter();
        Self {
            notices: known
                .map(|notice| (notice.kind, notice.message.clone()))
                .collect(),
            state,
            updates: broadcast::Sender::new(UPDATE_CAPACITY),
            pending: PendingUpdates::default(),
            throttle: Throttle::for_readers(),
            presence: Presence::default(),
            attended: false,
            presence_looked: now,
            metrics_due: None,
            heard_published: now,
        }
    }

    /// The state, now.
    pub(super) fn state(&self) -> &Snapshot {
        &self.state
    }

    /// What the window shows, as far as its page's word still holds.
    pub(super) fn shown(&self, now: Instant) -> WindowView {
        self.presence.view(now.into_std())
    }

    /// Whether somebody has the newest part of the inbox before their eyes.
    pub(super) fn in_view(&self, now: Instant) -> bool {
        self.presence.in_view(now.into_std())
    }

    /// Whether somebody is at the window, by what was found last.
    pub(super) fn is_attended(&self) -> bool {
        self.attended
    }

    pub(super) fn attach(&self) -> Attached {
        Attached {
            snapshot: self.state.clone(),
            updates: self.updates.subscribe(),
        }
    }

    /// Takes over the readers of a core that broke, with what they see and no new core can know.
    pub(super) fn succeed(&mut self, broken: Self, now: Instant) {
        // One revision is skipped: readers of the old core see the gap and attach again.
        self.state.revision = broken.state.revision + 1;
        self.updates = broken.updates;
        let presence = broken.presence.without_session();
        self.change_presence(|own| *own = presence, now);
        self.state.requested_item = broken.state.requested_item;
        for kind in [NoticeKind::Internal, NoticeKind::Tray, NoticeKind::Lock] {
            if let Some(message) = broken.notices.get(&kind) {
                self.notices.insert(kind, message.clone());
            }
        }
        self.state.notices = listed(&self.notices);
    }

    /// Makes a change part of the state and sends it.
    fn publish(&mut self, update: Update) {
        let revised = Revised {
            revision: self.state.revision + 1,
            update,
        };
        self.state.apply(revised.clone());
        // No readers is no error: the state is there for the next one.
        let _ = self.updates.send(revised);
    }

    /// Publishes the connection, unless nothing of it is news.
    pub(super) fn publish_connection(&mut self, mut view: ConnectionView) {
        let known = &self.state.connection;
        keep_same_time(&mut view.next_attempt_at, known.next_attempt_at);
        keep_same_time(&mut view.connected_since, known.connected_since);
        if view != *known {
            self.publish(Update::Connection(view));
        }
    }

    /// Publishes address and token; whether they are news.
    pub(super) fn publish_account(&mut self, view: AccountView) -> bool {
        let news = view != self.state.account;
        if news {
            self.publish(Update::Account(view));
        }
        news
    }

    pub(super) fn publish_preferences(&mut self, preferences: Preferences) {
        if preferences != self.state.preferences {
            self.publish(Update::Preferences(preferences));
        }
    }

    pub(super) fn publish_counts(&mut self, counts: Counts) {
        if counts != self.state.counts {
            self.publish(Update::Counts(counts));
        }
    }

    /// Puts up a notice, or takes it down with `None`.
    pub(super) fn set_notice(&mut self, kind: NoticeKind, message: Option<Message>) {
        if self.notices.get(&kind) == message.as_ref() {
            return;
        }
        match message {
            Some(message) => self.notices.insert(kind, message),
            None => self.notices.remove(&kind),
        };
        self.publish(Update::Notices(listed(&self.notices)));
    }

    /// Asks the window to show an item; `None` once it has, or nobody waits for it any more.
    pub(super) fn publish_requested_item(&mut self, key: Option<String>) {
        // Another click on the same notification asks once more.
        if key.is_some() || self.state.requested_item.is_some() {
            self.publish(Update::ItemRequested(key));
        }
    }

    /// Many items changed at once.
    pub(super) fn publish_inbox_changed(&mut self) {
        self.publish(Update::InboxChanged);
    }

    /// Adds changed items, which are published when [`Readers::items_due`] says.
    pub(super) fn add_items(&mut self, stored: Vec<Item>, removed: Vec<String>, now: Instant) {
        let mut admitted = true;
        let removals = removed.iter().map(|_| Source::Notifications);
        for source in stored.iter().map(Source::of).chain(removals) {
            // Every one of them counts, so that a flood is known as one.
            admitted &= self.throttle.admits(source, now.into_std());
        }
        self.pending.add(stored, removed, !admitted, now);
    }

    pub(super) fn items_due(&self) -> Option<Instant> {
        self.pending.due()
    }

    /// Publishes what was added.
    pub(super) fn publish_items(&mut self, now: Instant) {
        let changes = self.pending.take(now);
        if changes.many {
            self.publish(Update::InboxChanged);
        }
        if !changes.removed.is_empty() {
            self.publish(Update::ItemsRemoved(changes.removed));
        }
        if !changes.stored.is_empty() {
            self.publish(Update::ItemsStored(changes.stored));
        }
    }

    /// Publishes items that the user changed, after what was added before them.
    pub(super) fn publish_stored(&mut self, items: Vec<Item>) {
        self.publish(Update::ItemsStored(items));
    }

    /// Takes what is said of who looks, and publishes what follows. Answers with whether somebody is at the window now,
    /// where that changed.
    pub(super) fn change_presence(
        &mut self,
        change: impl FnOnce(&mut Presence),
        now: Instant,
    ) -> Option<bool> {
        change(&mut self.presence);
        self.presence_looked = now;
        if self.shown(now).connection_visible {
            self.metrics_due.get_or_insert(now);
        } else {
            self.metrics_due = None;
        }
        let in_view = self.in_view(now);
        if in_view != self.state.in_view {
            self.publish(Update::InView(in_view));
        }
        let attended = self.presence.is_attended(now.into_std());
        let changed = attended != self.attended;
        self.attended = attended;
        changed.then_some(attended)
    }

    /// When who looks changes by itself: a page's word expires, or a user counts as gone.
    pub(super) fn presence_due(&self) -> Option<Instant> {
        self.presence
            .due(self.presence_looked.into_std())
            .map(Instant::from_std)
    }

    pub(super) fn metrics_due(&self) -> Option<Instant> {
        self.metrics_due
    }

    /// Publishes the numbers, the next ones a second later.
    pub(super) fn publish_metrics(&mut self, metrics: MetricsView, now: Instant) {
        self.metrics_due = Some(now + METRICS_INTERVAL);
        self.publish(Update::Metrics(metrics));
    }

    /// When what was heard is published by itself.
    pub(super) fn heard_due(&self) -> Instant {
        self.heard_published + HEARD_CHECK_INTERVAL
    }

    /// Whether it is time to publish that bytes came. If so, the caller does.
    pub(super) fn begin_heard(&mut self, now: Instant) -> bool {
        let due = now >= self.heard_published + HEARD_INTERVAL;
        if due {
            self.heard_published = now;
        }
        due
    }
}

/// Keeps the known time where the other is the same but for how it was computed.
fn keep_same_time(time: &mut Option<EpochMillis>, known: Option<EpochMillis>) {
    if let (Some(new), Some(old)) = (*time, known)
        && (new - old).abs() < SAME_TIME
    {
        *time = known;
    }
}

fn listed(notices: &BTreeMap<NoticeKind, Message>) -> Vec<Notice> {
    notices
        .iter()
        .map(|(kind, message)| Notice {
            kind: *kind,
            message: message.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
