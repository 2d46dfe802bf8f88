//! Replaces the window if its page's process ends by itself, which WebKit reports. On Windows it is noticed when the
//! window is opened the next time.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tauri::{AppHandle, Manager as _};

use super::{LABEL, OPENING, Place, Shown};

/// How many windows are replaced automatically within this time: enough for a machine that was briefly short of memory.
/// A page that fails at every start is opened again only on request.
const MAX_REBUILDS: usize = 3;
const REBUILD_INTERVAL: Duration = Duration::from_secs(60);

/// The process of the page in the window with this number has ended, so the window is blank. If it was on screen, it is
/// replaced without taking the focus.
pub(crate) fn on_web_process_ended(app: &AppHandle, number: Option<u64>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let _turn = OPENING.lock().await;
        let Some(window) = app.get_webview_window(LABEL) else {
            return;
        };
        let (was_visible, was_focused) = {
            let shown = Shown::of(&app);
            let current = shown.current();
            if number.is_some_and(|number| number != current.number) {
                return;
            }
            let presence = current.presence.unwrap_or_default();
            let was_visible = presence.visible || !current.painted;
            let was_focused = presence.focused || !current.painted && current.takes_focus;
            (was_visible, was_focused)
        };
        let may_rebuild = REBUILDS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .allow(Instant::now());
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

static REBUILDS: Mutex<Rebuilds> = Mutex::new(Rebuilds::new());

/// Limits how often windows are replaced automatically.
#[derive(Debug)]
struct Rebuilds(VecDeque<Instant>);

impl Rebuilds {
    const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Whether another one is allowed; if so, it is counted.
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
    use super::*;

    #[test]
    fn a_page_that_breaks_at_each_start_is_not_started_without_end() {
        let mut rebuilds = Rebuilds::new();
        let began = Instant::now();
        for _ in 0..MAX_REBUILDS {
            assert!(rebuilds.allow(began));
        }
        assert!(!rebuilds.allow(began));
        assert!(!rebuilds.allow(began + REBUILD_INTERVAL - Duration::from_millis(1)));
        assert!(rebuilds.allow(began + REBUILD_INTERVAL));
    }
}
