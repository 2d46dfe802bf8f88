//! The list of settings. Adding an entry here adds a setting: its type, default, names in file and environment, lock
//! and the table in docs/admin.md all come from it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gloria_sign_in::Issuer;
use gloria_stream::ProxyChoice;
use url::Url;

use super::about::About;
use super::define::settings;
use super::forms::{self, Password};
use super::mistake::Mistake;
use super::raw::Raw;
use super::shown::Show as _;
use crate::account::address::Address;
use crate::account::session::TokenFor;
use crate::inbox::CategoryLimit;
use crate::item::SoundName;
use crate::logging::LogLevel;
use crate::ports::CommandLine;
use crate::protocol::Appearance;
use crate::release::{Channel, ReleaseKey};
use crate::token::AuthTransport;

settings! {
    // Before the addresses, because parsing them depends on it.
    AllowPlainHttp {
        field: allow_plain_http: bool = false,
        file: "api.allow_plain_http",
        environment: "GLORIA_ALLOW_PLAIN_HTTP",
        read: |raw, _| forms::boolean(raw),
        lockable: true,
        example: "false",
        shown: "`false`",
        doc: "allow plain http to other machines; for testing only",
    }
    ApiUrl {
        field: address: Option<Address> = None,
        file: "api.url",
        environment: "GLORIA_API_URL",
        read: |raw, so_far| forms::address(raw, so_far.allow_plain_http).map(Some),
        lockable: true,
        example: "\"https://gloria.example/api\"",
        shown: "—",
        doc: "the server's address. If it has a path, it is the API's base address, and the stream is at `/sse` under \
              it. With `wss://` instead of `https://` the stream is a WebSocket at `/ws`",
    }
    AuthTransport {
        field: auth_transport: AuthTransport = AuthTransport::Header,
        file: "auth.transport",
        environment: "GLORIA_AUTH_TRANSPORT",
        read: |raw, _| forms::word(raw),
        lockable: true,
        example: "\"header\"",
        shown: "`header`",
        doc: "how the token is sent: `header` (`Authorization: Bearer`) or `query` (`?token=`)",
    }
    TokenFor {
        field: token_for: TokenFor = TokenFor::Address,
        file: "auth.token_for",
        environment: "GLORIA_TOKEN_FOR",
        read: |raw, so_far| forms::token_for(raw, so_far.allow_plain_http),
        // It describes an environment variable, and the app itself writes it.
        lockable: false,
        example: "\"https://gloria.example\"",
        shown: "the address in effect",
        doc: "the server that `GLORIA_TOKEN` belongs to, such as `https://gloria.example`",
    }
    AuthIssuer {
        field: auth_issuer: Option<Issuer> = None,
        file: "auth.issuer",
        environment: "GLORIA_AUTH_ISSUER",
        read: |raw, _| forms::issuer(raw).map(Some),
        lockable: true,
        example: "\"https://clerk.example.com\"",
        shown: "—",
        doc: "the issuer of the OpenID provider where users sign in, exactly as the provider writes it, such as \
              `https://clerk.example.com`. Without it the server is asked. See [Sign-in](#sign-in)",
    }
    AuthClientId {
        field: auth_client_id: Option<String> = None,
        file: "auth.client_id",
        environment: "GLORIA_AUTH_CLIENT_ID",
        read: |raw, _| forms::nonempty(raw).map(Some),
        lockable: true,
        example: "\"gloria-notify\"",
        shown: "—",
        doc: "the client id of Gloria Notify at the provider: a public client with PKCE and no secret",
    }
    AuthScopes {
        field: auth_scopes: Option<String> = None,
        file: "auth.scopes",
        environment: "GLORIA_AUTH_SCOPES",
        read: |raw, _| forms::nonempty(raw).map(Some),
        lockable: true,
        example: "\"openid profile email offline_access\"",
        shown: "the server's, else `openid profile email offline_access`",
        doc: "the scopes to request, separated by spaces. Without `offline_access` most providers allow no renewal",
    }
    AuthPrompt {
        field: auth_prompt: Option<String> = None,
        file: "auth.prompt",
        environment: "GLORIA_AUTH_PROMPT",
        read: |raw, _| forms::nonempty(raw).map(Some),
        lockable: true,
        example: "\"consent\"",
        shown: "—",
        doc: "the `prompt` of the sign-in page. Some providers allow no renewal without `consent`",
    }
    AuthAudience {
        field: auth_audience: Option<String> = None,
        file: "auth.audience",
        environment: "GLORIA_AUTH_AUDIENCE",
        read: |raw, _| forms::nonempty(raw).map(Some),
        lockable: true,
        example: "\"https://gloria.example\"",
        shown: "—",
        doc: "the `audience` that the token is requested for, if the provider needs one",
    }
    AuthPorts {
        field: auth_ports: Vec<u16> = gloria_sign_in::PORTS.to_vec(),
        file: "auth.ports",
        environment: "GLORIA_AUTH_PORTS",
        read: |raw, _| forms::ports(raw),
        lockable: true,
        example: "[21947, 23917]",
        shown: "`21947, 23917, 28451`",
        doc: "the ports of this computer to which the provider may redirect the browser, as \
              `http://127.0.0.1:PORT/callback`. If all are taken, any other is used",
    }
    AuthCommand {
        field: auth_command: Option<CommandLine> = None,
        file: "auth.command",
        environment: "GLORIA_AUTH_COMMAND",
        read: |raw, _| forms::command(raw).map(Some),
        lockable: true,
        example: "[\"/usr/local/bin/gloria-token\", \"--quiet\"]",
        shown: "—",
        doc: "a program that prints the token, and its arguments: a list whose first text is the program's full path, \
              as JSON in the environment variable. Users then neither sign in nor paste a token. See \
              [A command for the token](sign-in.md#a-command-for-the-token)",
    }
    AuthCommandFor {
        field: auth_command_for: TokenFor = TokenFor::Address,
        file: "auth.command_for",
        environment: "GLORIA_AUTH_COMMAND_FOR",
        read: |raw, so_far| forms::token_for(raw, so_far.allow_plain_http),
        lockable: true,
        example: "\"https://gloria.example\"",
        shown: "the address in effect",
        doc: "the server that the token of `auth.command` belongs to, such as `https://gloria.example`",
    }
    AutoConnect {
        field: auto_connect: bool = true,
        file: "sse.auto_connect",
        environment: "GLORIA_SSE_AUTO_CONNECT",
        read: |raw, _| forms::boolean(raw),
        lockable: true,
        example: "true",
        shown: "`true`",
        doc: "connect at start; with `false` the user has to choose *Connect*",
    }
    ReconnectInterval {
        field: reconnect_interval: Duration = Duration::from_secs(5),
        file: "sse.reconnect_interval",
        environment: "GLORIA_SSE_RECONNECT_INTERVAL",
        read: |raw, _| forms::duration(raw),
        lockable: true,
        example: "\"5s\"",
        shown: "`5s`",
        doc: "the first backoff delay; the server's `retry:` overrides it",
    }
    MaxReconnectAttempts {
        field: max_reconnect_attempts: u32 = 10,
        file: "sse.max_reconnect_attempts",
        environment: "GLORIA_SSE_MAX_RECONNECT_ATTEMPTS",
        read: |raw, _| forms::whole_number(raw, 1, 1000),
        lockable: true,
        example: "10",
        shown: "`10`",
        doc: "consecutive failures before attempts become rare",
    }
    HeartbeatInterval {
        field: heartbeat_interval: Duration = Duration::from_secs(30),
        file: "sse.heartbeat_interval",
        environment: "GLORIA_SSE_HEARTBEAT_INTERVAL",
        read: |raw, _| forms::duration(raw),
        lockable: true,
        example: "\"30s\"",
        shown: "`30s`",
        doc: "the connection counts as dead after 2.5 times this without data; the server's value overrides it",
    }
    Types {
        field: types: Vec<String> = Vec::new(),
        file: "sse.types",
        environment: "GLORIA_SSE_TYPES",
        read: |raw, _| forms::list(raw),
        lockable: true,
        example: "[\"notification.created\", \"notification.updated\"]",
        shown: "all",
        doc: "receive only these event types; comma-separated in the environment variable",
    }
    Proxy {
        field: proxy: ProxyChoice = ProxyChoice::System,
        file: "network.proxy",
        environment: "GLORIA_PROXY",
        read: |raw, _| forms::proxy(raw),
        lockable: true,
        example: "\"http://proxy.example.com:3128\"",
        shown: "`system`",
        doc: "`system` (the system's settings including PAC and WPAD, or `HTTPS_PROXY` and similar variables), `none`, \
              or `http://[user@]host:port`, also with `https` or `socks5`. For the password see [Proxies](#proxies)",
    }
    NoProxy {
        field: no_proxy: Vec<String> = Vec::new(),
        file: "network.no_proxy",
        environment: "GLORIA_NO_PROXY",
        read: |raw, _| forms::list(raw),
        lockable: true,
        example: "[\"intranet.example.com\", \"10.0.0.0/8\"]",
        shown: "—",
        doc: "hosts reached without the proxy, in addition to `NO_PROXY`: names, addresses, networks, `*`",
    }
    CaFile {
        field: ca_file: Option<PathBuf> = None,
        file: "network.ca_file",
        environment: "GLORIA_CA_FILE",
        read: |raw, _| forms::path(raw).map(Some),
        lockable: true,
        example: "\"/etc/ssl/certs/example.pem\"",
        shown: "—",
        doc: "root certificates to trust in addition to the system's: a file (PEM, DER or PKCS#7, one or more \
              certificates) or a folder of such files",
    }
    ClientCertificate {
        field: client_certificate: Option<PathBuf> = None,
        file: "network.client_certificate",
        environment: "GLORIA_CLIENT_CERTIFICATE",
        read: |raw, _| forms::path(raw).map(Some),
        lockable: true,
        example: "\"/etc/gloria-notify/client.p12\"",
        shown: "—",
        doc: "the certificate to present to servers that request one: PEM, DER or PKCS#12 (`.p12`, `.pfx`)",
    }
    ClientKey {
        field: client_key: Option<PathBuf> = None,
        file: "network.client_key",
        environment: "GLORIA_CLIENT_KEY",
        read: |raw, _| forms::path(raw).map(Some),
        lockable: true,
        example: "\"/etc/gloria-notify/client.key\"",
        shown: "—",
        doc: "its private key, if that is in a separate file",
    }
    ClientCertificatePassword {
        field: client_certificate_password: Option<Password> = None,
        file: "network.client_certificate_password",
        environment: "GLORIA_CLIENT_CERTIFICATE_PASSWORD",
        read: |raw, _| forms::password(raw).map(Some),
        lockable: true,
        example: "\"the password of client.p12\"",
        shown: "—",
        doc: "the password of the file that contains the private key",
    }
    ProbeUrl {
        field: probe_url: Option<Url> = None,
        file: "network.probe_url",
        environment: "GLORIA_PROBE_URL",
        read: |raw, _| forms::probe_url(raw).map(Some),
        lockable: true,
        example: "\"http://gloria.example/generate_204\"",
        shown: "`/generate_204` on the server, over http",
        doc: "the address requested to find out whether the network requires a sign-in (captive portal)",
    }
    Sounds {
        field: sounds: bool = true,
        file: "sounds.enabled",
        environment: "GLORIA_SOUNDS",
        read: |raw, _| forms::boolean(raw),
        lockable: true,
        example: "true",
        shown: "`true`",
        doc: "play a sound with notifications",
    }
    Volume {
        // Audible nearby without being intrusive; the bundled sounds are normalised.
        field: volume: u8 = 70,
        file: "sounds.volume",
        environment: "GLORIA_SOUND_VOLUME",
        read: |raw, _| forms::whole_number(raw, 0, 100).map(|volume| volume.try_into().unwrap_or(100)),
        lockable: true,
        example: "70",
        shown: "`70`",
        doc: "volume of the sounds, 0 to 100",
    }
    Sound {
        field: sound: SoundName = SoundName::Chime,
        file: "sounds.sound",
        environment: "GLORIA_SOUND",
        read: |raw, _| forms::word(raw),
        lockable: true,
        example: "\"chime\"",
        shown: "`chime`",
        doc: "the sound of a notification: `chime`, `knock`, `bloom` or `alarm`",
    }
    Appearance {
        field: appearance: Appearance = Appearance::System,
        file: "window.appearance",
        environment: "GLORIA_APPEARANCE",
        read: |raw, _| forms::word(raw),
        lockable: true,
        example: "\"system\"",
        shown: "`system`",
        doc: "colours of the window: `system`, `light` or `dark`",
    }
    // The system's own entry is what counts, so only what locks the switch can set it: see `Resolved::refuse_switch`.
    StartAtLogin {
        field: start_at_login: Option<bool> = None,
        file: "start.at_login",
        environment: "GLORIA_START_AT_LOGIN",
        read: |raw, _| forms::boolean(raw).map(Some),
        lockable: true,
        example: "true",
        shown: "as the user has it",
        doc: "whether the app starts when the user logs in, for policies: without one it is a switch in the \
              preferences, and in the system's own settings. See [Start at login](#start-at-login)",
    }
    LogLevel {
        field: log_level: LogLevel = LogLevel::Info,
        file: "log.level",
        environment: "GLORIA_LOG_LEVEL",
        read: |raw, _| forms::word(raw),
        lockable: true,
        example: "\"info\"",
        shown: "`info`",
        doc: "how much is logged: `error`, `warn`, `info`, `debug` or `trace`",
    }
    MetricsListen {
        field: metrics_listen: Option<SocketAddr> = None,
        file: "metrics.listen",
        environment: "GLORIA_METRICS_LISTEN",
        read: |raw, _| forms::loopback(raw).map(Some),
        lockable: true,
        example: "\"127.0.0.1:9464\"",
        shown: "off",
        doc: "the loopback address that serves metrics, such as `127.0.0.1:9464`",
    }
    MetricsTextfile {
        field: metrics_textfile: Option<PathBuf> = None,
        file: "metrics.textfile",
        environment: "GLORIA_METRICS_TEXTFILE",
        read: |raw, _| forms::textfile(raw).map(Some),
        lockable: true,
        example: "\"/var/lib/prometheus/node-exporter/gloria.prom\"",
        shown: "off",
        doc: "the full path of a file, ending in `.prom`, into which metrics are written every minute. See \
              [Metrics](#metrics)",
    }
    KeepDays {
        field: keep_days: u32 = 90,
        file: "inbox.keep_days",
        environment: "GLORIA_INBOX_KEEP_DAYS",
        // The maximum, 100 years, amounts to keeping everything.
        read: |raw, _| forms::whole_number(raw, 1, 36_500),
        lockable: true,
        example: "90",
        shown: "`90`",
        doc: "days after which read notifications are removed from the inbox. Unread ones are kept longer, and those \
              that are flagged, snoozed or to be acknowledged as long as they are",
    }
    KeepItems {
        field: keep_items: u32 = 20_000,
        file: "inbox.keep_items",
        environment: "GLORIA_INBOX_KEEP_ITEMS",
        // The maximum still fits on an ordinary disk.
        read: |raw, _| forms::whole_number(raw, 100, 1_000_000),
        lockable: true,
        example: "20000",
        shown: "`20000`",
        doc: "the maximum number of notifications kept of each category, 100 to 1 000 000. Beyond that the oldest are \
              removed, unread urgent ones last",
    }
    KeepCategories {
        field: keep_categories: Vec<CategoryLimit> = Vec::new(),
        file: "inbox.keep_categories",
        environment: "GLORIA_INBOX_KEEP_CATEGORIES",
        read: |raw, _| forms::category_limits(raw),
        lockable: true,
        example: "[\"payroll: 3650 days\", \"builds: 500 items\"]",
        shown: "—",
        doc: "other limits of single categories, such as `[\"payroll: 3650 days\", \"builds: 500 items\"]`: `days` in \
              place of `inbox.keep_days` (1 to 36 500), `items` in place of `inbox.keep_items` (1 to 1 000 000). A \
              category is named as the server does, in any case; comma-separated in the environment variable",
    }
    KeepMegabytes {
        field: keep_megabytes: u32 = 500,
        file: "inbox.keep_megabytes",
        environment: "GLORIA_INBOX_KEEP_MEGABYTES",
        read: |raw, _| forms::whole_number(raw, 10, 100_000),
        lockable: true,
        example: "500",
        shown: "`500`",
        doc: "the maximum size of the inbox in megabytes, 10 to 100 000, with its log of events. Beyond that the \
              oldest events of the log are removed, then the oldest notifications, read ones first, urgent ones last",
    }
    UpdatesUrl {
        field: updates_url: Option<Url> = None,
        file: "updates.url",
        environment: "GLORIA_UPDATES_URL",
        read: |raw, _| forms::release_url(raw).map(Some),
        lockable: true,
        example: "\"https://gloria.example/updates\"",
        shown: "—",
        doc: "the folder with the signed manifests of the newest version. With `updates.key`, users learn of newer \
              versions; without both, nothing is asked. See [Newer versions](#newer-versions)",
    }
    UpdatesKey {
        field: updates_key: Option<ReleaseKey> = None,
        file: "updates.key",
        environment: "GLORIA_UPDATES_KEY",
        read: |raw, _| forms::release_key(raw).map(Some),
        lockable: true,
        example: "\"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\"",
        shown: "—",
        doc: "the public key of minisign that the manifests have to be signed with",
    }
    UpdatesChannel {
        field: updates_channel: Channel = Channel::Stable,
        file: "updates.channel",
        environment: "GLORIA_UPDATES_CHANNEL",
        read: |raw, _| forms::word(raw),
        lockable: true,
        example: "\"stable\"",
        shown: "`stable`",
        doc: "which versions users learn of: `stable`, or `beta` for those who try them before",
    }
}
