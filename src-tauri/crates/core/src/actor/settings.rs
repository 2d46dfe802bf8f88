//! The settings in force: what the user changes, and what others change in the files.

use gloria_stream::{NetworkOptions, ProxyChoice};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::Actor;
use crate::handle::CoreError;
use crate::protocol::{NoticeKind, PreferencesForm};
use crate::settings::{self, Change, Key, Problem, Raw, Settings, SettingsFileError};
use crate::text::sentence;

impl Actor {
    /// The way out of the network.
    pub(super) fn network(&self) -> NetworkOptions {
        NetworkOptions {
            system_proxies: self.setup.ports.proxies.clone(),
            ..self.settings.network()
        }
    }

    /// Learns which proxy the stream will be dialled through, for those who look.
    pub(super) fn find_proxy(&mut self) {
        let address = self.settings.address.as_ref();
        let proxy = address.and_then(|address| self.network().proxy_for(&address.stream(&[])));
        self.link.set_proxy(proxy);
    }

    pub(super) fn save_preferences(&mut self, form: &PreferencesForm) -> Result<(), CoreError> {
        // Before anything is changed: a form is taken as a whole or not at all.
        let proxy = form
            .proxy
            .as_deref()
            .map(|typed| self.typed_proxy(typed))
            .transpose()?;
        let proxy = proxy.filter(|proxy| *proxy != self.settings.proxy);
        let mut changes = changes(form);
        changes.extend(proxy.as_ref().map(|proxy| Change {
            key: Key::Proxy,
            value: Raw::Text(match proxy {
                ProxyChoice::System => "system".to_owned(),
                ProxyChoice::Direct => "none".to_owned(),
                ProxyChoice::Address(address) => address.exposed().expose_secret().to_owned(),
            }),
        }));
        changes.retain(|change| self.origins.lock(change.key).is_none());
        self.change_settings(changes);
        if proxy.is_some() && self.link.is_wanted() {
            self.open_stream();
        }
        self.publish_preferences();
        Ok(())
    }

    fn typed_proxy(&self, typed: &str) -> Result<ProxyChoice, CoreError> {
        let known = &self.settings.proxy;
        if self.origins.lock(Key::Proxy).is_some() {
            return Ok(known.clone());
        }
        let typed = settings::read_proxy(&Raw::Text(typed.to_owned()))
            .map_err(|mistake| CoreError::Invalid(format!("the proxy was not saved: {mistake}")))?;
        Ok(match (typed, known) {
            (ProxyChoice::Address(new), ProxyChoice::Address(known)) => {
                ProxyChoice::Address(new.with_masked_password_of(known))
            }
            (choice, _) => choice,
        })
    }

    /// Puts changes of the user in force, and into their file. What others wrote there meanwhile stays, and is taken at
    /// the next look.
    pub(super) fn change_settings(&mut self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        for change in &changes {
            if let Err(mistake) = self.settings.read(change.key, &change.value) {
                tracing::error!(setting = change.key.name(), %mistake, "a setting of the window was refused");
            }
        }
        let saved = self.layers.change(changes);
        let resolved = Settings::resolve(&self.layers, |name| (self.setup.environment)(name));
        self.publish_problems(&resolved.problems, saved.err().as_ref());
    }

    /// What could not be saved is said, and so are the mistakes that still stand: saving one setting mends no other.
    fn publish_problems(&mut self, problems: &[Problem], unsaved: Option<&SettingsFileError>) {
        let mut words: Vec<String> = problems.iter().map(ToString::to_string).collect();
        words.extend(self.own_problems.iter().cloned());
        if let Some(error) = unsaved {
            tracing::warn!(%error, "the settings hold until the app ends");
            words.insert(0, sentence(&error.to_string()));
        }
        let message = (!words.is_empty()).then(|| words.join("; "));
        self.readers.set_notice(NoticeKind::Settings, message);
    }
}

/// What a form changes, but for the proxy, which needs to be understood first.
fn changes(form: &PreferencesForm) -> Vec<Change> {
    let change = |key, value: Option<Raw>| value.map(|value| Change { key, value });
    let word = |value: serde_json::Result<Value>| match value {
        Ok(Value::String(word)) => Some(Raw::Text(word)),
        Ok(_) | Err(_) => None,
    };
    let number = |number: u8| Raw::Number(number.min(100).into());
    [
        change(Key::Sounds, form.sounds.map(Raw::Switch)),
        change(Key::Volume, form.volume.map(number)),
        change(Key::Sound, form.sound.map(serde_json::to_value).and_then(word)),
        change(
            Key::Appearance,
            form.appearance.map(serde_json::to_value).and_then(word),
        ),
        change(Key::AutoConnect, form.auto_connect.map(Raw::Switch)),
        change(
            Key::LogLevel,
            form.log_level.map(serde_json::to_value).and_then(word),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
