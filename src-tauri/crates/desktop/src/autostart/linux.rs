//! The start at login by an entry of the XDG Autostart Specification.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use gloria_core::ports::Autostart;
use gloria_core::private::{self, Mode};

/// The entry's name, which the packages' entry has as well: the user's entry replaces it.
const ENTRY: &str = "com.gloriasystem.notify.desktop";

/// By the specification, an entry of this kind is as if it did not exist.
const HIDDEN: &str = "[Desktop Entry]\nType=Application\nName=Gloria Notify\nHidden=true\n";

/// The user's entry and those of the system.
#[derive(Debug)]
pub struct LoginEntry {
    folders: Option<Folders>,
    program: PathBuf,
}

#[derive(Debug)]
struct Folders {
    own: PathBuf,
    system: Vec<PathBuf>,
}

impl LoginEntry {
    /// The entries of this user. `program` is what the user's own entry starts.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>, program: PathBuf) -> Self {
        let folders = folders(variable);
        Self { folders, program }
    }

    /// Whether a start at login has to end at once because the user has switched it off. Desktops know that themselves.
    pub fn is_declined(&self) -> bool {
        false
    }
}

fn folders(variable: impl Fn(&str) -> Option<OsString>) -> Option<Folders> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let absolute = |path: &PathBuf| path.is_absolute();
    let own = set("XDG_CONFIG_HOME").map(PathBuf::from).filter(absolute);
    let own = own.or_else(|| set("HOME").map(|home| Path::new(&home).join(".config")))?;
    let system = set("XDG_CONFIG_DIRS").unwrap_or_else(|| "/etc/xdg".into());
    let entry = |folder: PathBuf| folder.join("autostart").join(ENTRY);
    Some(Folders {
        own: entry(own),
        system: std::env::split_paths(&system)
            .filter(absolute)
            .map(entry)
            .collect(),
    })
}

impl Autostart for LoginEntry {
    fn is_on(&self) -> Option<bool> {
        let folders = self.folders.as_ref()?;
        Some(match read(&folders.own) {
            Some(entry) => starts(&entry),
            None => system_starts(folders),
        })
    }

    fn set(&self, on: bool) -> io::Result<()> {
        let folders = self.folders.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        if !on {
            return private::replace(&folders.own, HIDDEN.as_bytes(), Mode::Private);
        }
        if !system_starts(folders) {
            return private::replace(&folders.own, entry(&self.program).as_bytes(), Mode::Private);
        }
        // The system's entry is in force again, also after an update changes it.
        match fs::remove_file(&folders.own) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn read(entry: &Path) -> Option<String> {
    String::from_utf8(private::read(entry).ok()?).ok()
}

/// Only the first entry of the system counts.
fn system_starts(folders: &Folders) -> bool {
    let first = folders.system.iter().find_map(|entry| read(entry));
    first.is_some_and(|entry| starts(&entry))
}

/// Whether desktops start this entry. GNOME's settings have a key of their own.
fn starts(entry: &str) -> bool {
    let main = entry
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[Desktop Entry]")
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    let mut values = main.filter_map(|line| line.split_once('='));
    !values.any(|(key, value)| {
        matches!(
            (key.trim_end(), value.trim_start()),
            ("Hidden", "true") | ("X-GNOME-Autostart-enabled", "false")
        )
    })
}

fn entry(program: &Path) -> String {
    let program = quoted(&program.to_string_lossy());
    format!(
        "[Desktop Entry]\nType=Application\nName=Gloria Notify\nExec={program} --background\n\
         Icon=gloria-notify\nTerminal=false\n"
    )
}

/// An argument of `Exec`, quoted and escaped as the Desktop Entry Specification says: first for the argument, then for
/// the value.
fn quoted(argument: &str) -> String {
    let mut quoted = String::from("\"");
    for character in argument.chars() {
        match character {
            '"' | '`' | '$' => quoted.extend(['\\', '\\', character]),
            '\\' => quoted.push_str("\\\\\\\\"),
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(home: &Path) -> LoginEntry {
        let variable = |name: &str| match name {
            "XDG_CONFIG_HOME" => Some(home.join("own").into_os_string()),
            "XDG_CONFIG_DIRS" => Some(home.join("system").into_os_string()),
            _ => None,
        };
        LoginEntry::find(variable, "/opt/gloria notify/gloria-notify".into())
    }

    fn install(home: &Path) -> io::Result<PathBuf> {
        let folder = home.join("system/autostart");
        fs::create_dir_all(&folder)?;
        let text = "[Desktop Entry]\nType=Application\nExec=gloria-notify --background\n";
        fs::write(folder.join(ENTRY), text)?;
        Ok(folder.join(ENTRY))
    }

    #[test]
    fn an_installed_app_starts_at_login_until_the_user_says_otherwise_and_again_after_that() {
        let home = tempfile::tempdir().unwrap();
        let login = of(home.path());
        install(home.path()).unwrap();
        assert_eq!(login.is_on(), Some(true));
        login.set(false).unwrap();
        assert_eq!(login.is_on(), Some(false));
        let own = home.path().join("own/autostart").join(ENTRY);
        assert!(fs::read_to_string(&own).unwrap().contains("Hidden=true"));
        login.set(true).unwrap();
        assert_eq!(
            (login.is_on(), own.exists()),
            (Some(true), false),
            "the system's entry is in force"
        );
        login.set(true).unwrap();
    }

    #[test]
    fn without_an_installed_entry_the_users_own_starts_the_program() {
        let home = tempfile::tempdir().unwrap();
        let login = of(home.path());
        assert_eq!(login.is_on(), Some(false));
        login.set(true).unwrap();
        assert_eq!(login.is_on(), Some(true));
        let own = home.path().join("own/autostart").join(ENTRY);
        let entry = fs::read_to_string(own).unwrap();
        assert!(entry.contains("\nExec=\"/opt/gloria notify/gloria-notify\" --background\n"));
        login.set(false).unwrap();
        assert_eq!(login.is_on(), Some(false));
    }

    #[test]
    fn what_the_desktops_settings_and_administrators_write_is_understood() {
        let home = tempfile::tempdir().unwrap();
        let login = of(home.path());
        let system = install(home.path()).unwrap();
        let own = home.path().join("own/autostart").join(ENTRY);
        fs::create_dir_all(own.parent().unwrap()).unwrap();
        for (entry, on) in [
            (
                "[Desktop Entry]\nExec=x\nX-GNOME-Autostart-enabled=false\n",
                false,
            ),
            ("[Desktop Entry]\nExec=x\nHidden = true\n", false),
            ("[Desktop Entry]\nExec=x\n[Desktop Action a]\nHidden=true\n", true),
        ] {
            fs::write(&own, entry).unwrap();
            assert_eq!(login.is_on(), Some(on), "{entry}");
        }
        fs::remove_file(&own).unwrap();
        fs::write(&system, HIDDEN).unwrap();
        assert_eq!(login.is_on(), Some(false));
    }

    #[test]
    fn without_a_folder_there_is_no_switch() {
        let login = LoginEntry::find(|_| None, "gloria-notify".into());
        assert_eq!(login.is_on(), None);
        assert_eq!(login.set(true).unwrap_err().kind(), io::ErrorKind::Unsupported);
    }

    #[test]
    fn a_program_with_odd_signs_in_its_path_is_quoted() {
        assert_eq!(quoted("/a b/%c\"$`\\"), "\"/a b/%%c\\\\\"\\\\$\\\\`\\\\\\\\\"");
    }
}
