//! A launch agent of the user. One of the computer is the administrator's: a user switches it off in the system's
//! settings (Login Items), and this switch is not offered.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use gloria_core::ports::Autostart;
use gloria_core::private::{self, Mode};

use super::launch_agent::{self, LABEL};

/// Where the agents of the computer are.
const COMPUTERS: &str = "/Library/LaunchAgents";

/// The user's launch agent.
#[derive(Debug)]
pub struct LoginEntry {
    own: Option<PathBuf>,
    program: PathBuf,
}

impl LoginEntry {
    /// The agent of this user, which starts `program`.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>, program: PathBuf) -> Self {
        let home = variable("HOME").map(PathBuf::from);
        let own = home.filter(|home| home.is_absolute()).map(|home| {
            let folder = home.join("Library/LaunchAgents");
            folder.join(format!("{LABEL}.plist"))
        });
        Self { own, program }
    }

    /// Whether a start at login has to end at once because the user has switched it off. The system knows that itself.
    pub fn is_declined(&self) -> bool {
        false
    }
}

impl Autostart for LoginEntry {
    fn is_on(&self) -> Option<bool> {
        let own = self.own.as_ref().filter(|_| !is_computers())?;
        Some(fs::read(own).is_ok_and(|agent| launch_agent::starts(&agent)))
    }

    fn set(&self, on: bool) -> io::Result<()> {
        let own = self.own.as_ref().filter(|_| !is_computers());
        let own = own.ok_or(io::ErrorKind::Unsupported)?;
        if on {
            let agent = launch_agent::agent(&self.program.to_string_lossy());
            return private::replace(own, agent.as_bytes(), Mode::Private);
        }
        match fs::remove_file(own) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn is_computers() -> bool {
    let agent = Path::new(COMPUTERS).join(format!("{LABEL}.plist"));
    fs::read(agent).is_ok_and(|agent| launch_agent::starts(&agent))
}
