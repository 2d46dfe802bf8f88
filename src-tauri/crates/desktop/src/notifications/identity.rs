//! Name and icon of the app's notifications.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use gloria_core::message;
use gloria_core::private::{self, Mode};
use gloria_words::Words;

/// The name of the app's desktop entry in packages, without `.desktop`.
const DESKTOP_ENTRY: &str = "com.gloriasystem.notify";

/// The name of the icon that packages install with a desktop entry.
const ICON: &str = "gloria-notify";

/// Name and icon of the app's notifications.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The name of an icon in the desktop's theme, or the path of a file; empty for none.
    pub icon: String,
    /// The name of the app's desktop entry, if one is installed. The desktop stores the user's rules for the app under
    /// it.
    pub desktop_entry: Option<String>,
    /// What its action is called: on a button, and where a service shows the default action by its name.
    pub(super) open_label: String,
}

impl Identity {
    /// With its action in the user's language.
    pub(super) fn speaking(self, words: &Words) -> Self {
        Self {
            open_label: words.say(&message::notification_open()),
            ..self
        }
    }

    /// Looks for the app's desktop entry in the folders that the environment names. If there is none, because the
    /// program was not installed, the icon is a file, which is created from `png` if it is missing.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>, icon_file: &Path, png: &[u8]) -> Self {
        let file = format!("applications/{DESKTOP_ENTRY}.desktop");
        let is_installed = data_folders(variable)
            .iter()
            .any(|folder| folder.join(&file).is_file());
        if is_installed {
            Self {
                icon: ICON.to_owned(),
                desktop_entry: Some(DESKTOP_ENTRY.to_owned()),
                open_label: String::new(),
            }
        } else {
            Self {
                icon: written(icon_file, png).unwrap_or_default(),
                desktop_entry: None,
                open_label: String::new(),
            }
        }
    }
}

/// The data folders of the XDG Base Directory Specification, the user's own first.
fn data_folders(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let home = set("XDG_DATA_HOME").map(PathBuf::from);
    let home = home.or_else(|| set("HOME").map(|home| Path::new(&home).join(".local/share")));
    let others = set("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    home.into_iter().chain(std::env::split_paths(&others)).collect()
}

fn written(file: &Path, png: &[u8]) -> Option<String> {
    if private::read(file).ok().as_deref() != Some(png)
        && let Err(error) = private::replace(file, png, Mode::Private)
    {
        tracing::debug!(%error, "notifications have no icon");
        return None;
    }
    file.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_installed_app_is_known_by_its_desktop_entry_and_another_by_a_file() {
        let home = tempfile::tempdir().unwrap();
        let variable = |name: &str| {
            let folder = match name {
                "XDG_DATA_HOME" => home.path().join("own"),
                "XDG_DATA_DIRS" => home.path().join("system"),
                _ => return None,
            };
            Some(folder.into_os_string())
        };
        let icon = home.path().join("icon.png");
        let found = Identity::find(variable, &icon, b"a picture");
        assert_eq!(found.desktop_entry, None);
        assert_eq!(Path::new(&found.icon), icon);
        assert_eq!(fs::read(&icon).unwrap(), b"a picture");
        let mode = fs::metadata(&icon).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "as all files of the app");

        let applications = home.path().join("system/applications");
        fs::create_dir_all(&applications).unwrap();
        fs::write(applications.join("com.gloriasystem.notify.desktop"), "").unwrap();
        let found = Identity::find(variable, &icon, b"a picture");
        assert_eq!(found.desktop_entry.as_deref(), Some("com.gloriasystem.notify"));
        assert_eq!(found.icon, "gloria-notify");
    }
}
