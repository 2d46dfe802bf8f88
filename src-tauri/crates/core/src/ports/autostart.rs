//! Whether the app starts when the user logs in.

use std::fmt::Debug;
use std::io;

use crate::message::{self, Message};

/// The system's switch for starting the app at login.
pub trait Autostart: Send + Sync + Debug {
    /// Whether the app starts at login; `None` if that cannot be changed from here.
    fn is_on(&self) -> Option<bool>;
    /// Turns the switch on or off.
    ///
    /// # Errors
    /// When there is no switch, or its file cannot be written.
    fn set(&self, on: bool) -> io::Result<()>;
}

/// The error for the user.
pub(crate) fn not_changed(error: &io::Error) -> Message {
    let words = [
        (io::ErrorKind::PermissionDenied, message::file_denied()),
        (io::ErrorKind::StorageFull, message::file_disk_full()),
        (io::ErrorKind::ReadOnlyFilesystem, message::file_read_only()),
    ];
    let known = words.into_iter().find(|(kind, _)| *kind == error.kind());
    match known {
        Some((_, problem)) => message::autostart_not_changed(problem),
        None => message::autostart_not_changed(error.to_string()),
    }
}
