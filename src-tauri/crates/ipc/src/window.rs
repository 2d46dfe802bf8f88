//! The core as seen by a window in a process of its own, over the socket.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{BoxStream, StreamExt as _, unfold};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::client::{ANSWER_TIMEOUT, Connection};
use crate::lines::write_line;
use crate::protocol::{
    ATTACH, AnswerLine, Hello, LISTEN, Outcome, Presence, Raise, ToWindow, WINDOW, WINDOW_PRESENCE,
    WindowLine,
};
use crate::{AskError, CallError};

/// Requests that may wait to be sent; a person causes a few at a time.
const REQUEST_CAPACITY: usize = 64;

/// Updates and events that may wait for the page. A page that has stopped reading must not block answers, so more are
/// dropped, and the page is notified that some are missing.
const QUEUE_CAPACITY: usize = 256;

/// Requests to come to the front that may wait. The app drops a window that does not confirm one within two seconds.
const RAISE_CAPACITY: usize = 16;

/// A window's connection to the app. Clones share the connection.
#[derive(Debug, Clone)]
pub struct AppWindow {
    orders: mpsc::Sender<Order>,
    ended: watch::Receiver<Option<Ended>>,
}

/// How a connection of a window ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody quit the app.
    Quit,
    /// The app did not say why: it crashed, or does not want this window any more.
    Lost,
}

/// The state at one revision, and everything after it.
pub struct AppState {
    /// A `Snapshot` of the core.
    pub snapshot: Value,
    /// `Revised` updates of the core, until the connection ends or the window attaches again.
    pub updates: BoxStream<'static, Value>,
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The snapshot holds texts of notifications.
        formatter.debug_struct("AppState").finish_non_exhaustive()
    }
}

/// Something to send, with the receiver of the answer.
enum Order {
    Call(&'static str, Value, Answer),
    Named(String, Value, Answer),
    Raised(u64),
    /// Deliver events to this queue from now on.
    Events(Arc<Queue>),
}

enum Answer {
    Value(oneshot::Sender<Result<Value, CallError>>),
    State(oneshot::Sender<Result<(Value, Arc<Queue>), CallError>>),
    Nobody,
}

impl AppWindow {
    /// Becomes the window of the app for this data folder. The receiver gets the app's requests to come to the front.
    ///
    /// # Errors
    /// When no app is running, it does not answer within ten seconds, or it refuses because it already has a window.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn open(data: &Path) -> Result<(Self, mpsc::Receiver<Raise>), AskError> {
        let connection = Connection::open_as(data, &Hello::new(WINDOW, &[])).await?;
        let (orders, received) = mpsc::channel(REQUEST_CAPACITY);
        let (ending, ended) = watch::channel(None);
        let (raises, wishes) = mpsc::channel(RAISE_CAPACITY);
        tokio::spawn(async move {
            let mut exchange = Exchange::new(raises);
            exchange.run(connection, received).await;
            exchange.close();
            // The receivers may be gone.
            let _ = ending.send(Some(if exchange.has_quit {
                Ended::Quit
            } else {
                Ended::Lost
            }));
        });
        Ok((Self { orders, ended }, wishes))
    }

