//! What alerts the user: when what is due is looked for, how it is asked of the notification service, and what its
//! answers lead to. What is pending, and why, is in the inbox's rows alone.

mod answers;
mod early;
mod gate;
mod retry;
mod service;
mod withdrawals;

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{Actor, Report};
use crate::alerts::replay::Replay;
use crate::alerts::throttle::Throttle;
use crate::alerts::{self, Collection};
use crate::inbox::{Ask, Due, DueQuery, InboxError, Target};
use crate::item::{ItemKind, Priority, Reason, SoundName, SoundReason};
use crate::message::{Message, Phrase};
use crate::ports::{NotificationHandle, NotificationRequest, ServiceState, Subject};
use crate::text::paragraphs;
use early::Early;
use retry::Retry;
use withdrawals::Withdrawals;

/// Silence that ends a replay: longer than the pauses of a server that reads its history.
const REPLAY_SILENCE: Duration = Duration::from_millis(1500);

/// However long a replay lasts, the user hears of it within this time.
const MAX_REPLAY: Duration = Duration::from_secs(30);

/// What is urgent and was missed waits so long for a word that it was read or deleted since: what a server sends
/// together comes within this, and nobody notices it.
const URGENT_WAIT: Duration = Duration::from_millis(200);

/// Silence that ends a burst: longer than the pause between two events of one cause.
const BURST_SILENCE: Duration = Duration::from_secs(2);

/// A continuous flood is announced this often.
const MAX_BURST: Duration = Duration::from_secs(15);

/// What a notification shows of a body, in characters: four or five lines, which is what services show.
const MAX_BODY_CHARS: usize = 200;

/// When an inbox that could not say what is due is asked again.
const DUE_RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// How long the end of the app waits for answers. What is not answered then stays pending, and the next start asks
/// again.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(120);

/// The app says little about itself: more of it than this is never on screen.
const OWN_CAPACITY: usize = 16;

/// While a collection grows.
#[derive(Debug, Clone, Copy)]
struct Window {
    quiet_at: Instant,
    latest: Instant,
}

impl Window {
    fn ends(self) -> Instant {
        self.quiet_at.min(self.latest)
    }
}

/// A notification that the service was asked for.
#[derive(Debug)]
pub(super) struct Asked {
    /// `None` for a word about the app itself.
    target: Option<Target>,
    /// The account that it is of: another may be in use when the answer comes.
    account: u64,
    /// The notification whose place it takes. That one may be closed while the answer is awaited; the new one is not.
    replaces: Option<NotificationHandle>,
}

/// What of alerting is not in the inbox's rows: the present connection's replay, what still grows, and the service.
#[derive(Debug)]
pub(super) struct Alerts {
    replay: Option<Replay>,
    windows: [(Collection, Option<Window>); 3],
    throttle: Throttle,
    service: ServiceState,
    /// The service refused or was not there when it was asked last.
    is_failing: bool,
    /// When what failed is asked for again.
    retry: Retry,
    /// Notifications without an answer.
    unanswered: usize,
    /// What happened to such notifications already.
    early: Early,
    /// What is being taken back.
    withdrawals: Withdrawals,
    /// Which alerts they are for, by their numbers.
    in_flight: Vec<i64>,
    /// What a core was asking for when it broke.
    suspects: Vec<i64>,
    /// Notifications about the app itself that may be on screen, the newest last.
    own: VecDeque<NotificationHandle>,
    last_sound: Option<Instant>,
    /// When it is looked for what is due although nothing happened.
    retry_at: Option<Instant>,
    /// Counts the accounts that were in use.
    account: u64,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            replay: None,
            windows: [
                (Collection::Urgent, None),
                (Collection::Missed, None),
                (Collection::Burst, None),
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
    /// The collections that more may come to.
    fn collecting(&self) -> Vec<Collection> {
        let open = self.windows.iter().filter(|(_, window)| window.is_some());
        open.map(|(collection, _)| *collection).collect()
    }

    /// Something came to a collection.
    fn extend(&mut self, collection: Collection, now: Instant) {
        let (silence, longest) = match collection {
            Collection::Missed => (REPLAY_SILENCE, MAX_REPLAY),
            Collection::Urgent => (URGENT_WAIT, URGENT_WAIT),
            Collection::Burst => (BURST_SILENCE, MAX_BURST),
            // Nothing comes to it later.
            Collection::Late => return,
        };
        for (known, window) in &mut self.windows {
            if *known == collection {
                let latest = window.map_or(now + longest, |window| window.latest);
                *window = Some(Window {
                    quiet_at: now + silence,
                    latest,
                });
            }
        }
    }

    fn close(&mut self, which: impl Fn(Collection, Window) -> bool) {
        for (collection, window) in &mut self.windows {
            window.take_if(|window| which(*collection, *window));
        }
    }

    /// What is due is looked for by the next timer.
    pub(super) fn poll_soon(&mut self) {
        self.retry_at = Some(Instant::now());
    }

    /// When something is due by itself.
    pub(super) fn due(&self) -> Option<Instant> {
        let ends = self
            .windows
            .iter()
            .filter_map(|(_, window)| window.map(Window::ends));
        ends.chain(self.retry_at)
            .chain(self.retry.due())
            .chain(self.withdrawals.due())
            .min()
    }

    /// The same account's alerts go on in the next core, by its rows; how much attention they took goes with them.
    pub(super) fn succeed(&mut self, broken: Self) {
        self.throttle = broken.throttle;
        self.suspects = broken.in_flight;
        self.own = broken.own;
        self.last_sound = broken.last_sound;
    }
}

/// A notification's body is cut here, and nowhere else: services cut at limits of their own, and Windows refuses what
/// is too large.
fn short_body(body: &str) -> String {
    paragraphs(body, MAX_BODY_CHARS)
}

impl Actor {
    /// A connection was made. What was collected of the one before is shown now.
    pub(super) async fn begin_replay(&mut self) {
        self.alerts.replay = Some(Replay::new(self.now().monotonic));
        self.alerts.close(|collection, _| collection != Collection::Burst);
        self.poll_alerts().await;
    }

