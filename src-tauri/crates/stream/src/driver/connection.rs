//! The loop that carries out the machine's effects.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, sleep_until};

use super::meter::Meter;
use super::route::Route;
use super::transport::{Answer, Heard, Incoming, Request, SentCredential, Transport};
use super::{Command, Delivery, Frames, Step};
use crate::http::CredentialProvider;
use crate::machine::{Dial, Effect, Epoch, Input, Machine, Skipped};
use crate::{DialError, EndCause, HaltReason, Reachability};

/// A stream's state outside the machine: sockets, timers and pending deliveries.
pub(super) struct Connection {
    transport: Box<dyn Transport>,
    credentials: Arc<dyn CredentialProvider>,
    commands: mpsc::UnboundedReceiver<Command>,
    deliveries: mpsc::Sender<Delivery>,
    meter: Arc<Meter>,
    sent_credential: Arc<SentCredential>,
    machine: Machine,
    dialing: Option<Dialing>,
    open: Option<Open>,
    /// Deliveries that did not fit into `deliveries`. While there are any, nothing is read.
    outbox: VecDeque<Delivery>,
    /// Reading has been paused because of the outbox since the last byte.
    behind: bool,
}

/// An attempt in progress. Its future is stored outside the loop, so that a command does not drop it.
struct Dialing {
    epoch: Epoch,
    answer: BoxFuture<'static, Result<Answer, DialError>>,
}

/// An open response.
struct Open {
    epoch: Epoch,
    incoming: Box<dyn Incoming>,
    route: Option<Route>,
}

/// What woke the loop.
enum Happened {
    Command(Command),
    /// The queue of deliveries has capacity again.
    Room,
    Answered(Epoch, Result<Answer, DialError>),
    /// The result of a read, `None` at the stream's end, and when that read began.
    Read(Epoch, Instant, Option<Heard>),
    /// The machine's deadline passed.
    Due,
}

