//! The only window: created on request, destroyed when it is closed. The app continues without it.
//!
//! It is created hidden and shown once its page is painted. If its page is dead or does not answer, the window is
//! created again instead of brought to the front, where it would be blank.

#[cfg(not(target_os = "windows"))]
mod ended;
#[cfg(target_os = "linux")]
mod fatal;
#[cfg(not(in_process))]
mod linger;
mod look;
#[cfg(not(in_process))]
mod memory;
mod page;
mod presence;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{
    AppHandle, LogicalPosition, LogicalSize, Manager as _, RunEvent, State, Url, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, WindowEvent,
};
use tokio::sync::{Mutex, mpsc};
#[cfg(not(in_process))]
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::failure;
use crate::forwarding::{CoreLink, Forwarding};
use look::Appearance;
use page::Page;
use presence::WindowPresence;

#[cfg(target_os = "macos")]
pub(crate) use ended::on_web_process_ended;
#[cfg(target_os = "linux")]
pub(crate) use fatal::begin_again_at_fatal_errors;
pub(crate) use page::on_page_report;

const LABEL: &str = "main";

/// Shows ten items with two lines each.
const SIZE: (f64, f64) = (760.0, 640.0);

/// The narrowest that the UI is made for, and three items high.
const MIN_SIZE: (f64, f64) = (380.0, 420.0);

/// Locked while the window is opened or rebuilt.
static OPENING: Mutex<()> = Mutex::const_new(());

/// When an existing window was last brought to the front. If it was just being closed, it is opened again.
static FOCUSED: std::sync::Mutex<Option<Instant>> = std::sync::Mutex::new(None);

/// A closed window leaves the app's list within this time. Shorter than a user takes to close a window that was just
/// opened.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(1);

/// How often to check whether the window has left the list.
const CLOSING_INTERVAL: Duration = Duration::from_millis(10);

/// How long a window stays hidden if its page does not report that it is painted: longer than a page takes on a busy
/// machine, and about as long as a user waits before clicking again.
const PAINT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long to wait for the core before the window opens with default colours. It usually answers in milliseconds.
const APPEARANCE_TIMEOUT: Duration = Duration::from_millis(500);

/// Lets the process survive X errors. By default GDK ends the program at any X error, and closing a window that WebKit
/// still paints causes one. Must be called once, on the main thread; it applies until the process ends.
///
/// Error traps of GDK and others inside this one still work.
#[cfg(target_os = "linux")]
pub(crate) fn outlive_x_errors() {
    gtk::gdk::error_trap_push();
}

/// The state of the current window, if there is one.
struct Shown(std::sync::Mutex<Current>);

struct Current {
    /// Counts windows, so that late reports of a closed one are not applied to the next.
    number: u64,
    /// It has been shown, or is about to be.
    painted: bool,
    /// It receives the focus when it is shown.
    takes_focus: bool,
    activation_token: Option<String>,
    /// It was closed and is only hidden.
    lingers: bool,
    /// How often a window was closed or opened.
    #[cfg(not(in_process))]
    turns: watch::Sender<u64>,
    presence: Option<WindowPresence>,
    /// Reports to the core, in order.
    reports: mpsc::UnboundedSender<Report>,
}

/// A report to the core.
enum Report {
    Presence(Option<WindowPresence>),
    /// Answered once the core has received all earlier reports.
    #[cfg(not(in_process))]
    Said(oneshot::Sender<()>),
}

