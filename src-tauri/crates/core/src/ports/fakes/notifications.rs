//! A notification service for tests: it answers, lags, hangs, refuses, is paused, disappears and returns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::{Recorded, lock};
use crate::ports::{
    Answer, Delivery, NotificationError, NotificationEvent, NotificationHandle, NotificationRequest,
    Notifications, ServiceState, Subject, WindowPort, send_reply,
};

/// After this time a real service that does not answer is reported.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Events that may wait for a busy core; more would be a mistake in the test.
const EVENT_CAPACITY: usize = 1024;

/// How a [`FakeNotifications`] answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// Answers at once.
    #[default]
    Answers,
    /// Answers after this time.
    Slow(Duration),
    /// Does not answer until the behaviour changes.
    Hangs,
    /// Answers with an error.
    Refuses(String),
    /// Answers at once that it is paused and shows the notification later.
    Paused,
    /// Does not exist.
    Absent,
}

type Outcome = Result<Answer, NotificationError>;

#[derive(Debug, Default)]
struct State {
    behaviour: Behaviour,
    /// Counts how often it returned, each time as another service.
    generation: u32,
    last_id: u32,
    /// Notifications on screen.
    handles: HashMap<NotificationHandle, Subject>,
    /// All notifications that were ever shown.
    subjects: HashMap<NotificationHandle, Subject>,
    /// Unanswered requests of a service that hangs.
    hanging: Vec<(NotificationRequest, oneshot::Sender<Outcome>)>,
    watcher: Option<mpsc::Sender<NotificationEvent>>,
}

impl State {
    fn service(&self) -> String {
        format!(":fake.{}", self.generation)
    }

    fn publish(&self, event: NotificationEvent) {
        if let Some(watcher) = &self.watcher {
            // A receiver that was dropped needs no more events.
            let _ = watcher.try_send(event);
        }
    }

    fn service_state(&self) -> ServiceState {
        match self.behaviour {
            Behaviour::Answers | Behaviour::Slow(_) | Behaviour::Refuses(_) => ServiceState::Ready,
            Behaviour::Paused => ServiceState::Paused,
            Behaviour::Hangs => ServiceState::Hanging,
            Behaviour::Absent => ServiceState::Absent,
        }
    }
}

/// Records notifications instead of showing them.
#[derive(Debug, Clone, Default)]
pub struct FakeNotifications {
    /// All requests, whether answered or not.
    pub asked: Arc<Recorded<NotificationRequest>>,
    /// Answered requests, in the order of the answers.
    pub shown: Arc<Recorded<NotificationRequest>>,
    /// Notifications that were withdrawn.
    pub withdrawn: Arc<Recorded<NotificationHandle>>,
    state: Arc<Mutex<State>>,
}

impl FakeNotifications {
    /// Changes the behaviour. A service that hung and recovers answers its pending requests; one that becomes absent or
    /// refuses never does. The receiver gets an event for a new state, except for hanging, which is noticed after five
    /// seconds.
    pub fn behave(&self, behaviour: Behaviour) {
        let hanging = {
            let mut state = lock(&self.state);
            let before = state.service_state();
            if state.behaviour == Behaviour::Absent && behaviour != Behaviour::Absent {
                state.generation += 1;
                state.last_id = 0;
            }
            state.behaviour = behaviour;
            let after = state.service_state();
            if after != before && after != ServiceState::Hanging {
                state.publish(NotificationEvent::Service(after));
            }
            if after == ServiceState::Hanging {
                return;
            }
            std::mem::take(&mut state.hanging)
        };
        for (request, answer) in hanging {
            let outcome = self.outcome(request);
            send_reply(answer, outcome);
        }
    }

    /// Disappears: pending requests and shown notifications are lost.
    pub fn vanish(&self) {
        let hanging = {
            let mut state = lock(&self.state);
            state.behaviour = Behaviour::Absent;
            state.handles.clear();
            state.publish(NotificationEvent::Service(ServiceState::Absent));
            std::mem::take(&mut state.hanging)
        };
        for (_, answer) in hanging {
            send_reply(answer, Err(NotificationError::Lost));
        }
    }

    /// Recovers and drops the requests that were pending while it hung, which is reported after it is ready.
    pub fn lose(&self) {
        let hanging = {
            let mut state = lock(&self.state);
            state.behaviour = Behaviour::Answers;
            state.publish(NotificationEvent::Service(ServiceState::Ready));
            std::mem::take(&mut state.hanging)
        };
        for (_, answer) in hanging {
            send_reply(answer, Err(NotificationError::Lost));
        }
    }

