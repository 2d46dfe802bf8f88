//! Forwards everything that reaches the page from the core: answers to its commands, updates of the state, and the
//! events that it listens to. None of it is parsed here.
//!
//! The window system queues without limit what a page does not read. So the page confirms what it has received, and
//! while it is behind, the rest waits in the core, whose queues are bounded and which tells the page what it missed.

use std::str::FromStr as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use gloria_ipc::window::Json;
use gloria_ipc::{Link, link};
use serde_json::Value;
use tauri::ipc::{Channel, InvokeError, JavaScriptChannelId};
use tauri::{AppHandle, Manager as _, State, Webview};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The link to the core.
pub(crate) type CoreLink = Arc<dyn Link>;

/// How many unconfirmed messages a page may have. It confirms every sixteen, so a page that reads is never waited for.
/// Messages are small enough that this many do not need much memory.
const MAX_UNREAD: u64 = 64;

/// What is being sent to the page. There is one page, so there is at most one stream of each kind.
pub(crate) struct Forwarding {
    link: CoreLink,
    current: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    /// Counts attachments and closed pages, so that the answer to an earlier attachment is not sent to a later page.
    attachment: u64,
    updates: Option<Sending>,
    listening: Option<Listening>,
}

/// What the page listens to.
struct Listening {
    /// The page's name of its channel.
    name: String,
    types: watch::Sender<Vec<String>>,
    events: Sending,
}

/// The task that sends to a channel of the page. Dropping this aborts it.
struct Sending {
    channel: u32,
    /// How many messages of the channel the page has confirmed.
    received: watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl Forwarding {
    pub(crate) fn new(link: CoreLink) -> Self {
        Self {
            link,
            current: Mutex::default(),
        }
    }

    pub(crate) fn of(app: &AppHandle) -> State<'_, Self> {
        app.state()
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops sending, because the page is gone.
    pub(crate) fn stop(&self) {
        let mut current = self.current();
        current.attachment += 1;
        (current.updates, current.listening) = (None, None);
    }

    /// Attaches the page: returns the whole state, and sends the updates that follow over the channel.
    pub(crate) async fn attach(&self, updates: Channel<Json>) -> Result<Json, Value> {
        let attachment = self.begin_attachment();
        let state = self.link.attach().await?;
        self.send_updates(attachment, state.updates, updates);
        Ok(state.snapshot)
    }

    /// Calls one of the core's commands. The core's dispatcher parses the name and the request.
    pub(crate) async fn call(&self, name: &str, request: Value) -> Result<Json, Value> {
        self.link.call(name, request).await
    }

    /// Returns the attachment's number.
    fn begin_attachment(&self) -> u64 {
        let mut current = self.current();
        current.attachment += 1;
        current.attachment
    }

    /// Sends these updates instead of the previous ones, unless the page has attached again meanwhile.
    fn send_updates(&self, attachment: u64, updates: BoxStream<'static, Json>, channel: Channel<Json>) {
        let mut current = self.current();
        if current.attachment == attachment {
            current.updates = Some(Sending::start(updates, channel));
        }
    }

    /// Sends events of these types over the channel of this name. If only the types change, nothing is lost.
    ///
    /// # Errors
    ///
    /// When the channel has ended with its core; the page then needs a new one.
    pub(crate) fn listen(
        &self,
        types: Vec<String>,
        name: String,
        webview: Webview,
    ) -> Result<(), InvokeError> {
        let mut current = self.current();
        let before = current
            .listening
            .take()
            .filter(|listening| listening.name == name);
        if types.is_empty() {
            return Ok(());
        }
        let Some(listening) = before else {
            // Created once per name, because the page would take the end of a second one for the end of the first.
            let channel = JavaScriptChannelId::from_str(&name)?.channel_on(webview);
            let (types, chosen) = watch::channel(types);
            current.listening = Some(Listening {
                name,
                types,
                events: Sending::start(self.link.listen(chosen), channel),
            });
            return Ok(());
        };
        if listening.events.task.is_finished() {
            return Err(link::restarting().into());
        }
        listening.types.send_replace(types);
        current.listening = Some(listening);
        Ok(())
    }

    /// The page has received this many messages of a channel in total.
    pub(crate) fn on_received(&self, channel: u32, count: u64) {
        let current = self.current();
        let events = current.listening.as_ref().map(|listening| &listening.events);
        for sending in current.updates.iter().chain(events) {
            if sending.channel == channel {
                // Confirmations may arrive out of order.
                sending.received.send_if_modified(|received| {
                    let news = count > *received;
                    *received = count.max(*received);
                    news
                });
            }
        }
    }
}

impl Sending {
    fn start(messages: BoxStream<'static, Json>, channel: Channel<Json>) -> Self {
        let (received, receipts) = watch::channel(0);
        Self {
            channel: channel.id(),
            received,
            task: tokio::spawn(send(messages, channel, receipts)),
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends messages until the stream ends or the page is gone.
async fn send(
    mut messages: BoxStream<'static, Json>,
    channel: Channel<Json>,
    mut receipts: watch::Receiver<u64>,
) {
    let mut sent: u64 = 0;
    loop {
        // Waits before taking the next message, so that it stays in the bounded queue.
        let is_read = |received: &u64| sent.saturating_sub(*received) < MAX_UNREAD;
        if receipts.wait_for(is_read).await.is_err() {
            return;
        }
        let Some(message) = messages.next().await else {
            return;
        };
        if channel.send(message).is_err() {
            return;
        }
        sent += 1;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use futures_util::{FutureExt as _, stream};
    use gloria_ipc::protocol::Presence;
    use gloria_ipc::window::AppState;
    use serde_json::value::RawValue;
    use tauri::ipc::InvokeResponseBody;
    use tokio::sync::mpsc;

    use super::*;

    /// To a core that never answers.
    #[derive(Debug)]
    struct Silent;

    impl Link for Silent {
        fn attach(&self) -> BoxFuture<'_, Result<AppState, Value>> {
            std::future::pending().boxed()
        }

        fn call<'a>(&'a self, _: &'a str, _: Value) -> BoxFuture<'a, Result<Json, Value>> {
            std::future::pending().boxed()
        }

        fn listen(&self, _: watch::Receiver<Vec<String>>) -> BoxStream<'static, Json> {
            stream::pending().boxed()
        }

        fn presence(&self, _: Option<Presence>) -> BoxFuture<'_, ()> {
            std::future::pending().boxed()
        }
    }

    /// A page's channel, and what arrives there.
    fn page() -> (Channel<Json>, mpsc::UnboundedReceiver<String>) {
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let channel = Channel::new(move |body| {
            if let InvokeResponseBody::Json(json) = body {
                let _ = arrived.send(json);
            }
            Ok(())
        });
        (channel, arrivals)
    }

    fn json(text: &str) -> Json {
        RawValue::from_string(text.to_owned()).expect("JSON")
    }

    fn numbers() -> BoxStream<'static, Json> {
        stream::iter(0_u64..)
            .map(|number| json(&number.to_string()))
            .boxed()
    }

