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

/// How many events are published under one lock, so that a large number of them does not keep clients from connecting.
const BATCH: usize = 1000;

/// Pushes events and injects faults. Clones control the same backend; commands to a stopped one have no effect.
#[derive(Clone, Debug)]
pub struct Control {
    hub: Arc<Hub>,
}

/// The ids from [`Control::push_many`], both inclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PushedRange {
    /// The first event's id.
    pub first: String,
    /// The last event's id.
    pub last: String,
}

/// The awaited condition was not met.
#[derive(Debug, thiserror::Error)]
#[error("it did not happen within {waited:?}; seen so far: {}", .seen.counts())]
pub struct DeadlinePassed {
    /// How long was waited.
    pub waited: Duration,
    /// What was seen at the end.
    pub seen: Box<Observed>,
}

impl Control {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    /// Returns the present state of a notification, if there is one.
    pub fn notification(&self, id: &str) -> Option<Value> {
        let state = self.hub.state();
        state
            .notifications
            .contains(id)
            .then(|| state.notifications.get(id))
            .flatten()
    }

    /// Stores an event and sends it to all streams that want its type. Returns its id.
    pub fn push(&self, event: &str, data: Value) -> String {
        self.push_text(event, None, &data.to_string())
    }

    /// Like [`Control::push`], with a given id. A numeric id advances the counter.
    pub fn push_as(&self, event: &str, id: &str, data: Value) -> String {
        self.push_text(event, Some(id), &data.to_string())
    }

    /// Like [`Control::push`], with data that need not be JSON. Each of its lines becomes one `data:` line.
    pub fn push_text(&self, event: &str, id: Option<&str>, data: &str) -> String {
        self.hub.publish(event, id, data, Delivery::Whole).to_string()
    }

    /// Pushes `count` notifications with the ids `bulk-1` and so on, by their event's number. `None` if `count` is 0.
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

    /// Pushes a notification whose data has `bytes` bytes, or as many as its fields need. Returns its id.
    pub fn push_huge(&self, bytes: usize) -> String {
        let number = self.hub.state().log.next();
        let mut data = json!({ "id": format!("huge-{number}"), "title": "Huge", "message": "" });
        let missing = bytes.saturating_sub(data.to_string().len());
        data["message"] = "x".repeat(missing).into();
        self.push("notification.created", data)
    }

    /// Sends raw bytes to all streams, on WebSockets without a frame around them. They are not stored.
    pub fn push_raw(&self, bytes: impl Into<Bytes>) {
        self.hub.send_raw(&bytes.into());
    }

    /// Stores an event, sends the first half of its bytes to all streams, then closes their connections with FIN.
    pub fn cut_mid_event(&self, event: &str, data: Value) -> String {
        self.hub
            .publish(event, None, &data.to_string(), Delivery::CutInHalf)
            .to_string()
    }

    /// Ends all streams: over HTTP, the body ends and the connection stays open; a WebSocket is closed with code 1000.
    pub fn end_streams(&self) {
        self.close_streams(1000);
    }

    /// Like [`Control::end_streams`], with this close code for WebSockets (RFC 6455, 7.4).
    pub fn close_streams(&self, code: u16) {
        self.hub.end_streams(code);
    }

    /// Closes all connections, including those of other requests, without a final chunk.
    pub fn hang_up(&self, how: HangUp) {
        self.hub.connections.hang_up_all(how);
    }

    /// Resets all connections.
    pub fn reset(&self) {
        self.hang_up(HangUp::Reset);
    }

    /// Stops sending on streams, even the end from [`Control::end_streams`], and keeps them open. Events that are
    /// pushed meanwhile are sent on [`Control::resume`]; heartbeats are not.
    pub fn stall(&self, stall: Stall) {
        self.hub.stall(stall);
    }

    /// Ends a stall.
    pub fn resume(&self) {
        self.hub.resume();
    }

    /// Limits the speed of all streams, including later ones; `None` ends that. A connection stays slow after its
    /// stream.
    pub fn set_pace(&self, pace: Option<Pace>) {
        self.hub.set_pace(pace);
    }

    /// Sends `answer` instead of the real response to the next `times` requests of `route`. Several calls queue up.
    ///
    /// # Errors
    ///
    /// When the status or headers of `answer` cannot be sent.
    pub fn answer(&self, route: Route, times: u32, answer: Answer) -> Result<(), InvalidAnswer> {
        answer.response()?;
        self.hub.state().script.add(route, times, answer);
        Ok(())
    }

    /// Removes the scripted responses that were not sent yet.
    pub fn clear_answers(&self) {
        self.hub.state().script.clear();
    }

    /// The next `times` changes, deletions or receipts take effect, but get a connection reset instead of a response.
    pub fn lose_answers(&self, times: u32) {
        self.hub.state().answers_to_lose = times;
    }

    /// Accepts only `token` from now on. Open streams continue.
    pub fn require_token(&self, token: impl Into<String>) {
        self.hub.state().tokens = vec![token.into()];
    }

    /// Also accepts `token`, for this user. The greeting contains the user's id; with `None` it contains none.
    pub fn set_user(&self, token: impl Into<String>, user: Option<&str>) {
        let token = token.into();
        let mut state = self.hub.state();
        if !state.tokens.contains(&token) {
            state.tokens.push(token.clone());
        }
        state.users.insert(token, user.map(str::to_owned));
    }

    /// Removes all stored events, so that every cursor except the newest has a gap.
    pub fn drop_history(&self) {
        self.hub.state().log.clear();
    }

    /// Stops listening, so that connections are refused. Open connections continue; [`Control::reset`] closes them.
    ///
    /// # Errors
    ///
    /// When the backend has stopped, or the system does not release the port.
    pub async fn refuse(&self) -> std::io::Result<()> {
        self.set_listening(false).await
    }

    /// Listens again, at the same address.
    ///
    /// # Errors
    ///
    /// When the backend has stopped, or the port is no longer available.
    pub async fn accept(&self) -> std::io::Result<()> {
        self.set_listening(true).await
    }

    async fn set_listening(&self, open: bool) -> std::io::Result<()> {
        let stopped = || std::io::Error::new(std::io::ErrorKind::NotConnected, "the backend has stopped");
        let (done, answer) = oneshot::channel();
        self.hub
            .listen_orders
            .send(ListenOrder { open, done })
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Changes the interval of heartbeats, also the one announced to new streams; `None` or zero sends none.
    pub fn set_heartbeat(&self, interval: Option<Duration>) {
        self.hub
            .heartbeat
            .send_replace(interval.filter(|interval| !interval.is_zero()));
    }

    /// Sends a heartbeat now.
    pub fn beat(&self) {
        self.hub.beat(Timestamp::now());
    }

    /// Returns what was seen so far.
    pub fn observed(&self) -> Observed {
        let mut state = self.hub.state();
        state.observed.connections = self.hub.connections.len();
        state.observed.clone()
    }

    /// Waits until `enough` returns true; it is called at once and after every change.
    ///
    /// # Errors
    ///
    /// When `deadline` passes first; the error contains what was seen.
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
                    // The sender is part of the hub, which this control keeps alive.
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
