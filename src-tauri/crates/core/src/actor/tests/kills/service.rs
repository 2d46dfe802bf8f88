//! A notification service that outlives the cores that use it, and logs their requests.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::verdict::Left;
use super::*;
use crate::ports::{Delivery, NotificationHandle, NotificationRequest, Notifications, ServiceState, Subject};

type Outcome = Result<Answer, NotificationError>;

/// When a real service that does not answer is reported as hanging.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mode {
    #[default]
    Answers,
    /// After this many milliseconds.
    Slow(u32),
    Refuses,
    Hangs,
    Paused,
    Absent,
}

/// A request and its outcome.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The number of the core that sent it.
    run: u32,
    pub(super) subject: Subject,
    pub(super) title: String,
    replaces: Option<NotificationHandle>,
    /// The notification, and when it was created.
    pub(super) answer: Option<(NotificationHandle, Instant)>,
    /// The core ended before it could record the answer.
    pub(super) excused: bool,
    /// The notification was withdrawn, clicked, or its service is gone.
    pub(super) closed: bool,
}

#[derive(Debug, Default)]
struct State {
    mode: Mode,
    run: u32,
    /// A service that starts again has another generation.
    generation: u32,
    last_id: u32,
    log: Vec<Entry>,
    /// Unanswered requests, by their index in the log.
    waiting: Vec<(usize, oneshot::Sender<Outcome>)>,
    watcher: Option<mpsc::UnboundedSender<NotificationEvent>>,
}

#[derive(Debug, Default)]
pub(super) struct Service(Arc<Mutex<State>>);

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn publish(&self, event: NotificationEvent) {
        if let Some(watcher) = &self.watcher {
            // The core may be gone.
            let _ = watcher.send(event);
        }
    }

    fn known(&self) -> ServiceState {
        match self.mode {
            // A service is not known to hang before it gets a request.
            Mode::Answers | Mode::Slow(_) | Mode::Refuses | Mode::Hangs => ServiceState::Ready,
            Mode::Paused => ServiceState::Paused,
            Mode::Absent => ServiceState::Absent,
        }
    }

    fn answer(&mut self, place: usize) -> Outcome {
        if self.mode == Mode::Refuses {
            return Err(NotificationError::Refused("LimitsExceeded".into()));
        }
        let service = format!(":1.{}", self.generation);
        let entry = &self.log[place];
        let replaced = entry.replaces.clone().filter(|handle| handle.service == service);
        let handle = replaced.unwrap_or_else(|| {
            self.last_id += 1;
            NotificationHandle {
                service,
                id: self.last_id,
            }
        });
        for entry in &mut self.log {
            // A replaced notification is not on screen any more.
            entry.closed |= entry.answer.as_ref().is_some_and(|(known, _)| *known == handle);
        }
        let run = self.run;
        let entry = &mut self.log[place];
        entry.answer = Some((handle.clone(), Instant::now()));
        entry.excused |= entry.run != run;
        let delivery = if self.mode == Mode::Paused {
            Delivery::Queued
        } else {
            Delivery::Shown
        };
        Ok(Answer { handle, delivery })
    }

    fn answer_waiting(&mut self) {
        for (place, asker) in std::mem::take(&mut self.waiting) {
            let outcome = self.answer(place);
            // The caller may be gone; the notification is shown anyway.
            let _ = asker.send(outcome);
        }
    }
}

impl Service {
    pub(super) fn log(&self) -> Vec<Entry> {
        lock(&self.0).log.clone()
    }

    /// Returns its unique bus name.
    pub(super) fn name(&self) -> String {
        format!(":1.{}", lock(&self.0).generation)
    }

    pub(super) fn be(&self, mode: Mode) {
        let mut state = lock(&self.0);
        if state.mode == Mode::Absent && mode != Mode::Absent {
            state.generation += 1;
            state.last_id = 0;
        }
        state.mode = mode;
        if mode != Mode::Hangs {
            state.publish(NotificationEvent::Service(state.known()));
            if !matches!(mode, Mode::Slow(_)) {
                state.answer_waiting();
            }
        }
    }

    pub(super) fn vanish(&self, lost_first: bool) {
        let mut state = lock(&self.0);
        state.mode = Mode::Absent;
        let lost = std::mem::take(&mut state.waiting);
        if !lost_first {
            state.publish(NotificationEvent::Service(ServiceState::Absent));
        }
        for (_, asker) in lost {
            let _ = asker.send(Err(NotificationError::Lost));
        }
        if lost_first {
            state.publish(NotificationEvent::Service(ServiceState::Absent));
        }
        for entry in &mut state.log {
            entry.closed |= entry.answer.is_some();
        }
    }