    /// Waits until the app has ended or closed the connection.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.ended.clone();
        // An error means that the sender is gone, so the connection has ended as well.
        let ended = ended.wait_for(Option::is_some).await;
        ended.ok().and_then(|ended| *ended).unwrap_or(Ended::Lost)
    }

    /// Gets the whole state and then its updates. The updates of an earlier attachment end.
    ///
    /// # Errors
    /// When the connection has ended, or the core cannot answer.
    pub async fn attach(&self) -> Result<AppState, CallError> {
        let (sender, answer) = oneshot::channel();
        self.order(Order::Call(ATTACH, Value::Null, Answer::State(sender)))
            .await?;
        let (snapshot, queue) = answer.await.unwrap_or(Err(AskError::NotRunning.into()))?;
        let updates = unfold(queue, async |queue| {
            let update = match queue.next().await? {
                Queued::Message(update) => update,
                // The page attaches again when it receives this.
                Queued::Missed(_) => json!({"revision": 0, "update": {"kind": "missed"}}),
            };
            Some((update, queue))
        });
        Ok(AppState {
            snapshot,
            updates: updates.boxed(),
        })
    }

    /// Calls one of the core's commands.
    ///
    /// # Errors
    /// When the connection has ended, or the command fails.
    pub async fn call(&self, name: &str, request: Value) -> Result<Value, CallError> {
        let (sender, answer) = oneshot::channel();
        let order = Order::Named(name.to_owned(), request, Answer::Value(sender));
        self.order(order).await?;
        answer.await.unwrap_or(Err(AskError::NotRunning.into()))
    }

    /// The server's events of the types with these names, as `ListenerMessage`s of the core. The types may change. A
    /// second stream replaces the first.
    pub fn listen(&self, types: watch::Receiver<Vec<String>>) -> BoxStream<'static, Value> {
        let listening = Listening {
            window: self.clone(),
            queue: Arc::default(),
            types,
            begun: false,
        };
        unfold(listening, async |mut listening| {
            let message = listening.next().await?;
            Some((message, listening))
        })
        .boxed()
    }

    /// Reports the state of the window according to the window system, `None` once it is closed.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn presence(&self, presence: Option<Presence>) -> Result<(), CallError> {
        let presence = serde_json::to_value(presence).unwrap_or_default();
        self.call(WINDOW_PRESENCE, presence).await.map(drop)
    }

    /// Confirms that the window is in front, which the app expects within two seconds.
    pub async fn raised(&self, raise: &Raise) {
        // Without a connection there is nothing to confirm.
        let _ = self.order(Order::Raised(raise.number)).await;
    }

    async fn order(&self, order: Order) -> Result<(), AskError> {
        self.orders.send(order).await.map_err(|_| AskError::NotRunning)
    }
}

/// A reader of events.
struct Listening {
    window: AppWindow,
    queue: Arc<Queue>,
    types: watch::Receiver<Vec<String>>,
    begun: bool,
}

impl Listening {
    async fn next(&mut self) -> Option<Value> {
        if !self.begun {
            self.begun = true;
            self.window
                .order(Order::Events(Arc::clone(&self.queue)))
                .await
                .ok()?;
            self.choose().await?;
        }
        loop {
            tokio::select! {
                // First, so that nothing follows that is not wanted any more.
                biased;
                changed = self.types.changed() => {
                    changed.ok()?;
                    self.choose().await?;
                }
                queued = self.queue.next() => return Some(match queued? {
                    Queued::Message(event) => event,
                    Queued::Missed(count) => json!({"kind": "missed", "value": count}),
                }),
            }
        }
    }

    async fn choose(&mut self) -> Option<()> {
        let types = json!(*self.types.borrow_and_update());
        let order = Order::Call(LISTEN, types, Answer::Nobody);
        self.window.order(order).await.ok()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // If the channel is full, events still arrive, and the closed queue drops them.
        let _ = self
            .window
            .orders
            .try_send(Order::Call(LISTEN, json!([]), Answer::Nobody));
        self.queue.close();
    }
}

/// The state of the connection: unanswered requests, and the receivers of what arrives.
struct Exchange {
    pending: HashMap<u64, Answer>,
    next_id: u64,
    updates: Arc<Queue>,
    events: Arc<Queue>,
    raises: mpsc::Sender<Raise>,
    /// The app has said that it ends.
    has_quit: bool,
}

impl Exchange {
    fn new(raises: mpsc::Sender<Raise>) -> Self {
        Self {
            pending: HashMap::new(),
            next_id: 1,
            updates: Arc::default(),
            events: Arc::default(),
            raises,
            has_quit: false,
        }
    }

    /// Runs until the connection ends, or every `AppWindow` is dropped.
    async fn run(&mut self, connection: Connection, mut orders: mpsc::Receiver<Order>) {
        let Connection {
            mut lines,
            mut writer,
        } = connection;
        // A separate task writes, so that reading continues while the app does not read.
        let (outgoing, mut to_write) = mpsc::channel::<WindowLine>(REQUEST_CAPACITY);
        let writing: JoinHandle<()> = tokio::spawn(async move {
            while let Some(line) = to_write.recv().await {
                if write_line(&mut writer, &line, ANSWER_TIMEOUT).await.is_err() {
                    return;
                }
            }
        });
        loop {
            // Cancellation loses nothing: taking the order is the last step.
            let order = async {
                let permit = outgoing.reserve().await.ok()?;
                Some((permit, orders.recv().await?))
            };
            tokio::select! {
                line = lines.next() => {
                    let Ok(line) = line else { break };
                    // An invalid line means that the app does not follow the protocol.
                    let Ok(message) = serde_json::from_slice(&line) else { break };
                    self.handle(message);
                }
                order = order => {
                    let Some((permit, order)) = order else { break };
                    if let Some(line) = self.line_of(order) {
                        permit.send(line);
                    }
                }
            }
        }
        writing.abort();
    }

