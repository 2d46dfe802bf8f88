//! The effective settings: changes by the user, and changes by others in the files.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use gloria_stream::{NetworkOptions, ProxyChoice};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::link::Intent;
use super::{Actor, Report};
use crate::account::address::Address;
use crate::handle::CoreError;
use crate::message::{self, Message};
use crate::private::{self, Mode};
use crate::protocol::{LockedBy, NoticeKind, PreferencesForm};
use crate::settings::{self, Change, Contents, Key, Layers, Problem, Raw, Settings};
use crate::ticks::Ticks;

/// When to read a changed file again, because an editor may still be writing it.
const SETTLE_INTERVAL: Duration = Duration::from_secs(1);

/// When the settings files are read: at each tick, because users wait for the effect of an edit, and reading three
/// small files is cheap. A file watcher would miss files on network drives, and those behind a link.
#[derive(Debug)]
pub(super) struct SettingsFiles {
    ticks: Ticks,
    due: Instant,
    /// The last read. While it is not finished, no other one is started: the disk may hang.
    reading: Option<JoinHandle<()>>,
    /// What was last read and is not effective.
    unsettled: Option<Box<Contents>>,
    /// The policy as the app's folder has it for a start at which it cannot be read; `None` if that is not known.
    remembered: Option<String>,
    /// The problems that were logged last.
    logged: Vec<Problem>,
}

impl SettingsFiles {
    pub(super) fn new(now: Instant) -> Self {
        let ticks = Ticks::new(now.into_std());
        Self {
            ticks,
            due: ticks.after_tokio(now),
            reading: None,
            unsettled: None,
            remembered: None,
            logged: Vec::new(),
        }
    }

    /// Writes the policy into the app's folder if it can be read and is another one than before.
    pub(super) fn remember_policy(&mut self, layers: &Layers, file: &Path) {
        let Some(policy) = layers.policy_to_remember() else {
            return;
        };
        if self.remembered.as_ref() == Some(&policy) {
            return;
        }
        let written = if policy.is_empty() {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            }
        } else {
            private::replace(file, policy.as_bytes(), Mode::Private)
        };
        match written {
            Ok(()) => self.remembered = Some(policy),
            // Tried again when the settings change the next time.
            Err(error) => tracing::warn!(%error, "the policy could not be remembered"),
        }
    }

    /// Logs what is wrong with the settings, if that is new: by its id and the setting's name, without any value.
    pub(super) fn log_problems(&mut self, problems: &[Problem]) {
        if self.logged != problems {
            self.logged = problems.to_vec();
            for problem in problems {
                let (id, setting) = (problem.message().id, problem.setting().unwrap_or_default());
                tracing::warn!(%id, setting, line = problem.line, "a mistake in the settings");
            }
        }
    }

    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// Returns the contents to apply, which two reads in a row have found.
    fn on_read(&mut self, read: Contents, layers: &Layers, now: Instant) -> Option<Contents> {
        if layers.is_current(&read) {
            self.unsettled = None;
            return None;
        }
        let settled = layers.settled(&read, self.unsettled.as_deref());
        self.unsettled = (settled.as_ref() != Some(&read)).then(|| Box::new(read));
        if self.unsettled.is_some() {
            self.due = now + SETTLE_INTERVAL;
        }
        settled
    }
}

impl Actor {
    /// Reads the files outside the loop, because their disk may hang. Only a change is reported, because a report wakes
    /// the loop.
    pub(super) fn read_settings_files(&mut self, now: Instant) {
        let files = &mut self.settings_files;
        files.due = files.ticks.after_tokio(now);
        if files
            .reading
            .as_ref()
            .is_some_and(|reading| !reading.is_finished())
        {
            return;
        }
        let is_settled = files.unsettled.is_none();
        let known = self.layers.in_force().filter(|_| is_settled).cloned();
        let reports = self.reports.0.clone();
        let (path, managed) = (self.setup.paths.settings(), self.setup.paths.managed.clone());
        files.reading = Some(tokio::task::spawn_blocking(move || {
            let read = Contents::read(&path, &managed);
            if known.as_ref() != Some(&read) {
                // The core may have ended meanwhile.
                let _ = reports.send(Report::SettingsRead(Box::new(read)));
            }
        }));
    }

