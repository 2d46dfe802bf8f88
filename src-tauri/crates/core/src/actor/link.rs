//! The way to the server: the stream with what is known of it, and how it looks from outside.

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
use crate::protocol::{ConnectionState, ConnectionView};

/// Deliveries that may wait for the inbox. When it is slow the stream stops reading, and the server's socket fills.
const DELIVERY_CAPACITY: usize = 32;

/// What two answers' `Date`s, in whole seconds, and the ways they took may differ by though the server's clock runs
/// well. Within it the clock that is known goes on: set back by less than a second, it would shuffle what has no time
/// of its own.
const DATE_TOLERANCE: EpochMillis = 1_500;

/// The stream and what is known of the server it leads to.
#[derive(Debug)]
pub(super) struct Link {
    stream: Option<Stream>,
    wish: Wish,
    status: Status,
    /// The id that the stream has reached, which an event without an id of its own carries on.
    position: Arc<str>,
    /// The connection that the last events came over, since the stream was last known to connect.
    epoch: Option<Epoch>,
    /// When the newest connection was made.
    connected_at: Option<EpochMillis>,
    /// What the server said that the time is, and when. Each connection says it anew, so a sleep between them is no
    /// matter.
    server_clock: Option<(EpochMillis, std::time::Instant)>,
    heard: Heard,
    /// The reachability that was last passed to the stream.
    reachability: Option<Reachability>,
    /// Host and port of the proxy that the stream is dialled through.
    proxy: Option<String>,
    outage: Outage,
    meters: Meters,
}

#[derive(Debug)]
struct Stream {
    handle: StreamHandle,
    deliveries: mpsc::Receiver<Delivery>,
}

/// What the user wants of the connection, also while something keeps it from being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// It has not been asked for, or the user signed out: what mends itself opens none, a new token does.
    Nothing,
    /// One is wanted.
    Connection,
    /// None is wanted until somebody asks for one: nothing else opens it.
    Disconnection(Disconnected),
}

/// What of the state beside it is part of how the connection looks.
pub(super) struct Beside<'a> {
    pub(super) address: Option<&'a Address>,
    /// What is published now.
    pub(super) known: &'a ConnectionView,
    pub(super) needs_setup: bool,
    /// Why what comes cannot be kept, where the user has to mend that.
    pub(super) storage: Option<Message>,
    /// The server gave a position to resume after.
    pub(super) has_place: bool,
}

