//! Windows would tell by `WTSRegisterSessionNotification`, macOS by `com.apple.screenIsLocked`. Neither is asked yet:
//! a locked screen takes the focus from the window there, and a window without focus is not in view.

use gloria_core::ports::Observation;
use tokio::sync::mpsc;

pub(super) fn watch(_: Option<String>, _: Option<String>, _: &mpsc::Sender<Observation>) {}
