//! The user's actions on their way to the server: when one is sent, and what an answer means.
//!
//! A machine without sockets, clocks or disk. The inbox keeps the actions, the actor sends them. At most one is on its
//! way, so the server gets them in order; each has an idempotency key, so that one whose answer was lost can be sent
//! again.

mod action;
mod answer;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gloria_stream::Reachability;
use gloria_stream::machine::{Delay, Pace};

use crate::message::{self, Message};
use crate::text;
pub use action::{Action, MarkSet};
pub use answer::{Answer, Body};

/// How much of a server's reason is shown: two lines in the list.
const MAX_REASON: usize = 200;

/// How many notifications one request changes, and so how many are refused together at most.
pub const MAX_BULK: usize = 100;

/// What the next request may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The marks that the server does not know.
    pub unknown: MarkSet,
    /// Whether it may be about several notifications.
    pub bulk: bool,
}

/// What waits to be sent, and what does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How many items have actions that the server does not have.
    pub items: u64,
    /// The marks that stay on this computer because the server does not know them.
    pub kept: MarkSet,
}

/// What the store has to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This action is due.
    Send(Action),
    /// Nothing for so long.
    Later(Duration),
    /// Nothing at all.
    Nothing,
}

/// What the store does with the action that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is done, except for these notifications: they get the server's state again, and the reason.
    Done {
        /// The refused ones.
        refused: BTreeMap<String, Message>,
        /// The marks that the server left out of its answer, so it does not know them: they stay on this computer.
        ignored: MarkSet,
    },
    /// It stays, to be sent again with the same key.
    Kept,
    /// The server does not know these marks: they stay on this computer.
    NotOffered(MarkSet),
    /// The server takes it only for one notification at a time.
    Singly,
}

/// What is known about whether the server takes actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    Unknown,
    Taken,
    None,
}

/// The request on its way.
#[derive(Debug)]
struct Sending {
    number: u64,
    action: Action,
}

/// Decides when actions are sent.
#[derive(Debug)]
pub struct Outbox {
    is_connected: bool,
    offer: Offer,
    /// The marks that the server took, and those that it does not know.
    known: MarkSet,
    unknown: MarkSet,
    is_bulk_taken: bool,
    sending: Option<Sending>,
    /// When the store is asked; `None` while it has nothing.
    next_at: Option<Instant>,
    /// Not before this, whatever the store has: the server failed or asked for patience.
    patience: Option<Instant>,
    /// Failures in a row.
    failed: u32,
    number: u64,
}

impl Outbox {
    /// Returns the machine of an account. The store may have actions of an earlier run.
    pub fn new(now: Instant) -> Self {
        Self {
            is_connected: false,
            offer: Offer::Unknown,
            known: MarkSet::NONE,
            unknown: MarkSet::NONE,
            is_bulk_taken: true,
            sending: None,
            next_at: Some(now),
            patience: None,
            failed: 0,
            number: 0,
        }
    }

    /// Starts over for another account. An answer that is still on its way is not taken any more.
    pub fn on_account(&mut self, now: Instant) {
        *self = Self {
            is_connected: self.is_connected,
            number: self.number,
            ..Self::new(now)
        };
    }

    /// Whether the stream is connected: then there is a network, and the server accepts the user.
    pub fn on_connection(&mut self, is_connected: bool, now: Instant) {
        if is_connected && !self.is_connected {
            self.next_at = Some(now);
        }
        self.is_connected = is_connected;
    }

    /// An action was stored.
    pub fn on_stored(&mut self, now: Instant) {
        self.next_at = Some(now);
    }

    /// When the store has to be asked for the next action.
    pub fn due(&self) -> Option<Instant> {
        if !self.is_connected || self.sending.is_some() || self.offer == Offer::None {
            return None;
        }
        let next_at = self.next_at?;
        Some(self.patience.map_or(next_at, |patience| patience.max(next_at)))
    }

    /// Whether nothing is sent before something else happens.
    pub fn is_idle(&self, now: Instant) -> bool {
        self.sending.is_none() && self.due().is_none_or(|due| due > now)
    }

    /// The marks that the server does not know, as far as it was asked.
    pub fn kept(&self) -> MarkSet {
        match self.offer {
            Offer::None => MarkSet::ALL,
            Offer::Unknown | Offer::Taken => self.unknown,
        }
    }