    fn handle(&mut self, message: ToWindow) {
        match message {
            ToWindow::Answer(AnswerLine { id, outcome }) => {
                let outcome = match outcome {
                    Outcome::Ok(value) => Ok(value),
                    Outcome::Error(error) => Err(CallError::Command(error)),
                };
                // The receiver may be gone.
                match self.pending.remove(&id) {
                    Some(Answer::Value(sender)) => drop(sender.send(outcome)),
                    Some(Answer::State(sender)) => {
                        // Before the next line is read, because updates in it belong to this attachment.
                        self.updates.close();
                        self.updates = Arc::default();
                        let updates = Arc::clone(&self.updates);
                        drop(sender.send(outcome.map(|snapshot| (snapshot, updates))));
                    }
                    Some(Answer::Nobody) | None => {}
                }
            }
            ToWindow::Update(update) => self.updates.push(update),
            ToWindow::Event(event) => self.events.push(event),
            ToWindow::Raise(raise) => {
                // The app drops a window that does not read them.
                let _ = self.raises.try_send(raise);
            }
            ToWindow::Quit => self.has_quit = true,
        }
    }

    fn line_of(&mut self, order: Order) -> Option<WindowLine> {
        let (call, request, answer) = match order {
            Order::Call(call, request, answer) => (call.to_owned(), request, answer),
            Order::Named(call, request, answer) => (call, request, answer),
            Order::Raised(raised) => return Some(WindowLine::Raised { raised }),
            Order::Events(queue) => {
                self.events.close();
                self.events = queue;
                return None;
            }
        };
        let id = self.next_id;
        self.next_id += 1;
        self.pending.insert(id, answer);
        Some(WindowLine::Request { id, call, request })
    }

    fn close(&mut self) {
        self.updates.close();
        self.events.close();
        // Dropping the senders ends the waiting calls.
        self.pending.clear();
    }
}

/// A bounded queue for a reader that may stop reading.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Default)]
struct Waiting {
    messages: VecDeque<Value>,
    /// Messages that were dropped after those in the queue.
    missed: u64,
    closed: bool,
}

#[derive(Debug, PartialEq)]
enum Queued {
    Message(Value),
    Missed(u64),
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, message: Value) {
        {
            let mut waiting = self.waiting();
            if waiting.closed {
                return;
            }
            if waiting.missed > 0 || waiting.messages.len() >= QUEUE_CAPACITY {
                waiting.missed += 1;
            } else {
                waiting.messages.push_back(message);
            }
        }
        self.changed.notify_one();
    }

    fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_one();
    }

    fn pop(&self) -> Option<Option<Queued>> {
        let mut waiting = self.waiting();
        if let Some(message) = waiting.messages.pop_front() {
            return Some(Some(Queued::Message(message)));
        }
        if waiting.missed > 0 {
            return Some(Some(Queued::Missed(std::mem::take(&mut waiting.missed))));
        }
        waiting.closed.then_some(None)
    }

    /// The next message; `None` once the queue is closed and empty. Cancel-safe.
    async fn next(&self) -> Option<Queued> {
        loop {
            // There is only one reader, so no other can take the notification.
            if let Some(queued) = self.pop() {
                return queued;
            }
            self.changed.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_stands_still_learns_how_much_it_missed_and_goes_on() {
        let queue = Queue::default();
        for number in 0..QUEUE_CAPACITY + 3 {
            queue.push(number.into());
        }
        for number in 0..QUEUE_CAPACITY {
            assert_eq!(queue.next().await, Some(Queued::Message(number.into())));
        }
        queue.push("also missed".into());
        assert_eq!(queue.next().await, Some(Queued::Missed(4)));
        queue.push("next".into());
        queue.close();
        queue.push("too late".into());
        assert_eq!(queue.next().await, Some(Queued::Message("next".into())));
        assert_eq!(queue.next().await, None);
        assert_eq!(queue.next().await, None);
    }
}