    /// The greeting said where the server is.
    pub(super) fn on_replay_position(&mut self, position: &str) {
        let reached = self.store.cursor();
        if let Some(replay) = &mut self.alerts.replay {
            replay.on_position(position, reached);
        }
    }

    /// Takes an event of the present connection, in its order; whether it was missed.
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

    /// The inbox is another account's. What its file has pending since before is shown now.
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
        // Only a thread that is gone refuses, and its end is seen elsewhere.
        let _ = forgotten.await;
        self.resume_alerts().await;
    }

    /// The app starts, or the service shows notifications again.
    pub(super) async fn resume_alerts(&mut self) {
        let (now, collecting) = (self.server_now(), self.alerts.collecting());
        let suspects = std::mem::take(&mut self.alerts.suspects);
        let resumed = self
            .with_inbox(move |inbox| {
                if !suspects.is_empty() {
                    inbox.suspect_alerts(&suspects)?;
                }
                inbox.resume_alerts(now, &collecting)
            })
            .await;
        if let Err(error) = resumed {
            tracing::error!(%error, "what waits to be shown could not be read");
        }
        self.poll_alerts().await;
    }

    /// What is asked for what is due, while these collections grow.
    pub(super) fn due_query(&self) -> DueQuery {
        let context = self.context();
        let sound = || alerts::sound(ItemKind::Notification, Priority::Normal, &context);
        DueQuery {
            now: self.server_now(),
            collecting: self.alerts.collecting(),
            in_view: context.in_view.then(sound),
            service: self.alerts.service,
        }
    }

    /// Timers: collections that ended, an inbox that is to be asked again, or a service that did not show something.
    pub(super) async fn serve_alerts(&mut self, now: Instant) {
        self.alerts.close(|_, window| window.ends() <= now);
        self.alerts.retry_at.take_if(|at| *at <= now);
        let sent = self.alerts.withdrawals.take_due(now);
        if !sent.is_empty() {
            self.record_withdrawn(sent).await;
        }
        // A service that does not answer or is gone says so itself when it is back.
        if self.alerts.retry.take_due(now) && self.alerts.service.shows() {
            self.resume_alerts().await;
        } else {
            self.poll_alerts().await;
        }
    }

    /// Asks the service for what is due, and takes back what is.
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
            self.play_reasoned(sound);
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

    /// Another person comes: nothing of this one stays on screen.
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

    /// Plays what was decided to be played.
    pub(super) fn play_reasoned(&mut self, sound: SoundReason) {
        if let Some(sound) = sound.sound() {
            self.alerts.last_sound = Some(Instant::now());
            self.play(sound);
        }
    }

    /// Plays the sounds of what was filed, in their order.
    pub(super) fn play_all(&mut self, sounds: &[SoundName]) {
        for sound in sounds {
            self.play_reasoned(SoundReason::Played(*sound));
        }
    }

    async fn ask(&mut self, ask: Ask) {
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
            // Recorded, or the next core would break by it as well.
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
            // The core may have ended meanwhile: then it stays pending.
            let _ = reports.send(Report::Notification { asked, outcome });
        });
    }

    /// The app ends, or leaves the account: what is pending is asked for, and what is answered soon is recorded.
    pub(super) async fn flush_alerts(&mut self) {
        self.end_alerts(true).await;
    }

    /// As [`Actor::flush_alerts`]; without `shows`, what is pending waits for its person to come back.
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
                    | Report::TokenStored { .. }
                    | Report::ProxyPassword(_)
                    | Report::SettingsLook(_)
                    | Report::NotRead(_)) => others.push(other),
                }
            }
        };
        // What is not answered by then stays pending.
        let _ = timeout(FLUSH_TIMEOUT, flush).await;
        for other in others {
            // The receiver is this actor's own.
            let _ = self.reports.0.send(other);
        }
    }
}
