//! A user of a stream who records everything.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_chaos::NEVER;
use gloria_stream::{
    Credential, CredentialError, CredentialProvider, Delivery, Frame, Generation, Status, StreamHandle,
    StreamOptions,
};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

/// The deliveries of a stream.
#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) statuses: Vec<(Instant, Status)>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) skipped: Vec<(String, u64)>,
    pub(crate) lost: Vec<String>,
    /// Whether the stream's task has ended.
    pub(crate) ended: bool,
}

impl Journal {
    pub(crate) fn states(&self) -> Vec<String> {
        self.statuses.iter().map(|(_, status)| words(status)).collect()
    }

    /// Returns id and data of each event.
    pub(crate) fn events(&self) -> Vec<(String, String)> {
        self.frames
            .iter()
            .map(|frame| (frame.id.to_string(), frame.data.clone()))
            .collect()
    }

    /// Asserts that the reported times of attempts are correct.
    fn assert_attempts_come_when_announced(&self) {
        for pair in self.statuses.windows(2) {
            let until = match &pair[0].1 {
                Status::Waiting { until, .. } | Status::CircuitOpen { until, .. } => *until,
                Status::Idle(_)
                | Status::Connecting { .. }
                | Status::Connected { .. }
                | Status::Halted { .. } => {
                    continue;
                }
            };
            if let (at, Status::Connecting { .. }) = &pair[1] {
                let late = at.into_std().saturating_duration_since(until);
                let early = until.saturating_duration_since(at.into_std());
                assert!(
                    early.is_zero() && late.as_millis() <= 2,
                    "announced at {until:?}, begun {late:?} later or {early:?} sooner"
                );
            }
        }
    }
}

fn words(status: &Status) -> String {
    match status {
        Status::Idle(reason) => format!("{reason:?}").to_lowercase(),
        Status::Connecting { attempt } => format!("connecting {attempt}"),
        Status::Connected { .. } => "connected".into(),
        Status::Waiting { attempt, cause, .. } => format!("waiting {attempt}: {cause}"),
        Status::CircuitOpen { attempt, cause, .. } => format!("circuit open {attempt}: {cause}"),
        Status::Halted { reason, .. } => format!("halted: {reason}"),
    }
}

/// A running stream and its journal.
pub(crate) struct Client {
    pub(crate) stream: StreamHandle,
    journal: watch::Receiver<Journal>,
}

impl Client {
    pub(crate) fn spawn(options: StreamOptions, tokens: Arc<Tokens>) -> Self {
        let (sender, deliveries) = mpsc::channel(64);
        Self::keep(StreamHandle::spawn(options, tokens, sender), deliveries)
    }

    fn keep(stream: StreamHandle, mut deliveries: mpsc::Receiver<Delivery>) -> Self {
        let (writer, journal) = watch::channel(Journal::default());
        tokio::spawn(async move {
            while let Some(delivery) = deliveries.recv().await {
                let at = Instant::now();
                writer.send_modify(|journal| match delivery {
                    Delivery::Status(status) => journal.statuses.push((at, status)),
                    Delivery::Frames(frames) => journal.frames.extend(frames),
                    Delivery::PositionLost { id } => journal.lost.push(id.to_string()),
                    Delivery::Skipped { id, bytes } => journal.skipped.push((id.to_string(), bytes)),
                });
            }
            writer.send_modify(|journal| journal.ended = true);
            writer.closed().await;
        });
        Self { stream, journal }
    }

    /// Waits until `wanted` returns true of the journal.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(&Journal) -> bool) {
        let reached = timeout(NEVER, self.journal.wait_for(|journal| wanted(journal)))
            .await
            .is_ok_and(|reached| reached.is_ok());
        if !reached {
            let journal = self.journal.borrow();
            panic!("{what}: not in {:#?} {:?}", journal.states(), journal.events());
        }
    }

    /// Waits until the newest state is this.
    pub(crate) async fn state(&mut self, wanted: &str) {
        self.until(wanted, |journal| {
            journal
                .statuses
                .last()
                .is_some_and(|(_, status)| words(status) == wanted)
        })
        .await;
    }

    /// Waits for these events.
    pub(crate) async fn events(&mut self, wanted: &[(&str, &str)]) {
        self.until("the events", |journal| journal.frames.len() >= wanted.len())
            .await;
        let events = self.journal.borrow().events();
        let events: Vec<_> = events
            .iter()
            .map(|(id, data)| (id.as_str(), data.as_str()))
            .collect();
        assert_eq!(events, wanted);
    }

    /// Waits for these statuses, and checks the times of the attempts.
    pub(crate) async fn states(&mut self, wanted: &[&str]) {
        self.until("the states", |journal| journal.statuses.len() >= wanted.len())
            .await;
        let journal = self.journal.borrow();
        assert_eq!(journal.states(), wanted);
        journal.assert_attempts_come_when_announced();
    }

    pub(crate) fn journal(&self) -> watch::Ref<'_, Journal> {
        self.journal.borrow()
    }
}

/// Returns its tokens in order, and the last one repeatedly.
pub(crate) struct Tokens {
    given: Mutex<VecDeque<Result<Credential, CredentialError>>>,
    /// For each request of a credential, whether the previous one was rejected.
    asked: Mutex<Vec<bool>>,
    /// The same for the next request.
    refused: AtomicBool,
    /// Whether it never returns a token.
    mute: bool,
}

impl Tokens {
    pub(crate) fn of(given: impl IntoIterator<Item = Result<Credential, CredentialError>>) -> Self {
        Self {
            given: Mutex::new(given.into_iter().collect()),
            asked: Mutex::default(),
            refused: AtomicBool::default(),
            mute: false,
        }
    }

    pub(crate) fn none() -> Self {
        Self::of([Ok(Credential::ANONYMOUS)])
    }

    pub(crate) fn bearer(tokens: &[&str]) -> Self {
        Self::of(tokens.iter().map(|token| Ok(Credential::bearer((*token).into()))))
    }

    pub(crate) fn mute() -> Self {
        Self {
            mute: true,
            ..Self::none()
        }
    }

    pub(crate) fn asked(&self) -> Vec<bool> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn give(&self, token: &str) {
        *self.given.lock().unwrap() = VecDeque::from([Ok(Credential::bearer(token.into()))]);
    }
}

impl CredentialProvider for Tokens {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        let refused = self.refused.swap(false, Ordering::Relaxed);
        self.asked.lock().unwrap().push(refused);
        if self.mute {
            return std::future::pending().boxed();
        }
        let mut given = self.given.lock().unwrap();
        let next = if given.len() > 1 {
            given.pop_front()
        } else {
            given.front().cloned()
        };
        std::future::ready(next.unwrap()).boxed()
    }

    fn invalidate(&self, _refused: Generation) {
        self.refused.store(true, Ordering::Relaxed);
    }
}
