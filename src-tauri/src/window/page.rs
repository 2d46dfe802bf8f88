//! Checks whether the page in the window is alive.

use std::time::Duration;

use tauri::{AppHandle, Manager as _, State, WebviewWindow};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::Shown;

/// The event that requests a report of what the page shows. ui/src/App.svelte listens for it.
const ASK: &str = "window.dispatchEvent(new Event('gloria:report'))";

/// How long the page may take to answer. On a busy machine it takes tenths of a second; if the page is dead, the user
/// sees a blank window meanwhile.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Wakes the task that waits for the page to answer.
#[derive(Default)]
pub(super) struct Page(Notify);

/// The page has reported what it shows, so it is painted.
pub(crate) fn on_page_report(app: &AppHandle) {
    let page: State<'_, Page> = app.state();
    page.0.notify_waiters();
    let (number, painted) = {
        let shown = Shown::of(app);
        let current = shown.current();
        (current.number, current.painted)
    };
    if !painted {
        super::show(app, number);
    }
}

/// Whether the page answers. A hidden page answers as well, although its timers may be slow.
pub(super) async fn answers(app: &AppHandle, window: &WebviewWindow) -> bool {
    let page: State<'_, Page> = app.state();
    let answer = page.0.notified();
    tokio::pin!(answer);
    answer.as_mut().enable();
    window.eval(ASK).is_ok() && timeout(ANSWER_TIMEOUT, answer).await.is_ok()
}

/// Ends the page's process, which may be frozen and would outlive its window.
pub(super) fn end_web_process(window: &WebviewWindow) {
    #[cfg(target_os = "linux")]
    {
        use webkit2gtk::WebViewExt as _;

        let ended = window.with_webview(|webview| webview.inner().terminate_web_process());
        if let Err(error) = ended {
            tracing::debug!(%error, "the page's process could not be ended");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = window;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_listens_to_the_event_that_asks_it() {
        let page = include_str!("../../../ui/src/App.svelte");
        let event = ASK.split('\'').nth(1).expect("a name");
        assert!(page.contains(&format!("const ASKED = '{event}';")));
    }
}
