//! Catches up without the stream: asks for pages of the server's list of notifications after a gap in its events, and
//! at the first sign-in.
//!
//! A machine without sockets, clocks or disk. The inbox remembers how far it got, together with what each page brought;
//! the actor sends the requests. One page is asked for at a time.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use gloria_stream::Reachability;
use gloria_stream::machine::{Delay, Pace};

use crate::event::page::{Page, PageFault};
use crate::item::EpochMillis;

/// How many notifications a page is asked to have. With texts of the greatest length that still fits into the limit of
/// an answer.
pub const PAGE_LIMIT: u32 = 100;

/// The maximum number of pages: half as much again as an inbox keeps by default. It ends what would have no end.
pub const MAX_PAGES: u32 = 300;

/// After how many failures in a row the gap is shown, although asking goes on: with the backoff, after about a minute.
/// A server that restarts is back by then.
const SHOWN_AFTER: u32 = 3;

/// The longest wait that the server asks for without the gap being shown at once: as long as [`SHOWN_AFTER`] takes.
const MAX_UNSHOWN_WAIT: Duration = Duration::from_secs(60);

/// How often in a row a page may be unusable, or refused for good, before the rest is given up. What is wrong with it
/// may be a proxy's page, or a bad deployment.
const MAX_FAULTS: u32 = 3;

/// What is missing, as the store remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The position to ask after; from the server's beginning without one.
    pub after: Option<String>,
    /// Counts the gaps that it covers. With another one meanwhile, the last page was not the last.
    pub gaps: u32,
    /// Pages so far.
    pub pages: u32,
    /// Notifications in them.
    pub items: u32,
    /// What was made before is not news, by the server's clock.
    pub since: Option<EpochMillis>,
    /// What the server had before this computer's first connection is part of it, which is not news either.
    pub is_first: bool,
    /// The gap is shown in the list.
    pub is_shown: bool,
    /// The newest event when the question is asked, by its row.
    pub place: i64,
    /// The newest logged event then, by its row.
    pub logged: i64,
}

/// How far it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A page was stored.
    Page {
        /// See [`Missing::gaps`].
        gaps: u32,
        /// Where the next one begins.
        next: Option<String>,
        /// It was the last one.
        is_last: bool,
        /// The number of its entries.
        items: u32,
    },
    /// The server does not know the position.
    FromBeginning,
    /// It takes long: the gap is shown meanwhile.
    Shown,
    /// The rest stays missing: the gap is shown for good.
    GivenUp,
    /// The server has no list, so that nothing can be fetched: a gap is shown for good, and at a first sign-in nothing
    /// is missing.
    NoList,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A page.
    Page(Page),
    /// An answer that should be a page, and is none.
    Fault(PageFault),
    /// Another status than 200.
    Status {
        /// The status.
        status: u16,
        /// `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// There was no answer, or only half of one.
    Lost,
}

/// What becomes of what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This progress is stored, together with the page if there is one.
    Moved(Progress),
    /// It is asked for again later.
    Kept,
}

/// Whether something is being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is nothing, as far as is known.
    Rest,
    /// At this time the store is asked for what is missing.
    Due(Instant),
    /// The request of this number is on its way.
    Asked(u64),
}

/// When to ask, and what an answer means.
#[derive(Debug)]
pub struct Backfill {
    is_connected: bool,
    state: State,
    /// Numbers the requests, because an answer may come after the account changed.
    number: u64,
    missing: Option<Missing>,
    /// Failures in a row.
    failures: u32,
    /// Not asked before this time, whatever happens meanwhile: the wait after the last failure.
    not_before: Option<Instant>,
    /// Unusable answers in a row.
    faults: u32,
    /// The positions that were asked for in this run.
    visited: HashSet<Option<String>>,
}

impl Backfill {
    /// Returns a machine that looks for what is missing once it is connected.
    pub fn new(now: Instant) -> Self {
        Self {
            is_connected: false,
            state: State::Due(now),
            number: 0,
            missing: None,
            failures: 0,
            not_before: None,
            faults: 0,
            visited: HashSet::new(),
        }
    }

    /// When the store is asked for what is missing. Without a connection a request would fail as the stream does.
    pub fn due(&self) -> Option<Instant> {
        match self.state {
            State::Due(at) if self.is_connected => Some(at),
            State::Due(_) | State::Rest | State::Asked(_) => None,
        }
    }

    /// What is being asked for, and whether the last attempts failed.
    pub fn missing(&self) -> Option<(&Missing, bool)> {
        self.missing.as_ref().map(|missing| (missing, self.failures > 0))
    }

    /// The stream connected, or lost its connection.
    pub fn on_connection(&mut self, is_connected: bool, now: Instant) {
        if is_connected && !self.is_connected {
            self.look(now);
        }
        self.is_connected = is_connected;
    }

