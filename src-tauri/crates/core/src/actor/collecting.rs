//! Alerts that are held for a moment: what was missed while there was no connection, and what comes faster than anybody
//! could read it. A few are shown one by one, many become one digest with one sound.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use tokio::time::Instant;

use super::Actor;
use crate::alert::{self, Alert, Collection, MOST_MISSED_TOASTS, ToastVerdict};
use crate::ports::{NotificationRequest, Subject};
use crate::protocol::{EpochMillis, Item, ItemKind, Priority};
use crate::text::paragraphs;

/// Silence that ends a replay: longer than the pauses of a server that reads its history.
const REPLAY_SILENCE: Duration = Duration::from_millis(1500);

/// However long a replay lasts, the user hears of it within this time.
const LONGEST_REPLAY: Duration = Duration::from_secs(30);

/// Silence that ends a burst: longer than the pause between two events of one cause.
const BURST_SILENCE: Duration = Duration::from_secs(2);

/// A flood that does not end is told of this often.
const LONGEST_BURST: Duration = Duration::from_secs(15);

/// What a notification shows of a body, in characters: four or five lines, which is what services show.
const MAX_BODY_CHARS: usize = 200;

/// What came while a connection replays what was missed.
#[derive(Debug)]
pub(super) struct CatchUp {
    /// When the connection was made.
    pub(super) began: std::time::Instant,
    held: Held,
}

/// Keys of held alerts that are remembered one by one, to leave out what is read or removed meanwhile. What is over
/// this is only counted.
const MAX_HELD_KEYS: usize = 10_000;

/// Alerts that wait for each other. Of a replay of any length it holds what a digest says, and the few that may be
/// shown one by one.
#[derive(Debug)]
pub(super) struct Held {
    /// The first ones, as they would be shown.
    first: Vec<Sample>,
    /// Hashes of all keys, as far as they are remembered, with their priorities.
    keys: HashMap<u64, Priority>,
    /// Those over [`MAX_HELD_KEYS`], and how many of them are urgent.
    uncounted: (usize, usize),
    newest: Option<Sample>,
    pressing: Option<Sample>,
    quiet_at: Instant,
    latest: Instant,
}

/// What is shown of an item.
#[derive(Debug, Clone)]
struct Sample {
    key: String,
    request: NotificationRequest,
    created_at: EpochMillis,
}

impl Sample {
    fn of(item: &Item) -> Self {
        Self {
            key: item.key.clone(),
            request: request_of(item),
            created_at: item.created_at,
        }
    }
}

impl Held {
    fn new(now: Instant, silence: Duration, longest: Duration) -> Self {
        Self {
            first: Vec::new(),
            keys: HashMap::new(),
            uncounted: (0, 0),
            newest: None,
            pressing: None,
            quiet_at: now + silence,
            latest: now + longest,
        }
    }

    /// When they are shown, unless more comes.
    fn ends(&self) -> Instant {
        self.quiet_at.min(self.latest)
    }

    fn add(&mut self, item: &Item) {
        // One that is news again while it is held is shown as it is now.
        self.remove(&item.key);
        if self.keys.len() < MAX_HELD_KEYS {
            self.keys.insert(hash(&item.key), item.priority);
        } else {
            self.uncounted.0 += 1;
            self.uncounted.1 += usize::from(item.priority == Priority::Urgent);
        }
        let sample = Sample::of(item);
        if self
            .newest
            .as_ref()
            .is_none_or(|newest| newest.created_at <= item.created_at)
        {
            self.newest = Some(sample.clone());
        }
        let rank = (item.priority, item.created_at);
        if self
            .pressing
            .as_ref()
            .is_none_or(|pressing| (pressing.request.priority, pressing.created_at) <= rank)
        {
            self.pressing = Some(sample.clone());
        }
        if self.first.len() <= MOST_MISSED_TOASTS {
            self.first.push(sample);
        }
    }

