//! Control of a running backend.

mod port;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::answers::{Answer, InvalidAnswer, Route};
use crate::connection::{HangUp, Pace};
use crate::hub::{Delivery, Hub, Stall};
use crate::listener::ListenOrder;
use crate::observed::Observed;

pub(crate) use port::router;
pub use port::{Command, Outcome};

/// Events that are published under one lock, so that a great many do not keep clients from connecting.
const BATCH: usize = 1000;

/// Pushes events and injects faults. Clones command the same backend; commands to a stopped one do nothing.
#[derive(Clone, Debug)]
pub struct Control {
    hub: Arc<Hub>,
}

/// The ids that [`Control::push_many`] gave, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PushedRange {
    /// The first event's id.
    pub first: String,
    /// The last event's id.
    pub last: String,
}

/// What was waited for did not happen.
#[derive(Debug, thiserror::Error)]
#[error("it did not happen within {waited:?}; seen so far: {}", .seen.counts())]
pub struct DeadlinePassed {
    /// The time given.
    pub waited: Duration,
    /// The last look.
    pub seen: Box<Observed>,
}

impl Control {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    /// Stores an event and sends it to all streams that want its type. Answers with its id.
    pub fn push(&self, event: &str, data: Value) -> String {
        self.push_text(event, None, &data.to_string())
    }

    /// As [`Control::push`], under an id of one's own. A numeric id moves the count on.
    pub fn push_as(&self, event: &str, id: &str, data: Value) -> String {
        self.push_text(event, Some(id), &data.to_string())
    }

    /// As [`Control::push`], with data that need not be JSON. Each of its lines becomes one `data:` line.
    pub fn push_text(&self, event: &str, id: Option<&str>, data: &str) -> String {
        self.hub.publish(event, id, data, Delivery::Whole).to_string()
    }

    /// Pushes `count` notifications, `bulk-1` … by their event's number. `None` when `count` is 0.
    pub fn push_many(&self, count: usize) -> Option<PushedRange> {
        let mut range: Option<PushedRange> = None;
        let mut left = count;
        while left > 0 {
            let mut state = self.hub.state();
            for _ in 0..left.min(BATCH) {
                let n = state.log.next();
                let data = format!(
                    r#"{{"id":"bulk-{n}","title":"Notification {n}","message":"One of many","category":"tasks"}}"#
                );
                let id = state
                    .publish("notification.created", None, &data, Delivery::Whole)
                    .to_string();
                match &mut range {
                    Some(range) => range.last = id,
                    None => {
                        range = Some(PushedRange {
                            first: id.clone(),
                            last: id,
                        })
                    }
                }
            }
            drop(state);
            left -= left.min(BATCH);
        }
        self.hub.publish_change();
        range
    }

    /// Pushes a notification whose data is `bytes` long, or as long as its fields need. Answers with its id.
    pub fn push_huge(&self, bytes: usize) -> String {
        let number = self.hub.state().log.next();
        let mut data = json!({ "id": format!("huge-{number}"), "title": "Huge", "message": "" });
        let missing = bytes.saturating_sub(data.to_string().len());
        data["message"] = "x".repeat(missing).into();
        self.push("notification.created", data)
    }

    /// Sends bytes to all streams as they are, a WebSocket's without a frame around them. They are not stored.
    pub fn push_raw(&self, bytes: impl Into<Bytes>) {
        self.hub.send_raw(&bytes.into());
    }

    /// Stores an event, sends the first half of its bytes to all streams, then ends their connections with FIN.
    pub fn cut_mid_event(&self, event: &str, data: Value) -> String {
        self.hub
            .publish(event, None, &data.to_string(), Delivery::CutInHalf)
            .to_string()
    }

    /// Ends all streams: the body as HTTP ends it, and its connection lives on; a WebSocket with close code 1000.
    pub fn end_streams(&self) {
        self.close_streams(1000);
    }

    /// As [`Control::end_streams`], with this close code for a WebSocket (RFC 6455, 7.4).
    pub fn close_streams(&self, code: u16) {
        self.hub.end_streams(code);
    }

    /// Ends all connections, those of other requests too, without a closing chunk.
    pub fn hang_up(&self, how: HangUp) {
        self.hub.connections.hang_up_all(how);
    }

    /// Resets all connections.
    pub fn reset(&self) {
        self.hang_up(HangUp::Reset);
    }

