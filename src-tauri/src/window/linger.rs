//! A window that is closed stays hidden for a while: to show it again takes a tenth of the time that a new process
//! does.

use std::time::Duration;

use tauri::{AppHandle, Manager as _};

use super::{LABEL, Shown};

/// How long it stays. A user who closed it by mistake, or reads one notification after another, is back by then; and it
/// costs a hundred megabytes.
const LINGER_TIMEOUT: Duration = Duration::from_secs(30);

/// Hides the window with this number, and ends the program unless it is opened again. `false` where it cannot be
/// hidden.
pub(super) fn begin(app: &AppHandle, number: u64) -> bool {
    let Some(window) = app.get_webview_window(LABEL) else {
        return false;
    };
    if let Err(error) = window.hide() {
        tracing::warn!(%error, "the window could not be hidden");
        return false;
    }
    count_down(app, number);
    true
}

/// Ends the program after the same time when the window with this number is gone, unless another takes its place: it
/// was destroyed by the window system, or its page ended too often.
pub(super) fn on_gone(app: &AppHandle, number: u64) {
    count_down(app, number);
}

fn count_down(app: &AppHandle, number: u64) {
    let closing = {
        let shown = Shown::of(app);
        let mut current = shown.current();
        if number != current.number {
            return;
        }
        current.lingers = true;
        current.closings += 1;
        current.change(number, |presence| *presence = None);
        current.closings
    };
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(LINGER_TIMEOUT).await;
        let is_over = {
            let shown = Shown::of(&app);
            let current = shown.current();
            current.lingers && current.closings == closing
        };
        if is_over {
            tracing::info!("the window was closed; its process ends");
            app.exit(0);
        }
    });
}
