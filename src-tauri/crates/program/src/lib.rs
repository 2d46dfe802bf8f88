//! The common start of all programs of Gloria Notify: environment, file locations, the user's language, log, and an end
//! that nothing can block.
//!
//! Does not depend on a core, a desktop or a window.

mod activation;
#[cfg(not(target_os = "linux"))]
mod dialog;
mod ending;
mod heaps;
mod locale;
pub mod logs;
pub mod paths;
pub mod process;
mod rest;

pub use activation::activation_token;
#[cfg(not(target_os = "linux"))]
pub use dialog::show_message;
pub use ending::end_process_within;
pub use heaps::keep_heaps_small;
pub use locale::words;
pub use logs::{LogReader, Logs};
pub use paths::paths;
pub use rest::return_memory;