    fn remove(&mut self, key: &str) {
        if self.keys.remove(&hash(key)).is_none() {
            return;
        }
        self.first.retain(|sample| sample.key != key);
        // Of what is left only the first ones are known.
        if self.newest.take_if(|newest| newest.key == key).is_some() {
            self.newest = self.first.iter().max_by_key(|sample| sample.created_at).cloned();
        }
        if self.pressing.take_if(|pressing| pressing.key == key).is_some() {
            let rank = |sample: &&Sample| (sample.request.priority, sample.created_at);
            self.pressing = self.first.iter().max_by_key(rank).cloned();
        }
    }

    fn clear(&mut self) {
        *self = Self {
            quiet_at: self.quiet_at,
            latest: self.latest,
            ..Self::new(self.quiet_at, Duration::ZERO, Duration::ZERO)
        };
    }

    fn len(&self) -> usize {
        self.keys.len() + self.uncounted.0
    }

    fn priority(&self) -> Priority {
        let most = self.keys.values().max().copied().unwrap_or_default();
        if self.uncounted.1 > 0 {
            Priority::Urgent
        } else {
            most
        }
    }

    fn digest(&self, title: String) -> NotificationRequest {
        let urgent = self
            .keys
            .values()
            .filter(|priority| **priority == Priority::Urgent)
            .count()
            + self.uncounted.1;
        let title_of = |sample: &Option<Sample>| sample.as_ref().map(|sample| sample.request.title.clone());
        let body = match (urgent, title_of(&self.newest), title_of(&self.pressing)) {
            (0, Some(newest), _) => format!("Newest: {newest}"),
            (1, _, Some(pressing)) => format!("Urgent: {pressing}"),
            (2.., _, Some(pressing)) => format!("{urgent} urgent, the newest of them: {pressing}"),
            (0, None, _) => String::new(),
            (1.., _, None) => format!("{urgent} urgent"),
        };
        NotificationRequest {
            subject: Subject::Digest(0),
            title,
            body,
            priority: self.priority(),
            replaces: None,
        }
    }
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

impl Actor {
    /// A connection was made: what it replays is collected.
    pub(super) fn begin_catch_up(&mut self) {
        self.end_catch_up();
        self.catch_up = Some(CatchUp {
            began: self.now().monotonic,
            held: Held::new(Instant::now(), REPLAY_SILENCE, LONGEST_REPLAY),
        });
    }

    /// When held alerts are due.
    pub(super) fn collections_end(&self) -> Option<Instant> {
        let replay = self.catch_up.as_ref().map(|catch_up| catch_up.held.ends());
        let burst = self.burst.as_ref().map(Held::ends);
        replay.into_iter().chain(burst).min()
    }

    /// Shows what is due.
    pub(super) fn end_collections(&mut self, now: Instant) {
        if self
            .catch_up
            .as_ref()
            .is_some_and(|catch_up| catch_up.held.ends() <= now)
        {
            self.end_catch_up();
        }
        if self.burst.as_ref().is_some_and(|burst| burst.ends() <= now) {
            self.end_burst(now);
        }
    }

    /// Does what the gate decided.
    pub(super) fn raise(&mut self, alerts: Vec<(Item, Alert)>) {
        let now = Instant::now();
        for (item, alert) in alerts {
            if let Some(catch_up) = &mut self.catch_up {
                catch_up.held.quiet_at = now + REPLAY_SILENCE;
            }
            match alert.toast {
                ToastVerdict::Collect(Collection::Missed) => {
                    if let Some(catch_up) = &mut self.catch_up {
                        catch_up.held.add(&item);
                    }
                }
                ToastVerdict::Collect(Collection::Burst) => {
                    let burst = self
                        .burst
                        .get_or_insert_with(|| Held::new(now, BURST_SILENCE, LONGEST_BURST));
                    burst.quiet_at = now + BURST_SILENCE;
                    burst.add(&item);
                }
                ToastVerdict::Show => self.show(request_of(&item)),
                ToastVerdict::Suppress => {}
            }
            if let Some(sound) = alert.sound {
                self.play(sound);
            }
        }
    }

    /// What was read or removed meanwhile needs no alert any more.
    pub(super) fn release(&mut self, key: &str) {
        if let Some(catch_up) = &mut self.catch_up {
            catch_up.held.remove(key);
        }
        if let Some(burst) = &mut self.burst {
            burst.remove(key);
        }
    }

