//! What can be set: defaults in code, a file that holds only what differs, and the environment above both.
//!
//! A mistake in the file or the environment costs that one setting and is told to the user; the rest holds.

mod file;

use std::net::SocketAddr;
use std::time::Duration;

use gloria_stream::{NetworkOptions, ProxyAddress, ProxyChoice, Timing};
use toml::Value;
use url::Url;

pub use file::{SettingsFile, SettingsFileError};

use crate::account::address::Address;
use crate::account::session::{Server, TokenFor};
use crate::event;
use crate::inbox::Retention;
use crate::item::SoundName;
use crate::protocol::Appearance;

/// The settings in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The API address; none until it is set up.
    pub address: Option<Address>,
    /// Plain http is taken for addresses that are not this machine. For laboratories.
    pub allow_plain_http: bool,
    /// How the token travels.
    pub auth_transport: AuthTransport,
    /// Which server the environment's token belongs to.
    pub token_for: TokenFor,
    /// The numbers of the connection.
    pub timing: Timing,
    /// The way out of the network: proxy, additional roots, where to ask whether it wants a sign-in.
    pub network: NetworkOptions,
    /// Only these event types are asked for; none means all.
    pub types: Vec<String>,
    /// Sounds are on.
    pub sounds: bool,
    /// 0 to 100.
    pub volume: u8,
    /// The sound of an ordinary notification.
    pub sound: SoundName,
    /// The colours of the window.
    pub appearance: Appearance,
    /// Where the connection's numbers are served to a collector on this machine; none means nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// How much of the inbox is kept.
    pub retention: Retention,
}

/// How the token travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthTransport {
    /// As `Authorization: Bearer`.
    Header,
    /// As `?token=`, for servers that read no header.
    Query,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: None,
            allow_plain_http: false,
            auth_transport: AuthTransport::Header,
            token_for: TokenFor::default(),
            timing: Timing::default(),
            network: NetworkOptions::default(),
            types: Vec::new(),
            sounds: true,
            // Heard across a desk, not across the room: the bundled sounds are normalised.
            volume: 70,
            sound: SoundName::default(),
            appearance: Appearance::default(),
            metrics_listen: None,
            retention: Retention::default(),
        }
    }
}

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// See [`Settings::allow_plain_http`].
    AllowPlainHttp,
    /// See [`Settings::address`].
    ApiUrl,
    /// See [`Settings::auth_transport`].
    AuthTransport,
    /// See [`Settings::token_for`].
    TokenFor,
    /// See [`Timing::base_delay`].
    ReconnectInterval,
    /// See [`Timing::max_attempts`].
    MaxReconnectAttempts,
    /// See [`Timing::heartbeat`].
    HeartbeatInterval,
    /// See [`NetworkOptions::proxy`].
    Proxy,
    /// See [`NetworkOptions::no_proxy`].
    NoProxy,
    /// See [`NetworkOptions::ca_file`].
    CaFile,
    /// See [`ClientCertificate::certificate`](gloria_stream::ClientCertificate::certificate).
    ClientCertificate,
    /// See [`ClientCertificate::key`](gloria_stream::ClientCertificate::key).
    ClientKey,
    /// See [`ClientCertificate::password`](gloria_stream::ClientCertificate::password).
    ClientCertificatePassword,
    /// See [`NetworkOptions::probe_url`].
    ProbeUrl,
    /// See [`Settings::types`].
    Types,
    /// See [`Settings::sounds`].
    Sounds,
    /// See [`Settings::volume`].
    Volume,
    /// See [`Settings::sound`].
    Sound,
    /// See [`Settings::appearance`].
    Appearance,
    /// See [`Settings::metrics_listen`].
    MetricsListen,
    /// See [`Retention::days`].
    KeepDays,
    /// See [`Retention::items`].
    KeepItems,
}

