//! The connection, as a person reads it, and the test of one.

use serde::Serialize;

#[cfg(test)]
use ts_rs::TS;

use crate::item::EpochMillis;
use crate::message::Message;

/// The connection as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    /// Where the connection stands.
    pub state: ConnectionState,
    /// Why; absent while all is well.
    pub reason: Option<Message>,
    /// What the user can do about it, if anything.
    pub remedy: Remedy,
    /// Somebody has to do something: waiting alone leads nowhere.
    pub needs_user: bool,
    /// The connection has been away for longer than passes unnoticed.
    pub long_outage: bool,
    /// Failed attempts in a row.
    pub attempt: u32,
    /// When the next attempt starts.
    pub next_attempt_at: Option<EpochMillis>,
    /// When the present connection was made.
    pub connected_since: Option<EpochMillis>,
    /// When the last byte came.
    pub last_heard_at: Option<EpochMillis>,
    /// What the system says about the network.
    pub network: NetworkState,
    /// How the stream is carried.
    pub transport: Transport,
    /// The address is plain http to another machine: token and notifications can be read on the way.
    pub insecure: bool,
    /// Host and port of the proxy in use, without credentials.
    pub proxy: Option<String>,
    /// Why new notifications cannot be kept and what to do, absent while they can.
    pub storage: Option<Message>,
    /// When the newest connection was made, while the server has given no position to resume after: what it sent before
    /// cannot be asked for. Absent where there is one.
    pub history_since: Option<EpochMillis>,
}

/// What the system says about the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum NetworkState {
    /// It has not said anything.
    #[default]
    Unknown,
    /// There is a way out.
    Online,
    /// There is none.
    Offline,
}

/// How the stream is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Transport {
    /// Server-sent events over HTTP.
    #[default]
    Sse,
    /// A WebSocket.
    WebSocket,
}

/// Where the connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum ConnectionState {
    /// Not asked to connect.
    Idle,
    /// The user wants no connection: they disconnected, or the app is set not to connect at the start.
    Disconnected,
    /// An attempt is under way.
    Connecting,
    /// The stream is open.
    Connected,
    /// Between two attempts.
    Waiting,
    /// Many attempts failed; rare probes go on.
    CircuitOpen,
    /// Only the user leads on.
    Halted,
}

/// What the user can do about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Remedy {
    /// Nothing is needed, or waiting is enough.
    None,
    /// Retrying by hand may help.
    Retry,
    /// A new token is needed.
    SignIn,
    /// The address is missing or wrong.
    CheckAddress,
    /// The keyring is locked.
    UnlockKeyring,
    /// Something in the network stands in the way.
    CheckNetwork,
    /// The proxy asks for a user name and a password.
    ProxySignIn,
    /// The server's certificate is not trusted here, or the file with the roots is not as it should be.
    CheckCertificate,
    /// The server asks for a certificate of this computer, or does not accept the one that it was shown.
    ClientCertificate,
    /// The network wants a sign-in of its own, in a browser.
    NetworkSignIn,
    /// The user has to say whether the new token is the same person's: see `AccountView::question`.
    ConfirmPerson,
}

/// What a connection test found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// The stream opened and an event came.
    pub succeeded: bool,
    /// The steps, in order; the first that failed is the last.
    pub steps: Vec<TestStep>,
}

/// One step of a connection test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct TestStep {
    /// What was tried.
    pub title: Message,
    /// Whether it worked.
    pub passed: bool,
    /// What happened and what to do, in words.
    pub detail: Message,
}
