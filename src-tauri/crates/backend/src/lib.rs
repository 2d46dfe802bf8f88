//! The reference backend of Gloria Notify: the whole protocol over real sockets, with every fault on request.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use gloria_backend::{Backend, BackendOptions, TEST_TOKEN};
//! use serde_json::json;
//!
//! let backend = Backend::start(BackendOptions::default()).await?;
//! let control = backend.control();
//! // A client connects to `backend.api_url()` with TEST_TOKEN …
//! control.wait_for(|seen| seen.streams == 1, Duration::from_secs(5)).await?;
//! control.push("notification.created", json!({ "id": "1", "title": "New task", "message": "Review the plan" }));
//! control.reset();
//! # Ok(())
//! # }
//! ```

mod answers;
mod api;
mod backend;
mod blast;
mod connection;
mod control;
pub mod demo;
mod hub;
mod listener;
mod log;
mod notifications;
mod observed;
mod problem;
mod sign_in;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use answers::{Answer, InvalidAnswer, Route};
pub use backend::{Backend, BackendOptions, StartError, TEST_TOKEN};
pub use connection::{HangUp, Pace};
pub use control::{Command, Control, DeadlinePassed, Outcome, PushedRange};
pub use hub::Stall;
pub use observed::{ChangeKind, Credentials, Observed, SeenChange, SeenRequest};
pub use sign_in::SignIn;

/// Locks a mutex. A poisoned lock is usable, because no panic leaves the data half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path of the `{api}` base, as in the Gloria System; the stream and everything else are below it.
const API_PATH: &str = "/api/v1";
