//! A complete, separate Linux desktop: a screen, a session bus, a window manager, a tray, a notification service, a
//! keyring and a sound device. All of it is in a temporary folder and ends when the [`Session`] is dropped.
//!
//! Nothing is faked: what an application shows, stores and plays here, it would on a user's desktop.
//! On other systems the crate is empty.

#![cfg(target_os = "linux")]

mod crash;
mod groups;
mod keyring;
mod notification_service;
mod notifications;
mod process;
mod screen;
mod session;
mod sound;
mod start;
mod sway;
mod systemd;
mod tray;
mod wait;

pub use notification_service::{
    NotificationService, NotifyCall, ServiceBehaviour, ServiceCall, ServiceOptions,
};
pub use notifications::{NotificationEvent, ShownNotification};
pub use process::{Process, copy_program, output, write_program};
pub use rustix::process::Signal;
pub use session::{Keyring, Panel, Part, Screen, Session, SessionOptions};
pub use sway::WaylandWindow;
pub use tray::{TrayItem, TrayMenuLine};
pub use wait::wait_until;
