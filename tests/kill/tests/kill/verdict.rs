//! Compares the app's files and the requests to the notification service with the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use gloria_core::item::AlertState;

use crate::app::{How, Run};
use crate::moment;
use crate::service::Notified;
use crate::stored::{AlertRow, DigestRow, Handle, Stored};
use crate::truth::{Alerts, Item, Truth};

/// How long before a kill an unrecorded answer may have arrived: the app has to be scheduled, to wait for its database
/// and to commit, on a machine where several of these rounds run concurrently.
const RECORD_TIMEOUT: Duration = Duration::from_millis(1000);

/// The same before an orderly end, which takes at most 0.3 s, and waits for answers for a part of that.
const ORDERLY_RECORD_TIMEOUT: Duration = Duration::from_millis(300);

/// How long the app at least waits for answers once it is asked to end. It may miss later ones.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(100);

/// How long a notification may take from the decision to the service.
const IN_FLIGHT_TIMEOUT: Duration = Duration::from_millis(250);

/// A time at which everything up to an event was stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settled {
    pub(crate) event: u64,
    pub(crate) at: Instant,
}

/// Everything known about a round.
pub(crate) struct Evidence<'a> {
    pub(crate) truth: &'a Truth,
    pub(crate) stored: &'a Stored,
    pub(crate) log: &'a [Notified],
    pub(crate) runs: &'a [Run],
    pub(crate) settled: &'a [Settled],
    /// The service that runs now; the notifications of earlier ones are gone.
    pub(crate) service: Option<String>,
}

/// What can be wrong, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A row differs from the truth.
    Row,
    /// The user was not notified.
    Lost,
    /// Shown twice, or shown and not recorded, which leads to the same at the next start.
    Twice,
    /// Shown although it is quiet or was read, deleted or replaced before.
    Late,
    /// On the screen although it was read or deleted.
    Open,
    /// A digest has the wrong number of members.
    Count,
    /// An action of the user is not at the server, twice, or in another order.
    Action,
}

/// A fault, with its item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wrong {
    pub(crate) kind: Kind,
    pub(crate) key: Option<String>,
    pub(crate) what: String,
}