impl Link {
    /// A link that is not asked to connect. `heard` is when the server was last heard in an earlier run.
    pub(super) fn new(heard: Option<EpochMillis>, meters: Meters) -> Self {
        Self {
            stream: None,
            wish: Wish::Nothing,
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

    /// Connects, resuming after the cursor. A stream that is open is hung up.
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

    /// Hangs up, and forgets what was read and not taken.
    pub(super) fn close(&mut self) {
        self.heard.keep(self.heard_by_stream());
        self.stream = None;
        self.epoch = None;
        self.meters.stopped();
    }

    /// What the user wants from now on.
    pub(super) fn want(&mut self, wish: Wish) {
        self.wish = wish;
    }

    pub(super) fn wish(&self) -> Wish {
        self.wish
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wish == Wish::Connection
    }

    pub(super) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Tells the stream, if there is one.
    pub(super) fn send(&self, command: Command) {
        if let Some(stream) = &self.stream {
            stream.handle.send(command);
        }
    }

    /// Answers to what came over the present connection.
    pub(super) fn send_said(&self, command: impl FnOnce(Epoch) -> Command) {
        if let Some(epoch) = self.epoch {
            self.send(command(epoch));
        }
    }

    /// What the stream brings next; `None` when it broke. Without a stream nothing comes.
    pub(super) async fn next_delivery(&mut self) -> Option<Delivery> {
        match &mut self.stream {
            Some(stream) => stream.deliveries.recv().await,
            None => std::future::pending().await,
        }
    }

    /// What the stream has brought already.
    pub(super) fn ready_delivery(&mut self) -> Option<Delivery> {
        self.stream.as_mut()?.deliveries.try_recv().ok()
    }

    pub(super) fn status(&self) -> &Status {
        &self.status
    }

    /// Takes the stream's word. Whether what comes from now on comes over another connection.
    pub(super) fn on_status(&mut self, status: Status) -> bool {
        let is_connected = |status: &Status| matches!(status, Status::Connected { .. });
        let begins = is_connected(&status) && !is_connected(&self.status);
        if begins {
            self.epoch = None;
        }
        self.status = status;
        begins
    }

    /// Events came over this connection. Whether it is another one than before: the statuses between the two may have
    /// been merged.
    pub(super) fn on_epoch(&mut self, epoch: Epoch) -> bool {
        self.epoch.replace(epoch).is_some_and(|before| before != epoch)
    }

    /// Another connection was made. The date of the answer is the server's clock; a greeting says it more exactly,
    /// where there is one that does.
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

    /// The server said what time it is.
    pub(super) fn on_server_time(&mut self, time: EpochMillis, now: ClockReading) {
        self.server_clock = Some((time, now.monotonic));
    }

    /// Whether the server has said what time it is.
    pub(super) fn knows_server_time(&self) -> bool {
        self.server_clock.is_some()
    }

    /// The time by this computer's clock and by the server's, as far as that is known.
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

    /// Moves to the position that the stream has reached with an event; answers with the one before.
    pub(super) fn advance(&mut self, id: Arc<str>) -> Arc<str> {
        std::mem::replace(&mut self.position, id)
    }

    /// Another account's server is another one, with another clock.
    pub(super) fn begin_account(&mut self, heard: Option<EpochMillis>) {
        self.connected_at = None;
        self.server_clock = None;
        self.heard = Heard::new(heard);
    }

    pub(super) fn on_network(&mut self, reachability: Reachability) {
        self.reachability = Some(reachability);
    }

    /// The proxy that the stream will be dialled through, for those who look.
    pub(super) fn set_proxy(&mut self, proxy: Option<String>) {
        self.proxy = proxy;
    }

    /// What the user has to hear about an outage now, if anything.
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

    /// When the last byte came from the server, if that is to be stored.
    pub(super) fn unstored_heard(&self) -> Option<EpochMillis> {
        self.heard.unstored(self.heard_by_stream())
    }

    /// Whether that was stored a moment ago.
    pub(super) fn is_heard_recent(&self, now: Instant) -> bool {
        self.heard.is_recent(now)
    }

    /// It was stored, or with `None` refused.
    pub(super) fn on_heard_stored(&mut self, at: Option<EpochMillis>, now: Instant) {
        self.heard.on_stored(at, now);
    }

    /// How the connection looks from outside.
    pub(super) fn view(&self, beside: Beside<'_>, now: &ClockReading) -> ConnectionView {
        let connected = matches!(self.status, Status::Connected { .. });
        let context = ConnectionContext {
            needs_user: outage::needs_user(
                connected,
                beside.storage.is_some(),
                beside.needs_setup,
                &self.outage,
            ),
            storage: beside.storage,
            long_outage: self.outage.is_long(),
            history_since: self.connected_at.filter(|_| !beside.has_place),
            disconnected: match self.wish {
                Wish::Disconnection(disconnected) => Some(disconnected),
                Wish::Nothing | Wish::Connection => None,
            },
            ..ConnectionContext::new(beside.address, self.reachability, self.proxy.clone())
        };
        let heard = self.heard.last(self.heard_by_stream());
        let mut view = connection::view(&self.status, heard, context, now);
        if view.state == ConnectionState::Connecting && view.needs_user && beside.known.needs_user {
            // The way out is shown until the attempt has shown that it is not needed.
            (view.reason, view.remedy) = (beside.known.reason.clone(), beside.known.remedy);
        }
        view
    }

    /// Takes over what no new core can know.
    pub(super) fn succeed(&mut self, broken: &Self) {
        self.reachability = broken.reachability;
        self.wish = broken.wish;
    }

    /// Has the test bring what the stream would.
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
        Link::new(None, Meters::new(Arc::new(SystemClock)))
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
        broken.want(Wish::Disconnection(Disconnected::ByUser));
        next.succeed(&broken);
        assert_eq!(next.wish(), Wish::Disconnection(Disconnected::ByUser));
    }

    #[test]
    fn a_position_is_carried_on_and_taken_back() {
        let mut link = link();
        assert_eq!(&*link.advance("7".into()), "");
        assert_eq!(&*link.advance("".into()), "7");
    }
}
