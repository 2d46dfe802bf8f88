//! The settings and their layers: the program's defaults, the administrator's defaults, the user's file, the
//! environment, and above all of them the administrator's policy.
//!
//! Contains the list of settings (`list`), their files, and the layers. It does not depend on the core that uses them.
//! A mistake in any layer invalidates only that setting in that layer, and is reported.

mod about;
mod check;
mod define;
mod file;
mod file_problem;
mod forms;
mod kind;
mod layer;
mod layers;
mod lines;
mod list;
mod managed;
mod mistake;
mod names;
mod problem;
mod raw;
mod read;
mod shown;
mod suggest;
mod syntax_error;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use gloria_sign_in::Provider;
use gloria_stream::{ClientCertificate, NetworkOptions, ProxyChoice, Timing};

pub use about::About;
pub use check::{Checked, check_policy};
pub use file::{Change, SettingsFileError};
pub use file_problem::FileProblem;
pub(crate) use forms::proxy as read_proxy;
pub use kind::Kind;
pub use layer::{Layer, Origin};
pub use layers::{Contents, Layers};
pub use list::{Key, Settings};
pub use mistake::Mistake;
pub use problem::{Place, Problem, ProblemKind, Warning};
pub use raw::Raw;
pub use shown::ShownSetting;
pub use syntax_error::SyntaxError;

use crate::account::session::{Server, ServerCommand, TokenFor};
use crate::event;
use crate::grant::GrantRule;
use crate::inbox::{Retention, Sweep};
use crate::item::EpochMillis;
pub use crate::paths::{Managed, Source};
use crate::protocol::{EventType, LockedBy};
use crate::release;

impl Settings {
    /// Returns the connection's timing.
    pub fn timing(&self) -> Timing {
        Timing {
            base_delay: self.reconnect_interval,
            max_attempts: self.max_reconnect_attempts,
            heartbeat: self.heartbeat_interval,
        }
    }

    /// Whether the events that become notifications are among those that are received.
    pub fn receives_notifications(&self) -> bool {
        event::is_listened_to(EventType::NotificationCreated.name(), &self.types)
    }

    /// Returns the network options, as far as they are settings.
    pub fn network(&self) -> NetworkOptions {
        let password = self.client_certificate_password.as_ref();
        NetworkOptions {
            proxy: self.proxy.clone(),
            no_proxy: self.no_proxy.clone(),
            ca_file: self.ca_file.clone(),
            client_certificate: ClientCertificate {
                certificate: self.client_certificate.clone(),
                key: self.client_key.clone(),
                password: password.map(|password| password.0.clone()),
            },
            probe_url: self.probe_url.clone(),
            system_proxies: None,
        }
    }

    /// The command that prints the token, and the server that it is for, if both are known.
    pub fn command(&self) -> Option<ServerCommand> {
        let command = self.auth_command.clone()?;
        let server = match &self.auth_command_for {
            TokenFor::Address => Server::of(self.address.as_ref()?),
            TokenFor::Server(server) => server.clone(),
            TokenFor::Unclear => return None,
        };
        Some(ServerCommand::new(server, command))
    }

    /// Where users sign in, if the settings say it: with both issuer and client id.
    pub fn sign_in(&self) -> Option<Provider> {
        let issuer = self.auth_issuer.clone()?;
        let provider = Provider::new(issuer, self.auth_client_id.clone()?);
        Some(self.with_sign_in_settings(provider))
    }

    /// What the settings demand of a sign-in that is in force.
    pub fn grant_rule(&self) -> GrantRule {
        GrantRule {
            issuer: self.auth_issuer.clone(),
            client_id: self.auth_client_id.clone(),
        }
    }

    /// A provider, with what is set about sign-ins instead of its own values.
    pub(crate) fn with_sign_in_settings(&self, provider: Provider) -> Provider {
        Provider {
            client_id: self.auth_client_id.clone().unwrap_or(provider.client_id),
            scopes: self.auth_scopes.clone().unwrap_or(provider.scopes),
            prompt: self.auth_prompt.clone().or(provider.prompt),
            audience: self.auth_audience.clone().or(provider.audience),
            ..provider
        }
    }

