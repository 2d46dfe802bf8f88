//! The one window: made when somebody asks for it, destroyed when it is closed. The app lives without it.
//!
//! It is made hidden and shown once its page has something to show. A window whose page is dead or does not answer is
//! made anew: to the front of the screen it would come blank.

#[cfg(not(target_os = "windows"))]
mod ended;
#[cfg(target_os = "linux")]
mod fatal;
#[cfg(not(in_process))]
mod linger;
mod look;
mod page;
mod presence;

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{
    AppHandle, LogicalPosition, LogicalSize, Manager as _, State, Url, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, WindowEvent,
};
#[cfg(not(in_process))]
use tokio::sync::oneshot;
use tokio::sync::{Mutex, mpsc};
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

/// Room for two lines of each of ten items beside nothing else.
const SIZE: (f64, f64) = (760.0, 640.0);

/// The narrowest that the UI is made for, and three items high.
const MIN_SIZE: (f64, f64) = (380.0, 420.0);

/// Locked while the window is opened or rebuilt.
static OPENING: Mutex<()> = Mutex::const_new(());

/// When a window that was there already was last asked to the front. It may just be closing, and then nobody would see
/// it.
static FOCUSED: std::sync::Mutex<Option<Instant>> = std::sync::Mutex::new(None);

/// A window is gone from the app's list this soon after it is gone from the screen; nobody closes one that fast.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(1);

/// How often it is looked whether the window is gone from the list.
const CLOSING_INTERVAL: Duration = Duration::from_millis(10);

/// How long a window stays hidden whose page says nothing: longer than a page takes on a busy machine, and as long as
/// somebody who clicked waits before clicking again.
const PAINT_TIMEOUT: Duration = Duration::from_secs(3);

/// The core answers in milliseconds. One that is busy for longer does not keep the window from opening.
const APPEARANCE_TIMEOUT: Duration = Duration::from_millis(500);

/// Lets the app survive X errors about a window that is gone. By default GDK ends the program at any X error, and a
/// window that is closed while WebKit still paints it is one. On the main thread, once; it never ends.
///
/// The traps that GDK and others set inside this one hear of their errors all the same.
#[cfg(target_os = "linux")]
pub(crate) fn outlive_x_errors() {
    gtk::gdk::error_trap_push();
}

/// The state of the current window, if there is one.
struct Shown(std::sync::Mutex<Current>);

struct Current {
    /// Counts the windows, so that what is said of one that is gone is not taken for the next.
    number: u64,
    /// It was shown, or is about to be.
    painted: bool,
    /// It gets the focus when it is shown.
    takes_focus: bool,
    activation_token: Option<String>,
    /// How often a window was closed.
    #[cfg(not(in_process))]
    closings: u64,
    /// It was closed, and stays hidden for a while.
    lingers: bool,
    presence: Option<WindowPresence>,
    /// To the core, in this order.
    reports: mpsc::UnboundedSender<Report>,
}

/// Something for the core.
enum Report {
    Presence(Option<WindowPresence>),
    /// The core has all that was said before.
    #[cfg(not(in_process))]
    Said(oneshot::Sender<()>),
}

/// Gets ready for windows, and passes on to the core what the window system says of them.
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
        #[cfg(not(in_process))]
        closings: 0,
        lingers: false,
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
                // The receiver may not wait any more.
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
    /// Changes what is known of the window with this number, and tells the core.
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

/// Opens the window, or brings it to the front. From any thread. The token is of what the user did to get it, where the
/// desktop asks for that.
pub(crate) fn open_soon(app: &AppHandle, activation_token: Option<String>) {
    let app = app.clone();
    // Not on the caller's thread: on Windows a window that is made inside an event handler waits for itself.
    tauri::async_runtime::spawn(async move {
        // One after the other: two that both find no window would make two.
        let _turn = OPENING.lock().await;
        if let Err(error) = open(&app, activation_token).await {
            tracing::error!(%error, "the window could not be opened");
            failure::show(&failure::window_failed(&error));
        }
    });
}

async fn open(app: &AppHandle, activation_token: Option<String>) -> tauri::Result<()> {
    let mut place = None;
    if let Some(window) = app.get_webview_window(LABEL) {
        {
            let shown = Shown::of(app);
            let mut current = shown.current();
            if !current.painted {
                // It shows itself in a moment.
                current.takes_focus = true;
                current.activation_token = activation_token.or(current.activation_token.take());
                return Ok(());
            }
            if current.lingers {
                current.lingers = false;
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

/// Where a window is and how large, for the one that takes its place.
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
        (current.painted, current.takes_focus, current.lingers) = (false, takes_focus, false);
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
            // The page before it is gone, and the new one has not asked for anything yet.
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

/// The colours that the window begins with.
async fn appearance(app: &AppHandle) -> Appearance {
    let link: State<'_, CoreLink> = app.state();
    let Ok(Ok(state)) = timeout(APPEARANCE_TIMEOUT, link.attach()).await else {
        return Appearance::default();
    };
    look::appearance_in(&state.snapshot)
}

/// Shows the window with this number, unless it was shown before. Answers whether it does.
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

/// A window that nobody asked for is shown without taking the focus from another.
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

/// Takes the window off the screen and waits until there is room for another.
async fn destroy(app: &AppHandle, window: &WebviewWindow) {
    // It is not to come back by itself.
    FOCUSED.lock().unwrap_or_else(PoisonError::into_inner).take();
    page::end_web_process(window);
    if let Err(error) = window.destroy() {
        tracing::warn!(%error, "the window could not be closed");
    }
    is_gone(app).await;
}

/// Waits until the window is gone from the app's list; `false` when that takes too long.
async fn is_gone(app: &AppHandle) -> bool {
    let gone = async {
        while app.get_webview_window(LABEL).is_some() {
            sleep(CLOSING_INTERVAL).await;
        }
    };
    timeout(CLOSING_TIMEOUT, gone).await.is_ok()
}

/// Desktops that keep windows from stealing the focus let one to the front that shows a token of the user's click.
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

/// The window shows the app's one page and nothing else, whatever a notification may try. These are its addresses, as
/// tauri makes them. At any other path tauri would serve the page once more, and the one that was there would be lost.
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

/// Opens the window that was asked for while the one before was closing.
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