impl Key {
    /// All keys. The address comes after what decides whether it is taken.
    pub const ALL: [Self; 22] = [
        Self::AllowPlainHttp,
        Self::ApiUrl,
        Self::AuthTransport,
        Self::TokenFor,
        Self::ReconnectInterval,
        Self::MaxReconnectAttempts,
        Self::HeartbeatInterval,
        Self::Proxy,
        Self::NoProxy,
        Self::CaFile,
        Self::ClientCertificate,
        Self::ClientKey,
        Self::ClientCertificatePassword,
        Self::ProbeUrl,
        Self::Types,
        Self::Sounds,
        Self::Volume,
        Self::Sound,
        Self::Appearance,
        Self::MetricsListen,
        Self::KeepDays,
        Self::KeepItems,
    ];

    /// The table and the key in the file.
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::AllowPlainHttp => ("api", "allow_plain_http"),
            Self::ApiUrl => ("api", "url"),
            Self::AuthTransport => ("auth", "transport"),
            Self::TokenFor => ("auth", "token_for"),
            Self::ReconnectInterval => ("sse", "reconnect_interval"),
            Self::MaxReconnectAttempts => ("sse", "max_reconnect_attempts"),
            Self::HeartbeatInterval => ("sse", "heartbeat_interval"),
            Self::Proxy => ("network", "proxy"),
            Self::NoProxy => ("network", "no_proxy"),
            Self::CaFile => ("network", "ca_file"),
            Self::ClientCertificate => ("network", "client_certificate"),
            Self::ClientKey => ("network", "client_key"),
            Self::ClientCertificatePassword => ("network", "client_certificate_password"),
            Self::ProbeUrl => ("network", "probe_url"),
            Self::Types => ("sse", "types"),
            Self::Sounds => ("sounds", "enabled"),
            Self::Volume => ("sounds", "volume"),
            Self::Sound => ("sounds", "sound"),
            Self::Appearance => ("window", "appearance"),
            Self::MetricsListen => ("metrics", "listen"),
            Self::KeepDays => ("inbox", "keep_days"),
            Self::KeepItems => ("inbox", "keep_items"),
        }
    }

    /// The environment variable that overrides the file.
    pub fn variable(self) -> &'static str {
        match self {
            Self::AllowPlainHttp => "GLORIA_ALLOW_PLAIN_HTTP",
            Self::ApiUrl => "GLORIA_API_URL",
            Self::AuthTransport => "GLORIA_AUTH_TRANSPORT",
            Self::TokenFor => "GLORIA_TOKEN_FOR",
            Self::ReconnectInterval => "GLORIA_SSE_RECONNECT_INTERVAL",
            Self::MaxReconnectAttempts => "GLORIA_SSE_MAX_RECONNECT_ATTEMPTS",
            Self::HeartbeatInterval => "GLORIA_SSE_HEARTBEAT_INTERVAL",
            Self::Proxy => "GLORIA_PROXY",
            Self::NoProxy => "GLORIA_NO_PROXY",
            Self::CaFile => "GLORIA_CA_FILE",
            Self::ClientCertificate => "GLORIA_CLIENT_CERTIFICATE",
            Self::ClientKey => "GLORIA_CLIENT_KEY",
            Self::ClientCertificatePassword => "GLORIA_CLIENT_CERTIFICATE_PASSWORD",
            Self::ProbeUrl => "GLORIA_PROBE_URL",
            Self::Types => "GLORIA_SSE_TYPES",
            Self::Sounds => "GLORIA_SOUNDS",
            Self::Volume => "GLORIA_SOUND_VOLUME",
            Self::Sound => "GLORIA_SOUND",
            Self::Appearance => "GLORIA_APPEARANCE",
            Self::MetricsListen => "GLORIA_METRICS_LISTEN",
            Self::KeepDays => "GLORIA_INBOX_KEEP_DAYS",
            Self::KeepItems => "GLORIA_INBOX_KEEP_ITEMS",
        }
    }
}

/// Settings in force, where they came from, and what was wrong with what was given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resolved {
    /// The settings in force.
    pub settings: Settings,
    /// Keys that the environment sets: the user cannot.
    pub locked: Vec<Key>,
    /// Mistakes, each in words for the user.
    pub problems: Vec<String>,
}

impl Resolved {
    /// Applies a value, and notes what is wrong with it or odd about it. Says whether it holds.
    fn take(&mut self, key: Key, value: &Value, named: &str) -> bool {
        let applied = self.settings.apply(key, value);
        match &applied {
            Ok(()) => {
                let doubt = self.settings.doubt(key, value);
                self.problems
                    .extend(doubt.map(|doubt| format!("{named}: {doubt}")));
            }
            Err(problem) => self.problems.push(format!("{named} is ignored: {problem}")),
        }
        applied.is_ok()
    }
}

