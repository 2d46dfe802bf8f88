//! Alerting: when to query the inbox for due alerts, how to request them from the notification service, and how to
//! process its answers. Only the inbox's rows store what is pending, and why.

mod answers;
mod early;
mod gate;
mod retry;
mod service;
mod trial;
mod withdrawals;

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::{Actor, Report};
use crate::alerts::replay::Replay;
use crate::alerts::throttle::Throttle;
use crate::alerts::{self, DigestKind};
use crate::inbox::{Due, DueQuery, InboxError, ShowRequest, Target};
use crate::item::{ItemKind, Priority, Reason, SoundName, SoundReason};
use crate::message::{Message, Phrase};
use crate::ports::{
    Answer, NotificationError, NotificationHandle, NotificationRequest, ServiceState, Subject,
};
use crate::text::paragraphs;
use early::Early;
use retry::Retry;
use withdrawals::Withdrawals;

/// A silence of this length ends a replay: longer than the pauses of a server that reads its history from a disk.
const REPLAY_SILENCE: Duration = Duration::from_millis(1500);

/// The user is notified within this time, however long a replay lasts.
const MAX_REPLAY: Duration = Duration::from_secs(30);

/// How long an urgent missed alert waits for an event that its item was read or deleted. Events that a server sends
/// together arrive within this time, and the delay is not noticeable.
const URGENT_WAIT: Duration = Duration::from_millis(200);

/// A silence of this length ends a burst: longer than the pause between two events with one cause.
const BURST_SILENCE: Duration = Duration::from_secs(2);

/// The interval of digests during a continuous flood.
const MAX_BURST: Duration = Duration::from_secs(15);

/// The maximum length of a body in a notification: four or five lines, as much as services show.
const MAX_BODY_CHARS: usize = 200;

/// How long to wait after an error before the inbox is queried for due alerts again.
const DUE_RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// How long the app waits for answers when it ends. An alert without an answer stays pending, and the next start
/// requests it again.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(120);

/// How many notifications about the app itself are stored; there are never more on screen.
const OWN_CAPACITY: usize = 16;

/// The time during which a collection grows.
#[derive(Debug, Clone, Copy)]
struct DigestWindow {
    quiet_at: Instant,
    latest: Instant,
}

impl DigestWindow {
    fn ends(self) -> Instant {
        self.quiet_at.min(self.latest)
    }
}

/// A notification that was requested from the service.
#[derive(Debug)]
pub(super) struct Asked {
    /// `None` for a notification about the app itself.
    target: Option<Target>,
    /// The account's number, because another account may be current when the answer arrives.
    account: u64,
    /// The notification that it replaces. If the service closes that one before it answers, the new one stays open.
    replaces: Option<NotificationHandle>,
}

/// The state of alerting that is not in the inbox's rows: the replay of the current connection, growing collections,
/// and the service.
#[derive(Debug)]
pub(super) struct Alerts {
    replay: Option<Replay>,
    windows: [(DigestKind, Option<DigestWindow>); 3],
    throttle: Throttle,
    service: ServiceState,
    /// The service failed or was absent at the last request.
    is_failing: bool,
    /// When failed requests are repeated.
    retry: Retry,
    /// The number of requests without an answer.
    unanswered: usize,
    /// Events about notifications whose answers have not arrived.
    early: Early,
    /// Notifications that are being withdrawn.
    withdrawals: Withdrawals,
    /// The alerts that are requested, by row number.
    in_flight: Vec<i64>,
    /// The alerts that were requested when a core crashed.
    suspects: Vec<i64>,
    /// Notifications about the app itself that may be on screen, newest last.
    own: VecDeque<NotificationHandle>,
    last_sound: Option<Instant>,
    /// When the inbox is queried again even if nothing happened.
    retry_at: Option<Instant>,
    /// Counts the accounts that were current.
    account: u64,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            replay: None,
            windows: [
                (DigestKind::Urgent, None),
                (DigestKind::Missed, None),
                (DigestKind::Burst, None),
            ],
            throttle: Throttle::for_notifications(),
            service: ServiceState::default(),
            is_failing: false,
            retry: Retry::default(),
            unanswered: 0,
            early: Early::default(),
            withdrawals: Withdrawals::default(),
            in_flight: Vec::new(),
            suspects: Vec::new(),
            own: VecDeque::new(),
            last_sound: None,
            retry_at: None,
            account: 0,
        }
    }
}

