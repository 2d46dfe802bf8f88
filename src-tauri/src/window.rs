//! The one window: made when somebody asks for it, destroyed when it is closed. The app lives without it.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use gloria_core::CoreHandle;
use gloria_core::protocol::{Appearance, WindowView};
use tauri::{
    AppHandle, Manager as _, Theme, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent,
};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::commands;

const LABEL: &str = "main";

/// Room for two lines of each of ten items beside nothing else.
const SIZE: (f64, f64) = (760.0, 640.0);

/// The narrowest that the UI is made for, and three items high.
const LEAST_SIZE: (f64, f64) = (380.0, 420.0);

/// Held by whoever is opening the window.
static OPENING: Mutex<()> = Mutex::const_new(());

/// When a window that was there already was last asked to the front. It may just be closing, and then nobody would see
/// it.
static FOCUSED: std::sync::Mutex<Option<Instant>> = std::sync::Mutex::new(None);

/// A window is gone from the app's list this soon after it is gone from the screen; nobody closes one that fast.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(1);

/// How often it is looked whether the window is gone from the list.
const CLOSING_INTERVAL: Duration = Duration::from_millis(10);

/// Lets the app outlive what X says of a window that is gone. By default GDK ends the program at any X error, and a
/// window that is closed while WebKit still paints it is one. On the main thread, once; it never ends.
///
/// The traps that GDK and others set inside this one hear of their errors all the same.
#[cfg(target_os = "linux")]
pub(crate) fn outlive_x_errors() {
    gtk::gdk::error_trap_push();
}

/// Opens the display, which tauri would panic without. On the main thread.
///
/// # Errors
///
/// In words for whoever started the app.
#[cfg(target_os = "linux")]
pub(crate) fn open_display() -> Result<(), String> {
    if gtk::init().is_ok() {
        return Ok(());
    }
    let names: Vec<_> = ["WAYLAND_DISPLAY", "DISPLAY"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok().map(|value| (name, value)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Err(if names.is_empty() {
        "there is no display, for neither WAYLAND_DISPLAY nor DISPLAY is set; start it in a desktop session"
            .to_owned()
    } else {
        format!(
            "the display cannot be opened ({}); start it in a desktop session",
            names.join(", ")
        )
    })
}

/// Opens the window, or brings it to the front. From any thread. The token is of what the user did to get it, where the
/// desktop asks for that.
pub(crate) fn open_soon(app: &AppHandle, activation_token: Option<String>) {
    let app = app.clone();
    // Not on the caller's thread: on Windows a window that is made inside an event handler waits for itself.
    tauri::async_runtime::spawn(async move {
        let core: CoreHandle = app.state::<CoreHandle>().inner().clone();
        let appearance = core
            .attach()
            .await
            .map(|attached| attached.snapshot.preferences.appearance);
        // One after the other: two that both find no window would make two.
        let _turn = OPENING.lock().await;
        if let Err(error) = open(&app, core, appearance.unwrap_or_default(), activation_token) {
            tracing::error!(%error, "the window could not be opened");
        }
    });
}

fn open(
    app: &AppHandle,
    core: CoreHandle,
    appearance: Appearance,
    activation_token: Option<String>,
) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(LABEL) {
        window.unminimize()?;
        window.show()?;
        *FOCUSED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        use_activation_token(&window, activation_token);
        return window.set_focus();
    }
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title("Gloria Notify")
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(LEAST_SIZE.0, LEAST_SIZE.1)
        .theme(theme(appearance))
        .on_navigation(is_our_own)
        .build()?;
    follow(&window, core);
    use_activation_token(&window, activation_token);
    window.set_focus()
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

fn theme(appearance: Appearance) -> Option<Theme> {
    match appearance {
        Appearance::System => None,
        Appearance::Light => Some(Theme::Light),
        Appearance::Dark => Some(Theme::Dark),
    }
}

/// The window shows the app's own pages and nothing else, whatever a notification may try.
fn is_our_own(url: &Url) -> bool {
    url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost")
}

fn follow(window: &WebviewWindow, core: CoreHandle) {
    let app = window.app_handle().clone();
    window.on_window_event(move |event| {
        if let WindowEvent::Destroyed = event {
            commands::stop_forwarding(&app);
            let focused = FOCUSED.lock().unwrap_or_else(PoisonError::into_inner).take();
            if focused.is_some_and(|at| at.elapsed() < CLOSING_TIMEOUT) {
                tauri::async_runtime::spawn(reopen(app.clone()));
            }
            let core = core.clone();
            tauri::async_runtime::spawn(async move {
                // The core may be on its way out together with the window.
                let _ = core.window_shows(WindowView::default()).await;
            });
        }
    });
}

/// Opens the window that was asked for while the one before was closing.
async fn reopen(app: AppHandle) {
    let gone = async {
        while app.get_webview_window(LABEL).is_some() {
            sleep(CLOSING_INTERVAL).await;
        }
    };
    if timeout(CLOSING_TIMEOUT, gone).await.is_ok() {
        open_soon(&app, None);
    }
}
