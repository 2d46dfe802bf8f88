//! Requests of other programs of the user to a running app, over its socket.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[cfg(unix)]
mod access;
mod app;
#[cfg(unix)]
mod command;
#[cfg(unix)]
mod events;
#[cfg(unix)]
mod fakes;
#[cfg(unix)]
mod hostile;
#[cfg(unix)]
mod keys;
#[cfg(unix)]
mod replay;
#[cfg(unix)]
mod requests;
#[cfg(unix)]
mod scene;
#[cfg(unix)]
mod window;
