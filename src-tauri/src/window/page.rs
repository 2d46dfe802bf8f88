//! The page in the window: it repeats what it shows, can be asked whether it is there, and its process can end.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tauri::{AppHandle, Manager as _, State, WebviewWindow};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{LABEL, OPENING, Place, Shown};

/// Asks the page to say what it shows, whatever it said before: ui/src/App.svelte listens.
const ASK: &str = "window.dispatchEvent(new Event('gloria:report'))";

/// How long the page may take to answer: a busy machine's takes tenths of a second, and whoever opened the window
/// looks at a blank one meanwhile.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Windows that are made anew by themselves within this time: enough for a machine that was short of memory for a
/// moment. A page that breaks at each start waits until somebody asks for it.
const MAX_REBUILDS: usize = 3;
const REBUILD_INTERVAL: Duration = Duration::from_secs(60);

/// Wakes whoever waits for a word of the page.
#[derive(Default)]
pub(super) struct Page(Notify);

/// The page has said what it shows, and so it shows something.
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

/// Whether the page answers. A page that is hidden does too, though its timers may be slow.
pub(super) async fn answers(app: &AppHandle, window: &WebviewWindow) -> bool {
    let page: State<'_, Page> = app.state();
    let answer = page.0.notified();
    tokio::pin!(answer);
    answer.as_mut().enable();
    window.eval(ASK).is_ok() && timeout(ANSWER_TIMEOUT, answer).await.is_ok()
}

/// Ends the process behind the page, which may be frozen and would stay after its window.
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

/// The process behind the page of the window with this number is gone: the window shows nothing any more. Where it was
/// on screen another takes its place, without taking the focus from where it is.
pub(crate) fn on_web_process_ended(app: &AppHandle, number: Option<u64>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let _turn = OPENING.lock().await;
        let Some(window) = app.get_webview_window(LABEL) else {
            return;
        };
        let (was_visible, was_focused, may_rebuild) = {
            let shown = Shown::of(&app);
            let mut current = shown.current();
            if number.is_some_and(|number| number != current.number) {
                return;
            }
            let presence = current.presence.unwrap_or_default();
            let was_visible = presence.visible || !current.painted;
            let was_focused = presence.focused || !current.painted && current.takes_focus;
            (was_visible, was_focused, current.rebuilds.allow(Instant::now()))
        };
        tracing::error!(
            was_visible,
            "the process of the window's page ended; the window is made anew"
        );
        let place = Place::of(&window);
        super::destroy(&app, &window).await;
        if !was_visible {
            return;
        }
        if !may_rebuild {
            return tracing::error!("it ended too often; the window stays closed until it is asked for");
        }
        if let Err(error) = super::build(&app, was_focused, None, place).await {
            tracing::error!(%error, "the window could not be made anew");
        }
    });
}

/// Keeps windows from being made anew without end.
#[derive(Debug, Default)]
pub(super) struct Rebuilds(VecDeque<Instant>);

impl Rebuilds {
    /// Whether one more is allowed, which then counts.
    fn allow(&mut self, now: Instant) -> bool {
        while self.0.front().is_some_and(|at| now >= *at + REBUILD_INTERVAL) {
            self.0.pop_front();
        }
        let allowed = self.0.len() < MAX_REBUILDS;
        if allowed {
            self.0.push_back(now);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use gloria_core::alerts::presence::PAGE_REPORT_INTERVAL;

    use super::*;

    #[test]
    fn the_page_listens_and_repeats_itself_as_it_is_expected_to() {
        let page = include_str!("../../../ui/src/App.svelte");
        let event = ASK.split('\'').nth(1).expect("a name");
        assert!(page.contains(&format!("const ASKED = '{event}';")));
        let interval = format!("const REPORT_MS = {}_000;", PAGE_REPORT_INTERVAL.as_secs());
        assert!(page.contains(&interval));
    }

    #[test]
    fn a_page_that_breaks_at_each_start_is_not_started_without_end() {
        let mut rebuilds = Rebuilds::default();
        let began = Instant::now();
        for _ in 0..MAX_REBUILDS {
            assert!(rebuilds.allow(began));
        }
        assert!(!rebuilds.allow(began));
        assert!(!rebuilds.allow(began + REBUILD_INTERVAL - Duration::from_millis(1)));
        assert!(rebuilds.allow(began + REBUILD_INTERVAL));
    }
}
