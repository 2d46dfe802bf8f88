//! Address, token, and the stream that they lead to.

use std::sync::Arc;
use std::time::Duration;

use gloria_stream::{Command, HaltReason, IdleReason, ProxyChoice, Status, StreamHandle, StreamOptions};
use secrecy::ExposeSecret as _;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use toml::Value;

use super::heard::Heard;
use super::storage::{StorageTrouble, Unstored};
use super::{Actor, DELIVERY_CAPACITY, Report, Running};
use crate::account::Entry;
use crate::address::Address;
use crate::event;
use crate::handle::{CoreError, Reply};
use crate::inbox::{Inbox, InboxError, InboxThread, Opened};
use crate::paths::Paths;
use crate::ports::SecretError;
use crate::probe;
use crate::protocol::{AccountForm, NoticeKind, PreferencesForm, TestReport, TokenState};
use crate::session::{self, Server, ServerToken, Token, TokenFor, TokenReport, TokenSource};
use crate::settings::{self, Key, Settings, SettingsFileError, appearance_word, sound_word};
use crate::text::sentence;

/// How often the keyring is looked into while another token would help. People who stored one wait for it; on Linux
/// each look is a few messages over the session bus.
const KEYRING_INTERVAL: Duration = Duration::from_secs(10);

fn another_token_helps(status: &Status) -> bool {
    match status {
        Status::Halted { reason, .. } => match reason {
            HaltReason::Unauthorized
            | HaltReason::Expired
            | HaltReason::Forbidden
            | HaltReason::NoCredential => true,
            HaltReason::StoppedByServer => false,
        },
        Status::Idle(_)
        | Status::Connecting { .. }
        | Status::Connected { .. }
        | Status::Waiting { .. }
        | Status::CircuitOpen { .. } => false,
    }
}

/// The inbox of the account in force; without an address there is none, and an empty one in memory stands in.
pub(super) fn open_inbox(paths: &Paths, account: Option<&Entry>) -> Result<Opened, InboxError> {
    match account {
        Some(account) => Inbox::open_account(paths, account.folder(), account.server()),
        None => Ok(Opened {
            inbox: Inbox::in_memory("")?,
            problem: None,
            busy: false,
        }),
    }
}

impl Actor {
    /// Connects to the address in force, if there is one, resuming after what is stored.
    pub(super) fn open_stream(&mut self) {
        self.drop_stream();
        let Some(address) = self.settings.address.clone() else {
            self.set_status(Status::Idle(IdleReason::NotStarted));
            return;
        };
        self.find_proxy();
        let (report, tokens) = watch::channel(self.token.clone());
        let source = TokenSource::new(
            address.server(),
            self.settings.auth_transport,
            self.setup.ports.secrets.clone(),
            self.given_token(&address),
            report,
        );
        let (sender, deliveries) = mpsc::channel(DELIVERY_CAPACITY);
        let options = StreamOptions {
            timing: self.settings.timing,
            network: self.settings.network.clone(),
            also: address.elsewhere(&self.settings.types),
            ..StreamOptions::new(
                address.stream(&event::asked_for(&self.settings.types)),
                self.user_agent(),
                self.rng.u64(..),
            )
        };
        let source = Arc::new(source);
        let handle = StreamHandle::spawn(options, Arc::clone(&source) as _, sender);
        handle.observe(self.meters.observer());
        handle.send(Command::Attention(self.readers.is_attended()));
        self.position = Arc::from(self.cursor.clone().unwrap_or_default());
        handle.send(Command::Start {
            cursor: self.cursor.clone(),
        });
        if let Some(reachability) = self.reachability {
            handle.send(Command::Network(reachability));
        }
        self.stream = Some(Running {
            handle,
            deliveries,
            tokens,
            source,
        });
    }

    /// Hangs up, and forgets what was read and not taken.
    pub(super) fn drop_stream(&mut self) {
        self.keep_heard();
        self.stream = None;
        self.epoch = None;
        self.meters.stopped();
    }

    /// Learns which proxy the stream will be dialled through, for those who look.
    pub(super) fn find_proxy(&mut self) {
        let network = &self.settings.network;
        self.proxy = match &self.settings.address {
            Some(address) => network.proxy_for(&address.stream(&[])),
            None => None,
        };
    }

