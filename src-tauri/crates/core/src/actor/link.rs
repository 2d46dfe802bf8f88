//! The connection to the server: the stream, what is known about it, and its view.

mod heard;

use std::sync::Arc;

use gloria_stream::machine::Epoch;
use gloria_stream::{
    Command, CredentialProvider, Delivery, IdleReason, Reachability, Status, StreamHandle, StreamOptions,
};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::heard::Heard;
use crate::account::address::Address;
use crate::connection::outage::{self, Outage, OutageNews};
use crate::connection::{self, ClockReading, ConnectionContext, Disconnected};
use crate::inbox::Now;
use crate::item::EpochMillis;
use crate::message::Message;
use crate::metrics::Meters;
use crate::protocol::{ConnectionState, ConnectionView, Filling};

/// How many deliveries may wait for the inbox. If it is slow, the stream stops reading, and TCP slows down the server.
const DELIVERY_CAPACITY: usize = 32;

/// In milliseconds. By how much the `Date` headers of two responses, in whole seconds, may disagree because of delays
/// although the server's clock is right. A smaller difference does not change the known clock: setting it back by less
/// than a second would reorder items without a creation time.
const DATE_TOLERANCE: EpochMillis = 1_500;

/// The stream and what is known about its server.
#[derive(Debug)]
pub(super) struct Link {
    stream: Option<Stream>,
    intent: Intent,
    status: Status,
    /// The stream's last event id, which an event without an id inherits.
    position: Arc<str>,
    /// The connection of the last events, since the stream last connected.
    epoch: Option<Epoch>,
    /// When the newest connection was made.
    connected_at: Option<EpochMillis>,
    /// The server's time, and when it was received. Each connection sets it again, so a sleep in between does not
    /// matter.
    server_clock: Option<(EpochMillis, std::time::Instant)>,
    heard: Heard,
    /// The reachability that was last sent to the stream.
    reachability: Option<Reachability>,
    /// Host and port of the proxy in use.
    proxy: Option<String>,
    outage: Outage,
    meters: Meters,
}

#[derive(Debug)]
struct Stream {
    handle: StreamHandle,
    deliveries: mpsc::Receiver<Delivery>,
}

/// Whether the user wants a connection, even while something prevents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// Not known yet, or the user signed out: recovery does not connect, a new token does.
    Nothing,
    /// Wanted.
    Connection,
    /// Unwanted until the user requests one; nothing else connects.
    Disconnection(Disconnected),
}

/// What the view of the connection depends on besides the link.
pub(super) struct ViewContext<'a> {
    pub(super) address: Option<&'a Address>,
    /// The currently published view.
    pub(super) known: &'a ConnectionView,
    pub(super) needs_setup: bool,
    /// Why events cannot be stored, if the user has to act.
    pub(super) storage: Option<Message>,
    /// Whether the server has sent a cursor.
    pub(super) has_place: bool,
    /// What is being caught up with.
    pub(super) filling: Option<Filling>,
}

impl Link {
    /// Returns a link that does not connect yet. `heard` is when data last arrived in an earlier run.
    pub(super) fn new(heard: Option<EpochMillis>, meters: Meters) -> Self {
        Self {
            stream: None,
            intent: Intent::Nothing,
            status: Status::Idle(IdleReason::NotStarted),
            position: Arc::from(""),
            epoch: None,
            connected_at: None,
            server_clock: None,
            heard: Heard::new(heard),
            reachability: None,
            proxy: None,
            outage: Outage::default(),
            meters,
        }
    }

    /// Connects, resuming after the cursor. An open stream is closed.
    pub(super) fn open(
        &mut self,
        options: StreamOptions,
        credentials: Arc<dyn CredentialProvider>,
        cursor: Option<String>,
        focused: bool,
    ) {
        self.close();
        let (sender, deliveries) = mpsc::channel(DELIVERY_CAPACITY);
        let handle = StreamHandle::spawn(options, credentials, sender);
        handle.observe(self.meters.observer());
        handle.send(Command::Attention(focused));
        self.position = Arc::from(cursor.as_deref().unwrap_or_default());
        handle.send(Command::Start { cursor });
        if let Some(reachability) = self.reachability {
            handle.send(Command::Network(reachability));
        }
        self.stream = Some(Stream { handle, deliveries });
    }

    /// Disconnects, and discards unprocessed deliveries.
    pub(super) fn close(&mut self) {
        self.heard.keep(self.heard_by_stream());
        self.stream = None;
        self.epoch = None;
        self.meters.stopped();
    }

