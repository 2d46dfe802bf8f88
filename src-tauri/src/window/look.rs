//! The background of a window whose page is not painted yet.

use serde::Deserialize;
use serde_json::value::RawValue;
use tauri::Theme;
use tauri::window::Color;

/// Light or dark. A copy of the core's type of this name, because this program does not depend on the core.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Appearance {
    #[default]
    System,
    Light,
    Dark,
}

/// The part of a snapshot that this program reads.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Snapshot {
    preferences: Preferences,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Preferences {
    appearance: Appearance,
}

/// The user's choice, or the system's appearance if that is not known.
pub(super) fn appearance_in(snapshot: &RawValue) -> Appearance {
    let snapshot: Snapshot = serde_json::from_str(snapshot.get()).unwrap_or_default();
    snapshot.preferences.appearance
}

/// `--window` of ui/src/tokens.css.
const LIGHT: Color = Color(0xf4, 0xf5, 0xf8, 0xff);

/// `--window` of the dark theme.
const DARK: Color = Color(0x11, 0x13, 0x18, 0xff);

pub(super) fn theme(appearance: Appearance) -> Option<Theme> {
    match appearance {
        Appearance::System => None,
        Appearance::Light => Some(Theme::Light),
        Appearance::Dark => Some(Theme::Dark),
    }
}

/// The window's colour before its page is painted, so that it does not flash.
pub(super) fn background(appearance: Appearance) -> Color {
    let dark = match appearance {
        Appearance::System => system_is_dark(),
        Appearance::Light => false,
        Appearance::Dark => true,
    };
    if dark { DARK } else { LIGHT }
}

/// Whether GTK's theme is dark, decided as WebKit does.
#[cfg(target_os = "linux")]
fn system_is_dark() -> bool {
    use gtk::prelude::GtkSettingsExt as _;

    // GTK may be called only on its own thread.
    let (answer, answered) = std::sync::mpsc::channel();
    gtk::glib::MainContext::default().invoke(move || {
        let dark = gtk::Settings::default().is_some_and(|settings| {
            settings.is_gtk_application_prefer_dark_theme()
                || settings
                    .gtk_theme_name()
                    .is_some_and(|name| name.to_lowercase().ends_with("-dark"))
        });
        // The receiver is dropped after the timeout; a late answer is discarded.
        let _ = answer.send(dark);
    });
    answered.recv_timeout(SETTINGS_TIMEOUT).unwrap_or(false)
}

/// How long to wait for GTK's thread, which answers between two frames. If it is busy, the window may flash.
#[cfg(target_os = "linux")]
const SETTINGS_TIMEOUT: std::time::Duration = std::time::Duration::from_millis(200);

/// On other systems new windows have the colour of the system's theme.
#[cfg(not(target_os = "linux"))]
fn system_is_dark() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_appearance_is_read_from_a_snapshot_whatever_else_it_has() {
        let appearance = |text: &str| {
            let json = RawValue::from_string(text.to_owned()).expect("JSON");
            background(appearance_in(&json))
        };
        let dark = r#"{"revision": 7, "preferences": {"volume": 3, "appearance": "dark"}}"#;
        assert_eq!(appearance(dark), DARK);
        assert_eq!(appearance(&dark.replace("dark", "light")), LIGHT);
        for other in ["{}", "null", r#"{"preferences": {"appearance": "sepia"}}"#] {
            let json = RawValue::from_string(other.to_owned()).expect("JSON");
            assert!(matches!(appearance_in(&json), Appearance::System), "{other}");
        }
    }

    #[test]
    fn the_colours_are_those_of_the_page() {
        let css = include_str!("../../../ui/src/tokens.css");
        let window = |Color(red, green, blue, _)| format!("--window: #{red:02x}{green:02x}{blue:02x};");
        let (light, dark) = css.split_once("[data-theme='dark']").expect("two themes");
        assert!(light.contains(&window(LIGHT)));
        assert!(dark.contains(&window(DARK)));
    }
}
