//! The actor that owns the core's state. Every source of change is one arm of its loop; every change is published as an
//! [`Update`](crate::protocol::Update) with the revision that it leads to.
//!
//! It depends on all other modules, and none depends on it.

mod account;
mod accounts;
mod alerts;
mod attention;
mod backfilling;
mod debug_log;
mod doctor;
mod entering;
mod exports;
mod filing;
mod first_inbox;
mod identity;
mod incoming;
mod link;
mod login;
mod outgoing;
mod pause;
mod proxy_password;
mod readers;
mod recovery;
mod releases;
mod replay;
mod requests;
mod restarts;
mod settings;
mod setup;
mod sign_in;
mod signals;
mod snoozes;
mod storage;
mod supervision;
mod timers;
mod tokens;
mod upkeep;
mod views;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gloria_stream::{Delivery, Generation, IdleReason, Status};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::account::address::Address;
use crate::account::session::{self, OpenIdProvider, Session, TokenReport};
use crate::account::{Accounts, Entry, ErasingSecrets};
use crate::connection::conditions::HostConditions;
use crate::connection::{self, ClockReading, ConnectionContext, Disconnected};
use crate::handle::{CoreHandle, Inlet, Reply, Request, inlet, stopped};
use crate::inbox::InboxError;
use crate::listeners::Listeners;
use crate::message::{self, Message};
use crate::metrics::Meters;
use crate::ports::{Answer, NotificationError, NotificationEvent, Observation, SecretError, SoundError};
use crate::private;
use crate::protocol::{Notice, NoticeKind, PROTOCOL_VERSION, SignInView, Snapshot};
use crate::settings::{Contents, Layers, Origins, Problem, Resolved, Settings};
use alerts::Alerts;
use backfilling::Backfilling;
use debug_log::DebugLog;
use entering::Entering;
use exports::Exports;
use first_inbox::FirstInbox;
use identity::Identity;
use link::{Intent, Link};
use login::StartAtLogin;
use outgoing::Outgoing;
use pause::SoundsPause;
use proxy_password::ProxyPassword;
use readers::Readers;
use releases::Releases;
use settings::SettingsFiles;
pub use setup::{Environment, Setup};
use sign_in::SigningIn;
use storage::Store;
pub use supervision::supervise;
use tokens::Tokens;
use views::{account_view, known_accounts, preferences};

/// How long the loop may take to notice that it has to end: enough to finish storing a batch of events.
const INTERRUPT_TIMEOUT: Duration = Duration::from_millis(50);

/// How long storing what is only in memory may take at the end. Logging out and quitting wait for it; together with
/// [`INTERRUPT_TIMEOUT`] it stays below a third of a second.
const FINISH_TIMEOUT: Duration = Duration::from_millis(200);

/// What the actor's tasks report to it.
#[derive(Debug)]
enum Report {
    Notification {
        asked: alerts::Asked,
        outcome: Result<Answer, NotificationError>,
    },
    Sound(Result<(), SoundError>),
    /// The keyring has another token than the one that the server refused.
    KeyringChanged,
    /// The token in force is not known to be this account's.
    AnotherToken,
    /// The server's answer about a token that was entered.
    TokenTried(Box<entering::Tried>),
    /// The keyring stored a token that was entered, or failed to.
    TokenStored {
        session: Session,
        generation: Generation,
        outcome: Result<(), SecretError>,
        /// Replies to the request that entered it.
        reply: Option<Reply<()>>,
    },
    /// The keyring's answer about a proxy's password.
    ProxyPassword(proxy_password::KeyringAnswer),
    /// The contents of the settings files, which are not those in force.
    SettingsRead(Box<Contents>),
    /// The file of metrics was written, or not, unlike the last time.
    TextfileWritten(exports::Outcome),
    /// A step of a sign-in, with its number.
    SignIn(u64, sign_in::Step),
    /// What came of the request for an action of the user.
    Action(Box<outgoing::Answered>),
    /// What came of the request for what is missing.
    Page(Box<backfilling::Answered>),
    /// What a source of newer versions said.
    Release(Box<releases::Answer>),
    /// A query that the inbox's file could not answer.
    QueryFailed(requests::Query),
}