/// Prepares for windows, and forwards the window system's reports about them to the core.
pub(crate) fn prepare(app: &AppHandle, link: CoreLink) {
    app.manage(Arc::clone(&link));
    let (reports, mut receiver) = mpsc::unbounded_channel();
    app.manage(Forwarding::new(Arc::clone(&link)));
    app.manage(Page::default());
    app.manage(Shown(std::sync::Mutex::new(Current {
        number: 0,
        painted: false,
        takes_focus: false,
        activation_token: None,
        lingers: false,
        #[cfg(not(in_process))]
        turns: watch::Sender::default(),
        presence: None,
        reports,
    })));
    tauri::async_runtime::spawn(async move {
        while let Some(report) = receiver.recv().await {
            match report {
                // A restarted core takes over the presence of the previous one; a core that ends does not need it.
                Report::Presence(presence) => {
                    link.presence(presence.map(|presence| presence.report(Instant::now())))
                        .await;
                }
                // The receiver may have timed out.
                #[cfg(not(in_process))]
                Report::Said(said) => drop(said.send(())),
            }
        }
    });
}

impl Shown {
    fn of(app: &AppHandle) -> State<'_, Self> {
        app.state()
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    /// The window is opened.
    fn end_lingering(&mut self) {
        self.lingers = false;
        #[cfg(not(in_process))]
        self.turns.send_modify(|turns| *turns += 1);
    }

    /// Changes the presence of the window with this number, and reports the change to the core.
    fn change(&mut self, number: u64, change: impl FnOnce(&mut Option<WindowPresence>)) {
        if number != self.number {
            return;
        }
        let before = self.presence;
        change(&mut self.presence);
        if self.presence != before {
            // The receiver lives as long as the app.
            let _ = self.reports.send(Report::Presence(self.presence));
        }
    }
}

/// Whether the program was asked to exit: a window that is being opened then fails, and the user need not know.
static IS_ENDING: AtomicBool = AtomicBool::new(false);

/// Keeps the program running without a window: only a requested exit, which has a code, ends it.
pub(crate) fn on_run_event(event: &RunEvent) {
    if let RunEvent::ExitRequested { code, api, .. } = event {
        match code {
            None => api.prevent_exit(),
            Some(_) => IS_ENDING.store(true, Ordering::Relaxed),
        }
    }
}

/// Starts opening the window or bringing it to the front. May be called from any thread. The token is that of the
/// user's click, for desktops that prevent windows from stealing the focus.
pub(crate) fn open_soon(app: &AppHandle, activation_token: Option<String>) {
    let app = app.clone();
    // Not on the caller's thread: on Windows, creating a window in an event handler is a deadlock.
    tauri::async_runtime::spawn(async move {
        // One at a time, because two requests that both find no window would create two.
        let _turn = OPENING.lock().await;
        let Err(error) = open(&app, activation_token).await else {
            return;
        };
        if IS_ENDING.load(Ordering::Relaxed) {
            tracing::debug!(%error, "the window was not opened, because the program ends");
        } else {
            tracing::error!(%error, "the window could not be opened");
            failure::show(&failure::window_failed(&error));
        }
    });
}

/// Whether there is a window that was not closed.
#[cfg(not(in_process))]
pub(crate) fn is_open(app: &AppHandle) -> bool {
    app.get_webview_window(LABEL).is_some() && !Shown::of(app).current().lingers
}

async fn open(app: &AppHandle, activation_token: Option<String>) -> tauri::Result<()> {
    let mut place = None;
    if let Some(window) = app.get_webview_window(LABEL) {
        {
            let shown = Shown::of(app);
            let mut current = shown.current();
            if !current.painted {
                // It is shown once its page is painted.
                current.takes_focus = true;
                current.activation_token = activation_token.or(current.activation_token.take());
                return Ok(());
            }
            if current.lingers {
                current.end_lingering();
                let number = current.number;
                current.change(number, |presence| *presence = Some(WindowPresence::default()));
            }
        }
        window.unminimize()?;
        window.show()?;
        *FOCUSED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        use_activation_token(&window, activation_token.clone());
        window.set_focus()?;
        if page::answers(app, &window).await || app.get_webview_window(LABEL).is_none() {
            return Ok(());
        }
        tracing::warn!("the page of the window does not answer; the window is made anew");
        place = Place::of(&window);
        destroy(app, &window).await;
    }
    build(app, true, activation_token, place).await
}

