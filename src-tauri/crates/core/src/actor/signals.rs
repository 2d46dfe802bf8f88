//! Events of the computer, and their effect on the stream.

use gloria_sign_in::Moment;
use gloria_stream::Command;
use tokio::time::Instant;

use super::Actor;
use crate::connection::ClockReading;
use crate::handle::Signal;
use crate::message;
use crate::ports::Observation;
use crate::protocol::NoticeKind;

impl Actor {
    pub(super) fn handle_signal(&mut self, signal: Signal) {
        match signal {
            Signal::Network(reachability) => self.send_command(Command::Network(reachability)),
            Signal::Woke => self.on_observation(Some(Observation::Woke)),
            Signal::TrayHost { present } => {
                self.readers
                    .set_notice(NoticeKind::Tray, (!present).then(message::notice_tray));
            }
            Signal::FolderLock { locked } => {
                self.readers
                    .set_notice(NoticeKind::Lock, (!locked).then(message::notice_lock));
            }
            Signal::WindowFailed(problem) => self.readers.set_notice(NoticeKind::Window, Some(problem)),
        }
    }

    /// Processes an observation of the computer; `None` means that there will be no more.
    pub(super) fn on_observation(&mut self, observation: Option<Observation>) {
        let Some(observation) = observation else {
            tracing::info!(
                "the computer's sleep and network are not watched; the clocks and the heartbeats are"
            );
            self.observations = None;
            return;
        };
        match &observation {
            Observation::Session(session) => self.on_session(*session),
            Observation::AboutToSleep => {
                self.tokens.rest().on_sleep_announced(self.moment());
                self.outgoing.release();
            }
            Observation::Woke | Observation::Network(_) => {}
        }
        let command = self
            .conditions
            .observe(Instant::now().into_std(), self.now(), &observation);
        if let Some(command) = command {
            self.send_command(command);
        }
    }

    fn moment(&self) -> Moment {
        let ClockReading { wall, monotonic } = self.now();
        Moment { monotonic, wall }
    }

    /// Sends the stream a command for an event of the computer.
    pub(super) fn send_command(&mut self, command: Command) {
        tracing::info!(?command, "the computer woke, or its network changed");
        if matches!(command, Command::Woke(_)) {
            self.tokens.rest().on_woke(self.moment());
        }
        self.link.send(command.clone());
        if let Command::Network(reachability) = command {
            if let Some(session) = self.tokens.session() {
                session.on_network_changed();
            }
            self.link.on_network(reachability);
            self.find_proxy();
            self.publish_connection();
        }
    }
}
