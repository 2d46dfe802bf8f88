//! Shows the core's view of the tray with Tauri. A desktop without a tray is not an error; the icon appears as soon as
//! there is one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use gloria_core::protocol::View;
use gloria_core::tray::{self, MenuAction, TrayIcon as Icon, TrayView};
use gloria_desktop::session_bus::{self, BodyText};
use gloria_words::Words;
use tauri::image::Image;
use tauri::menu::{IsMenuItem, Menu, MenuItem, MenuItemKind, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry, include_image};

use super::SharedControls;
use crate::window;

/// The tray icon, if there is a tray.
#[derive(Clone)]
pub(super) struct Tray(Arc<Mutex<Shown>>);

struct Shown {
    app: AppHandle,
    controls: SharedControls,
    words: Arc<Words>,
    icon: Option<TrayIcon>,
    menu: Option<Menu<Wry>>,
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
            menu: None,
            waiting: false,
            view: None,
        })))
    }

    /// Shows a view if it differs from the current one.
    pub(super) fn show(&self, view: TrayView) {
        let mut shown = self.lock();
        if shown.view.as_ref() == Some(&view) {
            return;
        }
        let before = shown.view.replace(view.clone());
        let outcome = match before {
            Some(before) => shown.update(&before, &view),
            None => Ok(()),
        };
        if shown.waiting {
            return;
        }
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

    /// Creates the icon on a separate thread, which waits for a tray host if there is none yet.
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

    /// Blocks until the agent has started.
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
            Ok((icon, menu)) => {
                let mut shown = self.lock();
                (shown.icon, shown.menu, shown.waiting) = (Some(icon), Some(menu), false);
                // Shows what changed while the icon was being created.
                if let Some(latest) = shown.view.clone()
                    && let Err(error) = shown.update(&view, &latest)
                {
                    tracing::warn!(%error, "the tray icon could not be changed");
                }
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
) -> tauri::Result<(TrayIcon, Menu<Wry>)> {
    let menu = menu(app, words, view)?;
    let icon = TrayIconBuilder::with_id("main")
        .icon(image(view.icon))
        .tooltip(tooltip(words, view))
        .menu(&menu)
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
        .build(app)?;
    Ok((icon, menu))
}

impl Shown {
    /// Changes only what differs, because replacing the menu closes it.
    fn update(&mut self, before: &TrayView, view: &TrayView) -> tauri::Result<()> {
        let Some(icon) = &self.icon else { return Ok(()) };
        if before.icon != view.icon {
            icon.set_icon(Some(image(view.icon)))?;
        }
        if before.tooltip != view.tooltip {
            icon.set_tooltip(Some(tooltip(&self.words, view)))?;
        }
        if before.menu == view.menu {
            return Ok(());
        }
        match &self.menu {
            Some(menu) if has_same_entries(before, view) => change(menu, &self.words, view),
            _ => {
                let menu = menu(&self.app, &self.words, view)?;
                icon.set_menu(Some(menu.clone()))?;
                self.menu = Some(menu);
                Ok(())
            }
        }
    }
}

/// Whether the menus differ only in their texts and in what is enabled.
fn has_same_entries(before: &TrayView, view: &TrayView) -> bool {
    let before = before.menu.iter().map(id);
    before.eq(view.menu.iter().map(id))
}

fn change(menu: &Menu<Wry>, words: &Words, view: &TrayView) -> tauri::Result<()> {
    for (shown, item) in menu.items()?.iter().zip(&view.menu) {
        let (MenuItemKind::MenuItem(shown), Some((label, enabled))) = (shown, content(words, item)) else {
            continue;
        };
        shown.set_text(label)?;
        shown.set_enabled(enabled)?;
    }
    Ok(())
}

/// The tooltip in the system's format. On Linux it may contain HTML, and parts of the text come from servers.
fn tooltip(words: &Words, view: &TrayView) -> String {
    let text = if cfg!(target_os = "linux") {
        BodyText::Markup
    } else {
        BodyText::Plain
    };
    text.of(&view.tooltip.text(|message| words.say(message)))
}

const ACTIONS: [(&str, MenuAction); 12] = [
    ("open", MenuAction::Open),
    ("inbox", MenuAction::Show(View::Inbox)),
    ("connection", MenuAction::Show(View::Connection)),
    ("preferences", MenuAction::Show(View::Preferences)),
    ("proxy", MenuAction::Show(View::Proxy)),
    ("setup", MenuAction::Show(View::Setup)),
    ("pause-sounds", MenuAction::PauseSounds),
    ("resume-sounds", MenuAction::ResumeSounds),
    ("reconnect", MenuAction::Reconnect),
    ("connect", MenuAction::Connect),
    ("disconnect", MenuAction::Disconnect),
    ("quit", MenuAction::Quit),
];

/// The id of an item in the menu. Those of text and separators are not used.
fn id(item: &tray::MenuItem) -> &'static str {
    match item {
        tray::MenuItem::Text(_) => "text",
        tray::MenuItem::Separator => "separator",
        tray::MenuItem::Entry(entry) => ACTIONS
            .iter()
            .find(|(_, action)| *action == entry.action)
            .map_or("", |(id, _)| id),
    }
}

/// The text of an item, and whether it can be clicked. `None` for a separator.
fn content(words: &Words, item: &tray::MenuItem) -> Option<(String, bool)> {
    let label = |message| tray::label(&words.say(message));
    match item {
        tray::MenuItem::Text(text) => Some((label(text), false)),
        tray::MenuItem::Separator => None,
        tray::MenuItem::Entry(entry) => Some((label(&entry.label), entry.enabled)),
    }
}

fn menu(app: &AppHandle, words: &Words, view: &TrayView) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::new(app)?;
    for item in &view.menu {
        let item: Box<dyn IsMenuItem<Wry>> = match content(words, item) {
            Some((label, enabled)) => {
                Box::new(MenuItem::with_id(app, id(item), label, enabled, None::<&str>)?)
            }
            None => Box::new(PredefinedMenuItem::separator(app)?),
        };
        menu.append(&*item)?;
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
