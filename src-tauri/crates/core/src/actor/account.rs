//! Address, token, and the stream that they lead to.

use std::sync::Arc;

use gloria_stream::{CredentialProvider, IdleReason, ProxyChoice, Status, StreamOptions};
use secrecy::ExposeSecret as _;
use toml::Value;

use super::Actor;
use super::storage::Next;
use crate::account::Entry;
use crate::account::address::Address;
use crate::account::session::{Server, TokenFor};
use crate::connection::probe::{self, Entered};
use crate::event;
use crate::handle::{CoreError, Reply};
use crate::inbox::{Inbox, InboxError, Opened};
use crate::paths::Paths;
use crate::protocol::{AccountForm, NoticeKind, PreferencesForm, TestReport};
use crate::settings::{self, Key, Settings, SettingsFileError, appearance_word, sound_word};
use crate::text::sentence;

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
        self.link.want(true);
        self.drop_stream();
        let Some(address) = self.settings.address.clone() else {
            self.set_status(Status::Idle(IdleReason::NotStarted));
            return;
        };
        // One that began without a position would bring what was shown, or miss what was not.
        if self.store.holds_stream() {
            self.set_status(Status::Idle(IdleReason::NotStarted));
            return;
        }
        self.link.find_proxy(&self.settings);
        let session = self.session_for(&address);
        self.tokens.put_in_force(session.clone());
        if self.identity.is_asked() {
            self.set_status(Status::Idle(IdleReason::Stopped));
            return;
        }
        self.identity.on_connection();
        // Nobody's position goes with a token of which it is not known whose it is.
        let cursor = self.store.cursor().filter(|_| !self.identity.is_unknown());
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
        let attended = self.readers.is_attended();
        self.link.open(
            options,
            self.credentials(session),
            cursor.map(str::to_owned),
            attended,
        );
    }

    /// Hangs up, and forgets what was read and not taken.
    pub(super) fn drop_stream(&mut self) {
        self.link.close();
    }

    fn user_agent(&self) -> String {
        format!("gloria-notify/{}", self.setup.version)
    }

    pub(super) fn set_status(&mut self, status: Status) {
        self.link.on_status(status);
        self.on_status_changed();
    }

    /// Publishes what the stream's new status means.
    pub(super) fn on_status_changed(&mut self) {
        // An attempt has asked the system which proxy to use; nothing else tells when its answer changed.
        if matches!(
            self.link.status(),
            Status::Connected { .. } | Status::Waiting { .. }
        ) {
            self.link.find_proxy(&self.settings);
        }
        self.watch_keyring();
        self.tell_outage();
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
        let (user_agent, seed) = (self.user_agent(), self.rng.u64(..));
        let network = self.settings.network.clone();
        let credentials: Arc<dyn CredentialProvider> = match form.token {
            Some(token) => Arc::new(Entered::new(&token, self.settings.auth_transport)),
            None => Arc::new(self.session_for(&address)),
        };
        tokio::spawn(async move {
            let answer = match credentials.credential().await {
                Ok(_) => Ok(probe::test(&address, credentials, user_agent, seed, network).await),
                Err(error) => Err(CoreError::Invalid(error.to_string())),
            };
            reply.answer(answer);
        });
    }

    /// Puts what was typed in force. The reply comes when the keyring has answered, if it is asked.
    pub(super) async fn save_account(&mut self, form: AccountForm, reply: Reply<()>) {
        let address = match self.typed_address(&form.address) {
            Ok(address) => address,
            Err(error) => return reply.answer(Err(error)),
        };
        // Nothing is asked with another token than the one that the account before is known by.
        self.drop_stream();
        self.identity.on_token();
        let session = self.session_for(&address);
        let stored = match form.token {
            Some(token) if !self.tokens.is_locked(Some(&address)) => Some(self.enter_token(&session, token)),
            Some(_) | None => {
                session.ask_anew(false);
                None
            }
        };
        self.tokens.put_in_force(session);
        match (self.switch_account(address).await, stored) {
            (Ok(()), Some(stored)) => self.report_stored(stored, Some(reply)),
            (outcome, stored) => {
                if let Some(stored) = stored {
                    self.report_stored(stored, None);
                }
                if outcome.is_err() && self.link.is_wanted() {
                    self.open_stream();
                }
                reply.answer(outcome);
            }
        }
    }

    /// Leaves the account before for the one at this address, and connects.
    async fn switch_account(&mut self, address: Address) -> Result<(), CoreError> {
        let name = address.server();
        let changed = self.settings.address.as_ref().map(Address::server).as_ref() != Some(&name);
        let next = if changed {
            Some(self.accounts.in_force_or_first(&name))
        } else {
            self.account.clone()
        };
        // Before the address: another server's events must not come to the inbox of the account before, where that of
        // the new one cannot be opened.
        if let Some(next) = next {
            self.begin_account(next, None).await?;
        }
        if !self.locked.contains(&Key::ApiUrl) {
            let typed = Value::String(address.to_string());
            let mut changes = vec![(Key::ApiUrl, Some(typed))];
            if self.settings.token_for == TokenFor::Address
                && let Some(held) = self.tokens.environments_for_another(&Server::of(&address))
            {
                // Else the next start would take the token for the new server's.
                changes.push((Key::TokenFor, Some(Value::String(held.server().to_string()))));
            }
            let saved = self.file.set(&changes);
            self.settings.address = Some(address);
            self.note_saving(saved);
        }
        self.publish_account();
        self.open_stream();
        Ok(())
    }

    /// From now on this account is in force: its inbox, and what is known of its server. `position` is where a newcomer
    /// begins.
    pub(super) async fn begin_account(
        &mut self,
        next: Entry,
        position: Option<String>,
    ) -> Result<(), CoreError> {
        let is_other = self.account.as_ref().map(Entry::folder) != Some(next.folder());
        if is_other {
            self.readers.publish_requested_item(None);
            self.switch_inbox(next).await?;
        } else {
            self.set_account(next);
        }
        let types = self.settings.types.clone();
        let (cursor, heard_at) = self
            .with_inbox(move |inbox| {
                inbox.listen_to(&types)?;
                if let Some(position) = &position {
                    inbox.begin_at(position)?;
                }
                Ok((inbox.cursor()?, inbox.heard_at()?))
            })
            .await?;
        self.store.set_cursor(cursor);
        self.link.begin_account(heard_at);
        self.publish_account();
        self.readers.publish_inbox_changed();
        self.publish_counts().await;
        Ok(())
    }

    /// Leaves the inbox of the account before for that of another one. One that could not be stored is kept until it
    /// can.
    async fn switch_inbox(&mut self, next: Entry) -> Result<(), CoreError> {
        // An answer that comes later is of an inbox that is left.
        // On the same server it is another person who would see what is pending.
        let same_server = self.account.as_ref().map(Entry::server) == Some(next.server());
        self.end_alerts(!same_server).await;
        if same_server {
            self.withdraw_all().await;
        }
        let opened = match self.store.take_unstored(&next) {
            Some(left) => left,
            None => {
                let paths = self.setup.paths.clone();
                let account = next.clone();
                let opening = tokio::task::spawn_blocking(move || open_inbox(&paths, Some(&account)));
                Next::of(opening.await.map_err(|_| InboxError::Closed)??)?
            }
        };
        let before = self.account.clone();
        self.set_account(next);
        let problem = self.store.switch(opened, before);
        self.readers.set_notice(NoticeKind::Storage, problem);
        self.publish_storage();
        self.begin_account_alerts().await;
        Ok(())
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
            if self.link.is_wanted() {
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
