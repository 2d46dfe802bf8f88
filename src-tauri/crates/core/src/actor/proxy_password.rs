//! The proxy's password: loaded from the keyring before the first attempt, and stored only there, never in the settings
//! file.

use std::future::ready;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_stream::ProxyChoice;
use secrecy::SecretString;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Actor, Report};
use crate::account::proxy_password;
use crate::message::{self, Message};
use crate::ports::{SecretError, Secrets};
use crate::settings::{Change, Key, Origin, Raw, proxy_words, read_proxy};

/// The interval of queries to a keyring that did not answer, as for a token.
const KEYRING_INTERVAL: Duration = Duration::from_secs(10);

/// What is known about the proxy's password.
#[derive(Debug, Default)]
pub(super) struct ProxyPassword {
    /// The keyring's entry and its password: `None` if the keyring has none, or has not answered.
    known: Option<(String, Option<SecretString>)>,
    /// The entry that is being queried.
    asked: Option<String>,
    /// Whether the keyring was queried and has not answered or failed yet.
    is_awaited: bool,
    /// The task that queries the keyring.
    asking: JoinSet<()>,
    /// The value in the settings file while its password is being moved to the keyring.
    moving: Option<Raw>,
    /// The task that repeats this until the keyring stores it.
    migration: JoinSet<()>,
    /// Why a password is not stored where it should be, or is not available.
    problem: Option<Message>,
}

/// An answer of the keyring.
#[derive(Debug)]
pub(super) enum KeyringAnswer {
    /// The answer to a query.
    Loaded {
        entry: String,
        outcome: Result<Option<SecretString>, SecretError>,
    },
    /// The result of storing a password that the user entered.
    Stored(Result<(), SecretError>),
    /// The result of moving a password out of the settings file.
    Moved {
        raw: Raw,
        outcome: Result<(), SecretError>,
    },
}

impl ProxyPassword {
    /// Returns the proxy with its password, if that is known.
    pub(super) fn applied_to(&self, choice: &ProxyChoice) -> ProxyChoice {
        let password = self.known_for(choice).flatten();
        match password {
            Some(password) => proxy_password::with(choice.clone(), Some(password)),
            None => choice.clone(),
        }
    }

    /// Returns what is known for this proxy, if anything.
    fn known_for(&self, choice: &ProxyChoice) -> Option<Option<SecretString>> {
        let wanted = proxy_password::entry_to_load(choice)?;
        let (entry, password) = self.known.as_ref()?;
        (*entry == wanted).then(|| password.clone())
    }

    pub(super) fn problem(&self) -> Option<&Message> {
        self.problem.as_ref()
    }

    /// Takes over what a new core cannot find out, because the keyring may not have it.
    pub(super) fn take_over_from(&mut self, broken: Self) {
        self.known = broken.known.filter(|(_, password)| password.is_some());
    }
}

/// Stores a password in the keyring.
fn store(
    secrets: &dyn Secrets,
    entry: &str,
    password: &SecretString,
) -> BoxFuture<'static, Result<(), SecretError>> {
    match proxy_password::to_stored(password) {
        Some(kept) => secrets.store(entry, kept.into()),
        None => ready(Err(SecretError::Refused(
            message::proxy_password_too_long().into(),
        )))
        .boxed(),
    }
}

impl Actor {
    /// Queries the keyring for the proxy's password if it is not known yet. Returns whether to wait for the answer.
    pub(super) fn ask_for_proxy_password(&mut self) -> bool {
        let Some(entry) = proxy_password::entry_to_load(&self.settings.proxy) else {
            return false;
        };
        if self.proxy_password.known_for(&self.settings.proxy).is_some() {
            return false;
        }
        let is_asked = self.proxy_password.asked.as_ref() == Some(&entry);
        if is_asked && self.proxy_password.is_awaited {
            return true;
        }
        self.proxy_password.asked = Some(entry.clone());
        self.proxy_password.is_awaited = true;
        let (secrets, reports) = (self.setup.ports.secrets.clone(), self.reports.0.clone());
        // Aborts an earlier query.
        self.proxy_password.asking = JoinSet::new();
        self.proxy_password.asking.spawn(async move {
            let mut without_prompt = false;
            loop {
                let outcome = proxy_password::load(secrets.as_ref(), &entry, without_prompt).await;
                let is_answer = outcome.is_ok();
                // The first failure is reported, so that the attempt need not wait; later ones change nothing.
                if is_answer || !without_prompt {
                    let entry = entry.clone();
                    // The core may have ended meanwhile.
                    let _ = reports.send(Report::ProxyPassword(KeyringAnswer::Loaded { entry, outcome }));
                }
                if is_answer {
                    return;
                }
                without_prompt = true;
                sleep(KEYRING_INTERVAL).await;
            }
        });
        true
    }

    pub(super) fn on_proxy_password(&mut self, news: KeyringAnswer) {
        match news {
            KeyringAnswer::Loaded { entry, outcome } => self.on_proxy_password_loaded(entry, outcome),
            KeyringAnswer::Stored(outcome) => {
                self.proxy_password.problem = outcome.err().map(|error| {
                    tracing::warn!(%error, "the proxy's password is held in memory only");
                    message::proxy_password_in_memory(error.message())
                });
                self.publish_standing_problems(None);
            }
            KeyringAnswer::Moved { raw, outcome } => self.on_proxy_password_moved(raw, outcome),
        }
    }