    /// Sets whether the user wants a connection.
    pub(super) fn set_intent(&mut self, intent: Intent) {
        self.intent = intent;
    }

    pub(super) fn intent(&self) -> Intent {
        self.intent
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.intent == Intent::Connection
    }

    pub(super) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Sends a command to the stream, if there is one.
    pub(super) fn send(&self, command: Command) {
        if let Some(stream) = &self.stream {
            stream.handle.send(command);
        }
    }

    /// Sends a command that refers to the current connection.
    pub(super) fn send_for_epoch(&self, command: impl FnOnce(Epoch) -> Command) {
        if let Some(epoch) = self.epoch {
            self.send(command(epoch));
        }
    }

    /// Returns the next delivery; `None` if the stream's task ended unexpectedly. Never completes without a stream.
    pub(super) async fn next_delivery(&mut self) -> Option<Delivery> {
        match &mut self.stream {
            Some(stream) => stream.deliveries.recv().await,
            None => std::future::pending().await,
        }
    }

    /// Returns a delivery that has already arrived.
    pub(super) fn ready_delivery(&mut self) -> Option<Delivery> {
        self.stream.as_mut()?.deliveries.try_recv().ok()
    }

    pub(super) fn status(&self) -> &Status {
        &self.status
    }

    /// Applies the stream's status. Returns whether a new connection was made.
    pub(super) fn on_status(&mut self, status: Status) -> bool {
        let is_connected = |status: &Status| matches!(status, Status::Connected { .. });
        let begins = is_connected(&status) && !is_connected(&self.status);
        if begins {
            self.epoch = None;
        }
        self.status = status;
        begins
    }

    /// Handles events of this connection. Returns whether it is a new one, because the statuses in between may have
    /// been merged.
    pub(super) fn on_epoch(&mut self, epoch: Epoch) -> bool {
        self.epoch.replace(epoch).is_some_and(|before| before != epoch)
    }

    /// Handles a new connection. The response's `Date` sets the server's clock until a greeting gives it more
    /// precisely.
    pub(super) fn on_connection(&mut self, now: ClockReading) {
        self.connected_at = Some(now.epoch_millis());
        let date = self
            .stream
            .as_ref()
            .and_then(|stream| stream.handle.server_date());
        if let Some(date) = date.map(connection::epoch_millis) {
            let known =
                self.server_clock.is_some() && (self.server_now(now).server - date).abs() <= DATE_TOLERANCE;
            if !known {
                self.on_server_time(date, now);
            }
        }
    }

    /// When the newest connection was made, by this computer's clock.
    pub(super) fn connected_at(&self) -> Option<EpochMillis> {
        self.connected_at
    }

    /// Handles the server's time.
    pub(super) fn on_server_time(&mut self, time: EpochMillis, now: ClockReading) {
        self.server_clock = Some((time, now.monotonic));
    }

    /// Whether the server's time is known.
    pub(super) fn knows_server_time(&self) -> bool {
        self.server_clock.is_some()
    }

    /// Returns the time by this computer's clock and by the server's, as far as that is known.
    pub(super) fn server_now(&self, now: ClockReading) -> Now {
        let here = now.epoch_millis();
        let server = self.server_clock.map(|(said, at)| {
            let since = now.monotonic.saturating_duration_since(at);
            said + i64::try_from(since.as_millis()).unwrap_or(0)
        });
        Now {
            here,
            server: server.unwrap_or(here),
        }
    }

    /// Sets the id that the stream has reached. Returns the previous one.
    pub(super) fn advance(&mut self, id: Arc<str>) -> Arc<str> {
        std::mem::replace(&mut self.position, id)
    }

    /// Resets the server's clock and the last data, because another account has another server.
    pub(super) fn begin_account(&mut self, heard: Option<EpochMillis>) {
        self.connected_at = None;
        self.server_clock = None;
        self.heard = Heard::new(heard);
    }

    pub(super) fn on_network(&mut self, reachability: Reachability) {
        self.reachability = Some(reachability);
    }

    /// Whether it is known that there is no network.
    pub(super) fn is_offline(&self) -> bool {
        self.reachability == Some(Reachability::Offline)
    }

    /// Sets the proxy that is shown.
    pub(super) fn set_proxy(&mut self, proxy: Option<String>) {
        self.proxy = proxy;
    }

    /// Returns what to report about an outage now, if anything.
    pub(super) fn poll_outage(&mut self, now: Instant) -> Option<OutageNews> {
        self.outage.on_status(&self.status, now.into_std())
    }

    pub(super) fn outage_due(&self) -> Option<Instant> {
        self.outage.deadline().map(Instant::from_std)
    }