    /// Sends an event to the receiver, in any state.
    pub fn publish(&self, event: NotificationEvent) {
        lock(&self.state).publish(event);
    }

    /// The newest notification of an item that was shown and not withdrawn.
    pub fn handle_of(&self, item: &str) -> Option<NotificationHandle> {
        self.handle(&Subject::Item(item.to_owned()))
    }

    /// The newest notification of a subject that was shown and not withdrawn.
    pub fn handle(&self, subject: &Subject) -> Option<NotificationHandle> {
        let state = lock(&self.state);
        let of_subject = state.handles.iter().filter(|(_, of)| *of == subject);
        of_subject
            .map(|(handle, _)| handle)
            .max_by_key(|handle| handle.id)
            .cloned()
    }

    /// The user clicks a notification, which closes it.
    pub fn click(&self, handle: NotificationHandle, activation_token: Option<String>) {
        let mut state = lock(&self.state);
        state.handles.remove(&handle);
        state.publish(NotificationEvent::Activated {
            handle: handle.clone(),
            activation_token,
        });
        state.publish(NotificationEvent::Closed { handle });
    }

    /// The items whose notifications were withdrawn, in order.
    pub fn withdrawn_items(&self) -> Vec<String> {
        let known = lock(&self.state).subjects.clone();
        let subjects = self
            .withdrawn
            .all()
            .into_iter()
            .filter_map(|handle| known.get(&handle).cloned());
        subjects
            .filter_map(|subject| subject.item().map(str::to_owned))
            .collect()
    }

    /// The answer to a request.
    fn outcome(&self, request: NotificationRequest) -> Outcome {
        let mut state = lock(&self.state);
        let delivery = match &state.behaviour {
            Behaviour::Answers | Behaviour::Slow(_) | Behaviour::Hangs => Delivery::Shown,
            Behaviour::Paused => Delivery::Queued,
            Behaviour::Refuses(why) => return Err(NotificationError::Refused(why.clone())),
            Behaviour::Absent => return Err(NotificationError::NoService),
        };
        let service = state.service();
        let replaced = request
            .replaces
            .clone()
            .filter(|handle| handle.service == service);
        let handle = replaced.unwrap_or_else(|| {
            state.last_id += 1;
            let id = state.last_id;
            NotificationHandle { service, id }
        });
        state.handles.insert(handle.clone(), request.subject.clone());
        state.subjects.insert(handle.clone(), request.subject.clone());
        drop(state);
        self.shown.push(request);
        Ok(Answer { handle, delivery })
    }
}

impl Notifications for FakeNotifications {
    fn show(&self, request: NotificationRequest) -> BoxFuture<'static, Outcome> {
        self.asked.push(request.clone());
        let behaviour = lock(&self.state).behaviour.clone();
        match behaviour {
            Behaviour::Answers | Behaviour::Refuses(_) | Behaviour::Paused | Behaviour::Absent => {
                ready(self.outcome(request)).boxed()
            }
            Behaviour::Slow(lag) => {
                let service = self.clone();
                async move {
                    sleep(lag).await;
                    service.outcome(request)
                }
                .boxed()
            }
            Behaviour::Hangs => {
                let (sender, mut answer) = oneshot::channel();
                lock(&self.state).hanging.push((request, sender));
                let state = self.state.clone();
                async move {
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
        }
    }

    fn withdraw(&self, handle: NotificationHandle) {
        let mut state = lock(&self.state);
        if state.handles.remove(&handle).is_some() {
            let handle = handle.clone();
            state.publish(NotificationEvent::Closed { handle });
        }
        drop(state);
        self.withdrawn.push(handle);
    }

    fn watch(&self) -> mpsc::Receiver<NotificationEvent> {
        let (watcher, events) = mpsc::channel(EVENT_CAPACITY);
        let mut state = lock(&self.state);
        state.watcher = Some(watcher);
        // It is unknown that it hangs before a request was made.
        let known = match state.service_state() {
            ServiceState::Hanging => ServiceState::Ready,
            known @ (ServiceState::Unknown
            | ServiceState::Ready
            | ServiceState::Paused
            | ServiceState::Absent) => known,
        };
        state.publish(NotificationEvent::Service(known));
        events
    }
}

/// Records requests to open the window.
#[derive(Debug, Default)]
pub struct FakeWindow {
    /// The activation tokens of the requests.
    pub opened: Recorded<Option<String>>,
}

impl WindowPort for FakeWindow {
    fn open(&self, activation_token: Option<String>) {
        self.opened.push(activation_token);
    }
}
