//! The tray: the core's view of it, in tauri's terms. A desktop without a tray is not an error; the icon appears as
//! soon as there is a place for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use gloria_core::tray::{MenuAction, TrayIcon as Icon, TrayView};
use gloria_desktop::session_bus::{self, BodyText};
use gloria_words::Words;
use tauri::image::Image;
use tauri::menu::{Menu, MenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry, include_image};

use super::SharedControls;
use crate::window;

/// The tray icon, there or not.
#[derive(Clone)]
pub(super) struct Tray(Arc<Mutex<Shown>>);

struct Shown {
    app: AppHandle,
    controls: SharedControls,
    words: Arc<Words>,
    icon: Option<TrayIcon>,
    /// A thread waits for a tray host.
    waiting: bool,
    view: Option<TrayView>,
}

impl Tray {
    pub(super) fn new(app: AppHandle, controls: SharedControls, words: Arc<Words>) -> Self {
        Self(Arc::new(Mutex::new(Shown {
            app,
            controls,
            words,
            icon: None,
            waiting: false,
            view: None,
        })))
    }

    /// Shows a view, if it is any different from before.
    pub(super) fn show(&self, view: TrayView) {
        let mut shown = self.lock();
        if shown.view.as_ref() == Some(&view) {
            return;
        }
        let before = shown.view.replace(view.clone());
        let outcome = match &shown.icon {
            Some(icon) => update(&shown.app, icon, &shown.words, before.as_ref(), &view),
            None if shown.waiting => return,
            None => Ok(()),
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "the tray icon could not be changed");
        }
        if shown.icon.is_none() {
            shown.waiting = true;
            drop(shown);
            self.build_when_possible();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Builds the icon on a thread of its own, which waits for a tray host where there is none yet.
    fn build_when_possible(&self) {
        let tray = self.clone();
        let spawned = thread::Builder::new().name("tray".into()).spawn(move || {
            if tray.build() {
                return;
            }
            tray.publish(false);
            while session_bus::wait_for_tray_host()
                .map_err(|error| tracing::warn!(%error, "no tray"))
                .is_ok()
            {
                if tray.build() {
                    tray.publish(true);
                    return;
                }
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread for the tray");
        }
    }

    /// Only on a thread that may wait: the controls come with the agent, which is starting.
    fn publish(&self, present: bool) {
        let controls = Arc::clone(&self.lock().controls);
        controls.wait().on_tray_host(present);
    }

    fn build(&self) -> bool {
        let (app, controls, words, view) = {
            let shown = self.lock();
            (
                shown.app.clone(),
                Arc::clone(&shown.controls),
                shown.words.clone(),
                shown.view.clone(),
            )
        };
        let Some(view) = view else { return false };
        match build(&app, controls, &words, &view) {
            Ok(icon) => {
                let mut shown = self.lock();
                // What changed while it was built is shown with it.
                if let Some(latest) = shown.view.clone().filter(|latest| *latest != view)
                    && let Err(error) = update(&app, &icon, &words, Some(&view), &latest)
                {
                    tracing::warn!(%error, "the tray icon could not be changed");
                }
                shown.icon = Some(icon);
                shown.waiting = false;
                true
            }
            Err(error) => {
                tracing::info!(%error, "no tray icon for now");
                false
            }
        }
    }
}

fn build(
    app: &AppHandle,
    controls: SharedControls,
    words: &Words,
    view: &TrayView,
) -> tauri::Result<TrayIcon> {
    TrayIconBuilder::with_id("main")
        .icon(image(view.icon))
        .tooltip(tooltip(words, view))
        .menu(&menu(app, words, view)?)
        .show_menu_on_left_click(false)
        .on_menu_event(move |_, event| {
            let action = ACTIONS.iter().find(|(id, _)| event.id() == id);
            if let (Some((_, action)), Some(controls)) = (action, controls.get()) {
                controls.perform(*action, None);
            }
        })
        .on_tray_icon_event(|tray, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                window::open_soon(tray.app_handle(), None);
            }
        })
        .build(app)
}

/// Changes what differs, and nothing else: an open menu closes when it is set anew.
fn update(
    app: &AppHandle,
    icon: &TrayIcon,
    words: &Words,
    before: Option<&TrayView>,
    view: &TrayView,
) -> tauri::Result<()> {
    if before.is_none_or(|before| before.icon != view.icon) {
        icon.set_icon(Some(image(view.icon)))?;
    }
    if before.is_none_or(|before| before.tooltip != view.tooltip) {
        icon.set_tooltip(Some(tooltip(words, view)))?;
    }
    if before.is_none_or(|before| before.menu != view.menu) {
        icon.set_menu(Some(menu(app, words, view)?))?;
    }
    Ok(())
}

/// The tooltip as the system takes it. A StatusNotifierItem's may hold HTML, and some of its words come from servers.
fn tooltip(words: &Words, view: &TrayView) -> String {
    let text = if cfg!(target_os = "linux") {
        BodyText::Markup
    } else {
        BodyText::Plain
    };
    text.of(&view.tooltip.text(|message| words.say(message)))
}

const ACTIONS: [(&str, MenuAction); 7] = [
    ("open", MenuAction::Open),
    ("pause-sounds", MenuAction::PauseSounds),
    ("resume-sounds", MenuAction::ResumeSounds),
    ("reconnect", MenuAction::Reconnect),
    ("connect", MenuAction::Connect),
    ("disconnect", MenuAction::Disconnect),
    ("quit", MenuAction::Quit),
];

fn menu(app: &AppHandle, words: &Words, view: &TrayView) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::new(app)?;
    for entry in &view.menu {
        let id = ACTIONS
            .iter()
            .find(|(_, action)| *action == entry.action)
            .map_or("", |(id, _)| id);
        menu.append(&MenuItem::with_id(
            app,
            id,
            words.say(&entry.label),
            entry.enabled,
            None::<&str>,
        )?)?;
    }
    Ok(menu)
}

fn image(icon: Icon) -> Image<'static> {
    match icon {
        Icon::Connected => include_image!("icons/tray/connected-32.png"),
        Icon::Unread => include_image!("icons/tray/unread-32.png"),
        Icon::Reconnecting => include_image!("icons/tray/reconnecting-32.png"),
        Icon::Disconnected => include_image!("icons/tray/disconnected-32.png"),
        Icon::Attention => include_image!("icons/tray/attention-32.png"),
    }
}