impl Settings {
    /// Layers the environment over the file over the defaults.
    pub fn resolve(file: &SettingsFile, environment: impl Fn(&str) -> Option<String>) -> Resolved {
        let mut resolved = Resolved {
            problems: file.problems(),
            ..Resolved::default()
        };
        for key in Key::ALL {
            let (table, name) = key.name();
            if let Some(value) = file.get(key) {
                resolved.take(key, value, &format!("{table}.{name} in the settings file"));
            }
            let variable = key.variable();
            if let Some(text) = environment(variable).filter(|text| !text.is_empty())
                && resolved.take(key, &Value::String(text), variable)
            {
                resolved.locked.push(key);
            }
        }
        // What stands beside the token says whose it is, not what an address in the file once said.
        let named = environment(Key::TokenFor.variable()).is_some_and(|text| !text.is_empty());
        if resolved.locked.contains(&Key::ApiUrl) && !named {
            resolved.settings.token_for = TokenFor::Address;
        }
        let client = &resolved.settings.network.client_certificate;
        if client.certificate.is_none() && client.key.is_some() {
            let problem = "network.client_key is ignored: network.client_certificate names no file";
            resolved.problems.push(problem.to_owned());
        }
        // What the company exempts for everybody holds for a proxy that is set here as well.
        let exempt = environment("NO_PROXY").or_else(|| environment("no_proxy"));
        resolved
            .settings
            .network
            .no_proxy
            .extend(parts(&exempt.unwrap_or_default()));
        resolved
    }

    /// What is odd about a value that holds.
    fn doubt(&self, key: Key, value: &Value) -> Option<String> {
        if key == Key::ApiUrl {
            self.address.as_ref()?.doubt(value.as_str()?)
        } else if key == Key::Types {
            self.types.iter().find_map(|name| event::unknown_type(name))
        } else {
            None
        }
    }

    fn apply(&mut self, key: Key, value: &Value) -> Result<(), String> {
        match key {
            Key::AllowPlainHttp => self.allow_plain_http = boolean(value)?,
            Key::ApiUrl => {
                let address = Address::parse(text(value)?, self.allow_plain_http);
                self.address = Some(address.map_err(|error| error.to_string())?);
            }
            Key::AuthTransport => {
                self.auth_transport = choice(
                    value,
                    &[("header", AuthTransport::Header), ("query", AuthTransport::Query)],
                )?;
            }
            Key::TokenFor => {
                // A mistake must not hand the token to the server whose address is set.
                self.token_for = TokenFor::Unclear;
                let (address, _) = Address::of_stream(text(value)?, self.allow_plain_http)
                    .map_err(|error| error.to_string())?;
                self.token_for = TokenFor::Server(Server::of(&address));
            }
            Key::ReconnectInterval => self.timing.base_delay = duration(value)?,
            Key::MaxReconnectAttempts => self.timing.max_attempts = number(value, 1, 1000)?,
            Key::HeartbeatInterval => self.timing.heartbeat = duration(value)?,
            Key::Proxy => self.network.proxy = proxy(text(value)?)?,
            Key::NoProxy => self.network.no_proxy = list(value)?,
            Key::CaFile => self.network.ca_file = Some(text(value)?.trim().into()),
            Key::ClientCertificate => {
                self.network.client_certificate.certificate = Some(text(value)?.trim().into());
            }
            Key::ClientKey => self.network.client_certificate.key = Some(text(value)?.trim().into()),
            Key::ClientCertificatePassword => {
                self.network.client_certificate.password = Some(text(value)?.into());
            }
            Key::ProbeUrl => self.network.probe_url = Some(probe_url(text(value)?)?),
            Key::Types => self.types = list(value)?,
            Key::Sounds => self.sounds = boolean(value)?,
            // The range fits a byte.
            Key::Volume => self.volume = number(value, 0, 100)?.try_into().unwrap_or(100),
            Key::Sound => self.sound = choice(value, &SOUNDS)?,
            Key::Appearance => self.appearance = choice(value, &APPEARANCES)?,
            Key::MetricsListen => self.metrics_listen = Some(loopback(value)?),
            // A hundred years, and what a disk takes without a word: as good as all.
            Key::KeepDays => self.retention.days = number(value, 1, 36_500)?,
            Key::KeepItems => self.retention.items = number(value, 100, 1_000_000)?,
        }
        Ok(())
    }
}

