//! Keeps a core running: one that panics, or loses a thread that it needs, is replaced.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::restarts::Restarts;
use super::{Actor, Ending, Setup};
use crate::connection::epoch_millis;
use crate::handle::{CoreError, CoreHandle, Inlet, Request, inlet, stopped};
use crate::inbox::InboxError;
use crate::item::Priority;
use crate::message;
use crate::metrics::status::{Health, StatusReport};
use crate::ports::{NotificationRequest, PanicReports, Subject};
use crate::protocol::{ConnectionState, NoticeKind, Remedy};

/// Starts a core like [`super::start`], and replaces it whenever it crashes, after a growing wait and without limit.
///
/// Before each start, `make` returns the setup, so that ports whose threads have ended are created anew; their threads
/// report panics through its argument. The handle stays valid: between two cores it answers requests about the core's
/// state, and rejects others with [`CoreError::Restarting`].
///
/// # Errors
///
/// When the first core cannot be started.
pub fn supervise<M>(mut make: M) -> Result<(CoreHandle, JoinHandle<()>), InboxError>
where
    M: FnMut(&PanicReports) -> std::io::Result<Setup> + Send + 'static,
{
    let (handle, inlet) = inlet();
    let (reports, panics) = PanicReports::channel();
    let setup = make(&reports).map_err(InboxError::Folder)?;
    let supervisor = Supervisor {
        rng: fastrand::Rng::with_seed(setup.seed),
        make,
        inlet,
        reports,
        panics,
        restarts: Restarts::default(),
    };
    let actor = Actor::new(setup)?;
    Ok((handle, tokio::spawn(supervisor.run(actor))))
}

struct Supervisor<M> {
    make: M,
    inlet: Inlet,
    reports: PanicReports,
    panics: mpsc::UnboundedReceiver<&'static str>,
    restarts: Restarts,
    rng: fastrand::Rng,
}

/// Why the wait for the next start ended.
enum Pause {
    Over,
    Stopped,
}

impl<M> Supervisor<M>
where
    M: FnMut(&PanicReports) -> std::io::Result<Setup> + Send + 'static,
{
    async fn run(mut self, mut actor: Actor) {
        loop {
            let began = Instant::now();
            let running = AssertUnwindSafe(actor.run(&mut self.inlet)).catch_unwind();
            let what = tokio::select! {
                ended = running => match ended {
                    Ok(Ending::Asked) => return,
                    Ok(Ending::Broken(what)) => what,
                    Err(_panic) => "the core",
                },
                Some(thread) = self.panics.recv() => thread,
            };
            let Some(next) = self.replace(actor, what, began.elapsed()).await else {
                return;
            };
            actor = next;
        }
    }

    /// Waits, and creates the actor that takes over; `None` if the app ends meanwhile.
    async fn replace(&mut self, mut broken: Actor, what: &'static str, mut ran: Duration) -> Option<Actor> {
        // Releases what the old actor opened before the new one needs it.
        broken.drop_stream();
        broken.exports.close();
        broken.store.close();
        loop {
            let restart = self.restarts.on_broken(ran, self.rng.f64());
            tracing::error!(what, wait = ?restart.wait, "Gloria Notify broke inside and starts again");
            let setup = (self.make)(&self.reports);
            let until = Instant::now() + restart.wait;
            broken.show_restart(restart.wait);
            if restart.notify
                && let Ok(setup) = &setup
            {
                notify_broken(setup);
            }
            match self.pause(&mut broken, until).await {
                Pause::Over => {}
                Pause::Stopped => return None,
            }
            // Discards panics of threads that belonged to the old core.
            while self.panics.try_recv().is_ok() {}
            let started =
                setup.map_err(InboxError::Folder).and_then(|setup| {
                    match std::panic::catch_unwind(AssertUnwindSafe(|| Actor::new(setup))) {
                        Ok(actor) => actor,
                        Err(_panic) => Err(InboxError::Closed),
                    }
                });
            match started {
                Ok(mut actor) => {
                    actor.take_over_from(broken);
                    return Some(actor);
                }
                Err(error) => tracing::error!(%error, "it could not start again"),
            }
            ran = Duration::ZERO;
        }
    }

    /// Answers requests while no core runs, until it is time to restart or the user does not want to wait.
    async fn pause(&mut self, broken: &mut Actor, until: Instant) -> Pause {
        loop {
            tokio::select! {
                () = sleep_until(until) => return Pause::Over,
                () = stopped(&mut self.inlet.stop) => return Pause::Stopped,
                request = self.inlet.requests.recv() => match request {
                    None => return Pause::Stopped,
                    Some(Request::Attach(reply)) => {
                        reply.answer(Ok(broken.readers.attach()));
                    }
                    Some(Request::Status(reply)) => {
                        reply.answer(Ok(broken.last_report()));
                    }
                    Some(Request::WindowShows(view, reply)) => {
                        broken.on_window_shows(view);
                        reply.answer(Ok(()));
                    }
                    Some(Request::WindowPresence(window, reply)) => {
                        broken.on_window_presence(window);
                        reply.answer(Ok(()));
                    }
                    Some(Request::ViewShow(view, reply)) => {
                        broken.readers.publish_requested_view(Some(view));
                        reply.answer(Ok(()));
                    }
                    Some(Request::ConnectionRetry(reply)) => {
                        reply.answer(Ok(()));
                        return Pause::Over;
                    }
                    Some(request) => request.refuse(CoreError::Restarting),
                },
            }
        }
    }
}

