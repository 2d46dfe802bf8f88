//! What every program of Gloria Notify begins with: its environment, where its files are, the user's language, its log,
//! and an end that comes whatever hangs.
//!
//! Knows nothing of a core, a desktop or a window.

mod activation;
#[cfg(not(target_os = "linux"))]
mod dialog;
mod ending;
mod heaps;
mod locale;
pub mod logs;
pub mod paths;
pub mod process;

pub use activation::activation_token;
#[cfg(not(target_os = "linux"))]
pub use dialog::show_message;
pub use ending::end_process_within;
pub use heaps::keep_heaps_small;
pub use locale::words;
pub use logs::{LogReader, Logs};
pub use paths::paths;
