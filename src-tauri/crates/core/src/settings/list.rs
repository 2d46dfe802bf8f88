//! The one list of settings. An entry here is all that it takes to add one: the type, the default, the file and the
//! environment, the lock and the README's table follow from it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gloria_stream::ProxyChoice;
use url::Url;

use super::forms::{self, Password};
use super::mistake::Mistake;
use super::raw::Raw;
use crate::account::address::Address;
use crate::account::session::TokenFor;
use crate::item::SoundName;
use crate::logging::LogLevel;
use crate::protocol::Appearance;
use crate::token::AuthTransport;

/// For each setting: its key, the field with type and program default, the name in files, the variable of the
/// environment, how it is read (a serde form from [`forms`], which may look at the settings before it in the list),
/// whether an administrator's policy can fix it, the default as the README shows it, and what it is.
macro_rules! settings {
    ($($key:ident {
        field: $field:ident: $type:ty = $default:expr,
        file: $file:literal,
        environment: $variable:literal,
        read: $read:expr,
        lockable: $lockable:literal,
        shown: $shown:literal,
        doc: $doc:literal $(,)?
    })*) => {
        /// One setting.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key {
            $(#[doc = $doc] $key,)*
        }

        impl Key {
            /// All keys, in the order in which they are read.
            pub const ALL: &'static [Self] = &[$(Self::$key),*];

            /// What is known of it.
            pub fn about(self) -> &'static About {
                match self {
                    $(Self::$key => &About {
                        file: $file,
                        variable: $variable,
                        lockable: $lockable,
                        shown: $shown,
                        doc: $doc,
                    },)*
                }
            }
        }

        /// The settings in force.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Settings {
            $(#[doc = $doc] pub $field: $type,)*
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Settings {
            /// Takes a value that was given for a setting. One that is wrong changes nothing.
            pub(crate) fn read(&mut self, key: Key, raw: &Raw) -> Result<(), Mistake> {
                match key {
                    $(Key::$key => {
                        let read: fn(&Raw, &Self) -> Result<$type, Mistake> = $read;
                        self.$field = read(raw, self)?;
                    })*
                }
                Ok(())
            }
        }
    };
}

/// What is known of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Table and key in the files, with a dot between them.
    pub file: &'static str,
    /// The environment variable that overrides the files.
    pub variable: &'static str,
    /// A policy can fix it.
    pub lockable: bool,
    /// The default, for people.
    pub shown: &'static str,
    /// What it is, for the README.
    pub doc: &'static str,
}