/// Position and size of a window, for the one that replaces it.
struct Place {
    at: LogicalPosition<f64>,
    size: LogicalSize<f64>,
}

impl Place {
    fn of(window: &WebviewWindow) -> Option<Self> {
        let scale = window.scale_factor().ok()?;
        Some(Self {
            at: window.outer_position().ok()?.to_logical(scale),
            size: window.inner_size().ok()?.to_logical(scale),
        })
    }
}

async fn build(
    app: &AppHandle,
    takes_focus: bool,
    activation_token: Option<String>,
    place: Option<Place>,
) -> tauri::Result<()> {
    let appearance = appearance(app).await;
    let number = {
        let shown = Shown::of(app);
        let mut current = shown.current();
        current.number += 1;
        (current.painted, current.takes_focus) = (false, takes_focus);
        current.end_lingering();
        current.activation_token = activation_token;
        let number = current.number;
        current.change(number, |presence| *presence = Some(WindowPresence::default()));
        number
    };
    let mut builder = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title("Gloria Notify")
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(MIN_SIZE.0, MIN_SIZE.1)
        .theme(look::theme(appearance))
        .background_color(look::background(appearance))
        .visible(false)
        .focused(takes_focus)
        .on_navigation(|url| is_own_page(url, cfg!(windows)))
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .on_page_load(|window, load| {
            // The previous page is gone, and the new one has not requested anything yet.
            if load.event() == PageLoadEvent::Started {
                Forwarding::of(window.app_handle()).stop();
            }
        });
    if let Some(Place { at, size }) = place {
        builder = builder.position(at.x, at.y).inner_size(size.width, size.height);
    }
    let window = builder.build()?;
    follow(&window, number);
    presence::follow(&window, number)?;
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        sleep(PAINT_TIMEOUT).await;
        if show(&app, number) {
            tracing::warn!("the page has not said within {PAINT_TIMEOUT:?} that it is painted");
        }
    });
    Ok(())
}

/// The appearance that the user chose, for the window's colours before its page is painted.
async fn appearance(app: &AppHandle) -> Appearance {
    let link: State<'_, CoreLink> = app.state();
    let Ok(Ok(state)) = timeout(APPEARANCE_TIMEOUT, link.attach()).await else {
        return Appearance::default();
    };
    look::appearance_in(&state.snapshot)
}

/// Shows the window with this number unless it was shown before. Returns whether it was shown now.
fn show(app: &AppHandle, number: u64) -> bool {
    let (takes_focus, activation_token) = {
        let shown = Shown::of(app);
        let mut current = shown.current();
        if current.number != number || current.painted {
            return false;
        }
        current.painted = true;
        (current.takes_focus, current.activation_token.take())
    };
    let Some(window) = app.get_webview_window(LABEL) else {
        return false;
    };
    if !takes_focus {
        keep_focus_elsewhere(&window);
    }
    let shown = window.show().and_then(|()| {
        if !takes_focus {
            return Ok(());
        }
        use_activation_token(&window, activation_token);
        window.set_focus()
    });
    if let Err(error) = shown {
        tracing::error!(%error, "the window could not be shown");
    }
    presence::on_shown(&window, number);
    true
}

