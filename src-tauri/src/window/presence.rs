//! The window's presence according to the window system: focus, visibility and input. Each change is reported to the
//! core.

#[cfg(target_os = "linux")]
use std::time::Duration;
use std::time::Instant;

use gloria_ipc::protocol::Presence;
use tauri::{AppHandle, Manager as _, WebviewWindow, WindowEvent};

use super::Shown;

/// How often input in the window is reported at most: there are hundreds of mouse movements a second, and the idle time
/// need not be exact.
#[cfg(target_os = "linux")]
const INPUT_REPORT_INTERVAL: Duration = Duration::from_secs(20);

/// The state of the window according to the window system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct WindowPresence {
    /// It has the keyboard focus.
    pub(super) focused: bool,
    /// It is on the screen, neither minimised nor hidden.
    pub(super) visible: bool,
    /// The last key or pointer event in it; `None` if unknown.
    pub(super) last_input: Option<Instant>,
}

impl WindowPresence {
    /// The report to a core, which may be in another process and have another clock.
    pub(super) fn report(self, now: Instant) -> Presence {
        let since =
            |input| u64::try_from(now.saturating_duration_since(input).as_millis()).unwrap_or(u64::MAX);
        Presence {
            focused: self.focused,
            visible: self.visible,
            since_input: self.last_input.map(since),
        }
    }
}

/// The window gained or lost the focus. Gaining it counts as input of the user.
pub(super) fn on_focus(app: &AppHandle, number: u64, focused: bool) {
    Shown::of(app).current().change(number, |presence| {
        if let Some(presence) = presence {
            presence.focused = focused;
            if focused && cfg!(target_os = "linux") {
                presence.last_input = Some(Instant::now());
            }
        }
    });
}

/// Observes what Tauri has no events for.
#[cfg(target_os = "linux")]
pub(super) fn follow(window: &WebviewWindow, number: u64) -> tauri::Result<()> {
    use gtk::gdk::{EventType, WindowState};
    use gtk::glib::Propagation;
    use gtk::prelude::{Cast as _, WidgetExt as _};
    use webkit2gtk::WebViewExt as _;

    let app = window.app_handle().clone();
    window.with_webview(move |webview| {
        let view = webview.inner();
        let of_process = app.clone();
        view.connect_web_process_terminated(move |_, reason| {
            tracing::debug!(?reason, "the page's process ended");
            super::ended::on_web_process_ended(&of_process, Some(number));
        });
        let of_input = app.clone();
        view.connect_event(move |_, event| {
            if matches!(
                event.event_type(),
                EventType::KeyPress
                    | EventType::ButtonPress
                    | EventType::MotionNotify
                    | EventType::Scroll
                    | EventType::TouchBegin
            ) {
                on_input(&of_input, number, Instant::now());
            }
            Propagation::Proceed
        });
        let Some(toplevel) = view
            .toplevel()
            .and_then(|widget| widget.downcast::<gtk::Window>().ok())
        else {
            return tracing::warn!("the page has no window");
        };
        toplevel.connect_window_state_event(move |_, event| {
            let hidden = WindowState::ICONIFIED | WindowState::WITHDRAWN;
            on_visibility(&app, number, !event.new_window_state().intersects(hidden));
            Propagation::Proceed
        });
    })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn follow(_: &WebviewWindow, _: u64) -> tauri::Result<()> {
    Ok(())
}

/// Limits how often input is reported.
#[cfg(target_os = "linux")]
fn on_input(app: &AppHandle, number: u64, now: Instant) {
    Shown::of(app).current().change(number, |presence| {
        if let Some(presence) = presence
            && presence
                .last_input
                .is_none_or(|last| now.saturating_duration_since(last) >= INPUT_REPORT_INTERVAL)
        {
            presence.last_input = Some(now);
        }
    });
}

fn on_visibility(app: &AppHandle, number: u64, visible: bool) {
    Shown::of(app).current().change(number, |presence| {
        if let Some(presence) = presence {
            presence.visible = visible;
        }
    });
}

/// On Linux, GTK reports when the window is on screen.
#[cfg(target_os = "linux")]
pub(super) fn on_shown(_: &WebviewWindow, _: u64) {}

#[cfg(target_os = "linux")]
pub(super) fn on_event(_: &AppHandle, _: u64, _: &WindowEvent) {}

#[cfg(not(target_os = "linux"))]
pub(super) fn on_shown(window: &WebviewWindow, number: u64) {
    publish_visibility(window, number);
}

/// There is no event for minimising, but it changes the size or the focus.
#[cfg(not(target_os = "linux"))]
pub(super) fn on_event(app: &AppHandle, number: u64, event: &WindowEvent) {
    if let WindowEvent::Resized(_) | WindowEvent::Focused(_) = event
        && let Some(window) = app.get_webview_window(super::LABEL)
    {
        publish_visibility(&window, number);
    }
}

#[cfg(not(target_os = "linux"))]
fn publish_visibility(window: &WebviewWindow, number: u64) {
    let visible = window.is_visible().unwrap_or(true) && !window.is_minimized().unwrap_or(false);
    on_visibility(window.app_handle(), number, visible);
}
