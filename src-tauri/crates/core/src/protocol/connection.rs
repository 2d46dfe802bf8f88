//! The connection as users see it, and the connection test.

use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use crate::item::EpochMillis;
use crate::message::Message;

/// The connection as users see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    /// The state of the connection.
    pub state: ConnectionState,
    /// Why; absent if there is no problem.
    pub reason: Option<Message>,
    /// What the user can do about it.
    pub remedy: Remedy,
    /// The user has to act: waiting alone does not help.
    pub needs_user: bool,
    /// The outage is long enough to be noticed.
    pub long_outage: bool,
    /// Failed attempts in a row.
    pub attempt: u32,
    /// When the next attempt starts.
    pub next_attempt_at: Option<EpochMillis>,
    /// When the present connection was established.
    pub connected_since: Option<EpochMillis>,
    /// When the last byte arrived.
    pub last_heard_at: Option<EpochMillis>,
    /// The state of the network according to the system.
    pub network: NetworkState,
    /// The transport of the stream.
    pub transport: Transport,
    /// The address is plain http to another computer: token and notifications are not encrypted.
    pub insecure: bool,
    /// Host and port of the proxy in use, without credentials.
    pub proxy: Option<String>,
    /// Why new notifications cannot be stored and what to do; absent if they can.
    pub storage: Option<Message>,
    /// When the newest connection was established, if the server has sent no cursor: events before it cannot be
    /// requested. Absent if there is a cursor.
    pub history_since: Option<EpochMillis>,
    /// What was missed is being fetched from the server's list; absent if nothing is missing.
    pub filling: Option<Filling>,
}

/// How far fetching what was missed has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct Filling {
    /// The number of notifications so far.
    pub items: u32,
    /// The last attempt failed; the app tries again.
    pub is_failing: bool,
}

/// The state of the network according to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum NetworkState {
    /// Not reported yet.
    #[default]
    Unknown,
    /// There is a default route.
    Online,
    /// There is no default route.
    Offline,
}

/// The transport of the stream.
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

/// The state of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum ConnectionState {
    /// No connection was requested yet.
    Idle,
    /// The user wants no connection: they disconnected, or the app is set not to connect at the start.
    Disconnected,
    /// An attempt is running.
    Connecting,
    /// The stream is open.
    Connected,
    /// Waiting for the next attempt.
    Waiting,
    /// Many attempts failed; the app still tries at long intervals.
    CircuitOpen,
    /// Only the user can resolve this.
    Halted,
}

/// What the user can do about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum Remedy {
    /// Nothing, or waiting is enough.
    None,
    /// Retrying may help.
    Retry,
    /// A new token is needed.
    SignIn,
    /// The address is missing or wrong.
    CheckAddress,
    /// The keyring is locked.
    UnlockKeyring,
    /// Something in the network blocks the connection.
    CheckNetwork,
    /// The proxy requires a user name and a password.
    ProxySignIn,
    /// The server's certificate is not trusted here, or the file with root certificates is invalid.
    CheckCertificate,
    /// The server requires a certificate of this computer, or does not accept the one that it got.
    ClientCertificate,
    /// The network requires a sign-in of its own, in a browser.
    NetworkSignIn,
    /// The user has to say whether the new token belongs to the same person: see `AccountView::question`.
    ConfirmPerson,
}

/// The result of a connection test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// The stream was opened and an event arrived.
    pub succeeded: bool,
    /// The steps in order; the test stops at the first one that fails.
    pub steps: Vec<TestStep>,
}

/// One step of a connection test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct TestStep {
    /// What was tested.
    pub title: Message,
    /// Whether it worked.
    pub passed: bool,
    /// What happened and what to do.
    pub detail: Message,
}
