//! The owner of the stream: commits events, crashes, and reacts to halts that only a person can resolve.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_stream::{
    Cause, Command, Credential, CredentialError, CredentialProvider, Delivery, EndCause, Frame, HaltReason,
    Status, StreamHandle, Timing,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use crate::server::Server;
use crate::transport::FakeTransport;

/// How many deliveries wait to be committed; beyond that, the driver stops reading.
const QUEUE: usize = 4;

struct Anonymous;

impl CredentialProvider for Anonymous {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        async { Ok(Credential::ANONYMOUS) }.boxed()
    }
}

pub(crate) struct App {
    server: Arc<Server>,
    rng: fastrand::Rng,
    stream: Option<StreamHandle>,
    deliveries: mpsc::Receiver<Delivery>,
    /// The last event that took effect.
    committed: u64,
    /// When the user reacts to a halt, and how.
    repair: Option<(Instant, Command)>,
}

impl App {
    pub(crate) fn start(server: Arc<Server>, seed: u64) -> Self {
        let (_, deliveries) = mpsc::channel(QUEUE);
        let mut app = Self {
            server,
            rng: fastrand::Rng::with_seed(!seed),
            stream: None,
            deliveries,
            committed: 0,
            repair: None,
        };
        app.begin();
        app
    }

    pub(crate) fn committed(&self) -> u64 {
        self.committed
    }

    fn begin(&mut self) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        self.deliveries = receiver;
        self.server.resumes_from(self.committed);
        let stream = StreamHandle::spawn_over(
            Box::new(FakeTransport(Arc::clone(&self.server))),
            Timing::default(),
            self.rng.u64(..),
            Arc::new(Anonymous),
            sender,
        );
        stream.send(Command::Start {
            cursor: (self.committed > 0).then(|| self.committed.to_string()),
        });
        self.stream = Some(stream);
    }

    /// Processes deliveries for this long.
    pub(crate) async fn live_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        if self.server.crash() {
            // Events that were read but not committed are lost, and have to be sent again.
            self.stop().await;
            self.begin();
        }
        while let Some(command) = self.server.command() {
            self.send(command);
        }
        if let Some((_, command)) = self.repair.take_if(|(at, _)| *at <= until) {
            self.send(command);
        }
        // A busy disk: deliveries wait, and the server is not read.
        if self.rng.u32(0..200) == 0 {
            sleep(Duration::from_secs(self.rng.u64(1..200))).await;
        }
        while let Ok(delivery) = timeout_at(until, self.deliveries.recv()).await {
            match delivery.unwrap() {
                Delivery::Frames(frames) => frames.iter().for_each(|frame| self.take(frame)),
                Delivery::Status(status) => self.look(&status),
                Delivery::Skipped { id, .. } => panic!("{id} was skipped"),
                Delivery::PositionLost { id } => assert!(!id.is_empty()),
            }
        }
    }

    /// Ends the stream, and discards its deliveries.
    pub(crate) async fn stop(&mut self) {
        self.stream = None;
        while self.deliveries.recv().await.is_some() {}
    }

    fn send(&self, command: Command) {
        self.stream.as_ref().unwrap().send(command);
    }

    fn take(&mut self, frame: &Frame) {
        if &*frame.event != "notification.created" {
            assert!(
                &*frame.event == "connection_established",
                "{} is no event of the server",
                frame.event
            );
            return;
        }
        let (head, filler) = frame.data.split_once('\n').unwrap();
        let (id, again) = match head.strip_suffix(" again") {
            Some(id) => (id, true),
            None => (head, false),
        };
        assert_eq!(id, &*frame.id);
        let id: u64 = id.parse().unwrap();
        assert_eq!(filler.len() as u64, id % 700, "event {id} is not whole");
        if id == self.committed + 1 {
            self.committed = id;
        } else {
            assert!(
                again && id <= self.committed,
                "event {id} came after {}, and the server did not send it twice",
                self.committed
            );
        }
    }

    fn look(&mut self, status: &Status) {
        match status {
            Status::Halted { reason, .. } => {
                self.server.halted();
                let command = match reason {
                    HaltReason::Unauthorized
                    | HaltReason::Expired
                    | HaltReason::Forbidden
                    | HaltReason::NoCredential => Command::CredentialsChanged,
                    HaltReason::StoppedByServer => Command::RetryNow,
                };
                self.repair = Some((
                    Instant::now() + Duration::from_secs(self.rng.u64(1..600)),
                    command,
                ));
            }
            Status::Waiting {
                cause: Cause::Ended(EndCause::Silent(_) | EndCause::Buffered(_)),
                ..
            } => self.server.was_silent(),
            Status::Waiting { .. }
            | Status::Idle(_)
            | Status::Connecting { .. }
            | Status::Connected { .. }
            | Status::CircuitOpen { .. } => {}
        }
    }
}