    /// Streams get no byte more, not even the end of [`Control::end_streams`], and stay open. What is pushed meanwhile
    /// arrives on [`Control::resume`]; heartbeats do not.
    pub fn stall(&self, stall: Stall) {
        self.hub.stall(stall);
    }

    /// Ends a stall.
    pub fn resume(&self) {
        self.hub.resume();
    }

    /// Slows all streams down, those to come included; `None` ends it. A connection stays slow after its stream.
    pub fn set_pace(&self, pace: Option<Pace>) {
        self.hub.set_pace(pace);
    }

    /// Gives `answer` to the next `times` requests of `route` in place of the real one. Several wait in line.
    ///
    /// # Errors
    ///
    /// When the answer's status or headers cannot be sent.
    pub fn answer(&self, route: Route, times: u32, answer: Answer) -> Result<(), InvalidAnswer> {
        answer.response()?;
        self.hub.state().script.add(route, times, answer);
        Ok(())
    }

    /// Forgets the scripted answers that were not given yet.
    pub fn clear_answers(&self) {
        self.hub.state().script.clear();
    }

    /// The next `times` changes, deletions or receipts take effect, and their connection is reset instead of answered.
    pub fn lose_answers(&self, times: u32) {
        self.hub.state().answers_to_lose = times;
    }

    /// From now on only `token` is accepted. Open streams go on.
    pub fn require_token(&self, token: impl Into<String>) {
        self.hub.state().tokens = vec![token.into()];
    }

    /// Also accepts `token`, as that of `user`. The greeting names them; `None` is somebody whom it does not name.
    pub fn set_user(&self, token: impl Into<String>, user: Option<&str>) {
        let token = token.into();
        let mut state = self.hub.state();
        if !state.tokens.contains(&token) {
            state.tokens.push(token.clone());
        }
        state.users.insert(token, user.map(str::to_owned));
    }

    /// Forgets all kept events, so that every cursor but the newest has a gap.
    pub fn drop_history(&self) {
        self.hub.state().log.clear();
    }

    /// Stops listening: connecting is refused. Open connections go on; [`Control::reset`] ends them.
    ///
    /// # Errors
    ///
    /// When the backend has stopped, or the system does not let go of the port.
    pub async fn refuse(&self) -> std::io::Result<()> {
        self.door(false).await
    }

    /// Listens again, at the same address.
    ///
    /// # Errors
    ///
    /// When the backend has stopped, or the port cannot be had back.
    pub async fn accept(&self) -> std::io::Result<()> {
        self.door(true).await
    }

    async fn door(&self, open: bool) -> std::io::Result<()> {
        let stopped = || std::io::Error::new(std::io::ErrorKind::NotConnected, "the backend has stopped");
        let (done, answer) = oneshot::channel();
        self.hub
            .door
            .send(ListenOrder { open, done })
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Changes the time between heartbeats, and the interval announced to new streams; `None` or zero sends none.
    pub fn set_heartbeat(&self, interval: Option<Duration>) {
        self.hub
            .heartbeat
            .send_replace(interval.filter(|interval| !interval.is_zero()));
    }

    /// Sends a heartbeat now.
    pub fn beat(&self) {
        self.hub.beat(Timestamp::now());
    }

    /// What was seen so far.
    pub fn observed(&self) -> Observed {
        let mut state = self.hub.state();
        state.observed.connections = self.hub.connections.len();
        state.observed.clone()
    }

    /// Waits until `enough` is true of what was seen; it is asked at once and after every change.
    ///
    /// # Errors
    ///
    /// When `deadline` passes first; the error holds what was seen.
    pub async fn wait_for(
        &self,
        enough: impl Fn(&Observed) -> bool,
        deadline: Duration,
    ) -> Result<Observed, DeadlinePassed> {
        let mut changed = self.hub.changed.subscribe();
        let happened = async {
            loop {
                changed.mark_unchanged();
                {
                    let mut state = self.hub.state();
                    state.observed.connections = self.hub.connections.len();
                    if enough(&state.observed) {
                        return state.observed.clone();
                    }
                }
                if changed.changed().await.is_err() {
                    // The sender lives in the hub that this control holds.
                    std::future::pending::<()>().await;
                }
            }
        };
        match timeout(deadline, happened).await {
            Ok(seen) => Ok(seen),
            Err(_) => Err(DeadlinePassed {
                waited: deadline,
                seen: Box::new(self.observed()),
            }),
        }
    }
}