    /// The token that memory alone has for this server: typed where there is no keyring, or from the environment.
    fn given_token(&self, address: &Address) -> Option<Token> {
        let server = Server::of(address);
        [&self.unkept_token, &self.environment_token]
            .into_iter()
            .flatten()
            .find_map(|held| held.for_server(&server).cloned())
    }

    /// Whether the environment sets the token for this server.
    fn is_token_locked(&self, address: &Address) -> bool {
        let held = self.environment_token.as_ref();
        held.is_some_and(|held| held.for_server(&Server::of(address)).is_some())
    }

    fn user_agent(&self) -> String {
        format!("gloria-notify/{}", self.setup.version)
    }

    pub(super) fn set_status(&mut self, status: Status) {
        // An attempt has asked the system which proxy to use; nothing else tells when its answer changed.
        if matches!(status, Status::Connected { .. } | Status::Waiting { .. }) {
            self.find_proxy();
        }
        self.status = status;
        self.watch_keyring();
        self.tell_outage();
    }

    /// Not every program that stores a token says so, and the next attempt may be an hour away.
    fn watch_keyring(&mut self) {
        // What watched until now ends with it.
        self.keyring_watch = JoinSet::new();
        if !another_token_helps(&self.status) {
            return;
        }
        let Some(source) = self.stream.as_ref().map(|running| Arc::clone(&running.source)) else {
            return;
        };
        let reports = self.reports.0.clone();
        self.keyring_watch.spawn(async move {
            loop {
                sleep(KEYRING_INTERVAL).await;
                if source.has_changed().await {
                    // The core may have ended meanwhile.
                    let _ = reports.send(Report::KeyringChanged);
                    return;
                }
            }
        });
    }

    pub(super) fn on_token(&mut self) {
        if let Some(running) = &mut self.stream {
            let report = running.tokens.borrow_and_update().clone();
            self.set_token(report);
        }
    }

    fn set_token(&mut self, report: TokenReport) {
        let message = match report.state {
            TokenState::KeyringLocked | TokenState::KeyringUnavailable => Some(report.problem.clone()),
            TokenState::Unknown | TokenState::Present | TokenState::Missing => None,
        };
        self.token = report;
        if self.unkept_token.is_none() {
            self.readers
                .set_notice(NoticeKind::Keyring, message.map(|message| sentence(&message)));
        }
        self.publish_account();
    }

    fn typed_address(&self, typed: &str) -> Result<Address, CoreError> {
        match &self.settings.address {
            Some(address) if self.locked.contains(&Key::ApiUrl) => Ok(address.clone()),
            _ => Address::parse(typed, self.settings.allow_plain_http)
                .map_err(|error| CoreError::Invalid(error.to_string())),
        }
    }

    /// Tries what was typed, beside whatever runs.
    pub(super) fn test_connection(&mut self, form: AccountForm, reply: Reply<TestReport>) {
        let address = match self.typed_address(&form.address) {
            Ok(address) => address,
            Err(error) => return reply.answer(Err(error)),
        };
        let transport = self.settings.auth_transport;
        let (report, _) = watch::channel(self.token.clone());
        let given = form.token.or_else(|| self.given_token(&address));
        let secrets = self.setup.ports.secrets.clone();
        let source = TokenSource::new(address.server(), transport, secrets, given, report);
        let (user_agent, seed) = (self.user_agent(), self.rng.u64(..));
        let network = self.settings.network.clone();
        tokio::spawn(async move {
            let answer = match source.token(false).await {
                Ok(token) => {
                    let credential = session::credential(&token, transport);
                    Ok(probe::test(&address, credential, user_agent, seed, network).await)
                }
                Err(error) => Err(CoreError::Invalid(error.to_string())),
            };
            reply.answer(answer);
        });
    }