/// Shows one notification without waiting for it, because its service may have crashed the core.
fn notify_broken(setup: &Setup) {
    let request = NotificationRequest {
        subject: Subject::App,
        priority: Priority::High,
        replaces: None,
        title: message::internal_error().into(),
        body: message::internal_error_restart().into(),
    };
    let shown = std::panic::catch_unwind(AssertUnwindSafe(|| setup.ports.notifications.show(request)));
    if let Ok(shown) = shown {
        tokio::spawn(async move {
            if let Err(error) = shown.await {
                tracing::warn!(%error, "the internal error could not be shown as a notification");
            }
        });
    }
}

impl Actor {
    /// Shows readers that the core is gone and when it will be back.
    fn show_restart(&mut self, wait: Duration) {
        let now = epoch_millis(self.setup.ports.clock.wall());
        let mut view = self.readers.state().connection.clone();
        view.state = ConnectionState::Waiting;
        view.reason = Some(message::cause_restarting());
        view.remedy = Remedy::None;
        // The next actor determines again whether the user has to act.
        view.needs_user = false;
        view.storage = None;
        view.next_attempt_at = Some(now + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 2));
        view.connected_since = None;
        self.readers.publish_connection(view);
        self.readers
            .set_notice(NoticeKind::Internal, Some(message::notice_internal()));
    }

    /// Returns the status report while no actor runs.
    fn last_report(&self) -> StatusReport {
        let metrics = self.meters.view();
        StatusReport {
            version: self.setup.version.clone(),
            since: metrics.since,
            health: Health::Working,
            connection: self.readers.state().connection.clone(),
            counts: self.readers.state().counts,
            metrics,
            notices: self.readers.state().notices.clone(),
            updates: self.releases.report(),
            set_by_policy: self.readers.state().preferences.set_by_policy(),
            kept_here: Vec::new(),
            metrics_listen: None,
        }
    }

    /// Takes over from an actor that crashed: its readers, and what is only in memory.
    fn take_over_from(&mut self, broken: Self) {
        self.tokens.take_over_from(broken.tokens);
        self.link.take_over_from(&broken.link);
        self.proxy_password.take_over_from(broken.proxy_password);
        self.alerts.take_over_from(broken.alerts);
        self.sounds_pause.take_over_from(&broken.sounds_pause);
        // Computed with the current time.
        self.debug_log = broken.debug_log;
        self.readers.take_over_from(broken.readers, Instant::now());
        self.on_sign_in_lost(broken.signing_in);
        self.publish_preferences();
    }
}