/// Shows a window that the user did not request without taking the focus.
fn keep_focus_elsewhere(window: &WebviewWindow) {
    #[cfg(target_os = "linux")]
    {
        use gtk::prelude::GtkWindowExt as _;

        let of = window.clone();
        let done = window.run_on_main_thread(move || {
            if let Ok(window) = of.gtk_window() {
                window.set_focus_on_map(false);
            }
        });
        if let Err(error) = done {
            tracing::debug!(%error, "the window may take the focus");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = window;
}

/// Destroys the window and waits until another can be created.
async fn destroy(app: &AppHandle, window: &WebviewWindow) {
    // So that `follow` does not open it again.
    FOCUSED.lock().unwrap_or_else(PoisonError::into_inner).take();
    page::end_web_process(window);
    if let Err(error) = window.destroy() {
        tracing::warn!(%error, "the window could not be closed");
    }
    is_gone(app).await;
}

/// Waits until the window has left the app's list; `false` if that takes too long.
async fn is_gone(app: &AppHandle) -> bool {
    let gone = async {
        while app.get_webview_window(LABEL).is_some() {
            sleep(CLOSING_INTERVAL).await;
        }
    };
    timeout(CLOSING_TIMEOUT, gone).await.is_ok()
}

/// Passes on the token of the user's click, with which desktops let a window come to the front.
#[cfg(target_os = "linux")]
fn use_activation_token(window: &WebviewWindow, token: Option<String>) {
    use gtk::prelude::GtkWindowExt as _;

    let Some(token) = token else { return };
    let of = window.clone();
    let used = window.run_on_main_thread(move || {
        if let Ok(window) = of.gtk_window() {
            window.set_startup_id(&token);
        }
    });
    if let Err(error) = used {
        tracing::debug!(%error, "the window could not be given the token of a click");
    }
}

#[cfg(not(target_os = "linux"))]
fn use_activation_token(_: &WebviewWindow, _: Option<String>) {}

/// Whether this is the address of the app's page, the only one that the window shows, whatever a notification contains.
/// At any other path Tauri would serve the page again, and the state of the current one would be lost.
fn is_own_page(url: &Url, windows: bool) -> bool {
    let origin = if windows {
        matches!(url.scheme(), "http" | "https") && url.host_str() == Some("tauri.localhost")
    } else {
        url.scheme() == "tauri" && url.host_str() == Some("localhost")
    };
    origin && url.port().is_none() && matches!(url.path(), "" | "/" | "/index.html")
}

fn follow(window: &WebviewWindow, number: u64) {
    let app = window.app_handle().clone();
    window.on_window_event(move |event| {
        #[cfg(not(in_process))]
        if let WindowEvent::CloseRequested { api, .. } = event
            && linger::begin(&app, number)
        {
            api.prevent_close();
        }
        if let WindowEvent::Focused(focused) = event {
            presence::on_focus(&app, number, *focused);
        }
        if let WindowEvent::Destroyed = event {
            Forwarding::of(&app).stop();
            let focused = FOCUSED.lock().unwrap_or_else(PoisonError::into_inner).take();
            if focused.is_some_and(|at| at.elapsed() < CLOSING_TIMEOUT) {
                tauri::async_runtime::spawn(reopen(app.clone()));
            }
            Shown::of(&app)
                .current()
                .change(number, |presence| *presence = None);
            #[cfg(not(in_process))]
            linger::on_gone(&app, number);
        }
        presence::on_event(&app, number, event);
    });
}

/// Opens the window again if it was requested while it was being closed.
async fn reopen(app: AppHandle) {
    if is_gone(&app).await {
        open_soon(&app, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_page_is_shown() {
        let shown = |address: &str, windows| is_own_page(&Url::parse(address).expect("an address"), windows);
        assert!(shown("tauri://localhost/index.html", false));
        assert!(shown("tauri://localhost", false));
        assert!(shown("http://tauri.localhost/index.html", true));
        assert!(shown("https://tauri.localhost/", true));
        for foreign in [
            "tauri://evil.example/",
            "tauri://localhost:8080/",
            "tauri://localhost/elsewhere",
            "tauri://localhost/assets/index.js",
            "tauri:localhost",
            "http://tauri.localhost/",
            "https://localhost/",
            "file:///etc/passwd",
            "data:text/html,x",
            "about:blank",
        ] {
            assert!(!shown(foreign, false), "{foreign}");
        }
        for foreign in [
            "tauri://localhost/",
            "http://tauri.localhost:8080/",
            "http://tauri.localhost/elsewhere",
            "https://tauri.localhost.evil.example/",
            "ftp://tauri.localhost/",
        ] {
            assert!(!shown(foreign, true), "{foreign}");
        }
    }
}