    pub(super) async fn save_account(&mut self, form: AccountForm) -> Result<(), CoreError> {
        let address = self.typed_address(&form.address)?;
        let name = address.server();
        let changed = self.settings.address.as_ref().map(Address::server).as_ref() != Some(&name);
        if let Some(token) = form.token.filter(|_| !self.is_token_locked(&address)) {
            self.keep_token(&address, token).await;
        }
        let server = Server::of(&address);
        self.unkept_token
            .take_if(|held| held.for_server(&server).is_none());
        if !self.locked.contains(&Key::ApiUrl) {
            let typed = Value::String(address.to_string());
            let mut changes = vec![(Key::ApiUrl, Some(typed))];
            if let Some(held) = &self.environment_token
                && self.settings.token_for == TokenFor::Address
                && held.for_server(&server).is_none()
            {
                // Else the next start would take the token for the new server's.
                changes.push((Key::TokenFor, Some(Value::String(held.server().to_string()))));
            }
            let saved = self.file.set(&changes);
            self.settings.address = Some(address);
            self.note_saving(saved);
        }
        let types = self.settings.types.clone();
        self.connected_at = None;
        self.server_clock = None;
        if changed {
            let next = self.accounts.in_force_or_first(&name);
            self.switch_inbox(next).await?;
        }
        let heard_at;
        (self.cursor, heard_at) = self
            .with_inbox(move |inbox| {
                inbox.listen_to(&types)?;
                Ok((inbox.cursor()?, inbox.heard_at()?))
            })
            .await?;
        self.heard = Heard::stored(heard_at);
        self.token = TokenReport {
            state: TokenState::Unknown,
            problem: String::new(),
        };
        self.drop_collections();
        self.publish_account();
        self.readers.publish_inbox_changed();
        self.publish_counts().await;
        self.open_stream();
        Ok(())
    }

    /// Leaves the inbox of the account before for that of another one. One that could not be stored is kept until it
    /// can.
    async fn switch_inbox(&mut self, next: Entry) -> Result<(), CoreError> {
        let waiting = self
            .unstored
            .iter()
            .position(|left| left.account.folder() == next.folder());
        let (inbox, trouble, problem) = match waiting.map(|place| self.unstored.swap_remove(place)) {
            Some(left) => (left.inbox, Some(left.trouble), None),
            None => {
                let paths = self.setup.paths.clone();
                let account = next.clone();
                let opening = tokio::task::spawn_blocking(move || open_inbox(&paths, Some(&account)));
                let opened = opening.await.map_err(|_| InboxError::Closed)??;
                let trouble = StorageTrouble::of(&opened);
                let problem = opened.problem.filter(|_| trouble.is_none());
                let inbox = InboxThread::spawn(opened.inbox).map_err(InboxError::Folder)?;
                (inbox, trouble, problem)
            }
        };
        let left = std::mem::replace(&mut self.inbox, inbox);
        let before = self.account.replace(next);
        if let Some((trouble, account)) = std::mem::replace(&mut self.storage, trouble).zip(before) {
            self.unstored.push(Unstored {
                account,
                inbox: left,
                trouble,
            });
        }
        self.readers.set_notice(NoticeKind::Storage, problem.clone());
        self.inbox_problem = problem;
        self.publish_storage();
        Ok(())
    }

    /// Into the keyring; where there is none that takes it, in memory, and the user is told.
    async fn keep_token(&mut self, address: &Address, token: Token) {
        let stored = self.setup.ports.secrets.store(&address.server(), token.clone());
        match stored.await {
            Ok(()) => {
                self.unkept_token = None;
                self.readers.set_notice(NoticeKind::Keyring, None);
            }
            Err(error) => {
                tracing::warn!(%error, "the token is held in memory only");
                let advice = match error {
                    SecretError::Locked => "unlock the keyring and save the token again to keep it",
                    SecretError::Unavailable(_) => "install or start a keyring to keep it",
                    SecretError::Refused(_) => "ask your administrator",
                };
                let message =
                    format!("The token is kept only until Gloria Notify ends, because {error}; {advice}");
                self.unkept_token = Some(ServerToken::new(Server::of(address), token));
                self.readers.set_notice(NoticeKind::Keyring, Some(message));
            }
        }
    }

    /// Asks the keyring anew: somebody signed in or out beside the app.
    pub(super) fn on_credentials_changed(&mut self, address: &str) {
        let ours = self.settings.address.as_ref().map(Address::server);
        if ours.as_deref() != Some(address) {
            return;
        }
        tracing::info!("the token was changed from outside");
        // The one in memory stood in for a keyring that now holds another, or shall hold none.
        self.unkept_token = None;
        self.token = TokenReport {
            state: TokenState::Unknown,
            problem: String::new(),
        };
        self.readers.set_notice(NoticeKind::Keyring, None);
        self.publish_account();
        // Also an open stream is begun anew: after a sign-out it must not go on.
        self.open_stream();
    }

