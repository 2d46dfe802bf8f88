//! The tray icon as a StatusNotifierItem (freedesktop.org) with a menu of `com.canonical.dbusmenu`.

use std::sync::Arc;

use gloria_core::message::Message;
use gloria_core::tray::{self, MenuAction, TrayIcon, TrayView};
use gloria_desktop::session_bus::BodyText;
use gloria_words::Words;
use ksni::menu::{MenuItem, StandardItem};
use ksni::{Category, Error, Icon, OfflineReason, Status, ToolTip};
use tokio::sync::{Notify, mpsc};

use super::icon::pixmaps;

/// Desktops remember under this id whether the user hides the icon.
const ID: &str = "gloria-notify";

/// What the user clicked.
#[derive(Debug)]
pub(super) struct Click {
    pub(super) action: MenuAction,
    /// With this token, if the desktop provided one, the window may come to the front.
    pub(super) activation_token: Option<String>,
}

/// What the icon learns of panels.
#[derive(Debug, Default)]
pub(super) struct Panel {
    /// Notified when one appears, before the icon waits for its answer.
    pub(super) arrived: Notify,
    /// Notified when one refuses the icon.
    pub(super) refused: Notify,
}

/// The icon as panels see it.
pub(super) struct Item {
    pub(super) view: TrayView,
    pub(super) words: Arc<Words>,
    pub(super) clicks: mpsc::UnboundedSender<Click>,
    pub(super) panel: Arc<Panel>,
}

impl Item {
    /// Doubles underscores, because a single one would mark the letter after it as the access key.
    fn label(&self, message: &Message) -> String {
        tray::label(&self.words.say(message)).replace('_', "__")
    }

    fn click(&self, action: MenuAction) {
        // The receiver lives as long as the tray.
        let _ = self.clicks.send(Click {
            action,
            activation_token: ksni::current_xdg_activation_token(),
        });
    }
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        ID.to_owned()
    }

    fn title(&self) -> String {
        self.words.say(&gloria_core::message::tray_name())
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    fn status(&self) -> Status {
        match self.view.icon {
            // Panels that hide inactive icons show this one.
            TrayIcon::Attention => Status::NeedsAttention,
            TrayIcon::Connected | TrayIcon::Unread | TrayIcon::Reconnecting | TrayIcon::Disconnected => {
                Status::Active
            }
        }
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        pixmaps(self.view.icon)
    }

    fn attention_icon_pixmap(&self) -> Vec<Icon> {
        // Only with the status that shows it, because sending a picture needs eighty times its size in memory.
        match self.status() {
            Status::NeedsAttention => pixmaps(TrayIcon::Attention),
            Status::Active | Status::Passive => Vec::new(),
        }
    }

    fn tool_tip(&self) -> ToolTip {
        // Tooltips may contain HTML, and parts of the text come from servers.
        let text = BodyText::Markup.of(&self.view.tooltip.text(|message| self.words.say(message)));
        let (title, description) = text.split_once('\n').unwrap_or((&text, ""));
        ToolTip {
            title: title.to_owned(),
            description: description.to_owned(),
            ..ToolTip::default()
        }
    }

    fn watcher_online(&self) {
        self.panel.arrived.notify_one();
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        // Without an error, the panel has ended. The icon stays for the next one.
        if let OfflineReason::Error(error) = reason {
            // The panel is gone again, or there was none yet.
            let is_absent = matches!(error, Error::Watcher(zbus::fdo::Error::ServiceUnknown(_)));
            if !is_absent {
                tracing::info!(%error, "the panel does not take the tray icon");
                self.panel.refused.notify_one();
            }
        }
        true
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        self.click(MenuAction::Open);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let entry = |label, enabled, activate| {
            MenuItem::Standard(StandardItem {
                label: self.label(label),
                enabled,
                activate,
                ..StandardItem::default()
            })
        };
        let items = self.view.menu.iter().map(|item| match item {
            tray::MenuItem::Text(text) => entry(text, false, Box::new(|_: &mut Self| ())),
            tray::MenuItem::Separator => MenuItem::Separator,
            tray::MenuItem::Entry(of) => {
                let action = of.action;
                entry(
                    &of.label,
                    of.enabled,
                    Box::new(move |item: &mut Self| item.click(action)),
                )
            }
        });
        items.collect()
    }
}