/// Starts a core on the current tokio runtime. It opens the inbox, loads the token and connects.
///
/// # Errors
///
/// When not even an inbox in memory can be created, or the system cannot start a thread.
pub fn start(setup: Setup) -> Result<(CoreHandle, JoinHandle<()>), InboxError> {
    let (handle, mut inlet) = inlet();
    let mut actor = Actor::new(setup)?;
    let task = tokio::spawn(async move {
        if let Ending::Broken(what) = actor.run(&mut inlet).await {
            tracing::error!(what, "the core broke");
        }
    });
    Ok((handle, task))
}

/// Why a run of the actor ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Somebody asked it to, or the last handle was dropped.
    Asked,
    /// A part that it needs is gone, such as the inbox's thread; a new actor has to take over.
    Broken(&'static str),
}

/// What the loop received.
enum Input {
    Stop,
    /// `None` once all handles are dropped.
    Request(Option<Request>),
    Report(Report),
    /// `None` once the computer is no longer observed.
    Observation(Option<Observation>),
    /// `None` once the notification service can send nothing more.
    Notification(Option<NotificationEvent>),
    Token(TokenReport),
    /// `None` when the stream's task ended unexpectedly.
    Delivery(Option<Delivery>),
    InboxEnded,
    Timer,
}

struct Actor {
    setup: Setup,
    layers: Layers,
    settings: Settings,
    origins: Origins,
    settings_files: SettingsFiles,
    proxy_password: ProxyPassword,
    store: Store,
    upkeep: upkeep::Upkeep,
    snoozes: snoozes::Snoozes,
    accounts: Accounts,
    /// The account in force; none while no server is set.
    account: Option<Entry>,
    identity: Identity,
    /// Problems of settings that appear only when they are used. They stay until the app ends.
    own_problems: Vec<Message>,
    link: Link,
    tokens: Tokens,
    entering: Entering,
    signing_in: SigningIn,
    alerts: Alerts,
    /// Events of the notification service; `None` once no more can come.
    notification_events: Option<mpsc::Receiver<NotificationEvent>>,
    conditions: HostConditions,
    /// `None` once no more can come.
    observations: Option<mpsc::Receiver<Observation>>,
    sounds_pause: SoundsPause,
    outgoing: Outgoing,
    backfilling: Backfilling,
    releases: Releases,
    debug_log: DebugLog,
    start_at_login: StartAtLogin,
    meters: Meters,
    exports: Exports,
    readers: Readers,
    listeners: Listeners,
    reports: (mpsc::UnboundedSender<Report>, mpsc::UnboundedReceiver<Report>),
    rng: fastrand::Rng,
}