impl Alerts {
    /// Returns the collections that are still growing.
    fn open_digests(&self) -> Vec<DigestKind> {
        let open = self.windows.iter().filter(|(_, window)| window.is_some());
        open.map(|(collection, _)| *collection).collect()
    }

    /// Extends a collection that got another member.
    fn extend(&mut self, collection: DigestKind, now: Instant) {
        let (silence, longest) = match collection {
            DigestKind::Missed => (REPLAY_SILENCE, MAX_REPLAY),
            DigestKind::Urgent => (URGENT_WAIT, URGENT_WAIT),
            DigestKind::Burst => (BURST_SILENCE, MAX_BURST),
            // It gets no members later.
            DigestKind::Late => return,
        };
        for (known, window) in &mut self.windows {
            if *known == collection {
                let latest = window.map_or(now + longest, |window| window.latest);
                *window = Some(DigestWindow {
                    quiet_at: now + silence,
                    latest,
                });
            }
        }
    }

    fn close(&mut self, which: impl Fn(DigestKind, DigestWindow) -> bool) {
        for (collection, window) in &mut self.windows {
            window.take_if(|window| which(*collection, *window));
        }
    }

    /// Makes the next timer query due alerts.
    pub(super) fn poll_soon(&mut self) {
        self.retry_at = Some(Instant::now());
    }

    /// Returns when the next timer is due.
    pub(super) fn due(&self) -> Option<Instant> {
        let ends = self
            .windows
            .iter()
            .filter_map(|(_, window)| window.map(DigestWindow::ends));
        ends.chain(self.retry_at)
            .chain(self.retry.due())
            .chain(self.withdrawals.due())
            .min()
    }

    /// Takes over from a core that crashed: the alerts are in the rows, and the rate limits are copied.
    pub(super) fn take_over_from(&mut self, broken: Self) {
        self.throttle = broken.throttle;
        self.suspects = broken.in_flight;
        self.own = broken.own;
        self.last_sound = broken.last_sound;
    }
}

/// Shortens a body. Done only here, because services have various limits, and Windows rejects a longer body.
fn short_body(body: &str) -> String {
    paragraphs(body, MAX_BODY_CHARS)
}

impl Actor {
    /// Handles a new connection: what was collected on the previous one is shown now.
    pub(super) async fn begin_replay(&mut self) {
        self.alerts.replay = Some(Replay::new(self.now().monotonic));
        self.alerts.close(|collection, _| collection != DigestKind::Burst);
        self.poll_alerts().await;
    }

    /// Handles the server's position in the greeting.
    pub(super) fn on_replay_position(&mut self, position: &str) {
        let reached = self.store.cursor();
        if let Some(replay) = &mut self.alerts.replay {
            replay.on_position(position, reached);
        }
    }

    /// Processes an event of the current connection, in order. Returns whether it was missed.
    pub(super) fn on_replayed(&mut self, created_at: Option<i64>, id: &str) -> bool {
        let (now, server_now) = (self.now().monotonic, self.server_now().server);
        self.alerts.replay.as_mut().is_some_and(|replay| {
            replay.on_event(&alerts::replay::Event {
                created_at,
                id,
                now,
                server_now,
            })
        })
    }

    /// Handles that another account's inbox is current: its pending alerts of an earlier time are shown now.
    pub(super) async fn begin_account_alerts(&mut self) {
        self.alerts.account += 1;
        self.alerts.replay = None;
        self.alerts.close(|_, _| true);
        self.alerts.in_flight.clear();
        self.alerts.withdrawals.clear();
        let forgotten = self.with_inbox(|inbox| {
            inbox.forget_asked();
            Ok(())
        });
        // Fails only if the inbox's thread has ended, which the loop detects.
        let _ = forgotten.await;
        self.resume_alerts().await;
    }