/// The numbers are for this machine alone: nobody signs in to read them.
fn loopback(value: &Value) -> Result<SocketAddr, String> {
    let address: SocketAddr = text(value)?
        .trim()
        .parse()
        .map_err(|_| "it should be an address with a port, such as 127.0.0.1:9464".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!(
            "{address} can be reached from other machines; it should be an address of this machine alone, such as \
             127.0.0.1:{}",
            address.port()
        ))
    }
}

const SOUNDS: [(&str, SoundName); 4] = [
    ("chime", SoundName::Chime),
    ("knock", SoundName::Knock),
    ("bloom", SoundName::Bloom),
    ("alarm", SoundName::Alarm),
];

const APPEARANCES: [(&str, Appearance); 3] = [
    ("system", Appearance::System),
    ("light", Appearance::Light),
    ("dark", Appearance::Dark),
];

/// The word for a sound in the file.
pub(crate) fn sound_word(sound: SoundName) -> &'static str {
    word(&SOUNDS, sound)
}

/// The word for an appearance in the file.
pub(crate) fn appearance_word(appearance: Appearance) -> &'static str {
    word(&APPEARANCES, appearance)
}

fn word<T: PartialEq + Copy>(words: &[(&'static str, T)], value: T) -> &'static str {
    words
        .iter()
        .find(|(_, candidate)| *candidate == value)
        .map_or("", |(word, _)| word)
}

fn text(value: &Value) -> Result<&str, String> {
    value
        .as_str()
        .ok_or_else(|| "it should be a text in quotes".to_owned())
}

fn boolean(value: &Value) -> Result<bool, String> {
    match (value.as_bool(), value.as_str()) {
        (Some(value), _) => Ok(value),
        (None, Some("true" | "1" | "on" | "yes")) => Ok(true),
        (None, Some("false" | "0" | "off" | "no")) => Ok(false),
        _ => Err("it should be true or false".into()),
    }
}

fn number(value: &Value, least: u32, most: u32) -> Result<u32, String> {
    value
        .as_integer()
        .or_else(|| value.as_str()?.trim().parse().ok())
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("it should be a whole number from {least} to {most}"))
}

/// `system`, `none`, or a proxy's address.
pub(crate) fn proxy(text: &str) -> Result<ProxyChoice, String> {
    match text.trim() {
        "system" => Ok(ProxyChoice::System),
        "none" => Ok(ProxyChoice::Direct),
        // The text may hold a password, so it is not repeated.
        address => ProxyAddress::parse(address)
            .map(ProxyChoice::Address)
            .map_err(|error| format!("it should be system, none, or a proxy's address: {error}")),
    }
}

/// The words for a proxy, without its password.
pub(crate) fn proxy_words(proxy: &ProxyChoice) -> String {
    match proxy {
        ProxyChoice::System => "system".to_owned(),
        ProxyChoice::Direct => "none".to_owned(),
        ProxyChoice::Address(address) => address.to_string(),
    }
}

/// A sign-in page stands in the way of plain http alone: over https there is nothing to be seen of it.
fn probe_url(text: &str) -> Result<Url, String> {
    Url::parse(text.trim())
        .ok()
        .filter(|url| url.scheme() == "http" && url.username().is_empty() && url.password().is_none())
        .ok_or_else(|| "it should be an address such as http://gloria.example/generate_204".into())
}

/// A number is milliseconds; a text may name the unit: `250ms`, `5s`, `2m`.
fn duration(value: &Value) -> Result<Duration, String> {
    let millis = match (value.as_integer(), value.as_str()) {
        (Some(millis), _) => u64::try_from(millis).ok(),
        (None, Some(text)) => {
            let text = text.trim();
            let (digits, unit) =
                text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
            let factor = match unit.trim() {
                "" | "ms" => Some(1),
                "s" => Some(1000),
                "m" | "min" => Some(60_000),
                _ => None,
            };
            digits
                .parse::<u64>()
                .ok()
                .zip(factor)
                .and_then(|(number, factor)| number.checked_mul(factor))
        }
        (None, None) => None,
    };
    // Below 100 ms a client is an attack, above a day it is no client.
    millis
        .filter(|millis| (100..=86_400_000).contains(millis))
        .map(Duration::from_millis)
        .ok_or_else(|| {
            "it should be a duration from 100ms to 1440m, such as 5000 (milliseconds) or \"5s\"".into()
        })
}

fn list(value: &Value) -> Result<Vec<String>, String> {
    if let Some(text) = value.as_str() {
        return Ok(parts(text).collect());
    }
    let entries = value.as_array().and_then(|entries| {
        entries
            .iter()
            .map(|entry| entry.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
    });
    entries.ok_or_else(|| "it should be a list of texts".into())
}

fn parts(text: &str) -> impl Iterator<Item = String> {
    text.split(',')
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
}

fn choice<T: Copy>(value: &Value, choices: &[(&str, T)]) -> Result<T, String> {
    let given = text(value)?;
    choices
        .iter()
        .find(|(word, _)| *word == given)
        .map(|(_, choice)| *choice)
        .ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            format!("it should be one of: {}", words.join(", "))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, environment: &[(&str, &str)]) -> Resolved {
        let environment: std::collections::HashMap<_, _> = environment.iter().copied().collect();
        Settings::resolve(&SettingsFile::from_text(file), |name| {
            environment.get(name).map(|text| (*text).to_owned())
        })
    }

    #[test]
    fn nothing_given_is_the_defaults() {
        let resolved = resolve("", &[]);
        assert_eq!(resolved, Resolved::default());
        assert_eq!(resolved.settings.timing.base_delay, Duration::from_secs(5));
        assert_eq!(resolved.settings.timing.max_attempts, 10);
        assert_eq!(resolved.settings.timing.heartbeat, Duration::from_secs(30));
    }

    #[test]
    fn the_environment_wins_over_the_file_and_locks() {
        let resolved = resolve(
            "[sse]\nreconnect_interval = 7000\nmax_reconnect_attempts = 3\n[sounds]\nvolume = 10",
            &[
                ("GLORIA_SSE_RECONNECT_INTERVAL", "2s"),
                ("GLORIA_API_URL", "https://gloria.example/api"),
            ],
        );
        assert_eq!(resolved.problems, Vec::<String>::new());
        assert_eq!(resolved.settings.timing.base_delay, Duration::from_secs(2));
        assert_eq!(resolved.settings.timing.max_attempts, 3);
        assert_eq!(resolved.settings.volume, 10);
        assert_eq!(resolved.locked, vec![Key::ApiUrl, Key::ReconnectInterval]);
    }

    #[test]
    fn the_way_out_of_the_network_can_be_set() {
        let resolved = resolve(
            "[network]\nproxy = \"none\"\nno_proxy = [\"a.example\"]\n\
             ca_file = \"/etc/roots.pem\"\nprobe_url = \"http://p.example/x\"",
            &[
                ("GLORIA_PROXY", "http://anna:s3cret@proxy.example:3128"),
                ("NO_PROXY", "b.example, 10.0.0.0/8"),
            ],
        );
        assert_eq!(resolved.problems, Vec::<String>::new());
        assert_eq!(resolved.locked, vec![Key::Proxy]);
        let network = resolved.settings.network;
        assert_eq!(proxy_words(&network.proxy), "http://anna:***@proxy.example:3128");
        assert_eq!(network.no_proxy, ["a.example", "b.example", "10.0.0.0/8"]);
        assert_eq!(network.ca_file, Some("/etc/roots.pem".into()));
        assert_eq!(
            network.probe_url.map(String::from),
            Some("http://p.example/x".to_owned())
        );
    }

    #[test]
    fn what_this_client_shows_to_servers_can_be_set_and_its_password_is_not_printed() {
        let resolved = resolve(
            "[network]\nclient_certificate = \"/etc/anna.p12\"\nclient_certificate_password = \"s3cret\"",
            &[
                ("GLORIA_CLIENT_CERTIFICATE", " /home/anna/anna.pem "),
                ("GLORIA_CLIENT_KEY", "/home/anna/anna.key"),
            ],
        );
        assert_eq!(resolved.problems, Vec::<String>::new());
        assert_eq!(resolved.locked, [Key::ClientCertificate, Key::ClientKey]);
        let client = &resolved.settings.network.client_certificate;
        assert_eq!(client.certificate, Some("/home/anna/anna.pem".into()));
        assert_eq!(client.key, Some("/home/anna/anna.key".into()));
        let changed = resolve("[network]\nclient_certificate_password = \"other\"", &[]).settings;
        assert!(client.password.is_some());
        assert_ne!(
            changed.network,
            Settings::default().network,
            "a changed password is a change"
        );
        assert!(!format!("{resolved:?}").contains("s3cret"), "{resolved:?}");
    }

    #[test]
    fn a_key_without_a_certificate_is_told() {
        let resolved = resolve("[network]\nclient_key = \"/etc/anna.key\"", &[]);
        assert_eq!(
            resolved.problems,
            ["network.client_key is ignored: network.client_certificate names no file"]
        );
    }

    #[test]
    fn a_mistake_in_a_proxys_address_does_not_repeat_its_password() {
        let resolved = resolve(
            "[network]\nprobe_url = \"https://p.example\"",
            &[("GLORIA_PROXY", "socks4://anna:s3cret@proxy.example")],
        );
        assert_eq!(resolved.settings.network, NetworkOptions::default());
        let problems = resolved.problems.join("\n");
        assert!(
            problems.contains("GLORIA_PROXY") && problems.contains("network.probe_url"),
            "{problems}"
        );
        assert!(!problems.contains("s3cret"), "{problems}");
    }

    #[test]
    fn a_mistake_costs_one_setting_and_is_told() {
        let resolved = resolve(
            "[sounds]\nvolume = 400\nsound = \"bloom\"\ncolour = 1\n[surprise]\nx = 1",
            &[("GLORIA_SSE_HEARTBEAT_INTERVAL", "soon")],
        );
        assert_eq!(resolved.settings.volume, Settings::default().volume);
        assert_eq!(resolved.settings.sound, SoundName::Bloom);
        let problems = resolved.problems.join("\n");
        for expected in [
            "sounds.volume",
            "sounds.colour",
            "surprise",
            "GLORIA_SSE_HEARTBEAT_INTERVAL",
        ] {
            assert!(
                problems.contains(expected),
                "{expected} is not told in: {problems}"
            );
        }
    }

    #[test]
    fn what_is_taken_and_odd_is_told() {
        let resolved = resolve(
            "[api]\nurl = \"nonsense\"\n[sse]\ntypes = [\"notification.created\", \"user.updatd\"]",
            &[],
        );
        assert_eq!(
            resolved.settings.address.map(|address| address.to_string()),
            Some("https://nonsense".to_owned())
        );
        assert_eq!(
            resolved.problems,
            [
                "api.url in the settings file: https://nonsense is taken for the server's address; write it in full, \
                 such as https://gloria.example",
                "sse.types in the settings file: the event type \"user.updatd\" is unknown; did you mean user.updated?",
            ]
        );
    }

    #[test]
    fn a_file_that_is_not_toml_leaves_the_defaults_and_says_where() {
        let resolved = resolve("volume = = 3", &[]);
        assert_eq!(resolved.settings, Settings::default());
        assert!(
            resolved.problems.iter().any(|problem| problem.contains("line 1")),
            "{:?}",
            resolved.problems
        );
    }

    #[test]
    fn durations_are_milliseconds_unless_they_name_a_unit() {
        let of = |text: &str| duration(&Value::String(text.into())).ok();
        assert_eq!(of("5000"), Some(Duration::from_secs(5)));
        assert_eq!(of("5s"), Some(Duration::from_secs(5)));
        assert_eq!(of("2 min"), Some(Duration::from_secs(120)));
        assert_eq!(
            (of("0"), of("-5"), of("5 weeks"), of("99999999999999999999s")),
            (None, None, None, None)
        );
    }
}
