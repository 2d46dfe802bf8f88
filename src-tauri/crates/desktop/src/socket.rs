//! Who answers on the socket of a running app, by role. What is said there, and the side of other programs, is in
//! `gloria-ipc`.
//!
//! No client keeps the app waiting: each has a task of its own, limits in time, number and size, and no way to the
//! core but its handle.

mod failure;
mod listener;
mod place;
mod protocol;
mod request;
mod server;
mod state;
mod window;

pub use failure::ask_failure;
pub use place::WindowPlace;
pub use server::{AppSocket, serve_app};
pub use state::AppRequest;