    #[tokio::test]
    async fn a_page_is_sent_no_more_than_it_can_be_behind() {
        let forwarding = Forwarding::new(Arc::new(Silent));
        let (channel, mut arrivals) = page();
        let id = channel.id();
        forwarding.send_updates(forwarding.begin_attachment(), numbers(), channel);
        let mut next = 0;
        for received in [0, 16, 17, MAX_UNREAD + 17] {
            forwarding.on_received(id, received);
            // Of another channel, whose page is gone.
            forwarding.on_received(id.wrapping_add(1), u64::MAX);
            while next < received + MAX_UNREAD {
                assert_eq!(arrivals.recv().await, Some(next.to_string()));
                next += 1;
            }
            // A sender that wrongly sends more would do so now.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            assert!(arrivals.try_recv().is_err(), "after {received}");
        }
        forwarding.stop();
        assert_eq!(arrivals.recv().await, None, "the channel is gone with the page");
    }

    #[tokio::test]
    async fn the_answer_to_an_earlier_attachment_takes_nothing_from_a_later_one() {
        let forwarding = Forwarding::new(Arc::new(Silent));
        let earlier = forwarding.begin_attachment();
        let later = forwarding.begin_attachment();
        let (channel, mut arrivals) = page();
        forwarding.send_updates(
            later,
            stream::iter([json("\"later\"")]).chain(stream::pending()).boxed(),
            channel,
        );
        let (channel, mut gone) = page();
        forwarding.send_updates(earlier, numbers(), channel);
        assert_eq!(gone.recv().await, None);
        assert_eq!(arrivals.recv().await.as_deref(), Some("\"later\""));
        assert!(arrivals.try_recv().is_err(), "and it goes on");

        let before = forwarding.begin_attachment();
        forwarding.stop();
        let (channel, mut gone) = page();
        forwarding.send_updates(before, numbers(), channel);
        assert_eq!(gone.recv().await, None, "its page is gone");
    }

    #[test]
    fn the_page_says_what_it_received_before_it_is_waited_for() {
        let page = include_str!("../../ui/src/host/tauri.ts");
        let together = page
            .split("const RECEIPT_COUNT = ")
            .nth(1)
            .and_then(|rest| rest.split(';').next())
            .and_then(|number| number.parse::<u64>().ok());
        assert!(
            together.is_some_and(|together| together * 2 <= MAX_UNREAD),
            "{together:?}"
        );
    }
}