    /// Where newer versions are asked for; `None` unless both address and key are set.
    pub(crate) fn release_source(&self) -> Option<release::Source> {
        Some(release::Source {
            url: self.updates_url.clone()?,
            key: self.updates_key.clone()?,
            channel: self.updates_channel,
        })
    }

    /// Returns how much of the inbox is kept.
    pub fn retention(&self) -> Retention {
        Retention {
            days: self.keep_days,
            items: self.keep_items,
            megabytes: self.keep_megabytes,
        }
    }

    /// Returns a sweep of the inbox. `now` is explained there.
    pub(crate) fn sweep(&self, now: EpochMillis) -> Sweep {
        Sweep::new(self.retention(), now).with_limits(&self.keep_categories)
    }

    /// Merges the layers, from the lowest to the highest.
    pub fn resolve(layers: &Layers, environment: impl Fn(&str) -> Option<String>) -> Resolved {
        let variables = Layer::of_environment(&environment);
        let mut resolved = Resolved {
            problems: layers.problems(),
            ..Resolved::default()
        };
        for key in Key::ALL {
            let stack: &[(Origin, &Layer)] = if layers.policy().given.contains_key(key) {
                // A setting in the policy is never the user's, even if its value there is invalid.
                &[
                    (Origin::Machine, layers.defaults()),
                    (Origin::Policy, layers.policy()),
                ]
            } else if *key == Key::StartAtLogin {
                &[(Origin::Environment, &variables)]
            } else {
                &[
                    (Origin::Machine, layers.defaults()),
                    (Origin::User, layers.user()),
                    (Origin::Environment, &variables),
                ]
            };
            for (origin, layer) in stack {
                resolved.apply(*key, *origin, layer);
            }
        }
        resolved.bind_token(&variables);
        resolved.check_client_key(layers, &variables);
        resolved.check_updates(layers, &variables);
        resolved.refuse_switch(layers);
        // What the environment exempts for all proxies also applies to a proxy from the settings.
        let exempt = environment("NO_PROXY").or_else(|| environment("no_proxy"));
        let exempt = exempt.unwrap_or_default();
        resolved.settings.no_proxy.extend(forms::parts(&exempt));
        resolved
    }

    /// Returns what may be wrong with a value that is used.
    fn warning(&self, key: Key, raw: &Raw) -> Option<Warning> {
        match (key, raw) {
            (Key::ApiUrl, Raw::Text(text)) => {
                let address = self.address.as_ref()?;
                address.is_bare_word(text).then(|| Warning::BareWord {
                    address: address.to_string(),
                })
            }
            (Key::Types, _) => self
                .types
                .iter()
                .find_map(|name| event::unknown_type(name))
                .map(Warning::UnknownType),
            (_, _) => None,
        }
    }
}

/// The effective settings, their origins, and the mistakes in the layers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resolved {
    /// The effective settings.
    pub settings: Settings,
    /// The origins of settings that differ from the program's defaults.
    pub origins: Origins,
    /// The mistakes, each with its place.
    pub problems: Vec<Problem>,
}

/// The origins of settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins(BTreeMap<Key, Origin>);

impl Origins {
    /// Returns the origin of a setting.
    pub fn of(&self, key: Key) -> Origin {
        self.0.get(&key).copied().unwrap_or_default()
    }

    /// Returns who prevents the user from changing a setting, if anyone.
    pub fn lock(&self, key: Key) -> Option<LockedBy> {
        match self.of(key) {
            Origin::Program | Origin::Machine | Origin::User => None,
            Origin::Environment => Some(LockedBy::Environment),
            Origin::Policy => Some(LockedBy::Administrator),
        }
    }

    /// Returns all settings that the user cannot change, by their names in files.
    pub fn locks(&self) -> BTreeMap<String, LockedBy> {
        let lock = |key: &Key| Some((key.name().to_owned(), self.lock(*key)?));
        self.0.keys().filter_map(lock).collect()
    }
}

