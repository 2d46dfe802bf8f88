//! A notification service that does what a test says: answer, lag, hang, refuse, pause, go away and come back.

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

/// When a real service that does not answer is reported.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Events that may wait for a core that is busy; more would be a mistake of the test.
const EVENT_CAPACITY: usize = 1024;

/// What a [`FakeNotifications`] does with what it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// Answers at once.
    #[default]
    Answers,
    /// Answers so much later.
    Slow(Duration),
    /// Does not answer until the test says that it goes on, or is gone.
    Hangs,
    /// Answers with an error.
    Refuses(String),
    /// Answers at once, and says that it keeps what it was asked for later.
    Paused,
    /// Is not there.
    Absent,
}

type Outcome = Result<Answer, NotificationError>;

#[derive(Debug, Default)]
struct State {
    behaviour: Behaviour,
    /// How often it came back; each time it is another service.
    generation: u32,
    last_id: u32,
    /// What is on screen.
    handles: HashMap<NotificationHandle, Subject>,
    /// What was ever shown.
    subjects: HashMap<NotificationHandle, Subject>,
    /// What a service that hangs was asked.
    hanging: Vec<(NotificationRequest, oneshot::Sender<Outcome>)>,
    watcher: Option<mpsc::Sender<NotificationEvent>>,
}

impl State {
    fn service(&self) -> String {
        format!(":fake.{}", self.generation)
    }

    fn publish(&self, event: NotificationEvent) {
        if let Some(watcher) = &self.watcher {
            // A watcher that was dropped needs no more events.
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

/// Notifications that are only written down.
#[derive(Debug, Clone, Default)]
pub struct FakeNotifications {
    /// Everything that was asked, answered or not.
    pub asked: Arc<Recorded<NotificationRequest>>,
    /// What was answered, in the order of the answers.
    pub shown: Arc<Recorded<NotificationRequest>>,
    /// What was withdrawn.
    pub withdrawn: Arc<Recorded<NotificationHandle>>,
    state: Arc<Mutex<State>>,
}

impl FakeNotifications {
    /// What it does from now on. A service that hung and goes on answers what it was asked; one that is absent or
    /// refuses never does. The watcher hears of a state that is another one, but of hanging: that shows in five
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

    /// It goes away: what it had not answered is lost, and what it showed is gone.
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

    /// It is there and gives up what it was asked while it hung, which is reported after it is ready.
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

    /// Sends the watcher an event, whatever the service is doing.
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

    /// The user clicks a notification; it is closed by that.
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

    /// What the service says to a request, which it is done with.
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
        // That it hangs is not known before it was asked.
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

/// A window that is only asked for.
#[derive(Debug, Default)]
pub struct FakeWindow {
    /// The activation tokens it was opened with.
    pub opened: Recorded<Option<String>>,
}

impl WindowPort for FakeWindow {
    fn open(&self, activation_token: Option<String>) {
        self.opened.push(activation_token);
    }
}