settings! {
    // Before the addresses, which it decides about.
    AllowPlainHttp {
        field: allow_plain_http: bool = false,
        file: "api.allow_plain_http",
        environment: "GLORIA_ALLOW_PLAIN_HTTP",
        read: |raw, _| forms::switch(raw),
        lockable: true,
        shown: "`false`",
        doc: "allows plain http to other machines; for testing only",
    }
    ApiUrl {
        field: address: Option<Address> = None,
        file: "api.url",
        environment: "GLORIA_API_URL",
        read: |raw, so_far| forms::address(raw, so_far.allow_plain_http).map(Some),
        lockable: true,
        shown: "—",
        doc: "the server's address; with a path it is the API's, and the stream is `/sse` below it. With `wss://` \
              instead of `https://` it is a WebSocket, `/ws` below it",
    }
    AuthTransport {
        field: auth_transport: AuthTransport = AuthTransport::Header,
        file: "auth.transport",
        environment: "GLORIA_AUTH_TRANSPORT",
        read: |raw, _| forms::plain(raw),
        lockable: true,
        shown: "`header`",
        doc: "`header` (Bearer) or `query` (`?token=`)",
    }
    TokenFor {
        field: token_for: TokenFor = TokenFor::Address,
        file: "auth.token_for",
        environment: "GLORIA_TOKEN_FOR",
        read: |raw, so_far| forms::token_for(raw, so_far.allow_plain_http),
        // It belongs to a variable of the environment, and the app writes it.
        lockable: false,
        shown: "the address that is set",
        doc: "the server that `GLORIA_TOKEN` belongs to, such as `https://gloria.example`",
    }
    AutoConnect {
        field: auto_connect: bool = true,
        file: "sse.auto_connect",
        environment: "GLORIA_SSE_AUTO_CONNECT",
        read: |raw, _| forms::switch(raw),
        lockable: true,
        shown: "`true`",
        doc: "connects at the start; with `false` somebody has to choose *Connect*",
    }
    ReconnectInterval {
        field: reconnect_interval: Duration = Duration::from_secs(5),
        file: "sse.reconnect_interval",
        environment: "GLORIA_SSE_RECONNECT_INTERVAL",
        read: |raw, _| forms::duration(raw),
        lockable: true,
        shown: "`5s`",
        doc: "where backoff begins; the server's `retry:` replaces it",
    }
    MaxReconnectAttempts {
        field: max_reconnect_attempts: u32 = 10,
        file: "sse.max_reconnect_attempts",
        environment: "GLORIA_SSE_MAX_RECONNECT_ATTEMPTS",
        read: |raw, _| forms::number(raw, 1, 1000),
        lockable: true,
        shown: "`10`",
        doc: "failures in a row before attempts become rare",
    }
    HeartbeatInterval {
        field: heartbeat_interval: Duration = Duration::from_secs(30),
        file: "sse.heartbeat_interval",
        environment: "GLORIA_SSE_HEARTBEAT_INTERVAL",
        read: |raw, _| forms::duration(raw),
        lockable: true,
        shown: "`30s`",
        doc: "2.5 times this in silence ends a connection; the server's own word wins",
    }
    Types {
        field: types: Vec<String> = Vec::new(),
        file: "sse.types",
        environment: "GLORIA_SSE_TYPES",
        read: |raw, _| forms::list(raw),
        lockable: true,
        shown: "all",
        doc: "only these event types, with commas between them in the environment",
    }
    Proxy {
        field: proxy: ProxyChoice = ProxyChoice::System,
        file: "network.proxy",
        environment: "GLORIA_PROXY",
        read: |raw, _| forms::proxy(raw),
        lockable: true,
        shown: "`system`",
        doc: "`system` (its settings, or `HTTPS_PROXY` and its kin), `none`, or `http://[user@]host:port`, also with \
              `https` or `socks5`; the password: see below. `system` includes PAC scripts and WPAD, as the system \
              itself reads them",
    }
    NoProxy {
        field: no_proxy: Vec<String> = Vec::new(),
        file: "network.no_proxy",
        environment: "GLORIA_NO_PROXY",
        read: |raw, _| forms::list(raw),
        lockable: true,
        shown: "—",
        doc: "hosts reached without the proxy, in addition to `NO_PROXY`: names, addresses, networks, `*`",
    }
    CaFile {
        field: ca_file: Option<PathBuf> = None,
        file: "network.ca_file",
        environment: "GLORIA_CA_FILE",
        read: |raw, _| forms::path(raw).map(Some),
        lockable: true,
        shown: "—",
        doc: "roots trusted beside the system's: a file (PEM, DER, PKCS#7, one or many) or a folder of such files",
    }
    ClientCertificate {
        field: client_certificate: Option<PathBuf> = None,
        file: "network.client_certificate",
        environment: "GLORIA_CLIENT_CERTIFICATE",
        read: |raw, _| forms::path(raw).map(Some),
        lockable: true,
        shown: "—",
        doc: "what this client shows to servers that ask: PEM, DER, or PKCS#12 (`.p12`, `.pfx`)",
    }
    ClientKey {
        field: client_key: Option<PathBuf> = None,
        file: "network.client_key",
        environment: "GLORIA_CLIENT_KEY",
        read: |raw, _| forms::path(raw).map(Some),
        lockable: true,
        shown: "—",
        doc: "its private key, where it is in a file of its own",
    }
    ClientCertificatePassword {
        field: client_certificate_password: Option<Password> = None,
        file: "network.client_certificate_password",
        environment: "GLORIA_CLIENT_CERTIFICATE_PASSWORD",
        read: |raw, _| forms::password(raw).map(Some),
        lockable: true,
        shown: "—",
        doc: "the password of the file with the private key",
    }
    ProbeUrl {
        field: probe_url: Option<Url> = None,
        file: "network.probe_url",
        environment: "GLORIA_PROBE_URL",
        read: |raw, _| forms::probe_url(raw).map(Some),
        lockable: true,
        shown: "`/generate_204` at the server, by http",
        doc: "where to ask whether the network wants a sign-in of its own",
    }
    Sounds {
        field: sounds: bool = true,
        file: "sounds.enabled",
        environment: "GLORIA_SOUNDS",
        read: |raw, _| forms::switch(raw),
        lockable: true,
        shown: "`true`",
        doc: "plays a sound with a notification",
    }
    Volume {
        // Heard across a desk, not across the room: the bundled sounds are normalised.
        field: volume: u8 = 70,
        file: "sounds.volume",
        environment: "GLORIA_SOUND_VOLUME",
        read: |raw, _| forms::number(raw, 0, 100).map(|volume| volume.try_into().unwrap_or(100)),
        lockable: true,
        shown: "`70`",
        doc: "0 to 100",
    }
    Sound {
        field: sound: SoundName = SoundName::Chime,
        file: "sounds.sound",
        environment: "GLORIA_SOUND",
        read: |raw, _| forms::plain(raw),
        lockable: true,
        shown: "`chime`",
        doc: "`chime`, `knock`, `bloom`, `alarm`",
    }
    Appearance {
        field: appearance: Appearance = Appearance::System,
        file: "window.appearance",
        environment: "GLORIA_APPEARANCE",
        read: |raw, _| forms::plain(raw),
        lockable: true,
        shown: "`system`",
        doc: "`system`, `light`, `dark`",
    }
    LogLevel {
        field: log_level: LogLevel = LogLevel::Info,
        file: "log.level",
        environment: "GLORIA_LOG_LEVEL",
        read: |raw, _| forms::plain(raw),
        lockable: true,
        shown: "`info`",
        doc: "how much the log has: `error`, `warn`, `info`, `debug`, `trace`",
    }
    MetricsListen {
        field: metrics_listen: Option<SocketAddr> = None,
        file: "metrics.listen",
        environment: "GLORIA_METRICS_LISTEN",
        read: |raw, _| forms::loopback(raw).map(Some),
        lockable: true,
        shown: "off",
        doc: "where this machine's collector reads metrics, such as `127.0.0.1:9464`",
    }
    KeepDays {
        field: keep_days: u32 = 90,
        file: "inbox.keep_days",
        environment: "GLORIA_INBOX_KEEP_DAYS",
        // A hundred years are as good as all.
        read: |raw, _| forms::number(raw, 1, 36_500),
        lockable: true,
        shown: "`90`",
        doc: "how long what was read stays in the inbox. What is unread stays longer",
    }
    KeepItems {
        field: keep_items: u32 = 20_000,
        file: "inbox.keep_items",
        environment: "GLORIA_INBOX_KEEP_ITEMS",
        // What a disk takes without a word.
        read: |raw, _| forms::number(raw, 100, 1_000_000),
        lockable: true,
        shown: "`20000`",
        doc: "how many items are kept, 100 to 1 000 000; above that the oldest go, and the unread urgent ones last",
    }
}

impl Key {
    /// The key of a name as files have it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.about().file == name)
    }

    /// The name in files.
    pub fn name(self) -> &'static str {
        self.about().file
    }

    /// The table and the key in a file.
    pub(super) fn place(self) -> (&'static str, &'static str) {
        self.name().split_once('.').unwrap_or(("", self.name()))
    }

    /// The environment variable that overrides the files.
    pub fn variable(self) -> &'static str {
        self.about().variable
    }
}
