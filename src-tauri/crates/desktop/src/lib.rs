//! Implements the ports of `gloria-core` on Linux, Windows and macOS: bundled sounds, the keyring, the lock of
//! renewals, the command that prints the token, `gloria doctor`, the browser, signals of sleep and network, the
//! system's proxies, the app's side of its socket, and the claim of a data folder.
//!
//! Everything here that may block does so on a thread of its own, with a timeout.

mod autostart;
mod browser;
mod claim;
mod command;
mod doctor;
mod ending;
mod exclusive;
pub mod instance;
#[cfg(target_os = "linux")]
mod notifications;
mod output;
mod proxies;
pub mod secrets;
pub mod session_bus;
mod signals;
pub mod socket;
pub mod sounds;
pub mod survey;

pub use autostart::LoginEntry;
pub use browser::Browser;
pub use claim::{ClaimError, Claimed};
pub use command::Processes;
pub use doctor::{DoctorProgram, command_line_program, downloads};
pub use ending::asked_to_end;
pub use exclusive::FolderLock;
pub use instance::Instance;
#[cfg(target_os = "linux")]
pub use notifications::{Identity, KeptConnection, SessionNotifications};
pub use output::stdout_closed;
pub use proxies::{SystemResolver, system_proxies};
pub use secrets::Keyring;
pub use signals::SystemSignals;
pub use socket::serve_app;
pub use sounds::SoundPlayer;
