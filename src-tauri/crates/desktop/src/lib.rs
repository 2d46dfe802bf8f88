//! Implements the ports of `gloria-core` on Linux, Windows and macOS: bundled sounds, the keyring, the browser, signals
//! of sleep and network, the system's proxies, the app's side of its socket, the claim of a data folder, the log, and
//! the locations of files. Everything here that may block does so on a thread of its own, with a timeout.

mod activation;
mod browser;
mod claim;
#[cfg(not(target_os = "linux"))]
mod dialog;
mod ending;
pub mod instance;
mod locale;
pub mod logs;
#[cfg(target_os = "linux")]
mod notifications;
mod output;
pub mod paths;
pub mod process;
mod proxies;
pub mod secrets;
pub mod session_bus;
mod signals;
pub mod socket;
pub mod sounds;

pub use activation::activation_token;
pub use browser::Browser;
pub use claim::{ClaimError, Claimed};
#[cfg(not(target_os = "linux"))]
pub use dialog::show_message;
pub use ending::end_process_within;
pub use instance::Instance;
pub use locale::words;
pub use logs::{LogReader, Logs};
#[cfg(target_os = "linux")]
pub use notifications::{Identity, SessionNotifications};
pub use output::stdout_closed;
pub use paths::paths;
pub use proxies::{SystemResolver, system_proxies};
pub use secrets::Keyring;
pub use signals::SystemSignals;
pub use socket::serve_app;
pub use sounds::SoundPlayer;