    /// Something may be missing.
    pub fn on_gap(&mut self, now: Instant) {
        self.look(now);
    }

    fn look(&mut self, now: Instant) {
        match self.state {
            State::Rest | State::Due(_) => self.state = self.due_at(now),
            // Its answer is followed by another look.
            State::Asked(_) => {}
        }
    }

    fn due_at(&self, at: Instant) -> State {
        State::Due(self.not_before.map_or(at, |earliest| earliest.max(at)))
    }

    /// Another inbox is in use: an answer for the previous one is not used.
    pub fn on_inbox(&mut self, now: Instant) {
        *self = Self {
            is_connected: self.is_connected,
            number: self.number,
            ..Self::new(now)
        };
    }

    /// Takes what the store says is missing. Returns the number of the request to send.
    pub fn on_missing(&mut self, missing: Option<Missing>) -> Option<u64> {
        if self.missing.as_ref().map(|before| before.gaps) != missing.as_ref().map(|now| now.gaps) {
            self.visited.clear();
        }
        self.missing = missing;
        let missing = self.missing.as_ref();
        self.state = match missing {
            Some(missing) => {
                self.visited.insert(missing.after.clone());
                self.number += 1;
                State::Asked(self.number)
            }
            None => State::Rest,
        };
        missing.map(|_| self.number)
    }

    /// The store could not be asked, or could not store the answer.
    pub fn on_store_failed(&mut self, again: Instant) {
        self.state = self.due_at(again);
    }

    /// Judges an answer. `None` if nobody waits for it any more.
    pub fn on_answer(
        &mut self,
        number: u64,
        answer: &Answer,
        base: Duration,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Option<Verdict> {
        if self.state != State::Asked(number) {
            return None;
        }
        let missing = self.missing.clone()?;
        let pace = match self.judged(&missing, answer) {
            Ok(progress) => {
                (self.failures, self.faults, self.not_before) = (0, 0, None);
                self.state = State::Due(now);
                return Some(Verdict::Moved(progress));
            }
            Err(pace) => pace,
        };
        let delay = Delay {
            pace,
            failed: self.failures,
            base,
            retry: None,
            reachability: Reachability::Online,
        };
        let wait = delay.draw(rng);
        let is_long = matches!(pace, Pace::After(_)) && wait > MAX_UNSHOWN_WAIT;
        self.not_before = Some(now + wait);
        self.state = self.due_at(now);
        self.failures = self.failures.saturating_add(1);
        Some(
            if (is_long || self.failures >= SHOWN_AFTER) && !missing.is_shown {
                Verdict::Moved(Progress::Shown)
            } else {
                Verdict::Kept
            },
        )
    }

    /// The progress that an answer means; an error is the pace of the next attempt.
    fn judged(&mut self, missing: &Missing, answer: &Answer) -> Result<Progress, Pace> {
        match answer {
            Answer::Page(page) => {
                if page.more && self.visited.contains(&page.next) {
                    tracing::warn!(error = %PageFault::Circle, "the server's list is not used further");
                    return Ok(Progress::GivenUp);
                }
                if page.more && missing.pages + 1 >= MAX_PAGES {
                    tracing::warn!(pages = missing.pages, "more is missing than an inbox keeps");
                    return Ok(Progress::GivenUp);
                }
                Ok(Progress::Page {
                    gaps: missing.gaps,
                    next: page.next.clone(),
                    is_last: !page.more,
                    items: u32::try_from(page.entries.len()).unwrap_or(u32::MAX),
                })
            }
            Answer::Fault(fault) => {
                tracing::warn!(error = %fault, "a page of the server's list is not used");
                self.fault()
            }
            Answer::Status { status, retry_after } => match *status {
                // It has no such list.
                404 | 405 | 501 => Ok(Progress::NoList),
                // From the beginning once: a server that gave the position itself would otherwise be asked in a circle.
                400 | 409 | 410 | 412 | 416 | 422
                    if missing.after.is_some() && !self.visited.contains(&None) =>
                {
                    Ok(Progress::FromBeginning)
                }
                // The stream learns the same, or soon has another token.
                401 | 407 => Err(self.trouble(Pace::Slow)),
                408 | 421 | 425 | 429 | 500 | 502..=599 => {
                    Err(self.trouble(retry_after.map_or(Pace::Backoff, Pace::After)))
                }
                _ => self.fault(),
            },
            Answer::Lost => Err(self.trouble(Pace::Backoff)),
        }
    }

    /// Something that passes: what was unusable before it is not so in a row.
    fn trouble(&mut self, pace: Pace) -> Pace {
        self.faults = 0;
        pace
    }

    fn fault(&mut self) -> Result<Progress, Pace> {
        self.faults += 1;
        if self.faults >= MAX_FAULTS {
            Ok(Progress::GivenUp)
        } else {
            Err(Pace::Backoff)
        }
    }
}