    /// The user clicks the newest notification that is on screen.
    pub(super) fn click(&self) {
        let mut state = lock(&self.0);
        let newest = state
            .log
            .iter_mut()
            .rev()
            .find(|entry| !entry.closed && entry.answer.is_some());
        if let Some(entry) = newest
            && let Some((handle, _)) = entry.answer.clone()
        {
            entry.closed = true;
            state.publish(NotificationEvent::Activated {
                handle: handle.clone(),
                activation_token: None,
            });
            state.publish(NotificationEvent::Closed { handle });
        }
    }

    pub(super) fn begin_run(&self) {
        lock(&self.0).run += 1;
    }

    /// Handles the end of a core. An answer in the same instant that was not recorded is excused.
    pub(super) fn end_run(&self, left: &Left) {
        let mut state = lock(&self.0);
        state.watcher = None;
        let run = state.run;
        for entry in state.log.iter_mut().filter(|entry| entry.run == run) {
            if let Subject::Item(key) = &entry.subject {
                assert!(
                    left.decided.contains(key),
                    "asked for before it was stored: {entry:#?}"
                );
            }
            if let Some((handle, at)) = &entry.answer {
                // A replacement has the handle of an earlier notification, which was recorded before.
                let is_recorded = left.handles.contains(handle) && entry.replaces.as_ref() != Some(handle);
                entry.excused |= *at == Instant::now() && !is_recorded;
            }
        }
        state.run += 1;
        if !matches!(state.mode, Mode::Hangs) {
            // The service shows the pending requests, although nobody receives the answers.
            state.answer_waiting();
        }
    }
}

impl Notifications for Service {
    fn show(&self, request: NotificationRequest) -> BoxFuture<'static, Outcome> {
        let mut state = lock(&self.0);
        let entry = Entry {
            run: state.run,
            subject: request.subject,
            title: request.title.to_string(),
            replaces: request.replaces,
            answer: None,
            excused: false,
            closed: false,
        };
        state.log.push(entry);
        let place = state.log.len() - 1;
        let lag = match state.mode {
            Mode::Answers | Mode::Refuses | Mode::Paused => {
                let outcome = state.answer(place);
                return async { outcome }.boxed();
            }
            Mode::Absent => return async { Err(NotificationError::NoService) }.boxed(),
            Mode::Slow(millis) => Some(Duration::from_millis(millis.into())),
            Mode::Hangs => None,
        };
        let (asker, mut answer) = oneshot::channel();
        state.waiting.push((place, asker));
        drop(state);
        let state = self.0.clone();
        async move {
            if let Some(lag) = lag {
                // It may be answered earlier, when the mode changes.
                if let Ok(outcome) = timeout(lag, &mut answer).await {
                    return outcome.unwrap_or(Err(NotificationError::Lost));
                }
                let mut state = lock(&state);
                // The service may have changed its mode or stopped meanwhile.
                if state.mode != Mode::Hangs
                    && let Some(at) = state.waiting.iter().position(|(of, _)| *of == place)
                {
                    let (_, asker) = state.waiting.remove(at);
                    let outcome = state.answer(place);
                    let _ = asker.send(outcome);
                }
            }
            let outcome = match timeout(ANSWER_TIMEOUT, &mut answer).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    lock(&state).publish(NotificationEvent::Service(ServiceState::Hanging));
                    answer.await
                }
            };
            outcome.unwrap_or(Err(NotificationError::Lost))
        }
        .boxed()
    }

    fn withdraw(&self, handle: NotificationHandle) {
        let state = self.0.clone();
        // The request is sent a moment later, and not at all if the process ends before.
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            let mut state = lock(&state);
            for entry in &mut state.log {
                entry.closed |= entry.answer.as_ref().is_some_and(|(known, _)| *known == handle);
            }
            state.publish(NotificationEvent::Closed { handle });
        });
    }

    fn watch(&self) -> mpsc::Receiver<NotificationEvent> {
        let (watcher, mut coming) = mpsc::unbounded_channel();
        let (events, receiver) = mpsc::channel(64);
        let mut state = lock(&self.0);
        state.watcher = Some(watcher);
        // The channel is new, so it has capacity.
        let _ = events.try_send(NotificationEvent::Service(state.known()));
        tokio::spawn(async move {
            while let Some(event) = coming.recv().await {
                if events.send(event).await.is_err() {
                    return;
                }
            }
        });
        receiver
    }
}
