//! The app's folders on each system.

mod disk;
mod managed;

pub use disk::free_bytes;

use std::ffi::OsString;
use std::path::PathBuf;

use gloria_files::paths::Paths;
use gloria_text::message::{self, Message};
use thiserror::Error;

/// The app's folder inside the system's. Tauri uses the same name for the web view's folder, and the Windows
/// uninstaller removes both by it.
const FOLDER: &str = "com.gloriasystem.notify";

/// Why there is no location for the app's files.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{missing} is not set, nor is GLORIA_HOME")]
pub struct NoHome {
    missing: &'static str,
}

impl NoHome {
    /// The message for the user.
    pub fn message(&self) -> Message {
        message::start_no_home(self.missing)
    }
}

#[derive(Debug, Clone, Copy)]
enum System {
    Xdg,
    Windows,
    MacOs,
}

const SYSTEM: System = if cfg!(target_os = "windows") {
    System::Windows
} else if cfg!(target_os = "macos") {
    System::MacOs
} else {
    System::Xdg
};

/// The app's folders on this system, or those within `GLORIA_HOME`. None is created.
///
/// On Linux they follow the XDG Base Directory Specification. On Windows settings roam (`%APPDATA%`), and inbox and
/// logs do not (`%LOCALAPPDATA%`). On macOS settings and inbox are in `Application Support`, and logs in `Logs`, where
/// the system's Console finds them.
///
/// # Errors
///
/// When a variable that the system always sets is missing.
pub fn paths(environment: impl Fn(&str) -> Option<OsString>) -> Result<Paths, NoHome> {
    resolve(SYSTEM, environment)
}

fn resolve(system: System, environment: impl Fn(&str) -> Option<OsString>) -> Result<Paths, NoHome> {
    let folder = |name: &str| {
        environment(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let required = |name: &'static str| folder(name).ok_or(NoHome { missing: name });
    if let Some(home) = folder("GLORIA_HOME") {
        return Ok(Paths {
            disk: disk::of(&home),
            managed: managed::sources(),
            ..Paths::within(&home)
        });
    }
    let (config, data, logs) = match system {
        System::Xdg => {
            // The specification says that relative paths must be ignored.
            let base = |name: &str, default: &str| match folder(name).filter(|path| path.is_absolute()) {
                Some(path) => Ok(path),
                None => required("HOME").map(|home| home.join(default)),
            };
            (
                base("XDG_CONFIG_HOME", ".config")?,
                base("XDG_DATA_HOME", ".local/share")?,
                base("XDG_STATE_HOME", ".local/state")?.join(FOLDER).join("logs"),
            )
        }
        System::Windows => {
            let local = required("LOCALAPPDATA")?;
            let logs = local.join(FOLDER).join("logs");
            (required("APPDATA")?, local, logs)
        }
        System::MacOs => {
            let library = required("HOME")?.join("Library");
            let support = library.join("Application Support");
            (support.clone(), support, library.join("Logs").join(FOLDER))
        }
    };
    let data = data.join(FOLDER);
    Ok(Paths {
        config: config.join(FOLDER),
        disk: disk::of(&data),
        managed: managed::sources(),
        data,
        logs,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn resolved(system: System, variables: &[(&str, &str)]) -> Result<(String, String, String), NoHome> {
        let environment = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let text = |path: &Path| path.display().to_string();
        resolve(system, environment).map(|paths| (text(&paths.config), text(&paths.data), text(&paths.logs)))
    }

    fn folders(config: &str, data: &str, logs: &str) -> Result<(String, String, String), NoHome> {
        Ok((config.to_owned(), data.to_owned(), logs.to_owned()))
    }

    #[test]
    fn linux_follows_xdg() {
        let home = [("HOME", "/home/ada")];
        assert_eq!(
            resolved(System::Xdg, &home),
            folders(
                "/home/ada/.config/com.gloriasystem.notify",
                "/home/ada/.local/share/com.gloriasystem.notify",
                "/home/ada/.local/state/com.gloriasystem.notify/logs"
            )
        );
        let elsewhere = [
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_DATA_HOME", "/d"),
            ("XDG_STATE_HOME", "/s"),
        ];
        assert_eq!(
            resolved(System::Xdg, &elsewhere),
            folders(
                "/c/com.gloriasystem.notify",
                "/d/com.gloriasystem.notify",
                "/s/com.gloriasystem.notify/logs"
            )
        );
    }

    #[test]
    fn a_relative_or_empty_xdg_folder_is_passed_over() {
        let odd = [
            ("HOME", "/home/ada"),
            ("XDG_CONFIG_HOME", "here"),
            ("XDG_DATA_HOME", ""),
            ("XDG_STATE_HOME", "there"),
        ];
        assert_eq!(
            resolved(System::Xdg, &odd),
            folders(
                "/home/ada/.config/com.gloriasystem.notify",
                "/home/ada/.local/share/com.gloriasystem.notify",
                "/home/ada/.local/state/com.gloriasystem.notify/logs"
            )
        );
    }

    #[test]
    fn windows_lets_settings_roam_and_keeps_inbox_and_logs() {
        let profile = [("APPDATA", "/roaming"), ("LOCALAPPDATA", "/local")];
        assert_eq!(
            resolved(System::Windows, &profile),
            folders(
                "/roaming/com.gloriasystem.notify",
                "/local/com.gloriasystem.notify",
                "/local/com.gloriasystem.notify/logs"
            )
        );
    }

    #[test]
    fn macos_keeps_both_in_application_support_and_logs_where_the_console_looks() {
        let both = "/Users/ada/Library/Application Support/com.gloriasystem.notify";
        assert_eq!(
            resolved(System::MacOs, &[("HOME", "/Users/ada")]),
            folders(both, both, "/Users/ada/Library/Logs/com.gloriasystem.notify")
        );
    }

    #[test]
    fn gloria_home_moves_everything_on_every_system() {
        for system in [System::Xdg, System::Windows, System::MacOs] {
            assert_eq!(
                resolved(system, &[("GLORIA_HOME", "/stick")]),
                folders("/stick", "/stick", "/stick/logs")
            );
        }
    }

    #[test]
    fn a_missing_home_is_named() {
        assert_eq!(resolved(System::Xdg, &[]), Err(NoHome { missing: "HOME" }));
        let roaming = [("APPDATA", "/roaming")];
        assert_eq!(
            resolved(System::Windows, &roaming),
            Err(NoHome {
                missing: "LOCALAPPDATA"
            })
        );
    }
}