impl Actor {
    fn new(mut setup: Setup) -> Result<Self, InboxError> {
        private::tighten_all(&setup.paths);
        let layers = Layers::of(&setup.paths);
        let Resolved {
            settings,
            origins,
            problems,
        } = Settings::resolve(&layers, |name| (setup.environment)(name));
        // Everything periodic starts at the same time so that it shares its wake-ups.
        let began = Instant::now();
        let mut settings_files = SettingsFiles::new(began);
        settings_files.remember_policy(&layers, &setup.paths.last_policy());
        settings_files.log_problems(&problems);
        let mut problems: Vec<Message> = problems.iter().map(Problem::message).collect();
        Accounts::clean(&setup.paths);
        let mut accounts = Accounts::read(&setup.paths);
        let secrets = ErasingSecrets::new(setup.ports.secrets, accounts.erasures().clone());
        setup.ports.secrets = Arc::new(secrets);
        let address = settings.address.as_ref();
        let account = address.map(|address| accounts.in_force_or_first(&address.server()));
        // Nothing of an account is shown from signing out until somebody signs in as its user.
        let account = account.filter(|account| !account.is_signed_out());
        let FirstInbox {
            next,
            counts,
            cursor,
            heard_at,
            own_user,
            problem,
        } = FirstInbox::open(&setup, account.as_ref(), &settings.types)?;
        let mut notices = BTreeMap::new();
        if let Some(problem) = problem {
            notices.insert(NoticeKind::Storage, problem);
        }
        let meters = Meters::new(setup.ports.clock.clone(), &setup.version);
        let mut own_problems = Vec::new();
        let exports = Exports::new(&settings, &meters, setup.paths.metrics_file(), began);
        let environment = |name: &str| (setup.environment)(name);
        let environment_token =
            session::environment_token(environment, &settings.token_for, settings.address.as_ref())
                .unwrap_or_else(|error| {
                    own_problems.push(message::settings_ignored("GLORIA_TOKEN", error.message()));
                    None
                });
        problems.extend(own_problems.iter().chain(exports.problems()).cloned());
        if let Some(problem) = Message::joined(problems) {
            notices.insert(NoticeKind::Settings, problem);
        }
        let status = Status::Idle(IdleReason::NotStarted);
        let provider = OpenIdProvider::new(setup.ports.clock.clone());
        let tokens = Tokens::new(environment_token, settings.address.is_some(), provider);
        let server = settings.address.as_ref().map(Address::server);
        let signing_in = SigningIn::new(&setup.paths, server.as_deref());
        let now = ClockReading {
            wall: setup.ports.clock.wall(),
            monotonic: setup.ports.clock.monotonic(),
        };
        let sounds_pause = SoundsPause::read(setup.paths.sounds_pause(), now.epoch_millis());
        let mut rng = fastrand::Rng::with_seed(setup.seed);
        let mut releases = Releases::read(setup.paths.releases(), &setup.version);
        releases.set_source(settings.release_source(), now.epoch_millis(), rng.f64());
        let context = ConnectionContext::new(settings.address.as_ref(), None, None);
        let state = Snapshot {
            protocol: PROTOCOL_VERSION,
            revision: 0,
            version: setup.version.clone(),
            connection: connection::view(&status, None, context, &now),
            counts,
            account: account_view(
                &settings,
                &origins,
                &tokens,
                None,
                own_user.clone(),
                known_accounts(&accounts, account.as_ref()),
                signing_in.named(),
            ),
            preferences: preferences(&settings, &settings.proxy, &origins, sounds_pause.until(), None),
            notices: notices
                .into_iter()
                .map(|(kind, message)| Notice { kind, message })
                .collect(),
            release: releases.offer(),
            sign_in: SignInView::None,
            requested_item: None,
            requested_view: None,
            in_view: false,
        };
        let observations = setup.ports.signals.watch();
        let notification_events = setup.ports.notifications.watch();
        Ok(Self {
            rng,
            setup,
            layers,
            settings,
            origins,
            settings_files,
            proxy_password: ProxyPassword::default(),
            store: Store::new(next, cursor),
            own_problems,
            link: Link::new(heard_at, meters.clone()),
            tokens,
            entering: Entering::default(),
            signing_in,
            alerts: Alerts::default(),
            notification_events: Some(notification_events),
            upkeep: upkeep::Upkeep::new(Instant::now()),
            snoozes: snoozes::Snoozes::default(),
            accounts,
            identity: Identity::new(account.clone(), own_user),
            account,
            conditions: HostConditions::new(began.into_std(), now),
            observations: Some(observations),
            sounds_pause,
            outgoing: Outgoing::new(began),
            backfilling: Backfilling::new(began),
            releases,
            debug_log: DebugLog::default(),
            start_at_login: StartAtLogin::default(),
            meters,
            exports,
            readers: Readers::new(state, began),
            listeners: Listeners::default(),
            reports: mpsc::unbounded_channel(),
        })
    }

    async fn run(&mut self, inlet: &mut Inlet) -> Ending {
        let mut stop = inlet.stop.clone();
        self.listeners = inlet.listeners.0.clone();
        self.tokens.set_saving(inlet.saving.clone());
        let running = async {
            self.begin().await;
            self.serve(inlet).await
        };
        let ending = tokio::select! {
            biased;
            ending = running => ending,
            // A keyring or disk that hangs must not keep the core from ending.
            () = async { stopped(&mut stop).await; sleep(INTERRUPT_TIMEOUT).await } => Ending::Asked,
        };
        if ending == Ending::Asked {
            self.finish().await;
        }
        ending
    }

    /// Runs once, before the first wait. May block on a disk that hangs, like everything else.
    async fn begin(&mut self) {
        self.on_first_notification_events().await;
        self.resume_alerts().await;
        self.snoozes.look_again();
        if self.link.intent() == Intent::Nothing && !self.settings.auto_connect {
            self.link.set_intent(Intent::Disconnection(Disconnected::AtStart));
        }
        self.forget_erased();
        self.migrate_proxy_password();
        self.open_stream();
        self.enforce_start_at_login();
        if self.start_at_login.problem().is_some() {
            self.publish_standing_problems(None);
        }
        self.publish_storage();
    }

