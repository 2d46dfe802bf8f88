//! The loop that carries the machine's effects out.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt as _};
use reqwest::Response;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, sleep_until};

use super::dial::{SharedClient, dial};
use super::meter::Meter;
use super::route::Route;
use super::{Command, CredentialProvider, Delivery, StreamOptions, fault};
use crate::machine::{Chunk, Dial, Effect, Epoch, Head, Input, Machine, Skipped};
use crate::{DialError, EndCause, Item, Parser, Reachability};

/// A stream's state on this side of the machine: sockets, timers and what waits to be delivered.
pub(super) struct Connection {
    options: Arc<StreamOptions>,
    credentials: Arc<dyn CredentialProvider>,
    commands: mpsc::UnboundedReceiver<Command>,
    deliveries: mpsc::Sender<Delivery>,
    meter: Arc<Meter>,
    machine: Machine,
    client: SharedClient,
    dialing: Option<Dialing>,
    open: Option<Open>,
    /// What did not fit into `deliveries`. While it holds anything, nothing is read.
    outbox: VecDeque<Delivery>,
    /// Reading stopped for the outbox since the last byte.
    behind: bool,
}

/// An attempt under way. Its future lives here, outside the loop, so that a command does not drop it.
struct Dialing {
    dial: Dial,
    answer: BoxFuture<'static, Result<Response, DialError>>,
}

/// An answer whose body is read.
struct Open {
    epoch: Epoch,
    body: BoxStream<'static, reqwest::Result<Bytes>>,
    parser: Parser,
    route: Option<Route>,
}

/// What woke the loop.
enum Happened {
    Command(Command),
    /// There is room among the deliveries.
    Room,
    Answered(Dial, Result<Response, DialError>),
    /// Bytes came, or the body's end as `None`.
    Read(Epoch, Option<reqwest::Result<Bytes>>),
    /// The machine's deadline passed.
    Due,
}

impl Connection {
    pub(super) fn new(
        options: StreamOptions,
        credentials: Arc<dyn CredentialProvider>,
        commands: mpsc::UnboundedReceiver<Command>,
        deliveries: mpsc::Sender<Delivery>,
        meter: Arc<Meter>,
    ) -> Self {
        Self {
            machine: Machine::new(options.timing, options.seed),
            options: Arc::new(options),
            credentials,
            commands,
            deliveries,
            meter,
            client: SharedClient::default(),
            dialing: None,
            open: None,
            outbox: VecDeque::new(),
            behind: false,
        }
    }