    pub(super) async fn on_settings_read(&mut self, read: Contents) {
        if let Some(settled) = self.settings_files.on_read(read, &self.layers, Instant::now()) {
            self.layers.apply(settled);
            let last = self.setup.paths.last_policy();
            self.settings_files.remember_policy(&self.layers, &last);
            self.apply_settings().await;
        }
    }

    /// Applies the current contents of files and environment. Parts without a change are not interrupted.
    async fn apply_settings(&mut self) {
        let resolved = Settings::resolve(&self.layers, |name| (self.setup.environment)(name));
        let network = self.network();
        // The address is applied last, together with its account.
        let mut next = resolved.settings;
        let wanted = std::mem::replace(&mut next.address, self.settings.address.clone());
        let moved = wanted != next.address;
        let before = std::mem::replace(&mut self.settings, next);
        self.origins = resolved.origins;
        if moved || before != self.settings {
            tracing::info!("the settings have changed");
        }
        self.migrate_proxy_password();
        self.end_fixed_debug_log();
        self.enforce_start_at_login();
        self.exports.apply(&before, &self.settings, &self.meters);
        let types_changed = before.types != self.settings.types;
        if types_changed {
            self.listen_to_types().await;
        }
        let stream_changed = types_changed
            || before.timing() != self.settings.timing()
            || before.auth_transport != self.settings.auth_transport
            || before.grant_rule() != self.settings.grant_rule()
            || before.command() != self.settings.command()
            || network != self.network();
        let mut unmoved = None;
        if moved {
            unmoved = self.move_to(wanted).await.err();
        } else if stream_changed && self.link.is_wanted() {
            self.open_stream();
        }
        self.on_sign_in_settings(moved);
        self.on_release_settings();
        self.find_proxy();
        self.publish_account();
        self.publish_connection();
        self.publish_preferences();
        self.publish_problems(&resolved.problems, unmoved.map(|error| error.message()));
    }

    async fn listen_to_types(&mut self) {
        let types = self.settings.types.clone();
        let cursor = self
            .with_inbox(move |inbox| {
                inbox.set_event_types(&types)?;
                inbox.cursor()
            })
            .await;
        match cursor {
            Ok(cursor) => self.store.set_cursor(cursor),
            Err(error) => tracing::warn!(%error, "which types are asked for could not be stored"),
        }
    }

    /// Switches to another address from a file. A user who disconnected stays disconnected.
    async fn move_to(&mut self, address: Option<Address>) -> Result<(), CoreError> {
        self.drop_stream();
        self.entering.supersede();
        self.identity.on_token();
        let Some(address) = address else {
            return self.leave_server().await;
        };
        let session = self.session_for(&address);
        session.requery(false);
        self.tokens.put_in_force(session);
        let outcome = self.leave_account_for(&address).await;
        if outcome.is_ok() {
            self.settings.address = Some(address);
        } else {
            // Retried when the files are read the next time.
            self.layers.mark_stale();
        }
        match self.link.intent() {
            Intent::Connection | Intent::Disconnection(_) => self.open_stream(),
            // Signing out of one server does not apply to another.
            Intent::Nothing if outcome.is_ok() => self.open_stream(),
            Intent::Nothing => {}
        }
        outcome
    }

    /// Returns proxy, roots and client certificate.
    pub(super) fn network(&self) -> NetworkOptions {
        NetworkOptions {
            proxy: self.proxy_password.applied_to(&self.settings.proxy),
            system_proxies: self.setup.ports.proxies.clone(),
            ..self.settings.network()
        }
    }

    /// Determines the proxy for the stream, which is shown in the window.
    pub(super) fn find_proxy(&mut self) {
        let address = self.settings.address.as_ref();
        let proxy = address.and_then(|address| self.network().proxy_for(&address.stream(&[])));
        self.link.set_proxy(proxy);
    }

