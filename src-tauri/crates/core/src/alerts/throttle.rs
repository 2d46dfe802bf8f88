//! Rate limits for each kind of event: a token bucket for notifications, and one for updates to readers.
//!
//! Nothing is dropped. Items over the limit are stored like all others, published a moment later together, and
//! announced by a digest.

use std::time::{Duration, Instant};

use crate::alerts::digest::MAX_URGENT_SINGLE;
use crate::item::{Item, ItemKind, Priority};

/// Notifications of one kind at once: as many as can be read before the first disappears.
const MAX_AT_ONCE: u32 = 5;

/// Urgent notifications at once. They need not wait for others, but nobody can read more than this.
const MAX_URGENT_AT_ONCE: u32 = MAX_URGENT_SINGLE;

/// About the time that it takes to read a notification.
const NOTIFICATION_INTERVAL: Duration = Duration::from_secs(5);

/// Items of one kind that are published without a delay: more than a user causes, and about a page of the list.
const ITEMS_AT_ONCE: u32 = 50;

/// The fastest rate at which a moving list can be read.
const ITEM_INTERVAL: Duration = Duration::from_millis(100);

/// Kinds of events with separate limits: a flood of one must not silence the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Notifications for this user.
    Notifications,
    /// Announcements and maintenance.
    System,
    /// Workflows.
    Workflows,
    /// Urgent items of any kind.
    Urgent,
}

impl Source {
    /// Returns the kind of an item.
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

/// A token bucket that starts full. Stored as the time at which it is full again.
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

    /// Takes a token if there is one. Returns whether there was.
    fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now)) + self.refill;
        let admitted = full_at <= now + self.refill * self.most;
        if admitted {
            self.full_at = Some(full_at);
        }
        admitted
    }
}

/// The buckets of all kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Throttle([Bucket; 4]);

impl Throttle {
    /// Returns the limits of notifications.
    pub(crate) fn for_notifications() -> Self {
        let mut buckets = [Bucket::new(MAX_AT_ONCE, NOTIFICATION_INTERVAL); 4];
        buckets[Source::Urgent as usize] = Bucket::new(MAX_URGENT_AT_ONCE, NOTIFICATION_INTERVAL);
        Self(buckets)
    }

    /// Returns the limits of updates that are published without a delay.
    pub(crate) fn for_readers() -> Self {
        Self([Bucket::new(ITEMS_AT_ONCE, ITEM_INTERVAL); 4])
    }

    /// Takes from the bucket of this kind; returns whether there was a token.
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
        // A flood of a minute empties the bucket no further than a burst.
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