    /// Runs until the handle or the receiver of the deliveries is dropped.
    pub(super) async fn run(mut self) {
        let mut timer = Box::pin(sleep_until(Instant::now()));
        loop {
            // Silence while nothing is read is not the server's.
            let reading = self.outbox.is_empty();
            let deadline = self
                .machine
                .deadline()
                .filter(|_| reading || self.open.is_none())
                .map(Instant::from_std);
            if let Some(deadline) = deadline
                && (timer.is_elapsed() || deadline < timer.deadline())
            {
                // A timer that is early is put off when it fires; each byte moves the deadline.
                timer.as_mut().reset(deadline);
            }
            let happened = tokio::select! {
                biased;
                command = self.commands.recv() => command.map(Happened::Command),
                room = self.deliveries.reserve(), if !reading => room.ok().map(|_| Happened::Room),
                () = self.deliveries.closed(), if reading => None,
                (dial, answer) = answer(&mut self.dialing), if self.dialing.is_some() => {
                    Some(Happened::Answered(dial, answer))
                }
                (epoch, bytes) = read(&mut self.open), if reading && self.open.is_some() => {
                    Some(Happened::Read(epoch, bytes))
                }
                () = timer.as_mut(), if deadline.is_some() => Some(Happened::Due),
            };
            match happened {
                Some(Happened::Command(command)) => self.command(command),
                Some(Happened::Room) => self.flush(),
                Some(Happened::Answered(dial, answer)) => self.answered(dial, answer),
                Some(Happened::Read(epoch, bytes)) => self.received(epoch, bytes),
                Some(Happened::Due) => self.input(Input::Tick),
                // Nobody steers or nobody listens any more.
                None => return,
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Start { cursor } => self.input(Input::Start { cursor }),
            Command::Stop => self.input(Input::Stop),
            Command::RetryNow => self.input(Input::RetryNow),
            Command::Woke => self.input(Input::Woke),
            Command::CredentialsChanged => self.input(Input::Credentials),
            Command::Heartbeat(every) => self.input(Input::Heartbeat(every)),
            Command::Network(reachability) => self.network(reachability),
        }
    }

    fn network(&mut self, reachability: Reachability) {
        if reachability == Reachability::Online {
            // Proxies, name servers and roots may be others now.
            self.client = SharedClient::default();
        }
        self.input(Input::Network(reachability));
        match reachability {
            Reachability::Offline => {}
            Reachability::Online => {
                if let Some(open) = self
                    .open
                    .take_if(|open| open.route.is_some_and(|route| !route.holds()))
                {
                    self.input(Input::Ended(open.epoch, EndCause::NetworkChanged));
                }
            }
        }
    }

    fn answered(&mut self, dial: Dial, answer: Result<Response, DialError>) {
        self.dialing = None;
        let response = match answer {
            Ok(response) => response,
            Err(error) => return self.input(Input::Refused(dial.epoch, error)),
        };
        let head = Head::new(response.status(), response.headers());
        let mut parser = Parser::new(self.options.limits, dial.cursor);
        if dial.skip_oversized {
            parser = parser.skip_oversized();
        }
        self.open = Some(Open {
            epoch: dial.epoch,
            route: response.remote_addr().and_then(Route::to),
            body: response.bytes_stream().boxed(),
            parser,
        });
        // If it is no stream after all, the machine hangs up.
        self.input(Input::Opened(dial.epoch, head));
    }

    fn received(&mut self, epoch: Epoch, bytes: Option<reqwest::Result<Bytes>>) {
        match bytes {
            Some(Ok(bytes)) => self.parse(epoch, &bytes),
            Some(Err(error)) => self.end(epoch, fault::end_cause(&error)),
            None => self.end(epoch, EndCause::Closed),
        }
    }

    fn parse(&mut self, epoch: Epoch, bytes: &[u8]) {
        let Some(open) = &mut self.open else { return };
        self.meter.heard(bytes.len(), SystemTime::now());
        let mut chunks = Vec::new();
        let mut chunk = Chunk::default();
        let result = open.parser.feed(bytes, |item| match item {
            Item::Frame(frame) => chunk.frames.push(frame),
            Item::Retry(time) => chunk.retry = Some(time),
            Item::Skipped { id, bytes } => {
                chunk.last_id = Arc::clone(&id);
                chunk.skipped = Some(Skipped { id, bytes });
                chunks.push(mem::take(&mut chunk));
            }
        });
        chunk.last_id = Arc::clone(open.parser.last_event_id());
        chunks.push(chunk);
        for chunk in chunks {
            self.meter.dispatched(chunk.frames.len());
            self.input(Input::Heard(epoch, chunk));
        }
        if let Err(overflow) = result {
            self.end(epoch, EndCause::Overflow(overflow));
        }
    }

    fn end(&mut self, epoch: Epoch, end: EndCause) {
        self.open = None;
        self.input(Input::Ended(epoch, end));
    }

    fn input(&mut self, input: Input) {
        for effect in self.machine.handle(Instant::now().into_std(), input) {
            match effect {
                Effect::Dial(dial) => self.dial(dial),
                Effect::Hangup(epoch) => {
                    self.dialing.take_if(|dialing| dialing.dial.epoch == epoch);
                    self.open.take_if(|open| open.epoch == epoch);
                }
                Effect::Deliver(frames) => self.outbox.push_back(Delivery::Frames(frames)),
                Effect::Report(Skipped { id, bytes }) => {
                    tracing::warn!(id = &*id, bytes, "an event over the limits was skipped");
                    self.outbox.push_back(Delivery::Skipped { id, bytes });
                }
                Effect::Publish(status) => {
                    tracing::debug!(?status, "the stream's status changed");
                    // A reader that is behind wants the newest status, not each one: so the outbox stays bounded.
                    if let Some(Delivery::Status(last)) = self.outbox.back_mut() {
                        *last = status;
                    } else {
                        self.outbox.push_back(Delivery::Status(status));
                    }
                }
            }
        }
        self.flush();
    }

    fn dial(&mut self, dial_now: Dial) {
        let answer = dial(
            Arc::clone(&self.options),
            Arc::clone(&self.client),
            Arc::clone(&self.credentials),
            dial_now.clone(),
        );
        self.dialing = Some(Dialing {
            dial: dial_now,
            answer: Box::pin(answer),
        });
    }

    /// Hands out what fits.
    fn flush(&mut self) {
        while !self.outbox.is_empty() {
            match self.deliveries.try_reserve() {
                Ok(permit) => {
                    if let Some(delivery) = self.outbox.pop_front() {
                        permit.send(delivery);
                    }
                }
                Err(TrySendError::Full(())) => {
                    self.behind = true;
                    return;
                }
                // The loop sees it and ends.
                Err(TrySendError::Closed(())) => return,
            }
        }
        if mem::take(&mut self.behind)
            && let Some(open) = &self.open
        {
            self.input(Input::ReadingResumed(open.epoch));
        }
    }
}

/// The answer to the attempt under way; pending for ever if there is none.
async fn answer(dialing: &mut Option<Dialing>) -> (Dial, Result<Response, DialError>) {
    match dialing {
        Some(dialing) => {
            let answer = (&mut dialing.answer).await;
            (dialing.dial.clone(), answer)
        }
        None => std::future::pending().await,
    }
}

/// The next bytes of the open stream, `None` at its end; pending for ever if there is none.
async fn read(open: &mut Option<Open>) -> (Epoch, Option<reqwest::Result<Bytes>>) {
    match open {
        Some(open) => (open.epoch, open.body.next().await),
        None => std::future::pending().await,
    }
}