    /// Resumes alerts at the start, or when the service can show notifications again.
    pub(super) async fn resume_alerts(&mut self) {
        let (now, open_digests) = (self.server_now(), self.alerts.open_digests());
        let suspects = std::mem::take(&mut self.alerts.suspects);
        let resumed = self
            .with_inbox(move |inbox| {
                if !suspects.is_empty() {
                    inbox.suspect_alerts(&suspects)?;
                }
                inbox.resume_alerts(now, &open_digests)
            })
            .await;
        if let Err(error) = resumed {
            tracing::error!(%error, "what waits to be shown could not be read");
        }
        self.poll_alerts().await;
    }

    /// Returns the query for due alerts while these collections grow.
    pub(super) fn due_query(&self) -> DueQuery {
        let context = self.context();
        let sound = || alerts::sound(ItemKind::Notification, Priority::Normal, &context);
        DueQuery {
            now: self.server_now(),
            open_digests: self.alerts.open_digests(),
            in_view: context.in_view.then(sound),
            service: self.alerts.service,
        }
    }

    /// Runs what is due: collections that ended, an inbox that failed, or a failed request.
    pub(super) async fn run_alert_timers(&mut self, now: Instant) {
        self.alerts.close(|_, window| window.ends() <= now);
        self.alerts.retry_at.take_if(|at| *at <= now);
        let sent = self.alerts.withdrawals.take_due(now);
        if !sent.is_empty() {
            self.record_withdrawn(sent).await;
        }
        // A service that hangs or is absent reports its return.
        if self.alerts.retry.take_due(now) && self.alerts.service.shows() {
            self.resume_alerts().await;
        } else {
            self.poll_alerts().await;
        }
    }

    /// Requests due alerts from the service, and withdraws notifications that are due for that.
    pub(super) async fn poll_alerts(&mut self) {
        let query = self.due_query();
        match self.with_inbox(move |inbox| inbox.due(&query)).await {
            Ok(due) => self.on_due(due).await,
            Err(error) => self.on_due_failed(&error),
        }
    }

    pub(super) fn on_due_failed(&mut self, error: &InboxError) {
        tracing::error!(%error, "what is due to be shown could not be read");
        self.alerts.retry_at = Some(Instant::now() + DUE_RETRY_INTERVAL);
    }

    pub(super) async fn on_due(&mut self, due: Due) {
        for ask in due.asks {
            self.ask(ask).await;
        }
        if let Some(priority) = due.sound {
            let sound = alerts::sound(ItemKind::Notification, priority, &self.context());
            self.play_decided(sound);
        }
        for handle in due.withdrawals {
            if self.alerts.withdrawals.begin(&handle, Instant::now()) {
                self.setup.ports.notifications.withdraw(handle);
            }
        }
        if due.settled {
            self.readers.publish_inbox_changed();
        }
    }

    /// Withdraws all notifications, because another user is signing in and must not see them.
    pub(super) async fn withdraw_all(&mut self) {
        match self.with_inbox(|inbox| inbox.on_screen()).await {
            Ok(handles) => {
                for handle in &handles {
                    self.setup.ports.notifications.withdraw(handle.clone());
                }
                self.record_withdrawn(handles).await;
            }
            Err(error) => tracing::error!(%error, "which notifications are on screen could not be read"),
        }
    }

    async fn record_withdrawn(&mut self, handles: Vec<NotificationHandle>) {
        let recorded = self
            .with_inbox(move |inbox| inbox.record_withdrawn(&handles))
            .await;
        if let Err(error) = recorded {
            tracing::error!(%error, "notifications that are gone could not be forgotten");
        }
    }

    /// Plays a sound if one was decided on.
    pub(super) fn play_decided(&mut self, sound: SoundReason) {
        if let Some(sound) = sound.sound() {
            self.alerts.last_sound = Some(Instant::now());
            self.play(sound);
        }
    }

