//! A window that is closed stays hidden for a while: to show it again takes a tenth of the time that a new process
//! does.

use std::time::Duration;

use tauri::{AppHandle, Manager as _};
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use super::{Current, LABEL, Report, Shown, memory};

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
    let (closing, turns) = {
        let shown = Shown::of(app);
        let mut current = shown.current();
        if number != current.number {
            return None;
        }
        current.lingers = true;
        current.turns.send_modify(|turns| *turns += 1);
        current.change(number, |presence| *presence = None);
        let turns = current.turns.subscribe();
        let closing = *turns.borrow();
        (closing, turns)
    };
    // Begins with the first window that is closed; before that no window lingers.
    memory::watch(app);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let outcome = outcome(turns, memory::low()).await;
        if outcome == Outcome::Opened {
            return;
        }
        let is_over = is_last(&Shown::of(&app).current(), closing);
        if is_over {
            tracing::info!(?outcome, "the window was closed; its process ends");
            app.exit(0);
        }
    });
    Some(closing)
}

/// What a hidden window comes to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// It was opened, or closed once more.
    Opened,
    /// Nobody opened it.
    Expired,
    /// Others need its memory.
    LowMemory,
}

/// Waits for the first thing that ends the time in which a window stays hidden. `turns` changes when it is opened.
async fn outcome(mut turns: watch::Receiver<u64>, low_memory: impl Future<Output = ()>) -> Outcome {
    tokio::select! {
        biased;
        // An error means that the app ends.
        _ = turns.changed() => Outcome::Opened,
        () = low_memory => Outcome::LowMemory,
        () = sleep(LINGER_TIMEOUT) => Outcome::Expired,
    }
}

/// It was not opened or closed again.
fn is_last(current: &Current, closing: u64) -> bool {
    current.lingers && *current.turns.borrow() == closing
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_hidden_window_waits_its_time_for_being_opened_unless_memory_is_low() {
        let began = Instant::now();
        let turns = watch::Sender::new(1);
        assert_eq!(outcome(turns.subscribe(), pending()).await, Outcome::Expired);
        assert_eq!(began.elapsed(), LINGER_TIMEOUT);

        let began = Instant::now();
        let soon = Duration::from_secs(3);
        assert_eq!(outcome(turns.subscribe(), sleep(soon)).await, Outcome::LowMemory);
        assert_eq!(began.elapsed(), soon);

        let began = Instant::now();
        let opened = async {
            sleep(soon).await;
            turns.send_modify(|turns| *turns += 1);
        };
        let (outcome_of_it, ()) = tokio::join!(outcome(turns.subscribe(), pending()), opened);
        assert_eq!((outcome_of_it, began.elapsed()), (Outcome::Opened, soon));

        // One that is opened at the same moment stays.
        let receiver = turns.subscribe();
        turns.send_modify(|turns| *turns += 1);
        assert_eq!(outcome(receiver, ready(())).await, Outcome::Opened);
        // The app ends.
        let receiver = turns.subscribe();
        drop(turns);
        assert_eq!(outcome(receiver, pending()).await, Outcome::Opened);
    }
}