impl Connection {
    pub(super) fn new(
        transport: Box<dyn Transport>,
        machine: Machine,
        credentials: Arc<dyn CredentialProvider>,
        commands: mpsc::UnboundedReceiver<Command>,
        deliveries: mpsc::Sender<Delivery>,
        meter: Arc<Meter>,
    ) -> Self {
        Self {
            transport,
            machine,
            credentials,
            sent_credential: Arc::default(),
            commands,
            deliveries,
            meter,
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
            // While nothing is read, silence does not mean that the server sends nothing.
            let reading = self.outbox.is_empty();
            let deadline = self
                .machine
                .deadline()
                .filter(|_| reading || self.open.is_none())
                .map(Instant::from_std);
            if let Some(deadline) = deadline
                && (timer.is_elapsed() || deadline < timer.deadline())
            {
                // Each byte postpones the deadline, so a timer that fires early is reset only then, not at every byte.
                timer.as_mut().reset(deadline);
            }
            let happened = tokio::select! {
                biased;
                command = self.commands.recv() => command.map(Happened::Command),
                room = self.deliveries.reserve(), if !reading => room.ok().map(|_| Happened::Room),
                () = self.deliveries.closed(), if reading => None,
                (epoch, answer) = answer(&mut self.dialing), if self.dialing.is_some() => {
                    Some(Happened::Answered(epoch, answer))
                }
                (epoch, began, heard) = read(&mut self.open), if reading && self.open.is_some() => {
                    Some(Happened::Read(epoch, began, heard))
                }
                () = timer.as_mut(), if deadline.is_some() => Some(Happened::Due),
            };
            match happened {
                Some(Happened::Command(command)) => self.command(command),
                Some(Happened::Room) => self.flush(),
                Some(Happened::Answered(epoch, answer)) => self.answered(epoch, answer),
                Some(Happened::Read(epoch, began, heard)) => self.received(epoch, began, heard),
                Some(Happened::Due) => self.input(Input::Tick),
                // The handle or the receiver was dropped.
                None => return,
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Start { cursor } => self.input(Input::Start { cursor }),
            Command::Stop => self.input(Input::Stop),
            Command::RetryNow => self.input(Input::RetryNow),
            Command::Woke(slept) => self.input(Input::Woke(slept)),
            Command::Attention(attention) => self.input(Input::Attention(attention)),
            Command::StreamReport(epoch, head) => self.input(Input::StreamReport(epoch, head)),
            Command::CredentialsChanged => self.input(Input::Credentials),
            Command::Position(id) => self.input(Input::Position(id.into())),
            Command::Heartbeat(every) => {
                self.input(Input::Heartbeat(every));
                self.publish_heartbeat();
            }
            Command::Network(reachability) => self.network(reachability),
        }
    }

    fn network(&mut self, reachability: Reachability) {
        if reachability == Reachability::Online {
            self.transport.network_changed();
        }
        self.input(Input::Network(reachability));
        let broken = |route: Route| match reachability {
            // An unplugged interface keeps its address for a moment, and connections from that address may survive.
            Reachability::Offline => !route.has_address(),
            Reachability::Online => !route.holds(),
        };
        if let Some(open) = self.open.take_if(|open| open.route.is_some_and(broken)) {
            self.input(Input::Ended(open.epoch, EndCause::NetworkChanged));
        }
    }

    fn answered(&mut self, epoch: Epoch, answer: Result<Answer, DialError>) {
        self.dialing = None;
        self.input(Input::SentCredential(epoch, self.sent_credential.number()));
        let Answer {
            head,
            date,
            peer,
            incoming,
        } = match answer {
            Ok(answer) => answer,
            Err(error) => return self.input(Input::Refused(epoch, error)),
        };
        self.meter.answered(date);
        self.open = Some(Open {
            epoch,
            incoming,
            route: peer.and_then(Route::to),
        });
        self.publish_heartbeat();
        // If it is not a stream, the machine hangs up.
        self.input(Input::Opened(epoch, head));
    }

    fn publish_heartbeat(&mut self) {
        if let Some(open) = &mut self.open {
            open.incoming.set_heartbeat(self.machine.heartbeat());
        }
    }

    fn received(&mut self, epoch: Epoch, began: Instant, heard: Option<Heard>) {
        let Some(heard) = heard else {
            return self.end(epoch, EndCause::Closed);
        };
        let Heard {
            bytes,
            chunks,
            ignored,
            end,
        } = heard;
        if bytes > 0 {
            self.meter.heard(bytes, SystemTime::now());
        }
        self.meter.ignored(ignored);
        for chunk in chunks {
            self.meter.dispatched(chunk.frames.len());
            self.input_at(began, Input::Heard(epoch, chunk));
        }
        if let Some(end) = end {
            self.end(epoch, end);
        }
    }

    fn end(&mut self, epoch: Epoch, end: EndCause) {
        self.open = None;
        self.input(Input::Ended(epoch, end));
    }

    fn input(&mut self, input: Input) {
        self.input_at(Instant::now(), input);
    }

    fn input_at(&mut self, now: Instant, input: Input) {
        let refused = matches!(&input, Input::Opened(_, head) if head.status == 401)
            || matches!(&input, Input::StreamReport(_, head) if head.status == 401)
            || matches!(
                &input,
                Input::Ended(_, EndCause::Rejected(HaltReason::Unauthorized))
            );
        if refused {
            self.meter.publish_step(Step::TokenRefused);
            self.credentials.invalidate(self.sent_credential.generation());
        }
        for effect in self.machine.handle(now.into_std(), input) {
            match effect {
                Effect::Dial(dial) => {
                    self.meter.publish_step(Step::Dialed);
                    self.dial(dial);
                }
                Effect::Hangup(epoch) => {
                    self.dialing.take_if(|dialing| dialing.epoch == epoch);
                    self.open.take_if(|open| open.epoch == epoch);
                }
                Effect::Deliver(epoch, frames) => self.outbox.push_back(Delivery::Frames(Frames {
                    received: now.into_std(),
                    epoch,
                    frames,
                })),
                Effect::DropCursor(id) => {
                    tracing::warn!(
                        id = &*id,
                        "the server refused the position; the stream goes on without it"
                    );
                    self.outbox.push_back(Delivery::PositionLost { id });
                }
                Effect::Report(Skipped { id, bytes }) => {
                    tracing::warn!(id = &*id, bytes, "an event over the limits was skipped");
                    self.outbox.push_back(Delivery::Skipped { id, bytes });
                }
                Effect::Publish(status) => {
                    tracing::debug!(?status, "the stream's status changed");
                    self.meter.publish_step(Step::Changed(&status));
                    // A slow reader needs only the newest status. Replacing the older one keeps the outbox bounded.
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

    fn dial(&mut self, dial: Dial) {
        self.dialing = Some(Dialing {
            epoch: dial.epoch,
            answer: self.transport.dial(Request {
                dial,
                credentials: Arc::clone(&self.credentials),
                sent_credential: Arc::clone(&self.sent_credential),
            }),
        });
    }

    /// Delivers as much as the channel has capacity for.
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
                // The loop detects it and ends.
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

/// Returns the result of the attempt in progress; pending forever if there is none.
async fn answer(dialing: &mut Option<Dialing>) -> (Epoch, Result<Answer, DialError>) {
    match dialing {
        Some(dialing) => (dialing.epoch, (&mut dialing.answer).await),
        None => std::future::pending().await,
    }
}

/// Returns the next read of the open stream, `None` at its end; pending forever if there is none.
async fn read(open: &mut Option<Open>) -> (Epoch, Instant, Option<Heard>) {
    match open {
        Some(open) => {
            let (began, heard) = poll_fn(|context| {
                let began = Instant::now();
                open.incoming.poll_heard(context).map(|heard| (began, heard))
            })
            .await;
            (open.epoch, began, heard)
        }
        None => std::future::pending().await,
    }
}