    fn heard_by_stream(&self) -> Option<EpochMillis> {
        let heard = self.stream.as_ref()?.handle.last_heard()?;
        Some(connection::epoch_millis(heard))
    }

    /// Returns when the last byte arrived, if that is not stored yet.
    pub(super) fn unstored_heard(&self) -> Option<EpochMillis> {
        self.heard.unstored(self.heard_by_stream())
    }

    /// Whether that time was stored a moment ago.
    pub(super) fn is_heard_recent(&self, now: Instant) -> bool {
        self.heard.is_recent(now)
    }

    /// Handles that it was stored; `None` means that storing failed.
    pub(super) fn on_heard_stored(&mut self, at: Option<EpochMillis>, now: Instant) {
        self.heard.on_stored(at, now);
    }

    /// Returns the view of the connection.
    pub(super) fn view(&self, context: ViewContext<'_>, now: &ClockReading) -> ConnectionView {
        let connected = matches!(self.status, Status::Connected { .. });
        let connection_context = ConnectionContext {
            needs_user: outage::needs_user(
                connected,
                context.storage.is_some(),
                context.needs_setup,
                &self.outage,
            ),
            storage: context.storage,
            long_outage: self.outage.is_long(),
            filling: context.filling,
            history_since: self.connected_at.filter(|_| !context.has_place),
            disconnected: match self.intent {
                Intent::Disconnection(disconnected) => Some(disconnected),
                Intent::Nothing | Intent::Connection => None,
            },
            ..ConnectionContext::new(context.address, self.reachability, self.proxy.clone())
        };
        let heard = self.heard.last(self.heard_by_stream());
        let mut view = connection::view(&self.status, heard, connection_context, now);
        if view.state == ConnectionState::Connecting && view.needs_user && context.known.needs_user {
            // The advice stays until the attempt shows that it is obsolete.
            (view.reason, view.remedy) = (context.known.reason.clone(), context.known.remedy);
        }
        view
    }

    /// Takes over what a new core cannot find out.
    pub(super) fn take_over_from(&mut self, broken: &Self) {
        self.reachability = broken.reachability;
        self.intent = broken.intent;
    }

    /// Lets a test deliver instead of a stream.
    #[cfg(test)]
    pub(super) fn feed(&mut self) -> mpsc::Sender<Delivery> {
        let (sender, deliveries) = mpsc::channel(DELIVERY_CAPACITY);
        if let Some(stream) = &mut self.stream {
            stream.deliveries = deliveries;
        }
        sender
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::ports::SystemClock;

    fn link() -> Link {
        Link::new(None, Meters::new(Arc::new(SystemClock), "0"))
    }

    fn moment(seconds: u64, began: std::time::Instant) -> ClockReading {
        ClockReading {
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            monotonic: began + Duration::from_secs(seconds),
        }
    }

    #[test]
    fn a_connection_begins_once_however_often_it_is_said() {
        let mut link = link();
        let connected = || Status::Connected {
            since: std::time::Instant::now(),
        };
        assert!(!link.on_status(Status::Connecting { attempt: 0 }));
        assert!(link.on_status(connected()));
        assert!(!link.on_status(connected()));
        assert!(
            !link.on_epoch(Epoch::default()),
            "the first events are that connection's"
        );
        assert!(!link.on_epoch(Epoch::default()));
        link.on_status(Status::Connecting { attempt: 1 });
        assert!(link.on_status(connected()));
    }

    #[test]
    fn the_servers_clock_goes_on_by_the_clock_that_never_jumps() {
        let (mut link, began) = (link(), std::time::Instant::now());
        assert_eq!(link.server_now(moment(5, began)).server, 5_000);
        link.on_server_time(900_000, moment(5, began));
        let set_back = ClockReading {
            wall: SystemTime::UNIX_EPOCH,
            ..moment(7, began)
        };
        let now = link.server_now(set_back);
        assert_eq!((now.here, now.server), (0, 902_000));
        link.begin_account(None);
        assert_eq!(link.server_now(moment(8, began)).server, 8_000);
    }

    #[test]
    fn who_disconnected_stays_so_when_the_core_starts_anew() {
        let (mut broken, mut next) = (link(), link());
        broken.set_intent(Intent::Disconnection(Disconnected::ByUser));
        next.take_over_from(&broken);
        assert_eq!(next.intent(), Intent::Disconnection(Disconnected::ByUser));
    }

    #[test]
    fn a_position_is_carried_on_and_taken_back() {
        let mut link = link();
        assert_eq!(&*link.advance("7".into()), "");
        assert_eq!(&*link.advance("".into()), "7");
    }
}
