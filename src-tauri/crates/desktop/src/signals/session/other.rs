//! To be added: `WTSRegisterSessionNotification` on Windows, `com.apple.screenIsLocked` on macOS. Until then a locked
//! screen is noticed there because it takes the focus from the window, and a window without focus is not in view.

use gloria_core::ports::Observation;
use tokio::sync::mpsc;

pub(super) fn watch(_: Option<String>, _: Option<String>, _: &mpsc::Sender<Observation>) {}