    pub(super) async fn sign_out(&mut self) -> Result<(), CoreError> {
        self.drop_stream();
        self.unkept_token = None;
        self.drop_collections();
        self.set_status(Status::Idle(IdleReason::Stopped));
        let forgotten = match &self.settings.address {
            Some(address) => self.setup.ports.secrets.forget(&address.server()).await,
            None => Ok(()),
        };
        self.set_token(TokenReport {
            state: TokenState::Missing,
            problem: String::new(),
        });
        forgotten.map_err(|error| {
            CoreError::Invalid(format!(
                "you are disconnected, but the token could not be removed: {error}"
            ))
        })
    }

    pub(super) fn save_preferences(&mut self, form: &PreferencesForm) -> Result<(), CoreError> {
        // Before anything is changed: a form is taken as a whole or not at all.
        let proxy = form
            .proxy
            .as_deref()
            .map(|typed| self.typed_proxy(typed))
            .transpose()?;
        let defaults = Settings::default();
        let mut changes = Vec::new();
        if let Some(sounds) = form.sounds {
            self.settings.sounds = sounds;
            changes.push((
                Key::Sounds,
                (sounds != defaults.sounds).then_some(Value::Boolean(sounds)),
            ));
        }
        if let Some(volume) = form.volume.map(|volume| volume.min(100)) {
            self.settings.volume = volume;
            let value = Value::Integer(volume.into());
            changes.push((Key::Volume, (volume != defaults.volume).then_some(value)));
        }
        if let Some(sound) = form.sound {
            self.settings.sound = sound;
            let value = Value::String(sound_word(sound).into());
            changes.push((Key::Sound, (sound != defaults.sound).then_some(value)));
        }
        if let Some(appearance) = form.appearance {
            self.settings.appearance = appearance;
            let value = Value::String(appearance_word(appearance).into());
            changes.push((
                Key::Appearance,
                (appearance != defaults.appearance).then_some(value),
            ));
        }
        let proxy = proxy.filter(|proxy| *proxy != self.settings.network.proxy);
        if let Some(proxy) = &proxy {
            let value = match proxy {
                ProxyChoice::System => None,
                ProxyChoice::Direct => Some("none".to_owned()),
                ProxyChoice::Address(address) => Some(address.exposed().expose_secret().to_owned()),
            };
            changes.push((Key::Proxy, value.map(Value::String)));
        }
        let saved = self.file.set(&changes);
        self.note_saving(saved);
        if let Some(proxy) = proxy {
            self.settings.network.proxy = proxy;
            if self.stream.is_some() {
                self.open_stream();
            }
        }
        self.publish_preferences();
        Ok(())
    }

    fn typed_proxy(&self, typed: &str) -> Result<ProxyChoice, CoreError> {
        let known = &self.settings.network.proxy;
        if self.locked.contains(&Key::Proxy) {
            return Ok(known.clone());
        }
        let invalid = |problem: String| CoreError::Invalid(format!("the proxy was not saved: {problem}"));
        match (settings::proxy(typed).map_err(invalid)?, known) {
            (ProxyChoice::Address(new), ProxyChoice::Address(known)) => {
                Ok(ProxyChoice::Address(new.with_masked_password_of(known)))
            }
            (choice, _) => Ok(choice),
        }
    }

    /// What could not be saved is told, and so are the mistakes that still stand: saving one setting mends no other.
    fn note_saving(&mut self, saved: Result<(), SettingsFileError>) {
        let mut problems = Settings::resolve(&self.file, |name| (self.setup.environment)(name)).problems;
        problems.extend(self.own_problems.iter().cloned());
        if let Err(error) = saved {
            tracing::warn!(%error, "the settings hold until the app ends");
            problems.insert(0, sentence(&error.to_string()));
        }
        let message = (!problems.is_empty()).then(|| problems.join("; "));
        self.readers.set_notice(NoticeKind::Settings, message);
    }
}
