//! A window that is closed stays hidden for a while: to show it again takes a tenth of the time that a new process
//! does.

use std::time::Duration;

use tauri::{AppHandle, Manager as _};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::{Current, LABEL, Report, Shown};

/// How long it stays. A user who closed it by mistake, or reads one notification after another, is back by then; and it
/// costs a hundred megabytes.
const LINGER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a window that is closed waits until the core knows. It knows within a millisecond, and the user waits for
/// the window to go.
const REPORT_TIMEOUT: Duration = Duration::from_millis(100);

/// Hides the window with this number, and ends the program unless it is opened again. `false` where it is not the
/// current one.
///
/// The core learns of it first: what comes when the window is not on screen any more would else count as seen in it.
pub(super) fn begin(app: &AppHandle, number: u64) -> bool {
    let (Some(window), Some(closing)) = (app.get_webview_window(LABEL), count_down(app, number)) else {
        return false;
    };
    let (said, known) = oneshot::channel();
    // The receiver lives as long as the app.
    let _ = Shown::of(app).current().reports.send(Report::Said(said));
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        // A core that does not answer is not waited for.
        let _ = timeout(REPORT_TIMEOUT, known).await;
        let hidden = {
            let shown = Shown::of(&app);
            let current = shown.current();
            // Locked, so that it is not hidden after it was opened again.
            if !is_last(&current, closing) {
                return;
            }
            window.hide()
        };
        if let Err(error) = hidden {
            tracing::warn!(%error, "the window could not be hidden");
            let _ = window.destroy();
        }
    });
    true
}

/// Ends the program after the same time when the window with this number is gone, unless another takes its place: it
/// was destroyed by the window system, or its page ended too often.
pub(super) fn on_gone(app: &AppHandle, number: u64) {
    count_down(app, number);
}

/// Counts the closing of the window with this number, and answers with its number.
fn count_down(app: &AppHandle, number: u64) -> Option<u64> {
    let closing = {
        let shown = Shown::of(app);
        let mut current = shown.current();
        if number != current.number {
            return None;
        }
        current.lingers = true;
        current.closings += 1;
        current.change(number, |presence| *presence = None);
        current.closings
    };
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        sleep(LINGER_TIMEOUT).await;
        let is_over = is_last(&Shown::of(&app).current(), closing);
        if is_over {
            tracing::info!("the window was closed; its process ends");
            app.exit(0);
        }
    });
    Some(closing)
}

/// It was not opened or closed again.
fn is_last(current: &Current, closing: u64) -> bool {
    current.lingers && current.closings == closing
}
