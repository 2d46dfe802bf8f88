//! The socket by which other programs of the same user reach a running app: the command line, a second start, and a
//! window in a process of its own. On Windows it is a named pipe.
//!
//! A client's first line contains its role and the version of its protocol. The app accepts or refuses it. After that,
//! each line is a JSON document:
//!
//! - `status`: the app sends one document and closes the connection.
//! - `listener`: the app sends the server's events of the requested types as they arrive.
//! - `request`: the client sends one request after the other, each a command of the core or of the app with an id, and
//!   the app answers each.
//! - `window`: the client is the only window of the app. It sends several requests at once, and the app also sends
//!   updates of the state, events, and requests to come to the front.
//!
//! Content is passed on as JSON without the types of the core, so that a window need not depend on the core. The app's
//! side of the roles is in `gloria-desktop`.

pub mod access;
pub mod app_url;
pub mod client;
pub mod lines;
pub mod link;
pub mod place;
pub mod protocol;
pub mod session;
pub mod window;

#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

use std::io;

use thiserror::Error;

pub use access::ask_for_access;
pub use app_url::AppUrl;
pub use client::{
    AppConnection, AppEvents, answers, ask_status, ask_to_open, ask_to_open_item, ask_to_quit, ask_to_start,
    send_credentials_changed,
};
pub use link::Link;
pub use place::Identity;
pub use protocol::{PROTOCOL_VERSION, Refused};
pub use system::{Listener, Peer, ServerStream};
pub use window::{AppWindow, Ended};

/// Why the socket could not be opened or connected to.
#[derive(Debug, Error)]
#[error("{place}: {source}")]
pub struct SocketError {
    /// The path of the file or the name of the pipe.
    place: String,
    /// The system's error.
    source: io::Error,
}

/// Why asking an app failed.
#[derive(Debug, Error)]
pub enum AskError {
    /// No app is running.
    #[error("no app is running")]
    NotRunning,
    /// An app is running, and does not answer.
    #[error("the app does not answer")]
    Silent,
    /// It could not be connected to.
    #[error("the app cannot be asked: {0}")]
    Unreachable(SocketError),
    /// Its version does not know the request.
    #[error("the app does not know the request")]
    Unknown,
    /// It refused this client.
    #[error("{}", .0.words)]
    Refused(Box<Refused>),
}

/// Why a request was not done.
#[derive(Debug, Error)]
pub enum CallError {
    /// The app could not be asked, or did not answer.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// It answered with an error: a `CommandError` of the core.
    #[error("the request was refused")]
    Command(serde_json::Value),
}