impl Evidence<'_> {
    /// Returns all faults.
    pub(crate) fn judge(&self) -> Vec<Wrong> {
        let mut wrong = BTreeSet::new();
        self.rows(&mut wrong);
        self.items(&mut wrong);
        self.digests(&mut wrong);
        self.late(&mut wrong);
        self.open(&mut wrong);
        wrong.into_iter().collect()
    }

    /// Checks that the rows equal the truth.
    fn rows(&self, wrong: &mut BTreeSet<Wrong>) {
        for (key, item) in self.truth.items.iter().filter(|(_, item)| item.is_kept()) {
            let Some(row) = self.stored.rows.get(key) else {
                wrong.insert(about(Kind::Row, key, "it has no row".into()));
                continue;
            };
            let should = (&item.title, item.is_read, item.is_archived);
            let is = (&row.title, row.is_read, row.is_archived);
            if should != is {
                let what = format!("its row is {is:?} and should be {should:?} (title, read, archived)");
                wrong.insert(about(Kind::Row, key, what));
            }
        }
        for key in self.stored.rows.keys() {
            if !self.truth.items.get(key).is_some_and(Item::is_kept) {
                wrong.insert(about(Kind::Row, key, "it has a row and should have none".into()));
            }
        }
    }

    /// Checks that every item that should have alerted is in one answered notification or one answered digest, and
    /// recorded.
    fn items(&self, wrong: &mut BTreeSet<Wrong>) {
        let mut rows: BTreeMap<&str, Vec<&AlertRow>> = BTreeMap::new();
        for alert in &self.stored.alerts {
            rows.entry(&alert.item).or_default().push(alert);
        }
        let mut shown: BTreeMap<(&str, usize), Vec<&Notified>> = BTreeMap::new();
        for notified in self.log.iter().filter(|notified| notified.answer.is_some()) {
            if let Some(about) = self.truth.shown_by(&notified.title) {
                shown.entry(about).or_default().push(notified);
            }
        }
        for (key, item) in &self.truth.items {
            let rows = rows.get(key.as_str()).map_or(&[][..], Vec::as_slice);
            let versions = 0..item.versions.len();
            let shown: Vec<&[&Notified]> = versions
                .map(|version| shown.get(&(key.as_str(), version)).map_or(&[][..], Vec::as_slice))
                .collect();
            self.item(key, item, rows, &shown, wrong);
        }
    }

    fn item(
        &self,
        key: &str,
        item: &Item,
        rows: &[&AlertRow],
        shown: &[&[&Notified]],
        wrong: &mut BTreeSet<Wrong>,
    ) {
        let mut say = |kind, what| {
            wrong.insert(about(kind, key, what));
        };
        let counted = |notified: &&&Notified| !self.is_excused(notified);
        let mut answered = 0;
        for (version, shown) in shown.iter().enumerate() {
            let times = shown.iter().filter(counted).count();
            answered += times;
            if times > 1 {
                say(
                    Kind::Twice,
                    format!("version {} was shown {times} times", version + 1),
                );
            }
        }
        let singles = rows
            .iter()
            .filter(|row| row.is_answered && row.digest.is_none())
            .count();
        if answered > singles {
            say(
                Kind::Twice,
                format!("it was shown {answered} times and {singles} of them are on record"),
            );
        }
        let all: usize = shown.iter().map(|shown| shown.len()).sum();
        if singles > all {
            say(
                Kind::Lost,
                format!("it is on record as shown {singles} times and was {all} times"),
            );
        }
        for row in rows {
            match row.state {
                AlertState::Pending | AlertState::Failed => {
                    say(Kind::Lost, format!("an alert still waits: {}", row.text));
                }
                AlertState::InDigest
                    if !self
                        .stored
                        .digests
                        .iter()
                        .any(|digest| row.digest == Some(digest.id)) =>
                {
                    say(Kind::Lost, format!("its digest has no row: {}", row.text));
                }
                AlertState::Shown | AlertState::InDigest | AlertState::Suppressed | AlertState::Withdrawn => {
                }
            }
        }
        if !item.must_have_alerted() {
            return;
        }
        let last = rows.last().map(|row| (row.state, row.is_answered));
        let seen_last = shown.last().is_some_and(|shown| !shown.is_empty());
        match last {
            Some((AlertState::Shown, true)) if seen_last => {}
            Some((AlertState::InDigest, true)) if !seen_last => {}
            // Its notification was shown before the kill, but not recorded.
            Some((AlertState::InDigest, true))
                if shown
                    .last()
                    .is_some_and(|shown| shown.iter().all(|one| self.is_excused(one))) => {}
            _ => say(
                Kind::Lost,
                "nobody was notified of its last version, or it is not on record".into(),
            ),
        }
    }

    /// Checks that digests are recorded, with the right number of members.
    fn digests(&self, wrong: &mut BTreeSet<Wrong>) {
        let mut say = |kind, what| {
            wrong.insert(Wrong {
                kind,
                key: None,
                what,
            });
        };
        let answered = self
            .log
            .iter()
            .filter_map(|notified| Some((handle(notified)?, notified)));
        let shown: BTreeMap<Handle, &Notified> = answered.collect();
        // Items that were read or deleted between request and answer do not belong to a digest any more.
        let mut unanswered = self
            .stored
            .alerts
            .iter()
            .filter(|alert| is_overtaken(alert))
            .count();
        // Only the number is known of those that are gone from the screen.
        let mut gone: Vec<usize> = Vec::new();
        let mut by_handle: BTreeMap<&Handle, &DigestRow> = BTreeMap::new();
        for digest in &self.stored.digests {
            let members = self
                .stored
                .alerts
                .iter()
                .filter(|alert| alert.digest == Some(digest.id))
                .count();
            let missing = digest
                .members
                .checked_sub(members)
                .filter(|missing| *missing <= unanswered);
            if let Some(missing) = missing {
                unanswered -= missing;
            } else {
                say(
                    Kind::Count,
                    format!("{members} alerts belong to it: {}", digest.text),
                );
            }
            match &digest.handle {
                Some(handle) => {
                    if !shown.contains_key(handle) {
                        say(Kind::Lost, format!("no service has shown it: {}", digest.text));
                    }
                    by_handle.insert(handle, digest);
                }
                None => gone.push(digest.members),
            }
        }
        for (handle, notified) in shown {
            let Some(number) = number_in(&notified.title) else {
                continue;
            };
            if let Some(digest) = by_handle.get(&handle) {
                if digest.members != number {
                    say(Kind::Count, format!("{} for {}", notified.story(), digest.text));
                }
            } else if self.is_excused(notified) {
                // It needs no record, and must not use up that of another digest with the same number.
            } else if let Some(place) = gone.iter().position(|members| *members == number) {
                gone.remove(place);
            } else {
                let gone = self
                    .stored
                    .digests
                    .iter()
                    .filter(|digest| digest.handle.is_none());
                let gone: Vec<_> = gone.map(|digest| &digest.text).collect();
                let what = format!(
                    "a digest is on no record: {}\n    on record without a number: {gone:#?}",
                    notified.story()
                );
                say(Kind::Twice, what);
            }
        }
    }

    /// Checks that nothing is shown that is quiet, or was read, deleted or replaced before.
    fn late(&self, wrong: &mut BTreeSet<Wrong>) {
        // Requests that a service did not answer before it ended were not shown.
        for notified in self.log.iter().filter(|notified| notified.answer.is_some()) {
            let Some((key, version)) = self.truth.shown_by(&notified.title) else {
                continue;
            };
            let version = &self.truth.items[key].versions[version];
            if version.alerts == Alerts::Never {
                let what = format!("it was shown and should be quiet: {}", notified.story());
                wrong.insert(about(Kind::Late, key, what));
            }
            let Some(since) = version.quiet_since else {
                continue;
            };
            // It was requested while the service was slow to answer anything, and withdrawn as soon as possible.
            let taken_back = notified
                .answer
                .zip(notified.closed)
                .is_some_and(|((_, answered), closed)| closed < answered + IN_FLIGHT_TIMEOUT);
            if taken_back {
                continue;
            }
            let mut settled = self.settled.iter().filter(|settled| since <= settled.event);
            if settled.any(|settled| settled.at + IN_FLIGHT_TIMEOUT < notified.arrived) {
                let what = format!(
                    "it was shown after it had been read, deleted or replaced: {}",
                    notified.story()
                );
                wrong.insert(about(Kind::Late, key, what));
            }
        }
    }

    /// Checks that nothing that was read or deleted is on the screen.
    fn open(&self, wrong: &mut BTreeSet<Wrong>) {
        let answered = self
            .log
            .iter()
            .filter_map(|notified| Some((handle(notified)?, notified)));
        let shown: BTreeMap<Handle, &Notified> = answered.collect();
        for ((service, _), notified) in shown {
            // The id in an answer after the caller's end is unknown to the app.
            let is_closed = notified.closed.is_some() || Some(&service) != self.service.as_ref();
            if is_closed || self.is_excused(notified) {
                continue;
            }
            let Some((key, _)) = self.truth.shown_by(&notified.title) else {
                continue;
            };
            let item = &self.truth.items[key];
            if item.is_deleted || item.is_read || item.is_archived {
                let what = format!(
                    "it was read or deleted and is on the screen: {}",
                    notified.story()
                );
                wrong.insert(about(Kind::Open, key, what));
            }
        }
    }

    /// Whether the process that sent the request ended between the answer and its record.
    fn is_excused(&self, notified: &Notified) -> bool {
        let Some((id, answered)) = notified.answer else {
            return true;
        };
        let Some(asker) = notified.asker else {
            // It had ended before the service could determine it.
            return true;
        };
        let run = self.runs.iter().find(|run| run.process == asker);
        // A replacement has the id of the replaced notification, which was recorded before.
        let is_recorded =
            |run: &Run| notified.replaces == 0 && run.recorded.contains(&(notified.service.clone(), id));
        run.filter(|run| !is_recorded(run))
            .is_some_and(|run| match run.how {
                How::Kill => answered + RECORD_TIMEOUT + run.starved > run.asked,
                How::Terminate | How::Interrupt => {
                    // An end that takes longer than its limit was not scheduled, so its time to wait for answers may
                    // have passed unused.
                    let is_late = run.ended.duration_since(run.asked) > ORDERLY_RECORD_TIMEOUT;
                    let unheard = if is_late { Duration::ZERO } else { FLUSH_TIMEOUT };
                    answered > run.asked + unheard
                        || answered + ORDERLY_RECORD_TIMEOUT + run.starved > run.ended
                }
            })
    }

    /// Returns how many answers may have arrived too late to be recorded.
    pub(crate) fn excused(&self) -> usize {
        let answered = self.log.iter().filter(|notified| notified.answer.is_some());
        answered.filter(|notified| self.is_excused(notified)).count()
    }

    /// Explains the faults, with the history of the items.
    pub(crate) fn explain(&self, wrong: &[Wrong], most_of_a_kind: usize) -> String {
        let mut text = String::new();
        let mut reported: BTreeMap<Kind, usize> = BTreeMap::new();
        for Wrong { kind, key, what } in wrong {
            let reported = reported.entry(*kind).or_default();
            *reported += 1;
            if *reported > most_of_a_kind {
                continue;
            }
            let _ = write!(
                text,
                "\n\n  {kind:?} {}: {what}",
                key.as_deref().unwrap_or("digest")
            );
            let Some(key) = key else { continue };
            let _ = write!(text, "\n    the server said:{}", self.truth.history(key));
            text.push_str("\n    on record:");
            for alert in self.stored.alerts.iter().filter(|alert| alert.item == *key) {
                let _ = write!(text, "\n      {}", alert.text);
                for digest in self
                    .stored
                    .digests
                    .iter()
                    .filter(|digest| alert.digest == Some(digest.id))
                {
                    let _ = write!(text, "\n        {}", digest.text);
                }
            }
            text.push_str("\n    the service was asked:");
            for notified in self.log {
                if self
                    .truth
                    .shown_by(&notified.title)
                    .is_some_and(|(of, _)| of == key)
                {
                    let _ = write!(text, "\n      {}", notified.story());
                }
            }
        }
        let _ = write!(text, "\n\n  all that is wrong, by kind: {reported:?}");
        text.push_str("\n  runs of the app:");
        for run in self.runs {
            let _ = write!(text, "\n    {}", run.story());
        }
        text.push_str("\n  stored completely:");
        for settled in self.settled {
            let _ = write!(
                text,
                "\n    {} up to event {}",
                moment::of(settled.at),
                settled.event
            );
        }
        text
    }
}

fn is_overtaken(alert: &AlertRow) -> bool {
    alert.state == AlertState::Suppressed && !alert.is_answered
}

pub(crate) fn about(kind: Kind, key: &str, what: String) -> Wrong {
    Wrong {
        kind,
        key: Some(key.to_owned()),
        what,
    }
}

fn handle(notified: &Notified) -> Option<Handle> {
    let (id, _) = notified.answer?;
    Some((notified.service.clone(), id))
}

/// Returns the number at the start of a digest's title.
fn number_in(title: &str) -> Option<usize> {
    let digits: String = title.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