    pub(super) fn save_preferences(&mut self, form: &PreferencesForm) -> Result<(), CoreError> {
        // Before any change, because a form is applied completely or not at all.
        let mut changed = changes(form);
        let keys = changed.iter().map(|change| change.key);
        for key in keys.chain(form.proxy.is_some().then_some(Key::Proxy)) {
            self.refuse_locked(key)?;
        }
        let proxy = form
            .proxy
            .as_deref()
            .map(|typed| self.typed_proxy(typed))
            .transpose()?;
        let proxy = proxy.filter(|proxy| *proxy != self.network().proxy);
        if let Some(proxy) = &proxy {
            let without = self.store_proxy_password(proxy);
            changed.push(Change {
                key: Key::Proxy,
                value: Raw::Text(settings::proxy_words(&without)),
            });
        }
        self.change_settings(changed);
        if proxy.is_some() && self.link.is_wanted() {
            self.open_stream();
        }
        self.publish_preferences();
        Ok(())
    }

    /// Says who set what the user wants to change.
    pub(super) fn refuse_locked(&self, key: Key) -> Result<(), CoreError> {
        let refused = match self.origins.lock(key) {
            None => return Ok(()),
            Some(LockedBy::Administrator) => message::settings_locked_policy(key.name()),
            Some(LockedBy::Environment) => message::settings_locked_environment(key.name(), key.variable()),
        };
        Err(CoreError::Invalid(refused))
    }

    fn typed_proxy(&self, typed: &str) -> Result<ProxyChoice, CoreError> {
        let known = self.network().proxy;
        let typed = settings::read_proxy(&Raw::Text(typed.to_owned()))
            .map_err(|mistake| CoreError::Invalid(message::proxy_not_saved(mistake.message())))?;
        Ok(match (typed, known) {
            (ProxyChoice::Address(new), ProxyChoice::Address(known)) => {
                ProxyChoice::Address(new.with_masked_password_of(&known))
            }
            (choice, _) => choice,
        })
    }

    /// Applies the user's changes and writes them to the user's file. Changes by others in the file are kept, and
    /// become effective when it is read.
    pub(super) fn change_settings(&mut self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        for change in &changes {
            if self.origins.lock(change.key).is_some() {
                continue;
            }
            if let Err(mistake) = self.settings.read(change.key, &change.value) {
                tracing::error!(setting = change.key.name(), %mistake, "a setting of the window was refused");
            }
        }
        let saved = self.layers.change(changes);
        let unsaved = saved.err().map(|error| {
            tracing::warn!(%error, "the settings hold until the app ends");
            error.message()
        });
        self.publish_standing_problems(unsaved);
    }

    /// Publishes the problems of the current settings, and what just failed.
    pub(super) fn publish_standing_problems(&mut self, failure: Option<Message>) {
        let resolved = Settings::resolve(&self.layers, |name| (self.setup.environment)(name));
        self.publish_problems(&resolved.problems, failure);
    }

    /// Publishes what just failed together with the remaining problems, because saving one setting resolves no other.
    fn publish_problems(&mut self, problems: &[Problem], failure: Option<Message>) {
        self.settings_files.log_problems(problems);
        let standing = self.own_problems.iter().chain(self.exports.problems());
        let standing = standing.chain(self.proxy_password.problem());
        let standing = standing.chain(self.start_at_login.problem()).cloned();
        let all = failure
            .into_iter()
            .chain(problems.iter().map(Problem::message))
            .chain(standing);
        let notice = Message::joined(all);
        self.readers.set_notice(NoticeKind::Settings, notice);
    }
}

/// Returns the changes in a form, except the proxy, which has to be parsed first.
fn changes(form: &PreferencesForm) -> Vec<Change> {
    let change = |key, value: Option<Raw>| value.map(|value| Change { key, value });
    let word = |value: serde_json::Result<Value>| match value {
        Ok(Value::String(word)) => Some(Raw::Text(word)),
        Ok(_) | Err(_) => None,
    };
    let number = |number: u8| Raw::Integer(number.min(100).into());
    [
        change(Key::Sounds, form.sounds.map(Raw::Boolean)),
        change(Key::Volume, form.volume.map(number)),
        change(Key::Sound, form.sound.map(serde_json::to_value).and_then(word)),
        change(
            Key::Appearance,
            form.appearance.map(serde_json::to_value).and_then(word),
        ),
        change(Key::AutoConnect, form.auto_connect.map(Raw::Boolean)),
        change(
            Key::LogLevel,
            form.log_level.map(serde_json::to_value).and_then(word),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests;