    /// Plays the sounds of stored items, in order.
    pub(super) fn play_all(&mut self, sounds: &[SoundName]) {
        for sound in sounds {
            self.play_decided(SoundReason::Played(*sound));
        }
    }

    async fn ask(&mut self, ask: ShowRequest) {
        let request = NotificationRequest {
            subject: ask.target.subject(),
            title: ask.title,
            body: match ask.body {
                Phrase::Text(body) => short_body(&body).into(),
                Phrase::Message(message) => message.into(),
            },
            priority: ask.priority,
            replaces: ask.replaces,
        };
        let target = ask.target;
        let asked =
            std::panic::catch_unwind(AssertUnwindSafe(|| self.request(request, Some(target.clone()))));
        if let Err(panic) = asked {
            // Recorded now, because otherwise the next core would crash on it too.
            let at = self.now().epoch_millis();
            let recorded = self
                .with_inbox(move |inbox| inbox.record(&target, &Err(Reason::Broke), at))
                .await;
            if let Err(error) = recorded {
                tracing::error!(%error, "what broke the core could not be recorded");
            }
            std::panic::resume_unwind(panic);
        }
    }

    /// Shows a notification about the app itself.
    pub(super) fn show(&mut self, title: Message, body: Message) {
        let request = NotificationRequest {
            subject: Subject::App,
            title: title.into(),
            body: body.into(),
            priority: Priority::High,
            replaces: None,
        };
        self.request(request, None);
    }

    fn request(&mut self, request: NotificationRequest, target: Option<Target>) {
        self.request_and_answer(request, target, None);
    }

    /// Requests a notification. The service's answer is sent to `also` as well.
    fn request_and_answer(
        &mut self,
        request: NotificationRequest,
        target: Option<Target>,
        also: Option<oneshot::Sender<Result<Answer, NotificationError>>>,
    ) {
        let replaces = request.replaces.clone();
        let shown = self.setup.ports.notifications.show(request);
        self.alerts.unanswered += 1;
        if let Some(Target::Alert(number, _)) = target {
            self.alerts.in_flight.push(number);
        }
        let asked = Asked {
            target,
            account: self.alerts.account,
            replaces,
        };
        let reports = self.reports.0.clone();
        tokio::spawn(async move {
            let outcome = shown.await;
            if let Some(also) = also {
                // Its receiver stops waiting after a while.
                let _ = also.send(outcome.clone());
            }
            // If the core ended meanwhile, the alert stays pending.
            let _ = reports.send(Report::Notification { asked, outcome });
        });
    }

    /// Requests pending alerts, and records answers that arrive soon, before the app ends or the account changes.
    pub(super) async fn flush_alerts(&mut self) {
        self.end_alerts(true).await;
    }

    /// Like [`Actor::flush_alerts`]; without `shows`, pending alerts wait until their user is back.
    pub(super) async fn end_alerts(&mut self, shows: bool) {
        let mut others = Vec::new();
        let flush = async {
            if shows {
                self.alerts.close(|_, _| true);
                self.poll_alerts().await;
            }
            while self.alerts.unanswered > 0
                && let Some(report) = self.reports.1.recv().await
            {
                match report {
                    Report::Notification { asked, outcome } => {
                        self.on_notification_answer(asked, outcome).await;
                    }
                    other @ (Report::Sound(_)
                    | Report::KeyringChanged
                    | Report::AnotherToken
                    | Report::TokenTried(_)
                    | Report::TokenStored { .. }
                    | Report::ProxyPassword(_)
                    | Report::SettingsRead(_)
                    | Report::TextfileWritten(_)
                    | Report::SignIn(..)
                    | Report::Page(_)
                    | Report::Release(_)
                    | Report::Action(_)
                    | Report::QueryFailed(_)) => others.push(other),
                }
            }
        };
        // Alerts without an answer stay pending.
        let _ = timeout(FLUSH_TIMEOUT, flush).await;
        for other in others {
            // The receiver belongs to this actor, so it cannot be closed.
            let _ = self.reports.0.send(other);
        }
    }
}
