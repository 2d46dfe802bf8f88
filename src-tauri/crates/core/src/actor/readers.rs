//! The state that readers see: the snapshot, its revision, and the updates that lead from one revision to the next.

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
    AccountView, ConnectionView, MetricsView, Notice, NoticeKind, Preferences, ReleaseView, Revised,
    SignInView, Snapshot, Update, View, WindowView,
};
use crate::ticks::Ticks;

/// How many updates a reader may lag behind before it has to attach again. A burst of a hundred items causes only a
/// few.
const UPDATE_CAPACITY: usize = 256;

/// The interval at which readers are informed that data arrived.
const HEARD_INTERVAL: Duration = Duration::from_secs(1);

/// The interval of metrics for a window that shows them.
const METRICS_INTERVAL: Duration = Duration::from_secs(1);

/// In milliseconds. Wall times computed from the monotonic clock differ a little each time; a smaller difference is not
/// a change.
const SAME_TIME: EpochMillis = 500;

/// How many windows may be lost with a request. The second one gets what a page that hung did not show; an item that
/// ends each page would otherwise keep every window from opening.
const MAX_WINDOWS_PER_REQUEST: u8 = 2;

/// The state as readers see it. Every change is an [`Update`] with the revision that it leads to.
#[derive(Debug)]
pub(super) struct Readers {
    state: Snapshot,
    updates: broadcast::Sender<Revised>,
    notices: BTreeMap<NoticeKind, Message>,
    /// Whether the window has reported something since an item or a view was requested or a window went away, and so
    /// can have received that request.
    request_arrived: bool,
    /// How many windows went away that can have received the request.
    request_losses: u8,
    pending: PendingUpdates,
    /// Limits the updates of items that are published without delay.
    throttle: Throttle,
    /// Whether the user looks at the window.
    presence: Presence,
    /// Whether the user was at the window at the last check.
    attended: bool,
    /// When that was checked.
    presence_checked_at: Instant,
    /// When the window gets the next metrics, while it shows them.
    metrics_due: Option<Instant>,
    heard_published: Instant,
    /// When the time of the last data is checked while only comments arrive.
    ticks: Ticks,
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
            request_arrived: false,
            request_losses: 0,
            pending: PendingUpdates::default(),
            throttle: Throttle::for_readers(),
            presence: Presence::default(),
            attended: false,
            presence_checked_at: now,
            metrics_due: None,
            heard_published: now,
            ticks: Ticks::new(now.into_std()),
        }
    }

    /// Returns the current state.
    pub(super) fn state(&self) -> &Snapshot {
        &self.state
    }

    /// Returns what the window shows, unless its page's report has expired.
    pub(super) fn shown(&self, now: Instant) -> WindowView {
        self.presence.view(now.into_std())
    }

    /// Whether the user sees the newest part of the inbox.
    pub(super) fn in_view(&self, now: Instant) -> bool {
        self.presence.in_view(now.into_std())
    }

    /// Whether the user was at the window at the last check.
    pub(super) fn is_attended(&self) -> bool {
        self.attended
    }

    pub(super) fn attach(&self) -> Attached {
        Attached {
            snapshot: self.state.clone(),
            updates: self.updates.subscribe(),
        }
    }

    /// Takes over the readers of a core that crashed, with the parts of their state that a new core cannot find out.
    pub(super) fn take_over_from(&mut self, broken: Self, now: Instant) {
        // Skips a revision: readers of the old core notice the gap and attach again.
        self.state.revision = broken.state.revision + 1;
        self.updates = broken.updates;
        let presence = broken.presence.without_session();
        self.change_presence(|own| *own = presence, now);
        self.state.requested_item = broken.state.requested_item;
        self.state.requested_view = broken.state.requested_view;
        self.request_arrived = broken.request_arrived;
        self.request_losses = broken.request_losses;
        let kept = [
            NoticeKind::Internal,
            NoticeKind::Tray,
            NoticeKind::Lock,
            NoticeKind::Window,
        ];
        for kind in kept {
            if let Some(message) = broken.notices.get(&kind) {
                self.notices.insert(kind, message.clone());
            }
        }
        self.state.notices = listed(&self.notices);
    }

    /// Applies a change to the state and sends it.
    fn publish(&mut self, update: Update) {
        let revised = Revised {
            revision: self.state.revision + 1,
            update,
        };
        self.state.apply(revised.clone());
        // Fails without readers; the next one attaches to the state.
        let _ = self.updates.send(revised);
    }

    /// Publishes the connection if its view has changed.
    pub(super) fn publish_connection(&mut self, mut view: ConnectionView) {
        let known = &self.state.connection;
        keep_same_time(&mut view.next_attempt_at, known.next_attempt_at);
        keep_same_time(&mut view.connected_since, known.connected_since);
        if view != *known {
            self.publish(Update::Connection(view));
        }
    }

    /// Publishes address and token. Returns whether they changed.
    pub(super) fn publish_account(&mut self, view: AccountView) -> bool {
        let news = view != self.state.account;
        if news {
            self.publish(Update::Account(view));
        }
        news
    }

    pub(super) fn publish_sign_in(&mut self, view: SignInView) {
        if view != self.state.sign_in {
            self.publish(Update::SignIn(view));
        }
    }

    pub(super) fn publish_preferences(&mut self, preferences: Preferences) {
        if preferences != self.state.preferences {
            self.publish(Update::Preferences(preferences));
        }
    }

    pub(super) fn publish_release(&mut self, release: Option<ReleaseView>) {
        if release != self.state.release {
            self.publish(Update::Release(release));
        }
    }

    pub(super) fn publish_counts(&mut self, counts: Counts) {
        if counts != self.state.counts {
            self.publish(Update::Counts(counts));
        }
    }

    /// Sets a notice, or removes it with `None`.
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

    /// Requests the window to show an item; `None` once it has, or if the request is obsolete.
    pub(super) fn publish_requested_item(&mut self, key: Option<String>) {
        // Another click on the same notification repeats the request.
        if key.is_some() || self.state.requested_item.is_some() {
            self.begin_request();
            self.publish(Update::ItemRequested(key));
        }
    }

    /// Requests the window to show a view; `None` once it has, or if the request is obsolete.
    pub(super) fn publish_requested_view(&mut self, view: Option<View>) {
        if view.is_some() || self.state.requested_view.is_some() {
            self.begin_request();
            self.publish(Update::ViewRequested(view));
        }
    }

    /// Handles a report of the window about what it shows, or about its state.
    pub(super) fn on_window_report(&mut self) {
        self.request_arrived = true;
    }

    fn begin_request(&mut self) {
        self.request_arrived = false;
        self.request_losses = 0;
    }

    /// Handles that the window is gone. What it was requested to show and has not shown is left to the next one: its
    /// page may have hung, or was not loaded yet, and the same click made another. After
    /// [`MAX_WINDOWS_PER_REQUEST`] the request is removed.
    pub(super) fn on_window_gone(&mut self) {
        if !std::mem::take(&mut self.request_arrived) {
            return;
        }
        self.request_losses += 1;
        if self.request_losses >= MAX_WINDOWS_PER_REQUEST {
            self.publish_requested_item(None);
            self.publish_requested_view(None);
        }
    }

    /// Publishes that many items changed at once.
    pub(super) fn publish_inbox_changed(&mut self) {
        self.publish(Update::InboxChanged);
    }

    /// Adds changed items, which are published at [`Readers::items_due`].
    pub(super) fn add_items(&mut self, stored: Vec<Item>, removed: Vec<String>, now: Instant) {
        let mut admitted = true;
        let removals = removed.iter().map(|_| Source::Notifications);
        for source in stored.iter().map(Source::of).chain(removals) {
            // All of them are counted, so that a flood is recognised.
            admitted &= self.throttle.admits(source, now.into_std());
        }
        self.pending.add(stored, removed, !admitted, now);
    }

    pub(super) fn items_due(&self) -> Option<Instant> {
        self.pending.due()
    }

    /// Publishes the changes that were added.
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

    /// Publishes items that the user changed, after earlier changes.
    pub(super) fn publish_stored(&mut self, items: Vec<Item>) {
        self.publish(Update::ItemsStored(items));
    }

    /// Applies a change of presence and publishes the consequences. Returns whether the user is at the window now, if
    /// that changed.
    pub(super) fn change_presence(
        &mut self,
        change: impl FnOnce(&mut Presence),
        now: Instant,
    ) -> Option<bool> {
        change(&mut self.presence);
        self.presence_checked_at = now;
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

    /// Returns when the presence changes without an event: the page's report expires, or the user counts as idle.
    pub(super) fn presence_due(&self) -> Option<Instant> {
        self.presence
            .due(self.presence_checked_at.into_std())
            .map(Instant::from_std)
    }

    pub(super) fn metrics_due(&self) -> Option<Instant> {
        self.metrics_due
    }

    /// Publishes metrics, and schedules the next ones in a second.
    pub(super) fn publish_metrics(&mut self, metrics: MetricsView, now: Instant) {
        self.metrics_due = Some(now + METRICS_INTERVAL);
        self.publish(Update::Metrics(metrics));
    }

    /// Returns when the time of the last data is due to be published.
    pub(super) fn heard_due(&self) -> Instant {
        // Not before it may be published.
        self.ticks.after_tokio(self.heard_published + HEARD_INTERVAL)
    }

    /// Whether to publish now that data arrived; if so, the caller does it.
    pub(super) fn begin_heard(&mut self, now: Instant) -> bool {
        let due = now >= self.heard_published + HEARD_INTERVAL;
        if due {
            self.heard_published = now;
        }
        due
    }
}

/// Keeps the known time if the other one differs only by rounding.
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