    /// None of what is held needs an alert any more.
    pub(super) fn drop_collections(&mut self) {
        if let Some(catch_up) = &mut self.catch_up {
            catch_up.held.clear();
        }
        self.burst = None;
    }

    /// The replay is over: few missed items are shown one by one, many as one digest, with one sound for all.
    pub(super) fn end_catch_up(&mut self) {
        if let Some(catch_up) = self.catch_up.take() {
            self.show_together(&catch_up.held, MOST_MISSED_TOASTS, |missed| {
                format!("{missed} notifications while you were away")
            });
        }
    }

    fn end_burst(&mut self, now: Instant) {
        if self.notifications_wait()
            && let Some(burst) = &mut self.burst
        {
            (burst.quiet_at, burst.latest) = (now + LONGEST_BURST, now + LONGEST_BURST);
            return;
        }
        if let Some(burst) = self.burst.take() {
            self.show_together(&burst, 1, |more| format!("{more} more notifications"));
        }
    }

    fn show_together(&mut self, held: &Held, most_toasts: usize, title: impl FnOnce(usize) -> String) {
        if held.len() == 0 {
            return;
        }
        let circumstances = self.circumstances();
        let (sound, _) = alert::sound(ItemKind::Notification, held.priority(), &circumstances);
        if !circumstances.in_view {
            let requests: Vec<NotificationRequest> =
                if held.len() > most_toasts || held.len() > held.first.len() {
                    vec![held.digest(title(held.len()))]
                } else {
                    held.first.iter().map(|sample| sample.request.clone()).collect()
                };
            for request in requests {
                self.show(request);
            }
        }
        if let Some(sound) = sound {
            self.play(sound);
        }
    }
}

fn request_of(item: &Item) -> NotificationRequest {
    NotificationRequest {
        subject: Subject::Item(item.key.clone()),
        title: item.title.clone(),
        body: short_body(&item.body),
        priority: item.priority,
        replaces: None,
    }
}

/// A notification's body is cut here, and nowhere else: services cut at limits of their own, and Windows refuses what
/// is too large.
pub(super) fn short_body(body: &str) -> String {
    paragraphs(body, MAX_BODY_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: i64, priority: Priority) -> Item {
        Item {
            key: format!("n:{number}"),
            kind: ItemKind::Notification,
            title: format!("title {number}"),
            body: "word ".repeat(1000),
            category: None,
            priority,
            actor: None,
            link: None,
            actions: Vec::new(),
            progress: None,
            created_at: number,
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
    fn of_a_long_replay_little_is_held_and_its_digest_is_right() {
        let mut held = Held::new(Instant::now(), REPLAY_SILENCE, LONGEST_REPLAY);
        for number in 0..30_000 {
            let priority = if number == 29_000 {
                Priority::Urgent
            } else {
                Priority::Normal
            };
            held.add(&item(number, priority));
        }
        assert_eq!(
            (held.len(), held.first.len(), held.keys.len()),
            (30_000, 6, MAX_HELD_KEYS)
        );
        let size: usize = held.first.iter().map(|sample| sample.request.body.len()).sum();
        assert!(size <= 6 * 4 * MAX_BODY_CHARS, "{size}");
        let digest = held.digest("30000 more".into());
        assert_eq!(
            (digest.body.as_str(), digest.priority),
            ("Urgent: title 29000", Priority::Urgent)
        );
        held.remove("n:0");
        held.remove("n:0");
        assert_eq!((held.len(), held.first.len()), (29_999, 5));
    }

    #[test]
    fn what_was_read_meanwhile_is_not_in_the_digest() {
        let mut held = Held::new(Instant::now(), REPLAY_SILENCE, LONGEST_REPLAY);
        for number in 0..8 {
            held.add(&item(
                number,
                if number == 3 {
                    Priority::Urgent
                } else {
                    Priority::Normal
                },
            ));
        }
        assert_eq!(held.digest(String::new()).body, "Urgent: title 3");
        held.remove("n:3");
        held.remove("n:7");
        assert_eq!(held.len(), 6);
        assert_eq!(held.digest(String::new()).body, "Newest: title 5");
        held.clear();
        assert_eq!((held.len(), held.first.len()), (0, 0));
    }
}