impl Resolved {
    /// Applies a layer's value of a setting over those of the layers below.
    fn apply(&mut self, key: Key, origin: Origin, layer: &Layer) {
        let Some(given) = layer.given.get(&key) else {
            return;
        };
        let setting = key.name();
        let problem = match self.settings.read(key, &given.raw) {
            Ok(()) => {
                self.origins.0.insert(key, origin);
                let warning = self.settings.warning(key, &given.raw);
                warning.map(|warning| ProblemKind::Warning { setting, warning })
            }
            Err(mistake) => {
                // So that the token is not sent to the configured server.
                if key == Key::TokenFor {
                    self.settings.token_for = TokenFor::Unclear;
                } else if key == Key::AuthCommandFor {
                    self.settings.auth_command_for = TokenFor::Unclear;
                }
                if origin == Origin::Policy {
                    self.origins.0.insert(key, origin);
                }
                Some(ProblemKind::Ignored { setting, mistake })
            }
        };
        let problem = problem.map(|kind| layer.problem(key, kind));
        self.problems.extend(problem);
    }

    /// Binds the token of the environment to the environment's address, if the environment does not name its server,
    /// also if a policy sets another address. The address in a file is older and proves nothing about this token.
    fn bind_token(&mut self, variables: &Layer) {
        let Some(address) = variables.given.get(&Key::ApiUrl) else {
            return;
        };
        if variables.given.contains_key(&Key::TokenFor) {
            return;
        }
        self.settings.token_for = match self.origins.of(Key::ApiUrl) {
            Origin::Environment => TokenFor::Address,
            Origin::Program | Origin::Machine | Origin::User | Origin::Policy => {
                match forms::address(&address.raw, self.settings.allow_plain_http) {
                    Ok(address) => TokenFor::Server(Server::of(&address)),
                    Err(_) => TokenFor::Unclear,
                }
            }
        };
    }

    fn check_client_key(&mut self, layers: &Layers, variables: &Layer) {
        if self.settings.client_certificate.is_some() || self.settings.client_key.is_none() {
            return;
        }
        self.ignore(Key::ClientKey, Mistake::NoCertificate, layers, variables);
    }

    /// Reports an address of manifests without their key, which nothing could be believed of, or a key alone. Where the
    /// other one has a mistake, that is reported.
    fn check_updates(&mut self, layers: &Layers, variables: &Layer) {
        let (url, key) = (&self.settings.updates_url, &self.settings.updates_key);
        let (alone, missing) = match (url, key) {
            (Some(_), None) => (Key::UpdatesUrl, Key::UpdatesKey),
            (None, Some(_)) => (Key::UpdatesKey, Key::UpdatesUrl),
            (Some(_), Some(_)) | (None, None) => return,
        };
        self.ignore(alone, Mistake::Needs(missing), layers, variables);
    }

    /// Reports a start at login that users or an administrator's defaults set: it is the system's entry, which users
    /// also change in the system's settings, and a file would say something else than is the case.
    fn refuse_switch(&mut self, layers: &Layers) {
        let (setting, mistake) = (Key::StartAtLogin.name(), Mistake::OnlyByPolicy);
        for layer in [layers.user(), layers.defaults()] {
            if layer.given.contains_key(&Key::StartAtLogin) {
                let mistake = mistake.clone();
                let kind = ProblemKind::Ignored { setting, mistake };
                self.problems.push(layer.problem(Key::StartAtLogin, kind));
            }
        }
    }

    /// Reports that a valid value is of no use.
    fn ignore(&mut self, key: Key, mistake: Mistake, layers: &Layers, variables: &Layer) {
        let layer = match self.origins.of(key) {
            Origin::Program | Origin::Machine => layers.defaults(),
            Origin::User => layers.user(),
            Origin::Environment => variables,
            Origin::Policy => layers.policy(),
        };
        let setting = key.name();
        let kind = ProblemKind::Ignored { setting, mistake };
        self.problems.push(layer.problem(key, kind));
    }
}

/// Returns a proxy as text, without its password.
pub(crate) fn proxy_words(proxy: &ProxyChoice) -> String {
    match proxy {
        ProxyChoice::System => "system".to_owned(),
        ProxyChoice::Direct => "none".to_owned(),
        ProxyChoice::Address(address) => address.to_string(),
    }
}