    fn on_proxy_password_loaded(
        &mut self,
        entry: String,
        outcome: Result<Option<SecretString>, SecretError>,
    ) {
        // Another proxy may have been set since.
        let is_wanted = proxy_password::entry_to_load(&self.settings.proxy).as_ref() == Some(&entry);
        if self.proxy_password.asked.as_ref() != Some(&entry) || !is_wanted {
            return;
        }
        let is_first = std::mem::take(&mut self.proxy_password.is_awaited);
        let problem = outcome.as_ref().err();
        self.proxy_password.problem = problem.map(|error| {
            tracing::warn!(%error, "the proxy's password is not available");
            message::proxy_password_unavailable(error.message())
        });
        let password = outcome.ok().flatten();
        let has_password = password.is_some();
        self.proxy_password.known = Some((entry, password));
        self.publish_standing_problems(None);
        self.publish_preferences();
        // The first answer is awaited in any case; a later one matters only if it contains a password.
        if self.link.is_wanted() && (is_first || has_password) {
            self.open_stream();
        }
    }

    /// Uses the proxy password that the user entered, and stores it in the keyring. Returns the value for the settings
    /// file. The keyring's entry of the previous proxy is removed.
    pub(super) fn store_proxy_password(&mut self, choice: &ProxyChoice) -> ProxyChoice {
        let before = match &self.settings.proxy {
            ProxyChoice::Address(address) => proxy_password::entry(address),
            ProxyChoice::System | ProxyChoice::Direct => None,
        };
        let (entry, password) = match choice {
            ProxyChoice::Address(address) => (proxy_password::entry(address), address.password().cloned()),
            ProxyChoice::System | ProxyChoice::Direct => (None, None),
        };
        self.proxy_password = ProxyPassword::default();
        if let Some(before) = before.filter(|before| entry.as_ref() != Some(before) || password.is_none()) {
            let forgotten = self.setup.ports.secrets.forget(&before);
            tokio::spawn(async move {
                if let Err(error) = forgotten.await {
                    tracing::warn!(%error, "the password of a proxy could not be removed from the keyring");
                }
            });
        }
        let Some(entry) = entry else {
            return choice.clone();
        };
        self.proxy_password.known = Some((entry.clone(), password.clone()));
        if let Some(password) = password {
            self.store_in_keyring(&entry, &password);
        }
        proxy_password::with(choice.clone(), None)
    }

    fn store_in_keyring(&self, entry: &str, password: &SecretString) {
        let reports = self.reports.0.clone();
        let stored = store(self.setup.ports.secrets.as_ref(), entry, password);
        tokio::spawn(async move {
            // The core may have ended meanwhile.
            let _ = reports.send(Report::ProxyPassword(KeyringAnswer::Stored(stored.await)));
        });
    }

    /// Moves a password from the user's settings file to the keyring, with retries while that does not answer. It is
    /// removed from the file once the keyring has it.
    pub(super) fn migrate_proxy_password(&mut self) {
        let raw = self.layers.user_value(Key::Proxy).cloned();
        if self.proxy_password.moving.is_some() && self.proxy_password.moving == raw {
            return;
        }
        // An earlier value of the file must not be stored any more.
        self.proxy_password.migration = JoinSet::new();
        self.proxy_password.moving = None;
        let Some(raw) = raw else { return };
        let Ok(ProxyChoice::Address(address)) = read_proxy(&raw) else {
            return;
        };
        let (Some(entry), Some(password)) = (proxy_password::entry(&address), address.password().cloned())
        else {
            return;
        };
        self.proxy_password.moving = Some(raw.clone());
        let (secrets, reports) = (self.setup.ports.secrets.clone(), self.reports.0.clone());
        self.proxy_password.migration.spawn(async move {
            loop {
                let outcome = store(secrets.as_ref(), &entry, &password).await;
                let is_last = matches!(outcome, Ok(()) | Err(SecretError::Refused(_)));
                let raw = raw.clone();
                // The core may have ended meanwhile.
                let _ = reports.send(Report::ProxyPassword(KeyringAnswer::Moved { raw, outcome }));
                if is_last {
                    return;
                }
                // The user did not request this, so it must not show a prompt: it waits until the keyring answers
                // without one.
                loop {
                    sleep(KEYRING_INTERVAL).await;
                    if secrets.load_without_prompt(&entry).await.is_ok() {
                        break;
                    }
                }
            }
        });
    }

    fn on_proxy_password_moved(&mut self, raw: Raw, outcome: Result<(), SecretError>) {
        // The file may have changed by now.
        if self.proxy_password.moving.as_ref() != Some(&raw) {
            return;
        }
        if let Err(error) = outcome {
            tracing::warn!(%error, "the proxy's password stays in the settings file");
            self.proxy_password.problem = Some(message::proxy_password_in_file(error.message()));
            self.publish_standing_problems(None);
            return;
        }
        self.proxy_password.moving = None;
        if self.proxy_password.problem.take().is_some() {
            self.publish_standing_problems(None);
        }
        // The value may have been changed in the file meanwhile.
        let Ok(ProxyChoice::Address(address)) = read_proxy(&raw) else {
            return;
        };
        if self.layers.user_value(Key::Proxy) != Some(&raw) {
            return;
        }
        tracing::info!("the proxy's password is in the keyring, and no longer in the settings file");
        if self.origins.of(Key::Proxy) == Origin::User {
            let entry = proxy_password::entry(&address);
            self.proxy_password.known = entry.map(|entry| (entry, address.password().cloned()));
        }
        let without = proxy_password::with(ProxyChoice::Address(address), None);
        self.change_settings(vec![Change {
            key: Key::Proxy,
            value: Raw::Text(proxy_words(&without)),
        }]);
    }
}
