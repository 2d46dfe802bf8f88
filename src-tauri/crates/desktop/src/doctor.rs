//! Runs `gloria doctor` as a process of its own, and knows where its report is saved.

use std::ffi::OsString;
use std::fmt::{self, Debug};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_core::message;
use gloria_core::ports::{CommandError, DOCTOR_TIMEOUT, Doctor, DoctorTask, MAX_DOCTOR_BYTES};

use crate::command::output;

/// The exit codes of a run that printed its checks: nothing is wrong, a warning, a fault.
const CHECKED: [i32; 3] = [0, 1, 4];

/// How many reports there may be of one name. Nobody saves more on a day.
const MAX_REPORTS: u32 = 1000;

/// The installed program, and what it inherits.
#[derive(Clone)]
pub struct DoctorProgram {
    program: PathBuf,
    variables: Vec<(OsString, OsString)>,
    downloads: Arc<dyn Fn() -> Option<PathBuf> + Send + Sync>,
}

/// Prints without the variables, which may contain a token.
impl Debug for DoctorProgram {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DoctorProgram({})", self.program.display())
    }
}

impl DoctorProgram {
    /// The program at this path, which gets the app's own variables beside the environment, so that it looks at the
    /// same app. Its reports are saved in the folder that is found at that time.
    pub fn new(
        program: PathBuf,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        downloads: impl Fn() -> Option<PathBuf> + Send + Sync + 'static,
    ) -> Self {
        Self {
            program,
            variables: variables.into_iter().collect(),
            downloads: Arc::new(downloads),
        }
    }

    fn process(&self, task: &DoctorTask) -> Result<Command, CommandError> {
        let mut process = Command::new(&self.program);
        process
            .args(["doctor", "--json"])
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // What it says there is in its lines, too.
            .stderr(Stdio::null());
        let (name, mode) = match task {
            DoctorTask::Check => return Ok(process),
            DoctorTask::PreviewReport { name } => (name, "--preview"),
            DoctorTask::SaveReport { name } => (name, "--yes"),
        };
        let file = (self.downloads)().and_then(|folder| free(&folder, name));
        let Some(file) = file else {
            return Err(CommandError::NotStarted(message::doctor_no_folder().into()));
        };
        process.arg(mode).arg("--bundle").arg(file);
        Ok(process)
    }
}

impl Doctor for DoctorProgram {
    fn run(&self, task: DoctorTask) -> BoxFuture<'static, Result<Vec<u8>, CommandError>> {
        let program = self.clone();
        async move {
            let ended = output(program.process(&task)?, DOCTOR_TIMEOUT, MAX_DOCTOR_BYTES).await?;
            if CHECKED.contains(&ended.code) {
                Ok(ended.printed.to_vec())
            } else {
                Err(CommandError::Failed(ended.code))
            }
        }
        .boxed()
    }
}

/// The first file of this name that is not there. The command refuses one that has appeared meanwhile.
fn free(folder: &Path, name: &str) -> Option<PathBuf> {
    let numbered = (2..=MAX_REPORTS).map(|number| format!("{name}-{number}.tar.gz"));
    std::iter::once(format!("{name}.tar.gz"))
        .chain(numbered)
        .map(|name| folder.join(name))
        .find(|file| file.symlink_metadata().is_err())
}

/// The folder that browsers save to: on Linux the one of the user's `user-dirs.dirs`, elsewhere `Downloads`. The user's
/// own folder if that is not there; `None` if neither is known.
pub fn downloads(environment: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| {
        environment(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let home = folder(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?;
    let config = folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
    let dirs = std::fs::read_to_string(config.join("user-dirs.dirs")).unwrap_or_default();
    let chosen = chosen_downloads(&dirs, &home).unwrap_or_else(|| home.join("Downloads"));
    Some(if chosen.is_dir() { chosen } else { home })
}

/// The folder that a `user-dirs.dirs` names: a path in quotes that is absolute, or begins with `$HOME/`.
fn chosen_downloads(dirs: &str, home: &Path) -> Option<PathBuf> {
    let line = dirs
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix("XDG_DOWNLOAD_DIR="))?;
    let quoted = line.trim().strip_prefix('"')?.strip_suffix('"')?;
    let path = quoted.replace("\\\"", "\"").replace("\\\\", "\\");
    match path.strip_prefix("$HOME") {
        Some(rest) => Some(home.join(rest.trim_start_matches('/'))),
        None => Some(PathBuf::from(path)).filter(|path| path.is_absolute()),
    }
}

/// The command line's program, which is installed beside the one that runs; by its name alone if that is not known.
pub fn command_line_program(running: std::io::Result<PathBuf>) -> PathBuf {
    let name = format!("gloria{}", std::env::consts::EXE_SUFFIX);
    running.map_or_else(|_| PathBuf::from(&name), |running| running.with_file_name(&name))
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