    /// What the store is asked for.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            unknown: self.unknown,
            bulk: self.is_bulk_taken,
        }
    }

    /// Takes the store's answer. Returns the action to send, with the number of its request.
    pub fn on_next(&mut self, next: Next, now: Instant) -> Option<(u64, Action)> {
        match next {
            Next::Send(action) => {
                self.number += 1;
                let number = self.number;
                self.sending = Some(Sending {
                    number,
                    action: action.clone(),
                });
                Some((number, action))
            }
            Next::Later(wait) => {
                self.next_at = Some(now + wait);
                None
            }
            Next::Nothing => {
                self.next_at = None;
                None
            }
        }
    }

    /// Takes the server's answer to a request; `None` for one that is not waited for. `base` is the configured delay
    /// between attempts.
    pub fn on_answer(
        &mut self,
        number: u64,
        answer: &Answer,
        base: Duration,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Option<Verdict> {
        let sending = self.sending.take_if(|sending| sending.number == number)?;
        let action = sending.action;
        self.next_at = Some(now);
        let judged = self.judge(&action, answer);
        if let Judged::Again(pace) = judged {
            let delay = Delay {
                pace,
                failed: self.failed,
                base,
                retry: None,
                reachability: Reachability::Online,
            };
            self.failed = self.failed.saturating_add(1);
            self.patience = Some(now + delay.draw(rng));
        } else {
            (self.failed, self.patience) = (0, None);
        }
        Some(match judged {
            Judged::Again(_) => Verdict::Kept,
            Judged::Singly => {
                self.is_bulk_taken = false;
                Verdict::Singly
            }
            Judged::NoActions => {
                self.offer = Offer::None;
                Verdict::NotOffered(MarkSet::ALL)
            }
            Judged::Unknown(marks) => {
                self.unknown = self.unknown.with(marks);
                Verdict::NotOffered(marks)
            }
            Judged::Taken { refused, ignored } => {
                self.offer = Offer::Taken;
                self.known = self.known.with(action.marks().without(ignored));
                self.unknown = self.unknown.with(ignored);
                Verdict::Done { refused, ignored }
            }
            Judged::Refused(reason) => {
                self.offer = Offer::Taken;
                // Nobody decided that it was on screen, so nothing is taken back.
                let is_taken_back = action.marks() != MarkSet::SEEN;
                let refused = action.notifications.into_iter().map(|id| (id, reason.clone()));
                Verdict::Done {
                    refused: refused.filter(|_| is_taken_back).collect(),
                    ignored: MarkSet::NONE,
                }
            }
        })
    }

    fn judge(&self, action: &Action, answer: &Answer) -> Judged {
        let Answer::Status {
            status,
            retry_after,
            body,
        } = answer
        else {
            return Judged::Again(Pace::Backoff);
        };
        let extended = action.marks().in_both(MarkSet::EXTENDED).without(self.known);
        match *status {
            200..300 => match body {
                Body::Empty => Judged::Taken {
                    refused: BTreeMap::new(),
                    ignored: MarkSet::NONE,
                },
                Body::Json { marks, refused } => {
                    let said = marks.unwrap_or(MarkSet::ALL);
                    Judged::Taken {
                        refused: reasons(action, refused),
                        ignored: action.set().in_both(extended).without(said),
                    }
                }
                // The page of a proxy or of a network that wants a sign-in.
                Body::Problem { .. } | Body::Other => Judged::Again(Pace::Backoff),
            },
            // The stream finds out what is wrong with the token.
            ..=399 | 401 | 407 => Judged::Again(Pace::Slow),
            408 | 425 | 429 | 500 | 502.. => Judged::Again(retry_after.map_or(Pace::Backoff, Pace::After)),
            // Whole: nothing of it was done.
            _ if action.is_bulk() => Judged::Singly,
            404 if !body.is_unknown_notification() && self.offer != Offer::Taken => Judged::NoActions,
            405 | 501 => Judged::NoActions,
            400 | 422 if extended != MarkSet::NONE => Judged::Unknown(extended),
            status => Judged::Refused(reason(status, detail_of(body))),
        }
    }
}

/// What an answer means.
enum Judged {
    Taken {
        refused: BTreeMap<String, Message>,
        ignored: MarkSet,
    },
    Refused(Message),
    Again(Pace),
    Singly,
    Unknown(MarkSet),
    NoActions,
}

/// Why the server refused some of an action's notifications.
fn reasons(action: &Action, refused: &BTreeMap<String, Option<String>>) -> BTreeMap<String, Message> {
    if action.marks() == MarkSet::SEEN {
        return BTreeMap::new();
    }
    let refused = refused
        .iter()
        .filter(|(id, _)| action.notifications.contains(*id));
    refused
        .map(|(id, detail)| (id.clone(), reason(409, detail.as_deref())))
        .collect()
}

fn detail_of(body: &Body) -> Option<&str> {
    match body {
        Body::Problem { detail, .. } => detail.as_deref(),
        Body::Empty | Body::Json { .. } | Body::Other => None,
    }
}

/// Why the server refused, in its own words if it has any.
fn reason(status: u16, detail: Option<&str>) -> Message {
    match detail.map(|detail| text::one_line(detail, MAX_REASON)) {
        Some(detail) if !detail.is_empty() => message::action_refused(detail),
        Some(_) | None => message::action_refused_status(status),
    }
}