    /// Disconnects, and stores what is only in memory, if that is quick. Data in the file needs nothing.
    async fn finish(&mut self) {
        self.drop_stream();
        let withdrawn = self.exports.withdraw();
        let storing = async {
            self.flush_alerts().await;
            self.store_heard().await;
        };
        let finished = async { tokio::join!(storing, withdrawn) };
        if timeout(FINISH_TIMEOUT, finished).await.is_err() {
            tracing::warn!("a disk did not answer in time at the end");
        }
    }

    async fn serve(&mut self, inlet: &mut Inlet) -> Ending {
        let mut busy_since = self.now().monotonic;
        loop {
            self.serve_timers().await;
            let due = self.next_due();
            let waiting_since = self.now().monotonic;
            // The core's own working time must not be mistaken for a sleep of the computer.
            self.conditions
                .on_busy(waiting_since.saturating_duration_since(busy_since));
            let input = self.next_input(inlet, due).await;
            busy_since = self.now().monotonic;
            match input {
                Input::Stop => return Ending::Asked,
                Input::Request(Some(request)) => self.handle_request(request).await,
                Input::Request(None) => return Ending::Asked,
                Input::Report(report) => self.on_report(report).await,
                Input::Observation(observation) => self.on_observation(observation),
                Input::Notification(event) => self.on_notification_event(event).await,
                Input::Token(report) => self.on_token(report),
                Input::Delivery(Some(delivery)) => self.handle_delivery(delivery).await,
                Input::Delivery(None) => return Ending::Broken("the stream"),
                Input::InboxEnded => return Ending::Broken("the inbox"),
                Input::Timer => {}
            }
        }
    }

    /// Returns the next input. Waits at most until a timer is due.
    async fn next_input(&mut self, inlet: &mut Inlet, due: Option<Instant>) -> Input {
        tokio::select! {
            biased;
            () = stopped(&mut inlet.stop) => Input::Stop,
            request = inlet.requests.recv() => Input::Request(request),
            Some(report) = self.reports.1.recv() => Input::Report(report),
            event = received(self.notification_events.as_mut()) => Input::Notification(event),
            observation = received(self.observations.as_mut()) => Input::Observation(observation),
            report = self.tokens.changed() => Input::Token(report),
            // Before the deliveries, because those that are taken from the stream without an inbox would be lost.
            () = self.store.inbox().ended() => Input::InboxEnded,
            delivery = self.link.next_delivery() => Input::Delivery(delivery),
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Input::Timer,
        }
    }

    fn now(&self) -> ClockReading {
        ClockReading {
            wall: self.setup.ports.clock.wall(),
            monotonic: self.setup.ports.clock.monotonic(),
        }
    }

    async fn on_report(&mut self, report: Report) {
        match report {
            Report::Notification { asked, outcome } => self.on_notification_answer(asked, outcome).await,
            Report::Sound(Ok(())) => self.readers.set_notice(NoticeKind::Sound, None),
            Report::ProxyPassword(news) => self.on_proxy_password(news),
            Report::SettingsRead(read) => self.on_settings_read(*read).await,
            Report::Action(answered) => self.on_action_answer(*answered).await,
            Report::Page(answered) => self.on_page(*answered).await,
            Report::Release(answer) => self.on_release(*answer),
            Report::TextfileWritten(outcome) => self.on_textfile_written(outcome),
            Report::QueryFailed(look) => self.on_query_failed(look).await,
            Report::KeyringChanged => {
                if let Some(server) = self.settings.address.as_ref().map(Address::server) {
                    self.on_credentials_changed(&server);
                }
            }
            Report::SignIn(number, step) => self.on_sign_in(number, step).await,
            Report::AnotherToken => self.on_another_token().await,
            Report::TokenTried(tried) => self.on_token_tried(*tried).await,
            Report::TokenStored {
                session,
                generation,
                outcome,
                reply,
            } => self.on_token_stored(&session, generation, outcome, reply),
            Report::Sound(Err(SoundError::Busy)) => {}
            Report::Sound(Err(error)) => {
                tracing::warn!(%error, "a sound was not played");
                self.readers
                    .set_notice(NoticeKind::Sound, Some(message::notice_sound(error.message())));
            }
        }
    }
}

async fn received<T>(receiver: Option<&mut mpsc::Receiver<T>>) -> Option<T> {
    match receiver {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
