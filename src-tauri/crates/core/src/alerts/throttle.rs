//! Limits for each event type: a token bucket for its notifications, and one for the updates sent to readers.
//!
//! Nothing is dropped by it. What is over the rate is stored like everything else, shown a moment later together with
//! its like, and announced by one notification instead of many.

use std::time::{Duration, Instant};

use crate::alerts::digest::MAX_URGENT_ALONE;
use crate::item::{Item, ItemKind, Priority};

/// Notifications of one kind at once: as many as are read before the first is gone.
const MAX_AT_ONCE: u32 = 5;

/// What is urgent at once: it does not wait behind anything, but more than this is more than anybody takes in.
const MAX_URGENT_AT_ONCE: u32 = MAX_URGENT_ALONE;

/// The rate of notifications that a person can follow: one takes about this long to read.
const NOTIFICATION_INTERVAL: Duration = Duration::from_secs(5);

/// Items of one type that are sent to readers one by one: more than a person causes, and a page of the list.
const ITEMS_AT_ONCE: u32 = 50;

/// The rate at which a list may move and still be read.
const ITEM_INTERVAL: Duration = Duration::from_millis(100);

/// Kinds of events, each with its own allowance: what floods one must not silence the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Notifications for this person.
    Notifications,
    /// Announcements and maintenance.
    System,
    /// Workflows.
    Workflows,
    /// What is urgent, of any kind: it does not wait behind what is not.
    Urgent,
}

impl Source {
    /// Where an item belongs.
    pub(crate) fn of(item: &Item) -> Self {
        match (item.priority, item.kind) {
            (Priority::Urgent, _) => Self::Urgent,
            (Priority::Low | Priority::Normal | Priority::High, kind) => match kind {
                ItemKind::Notification => Self::Notifications,
                ItemKind::Announcement | ItemKind::Maintenance | ItemKind::Gap | ItemKind::Unreadable => {
                    Self::System
                }
                ItemKind::WorkflowRunning | ItemKind::WorkflowCompleted | ItemKind::WorkflowFailed => {
                    Self::Workflows
                }
            },
        }
    }
}

/// A token bucket that begins full. It is kept as the moment at which it would be full again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bucket {
    most: u32,
    refill: Duration,
    full_at: Option<Instant>,
}

impl Bucket {
    fn new(most: u32, refill: Duration) -> Self {
        Self {
            most,
            refill,
            full_at: None,
        }
    }

    /// Takes a token if there is one.
    fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now)) + self.refill;
        let admitted = full_at <= now + self.refill * self.most;
        if admitted {
            self.full_at = Some(full_at);
        }
        admitted
    }
}

/// The allowances of all kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Throttle([Bucket; 4]);

impl Throttle {
    /// What may be notified of one by one.
    pub(crate) fn for_notifications() -> Self {
        let mut buckets = [Bucket::new(MAX_AT_ONCE, NOTIFICATION_INTERVAL); 4];
        buckets[Source::Urgent as usize] = Bucket::new(MAX_URGENT_AT_ONCE, NOTIFICATION_INTERVAL);
        Self(buckets)
    }

    /// The limit of updates that are sent to readers without delay.
    pub(crate) fn for_readers() -> Self {
        Self([Bucket::new(ITEMS_AT_ONCE, ITEM_INTERVAL); 4])
    }

    /// Whether one more of this kind is within its allowance.
    pub(crate) fn admits(&mut self, source: Source, now: Instant) -> bool {
        self.0[source as usize].take(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(throttle: &mut Throttle, source: Source, times: u32, now: Instant) -> usize {
        (0..times).filter(|_| throttle.admits(source, now)).count()
    }

    #[test]
    fn a_burst_is_cut_and_the_allowance_comes_back_with_time() {
        let (mut throttle, start) = (Throttle::for_notifications(), Instant::now());
        assert_eq!(admitted(&mut throttle, Source::Notifications, 100, start), 5);
        let later = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(admitted(&mut throttle, Source::Notifications, 100, later(4)), 0);
        assert_eq!(admitted(&mut throttle, Source::Notifications, 100, later(11)), 2);
        assert_eq!(
            admitted(&mut throttle, Source::Notifications, 100, later(3600)),
            5,
            "never more than a bucket"
        );
    }

    #[test]
    fn one_kind_does_not_silence_another() {
        let (mut throttle, now) = (Throttle::for_notifications(), Instant::now());
        assert_eq!(admitted(&mut throttle, Source::Workflows, 100, now), 5);
        assert_eq!(admitted(&mut throttle, Source::Urgent, 3, now), 3);
    }

    #[test]
    fn what_is_refused_costs_nothing() {
        let (mut throttle, start) = (Throttle::for_notifications(), Instant::now());
        for tenth in 0..600 {
            throttle.admits(Source::System, start + Duration::from_millis(100 * tenth));
        }
        // A flood of a minute leaves the bucket as empty as a burst does.
        let calm = start + Duration::from_secs(60 + 25);
        assert_eq!(admitted(&mut throttle, Source::System, 100, calm), 5);
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_is_no_trouble() {
        let (mut throttle, start) = (
            Throttle::for_notifications(),
            Instant::now() + Duration::from_secs(60),
        );
        assert_eq!(admitted(&mut throttle, Source::System, 9, start), 5);
        assert_eq!(
            admitted(&mut throttle, Source::System, 9, start - Duration::from_secs(30)),
            0
        );
    }
}
